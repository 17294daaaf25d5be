/*
 * test_fuzz_package.c - Word documents and books. The first byte chooses which, and whether the
 * rest is the file (a zip file), or the members of one that is made here: their texts between zero
 * bytes, under the names that the readers look for. Whatever is in them, there is one article of
 * valid UTF-8, or a reason.
 */
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/fuzz_source.h"

#include <archive.h>
#include <archive_entry.h>

enum { BOOK = 1, AS_IT_IS = 2, PACKAGE_BYTES = 1 << 18 };

static const char *const names[2][4] = {
    {"docProps/core.xml", "word/document.xml", "word/footnotes.xml", "x"},
    {"META-INF/container.xml", "c.opf", "one.xhtml", "two.xhtml"},
};

static void add_member(struct archive *zip, const char *name, const void *data, size_t bytes) {
  struct archive_entry *entry = archive_entry_new();
  archive_entry_set_pathname(entry, name);
  archive_entry_set_size(entry, (la_int64_t)bytes);
  archive_entry_set_filetype(entry, AE_IFREG);
  archive_entry_set_perm(entry, 0644);
  archive_write_header(zip, entry);
  archive_write_data(zip, data, bytes);
  archive_entry_free(entry);
}

/* Returns how many bytes of `room` it takes. */
static size_t make_zip(uint8_t kind, fuzz_input *in, uint8_t *room) {
  size_t used = 0;
  struct archive *zip = archive_write_new();
  archive_write_set_format_zip(zip);
  archive_write_zip_set_compression_store(zip);
  fuzz_check(archive_write_open_memory(zip, room, PACKAGE_BYTES, &used) == ARCHIVE_OK);
  for (int i = 0; i < 4 && fuzz_left(in); i++) {
    size_t bytes;
    const uint8_t *member = fuzz_text(in, &bytes);
    add_member(zip, names[kind & BOOK][i], member, bytes);
  }
  archive_write_close(zip);
  archive_write_free(zip);
  return used;
}

static void read_package(uint8_t kind, const uint8_t *data, size_t bytes) {
  uint8_t *exact = fuzz_copy(data, bytes);
  sy_input_source *source = fuzz_source(exact, bytes, 0);
  fuzz_articles articles = {0};
  sy_input_sink sink = fuzz_sink(&articles);
  sy_error error = {0};
  sy_status status = kind & BOOK ? sy_input_read_epub(source, &sink, &error)
                                 : sy_input_read_docx(source, &sink, &error);
  fuzz_check(status == SY_OK ||
             ((status == SY_BAD_INPUT || status == SY_LIMIT) && error.reason[0]));
  fuzz_check(articles.added <= (status == SY_OK));
  sy_input_source_close(source);
  sy_buffer_free(&articles.log);
  free(exact);
}

const uint32_t fuzz_mutations = 8000;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
  static uint8_t room[PACKAGE_BYTES];
  fuzz_input in = {data, data + bytes};
  uint8_t kind = fuzz_u8(&in);
  if (kind & AS_IT_IS) {
    read_package(kind, in.at, fuzz_left(&in));
  } else if (fuzz_left(&in) < PACKAGE_BYTES / 2) {
    size_t used = make_zip(kind, &in, room);
    read_package(kind, room, used);
  }
  return 0;
}

/* ---- Seeds: as members, and as the file they become ---- */

#define SEED(text) \
  { text, sizeof(text) - 1 }
static const struct {
  const char *bytes;
  size_t count;
} seeds[] = {
    SEED(
        "\0<c:p xmlns:c=\"c\" "
        "xmlns:d=\"d\"><d:creator>人</d:creator><d:title>題&amp;</d:title></c:p>\0"
        "<w:document xmlns:w=\"w\"><w:body><w:p><w:r><w:t>一</w:t><w:tab/><w:t> 二&lt;</w:t><w:br/>"
        "</w:r><w:ruby><w:rt><w:r><w:t>han</w:t></w:r></w:rt><w:rubyBase><w:r><w:t>漢</w:t></w:r>"
        "</w:rubyBase></w:ruby></w:p></w:body></w:document>\0<f/>"),
    SEED("\0\0<w:document xmlns:w=\"w\" "
         "xmlns:m=\"m\"><w:tbl><w:tr><w:tc><w:p><w:r><w:t>格</w:t></w:r>"
         "</w:p></w:tc></w:tr></w:tbl><m:AlternateContent><m:Choice/><m:Fallback/>"
         "</m:AlternateContent><w:del/>"),
    SEED("\0<!DOCTYPE d [<!ENTITY a SYSTEM \"x\">]><d>&a;</d>\0<document><body>&#x110000;</body>"),
    SEED("\1<container><rootfiles><rootfile full-path=\"c.opf\"/></rootfiles></container>\0"
         "<package><metadata><title>書</title><creator>人</creator></metadata><manifest>"
         "<item id=\"a\" href=\"one.xhtml#x\" media-type=\"application/xhtml+xml\"/>"
         "<item id=\"b\" href=\"./x/../%74wo.xhtml\" media-type=\"text/html\"/></manifest>"
         "<spine><itemref idref=\"a\"/><itemref idref=\"b\"/></spine></package>\0"
         "<html><body><h1>章</h1><p>文</p></body></html>\0<p>二"),
    SEED("\1<container><rootfile full-path=\"../c.opf\"/></container>\0<package><manifest>"
         "<item id=\"a\" href=\"%zz%4\"/></manifest><spine><itemref "
         "idref=\"a\"/><itemref/></spine>"),
};
#undef SEED

void fuzz_seeds(fuzz_give *give, void *context) {
  static uint8_t room[1 + PACKAGE_BYTES];
  for (size_t i = 0; i < sizeof seeds / sizeof *seeds; i++) {
    give(context, seeds[i].bytes, seeds[i].count);
    const uint8_t *bytes = (const uint8_t *)seeds[i].bytes;
    fuzz_input in = {bytes, bytes + seeds[i].count};
    uint8_t kind = fuzz_u8(&in);
    room[0] = kind | AS_IT_IS;
    size_t used = make_zip(kind, &in, room + 1);
    give(context, room, used + 1);
  }
}
