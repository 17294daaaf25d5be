/*
 * input_libxml.h - libxml2 when memory runs out, for input_html.c and input_xml.c.
 *
 * What libxml2 (2.9.14) does then: it says so on stderr; its parsers go on without what they could
 * not keep, so that text is missing, or a script is taken for text, and not always is there an
 * error; its HTML parser, whose input no longer moves, goes round for ever in many of its loops.
 * So it is left at the first allocation it is not given, by longjmp() out of the allocator.
 * Tried before: a handler of errors, which is not told of names that could not be kept.
 */
#ifndef SY_INPUT_LIBXML_H
#define SY_INPUT_LIBXML_H

#include <stdbool.h>

/*
 * Calls `work(context)`, which uses libxml2. False when libxml2 was not given an allocation: `work`
 * was then left in the middle. What it was busy with may be leaked; its parser can be freed.
 * libxml2 writes no messages meanwhile. Sets libxml2's allocator once in a process, to one that
 * calls the one it had.
 */
bool sy_input_libxml_run(void (*work)(void *context), void *context);

#endif
