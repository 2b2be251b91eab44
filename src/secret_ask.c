/*
** secret_ask.c: asks for a password on the terminal, without echo: password_from=ask.
**
** It asks on /dev/tty, so stdin may be a script. The terminal is given back as it was also when a signal
** ends or stops the process: while asking, the signals that do so are only noted; the terminal is put
** right and the signal sent again to whoever handled it before. (After a stop, asking starts again.)
** The note is the one static variable; a static mutex of SQLite's lets one thread ask at a time.
*/
#include "driver_support.h"
#include "secret.h"
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#define SECONDS 300
#define LONGEST 1024

static volatile sig_atomic_t noted; /* the last signal that came while asking */

static const int watched[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGALRM, SIGTSTP, SIGTTIN, SIGTTOU};
#define WATCHED (sizeof watched / sizeof watched[0])

static void note_signal(int number) {
  noted = number;
}

/* Writing to a terminal that is there; nothing can be done if it fails. */
static void say(int tty, const char *text) {
  while (*text) {
    ssize_t count = write(tty, text, strlen(text));
    if (count < 0 && errno == EINTR && !noted) continue;
    if (count <= 0) return;
    text += count;
  }
}

/* Up to the end of the line. SQLITE_OK, or an error; a noted signal is SQLITE_INTERRUPT. */
static int read_line(Connector *connector, int tty, char *line, Error *error) {
  int64_t deadline = driver_clock() + (int64_t)SECONDS * 1000000;
  size_t size = 0;
  for (;;) {
    char c;
    int64_t pause = driver_clock() + 50000;
    DriverWait wait = driver_wait(&connector->host, tty, POLLIN, pause, NULL);
    if (noted || wait == WAIT_INTERRUPTED) return error_set(error, SQLITE_INTERRUPT, "interrupted");
    if (wait == WAIT_TIMEOUT) {
      if (driver_clock() < deadline) continue;
      return error_set(error, SQLITE_AUTH, "no password was typed within %d seconds", SECONDS);
    }
    ssize_t count = read(tty, &c, 1);
    if (count < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (count <= 0) return error_set(error, SQLITE_AUTH, "no password was typed");
    if (c == '\n' || c == '\r') break;
    if (size == LONGEST) return error_set(error, SQLITE_TOOBIG, "the password is too long");
    line[size++] = c;
  }
  line[size] = 0;
  return size ? SQLITE_OK : error_set(error, SQLITE_AUTH, "no password was typed");
}

/* One attempt with the terminal and the signals taken and given back. */
static int ask_once(Connector *connector, int tty, const char *prompt, char *line, Error *error) {
  struct termios before, silent;
  struct sigaction action, actions[WATCHED];
  if (tcgetattr(tty, &before) != 0) {
    return error_set(error, SQLITE_AUTH, "the terminal cannot be asked: %s", strerror(errno));
  }
  memset(&action, 0, sizeof action);
  action.sa_handler = note_signal;
  sigemptyset(&action.sa_mask);
  noted = 0;
  for (size_t i = 0; i < WATCHED; i++)
    sigaction(watched[i], &action, &actions[i]);
  silent = before;
  silent.c_lflag &= (tcflag_t) ~(ECHO | ECHONL);
  silent.c_lflag |= ICANON | ISIG;
  int code;
  if (tcsetattr(tty, TCSAFLUSH, &silent) != 0) {
    code = error_set(error, SQLITE_AUTH, "the echo of the terminal cannot be switched off");
  } else {
    say(tty, prompt);
    code = read_line(connector, tty, line, error);
    tcsetattr(tty, TCSAFLUSH, &before);
    say(tty, "\n");
  }
  for (size_t i = 0; i < WATCHED; i++)
    sigaction(watched[i], &actions[i], NULL);
  return code;
}

static int ask(Connector *connector, int tty, const char *prompt, char *line, Error *error) {
  for (;;) {
    int code = ask_once(connector, tty, prompt, line, error);
    int number = noted;
    if (number == 0) return code;
    explicit_bzero(line, LONGEST + 1);
    kill(getpid(), number);
    if (number != SIGTSTP && number != SIGTTIN && number != SIGTTOU) return code;
    error_clear(error); /* was stopped, goes on */
  }
}

int secret_ask(Connector *connector, const Block *block, char **secret, Error *error) {
  char line[LONGEST + 1] = "";
  *secret = NULL;
  int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
  if (tty < 0) {
    return error_set(error, SQLITE_AUTH,
                     "password_from=ask: there is no terminal to ask on; give the password in the "
                     "definition, or use password_from=env:NAME, file:PATH, pgpass, my_cnf or "
                     "command:PROGRAM");
  }
  char *prompt = sqlite3_mprintf(
      "Password for block '%s'%s%s%s%s: ", block->name, block->username || block->host ? ", " : "",
      block->username ? block->username : "", block->username && block->host ? "@" : "",
      block->host ? block->host : "");
  int code = prompt ? SQLITE_OK : error_memory(error);
  if (code == SQLITE_OK) {
    sqlite3_mutex *mutex = sqlite3_mutex_alloc(SQLITE_MUTEX_STATIC_APP3);
    sqlite3_mutex_enter(mutex);
    code = ask(connector, tty, prompt, line, error);
    sqlite3_mutex_leave(mutex);
  }
  if (code == SQLITE_OK && (*secret = text_copy(line)) == NULL) {
    code = error_memory(error);
  }
  explicit_bzero(line, sizeof line);
  sqlite3_free(prompt);
  close(tty);
  return code;
}
