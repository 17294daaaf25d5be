/*
 * test_fuzz_codes.c - codes of bit strings: interpolative codes and groups of positions. Numbers
 * from the input come back; any bits decode to numbers that are within their bounds, or are
 * refused.
 *
 *     input = way u8, then as its function says
 */
#include "storage/interpolative.h"
#include "storage/positions.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>

enum { NUMBERS_MOST = 300, ARTICLES_MOST = 40, FREQUENCY_MOST = 64 };

/* Bits of an index: 8 bytes behind them may be read, never used. */
static uint8_t *padded(const uint8_t *data, size_t bytes) {
  uint8_t *copy = calloc(1, bytes + 8);
  fuzz_check(copy != NULL);
  if (bytes) memcpy(copy, data, bytes);
  return copy;
}

/* ---- Interpolative --------------------------------------------------------------------------- */

static void check_ascending(const uint32_t *numbers, uint32_t count, uint32_t low, uint32_t high) {
  for (uint32_t i = 0; i < count; i++) {
    fuzz_check(numbers[i] >= low && numbers[i] <= high);
    if (i) fuzz_check(numbers[i] > numbers[i - 1]);
  }
}

static void interpolate(const uint32_t *numbers, uint32_t count, uint32_t low, uint32_t high) {
  uint8_t room[NUMBERS_MOST * SY_INTERPOLATIVE_BITS / 8 + 24];
  uint32_t again[NUMBERS_MOST];
  sy_bit_writer w = {room, 0, 0};
  sy_interpolative_put(&w, numbers, count, low, high);
  uint64_t bits = 8 * (uint64_t)(w.at - room) + w.count;
  uint8_t *exact = padded(room, (size_t)(sy_bits_end(&w) - room));
  sy_bit_reader r = {exact, 0, bits, false};
  fuzz_check(sy_interpolative_get(&r, again, count, low, high) && r.at == bits);
  fuzz_check(!memcmp(numbers, again, count * sizeof *numbers));
  r = (sy_bit_reader){exact, 0, bits ? bits - 1 : 0, false};
  fuzz_check(sy_interpolative_get(&r, again, count, low, high) == !bits);
  free(exact);
}

/* low u32, high u32, count u16, bits */
static void read_interpolative(fuzz_input *in) {
  uint32_t low = fuzz_u32(in), high = fuzz_u32(in), count = fuzz_u16(in) % NUMBERS_MOST;
  uint32_t numbers[NUMBERS_MOST];
  uint8_t *exact = padded(in->at, fuzz_left(in));
  sy_bit_reader r = {exact, 0, 8 * (uint64_t)fuzz_left(in), false};
  if (sy_interpolative_get(&r, numbers, count, low, high)) {
    check_ascending(numbers, count, low, high);
    interpolate(numbers, count, low, high);
  }
  free(exact);
}

/* low u32, gaps u8 or, behind FF, u32 */
static void write_interpolative(fuzz_input *in) {
  uint32_t low = fuzz_u32(in), numbers[NUMBERS_MOST], count = 0, after = fuzz_u8(in);
  for (uint64_t at = low; fuzz_left(in) && count < NUMBERS_MOST; count++) {
    uint8_t gap = fuzz_u8(in);
    at += gap == 0xFF ? fuzz_u32(in) : gap;
    if (at > UINT32_MAX) break;
    numbers[count] = (uint32_t)at++;
  }
  if (!count) return;
  uint32_t high = numbers[count - 1];
  interpolate(numbers, count, low, high > UINT32_MAX - after ? UINT32_MAX : high + after);
}

/* ---- Positions ------------------------------------------------------------------------------- */

typedef struct article {
  uint8_t length_code;
  uint32_t frequency, positions[FREQUENCY_MOST];
} article;

static void check_article(const uint8_t *bits, const article *a, uint64_t *high, uint64_t *low,
                          uint64_t high_end) {
  uint32_t parameter = sy_positions_parameter(a->length_code, a->frequency);
  sy_positions p = {bits, *high, *low, high_end, parameter, a->frequency, a->frequency, 0};
  for (uint32_t i = 0; i < a->frequency; i++) fuzz_check(sy_positions_next(&p) == a->positions[i]);
  fuzz_check(sy_positions_next(&p) == SY_NO_POSITION);
  fuzz_check(sy_positions_skip(bits, *high, high_end, a->frequency) == p.high);
  *high = p.high;
  *low = p.low;
}

/* Articles: length code u8, frequency u8, gaps u8 or, behind FF, u16 */
static void write_positions(fuzz_input *in) {
  static article articles[ARTICLES_MOST];
  sy_positions_group group = {0}, copy = {0};
  uint32_t count = 0;
  uint64_t high_bits = 0, low_bits = 0;
  for (; fuzz_left(in) && count < ARTICLES_MOST; count++) {
    article *a = &articles[count];
    a->length_code = fuzz_u8(in);
    a->frequency = 1 + fuzz_u8(in) % FREQUENCY_MOST;
    uint32_t parameter = sy_positions_parameter(a->length_code, a->frequency), at = 0;
    for (uint32_t i = 0; i < a->frequency; i++, at++) {
      uint32_t gap = fuzz_u8(in);
      if (gap == 0xFF) gap = fuzz_u16(in);
      a->positions[i] = at += gap;
      high_bits += 1 + (gap >> parameter);
      low_bits += parameter;
    }
    fuzz_check(sy_positions_group_add(&group, a->length_code, a->positions, a->frequency));
  }
  uint8_t *room = malloc(sy_positions_group_room(&group)), *again = NULL;
  fuzz_check(room != NULL);
  sy_bit_writer w = {room, 0, 0};
  sy_positions_group_put(&group, &w);
  fuzz_check(8 * (uint64_t)(w.at - room) + w.count == high_bits + low_bits);
  size_t bytes = (size_t)(sy_bits_end(&w) - room);
  uint8_t *exact = padded(room, bytes);
  uint64_t high = 0, low = high_bits;
  for (uint32_t i = 0; i < count; i++) check_article(exact, &articles[i], &high, &low, high_bits);
  fuzz_check(high == high_bits && low == high_bits + low_bits);
  fuzz_check(sy_positions_skip(exact, 0, high_bits, UINT32_MAX) == UINT64_MAX);
  sy_positions_range range = {exact, 0, high_bits, high_bits, high_bits + low_bits};
  fuzz_check(sy_positions_group_copy(&copy, &range));
  again = malloc(sy_positions_group_room(&copy));
  fuzz_check(again != NULL);
  w = (sy_bit_writer){again, 0, 0};
  sy_positions_group_put(&copy, &w);
  fuzz_check((size_t)(sy_bits_end(&w) - again) == bytes && !memcmp(again, room, bytes));
  free(exact);
  free(room);
  free(again);
  sy_positions_group_free(&group);
  sy_positions_group_free(&copy);
}

/* at u16, n u16, bits: what is skipped are as many ones as were asked for. */
static void skip_bits(fuzz_input *in) {
  uint64_t from = fuzz_u16(in), n = fuzz_u16(in), end = 8 * (uint64_t)fuzz_left(in), ones = 0;
  if (from > end) from = end;
  uint8_t *exact = padded(in->at, fuzz_left(in));
  uint64_t behind = sy_positions_skip(exact, from, end, n), at = from;
  for (; at < end && ones < n; at++) ones += exact[at / 8] >> at % 8 & 1;
  fuzz_check(behind == (ones == n ? at : UINT64_MAX));
  free(exact);
}

const uint32_t fuzz_mutations = 20000;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
  fuzz_input in = {data, data + bytes};
  switch (fuzz_u8(&in) % 4) {
    case 0: read_interpolative(&in); break;
    case 1: write_interpolative(&in); break;
    case 2: write_positions(&in); break;
    default: skip_bits(&in);
  }
  return 0;
}

void fuzz_seeds(fuzz_give *give, void *context) {
  for (uint32_t way = 0; way < 4; way++) {
    for (uint32_t shape = 0; shape < 6; shape++) {
      sy_buffer seed = {0};
      sy_buffer_u8(&seed, (uint8_t)way);
      sy_buffer_u32(&seed, 3 * shape);
      if (way == 0) sy_buffer_u32(&seed, 100u << 4 * shape);
      if (way == 0) sy_buffer_append(&seed, "\x40\x00", 2);
      for (uint32_t i = 0; i < 60 + 100 * shape; i++) {
        sy_buffer_u8(&seed, (uint8_t)(i * 37 * (shape + 1) + i / 11));
      }
      give(context, seed.data, seed.bytes);
      sy_buffer_free(&seed);
    }
  }
}
