/*
 * parse.h - the query language as a tree. Purely structural: the text of a leaf is kept as it was
 * typed (escapes resolved) and analysed later, by the rules stored in the index that is searched.
 */
#ifndef SY_PARSE_H
#define SY_PARSE_H

#include "suoyin.h"

enum { SY_FIELD_TITLE = 1, SY_FIELD_BODY = 2, SY_FIELD_ID = 4 }; /* bits */

#define SY_PHRASE_CHARACTERS 4u /* unquoted text with more Chinese ones is ranked by its parts */

typedef enum sy_node_kind {
  SY_NODE_TEXT,   /* unquoted text without blanks */
  SY_NODE_PHRASE, /* "quoted" text */
  SY_NODE_GROUP,  /* clauses, each MUST, SHOULD or MUST_NOT */
  SY_NODE_NONE,   /* matches nothing: a reading that no phrase of the index has */
} sy_node_kind;

/* How the text of a leaf is meant: as it is, or as what is read so (before sy_query_expand()). */
typedef enum sy_reading_kind {
  SY_READING_NONE,
  SY_READING_SYLLABLES, /* pinyin:jiqizhixin */
  SY_READING_INITIALS,  /* py:jqzx */
} sy_reading_kind;

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
  sy_reading_kind reading; /* leaf */
  uint32_t column;         /* 1-based character of the query where this node begins */
  sy_string text; /* leaf: borrowed from the query; one byte at least, but maybe without any unit */
  sy_node *child; /* group: first child */
  sy_node *next;  /* next sibling */
};

#define SY_QUERY_MAX_BYTES (1u << 20) /* 1 MiB */
#define SY_QUERY_MAX_DEPTH \
  200 /* nested parentheses; groups nest at most three times as deep, and one more for dates */

struct sy_query {
  sy_node *root; /* never NULL; owned by the query, like all it reaches */
  void *memory;  /* the chain of blocks that holds all of it, this structure included */
  bool readings; /* a leaf has a reading */
};

/* Makes the group of phrases of a leaf with a reading. Adding is in order; without any, it matches
 * nothing. SY_NO_MEMORY. */
void sy_query_begin_phrases(sy_node *leaf);
sy_status sy_query_add_phrase(sy_query *query, sy_node *group, sy_string text, sy_error *error);

#endif
