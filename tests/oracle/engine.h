/*
 * engine.h - the engine as the oracle's tests use it, through suoyin.h alone: calls that must
 * succeed stop the test with the engine's own reason when they do not.
 */
#ifndef SY_ORACLE_ENGINE_H
#define SY_ORACLE_ENGINE_H

#include "suoyin.h"
#include "tests/oracle/brute.h"

/* Makes a new empty directory under $TMPDIR or /tmp and writes its name to out[capacity]. */
void engine_directory(char *out, size_t capacity);
void engine_remove(const char *directory); /* with all that is in it */

/* Fails the test with `what` and the reason unless `status` is SY_OK. */
void engine_require(sy_status status, const sy_error *error, const char *what);

sy_writer *engine_writer(const char *directory, uint32_t text_rules);
sy_index *engine_open(const char *directory);
void engine_add(sy_writer *writer, sy_string id, sy_string title, sy_string body);

/* Parses or fails the test. Owned by the caller: sy_query_free(). */
sy_query *engine_parse(const char *text, bool any);
uint64_t engine_count(sy_index *index, const sy_query *query);
sy_results *engine_search(sy_index *index, const sy_query *query, sy_search_options options);

/* The text in double quotes with escapes, `before` in front ("body:"). Owned by the caller: free().
 */
char *engine_quoted(const char *before, const char *text);

/* Is [range.start, range.end) a non-empty range of whole characters of `text`? Ill-formed bytes are
 * characters of one byte, as docs/text.md reads them. */
bool engine_whole_characters(sy_string text, sy_range range);

/* Do `count` ranges lie in `text` on whole characters, ascending, not overlapping? */
bool engine_ranges_sound(sy_string text, const sy_range *ranges, size_t count);

#endif
