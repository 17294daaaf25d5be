/* presence.c - who may come first, and what stands in their texts (presence.h). */
#include "query/presence.h"

#include "base/status.h"
#include "query/closeness.h"

/* The mass of the different characters that stand in `text`; of its beginning when time is over. */
static uint64_t mass_in_text(sy_plan *plan, const sy_bag *bag, const uint32_t *masses,
                             sy_string text, bool *seen) {
  sy_analyzer *analyzer = &plan->analyzers->folded;
  sy_term terms[SY_TERM_BATCH];
  uint64_t mass = 0;
  sy_analyzer_begin(analyzer, text.data, text.bytes);
  while (!sy_spend(&plan->context->time, SY_TERM_BATCH)) {
    size_t count = sy_analyzer_next(analyzer, terms, SY_TERM_BATCH);
    if (!count) break;
    for (size_t i = 0; i < count; i++) {
      uint32_t unit = terms[i].word_bytes ? SY_NO_UNIT : sy_bag_unit(bag, terms[i].first);
      if (unit == SY_NO_UNIT || seen[unit]) continue;
      seen[unit] = true;
      mass += masses[unit];
    }
  }
  return mass;
}

static sy_status read_body(sy_plan *plan, const sy_bag *bag, const uint32_t *masses,
                           sy_candidate *candidate, sy_error *error) {
  sy_article article;
  uint32_t local;
  if (sy_spend(&plan->context->time, SY_DEADLINE_STEPS)) return SY_OK; /* a text may be long */
  sy_segment *segment = sy_snapshot_segment(plan->snapshot, candidate->ranked.article, &local);
  SY_TRY(sy_articles_get(&segment->articles, local, &article, error));
  bool *seen = sy_arena_calloc(plan->arena, bag->character_count, sizeof *seen);
  if (!seen) return sy_fail_memory(error);
  candidate->characters = mass_in_text(plan, bag, masses, article.body, seen);
  plan->context->texts++;
  return SY_OK;
}

static uint64_t score_with(const sy_candidate *candidate, uint64_t characters) {
  return candidate->ranked.score + (candidate->words + characters) / SY_PRESENCE_DIVISOR;
}

/* Stores the contenders; returns how many there are. */
static size_t find_contenders(sy_candidate *candidates, size_t count, uint64_t all_characters,
                              sy_candidate **out) {
  uint64_t best_least = 0;
  size_t contenders = 0;
  for (size_t i = 0; i < count; i++) {
    uint64_t least = score_with(&candidates[i], candidates[i].characters);
    best_least = least > best_least ? least : best_least;
  }
  for (size_t i = 0; i < count; i++) {
    uint64_t most = candidates[i].too_long ? candidates[i].characters : all_characters;
    if (score_with(&candidates[i], most) >= best_least) out[contenders++] = &candidates[i];
  }
  return contenders;
}

sy_status sy_presence_add(sy_plan *plan, const sy_bag *bag, const uint32_t *masses,
                          sy_candidate *candidates, size_t count, sy_error *error) {
  sy_candidate *contenders[SY_PRESENCE_ARTICLES];
  uint64_t all_characters = 0;
  for (uint32_t i = 0; i < bag->character_count; i++) all_characters += masses[i];
  size_t found = find_contenders(candidates, count, all_characters, contenders);
  if (found > SY_PRESENCE_CONTENDERS) return SY_OK;
  for (size_t i = 0; i < found && found > 1; i++) {
    bool known = contenders[i]->too_long || contenders[i]->characters == all_characters;
    if (!known) SY_TRY(read_body(plan, bag, masses, contenders[i], error));
  }
  if (sy_is_over(&plan->context->time)) return SY_OK;
  for (size_t i = 0; i < found; i++)
    contenders[i]->ranked.score = score_with(contenders[i], contenders[i]->characters);
  return SY_OK;
}
