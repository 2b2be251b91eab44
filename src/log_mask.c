/*
** log_mask.c: hides secrets in SQL that is shown: ALTER USER u PASSWORD 'x', IDENTIFIED BY 'x',
** dblink('host=h password=x'), OPTIONS (password 'x'), postgresql://u:x@h/d, {"password":"x"},
** PRAGMA key.
**
** It knows no dialect on purpose. To read strings exactly one must know whether a backslash
** escapes; a wrong guess turns inside and outside around, and then a secret is what stays visible.
** So it hides too much rather than too little: in SQL, after a word that speaks of a password, all
** from the first single quote to the last one. In a message (an apostrophe is no string there) only
** the quoted or `=`-given value directly behind such a word is hidden, and what it repeats of the secrets
** of the statement it is about.
*/
#include "log.h"
#include <string.h>

#define MASK "********"
#define ABOUT_MOST 20000 /* bytes of a statement whose secrets an answer may repeat */

typedef struct Masking {
  const char *text;
  size_t size;
  bool *hidden;  /* one per byte */
  bool sql, cut; /* cut: the text goes on where it was cut off */
} Masking;

static bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

static bool is_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         (c & 0x80) != 0;
}

static bool is_quote(char c) {
  return c == '\'' || c == '"' || c == '`';
}

static bool word_at(const Masking *m, size_t at, const char *word) {
  size_t size = strlen(word);
  return m->size - at >= size && sqlite3_strnicmp(m->text + at, word, (int)size) == 0;
}

static void hide(Masking *m, size_t from, size_t to) {
  if (to > m->size) to = m->size;
  for (size_t i = from; i < to; i++)
    m->hidden[i] = true;
}

/* scheme://user:SECRET@host: the secret may hold any character, so it ends at the last @ before the
** text could have ended. */
static void hide_userinfo(Masking *m, size_t after) {
  size_t colon = 0, at = 0;
  for (size_t i = after; i < m->size && !is_space(m->text[i]) && !is_quote(m->text[i]); i++) {
    if (m->text[i] == ':' && colon == 0) colon = i;
    if (m->text[i] == '@') at = i;
  }
  if (colon != 0 && at > colon) hide(m, colon + 1, at);
}

/* End of a quoted text that starts at `from` with a quote: after a doubled or escaped quote it goes
** on. An unterminated one ends with the text. */
static size_t quoted_end(const Masking *m, size_t from) {
  char quote = m->text[from];
  for (size_t i = from + 1; i < m->size; i++) {
    if (m->text[i] == '\\') {
      i++;
    } else if (m->text[i] == quote) {
      if (i + 1 >= m->size || m->text[i + 1] != quote) return i;
      i++;
    }
  }
  return m->size;
}

/* Length of `$tag$` at `at`, 0 when it is none ($1 is a parameter). */
static size_t dollar_tag(const Masking *m, size_t at) {
  size_t i = at;
  if (i >= m->size || m->text[i++] != '$') return 0;
  if (i < m->size && m->text[i] >= '0' && m->text[i] <= '9') return 0;
  while (i < m->size && is_name(m->text[i]))
    i++;
  return i < m->size && m->text[i] == '$' ? i + 1 - at : 0;
}

static size_t skip_space(const Masking *m, size_t at) {
  while (at < m->size && is_space(m->text[at]))
    at++;
  return at;
}

/* Words that may stand between PASSWORD or IDENTIFIED and the secret. */
static size_t skip_connecting(const Masking *m, size_t at, bool *assigned) {
  static const char *const words[] = {"by",    "as",       "is",        "to",
                                      "using", "password", "encrypted", "unencrypted"};
  static const char *const named[] = {"with", "via"}; /* and the name of a plugin */
  for (;;) {
    at = skip_space(m, at);
    if (at >= m->size) return at;
    char c = m->text[at];
    if (c == '=' || c == ':' || c == '(') {
      *assigned = c == '=';
      at++;
      continue;
    }
    size_t end = at;
    while (end < m->size && is_name(m->text[end]))
      end++;
    bool known = false;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]) && !known; i++) {
      known = end - at == strlen(words[i]) && word_at(m, at, words[i]);
    }
    for (size_t i = 0; i < sizeof(named) / sizeof(named[0]) && !known; i++) {
      if (end - at != strlen(named[i]) || !word_at(m, at, named[i])) continue;
      known = true;
      end = skip_space(m, end);
      while (end < m->size && is_name(m->text[end]))
        end++;
    }
    if (!known) return at;
    *assigned = false;
    at = end;
  }
}

/* The value directly behind a secret word that ends at `at`. */
static void hide_value(Masking *m, size_t at) {
  bool assigned = false;
  if (at < m->size && is_quote(m->text[at])) at++; /* "password": "x" */
  at = skip_connecting(m, at, &assigned);
  size_t prefix = at; /* E'x', _utf8'x' */
  while (prefix < m->size && is_name(m->text[prefix]))
    prefix++;
  if (prefix < m->size && m->text[prefix] == '\'' && (prefix - at <= 2 || m->text[at] == '_')) {
    if (assigned) hide(m, at, prefix); /* or a very short secret at the end of a string */
    at = prefix;
  }
  if (at >= m->size) return;
  size_t tag = dollar_tag(m, at);
  if (tag > 0) {
    size_t end = at + tag;
    while (end < m->size &&
           (m->size - end < tag || memcmp(m->text + end, m->text + at, tag) != 0)) {
      end++;
    }
    hide(m, at + tag, end);
  } else if (is_quote(m->text[at])) {
    hide(m, at + 1, quoted_end(m, at));
  } else if (assigned && strchr("$?:@", m->text[at]) == NULL) { /* host=h password=x */
    size_t end = at;
    while (end < m->size && !is_space(m->text[end]) && !is_quote(m->text[end]) &&
           strchr(";,()&", m->text[end]) == NULL) {
      end++;
    }
    if (end >= m->size || m->text[end] != '(') hide(m, at, end); /* not: = crypt(… */
  }
}

/* A single quote, or a $ that is no parameter's. */
static bool literal_end(const Masking *m, size_t at) {
  if (m->text[at] != '$') return m->text[at] == '\'';
  return at + 1 >= m->size || m->text[at + 1] < '0' || m->text[at + 1] > '9';
}

/* In SQL: all from the first quote after a secret word to the last quote there is. */
static void hide_literals(Masking *m, size_t from) {
  size_t first = from, last = m->size;
  while (first < m->size && m->text[first] != '\'' && dollar_tag(m, first) == 0)
    first++;
  if (first >= m->size) return;
  first += m->text[first] == '\'' ? 1 : dollar_tag(m, first);
  if (!m->cut) {
    while (last > first && !literal_end(m, last - 1))
      last--;
    if (last == first) { /* no closing quote: the only one closed a string around the word */
      return;
    }
    last--;
    if (m->text[last] == '$') { /* the whole closing tag stays */
      while (last > first && is_name(m->text[last - 1]))
        last--;
      if (last > first && m->text[last - 1] == '$') last--;
    }
  }
  hide(m, first, last);
}

/* Marks everything that is secret. */
static void masking_mark(Masking *m) {
  static const char *const words[] = {"passw", "passphrase", "pwd", "identified"};
  size_t first_word = 0; /* its end */
  for (size_t i = 0; i < m->size; i++) {
    char c = (char)(m->text[i] | 0x20);
    if (m->text[i] == ':' && word_at(m, i, "://")) {
      hide_userinfo(m, i + 3);
      continue;
    }
    if (c != 'p' && c != 'i') continue;
    bool match = false;
    for (size_t w = 0; w < sizeof(words) / sizeof(words[0]) && !match; w++) {
      match = word_at(m, i, words[w]);
    }
    if (!match && word_at(m, i, "pragma")) { /* an encrypted SQLite file's key, rekey, hexkey */
      size_t end = skip_space(m, i + 6);
      while (end < m->size && (is_name(m->text[end]) || m->text[end] == '.'))
        end++;
      match = end >= 3 && word_at(m, end - 3, "key");
      if (match) i = end - 3;
    }
    if (!match) continue;
    while (i < m->size && is_name(m->text[i]))
      i++;
    hide_value(m, i);
    if (first_word == 0) first_word = i;
    i--; /* the loop's own step */
  }
  if (m->sql && first_word != 0) hide_literals(m, first_word);
}

static bool masking_begin(Masking *m) {
  m->hidden = sqlite3_malloc64(m->size + 1);
  if (m->hidden == NULL) return false;
  memset(m->hidden, 0, m->size + 1);
  masking_mark(m);
  return true;
}

/* Hides what `m` repeats of the secrets in `sql`: a server quotes the text around a syntax error, and
** may begin or end in the middle of a secret. */
static void hide_echo(Masking *m, const Masking *sql) {
  enum { LEAST = 4 }; /* bytes in common; fewer are chance */
  for (size_t i = 0; i < m->size; i++) {
    size_t longest = 0;
    for (size_t j = 0; j < sql->size; j++) {
      if (!sql->hidden[j] || sql->text[j] != m->text[i]) continue;
      size_t same = 1;
      while (i + same < m->size && j + same < sql->size && sql->hidden[j + same] &&
             m->text[i + same] == sql->text[j + same]) {
        same++;
      }
      if (same > longest) longest = same;
    }
    if (longest >= LEAST) hide(m, i, i + longest);
  }
}

static char *mask(const char *text, size_t size, bool is_sql, bool cut, const char *about) {
  Masking m = {.text = text, .size = size, .sql = is_sql, .cut = cut};
  if (!masking_begin(&m)) return NULL;
  if (about != NULL) {
    Masking sql = {.text = about, .size = strnlen(about, ABOUT_MOST), .sql = true};
    if (!masking_begin(&sql)) {
      sqlite3_free(m.hidden);
      return NULL;
    }
    if (memchr(sql.hidden, 1, sql.size) != NULL) hide_echo(&m, &sql);
    sqlite3_free(sql.hidden);
  }
  size_t runs = 0;
  for (size_t i = 0; i < size; i++)
    runs += m.hidden[i] && (i == 0 || !m.hidden[i - 1]);
  char *result = sqlite3_malloc64(size + runs * strlen(MASK) + 1);
  if (result != NULL) {
    size_t used = 0;
    for (size_t i = 0; i < size; i++) {
      if (!m.hidden[i]) {
        result[used++] = text[i];
      } else if (i == 0 || !m.hidden[i - 1]) {
        memcpy(result + used, MASK, strlen(MASK));
        used += strlen(MASK);
      }
    }
    result[used] = 0;
  }
  sqlite3_free(m.hidden);
  return result;
}

char *log_mask(const char *sql) {
  return mask(sql, strlen(sql), true, false, NULL);
}

char *log_mask_part(const char *sql, size_t size) {
  while (size > 0 && ((unsigned char)sql[size] & 0xc0) == 0x80)
    size--; /* whole characters */
  return mask(sql, size, true, true, NULL);
}

char *log_mask_message(const char *text, const char *sql) {
  return mask(text, strlen(text), false, false, sql);
}
