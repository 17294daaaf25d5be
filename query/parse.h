/*
 * parse.h - the query language as a tree. Purely structural: the text of a leaf is kept as it was
 * typed (escapes resolved) and analysed later, by the rules stored in the index that is searched.
 */
#ifndef SY_PARSE_H
#define SY_PARSE_H

#include "suoyin.h"

enum { SY_FIELD_TITLE = 1, SY_FIELD_BODY = 2, SY_FIELD_ID = 4 }; /* bits */

typedef enum sy_node_kind {
  SY_NODE_TEXT,   /* unquoted text without blanks */
  SY_NODE_PHRASE, /* "quoted" text */
  SY_NODE_GROUP,  /* clauses, each MUST, SHOULD or MUST_NOT */
} sy_node_kind;

/* As Lucene's BooleanClause.Occur. A group matches an article iff every MUST child matches, no
 * MUST_NOT child does and, when it has no MUST child, at least one SHOULD child does - or it has
 * neither MUST nor SHOULD children (then it matches all articles but the MUST_NOTs). */
typedef enum sy_occur { SY_MUST, SY_SHOULD, SY_MUST_NOT } sy_occur;

typedef struct sy_node sy_node;
struct sy_node {
  sy_node_kind kind;
  sy_occur occur;  /* the role in the parent group; SY_MUST at the root */
  uint32_t fields; /* leaf: one SY_FIELD_* bit; 0 means no field was named: title and body */
  bool prefix;     /* leaf: a `*` follows the text */
  bool exact;      /* leaf: a `=` stands before it */
  uint32_t column; /* 1-based character of the query where this node begins */
  sy_string text; /* leaf: borrowed from the query; one byte at least, but maybe without any unit */
  sy_node *child; /* group: first child */
  sy_node *next;  /* next sibling */
};

#define SY_QUERY_MAX_BYTES (1u << 20) /* 1 MiB */
#define SY_QUERY_MAX_DEPTH 200 /* nested parentheses; groups nest at most three times as deep */

struct sy_query {
  sy_node *root; /* never NULL; owned by the query, like all it reaches */
  void *memory;  /* the chain of blocks that holds all of it, this structure included */
};

#endif
