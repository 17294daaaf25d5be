/*
 * input_docx.c - the text of a Word document (Office Open XML), one article a file.
 *
 *     word/document.xml     <w:p><w:r><w:t>甲</w:t><w:tab/><w:t>乙</w:t></w:r></w:p>
 *                           ->  甲 TAB 乙 LF
 *     docProps/core.xml     <dc:title>题</dc:title>
 *
 * Text stands in <t> only: instructions of fields and deleted text have other elements. A paragraph
 * is a line, so is every paragraph in the cell of a table. Left out: the readings of ruby, text
 * moved away, the second form of a drawing (<mc:Fallback>), headers, footers, notes and comments,
 * which are in other members.
 */
#include "indexer/input_package.h"
#include "indexer/input_read.h"
#include "indexer/input_xml.h"

typedef struct docx_reader {
  sy_buffer body, title;
  size_t skipped; /* open elements that are left out */
  bool in_text, in_title;
} docx_reader;

static sy_string view(const sy_buffer *buffer) {
  return (sy_string){buffer->bytes ? (const char *)buffer->data : "", buffer->bytes};
}

static bool is_skipped(const char *name) {
  return !strcmp(name, "Fallback") || !strcmp(name, "rt") || !strcmp(name, "moveFrom") ||
         !strcmp(name, "del");
}

static sy_status check(const sy_buffer *buffer, sy_error *error) {
  return buffer->failed ? sy_fail_memory(error) : SY_OK;
}

static sy_status on_start(void *context, const char *name, const sy_input_xml_attributes *list,
                          sy_error *error) {
  (void)list;
  docx_reader *r = context;
  r->skipped += is_skipped(name);
  r->in_text = !strcmp(name, "t");
  if (r->skipped) return SY_OK;
  if (!strcmp(name, "tab")) sy_buffer_u8(&r->body, '\t');
  if (!strcmp(name, "noBreakHyphen")) sy_buffer_u8(&r->body, '-');
  if (!strcmp(name, "br") || !strcmp(name, "cr")) sy_buffer_u8(&r->body, '\n');
  return check(&r->body, error);
}

static sy_status on_end(void *context, const char *name, sy_error *error) {
  docx_reader *r = context;
  r->in_text = false;
  if (is_skipped(name)) r->skipped--;
  if (!strcmp(name, "p") && !r->skipped) sy_buffer_u8(&r->body, '\n');
  return check(&r->body, error);
}

static sy_status on_text(void *context, sy_string text, sy_error *error) {
  docx_reader *r = context;
  if (r->in_text && !r->skipped) sy_buffer_append(&r->body, text.data, text.bytes);
  return check(&r->body, error);
}

/* ---- The title ---- */

static sy_status on_core_start(void *context, const char *name, const sy_input_xml_attributes *list,
                               sy_error *error) {
  (void)list, (void)error;
  ((docx_reader *)context)->in_title = !strcmp(name, "title");
  return SY_OK;
}

static sy_status on_core_end(void *context, const char *name, sy_error *error) {
  (void)name, (void)error;
  ((docx_reader *)context)->in_title = false;
  return SY_OK;
}

static sy_status on_core_text(void *context, sy_string text, sy_error *error) {
  docx_reader *r = context;
  if (r->in_title) sy_buffer_append(&r->title, text.data, text.bytes);
  return check(&r->title, error);
}

/* ---- The file ---- */

static const char document_name[] = "word/document.xml", core_name[] = "docProps/core.xml";

static bool is_wanted(const char *name) {
  return !strcmp(name, document_name) || !strcmp(name, core_name);
}

static sy_status read_member(const sy_input_member *member, const char *file, sy_input_xml *xml,
                             sy_error *error) {
  sy_input_source *source = NULL;
  SY_TRY(sy_input_package_open(member, file, &source, error));
  sy_status status = sy_input_xml_read(source, false, xml, error);
  sy_input_source_close(source);
  return status;
}

static sy_status read_package(const sy_input_package *package, const char *id, docx_reader *r,
                              const sy_input_sink *sink, sy_error *error) {
  const sy_input_member *document = sy_input_package_find(package, document_name);
  const sy_input_member *core = sy_input_package_find(package, core_name);
  if (!document) return sy_fail_at(error, SY_BAD_INPUT, id, 0, "no %s in it", document_name);
  sy_input_xml xml = {.context = r, .start = on_start, .end = on_end, .text = on_text};
  SY_TRY(read_member(document, id, &xml, error));
  xml.start = on_core_start;
  xml.end = on_core_end;
  xml.text = on_core_text;
  if (core) SY_TRY(read_member(core, id, &xml, error));
  while (r->body.bytes && r->body.data[r->body.bytes - 1] == '\n') r->body.bytes--;
  if (!r->title.bytes) return sy_input_read_text(view(&r->body), id, sink, error);
  sy_article article = {{id, strlen(id)}, view(&r->title), view(&r->body), {"", 0}};
  return sink->add(sink->context, &article, id, 0, error);
}

sy_status sy_input_read_docx(sy_input_source *source, const sy_input_sink *sink, sy_error *error) {
  sy_input_package package = {0};
  docx_reader reader = {0};
  sy_status status = sy_input_package_load(source, is_wanted, &package, error);
  if (status == SY_OK) status = read_package(&package, source->name, &reader, sink, error);
  sy_input_package_free(&package);
  sy_buffer_free(&reader.body);
  sy_buffer_free(&reader.title);
  return status;
}
