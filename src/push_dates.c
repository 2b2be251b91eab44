/*
** push_dates.c: which texts are dates that a server can be asked for.
**
** Dates are shown as 2024-01-31, moments as 2024-01-31 12:30:00.25 or 2024-01-31 12:30:00.25+00:00, with
** only the digits of the fraction that are needed. Texts of that form, and those that are cut after the
** day or the second, sort among each other as the moments do, for the years 1 to 9999. Other spellings
** ('2024-1-1', a T between) are compared as texts by SQLite and are not for the server.
*/
#include "push.h"

static bool digits(const char *text, int count, int *number) {
  *number = 0;
  for (int i = 0; i < count; i++) {
    if (text[i] < '0' || text[i] > '9') return false;
    *number = *number * 10 + (text[i] - '0');
  }
  return true;
}

static bool is_day(const char *text) {
  static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  int year, month, day;
  if (!digits(text, 4, &year) || text[4] != '-' || !digits(text + 5, 2, &month) || text[7] != '-' ||
      !digits(text + 8, 2, &day))
    return false;
  bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return year >= 1 && month >= 1 && month <= 12 && day >= 1 &&
         day <= days[month - 1] + (leap && month == 2);
}

static bool is_time(const char *text, size_t size) {
  int hour, minute, second, part;
  if (size < 9 || text[0] != ' ' || !digits(text + 1, 2, &hour) || text[3] != ':' ||
      !digits(text + 4, 2, &minute) || text[6] != ':' || !digits(text + 7, 2, &second))
    return false;
  if (hour > 23 || minute > 59 || second > 59) return false;
  size_t at = 9;
  if (at < size && text[at] == '.') {
    size_t start = ++at;
    while (at < size && at - start < 6 && digits(text + at, 1, &part))
      at++;
    if (at == start) return false;
  }
  if (size - at == 6 && text[at] == '+' && digits(text + at + 1, 2, &hour) && hour == 0 &&
      text[at + 3] == ':' && digits(text + at + 4, 2, &minute) && minute == 0)
    at = size;
  return at == size;
}

bool push_date_text(const char *text, size_t size) {
  if (size < 10 || !is_day(text)) return false;
  return size == 10 || is_time(text + 10, size - 10);
}
