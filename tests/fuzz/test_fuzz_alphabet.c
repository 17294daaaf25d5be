/*
 * test_fuzz_alphabet.c - alphabets. One that is learnt from the first part of the input gives every
 * text back; any bytes as an alphabet, and any as coded text, decode or are refused.
 *
 *     input = way u8, count u16, that many bytes (a sample, or a stored alphabet), a text or coded
 *     text
 */
#include "storage/alphabet.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>

static void decode_any(const uint8_t *stored, size_t stored_bytes, const uint8_t *coded,
                       size_t coded_bytes) {
  sy_buffer text = {0};
  uint8_t *alphabet = fuzz_copy(stored, stored_bytes), *exact = fuzz_copy(coded, coded_bytes);
  sy_cursor c = sy_cursor_make(alphabet, stored_bytes);
  if (sy_alphabet_skip(&c)) {
    fuzz_check((size_t)(c.at - alphabet) == sy_alphabet_bytes(alphabet));
    if (sy_alphabet_decode(alphabet, exact, coded_bytes, &text)) {
      fuzz_check(text.bytes <= 6 * coded_bytes);
    }
  }
  sy_buffer_free(&text);
  free(alphabet);
  free(exact);
}

/* `text` coded and decoded; the codes, shortened, are no fault either. */
static void check_round_trip(const sy_alphabet *alphabet, const uint8_t *text, size_t bytes) {
  sy_buffer stored = {0}, back = {0};
  uint8_t *exact = fuzz_copy(text, bytes), *coded = malloc(2 * bytes + 8);
  fuzz_check(coded != NULL);
  size_t coded_bytes = (size_t)(sy_alphabet_encode(alphabet, exact, bytes, coded) - coded);
  fuzz_check(coded_bytes <= 2 * bytes);
  sy_alphabet_store(alphabet, &stored);
  sy_cursor c = sy_cursor_make(stored.data, stored.bytes);
  fuzz_check(sy_alphabet_skip(&c) && c.at == c.end);
  uint8_t *exact_codes = fuzz_copy(coded, coded_bytes);
  fuzz_check(sy_alphabet_decode(stored.data, exact_codes, coded_bytes, &back));
  fuzz_check(back.bytes == bytes && (!bytes || !memcmp(back.data, text, bytes)));
  decode_any(stored.data, stored.bytes, coded, coded_bytes / 2);
  sy_buffer_free(&stored);
  sy_buffer_free(&back);
  free(exact_codes);
  free(coded);
  free(exact);
}

static void learn(const uint8_t *sample, size_t bytes, sy_alphabet *alphabet) {
  sy_symbol_counts *counts = calloc(1, sizeof *counts);
  fuzz_check(counts != NULL);
  for (int i = 0; i < 8; i++)
    sy_symbol_counts_add(counts, sample, bytes); /* pairs are seen often */
  fuzz_check(sy_alphabet_learn(alphabet, counts));
  free(counts);
}

const uint32_t fuzz_mutations = 3000;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
  static sy_alphabet alphabet;
  fuzz_input in = {data, data + bytes};
  uint8_t way = fuzz_u8(&in);
  size_t count;
  const uint8_t *first = fuzz_bytes(&in, fuzz_u16(&in), &count);
  if (way % 4) {
    decode_any(first, count, in.at, fuzz_left(&in));
  } else {
    learn(first, count, &alphabet);
    check_round_trip(&alphabet, in.at, fuzz_left(&in));
  }
  return 0;
}

static void give_parts(fuzz_give *give, void *context, uint8_t way, const sy_buffer *first,
                       const void *text, size_t bytes) {
  const uint8_t head[3] = {way, (uint8_t)first->bytes, (uint8_t)(first->bytes >> 8)};
  sy_buffer seed = {0};
  sy_buffer_append(&seed, head, sizeof head);
  sy_buffer_append(&seed, first->data, first->bytes);
  sy_buffer_append(&seed, text, bytes);
  give(context, seed.data, seed.bytes);
  sy_buffer_free(&seed);
}

void fuzz_seeds(fuzz_give *give, void *context) {
  static const char *const samples[] = {
      "",
      "我们是我们",
      "天地玄黃宇宙洪荒 ascii inside é ж 機器學習𠀀𠀁",
      "\xff\xfe\x80 的的的 \xe4\xb8",
      "\xE0\x80\x80\xE0\x80\x80\xED\xA0\x80\xE0\x9F\xBF\xE0\x80\x80",
      "的一是了我不人在他有这个上们来到时大地为子中你说生国年着就那和要她出也得里后自以会家可下而过"
      "天去能对小多然于心学么之都好看起发当没成只如事把还用第样道想作种开美总从无情己面最女但现前些"
      "所同日手又行意动方期它头经长儿回位分爱老因很给名法间斯知世什两次使身者被高已亲其进此话常与活"
      "正感"};
  static sy_alphabet alphabet;
  for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
    const char *text = samples[(i + 1) % (sizeof samples / sizeof *samples)];
    sy_buffer sample = {0}, stored = {0};
    uint8_t coded[2048];
    sy_buffer_append(&sample, samples[i], strlen(samples[i]));
    give_parts(give, context, 0, &sample, text, strlen(text));
    learn(sample.data, sample.bytes, &alphabet);
    sy_alphabet_store(&alphabet, &stored);
    size_t bytes =
        (size_t)(sy_alphabet_encode(&alphabet, (const uint8_t *)text, strlen(text), coded) - coded);
    give_parts(give, context, 1, &stored, coded, bytes);
    sy_buffer_free(&sample);
    sy_buffer_free(&stored);
  }
}
