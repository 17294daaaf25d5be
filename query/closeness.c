/*
 * closeness.c - units and masses of free text, and the windows that cover most of them
 * (closeness.h).
 *
 * Every position of an article has one term, so the places of all parts in an article are one array
 * by position, and a set of bits that gives them in order without sorting:
 *
 *     bits      0 1 1 0 0 0 1 ...      part_at   - 4 0 - - - 2 ...
 *
 * A window is moved over these places; what it covers is counted by unit.
 */
#include "query/closeness.h"

#include "base/status.h"
#include "query/presence.h"
#include "query/weights.h"
#include "storage/lengths.h"

/* ---- Weighing -------------------------------------------------------------------------------- */

static uint64_t node_df(const sy_plan *plan, const sy_plan_node *node) {
  uint64_t df = 0;
  for (uint32_t s = 0; node && s < plan->snapshot->count; s++) {
    df += node->kind == SY_PLAN_ARRAY ? node->arrays[s].count : node->lists[s].df;
  }
  return df;
}

/* Rarity is one for both fields: a pair that is rare in titles only is not rare. How many articles
 * have it in either is not known; the larger number is near. */
static void weigh_part(const sy_plan *plan, sy_bag_part *part) {
  uint64_t df = 0;
  for (uint32_t f = 0; f < SY_FIELD_COUNT; f++) {
    uint64_t here = node_df(plan, part->nodes[f]);
    df = here > df ? here : df;
  }
  part->weight = sy_weight_part(plan->snapshot->numbers, df, part->word);
  for (uint32_t f = 0; f < SY_FIELD_COUNT; f++) {
    if (part->nodes[f]) part->nodes[f]->weight = sy_weight_scorer(part->weight, part->times);
  }
}

static int compare_characters(const void *a, const void *b) {
  uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
  return (x > y) - (x < y);
}

/* The different characters of the bag, ascending. */
static uint32_t sorted_characters(const sy_bag *bag, uint32_t *out) {
  uint32_t count = 0, kept = 0;
  for (uint32_t i = 0; i < bag->part_count; i++) {
    if (bag->parts[i].word) continue;
    for (int k = 0; k < 2; k++) {
      if (bag->parts[i].characters[k]) out[count++] = bag->parts[i].characters[k];
    }
  }
  if (count) qsort(out, count, sizeof *out, compare_characters);
  for (uint32_t i = 0; i < count; i++) {
    if (!kept || out[kept - 1] != out[i]) out[kept++] = out[i];
  }
  return kept;
}

uint32_t sy_bag_unit(const sy_bag *bag, uint32_t character) {
  const uint32_t *found = bsearch(&character, bag->characters, bag->character_count,
                                  sizeof *bag->characters, compare_characters);
  return found ? (uint32_t)(found - bag->characters) : SY_NO_UNIT;
}

sy_status sy_bag_weigh(const sy_plan *plan, sy_bag *bag, sy_error *error) {
  size_t most = 2 * (size_t)bag->part_count + 1;
  bag->characters = sy_arena_alloc(plan->arena, most * sizeof *bag->characters);
  bag->masses = sy_arena_alloc(plan->arena, most * sizeof *bag->masses);
  if (!bag->characters || !bag->masses) return sy_fail_memory(error);
  bag->unit_count = bag->character_count = sorted_characters(bag, bag->characters);
  memset(bag->masses, 0xff, most * sizeof *bag->masses);
  for (uint32_t i = 0; i < bag->part_count; i++) {
    sy_bag_part *part = &bag->parts[i];
    weigh_part(plan, part);
    uint32_t mass = (uint32_t)(part->weight * SY_SCORE_ONE);
    for (int k = 0; k < 2; k++) {
      uint32_t unit = SY_NO_UNIT;
      if (!part->word) unit = sy_bag_unit(bag, part->characters[k]);
      if (part->word && k == 0) unit = bag->unit_count++; /* parts are different words */
      part->units[k] = unit;
      if (unit != SY_NO_UNIT && mass < bag->masses[unit]) bag->masses[unit] = mass;
    }
  }
  return SY_OK;
}

/* ---- Places ---------------------------------------------------------------------------------- */

/* A part whose positions are read. */
typedef struct reader {
  const sy_plan_node *node;
  uint32_t units[2];
  uint64_t mass;         /* of the units */
  sy_postings *postings; /* what went through the list before, when that can begin again, or */
  sy_postings *own;
} reader;

typedef struct closeness {
  sy_plan *plan;
  const sy_bag *bag;
  reader *readers; /* heaviest first */
  uint32_t reader_count;
  uint32_t *covered; /* by unit: how many places in the window cover it; 0 between windows */
  bool *found;       /* by reader: the article that was looked at last has the part */
  uint32_t place_count;
  uint64_t bits[SY_CLOSENESS_REACH / 64]; /* by position; 0 between articles */
  uint8_t part_at[SY_CLOSENESS_REACH];    /* by position: the reader; where the bit is set */
  uint32_t places[SY_CLOSENESS_REACH];    /* positions, ascending */
} closeness;

static int heavier_first(const void *a, const void *b) {
  const reader *x = a, *y = b;
  if (x->mass != y->mass) return x->mass < y->mass ? 1 : -1;
  if (x->units[0] != y->units[0]) return x->units[0] < y->units[0] ? -1 : 1;
  return (x->units[1] > y->units[1]) - (x->units[1] < y->units[1]);
}

/* The text is in the body; titles count where nothing else is searched. Sets of terms (a character
 * that stands alone, a prefix) are left out: their positions are in many lists. */
static const sy_plan_node *node_of(const sy_bag_part *part) {
  const sy_plan_node *body = part->nodes[SY_FIELD_INDEX_BODY];
  const sy_plan_node *node = body ? body : part->nodes[SY_FIELD_INDEX_TITLE];
  return node->kind == SY_PLAN_LISTS ? node : NULL;
}

static bool choose_readers(closeness *c) {
  const sy_bag *bag = c->bag;
  c->readers = sy_arena_alloc(c->plan->arena, bag->part_count * sizeof *c->readers);
  if (!c->readers) return false;
  c->reader_count = 0;
  for (uint32_t i = 0; i < bag->part_count; i++) {
    const sy_bag_part *part = &bag->parts[i];
    reader *r = &c->readers[c->reader_count];
    *r = (reader){.node = node_of(part), .units = {part->units[0], part->units[1]}};
    if (!r->node) continue;
    r->mass = bag->masses[r->units[0]];
    if (r->units[1] != SY_NO_UNIT) r->mass += bag->masses[r->units[1]];
    c->reader_count++;
  }
  if (c->reader_count) qsort(c->readers, c->reader_count, sizeof *c->readers, heavier_first);
  if (c->reader_count > SY_CLOSENESS_PARTS) c->reader_count = SY_CLOSENESS_PARTS;
  for (uint32_t i = 0; i < c->reader_count; i++) {
    c->readers[i].own = sy_arena_alloc(c->plan->arena, sizeof(sy_postings));
    if (!c->readers[i].own) return false;
  }
  c->found = sy_arena_alloc(c->plan->arena, c->reader_count);
  return c->found != NULL;
}

static void open_segment(closeness *c, uint32_t segment) {
  for (uint32_t i = 0; i < c->reader_count; i++) {
    reader *r = &c->readers[i];
    const sy_list *list = &r->node->lists[(size_t)segment * r->node->count];
    sy_postings *walked = r->node->walked[segment];
    if (walked && sy_postings_rewind(walked)) {
      r->postings = walked;
    } else {
      r->postings = r->own;
      sy_search_open_list(c->plan->context, list, r->postings);
    }
  }
}

static void mark_places(closeness *c, uint32_t number, sy_positions *positions, uint32_t end) {
  c->plan->context->positions += positions->count;
  for (uint32_t position; (position = sy_positions_next(positions)) < end;) {
    c->bits[position / 64] |= 1ull << position % 64;
    c->part_at[position] = (uint8_t)number;
  }
}

/* Fills `places` for an article of the segment that is open; articles come in ascending order. */
static bool find_places(closeness *c, uint32_t article, uint32_t length) {
  uint32_t end = length < SY_CLOSENESS_REACH ? length : SY_CLOSENESS_REACH;
  for (uint32_t i = 0; i < c->reader_count; i++) {
    sy_postings *p = c->readers[i].postings;
    sy_positions positions;
    c->found[i] = false;
    if (sy_postings_advance(p, article) == article && sy_postings_positions(p, &positions)) {
      mark_places(c, i, &positions, end);
      c->found[i] = true;
    }
    if (p->corrupt) return false;
  }
  c->place_count = 0;
  for (uint32_t w = 0; w < (end + 63) / 64; w++) {
    for (uint64_t left = c->bits[w]; left; left &= left - 1) {
      c->places[c->place_count++] = w * 64 + (uint32_t)__builtin_ctzll(left);
    }
    c->bits[w] = 0;
  }
  return true;
}

/* ---- Windows --------------------------------------------------------------------------------- */

static inline uint64_t enter(closeness *c, const uint32_t units[2]) {
  uint64_t mass = 0;
  for (int k = 0; k < 2; k++) {
    if (units[k] != SY_NO_UNIT && !c->covered[units[k]]++) mass += c->bag->masses[units[k]];
  }
  return mass;
}

static inline uint64_t leave(closeness *c, const uint32_t units[2]) {
  uint64_t mass = 0;
  for (int k = 0; k < 2; k++) {
    if (units[k] != SY_NO_UNIT && !--c->covered[units[k]]) mass += c->bag->masses[units[k]];
  }
  return mass;
}

/* The largest mass that places less than `width` apart cover. */
static uint64_t best_window(closeness *c, uint32_t width) {
  uint64_t mass = 0, best = 0;
  uint32_t first = 0;
  for (uint32_t i = 0; i < c->place_count; i++) {
    mass += enter(c, c->readers[c->part_at[c->places[i]]].units);
    while (c->places[i] - c->places[first] >= width) {
      mass -= leave(c, c->readers[c->part_at[c->places[first++]]].units);
    }
    best = mass > best ? mass : best;
  }
  for (; first < c->place_count; first++) leave(c, c->readers[c->part_at[c->places[first]]].units);
  return best;
}

/* ---- Ranking --------------------------------------------------------------------------------- */

/* The masses of the parts that were found, each unit once. */
static void add_found(closeness *c, sy_candidate *candidate) {
  const sy_bag *bag = c->bag;
  for (uint32_t i = 0; i < c->reader_count; i++) {
    for (int k = 0; k < 2 && c->found[i]; k++) {
      uint32_t unit = c->readers[i].units[k];
      if (unit == SY_NO_UNIT || c->covered[unit]++) continue;
      if (unit < bag->character_count) {
        candidate->characters += bag->masses[unit];
      } else {
        candidate->words += bag->masses[unit];
      }
    }
  }
  memset(c->covered, 0, bag->unit_count * sizeof *c->covered);
}

static sy_status add_closeness(closeness *c, sy_candidate *candidates, size_t count) {
  const sy_snapshot *snapshot = c->plan->snapshot;
  uint32_t segment = UINT32_MAX;
  for (size_t i = 0; i < count; i++) {
    sy_ranked *ranked = &candidates[i].ranked;
    uint32_t s = segment == UINT32_MAX ? 0 : segment;
    while (s + 1 < snapshot->count && snapshot->segments[s + 1].base <= ranked->article) s++;
    if (s != segment) open_segment(c, segment = s);
    const sy_segment *in = &snapshot->segments[s];
    uint32_t article = (uint32_t)(ranked->article - in->base);
    uint32_t field = c->readers[0].node->field;
    uint32_t length = sy_length_end(in->lengths[field][article]);
    if (!find_places(c, article, length)) return sy_search_damaged(c->plan->context);
    ranked->score += best_window(c, SY_CLOSENESS_NARROW) + best_window(c, SY_CLOSENESS_WIDE);
    add_found(c, &candidates[i]);
    candidates[i].too_long = length > SY_CLOSENESS_REACH;
  }
  return SY_OK;
}

static sy_status rank_bag(sy_plan *plan, const sy_bag *bag, sy_candidate *candidates, size_t count,
                          sy_error *error) {
  closeness *c = sy_arena_alloc(plan->arena, sizeof *c);
  if (!c) return sy_fail_memory(error);
  c->plan = plan;
  c->bag = bag;
  memset(c->bits, 0, sizeof c->bits);
  c->covered = sy_arena_calloc(plan->arena, bag->unit_count + 1, sizeof *c->covered);
  if (!c->covered || !choose_readers(c)) return sy_fail_memory(error);
  return c->reader_count ? add_closeness(c, candidates, count) : SY_OK;
}

static int by_article(const void *a, const void *b) {
  const sy_ranked *x = &((const sy_candidate *)a)->ranked, *y = &((const sy_candidate *)b)->ranked;
  return (x->article > y->article) - (x->article < y->article);
}

static int best_first(const void *a, const void *b) {
  const sy_ranked *x = &((const sy_candidate *)a)->ranked, *y = &((const sy_candidate *)b)->ranked;
  if (x->score != y->score) return x->score < y->score ? 1 : -1;
  return by_article(a, b);
}

/* Of one run of free text that is searched in the body. A character alone at its end, which is a
 * set of terms, is left out, as in the second stage. */
static sy_status add_presence(sy_plan *plan, sy_candidate *candidates, size_t count,
                              sy_error *error) {
  const sy_bag *bag = plan->bags;
  if (!bag || bag->next || !bag->parts[0].nodes[SY_FIELD_INDEX_BODY]) return SY_OK;
  uint32_t *masses = sy_arena_calloc(plan->arena, bag->character_count + 1, sizeof *masses);
  if (!masses) return sy_fail_memory(error);
  for (uint32_t i = 0; i < bag->part_count; i++) {
    const sy_bag_part *part = &bag->parts[i];
    for (int k = 0; k < 2 && !part->word && node_of(part); k++) {
      uint32_t unit = part->units[k];
      if (unit != SY_NO_UNIT) masses[unit] = bag->masses[unit];
    }
  }
  if (count > SY_PRESENCE_ARTICLES) count = SY_PRESENCE_ARTICLES;
  SY_TRY(sy_presence_add(plan, bag, masses, candidates, count, error));
  qsort(candidates, count, sizeof *candidates, best_first); /* above the others, as before */
  return SY_OK;
}

sy_status sy_closeness_rank(sy_plan *plan, sy_ranked *entries, size_t count, sy_error *error) {
  sy_candidate candidates[SY_CLOSENESS_ARTICLES];
  if (count > SY_CLOSENESS_ARTICLES) count = SY_CLOSENESS_ARTICLES;
  if (!count) return SY_OK;
  for (size_t i = 0; i < count; i++) candidates[i] = (sy_candidate){.ranked = entries[i]};
  qsort(candidates, count, sizeof *candidates, by_article);
  for (const sy_bag *bag = plan->bags; bag; bag = bag->next) {
    SY_TRY(rank_bag(plan, bag, candidates, count, error));
  }
  qsort(candidates, count, sizeof *candidates, best_first);
  SY_TRY(add_presence(plan, candidates, count, error));
  for (size_t i = 0; i < count; i++) entries[i] = candidates[i].ranked;
  return SY_OK;
}
