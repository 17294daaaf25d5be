/*
 * storage_helper.h - for the tests of storage and of the writer: a directory that goes away,
 * statuses that say why, bytes whose end the sanitizer guards, child processes, and the index as
 * others see it.
 */
#ifndef SY_STORAGE_HELPER_H
#define SY_STORAGE_HELPER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "storage/env.h"
#include "tests/oracle/random_text.h"

/* The error all calls in these tests fill; assert_status() shows it. */
extern sy_error test_error;

#define assert_status(call, wanted) check_status((call), (wanted), #call, __FILE__, __LINE__)
#define assert_ok(call) assert_status(call, SY_OK)
void check_status(sy_status got, sy_status wanted, const char *what, const char *file, int line);

/* A new empty directory. Owned by the caller: remove_directory(), which deletes what is in it
 * too. */
char *make_directory(void);
void remove_directory(char *path);

/* A random source from $SUOYIN_SEED or `otherwise`; says which. */
random_source seeded(uint64_t otherwise);

/* `bytes` bytes and the 8 behind them that a decoder may read, in memory that ends there.
 * free(). */
uint8_t *exact_copy(const void *data, size_t bytes);

/* Runs `body` in a child process and returns what waitpid() says of it. Nothing of LMDB may be
 * open. The child ends with 0 when `body` returns. */
int run_child(void (*body)(void *context), void *context);

/* In a child, where cmocka must not be used: ends it with a message unless `good`. */
#define require(good) require_at((good), #good, __FILE__, __LINE__)
void require_at(bool good, const char *what, const char *file, int line);

static inline sy_string string_of(const char *text) { return (sy_string){text, strlen(text)}; }

/* ---- Indexes ---- */

/* sy_index_check() finds nothing; problems are printed. */
void assert_sound(const char *path);
sy_index_stats stats_of(const char *path);

#endif
