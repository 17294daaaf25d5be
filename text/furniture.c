/*
 * furniture.c - recognises what printed pages leave between two lines of a sentence:
 *
 *     - 12 -    — 12 —    · 12 ·    第 12 页    第12頁 共30頁    12 (before a form feed)
 *
 * Up to four digits, dressed on both sides: a bare number may be a cell or a result. The first
 * character tells that nearly every line is none.
 */
#include "text/furniture.h"

#include "text/utf8.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct line {
  const uint8_t *at, *end;
} line;

static uint32_t peek(const line *l, uint32_t *length) {
  *length = 0;
  return l->at < l->end ? sy_utf8_decode(l->at, l->end, length) : 0;
}

static bool is_blank(uint32_t c) {
  return c == ' ' || c == '\t' || c == '\r' || c == 0xA0 || c == 0x3000;
}

static bool is_space(uint32_t c) { return is_blank(c) || c == '\n' || c == '\f'; }

static bool is_dress(uint32_t c) {
  return c == '-' || c == '~' || c == 0xB7 || c == 0x2022 || (c >= 0x2010 && c <= 0x2015) ||
         c == 0x2500 || c == 0xFF0D;
}

/* Passes over the characters of a kind; returns how many. */
static uint32_t skip(line *l, bool (*is)(uint32_t)) {
  uint32_t count = 0, length, c;
  while ((c = peek(l, &length)) && is(c)) {
    l->at += length;
    count++;
  }
  return count;
}

static bool is_digit(uint32_t c) { return c >= '0' && c <= '9'; }

static bool take(line *l, uint32_t a, uint32_t b) {
  uint32_t length, c = peek(l, &length);
  if (!c || (c != a && c != b)) return false;
  l->at += length;
  return true;
}

static bool take_number(line *l) {
  skip(l, is_blank);
  uint32_t digits = skip(l, is_digit);
  skip(l, is_blank);
  return digits >= 1 && digits <= 4;
}

/* 第 12 页, behind the first character. */
static bool take_page(line *l) { return take_number(l) && take(l, 0x9875, 0x9801); }

static bool take_furniture(line *l) {
  bool before_page = false;
  if (take(l, 0x7B2C, 0)) { /* 第 */
    if (!take_page(l)) return false;
    skip(l, is_blank);
    if (take(l, 0x5171, 0) && !take_page(l)) return false; /* 共 */
  } else if (skip(l, is_dress)) {
    if (!take_number(l) || !skip(l, is_dress)) return false;
  } else if (take_number(l)) {
    before_page = true;
  } else {
    return false;
  }
  skip(l, is_blank);
  uint32_t length, c = peek(l, &length);
  if (!before_page) return c == '\n' || c == '\f' || l->at == l->end;
  if (c != '\n' && c != '\f') return false;
  const uint8_t *behind = l->at;
  skip(l, is_space);
  for (; behind < l->at; behind++) {
    if (*behind == '\f') return true;
  }
  return false;
}

/* Whether a page number can begin with the byte that stands behind ASCII white space. Hot: asked at
 * the end of every line. */
static bool may_begin(const uint8_t *p, const uint8_t *end) {
  while (p < end && *p <= ' ') p++;
  if (p == end) return false;
  if (*p < 0x80) return is_digit(*p) || is_dress(*p);
  if (*p == 0xE7) return end - p > 2 && p[1] == 0xAC && p[2] == 0xAC; /* 第 */
  return *p == 0xC2 || *p == 0xE2 || *p == 0xEF || *p == 0xE3;        /* dashes, dots, U+3000 */
}

const uint8_t *sy_furniture_end(const uint8_t *p, const uint8_t *end) {
  if (!may_begin(p, end)) return NULL;
  line l = {p, end};
  skip(&l, is_space);
  if (l.at == l.end || !take_furniture(&l)) return NULL;
  skip(&l, is_space);
  return l.at;
}
