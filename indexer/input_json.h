/*
 * input_json.h - one line of JSON into the parts of an article: a C interface to simdjson.
 *
 * Members: id (string or number), title and body (strings) under the names chosen; null is as if
 * the member were not there. Every other member whose value is a string, number, true, false or
 * null is copied as written into `fields`, one JSON object; arrays and objects are checked and left
 * out. When a name comes twice the last one counts (as in Python and JavaScript). The whole line is
 * checked, not only what is used.
 */
#ifndef SY_INPUT_JSON_H
#define SY_INPUT_JSON_H

#include "suoyin.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Bytes behind a line that must be allocated; their content does not matter. */
#define SY_INPUT_JSON_PADDING 64

/* Borrowed during the parser's life. */
typedef struct sy_input_json_names {
  sy_string id, title, body;
} sy_input_json_names;

typedef struct sy_input_json_record {
  sy_article article; /* id empty when the line has none; borrowed until the next parse */
  bool has_id, has_title, has_body;
} sy_input_json_record;

typedef struct sy_input_json sy_input_json;

/* NULL when memory is out. Owned by the caller. */
sy_input_json *sy_input_json_create(const sy_input_json_names *names);

/* Parses `line`, behind which SY_INPUT_JSON_PADDING bytes are allocated. The record borrows from
 * `line` as well. Returns SY_OK, SY_NO_MEMORY, or SY_BAD_INPUT with a reason, borrowed until the
 * next parse. */
sy_status sy_input_json_parse(sy_input_json *json, const char *line, size_t bytes,
                              sy_input_json_record *record, const char **reason);

/* Accepts NULL. */
void sy_input_json_free(sy_input_json *json);

#ifdef __cplusplus
}
#endif
#endif
