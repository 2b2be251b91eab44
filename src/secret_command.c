/*
** secret_command.c: a password that a program prints: password_from=command:pass show shop
**
** The text is split into words here (blanks; '…' and "…" and \ as a shell quotes, and nothing else of a
** shell) and the program is started without one, found by PATH. It gets no input, keeps stderr, must be
** done in 10 s, and its first line is the password. An interrupt of the SQLite connection ends it.
*/
#include "driver_support.h"
#include "secret.h"
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define SECONDS 10
#define WORDS_MOST 64

extern char **environ;

/* ---------------------------------------------------------------- words */

/* Splits in place; words[] ends with NULL. */
static int split(char *text, char *words[WORDS_MOST + 1], Error *error) {
  size_t count = 0;
  char *from = text, *to = text;
  while (*(from += strspn(from, " \t"))) {
    char quote = 0;
    if (count == WORDS_MOST) {
      return error_set(error, SQLITE_ERROR, "password_from=command has more than %d words",
                       WORDS_MOST);
    }
    words[count++] = to;
    for (; *from && (quote || (*from != ' ' && *from != '\t')); from++) {
      if (quote == 0 && (*from == '\'' || *from == '"'))
        quote = *from;
      else if (quote && *from == quote)
        quote = 0;
      else if (*from == '\\' && quote != '\'' && from[1])
        *to++ = *++from;
      else
        *to++ = *from;
    }
    if (quote) {
      return error_set(error, SQLITE_ERROR, "password_from=command: a quote is not closed");
    }
    if (*from) from++; /* before *to is overwritten */
    *to++ = 0;
  }
  words[count] = NULL;
  return count ? SQLITE_OK
               : error_set(error, SQLITE_ERROR, "password_from=command needs a program");
}

/* ---------------------------------------------------------------- the program */

static int start(char **words, pid_t *pid, int *output, Error *error) {
  int ends[2];
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  sigset_t none, standard;
  if (pipe2(ends, O_CLOEXEC) != 0) {
    return error_set(error, SQLITE_ERROR, "cannot start '%s': %s", words[0], strerror(errno));
  }
  sigemptyset(&none);
  sigemptyset(&standard);
  sigaddset(&standard, SIGPIPE);
  sigaddset(&standard, SIGCHLD);
  int failed = posix_spawn_file_actions_init(&actions);
  if (failed == 0 && (failed = posix_spawnattr_init(&attributes)) == 0) {
    failed = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    if (failed == 0) failed = posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &standard);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    if (failed == 0) failed = posix_spawnp(pid, words[0], &actions, &attributes, words, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
  }
  close(ends[1]);
  if (failed) {
    close(ends[0]);
    return error_set(error, SQLITE_ERROR, "cannot start '%s' of password_from: %s", words[0],
                     strerror(failed));
  }
  fcntl(ends[0], F_SETFL, O_NONBLOCK);
  *output = ends[0];
  return SQLITE_OK;
}

static int stopped(const char *program, DriverWait wait, Error *error) {
  if (wait == WAIT_INTERRUPTED) return error_set(error, SQLITE_INTERRUPT, "interrupted");
  return error_set(error, SQLITE_AUTH, "'%s' of password_from did not end within %d seconds",
                   program, SECONDS);
}

/* To the end of the output; what does not fit is read and dropped. */
static int read_output(Connector *connector, const char *program, int output, int64_t deadline,
                       char *text, size_t *size, Error *error) {
  char rest[512];
  for (;;) {
    bool full = *size == SECRET_LONGEST;
    ssize_t count =
        full ? read(output, rest, sizeof rest) : read(output, text + *size, SECRET_LONGEST - *size);
    if (count == 0) break;
    if (count > 0 && !full) *size += (size_t)count;
    if (count > 0 || errno == EINTR) continue;
    if (errno != EAGAIN) {
      return error_set(error, SQLITE_ERROR, "cannot read from '%s' of password_from: %s", program,
                       strerror(errno));
    }
    DriverWait wait = driver_wait(&connector->host, output, POLLIN, deadline, NULL);
    if (wait == WAIT_INTERRUPTED || wait == WAIT_TIMEOUT) return stopped(program, wait, error);
  }
  explicit_bzero(rest, sizeof rest);
  text[*size] = 0;
  return SQLITE_OK;
}

/* The program has closed its output; it may still run. */
static int wait_end(Connector *connector, const char *program, pid_t pid, int64_t deadline,
                    int *status, Error *error) {
  for (;;) {
    pid_t ended = waitpid(pid, status, WNOHANG);
    if (ended == pid) return SQLITE_OK;
    if (ended < 0 && errno != EINTR) { /* the host ignores SIGCHLD: its end is not told */
      *status = 0;
      return SQLITE_OK;
    }
    int64_t pause = driver_clock() + 5000;
    DriverWait wait =
        driver_wait(&connector->host, -1, 0, pause < deadline ? pause : deadline, NULL);
    if (wait == WAIT_INTERRUPTED) return stopped(program, wait, error);
    if (driver_clock() >= deadline) return stopped(program, WAIT_TIMEOUT, error);
  }
}

static int run(Connector *connector, char **words, char *text, Error *error) {
  pid_t pid = 0;
  int output = -1, status = 0;
  size_t size = 0;
  int64_t deadline = driver_clock() + (int64_t)SECONDS * 1000000;
  int code = start(words, &pid, &output, error);
  if (code) return code;
  code = read_output(connector, words[0], output, deadline, text, &size, error);
  close(output);
  if (code == SQLITE_OK) code = wait_end(connector, words[0], pid, deadline, &status, error);
  if (code) {
    kill(pid, SIGKILL);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
      continue;
    return code;
  }
  if (WIFSIGNALED(status)) {
    return error_set(error, SQLITE_AUTH, "'%s' of password_from was ended by signal %d", words[0],
                     WTERMSIG(status));
  }
  if (WEXITSTATUS(status) != 0) {
    return error_set(error, SQLITE_AUTH, "'%s' of password_from failed with exit status %d%s",
                     words[0], WEXITSTATUS(status),
                     WEXITSTATUS(status) == 127 ? " (not found)" : "");
  }
  if (memchr(text, 0, size)) {
    return error_set(error, SQLITE_AUTH, "'%s' of password_from printed a NUL character", words[0]);
  }
  secret_first_line(text);
  if (text[0] == 0) {
    return error_set(error, SQLITE_AUTH, "'%s' of password_from printed no password", words[0]);
  }
  return SQLITE_OK;
}

int secret_command(Connector *connector, const char *command, char **secret, Error *error) {
  char *words[WORDS_MOST + 1];
  char *line = text_copy(command);
  char *text = sqlite3_malloc64(SECRET_LONGEST + 1);
  int code = line && text ? split(line, words, error) : error_memory(error);
  *secret = NULL;
  if (code == SQLITE_OK) code = run(connector, words, text, error);
  if (code == SQLITE_OK && (*secret = text_copy(text)) == NULL) {
    code = error_memory(error);
  }
  text_free(text);
  text_free(line);
  return code;
}
