/*
 * test_fuzz_lexicon.c - the lexicon, two ways.
 *
 * Round trip: terms from the input become runs, which must read as they were written, and every
 * term is found. Any bytes: the input is a directory and the three streams as a damaged index would
 * hand them out; walking, seeking and finding must end within their bytes, with any status.
 *
 *     input = 0, directory bytes u16, directory, lexicon bytes u16, lexicon, postings and positions
 *             1, then terms: field and kind u8, first u8, second u8 or letters u8, df u8
 */
#include "storage/lexicon.h"
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>

enum { ARTICLES = 300, TERMS_MOST = 500, WORD_MOST = 255 };

static const uint8_t lengths[ARTICLES];
static sy_env *env; /* empty; its path is in complaints */

static void close_env(void) { sy_env_close(env); }

static void prepare(void) {
  char path[256];
  if (env) return;
  snprintf(path, sizeof path, "%s/lexicon", fuzz_directory());
  fuzz_check(sy_env_open(path, true, true, &env, NULL) == SY_OK);
  atexit(close_env);
}

/* ---- A lexicon in memory --------------------------------------------------------------------- */

typedef struct memory_lexicon {
  uint8_t *directory, *data[3];
  sy_stream streams[3];
  sy_lexicon lexicon;
} memory_lexicon;

/* 8 bytes behind a value may be read, never used: the checksum. */
static uint8_t *padded(const uint8_t *data, size_t bytes) {
  uint8_t *copy = calloc(1, bytes + 8);
  fuzz_check(copy != NULL);
  if (bytes) memcpy(copy, data, bytes);
  return copy;
}

static sy_status open_lexicon(memory_lexicon *m, const uint8_t *directory, size_t directory_bytes,
                              const uint8_t *const data[3], const size_t bytes[3]) {
  static const sy_part parts[3] = {SY_PART_LEXICON, SY_PART_POSTINGS, SY_PART_POSITIONS};
  m->directory = padded(directory, directory_bytes);
  for (int i = 0; i < 3; i++) {
    fuzz_check(sy_stream_init(&m->streams[i], env, 1, parts[i], 1, NULL) == SY_OK);
    m->data[i] = padded(data[i], bytes[i]);
    m->streams[i].chunks[0] = (sy_value){m->data[i], bytes[i]};
    m->streams[i].sparing = false; /* they are in no file */
  }
  m->lexicon = (sy_lexicon){.lexicon = &m->streams[0],
                            .postings = &m->streams[1],
                            .positions = &m->streams[2],
                            .lengths = {lengths, lengths},
                            .article_count = ARTICLES};
  return sy_lexicon_init(&m->lexicon, (sy_value){m->directory, directory_bytes}, NULL);
}

static void close_lexicon(memory_lexicon *m) {
  free(m->directory);
  for (int i = 0; i < 3; i++) {
    sy_stream_free(&m->streams[i]);
    free(m->data[i]);
  }
}

/* ---- Any bytes ------------------------------------------------------------------------------- */

static void use_list(const sy_lexicon_cursor *c) {
  sy_list list;
  volatile uint8_t sum = 0;
  if (sy_lexicon_list(c, &list, NULL) != SY_OK) return;
  for (size_t i = 0; i < list.postings_bytes; i++) sum = (uint8_t)(sum + list.postings[i]);
  for (size_t i = 0; i < list.positions_bytes; i++) sum = (uint8_t)(sum + list.positions[i]);
}

static bool is_same(const sy_term_key *a, const sy_term_key *b) {
  if (a->first != b->first || a->word_bytes != b->word_bytes) return false;
  return a->word_bytes ? !memcmp(a->word, b->word, a->word_bytes) : a->second == b->second;
}

static void find(sy_lexicon *l, uint32_t field, const sy_term_key *key) {
  sy_lexicon_cursor c;
  if (sy_lexicon_find(l, field, key, &c, NULL) != SY_OK) return;
  fuzz_check(c.field == field && is_same(&c.key, key));
  use_list(&c);
}

static void walk_run(sy_lexicon *l, uint32_t run) {
  sy_lexicon_cursor c;
  if (sy_lexicon_open_run(l, run, &c, NULL) != SY_OK) return;
  for (uint32_t i = 0; sy_lexicon_next(&c, NULL) == SY_OK; i++) {
    fuzz_check(i < c.terms && !c.words == !c.key.word_bytes && c.key.word_bytes <= WORD_MOST);
    use_list(&c);
    if (i % 7 == 0) find(l, c.field, &c.key);
  }
  if (!c.words || sy_lexicon_open_run(l, run, &c, NULL) != SY_OK) return;
  if (sy_lexicon_seek_word(&c, (const uint8_t *)"m", 1, NULL) != SY_OK) return;
  while (sy_lexicon_next(&c, NULL) == SY_OK) use_list(&c);
}

static void read_any(fuzz_input *in) {
  memory_lexicon m;
  size_t directory_bytes, bytes[3];
  const uint8_t *data[3], *directory;
  directory = fuzz_bytes(in, fuzz_u16(in), &directory_bytes);
  data[0] = fuzz_bytes(in, fuzz_u16(in), &bytes[0]);
  data[1] = data[2] = in->at;
  bytes[1] = bytes[2] = fuzz_left(in);
  if (open_lexicon(&m, directory, directory_bytes, data, bytes) == SY_OK) {
    for (uint32_t run = 0; run < m.lexicon.count && run < 64; run++) walk_run(&m.lexicon, run);
    find(&m.lexicon, 0, &(sy_term_key){0x673A, 0x5668, NULL, 0});
    find(&m.lexicon, 1, &(sy_term_key){'m', 0, (const uint8_t *)"mm", 2});
  }
  close_lexicon(&m);
}

/* ---- Round trip ------------------------------------------------------------------------------ */

typedef struct model_term {
  uint32_t field, df;
  sy_term_key key;
  uint8_t word[WORD_MOST];
} model_term;

static int compare(const void *x, const void *y) {
  const model_term *a = x, *b = y;
  uint32_t i = a->field << 24 | a->key.first, k = b->field << 24 | b->key.first;
  if (i != k) return i < k ? -1 : 1;
  if (!a->key.word_bytes) {
    return (a->key.second > b->key.second) - (a->key.second < b->key.second);
  }
  uint32_t least = a->key.word_bytes < b->key.word_bytes ? a->key.word_bytes : b->key.word_bytes;
  int order = memcmp(a->word, b->word, least);
  return order ? order
               : (a->key.word_bytes > b->key.word_bytes) - (a->key.word_bytes < b->key.word_bytes);
}

/* Terms in order, each once; runs of words begin with a letter, others do not. */
static uint32_t make_terms(fuzz_input *in, model_term *terms) {
  uint32_t count = 0, kept = 0;
  for (; fuzz_left(in) && count < TERMS_MOST; count++) {
    model_term *t = &terms[count];
    uint8_t kind = fuzz_u8(in), first = fuzz_u8(in), more = fuzz_u8(in);
    *t = (model_term){.field = kind & 1, .df = fuzz_u8(in)};
    if (kind & 2) {
      t->key = (sy_term_key){'a' + first % 4u, 0, NULL, more ? more : 1};
      memset(t->word, kind >> 2, more);
      t->word[0] = (uint8_t)t->key.first;
    } else {
      t->key = (sy_term_key){0x4E00 + first % 4u, (uint32_t)more << (kind >> 4), NULL, 0};
    }
  }
  qsort(terms, count, sizeof *terms, compare);
  for (uint32_t i = 0; i < count; i++) {
    if (!kept || compare(&terms[kept - 1], &terms[i])) terms[kept++] = terms[i];
  }
  for (uint32_t i = 0; i < kept; i++) {
    if (terms[i].key.word_bytes) terms[i].key.word = terms[i].word;
  }
  return kept;
}

/* A list of `df` in a few bytes that tell which term it is of. */
static sy_encoded_list make_list(const model_term *t, uint32_t number, uint8_t bytes[8]) {
  sy_store64(bytes, number);
  uint32_t df = t->df ? t->df : 1;
  sy_encoded_list list = {.df = df, .article = number, .frequency = 1 + number % 3};
  list.frequency = df == 1 ? list.frequency : df;
  list.frequency_sum = df;
  list.position = number;
  list.head = bytes;
  list.head_bytes = 4;
  if (df >= SY_BLOCK || (df == 1 && list.frequency > 1)) {
    list.positions = bytes;
    list.positions_bytes = 1 + number % 8;
  }
  return list;
}

static void write_term(sy_lexicon_writer *w, const model_term *t, bool begins, uint32_t number) {
  uint8_t bytes[8];
  sy_encoded_list list = make_list(t, number, bytes);
  if (begins) {
    fuzz_check(sy_lexicon_writer_end(w, NULL) == SY_OK);
    sy_lexicon_writer_begin(w, t->field, t->key.first, t->key.word_bytes > 0);
  }
  fuzz_check(sy_lexicon_writer_add(w, &t->key, &list, NULL) == SY_OK);
}

static void check_term(const model_term *t, uint32_t number, const sy_lexicon_cursor *c) {
  uint8_t bytes[8];
  sy_encoded_list expected = make_list(t, number, bytes);
  sy_list list;
  fuzz_check(c->field == t->field && is_same(&c->key, &t->key) && c->df == expected.df);
  fuzz_check(sy_lexicon_list(c, &list, NULL) == SY_OK);
  if (c->df > 1) fuzz_check(list.postings_bytes == 4 && !memcmp(list.postings, bytes, 4));
  if (c->df == 1) fuzz_check(list.article == number && list.frequency == expected.frequency);
  if (!expected.positions_bytes) return;
  fuzz_check(list.positions_bytes == expected.positions_bytes);
  fuzz_check(!memcmp(list.positions, bytes, list.positions_bytes));
}

static void compare_all(sy_lexicon *l, const model_term *terms, uint32_t count) {
  sy_lexicon_cursor c;
  for (uint32_t i = 0, run = 0; i < count; run++) {
    fuzz_check(sy_lexicon_open_run(l, run, &c, NULL) == SY_OK);
    for (uint32_t k = c.terms; k--; i++) {
      fuzz_check(sy_lexicon_next(&c, NULL) == SY_OK);
      check_term(&terms[i], i, &c);
    }
    fuzz_check(sy_lexicon_next(&c, NULL) == SY_NOT_FOUND);
  }
  for (uint32_t i = 0; i < count; i++) {
    fuzz_check(sy_lexicon_find(l, terms[i].field, &terms[i].key, &c, NULL) == SY_OK);
    check_term(&terms[i], i, &c);
  }
}

/* The directory as the writer would store it: no value is so large that it goes to the
 * environment. */
static void put_directory(const sy_lexicon_writer *w, sy_buffer *out) {
  sy_buffer_u32(out, (uint32_t)(w->keys.bytes / 4));
  sy_buffer_append(out, w->keys.data, w->keys.bytes);
  sy_buffer_append(out, w->sizes.data, w->sizes.bytes);
  sy_buffer_append(out, w->addresses.data, w->addresses.bytes);
}

static void write_lexicon(sy_lexicon_writer *w, const model_term *terms, uint32_t count) {
  sy_lexicon_writer_init(w, env, 1);
  for (uint32_t i = 0; i < count; i++) {
    const model_term *before = &terms[i ? i - 1 : 0];
    bool begins = !i || before->field != terms[i].field || before->key.first != terms[i].key.first;
    write_term(w, &terms[i], begins, i);
  }
  fuzz_check(sy_lexicon_writer_end(w, NULL) == SY_OK);
}

static void write_and_read(fuzz_input *in) {
  static model_term terms[TERMS_MOST];
  sy_lexicon_writer w;
  memory_lexicon m;
  sy_buffer directory = {0};
  uint32_t count = make_terms(in, terms);
  write_lexicon(&w, terms, count);
  put_directory(&w, &directory);
  const sy_buffer *chunks[3] = {&w.lexicon.chunk, &w.postings.chunk, &w.positions.chunk};
  const uint8_t *data[3] = {chunks[0]->data, chunks[1]->data, chunks[2]->data};
  size_t bytes[3] = {chunks[0]->bytes, chunks[1]->bytes, chunks[2]->bytes};
  fuzz_check(open_lexicon(&m, directory.data, directory.bytes, data, bytes) == SY_OK);
  compare_all(&m.lexicon, terms, count);
  close_lexicon(&m);
  sy_buffer_free(&directory);
  sy_lexicon_writer_free(&w);
}

const uint32_t fuzz_mutations = 20000;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
  fuzz_input in = {data, data + bytes};
  prepare();
  if (fuzz_u8(&in) % 2) {
    write_and_read(&in);
  } else {
    read_any(&in);
  }
  return 0;
}

/* Terms, and the lexicon that they make. */
void fuzz_seeds(fuzz_give *give, void *context) {
  static model_term terms[TERMS_MOST];
  prepare();
  for (uint32_t shape = 1; shape <= 8; shape++) {
    sy_buffer seed = {0}, directory = {0};
    sy_lexicon_writer w;
    sy_buffer_u8(&seed, 1);
    for (uint32_t i = 0; i < 20 * shape; i++) {
      const uint8_t term[4] = {(uint8_t)(i * shape), (uint8_t)(i / 5), (uint8_t)(i * 7),
                               (uint8_t)(i % 4 ? 0 : i * 29)};
      sy_buffer_append(&seed, term, sizeof term);
    }
    give(context, seed.data, seed.bytes);
    fuzz_input in = {seed.data + 1, seed.data + seed.bytes};
    write_lexicon(&w, terms, make_terms(&in, terms));
    put_directory(&w, &directory);
    seed.bytes = 0;
    sy_buffer_u8(&seed, 0);
    const sy_buffer *parts[] = {&directory, &w.lexicon.chunk, &w.postings.chunk};
    for (int p = 0; p < 3; p++) {
      const uint8_t size[2] = {(uint8_t)parts[p]->bytes, (uint8_t)(parts[p]->bytes >> 8)};
      if (p < 2) sy_buffer_append(&seed, size, sizeof size);
      sy_buffer_append(&seed, parts[p]->data, parts[p]->bytes);
    }
    give(context, seed.data, seed.bytes);
    sy_buffer_free(&seed);
    sy_buffer_free(&directory);
    sy_lexicon_writer_free(&w);
  }
}
