/*
 * suoyin.h - the public interface of Suoyin, a full-text search engine for unsegmented Chinese.
 *
 * Caveats, before the declarations:
 *
 * - One writer at a time: sy_writer_open() takes a lock on the index that the kernel releases when
 *   the process ends, however it ends. Readers go on beside it: up to 1,024
 *   snapshots, in any number of processes.
 * - A reader (sy_index) is one snapshot. It does not see later commits until sy_index_refresh(),
 *   and while it lives the pages of its snapshot cannot be reused: a reader kept open for days
 *   beside a busy writer makes the file grow (sy_index_stats tells by how much).
 * - Nothing is visible to readers, or survives the process, before sy_writer_commit() returns
 *   SY_OK.
 * - An object (sy_writer, sy_index, sy_query, sy_results) is used by one thread at a time.
 *   Different objects may be used by different threads, and a sy_query by several at once unless
 *   sy_query_expand() works on it. None of them survives fork().
 * - An index grows to at most 1 TiB, and is mapped at that size: that is address space, not memory.
 *   Where address space is limited (ulimit -v) a smaller map is used.
 * - sy_import() makes libxml2 use an allocator that it can stop, for the whole process: a program
 *   that uses libxml2 itself calls it first while no other thread does. Merging gives free memory
 *   back to the system (malloc_trim()).
 * - Readers register in the index's lock.mdb and need write permission for that file (not for
 *   data.mdb), except on a read-only file system.
 * - The index directory must be on a local file system: LMDB's locks do not work over NFS.
 * - Strings are UTF-8 with an explicit length. Lengths and offsets are bytes unless a name says
 *   otherwise. Bytes that are no UTF-8 are kept in stored text and read as U+FFFD for searching.
 *
 * Ownership is stated on every declaration: "borrowed" memory belongs to the object named and lives
 * as long as it says; memory "owned by the caller" is freed with the function named.
 */
#ifndef SUOYIN_H
#define SUOYIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define SY_API __attribute__((visibility("default")))
#else
#define SY_API
#endif

/* ---- Status and errors ----------------------------------------------------------------------- */

/* Every function that can fail returns one of these. sy_status_string() has a phrase for each. */
typedef enum sy_status {
  SY_OK = 0,         /* success */
  SY_NOT_FOUND = 1,  /* no such article, term or index: an answer, not a failure */
  SY_INVALID = 2,    /* an argument or an option is out of its range */
  SY_SYNTAX = 3,     /* a query cannot be parsed; sy_error.column says where */
  SY_BAD_INPUT = 4,  /* an input file or line cannot be read as what it claims to be */
  SY_NO_MEMORY = 5,  /* an allocation failed */
  SY_IO = 6,         /* the operating system refused: disk full, no permission, read error */
  SY_CORRUPT = 7,    /* the index contradicts itself or a checksum; nothing was guessed */
  SY_VERSION = 8,    /* the index was written in another format version, or is no Suoyin index */
  SY_LOCKED = 9,     /* another writer holds the index */
  SY_LIMIT = 10,     /* a documented limit was reached */
  SY_CANCELLED = 11, /* a callback asked to stop */
} sy_status;

/* Where and why something failed. Owned by the caller, filled by the callee when it returns a
 * status other than SY_OK and SY_NOT_FOUND. Every function that fills a sy_error accepts NULL. */
typedef struct sy_error {
  sy_status status;
  uint64_t line;   /* 1-based line of `file`; 0 when no line is meant */
  uint32_t column; /* 1-based character of the query, for SY_SYNTAX; else 0 */
  char
      file[512]; /* input file or index path; empty when none is meant; cut at the left if longer */
  char reason[512]; /* one line of English, no full stop */
} sy_error;

/* A phrase for a status ("not found"). Static; never NULL. Thread-safe. */
SY_API const char *sy_status_string(sy_status status);

/* Formats "file:line: reason" (parts that are empty left out) into `buffer` of `capacity` bytes,
 * always terminated. Returns `buffer`. */
SY_API const char *sy_error_format(const sy_error *error, char *buffer, size_t capacity);

/* The version of the library, "MAJOR.MINOR.PATCH". Static. */
SY_API const char *sy_version(void);

/* A string of `bytes` bytes that is not terminated. Borrowed: lives as long as what it was taken
 * from. */
typedef struct sy_string {
  const char *data;
  size_t bytes;
} sy_string;

/* ---- Writing --------------------------------------------------------------------------------- */

/* Rules of text analysis, chosen when an index is made and stored in it (docs/text.md). */
enum {
  SY_TEXT_WIDTH = 1u << 0, /* NFKC and case folding: full-width meets half-width, A meets a */
  SY_TEXT_VARIANTS =
      1u << 1, /* Traditional, Simplified and regional variants of a character meet */
  SY_TEXT_GLOSS =
      1u << 2, /* a pinyin or bopomofo gloss in parentheses behind a character is skipped */
  SY_TEXT_SPACE = 1u << 3, /* white space between Chinese characters is skipped */
  SY_TEXT_DEFAULT = 0xf,
};

typedef struct sy_writer sy_writer;

/* Initialise with SY_WRITER_OPTIONS_DEFAULT, then change what you need. */
typedef struct sy_writer_options {
  bool create;         /* make the index when it is not there (default true) */
  uint32_t text_rules; /* SY_TEXT_* of a new index; an existing index keeps its own */
  /* The memory of the process while it writes, however much is added; at least 32 MiB (default 512
   * MiB), but 88 MiB and 24 for each thread may be taken all the same, and one article takes about
   * five times its bytes. */
  uint64_t memory_bytes;
  int compression_level; /* zstd level of stored text, 1 to 19 (default 2) */
  /* 1 to 16: the caller's, and those that work beside it while a call of the writer's functions
   * has given them work (default 2). When more than 4 MB are to be written, one more waits for the
   * disk, also between calls; what it cannot write is an error of a later call, at the latest of
   * sy_writer_commit(). All have all signals blocked. */
  uint32_t threads;
  bool timings; /* measure what sy_writer_get_timings() tells (default false) */
} sy_writer_options;
#define SY_WRITER_OPTIONS_DEFAULT \
  { true, SY_TEXT_DEFAULT, 512ull << 20, 2, 2, false }

/* An article to be indexed. All strings are borrowed during the call. */
typedef struct sy_article {
  sy_string id;    /* 1 to 65,535 bytes; unique: an article replaces the one with the same id */
  sy_string title; /* searched as title:, weighed over the body; may be empty */
  sy_string body;  /* up to 2^31 - 1 bytes; may be empty */
  sy_string
      fields; /* other stored fields as one JSON object ("{}" or empty for none); not searched */
} sy_article;

/* Opens the index in directory `path` for writing and takes its writer lock. `options` NULL
 * means the defaults. *out is owned by the caller: sy_writer_close(). Errors: SY_LOCKED another
 * writer has it; SY_NOT_FOUND no index and !create; SY_VERSION; SY_CORRUPT; SY_IO; SY_NO_MEMORY;
 * SY_INVALID an option out of range. */
SY_API sy_status sy_writer_open(const char *path, const sy_writer_options *options, sy_writer **out,
                                sy_error *error);

/* The SY_TEXT_* rules of the index. */
SY_API uint32_t sy_writer_text_rules(const sy_writer *writer);

/* Adds an article, replacing any with its id. Cheap most of the time; now and then it writes a
 * segment (not yet visible) to keep within memory_bytes. Errors: SY_INVALID empty id; SY_LIMIT
 * id or text too long; SY_IO; SY_NO_MEMORY. After SY_INVALID and SY_LIMIT of the article, when
 * error.file is empty, the writer goes on; after others, a limit of the index with its path in
 * error.file among them, it only accepts sy_writer_close(). */
SY_API sy_status sy_writer_add(sy_writer *writer, const sy_article *article, sy_error *error);

/* Deletes the article with this id. SY_NOT_FOUND when there is none. After this function and the
 * next three have failed - SY_IO; SY_NO_MEMORY; SY_CORRUPT; SY_LIMIT - the index is as the last
 * commit left it, and the writer only accepts sy_writer_close(). */
SY_API sy_status sy_writer_delete(sy_writer *writer, sy_string id, sy_error *error);

/* Makes everything added and deleted since the last commit visible and durable, in one atomic
 * step. */
SY_API sy_status sy_writer_commit(sy_writer *writer, sy_error *error);

/* Merges all segments into at most `segments` (at least 1), dropping deleted articles. Commits. */
SY_API sy_status sy_writer_merge(sy_writer *writer, uint32_t segments, sy_error *error);

/* Merges all segments into one and puts its articles in an order in which those that share terms
 * are near each other (recursive graph bisection: Dhulipala et al., 2016): the index gets smaller
 * and searches faster. Results stay the same, but articles of equal score may change places: ties
 * are in article order. Commits. Takes the options' threads and memory; while it runs, the file
 * holds the articles up to three times. */
SY_API sy_status sy_writer_optimize(sy_writer *writer, sy_error *error);

/* Counters since sy_writer_open(). */
typedef struct sy_writer_counts {
  uint64_t added;         /* articles added, replacements included */
  uint64_t replaced;      /* of these, how many replaced one with the same id */
  uint64_t deleted;       /* by sy_writer_delete() */
  uint64_t text_bytes;    /* bytes of title and body analysed */
  uint64_t invalid_bytes; /* bytes that were no UTF-8, read as U+FFFD; complete after a commit */
  uint64_t articles;      /* live articles in the index, uncommitted ones included */
  /* Bytes of segments and deletions that were written, those of merges included: divided by
   * index_bytes, the write amplification of an index made at once. LMDB's own pages come on top, 1
   * to 3 percent. */
  uint64_t written_bytes;
  uint64_t index_bytes; /* of the segments of the index, uncommitted ones included */
} sy_writer_counts;
/* Looks up which of the last articles replace others: what fails then, the next call that changes
 * the writer reports. */
SY_API void sy_writer_get_counts(sy_writer *writer, sy_writer_counts *counts);

/* Where time went since sy_writer_open(): seconds, summed over all threads. */
typedef struct sy_writer_timings {
  double analyse;   /* text to terms */
  double partition; /* terms to partitions in memory */
  double compress;  /* stored text */
  double sort;      /* partitions gathered and sorted */
  double code;      /* postings */
  double merge;     /* segments */
  double write;     /* by LMDB and the system, commits included */
  double calls; /* spent by the caller in the writer's functions: its share of the above, waiting
                       for other threads, ids, lexicon */
} sy_writer_timings;
/* All zeros unless sy_writer_options.timings was set; complete after a commit. */
SY_API void sy_writer_get_timings(const sy_writer *writer, sy_writer_timings *timings);

/* Releases the writer; what was not committed is discarded. Accepts NULL. */
SY_API void sy_writer_close(sy_writer *writer);

/* ---- Importing files ------------------------------------------------------------------------- */

/* docs/inputs.md says of each what becomes id, title, body and fields. */
typedef enum sy_format {
  SY_FORMAT_AUTO = 0,  /* by extension, then by content */
  SY_FORMAT_JSONL,     /* one JSON object a line */
  SY_FORMAT_TEXT,      /* one plain-text file, one article; title is the first line */
  SY_FORMAT_MARKDOWN,  /* one Markdown file, one article; title is the first heading */
  SY_FORMAT_HTML,      /* one HTML file, one article */
  SY_FORMAT_CSV,       /* RFC 4180 with a header; columns are as JSON members */
  SY_FORMAT_TSV,       /* the same with tabs for commas */
  SY_FORMAT_MEDIAWIKI, /* an XML dump of a wiki; a page is an article */
  SY_FORMAT_WARC,      /* a web archive; a page is an article */
  SY_FORMAT_DOCX,      /* one Word document, one article */
  SY_FORMAT_EPUB,      /* one book, one article */
} sy_format;

typedef struct sy_import_progress {
  uint64_t files;       /* files (and archive members) finished */
  uint64_t articles;    /* articles added */
  uint64_t skipped;     /* bad lines or files skipped */
  uint64_t bytes;       /* input bytes consumed, after decompression */
  uint64_t read_bytes;  /* input bytes consumed, as on disk */
  uint64_t total_bytes; /* input bytes on disk in all, when known beforehand; else 0 */
  uint64_t warnings;    /* articles and files read, but doubtful */
} sy_import_progress;

/* Initialise with SY_IMPORT_OPTIONS_DEFAULT. Strings are borrowed during the call. */
typedef struct sy_import_options {
  sy_format format;
  const char *encoding;  /* name of the charset to force ("GB18030"); NULL detects per file */
  const char *id_member; /* names of JSON members and columns; NULL: "id", "title", "body" */
  const char *title_member;
  const char *body_member;
  bool skip_bad; /* go on after a bad line or file (each is reported to on_bad) */
  void (*on_bad)(void *context, const sy_error *error); /* may be NULL */
  /* Called now and then; returning false cancels with SY_CANCELLED. May be NULL. */
  bool (*on_progress)(void *context, const sy_import_progress *progress);
  void *context; /* handed to the callbacks */
  /* Hears of what was indexed as it is and is probably not what was meant, as text encoded twice.
   * May be NULL. */
  void (*on_warning)(void *context, const sy_error *warning);
} sy_import_options;
#define SY_IMPORT_OPTIONS_DEFAULT \
  { SY_FORMAT_AUTO, NULL, NULL, NULL, NULL, false, NULL, NULL, NULL, NULL }

/* Reads `count` inputs - files, directories (recursively), "-" for standard input; gzip, xz,
 * zstd, bzip2, tar and zip unpacked on the way - and adds their articles to `writer`. Does not
 * commit. `options` NULL means the defaults. `progress` (may be NULL) receives the final
 * counters. Errors: SY_BAD_INPUT with file and line, unless skip_bad; SY_IO; SY_CANCELLED; those
 * of sy_writer_add(). The caller that wants "nothing of this run" after an error closes the
 * writer without committing. */
SY_API sy_status sy_import(sy_writer *writer, const char *const *paths, size_t count,
                           const sy_import_options *options, sy_import_progress *progress,
                           sy_error *error);

/* ---- Reading --------------------------------------------------------------------------------- */

typedef struct sy_index sy_index;

/* Opens the newest snapshot of the index in directory `path`. *out is owned by the caller:
 * sy_index_close(). Errors: SY_NOT_FOUND no index there (error is filled); SY_VERSION;
 * SY_CORRUPT; SY_LIMIT too many snapshots are open; SY_IO, also when data.mdb was replaced while
 * this process has the index open. */
SY_API sy_status sy_index_open(const char *path, sy_index **out, sy_error *error);

/* Moves to the newest snapshot. Borrowed memory of the old one becomes invalid. When it fails the
 * index stays where it was; where no snapshot could be opened beside the old one (SY_LIMIT,
 * SY_NO_MEMORY) it has none after that, and finds nothing until this succeeds. */
SY_API sy_status sy_index_refresh(sy_index *index, sy_error *error);

#define SY_NO_TIMEOUT UINT64_MAX

/* Bounds the time of what is asked of the index from now on, until this is called again:
 * sy_query_expand(), sy_search(), sy_count() and sy_snippet_make() together get `milliseconds`
 * (0: none at all; SY_NO_TIMEOUT, as it is at first: as much as they need). When these are over
 * they return SY_OK with what they have: hits that match, but not all, and perhaps not the best; a
 * count of the matches seen; phrases for a reading, but not all; a snippet of the text up to where
 * it was read, perhaps nothing. They can be late by what is done between two looks at the clock:
 * decompressing one block of stored text, and single passes over the articles of a segment (about a
 * millisecond for a million). */
SY_API void sy_index_set_timeout(sy_index *index, uint64_t milliseconds);
/* Whether anything since sy_index_set_timeout() left out work because time was over. */
SY_API bool sy_index_timed_out(const sy_index *index);

/* Accepts NULL. */
SY_API void sy_index_close(sy_index *index);

/* Collection statistics and sizes. */
typedef struct sy_index_stats {
  uint64_t articles; /* live articles */
  uint64_t deleted;  /* articles deleted but not merged away yet */
  uint64_t segments;
  uint64_t terms;      /* lexicon entries, summed over segments and fields */
  uint64_t postings;   /* (term, article) pairs */
  uint64_t positions;  /* term occurrences */
  uint64_t commit;     /* number of the commit this snapshot shows */
  uint32_t text_rules; /* SY_TEXT_* */
  uint32_t format_version;
  uint64_t bytes_lexicon; /* sizes as stored, without LMDB's page overhead */
  uint64_t bytes_postings;
  uint64_t bytes_positions;
  uint64_t bytes_lengths;
  uint64_t bytes_ids;
  uint64_t bytes_articles;
  uint64_t bytes_deletes;
  /* Of all of these that were ever put for a commit, what is merged or deleted now included: by
   * the sum of what there is, the write amplification. */
  uint64_t bytes_written;
  uint64_t bytes_file; /* the LMDB file, in use */
  uint64_t bytes_free; /* of these, pages free for reuse */
  /* Of these, pages that cannot be used again before older snapshots are closed or refreshed: what
   * they cost in growth of the file. */
  uint64_t bytes_held;
  uint64_t readers;             /* other snapshots open now, by any process; a writer has one */
  uint64_t oldest_transactions; /* LMDB's transactions from the oldest of them to this one */
} sy_index_stats;
SY_API sy_status sy_index_get_stats(sy_index *index, sy_index_stats *stats, sy_error *error);

/* Verifies every structure and checksum. `on_problem` (may be NULL) is called for each fault
 * found with one line of text. Returns SY_OK when sound, SY_CORRUPT when anything was found,
 * SY_NO_MEMORY when not all could be checked. */
SY_API sy_status sy_index_check(sy_index *index,
                                void (*on_problem)(void *context, const char *what), void *context,
                                sy_error *error);

/* A term of the lexicon as shown to people: a word, two characters, or one at the end of a run. */
typedef struct sy_term_info {
  sy_string term;              /* borrowed during the callback */
  bool in_title;               /* field: title or body */
  bool run_end;                /* a character that ends its run of Chinese characters */
  uint64_t document_frequency; /* articles that have it, deleted ones included */
} sy_term_info;

/* Calls `on_term` for each term of the lexicon that begins with `prefix` (folded by the index's
 * rules), in code point order per field, body first. The callback returns false to stop (the
 * function then returns SY_OK). SY_NOT_FOUND when there is none. */
SY_API sy_status sy_index_terms(sy_index *index, sy_string prefix,
                                bool (*on_term)(void *context, const sy_term_info *term),
                                void *context, sy_error *error);

/* Finds the article with this id. SY_NOT_FOUND when there is none. */
SY_API sy_status sy_index_find(sy_index *index, sy_string id, uint64_t *article, sy_error *error);

/* Reads a stored article by number (from sy_index_find() or sy_hit). The strings of *out are
 * borrowed from the index until the next call of any function with it but sy_index_id(). SY_INVALID
 * no such article; SY_CORRUPT; SY_NO_MEMORY. */
SY_API sy_status sy_index_article(sy_index *index, uint64_t article, sy_article *out,
                                  sy_error *error);

/* The id alone, without touching stored text. Borrowed until the next call of the same function.
 * SY_INVALID no such article; SY_CORRUPT; SY_NO_MEMORY. */
SY_API sy_status sy_index_id(sy_index *index, uint64_t article, sy_string *id, sy_error *error);

/* ---- Searching ------------------------------------------------------------------------------- */

typedef struct sy_query sy_query;

enum {
  SY_QUERY_ANY = 1u << 0,           /* blanks mean OR instead of AND */
  SY_QUERY_LITERAL_DATES = 1u << 1, /* 二〇二五年 does not find 2025年, nor the other way round */
};

/* Parses a query (docs/query.md). `flags` are SY_QUERY_* bits. *out is owned by the caller:
 * sy_query_free(). Independent of any index. Thread-safe. Errors: SY_SYNTAX with error.column and
 * what was expected; SY_LIMIT nested or long beyond the limits; SY_INVALID other flags. */
SY_API sy_status sy_query_parse(sy_string text, uint32_t flags, sy_query **out, sy_error *error);

/* What a reading in a query (pinyin:jiqizhixin, py:jqzx) stands for in an index. All memory is
 * borrowed during the callback. */
typedef struct sy_expansion {
  sy_string reading;        /* as it was typed */
  const sy_string *phrases; /* at most 16, in most articles first */
  const uint64_t *articles; /* how many articles have each */
  size_t count;
  bool
      complete; /* false: there may be more phrases; the most frequent ones that were found count */
} sy_expansion;

/* Replaces each reading in the query by the phrases of this index that are read so, any of which
 * may match; `on_expansion` (may be NULL) is told about each. A query without readings stays as
 * it is. One with readings must be expanded before it is searched, and then belongs to this
 * index. Errors: SY_SYNTAX a reading that is no pinyin; SY_LIMIT one of more than 16 syllables;
 * SY_CORRUPT; SY_NO_MEMORY. The query can only be freed after an error. */
SY_API sy_status sy_query_expand(sy_index *index, sy_query *query,
                                 void (*on_expansion)(void *context, const sy_expansion *expansion),
                                 void *context, sy_error *error);

/* Makes the query that matches `text` literally in one field, as if quoted, with no operators
 * read. *out is owned by the caller: sy_query_free(). Thread-safe. Errors: SY_SYNTAX nothing but
 * blanks; SY_LIMIT; SY_NO_MEMORY. */
SY_API sy_status sy_query_phrase(sy_string text, bool in_title, sy_query **out, sy_error *error);

/* Accepts NULL. */
SY_API void sy_query_free(sy_query *query);

/* How articles are scored (docs/ranking.md). */
typedef enum sy_ranking {
  SY_RANKING_DEFAULT = 0, /* BM25; free text weighs its parts, and looks how close they stand */
  SY_RANKING_BM25 = 1,    /* BM25 and nothing else, for comparison */
} sy_ranking;

/* Initialise with SY_SEARCH_OPTIONS_DEFAULT. */
typedef struct sy_search_options {
  uint64_t limit;  /* at most this many hits (default 10); UINT64_MAX for all */
  uint64_t offset; /* skip this many of the best hits (default 0) */
  bool exhaustive; /* score every match: same result, for tests and benchmarks (default false) */
  /* Among articles of equal score, those with the form that was typed first: 機器 before 机器, FAIR
   * before fair. Reads the stored text of ties, within each 32 of the first 96 ranks, and so
   * invalidates what sy_index_article() lent (default false: article order). */
  bool typed_first;
  sy_ranking ranking;
  bool explain; /* keep sy_results_explanation() (default false) */
  /* At most this many threads, the caller's included, 1 to 16 (default 1; 0 is 1); the result is
   * the same. What is not worth it is done by the caller's alone, and so is what is explained. The
   * others live as long as the call and have all signals blocked. */
  uint32_t threads;
} sy_search_options;
#define SY_SEARCH_OPTIONS_DEFAULT \
  { 10, 0, false, false, SY_RANKING_DEFAULT, false, 1 }

typedef struct sy_hit {
  uint64_t article; /* number for sy_index_article(); valid for this snapshot */
  float score;      /* higher is better; says nothing between queries */
} sy_hit;

typedef struct sy_results sy_results;

/* The best hits, best first; equal scores in article order. *out is owned by the caller:
 * sy_results_free(). SY_OK also when nothing was found. Errors: SY_SYNTAX a part of the query
 * holds nothing that can be searched; SY_LIMIT it has more than 10,000 parts (terms, phrases and
 * ids, counted for each field they search); SY_INVALID an option is out of its range, or a reading
 * was not expanded; SY_CORRUPT; SY_IO; SY_NO_MEMORY. */
SY_API sy_status sy_search(sy_index *index, const sy_query *query, const sy_search_options *options,
                           sy_results **out, sy_error *error);
SY_API size_t sy_results_count(const sy_results *results);
/* Borrowed from `results`; `rank` counts from 0 and is below sy_results_count(). */
SY_API const sy_hit *sy_results_hit(const sy_results *results, size_t rank);
SY_API void sy_results_free(sy_results *results); /* accepts NULL */

/* A line of an explanation: an operator, a leaf below it, or a list of a phrase below that. */
typedef struct sy_explain_row {
  uint32_t depth; /* 0: the root; a row belongs to the last one before it with a depth one less */
  /* "and", "or", "not" (all but what is excluded): operators; "term", "phrase": found by postings
   * lists; "positions", "articles": a list of a phrase, and whether its positions are needed or it
   * is a filter for articles; "terms": all terms that begin so, gathered while planning;
   * "verified": articles compared with the stored text while planning; "ids". Static. */
  const char *kind;
  const char *occur;    /* "must", "should", "must not": what it is to its operator. Static. */
  const char *field;    /* "title", "body", "id"; NULL for operators. Static. */
  sy_string text;       /* folded; with * where more may follow */
  uint64_t articles;    /* document frequency of a list; articles of what was gathered */
  uint64_t lists;       /* of a leaf */
  uint64_t bytes;       /* of postings and positions, outside the lexicon */
  uint64_t blocks;      /* of a list */
  uint64_t blocks_read; /* decoded; the others were skipped. A list may be gone through twice. */
  uint64_t postings_read;
} sy_explain_row;

/* What a search did, all segments together. */
typedef struct sy_explanation {
  const sy_explain_row *rows; /* the plan in which the query was searched, depth first */
  size_t row_count;
  const char *method; /* "list", "windows", "iterator": how the plan was walked. Static. */
  uint64_t segments;
  uint64_t candidates;     /* articles looked at */
  uint64_t scored;         /* of these, whose score was computed */
  uint64_t blocks_read;    /* all lists */
  uint64_t postings_read;  /* all lists and sets */
  uint64_t positions_read; /* to verify phrases and for closeness */
  uint64_t texts_read;     /* stored ones: to verify phrases, and of free text */
  double plan_seconds;     /* looking up terms, gathering sets, verifying text */
  double search_seconds;
  double closeness_seconds; /* second and third stage of free text */
  double ties_seconds;      /* typed_first */
} sy_explanation;

/* NULL when options.explain was not set. Borrowed from `results`. */
SY_API const sy_explanation *sy_results_explanation(const sy_results *results);

/* The number of live articles that match, without ranking. Errors as sy_search(). */
SY_API sy_status sy_count(sy_index *index, const sy_query *query, uint64_t *count, sy_error *error);

/* ---- Snippets -------------------------------------------------------------------------------- */

#define SY_PASSAGES_MAX 16u

/* Initialise with SY_SNIPPET_OPTIONS_DEFAULT. */
typedef struct sy_snippet_options {
  uint32_t passages; /* at most this many passages of the body, 0 to SY_PASSAGES_MAX (default 2) */
  uint32_t passage_characters; /* about this many characters in each, 20 to 10,000 (default 80) */
} sy_snippet_options;
#define SY_SNIPPET_OPTIONS_DEFAULT \
  { 2, 80 }

/* A range of bytes [start, end) of the string it belongs to, always on character boundaries. */
typedef struct sy_range {
  uint32_t start;
  uint32_t end;
} sy_range;

/* The best passages of one article. All memory is borrowed from the index until the next call of
 * any function with it but sy_index_id(). */
typedef struct sy_snippet {
  sy_string id;
  sy_string title;
  sy_string fields;                 /* JSON object of the other stored fields */
  const sy_range *title_highlights; /* matches in `title`, ascending, not overlapping */
  size_t title_highlight_count;
  sy_string text;             /* passages in text order, " … " between and where text is cut */
  const sy_range *highlights; /* matches in `text`, ascending, not overlapping */
  size_t highlight_count;
} sy_snippet;

/* Reads `article` and picks the passages that show why it matches `query`. `options` NULL:
 * defaults. Errors: SY_INVALID no such article, or an option out of its range; SY_CORRUPT; SY_IO;
 * SY_NO_MEMORY. */
SY_API sy_status sy_snippet_make(sy_index *index, const sy_query *query, uint64_t article,
                                 const sy_snippet_options *options, sy_snippet *out,
                                 sy_error *error);

#ifdef __cplusplus
}
#endif
#endif
