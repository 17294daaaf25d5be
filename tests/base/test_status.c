/* test_status.c - statuses in words, and errors that are filled. */
#include "base/status.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void test_strings(void **state) {
  (void)state;
  for (int a = SY_OK; a <= SY_CANCELLED; a++) {
    assert_string_not_equal(sy_status_string((sy_status)a), "unknown status");
    for (int b = SY_OK; b < a; b++) {
      assert_string_not_equal(sy_status_string((sy_status)a), sy_status_string((sy_status)b));
    }
  }
  assert_string_equal(sy_status_string((sy_status)1000), "unknown status");
  assert_string_equal(sy_version(), SY_VERSION_STRING);
}

static void test_fail(void **state) {
  (void)state;
  sy_error error;
  memset(&error, 'x', sizeof error);
  assert_int_equal(sy_fail(&error, SY_INVALID, "%s %d", "机器", 7), SY_INVALID);
  assert_int_equal(error.status, SY_INVALID);
  assert_int_equal(error.line, 0);
  assert_int_equal(error.column, 0);
  assert_string_equal(error.file, "");
  assert_string_equal(error.reason, "机器 7");
  assert_int_equal(sy_fail_at(&error, SY_BAD_INPUT, "a.txt", 12, "bad"), SY_BAD_INPUT);
  assert_string_equal(error.file, "a.txt");
  assert_int_equal(error.line, 12);
  /* The arguments may come from the error itself. */
  sy_error_set(&error, SY_IO, error.file, 13, "again: %s", error.reason);
  assert_string_equal(error.file, "a.txt");
  assert_string_equal(error.reason, "again: bad");
  assert_int_equal(sy_fail(NULL, SY_IO, "x"), SY_IO);
  assert_int_equal(sy_fail_at(NULL, SY_IO, "f", 1, "x"), SY_IO);
}

static void test_errno(void **state) {
  (void)state;
  sy_error error;
  assert_int_equal(sy_fail_errno(&error, ENOENT, "f", "cannot open"), SY_IO);
  assert_non_null(strstr(error.reason, "cannot open"));
  assert_non_null(strstr(error.reason, strerror(ENOENT)));
  assert_int_equal(sy_fail_errno(&error, ENOMEM, "f", "cannot open"), SY_NO_MEMORY);
  assert_int_equal(sy_fail_memory(&error), SY_NO_MEMORY);
  assert_int_equal(error.status, SY_NO_MEMORY);
}

/* Long reasons are cut behind, long paths in front. */
static void test_long(void **state) {
  (void)state;
  sy_error error;
  char text[3000];
  memset(text, 'a', sizeof text);
  memcpy(text, "begin", 5);
  memcpy(text + sizeof text - 4, "end", 4);
  sy_error_set(&error, SY_IO, text, 1, "%s", text);
  assert_int_equal(strlen(error.file), sizeof error.file - 1);
  assert_string_equal(error.file + sizeof error.file - 4, "end");
  assert_int_equal(strlen(error.reason), sizeof error.reason - 1);
  assert_memory_equal(error.reason, "begin", 5);
}

static void test_format(void **state) {
  (void)state;
  sy_error error = {0};
  char out[100];
  sy_error_set(&error, SY_BAD_INPUT, "a.txt", 12, "no JSON");
  assert_string_equal(sy_error_format(&error, out, sizeof out), "a.txt:12: no JSON");
  sy_error_set(&error, SY_BAD_INPUT, "a.txt", 0, "no JSON");
  assert_string_equal(sy_error_format(&error, out, sizeof out), "a.txt: no JSON");
  sy_error_set(&error, SY_BAD_INPUT, NULL, 0, "no JSON");
  assert_string_equal(sy_error_format(&error, out, sizeof out), "no JSON");
  error = (sy_error){.status = SY_LOCKED};
  assert_string_equal(sy_error_format(&error, out, sizeof out), sy_status_string(SY_LOCKED));
  memset(out, 'x', sizeof out);
  sy_error_set(&error, SY_IO, NULL, 0, "0123456789");
  assert_string_equal(sy_error_format(&error, out, 5), "0123");
  assert_int_equal(out[5], 'x');
  assert_ptr_equal(sy_error_format(&error, out, 0), out);
}

static sy_status fails(void) { return SY_NOT_FOUND; }

static sy_status tries(int *reached) {
  SY_TRY(SY_OK);
  ++*reached;
  SY_TRY(fails());
  ++*reached;
  return SY_OK;
}

static void test_try(void **state) {
  (void)state;
  int reached = 0;
  assert_int_equal(tries(&reached), SY_NOT_FOUND);
  assert_int_equal(reached, 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_strings), cmocka_unit_test(test_fail),   cmocka_unit_test(test_errno),
      cmocka_unit_test(test_long),    cmocka_unit_test(test_format), cmocka_unit_test(test_try),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
