/*
 * input_charset.h - which charset bytes are in, and their conversion to UTF-8.
 *
 * In this order: the charset the user names; a byte order mark; valid UTF-8; what the HTML file
 * itself declares; detection. Detection proposes (GB18030, Big5, EUC-JP, Shift_JIS,
 * UTF-16 and UTF-32 without a mark, Korean),
 * converts, and accepts only what reads like text: a wrong guess is worse than a question, so short
 * or odd texts are SY_INPUT_CHARSET_UNKNOWN and the user is asked for --encoding.
 */
#ifndef SY_INPUT_CHARSET_H
#define SY_INPUT_CHARSET_H

#include "indexer/input_source.h"

typedef enum sy_input_charset_kind {
  SY_INPUT_CHARSET_UTF8,    /* ASCII and valid UTF-8, or UTF-8 with a few damaged bytes */
  SY_INPUT_CHARSET_NAMED,   /* `name` says which */
  SY_INPUT_CHARSET_UNKNOWN, /* text, maybe, but nobody knows in what */
  SY_INPUT_CHARSET_BINARY,  /* NUL bytes and not UTF-16 or UTF-32 */
} sy_input_charset_kind;

typedef struct sy_input_charset {
  sy_input_charset_kind kind;
  size_t mark_bytes; /* of the byte order mark, to be skipped */
  bool damaged;      /* SY_INPUT_CHARSET_UTF8 with invalid bytes */
  bool detected;     /* NAMED by detection, not by the user, a mark or the file */
  char name[32];     /* for iconv */
} sy_input_charset;

typedef struct sy_input_charset_hints {
  const char *forced; /* the user's, or NULL */
  bool whole; /* the bytes are all there is: an incomplete character at the end is a fault */
  bool lines; /* JSON lines: one sound UTF-8 line makes broken lines faults, not another charset */
  bool html;  /* look for <meta charset> */
} sy_input_charset_hints;

/* Fails only when memory is out. */
sy_status sy_input_charset_detect(const uint8_t *data, size_t bytes,
                                  const sy_input_charset_hints *hints, sy_input_charset *out,
                                  sy_error *error);

bool sy_input_charset_is_utf8(const char *data, size_t bytes);

/* Whether iconv knows it. SY_INVALID if not, SY_NO_MEMORY if it cannot tell. */
sy_status sy_input_charset_check(const char *name, sy_error *error);

/* Appends the bytes as UTF-8. What is no character in `name` becomes U+FFFD and is counted. */
sy_status sy_input_charset_convert(const char *name, const char *data, size_t bytes, sy_buffer *out,
                                   uint64_t *invalid, sy_error *error);

/* A source that reads `parent` (borrowed) as UTF-8. What is no character becomes the byte FF, which
 * is in no UTF-8: the reader of lines finds it and knows the line's number. */
sy_status sy_input_charset_open(sy_input_source *parent, const char *name, sy_input_source **out,
                                sy_error *error);

#endif
