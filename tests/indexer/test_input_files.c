/* test_input_files.c - directories, standard input, compressed files and archives. */
#include "tests/indexer/test_input_helper.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>

static const char line[] = "{\"id\":1,\"body\":\"b\"}\n";

/* ---- Directories ---- */

static void test_directory(void **state) {
  (void)state;
  mkdir("d", 0755);
  mkdir("d/sub", 0755);
  mkdir("d/.hidden", 0755);
  write_text("d/b.txt", "乙");
  write_text("d/a.md", "# 甲");
  write_text("d/sub/c.txt", "丙");
  write_text("d/.hidden/x.txt", "x");
  write_text("d/.x.txt", "x");
  write_bytes("d/image.bin", "\x89PNG\0\0\0", 7);
  write_text("d/p.pdf", "%PDF-1.4");
  write_text("d/package.json", "{\n  \"name\": 1\n}\n");
  assert_int_equal(symlink("..", "d/sub/loop"), 0);
  assert_int_equal(symlink("b.txt", "d/link.txt"), 0);
  const char expected[] = "d/a.md|甲|# 甲|\nd/b.txt|乙|乙|\nd/sub/c.txt|丙|丙|\n";
  const char *names[] = {"d", "./d", "d/", ".//d//"};
  for (size_t i = 0; i < 4; i++) {
    collected c = import_path(names[i], NULL);
    assert_int_equal(c.status, SY_OK);
    assert_string_equal(articles_of(&c), expected);
    assert_int_equal(c.progress.skipped, 3);
    assert_int_equal(c.progress.articles, 3);
    assert_string_equal(bad_of(&c), "");
    free_collected(&c);
  }
  collected c = import_path(".", NULL);
  assert_string_equal(articles_of(&c), expected);
  free_collected(&c);
  c = import_path("d/link.txt", NULL); /* given itself: followed */
  assert_string_equal(articles_of(&c), "d/link.txt|乙|乙|\n");
  free_collected(&c);
}

static void test_bad_files(void **state) {
  (void)state;
  collected c = import_path("missing.txt", NULL);
  assert_int_equal(c.status, SY_IO);
  assert_string_equal(c.error.file, "missing.txt");
  free_collected(&c);
  write_bytes("a.bin", "a\0b", 3);
  c = import_path("a.bin", NULL);
  assert_int_equal(c.status, SY_BAD_INPUT);
  assert_string_equal(c.error.file, "a.bin");
  free_collected(&c);
  mkdir("d", 0755);
  write_bytes("d/a.txt", "d\xe9j\xe0 vu", 7);
  write_text("d/b.txt", "乙");
  c = import_path("d", NULL); /* named as text: a question, not to be passed over */
  assert_int_equal(c.status, SY_BAD_INPUT);
  free_collected(&c);
  sy_import_options o = SY_IMPORT_OPTIONS_DEFAULT;
  o.skip_bad = true;
  const char *paths[] = {"a.bin", "d"};
  c = import_paths(paths, 2, &o);
  assert_int_equal(c.status, SY_OK);
  assert_string_equal(articles_of(&c), "d/b.txt|乙|乙|\n");
  assert_int_equal(c.progress.skipped, 2);
  assert_non_null(strstr(bad_of(&c), "a.bin: a binary file\nd/a.txt: "));
  free_collected(&c);
}

static void test_standard_input(void **state) {
  (void)state;
  write_text("a", "{\"body\":\"b\"}\n{\"body\"");
  int saved = dup(0), file = open("a", O_RDONLY);
  assert_true(saved >= 0 && file >= 0 && dup2(file, 0) == 0);
  collected c = import_path("-", NULL);
  dup2(saved, 0);
  close(saved);
  close(file);
  assert_int_equal(c.status, SY_BAD_INPUT);
  assert_string_equal(c.error.file, "stdin");
  assert_int_equal(c.error.line, 2);
  assert_string_equal(articles_of(&c), "stdin:1||b|\n");
  assert_int_equal(c.progress.total_bytes, 0);
  free_collected(&c);
}

static void test_pipe(void **state) {
  (void)state;
  int ends[2], saved = dup(0);
  assert_int_equal(pipe(ends), 0);
  assert_int_equal(write(ends[1], "一\n", 4), 4);
  close(ends[1]);
  dup2(ends[0], 0);
  close(ends[0]);
  collected c = import_path("-", NULL);
  dup2(saved, 0);
  close(saved);
  assert_string_equal(articles_of(&c), "stdin|一|一\n|\n");
  free_collected(&c);
}

/* ---- Compression and archives ---- */

typedef int filter_setter(struct archive *);

static struct archive *create(const char *path, filter_setter *format, filter_setter *filter) {
  struct archive *a = archive_write_new();
  assert_int_equal(format(a), ARCHIVE_OK);
  if (filter) assert_int_equal(filter(a), ARCHIVE_OK);
  assert_int_equal(archive_write_open_filename(a, path), ARCHIVE_OK);
  return a;
}

static void put(struct archive *a, const char *name, const void *data, size_t bytes) {
  struct archive_entry *entry = archive_entry_new();
  archive_entry_copy_pathname(entry, name);
  archive_entry_set_size(entry, (la_int64_t)bytes);
  archive_entry_set_filetype(entry, AE_IFREG);
  archive_entry_set_perm(entry, 0644);
  archive_write_header(a, entry);
  assert_int_equal(archive_write_data(a, data, bytes), bytes);
  archive_entry_free(entry);
}

static void finish(struct archive *a) {
  assert_int_equal(archive_write_close(a), ARCHIVE_OK);
  archive_write_free(a);
}

static const struct {
  const char *extension;
  filter_setter *filter;
} filters[] = {{".gz", archive_write_add_filter_gzip},
               {".xz", archive_write_add_filter_xz},
               {".zst", archive_write_add_filter_zstd},
               {".bz2", archive_write_add_filter_bzip2},
               {"", archive_write_add_filter_none}};

static void test_compressed(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof filters / sizeof *filters; i++) {
    char name[40], expected[100];
    snprintf(name, sizeof name, "a.jsonl%s", filters[i].extension);
    struct archive *a = create(name, archive_write_set_format_raw, filters[i].filter);
    put(a, "x", line, strlen(line));
    finish(a);
    collected c = import_path(name, NULL);
    if (c.status != SY_OK) print_message("%s: %s\n", name, c.error.reason);
    assert_int_equal(c.status, SY_OK);
    assert_string_equal(articles_of(&c), "1||b|\n");
    assert_int_equal(c.progress.bytes, strlen(line));
    assert_int_equal(c.progress.files, 1);
    assert_int_equal(c.progress.read_bytes, c.progress.total_bytes);
    free_collected(&c);

    snprintf(name, sizeof name, "a.md%s", filters[i].extension);
    a = create(name, archive_write_set_format_raw, filters[i].filter);
    put(a, "x", "# 甲", strlen("# 甲"));
    finish(a);
    c = import_path(name, NULL);
    snprintf(expected, sizeof expected, "%s|甲|# 甲|\n", name);
    assert_string_equal(articles_of(&c), expected);
    free_collected(&c);
  }
}

static void put_members(struct archive *a) {
  put(a, "./b/一.txt", "甲", 3);
  put(a, "/../c.jsonl", line, strlen(line));
  put(a, "b/.hidden", "x", 1);
  put(a, "__MACOSX/x.txt", "x", 1);
  put(a, "image.png", "\x89PNG\0", 5);
  put(a, "empty.txt", "", 0);
  put(a, "d.jsonl", "{\"body\":\"b\"}", 12);
}

static void expect_members(const char *name) {
  char expected[300];
  snprintf(expected, sizeof expected, "%s/b/一.txt|甲|甲|\n1||b|\n%s/d.jsonl:1||b|\n", name, name);
  collected c = import_path(name, NULL);
  if (c.status != SY_OK) print_message("%s: %s\n", name, c.error.reason);
  assert_int_equal(c.status, SY_OK);
  assert_string_equal(articles_of(&c), expected);
  assert_int_equal(c.progress.skipped, 1);
  free_collected(&c);
}

static void test_tar(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof filters / sizeof *filters; i++) {
    char name[40];
    snprintf(name, sizeof name, "a.tar%s", filters[i].extension);
    struct archive *a = create(name, archive_write_set_format_gnutar, filters[i].filter);
    put_members(a);
    finish(a);
    expect_members(name);
  }
}

static void test_zip(void **state) {
  (void)state;
  struct archive *a = create("a.zip", archive_write_set_format_zip, NULL);
  put_members(a);
  finish(a);
  expect_members("a.zip");
  /* From a pipe it cannot be read by its directory. */
  write_text("b.docx", "");
  assert_int_equal(rename("a.zip", "b.docx"), 0);
  collected c = import_path("b.docx", NULL);
  assert_int_equal(c.status, SY_BAD_INPUT); /* an office document, as far as anybody can tell */
  free_collected(&c);
}

static void test_zip_with_gbk_names(void **state) {
  (void)state;
  struct archive *a = create("a.zip", archive_write_set_format_zip, NULL);
  put(a, "\xbb\xa8\xbc\xe4\xbc\xaf.txt", "x", 1);
  finish(a);
  collected c = import_path("a.zip", NULL);
  assert_string_equal(articles_of(&c), "a.zip/花间集.txt|x|x|\n");
  free_collected(&c);
}

static void read_file(const char *path, sy_buffer *out) {
  FILE *file = fopen(path, "rb");
  assert_non_null(file);
  int byte;
  while ((byte = getc(file)) != EOF) sy_buffer_u8(out, (uint8_t)byte);
  fclose(file);
}

static void test_nested(void **state) {
  (void)state;
  sy_buffer inner = {0};
  struct archive *a =
      create("i.jsonl.gz", archive_write_set_format_raw, archive_write_add_filter_gzip);
  put(a, "x", "{\"body\":\"b\"}", 12);
  finish(a);
  read_file("i.jsonl.gz", &inner);
  for (int depth = 0; depth < 6; depth++) {
    a = create("n.tar.gz", archive_write_set_format_gnutar, archive_write_add_filter_gzip);
    put(a, depth ? "n.tar.gz" : "i.jsonl.gz", inner.data, inner.bytes);
    finish(a);
    inner.bytes = 0;
    read_file("n.tar.gz", &inner);
    collected c = import_path("n.tar.gz", NULL);
    if (depth == 0) assert_string_equal(articles_of(&c), "n.tar.gz/i.jsonl.gz:1||b|\n");
    if (depth == 1) assert_string_equal(articles_of(&c), "n.tar.gz/n.tar.gz/i.jsonl.gz:1||b|\n");
    assert_int_equal(c.status, depth < 3 ? SY_OK : SY_BAD_INPUT);
    free_collected(&c);
  }
  sy_buffer_free(&inner);
}

/* Cut off anywhere, a compressed file is bad input and never worse. */
static void test_truncated(void **state) {
  (void)state;
  const char *names[] = {"a.tar.gz", "a.zip", "a.tar.xz", "a.tar.zst", "a.tar.bz2"};
  filter_setter *set[] = {archive_write_add_filter_gzip, NULL, archive_write_add_filter_xz,
                          archive_write_add_filter_zstd, archive_write_add_filter_bzip2};
  for (size_t i = 0; i < 5; i++) {
    struct archive *a = create(
        names[i], i == 1 ? archive_write_set_format_zip : archive_write_set_format_gnutar, set[i]);
    put_members(a);
    finish(a);
    sy_buffer whole = {0};
    read_file(names[i], &whole);
    for (size_t bytes = 0; bytes < whole.bytes; bytes++) {
      write_bytes(names[i], whole.data, bytes);
      collected c = import_path(names[i], NULL);
      assert_true(c.status == SY_OK || c.status == SY_BAD_INPUT);
      if (c.status == SY_BAD_INPUT) assert_true(c.error.file[0] && c.error.reason[0]);
      free_collected(&c);
    }
    sy_buffer_free(&whole);
  }
}

/* It is no archive in an archive in an archive. */
static void test_damaged_beginning(void **state) {
  (void)state;
  const char *const files[][2] = {{"a.txt.gz", "\x1f\x8b\x08garbage"}, {"a.tar", "garbage"}};
  for (size_t i = 0; i < 2; i++) {
    write_text(files[i][0], files[i][1]);
    collected c = import_path(files[i][0], NULL);
    assert_int_equal(c.status, SY_BAD_INPUT);
    assert_string_equal(c.error.file, files[i][0]);
    assert_string_equal(c.error.reason, "cannot unpack: damaged at its beginning");
    free_collected(&c);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      RUN_IN_DIRECTORY(test_directory),
      RUN_IN_DIRECTORY(test_bad_files),
      RUN_IN_DIRECTORY(test_standard_input),
      RUN_IN_DIRECTORY(test_pipe),
      RUN_IN_DIRECTORY(test_compressed),
      RUN_IN_DIRECTORY(test_tar),
      RUN_IN_DIRECTORY(test_zip),
      RUN_IN_DIRECTORY(test_zip_with_gbk_names),
      RUN_IN_DIRECTORY(test_nested),
      RUN_IN_DIRECTORY(test_truncated),
      RUN_IN_DIRECTORY(test_damaged_beginning),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
