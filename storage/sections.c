/* sections.c - the table of a long article's sections (format in sections.h). */
#include "storage/sections.h"

#include <zstd.h>

#define MAGIC ZSTD_MAGIC_SKIPPABLE_START
#define HEAD_BYTES 12u /* magic, bytes and text */
#define ENTRY_BYTES 16u
#define FRAMES_AT 12u /* in an entry */

/* ---- Writing --------------------------------------------------------------------------------- */

void sy_sections_begin(sy_buffer *record, uint32_t text_bytes, const sy_mark *marks,
                       const uint32_t *blocks, size_t count) {
  sy_buffer_u32(record, MAGIC);
  sy_buffer_u32(record, (uint32_t)(4 + ENTRY_BYTES * count));
  sy_buffer_u32(record, text_bytes);
  for (size_t i = 0; i < count; i++) {
    sy_buffer_u32(record, marks[i].offset);
    sy_buffer_u32(record, marks[i].position);
    sy_buffer_u32(record, blocks[i]);
    sy_buffer_u32(record, 0);
  }
}

void sy_sections_set_frames(sy_buffer *record, size_t count, size_t section) {
  size_t table = HEAD_BYTES + ENTRY_BYTES * count;
  if (record->failed) return;
  sy_store32(record->data + HEAD_BYTES + ENTRY_BYTES * (section - 1) + FRAMES_AT,
             (uint32_t)(record->bytes - table));
}

/* ---- Reading --------------------------------------------------------------------------------- */

sy_section sy_sections_get(const sy_sections *p, uint32_t section) {
  if (!section) return (sy_section){0};
  if (section == p->count)
    return (sy_section){p->text_bytes, UINT32_MAX, p->block_bytes, (uint32_t)p->frames_bytes};
  const uint8_t *entry = p->table + ENTRY_BYTES * (size_t)(section - 1);
  return (sy_section){sy_load32(entry), sy_load32(entry + 4), sy_load32(entry + 8),
                      sy_load32(entry + FRAMES_AT)};
}

uint32_t sy_sections_find(const sy_sections *p, uint32_t position) {
  uint32_t low = 0, high = p->count - 1;
  while (low < high) {
    uint32_t middle = low + (high - low + 1) / 2;
    if (sy_sections_get(p, middle).position <= position) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return low;
}

/* Whether each frame has the section of the block that the table says. */
static bool are_frames_sound(const sy_sections *p) {
  sy_section section = sy_sections_get(p, 0);
  for (uint32_t i = 0; i < p->count; i++) {
    sy_section next = sy_sections_get(p, i + 1);
    if (next.offset <= section.offset || next.position <= section.position ||
        next.block <= section.block || next.frames <= section.frames)
      return false;
    if (ZSTD_getFrameContentSize(p->frames + section.frames, next.frames - section.frames) !=
        next.block - section.block)
      return false;
    section = next;
  }
  return true;
}

bool sy_sections_read(sy_sections *p, const uint8_t *record, size_t bytes, uint32_t block_bytes) {
  sy_cursor c = sy_cursor_make(record, bytes);
  *p = (sy_sections){
      .count = 1, .frames = record, .frames_bytes = bytes, .block_bytes = block_bytes};
  if (bytes < 4 || sy_load32(record) != MAGIC)
    return ZSTD_getFrameContentSize(record, bytes) == block_bytes;
  sy_read_u32(&c);
  uint32_t head = sy_read_u32(&c);
  p->text_bytes = sy_read_u32(&c);
  p->table = sy_read_bytes(&c, (uint64_t)head - 4);
  if (c.failed || head < 4 + ENTRY_BYTES || (head - 4) % ENTRY_BYTES) return false;
  p->count = 1 + (head - 4) / ENTRY_BYTES;
  p->frames = c.at;
  p->frames_bytes = sy_cursor_left(&c);
  if (p->frames_bytes > UINT32_MAX) return false;
  /* Ascending to the end: so all bytes of an entry lie before it. */
  return are_frames_sound(p);
}
