/*
 * test_fuzz_segment.c - values of an index that say anything but have right checksums: the input is
 * a list of changes to the values of a small index (every decoder of storage/ reads some of them).
 * Opening, checking, using, and with some inputs merging what comes out must end, with any status.
 *
 *     input = flags u8, then changes: value u8, kind u8, offset u16, count u8, `count` bytes
 */
#include "base/bytes.h"
#include "storage/env.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/fuzz_index.h"

#include <stdio.h>

enum { ARTICLES = 180, VALUES_MOST = 128 };
enum { CHANGE_XOR, CHANGE_SET, CHANGE_CUT, CHANGE_INSERT, CHANGE_KINDS };
enum { FLAG_MERGE = 1 };

typedef struct stored_value {
  uint32_t segment, part, ordinal;
  sy_buffer original;
  bool changed;
} stored_value;

static char path[256];
static stored_value values[VALUES_MOST];
static uint32_t value_count;
static bool all_changed;

static sy_status keep_value(void *context, uint32_t segment, uint32_t part, uint32_t ordinal,
                            sy_value value, bool sound) {
  (void)context;
  fuzz_check(sound && value_count < VALUES_MOST);
  stored_value *v = &values[value_count++];
  *v = (stored_value){segment, part, ordinal, {0}, false};
  sy_buffer_append(&v->original, value.data, value.bytes);
  return SY_OK;
}

static void free_values(void) {
  for (uint32_t i = 0; i < value_count; i++) sy_buffer_free(&values[i].original);
}

static void prepare(void) {
  if (path[0]) return;
  snprintf(path, sizeof path, "%s/segment", fuzz_directory());
  fuzz_index_make(path, ARTICLES);
  sy_env *env;
  fuzz_check(sy_env_open(path, false, false, &env, NULL) == SY_OK);
  fuzz_check(sy_env_read(env, NULL) == SY_OK);
  fuzz_check(sy_env_walk(env, keep_value, NULL, NULL) == SY_OK);
  sy_env_close(env);
  atexit(free_values);
}

static void put(sy_env *env, const stored_value *v, const sy_buffer *data) {
  sy_status status =
      sy_env_put(env, v->segment, (sy_part)v->part, v->ordinal, data->data, data->bytes, NULL);
  fuzz_check(status == SY_OK);
}

static bool unwanted(const void *context, uint32_t segment) {
  (void)context, (void)segment;
  return false;
}

/* Undoes what the last input did. */
static void restore(sy_env *env) {
  if (all_changed) fuzz_check(sy_env_sweep(env, unwanted, NULL, NULL) == SY_OK);
  for (uint32_t i = 0; i < value_count; i++) {
    if (values[i].changed || all_changed) put(env, &values[i], &values[i].original);
    values[i].changed = false;
  }
  all_changed = false;
}

static void change(sy_buffer *data, fuzz_input *in) {
  uint32_t kind = fuzz_u8(in) % CHANGE_KINDS, offset = fuzz_u16(in);
  size_t count;
  const uint8_t *bytes = fuzz_bytes(in, fuzz_u8(in), &count);
  offset = data->bytes ? offset % ((uint32_t)data->bytes + 1) : 0;
  if (kind == CHANGE_CUT) data->bytes = offset;
  if (kind == CHANGE_INSERT) {
    sy_buffer_reserve(data, count);
    memmove(data->data + offset + count, data->data + offset, data->bytes - offset);
    if (count) memcpy(data->data + offset, bytes, count);
    data->bytes += count;
  }
  for (size_t i = 0; i < count && offset + i < data->bytes && kind <= CHANGE_SET; i++) {
    data->data[offset + i] = (uint8_t)(kind == CHANGE_XOR ? data->data[offset + i] : 0) ^ bytes[i];
  }
}

static void change_values(sy_env *env, fuzz_input *in) {
  sy_buffer data[VALUES_MOST] = {{0}};
  while (fuzz_left(in) > 4) {
    uint32_t i = fuzz_u8(in) % value_count;
    if (!values[i].changed)
      sy_buffer_append(&data[i], values[i].original.data, values[i].original.bytes);
    values[i].changed = true;
    change(&data[i], in);
  }
  for (uint32_t i = 0; i < value_count; i++) {
    if (values[i].changed) put(env, &values[i], &data[i]);
    sy_buffer_free(&data[i]);
  }
}

static void merge(void) {
  sy_writer *w;
  all_changed = true;
  if (sy_writer_open(path, NULL, &w, NULL) != SY_OK) return;
  (void)sy_writer_delete(w, (sy_string){"id100", 5}, NULL);
  (void)sy_writer_merge(w, 1, NULL);
  sy_writer_close(w);
}

const uint32_t fuzz_mutations = 1000;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
  fuzz_input in = {data, data + bytes};
  uint8_t flags = fuzz_u8(&in);
  sy_env *env;
  sy_index *index;
  prepare();
  fuzz_check(sy_env_open(path, true, false, &env, NULL) == SY_OK);
  restore(env);
  change_values(env, &in);
  fuzz_check(sy_env_commit(env, NULL) == SY_OK);
  sy_env_close(env);
  if (sy_index_open(path, &index, NULL) == SY_OK) {
    (void)sy_index_check(index, NULL, NULL, NULL);
    fuzz_index_use(index);
    sy_index_close(index);
  }
  if (flags & FLAG_MERGE) merge();
  return 0;
}

/* Changes to each value, at several places. */
void fuzz_seeds(fuzz_give *give, void *context) {
  prepare();
  for (uint32_t v = 0; v < value_count; v++) {
    for (uint32_t kind = 0; kind < CHANGE_KINDS; kind++) {
      uint32_t offset = (uint32_t)values[v].original.bytes * (kind + 1) / 5;
      uint8_t seed[] = {(uint8_t)(v % 2),
                        (uint8_t)v,
                        (uint8_t)kind,
                        (uint8_t)offset,
                        (uint8_t)(offset >> 8),
                        2,
                        (uint8_t)(1u << (v % 8)),
                        0xFF};
      give(context, seed, sizeof seed);
    }
  }
}
