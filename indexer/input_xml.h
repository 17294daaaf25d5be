/*
 * input_xml.h - a stream of XML as events, for the formats made of it.
 *
 * What XML could do to a reader, and does not here: a document type declaration is an error, so
 * there are no entities but &lt; &gt; &amp; &quot; &apos; and numbers, nothing grows, and nothing
 * else is opened, neither files nor networks. Elements may be nested 256 deep, names and attributes
 * together be 10 MB long. Text comes in pieces and is bounded by the receiver.
 */
#ifndef SY_INPUT_XML_H
#define SY_INPUT_XML_H

#include "indexer/input_source.h"

typedef struct sy_input_xml_attributes sy_input_xml_attributes;

typedef struct sy_input_xml {
  void *context;
  /* `name` without its namespace's prefix. Not SY_OK ends the reading with it. All may be NULL. */
  sy_status (*start)(void *context, const char *name, const sy_input_xml_attributes *list,
                     sy_error *error);
  sy_status (*end)(void *context, const char *name, sy_error *error);
  sy_status (*text)(void *context, sy_string text, sy_error *error);
  uint64_t line;      /* where the reader is, for messages */
  bool document_type; /* allow a declaration, but nothing it declares */
} sy_input_xml;

/* The value of the attribute without prefix, in `*value`, borrowed during the call. */
bool sy_input_xml_attribute(const sy_input_xml_attributes *list, const char *name,
                            sy_string *value);

/* Reads all of it. `utf8`: it is, whatever its declaration says. What is no XML is SY_BAD_INPUT
 * with the line. */
sy_status sy_input_xml_read(sy_input_source *source, bool utf8, sy_input_xml *xml, sy_error *error);

#endif
