/* manifest.c - encoder and decoder of the manifest (format in manifest.h). */
#include "storage/manifest.h"

#include "base/status.h"

static const char magic[8] = {'S', 'U', 'O', 'Y', 'I', 'N', '\r', '\n'};

static void put_segment(sy_buffer *b, const sy_segment_info *s) {
  sy_buffer_u32(b, s->id);
  sy_buffer_u32(b, s->articles);
  sy_buffer_u32(b, s->deleted);
  for (int f = 0; f < SY_FIELD_COUNT; f++) {
    const sy_field_info *field = &s->fields[f];
    sy_buffer_u64(b, field->terms);
    sy_buffer_u64(b, field->postings);
    sy_buffer_u64(b, field->positions);
    sy_buffer_u64(b, field->length_sum);
    sy_buffer_append(b, &field->impact_average, 4);
  }
  for (int p = 0; p < SY_PART_COUNT; p++) sy_buffer_u64(b, s->bytes[p]);
  for (int e = 0; e < SY_STREAM_COUNT; e++) sy_buffer_u64(b, s->ends[e]);
}

sy_status sy_manifest_put(sy_env *env, const sy_manifest *m, sy_error *error) {
  sy_buffer b = {0};
  sy_buffer_append(&b, magic, sizeof magic);
  sy_buffer_u32(&b, SY_FORMAT_VERSION);
  sy_buffer_u32(&b, m->text_rules);
  sy_buffer_u64(&b, m->commit);
  sy_buffer_u64(&b, m->written);
  sy_buffer_u32(&b, m->next_segment);
  sy_buffer_u32(&b, m->segment_count);
  for (uint32_t i = 0; i < m->segment_count; i++) put_segment(&b, &m->segments[i]);
  sy_status status = b.failed ? sy_fail_memory(error)
                              : sy_env_put(env, 0, SY_PART_MANIFEST, 0, b.data, b.bytes, error);
  sy_buffer_free(&b);
  return status;
}

static void get_segment(sy_cursor *c, sy_segment_info *s) {
  s->id = sy_read_u32(c);
  s->articles = sy_read_u32(c);
  s->deleted = sy_read_u32(c);
  for (int f = 0; f < SY_FIELD_COUNT; f++) {
    sy_field_info *field = &s->fields[f];
    field->terms = sy_read_u64(c);
    field->postings = sy_read_u64(c);
    field->positions = sy_read_u64(c);
    field->length_sum = sy_read_u64(c);
    const uint8_t *average = sy_read_bytes(c, 4);
    if (average) memcpy(&field->impact_average, average, 4);
  }
  for (int p = 0; p < SY_PART_COUNT; p++) s->bytes[p] = sy_read_u64(c);
  for (int e = 0; e < SY_STREAM_COUNT; e++) s->ends[e] = sy_read_u64(c);
}

static bool plausible(const sy_segment_info *s) {
  bool good = s->id != 0 && s->deleted <= s->articles;
  for (int f = 0; f < SY_FIELD_COUNT; f++) good &= s->fields[f].impact_average > 0;
  for (int e = 0; e < SY_STREAM_COUNT; e++) good &= s->ends[e] >> SY_ADDRESS_BITS < SY_ORDINAL_MAX;
  return good;
}

sy_status sy_manifest_read(sy_env *env, sy_manifest *m, sy_error *error) {
  *m = (sy_manifest){0};
  sy_value value;
  sy_status status = sy_env_get(env, 0, SY_PART_MANIFEST, 0, &value, error);
  if (status == SY_NOT_FOUND) SY_TRY(sy_env_check_new(env, error));
  SY_TRY(status);
  sy_cursor c = sy_cursor_make(value.data, value.bytes);
  const uint8_t *head = sy_read_bytes(&c, sizeof magic);
  uint32_t version = sy_read_u32(&c);
  if (!head || memcmp(head, magic, sizeof magic)) {
    return sy_fail_at(error, SY_VERSION, sy_env_path(env), 0, "not a Suoyin index");
  }
  if (version != SY_FORMAT_VERSION) {
    return sy_fail_at(
        error, SY_VERSION, sy_env_path(env), 0,
        "index format version %u, this program reads version %u: build the index anew", version,
        SY_FORMAT_VERSION);
  }
  SY_TRY(sy_env_get_checked(env, 0, SY_PART_MANIFEST, 0, &value, error));
  m->text_rules = sy_read_u32(&c);
  m->commit = sy_read_u64(&c);
  m->written = sy_read_u64(&c);
  m->next_segment = sy_read_u32(&c);
  m->segment_count = sy_read_u32(&c);
  bool good = !c.failed && m->segment_count <= SY_SEGMENTS_MAX &&
              !(m->text_rules & ~(uint32_t)SY_TEXT_DEFAULT);
  if (good) {
    m->segments = calloc(m->segment_count ? m->segment_count : 1, sizeof *m->segments);
    if (!m->segments) return sy_fail_memory(error);
  }
  for (uint32_t i = 0; good && i < m->segment_count; i++) {
    get_segment(&c, &m->segments[i]);
    good = !c.failed && plausible(&m->segments[i]);
  }
  if (good && !sy_cursor_left(&c)) return SY_OK;
  sy_manifest_free(m);
  return sy_fail_at(error, SY_CORRUPT, sy_env_path(env), 0, "the manifest contradicts itself");
}

void sy_manifest_free(sy_manifest *m) {
  free(m->segments);
  m->segments = NULL;
  m->segment_count = 0;
}

uint64_t sy_segment_bytes(const sy_segment_info *info) {
  uint64_t bytes = 0;
  for (int p = 0; p < SY_PART_COUNT; p++) bytes += info->bytes[p];
  return bytes;
}

uint64_t sy_manifest_bytes(const sy_manifest *m) {
  uint64_t bytes = 0;
  for (uint32_t i = 0; i < m->segment_count; i++) bytes += sy_segment_bytes(&m->segments[i]);
  return bytes;
}

sy_status sy_manifest_copy(sy_manifest *to, const sy_manifest *from, sy_error *error) {
  *to = *from;
  to->segments = malloc((from->segment_count + 1) * sizeof *to->segments);
  if (!to->segments) return sy_fail_memory(error);
  if (from->segment_count)
    memcpy(to->segments, from->segments, from->segment_count * sizeof *to->segments);
  return SY_OK;
}
