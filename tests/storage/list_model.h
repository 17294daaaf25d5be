/*
 * list_model.h - a postings list as plain arrays, random ones, and the comparison with what a
 * decoder says.
 */
#ifndef SY_LIST_MODEL_H
#define SY_LIST_MODEL_H

#include "storage/postings.h"
#include "tests/storage/storage_helper.h"

typedef struct list_model {
  uint32_t df;
  uint32_t *articles, *frequencies,
      *positions; /* positions: of all articles, one behind the other */
  size_t *starts; /* by index: where its positions begin; one more */
} list_model;

/* How a random list is made. */
typedef struct list_shape {
  uint32_t df;
  uint32_t most_gap;       /* gaps are 0 to this */
  uint32_t most_frequency; /* of a few; most are small */
  uint32_t most_step;      /* from position to position: 1 to this */
} list_shape;

list_model list_random(random_source *random, list_shape shape);
void list_free(list_model *m);

/* The length code of each article up to `count`, such that all positions of the list fit.
 * free(). */
uint8_t *list_lengths(random_source *random, const list_model *m, uint32_t count);

/* Adds the list to a writer, which is not finished. */
void list_write(sy_list_writer *w, const list_model *m);

/* An encoded list as the lexicon would hand it to a reader, in memory that ends where it must. */
typedef struct stored_list {
  sy_list list;
  uint8_t *postings, *positions;
} stored_list;
stored_list list_store(const sy_encoded_list *encoded, const uint8_t *lengths,
                       uint32_t article_count);
void list_drop(stored_list *stored);

/* Reads the list from end to end and compares everything. */
void list_compare(const list_model *m, const sy_list *list);
/* The frequency and positions of the article that `p` stands on, which is number `i` of the
 * model. */
void list_compare_article(const list_model *m, uint32_t i, sy_postings *p);

#endif
