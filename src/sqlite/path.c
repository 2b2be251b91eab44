/*
** path.c: a file's path as SQLite wants it, and why a path cannot be opened.
*/
#include "lite.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

char *lite_uri(const DriverHost *host, const char *path, bool immutable) {
  DriverBuffer uri;
  buffer_init(&uri, host);
  /* An absolute path gets an empty authority, so that one that starts with // is not taken for
  ** one. */
  buffer_text(&uri, path[0] == '/' ? "file://" : "file:");
  for (const char *at = path; *at != 0; at++) {
    unsigned char c = (unsigned char)*at;
    bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                 strchr("/._-~", c) != NULL;
    if (plain) {
      buffer_append(&uri, at, 1);
    } else {
      buffer_format(&uri, "%%%02X", c);
    }
  }
  if (immutable) buffer_text(&uri, "?immutable=1");
  if (uri.failed) buffer_clear(&uri);
  return uri.data;
}

void lite_path_reason(const char *path, bool must_exist, char *reason, size_t size) {
  struct stat file;
  reason[0] = 0;
  if (stat(path, &file) == 0) {
    if (S_ISDIR(file.st_mode)) {
      snprintf(reason, size, "it is a directory");
    } else if (!S_ISREG(file.st_mode)) {
      snprintf(reason, size, "it is not an ordinary file");
    } else if (access(path, R_OK) != 0) {
      snprintf(reason, size, "%s", strerror(errno));
    }
    return;
  }
  if (errno != ENOENT) {
    snprintf(reason, size, "%s", strerror(errno));
    return;
  }
  const char *slash = strrchr(path, '/');
  if (slash != NULL && slash > path) {
    char directory[4096];
    snprintf(directory, sizeof(directory), "%.*s", (int)(slash - path), path);
    if (stat(directory, &file) != 0) {
      snprintf(reason, size, "its directory does not exist");
      return;
    }
    if (!must_exist && access(directory, W_OK) != 0) {
      snprintf(reason, size, "it does not exist and its directory cannot be written: %s",
               strerror(errno));
      return;
    }
  }
  if (must_exist) {
    snprintf(reason, size,
             "it does not exist, and the block opens it without creating it "
             "(mode=rwc creates it)");
  }
}
