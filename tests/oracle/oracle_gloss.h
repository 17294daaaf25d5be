/*
 * oracle_gloss.h - the oracle's own reading of docs/text.md section 6: is this parenthesis a gloss?
 */
#ifndef SY_ORACLE_GLOSS_H
#define SY_ORACLE_GLOSS_H

#include <stddef.h>
#include <stdint.h>

/* points[0] is an opening parenthesis directly behind a Chinese or word character; transparent
 * characters have been taken out. Returns how many points the gloss takes, both parentheses
 * included; 0 for none. `before` is the character in front, which decides about a syllable without
 * a tone mark. */
size_t oracle_gloss(const uint32_t *points, size_t count, uint32_t before);

#endif
