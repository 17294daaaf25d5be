/* search_fixture.h - an index of a few articles, and what a query finds in it. */
#ifndef SY_SEARCH_FIXTURE_H
#define SY_SEARCH_FIXTURE_H

#include "suoyin.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

typedef struct fixture {
  char path[64];
  sy_writer *writer;
  sy_index *index; /* open from the first commit() on */
} fixture;

/* For cmocka_unit_test_setup_teardown(): an index in a directory of its own. */
int setup(void **state);
int teardown(void **state);
/* The same with other text rules than the default. */
fixture *fixture_new(uint32_t text_rules);

sy_string text(const char *s);
void add(fixture *f, const char *id, const char *title, const char *body);
/* Deletes the article whose id is the number in decimal. */
void delete_number(fixture *f, uint32_t number);
/* Commits and moves the index to the new snapshot. */
void commit(fixture *f);
/* The query, its readings expanded when there is an index. Owned by the caller. */
sy_query *parse(fixture *f, const char *query);
/* The ids found, best first, with blanks between; valid until the next call. */
const char *found(fixture *f, const char *query, uint64_t limit, uint64_t offset);
/* The same with options. */
const char *found_with(fixture *f, const char *query, const sy_search_options *options);

#endif
