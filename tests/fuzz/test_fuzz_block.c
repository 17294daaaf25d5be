/*
 * test_fuzz_block.c - blocks of 128 integers: any bytes decode or are refused, skipping agrees with
 * decoding, and what was decoded survives being encoded again.
 */
#include "storage/block.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

static void check_round_trip(const uint32_t values[SY_BLOCK]) {
  uint32_t again[SY_BLOCK];
  uint8_t room[SY_BLOCK_MAX_BYTES];
  const uint8_t *end = sy_block_encode(values, room);
  fuzz_check(end <= room + sizeof room);
  uint8_t *exact = fuzz_copy(room, (size_t)(end - room));
  const uint8_t *behind = sy_block_decode(exact, exact + (end - room), again);
  fuzz_check(behind == exact + (end - room));
  fuzz_check(!memcmp(values, again, sizeof again));
  fuzz_check(!sy_block_skip(exact, exact + (end - room) - 1));
  free(exact);
}

const uint32_t fuzz_mutations = 20000;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
  uint32_t values[SY_BLOCK];
  uint8_t *exact = fuzz_copy(data, bytes);
  const uint8_t *skipped = sy_block_skip(exact, exact + bytes);
  const uint8_t *decoded = sy_block_decode(exact, exact + bytes, values);
  fuzz_check(!decoded || decoded == skipped);
  if (decoded) check_round_trip(values);
  free(exact);
  memset(values, 0, sizeof values);
  if (bytes) memcpy(values, data, bytes < sizeof values ? bytes : sizeof values);
  check_round_trip(values);
  uint32_t largest = 0, most = sy_block_sum_gaps(values, data && bytes ? data[0] : UINT32_MAX);
  for (uint32_t i = 0; i < SY_BLOCK; i++) largest = values[i] > largest ? values[i] : largest;
  fuzz_check(largest == most);
  return 0;
}

void fuzz_seeds(fuzz_give *give, void *context) {
  for (uint32_t shape = 0; shape < 12; shape++) {
    uint32_t values[SY_BLOCK];
    uint8_t room[SY_BLOCK_MAX_BYTES];
    for (uint32_t i = 0; i < SY_BLOCK; i++) {
      values[i] = (i * 2654435761u) >> (32 - 2 * shape - 1);
      if (i % 17 == shape) values[i] = UINT32_MAX >> shape;
    }
    give(context, room, (size_t)(sy_block_encode(values, room) - room));
  }
}
