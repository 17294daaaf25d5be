/* segment_writer.c - writing one segment: its parts put together, and its sizes taken. */
#include "base/status.h"
#include "storage/lengths.h"
#include "storage/segment.h"

sy_status sy_segment_writer_init(sy_segment_writer *w, sy_env *env, uint32_t id,
                                 const sy_articles_options *options, sy_error *error) {
  memset(w, 0, sizeof *w);
  w->env = env;
  w->info.id = id;
  sy_ids_writer_init(&w->ids, env, id);
  sy_lexicon_writer_init(&w->lexicon, env, id);
  return sy_articles_writer_new(env, id, options, &w->articles, error);
}

sy_status sy_segment_writer_article(sy_segment_writer *w, sy_string id, sy_error *error) {
  if (w->info.articles == SY_NO_ARTICLE - 1) {
    return sy_fail(error, SY_LIMIT, "a segment holds at most %u articles", SY_NO_ARTICLE - 1);
  }
  w->info.articles++;
  return sy_ids_writer_add(&w->ids, id, error);
}

sy_status sy_segment_writer_length_codes(sy_segment_writer *w, const uint8_t codes[SY_FIELD_COUNT],
                                         sy_error *error) {
  for (int f = 0; f < SY_FIELD_COUNT; f++) {
    sy_buffer_u8(&w->lengths[f], codes[f]);
    if (w->lengths[f].failed) return sy_fail_memory(error);
  }
  return SY_OK;
}

sy_status sy_segment_writer_lengths(sy_segment_writer *w, const uint32_t lengths[SY_FIELD_COUNT],
                                    sy_error *error) {
  uint8_t codes[SY_FIELD_COUNT];
  for (int f = 0; f < SY_FIELD_COUNT; f++) {
    codes[f] = sy_length_encode(lengths[f]);
    w->info.fields[f].length_sum += lengths[f];
  }
  return sy_segment_writer_length_codes(w, codes, error);
}

void sy_segment_writer_init_list(const sy_segment_writer *w, uint32_t field, sy_list_writer *list) {
  sy_list_writer_init(list, w->lengths[field].data, w->info.articles,
                      w->info.fields[field].impact_average);
}

void sy_segment_writer_discard_list(const sy_segment_writer *w, uint32_t field,
                                    sy_list_writer *list) {
  sy_list_writer_free(list);
  sy_segment_writer_init_list(w, field, list);
}

void sy_segment_writer_begin_postings(sy_segment_writer *w) {
  for (uint32_t f = 0; f < SY_FIELD_COUNT; f++) {
    sy_field_info *field = &w->info.fields[f];
    float average = w->info.articles ? (float)((double)field->length_sum / w->info.articles) : 0;
    field->impact_average = average > 1 ? average : 1;
  }
}

sy_status sy_segment_writer_list(sy_segment_writer *w, uint32_t field, const sy_term_key *key,
                                 const sy_encoded_list *list, sy_error *error) {
  w->info.fields[field].terms++;
  w->info.fields[field].postings += list->df;
  w->info.fields[field].positions += list->frequency_sum;
  return sy_lexicon_writer_add(&w->lexicon, key, list, error);
}

sy_status sy_segment_writer_finish(sy_segment_writer *w, sy_error *error) {
  SY_TRY(sy_lexicon_writer_finish(&w->lexicon, error));
  SY_TRY(sy_ids_writer_finish(&w->ids, error));
  SY_TRY(sy_articles_writer_finish(w->articles, error));
  sy_segment_info *info = &w->info;
  for (uint32_t f = 0; f < SY_FIELD_COUNT; f++) {
    SY_TRY(sy_env_put(w->env, info->id, SY_PART_LENGTHS, f, w->lengths[f].data, w->lengths[f].bytes,
                      error));
    info->bytes[SY_PART_LENGTHS] += w->lengths[f].bytes;
  }
  const sy_stream_writer *streams[SY_STREAM_COUNT] = {&w->lexicon.lexicon, &w->lexicon.postings,
                                                      &w->lexicon.positions, &w->ids.stream,
                                                      sy_articles_writer_stream(w->articles)};
  for (int i = 0; i < SY_STREAM_COUNT; i++) {
    info->ends[i] = streams[i]->end;
    info->bytes[streams[i]->part] = streams[i]->bytes;
  }
  info->bytes[SY_PART_LEXICON_DIRECTORY] = 4 + w->lexicon.keys.bytes * 4;
  info->bytes[SY_PART_ID_DIRECTORY] = 4 + w->ids.sizes.bytes * 3;
  info->bytes[SY_PART_ID_HASHES] = w->ids.hash_bytes;
  info->bytes[SY_PART_ARTICLE_DIRECTORY] = sy_articles_writer_directory_bytes(w->articles);
  return SY_OK;
}

void sy_segment_writer_free(sy_segment_writer *w) {
  sy_ids_writer_free(&w->ids);
  sy_articles_writer_free(w->articles);
  sy_lexicon_writer_free(&w->lexicon);
  for (int f = 0; f < SY_FIELD_COUNT; f++) {
    sy_buffer_free(&w->lengths[f]);
  }
}

sy_status sy_deletes_put(sy_env *env, uint32_t segment, const roaring_bitmap_t *deletes,
                         uint64_t *bytes, sy_error *error) {
  size_t size = roaring_bitmap_portable_size_in_bytes(deletes);
  char *data = malloc(size);
  if (!data) return sy_fail_memory(error);
  roaring_bitmap_portable_serialize(deletes, data);
  sy_status status = sy_env_put(env, segment, SY_PART_DELETES, 0, data, size, error);
  free(data);
  *bytes = size;
  return status;
}
