/*
 * parse.c - the query language (docs/query.md) by recursive descent, one function a rule:
 *
 *   query    = either END
 *   either   = all { ("OR" | "|" | "||") all }
 *   all      = clause { ["AND"] clause }
 *   clause   = { "NOT" } [ "+" | "-" ] value
 *   value    = [ field ":" ] ( [ "=" | reading ":" ] ( word | phrase ) [ "*" ] | "(" either ")" )
 *
 * There is no separate lexer: whether a `-` or a `:` is an operator depends on its neighbours, so
 * the parser looks at characters. Only parentheses recurse, and they are counted; lists and chains
 * of NOT are loops. Characters that are no UTF-8 are one byte each and go through into the leaf as
 * they are.
 *
 * Memory is a chain of blocks that ends with the one that holds the sy_query itself: one malloc()
 * for a short query.
 *
 *   query->memory --> nodes --> nodes --> ... --> sy_query | texts of all leaves | first nodes
 *
 * (and among them the texts of dates written otherwise). A leaf's text is never longer than what it
 * was written as, so the texts together fit into the length of the query.
 */
#include "query/parse.h"

#include "base/status.h"
#include "query/dates.h"
#include "text/utf8.h"

#include <stdlib.h>
#include <string.h>

/* ---- Memory ---------------------------------------------------------------------------------- */

typedef struct block {
  struct block *next;
  size_t used, capacity;
} block;

enum { FIRST_NODES = 16, BLOCK_NODES = 1024 };

static block *block_new(size_t capacity, block *next) {
  block *made = malloc(sizeof(block) + capacity);
  if (made) *made = (block){next, 0, capacity};
  return made;
}

/* Zeroed, aligned for any of our structures. */
static void *block_take(block *from, size_t bytes) {
  bytes = (bytes + 15) & ~(size_t)15;
  if (from->capacity - from->used < bytes) return NULL;
  void *taken = (char *)(from + 1) + from->used;
  from->used += bytes;
  return memset(taken, 0, bytes);
}

void sy_query_free(sy_query *query) {
  if (!query) return;
  for (block *at = query->memory, *next; at; at = next) {
    next = at->next;
    free(at); /* one of them holds `query` itself */
  }
}

/* ---- The parser's state ---------------------------------------------------------------------- */

typedef struct place {
  size_t offset;
  uint32_t column; /* 1-based */
} place;

typedef struct parser {
  sy_string text;
  place at;
  bool any, literal_dates;
  uint32_t depth;
  sy_query *query;
  char *texts; /* room for leaf text */
  sy_error *error;
  sy_status status; /* sticky */
} parser;

/* Fails at `where`; returns NULL, as most callers must. */
static sy_node *fail(parser *p, place where, const char *reason, const char *found) {
  if (p->status != SY_OK) return NULL;
  p->status = sy_fail(p->error, SY_SYNTAX, "%s%s", reason, found);
  if (p->error) p->error->column = where.column;
  return NULL;
}

/* NULL when memory is out. */
static sy_node *new_node(sy_query *query, sy_node_kind kind, uint32_t column) {
  sy_node *node = block_take(query->memory, sizeof(sy_node));
  if (!node) {
    block *more = block_new(BLOCK_NODES * sizeof(sy_node), query->memory);
    if (!more) return NULL;
    query->memory = more;
    node = block_take(more, sizeof(sy_node));
  }
  node->kind = kind;
  node->column = column;
  return node;
}

static sy_node *make_node(parser *p, sy_node_kind kind, uint32_t column) {
  sy_node *node = new_node(p->query, kind, column);
  if (!node) p->status = sy_fail_memory(p->error);
  return node;
}

/* One of several phrases, with a copy of `text`, otherwise like the leaf it stands for. */
static sy_node *phrase_node(sy_query *query, sy_string text, const sy_node *like) {
  sy_node *leaf = new_node(query, SY_NODE_PHRASE, like->column);
  block *blocks = query->memory;
  block *kept = block_new(text.bytes, blocks->next);
  if (!leaf || !kept) {
    free(kept);
    return NULL;
  }
  blocks->next = kept;
  leaf->text = (sy_string){memcpy(kept + 1, text.data, text.bytes), text.bytes};
  leaf->fields = like->fields;
  leaf->prefix = like->prefix;
  leaf->occur = SY_SHOULD;
  return leaf;
}

void sy_query_begin_phrases(sy_node *leaf) {
  leaf->kind = SY_NODE_NONE;
  leaf->reading = SY_READING_NONE;
  leaf->prefix = false;
}

sy_status sy_query_add_phrase(sy_query *query, sy_node *group, sy_string text, sy_error *error) {
  sy_node *phrase = phrase_node(query, text, group);
  if (!phrase) return sy_fail_memory(error);
  sy_node **end = &group->child;
  while (*end) end = &(*end)->next;
  *end = phrase;
  group->kind = SY_NODE_GROUP;
  return SY_OK;
}

/* ---- Characters ------------------------------------------------------------------------------ */

enum { END = 0xFFFFFFFF };

/* The character at `where` and its length; a byte that is no UTF-8 is U+FFFD of one byte; END. */
static uint32_t decode(const parser *p, place where, size_t *length) {
  *length = 0;
  if (where.offset >= p->text.bytes) return END;
  const uint8_t *text = (const uint8_t *)p->text.data;
  uint32_t bytes, code = sy_utf8_decode(text + where.offset, text + p->text.bytes, &bytes);
  *length = bytes;
  return code;
}

static uint32_t peek_at(const parser *p, place where) {
  size_t length;
  return decode(p, where, &length);
}

static uint32_t peek(const parser *p) { return peek_at(p, p->at); }

static place behind(const parser *p, place where) {
  size_t length;
  decode(p, where, &length);
  return (place){where.offset + length, where.column + (length > 0)};
}

static void step(parser *p) { p->at = behind(p, p->at); }

/* Full-width ASCII, U+FF01 to U+FF5E, as ASCII. */
static uint32_t narrow(uint32_t code) {
  return code >= 0xFF01 && code <= 0xFF5E ? code - 0xFEE0 : code;
}

static bool is_blank(uint32_t code) {
  return (code >= 9 && code <= 13) || code == ' ' || code == 0x85 || code == 0xA0 ||
         code == 0x1680 || (code >= 0x2000 && code <= 0x200A) || code == 0x2028 || code == 0x2029 ||
         code == 0x202F || code == 0x205F || code == 0x3000;
}

/* The quotation mark that closes the one given; 0 when it opens nothing. */
static uint32_t closer_of(uint32_t code) {
  switch (code) {
    case '"': return '"';
    case 0xFF02: return 0xFF02; /* full-width " */
    case 0x201C: return 0x201D; /* “ ” */
    case 0x300C: return 0x300D; /* 「 」 */
    case 0x300E: return 0x300F; /* 『 』 */
  }
  return 0;
}

static bool is_closer(uint32_t code) { return code == 0x201D || code == 0x300D || code == 0x300F; }

static bool is_one_of(uint32_t code, const char *set) {
  return code && code < 0x80 && strchr(set, (int)code);
}

/* What ends an unquoted word. */
static bool ends_word(uint32_t code) {
  return code == END || is_blank(code) || is_one_of(narrow(code), "()|") || closer_of(code) ||
         is_closer(code);
}

/* What a backslash can take the meaning from. Before anything else it is an ordinary backslash, so
 * that C:\dir stays what it is. */
static bool is_special(uint32_t code) {
  return code != END && (ends_word(code) || is_one_of(narrow(code), "+-*:=\\"));
}

static void skip_blanks(parser *p) {
  while (is_blank(peek(p))) step(p);
}

/* Moves *where over `name` in half-width or full-width letters; `any_case` for lower-case names. */
static bool match_name(const parser *p, place *where, const char *name, bool any_case) {
  place at = *where;
  for (; *name; name++) {
    uint32_t code = narrow(peek_at(p, at));
    if (any_case && code >= 'A' && code <= 'Z') code += 'a' - 'A';
    if (code != (unsigned char)*name) return false;
    at = behind(p, at);
  }
  *where = at;
  return true;
}

/* ---- Operators ------------------------------------------------------------------------------- */

/* Is the word `name` at `where`? Then *end is behind it. */
static bool keyword_at(const parser *p, place where, const char *name, place *end) {
  *end = where;
  return match_name(p, end, name, false) && ends_word(peek_at(p, *end));
}

/* Consumes blanks and the operator word `name` if it is there. */
static bool accept_keyword(parser *p, const char *name) {
  skip_blanks(p);
  place end;
  if (!keyword_at(p, p->at, name, &end)) return false;
  p->at = end;
  return true;
}

static bool accept_or(parser *p) {
  if (accept_keyword(p, "OR")) return true;
  if (narrow(peek(p)) != '|') return false;
  step(p);
  if (narrow(peek(p)) == '|') step(p);
  return true;
}

/* '+' or '-' when the sign here is an operator: one that stands alone directly before a value.
 * Several signs in a row, and one before a blank, are text. */
static uint32_t sign_at(const parser *p, place where) {
  uint32_t sign = narrow(peek_at(p, where));
  if (sign != '+' && sign != '-') return 0;
  uint32_t next = peek_at(p, behind(p, where));
  if (is_one_of(narrow(next), "+-)|*") || is_closer(next) || is_blank(next) || next == END)
    return 0;
  return sign;
}

/* What is found where a value was expected, for the message; NULL when a value can begin here. */
static const char *found_instead(const parser *p) {
  uint32_t code = narrow(peek(p));
  place end;
  if (code == END) return "the end of the query";
  if (code == ')') return ")";
  if (code == '|') return "|";
  if (keyword_at(p, p->at, "AND", &end)) return "AND";
  if (keyword_at(p, p->at, "OR", &end)) return "OR";
  return NULL;
}

/* Consumes "title:" and its like when a value follows directly. SY_FIELD_* or 0. */
static uint32_t accept_field(parser *p) {
  static const struct {
    const char *name;
    uint32_t field;
  } fields[] = {{"title", SY_FIELD_TITLE}, {"body", SY_FIELD_BODY}, {"id", SY_FIELD_ID}};
  for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
    place at = p->at;
    if (!match_name(p, &at, fields[i].name, true) || narrow(peek_at(p, at)) != ':') continue;
    at = behind(p, at);
    uint32_t next = peek_at(p, at);
    if (ends_word(next) && narrow(next) != '(' && !closer_of(next)) return 0;
    p->at = at;
    return fields[i].field;
  }
  return 0;
}

/* Consumes "pinyin:" or "py:" when a word or a phrase follows directly. */
static sy_reading_kind accept_reading(parser *p) {
  static const char *const names[] = {"pinyin", "py"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    place at = p->at;
    if (!match_name(p, &at, names[i], true) || narrow(peek_at(p, at)) != ':') continue;
    at = behind(p, at);
    uint32_t next = peek_at(p, at);
    if (ends_word(next) && !closer_of(next)) return SY_READING_NONE;
    p->at = at;
    return i ? SY_READING_INITIALS : SY_READING_SYLLABLES;
  }
  return SY_READING_NONE;
}

/* Consumes one or more `*` when nothing of the same word follows. */
static bool accept_star(parser *p) {
  place at = p->at;
  while (narrow(peek_at(p, at)) == '*') at = behind(p, at);
  if (at.offset == p->at.offset || !ends_word(peek_at(p, at))) return false;
  p->at = at;
  return true;
}

/* Consumes a `=` that stands directly before a word or a phrase. */
static bool accept_exact(parser *p) {
  if (narrow(peek(p)) != '=') return false;
  place at = behind(p, p->at);
  uint32_t next = peek_at(p, at);
  if (ends_word(next) && !closer_of(next)) return false;
  p->at = at;
  return true;
}

/* ---- Values ---------------------------------------------------------------------------------- */

static void copy_character(parser *p, sy_node *leaf) {
  size_t length;
  decode(p, p->at, &length);
  memcpy(p->texts + leaf->text.bytes, p->text.data + p->at.offset, length);
  leaf->text.bytes += length;
  step(p);
}

/* Copies the character here or, behind a backslash that escapes, the next one. */
static void copy_unescaped(parser *p, sy_node *leaf) {
  if (peek(p) == '\\' && is_special(peek_at(p, behind(p, p->at)))) step(p);
  copy_character(p, leaf);
}

static sy_node *finish_leaf(parser *p, sy_node *leaf) {
  leaf->text.data = p->texts;
  p->texts += leaf->text.bytes;
  return leaf;
}

/* A phrase with the text of `form`, which is freed. */
static sy_node *date_leaf(parser *p, sy_date_form form, const sy_node *like) {
  sy_node *leaf =
      form.text ? phrase_node(p->query, (sy_string){form.text, form.bytes}, like) : NULL;
  free(form.text);
  if (!leaf) p->status = sy_fail_memory(p->error);
  return leaf;
}

/* The leaf or, when dates stand in it, a group of it and of what it is with its dates written
 * otherwise. A long text is ranked by its parts: there the date alone is added. */
static sy_node *add_date_forms(parser *p, sy_node *leaf) {
  sy_date_form forms[SY_DATE_FORMS];
  size_t characters = 0;
  for (size_t i = 0; i < leaf->text.bytes; i++) characters += (uint8_t)leaf->text.data[i] >= 0xE3;
  size_t count = sy_date_forms(leaf->text, characters > SY_PHRASE_CHARACTERS, forms);
  if (!count) return leaf;
  sy_node *group = make_node(p, SY_NODE_GROUP, leaf->column);
  sy_node **end = group ? &group->child : &leaf->next;
  *end = leaf;
  for (size_t i = 0; i < count; i++) {
    end = &(*end)->next;
    *end = date_leaf(p, forms[i], leaf);
    if (!*end) return NULL;
  }
  leaf->occur = SY_SHOULD;
  return group;
}

static sy_node *parse_word(parser *p, place start) {
  sy_node *leaf = make_node(p, SY_NODE_TEXT, start.column);
  if (!leaf) return NULL;
  while (!ends_word(peek(p))) {
    if (leaf->text.bytes && accept_star(p)) {
      leaf->prefix = true;
      break;
    }
    copy_unescaped(p, leaf);
  }
  return finish_leaf(p, leaf);
}

static sy_node *parse_phrase(parser *p, place start) {
  sy_node *leaf = make_node(p, SY_NODE_PHRASE, start.column);
  if (!leaf) return NULL;
  place opening = p->at;
  uint32_t closer = closer_of(peek(p));
  bool empty = true;
  step(p);
  for (uint32_t code; (code = peek(p)) != closer;) {
    if (code == END) return fail(p, opening, "unclosed quotation mark", "");
    empty = empty && is_blank(code);
    copy_unescaped(p, leaf);
  }
  step(p);
  if (empty) return fail(p, opening, "nothing between the quotation marks", "");
  leaf->prefix = accept_star(p);
  return finish_leaf(p, leaf);
}

static sy_node *parse_either(parser *p, uint32_t fields);

static sy_node *parse_parentheses(parser *p, uint32_t fields) {
  place opening = p->at;
  if (++p->depth > SY_QUERY_MAX_DEPTH) {
    p->status =
        sy_fail(p->error, SY_LIMIT, "more than %d parentheses inside each other (column %u)",
                SY_QUERY_MAX_DEPTH, (unsigned)opening.column);
    return NULL;
  }
  step(p);
  sy_node *group = parse_either(p, fields);
  if (!group) return NULL;
  if (narrow(peek(p)) != ')') return fail(p, opening, "unclosed parenthesis", "");
  step(p);
  p->depth--;
  place star = p->at;
  if (accept_star(p)) return fail(p, star, "* can follow only a word or a phrase", "");
  return group;
}

/* Lucene's slop and boost look like operators: taken for words they would quietly change
 * the query. */
static sy_node *refuse_suffix(parser *p, sy_node *value) {
  uint32_t code = peek(p);
  if (!value || (code != '~' && code != '^')) return value;
  return fail(p, p->at, code == '~' ? "~" : "^", " is no operator of this query language");
}

static sy_node *parse_value(parser *p, uint32_t inherited) {
  place start = p->at;
  uint32_t named = accept_field(p);
  uint32_t fields = named ? named : inherited;
  uint32_t code = peek(p), sign = sign_at(p, p->at);
  if (narrow(code) == '(') return refuse_suffix(p, parse_parentheses(p, fields));
  bool text = !(fields & SY_FIELD_ID);
  bool exact = text && accept_exact(p);
  sy_reading_kind reading = text && !exact ? accept_reading(p) : SY_READING_NONE;
  code = peek(p);
  /* Ids may well begin with a sign. Elsewhere, taking it for text would find what was to be
   * excluded. */
  if (sign && (named & (SY_FIELD_TITLE | SY_FIELD_BODY))) {
    return fail(p, p->at, sign == '-' ? "-" : "+", " belongs before the name of the field");
  }
  sy_node *leaf = closer_of(code) ? refuse_suffix(p, parse_phrase(p, start)) : parse_word(p, start);
  if (leaf) {
    leaf->fields = fields;
    leaf->exact = exact;
    leaf->reading = reading;
    p->query->readings |= reading != SY_READING_NONE;
    bool literal = leaf->kind == SY_NODE_PHRASE || exact || reading || !text;
    if (!literal && !p->literal_dates) leaf = add_date_forms(p, leaf);
  }
  return leaf;
}

/* ---- Groups ---------------------------------------------------------------------------------- */

typedef struct list {
  sy_node *first, *last;
  uint32_t column; /* where it begins */
} list;

static void list_add(list *to, sy_node *child, sy_occur occur) {
  child->occur = occur;
  if (to->last) {
    to->last->next = child;
  } else {
    to->first = child;
  }
  to->last = child;
}

/* The list as one node. A group of one says nothing, unless it excludes. */
static sy_node *list_finish(parser *p, const list *from) {
  if (from->first == from->last && from->first->occur != SY_MUST_NOT) return from->first;
  sy_node *group = make_node(p, SY_NODE_GROUP, from->column);
  if (group) group->child = from->first;
  return group;
}

/* One clause with its NOT and sign. *occur: SY_SHOULD when neither was there. */
static sy_node *parse_clause(parser *p, uint32_t fields, sy_occur *occur) {
  *occur = SY_SHOULD;
  while (accept_keyword(p, "NOT")) *occur = *occur == SY_MUST_NOT ? SY_MUST : SY_MUST_NOT;
  uint32_t code = peek(p), sign = sign_at(p, p->at);
  const char *found = found_instead(p);
  if (found) return fail(p, p->at, "expected a term, found ", found);
  if (is_closer(code)) return fail(p, p->at, "closing quotation mark without an opening one", "");
  if (sign == '-') *occur = *occur == SY_MUST_NOT ? SY_MUST : SY_MUST_NOT;
  if (sign == '+' && *occur == SY_SHOULD) *occur = SY_MUST;
  if (sign) step(p);
  return parse_value(p, fields);
}

static bool all_goes_on(parser *p) {
  skip_blanks(p);
  uint32_t code = narrow(peek(p));
  place end;
  return code != END && code != ')' && code != '|' && !keyword_at(p, p->at, "OR", &end);
}

static sy_node *parse_all(parser *p, uint32_t fields) {
  skip_blanks(p);
  list clauses = {.column = p->at.column};
  do {
    bool joined = clauses.last && accept_keyword(p, "AND");
    sy_occur occur;
    sy_node *clause = parse_clause(p, fields, &occur);
    if (!clause) return NULL;
    if (joined && clauses.last->occur == SY_SHOULD) clauses.last->occur = SY_MUST;
    if (occur == SY_SHOULD && (joined || !p->any)) occur = SY_MUST;
    list_add(&clauses, clause, occur);
  } while (all_goes_on(p));
  return list_finish(p, &clauses);
}

static sy_node *parse_either(parser *p, uint32_t fields) {
  skip_blanks(p);
  list choices = {.column = p->at.column};
  do {
    sy_node *choice = parse_all(p, fields);
    if (!choice) return NULL;
    list_add(&choices, choice, SY_SHOULD);
  } while (accept_or(p));
  return list_finish(p, &choices);
}

static sy_node *parse_query(parser *p) {
  skip_blanks(p);
  if (peek(p) == END) return fail(p, (place){0, 1}, "empty query", "");
  sy_node *root = parse_either(p, 0);
  if (!root || peek(p) == END) return root;
  return fail(p, p->at, "closing parenthesis without an opening one", "");
}

/* ---- Interface ------------------------------------------------------------------------------- */

/* Makes the query with room for its texts and the first nodes. NULL after an error. */
static sy_query *start(parser *p, sy_string text, sy_error *error) {
  *p = (parser){.text = text, .at = {0, 1}, .error = error, .status = SY_OK};
  if (text.bytes > SY_QUERY_MAX_BYTES) {
    p->status = sy_fail(error, SY_LIMIT, "the query is longer than %u bytes", SY_QUERY_MAX_BYTES);
    return NULL;
  }
  size_t capacity = sizeof(sy_query) + text.bytes + 32 + FIRST_NODES * sizeof(sy_node);
  block *first = block_new(capacity, NULL);
  if (!first) {
    p->status = sy_fail_memory(error);
    return NULL;
  }
  p->query = block_take(first, sizeof(sy_query));
  p->texts = block_take(first, text.bytes);
  p->query->memory = first;
  return p->query;
}

/* Hands the query out, or frees it after an error. */
static sy_status finish(parser *p, sy_node *root, sy_query **out) {
  if (root) {
    root->occur = SY_MUST;
    p->query->root = root;
    *out = p->query;
  } else {
    sy_query_free(p->query);
  }
  return p->status;
}

sy_status sy_query_parse(sy_string text, uint32_t flags, sy_query **out, sy_error *error) {
  parser p;
  *out = NULL;
  if (flags & ~(uint32_t)(SY_QUERY_ANY | SY_QUERY_LITERAL_DATES))
    return sy_fail(error, SY_INVALID, "unknown flags of a query");
  if (!start(&p, text, error)) return p.status;
  p.any = flags & SY_QUERY_ANY;
  p.literal_dates = flags & SY_QUERY_LITERAL_DATES;
  return finish(&p, parse_query(&p), out);
}

sy_status sy_query_phrase(sy_string text, bool in_title, sy_query **out, sy_error *error) {
  parser p;
  *out = NULL;
  if (!start(&p, text, error)) return p.status;
  skip_blanks(&p);
  if (peek(&p) == END) return finish(&p, fail(&p, (place){0, 1}, "empty query", ""), out);
  sy_node *leaf = make_node(&p, SY_NODE_PHRASE, 1);
  if (leaf) {
    memcpy(p.texts, text.data, text.bytes);
    leaf->text = (sy_string){p.texts, text.bytes};
    leaf->fields = in_title ? SY_FIELD_TITLE : SY_FIELD_BODY;
  }
  return finish(&p, leaf, out);
}
