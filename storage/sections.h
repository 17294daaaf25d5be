/*
 * sections.h - the block of a long article, in sections that can be read alone.
 *
 * A snippet of a book needs two pages of it. So a long article is a block by itself, its body is
 * cut where units begin, and the sections are compressed one by one. The block's record is
 *
 *     magic u32         50 2A 4D 18: a skippable frame of zstd,
 *     bytes u32         of this many bytes:
 *       text u32          bytes of the body
 *       then, for each section but the first:
 *         offset u32      in the body's text
 *         position u32    in the field, of the unit that begins there
 *         block u32       bytes of the block before the section
 *         frames u32      bytes of the frames before the section's
 *     frames            of zstd, one for each section
 *
 * so that all of it is decompressed like the record of any other block. The first section also has
 * what stands before the body, and the last what stands behind it. The sections of a coded body are
 * coded one by one, too.
 *
 * Example: a body of 70,000 bytes in two sections, the second one from byte 16,386 on, whose
 * position is 6,001, 7,200 bytes into the block and 4,096 into the frames: 50 2A 4D 18,
 * 14 00 00 00, 70 11 01 00, 02 40 00 00, 71 17 00 00, 20 1C 00 00, 00 10 00 00, and two frames.
 *
 * Source: the table in a skippable frame is that of the zstd seekable format (contrib/ in the zstd
 * distribution), with what a search needs in it.
 */
#ifndef SY_SECTIONS_H
#define SY_SECTIONS_H

#include "base/bytes.h"

#define SY_SECTION_BYTES (16u << 10) /* of text, about */
#define SY_LONG_BYTES (64u << 10)    /* a body of this many is long */

/* Where a unit begins: bytes and position in the body. */
typedef struct sy_mark {
  uint32_t offset, position;
} sy_mark;

/* ---- Writing --------------------------------------------------------------------------------- */

/* The head of a record: `marks` has `count` marks, `blocks` the bytes of the block before each of
 * them. The bytes of the frames are not known yet: sy_sections_set_frames(). */
void sy_sections_begin(sy_buffer *record, uint32_t text_bytes, const sy_mark *marks,
                       const uint32_t *blocks, size_t count);
/* Section `section`, at least 1, begins where the record ends. */
void sy_sections_set_frames(sy_buffer *record, size_t count, size_t section);

/* ---- Reading --------------------------------------------------------------------------------- */

typedef struct sy_section {
  uint32_t offset, position, block, frames; /* as above; 0 for the first section */
} sy_section;

/* A record. Pointers are borrowed from it. */
typedef struct sy_sections {
  uint32_t count;      /* 1: the record is one frame, and the next three are unknown */
  uint32_t text_bytes; /* of the body */
  const uint8_t *table;
  const uint8_t *frames;
  size_t frames_bytes;
  uint32_t block_bytes;
} sy_sections;

/* False when the record contradicts itself or the size of the block. */
bool sy_sections_read(sy_sections *sections, const uint8_t *record, size_t bytes,
                      uint32_t block_bytes);
/* Section `section`; that of `count` is behind the last one, with position UINT32_MAX. */
sy_section sy_sections_get(const sy_sections *sections, uint32_t section);
/* The last section that begins at `position` or before it. */
uint32_t sy_sections_find(const sy_sections *sections, uint32_t position);

#endif
