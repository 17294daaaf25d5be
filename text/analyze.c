/*
 * analyze.c - the state machine that turns bytes into units and units into terms (docs/text.md).
 *
 * A Chinese character cannot be emitted before it is known what follows, so one is held back:
 *
 *     text    机   器   ，   用   S Q L
 *     held    机   器        用
 *     emit         机器 器.        用w  sql        ('.' run-end break, 'w' run-end word)
 *     at           0    1          3    4          (2 is the break)
 *
 * A word is collected in `words` and emitted when something ends it. A break only sets `gap`; it
 * takes its position when a unit follows, so breaks at the end of a text count for nothing.
 */
#include "text/analyze.h"

#include "base/bytes.h"
#include "text/furniture.h"
#include "text/gloss.h"
#include "text/utf8.h"

#include <string.h>

/* One character can end a word, release the held character and hold itself; the longest
 * expansion (18 characters) as often. Loops stop while there is room for that. */
#define OUT_MARGIN 64u

/* What put_ascii() does with an ASCII character that belongs to no word. */
enum { KIND_GENERAL, KIND_BLANK, KIND_LINE_END, KIND_BREAK, KIND_JOINER, KIND_WORD_SUFFIX };

static uint8_t ascii_kind(uint32_t c, uint32_t class) {
  if (c == '\n') return KIND_LINE_END;
  if (class == SY_CLASS_SPACE) return c == '\t' ? KIND_GENERAL : KIND_BLANK;
  if (class != SY_CLASS_PUNCTUATION || c == '(' || c == ',') return KIND_GENERAL;
  if (c == '+' || c == '#') return KIND_WORD_SUFFIX;
  return c && strchr("-_.'@&/\\:", (int)c) ? KIND_JOINER : KIND_BREAK;
}

void sy_analyzer_init(sy_analyzer *a, uint32_t rules) {
  memset(a, 0, offsetof(sy_analyzer, words));
  a->rules = rules;
  a->table = &sy_fold_tables[rules & (SY_TEXT_WIDTH | SY_TEXT_VARIANTS)];
  for (uint32_t c = 0; c < 128; c++) {
    uint32_t entry = sy_fold_entry(a->table, c);
    bool word = entry >> SY_CLASS_SHIFT == SY_CLASS_WORD;
    a->ascii_words[c] = word ? (uint8_t)sy_folded(c, entry) : 0;
    a->ascii_kinds[c] = ascii_kind(c, entry >> SY_CLASS_SHIFT);
  }
}

void sy_analyzer_begin(sy_analyzer *a, const char *text, size_t bytes) {
  a->text = a->at = (const uint8_t *)text;
  a->end = a->at + bytes;
  a->position = a->unit_end = a->line_ends = 0;
  a->gap = a->space = a->tab = a->pending = a->in_word = false;
  a->word.second = a->word.word_bytes = 0;
}

static inline void release_held(sy_analyzer *a, uint32_t second) {
  a->held.second = second;
  *a->out++ = a->held;
  a->pending = false;
}

static void end_word(sy_analyzer *a) {
  *a->out++ = a->word;
  a->word.second += a->word.word_bytes;
  a->word.word_bytes = 0;
  a->in_word = false;
}

/* The position of a unit that begins now; settles the gap before it. */
static inline uint32_t take_position(sy_analyzer *a) {
  if (a->gap) a->position++;
  a->gap = a->space = a->tab = false;
  a->line_ends = 0;
  return a->position++;
}

/* What the white space before a unit means, `chinese` when there is a Chinese unit beside it. */
static inline void settle_space(sy_analyzer *a, bool chinese) {
  if (a->tab && !a->line_ends) a->gap = true; /* between the cells of a table */
  if (chinese && !(a->rules & SY_TEXT_SPACE)) a->gap = true;
}

static inline void put_chinese(sy_analyzer *a, uint32_t c, uint32_t start, uint32_t end) {
  if (a->in_word) end_word(a);
  if (a->space && a->position) settle_space(a, true);
  if (a->pending) release_held(a, a->gap ? SY_END_BREAK : c);
  a->held = (sy_term){c, 0, 0, take_position(a), start, end};
  a->pending = true;
  a->unit_end = end;
}

static void append_code(sy_analyzer *a, uint32_t c, uint32_t end) {
  a->last = c;
  a->last_bytes = sy_utf8_encode(a->words + a->word.second + a->word.word_bytes, c);
  a->word.word_bytes += a->last_bytes;
  a->word.end = a->unit_end = end;
}

static void begin_word(sy_analyzer *a, uint32_t c, uint32_t start) {
  if (a->space && a->position) settle_space(a, a->pending);
  if (a->pending) release_held(a, a->gap ? SY_END_BREAK : SY_END_WORD);
  a->word.first = c;
  a->word.position = take_position(a);
  a->word.start = start;
  a->in_word = true;
}

static inline void put_word(sy_analyzer *a, uint32_t c, uint32_t start, uint32_t end) {
  if (a->in_word && a->word.word_bytes + 4 > SY_WORD_MAX_BYTES) {
    uint8_t encoded[4];
    if (a->word.word_bytes + sy_utf8_encode(encoded, c) > SY_WORD_MAX_BYTES) end_word(a);
  }
  if (!a->in_word) begin_word(a, c, start);
  a->last_start = start;
  a->end_before_last = a->word.end;
  append_code(a, c, end);
}

/* Returns where to go on reading: behind `next` and the page number that may follow a line. */
static inline const uint8_t *put_space(sy_analyzer *a, uint32_t c, const uint8_t *next) {
  if (a->in_word) end_word(a);
  a->space = true;
  if (c == '\t') a->tab = a->tab || !a->line_ends;
  if (c != '\n') return next;
  if (++a->line_ends >= 2 && a->position) a->gap = true;
  if (a->line_ends > 1 || !a->position || !(a->rules & SY_TEXT_SPACE)) return next;
  const uint8_t *behind = sy_furniture_end(next, a->end);
  return behind ? behind : next;
}

/* The canonical composition of base and mark, or 0. */
static uint32_t compose(uint32_t base, uint32_t mark) {
  size_t low = 0, high = sy_composition_count;
  while (low < high) {
    size_t middle = (low + high) / 2;
    const sy_composition *pair = &sy_compositions[middle];
    if (pair->mark == mark && pair->base == base) return pair->composed;
    if (pair->mark < mark || (pair->mark == mark && pair->base < base)) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return 0;
}

/* The last character of the word composed with a mark; where that no longer fits, it begins the
 * next word. */
static void replace_last(sy_analyzer *a, uint32_t composed, uint32_t end) {
  uint8_t encoded[4];
  a->word.word_bytes -= a->last_bytes;
  if (!a->word.word_bytes) {
    a->word.first = composed;
  } else if (a->word.word_bytes + sy_utf8_encode(encoded, composed) > SY_WORD_MAX_BYTES) {
    a->word.end = a->end_before_last;
    end_word(a);
    begin_word(a, composed, a->last_start);
  }
  append_code(a, composed, end);
}

static void put_mark(sy_analyzer *a, uint32_t c, uint32_t start, uint32_t end) {
  if (a->in_word) {
    uint32_t composed = compose(a->last, c);
    if (!composed) {
      put_word(a, c, start, end);
      return;
    }
    replace_last(a, composed, end);
  } else if (a->pending && a->unit_end == start) {
    a->unit_end = end; /* Kana were composed before (compose_kana); others take no marks */
  }
}

/* Composes a Kana with the voicing marks behind it: before it is put, because the bigram it ends
 * is emitted at once. Moves *next behind the marks. */
static uint32_t compose_kana(const sy_analyzer *a, uint32_t c, const uint8_t **next) {
  for (const uint8_t *p = *next; p < a->end;) {
    uint32_t length, mark = sy_utf8_decode(p, a->end, &length),
                     entry = sy_fold_entry(a->table, mark);
    p += length;
    if (entry >> SY_CLASS_SHIFT == SY_CLASS_TRANSPARENT) continue;
    if (entry >> SY_CLASS_SHIFT != SY_CLASS_MARK) break;
    uint32_t composed = compose(c, sy_folded(mark, entry));
    if (!composed) break;
    c = composed;
    *next = p;
  }
  return c;
}

static bool is_kana(uint32_t c) {
  return (c >= 0x3041 && c <= 0x30FF) || (c >= 0xFF66 && c <= 0xFF9D);
}

/* ---- Punctuation that joins or belongs to a word --------------------------------------------- */

static bool is_digit(uint32_t c) { return c >= '0' && c <= '9'; }
static bool is_ascii_letter(uint32_t c) { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z'; }

/* The first folded character at `p`, transparent ones aside, if it is a word character, else 0. */
static uint32_t peek_word_character(const sy_analyzer *a, const uint8_t *p) {
  uint32_t length = 0, c, entry;
  do {
    p += length;
    if (p >= a->end) return 0;
    c = sy_utf8_decode(p, a->end, &length);
    entry = sy_fold_entry(a->table, c);
  } while (entry >> SY_CLASS_SHIFT == SY_CLASS_TRANSPARENT);
  if (entry >> SY_CLASS_SHIFT == SY_CLASS_EXPANSION) {
    entry = a->table->expansions[(entry & SY_CODE_MASK) + 1];
    return entry >> SY_CLASS_SHIFT == SY_CLASS_WORD ? entry & SY_CODE_MASK : 0;
  }
  return entry >> SY_CLASS_SHIFT == SY_CLASS_WORD ? sy_folded(c, entry) : 0;
}

/* Whether `c`, directly behind a word, joins it to a word that begins at `next`. */
static bool joins(const sy_analyzer *a, uint32_t c, const uint8_t *next) {
  switch (c) {
    case '-':
    case '_':
    case '.':
    case '\'':
    case 0x2019:
    case '@':
    case '&':
    case '/':
    case '\\':
    case ':': return peek_word_character(a, next) != 0;
    case ',': return is_digit(a->last) && is_digit(peek_word_character(a, next));
    default: return false;
  }
}

/* Reads a run of `+` at `p`, transparent characters aside. Returns the byte behind it; counts in
 * *count. */
static const uint8_t *skip_pluses(const sy_analyzer *a, const uint8_t *p, uint32_t *count) {
  const uint8_t *behind = p;
  *count = 0;
  while (p < a->end) {
    uint32_t length, c = sy_utf8_decode(p, a->end, &length), entry = sy_fold_entry(a->table, c);
    p += length;
    if (entry >> SY_CLASS_SHIFT == SY_CLASS_TRANSPARENT) continue;
    if (entry >> SY_CLASS_SHIFT != SY_CLASS_PUNCTUATION || sy_folded(c, entry) != '+') break;
    ++*count;
    behind = p;
  }
  return behind;
}

/* C++ and C#: takes the marks into the word and ends it. Returns the byte behind them, or NULL. */
static const uint8_t *take_suffix(sy_analyzer *a, uint32_t c, const uint8_t *p,
                                  const uint8_t *next) {
  if (!is_ascii_letter(a->last)) return NULL;
  if (c == '#') {
    if (a->word.word_bytes != 1 || peek_word_character(a, next)) return NULL;
    append_code(a, '#', (uint32_t)(next - a->text));
    end_word(a);
    return next;
  }
  if (c != '+') return NULL;
  uint32_t count;
  const uint8_t *behind = skip_pluses(a, p, &count);
  if (count < 2) return NULL;
  if (a->word.word_bytes + count > SY_WORD_MAX_BYTES) return NULL;
  while (count--) append_code(a, '+', (uint32_t)(behind - a->text));
  end_word(a);
  return behind;
}

/* Returns where to go on reading. */
static const uint8_t *put_punctuation(sy_analyzer *a, uint32_t c, const uint8_t *p,
                                      const uint8_t *next) {
  uint32_t start = (uint32_t)(p - a->text);
  if ((c == '(' || c == 0xFF08) && (a->rules & SY_TEXT_GLOSS) && (a->in_word || a->pending) &&
      a->unit_end == start) {
    const uint8_t *end = sy_gloss_end(p, a->end, a->pending ? a->held.first : 0);
    if (end) {
      a->unit_end = (uint32_t)(end - a->text);
      return end;
    }
  }
  if (a->in_word) {
    const uint8_t *behind = take_suffix(a, c, p, next);
    if (behind) return behind;
  }
  /* Behind C++ the word has ended, but nothing stands between. */
  bool behind_word =
      a->in_word || (a->position && !a->pending && !a->gap && !a->space && a->unit_end == start);
  bool joined = behind_word && joins(a, c, next);
  if (a->in_word) end_word(a);
  if (joined) return next;
  a->gap = a->position > 0;
  a->line_ends = 0;
  return next;
}

/* ---- The loop -------------------------------------------------------------------------------- */

static void put_expansion(sy_analyzer *a, const uint32_t *expansion, uint32_t start, uint32_t end) {
  uint32_t count = *expansion++;
  for (uint32_t i = 0; i < count; i++) {
    uint32_t c = expansion[i] & SY_CODE_MASK;
    switch (expansion[i] >> SY_CLASS_SHIFT) {
      case SY_CLASS_CHINESE: put_chinese(a, c, start, end); break;
      case SY_CLASS_WORD: put_word(a, c, start, end); break;
      case SY_CLASS_SPACE: put_space(a, ' ', NULL); break;
      case SY_CLASS_MARK: put_mark(a, c, start, end); break;
      case SY_CLASS_PUNCTUATION:
        if (a->in_word) end_word(a);
        a->gap = a->position > 0;
        break;
      default: break;
    }
  }
}

static const uint8_t *put_character(sy_analyzer *a, uint32_t c, const uint8_t *p,
                                    const uint8_t *next) {
  uint32_t entry = sy_fold_entry(a->table, c);
  uint32_t start = (uint32_t)(p - a->text), end = (uint32_t)(next - a->text);
  switch (entry >> SY_CLASS_SHIFT) {
    case SY_CLASS_CHINESE:
      c = sy_folded(c, entry);
      if (is_kana(c)) {
        c = compose_kana(a, c, &next);
        end = (uint32_t)(next - a->text);
      }
      put_chinese(a, c, start, end);
      break;
    case SY_CLASS_WORD: put_word(a, sy_folded(c, entry), start, end); break;
    case SY_CLASS_SPACE: return put_space(a, sy_folded(c, entry), next);
    case SY_CLASS_TRANSPARENT:
      if (a->unit_end == start) a->unit_end = end;
      break;
    case SY_CLASS_MARK: put_mark(a, sy_folded(c, entry), start, end); break;
    case SY_CLASS_EXPANSION:
      put_expansion(a, a->table->expansions + (entry & SY_CODE_MASK), start, end);
      break;
    default: return put_punctuation(a, sy_folded(c, entry), p, next);
  }
  return next;
}

/* What texts are made of, without the questions of put_character(): runs of Han and ASCII. Each
 * function returns where it stopped, which may be where it began. */

/* Whether a line end at `at` is one between two Han characters, no page number behind it. */
static inline bool is_plain_line_end(const sy_analyzer *a, const uint8_t *at) {
  return *at == '\n' && at + 1 < a->end && at[1] >= 0xE4 && at[1] <= 0xE9 && at[1] != 0xE7 &&
         a->rules & SY_TEXT_SPACE;
}

/* Whether a character of three bytes is punctuation, but for parentheses: glosses have them. */
static inline bool is_plain_punctuation(const sy_fold_table *table, uint32_t c) {
  if (c < 0x2000 || c >> 11 == 0xD800 >> 11) return false;
  uint32_t entry = sy_fold_entry(table, c), folded = sy_folded(c, entry);
  return entry >> SY_CLASS_SHIFT == SY_CLASS_PUNCTUATION && folded != '(' && folded != 0xFF08;
}

/* Han characters of three bytes behind a held one, with the punctuation and the line ends between
 * them, but for the last four bytes. */
static const uint8_t *put_han_run(sy_analyzer *a, const uint8_t *at) {
  sy_term *out = a->out, held = a->held;
  const sy_fold_table *table = a->table;
  bool gap = false, space = false;
  while (out < a->out_end) {
    if (a->end - at < 4) break;
    uint32_t four = sy_load32(at);
    if (!sy_utf8_are_three(four)) {
      if (space || !is_plain_line_end(a, at)) break;
      space = true;
      at++;
      continue;
    }
    uint32_t c = sy_utf8_of_three(four), han = sy_folded_han(table, c);
    if (!han) {
      if (!is_plain_punctuation(table, c)) break;
      gap = true;
      space = false;
      at += 3;
      continue;
    }
    held.second = gap ? SY_END_BREAK : han;
    *out++ = held;
    held.first = han;
    held.position += gap ? 2 : 1;
    held.start = (uint32_t)(at - a->text);
    at += 3;
    held.end = held.start + 3;
    gap = space = false;
  }
  a->gap = gap;
  a->space = space;
  a->line_ends = space;
  a->position = held.position + 1;
  if (out != a->out) a->unit_end = held.end; /* else something transparent may stand behind it */
  a->held = held;
  a->out = out;
  return at;
}

/* ASCII letters and digits inside a word. */
static const uint8_t *put_ascii_run(sy_analyzer *a, const uint8_t *at) {
  uint8_t *begin = a->words + a->word.second, *to = begin + a->word.word_bytes;
  const uint8_t *first = at, *end = a->end, *folded = a->ascii_words;
  size_t room = SY_WORD_MAX_BYTES - a->word.word_bytes;
  if ((size_t)(end - at) > room) end = at + room;
  for (uint8_t c; at < end && (c = folded[*at]) != 0; at++) *to++ = c;
  if (at == first) return at;
  a->last = to[-1];
  a->last_bytes = 1;
  a->last_start = (uint32_t)(at - a->text) - 1;
  a->end_before_last = at - first > 1 ? a->last_start : a->word.end;
  a->word.word_bytes = (uint32_t)(to - begin);
  a->word.end = a->unit_end = (uint32_t)(at - a->text);
  return at;
}

static inline void put_break(sy_analyzer *a) {
  if (a->in_word) end_word(a);
  a->gap = a->position > 0;
  a->line_ends = 0;
}

/* One ASCII character that belongs to no word, when put_punctuation() would have nothing to ask;
 * returns `at` when it would. */
static const uint8_t *put_ascii_mark(sy_analyzer *a, const uint8_t *at) {
  switch (a->ascii_kinds[*at]) {
    case KIND_BLANK:
      if (a->in_word) end_word(a);
      a->space = true;
      return at + 1;
    case KIND_LINE_END: return put_space(a, '\n', at + 1);
    case KIND_BREAK: put_break(a); return at + 1;
    case KIND_WORD_SUFFIX:
      if (a->in_word) return at;
      put_break(a);
      return at + 1;
    case KIND_JOINER:
      if (a->in_word && at + 1 < a->end && at[1] < 128) {
        if (a->ascii_words[at[1]]) {
          end_word(a);
        } else {
          put_break(a);
        }
        return at + 1;
      }
      if (a->in_word || !(a->pending || a->gap || a->space)) return at;
      put_break(a);
      return at + 1;
    default: return at;
  }
}

static inline bool has_room(const sy_analyzer *a) {
  return a->out < a->out_end && a->word.second < sizeof a->words - 32 * SY_WORD_MAX_BYTES;
}

/* ASCII text, up to where it needs put_character(). */
static const uint8_t *put_ascii(sy_analyzer *a, const uint8_t *at) {
  while (at < a->end && *at < 128 && has_room(a)) {
    const uint8_t *from = at;
    if (a->ascii_words[*at]) {
      if (!a->in_word) begin_word(a, a->ascii_words[*at], (uint32_t)(at - a->text));
      at = put_ascii_run(a, at);
    } else {
      at = put_ascii_mark(a, at);
    }
    if (at == from) break;
  }
  return at;
}

/* Moves the word being read to the front of the buffer, whose other words have been handed out. */
static void reuse_words(sy_analyzer *a) {
  memmove(a->words, a->words + a->word.second, a->word.word_bytes);
  a->word.second = 0;
}

size_t sy_analyzer_next(sy_analyzer *a, sy_term *terms, size_t capacity) {
  a->out = terms;
  a->out_end = terms + (capacity - OUT_MARGIN);
  reuse_words(a);
  const uint8_t *at = a->at, *end = a->end;
  while (at < end && has_room(a)) {
    if (*at < 128) {
      const uint8_t *behind = put_ascii(a, at);
      if (behind != at) {
        at = behind;
        continue;
      }
    }
    uint32_t length, c = sy_utf8_decode(at, end, &length);
    if (c == SY_REPLACEMENT && length == 1) a->invalid_bytes++;
    at = put_character(a, c, at, at + length);
    if (a->pending && !a->gap && !a->space && a->unit_end == (uint32_t)(at - a->text)) {
      at = put_han_run(a, at);
    }
  }
  a->at = at;
  if (at >= end) {
    if (a->in_word) end_word(a);
    if (a->pending) release_held(a, SY_END_BREAK);
  }
  return (size_t)(a->out - terms);
}
