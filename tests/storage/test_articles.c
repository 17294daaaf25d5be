/* test_articles.c - stored articles come back, whatever their sizes; damaged ones are refused. */
#include "storage/articles.h"
#include "tests/storage/storage_helper.h"
#include "text/utf8.h"

#define SEGMENT 5

typedef struct world {
  sy_pool *pool;
  char *path;
  sy_env *env;
  buffer *strings; /* three for each article */
  uint32_t count;
  uint32_t visited;
  sy_articles reader;
} world;

static sy_article article_of(const world *w, uint32_t i) {
  const buffer *s = w->strings + 3 * (size_t)i;
  return (sy_article){.title = {s[0].data, s[0].bytes},
                      .body = {s[1].data, s[1].bytes},
                      .fields = {s[2].data, s[2].bytes}};
}

static sy_articles_writer *new_writer(world *w, uint32_t segment, sy_block_visitor *visit) {
  sy_articles_options options = {.level = 3, .pool = w->pool, .visit = visit, .context = w};
  sy_articles_writer *writer;
  assert_ok(sy_articles_writer_new(w->env, segment, &options, &writer, &test_error));
  return writer;
}

static void assert_same(sy_string a, sy_string b) {
  assert_int_equal(a.bytes, b.bytes);
  if (a.bytes) assert_memory_equal(a.data, b.data, a.bytes);
}

/* Every article is shown to the visitor once. */
static void visit(void *context, uint32_t worker, uint32_t first, sy_cursor articles,
                  sy_buffer *marks) {
  (void)marks;
  world *w = context;
  assert_true(worker < sy_pool_workers(w->pool));
  for (sy_article got; sy_article_read(&articles, &got); first++) {
    sy_article wanted = article_of(w, first);
    assert_same(got.title, wanted.title);
    assert_same(got.body, wanted.body);
    assert_same(got.fields, wanted.fields);
    __atomic_fetch_add(&w->visited, 1, __ATOMIC_RELAXED);
  }
  assert_false(articles.failed);
}

static void write_articles(world *w, uint32_t segment, uint32_t *chunks) {
  sy_articles_writer *writer = new_writer(w, segment, visit);
  w->visited = 0;
  for (uint32_t i = 0; i < w->count; i++) {
    sy_article article = article_of(w, i);
    assert_ok(sy_articles_writer_add(writer, &article, &test_error));
  }
  assert_ok(sy_articles_writer_drain(writer, &test_error));
  assert_int_equal(w->visited, w->count);
  assert_ok(sy_articles_writer_finish(writer, &test_error));
  *chunks = sy_stream_chunk_count(sy_articles_writer_stream(writer)->end);
  sy_articles_writer_free(writer);
}

static void open_reader(world *w, uint32_t segment, uint32_t chunks) {
  assert_ok(sy_env_commit(w->env, &test_error));
  assert_ok(sy_env_read(w->env, &test_error));
  assert_ok(sy_articles_open(&w->reader, w->env, segment, w->count, chunks, &test_error));
}

/* Sizes: mostly small, many empty, some about a block, some far beyond one. */
static void world_make(world *w, random_source *random, uint32_t count) {
  *w = (world){.path = make_directory(), .count = count};
  assert_ok(sy_pool_new(1 + count % 3, &w->pool, &test_error));
  assert_ok(sy_env_open(w->path, true, true, &w->env, &test_error));
  w->strings = calloc(3 * (size_t)count + 1, sizeof *w->strings);
  for (size_t i = 0; i < 3 * (size_t)count; i++) {
    uint32_t size = random_below(random, 3) ? random_below(random, 200) : 0;
    if (random_one_in(random, 30)) size = SY_ARTICLE_BLOCK_BYTES - 3 + random_below(random, 8);
    if (random_one_in(random, 200)) size = 3000000;
    buffer *b = &w->strings[i];
    buffer_add(b, "", 0);
    while (b->bytes < size) {
      uint64_t bits = random_next(random);
      size_t left = size - b->bytes;
      buffer_add(b, (const char *)&bits, left < 8 ? left : 8);
    }
  }
}

static void world_free(world *w) {
  for (size_t i = 0; i < 3 * (size_t)w->count; i++) free(w->strings[i].data);
  free(w->strings);
  sy_env_close(w->env);
  sy_pool_free(w->pool);
  remove_directory(w->path);
}

static void check_article(world *w, uint32_t i) {
  sy_article got, wanted = article_of(w, i);
  assert_ok(sy_articles_get(&w->reader, i, &got, &test_error));
  assert_same(got.title, wanted.title);
  assert_same(got.body, wanted.body);
  assert_same(got.fields, wanted.fields);
}

static void check_all(world *w, random_source *random) {
  for (uint32_t i = 0; i < w->count; i++) check_article(w, i);
  for (uint32_t i = w->count; i-- > 0;) check_article(w, i);
  for (int i = 0; i < 100 && w->count; i++) check_article(w, random_below(random, w->count));
  sy_article out;
  assert_status(sy_articles_get(&w->reader, w->count, &out, &test_error), SY_CORRUPT);
}

/* Copies the blocks as a merge does, with articles of its own before, between and behind. */
static void check_copy(world *w, random_source *random) {
  sy_articles_writer *writer = new_writer(w, SEGMENT + 1, NULL);
  sy_article extra = article_of(w, 0);
  uint32_t added[64], count = 0; /* numbers of the extra ones */
  for (uint32_t b = 0; b <= w->reader.block_count; b++) {
    if (count < 64 && random_one_in(random, 2)) {
      added[count++] = sy_articles_writer_count(writer);
      assert_ok(sy_articles_writer_add(writer, &extra, &test_error));
    }
    if (b == w->reader.block_count) break;
    assert_ok(sy_articles_copy_block(&w->reader, b, writer, &test_error));
  }
  assert_ok(sy_articles_writer_finish(writer, &test_error));
  assert_ok(sy_env_commit(w->env, &test_error));
  assert_int_equal(sy_articles_writer_count(writer), w->count + count);
  world copy = *w;
  uint32_t total = sy_articles_writer_count(writer), original = 0, next = 0;
  sy_articles_close(&w->reader);
  assert_ok(sy_env_read(w->env, &test_error));
  assert_ok(sy_articles_open(&copy.reader, w->env, SEGMENT + 1, total,
                             sy_stream_chunk_count(sy_articles_writer_stream(writer)->end),
                             &test_error));
  for (uint32_t i = 0; i < total; i++) {
    sy_article got, wanted = extra;
    if (next < count && added[next] == i) {
      next++;
    } else {
      wanted = article_of(w, original++);
    }
    assert_ok(sy_articles_get(&copy.reader, i, &got, &test_error));
    assert_same(got.title, wanted.title);
    assert_same(got.body, wanted.body);
  }
  sy_articles_close(&copy.reader);
  sy_articles_writer_free(writer);
}

static void test_random(void **state) {
  (void)state;
  random_source random = seeded(16);
  const uint32_t counts[] = {0, 1, 2, 300, 1500};
  for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
    world w;
    uint32_t chunks;
    world_make(&w, &random, counts[i]);
    write_articles(&w, SEGMENT, &chunks);
    open_reader(&w, SEGMENT, chunks);
    check_all(&w, &random);
    if (counts[i]) {
      check_copy(&w, &random);
    } else {
      sy_articles_close(&w.reader);
    }
    world_free(&w);
  }
}

/* Enough Chinese for an alphabet; the second half is of other characters and gets its own. */
static void make_chinese(world *w, random_source *random) {
  world_make(w, random, 0);
  w->count = 600;
  free(w->strings);
  w->strings = calloc(3 * (size_t)w->count, sizeof *w->strings);
  for (uint32_t i = 0; i < 3 * w->count; i++) {
    buffer_add(&w->strings[i], "", 0);
    uint32_t characters = i % 3 == 1 ? 1 + random_below(random, 6000) : random_below(random, 20);
    uint32_t base = i < w->count * 3 / 2 ? 0x4E00 : 0x6E00;
    for (; characters; characters--) {
      uint8_t bytes[4];
      uint32_t a = random_below(random, 300), b = random_below(random, 300);
      buffer_add(&w->strings[i], (char *)bytes, sy_utf8_encode(bytes, base + (a < b ? a : b)));
    }
  }
}

static void test_alphabets(void **state) {
  (void)state;
  random_source random = seeded(19);
  world w;
  uint32_t chunks;
  make_chinese(&w, &random);
  write_articles(&w, SEGMENT, &chunks);
  open_reader(&w, SEGMENT, chunks);
  assert_true(w.reader.alphabet_count >= 2);
  check_all(&w, &random);
  check_copy(&w, &random);
  world_free(&w);
}

/* ---- Sections ---- */

/* Cuts each long body at characters, anywhere; the position is a third of the offset. */
static void visit_marking(void *context, uint32_t worker, uint32_t first, sy_cursor articles,
                          sy_buffer *marks) {
  world *w = context;
  sy_cursor again = articles;
  visit(context, worker, first, articles, marks);
  random_source random = {first + 1};
  for (sy_article a; sy_article_read(&again, &a);) {
    uint32_t at = 0;
    if (a.body.bytes < SY_LONG_BYTES) continue;
    while (at += 3 * (1 + random_below(&random, SY_SECTION_BYTES)), at < a.body.bytes) {
      sy_mark mark = {at, at / 3};
      sy_buffer_append(marks, &mark, sizeof mark);
    }
  }
  assert_true(w->count > first);
}

/* Reads the sections of each long article in some order, some of them twice: each is there when it
 * was read, and stays. */
static uint32_t check_sections(world *w, sy_articles *reader, random_source *random) {
  uint32_t several = 0;
  for (uint32_t i = 0; i < w->count; i++) {
    sy_article wanted = article_of(w, i);
    sy_sectioned_article got;
    assert_ok(sy_articles_get_sectioned(reader, i, &got, &test_error));
    uint32_t count = got.sections.count;
    bool *read = calloc(count, sizeof *read);
    several += count > 1;
    if (count > 1) assert_true(wanted.body.bytes >= SY_LONG_BYTES);
    for (uint32_t n = 0; n < 2 * count; n++) {
      uint32_t section = random_below(random, count);
      assert_ok(sy_articles_read_section(&got, section, &test_error));
      read[section] = true;
      for (uint32_t k = 0; k < count && count > 1; k++) {
        sy_section this = sy_sections_get(&got.sections, k);
        sy_section next = sy_sections_get(&got.sections, k + 1);
        assert_int_equal(this.position, this.offset / 3);
        assert_int_equal(sy_sections_find(&got.sections, this.position), k);
        assert_int_equal(sy_sections_find(&got.sections, next.position - 1), k);
        if (!read[k]) continue;
        assert_memory_equal(got.article.body.data + this.offset, wanted.body.data + this.offset,
                            next.offset - this.offset);
      }
    }
    if (count == 1) assert_same(got.article.body, wanted.body);
    assert_int_equal(got.article.body.bytes, wanted.body.bytes);
    assert_same(got.article.title, wanted.title);
    assert_same(got.article.fields, wanted.fields);
    free(read);
  }
  return several;
}

/* Among short articles, long ones; the first before there is an alphabet. */
static void make_long(world *w, random_source *random, uint32_t count) {
  world_make(w, random, 0);
  w->count = count;
  free(w->strings);
  w->strings = calloc(3 * (size_t)count, sizeof *w->strings);
  for (uint32_t i = 0; i < 3 * count; i++) {
    bool is_long = i % 3 == 1 && (i == 1 || random_one_in(random, 10));
    uint32_t characters = random_below(random, is_long ? 100000 : i % 3 == 1 ? 3000 : 20);
    if (i == 1) characters = 50000;
    buffer_add(&w->strings[i], "", 0);
    for (; characters; characters--) {
      uint8_t bytes[4];
      uint32_t a = random_below(random, 300), b = random_below(random, 300);
      buffer_add(&w->strings[i], (char *)bytes, sy_utf8_encode(bytes, 0x4E00 + (a < b ? a : b)));
    }
  }
}

static void write_marked(world *w, uint32_t *chunks) {
  sy_articles_writer *writer = new_writer(w, SEGMENT, visit_marking);
  for (uint32_t i = 0; i < w->count; i++) {
    sy_article article = article_of(w, i);
    assert_ok(sy_articles_writer_add(writer, &article, &test_error));
  }
  assert_ok(sy_articles_writer_finish(writer, &test_error));
  *chunks = sy_stream_chunk_count(sy_articles_writer_stream(writer)->end);
  sy_articles_writer_free(writer);
}

/* Copied one by one, behind 255 alphabets when `full`: then no block can be copied as it is. */
static void copy_articles(world *w, bool full, uint32_t segment, sy_articles *copy) {
  sy_articles_writer *writer = new_writer(w, segment, NULL);
  uint32_t more = full ? SY_ALPHABETS_MAX : 0;
  for (uint32_t n = 0; n < more; n++) {
    uint8_t alphabet[] = {1, 0, (uint8_t)n, 0x4E, 0, 0};
    sy_stored_block block = {(const uint8_t *)"", 0, 0, 0, alphabet, sizeof alphabet};
    bool added;
    assert_ok(sy_articles_writer_add_stored(writer, &block, &added, &test_error));
    assert_true(added);
  }
  for (uint32_t i = 0; i < w->count; i++)
    assert_ok(sy_articles_copy(&w->reader, i, writer, &test_error));
  assert_ok(sy_articles_writer_finish(writer, &test_error));
  assert_ok(sy_env_commit(w->env, &test_error));
  sy_articles_close(&w->reader);
  assert_ok(sy_env_read(w->env, &test_error));
  assert_ok(sy_articles_open(copy, w->env, segment, w->count,
                             sy_stream_chunk_count(sy_articles_writer_stream(writer)->end),
                             &test_error));
  sy_articles_writer_free(writer);
}

static void test_sections(void **state) {
  (void)state;
  random_source random = seeded(21);
  for (int full = 0; full < 2; full++) {
    world w;
    uint32_t chunks;
    sy_articles copy;
    make_long(&w, &random, 300);
    write_marked(&w, &chunks);
    open_reader(&w, SEGMENT, chunks);
    check_all(&w, &random);
    uint32_t several = check_sections(&w, &w.reader, &random);
    assert_true(several > 5);
    copy_articles(&w, full, SEGMENT + 1, &copy);
    assert_int_equal(check_sections(&w, &copy, &random), several);
    sy_articles_close(&copy);
    world_free(&w);
  }
}

/* The record in the documentation, in front of two frames. */
static void test_sections_example(void **state) {
  (void)state;
  static const uint8_t example[] = {
      0x50, 0x2A, 0x4D, 0x18, 0x14, 0x00, 0x00, 0x00, 0x70, 0x11, 0x01, 0x00, 0x02, 0x40,
      0x00, 0x00, 0x71, 0x17, 0x00, 0x00, 0x20, 0x1C, 0x00, 0x00, 0x00, 0x10, 0x00, 0x00,
  };
  sy_buffer record = {0};
  sy_mark mark = {16386, 6001};
  uint32_t block = 7200;
  sy_sections_begin(&record, 70000, &mark, &block, 1);
  assert_int_equal(record.bytes, sizeof example);
  assert_non_null(sy_buffer_reserve(&record, 4096));
  record.bytes += 4096;
  sy_sections_set_frames(&record, 1, 1);
  assert_memory_equal(record.data, example, sizeof example);
  sy_buffer_free(&record);
}

/* ---- Damage ---- */

static bool lies_in(sy_string s, const uint8_t *memory, size_t capacity) {
  uintptr_t at = (uintptr_t)s.data, start = (uintptr_t)memory;
  return memory && at >= start && s.bytes <= capacity && at - start <= capacity - s.bytes;
}

/* Reads all; a good status must come with strings inside the block. */
static void use(sy_articles *a) {
  for (uint32_t i = 0; i < a->article_count; i++) {
    sy_article out;
    memset(&out, 0xEE, sizeof out);
    if (sy_articles_get(a, i, &out, &test_error) != SY_OK) continue;
    const sy_string *strings[] = {&out.title, &out.body, &out.fields};
    for (int k = 0; k < 3; k++) {
      bool inside = lies_in(*strings[k], a->raw, a->raw_capacity) ||
                    lies_in(*strings[k], a->text.data, a->text.capacity);
      if (strings[k]->bytes && !inside) fail_msg("article %u is nowhere", i);
      if (!strings[k]->bytes && !strings[k]->data) continue;
      if (!inside) fail_msg("article %u is nowhere", i);
    }
  }
}

/* Many small articles in few blocks; each byte of the directory changed, and of the frames. */
static void test_damage(void **state) {
  (void)state;
  random_source random = seeded(17);
  world w;
  uint32_t chunks;
  world_make(&w, &random, 0);
  w.count = 200;
  free(w.strings);
  w.strings = calloc(600, sizeof *w.strings);
  for (uint32_t i = 0; i < 600; i++) {
    buffer_add(&w.strings[i], "", 0);
    random_text(&random, random_below(&random, 150), true, &w.strings[i]);
  }
  write_articles(&w, SEGMENT, &chunks);
  open_reader(&w, SEGMENT, chunks);
  assert_true(w.reader.block_count > 1);
  sy_value value;
  assert_ok(sy_env_get(w.env, SEGMENT, SY_PART_ARTICLE_DIRECTORY, 0, &value, &test_error));
  uint8_t *copy = exact_copy(value.data, value.bytes);
  size_t array = 4 * (size_t)w.reader.block_count;
  w.reader.firsts = copy + 4;
  w.reader.raw_sizes = w.reader.firsts + array;
  w.reader.sizes = w.reader.raw_sizes + array;
  w.reader.addresses = w.reader.sizes + array;
  w.reader.alphabet_of = w.reader.addresses + 2 * array;
  size_t alphabets = 4 + 5 * array + w.reader.block_count + 4;
  for (uint32_t i = 0; i < w.reader.alphabet_count; i++) {
    w.reader.alphabets[i] = copy + alphabets;
    alphabets += sy_alphabet_bytes(copy + alphabets);
  }
  assert_int_equal(alphabets, value.bytes);
  for (size_t i = 4; i < value.bytes; i++) {
    for (int change = 0; change < 3; change++) {
      uint8_t was = copy[i];
      copy[i] = change == 2 ? (uint8_t)(was + 1) : change ? was ^ 0x80 : (uint8_t)~was;
      w.reader.block = UINT32_MAX;
      use(&w.reader);
      copy[i] = was;
    }
  }
  const uint8_t *data;
  assert_ok(sy_stream_get(&w.reader.stream, 0, 1, &data, &test_error));
  size_t bytes = w.reader.stream.chunks[0].bytes;
  uint8_t *frames = exact_copy(w.reader.stream.chunks[0].data, bytes);
  w.reader.stream.chunks[0].data = frames;
  w.reader.stream.sparing = false; /* it would read them from the file */
  for (size_t i = 0; i < bytes; i += 1 + random_below(&random, 40)) {
    uint8_t was = frames[i];
    frames[i] ^= (uint8_t)(1u << random_below(&random, 8));
    w.reader.block = UINT32_MAX;
    use(&w.reader);
    frames[i] = was;
  }
  w.reader.block = UINT32_MAX;
  check_all(&w, &random);
  sy_articles_close(&w.reader);
  free(frames);
  free(copy);
  world_free(&w);
}

/* Reads long articles by sections; what comes must lie in memory that is there. */
static void use_sections(sy_articles *a) {
  for (uint32_t i = 0; i < a->article_count; i++) {
    sy_sectioned_article out;
    if (sy_articles_get_sectioned(a, i, &out, &test_error) != SY_OK) continue;
    for (uint32_t k = 0; k < out.sections.count; k++)
      sy_articles_read_section(&out, k, &test_error);
    sy_string body = out.article.body;
    if (body.bytes)
      assert_true(lies_in(body, a->text.data, a->text.capacity) ||
                  lies_in(body, a->raw, a->raw_capacity));
  }
}

/* The tables of sections, each byte changed, and the frames here and there. */
static void test_damaged_sections(void **state) {
  (void)state;
  random_source random = seeded(22);
  world w;
  uint32_t chunks;
  make_long(&w, &random, 3);
  write_marked(&w, &chunks);
  open_reader(&w, SEGMENT, chunks);
  const uint8_t *data;
  assert_ok(sy_stream_get(&w.reader.stream, 0, 1, &data, &test_error));
  size_t bytes = w.reader.stream.chunks[0].bytes;
  uint8_t *records = exact_copy(w.reader.stream.chunks[0].data, bytes);
  w.reader.stream.sparing = false;
  w.reader.stream.chunks[0].data = records;
  sy_sectioned_article first;
  assert_ok(sy_articles_get_sectioned(&w.reader, 0, &first, &test_error));
  assert_true(first.sections.count > 1);
  size_t table = (size_t)(first.sections.frames - records);
  for (size_t i = 0; i < bytes; i += i < table ? 1 : 1 + random_below(&random, 4000)) {
    for (int change = 0; change < 3; change++) {
      uint8_t was = records[i];
      records[i] = change == 2 ? (uint8_t)(was + 1) : change ? was ^ 0x80 : (uint8_t)~was;
      w.reader.block = UINT32_MAX;
      use_sections(&w.reader);
      use(&w.reader);
      records[i] = was;
    }
  }
  w.reader.block = UINT32_MAX;
  check_all(&w, &random);
  check_sections(&w, &w.reader, &random);
  sy_articles_close(&w.reader);
  free(records);
  world_free(&w);
}

/* Blocks whose alphabet is another one, or none, or does not exist. */
static void test_wrong_alphabet(void **state) {
  (void)state;
  random_source random = seeded(20);
  world w;
  uint32_t chunks;
  make_chinese(&w, &random);
  write_articles(&w, SEGMENT, &chunks);
  open_reader(&w, SEGMENT, chunks);
  uint8_t *numbers = exact_copy(w.reader.alphabet_of, w.reader.block_count);
  w.reader.alphabet_of = numbers;
  for (uint32_t b = 0; b < w.reader.block_count; b++) {
    uint8_t was = numbers[b];
    numbers[b] = (uint8_t)random_below(&random, w.reader.alphabet_count + 2);
    w.reader.block = UINT32_MAX;
    sy_article out;
    sy_status status =
        sy_articles_get(&w.reader, sy_load32(w.reader.firsts + 4 * b), &out, &test_error);
    if (numbers[b] > w.reader.alphabet_count) assert_status(status, SY_CORRUPT);
    numbers[b] = was;
  }
  w.reader.block = UINT32_MAX;
  check_all(&w, &random);
  sy_articles_close(&w.reader);
  free(numbers);
  world_free(&w);
}

/* A first block that begins behind the article asked for. */
static void test_first_behind(void **state) {
  (void)state;
  random_source random = {18};
  world w;
  uint32_t chunks;
  world_make(&w, &random, 3);
  write_articles(&w, SEGMENT, &chunks);
  open_reader(&w, SEGMENT, chunks);
  uint8_t firsts[4] = {1, 0, 0, 0};
  w.reader.firsts = firsts;
  w.reader.block_count = 1;
  sy_article out;
  assert_status(sy_articles_get(&w.reader, 0, &out, &test_error), SY_CORRUPT);
  sy_articles_close(&w.reader);
  assert_status(sy_articles_open(&w.reader, w.env, SEGMENT + 50, 3, chunks, &test_error),
                SY_CORRUPT);
  sy_articles_close(&w.reader);
  world_free(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_random),           cmocka_unit_test(test_alphabets),
      cmocka_unit_test(test_damage),           cmocka_unit_test(test_wrong_alphabet),
      cmocka_unit_test(test_first_behind),     cmocka_unit_test(test_sections),
      cmocka_unit_test(test_sections_example), cmocka_unit_test(test_damaged_sections),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
