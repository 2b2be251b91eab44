/*
** wkb.c: is this the WKB of a geometry? The server looks at its first bytes only, and stores what it cannot read.
**
**   geometry  byte order, type, and by type
**             1 point       x, y
**             2 line        count, points (x, y)
**             3 polygon     count, rings (count, points)
**             4, 5, 6       count, geometries of type 1, 2, 3
**             7 collection  count, geometries
**
** Numbers are little-endian: MySQL's own form has no other.
*/
#include "my.h"

#define POINT_BYTES 16
#define DEPTH_MOST 32 /* collections in each other */

enum { ANY, POINT, LINE, POLYGON, MULTI_POINT, MULTI_LINE, MULTI_POLYGON, COLLECTION };

typedef struct Reader {
  const unsigned char *at, *end;
} Reader;

static bool skip(Reader *reader, size_t count, size_t each) {
  if ((size_t)(reader->end - reader->at) / each < count) return false;
  reader->at += count * each;
  return true;
}

static bool number(Reader *reader, uint32_t *result) {
  const unsigned char *at = reader->at;
  if (!skip(reader, 4, 1)) return false;
  *result = at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
  return true;
}

static bool points(Reader *reader) {
  uint32_t count;
  return number(reader, &count) && skip(reader, count, POINT_BYTES);
}

static bool geometry(Reader *reader, uint32_t wanted, int depth) {
  uint32_t type, count;
  if (depth > DEPTH_MOST || reader->at == reader->end || *reader->at++ != 1) return false;
  if (!number(reader, &type) || (wanted != ANY && type != wanted)) return false;
  if (type == POINT) return skip(reader, 1, POINT_BYTES);
  if (type == LINE) return points(reader);
  if (type < POLYGON || type > COLLECTION || !number(reader, &count)) return false;
  uint32_t part = type == COLLECTION ? ANY : type - (MULTI_POINT - POINT);
  for (uint32_t i = 0; i < count; i++)
    if (type == POLYGON ? !points(reader) : !geometry(reader, part, depth + 1)) return false;
  return true;
}

bool my_is_wkb(const char *data, size_t size) {
  Reader reader = {.at = (const unsigned char *)data, .end = (const unsigned char *)data + size};
  return size > 0 && geometry(&reader, ANY, 0) && reader.at == reader.end;
}
