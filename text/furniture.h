/* furniture.h - recognising page numbers between the lines of a text (docs/text.md section 5). */
#ifndef SY_FURNITURE_H
#define SY_FURNITURE_H

#include <stdint.h>

/* `p` stands behind the end of a line. Returns where the text goes on, when what follows - white
 * space aside - is a line that holds a page number only; else NULL. */
const uint8_t *sy_furniture_end(const uint8_t *p, const uint8_t *end);

#endif
