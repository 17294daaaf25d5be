/* typed.c - ordering ties by the form that was typed (typed.h). */
#include "query/typed.h"

#include "base/status.h"

uint64_t sy_typed_wanted(uint64_t wanted) {
  if (wanted >= SY_TYPED_RANKS) return wanted;
  return (wanted + SY_TYPED_GROUP - 1) / SY_TYPED_GROUP * SY_TYPED_GROUP;
}

typedef struct judge {
  sy_index *index;
  sy_matcher title, body;
  uint8_t *seen; /* by pattern */
} judge;

static sy_status count_parts(judge *j, sy_matcher *m, sy_string text, uint32_t *parts,
                             sy_error *error) {
  size_t patterns = m->patterns.bytes / sizeof(sy_pattern);
  SY_TRY(sy_matcher_run(m, text, error));
  memset(j->seen, 0, patterns);
  for (size_t i = 0; i < m->match_count; i++) {
    const sy_match *match = &sy_matcher_matches(m)[i];
    if (!match->typed || j->seen[match->pattern]) continue;
    j->seen[match->pattern] = 1;
    ++*parts;
  }
  return SY_OK;
}

/* The articles [first, last) have the same score: the most parts as typed first, else in article
 * order. Insertion sort: there are few. */
static sy_status order_ties(judge *j, sy_ranked *entries, size_t count, sy_error *error) {
  uint32_t parts[SY_TYPED_GROUP];
  for (size_t i = 0; i < count; i++) {
    sy_article article;
    uint32_t found = 0;
    if (sy_spend(&j->title.time, SY_DEADLINE_STEPS)) return SY_OK; /* a text may be long */
    SY_TRY(sy_index_article(j->index, entries[i].article, &article, error));
    SY_TRY(count_parts(j, &j->title, article.title, &found, error));
    SY_TRY(count_parts(j, &j->body, article.body, &found, error));
    sy_ranked entry = entries[i];
    size_t at = i;
    for (; at && parts[at - 1] < found; at--) {
      parts[at] = parts[at - 1];
      entries[at] = entries[at - 1];
    }
    parts[at] = found;
    entries[at] = entry;
  }
  return SY_OK;
}

static sy_status order_group(judge *j, sy_topk *top, size_t begin, size_t end, sy_error *error) {
  for (size_t first = begin, last; first < end; first = last) {
    for (last = first + 1; last < end && top->entries[last].score == top->entries[first].score;)
      last++;
    if (last - first > 1) SY_TRY(order_ties(j, top->entries + first, last - first, error));
  }
  return SY_OK;
}

static bool has_ties(const sy_topk *top) {
  for (size_t i = 1; i < top->count && i < SY_TYPED_RANKS; i++) {
    if (top->entries[i].score == top->entries[i - 1].score) return true;
  }
  return false;
}

sy_status sy_typed_order(sy_index *index, const sy_query *query, sy_topk *top, uint64_t from,
                         sy_error *error) {
  if (!has_ties(top)) return SY_OK;
  judge j = {.index = index};
  sy_arena_reset(&index->text_arena);
  sy_matcher_init(&j.title, &index->analyzers, &index->deadline);
  sy_matcher_init(&j.body, &index->analyzers, &index->deadline);
  sy_status status =
      sy_matcher_add_leaves(&j.title, &j.body, query->root, true, &index->text_arena, error);
  size_t patterns = j.title.patterns.bytes > j.body.patterns.bytes ? j.title.patterns.bytes
                                                                   : j.body.patterns.bytes;
  j.seen = sy_arena_alloc(&index->text_arena, patterns / sizeof(sy_pattern) + 1);
  if (status == SY_OK && !j.seen) status = sy_fail_memory(error);
  for (size_t begin = from / SY_TYPED_GROUP * SY_TYPED_GROUP;
       begin < top->count && begin < SY_TYPED_RANKS && status == SY_OK; begin += SY_TYPED_GROUP) {
    size_t end = begin + SY_TYPED_GROUP < top->count ? begin + SY_TYPED_GROUP : top->count;
    status = order_group(&j, top, begin, end, error);
  }
  sy_matcher_free(&j.title);
  sy_matcher_free(&j.body);
  return status;
}
