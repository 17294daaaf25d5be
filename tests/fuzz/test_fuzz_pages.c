/*
 * test_fuzz_pages.c - LMDB's pages: the input changes bytes of a small index's file, which is then
 * read, walked and checked as pages.h does it. What the check found in order is walked without
 * fault, and every value of the walk is found by its key.
 *
 *     input = pages cut from the end u8, then changes: offset u24, count u8, `count` bytes
 */
#include "base/bytes.h"
#include "storage/pages.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/fuzz_index.h"

#include <stdio.h>

enum { FILE_MOST = 1 << 22, PAGE = 4096 };

static uint8_t original[FILE_MOST];
static size_t original_bytes;

static void prepare(void) {
  char path[256];
  if (original_bytes) return;
  snprintf(path, sizeof path, "%s/pages", fuzz_directory());
  fuzz_index_make(path, 40);
  snprintf(path, sizeof path, "%s/pages/data.mdb", fuzz_directory());
  FILE *file = fopen(path, "rb");
  fuzz_check(file != NULL);
  original_bytes = fread(original, 1, sizeof original, file);
  fclose(file);
}

typedef struct finder {
  const sy_pages *pages;
  bool sound; /* the check said so */
} finder;

static sy_status find_value(void *context, const sy_page_value *value, sy_error *error) {
  const finder *f = context;
  sy_page_value found;
  sy_status status = sy_pages_get(f->pages, value->key, &found, error);
  if (f->sound) fuzz_check(status == SY_OK && found.data == value->data);
  if (sy_pages_overflow(f->pages, value, error) != SY_OK) return SY_OK;
  volatile uint8_t sum = 0;
  for (uint64_t i = 0; i < value->bytes; i += 64) sum = (uint8_t)(sum + value->data[i]);
  return SY_OK;
}

static void use(const sy_pages *pages) {
  static const uint64_t keys[] = {0, 255u << 24, 1ull << 32, 1ull << 32 | 3u << 24, UINT64_MAX};
  sy_page_value value;
  uint64_t free_pages;
  finder f = {pages, sy_pages_check(pages, NULL, &free_pages, NULL) == SY_OK};
  sy_status status = sy_pages_walk(pages, 0, UINT64_MAX, find_value, &f, NULL);
  if (f.sound) fuzz_check(status == SY_OK && free_pages < pages->meta.last_page);
  (void)sy_pages_walk(pages, 1ull << 32, 1ull << 33, find_value, &f, NULL);
  for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
    (void)sy_pages_get(pages, keys[i], &value, NULL);
}

const uint32_t fuzz_mutations = 6000;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
  prepare();
  fuzz_input in = {data, data + bytes};
  size_t cut = (size_t)fuzz_u8(&in) * PAGE;
  size_t file_bytes = cut < original_bytes ? original_bytes - cut : 0;
  uint8_t *file = fuzz_copy(original, file_bytes);
  while (fuzz_left(&in) > 4 && file_bytes) {
    size_t at = (fuzz_u16(&in) | (size_t)fuzz_u8(&in) << 16) % file_bytes, count;
    const uint8_t *change = fuzz_bytes(&in, fuzz_u8(&in), &count);
    for (size_t i = 0; i < count && at + i < file_bytes; i++) file[at + i] = change[i];
  }
  sy_page_meta metas[2];
  if (sy_pages_metas("file", file, file_bytes, metas, NULL) == SY_OK) {
    for (int i = 0; i < 2; i++) {
      uint64_t count = file_bytes / metas[i].page_bytes;
      if (count > metas[i].last_page + 1) count = metas[i].last_page + 1;
      sy_pages pages = {"file", file, count, metas[i]};
      use(&pages);
    }
  }
  free(file);
  return 0;
}

/* Changes in the heads, the first nodes and the ends of all pages. */
void fuzz_seeds(fuzz_give *give, void *context) {
  static const uint16_t places[] = {0,  8,  10, 12, 14,  16,  18,   24,
                                    40, 64, 80, 88, 136, 144, 4000, 4080};
  prepare();
  for (size_t page = 0; page < 8 && page * PAGE < original_bytes; page++) {
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
      size_t at = page * PAGE + places[i];
      uint8_t seed[] = {(uint8_t)(i % 5 == 4),
                        (uint8_t)at,
                        (uint8_t)(at >> 8),
                        (uint8_t)(at >> 16),
                        3,
                        (uint8_t)(original[at] + 1),
                        original[at + 1],
                        0};
      give(context, seed, sizeof seed);
    }
  }
}
