/*
 * test_input_helper.h - for the tests of inputs: a temporary directory, files in it, and an import
 * whose articles are collected in one string, one article after the other:
 *
 *     id|title|body|fields\n
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* nftw() */
#endif

#ifndef SY_TEST_INPUT_HELPER_H
#define SY_TEST_INPUT_HELPER_H

#include "indexer/input_read.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <ftw.h>

typedef struct collected {
  sy_buffer articles; /* terminated by finish_collected() */
  sy_buffer bad;      /* "file:line: reason\n" */
  sy_buffer warnings; /* the same */
  sy_import_progress progress;
  sy_error error;
  sy_status status;
} collected;

static inline sy_status collect(void *context, const sy_article *a, sy_error *error) {
  collected *c = context;
  if (a->id.bytes > 65535) return sy_fail(error, SY_LIMIT, "id too long");
  const sy_string *parts[] = {&a->id, &a->title, &a->body, &a->fields};
  for (size_t i = 0; i < 4; i++) {
    sy_buffer_append(&c->articles, parts[i]->data, parts[i]->bytes);
    sy_buffer_u8(&c->articles, i < 3 ? '|' : '\n');
  }
  return SY_OK;
}

static inline void collect_bad(void *context, const sy_error *bad) {
  collected *c = context;
  char text[1200];
  sy_error_format(bad, text, sizeof text);
  sy_buffer_append(&c->bad, text, strlen(text));
  sy_buffer_u8(&c->bad, '\n');
}

static inline void collect_warning(void *context, const sy_error *warning) {
  collected *c = context;
  char text[1200];
  sy_error_format(warning, text, sizeof text);
  sy_buffer_append(&c->warnings, text, strlen(text));
  sy_buffer_u8(&c->warnings, '\n');
}

static inline void finish_collected(collected *c) {
  sy_buffer_u8(&c->articles, 0);
  sy_buffer_u8(&c->bad, 0);
  sy_buffer_u8(&c->warnings, 0);
}

static inline void free_collected(collected *c) {
  sy_buffer_free(&c->articles);
  sy_buffer_free(&c->bad);
  sy_buffer_free(&c->warnings);
}

static inline const char *articles_of(const collected *c) { return (const char *)c->articles.data; }
static inline const char *bad_of(const collected *c) { return (const char *)c->bad.data; }
static inline const char *warnings_of(const collected *c) { return (const char *)c->warnings.data; }

/* Imports with `options` (NULL: defaults). Free with free_collected(). */
static inline collected import_paths(const char *const *paths, size_t count,
                                     const sy_import_options *options) {
  collected c = {0};
  sy_import_options o = SY_IMPORT_OPTIONS_DEFAULT;
  if (options) o = *options;
  o.on_bad = collect_bad;
  o.on_warning = collect_warning;
  o.context = &c;
  c.status = sy_input_import(collect, &c, paths, count, &o, &c.progress, &c.error);
  finish_collected(&c);
  return c;
}

static inline collected import_path(const char *path, const sy_import_options *options) {
  return import_paths(&path, 1, options);
}

static inline int remove_entry(const char *path, const struct stat *s, int type, struct FTW *ftw) {
  (void)s, (void)type, (void)ftw;
  return remove(path);
}

/* A setup: makes a directory and goes there; the state is its name. */
static inline int enter_directory(void **state) {
  char *name = strdup("/tmp/suoyin-test-input-XXXXXX");
  if (!name || !mkdtemp(name) || chdir(name)) return -1;
  *state = name;
  return 0;
}

static inline int leave_directory(void **state) {
  if (chdir("/")) return -1;
  nftw(*state, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
  free(*state);
  return 0;
}

static inline void write_bytes(const char *path, const void *data, size_t bytes) {
  FILE *file = fopen(path, "wb");
  assert_non_null(file);
  assert_int_equal(fwrite(data, 1, bytes, file), bytes);
  assert_int_equal(fclose(file), 0);
}

static inline void write_text(const char *path, const char *text) {
  write_bytes(path, text, strlen(text));
}

/* Imports one file with this content and compares the articles. */
static inline void expect_articles(const char *path, const char *content, const char *articles) {
  write_text(path, content);
  collected c = import_path(path, NULL);
  if (c.status != SY_OK) print_message("%s: %s\n", path, c.error.reason);
  assert_int_equal(c.status, SY_OK);
  assert_string_equal(articles_of(&c), articles);
  free_collected(&c);
}

#define RUN_IN_DIRECTORY(test) \
  cmocka_unit_test_setup_teardown(test, enter_directory, leave_directory)

#endif
