/*
 * input_xml.c - libxml2's push parser over a source. Only our own handlers are set: without
 * handlers for declarations libxml2 knows no entities but the predefined ones.
 */
#include "indexer/input_xml.h"

#include "indexer/input_libxml.h"

#include <libxml/parser.h>
#include <libxml/parserInternals.h>

enum { BLOCK_BYTES = 64 << 10, MAX_DEPTH = 256 };

struct sy_input_xml_attributes {
  const xmlChar **items; /* name, prefix, URI, begin and end of the value */
  int count;
};

typedef struct xml_reader {
  sy_input_xml *xml;
  xmlParserCtxtPtr parser;
  const char *file;
  bool utf8; /* it is, whatever it says of itself */
  int depth;
  sy_status status; /* of a handler */
  sy_error *error;
  char *block; /* of BLOCK_BYTES */
  size_t bytes;
  int result; /* of parsing it */
} xml_reader;

static void settle(xml_reader *r, sy_status status) {
  if (status == SY_OK || r->status != SY_OK) return;
  r->status = status;
  xmlStopParser(r->parser);
}

static uint64_t line_of(const xml_reader *r) {
  return r->parser->input ? (uint64_t)r->parser->input->line : 0;
}

static sy_status refuse(xml_reader *r, const char *what) {
  return sy_fail_at(r->error, SY_BAD_INPUT, r->file, line_of(r), "%s", what);
}

static void on_start(void *context, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri,
                     int namespace_count, const xmlChar **namespaces, int attribute_count,
                     int default_count, const xmlChar **attributes) {
  (void)prefix, (void)uri, (void)namespace_count, (void)namespaces, (void)default_count;
  xml_reader *r = context;
  sy_input_libxml_event();
  if (r->status != SY_OK) return;
  if (r->depth++ == MAX_DEPTH) {
    settle(r, refuse(r, "XML elements nested more than 256 deep"));
    return;
  }
  r->xml->line = line_of(r);
  sy_input_xml_attributes list = {attributes, attribute_count};
  if (r->xml->start) settle(r, r->xml->start(r->xml->context, (const char *)name, &list, r->error));
}

static void on_end(void *context, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri) {
  (void)prefix, (void)uri;
  xml_reader *r = context;
  sy_input_libxml_event();
  if (r->status != SY_OK) return;
  r->depth--;
  r->xml->line = line_of(r);
  if (r->xml->end) settle(r, r->xml->end(r->xml->context, (const char *)name, r->error));
}

static void on_text(void *context, const xmlChar *text, int bytes) {
  xml_reader *r = context;
  sy_input_libxml_event();
  if (r->status != SY_OK || !r->xml->text) return;
  sy_string piece = {(const char *)text, (size_t)bytes};
  settle(r, r->xml->text(r->xml->context, piece, r->error));
}

static void on_document_type(void *context, const xmlChar *name, const xmlChar *external,
                             const xmlChar *system) {
  (void)name, (void)external, (void)system;
  xml_reader *r = context;
  if (!r->xml->document_type)
    settle(r, refuse(r, "XML with a document type declaration is not read"));
}

/* Where a document type is allowed; entities are not. */
static void on_entity(void *context, const xmlChar *name, int type, const xmlChar *external,
                      const xmlChar *system, xmlChar *content) {
  (void)name, (void)type, (void)external, (void)system, (void)content;
  xml_reader *r = context;
  settle(r, refuse(r, "XML that declares entities is not read"));
}

bool sy_input_xml_attribute(const sy_input_xml_attributes *list, const char *name,
                            sy_string *value) {
  for (int i = 0; i < list->count; i++) {
    const xmlChar **item = list->items + (size_t)i * 5;
    if (item[1] || strcmp((const char *)item[0], name)) continue;
    *value = (sy_string){(const char *)item[3], (size_t)(item[4] - item[3])};
    return true;
  }
  return false;
}

static xmlParserCtxtPtr make_parser(xml_reader *r) {
  xmlSAXHandler handler;
  memset(&handler, 0, sizeof handler);
  handler.initialized = XML_SAX2_MAGIC;
  handler.startElementNs = on_start;
  handler.endElementNs = on_end;
  handler.characters = on_text;
  handler.ignorableWhitespace = on_text;
  handler.cdataBlock = on_text;
  handler.internalSubset = on_document_type;
  handler.entityDecl = on_entity;
  xmlParserCtxtPtr parser = xmlCreatePushParserCtxt(&handler, r, NULL, 0, NULL);
  if (!parser) return NULL;
  xmlCtxtUseOptions(parser, XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING |
                                (r->utf8 ? XML_PARSE_IGNORE_ENC : 0));
  if (r->utf8) xmlSwitchEncoding(parser, XML_CHAR_ENCODING_UTF8); /* nor as its first bytes look */
  return parser;
}

static sy_status failed(const xml_reader *r) {
  const xmlParserCtxt *parser = r->parser;
  const char *message = parser->lastError.message ? parser->lastError.message : "damaged";
  uint64_t line = parser->lastError.line > 0 ? (uint64_t)parser->lastError.line : r->xml->line;
  return sy_fail_at(r->error, SY_BAD_INPUT, r->file, line, "XML: %.*s", (int)strcspn(message, "\n"),
                    message);
}

static void parse_block(void *context) {
  xml_reader *r = context;
  if (!r->parser) r->parser = make_parser(r);
  if (r->parser) r->result = xmlParseChunk(r->parser, r->block, (int)r->bytes, r->bytes == 0);
}

static void free_parser(void *context) {
  xml_reader *r = context;
  if (!r->parser) return;
  xmlDocPtr declared = r->parser->myDoc; /* libxml2 keeps declared entities here all the same */
  xmlFreeParserCtxt(r->parser);
  xmlFreeDoc(declared);
  r->parser = NULL;
}

static sy_status read_blocks(xml_reader *r, sy_input_source *source) {
  static const sy_input_libxml calls = {parse_block, free_parser};
  do {
    SY_TRY(sy_input_source_read(source, r->block, BLOCK_BYTES, &r->bytes, r->error));
    SY_TRY(sy_input_libxml_run(&calls, r, r->file, r->error));
    if (!r->parser) return sy_fail_memory(r->error);
    if (r->status != SY_OK) return r->status;
    if (r->result && !r->parser->wellFormed) return failed(r);
  } while (r->bytes);
  return SY_OK;
}

sy_status sy_input_xml_read(sy_input_source *source, bool utf8, sy_input_xml *xml,
                            sy_error *error) {
  xml->line = 1;
  xml_reader r = {.xml = xml, .file = source->name, .utf8 = utf8, .error = error};
  r.block = malloc(BLOCK_BYTES);
  sy_status status = r.block ? read_blocks(&r, source) : sy_fail_memory(error);
  free(r.block);
  free_parser(&r);
  return status;
}
