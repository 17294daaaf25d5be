/* test_input_csv.c - CSV and TSV: quoting, the header, bad rows, rows across blocks. */
#include "tests/indexer/test_input_helper.h"

static void test_columns(void **state) {
  (void)state;
  expect_articles("a.csv", "id,title,body,year,author\r\n1,题,文,1999,甲\r\n2,题,文,,乙\r\n",
                  "1|题|文|{\"year\":\"1999\",\"author\":\"甲\"}\n2|题|文|{\"author\":\"乙\"}\n");
  expect_articles("a.csv", "\xef\xbb\xbf body , title\n一,二\n\n三,四",
                  "a.csv#1|二|一|\na.csv#2|四|三|\n");
  expect_articles("a.tsv", "title\tbody\n题\t一, 二\n", "a.tsv#1|题|一, 二|\n");
  expect_articles("a.csv", "body,,\n一,二,三\n",
                  "a.csv#1||一|{\"column2\":\"二\",\"column3\":\"三\"}\n");
  expect_articles("a.csv", "id,body\n", "");
  expect_articles("a.csv", "id,body\r1,一\r2,二", "1||一|\n2||二|\n"); /* an old Mac's */
}

static void test_quotes(void **state) {
  (void)state;
  expect_articles("a.csv", "id,body,note\n\"1\",\"甲,\n\"\"乙\"\"\",\"\"\n2,5\" 盘,\"\"\"\"\n",
                  "1||甲,\n\"乙\"|\n2||5\" 盘|{\"note\":\"\\\"\"}\n");
  expect_articles("a.csv", "\"id\",\"bo\"\"dy\",body\n1,\"a\tb\\\n\x01\",b\n",
                  "1||b|{\"bo\\\"dy\":\"a\\tb\\\\\\n\\u0001\"}\n");
  expect_articles("a.csv", "id,body\n1,\"一\"", "1||一|\n");
  expect_articles("a.csv", "body\n\"\"\n", ""); /* nothing in it: as a blank line */
}

static void expect_bad(const char *path, const char *content, const char *articles,
                       const char *bad) {
  sy_import_options o = SY_IMPORT_OPTIONS_DEFAULT;
  write_text(path, content);
  o.skip_bad = true;
  collected c = import_path(path, &o);
  assert_int_equal(c.status, SY_OK);
  assert_string_equal(articles_of(&c), articles);
  assert_string_equal(bad_of(&c), bad);
  free_collected(&c);
  c = import_path(path, NULL);
  assert_int_equal(c.status, SY_BAD_INPUT);
  assert_string_equal(c.error.file, path);
  free_collected(&c);
}

static void test_bad_rows(void **state) {
  (void)state;
  expect_bad("a.csv", "id,body\n1,一\n2\n3,三,四\n\"5\n\",五\n,六\n7,七\n",
             "1||一|\n5\n||五|\n7||七|\n",
             "a.csv:3: 1 values where the header has 2\n"
             "a.csv:4: 3 values where the header has 2\n"
             "a.csv:7: empty id\n");
  expect_bad("a.csv", "body\n\"一\"二\n三三三\n\xff\n四\n", "a.csv#2||三三三|\na.csv#4||四|\n",
             "a.csv:2: text behind the closing quote of a value\n"
             "a.csv:4: bytes that are no UTF-8\n");
  /* Not the whole rest is lost. */
  expect_bad("a.csv", "body\n一\n\"二\n三\n四\n", "a.csv#1||一|\na.csv#3||三|\na.csv#4||四|\n",
             "a.csv:3: a quoted value without end\n");
}

static void test_bad_headers(void **state) {
  (void)state;
  expect_bad("a.csv", "id,text\n1,一\n", "",
             "a.csv:1: no column \"body\" in the header; name the one with the text with --body\n");
  expect_bad("a.csv", "\nid,x,x,body\n1,一\n", "", "a.csv:2: column \"x\" comes twice\n");
  expect_bad("a.csv", "\"id,body\n1,一\n", "", "a.csv:1: a quoted value without end\n");
  sy_import_options o = SY_IMPORT_OPTIONS_DEFAULT;
  o.id_member = "key";
  o.body_member = "text";
  o.format = SY_FORMAT_CSV;
  write_text("a.dat", "key,text,id\na,一,x\n");
  collected c = import_path("a.dat", &o);
  assert_string_equal(articles_of(&c), "a||一|{\"id\":\"x\"}\n");
  free_collected(&c);
}

/* Rows of all lengths, so that blocks end within quotes, between CR and LF, after a quote. */
static void test_blocks(void **state) {
  (void)state;
  sy_buffer file = {0}, expected = {0};
  sy_buffer_append(&file, "id,body\r\n", 9);
  for (int i = 0; i < 3000; i++) {
    char line[3000];
    int n = snprintf(line, sizeof line, "%d,\"%0*d\"\"\r\n%d\"\r\n", i, i % 1500 + 1, i, i);
    sy_buffer_append(&file, line, (size_t)n);
    n = snprintf(line, sizeof line, "%d||%0*d\"\r\n%d|\n", i, i % 1500 + 1, i, i);
    sy_buffer_append(&expected, line, (size_t)n);
  }
  sy_buffer_u8(&expected, 0);
  write_bytes("a.csv", file.data, file.bytes);
  collected c = import_path("a.csv", NULL);
  assert_int_equal(c.status, SY_OK);
  assert_true(c.articles.bytes == expected.bytes);
  assert_memory_equal(c.articles.data, expected.data, expected.bytes);
  free_collected(&c);
  sy_buffer_free(&file);
  sy_buffer_free(&expected);
}

/* A quote too many at the begin of 70 MB: no memory is spent on it for ever. */
static void test_long_row(void **state) {
  (void)state;
  sy_buffer file = {0};
  sy_buffer_append(&file, "body\n\"a\n", 8);
  for (int i = 0; i < 70 << 10; i++) {
    char line[1024];
    memset(line, 'b', sizeof line);
    line[1023] = '\n';
    sy_buffer_append(&file, line, sizeof line);
  }
  write_bytes("a.csv", file.data, file.bytes);
  sy_buffer_free(&file);
  sy_import_options o = SY_IMPORT_OPTIONS_DEFAULT;
  o.skip_bad = true;
  collected c = import_path("a.csv", &o);
  assert_int_equal(c.status, SY_OK);
  assert_int_equal(c.progress.articles, 70 << 10);
  assert_string_equal(bad_of(&c),
                      "a.csv:2: a row of more than 64 MiB, or a quote without its end\n");
  free_collected(&c);
}

/* Cut off at every length: never a crash, and only whole rows before the last. */
static void test_cut(void **state) {
  (void)state;
  static const char text[] = "id,body\r\n1,\"a\"\"b\"\r\n2,\"c\nd\"\r\n";
  sy_import_options o = SY_IMPORT_OPTIONS_DEFAULT;
  o.skip_bad = true;
  for (size_t n = 0; n < sizeof text - 1; n++) {
    write_bytes("a.csv", text, n);
    collected c = import_path("a.csv", &o);
    assert_int_equal(c.status, SY_OK);
    if (n >= 19) assert_memory_equal(articles_of(&c), "1||a\"b|\n", 8);
    free_collected(&c);
  }
}

/* A column that was named is there, or the file is bad. */
static void test_named_columns(void **state) {
  (void)state;
  static const struct {
    const char *id, *title, *body, *missing;
  } cases[] = {{"id", "title", "body", NULL},   {"nr", "title", "body", "nr"},
               {"id", "head", "body", "head"},  {"id", "title", "text", "text"},
               {"kind", "title", "body", NULL}, {NULL, NULL, NULL, NULL}};
  write_text("a.csv", "id,title,body,kind\n1,题,文,甲\n");
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    sy_import_options o = SY_IMPORT_OPTIONS_DEFAULT;
    o.id_member = cases[i].id;
    o.title_member = cases[i].title;
    o.body_member = cases[i].body;
    collected got = import_path("a.csv", &o);
    assert_int_equal(got.status, cases[i].missing ? SY_BAD_INPUT : SY_OK);
    if (cases[i].missing) assert_non_null(strstr(got.error.reason, cases[i].missing));
    free_collected(&got);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      RUN_IN_DIRECTORY(test_columns),  RUN_IN_DIRECTORY(test_quotes),
      RUN_IN_DIRECTORY(test_bad_rows), RUN_IN_DIRECTORY(test_bad_headers),
      RUN_IN_DIRECTORY(test_blocks),   RUN_IN_DIRECTORY(test_long_row),
      RUN_IN_DIRECTORY(test_cut),      RUN_IN_DIRECTORY(test_named_columns),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
