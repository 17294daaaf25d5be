/* pinyin.c - the search for phrases by their reading (pinyin.h). */
#include "query/pinyin.h"

#include "base/status.h"
#include "text/readings.h"
#include "text/utf8.h"

#define MAX_LETTERS 96u
#define MAX_EDGES 6u      /* from one letter: a syllable has at most six */
#define MAX_STEPS 20000u  /* paths followed */
#define MAX_COUNTS 3000u  /* phrases looked up */
#define STEPS 1024u       /* what reading a run of the lexicon counts for the deadline */
#define MAX_PATHS 400000u /* paths waiting */

#define MAP_CODES 0x40000u /* no character above has a reading */

/* From one letter to another: the syllables [first, last) of the table. */
typedef struct edge {
  uint32_t to;
  size_t first, last;
  uint64_t *map; /* a bit for each character that is read as one of them */
} edge;

typedef struct lattice {
  char letters[MAX_LETTERS + 1];
  bool cut[MAX_LETTERS + 1]; /* a blank or an apostrophe stands before the letter */
  uint32_t count;
  edge edges[MAX_LETTERS][MAX_EDGES];
  uint32_t edge_counts[MAX_LETTERS];
} lattice;

/* ---- Letters --------------------------------------------------------------------------------- */

static sy_status bad_reading(const sy_node *node, sy_error *error) {
  sy_error_set(error, SY_SYNTAX, NULL, 0, "expected %s",
               node->reading == SY_READING_INITIALS
                   ? "the first letters of syllables, as in py:jqzx"
                   : "pinyin, as in pinyin:jiqizhixin");
  if (error) error->column = node->column;
  return SY_SYNTAX;
}

static sy_status spell(const sy_node *node, lattice *l, sy_error *error) {
  const uint8_t *at = (const uint8_t *)node->text.data, *end = at + node->text.bytes;
  bool cut = false;
  for (uint32_t length; at < end; at += length) {
    uint32_t c = sy_utf8_decode(at, end, &length);
    bool toned;
    char letter = sy_pinyin_letter(c, &toned);
    if (c == ' ' || c == '\'' || c == 0x2019 || c == 0x3000) {
      cut = true;
    } else if (!letter) {
      return bad_reading(node, error);
    } else if (l->count == MAX_LETTERS) {
      return sy_fail(error, SY_LIMIT, "a reading has at most %u letters", MAX_LETTERS);
    } else {
      l->cut[l->count] = cut;
      l->letters[l->count++] = letter;
      cut = false;
    }
  }
  return l->count ? SY_OK : bad_reading(node, error);
}

/* The syllables that begin with the letters: neighbours in the table. */
static edge prefix_edge(const lattice *l, uint32_t at, uint32_t length) {
  edge e = {.to = at + length};
  while (e.first < sy_syllable_count &&
         strncmp(sy_syllables[e.first].text, l->letters + at, length) < 0) {
    e.first++;
  }
  e.last = e.first;
  while (e.last < sy_syllable_count &&
         !strncmp(sy_syllables[e.last].text, l->letters + at, length)) {
    e.last++;
  }
  return e;
}

static uint64_t *make_map(const edge *e) {
  uint64_t *map = calloc(MAP_CODES / 64, sizeof *map);
  for (uint32_t r = sy_syllables[e->first].first; map && r < sy_syllables[e->last].first; r++) {
    uint32_t c = sy_readings[r] & SY_READING_CODE;
    map[c / 64] |= 1ull << c % 64;
  }
  return map;
}

static void free_maps(lattice *l) {
  for (uint32_t at = 0; at < l->count; at++) {
    for (uint32_t i = 0; i < l->edge_counts[at]; i++) free(l->edges[at][i].map);
  }
}

/* Edges that lead to the end, from the last letter backwards. */
static sy_status make_edges(const sy_node *node, lattice *l, sy_error *error) {
  bool reaches[MAX_LETTERS + 1] = {0};
  reaches[l->count] = true;
  for (uint32_t at = l->count; at-- > 0;) {
    for (uint32_t n = 1; n <= SY_SYLLABLE_MAX_BYTES && at + n <= l->count; n++) {
      if (n > 1 && l->cut[at + n - 1]) break;
      edge e;
      if (node->reading == SY_READING_INITIALS) {
        if (n > 2 || (n == 2 && l->letters[at + 1] != 'h')) break;
        e = prefix_edge(l, at, n);
      } else {
        size_t s = sy_syllable_find(l->letters + at, n);
        e = (edge){at + n, s, s < sy_syllable_count ? s + 1 : s, NULL};
      }
      if (e.first == e.last || !reaches[e.to]) continue;
      e.map = make_map(&e);
      if (!e.map) return sy_fail_memory(error);
      l->edges[at][l->edge_counts[at]++] = e;
      reaches[at] = true;
    }
  }
  return reaches[0] ? SY_OK : bad_reading(node, error);
}

static bool is_read_so(const edge *e, uint32_t c) {
  return c < MAP_CODES && e->map[c / 64] >> c % 64 & 1;
}

/* ---- Paths ----------------------------------------------------------------------------------- */

typedef struct path {
  uint64_t bound; /* no more articles than this have it */
  uint32_t at;    /* letters read */
  uint32_t count;
  uint32_t characters[SY_READING_CHARACTERS];
  bool counted; /* the bound is the number of articles */
} path;

typedef struct finder {
  sy_index *index;
  const sy_node *node;
  lattice letters;
  sy_buffer heap; /* path, the largest bound on top */
  sy_buffer next; /* follower */
  uint32_t steps, counts;
  sy_time_budget time;
  sy_reading *out;
} finder;

static size_t heap_count(const finder *f) { return f->heap.bytes / sizeof(path); }

static void push(finder *f, const path *p) {
  if (heap_count(f) >= MAX_PATHS) {
    f->out->complete = false;
    return;
  }
  sy_buffer_append(&f->heap, p, sizeof *p);
  if (f->heap.failed) return;
  path *heap = (path *)f->heap.data;
  size_t at = heap_count(f) - 1;
  for (size_t parent; at && heap[parent = (at - 1) / 2].bound < p->bound; at = parent)
    heap[at] = heap[parent];
  heap[at] = *p;
}

static path pop(finder *f) {
  path *heap = (path *)f->heap.data, top = heap[0];
  f->heap.bytes -= sizeof(path);
  size_t count = heap_count(f), at = 0;
  path last = heap[count];
  for (size_t child; (child = 2 * at + 1) < count; at = child) {
    if (child + 1 < count && heap[child + 1].bound > heap[child].bound) child++;
    if (heap[child].bound <= last.bound) break;
    heap[at] = heap[child];
  }
  heap[at] = last;
  return top;
}

/* ---- The lexicon as a graph ------------------------------------------------------------------ */

typedef struct follower {
  uint32_t c;
  uint64_t articles;
} follower;

static int compare_followers(const void *a, const void *b) {
  const follower *x = a, *y = b;
  return x->c < y->c ? -1 : x->c > y->c;
}

static bool searches(const sy_node *node, uint32_t field) {
  if (!node->fields) return true;
  return node->fields & (field == SY_FIELD_INDEX_TITLE ? SY_FIELD_TITLE : SY_FIELD_BODY);
}

/* Gathers the characters that follow `c`, each once; *articles is the sum over all terms that begin
 * with it. */
static sy_status find_followers(finder *f, uint32_t c, uint64_t *articles, sy_error *error) {
  f->next.bytes = 0;
  *articles = 0;
  for (uint32_t s = 0; s < f->index->snapshot.count; s++) {
    sy_lexicon *lexicon = &f->index->snapshot.segments[s].lexicon;
    for (uint32_t field = 0; field < SY_FIELD_COUNT; field++) {
      uint32_t run = sy_lexicon_run(lexicon, field, c);
      bool there = run < lexicon->count && sy_lexicon_run_key(lexicon, run) == (field << 24 | c);
      if (!there || !searches(f->node, field)) continue;
      sy_lexicon_cursor cursor;
      SY_TRY(sy_lexicon_open_run(lexicon, run, &cursor, error));
      sy_status status;
      while (!cursor.words && (status = sy_lexicon_next(&cursor, error)) != SY_NOT_FOUND) {
        if (status != SY_OK) return status;
        *articles += cursor.df;
        follower one = {cursor.key.second, cursor.df};
        if (one.c > SY_END_WORD) sy_buffer_append(&f->next, &one, sizeof one);
      }
    }
  }
  if (f->next.failed) return sy_fail_memory(error);
  follower *all = (follower *)f->next.data;
  size_t count = f->next.bytes / sizeof *all, kept = 0;
  if (count) qsort(all, count, sizeof *all, compare_followers);
  for (size_t i = 0; i < count; i++) {
    if (kept && all[kept - 1].c == all[i].c) {
      all[kept - 1].articles += all[i].articles;
    } else {
      all[kept++] = all[i];
    }
  }
  f->next.bytes = kept * sizeof *all;
  return SY_OK;
}

/* ---- The search ------------------------------------------------------------------------------ */

/* Pushes the paths that go on from `p`, whose last character has just been looked up, by `e`. */
static sy_status follow(finder *f, const path *p, const edge *e, sy_error *error) {
  if (p->count == SY_READING_CHARACTERS)
    return sy_fail(error, SY_LIMIT, "a reading has at most %u syllables", SY_READING_CHARACTERS);
  const follower *all = (const follower *)f->next.data;
  for (size_t i = 0; i < f->next.bytes / sizeof *all; i++) {
    if (!is_read_so(e, all[i].c)) continue;
    path longer = *p;
    longer.characters[longer.count++] = all[i].c;
    longer.at = e->to;
    longer.counted = false;
    if (all[i].articles < longer.bound) longer.bound = all[i].articles;
    push(f, &longer);
  }
  return f->heap.failed ? sy_fail_memory(error) : SY_OK;
}

static sy_status follow_all(finder *f, const path *p, sy_error *error) {
  uint64_t articles;
  SY_TRY(find_followers(f, p->characters[p->count - 1], &articles, error));
  for (uint32_t i = 0; i < f->letters.edge_counts[p->at]; i++) {
    SY_TRY(follow(f, p, &f->letters.edges[p->at][i], error));
  }
  return SY_OK;
}

/* Begins with every character that is read as a first syllable. */
static sy_status begin(finder *f, const edge *e, sy_error *error) {
  for (uint32_t c = 0; c < MAP_CODES; c++) {
    if (!is_read_so(e, c)) continue;
    if (sy_spend(&f->time, STEPS)) return SY_OK;
    path p = {.at = e->to, .count = 1, .characters = {c}};
    SY_TRY(find_followers(f, p.characters[0], &p.bound, error));
    if (!p.bound) continue;
    if (e->to == f->letters.count) {
      push(f, &p);
    } else {
      p.bound = UINT64_MAX;
      for (uint32_t i = 0; i < f->letters.edge_counts[p.at]; i++) {
        SY_TRY(follow(f, &p, &f->letters.edges[p.at][i], error));
      }
    }
  }
  return f->heap.failed ? sy_fail_memory(error) : SY_OK;
}

static sy_reading_phrase make_phrase(const path *p) {
  sy_reading_phrase phrase = {.articles = p->bound};
  for (uint32_t i = 0; i < p->count; i++) {
    phrase.bytes += sy_utf8_encode((uint8_t *)phrase.text + phrase.bytes, p->characters[i]);
  }
  return phrase;
}

static sy_status count_articles(finder *f, path *p, sy_error *error) {
  sy_reading_phrase phrase = make_phrase(p);
  sy_node node = {.kind = SY_NODE_PHRASE,
                  .occur = SY_MUST,
                  .fields = f->node->fields,
                  .text = {phrase.text, phrase.bytes}};
  sy_query query = {.root = &node};
  p->counted = true;
  return sy_count(f->index, &query, &p->bound, error);
}

/* A phrase that can be read in two ways was there before. */
static bool is_known(const sy_reading *r, const sy_reading_phrase *phrase) {
  for (size_t i = 0; i < r->count; i++) {
    const sy_reading_phrase *other = &r->phrases[i];
    if (other->bytes == phrase->bytes && !memcmp(other->text, phrase->text, phrase->bytes))
      return true;
  }
  return false;
}

static sy_status step(finder *f, sy_error *error) {
  path p = pop(f);
  bool whole = p.at == f->letters.count;
  f->steps++;
  if (!p.counted && (whole || p.count > 2)) {
    f->counts++;
    SY_TRY(count_articles(f, &p, error));
    if (p.bound) push(f, &p);
    return SY_OK;
  }
  if (!whole) return follow_all(f, &p, error);
  sy_reading_phrase phrase = make_phrase(&p);
  if (!is_known(f->out, &phrase)) f->out->phrases[f->out->count++] = phrase;
  return SY_OK;
}

sy_status sy_reading_find(sy_index *index, const sy_node *node, sy_reading *out, sy_error *error) {
  finder *f = calloc(1, sizeof *f);
  if (!f) return sy_fail_memory(error);
  f->index = index;
  f->time = (sy_time_budget){&index->deadline, 0};
  f->node = node;
  f->out = out;
  out->count = 0;
  out->complete = true;
  sy_status status = spell(node, &f->letters, error);
  if (status == SY_OK) status = make_edges(node, &f->letters, error);
  for (uint32_t i = 0; status == SY_OK && i < f->letters.edge_counts[0]; i++) {
    status = begin(f, &f->letters.edges[0][i], error);
  }
  while (status == SY_OK && heap_count(f)) {
    if (out->count == SY_READING_PHRASES || f->steps == MAX_STEPS || f->counts == MAX_COUNTS) {
      out->complete = false;
      break;
    }
    if (sy_spend(&f->time, STEPS)) break;
    status = step(f, error);
  }
  if (sy_is_over(&f->time)) out->complete = false;
  free_maps(&f->letters);
  sy_buffer_free(&f->heap);
  sy_buffer_free(&f->next);
  free(f);
  return status;
}
