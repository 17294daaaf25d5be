/* search_fixture.c - an index of a few articles (search_fixture.h). */
#include "tests/query/search_fixture.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

sy_string text(const char *s) { return (sy_string){s, strlen(s)}; }

void add(fixture *f, const char *id, const char *title, const char *body) {
  sy_error error;
  sy_article article = {text(id), text(title), text(body), text("")};
  if (sy_writer_add(f->writer, &article, &error) != SY_OK) fail_msg("%s", error.reason);
}

void delete_number(fixture *f, uint32_t number) {
  char id[16];
  sy_error error;
  snprintf(id, sizeof id, "%u", (unsigned)number);
  assert_int_equal(sy_writer_delete(f->writer, text(id), &error), SY_OK);
}

void commit(fixture *f) {
  sy_error error;
  if (sy_writer_commit(f->writer, &error) != SY_OK) fail_msg("%s", error.reason);
  if (f->index) {
    assert_int_equal(sy_index_refresh(f->index, &error), SY_OK);
  } else {
    assert_int_equal(sy_index_open(f->path, &f->index, &error), SY_OK);
  }
}

fixture *fixture_new(uint32_t text_rules) {
  fixture *f = calloc(1, sizeof *f);
  strcpy(f->path, "/tmp/suoyin-search-XXXXXX");
  assert_non_null(mkdtemp(f->path));
  sy_error error;
  sy_writer_options options = SY_WRITER_OPTIONS_DEFAULT;
  options.text_rules = text_rules;
  if (sy_writer_open(f->path, &options, &f->writer, &error) != SY_OK) fail_msg("%s", error.reason);
  return f;
}

int setup(void **state) {
  *state = fixture_new(SY_TEXT_DEFAULT);
  return 0;
}

static int remove_one(const char *path, const struct stat *info, int flag, struct FTW *walk) {
  (void)info, (void)flag, (void)walk;
  return remove(path);
}

int teardown(void **state) {
  fixture *f = *state;
  sy_index_close(f->index);
  sy_writer_close(f->writer);
  nftw(f->path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
  free(f);
  return 0;
}

sy_query *parse(fixture *f, const char *query) {
  sy_error error;
  sy_query *parsed;
  if (sy_query_parse(text(query), 0, &parsed, &error) != SY_OK) fail_msg("%s", error.reason);
  if (f->index && sy_query_expand(f->index, parsed, NULL, NULL, &error) != SY_OK)
    fail_msg("%s", error.reason);
  return parsed;
}

const char *found_with(fixture *f, const char *query, const sy_search_options *options) {
  static char ids[4096];
  sy_error error;
  sy_query *parsed = parse(f, query);
  sy_results *results;
  if (sy_search(f->index, parsed, options, &results, &error) != SY_OK) fail_msg("%s", error.reason);
  ids[0] = 0;
  for (size_t i = 0; i < sy_results_count(results); i++) {
    sy_string id;
    assert_int_equal(sy_index_id(f->index, sy_results_hit(results, i)->article, &id, &error),
                     SY_OK);
    if (i) strcat(ids, " ");
    strncat(ids, id.data, id.bytes);
  }
  sy_results_free(results);
  sy_query_free(parsed);
  return ids;
}

const char *found(fixture *f, const char *query, uint64_t limit, uint64_t offset) {
  sy_search_options options = SY_SEARCH_OPTIONS_DEFAULT;
  options.limit = limit;
  options.offset = offset;
  return found_with(f, query, &options);
}
