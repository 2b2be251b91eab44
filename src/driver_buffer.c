/*
** driver_buffer.c: text that grows. After the first failure a buffer does nothing more, so a text
** can be built by many calls and checked once at the end.
*/
#include "driver_support.h"
#include <stdio.h>
#include <string.h>

void buffer_init(DriverBuffer *buffer, const DriverHost *host) {
  memset(buffer, 0, sizeof(*buffer));
  buffer->host = host;
}

bool buffer_grow(DriverBuffer *buffer, size_t more) {
  if (buffer->failed) return false;
  if (more < buffer->capacity - buffer->size) return true; /* at least one byte is left for NUL */
  if (more > SIZE_MAX / 4 || buffer->size > SIZE_MAX / 4) {
    buffer->failed = true;
    return false;
  }
  size_t capacity = buffer->size + buffer->size / 2 + more + 64;
  char *data = buffer->host->reallocate(buffer->data, capacity);
  if (data == NULL) {
    buffer->failed = true;
    return false;
  }
  buffer->data = data;
  buffer->capacity = capacity;
  return true;
}

void buffer_text(DriverBuffer *buffer, const char *text) {
  buffer_append(buffer, text, strlen(text));
}

void buffer_format(DriverBuffer *buffer, const char *format, ...) {
  va_list arguments, again;
  va_start(arguments, format);
  va_copy(again, arguments);
  int length = vsnprintf(NULL, 0, format, arguments);
  va_end(arguments);
  if (length < 0) {
    buffer->failed = true;
  } else if (buffer_grow(buffer, (size_t)length)) {
    vsnprintf(buffer->data + buffer->size, (size_t)length + 1, format, again);
    buffer->size += (size_t)length;
  }
  va_end(again);
}

void buffer_json_string(DriverBuffer *buffer, const char *text, size_t size) {
  static const char hex[] = "0123456789abcdef";
  size_t start = 0; /* of the run that needs no escape */
  buffer_append(buffer, "\"", 1);
  for (size_t i = 0; i < size; i++) {
    unsigned char c = (unsigned char)text[i];
    if (c >= 0x20 && c != '"' && c != '\\') continue;
    buffer_append(buffer, text + start, i - start);
    start = i + 1;
    const char *short_form = c == '"'    ? "\\\""
                             : c == '\\' ? "\\\\"
                             : c == '\n' ? "\\n"
                             : c == '\r' ? "\\r"
                             : c == '\t' ? "\\t"
                             : c == '\b' ? "\\b"
                             : c == '\f' ? "\\f"
                                         : NULL;
    if (short_form != NULL) {
      buffer_append(buffer, short_form, 2);
    } else {
      char escape[6] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};
      buffer_append(buffer, escape, sizeof(escape));
    }
  }
  if (size > start) buffer_append(buffer, text + start, size - start);
  buffer_append(buffer, "\"", 1);
}

void buffer_reset(DriverBuffer *buffer) {
  buffer->size = 0;
  buffer->failed = false;
  if (buffer->data != NULL) buffer->data[0] = 0;
}

void buffer_clear(DriverBuffer *buffer) {
  if (buffer->host != NULL) buffer->host->release(buffer->data);
  buffer_init(buffer, buffer->host);
}
