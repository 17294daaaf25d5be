/*
 * postings.h - the postings list of one term in one field of one segment: which articles, how
 * often, where.
 *
 * Articles are numbered from 0 in their segment. A list is in one of three forms, by document
 * frequency:
 *
 * df = 1: inside the lexicon (lexicon.h); nothing here but the encoding of its positions.
 *
 * 2 <= df < 128, a short list: one record of the postings stream:
 *
 *     bits:  the articles, interpolative.h, from 0 to the segment's last article
 *            gamma of the frequency, for each article
 *            the group of positions, positions.h
 *     zeros to a whole byte
 *
 * Example: in a segment of 6 articles, all of length 100, article 2 with position 3 and article 5
 * with positions 3 and 70: AB 86 63 04.
 *
 * df >= 128, a long list: one record of the postings stream and one of the positions stream. With
 * n = df / 128 full blocks and t = df % 128:
 *
 *     last article     n * u32   of each block
 *     end              n * u32   offset behind the block, from the first block
 *     positions end    n * u32   offset behind the block's positions, from the list's first
 *     impacts          u8 for each block and one for the tail if t > 0
 *     blocks           each: the articles, elias_fano.h, from behind the last article of the block
 *                      before (-1 in the first); 128 frequencies less one, block.h
 *     tail             if t > 0: as the bits of a short list without positions; articles from
 *                      behind the last block
 *
 * The first four arrays are the skip data. An impact is the largest tf / (tf + K) of the block,
 * times 255 and rounded up, K = k1 (1 - b + b * length / average length), with the least length of
 * the article's code (lengths.h) and the average that the manifest has (impact average). The
 * positions of each block and of the tail are a group that begins on a whole byte.
 *
 * Measured on the dev set: articles of full blocks 29.3 MB, 33.2 with PFor of gaps, 26.0 with
 * interpolative codes, which are too slow for them; of short lists 30.3 MB, 32.8 with Rice codes of
 * gaps (docs/benchmarks.md).
 */
#ifndef SY_POSTINGS_H
#define SY_POSTINGS_H

#include "storage/block.h"
#include "storage/positions.h"
#include "suoyin.h"

#define SY_NO_ARTICLE UINT32_MAX /* behind the last one of a list */

/* BM25's parameters: part of the format, because impacts are computed with them. */
#define SY_BM25_K1 1.2f
#define SY_BM25_B 0.75f

/* ---- Writing --------------------------------------------------------------------------------- */

/* Collects one list after the other; reused from list to list. */
typedef struct sy_list_writer {
  const uint8_t *lengths; /* length code of each article of the segment; borrowed */
  uint32_t article_count; /* of the segment */
  float saturation[256];  /* K by length code */
  uint32_t df;            /* of the full blocks, and so the sum below */
  uint32_t base;          /* last article of the last full block; -1 before the first */
  uint32_t filled;        /* articles in the current block */
  uint32_t articles[SY_BLOCK];
  uint32_t frequencies[SY_BLOCK];
  uint64_t frequency_sum;
  bool failed; /* memory ran out */
  sy_positions_group group;
  sy_buffer last, end, positions_end, impacts, blocks, positions, out;
} sy_list_writer;

/* A finished list. The pieces are borrowed from the writer until the next list begins. */
typedef struct sy_encoded_list {
  uint32_t df;
  uint32_t article, frequency; /* when df = 1 */
  uint32_t position;           /* when both are 1 */
  uint64_t frequency_sum;
  const uint8_t *head; /* postings record, first piece; NULL when df = 1 */
  size_t head_bytes;
  const uint8_t *body; /* second piece, may be empty */
  size_t body_bytes;
  const uint8_t
      *positions; /* record of its own when df >= 128; the group when df = 1; else in the head */
  size_t positions_bytes;
} sy_encoded_list;

/* `lengths` by article, `article_count` of them; `average` is the mean length of the field in the
 * segment. */
void sy_list_writer_init(sy_list_writer *w, const uint8_t *lengths, uint32_t article_count,
                         float average);
/* Adds an article, greater than the last, with its positions, ascending and below its length. */
void sy_list_writer_add(sy_list_writer *w, uint32_t article, const uint32_t *positions,
                        uint32_t frequency);
/* Adds articles of another list with positions as they are coded there: at most
 * sy_list_writer_room(). Their length codes must be the same there and here, and a single position
 * of a list of one has no code. */
void sy_list_writer_append(sy_list_writer *w, const uint32_t *articles, const uint32_t *frequencies,
                           uint32_t count, const sy_positions_range *positions);
static inline uint32_t sy_list_writer_room(const sy_list_writer *w) { return SY_BLOCK - w->filled; }
static inline bool sy_list_writer_is_empty(const sy_list_writer *w) { return !w->df && !w->filled; }
/* Ends the list and begins the next. SY_NO_MEMORY; SY_LIMIT when the list is over 2 GiB. */
sy_status sy_list_writer_finish(sy_list_writer *w, sy_encoded_list *out, sy_error *error);
void sy_list_writer_free(sy_list_writer *w);

/* K of BM25 for each length code. */
void sy_bm25_saturation(float average, float saturation[256]);

/* ---- Reading --------------------------------------------------------------------------------- */

/* Where a list lies: what the lexicon knows of it. Pointers are borrowed from the snapshot. */
typedef struct sy_list {
  uint32_t df;
  uint32_t article, frequency; /* when df = 1 */
  const uint8_t *postings;
  size_t postings_bytes;
  uint64_t single_position; /* when df = 1 and frequency = 1 */
  const uint8_t
      *positions; /* when df = 1: the bits, NULL when single; when df >= 128: the record */
  size_t positions_bytes;
  const uint8_t *lengths; /* of the segment's articles */
  uint32_t article_count; /* of the segment */
} sy_list;

/* The positions of the decoded block, and how far they were looked into. */
typedef struct sy_postings_group {
  bool open;
  const uint8_t *bits;
  uint64_t highs, lows, end; /* bits: where both parts of the group begin, and the end of all */
  uint32_t counted;          /* articles whose positions and low bits are */
  uint64_t high;             /* the bit behind `skipped` ones */
  uint64_t skipped;
} sy_postings_group;

/* Walks a list in article order. */
typedef struct sy_postings {
  sy_list list;
  const uint8_t *last, *end, *positions_end, *impacts, *blocks, *blocks_end;
  uint32_t block_count; /* full blocks and, in `list_blocks`, the tail or the short list */
  uint32_t list_blocks;
  uint32_t block;       /* the one decoded */
  uint32_t filled, at;  /* its size, and where we are in it */
  uint32_t article;     /* the current one; SY_NO_ARTICLE behind the last */
  bool corrupt;         /* sticky: bad data was met, and the list ended there */
  uint32_t bound_block; /* the last one that sy_postings_block_bound() found */
  bool has_frequencies;
  const uint8_t *frequencies_at; /* of the block, not decoded yet */
  uint64_t short_positions;      /* of a short list: the bit at which its positions begin */
  sy_postings_group group;       /* of the block, once positions were asked for */
  uint64_t blocks_read;          /* for --explain and benchmarks */
  uint32_t articles[SY_BLOCK];
  uint32_t frequencies[SY_BLOCK];
  uint32_t parameters[SY_BLOCK]; /* of the positions, once the group is open */
  /* Positions and low bits before each article, and behind the last, as far as they are counted. */
  uint64_t ones[SY_BLOCK + 1], low_bits[SY_BLOCK + 1];
} sy_postings;

/* Has memory fetched that walking the list will touch first. */
void sy_list_fetch(const sy_list *list);
/* Begins before the first article: call sy_postings_next() or _advance(). */
void sy_postings_open(sy_postings *p, const sy_list *list);
/* Goes back to the first article of a list that was decoded whole, a short one; false, with nothing
 * changed, when it was not. */
bool sy_postings_rewind(sy_postings *p);
/* The next article, or SY_NO_ARTICLE. */
uint32_t sy_postings_next(sy_postings *p);
/* The first article not below `target`, which is not below the current one. */
uint32_t sy_postings_advance(sy_postings *p, uint32_t target);
/* Frequency in the current article. */
uint32_t sy_postings_frequency(sy_postings *p);
/* Where the positions of the articles from place `from` to before `to` of the current block are
 * coded, in order of ascending places within a block. Not for a list of one with one position.
 * False (and corrupt) when they are not there. */
bool sy_postings_positions_range(sy_postings *p, uint32_t from, uint32_t to,
                                 sy_positions_range *out);
/* Has the memory fetch what sy_postings_positions() will read of a long list. */
void sy_postings_fetch_positions(const sy_postings *p);
/* Positions in the current article. False (and corrupt) when they are not there. */
bool sy_postings_positions(sy_postings *p, sy_positions *out);

/* The first position of a term in each of some articles, and where the next one's parts are, in
 * bits. */
typedef struct sy_first_positions {
  uint32_t positions[SY_BLOCK], highs[SY_BLOCK];
  uint64_t lows[SY_BLOCK];
} sy_first_positions;

/* The first position in each of several articles of the current block: `count` of them, at `places`
 * in the block. False, and `firsts` are of no use, for short lists and tails, for blocks with very
 * many positions or large gaps, and for damaged ones (corrupt): sy_postings_positions() reads the
 * first two. */
bool sy_postings_first_positions(sy_postings *p, const uint8_t *places, uint32_t count,
                                 sy_first_positions *firsts);
/* The other positions of the article at `place`, whose first one was read so, as number i. */
sy_positions sy_postings_behind_first(const sy_postings *p, uint32_t place,
                                      const sy_first_positions *firsts, uint32_t i);

/* ---- Block-wise access, for windowed scoring ------------------------------------------------- */

/* The last article of the block that may hold `target` (SY_NO_ARTICLE - 1 when unknown: tails
 * and short lists), and its impact, 0 to 255. Does not move. */
uint32_t sy_postings_block_bound(sy_postings *p, uint32_t target, uint32_t *impact);
/* Stands on the first article of the next block with an impact of `least` or more. */
uint32_t sy_postings_next_block(sy_postings *p, uint32_t least);
/* Decodes the frequencies of the current block. */
void sy_postings_load_frequencies(sy_postings *p);
/* The largest impact of the list. */
uint32_t sy_postings_max_impact(const sy_postings *p);

#endif
