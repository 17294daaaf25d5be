/*
 * input_html.c - the title and the text of an HTML file, through libxml2's HTML parser.
 *
 * Why libxml2 and not gumbo, which follows HTML5 to the letter: gumbo was abandoned in 2016, frees
 * its tree by recursion (a file of <div><div>... overflows the stack) and is quadratic in such
 * files. libxml2 reports events without building a tree, is maintained and fuzzed, and is on every
 * system that has libarchive, which needs it. What it does differently from HTML5 (where a missing
 * end tag belongs) does not change which text there is.
 *
 * Left out: scripts, styles, templates, forms' controls, drawings, frames, <nav>, the readings of
 * ruby
 * (<rt>, <rp>: 漢<rt>kan</rt>字 is found as 漢字), and the frame of a page around the article:
 * <aside>, <footer> and a <header> without <h1> that are not inside <main>, <article> or <section>.
 * Elements with the ARIA role of these count as these. `hidden` is not left out: pages that show
 * one of several variants by script hide all of them (LibreOffice's help does).
 *
 * White space: collapsed as browsers do, kept in <pre>; one line end for <br>, a blank line between
 * blocks.
 */
#include "indexer/input_libxml.h"
#include "indexer/input_read.h"

#include <libxml/HTMLparser.h>
#include <libxml/parserInternals.h>

enum { MAX_DEPTH = 10000 };

typedef enum element_kind {
  INLINE,
  BLOCK,
  SKIPPED, /* with all that is in it */
  FRAME,   /* skipped outside of the article */
  HEADER,  /* FRAME, unless it has the <h1> */
  ARTICLE, /* a block in which FRAME and HEADER are ordinary blocks */
  PRE,
  BREAK,
  TITLE,
  H1,
} element_kind;

static const struct {
  const char *name;
  element_kind kind;
} elements[] = {
    {"address", BLOCK},
    {"article", ARTICLE},
    {"aside", FRAME},
    {"audio", SKIPPED},
    {"blockquote", BLOCK},
    {"body", BLOCK},
    {"br", BREAK},
    {"button", SKIPPED},
    {"canvas", SKIPPED},
    {"caption", BLOCK},
    {"center", BLOCK},
    {"datalist", SKIPPED},
    {"dd", BLOCK},
    {"details", BLOCK},
    {"dialog", BLOCK},
    {"dir", BLOCK},
    {"div", BLOCK},
    {"dl", BLOCK},
    {"dt", BLOCK},
    {"fieldset", BLOCK},
    {"figcaption", BLOCK},
    {"figure", BLOCK},
    {"footer", FRAME},
    {"form", BLOCK},
    {"h1", H1},
    {"h2", BLOCK},
    {"h3", BLOCK},
    {"h4", BLOCK},
    {"h5", BLOCK},
    {"h6", BLOCK},
    {"header", HEADER},
    {"hgroup", BLOCK},
    {"hr", BLOCK},
    {"iframe", SKIPPED},
    {"input", INLINE},
    {"legend", BLOCK},
    {"li", BLOCK},
    {"main", ARTICLE},
    {"menu", SKIPPED},
    {"nav", SKIPPED},
    {"noembed", SKIPPED},
    {"noframes", SKIPPED},
    {"noscript", SKIPPED},
    {"object", SKIPPED},
    {"ol", BLOCK},
    {"optgroup", SKIPPED},
    {"option", SKIPPED},
    {"p", BLOCK},
    {"plaintext", PRE},
    {"pre", PRE},
    {"progress", SKIPPED},
    {"rp", SKIPPED},
    {"rt", SKIPPED},
    {"rtc", SKIPPED},
    {"script", SKIPPED},
    {"section", ARTICLE},
    {"select", SKIPPED},
    {"style", SKIPPED},
    {"summary", BLOCK},
    {"svg", SKIPPED},
    {"table", BLOCK},
    {"tbody", BLOCK},
    {"td", BLOCK},
    {"template", SKIPPED},
    {"textarea", SKIPPED},
    {"tfoot", BLOCK},
    {"th", BLOCK},
    {"thead", BLOCK},
    {"title", TITLE},
    {"tr", BLOCK},
    {"ul", BLOCK},
    {"video", SKIPPED},
    {"xmp", PRE},
};

static const struct {
  const char *role;
  element_kind kind;
} roles[] = {{"navigation", SKIPPED},  {"search", SKIPPED},  {"menu", SKIPPED},
             {"menubar", SKIPPED},     {"toolbar", SKIPPED}, {"contentinfo", FRAME},
             {"complementary", FRAME}, {"banner", HEADER},   {"main", ARTICLE},
             {"article", ARTICLE}};

/* White space due before the next character, the strongest asked for. */
typedef enum gap { GAP_NONE, GAP_SPACE, GAP_LINE, GAP_BLANK_LINE } gap;

typedef struct text_builder {
  sy_buffer text;
  gap gap;
} text_builder;

typedef struct open_element {
  uint8_t kind;
  size_t text_bytes; /* HEADER: what the text was before it */
  gap gap;
} open_element;

typedef struct html_reader {
  sy_string text; /* of the file */
  text_builder body, title, heading;
  open_element *open;
  size_t depth, capacity;
  size_t skipped, pre, article; /* how many of that kind are open */
  bool in_title, in_heading;
  bool header_has_heading;
  bool too_deep, failed_memory;
  xmlParserCtxtPtr parser;
} html_reader;

/* ---- Text ---- */

static void ask_gap(text_builder *builder, gap wanted) {
  if (builder->gap < wanted) builder->gap = wanted;
}

static void write_gap(text_builder *builder) {
  static const char *const gaps[] = {"", " ", "\n", "\n\n"};
  const char *text = gaps[builder->gap];
  if (builder->text.bytes) sy_buffer_append(&builder->text, text, strlen(text));
  builder->gap = GAP_NONE;
}

static bool is_space(char c) {
  return c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '\f';
}

static void append_collapsed(text_builder *builder, const char *data, size_t bytes) {
  for (size_t i = 0; i < bytes;) {
    if (is_space(data[i])) {
      ask_gap(builder, GAP_SPACE);
      i++;
      continue;
    }
    size_t from = i;
    while (i < bytes && !is_space(data[i])) i++;
    write_gap(builder);
    sy_buffer_append(&builder->text, data + from, i - from);
  }
}

static void append_preformatted(text_builder *builder, const char *data, size_t bytes) {
  if (!bytes) return;
  write_gap(builder);
  sy_buffer_append(&builder->text, data, bytes);
}

static void on_text(void *context, const xmlChar *data, int bytes) {
  html_reader *reader = context;
  sy_input_libxml_event();
  const char *text = (const char *)data;
  size_t length = (size_t)bytes;
  if (reader->in_title) {
    append_collapsed(&reader->title, text, length);
    return;
  }
  if (reader->skipped) return;
  if (reader->in_heading) append_collapsed(&reader->heading, text, length);
  if (reader->pre) {
    append_preformatted(&reader->body, text, length);
  } else {
    append_collapsed(&reader->body, text, length);
  }
}

/* ---- Elements ---- */

static element_kind kind_of(const char *name) {
  size_t low = 0, high = sizeof elements / sizeof *elements;
  while (low < high) {
    size_t middle = (low + high) / 2;
    int order = strcmp(name, elements[middle].name);
    if (!order) return elements[middle].kind;
    if (order < 0) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return INLINE;
}

static element_kind kind_by_role(const xmlChar **attributes, element_kind kind) {
  for (size_t i = 0; attributes && attributes[i]; i += 2) {
    if (strcmp((const char *)attributes[i], "role") || !attributes[i + 1]) continue;
    for (size_t r = 0; r < sizeof roles / sizeof *roles; r++) {
      if (!strcmp((const char *)attributes[i + 1], roles[r].role)) return roles[r].kind;
    }
  }
  return kind;
}

static void apply(html_reader *reader, open_element *element) {
  text_builder *body = &reader->body;
  switch (element->kind) {
    case INLINE: return;
    case SKIPPED:
    case FRAME: reader->skipped++; return;
    case BREAK:
      if (reader->pre && !reader->skipped) {
        append_preformatted(body, "\n", 1);
      } else if (!reader->skipped) {
        /* <br><br> is how old pages make paragraphs */
        ask_gap(body, body->gap == GAP_LINE ? GAP_BLANK_LINE : GAP_LINE);
      }
      return;
    case TITLE: reader->in_title = !reader->skipped && !reader->title.text.bytes; return;
    case PRE: reader->pre++; break;
    case ARTICLE: reader->article++; break;
    case HEADER: reader->header_has_heading = false; break;
    case H1:
      reader->header_has_heading = true;
      reader->in_heading = !reader->skipped && !reader->heading.text.bytes;
      break;
    default: break;
  }
  if (!reader->skipped) ask_gap(body, GAP_BLANK_LINE);
}

static void unapply(html_reader *reader, const open_element *element) {
  switch (element->kind) {
    case INLINE:
    case BREAK: return;
    case SKIPPED:
    case FRAME: reader->skipped--; break;
    case TITLE: reader->in_title = false; return;
    case PRE: reader->pre--; break;
    case ARTICLE: reader->article--; break;
    case HEADER:
      if (!reader->header_has_heading && !reader->skipped) {
        reader->body.text.bytes = element->text_bytes;
        reader->body.gap = element->gap;
      }
      break;
    case H1: reader->in_heading = false; break;
    default: break;
  }
  if (!reader->skipped && element->kind != SKIPPED) ask_gap(&reader->body, GAP_BLANK_LINE);
}

static void on_start(void *context, const xmlChar *name, const xmlChar **attributes) {
  html_reader *reader = context;
  sy_input_libxml_event();
  if (reader->depth == MAX_DEPTH) {
    reader->too_deep = true;
    xmlStopParser(reader->parser);
    return;
  }
  if (reader->depth == reader->capacity) {
    size_t capacity = reader->capacity ? reader->capacity * 2 : 64;
    open_element *open = realloc(reader->open, capacity * sizeof *open);
    if (!open) {
      reader->failed_memory = true;
      xmlStopParser(reader->parser);
      return;
    }
    reader->open = open;
    reader->capacity = capacity;
  }
  element_kind kind = kind_by_role(attributes, kind_of((const char *)name));
  if ((kind == FRAME || kind == HEADER) && reader->article) kind = BLOCK;
  open_element *element = &reader->open[reader->depth++];
  *element = (open_element){(uint8_t)kind, reader->body.text.bytes, reader->body.gap};
  apply(reader, element);
}

static void on_end(void *context, const xmlChar *name) {
  (void)name; /* the parser's start and end events are balanced */
  html_reader *reader = context;
  sy_input_libxml_event();
  if (reader->depth) unapply(reader, &reader->open[--reader->depth]);
}

/* ---- The file ---- */

static void run_parser(void *context) {
  html_reader *reader = context;
  xmlParserCtxtPtr parser = htmlCreateMemoryParserCtxt(reader->text.data, (int)reader->text.bytes);
  if (!parser) return;
  reader->parser = parser;
  htmlCtxtUseOptions(parser, HTML_PARSE_RECOVER | HTML_PARSE_NOERROR | HTML_PARSE_NOWARNING |
                                 HTML_PARSE_NONET | HTML_PARSE_IGNORE_ENC | HTML_PARSE_COMPACT);
  memset(parser->sax, 0, sizeof *parser->sax);
  parser->sax->startElement = on_start;
  parser->sax->endElement = on_end;
  parser->sax->characters = on_text;
  parser->sax->ignorableWhitespace = on_text;
  parser->userData = reader;
  xmlSwitchEncoding(parser, XML_CHAR_ENCODING_UTF8);
  htmlParseDocument(parser);
}

static void free_parser(void *context) {
  html_reader *reader = context;
  if (reader->parser) htmlFreeParserCtxt(reader->parser);
  reader->parser = NULL;
}

static sy_status parse(html_reader *reader, const char *id, sy_error *error) {
  static const sy_input_libxml calls = {run_parser, free_parser};
  SY_TRY(sy_input_libxml_run(&calls, reader, id, error));
  bool made = reader->parser;
  free_parser(reader);
  if (!made || reader->failed_memory || reader->body.text.failed || reader->title.text.failed ||
      reader->heading.text.failed) {
    return sy_fail_memory(error);
  }
  if (reader->too_deep) {
    return sy_fail_at(error, SY_BAD_INPUT, id, 0, "HTML elements nested more than %d deep",
                      MAX_DEPTH);
  }
  return SY_OK;
}

static sy_string view(const text_builder *builder) {
  return (sy_string){builder->text.bytes ? (const char *)builder->text.data : "",
                     builder->text.bytes};
}

sy_status sy_input_read_html(sy_string text, const char *id, const sy_input_sink *sink,
                             sy_error *error) {
  if (!text.bytes) return SY_OK;
  html_reader reader = {.text = text};
  sy_status status = parse(&reader, id, error);
  if (status == SY_OK && (reader.body.text.bytes || reader.title.text.bytes)) {
    const char *slash = strrchr(id, '/');
    const char *file = slash ? slash + 1 : id;
    sy_article article = {{id, strlen(id)}, {file, strlen(file)}, view(&reader.body), {"", 0}};
    if (reader.title.text.bytes) {
      article.title = view(&reader.title);
    } else if (reader.heading.text.bytes) {
      article.title = view(&reader.heading);
    }
    status = sink->add(sink->context, &article, id, 0, error);
  }
  sy_buffer_free(&reader.body.text);
  sy_buffer_free(&reader.title.text);
  sy_buffer_free(&reader.heading.text);
  free(reader.open);
  return status;
}
