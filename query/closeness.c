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

static uint32_t unit_of(const uint32_t *characters, uint32_t count, uint32_t character) {
  const uint32_t *found =
      bsearch(&character, characters, count, sizeof *characters, compare_characters);
  return found ? (uint32_t)(found - characters) : SY_NO_UNIT;
}

sy_status sy_bag_weigh(const sy_plan *plan, sy_bag *bag, sy_error *error) {
  size_t most = 2 * (size_t)bag->part_count + 1;
  uint32_t *characters = sy_arena_alloc(plan->arena, most * sizeof *characters);
  bag->masses = sy_arena_alloc(plan->arena, most * sizeof *bag->masses);
  if (!characters || !bag->masses) return sy_fail_memory(error);
  uint32_t count = sorted_characters(bag, characters);
  bag->unit_count = count;
  memset(bag->masses, 0xff, most * sizeof *bag->masses);
  for (uint32_t i = 0; i < bag->part_count; i++) {
    sy_bag_part *part = &bag->parts[i];
    weigh_part(plan, part);
    uint32_t mass = (uint32_t)(part->weight * SY_SCORE_ONE);
    for (int k = 0; k < 2; k++) {
      uint32_t unit = SY_NO_UNIT;
      if (!part->word) unit = unit_of(characters, count, part->characters[k]);
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
  uint64_t mass; /* of the units */
  sy_postings *postings;
} reader;

typedef struct closeness {
  sy_plan *plan;
  const sy_bag *bag;
  reader *readers; /* heaviest first */
  uint32_t reader_count;
  uint32_t *covered; /* by unit: how many places in the window cover it; 0 between windows */
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
    c->readers[i].postings = sy_arena_alloc(c->plan->arena, sizeof(sy_postings));
    if (!c->readers[i].postings) return false;
  }
  return true;
}

static void open_segment(closeness *c, uint32_t segment) {
  for (uint32_t i = 0; i < c->reader_count; i++) {
    reader *r = &c->readers[i];
    const sy_list *list = &r->node->lists[(size_t)segment * r->node->count];
    sy_search_open_list(c->plan->context, list, r->postings);
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
    if (sy_postings_advance(p, article) == article && sy_postings_positions(p, &positions)) {
      mark_places(c, i, &positions, end);
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

static sy_status add_closeness(closeness *c, sy_ranked *const *by_article, size_t count) {
  const sy_snapshot *snapshot = c->plan->snapshot;
  uint32_t segment = UINT32_MAX;
  for (size_t i = 0; i < count; i++) {
    uint32_t s = segment == UINT32_MAX ? 0 : segment;
    while (s + 1 < snapshot->count && snapshot->segments[s + 1].base <= by_article[i]->article) s++;
    if (s != segment) open_segment(c, segment = s);
    const sy_segment *in = &snapshot->segments[s];
    uint32_t article = (uint32_t)(by_article[i]->article - in->base);
    uint32_t field = c->readers[0].node->field;
    uint32_t length = sy_length_end(in->lengths[field][article]);
    if (!find_places(c, article, length)) return sy_search_damaged(c->plan->context);
    by_article[i]->score += best_window(c, SY_CLOSENESS_NARROW) + best_window(c, SY_CLOSENESS_WIDE);
  }
  return SY_OK;
}

static sy_status rank_bag(sy_plan *plan, const sy_bag *bag, sy_ranked *const *by_article,
                          size_t count, sy_error *error) {
  closeness *c = sy_arena_alloc(plan->arena, sizeof *c);
  if (!c) return sy_fail_memory(error);
  c->plan = plan;
  c->bag = bag;
  memset(c->bits, 0, sizeof c->bits);
  c->covered = sy_arena_calloc(plan->arena, bag->unit_count + 1, sizeof *c->covered);
  if (!c->covered || !choose_readers(c)) return sy_fail_memory(error);
  return c->reader_count ? add_closeness(c, by_article, count) : SY_OK;
}

static bool is_before(const sy_ranked *a, const sy_ranked *b) {
  return a->score != b->score ? a->score > b->score : a->article < b->article;
}

sy_status sy_closeness_rank(sy_plan *plan, sy_ranked *entries, size_t count, sy_error *error) {
  sy_ranked *by_article[SY_CLOSENESS_ARTICLES];
  if (count > SY_CLOSENESS_ARTICLES) count = SY_CLOSENESS_ARTICLES;
  for (size_t i = 0; i < count; i++) {
    size_t at = i;
    for (; at && by_article[at - 1]->article > entries[i].article; at--) {
      by_article[at] = by_article[at - 1];
    }
    by_article[at] = &entries[i];
  }
  for (const sy_bag *bag = plan->bags; bag; bag = bag->next) {
    SY_TRY(rank_bag(plan, bag, by_article, count, error));
  }
  for (size_t i = 1; i < count; i++) {
    sy_ranked entry = entries[i];
    size_t at = i;
    for (; at && is_before(&entry, &entries[at - 1]); at--) entries[at] = entries[at - 1];
    entries[at] = entry;
  }
  return SY_OK;
}
