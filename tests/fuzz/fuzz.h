/*
 * fuzz.h - what the fuzz targets share.
 *
 * A target is tests/fuzz/test_fuzz_<name>.c with two functions: one takes any bytes and aborts when
 * something that must hold does not, the other makes the seeds. It is built twice:
 *
 *     make check, make asan   with replay.c: runs the seeds, findings/<name>/ and some
 *                             thousand mutations of both, the same ones every time
 *     make fuzz               with libFuzzer, which begins with the same inputs
 */
#ifndef SY_FUZZ_H
#define SY_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The names libFuzzer knows. Returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

/* Calls `give` with each seed of the target. */
typedef void fuzz_give(void *context, const void *data, size_t bytes);
void fuzz_seeds(fuzz_give *give, void *context);

/* How many mutations the test runs: a second or two of them. */
extern const uint32_t fuzz_mutations;

/* Aborts with a message unless `good`. */
#define fuzz_check(good) fuzz_check_at((good), #good, __FILE__, __LINE__)
void fuzz_check_at(bool good, const char *what, const char *file, int line);

/* ---- Taking an input apart: behind its end there are zeros ---- */

typedef struct fuzz_input {
  const uint8_t *at, *end;
} fuzz_input;

uint8_t fuzz_u8(fuzz_input *in);
uint32_t fuzz_u16(fuzz_input *in);
uint32_t fuzz_u32(fuzz_input *in);
/* At most `most` bytes; *bytes says how many. */
const uint8_t *fuzz_bytes(fuzz_input *in, size_t most, size_t *bytes);
/* What is left, up to the first zero byte (which is skipped) or the end. */
const uint8_t *fuzz_text(fuzz_input *in, size_t *bytes);
size_t fuzz_left(const fuzz_input *in);

/* ---- Memory and files ---- */

/* A copy that ends where its memory ends, so that a sanitizer sees the first byte read behind it.
 * Never NULL. free(). */
uint8_t *fuzz_copy(const void *data, size_t bytes);

/* A directory in memory if the machine has one, made once and removed when the program ends. */
const char *fuzz_directory(void);

/* Marks for each byte of `text` (and the one behind it) whether a character begins
 * there. free(). */
bool *fuzz_boundaries(const uint8_t *text, size_t bytes);

#endif
