/*
 * test_fuzz_block.c - blocks of 128 integers, patched and Elias-Fano: any bytes decode or are
 * refused, skipping agrees with decoding, and what was decoded survives being encoded again.
 */
#include "storage/elias_fano.h"
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

/* Bytes as a block that ends at a number of the input's choice. */
static void ascending(const uint8_t *data, size_t bytes) {
  uint32_t base, last, numbers[SY_BLOCK], again[SY_BLOCK];
  memcpy(&base, data, 4);
  memcpy(&last, data + 4, 4);
  if (data[0] % 2) base = UINT32_MAX;
  if (data[1] % 2) last = base + SY_BLOCK + last % 5000;
  uint8_t *exact = calloc(1, bytes), room[SY_ELIAS_FANO_MAX_BYTES + 8];
  fuzz_check(exact);
  memcpy(exact, data + 8, bytes - 8); /* 8 bytes behind may be read */
  const uint8_t *end = exact + bytes - 8;
  const uint8_t *behind = sy_elias_fano_decode(exact, end, base, last, numbers);
  if (behind) {
    fuzz_check(behind <= end && numbers[SY_BLOCK - 1] == last);
    for (uint32_t i = 0, before = base; i < SY_BLOCK; before = numbers[i++]) {
      fuzz_check(numbers[i] - base > before - base && numbers[i] <= last);
    }
    uint8_t *coded = sy_elias_fano_encode(numbers, base, room);
    fuzz_check(coded - room == behind - exact);
    fuzz_check(sy_elias_fano_decode(room, coded, base, last, again) == coded);
    fuzz_check(!memcmp(numbers, again, sizeof again));
  }
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
  if (bytes >= 8) ascending(data, bytes);
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
    uint32_t base = UINT32_MAX;
    for (uint32_t i = 0, at = 0; i < SY_BLOCK; i++) values[i] = at += 1 + (i * 31 % 17 << shape);
    uint8_t block[8 + SY_ELIAS_FANO_MAX_BYTES + 8];
    memcpy(block, &base, 4);
    memcpy(block + 4, &values[SY_BLOCK - 1], 4);
    block[0] = 1;
    give(context, block, (size_t)(sy_elias_fano_encode(values, base, block + 8) - block));
  }
}
