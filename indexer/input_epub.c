/*
 * input_epub.c - a book (EPUB 2 and 3), one article: its chapters in reading order.
 *
 *     META-INF/container.xml    <rootfile full-path="OEBPS/content.opf"/>
 *     OEBPS/content.opf         <dc:title>书</dc:title> <dc:creator>甲</dc:creator>
 *                               <item id="c1" href="text/1.xhtml" media-type="..."/> ...
 *                               <spine> <itemref idref="c1"/> ... </spine>
 *     OEBPS/text/1.xhtml        read as any HTML file
 *
 * A chapter is taken once, however often the spine names it. The table of contents (properties
 * "nav") is left out.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* asprintf() */
#endif

#include "indexer/input_charset.h"
#include "indexer/input_fields.h"
#include "indexer/input_package.h"
#include "indexer/input_read.h"
#include "indexer/input_xml.h"

#include <ctype.h>
#include <stdio.h>
#include <strings.h>

typedef struct book_item {
  char *id, *href;
  bool html, used;
} book_item;

typedef struct epub_reader {
  sy_input_package package;
  const char *file;
  char *opf; /* its path */
  book_item *items;
  size_t item_count, item_capacity;
  size_t *spine; /* items */
  size_t spine_count, spine_capacity;
  size_t reference_count; /* to items, of which the spine has those that are chapters */
  size_t chapters_bytes;  /* read, of one that several items name as often as it is read */
  sy_buffer title, creator, body, text, fields;
  sy_buffer *capture;
} epub_reader;

static sy_string view(const sy_buffer *buffer) {
  return (sy_string){buffer->bytes ? (const char *)buffer->data : "", buffer->bytes};
}

static char *copy_of(sy_string s) { return strndup(s.data, s.bytes); }

static bool is_wanted(const char *name) {
  static const char *const extensions[] = {".xhtml", ".html", ".htm", ".xml", ".opf"};
  size_t length = strlen(name);
  for (size_t i = 0; i < sizeof extensions / sizeof *extensions; i++) {
    size_t n = strlen(extensions[i]);
    if (length > n && !strcasecmp(name + length - n, extensions[i])) return true;
  }
  return false;
}

static sy_status bad_book(const epub_reader *r, const char *format, const char *what,
                          sy_error *error) {
  char reason[400];
  snprintf(reason, sizeof reason, "%s%.300s", format, what);
  return sy_fail_at(error, SY_BAD_INPUT, r->file, 0, "%s", reason);
}

static sy_status read_xml(const epub_reader *r, const char *name, sy_input_xml *xml,
                          sy_error *error) {
  const sy_input_member *member = sy_input_package_find(&r->package, name);
  if (!member) return bad_book(r, "not in the book: ", name, error);
  sy_input_source *source = NULL;
  SY_TRY(sy_input_package_open(member, r->file, &source, error));
  sy_status status = sy_input_xml_read(source, false, xml, error);
  sy_input_source_close(source);
  return status;
}

/* ---- container.xml and the OPF ---- */

static sy_status on_container(void *context, const char *name, const sy_input_xml_attributes *list,
                              sy_error *error) {
  epub_reader *r = context;
  sy_string path;
  if (r->opf || strcmp(name, "rootfile") || !sy_input_xml_attribute(list, "full-path", &path)) {
    return SY_OK;
  }
  r->opf = copy_of(path);
  return r->opf ? SY_OK : sy_fail_memory(error);
}

static bool has_word(sy_string list, const char *word) {
  return list.bytes >= strlen(word) && memmem(list.data, list.bytes, word, strlen(word));
}

static sy_status add_item(epub_reader *r, const sy_input_xml_attributes *list, sy_error *error) {
  sy_string id, href, type = {"", 0}, properties = {"", 0};
  if (!sy_input_xml_attribute(list, "id", &id) || !sy_input_xml_attribute(list, "href", &href)) {
    return SY_OK;
  }
  sy_input_xml_attribute(list, "media-type", &type);
  sy_input_xml_attribute(list, "properties", &properties);
  if (r->item_count == SY_INPUT_PACKAGE_MAX_MEMBERS) {
    return bad_book(r, "too many items", "", error);
  }
  if (r->item_count == r->item_capacity) {
    size_t capacity = r->item_capacity ? r->item_capacity * 2 : 32;
    book_item *grown = realloc(r->items, capacity * sizeof *grown);
    if (!grown) return sy_fail_memory(error);
    r->items = grown;
    r->item_capacity = capacity;
  }
  bool html = has_word(type, "html") || has_word(type, "x-oeb1-document");
  book_item item = {copy_of(id), copy_of(href), html && !has_word(properties, "nav"), false};
  r->items[r->item_count++] = item;
  return item.id && item.href ? SY_OK : sy_fail_memory(error);
}

static sy_status add_to_spine(epub_reader *r, const sy_input_xml_attributes *list,
                              sy_error *error) {
  sy_string id;
  if (!sy_input_xml_attribute(list, "idref", &id)) return SY_OK;
  if (r->reference_count++ == SY_INPUT_PACKAGE_MAX_MEMBERS) {
    return bad_book(r, "too many chapters", "", error);
  }
  for (size_t i = 0; i < r->item_count; i++) {
    book_item *item = &r->items[i];
    if (strlen(item->id) != id.bytes || memcmp(item->id, id.data, id.bytes)) continue;
    if (item->used || !item->html) return SY_OK;
    item->used = true;
    if (r->spine_count == r->spine_capacity) {
      size_t capacity = r->spine_capacity ? r->spine_capacity * 2 : 32;
      size_t *grown = realloc(r->spine, capacity * sizeof *grown);
      if (!grown) return sy_fail_memory(error);
      r->spine = grown;
      r->spine_capacity = capacity;
    }
    r->spine[r->spine_count++] = i;
    return SY_OK;
  }
  return SY_OK;
}

static sy_status on_opf(void *context, const char *name, const sy_input_xml_attributes *list,
                        sy_error *error) {
  epub_reader *r = context;
  r->capture = NULL;
  if (!strcmp(name, "title") && !r->title.bytes) r->capture = &r->title;
  if (!strcmp(name, "creator") && !r->creator.bytes) r->capture = &r->creator;
  if (!strcmp(name, "item")) return add_item(r, list, error);
  if (!strcmp(name, "itemref")) return add_to_spine(r, list, error);
  return SY_OK;
}

static sy_status on_opf_end(void *context, const char *name, sy_error *error) {
  (void)name, (void)error;
  ((epub_reader *)context)->capture = NULL;
  return SY_OK;
}

static sy_status on_opf_text(void *context, sy_string text, sy_error *error) {
  epub_reader *r = context;
  if (!r->capture) return SY_OK;
  sy_buffer_append(r->capture, text.data, text.bytes);
  return r->capture->failed ? sy_fail_memory(error) : SY_OK;
}

/* ---- Chapters ---- */

/* `href` as seen from the OPF: the name of a member. Never more than a name to compare. */
static char *resolve(const char *opf, const char *href) {
  const char *slash = strrchr(opf, '/');
  size_t base = slash ? (size_t)(slash + 1 - opf) : 0, length = strcspn(href, "#?");
  char *path = malloc(base + length + 1);
  if (!path) return NULL;
  memcpy(path, opf, base);
  size_t n = base;
  for (size_t i = 0; i < length; i++) {
    unsigned int byte = (unsigned char)href[i];
    if (byte == '%' && isxdigit((unsigned char)href[i + 1]) &&
        isxdigit((unsigned char)href[i + 2])) {
      char digits[3] = {href[i + 1], href[i + 2], 0};
      byte = (unsigned int)strtoul(digits, NULL, 16);
      i += 2;
    }
    path[n++] = (char)byte;
  }
  path[n] = 0;
  size_t out = 0;
  for (char *p = path; *p;) { /* takes away "./" and "a/../" */
    size_t part = strcspn(p, "/");
    size_t step = part + (p[part] == '/');
    if (part == 2 && !memcmp(p, "..", 2)) {
      if (out) out--;
      while (out && path[out - 1] != '/') out--;
    } else if (!(part == 1 && *p == '.')) {
      memmove(path + out, p, step);
      out += step;
    }
    p += step;
  }
  path[out] = 0;
  return path;
}

static sy_status add_chapter(void *context, const sy_article *article, const char *file,
                             uint64_t line, sy_error *error) {
  (void)file, (void)line;
  epub_reader *r = context;
  if (!article->body.bytes) return SY_OK;
  if (r->body.bytes) sy_buffer_append(&r->body, "\n\n", 2);
  sy_buffer_append(&r->body, article->body.data, article->body.bytes);
  return r->body.failed ? sy_fail_memory(error) : SY_OK;
}

static sy_status read_chapter(epub_reader *r, const char *name, sy_error *error) {
  const sy_input_member *member = sy_input_package_find(&r->package, name);
  if (!member) return bad_book(r, "not in the book: ", name, error);
  r->chapters_bytes += member->data.bytes;
  if (r->chapters_bytes > SY_INPUT_PACKAGE_MAX_BYTES) {
    return bad_book(r, "the same file, too many times: ", name, error);
  }
  sy_input_charset_hints hints = {NULL, true, false, true};
  sy_input_charset charset;
  SY_TRY(sy_input_charset_detect(member->data.data, member->data.bytes, &hints, &charset, error));
  if (charset.kind == SY_INPUT_CHARSET_BINARY || charset.kind == SY_INPUT_CHARSET_UNKNOWN) {
    return bad_book(r, "encrypted, or in an unknown encoding: ", name, error);
  }
  sy_string text = view(&member->data);
  text.data += charset.mark_bytes;
  text.bytes -= charset.mark_bytes;
  bool named = charset.kind == SY_INPUT_CHARSET_NAMED;
  if (named || charset.damaged) {
    uint64_t invalid = 0;
    r->text.bytes = 0;
    SY_TRY(sy_input_charset_convert(named ? charset.name : "UTF-8", text.data, text.bytes, &r->text,
                                    &invalid, error));
    text = view(&r->text);
  }
  char *id = NULL;
  if (asprintf(&id, "%s/%s", r->file, name) < 0) return sy_fail_memory(error);
  sy_input_sink sink = {add_chapter, NULL, r};
  sy_status status = sy_input_read_html(text, id, &sink, error);
  free(id);
  return status;
}

static sy_status read_book(epub_reader *r, const sy_input_sink *sink, sy_error *error) {
  sy_input_xml xml = {.context = r, .start = on_container, .document_type = true};
  SY_TRY(read_xml(r, "META-INF/container.xml", &xml, error));
  if (!r->opf) return bad_book(r, "META-INF/container.xml names no book", "", error);
  xml = (sy_input_xml){r, on_opf, on_opf_end, on_opf_text, 0, true};
  SY_TRY(read_xml(r, r->opf, &xml, error));
  for (size_t i = 0; i < r->spine_count; i++) {
    char *name = resolve(r->opf, r->items[r->spine[i]].href);
    if (!name) return sy_fail_memory(error);
    sy_status status = read_chapter(r, name, error);
    free(name);
    SY_TRY(status);
  }
  if (!r->body.bytes && !r->title.bytes) return SY_OK;
  if (r->creator.bytes)
    sy_input_fields_add(&r->fields, (sy_string){"creator", 7}, view(&r->creator));
  const char *slash = strrchr(r->file, '/'), *name = slash ? slash + 1 : r->file;
  sy_string title = r->title.bytes ? view(&r->title) : (sy_string){name, strlen(name)};
  sy_article article = {
      {r->file, strlen(r->file)}, title, view(&r->body), sy_input_fields_finish(&r->fields)};
  if (r->fields.failed) return sy_fail_memory(error);
  return sink->add(sink->context, &article, r->file, 0, error);
}

sy_status sy_input_read_epub(sy_input_source *source, const sy_input_sink *sink, sy_error *error) {
  epub_reader r = {.file = source->name};
  sy_status status = sy_input_package_load(source, is_wanted, &r.package, error);
  if (status == SY_OK) status = read_book(&r, sink, error);
  sy_input_package_free(&r.package);
  for (size_t i = 0; i < r.item_count; i++) {
    free(r.items[i].id);
    free(r.items[i].href);
  }
  free(r.items);
  free(r.spine);
  free(r.opf);
  sy_buffer *buffers[] = {&r.title, &r.creator, &r.body, &r.text, &r.fields};
  for (size_t i = 0; i < 5; i++) sy_buffer_free(buffers[i]);
  return status;
}
