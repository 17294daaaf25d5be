/*
 * lexicon.h - the terms of a segment, by field and first character.
 *
 * All terms of one field that begin with one character are a run: one record of the lexicon stream.
 * The directory, one value, finds the run:
 *
 *     count u32
 *     keys        count * u32   field << 24 | first code point, ascending
 *     bytes       count * u32   of the run
 *     addresses   count * u64   of the run in the lexicon stream
 *
 * A run holds its terms in order (Chinese: by second code point or run-end mark - 0 before a break
 * or the end of the field, 1 before a word; words: by their bytes, the first character included) in
 * blocks of 32:
 *
 *     kind u8     0 Chinese, 1 words
 *     terms u32   how many
 *     index       for each block, one behind the other: Chinese: u32 second of its first term;
 *                 both: u32 offset of the block, from the start of the run
 *     blocks
 *
 * A block begins with two varints: where the postings stream and the positions stream ended before
 * its first list (stream.h says where each list then lies). Then, for each term:
 *
 *     key         Chinese: varint second - previous second, left out for the first of a block
 *                 words: varint bytes shared with the previous word (left out for the first of
 *                 a block), varint further bytes, these bytes
 *     head        varint: df * 2, or when df = 1: article * 2 + 1
 *     df = 1:     varint: position * 2, or when the frequency is over 1: frequency * 2 + 1, and
 *                 then varint n, n bytes of positions (postings.h)
 *     df < 128:   varint bytes of the postings record
 *     df >= 128:  varint bytes of the postings record, varint bytes of the positions record
 *
 * Example: the run of 机 with 机器 (U+5668) in article 5 at position 3, once, and nothing else, both
 * streams at 0: 00 01000000 68560000 0D000000 00 00 0B 06.
 *
 * Why so: everything that begins with a character is one walk, which one-character queries need; a
 * look-up is a binary search in the directory and in the index and at most 32 terms; and 45% of all
 * terms, those of one article, need no second access.
 */
#ifndef SY_LEXICON_H
#define SY_LEXICON_H

#include "storage/postings.h"
#include "storage/stream.h"

#define SY_LEXICON_BLOCK 32u

enum { SY_FIELD_INDEX_TITLE = 0, SY_FIELD_INDEX_BODY = 1, SY_FIELD_COUNT = 2 };

/* A term: `word_bytes` is 0 for a Chinese one, which is `first` and `second`. */
typedef struct sy_term_key {
  uint32_t first;
  uint32_t second;
  const uint8_t *word; /* all of it, the first character included */
  uint32_t word_bytes; /* at most 255 */
} sy_term_key;

/* The order of words: by their bytes, the beginning of a longer one first. */
static inline int sy_word_compare(const uint8_t *a, uint32_t a_bytes, const uint8_t *b,
                                  uint32_t b_bytes) {
  int order = memcmp(a, b, a_bytes < b_bytes ? a_bytes : b_bytes);
  return order ? order : (a_bytes > b_bytes) - (a_bytes < b_bytes);
}

/* The order of the terms of a run, which are all Chinese or all words. */
static inline int sy_term_key_compare(const sy_term_key *a, const sy_term_key *b) {
  if (!a->word_bytes) return (a->second > b->second) - (a->second < b->second);
  return sy_word_compare(a->word, a->word_bytes, b->word, b->word_bytes);
}

/* ---- Writing --------------------------------------------------------------------------------- */

typedef struct sy_lexicon_writer {
  sy_env *env;
  uint32_t segment;
  sy_stream_writer lexicon, postings, positions;
  sy_buffer keys, sizes, addresses; /* of the directory */
  sy_buffer index, blocks;          /* of the current run */
  uint32_t field, first;
  bool words;
  uint32_t terms;    /* in the run */
  uint32_t second;   /* of the last term */
  uint8_t word[256]; /* the last term */
  uint32_t word_bytes;
} sy_lexicon_writer;

void sy_lexicon_writer_init(sy_lexicon_writer *w, sy_env *env, uint32_t segment);
/* Begins the run of (field, first); runs come in ascending order. */
void sy_lexicon_writer_begin(sy_lexicon_writer *w, uint32_t field, uint32_t first, bool words);
/* Adds the next term of the run, and its list to the streams. */
sy_status sy_lexicon_writer_add(sy_lexicon_writer *w, const sy_term_key *key,
                                const sy_encoded_list *list, sy_error *error);
sy_status sy_lexicon_writer_end(sy_lexicon_writer *w, sy_error *error);
/* Writes the directory. */
sy_status sy_lexicon_writer_finish(sy_lexicon_writer *w, sy_error *error);
void sy_lexicon_writer_free(sy_lexicon_writer *w);

/* ---- Reading --------------------------------------------------------------------------------- */

typedef struct sy_lexicon {
  sy_stream *lexicon, *postings, *positions;
  sy_value directory;
  const uint8_t *keys, *sizes, *addresses; /* in it */
  uint32_t count;
  const uint8_t *lengths[SY_FIELD_COUNT];
  uint32_t article_count;
} sy_lexicon;

/* `directory` is the directory value. SY_CORRUPT when it contradicts itself. */
sy_status sy_lexicon_init(sy_lexicon *l, sy_value directory, sy_error *error);

/* A place in the lexicon. */
typedef struct sy_lexicon_cursor {
  sy_lexicon *lexicon;
  uint32_t run; /* index in the directory */
  uint32_t field;
  uint32_t terms, term; /* of the run; the current one */
  bool words;
  const uint8_t *start, *end, *index;
  sy_cursor at;                         /* behind the current term */
  uint64_t postings_end, positions_end; /* where the streams stand behind the current term */
  sy_term_key key; /* the current term; `word` points into `word_bytes` below */
  uint8_t word[256];
  /* The current list; sizes and addresses until sy_lexicon_list() makes pointers of them. */
  uint32_t df, article, frequency;
  const uint8_t *inline_positions;
  uint64_t inline_bytes;
  uint32_t single_position; /* when inline_positions is NULL */
  uint64_t postings_at, postings_bytes, positions_at, positions_bytes;
} sy_lexicon_cursor;

/* Finds a term and stands on it. SY_NOT_FOUND. */
sy_status sy_lexicon_find(sy_lexicon *l, uint32_t field, const sy_term_key *key,
                          sy_lexicon_cursor *c, sy_error *error);
/* Stands before the first term of run `run`; sy_lexicon_next() moves to it. */
sy_status sy_lexicon_open_run(sy_lexicon *l, uint32_t run, sy_lexicon_cursor *c, sy_error *error);
/* The run of (field, first) in the directory, or the first behind it; l->count when there is
 * none. */
uint32_t sy_lexicon_run(const sy_lexicon *l, uint32_t field, uint32_t first);
static inline uint32_t sy_lexicon_run_key(const sy_lexicon *l, uint32_t run) {
  return sy_load32(l->keys + 4 * (size_t)run);
}
/* The next term of the run; SY_NOT_FOUND behind the last. */
sy_status sy_lexicon_next(sy_lexicon_cursor *c, sy_error *error);
/* The same for who walks several runs: SY_OK behind the last term, too, when *in_run is false. */
sy_status sy_lexicon_next_in_run(sy_lexicon_cursor *c, bool *in_run, sy_error *error);
/* In a run of words: stands before the first block that may hold words beginning with these
 * bytes. */
sy_status sy_lexicon_seek_word(sy_lexicon_cursor *c, const uint8_t *word, uint32_t bytes,
                               sy_error *error);
/* The current term's list; borrows from the snapshot. */
sy_status sy_lexicon_list(const sy_lexicon_cursor *c, sy_list *list, sy_error *error);

#endif
