/*
 * model.h - an index as a list: every version of every article, and queries evaluated by looking at
 * all of them. Texts, articles and queries are made at random from a seed.
 */
#ifndef SY_ORACLE_MODEL_H
#define SY_ORACLE_MODEL_H

#include "suoyin.h"
#include "tests/oracle/brute.h"
#include "tests/oracle/random_text.h"

#define MODEL_CHILDREN 4

typedef struct model_article {
  uint32_t number; /* which article; versions of one article share it */
  bool alive;
  char *id, *title, *body;
  size_t title_bytes, body_bytes;
  brute_text title_units, body_units;
} model_article;

typedef struct model {
  brute *reader;
  model_article *versions;
  size_t count, capacity;
} model;

model *model_new(uint32_t text_rules); /* owned by the caller: model_free() */
void model_free(model *list);

/* The live version of article `number`; NULL when there is none. Borrowed until the next
 * model_put(). */
model_article *model_live(model *list, uint32_t number);

/* Adds a version with random texts of up to `pieces` pieces, replacing the live one. Borrowed
 * likewise. */
model_article *model_put(model *list, uint32_t number, random_source *random, size_t pieces);

size_t model_live_count(const model *list);

/* The id of article `number` ("编号 7/x-7"); the number stands behind the last dash. */
void model_id(uint32_t number, char *out, size_t capacity);
uint32_t model_number(sy_string id);

/* ---- Queries ---- */

typedef enum query_kind { Q_PHRASE, Q_BARE, Q_PREFIX, Q_ID, Q_AND, Q_OR, Q_NOT } query_kind;
typedef enum query_field { IN_BOTH, IN_TITLE, IN_BODY } query_field;

/* Q_NOT: the first child without the others; with one child, everything without it. */
typedef struct model_query {
  query_kind kind;
  query_field field;
  char *text;
  size_t bytes;
  brute_text units;
  struct model_query *child[MODEL_CHILDREN];
  size_t children;
} model_query;

/* A random query about texts of `list`; `depth` groups may nest. Owned by the caller. */
model_query *model_query_new(model *list, random_source *random, int depth);

/* A random leaf: a phrase cut out of an article or put together, that has 1 to `most` units. */
model_query *model_query_phrase(model *list, random_source *random, query_field field, size_t most);
void model_query_free(model_query *query); /* accepts NULL */

/* The text of the query. `any`: blanks between clauses mean OR. Owned by the caller: free(). */
char *model_query_render(const model_query *query, bool any);

/* Does this version match, whether alive or not? */
bool model_matches(const model *list, const model_query *query, const model_article *article);

#endif
