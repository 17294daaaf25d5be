/* dates.c - recognising dates and writing them otherwise (dates.h). */
#include "query/dates.h"

#include "text/utf8.h"

#include <stdlib.h>
#include <string.h>

typedef enum form {
  ARABIC,
  CHINESE_CIRCLE,
  CHINESE_ZERO,
  FORMS
} form; /* 2025, 二〇二五, 二零二五 */

typedef struct date {
  form written;
  uint32_t year, month, day; /* month and day 0: not there */
  uint32_t day_mark;         /* 日, 号 or 號 */
} date;

typedef struct scanner {
  const uint8_t *at, *end;
} scanner;

static uint32_t peek(const scanner *s, uint32_t *length) {
  *length = 0;
  return s->at < s->end ? sy_utf8_decode(s->at, s->end, length) : 0;
}

static bool take(scanner *s, uint32_t wanted) {
  uint32_t length, c = peek(s, &length);
  if (!c || c != wanted) return false;
  s->at += length;
  return true;
}

/* 0 to 9; -1 for no digit of this kind. */
static int arabic_digit(uint32_t c) {
  if (c >= '0' && c <= '9') return (int)(c - '0');
  return c >= 0xFF10 && c <= 0xFF19 ? (int)(c - 0xFF10) : -1;
}

static const uint32_t chinese_digits[10] = {0x3007, 0x4E00, 0x4E8C, 0x4E09, 0x56DB,
                                            0x4E94, 0x516D, 0x4E03, 0x516B, 0x4E5D};
enum { TEN = 0x5341, ZERO = 0x96F6, YEAR = 0x5E74, MONTH = 0x6708 };

static int chinese_digit(uint32_t c) {
  if (c == ZERO) return 0;
  for (int i = 0; i < 10; i++) {
    if (chinese_digits[i] == c) return i;
  }
  return -1;
}

/* One digit of the kind, passed over; -1 when there is none. */
static int take_digit(scanner *s, bool chinese) {
  uint32_t length, c = peek(s, &length);
  int digit = !c ? -1 : chinese ? chinese_digit(c) : arabic_digit(c);
  if (digit >= 0) s->at += length;
  return digit;
}

/* Four digits and 年. */
static bool take_year(scanner *s, date *d) {
  uint32_t length, c = peek(s, &length);
  bool chinese = chinese_digit(c) >= 0;
  d->written = chinese ? CHINESE_CIRCLE : ARABIC;
  d->year = 0;
  for (int i = 0; i < 4; i++) {
    if (chinese && peek(s, &length) == ZERO) d->written = CHINESE_ZERO;
    int digit = take_digit(s, chinese);
    if (digit < 0) return false;
    d->year = d->year * 10 + (uint32_t)digit;
  }
  return d->year >= 1000 && take(s, YEAR);
}

/* A number up to 31: 7, 07, 15, 七, 十五, 二十, 三十一. */
static uint32_t take_small(scanner *s, bool chinese) {
  if (!chinese) {
    int first = take_digit(s, false), second = first < 0 ? -1 : take_digit(s, false);
    if (first < 0) return 0;
    return second < 0 ? (uint32_t)first : (uint32_t)(first * 10 + second);
  }
  int tens = take_digit(s, true);
  if (!take(s, TEN)) return tens > 0 ? (uint32_t)tens : 0;
  int ones = take_digit(s, true);
  return (uint32_t)((tens < 0 ? 1 : tens) * 10 + (ones > 0 ? ones : 0));
}

/* The date at the scanner, which then stands behind it. */
static bool take_date(scanner *s, date *d) {
  *d = (date){0};
  if (!take_year(s, d)) return false;
  bool chinese = d->written != ARABIC;
  scanner behind = *s;
  uint32_t month = take_small(&behind, chinese), length;
  if (!month || month > 12 || !take(&behind, MONTH)) return true;
  d->month = month;
  *s = behind;
  uint32_t day = take_small(&behind, chinese), mark = peek(&behind, &length);
  if (!day || day > 31 || (mark != 0x65E5 && mark != 0x53F7 && mark != 0x865F)) return true;
  behind.at += length;
  d->day = day;
  d->day_mark = mark;
  *s = behind;
  return true;
}

/* ---- Writing --------------------------------------------------------------------------------- */

static char *put(char *out, uint32_t c) { return out + sy_utf8_encode((uint8_t *)out, c); }

static char *put_digit(char *out, uint32_t digit, form f) {
  if (f == ARABIC) return put(out, '0' + digit);
  return put(out, !digit && f == CHINESE_ZERO ? ZERO : chinese_digits[digit]);
}

static char *put_small(char *out, uint32_t n, form f) {
  if (f == ARABIC) {
    if (n >= 10) out = put_digit(out, n / 10, f);
    return put_digit(out, n % 10, f);
  }
  if (n >= 20) out = put_digit(out, n / 10, f);
  if (n >= 10) out = put(out, TEN);
  return n % 10 ? put_digit(out, n % 10, f) : out;
}

#define DATE_BYTES 48u /* 二〇二五年 十二月 三十一日 has 39 */

static char *put_date(char *out, const date *d, form f) {
  for (uint32_t unit = 1000; unit; unit /= 10) out = put_digit(out, d->year / unit % 10, f);
  out = put(out, YEAR);
  if (d->month) out = put(put_small(out, d->month, f), MONTH);
  if (d->day) out = put(put_small(out, d->day, f), d->day_mark);
  return out;
}

/* Copies the text with its dates in form `f`. */
static sy_date_form rewrite(sy_string text, bool only_date, form f) {
  char *start = malloc(text.bytes * 4 + DATE_BYTES), *out = start;
  if (!start) return (sy_date_form){0};
  scanner s = {(const uint8_t *)text.data, (const uint8_t *)text.data + text.bytes};
  int before = -1; /* the digit in front: no year begins behind one */
  while (s.at < s.end) {
    scanner here = s;
    date d;
    uint32_t length, c = peek(&s, &length);
    if (before < 0 && take_date(&here, &d)) {
      out = put_date(out, &d, f);
      s = here;
      if (only_date) break;
      continue;
    }
    before = arabic_digit(c) >= 0 ? arabic_digit(c) : chinese_digit(c);
    if (!only_date) {
      memcpy(out, s.at, length);
      out += length;
    }
    s.at += length;
  }
  return (sy_date_form){start, (size_t)(out - start)};
}

/* The form of the first date; whether its year has a zero, which can be written in two ways. */
static bool find_date(sy_string text, form *written, bool *zero) {
  scanner s = {(const uint8_t *)text.data, (const uint8_t *)text.data + text.bytes};
  int before = -1;
  while (s.at < s.end) {
    scanner here = s;
    date d;
    uint32_t length, c = peek(&s, &length);
    if (before < 0 && take_date(&here, &d)) {
      *written = d.written;
      *zero = d.year % 10 == 0 || d.year / 10 % 10 == 0 || d.year / 100 % 10 == 0;
      return true;
    }
    before = arabic_digit(c) >= 0 ? arabic_digit(c) : chinese_digit(c);
    s.at += length;
  }
  return false;
}

size_t sy_date_forms(sy_string text, bool only_date, sy_date_form *forms) {
  form written;
  bool zero;
  if (!find_date(text, &written, &zero)) return 0;
  size_t count = 0;
  for (form f = ARABIC; f < FORMS; f++) {
    if (f == written || (f == CHINESE_ZERO && !zero)) continue;
    forms[count++] = rewrite(text, only_date, f);
  }
  return count;
}
