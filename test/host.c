/*
** host.c: a small program that embeds SQLite and loads the extension, for what neither the shell nor Tcl
** can do in a test: sqlite3_interrupt from another thread, a storm of signals, fork, several connections.
**
**   host LIBRARY ?FILE?      reads commands on standard input, one a line, and answers each on one line
**
**   sql SQL                  runs it: `rows <values, separated by |>` or `error <code> <message>`
**   time SQL                 the same, with the milliseconds it took in front
**   interrupt MS SQL         the same, with sqlite3_interrupt() MS milliseconds after its start; the
**                            number in front tells how long after the interrupt it came back
**   hammer MS SQL            the same, with sqlite3_interrupt() every MS milliseconds from its start
**   use N                    which connection the next commands go to (0 to 7; opened when first used)
**   close                    closes that connection: `rows 0`, or its error
**   storm USEC               SIGALRM every USEC microseconds from now on, without SA_RESTART; 0 ends it
**   fork SQL                 a child runs the SQL, closes its connections, and says what it got
**   point HOW N SQL          runs it, with HOW (kill, halt, full) at point N of it (host_points.h): `rows <points>`,
**                            or its error with the points in front
**   exit                     ends by exit() without closing anything
**
** It is compiled by the test that uses it (host_start in host.tcl).
*/
#include "host_points.h"
#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CONNECTIONS 8

static sqlite3 *connections[CONNECTIONS];
static int current;
static const char *library, *file = ":memory:";

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec * 1000.0 + (double)time.tv_nsec / 1e6;
}

static void open_connection(void) {
  char *message = NULL;
  if (connections[current]) return;
  sqlite3_open(file, &connections[current]);
  sqlite3_busy_timeout(connections[current], 5000);
  sqlite3_enable_load_extension(connections[current], 1);
  if (sqlite3_load_extension(connections[current], library, NULL, &message) != SQLITE_OK) {
    fprintf(stderr, "host: %s\n", message ? message : "cannot load");
    exit(3);
  }
}

/* One line: line ends of the values and messages become blanks. */
static void say(FILE *out, const char *text) {
  for (; text && *text; text++)
    putc(*text == '\n' || *text == '\r' ? ' ' : *text, out);
}

static void run(FILE *out, const char *sql) {
  sqlite3 *db = connections[current];
  sqlite3_stmt *statement = NULL;
  char *rows = sqlite3_mprintf("");
  const char *rest = sql;
  int code = SQLITE_OK, some = 0;
  while (code == SQLITE_OK && *rest) {
    code = sqlite3_prepare_v2(db, rest, -1, &statement, &rest);
    if (code != SQLITE_OK || !statement) break;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
      for (int i = 0; i < sqlite3_column_count(statement); i++) {
        const char *value = (const char *)sqlite3_column_text(statement, i);
        rows = sqlite3_mprintf("%z%s%s", rows, some++ ? "|" : "", value ? value : "NULL");
      }
    }
    code = code == SQLITE_DONE ? SQLITE_OK : sqlite3_extended_errcode(db);
    if (code != SQLITE_OK) break;
    sqlite3_finalize(statement);
    statement = NULL;
  }
  if (code == SQLITE_OK) {
    fprintf(out, "rows ");
    say(out, rows);
  } else {
    fprintf(out, "error %d ", code);
    say(out, sqlite3_errmsg(db));
  }
  sqlite3_finalize(statement);
  sqlite3_free(rows);
}

/* ---------------------------------------------------------------- interrupts */

typedef struct Interrupter {
  sqlite3 *db;
  int delay, again; /* ms */
  atomic_int over;
  double at;
} Interrupter;

static void *interrupter(void *argument) {
  Interrupter *task = argument;
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, NULL);
  do {
    double end = now() + task->delay;
    while (now() < end && !atomic_load(&task->over))
      usleep(500);
    if (atomic_load(&task->over)) break;
    if (task->at == 0) task->at = now();
    sqlite3_interrupt(task->db);
  } while (task->again);
  return NULL;
}

/* The answer is kept until the time is known, which stands in front of it. */
static void run_timed(int delay, int again, const char *sql) {
  Interrupter task = {.db = connections[current], .delay = delay, .again = again};
  pthread_t thread;
  char *text = NULL;
  size_t size = 0;
  FILE *out = open_memstream(&text, &size);
  double begin = now();
  if (delay > 0) pthread_create(&thread, NULL, interrupter, &task);
  run(out, sql);
  double end = now();
  fclose(out);
  atomic_store(&task.over, 1);
  if (delay > 0) {
    pthread_join(thread, NULL);
    begin = task.at == 0 || task.at > end ? end + 1 : task.at; /* -1: over before the interrupt */
  }
  printf("%.0f %s", end - begin, text);
  free(text);
}

/* ---------------------------------------------------------------- points */

/* The answer is kept until the points are known. */
static void run_point(char *rest) {
  char how[8] = "", *text = NULL;
  size_t size = 0;
  int read = 0;
  long number = 0;
  if (sscanf(rest, "%7s %ld %n", how, &number, &read) < 2) return;
  FILE *out = open_memstream(&text, &size);
  points_arm(how, number);
  run(out, rest + read);
  long met = points_met();
  fclose(out);
  if (strncmp(text, "rows", 4) == 0)
    printf("rows %ld", met);
  else
    printf("%s (point %ld)", text, met);
  free(text);
}

/* ---------------------------------------------------------------- signals, fork */

static volatile sig_atomic_t alarms;

static void alarmed(int number) {
  (void)number;
  alarms++;
}

static void storm(int microseconds) {
  struct sigaction action = {.sa_handler = alarmed};
  struct itimerval timer = {{0, microseconds}, {0, microseconds}};
  sigaction(SIGALRM, &action, NULL);
  setitimer(ITIMER_REAL, &timer, NULL);
  printf("rows %ld", (long)alarms);
}

static void close_all(void) {
  for (int i = 0; i < CONNECTIONS; i++) {
    sqlite3_close(connections[i]);
    connections[i] = NULL;
  }
}

static void run_in_child(const char *sql) {
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    run(stdout, sql);
    fflush(stdout);
    close_all();
    _exit(0);
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0)
    continue;
  if (status != 0) printf(" (the child ended with status %d)", status);
}

/* ---------------------------------------------------------------- commands */

static void command(char *line) {
  char *rest = strchr(line, ' ');
  size_t word = rest ? (size_t)(rest - line) : strlen(line);
  rest = rest ? rest + 1 : line + word;
  line[word] = 0;
  open_connection();
  if (strcmp(line, "sql") == 0) {
    run(stdout, rest);
  } else if (strcmp(line, "time") == 0) {
    run_timed(0, 0, rest);
  } else if (strcmp(line, "interrupt") == 0 || strcmp(line, "hammer") == 0) {
    int delay = (int)strtol(rest, &rest, 10);
    run_timed(delay, line[0] == 'h', rest);
  } else if (strcmp(line, "point") == 0) {
    run_point(rest);
  } else if (strcmp(line, "use") == 0) {
    current = atoi(rest) % CONNECTIONS;
    open_connection();
    printf("rows %d", current);
  } else if (strcmp(line, "close") == 0) {
    int code = sqlite3_close(connections[current]);
    if (code == SQLITE_OK) connections[current] = NULL;
    printf("rows %d", code);
  } else if (strcmp(line, "storm") == 0) {
    storm(atoi(rest));
  } else if (strcmp(line, "fork") == 0) {
    run_in_child(rest);
  } else if (strcmp(line, "exit") == 0) {
    exit(0);
  } else {
    printf("error 21 no command '%s'", line);
  }
  putchar('\n');
  fflush(stdout);
}

int main(int argc, char **argv) {
  static char line[1 << 20];
  if (argc < 2) return 2;
  library = argv[1];
  if (argc > 2) file = argv[2];
  signal(SIGPIPE, SIG_DFL);
  for (;;) {
    size_t size = 0;
    char byte;
    /* read() by the byte: a storm of signals must not lose input */
    for (;;) {
      ssize_t got = read(0, &byte, 1);
      if (got < 0) continue;
      if (got == 0) {
        close_all();
        return 0;
      }
      if (byte == '\n') break;
      if (size + 1 < sizeof line) line[size++] = byte;
    }
    line[size] = 0;
    command(line);
  }
}
