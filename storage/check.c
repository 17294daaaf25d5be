/*
 * check.c - verifying a snapshot (check.h).
 *
 * First the checksums of all values, then each segment: its lists are decoded in full, their
 * articles ascend, their positions ascend and stay below the length of the article, impacts bound
 * what is in the blocks; terms ascend; every unit of every article is counted once: the frequencies
 * of all lists of an article add up to no more than its length; ids are found again through their
 * hashes; stored articles decompress.
 */
#include "storage/check.h"

#include "base/status.h"
#include "storage/lengths.h"

#include <stdarg.h>
#include <stdio.h>

typedef struct checker {
  sy_snapshot *snapshot;
  uint64_t (*bytes)[SY_PART_COUNT]; /* of the values, by segment; NULL: memory ran out */
  sy_segment *segment;
  void (*on_problem)(void *context, const char *what);
  void *context;
  uint64_t problems;
  bool no_memory;                      /* not all was checked */
  uint64_t terms, postings, positions; /* of the field being checked */
  uint32_t *units;                     /* by article: units seen in the field */
  float saturation[256];
  sy_postings list;
  sy_error reason; /* of functions that fail */
} checker;

__attribute__((format(printf, 2, 3))) static void problem(checker *c, const char *format, ...) {
  char text[700];
  int used = c->segment ? snprintf(text, sizeof text, "segment %u: ", c->segment->info.id) : 0;
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text + used, sizeof text - (size_t)used, format, arguments);
  va_end(arguments);
  c->problems++;
  if (c->on_problem) c->on_problem(c->context, text);
}

/* What a function says that failed; memory that is out is no fault of the index. */
static void failed(checker *c, sy_status status, const char *where) {
  if (status == SY_NO_MEMORY) {
    c->no_memory = true;
  } else {
    problem(c, "%s%s", where, c->reason.reason);
  }
}

/* ---- Values ---------------------------------------------------------------------------------- */

/* What the manifest says of the sizes. */
static void check_sizes(checker *c) {
  c->no_memory |= !c->bytes;
  for (uint32_t s = 0; c->bytes && s < c->snapshot->count; s++) {
    c->segment = &c->snapshot->segments[s];
    for (uint32_t p = 0; p < SY_PART_COUNT; p++) {
      if (c->bytes[s][p] == c->segment->info.bytes[p]) continue;
      problem(c, "part %u has %llu bytes, the manifest says %llu", p,
              (unsigned long long)c->bytes[s][p], (unsigned long long)c->segment->info.bytes[p]);
    }
  }
}

static sy_status check_value(void *context, uint32_t segment, uint32_t part, uint32_t ordinal,
                             sy_value value, bool sound) {
  checker *c = context;
  for (uint32_t s = 0; c->bytes && s < c->snapshot->count && part < SY_PART_COUNT; s++) {
    if (c->snapshot->segments[s].info.id == segment) c->bytes[s][part] += value.bytes;
  }
  if (!sound) problem(c, "segment %u part %u value %u: wrong checksum", segment, part, ordinal);
  return SY_OK;
}

/* ---- Lists ----------------------------------------------------------------------------------- */

static bool check_positions(checker *c, const uint8_t *lengths) {
  sy_positions positions;
  if (!sy_postings_positions(&c->list, &positions)) return false;
  uint32_t article = c->list.article;
  uint64_t most = sy_length_decode(lengths[article]); /* lengths are known to within an eighth */
  most += most / 8 + 1;
  uint32_t last = SY_NO_POSITION;
  for (uint32_t i = 0; i < positions.count; i++) {
    uint32_t position = sy_positions_next(&positions);
    if (position >= most || (i && position <= last)) return false;
    last = position;
  }
  c->positions += positions.count;
  c->units[article] += positions.count;
  return true;
}

static bool check_impact(const checker *c, const uint8_t *lengths) {
  if (!c->list.block_count) return true;
  float tf = (float)c->list.frequencies[c->list.at];
  float impact = tf / (tf + c->saturation[lengths[c->list.article]]);
  return impact * 255 <= (float)c->list.impacts[c->list.block] + 0.001f;
}

static const char *check_list(checker *c, const sy_list *list) {
  sy_postings *p = &c->list;
  sy_postings_open(p, list);
  uint32_t count = 0, last = SY_NO_ARTICLE;
  while (sy_postings_next(p) != SY_NO_ARTICLE) {
    if (last != SY_NO_ARTICLE && p->article <= last) return "articles do not ascend";
    last = p->article;
    count++;
    if (!sy_postings_frequency(p)) return "a frequency is zero";
    if (!check_positions(c, list->lengths)) return "positions do not ascend within their article";
    if (!check_impact(c, list->lengths)) return "an impact is too small";
    uint32_t at = p->at + 1;
    if (p->block < p->block_count && at == p->filled &&
        sy_load32(p->last + 4 * (size_t)p->block) != last) {
      return "skip data contradict a block";
    }
  }
  c->postings += count;
  if (p->corrupt) return "a block cannot be decoded";
  return count == list->df ? NULL : "the document frequency is wrong";
}

static void check_run(checker *c, uint32_t run) {
  sy_lexicon *lexicon = &c->segment->lexicon;
  sy_lexicon_cursor cursor;
  sy_status status = sy_lexicon_open_run(lexicon, run, &cursor, &c->reason);
  uint8_t word[256];
  sy_term_key last = {0};
  for (uint32_t i = 0; status == SY_OK; i++) {
    status = sy_lexicon_next(&cursor, &c->reason);
    if (status != SY_OK) break;
    if (i && sy_term_key_compare(&cursor.key, &last) <= 0)
      problem(c, "terms of lexicon run %u do not ascend", run);
    last = cursor.key;
    if (last.word_bytes) last.word = memcpy(word, cursor.word, last.word_bytes);
    c->terms++;
    sy_list list;
    status = sy_lexicon_list(&cursor, &list, &c->reason);
    if (status != SY_OK) break;
    const char *fault = check_list(c, &list);
    if (fault) problem(c, "lexicon run %u term %u: %s", run, i, fault);
  }
  if (status != SY_OK && status != SY_NOT_FOUND) failed(c, status, "");
}

static void check_field(checker *c, uint32_t field) {
  const sy_segment_info *info = &c->segment->info;
  const sy_field_info *expected = &info->fields[field];
  const uint8_t *lengths = c->segment->lengths[field];
  c->terms = c->postings = c->positions = 0;
  c->units = calloc((size_t)info->articles + 1, sizeof *c->units);
  if (!c->units) {
    c->no_memory = true;
    return;
  }
  sy_bm25_saturation(expected->impact_average, c->saturation);
  for (uint32_t run = 0; run < c->segment->lexicon.count; run++) {
    uint32_t key = sy_lexicon_run_key(&c->segment->lexicon, run);
    if (run && key <= sy_lexicon_run_key(&c->segment->lexicon, run - 1)) {
      problem(c, "lexicon runs do not ascend");
    }
    if (key >> 24 == field) check_run(c, run);
  }
  if (c->terms != expected->terms || c->postings != expected->postings ||
      c->positions != expected->positions) {
    problem(c, "field %u: terms, postings or positions are not as many as the manifest says",
            field);
  }
  for (uint32_t a = 0; a < info->articles; a++) {
    uint64_t most = sy_length_decode(lengths[a]);
    if (c->units[a] > most + most / 8 + 1)
      problem(c, "article %u has more units than its length", a);
  }
  free(c->units);
  c->units = NULL;
}

/* ---- Ids and text ---------------------------------------------------------------------------- */

typedef struct id_search {
  uint32_t wanted;
} id_search;

static bool is_wanted(void *context, uint32_t article) {
  return article == ((id_search *)context)->wanted;
}

static void check_articles(checker *c) {
  for (uint32_t a = 0; a < c->segment->info.articles; a++) {
    sy_string id;
    char where[32];
    snprintf(where, sizeof where, "article %u: ", a);
    sy_status status = sy_ids_get(&c->segment->ids, a, &id, &c->reason);
    if (status == SY_OK) {
      char copy[SY_ID_MAX_BYTES];
      memcpy(copy, id.data, id.bytes);
      id.data = copy;
      id_search search = {a};
      status = sy_ids_find(&c->segment->ids, id, sy_id_hash(id), is_wanted, &search, &c->reason);
      if (status == SY_NOT_FOUND) problem(c, "article %u is not found by its id", a);
    }
    if (status != SY_OK && status != SY_NOT_FOUND) failed(c, status, where);
    sy_article article;
    status = sy_articles_get(&c->segment->articles, a, &article, &c->reason);
    if (status != SY_OK) failed(c, status, where);
  }
}

sy_status sy_check(sy_snapshot *snapshot, void (*on_problem)(void *context, const char *what),
                   void *context, sy_error *error) {
  checker *c = calloc(1, sizeof *c);
  if (!c) return sy_fail_memory(error);
  c->snapshot = snapshot;
  c->bytes = calloc(snapshot->count + 1, sizeof *c->bytes);
  c->on_problem = on_problem;
  c->context = context;
  sy_status status = sy_env_walk(snapshot->env, check_value, c, &c->reason);
  if (status == SY_CORRUPT) {
    failed(c, status, "");
    status = SY_OK;
  } else if (status == SY_OK) {
    check_sizes(c);
  } else if (error) {
    *error = c->reason;
  }
  for (uint32_t s = 0; s < snapshot->count && status == SY_OK; s++) {
    c->segment = &snapshot->segments[s];
    for (uint32_t f = 0; f < SY_FIELD_COUNT; f++) check_field(c, f);
    check_articles(c);
  }
  if (status == SY_OK && c->problems) {
    status = sy_fail_at(error, SY_CORRUPT, sy_env_path(snapshot->env), 0, "%llu faults found",
                        (unsigned long long)c->problems);
  }
  if (status == SY_OK && c->no_memory) status = sy_fail_memory(error);
  free(c->bytes);
  free(c);
  return status;
}
