/* explain.c - gathering an explanation (explain.h; what it says is in suoyin.h). */
#include "query/explain.h"

#include "base/status.h"
#include "text/utf8.h"

#include <time.h>

/* An opened list; `list` says whose it is. */
typedef struct opened {
  const sy_list *list;
  const sy_postings *postings;
} opened;

struct sy_explainer {
  sy_explanation shown;
  struct timespec last;
  sy_buffer opened;
  sy_arena arena; /* of rows and texts */
  sy_explain_row *rows;
};

static double seconds_between(const struct timespec *a, const struct timespec *b) {
  return (double)(b->tv_sec - a->tv_sec) + (double)(b->tv_nsec - a->tv_nsec) / 1e9;
}

sy_explainer *sy_explainer_new(void) {
  sy_explainer *e = calloc(1, sizeof *e);
  if (e) clock_gettime(CLOCK_MONOTONIC, &e->last);
  return e;
}

void sy_explainer_lap(sy_explainer *e, double *seconds) {
  struct timespec now;
  if (!e) return;
  clock_gettime(CLOCK_MONOTONIC, &now);
  *seconds += seconds_between(&e->last, &now);
  e->last = now;
}

sy_explanation *sy_explainer_explanation(sy_explainer *e) { return &e->shown; }

void sy_explainer_free(sy_explainer *e) {
  if (!e) return;
  sy_buffer_free(&e->opened);
  sy_arena_free(&e->arena);
  free(e);
}

void sy_search_note_list(sy_search_context *context, const sy_list *list,
                         const sy_postings *postings) {
  opened one = {list, postings};
  sy_buffer_append(&context->explainer->opened, &one, sizeof one);
}

/* ---- What was read of a list ----------------------------------------------------------------- */

static int compare_opened(const void *a, const void *b) {
  const opened *x = a, *y = b;
  return (x->list > y->list) - (x->list < y->list);
}

/* The first that was opened from `list`, or behind it. */
static size_t find_opened(const sy_explainer *e, const sy_list *list) {
  const opened *all = (const opened *)e->opened.data;
  size_t low = 0, high = e->opened.bytes / sizeof *all;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (all[middle].list < list) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

/* Adds one segment's list. Blocks and tails have up to SY_BLOCK postings each; which of them were
 * read is not known, so a tail may count as a block. */
static void add_list(sy_explainer *e, const sy_list *list, sy_explain_row *row) {
  const opened *all = (const opened *)e->opened.data;
  row->articles += list->df;
  row->bytes += list->postings_bytes + (list->positions ? list->positions_bytes : 0);
  row->blocks += (list->df + SY_BLOCK - 1) / SY_BLOCK;
  for (size_t i = find_opened(e, list); i < e->opened.bytes / sizeof *all && all[i].list == list;
       i++) {
    uint64_t read = all[i].postings->blocks_read, postings = read * SY_BLOCK;
    row->blocks_read += read;
    row->postings_read += postings < list->df ? postings : list->df;
  }
}

/* ---- Rows ------------------------------------------------------------------------------------ */

static uint32_t put_unit(const sy_unit *unit, bool whole, uint8_t *out) {
  if (unit->key.word_bytes) {
    memcpy(out, unit->key.word, unit->key.word_bytes);
    return unit->key.word_bytes;
  }
  uint32_t bytes = sy_utf8_encode(out, unit->key.first);
  bool second = whole && !unit->open && unit->key.second > SY_END_WORD;
  return second ? bytes + sy_utf8_encode(out + bytes, unit->key.second) : bytes;
}

/* The text of a leaf, folded: of pairs that overlap, the second character is said once. `set`: the
 * last unit is only how terms begin. */
static sy_string spell(sy_explainer *e, const sy_unit *units, uint32_t count, bool set) {
  size_t capacity = 2;
  for (uint32_t i = 0; i < count; i++) capacity += units[i].key.word_bytes + 9;
  uint8_t *text = sy_arena_alloc(&e->arena, capacity);
  if (!text) return (sy_string){0};
  size_t bytes = 0;
  for (uint32_t i = 0; i < count; i++) {
    bool follows = i + 1 < count && !units[i + 1].key.word_bytes;
    if (i && units[i].key.word_bytes && units[i - 1].key.word_bytes) text[bytes++] = ' ';
    bytes += put_unit(&units[i], !follows, text + bytes);
  }
  if (set) text[bytes++] = '*';
  return (sy_string){(const char *)text, bytes};
}

static const char *field_name(const sy_plan_node *node) {
  if (node->id.data) return "id";
  return node->field == SY_FIELD_INDEX_TITLE ? "title" : "body";
}

static const char *operator_name(const sy_plan_node *group) {
  const char *name = "not"; /* everything but what is excluded */
  for (const sy_plan_node *child = group->child; child; child = child->next) {
    if (child->occur == SY_MUST) return "and";
    if (child->occur == SY_SHOULD) name = "or";
  }
  return name;
}

static sy_explain_row *add_row(sy_explainer *e, const sy_plan_node *node, uint32_t depth) {
  static const char *const occurs[] = {
      [SY_MUST] = "must", [SY_SHOULD] = "should", [SY_MUST_NOT] = "must not"};
  sy_explain_row *row = &e->rows[e->shown.row_count++];
  *row = (sy_explain_row){.depth = depth, .occur = occurs[node->occur]};
  if (node->kind == SY_PLAN_GROUP) return row;
  row->field = field_name(node);
  row->text =
      node->id.data
          ? (sy_string){sy_arena_copy(&e->arena, node->id.data, node->id.bytes), node->id.bytes}
          : spell(e, node->units, node->unit_count, node->kind == SY_PLAN_ARRAY && !node->verified);
  return row;
}

static void add_array_row(sy_explainer *e, const sy_plan *plan, const sy_plan_node *node,
                          uint32_t depth) {
  sy_explain_row *row = add_row(e, node, depth);
  row->kind = node->id.data ? "ids" : node->verified ? "verified" : "terms";
  for (uint32_t s = 0; s < plan->snapshot->count; s++) {
    row->articles += node->arrays[s].count;
    row->lists += node->arrays[s].lists;
    row->bytes += node->arrays[s].bytes;
    row->postings_read += node->arrays[s].postings;
  }
}

static void add_lists_row(sy_explainer *e, const sy_plan *plan, const sy_plan_node *node,
                          uint32_t depth) {
  sy_explain_row *row = add_row(e, node, depth);
  row->kind = node->count == 1 ? "term" : "phrase";
  row->lists = node->count;
  for (uint32_t i = 0; i < node->count; i++) {
    if (node->count > 1) {
      row = add_row(e, node, depth + 1);
      row->kind = node->cover[i] ? "positions" : "articles";
      row->occur = "must";
      row->text = spell(e, &node->units[i], 1, false);
    }
    for (uint32_t s = 0; s < plan->snapshot->count; s++)
      add_list(e, &node->lists[(size_t)s * node->count + i], row);
  }
}

static void add_rows(sy_explainer *e, const sy_plan *plan, const sy_plan_node *node,
                     uint32_t depth) {
  if (node->kind == SY_PLAN_LISTS) {
    add_lists_row(e, plan, node, depth);
  } else if (node->kind == SY_PLAN_ARRAY) {
    add_array_row(e, plan, node, depth);
  } else {
    add_row(e, node, depth)->kind = operator_name(node);
  }
  if (node->before) add_lists_row(e, plan, node->before, depth + 1);
  for (const sy_plan_node *child = node->child; child; child = child->next)
    add_rows(e, plan, child, depth + 1);
}

static size_t count_rows(const sy_plan_node *node) {
  size_t count = 1 + node->count + (node->before ? count_rows(node->before) : 0);
  for (const sy_plan_node *child = node->child; child; child = child->next)
    count += count_rows(child);
  return count;
}

sy_status sy_explainer_finish(sy_explainer *e, const sy_plan *plan, sy_error *error) {
  e->rows = sy_arena_alloc(&e->arena, count_rows(plan->root) * sizeof *e->rows);
  if (!e->rows || e->opened.failed) return sy_fail_memory(error);
  size_t count = e->opened.bytes / sizeof(opened);
  if (count) qsort(e->opened.data, count, sizeof(opened), compare_opened);
  add_rows(e, plan, plan->root, 0);
  const opened *all = (const opened *)e->opened.data;
  e->shown.rows = e->rows;
  e->shown.segments = plan->snapshot->count;
  e->shown.candidates = plan->context->candidates;
  e->shown.scored = plan->context->scored;
  e->shown.positions_read = plan->context->positions;
  e->shown.texts_read = plan->context->texts;
  for (size_t i = 0; i < count; i++) e->shown.blocks_read += all[i].postings->blocks_read;
  for (size_t i = 0; i < e->shown.row_count; i++)
    e->shown.postings_read += e->rows[i].postings_read;
  return SY_OK;
}
