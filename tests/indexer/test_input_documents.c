/* test_input_documents.c - DOCX and EPUB: what is text, what is not, and hostile packages. */
#include "tests/indexer/test_input_helper.h"

#include <archive.h>
#include <archive_entry.h>

typedef struct member {
  const char *name, *data;
} member;

static void add_member(struct archive *zip, const char *name, const char *data, size_t bytes) {
  struct archive_entry *entry = archive_entry_new();
  archive_entry_set_pathname(entry, name);
  archive_entry_set_size(entry, (la_int64_t)bytes);
  archive_entry_set_filetype(entry, AE_IFREG);
  archive_entry_set_perm(entry, 0644);
  assert_int_equal(archive_write_header(zip, entry), ARCHIVE_OK);
  assert_int_equal(archive_write_data(zip, data, bytes), bytes);
  archive_entry_free(entry);
}

static void write_zip(const char *path, const member *members, size_t count) {
  struct archive *zip = archive_write_new();
  archive_write_set_format_zip(zip);
  assert_int_equal(archive_write_open_filename(zip, path), ARCHIVE_OK);
  for (size_t i = 0; i < count; i++)
    add_member(zip, members[i].name, members[i].data, strlen(members[i].data));
  assert_int_equal(archive_write_close(zip), ARCHIVE_OK);
  archive_write_free(zip);
}

#define W "<w:document xmlns:w=\"urn:w\" xmlns:mc=\"urn:mc\"><w:body>"
#define W_END "</w:body></w:document>"
#define P(text) "<w:p><w:r><w:t>" text "</w:t></w:r></w:p>"
#define CORE                                                                                \
  "<cp:coreProperties xmlns:cp=\"urn:cp\" xmlns:dc=\"urn:dc\"><dc:creator>人</dc:creator>" \
  "<dc:title>题&amp;目</dc:title></cp:coreProperties>"

static const char document[] =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>" W P("第一段")
    "<w:p><w:r><w:t>甲</w:t><w:tab/><w:t xml:space=\"preserve\"> 乙&lt;</w:t><w:br/></w:r>"
    "<w:r><w:instrText>PAGE</w:instrText></w:r><w:del><w:r><w:delText>删</w:delText></w:r></w:del>"
    "<w:ruby><w:rt><w:r><w:t>hàn</w:t></w:r></w:rt><w:rubyBase><w:r><w:t>漢</w:t></w:r></w:rubyBase>"
    "</w:ruby><w:r><w:t>字</w:t></w:r></w:p>"
    "<w:tbl><w:tr><w:tc>" P("格一") "</w:tc><w:tc>" P("格二") "</w:tc></w:tr></w:tbl>"
    "<mc:AlternateContent><mc:Choice>" P("图") "</mc:Choice><mc:Fallback>" P("图")
    "</mc:Fallback></mc:AlternateContent>" W_END;

static void expect_file(const char *path, const char *articles) {
  collected c = import_path(path, NULL);
  if (c.status != SY_OK) print_message("%s\n", c.error.reason);
  assert_int_equal(c.status, SY_OK);
  assert_string_equal(articles_of(&c), articles);
  free_collected(&c);
}

static void expect_refused(const char *path, const char *reason) {
  collected c = import_path(path, NULL);
  assert_true(c.status == SY_BAD_INPUT || c.status == SY_LIMIT);
  assert_memory_equal(c.error.file, path, strlen(path)); /* or a member of it */
  if (!strstr(c.error.reason, reason)) fail_msg("%s", c.error.reason);
  assert_string_equal(articles_of(&c), "");
  free_collected(&c);
}

static void test_docx(void **state) {
  (void)state;
  const member members[] = {{"[Content_Types].xml", "<Types/>"},
                            {"docProps/core.xml", CORE},
                            {"word/document.xml", document},
                            {"word/footnotes.xml", W P("注") W_END}};
  write_zip("a.docx", members, 4);
  expect_file("a.docx", "a.docx|题&目|第一段\n甲\t 乙<\n漢字\n格一\n格二\n图|\n");
  assert_int_equal(system("cp a.docx a && cp a.docx b.zip"), 0); /* known by its members, too */
  expect_file("a", "a|题&目|第一段\n甲\t 乙<\n漢字\n格一\n格二\n图|\n");
  expect_file("b.zip", "b.zip|题&目|第一段\n甲\t 乙<\n漢字\n格一\n格二\n图|\n");
  write_zip("b.docx", members + 2, 1);
  expect_file("b.docx", "b.docx|第一段|第一段\n甲\t 乙<\n漢字\n格一\n格二\n图|\n");
  /* In a tar file there is no seeking. */
  assert_int_equal(system("tar czf c.tar.gz a.docx"), 0);
  expect_file("c.tar.gz", "c.tar.gz/a.docx|题&目|第一段\n甲\t 乙<\n漢字\n格一\n格二\n图|\n");
}

static void test_bad_docx(void **state) {
  (void)state;
  write_zip("a.docx", (member[]){{"x", "y"}}, 1);
  expect_refused("a.docx", "no word/document.xml in it");
  write_zip("a.docx", (member[]){{"word/document.xml", W P("文")}}, 1);
  expect_refused("a.docx", "XML: ");
  write_text("secret.txt", "秘密");
  write_zip("a.docx",
            (member[]){{"word/document.xml",
                        "<!DOCTYPE d [<!ENTITY a SYSTEM \"secret.txt\">]>" W P("&a;") W_END}},
            1);
  expect_refused("a.docx", "document type");
}

static const char container[] =
    "<container xmlns=\"urn:c\"><rootfiles><rootfile full-path=\"OEBPS/b%20k.opf\"/></rootfiles>"
    "</container>";
static const char opf[] =
    "<!DOCTYPE package SYSTEM \"http://127.0.0.1:1/x.dtd\">"
    "<package xmlns=\"urn:o\"><metadata xmlns:dc=\"urn:dc\"><dc:title>书名</dc:title>"
    "<dc:title>副题</dc:title><dc:creator>作者</dc:creator></metadata><manifest>"
    "<item id=\"n\" href=\"nav.xhtml\" media-type=\"application/xhtml+xml\" properties=\"nav\"/>"
    "<item id=\"c2\" href=\"./text/%E4%BA%8C.xhtml#x\" media-type=\"application/xhtml+xml\"/>"
    "<item id=\"c1\" href=\"../one.html\" media-type=\"text/html\"/>"
    "<item id=\"p\" href=\"p.svg\" media-type=\"image/svg+xml\"/></manifest>"
    "<spine><itemref idref=\"n\"/><itemref idref=\"c1\"/><itemref idref=\"c2\"/>"
    "<itemref idref=\"p\"/><itemref idref=\"c1\"/><itemref idref=\"none\"/></spine></package>";

static void test_epub(void **state) {
  (void)state;
  const member members[] = {{"mimetype", "application/epub+zip"},
                            {"OEBPS/text/二.xhtml",
                             "<?xml version=\"1.0\"?><html xmlns=\"x\"><head><title/></head>"
                             "<body><p>第二章<a id=\"x\"/>文</p></body></html>"},
                            {"one.html", "<title>章</title><h1>第一章</h1><p>文"},
                            {"OEBPS/nav.xhtml", "<p>目录</p>"},
                            {"unused.xhtml", "<p>不用</p>"},
                            {"OEBPS/b%20k.opf", opf},
                            {"META-INF/container.xml", container}};
  write_zip("a.epub", members, 7);
  const char articles[] = "a.epub|书名|第一章\n\n文\n\n第二章文|{\"creator\":\"作者\"}\n";
  expect_file("a.epub", articles);
  assert_int_equal(system("cp a.epub b.zip"), 0);
  collected c = import_path("b.zip", NULL); /* an archive of what is in it */
  assert_int_equal(c.status, SY_OK);
  assert_null(strstr(articles_of(&c), "书名|"));
  free_collected(&c);
  sy_import_options o = SY_IMPORT_OPTIONS_DEFAULT;
  o.format = SY_FORMAT_EPUB;
  assert_int_equal(system("cp a.epub c.bin"), 0);
  c = import_path("c.bin", &o);
  assert_int_equal(c.status, SY_OK);
  assert_non_null(strstr(articles_of(&c), "书名|第一章"));
  free_collected(&c);
}

static void test_bad_epub(void **state) {
  (void)state;
  write_zip("a.epub", (member[]){{"x", "y"}}, 1);
  expect_refused("a.epub", "not in the book: META-INF/container.xml");
  write_zip("a.epub", (member[]){{"META-INF/container.xml", "<container/>"}}, 1);
  expect_refused("a.epub", "names no book");
  /* Paths out of the archive are names that it does not have. */
  mkdir("OEBPS", 0755);
  write_text("secret.html", "<p>秘密</p>");
  static const char *const paths[] = {"../../secret.html",   "/etc/passwd",
                                      "../../../etc/passwd", "file:///etc/passwd",
                                      "%2e%2e/secret.html",  "secret.html"};
  for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
    char book[1000];
    snprintf(book, sizeof book,
             "<package><manifest><item id=\"a\" href=\"%s\" media-type=\"text/html\"/></manifest>"
             "<spine><itemref idref=\"a\"/></spine></package>",
             paths[i]);
    write_zip("a.epub",
              (member[]){{"META-INF/container.xml", container}, {"OEBPS/b%20k.opf", book}}, 2);
    expect_refused("a.epub", "not in the book: ");
  }
  write_zip("a.epub",
            (member[]){{"META-INF/container.xml",
                        "<!DOCTYPE c [<!ENTITY a \"aaa\"><!ENTITY b \"&a;&a;\">]><container>"
                        "<rootfile full-path=\"&b;\"/></container>"}},
            1);
  expect_refused("a.epub", "");
}

/* A book that is small and would take hours or terabytes: one file as many chapters, references
 * without number. */
static void test_repeated_chapters(void **state) {
  (void)state;
  sy_buffer items = {0}, references = {0}, chapter = {0};
  static const char head[] = "<p><manifest>", middle[] = "</manifest><spine>",
                    tail[] = "</spine></p>";
  sy_buffer_append(&items, head, strlen(head));
  for (int i = 0; i < 9; i++) {
    char item[100];
    sprintf(item, "<item id=\"i%d\" href=\"c.html\" media-type=\"text/html\"/>", i);
    sy_buffer_append(&items, item, strlen(item));
    sprintf(item, "<itemref idref=\"i%d\"/>", i);
    sy_buffer_append(&references, item, strlen(item));
  }
  sy_buffer_append(&items, middle, strlen(middle) + 1);
  for (size_t i = 0; i < 16 << 20; i++) sy_buffer_u8(&chapter, ' ');
  sy_buffer_u8(&chapter, 0);
  static const char opened[] = "<container><rootfile full-path=\"b.opf\"/></container>";
  char *book = NULL;
  assert_true(
      asprintf(&book, "%s%.*s%s", items.data, (int)references.bytes, references.data, tail) > 0);
  write_zip(
      "a.epub",
      (member[]){
          {"META-INF/container.xml", opened}, {"b.opf", book}, {"c.html", (char *)chapter.data}},
      3);
  expect_refused("a.epub", "the same file, too many times: c.html");
  free(book);
  for (int i = 0; i < 10001; i++) sy_buffer_append(&references, "<itemref idref=\"x\"/>", 20);
  assert_true(
      asprintf(&book, "%s%.*s%s", items.data, (int)references.bytes, references.data, tail) > 0);
  write_zip("a.epub", (member[]){{"META-INF/container.xml", opened}, {"b.opf", book}}, 2);
  expect_refused("a.epub", "too many chapters");
  free(book);
  sy_buffer_free(&items);
  sy_buffer_free(&references);
  sy_buffer_free(&chapter);
}

/* libxml2 compares each with all before it. */
static void test_many_attributes(void **state) {
  (void)state;
  const char *const beginnings[][2] = {{"a.html", "<p>文</p><p "}, {"a.xml", "<mediawiki "}};
  for (size_t f = 0; f < 2; f++) {
    sy_buffer text = {0};
    sy_buffer_append(&text, beginnings[f][1], strlen(beginnings[f][1]));
    for (int i = 0; i < 300000; i++) {
      char attribute[20];
      sprintf(attribute, "a%d=\"\" ", i);
      sy_buffer_append(&text, attribute, strlen(attribute));
    }
    sy_buffer_append(&text, "/>", 3);
    write_text(beginnings[f][0], (char *)text.data);
    expect_refused(beginnings[f][0], "too many attributes");
    sy_buffer_free(&text);
  }
}

static void test_bomb(void **state) {
  (void)state;
  static char zeros[1 << 20];
  memset(zeros, ' ', sizeof zeros);
  struct archive *zip = archive_write_new();
  archive_write_set_format_zip(zip);
  assert_int_equal(archive_write_open_filename(zip, "a.docx"), ARCHIVE_OK);
  struct archive_entry *entry = archive_entry_new();
  archive_entry_set_pathname(entry, "word/document.xml");
  archive_entry_set_size(entry, 200 << 20);
  archive_entry_set_filetype(entry, AE_IFREG);
  assert_int_equal(archive_write_header(zip, entry), ARCHIVE_OK);
  for (int i = 0; i < 200; i++) {
    assert_int_equal(archive_write_data(zip, zeros, sizeof zeros), sizeof zeros);
  }
  archive_entry_free(entry);
  assert_int_equal(archive_write_close(zip), ARCHIVE_OK);
  archive_write_free(zip);
  expect_refused("a.docx", "at most 128 MiB unpacked");

  zip = archive_write_new();
  archive_write_set_format_zip(zip);
  assert_int_equal(archive_write_open_filename(zip, "b.epub"), ARCHIVE_OK);
  for (int i = 0; i < 10001; i++) {
    char name[40];
    snprintf(name, sizeof name, "%d.xml", i);
    add_member(zip, name, "x", 1);
  }
  assert_int_equal(archive_write_close(zip), ARCHIVE_OK);
  archive_write_free(zip);
  expect_refused("b.epub", "at most 10000 members");
}

/* Cut off anywhere: an error or nothing, never half a document. */
static void test_cut(void **state) {
  (void)state;
  const member members[] = {{"word/document.xml", document}, {"docProps/core.xml", CORE}};
  write_zip("a.docx", members, 2);
  FILE *file = fopen("a.docx", "rb");
  assert_non_null(file);
  char bytes[8192];
  size_t length = fread(bytes, 1, sizeof bytes, file);
  fclose(file);
  for (size_t n = 0; n < length; n += 3) {
    write_bytes("b.docx", bytes, n);
    collected c = import_path("b.docx", NULL);
    if (c.status == SY_OK) assert_true(!*articles_of(&c) || strstr(articles_of(&c), "格二"));
    free_collected(&c);
    char damaged[8192];
    memcpy(damaged, bytes, length);
    damaged[n] ^= 0x55;
    write_bytes("b.docx", damaged, length);
    c = import_path("b.docx", NULL);
    free_collected(&c);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      RUN_IN_DIRECTORY(test_docx),
      RUN_IN_DIRECTORY(test_bad_docx),
      RUN_IN_DIRECTORY(test_epub),
      RUN_IN_DIRECTORY(test_bad_epub),
      RUN_IN_DIRECTORY(test_repeated_chapters),
      RUN_IN_DIRECTORY(test_many_attributes),
      RUN_IN_DIRECTORY(test_bomb),
      RUN_IN_DIRECTORY(test_cut),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
