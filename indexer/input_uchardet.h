/* input_uchardet.h - what uchardet takes some bytes for. */
#ifndef SY_INPUT_UCHARDET_H
#define SY_INPUT_UCHARDET_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Writes the charset's name to `name` ("": uchardet does not know). False: memory is out. */
bool sy_input_uchardet(const char *data, size_t bytes, char *name, size_t capacity);

#ifdef __cplusplus
}
#endif

#endif
