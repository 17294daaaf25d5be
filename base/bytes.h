/*
 * bytes.h - little-endian loads and stores, varints, a growing buffer, and the bounded cursor
 * through which all untrusted bytes are read.
 *
 * Varint: 7 bits a byte, least significant first, the top bit set on all but the last byte. 300 is
 * AC 02. At most 10 bytes.
 *
 * The cursor carries its failure: a read past the end returns 0 and sets `failed`, and every later
 * read fails too, so a decoder reads a whole record and checks once.
 */
#ifndef SY_BYTES_H
#define SY_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "files are in the byte order of the machine, and only little-endian is supported"
#endif

static inline uint32_t sy_load32(const void *p) {
  uint32_t v;
  memcpy(&v, p, sizeof v);
  return v;
}

static inline uint64_t sy_load64(const void *p) {
  uint64_t v;
  memcpy(&v, p, sizeof v);
  return v;
}

static inline void sy_store32(void *p, uint32_t v) { memcpy(p, &v, sizeof v); }

static inline void sy_store64(void *p, uint64_t v) { memcpy(p, &v, sizeof v); }

#define SY_VARINT_MAX 10

/* Writes at most SY_VARINT_MAX bytes; returns the byte behind the last. */
static inline uint8_t *sy_put_varint(uint8_t *p, uint64_t v) {
  while (v >= 0x80) {
    *p++ = (uint8_t)v | 0x80;
    v >>= 7;
  }
  *p++ = (uint8_t)v;
  return p;
}

/* ---- Bounded cursor -------------------------------------------------------------------------- */

typedef struct sy_cursor {
  const uint8_t *at;
  const uint8_t *end;
  bool failed;
} sy_cursor;

static inline sy_cursor sy_cursor_make(const void *data, size_t bytes) {
  return (sy_cursor){(const uint8_t *)data, (const uint8_t *)data + bytes, false};
}

static inline size_t sy_cursor_left(const sy_cursor *c) { return (size_t)(c->end - c->at); }

/* A pointer to the next `bytes` bytes, or NULL. */
static inline const uint8_t *sy_read_bytes(sy_cursor *c, uint64_t bytes) {
  if (c->failed || bytes > sy_cursor_left(c)) {
    c->failed = true;
    return NULL;
  }
  const uint8_t *p = c->at;
  c->at += bytes;
  return p;
}

static inline uint8_t sy_read_u8(sy_cursor *c) {
  const uint8_t *p = sy_read_bytes(c, 1);
  return p ? *p : 0;
}

static inline uint32_t sy_read_u32(sy_cursor *c) {
  const uint8_t *p = sy_read_bytes(c, 4);
  return p ? sy_load32(p) : 0;
}

static inline uint64_t sy_read_u64(sy_cursor *c) {
  const uint8_t *p = sy_read_bytes(c, 8);
  return p ? sy_load64(p) : 0;
}

static inline uint64_t sy_read_varint(sy_cursor *c) {
  uint64_t v = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    if (c->failed || c->at == c->end) break;
    uint8_t b = *c->at++;
    v |= (uint64_t)(b & 0x7f) << shift;
    if (b < 0x80) return v;
  }
  c->failed = true;
  return 0;
}

/* A varint that must fit 32 bits. */
static inline uint32_t sy_read_varint32(sy_cursor *c) {
  uint64_t v = sy_read_varint(c);
  if (v > UINT32_MAX) {
    c->failed = true;
    return 0;
  }
  return (uint32_t)v;
}

/* ---- Growing buffer: for what is built once and written, not for hot loops ------------------- */

typedef struct sy_buffer {
  uint8_t *data;
  size_t bytes;
  size_t capacity;
  bool failed; /* sticky: an allocation failed, later appends do nothing */
} sy_buffer;

/* Room for `bytes` more; NULL (and failed) when memory is out. Does not change `bytes` of the
 * buffer. */
static inline uint8_t *sy_buffer_reserve(sy_buffer *b, size_t bytes) {
  if (b->failed) return NULL;
  if (b->capacity - b->bytes < bytes) {
    size_t capacity = b->capacity ? b->capacity : 256;
    while (capacity - b->bytes < bytes) capacity *= 2;
    uint8_t *data = (uint8_t *)realloc(b->data, capacity);
    if (!data) {
      b->failed = true;
      return NULL;
    }
    b->data = data;
    b->capacity = capacity;
  }
  return b->data + b->bytes;
}

static inline void sy_buffer_append(sy_buffer *b, const void *data, size_t bytes) {
  if (!bytes) return;
  uint8_t *p = sy_buffer_reserve(b, bytes);
  if (!p) return;
  memcpy(p, data, bytes); /* `data` is not NULL: `bytes` is not 0 */
  b->bytes += bytes;
}

static inline void sy_buffer_varint(sy_buffer *b, uint64_t v) {
  uint8_t *p = sy_buffer_reserve(b, SY_VARINT_MAX);
  if (p) b->bytes += (size_t)(sy_put_varint(p, v) - p);
}

static inline void sy_buffer_u8(sy_buffer *b, uint8_t v) { sy_buffer_append(b, &v, 1); }

static inline void sy_buffer_u32(sy_buffer *b, uint32_t v) {
  uint8_t *p = sy_buffer_reserve(b, 4);
  if (!p) return;
  sy_store32(p, v);
  b->bytes += 4;
}

static inline void sy_buffer_u64(sy_buffer *b, uint64_t v) {
  uint8_t *p = sy_buffer_reserve(b, 8);
  if (!p) return;
  sy_store64(p, v);
  b->bytes += 8;
}

static inline void sy_buffer_free(sy_buffer *b) {
  free(b->data);
  *b = (sy_buffer){0};
}

#endif
