/*
 * input_mediawiki.c - pages out of a dump, which looks like this:
 *
 *     <mediawiki> <siteinfo>...</siteinfo>
 *       <page> <title>北京</title> <ns>0</ns> <id>13</id> [<redirect title="..."/>]
 *         <revision> <id>..</id> <contributor><id>..</id></contributor> <text>wiki</text>
 *         </revision> ...                            the last <revision> is the newest
 *       </page> ...
 *
 * Only the <id> right in the <page> is the page's. Old dumps have no <redirect>: there the text
 * tells.
 */
#include "indexer/input_read.h"
#include "indexer/input_wikitext.h"
#include "indexer/input_xml.h"

#include <strings.h>

enum { PAGE_MAX_BYTES = 64 << 20, NAME_MAX_BYTES = 4096 };

typedef struct wiki_dump {
  sy_input_xml xml;
  const sy_input_sink *sink;
  const char *file;
  size_t depth;       /* of elements; <page> is at 2 */
  sy_buffer *capture; /* where text goes, or NULL */
  size_t capture_max;
  sy_buffer title, space, id, text, plain;
  bool in_page, redirect, too_long;
  uint64_t page_line;
} wiki_dump;

static sy_string view(const sy_buffer *buffer) {
  return (sy_string){buffer->bytes ? (const char *)buffer->data : "", buffer->bytes};
}

static void capture(wiki_dump *dump, sy_buffer *buffer, size_t max) {
  buffer->bytes = 0;
  dump->capture = buffer;
  dump->capture_max = max;
}

static sy_status on_start(void *context, const char *name, const sy_input_xml_attributes *list,
                          sy_error *error) {
  (void)list, (void)error;
  wiki_dump *dump = context;
  size_t depth = ++dump->depth;
  dump->capture = NULL;
  if (depth == 1 && strcmp(name, "mediawiki")) {
    return sy_fail_at(error, SY_BAD_INPUT, dump->file, dump->xml.line,
                      "no dump of MediaWiki: it begins with <%.100s>", name);
  }
  if (depth == 2) {
    dump->in_page = !strcmp(name, "page");
    dump->redirect = dump->too_long = false;
    dump->title.bytes = dump->space.bytes = dump->id.bytes = dump->text.bytes = 0;
    dump->page_line = dump->xml.line;
  }
  if (!dump->in_page) return SY_OK;
  if (depth == 3 && !strcmp(name, "title")) capture(dump, &dump->title, NAME_MAX_BYTES);
  if (depth == 3 && !strcmp(name, "ns")) capture(dump, &dump->space, NAME_MAX_BYTES);
  if (depth == 3 && !strcmp(name, "id")) capture(dump, &dump->id, NAME_MAX_BYTES);
  if (depth == 3 && !strcmp(name, "redirect")) dump->redirect = true;
  if (depth == 4 && !strcmp(name, "text")) capture(dump, &dump->text, PAGE_MAX_BYTES);
  return SY_OK;
}

static sy_status on_text(void *context, sy_string text, sy_error *error) {
  wiki_dump *dump = context;
  if (!dump->capture) return SY_OK;
  if (text.bytes > dump->capture_max - dump->capture->bytes) {
    dump->too_long = true;
    dump->capture = NULL;
    return SY_OK;
  }
  sy_buffer_append(dump->capture, text.data, text.bytes);
  return dump->capture->failed ? sy_fail_memory(error) : SY_OK;
}

static bool is_redirect(sy_string text) {
  static const char *const marks[] = {"#REDIRECT", "#重定向", "#転送"};
  while (text.bytes && strchr(" \n", text.data[0])) text.data++, text.bytes--;
  for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
    size_t length = strlen(marks[i]);
    if (text.bytes >= length && !strncasecmp(text.data, marks[i], length)) return true;
  }
  return false;
}

static sy_status bad_page(wiki_dump *dump, const char *reason, sy_error *error) {
  sy_error bad;
  sy_error_set(&bad, SY_BAD_INPUT, dump->file, dump->page_line, "%s", reason);
  return dump->sink->bad(dump->sink->context, &bad, error);
}

static sy_status take_page(wiki_dump *dump, sy_error *error) {
  sy_string space = view(&dump->space);
  if (space.bytes && (space.bytes != 1 || space.data[0] != '0')) return SY_OK;
  if (dump->redirect || is_redirect(view(&dump->text))) return SY_OK;
  if (dump->too_long) return bad_page(dump, "a page of more than 64 MiB", error);
  if (!dump->id.bytes) return bad_page(dump, "a page without <id>", error);
  dump->plain.bytes = 0;
  sy_input_wikitext_plain(view(&dump->text), &dump->plain);
  if (dump->plain.failed) return sy_fail_memory(error);
  sy_article article = {view(&dump->id), view(&dump->title), view(&dump->plain), {"", 0}};
  return dump->sink->add(dump->sink->context, &article, dump->file, dump->page_line, error);
}

static sy_status on_end(void *context, const char *name, sy_error *error) {
  (void)name;
  wiki_dump *dump = context;
  dump->capture = NULL;
  dump->depth--;
  if (dump->depth != 1 || !dump->in_page) return SY_OK;
  dump->in_page = false;
  return take_page(dump, error);
}

sy_status sy_input_read_mediawiki(sy_input_source *source, const sy_input_lines *lines,
                                  const sy_input_sink *sink, sy_error *error) {
  (void)lines; /* the source is UTF-8 by now, whatever the dump declares */
  wiki_dump dump = {.sink = sink, .file = source->name};
  dump.xml = (sy_input_xml){.context = &dump, .start = on_start, .end = on_end, .text = on_text};
  sy_status status = sy_input_xml_read(source, true, &dump.xml, error);
  sy_buffer *buffers[] = {&dump.title, &dump.space, &dump.id, &dump.text, &dump.plain};
  for (size_t i = 0; i < 5; i++) sy_buffer_free(buffers[i]);
  return status;
}
