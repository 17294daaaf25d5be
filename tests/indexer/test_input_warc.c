/* test_input_warc.c - web archives: records, HTTP, chunks, charsets, damage. */
#include "tests/indexer/test_input_helper.h"

static void add_record(sy_buffer *out, const char *type, const char *uri, const char *content_type,
                       const char *block, size_t bytes) {
  char header[1000];
  int n = snprintf(header, sizeof header,
                   "WARC/1.0\r\nWARC-Type: %s\r\nWARC-Target-URI: %s\r\nWARC-Date: 2020-01-02\r\n"
                   "Content-Type: %s\r\nContent-Length: %zu\r\n\r\n",
                   type, uri, content_type, bytes);
  sy_buffer_append(out, header, (size_t)n);
  sy_buffer_append(out, block, bytes);
  sy_buffer_append(out, "\r\n\r\n", 4);
}

static void add_response(sy_buffer *out, const char *uri, const char *block) {
  add_record(out, "response", uri, "application/http; msgtype=response", block, strlen(block));
}

#define PAGE "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n"

static void make_archive(sy_buffer *out) {
  add_record(out, "warcinfo", "", "application/warc-fields", "a: b\r\n", 6);
  add_record(out, "request", "http://a/1", "application/http", "GET / HTTP/1.1\r\n\r\n", 18);
  add_response(out, "http://a/1", PAGE "\r\n<title>题</title><p>文");
  add_response(out, "<http://a/2>",
               PAGE
               "Transfer-Encoding: chunked\r\n\r\n11;x=y\r\n<title>t</title>\xe4\r\n"
               "C\r\n\xba\xba\xe5\xad\x97\r\n文A\n\r\n0\r\n\r\n");
  add_response(out, "http://a/404", "HTTP/1.1 404 no\r\nContent-Type: text/html\r\n\r\n无");
  add_response(out, "http://a/png", "HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n\r\n\x89PNG");
  add_response(out, "http://a/gb",
               "HTTP/1.0 200\r\nContent-Type: text/plain; charset=gb2312\r\n\r\n\xbb\xa8\xbc\xe4");
  add_record(out, "conversion", "http://a/3", "text/plain", "第一行\n二", 13);
  add_response(out, "http://a/4", PAGE "Transfer-Encoding: chunked\r\n\r\n<p>已合并");
}
static const char pages[] =
    "http://a/1|题|文|{\"date\":\"2020-01-02\"}\n"
    "http://a/2|t|人字 文A|{\"date\":\"2020-01-02\"}\n"
    "http://a/gb|花间|花间|{\"date\":\"2020-01-02\"}\n"
    "http://a/3|第一行|第一行\n二|{\"date\":\"2020-01-02\"}\n"
    "http://a/4|4|已合并|{\"date\":\"2020-01-02\"}\n";

static void expect_pages(const char *path) {
  collected c = import_path(path, NULL);
  if (c.status != SY_OK) print_message("%s\n", c.error.reason);
  assert_int_equal(c.status, SY_OK);
  assert_string_equal(articles_of(&c), pages);
  free_collected(&c);
}

static void test_records(void **state) {
  (void)state;
  sy_buffer file = {0};
  make_archive(&file);
  write_bytes("a.warc", file.data, file.bytes);
  expect_pages("a.warc");
  write_bytes("b", file.data, file.bytes);
  expect_pages("b");
  sy_buffer_free(&file);
}

/* One gzip member for each record, as archives are. */
static void test_members(void **state) {
  (void)state;
  sy_buffer file = {0};
  make_archive(&file);
  size_t at = 0;
  while (at < file.bytes) {
    const uint8_t *next = memmem(file.data + at + 1, file.bytes - at - 1, "WARC/1.0", 8);
    size_t end = next ? (size_t)(next - file.data) : file.bytes;
    write_bytes("part", file.data + at, end - at);
    assert_int_equal(system("gzip -c part >>a.warc.gz"), 0);
    at = end;
  }
  sy_buffer_free(&file);
  expect_pages("a.warc.gz");
}

static void expect_bad(sy_buffer *file, const char *articles, const char *bad) {
  sy_import_options o = SY_IMPORT_OPTIONS_DEFAULT;
  o.skip_bad = true;
  write_bytes("a.warc", file->data, file->bytes);
  collected c = import_path("a.warc", &o);
  assert_int_equal(c.status, SY_OK);
  assert_string_equal(articles_of(&c), articles);
  assert_string_equal(bad_of(&c), bad);
  free_collected(&c);
  c = import_path("a.warc", NULL);
  assert_int_equal(c.status, SY_BAD_INPUT);
  free_collected(&c);
  sy_buffer_free(file);
}

static void test_bad_records(void **state) {
  (void)state;
  sy_buffer file = {0};
  add_response(&file, "http://a/1", PAGE "Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\nFF\r\nc");
  add_response(&file, "http://a/2", "no HTTP");
  add_response(&file, "http://a/3", PAGE "Content-Encoding: gzip\r\n\r\nx");
  add_response(&file, "http://a/4", "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n\xbb\xa8");
  add_response(&file, "", PAGE "\r\nx");
  add_response(&file, "http://a/6", PAGE "\r\n<p>好");
  add_response(&file, "http://a/\xff", PAGE "\r\nx");
  expect_bad(&file, "http://a/6|6|好|{\"date\":\"2020-01-02\"}\n",
             "a.warc: record 1, http://a/1: broken chunks\n"
             "a.warc: record 2, http://a/2: no HTTP header\n"
             "a.warc: record 3, http://a/3: a compressed page is not read\n"
             "a.warc: record 4, http://a/4: not UTF-8, and no other encoding is certain; name it "
             "with --encoding\n"
             "a.warc: record 5, : no WARC-Target-URI\n"
             "a.warc: record 7, http://a/\xff: a WARC-Target-URI that is not UTF-8\n");
}

static void test_hostile(void **state) {
  (void)state;
  static const struct {
    const char *text, *reason;
  } files[] = {
      {"WARC/1.0\r\n\r\n", "no valid Content-Length"},
      {"WARC/1.0\r\nContent-Length: 99999999999999999999\r\n\r\n", "no valid Content-Length"},
      {"WARC/1.0\r\nContent-Length: -1\r\n\r\n", "no valid Content-Length"},
      {"WARC/1.0\r\nContent-Length: 999999999999999\r\n\r\nx", "cut off"},
      {"WARC/1.0\r\nWARC-Type: response\r\nContent-Length: 67108864\r\n\r\nx", "cut off"},
      {"WARC/1.0\r\nContent-Length: 1\r\n\r\nx\r\n\r\nno", "does not begin with WARC/"},
  };
  for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
    write_text("a.warc", files[i].text);
    collected c = import_path("a.warc", NULL);
    assert_int_equal(c.status, SY_BAD_INPUT);
    if (!strstr(c.error.reason, files[i].reason)) fail_msg("%s", c.error.reason);
    free_collected(&c);
  }
  sy_buffer line = {0};
  sy_buffer_append(&line, "WARC/1.0\r\n", 10);
  for (int i = 0; i < 100000; i++) sy_buffer_u8(&line, 'x');
  sy_buffer_u8(&line, 0);
  write_text("a.warc", (const char *)line.data);
  collected c = import_path("a.warc", NULL);
  assert_non_null(strstr(c.error.reason, "too long"));
  free_collected(&c);
  sy_buffer_free(&line);
}

static void test_cut(void **state) {
  (void)state;
  sy_buffer file = {0};
  make_archive(&file);
  for (size_t n = 1; n + 4 < file.bytes; n += 13) {
    write_bytes("a.warc", file.data, n);
    collected c = import_path("a.warc", NULL);
    if (n >= 6) assert_memory_equal(articles_of(&c), pages, strlen(articles_of(&c)));
    free_collected(&c);
  }
  sy_buffer_free(&file);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      RUN_IN_DIRECTORY(test_records),     RUN_IN_DIRECTORY(test_members),
      RUN_IN_DIRECTORY(test_bad_records), RUN_IN_DIRECTORY(test_hostile),
      RUN_IN_DIRECTORY(test_cut),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
