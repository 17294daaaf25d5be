/* stream.c - records cut into LMDB values (layout in stream.h). */
#include "storage/stream.h"

#include "base/status.h"

void sy_stream_writer_init(sy_stream_writer *w, sy_env *env, uint32_t segment, sy_part part) {
  *w = (sy_stream_writer){env, segment, part, 0, 0, {0}};
}

static sy_status flush_chunk(sy_stream_writer *w, uint64_t ordinal, sy_error *error) {
  if (!w->chunk.bytes) return SY_OK;
  if (ordinal > SY_ORDINAL_MAX) {
    return sy_fail_at(error, SY_LIMIT, sy_env_path(w->env), 0, "part %d of a segment is too large",
                      (int)w->part);
  }
  return sy_env_put_chunk(w->env, w->segment, w->part, (uint32_t)ordinal, &w->chunk, error);
}

sy_status sy_stream_append(sy_stream_writer *w, const void *first, size_t first_bytes,
                           const void *second, size_t second_bytes, uint64_t *address,
                           sy_error *error) {
  size_t bytes = first_bytes + second_bytes;
  uint64_t at = sy_stream_place(w->end, bytes);
  if (at != w->end) SY_TRY(flush_chunk(w, w->end >> SY_ADDRESS_BITS, error));
  sy_buffer_append(&w->chunk, first, first_bytes);
  sy_buffer_append(&w->chunk, second, second_bytes);
  if (w->chunk.failed) return sy_fail_memory(error);
  w->end = sy_stream_end(at, bytes);
  w->bytes += bytes;
  if (address) *address = at;
  if (w->end >> SY_ADDRESS_BITS != at >> SY_ADDRESS_BITS) {
    return flush_chunk(w, at >> SY_ADDRESS_BITS, error);
  }
  return SY_OK;
}

sy_status sy_stream_finish(sy_stream_writer *w, sy_error *error) {
  return flush_chunk(w, w->end >> SY_ADDRESS_BITS, error);
}

void sy_stream_writer_free(sy_stream_writer *w) { sy_buffer_free(&w->chunk); }

sy_status sy_stream_init(sy_stream *s, sy_env *env, uint32_t segment, sy_part part,
                         uint32_t chunk_count, sy_error *error) {
  *s = (sy_stream){.env = env,
                   .segment = segment,
                   .part = part,
                   .chunk_count = chunk_count,
                   .sparing = sy_env_is_sparing(env)};
  if (chunk_count > SY_ORDINAL_MAX) {
    return sy_fail_at(error, SY_CORRUPT, sy_env_path(env), 0, "segment %u part %d: %u chunks",
                      segment, (int)part, chunk_count);
  }
  s->chunks = calloc(chunk_count ? chunk_count : 1, sizeof *s->chunks);
  return s->chunks ? SY_OK : sy_fail_memory(error);
}

/* A writer copies what it reads, and what it writes gets a checksum that is right: it verifies that
 * of the source. That, and looking it up, maps pages that are not needed any more then. */
static sy_status find_chunk(sy_stream *s, uint32_t chunk, sy_error *error) {
  sy_value *value = &s->chunks[chunk];
  sy_status status = s->sparing
                         ? sy_env_get_checked(s->env, s->segment, s->part, chunk, value, error)
                         : sy_env_get(s->env, s->segment, s->part, chunk, value, error);
  if (s->sparing) sy_env_release(s->env);
  return status == SY_NOT_FOUND ? SY_OK : status;
}

static bool in_window(const sy_stream *s, uint64_t address, uint64_t bytes) {
  return address >> SY_ADDRESS_BITS == s->window_address >> SY_ADDRESS_BITS &&
         address >= s->window_address && address + bytes <= s->window_address + s->window_bytes;
}

/* Fills the window from `address` in the chunk `value` on: with a record of `bytes`, and with what
 * is behind it if the stream is being read in order. */
static sy_status fill_window(sy_stream *s, const sy_value *value, uint64_t address, uint64_t bytes,
                             sy_error *error) {
  uint64_t offset = address & SY_ADDRESS_MASK, all = value->bytes - offset;
  bool in_order = address >= s->window_address &&
                  address - s->window_address < s->window_bytes + SY_WINDOW_BYTES;
  if (in_order) bytes = all < SY_WINDOW_BYTES ? all : SY_WINDOW_BYTES;
  if (!s->window) s->window = malloc(SY_WINDOW_BYTES + SY_ENV_READ_BEHIND);
  if (!s->window) return sy_fail_memory(error);
  s->window_address = address;
  s->window_bytes = 0;
  SY_TRY(sy_env_copy(s->env, value->data + offset, bytes + SY_ENV_READ_BEHIND, s->window, error));
  s->window_bytes = bytes;
  return SY_OK;
}

static sy_status get_sparing(sy_stream *s, const sy_value *value, uint64_t address, uint64_t bytes,
                             const uint8_t **data, sy_error *error) {
  if (bytes > SY_WINDOW_BYTES) {
    sy_env_release(s->env); /* the long record before */
    *data = value->data + (address & SY_ADDRESS_MASK);
    return SY_OK;
  }
  if (!in_window(s, address, bytes)) SY_TRY(fill_window(s, value, address, bytes, error));
  *data = s->window + (address - s->window_address);
  return SY_OK;
}

sy_status sy_stream_get(sy_stream *s, uint64_t address, uint64_t bytes, const uint8_t **data,
                        sy_error *error) {
  uint64_t chunk = address >> SY_ADDRESS_BITS, offset = address & SY_ADDRESS_MASK;
  *data = NULL;
  if (chunk < s->chunk_count) {
    const sy_value *value = &s->chunks[chunk];
    if (!value->data) SY_TRY(find_chunk(s, (uint32_t)chunk, error));
    if (value->data && offset <= value->bytes && bytes <= value->bytes - offset) {
      if (s->sparing) return get_sparing(s, value, address, bytes, data, error);
      *data = value->data + offset;
      return SY_OK;
    }
  }
  return sy_fail_at(error, SY_CORRUPT, sy_env_path(s->env), 0,
                    "segment %u part %d: %llu bytes at address %llu are not there", s->segment,
                    (int)s->part, (unsigned long long)bytes, (unsigned long long)address);
}

void sy_stream_free(sy_stream *s) {
  free(s->chunks);
  free(s->window);
  s->chunks = NULL;
  s->window = NULL;
}
