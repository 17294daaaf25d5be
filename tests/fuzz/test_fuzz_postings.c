/*
 * test_fuzz_postings.c - postings lists, two ways.
 *
 * Round trip: numbers from the input become a list, which must read as it was written. Any bytes:
 * the input is a list as a damaged index would hand it out; every way of reading it must end within
 * its bytes.
 */
#include "base/bytes.h"
#include "storage/lengths.h"
#include "storage/postings.h"
#include "tests/fuzz/fuzz.h"

enum { ARTICLES = 6000, POSITIONS = 40 };

static uint8_t lengths[ARTICLES];

/* ---- Any bytes ---- */

static void use_positions(sy_postings *p) {
  sy_positions positions;
  uint8_t place = (uint8_t)p->at;
  sy_first_positions first;
  bool read = p->article % 2 && sy_postings_first_positions(p, &place, 1, &first);
  if (!sy_postings_positions(p, &positions)) return;
  fuzz_check(!read || positions.count > 0);
  volatile uint32_t sum = 0;
  for (uint32_t i = 0; i < positions.count; i++) {
    uint32_t position = sy_positions_next(&positions);
    if (i == 0 && read) fuzz_check(position == first.positions[0] || position == SY_NO_POSITION);
    sum += position;
  }
  if (!read) return;
  positions = sy_postings_behind_first(p, place, &first, 0);
  while (positions.left) sum += sy_positions_next(&positions);
}

static void walk(const sy_list *list) {
  sy_postings p;
  sy_postings_open(&p, list);
  for (uint32_t i = 0; sy_postings_next(&p) != SY_NO_ARTICLE; i++) {
    fuzz_check(p.article < ARTICLES);
    fuzz_check(i < list->df);
    (void)sy_postings_frequency(&p);
    use_positions(&p);
  }
  (void)sy_postings_max_impact(&p);
}

static void jump(const sy_list *list, uint32_t step) {
  sy_postings p;
  sy_postings_open(&p, list);
  for (uint32_t target = 0, rounds = 0; target < ARTICLES && rounds < 300; rounds++) {
    uint32_t impact;
    (void)sy_postings_block_bound(&p, target, &impact);
    fuzz_check(impact <= 255);
    if (sy_postings_advance(&p, target) == SY_NO_ARTICLE) break;
    fuzz_check(p.article < ARTICLES);
    (void)sy_postings_frequency(&p);
    use_positions(&p);
    target = (p.article > target ? p.article : target) + 1 + step;
  }
}

static void read_any(fuzz_input *in) {
  uint32_t df = 1 + fuzz_u16(in) % 700, step = fuzz_u8(in);
  sy_list list = {.df = df, .lengths = lengths, .article_count = ARTICLES};
  list.article = fuzz_u16(in);
  list.frequency = fuzz_u16(in);
  list.postings_bytes = fuzz_u16(in);
  /* 8 bytes behind a value may be read, never used: the checksum. */
  const uint8_t *data = fuzz_bytes(in, list.postings_bytes, &list.postings_bytes);
  uint8_t *postings = calloc(1, list.postings_bytes + 8);
  uint8_t *positions = calloc(1, fuzz_left(in) + 8);
  fuzz_check(postings && positions);
  if (list.postings_bytes) memcpy(postings, data, list.postings_bytes);
  list.postings = postings;
  list.positions_bytes = fuzz_left(in);
  if (list.positions_bytes) memcpy(positions, in->at, list.positions_bytes);
  list.positions = positions;
  walk(&list);
  jump(&list, step);
  free(postings);
  free(positions);
}

/* ---- Round trip ---- */

typedef struct posting {
  uint32_t article, frequency, positions[POSITIONS];
} posting;

/* The next posting from the input; the article's length is made to fit. */
static bool make_posting(fuzz_input *in, uint32_t after, posting *p) {
  p->article = after + fuzz_u8(in) % 40;
  if (p->article >= ARTICLES) return false;
  uint32_t kind = fuzz_u8(in);
  p->frequency = kind < 200 ? 1 : 1 + kind % POSITIONS;
  for (uint32_t i = 0, at = 0; i < p->frequency; i++) {
    at += fuzz_u8(in) + (kind % 7 == 0 ? 3000u : 0);
    p->positions[i] = at++;
    lengths[p->article] = sy_length_encode(at);
  }
  return true;
}

static void compare(const posting *expected, uint32_t count, const sy_list *list) {
  sy_postings p;
  sy_positions positions;
  sy_postings_open(&p, list);
  for (uint32_t i = 0; i < count; i++) {
    fuzz_check(sy_postings_next(&p) == expected[i].article);
    fuzz_check(sy_postings_frequency(&p) == expected[i].frequency);
    fuzz_check(sy_postings_positions(&p, &positions));
    fuzz_check(positions.count == expected[i].frequency);
    for (uint32_t k = 0; k < positions.count; k++)
      fuzz_check(sy_positions_next(&positions) == expected[i].positions[k]);
  }
  fuzz_check(sy_postings_next(&p) == SY_NO_ARTICLE && !p.corrupt);
  sy_postings_open(&p, list);
  for (uint32_t i = 0; i < count; i += 1 + i % 11) {
    fuzz_check(sy_postings_advance(&p, expected[i].article) == expected[i].article);
    fuzz_check(sy_postings_frequency(&p) == expected[i].frequency);
  }
}

static sy_list stored(const sy_encoded_list *e, uint8_t **postings, uint8_t **positions) {
  *postings = calloc(1, e->head_bytes + e->body_bytes + 8);
  *positions = calloc(1, e->positions_bytes + 8);
  fuzz_check(*postings && *positions);
  if (e->head_bytes) memcpy(*postings, e->head, e->head_bytes);
  if (e->body_bytes) memcpy(*postings + e->head_bytes, e->body, e->body_bytes);
  if (e->positions_bytes) memcpy(*positions, e->positions, e->positions_bytes);
  return (sy_list){.df = e->df,
                   .article = e->article,
                   .frequency = e->frequency,
                   .postings = *postings,
                   .postings_bytes = e->head_bytes + e->body_bytes,
                   .single_position = e->position,
                   .positions = e->positions_bytes ? *positions : NULL,
                   .positions_bytes = e->positions_bytes,
                   .lengths = lengths,
                   .article_count = ARTICLES};
}

static void write_and_read(fuzz_input *in) {
  static posting expected[600];
  uint32_t count = 0, after = 0;
  while (fuzz_left(in) && count < 600 && make_posting(in, after, &expected[count])) {
    after = expected[count++].article + 1;
  }
  if (!count) return;
  sy_list_writer w;
  sy_encoded_list encoded;
  uint8_t *postings, *positions;
  sy_list_writer_init(&w, lengths, ARTICLES, 50);
  for (uint32_t i = 0; i < count; i++) {
    sy_list_writer_add(&w, expected[i].article, expected[i].positions, expected[i].frequency);
  }
  fuzz_check(sy_list_writer_finish(&w, &encoded, NULL) == SY_OK);
  sy_list list = stored(&encoded, &postings, &positions);
  compare(expected, count, &list);
  free(postings);
  free(positions);
  sy_list_writer_free(&w);
}

const uint32_t fuzz_mutations = 20000;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
  fuzz_input in = {data, data + bytes};
  for (uint32_t i = 0; i < ARTICLES; i++) lengths[i] = (uint8_t)(i * 7 + i / 250);
  if (fuzz_u8(&in) % 2) {
    write_and_read(&in);
  } else {
    read_any(&in);
  }
  return 0;
}

/* Lists of several lengths as the writer makes them, and numbers to make lists of. */
void fuzz_seeds(fuzz_give *give, void *context) {
  static const uint32_t dfs[] = {1, 2, 30, 127, 128, 200, 256, 400};
  for (uint32_t i = 0; i < ARTICLES; i++) lengths[i] = (uint8_t)(i * 7 + i / 250);
  for (size_t d = 0; d < sizeof dfs / sizeof *dfs; d++) {
    sy_list_writer w;
    sy_encoded_list e;
    sy_list_writer_init(&w, lengths, ARTICLES, 50);
    for (uint32_t i = 0, article = 3; i < dfs[d]; i++, article += 1 + i % 13) {
      uint32_t position = 0;
      sy_list_writer_add(&w, article, &position, 1);
    }
    fuzz_check(sy_list_writer_finish(&w, &e, NULL) == SY_OK);
    size_t postings_bytes = e.head_bytes + e.body_bytes;
    uint8_t head[] = {0, (uint8_t)(dfs[d] - 1),   (uint8_t)((dfs[d] - 1) >> 8),  5, 3, 0, 1,
                      0, (uint8_t)postings_bytes, (uint8_t)(postings_bytes >> 8)};
    sy_buffer seed = {0};
    sy_buffer_append(&seed, head, sizeof head);
    sy_buffer_append(&seed, e.head, e.head_bytes);
    sy_buffer_append(&seed, e.body, e.body_bytes);
    sy_buffer_append(&seed, e.positions, e.positions_bytes);
    give(context, seed.data, seed.bytes);
    seed.bytes = 0;
    sy_buffer_u8(&seed, 1);
    for (uint32_t i = 0; i < 3 * dfs[d]; i++) sy_buffer_u8(&seed, (uint8_t)(i * 31 + i / 7));
    give(context, seed.data, seed.bytes);
    sy_buffer_free(&seed);
    sy_list_writer_free(&w);
  }
}
