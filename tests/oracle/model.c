/*
 * model.c - the list of articles and the evaluation of queries over it, by the meaning of the
 * operators in query/parse.h and of phrases in docs/text.md.
 */
#include "tests/oracle/model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *allocate(size_t bytes) {
  void *memory = calloc(1, bytes);
  if (!memory) abort();
  return memory;
}

/* ---- Articles ------------------------------------------------------------------------------ */

model *model_new(uint32_t text_rules) {
  model *list = allocate(sizeof(*list));
  list->reader = brute_new(text_rules);
  return list;
}

void model_free(model *list) {
  if (!list) return;
  for (size_t i = 0; i < list->count; i++) {
    model_article *article = &list->versions[i];
    free(article->id);
    free(article->title);
    free(article->body);
    brute_text_free(&article->title_units);
    brute_text_free(&article->body_units);
  }
  free(list->versions);
  brute_free(list->reader);
  free(list);
}

model_article *model_live(model *list, uint32_t number) {
  for (size_t i = list->count; i-- > 0;) {
    if (list->versions[i].number == number)
      return list->versions[i].alive ? &list->versions[i] : NULL;
  }
  return NULL;
}

size_t model_live_count(const model *list) {
  size_t live = 0;
  for (size_t i = 0; i < list->count; i++) live += list->versions[i].alive;
  return live;
}

void model_id(uint32_t number, char *out, size_t capacity) {
  static const char *const before[] = {"doc", "编号 ", "a/b.html#", "\"q\" AND ", "𠀀:"};
  snprintf(out, capacity, "%s%u-%u", before[number % 5], number % 7, number);
}

uint32_t model_number(sy_string id) {
  uint32_t number = 0, scale = 1;
  for (size_t i = id.bytes; i-- > 0 && id.data[i] != '-'; scale *= 10) {
    number += (uint32_t)(id.data[i] - '0') * scale;
  }
  return number;
}

model_article *model_put(model *list, uint32_t number, random_source *random, size_t pieces) {
  model_article *old = model_live(list, number);
  if (old) old->alive = false;
  if (list->count == list->capacity) {
    list->capacity = list->capacity ? list->capacity * 2 : 256;
    list->versions = realloc(list->versions, list->capacity * sizeof(model_article));
    if (!list->versions) abort();
  }
  buffer title = {0}, body = {0};
  bool clean = random_one_in(random, 2);
  size_t title_pieces = random_one_in(random, 8) ? 0 : 1 + random_below(random, 10);
  size_t body_pieces = random_one_in(random, 20) ? 0 : 1 + random_below(random, (uint32_t)pieces);
  random_text(random, title_pieces, clean, &title);
  random_text(random, body_pieces, clean, &body);

  model_article *article = &list->versions[list->count++];
  *article = (model_article){.number = number, .alive = true};
  article->id = allocate(64);
  model_id(number, article->id, 64);
  article->title = title.data;
  article->title_bytes = title.bytes;
  article->body = body.data;
  article->body_bytes = body.bytes;
  brute_read(list->reader, article->title, article->title_bytes, &article->title_units);
  brute_read(list->reader, article->body, article->body_bytes, &article->body_units);
  return article;
}

/* ---- Random queries ------------------------------------------------------------------------ */

static model_query *leaf(model *list, query_kind kind, query_field field, buffer text) {
  model_query *query = allocate(sizeof(*query));
  query->kind = kind;
  query->field = field;
  query->text = text.data;
  query->bytes = text.bytes;
  brute_read(list->reader, text.data, text.bytes, &query->units);
  return query;
}

void model_query_free(model_query *query) {
  if (!query) return;
  for (size_t i = 0; i < query->children; i++) model_query_free(query->child[i]);
  brute_text_free(&query->units);
  free(query->text);
  free(query);
}

/* What a near miss has in the place of a unit. */
static void put_instead(random_source *random, buffer *to) {
  switch (random_below(random, 4)) {
    case 0: buffer_add_string(to, "，"); break;
    case 1: buffer_add_string(to, random_word(random)); break;
    case 2: random_chinese(random, to); break;
    default: break; /* nothing */
  }
}

/* Appends a piece of a random article, from the start of one unit to the end of one close behind;
 * now and then with something else in the place of a unit, which the article then has elsewhere, if
 * at all. */
static void cut_from_article(model *list, random_source *random, size_t most, buffer *to) {
  const model_article *article = &list->versions[random_below(random, (uint32_t)list->count)];
  bool title = random_one_in(random, 3);
  const brute_text *units = title ? &article->title_units : &article->body_units;
  const char *text = title ? article->title : article->body;
  if (units->count == 0) return;
  size_t first = random_below(random, (uint32_t)units->count);
  size_t last = first + random_below(random, (uint32_t)most);
  if (last >= units->count) last = units->count - 1;
  size_t replaced = random_one_in(random, 4) ? first + random_below(random, (uint32_t)most) : first;
  uint32_t start = units->ranges[first].start, end = units->ranges[last].end;
  if (replaced > first && replaced < last) {
    buffer_add(to, text + start, units->ranges[replaced].start - start);
    put_instead(random, to);
    start = units->ranges[replaced].end;
  }
  if (start < end) buffer_add(to, text + start, end - start);
}

model_query *model_query_phrase(model *list, random_source *random, query_field field,
                                size_t most) {
  for (;;) {
    buffer text = {0};
    buffer_add(&text, "", 0);
    if (random_one_in(random, 4)) {
      random_text(random, 1 + random_below(random, 3), true, &text);
    } else {
      cut_from_article(list, random, most, &text);
    }
    model_query *query = leaf(list, Q_PHRASE, field, text);
    bool usable = query->units.count > 0 && query->units.count <= most;
    if (usable && query->units.invalid_bytes == 0) return query;
    model_query_free(query);
  }
}

static model_query *random_leaf(model *list, random_source *random) {
  query_field field = (query_field)random_below(random, 3);
  buffer text = {0};
  switch (random_below(random, 12)) {
    case 0: /* an unquoted word */
      buffer_add_string(&text, random_word(random));
      return leaf(list, Q_BARE, field, text);
    case 1: /* one to three unquoted characters */
    case 2: random_chinese(random, &text); return leaf(list, Q_BARE, field, text);
    case 3: { /* the beginning of a word */
      const char *word = random_word(random);
      buffer_add(&text, word, 1 + random_below(random, (uint32_t)strlen(word)));
      return leaf(list, Q_PREFIX, field, text);
    }
    case 4: { /* an id, of an article that may be deleted or never was */
      char id[64];
      model_id(random_below(random, (uint32_t)list->count + 10), id, sizeof(id));
      buffer_add_string(&text, id);
      return leaf(list, Q_ID, IN_BOTH, text);
    }
    default: return model_query_phrase(list, random, field, 1 + random_below(random, 8));
  }
}

model_query *model_query_new(model *list, random_source *random, int depth) {
  if (depth == 0 || random_one_in(random, 4)) return random_leaf(list, random);
  model_query *query = allocate(sizeof(*query));
  uint32_t pick = random_below(random, 7);
  query->kind = pick < 3 ? Q_AND : pick < 5 ? Q_OR : Q_NOT;
  query->children = 2 + random_below(random, MODEL_CHILDREN - 1);
  if (query->kind == Q_NOT)
    query->children = random_one_in(random, 5) ? 1 : 2 + random_below(random, 2);
  for (size_t i = 0; i < query->children; i++) {
    query->child[i] = model_query_new(list, random, depth - 1);
  }
  return query;
}

/* ---- Rendering ----------------------------------------------------------------------------- */

static void render_quoted(const model_query *query, buffer *out) {
  buffer_add_string(out, "\"");
  for (size_t i = 0; i < query->bytes; i++) {
    if (query->text[i] == '"' || query->text[i] == '\\') buffer_add_string(out, "\\");
    buffer_add(out, &query->text[i], 1);
  }
  buffer_add_string(out, "\"");
}

static void render(const model_query *query, bool any, buffer *out) {
  static const char *const fields[] = {"", "title:", "body:"};
  bool blank = (query->bytes + query->children) % 2 == 0; /* now and then, for variety */
  const char *and = !any && blank ? " " : " AND ", * or = any && blank ? " " : " OR ";
  switch (query->kind) {
    case Q_ID:
      buffer_add_string(out, "id:");
      render_quoted(query, out);
      return;
    case Q_PHRASE:
      buffer_add_string(out, fields[query->field]);
      render_quoted(query, out);
      return;
    case Q_BARE:
    case Q_PREFIX:
      buffer_add_string(out, fields[query->field]);
      buffer_add(out, query->text, query->bytes);
      if (query->kind == Q_PREFIX) buffer_add_string(out, "*");
      return;
    default: break;
  }
  buffer_add_string(out, query->kind == Q_NOT && query->children == 1 ? "(NOT " : "(");
  for (size_t i = 0; i < query->children; i++) {
    if (i > 0 && query->kind == Q_NOT) buffer_add_string(out, blank ? " AND NOT " : " NOT ");
    if (i > 0 && query->kind == Q_AND) buffer_add_string(out, and);
    if (i > 0 && query->kind == Q_OR) buffer_add_string(out, or);
    render(query->child[i], any, out);
  }
  buffer_add_string(out, ")");
}

char *model_query_render(const model_query *query, bool any) {
  buffer out = {0};
  render(query, any, &out);
  return out.data;
}

/* ---- Evaluation ---------------------------------------------------------------------------- */

static bool leaf_matches(const model *list, const model_query *query,
                         const model_article *article) {
  bool prefix = query->kind == Q_PREFIX;
  if (query->kind == Q_ID) {
    return strlen(article->id) == query->bytes &&
           memcmp(article->id, query->text, query->bytes) == 0;
  }
  if (query->field != IN_BODY &&
      brute_find(list->reader, &article->title_units, &query->units, prefix, 0) != BRUTE_NONE) {
    return true;
  }
  return query->field != IN_TITLE &&
         brute_find(list->reader, &article->body_units, &query->units, prefix, 0) != BRUTE_NONE;
}

bool model_matches(const model *list, const model_query *query, const model_article *article) {
  size_t matching = 0;
  if (query->children == 0) return leaf_matches(list, query, article);
  size_t first = query->kind == Q_NOT && query->children > 1 ? 1 : 0;
  for (size_t i = first; i < query->children; i++) {
    matching += model_matches(list, query->child[i], article);
  }
  if (query->kind == Q_AND) return matching == query->children;
  if (query->kind == Q_OR) return matching > 0;
  return matching == 0 && (first == 0 || model_matches(list, query->child[0], article));
}
