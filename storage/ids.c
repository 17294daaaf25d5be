/* ids.c - article ids: encoder and decoder of the formats in ids.h. */
#include "storage/ids.h"

#include "base/status.h"

#include <xxhash.h>

uint64_t sy_id_hash(sy_string id) { return XXH3_64bits(id.data, id.bytes); }

static uint32_t bits_for(uint32_t count) { return count ? 32 - (uint32_t)__builtin_clz(count) : 0; }

/* The low bits of a hash, above the bits that hold an article's number. */
static uint32_t make_entry(uint64_t hash, uint32_t article, uint32_t article_bits) {
  return article_bits == 32 ? article : (uint32_t)hash << article_bits | article;
}

static uint32_t bucket_of(uint64_t hash, uint32_t bucket_bits) {
  return bucket_bits ? (uint32_t)(hash >> (64 - bucket_bits)) : 0;
}

/* Counts up the decimal number that an id ends with, as it is written: behind 9 comes 10, behind 09
 * 10. There is room for one more byte. Returns the bytes of the id, 0 when it ends with no
 * digit. */
static size_t count_up(uint8_t *id, size_t bytes) {
  size_t at = bytes;
  while (at && id[at - 1] == '9') id[--at] = '0';
  if (at && id[at - 1] >= '0' && id[at - 1] < '9') {
    id[at - 1]++;
    return bytes;
  }
  if (at == bytes) return 0;
  memmove(id + at + 1, id + at, bytes - at);
  id[at] = '1';
  return bytes + 1;
}

/* ---- Writing --------------------------------------------------------------------------------- */

void sy_ids_writer_init(sy_ids_writer *w, sy_env *env, uint32_t segment) {
  memset(w, 0, sizeof *w);
  w->env = env;
  w->segment = segment;
  sy_stream_writer_init(&w->stream, env, segment, SY_PART_IDS);
}

void sy_ids_writer_free(sy_ids_writer *w) {
  sy_stream_writer_free(&w->stream);
  sy_buffer *buffers[] = {&w->sizes, &w->addresses, &w->hashes, &w->block, &w->previous};
  for (size_t i = 0; i < sizeof buffers / sizeof *buffers; i++) sy_buffer_free(buffers[i]);
}

static sy_status flush_block(sy_ids_writer *w, sy_error *error) {
  if (!w->block.bytes) return SY_OK;
  uint64_t address;
  SY_TRY(sy_stream_append(&w->stream, w->block.data, w->block.bytes, NULL, 0, &address, error));
  sy_buffer_u32(&w->sizes, (uint32_t)w->block.bytes);
  sy_buffer_u64(&w->addresses, address);
  w->block.bytes = 0;
  return SY_OK;
}

/* Whether the id is the one before, counted up, which is lost. */
static bool is_next(sy_ids_writer *w, sy_string id) {
  if (!sy_buffer_reserve(&w->previous, 1)) return false;
  size_t bytes = count_up(w->previous.data, w->previous.bytes);
  return bytes == id.bytes && !memcmp(w->previous.data, id.data, bytes);
}

/* Puts what tells the id from the one before. */
static void put_id(sy_ids_writer *w, sy_string id) {
  size_t shared = 0, most = id.bytes < w->previous.bytes ? id.bytes : w->previous.bytes;
  if (!w->block.bytes) most = 0;
  while (shared < most && w->previous.data[shared] == (uint8_t)id.data[shared]) shared++;
  if (w->block.bytes && is_next(w, id)) {
    sy_buffer_varint(&w->block, 0);
    return;
  }
  if (w->block.bytes) sy_buffer_varint(&w->block, 1 + shared);
  sy_buffer_varint(&w->block, id.bytes - shared);
  sy_buffer_append(&w->block, id.data + shared, id.bytes - shared);
}

sy_status sy_ids_writer_add(sy_ids_writer *w, sy_string id, sy_error *error) {
  if (w->count % SY_ID_BLOCK == 0) SY_TRY(flush_block(w, error));
  put_id(w, id);
  w->previous.bytes = 0;
  sy_buffer_append(&w->previous, id.data, id.bytes);
  sy_buffer_u64(&w->hashes, sy_id_hash(id));
  w->count++;
  return w->block.failed || w->previous.failed || w->hashes.failed ? sy_fail_memory(error) : SY_OK;
}

static sy_status put_directory(sy_ids_writer *w, sy_error *error) {
  sy_buffer directory = {0};
  sy_buffer_u32(&directory, (uint32_t)(w->sizes.bytes / 4));
  sy_buffer_append(&directory, w->sizes.data, w->sizes.bytes);
  sy_buffer_append(&directory, w->addresses.data, w->addresses.bytes);
  sy_status status = directory.failed || w->sizes.failed || w->addresses.failed
                         ? sy_fail_memory(error)
                         : sy_env_put(w->env, w->segment, SY_PART_ID_DIRECTORY, 0, directory.data,
                                      directory.bytes, error);
  sy_buffer_free(&directory);
  return status;
}

/* A counting sort by bucket, into the value that is stored. */
static sy_status put_hashes(sy_ids_writer *w, sy_error *error) {
  uint32_t bits = w->count < 8 ? 0 : bits_for(w->count) - 3, buckets = 1u << bits;
  uint32_t article_bits = bits_for(w->count);
  size_t bytes = 8 + 4 * ((size_t)buckets + 1) + 4 * (size_t)w->count;
  w->hash_bytes = bytes;
  uint8_t *value = calloc(1, bytes);
  uint32_t *next = calloc((size_t)buckets + 1, sizeof *next);
  sy_status status = value && next ? SY_OK : sy_fail_memory(error);
  if (status == SY_OK) {
    sy_store32(value, w->count);
    sy_store32(value + 4, bits);
    uint8_t *offsets = value + 8, *entries = offsets + 4 * ((size_t)buckets + 1);
    for (uint32_t i = 0; i < w->count; i++) {
      next[bucket_of(sy_load64(w->hashes.data + 8 * (size_t)i), bits) + 1]++;
    }
    for (uint32_t b = 0; b < buckets; b++) next[b + 1] += next[b];
    for (uint32_t b = 0; b <= buckets; b++) sy_store32(offsets + 4 * (size_t)b, next[b]);
    for (uint32_t i = 0; i < w->count; i++) {
      uint64_t hash = sy_load64(w->hashes.data + 8 * (size_t)i);
      uint32_t slot = next[bucket_of(hash, bits)]++;
      sy_store32(entries + 4 * (size_t)slot, make_entry(hash, i, article_bits));
    }
    status = sy_env_put(w->env, w->segment, SY_PART_ID_HASHES, 0, value, bytes, error);
  }
  free(value);
  free(next);
  return status;
}

sy_status sy_ids_writer_finish(sy_ids_writer *w, sy_error *error) {
  SY_TRY(flush_block(w, error));
  SY_TRY(sy_stream_finish(&w->stream, error));
  SY_TRY(put_directory(w, error));
  return put_hashes(w, error);
}

/* ---- Reading --------------------------------------------------------------------------------- */

static sy_status corrupt(const sy_ids *ids, sy_error *error) {
  return sy_fail_at(error, SY_CORRUPT, sy_env_path(ids->stream.env), 0,
                    "segment %u: ids contradict themselves", ids->stream.segment);
}

static sy_status get_value(sy_ids *ids, sy_part part, sy_value *value, sy_error *error) {
  sy_status status = sy_env_get(ids->stream.env, ids->stream.segment, part, 0, value, error);
  return status == SY_NOT_FOUND ? corrupt(ids, error) : status;
}

sy_status sy_ids_open(sy_ids *ids, sy_env *env, uint32_t segment, uint32_t article_count,
                      uint32_t chunk_count, sy_error *error) {
  memset(ids, 0, sizeof *ids);
  ids->next = UINT32_MAX;
  ids->article_count = article_count;
  SY_TRY(sy_stream_init(&ids->stream, env, segment, SY_PART_IDS, chunk_count, error));
  ids->id = malloc(SY_ID_MAX_BYTES + 1); /* a damaged one may be counted up beyond */
  if (!ids->id) return sy_fail_memory(error);
  sy_value value;
  SY_TRY(get_value(ids, SY_PART_ID_DIRECTORY, &value, error));
  sy_cursor c = sy_cursor_make(value.data, value.bytes);
  uint64_t blocks = sy_read_u32(&c);
  ids->sizes = sy_read_bytes(&c, 4 * blocks);
  ids->addresses = sy_read_bytes(&c, 8 * blocks);
  if (c.failed || blocks != (article_count + (uint64_t)SY_ID_BLOCK - 1) / SY_ID_BLOCK)
    return corrupt(ids, error);
  SY_TRY(get_value(ids, SY_PART_ID_HASHES, &value, error));
  c = sy_cursor_make(value.data, value.bytes);
  uint32_t count = sy_read_u32(&c);
  ids->bucket_bits = sy_read_u32(&c);
  if (ids->bucket_bits > 31) return corrupt(ids, error);
  ids->offsets = sy_read_bytes(&c, 4 * ((1ull << ids->bucket_bits) + 1));
  ids->entries = sy_read_bytes(&c, 4 * (uint64_t)count);
  return c.failed || count != article_count ? corrupt(ids, error) : SY_OK;
}

void sy_ids_close(sy_ids *ids) {
  sy_stream_free(&ids->stream);
  free(ids->id);
  ids->id = NULL;
}

sy_status sy_ids_get(sy_ids *ids, uint32_t article, sy_string *id, sy_error *error) {
  if (article >= ids->article_count) return corrupt(ids, error);
  uint32_t block = article / SY_ID_BLOCK, bytes = sy_load32(ids->sizes + 4 * (size_t)block);
  const uint8_t *data;
  SY_TRY(sy_stream_get(&ids->stream, sy_load64(ids->addresses + 8 * (size_t)block), bytes, &data,
                       error));
  sy_cursor c = sy_cursor_make(data, bytes);
  uint64_t length = 0;
  uint32_t i = 0;
  if (ids->next <= article && ids->next / SY_ID_BLOCK == block && ids->next_at <= bytes) {
    i = ids->next % SY_ID_BLOCK; /* go on behind the one that was read last */
    c.at += ids->next_at;
    length = ids->length;
  }
  ids->next = UINT32_MAX;
  for (; i <= article % SY_ID_BLOCK; i++) {
    uint64_t shared = i ? sy_read_varint32(&c) : 1;
    if (c.failed) return corrupt(ids, error);
    if (!shared) {
      length = count_up(ids->id, length);
      if (!length || length > SY_ID_MAX_BYTES) return corrupt(ids, error);
      continue;
    }
    uint64_t more = sy_read_varint32(&c);
    const uint8_t *suffix = sy_read_bytes(&c, more);
    if (!suffix || --shared > length || shared + more > SY_ID_MAX_BYTES) return corrupt(ids, error);
    memcpy(ids->id + shared, suffix, more);
    length = shared + more;
  }
  ids->next = (article + 1) % SY_ID_BLOCK ? article + 1 : UINT32_MAX;
  ids->next_at = (uint32_t)(c.at - data);
  ids->length = length;
  *id = (sy_string){(const char *)ids->id, length};
  return SY_OK;
}

sy_status sy_ids_find(sy_ids *ids, sy_string id, uint64_t hash,
                      bool (*visit)(void *context, uint32_t article), void *context,
                      sy_error *error) {
  uint32_t bucket = bucket_of(hash, ids->bucket_bits), bits = bits_for(ids->article_count);
  uint32_t at = sy_load32(ids->offsets + 4 * (size_t)bucket);
  uint32_t end = sy_load32(ids->offsets + 4 * ((size_t)bucket + 1));
  if (at > end || end > ids->article_count) return corrupt(ids, error);
  uint32_t mask = bits == 32 ? UINT32_MAX : (1u << bits) - 1;
  for (; at < end; at++) {
    uint32_t entry = sy_load32(ids->entries + 4 * (size_t)at), article = entry & mask;
    if (entry != make_entry(hash, article, bits)) continue;
    sy_string found;
    SY_TRY(sy_ids_get(ids, article, &found, error));
    if (found.bytes == id.bytes && !memcmp(found.data, id.data, id.bytes) &&
        visit(context, article)) {
      return SY_OK;
    }
  }
  return SY_NOT_FOUND;
}
