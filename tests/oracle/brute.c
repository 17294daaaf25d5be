/*
 * brute.c - texts as units by docs/text.md sections 4 to 6, and the search for a phrase in them.
 * Slow and obvious: the text is decoded into an array, what is not there is taken out, the rest is
 * folded into a second array, and one walk over that makes the units.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* stpcpy */
#endif

#include "tests/oracle/brute.h"

#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/oracle/oracle_fold.h"
#include "tests/oracle/oracle_gloss.h"

#define WORD_BYTES 255    /* a longer word is cut */
#define SUFFIX_PLUSES 2   /* `+` belongs to the word when there are at least so many */
#define LONGEST_GLOSS 160 /* code points; oracle_gloss looks at fewer */

#define LONGEST_FURNITURE 300

/* A page number between lines, in the letters of furniture_kind(). */
#define NUMBER "s*d{1,4}s*"
#define PAGE_NUMBER                                                          \
  "^[snf]*((-+" NUMBER "-+|D" NUMBER "Ys*(G" NUMBER "Y)?)s*([nf]|$)|" NUMBER \
  "([nf][sn]*)?f)[snf]"                                                      \
  "*"

/* One character of the text, raw at first and folded later, and the bytes it came from. */
typedef struct place {
  uint32_t point;
  oracle_class class;
  uint32_t start, end;
  bool expanded; /* one of several that a code point folds to: no joiner */
} place;

typedef struct places {
  place *at;
  size_t count, capacity;
} places;

struct brute {
  uint32_t rules;
  oracle_fold *fold;
  places raw, folded;
  char **words; /* terminated: no folded word contains NUL */
  size_t word_count, word_capacity;
  regex_t page_number;
  uint32_t *slots; /* open addressing; number of the word + 1, 0 for empty */
  size_t slot_count;
};

static void *grow(void *memory, size_t count, size_t size) {
  void *grown = realloc(memory, count * size);
  if (!grown) {
    fprintf(stderr, "oracle: out of memory\n");
    abort();
  }
  return grown;
}

brute *brute_new(uint32_t text_rules) {
  brute *reader = grow(NULL, 1, sizeof(*reader));
  *reader = (brute){.rules = text_rules, .fold = oracle_fold_new(text_rules)};
  if (regcomp(&reader->page_number, PAGE_NUMBER, REG_EXTENDED)) abort();
  reader->slot_count = 1u << 10;
  reader->slots = grow(NULL, reader->slot_count, sizeof(*reader->slots));
  memset(reader->slots, 0, reader->slot_count * sizeof(*reader->slots));
  return reader;
}

void brute_free(brute *reader) {
  if (!reader) return;
  oracle_fold_free(reader->fold);
  regfree(&reader->page_number);
  for (size_t i = 0; i < reader->word_count; i++) free(reader->words[i]);
  free(reader->words);
  free(reader->slots);
  free(reader->raw.at);
  free(reader->folded.at);
  free(reader);
}

/* ---- Words as numbers ---------------------------------------------------------------------- */

static size_t hash_word(const char *word, size_t bytes) {
  uint64_t hash = 14695981039346656037u; /* FNV-1a */
  for (size_t i = 0; i < bytes; i++) hash = (hash ^ (unsigned char)word[i]) * 1099511628211u;
  return (size_t)(hash ^ hash >> 29);
}

/* The slot that has this word, or the empty one where it belongs. */
static uint32_t *find_slot(brute *reader, const char *word, size_t bytes) {
  for (size_t i = hash_word(word, bytes);; i++) {
    uint32_t *slot = &reader->slots[i & (reader->slot_count - 1)];
    if (*slot == 0) return slot;
    const char *there = reader->words[*slot - 1];
    if (strlen(there) == bytes && memcmp(there, word, bytes) == 0) return slot;
  }
}

static uint32_t intern(brute *reader, const char *word, size_t bytes) {
  uint32_t *slot = find_slot(reader, word, bytes);
  if (*slot) return BRUTE_WORD + *slot - 1;
  if (reader->word_count == reader->word_capacity) {
    reader->word_capacity = reader->word_capacity ? reader->word_capacity * 2 : 1024;
    reader->words = grow(reader->words, reader->word_capacity, sizeof(char *));
  }
  char *copy = grow(NULL, bytes + 1, 1);
  memcpy(copy, word, bytes);
  copy[bytes] = '\0';
  reader->words[reader->word_count++] = copy;
  *slot = (uint32_t)reader->word_count;
  uint32_t id = BRUTE_WORD + *slot - 1;
  if (reader->word_count * 2 > reader->slot_count) {
    reader->slot_count *= 2;
    reader->slots = grow(reader->slots, reader->slot_count, sizeof(*reader->slots));
    memset(reader->slots, 0, reader->slot_count * sizeof(*reader->slots));
    for (size_t i = 0; i < reader->word_count; i++) {
      *find_slot(reader, reader->words[i], strlen(reader->words[i])) = (uint32_t)i + 1;
    }
  }
  return id;
}

uint32_t brute_number(brute *reader, const char *text, size_t bytes) {
  return intern(reader, text, bytes) - BRUTE_WORD;
}

sy_string brute_word(const brute *reader, uint32_t id) {
  const char *word = reader->words[id - BRUTE_WORD];
  return (sy_string){word, strlen(word)};
}

/* ---- The text as characters ---------------------------------------------------------------- */

static void put(places *list, place one) {
  if (list->count == list->capacity) {
    list->capacity = list->capacity ? list->capacity * 2 : 1024;
    list->at = grow(list->at, list->capacity, sizeof(*list->at));
  }
  list->at[list->count++] = one;
}

/* Section 1, and transparent characters are as if they were not there. */
static uint64_t decode_text(places *raw, const char *text, size_t bytes) {
  uint64_t invalid_bytes = 0;
  raw->count = 0;
  for (size_t at = 0; at < bytes;) {
    uint32_t point;
    bool valid;
    size_t length = oracle_decode((const unsigned char *)text + at, bytes - at, &point, &valid);
    oracle_class class = oracle_class_of(point);
    if (class != ORACLE_TRANSPARENT) {
      put(raw, (place){point, class, (uint32_t)at, (uint32_t)(at + length), false});
    }
    invalid_bytes += !valid;
    at += length;
  }
  return invalid_bytes;
}

/* The last character of a folding and its class, for a gloss behind it; marks change nothing. */
static oracle_class class_behind(brute *reader, uint32_t point, oracle_class before,
                                 uint32_t *last) {
  size_t count;
  const uint32_t *points = oracle_fold_point(reader->fold, point, &count);
  for (size_t i = 0; i < count; i++) {
    oracle_class class = oracle_class_of(points[i]);
    if (class == ORACLE_MARK || class == ORACLE_TRANSPARENT) continue;
    before = class;
    *last = points[i];
  }
  return before;
}

static bool is_line_end(uint32_t point) {
  return point == '\n' || point == 0x85 || point == 0x2028 || point == 0x2029;
}

/* One letter for what a character is to a page number. */
static char furniture_kind(uint32_t point) {
  if (point == '\n' || point == '\f') return point == '\n' ? 'n' : 'f';
  if (point == ' ' || point == '\t' || point == '\r' || point == 0xa0 || point == 0x3000)
    return 's';
  if (point >= '0' && point <= '9') return 'd';
  if (point == 0x7b2c) return 'D';
  if (point == 0x9875 || point == 0x9801) return 'Y';
  if (point == 0x5171) return 'G';
  static const uint32_t dress[] = {'-', '~', 0xb7, 0x2022, 0x2500, 0xff0d};
  for (size_t i = 0; i < sizeof(dress) / sizeof(dress[0]); i++) {
    if (point == dress[i]) return '-';
  }
  return point >= 0x2010 && point <= 0x2015 ? '-' : '?';
}

/* Section 5: how many characters from `at`, behind a line end, are a page number between lines. */
static size_t furniture(const brute *reader, size_t at) {
  const places *raw = &reader->raw;
  char kinds[LONGEST_FURNITURE + 1];
  size_t count = 0;
  for (; count < LONGEST_FURNITURE && at + count < raw->count; count++) {
    const place *one = &raw->at[at + count];
    bool directly = one->start == one[-1].end; /* nothing transparent between */
    kinds[count] = directly ? furniture_kind(one->point) : '?';
    if (kinds[count] == '?') break;
  }
  kinds[count] = '\0';
  bool whole = at + count == raw->count;
  regmatch_t match;
  if (!regexec(&reader->page_number, kinds, 1, &match, whole ? 0 : REG_NOTEOL))
    return (size_t)match.rm_eo;
  return 0;
}

/* Takes the page numbers between lines out of the raw characters: what is behind the first line end
 * of white space that has a unit before it. */
static void drop_furniture(brute *reader) {
  places *raw = &reader->raw;
  size_t kept = 0, line_ends = 0;
  bool unit = false;
  for (size_t i = 0; i < raw->count; i++) {
    place one = raw->at[i];
    raw->at[kept++] = one;
    uint32_t last;
    oracle_class class = class_behind(reader, one.point, ORACLE_SPACE, &last);
    unit = unit || class == ORACLE_CHINESE || class == ORACLE_WORD;
    if (one.class != ORACLE_SPACE) line_ends = 0;
    if (!is_line_end(one.point) || ++line_ends > 1 || !unit) continue;
    i += furniture(reader, i + 1);
  }
  raw->count = kept;
}

/* Section 6: takes the glosses out of the raw characters. */
static void drop_glosses(brute *reader) {
  places *raw = &reader->raw;
  oracle_class before = ORACLE_PUNCTUATION;
  uint32_t last = 0;
  size_t kept = 0;
  for (size_t i = 0; i < raw->count; i++) {
    uint32_t point = raw->at[i].point;
    bool behind = before == ORACLE_CHINESE || before == ORACLE_WORD;
    if (behind && (point == '(' || point == 0xff08)) {
      uint32_t ahead[LONGEST_GLOSS];
      size_t count = 0;
      for (; count < LONGEST_GLOSS && i + count < raw->count; count++) {
        ahead[count] = raw->at[i + count].point;
      }
      size_t gloss = oracle_gloss(ahead, count, before == ORACLE_CHINESE ? last : 0);
      if (gloss > 0) {
        i += gloss - 1;
        continue;
      }
    }
    before = class_behind(reader, point, before, &last);
    raw->at[kept++] = raw->at[i];
  }
  raw->count = kept;
}

/* Section 2: the raw characters folded; marks composed, joined to a word, or skipped. */
static void fold_text(brute *reader) {
  places *out = &reader->folded;
  out->count = 0;
  for (size_t i = 0; i < reader->raw.count; i++) {
    place from = reader->raw.at[i];
    size_t count;
    const uint32_t *points = oracle_fold_point(reader->fold, from.point, &count);
    for (size_t j = 0; j < count; j++) {
      place now = {points[j], oracle_class_of(points[j]), from.start, from.end, count > 1};
      place *last = out->count > 0 ? &out->at[out->count - 1] : NULL;
      if (now.class == ORACLE_TRANSPARENT) continue;
      if (now.class == ORACLE_MARK) {
        uint32_t composed =
            last && oracle_is_letter(last->point) ? oracle_compose(last->point, now.point) : 0;
        if (composed) {
          last->point = composed;
          last->end = from.end;
          continue;
        }
        if (!last || last->class != ORACLE_WORD) continue;
        now.class = ORACLE_WORD;
      }
      put(out, now);
    }
  }
}

/* ---- The characters as units --------------------------------------------------------------- */

static void push(brute_text *out, uint32_t id, uint32_t start, uint32_t end) {
  if (out->count == out->capacity) {
    out->capacity = out->capacity ? out->capacity * 2 : 64;
    out->ids = grow(out->ids, out->capacity, sizeof(*out->ids));
    out->ranges = grow(out->ranges, out->capacity, sizeof(*out->ranges));
  }
  out->ids[out->count] = id;
  out->ranges[out->count++] = (sy_range){start, end};
}

static bool has_class(const places *text, size_t at, oracle_class class) {
  return at < text->count && text->at[at].class == class;
}

static bool has_point(const places *text, size_t at, uint32_t point) {
  return at < text->count && text->at[at].point == point;
}

static bool is_latin(uint32_t point) {
  return (point >= 'a' && point <= 'z') || (point >= 'A' && point <= 'Z');
}

static bool is_ascii_digit(uint32_t point) { return point >= '0' && point <= '9'; }

/* Where the word that begins at `from` ends, its `++` or `#` included. */
static size_t word_end(const places *text, size_t from) {
  size_t end = from, pluses = 0;
  while (has_class(text, end, ORACLE_WORD)) end++;
  uint32_t last = text->at[end - 1].point;
  bool letter = is_latin(last);
  while (has_point(text, end + pluses, '+')) pluses++;
  if (letter && pluses >= SUFFIX_PLUSES) return end + pluses;
  bool one_letter = end - from == 1 && letter;
  if (one_letter && has_point(text, end, '#') && !has_class(text, end + 1, ORACLE_WORD))
    return end + 1;
  return end;
}

/* Pushes the word text[from..end), cut when it is too long. */
static void push_word(brute *reader, size_t from, size_t end, brute_text *out) {
  const place *at = reader->folded.at;
  char bytes[WORD_BYTES];
  size_t length = 0, first = from;
  for (size_t i = from; i < end; i++) {
    char coded[4];
    size_t more = oracle_encode(at[i].point, coded);
    if (length + more > WORD_BYTES) {
      push(out, intern(reader, bytes, length), at[first].start, at[i - 1].end);
      length = 0;
      first = i;
    }
    memcpy(bytes + length, coded, more);
    length += more;
  }
  push(out, intern(reader, bytes, length), at[first].start, at[end - 1].end);
}

/* White space in text[from..end): is it a break? */
static bool space_breaks(const brute *reader, size_t from, size_t end) {
  const places *text = &reader->folded;
  size_t line_ends = 0;
  bool tab = false;
  for (size_t i = from; i < end; i++) {
    line_ends += is_line_end(text->at[i].point);
    tab = tab || text->at[i].point == '\t';
  }
  if (line_ends >= 2 || (tab && line_ends == 0)) return true;
  if (reader->rules & SY_TEXT_SPACE) return false;
  return (from > 0 && has_class(text, from - 1, ORACLE_CHINESE)) ||
         has_class(text, end, ORACLE_CHINESE);
}

/* Punctuation at `at`: does it join the characters beside it? A `++` or `#` that belongs to a word
 * ends at `suffix_end`. */
static bool joins(const places *text, size_t at, size_t suffix_end) {
  uint32_t point = text->at[at].point;
  if (at == 0 || text->at[at].expanded) return false;
  if (!has_class(text, at - 1, ORACLE_WORD) && at != suffix_end) return false;
  if (!has_class(text, at + 1, ORACLE_WORD)) return false;
  if (point == ',') {
    return is_ascii_digit(text->at[at - 1].point) && is_ascii_digit(text->at[at + 1].point);
  }
  return point == 0x2019 || (point > 0 && point < 0x80 && strchr("-_.'@&/\\:", (int)point) != NULL);
}

void brute_read(brute *reader, const char *text, size_t bytes, brute_text *out) {
  out->count = 0;
  out->invalid_bytes = decode_text(&reader->raw, text, bytes);
  if (reader->rules & SY_TEXT_SPACE) drop_furniture(reader);
  if (reader->rules & SY_TEXT_GLOSS) drop_glosses(reader);
  fold_text(reader);

  const places *all = &reader->folded;
  bool broken = false;
  size_t suffix_end = 0;
  for (size_t i = 0, end; i < all->count; i = end) {
    const place *here = &all->at[i];
    end = i + 1;
    if (here->class == ORACLE_SPACE) {
      while (has_class(all, end, ORACLE_SPACE)) end++;
      broken = broken || space_breaks(reader, i, end);
      continue;
    }
    if (here->class == ORACLE_PUNCTUATION) {
      broken = broken || !joins(all, i, suffix_end);
      continue;
    }
    if (broken && out->count > 0) {
      uint32_t where = out->ranges[out->count - 1].end;
      push(out, BRUTE_BREAK, where, where);
    }
    broken = false;
    if (here->class == ORACLE_CHINESE) {
      push(out, here->point, here->start, here->end);
    } else {
      end = word_end(all, i);
      if (!has_class(all, end - 1, ORACLE_WORD)) suffix_end = end;
      push_word(reader, i, end, out);
    }
  }
}

void brute_text_free(brute_text *text) {
  free(text->ids);
  free(text->ranges);
  *text = (brute_text){0};
}

char *brute_show(const brute *reader, const brute_text *text) {
  size_t bytes = 1;
  for (size_t i = 0; i < text->count; i++) bytes += 1 + (size_t)WORD_BYTES + 4;
  char *out = grow(NULL, bytes, 1), *end = out;
  for (size_t i = 0; i < text->count; i++) {
    uint32_t id = text->ids[i];
    if (i > 0) *end++ = ' ';
    if (id == BRUTE_BREAK) {
      *end++ = '|';
    } else if (id >= BRUTE_WORD) {
      end = stpcpy(end, reader->words[id - BRUTE_WORD]);
    } else {
      end += oracle_encode(id, end);
    }
  }
  *end = '\0';
  return out;
}

/* ---- Phrases ------------------------------------------------------------------------------- */

size_t brute_find_ids(const uint32_t *ids, size_t count, const uint32_t *phrase,
                      size_t phrase_count, size_t from) {
  if (phrase_count == 0) return BRUTE_NONE;
  for (size_t at = from; at + phrase_count <= count; at++) {
    size_t same = 0;
    while (same < phrase_count && ids[at + same] == phrase[same]) same++;
    if (same == phrase_count) return at;
  }
  return BRUTE_NONE;
}

static bool begins(const brute *reader, uint32_t word_id, uint32_t prefix_id) {
  if (word_id < BRUTE_WORD || word_id == BRUTE_BREAK) return false;
  sy_string word = brute_word(reader, word_id), prefix = brute_word(reader, prefix_id);
  return word.bytes >= prefix.bytes && memcmp(word.data, prefix.data, prefix.bytes) == 0;
}

size_t brute_find(const brute *reader, const brute_text *text, const brute_text *phrase,
                  bool prefix, size_t from) {
  if (phrase->count == 0) return BRUTE_NONE;
  size_t exact = phrase->count - 1;
  uint32_t last = phrase->ids[exact];
  if (!prefix || last < BRUTE_WORD) {
    return brute_find_ids(text->ids, text->count, phrase->ids, phrase->count, from);
  }
  for (size_t at = from; at + phrase->count <= text->count; at++) {
    size_t same = 0;
    while (same < exact && text->ids[at + same] == phrase->ids[same]) same++;
    if (same == exact && begins(reader, text->ids[at + exact], last)) return at;
  }
  return BRUTE_NONE;
}

size_t brute_count(const brute *reader, const brute_text *text, const brute_text *phrase,
                   bool prefix) {
  size_t count = 0;
  for (size_t at = 0; (at = brute_find(reader, text, phrase, prefix, at)) != BRUTE_NONE; at++)
    count++;
  return count;
}

sy_range brute_match_range(const brute_text *text, size_t at, size_t phrase_count) {
  return (sy_range){text->ranges[at].start, text->ranges[at + phrase_count - 1].end};
}
