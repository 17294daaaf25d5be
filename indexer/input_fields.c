/*
 * input_fields.c - JSON strings, escaped as RFC 8259 demands and no more.
 */
#include "indexer/input_fields.h"

#include <stdio.h>

static void append_quoted(sy_buffer *out, sy_string text) {
  static const char letters[] = "\b\t\n\f\r", escapes[] = "btnfr";
  sy_buffer_u8(out, '"');
  size_t from = 0;
  for (size_t i = 0; i < text.bytes; i++) {
    uint8_t c = (uint8_t)text.data[i];
    if (c >= 0x20 && c != '"' && c != '\\') continue;
    sy_buffer_append(out, text.data + from, i - from);
    from = i + 1;
    char escape[8] = {'\\', (char)c};
    const char *letter = c ? strchr(letters, c) : NULL;
    if (letter) escape[1] = escapes[letter - letters];
    if (c < 0x20 && !letter) snprintf(escape, sizeof escape, "\\u%04x", c);
    sy_buffer_append(out, escape, strlen(escape));
  }
  sy_buffer_append(out, text.data + from, text.bytes - from);
  sy_buffer_u8(out, '"');
}

void sy_input_fields_add(sy_buffer *fields, sy_string name, sy_string value) {
  sy_buffer_u8(fields, fields->bytes ? ',' : '{');
  append_quoted(fields, name);
  sy_buffer_u8(fields, ':');
  append_quoted(fields, value);
}

sy_string sy_input_fields_finish(sy_buffer *fields) {
  if (!fields->bytes) return (sy_string){"", 0};
  sy_buffer_u8(fields, '}');
  return (sy_string){(const char *)fields->data, fields->bytes};
}
