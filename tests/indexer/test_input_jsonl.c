/* test_input_jsonl.c - JSON lines: members, bad lines with their numbers, long lines, line ends. */
#include "tests/indexer/test_input_helper.h"

static void test_members(void **state) {
  (void)state;
  expect_articles("a.jsonl",
                  "{\"id\":\"1\",\"title\":\"\\u6807\\n题\",\"body\":\"正文\",\"n\":1.50,\"s\":"
                  "\"q\\\"\",\"l\":[1],"
                  "\"o\":{\"a\":[]},\"t\":true,\"z\":null}\n"
                  "{\"id\":12,\"body\":\"b\"}\n"
                  "{\"title\":\"t\"}\n"
                  "{\"id\":\"x\",\"id\":\"y\",\"body\":\"1\",\"body\":\"2\"}\n"
                  "{\"id\":null,\"title\":null,\"body\":\"\"}\n"
                  "{\"i\\u0064\":\"k\",\"body\":\"\\ud83d\\ude00\"}",
                  "1|标\n题|正文|{\"n\":1.50,\"s\":\"q\\\"\",\"t\":true,\"z\":null}\n"
                  "12||b|\n"
                  "a.jsonl:3|t||\n"
                  "y||2|\n"
                  "a.jsonl:5|||\n"
                  "k||😀|\n");
}

static void test_line_ends(void **state) {
  (void)state;
  expect_articles("a.jsonl", "\n  \n{\"body\":\"1\"}\r\n\r\n\t{\"body\":\"2\"} \n{\"body\":\"3\"}",
                  "a.jsonl:3||1|\na.jsonl:5||2|\na.jsonl:6||3|\n");
  expect_articles("a.jsonl", "\xef\xbb\xbf{\"body\":\"1\"}", "a.jsonl:1||1|\n");
  expect_articles("a.jsonl", "", "");
  expect_articles("a.jsonl", "\n\n", "");
}

static void test_chosen_members(void **state) {
  (void)state;
  write_text("a.jsonl", "{\"url\":\"u\",\"name\":\"n\",\"text\":\"t\",\"id\":7,\"body\":\"b\"}");
  sy_import_options o = SY_IMPORT_OPTIONS_DEFAULT;
  o.id_member = "url";
  o.title_member = "name";
  o.body_member = "text";
  collected c = import_path("a.jsonl", &o);
  assert_string_equal(articles_of(&c), "u|n|t|{\"id\":7,\"body\":\"b\"}\n");
  free_collected(&c);
}

static const struct {
  const char *line, *reason;
} bad_lines[] = {
    {"{\"id\":\"a\"}", "no member \"body\""},
    {"{\"id\":true,\"body\":\"b\"}", "member \"id\" is no string and no number"},
    {"{\"id\":[\"a\"],\"body\":\"b\"}", "member \"id\" is no string and no number"},
    {"{\"id\":\"a\",\"body\":5}", "member \"body\" is no string"},
    {"{\"id\":\"a\",\"title\":{},\"body\":\"b\"}", "member \"title\" is no string"},
    {"{\"id\":\"\",\"body\":\"b\"}", "empty id"},
    {"{\"id\":01,\"body\":\"b\"}", "invalid JSON value"},
    {"{\"body\":\"b\",\"x\":[1,,2]}", "invalid JSON"},
    {"{\"body\":\"b\",\"x\":[1 2]}", "invalid JSON"},
    {"{\"body\":\"b\",\"x\":{\"k\":tru}}", "invalid JSON value"},
    {"{\"body\":\"b\",\"x\":nul}", "invalid JSON value"},
    {"{\"body\":\"b\"} x", NULL},
    {"{\"body\":\"b\"}{\"body\":\"c\"}", "more than one JSON value in the line"},
    {"{\"body\":\"b\"", NULL},
    {"{\"body\":\"b}", "string without end"},
    {"{\"body\" \"b\"}", NULL},
    {"{\"body\":\"b\",}", NULL},
    {"{\"body\":\"\\ud83d\"}", "invalid escape in a string"},
    {"{\"body\":\"\\ude00 \"}", "invalid escape in a string"},
    {"{\"body\":\"b\",\"x\":\"\\q\"}", "invalid escape in a string"},
    {"{\"body\":\"a\tb\"}", "control character in a string"},
    {"{\"body\":\"\xe4\xb8\"}", "invalid UTF-8"},
    {"[1]", "not a JSON object"},
    {"\"a\"", "not a JSON object"},
    {"x", NULL},
};

static void test_bad_lines(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof bad_lines / sizeof *bad_lines; i++) {
    sy_buffer file = {0};
    const char *good = "{\"id\":\"一\",\"body\":\"好的正文\"}\n\n";
    sy_buffer_append(&file, good, strlen(good));
    sy_buffer_append(&file, bad_lines[i].line, strlen(bad_lines[i].line));
    sy_buffer_append(&file, "\n{\"id\":\"二\",\"body\":\"\"}",
                     strlen("\n{\"id\":\"二\",\"body\":\"\"}"));
    write_bytes("a.jsonl", file.data, file.bytes);
    sy_buffer_free(&file);

    collected c = import_path("a.jsonl", NULL);
    assert_int_equal(c.status, SY_BAD_INPUT);
    assert_int_equal(c.error.line, 3);
    assert_string_equal(c.error.file, "a.jsonl");
    if (bad_lines[i].reason) assert_string_equal(c.error.reason, bad_lines[i].reason);
    assert_string_equal(articles_of(&c), "一||好的正文|\n");
    free_collected(&c);

    sy_import_options o = SY_IMPORT_OPTIONS_DEFAULT;
    o.skip_bad = true;
    c = import_path("a.jsonl", &o);
    assert_int_equal(c.status, SY_OK);
    assert_int_equal(c.progress.skipped, 1);
    assert_int_equal(c.progress.articles, 2);
    assert_string_equal(articles_of(&c), "一||好的正文|\n二|||\n");
    assert_memory_equal(bad_of(&c), "a.jsonl:3: ", 11);
    free_collected(&c);
  }
}

/* Lines of all lengths around the block of the reader, cut by it everywhere. */
static void test_long_lines(void **state) {
  (void)state;
  static const size_t lengths[] = {1, 100, 524288, 1048500, 1048576, 1048577, 3000000, 9000000, 5};
  size_t count = sizeof lengths / sizeof *lengths;
  sy_buffer file = {0}, expected = {0};
  for (size_t i = 0; i < 40000 + count; i++) {
    size_t length = i % 4000 ? i % 97 : lengths[i / 4000 % count];
    char id[32];
    snprintf(id, sizeof id, "%zu", i);
    sy_buffer_append(&file, "{\"id\":", 6);
    sy_buffer_append(&file, id, strlen(id));
    sy_buffer_append(&file, ",\"body\":\"", 9);
    sy_buffer_append(&expected, id, strlen(id));
    sy_buffer_append(&expected, "||", 2);
    for (size_t n = 0; n < length; n++) {
      sy_buffer_u8(&file, (uint8_t)('a' + n % 26));
      sy_buffer_u8(&expected, (uint8_t)('a' + n % 26));
    }
    sy_buffer_append(&file, "\"}\n", 3);
    sy_buffer_append(&expected, "|\n", 2);
  }
  write_bytes("a.jsonl", file.data, file.bytes - 1);
  sy_buffer_u8(&expected, 0);
  collected c = import_path("a.jsonl", NULL);
  assert_int_equal(c.status, SY_OK);
  assert_true(c.articles.bytes == expected.bytes);
  assert_memory_equal(c.articles.data, expected.data, expected.bytes);
  assert_int_equal(c.progress.bytes, file.bytes - 1);
  assert_int_equal(c.progress.read_bytes, file.bytes - 1);
  assert_int_equal(c.progress.total_bytes, file.bytes - 1);
  free_collected(&c);
  sy_buffer_free(&file);
  sy_buffer_free(&expected);
}

static void test_refused_article(void **state) {
  (void)state;
  sy_buffer file = {0};
  sy_buffer_append(&file, "{\"id\":\"", 7);
  for (int i = 0; i < 70000; i++) sy_buffer_u8(&file, 'x');
  sy_buffer_append(&file, "\",\"body\":\"b\"}\n{\"id\":1,\"body\":\"b\"}\n", 34);
  write_bytes("a.jsonl", file.data, file.bytes);
  sy_buffer_free(&file);
  collected c = import_path("a.jsonl", NULL);
  assert_int_equal(c.status, SY_LIMIT);
  assert_int_equal(c.error.line, 1);
  free_collected(&c);
  sy_import_options o = SY_IMPORT_OPTIONS_DEFAULT;
  o.skip_bad = true;
  c = import_path("a.jsonl", &o);
  assert_int_equal(c.status, SY_OK);
  assert_string_equal(bad_of(&c), "a.jsonl:1: id too long\n");
  assert_string_equal(articles_of(&c), "1||b|\n");
  free_collected(&c);
}

static void test_deep_nesting(void **state) {
  (void)state;
  sy_buffer file = {0};
  sy_buffer_append(&file, "{\"body\":\"b\",\"x\":", 16);
  for (int i = 0; i < 100000; i++) sy_buffer_u8(&file, '[');
  for (int i = 0; i < 100000; i++) sy_buffer_u8(&file, ']');
  sy_buffer_append(&file, "}\n", 2);
  write_bytes("a.jsonl", file.data, file.bytes);
  sy_buffer_free(&file);
  collected c = import_path("a.jsonl", NULL);
  assert_int_equal(c.status, SY_BAD_INPUT);
  assert_string_equal(c.error.reason, "arrays and objects nested too deep");
  free_collected(&c);
}

static bool stop_at_once(void *context, const sy_import_progress *progress) {
  (void)context, (void)progress;
  return false;
}

static void test_cancel(void **state) {
  (void)state;
  write_text("a.jsonl", "{\"body\":\"b\"}\n");
  sy_import_options o = SY_IMPORT_OPTIONS_DEFAULT;
  o.on_progress = stop_at_once;
  collected c = import_path("a.jsonl", &o);
  assert_int_equal(c.status, SY_CANCELLED);
  free_collected(&c);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      RUN_IN_DIRECTORY(test_members),        RUN_IN_DIRECTORY(test_line_ends),
      RUN_IN_DIRECTORY(test_chosen_members), RUN_IN_DIRECTORY(test_bad_lines),
      RUN_IN_DIRECTORY(test_long_lines),     RUN_IN_DIRECTORY(test_refused_article),
      RUN_IN_DIRECTORY(test_deep_nesting),   RUN_IN_DIRECTORY(test_cancel),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
