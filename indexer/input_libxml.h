/*
 * input_libxml.h - calls of libxml2 that end, for input_html.c and input_xml.c.
 *
 * When memory runs out, libxml2 (2.9.14) says so on stderr; its parsers go on without what they
 * could not keep, so that text is missing, or a script is taken for text, and not always is there
 * an error; its HTML parser, whose input no longer moves, goes round for ever in many of its loops.
 * So it is left at the first allocation it is not given, by longjmp() out of the allocator.
 * Tried before: a handler of errors, which is not told of names that could not be kept.
 *
 * It compares every attribute of an element with all before it: 200,000 in 2 MB of HTML take
 * minutes. There is no event in between, but an allocation for each name; so of these there may be
 * a number between two events (20,000 attributes: 1.7 s, or 0.1 MB a second at worst).
 */
#ifndef SY_INPUT_LIBXML_H
#define SY_INPUT_LIBXML_H

#include "base/status.h"

typedef struct sy_input_libxml {
  void (*work)(void *context);
  void (*give_up)(void *context); /* frees the parser */
} sy_input_libxml;

/*
 * Calls `work`, which uses libxml2. SY_NO_MEMORY: it was not given an allocation; SY_BAD_INPUT: too
 * many without an event. `work` was then left in the middle, `give_up` was called, and what libxml2
 * was busy with is freed, too, if it had no more than 20,000 blocks. It writes no messages
 * meanwhile. Sets libxml2's allocator once in a process, to one that calls the one it had.
 */
sy_status sy_input_libxml_run(const sy_input_libxml *calls, void *context, const char *file,
                              sy_error *error);

/* In a handler: the parser gets on. */
void sy_input_libxml_event(void);

#endif
