/*
 * main_query.h - what the files of the program suoyin-query share: main.c (options, one query),
 * main_batch.c (a file of queries), main_print.c (what comes out), main_explain.c (--explain).
 */
#ifndef SY_MAIN_QUERY_H
#define SY_MAIN_QUERY_H

#include "suoyin.h"
#include "tools/cli.h"

#define PROGRAM "suoyin-query"

typedef enum output { OUTPUT_TEXT, OUTPUT_JSON, OUTPUT_HTML, OUTPUT_TREC, OUTPUT_TSV } output;
typedef enum when { WHEN_AUTO, WHEN_ALWAYS, WHEN_NEVER } when;

typedef struct settings {
  const char *index;
  const char *batch; /* NULL: the query is on the command line */
  const char *tag;   /* last column of TREC output */
  sy_search_options search;
  sy_snippet_options snippet;
  uint64_t timeout; /* of a query, in milliseconds */
  output format;
  when colour;
  uint32_t threads;
  bool any, literal_dates, count, ids, null, quiet, no_snippet, time;
  bool limit_given, format_given;
  bool help, version;
} settings;

/* A run of the program over one open index. */
typedef struct session {
  const settings *settings;
  sy_index *index;
  FILE *out, *err; /* stdout and stderr; memory where queries run beside each other */
  bool terminal;   /* stdout is one */
  bool colour;
} session;

/* What came of a query. */
typedef struct outcome {
  bool found, timed_out;
} outcome;

/* Runs one query and prints what it finds. `qid` NULL: not in a batch. */
sy_status run_query(const session *run, const char *qid, sy_string text, outcome *out,
                    sy_error *error);

/* The exit status after queries without an error. */
int exit_status(outcome all);

/* Runs the queries of settings->batch. Returns the exit status. */
int run_batch(const session *run, uint64_t *queries);

/* ---- main_print.c ---------------------------------------------------------------------------- */

/* What stands before the first query, in formats that have a beginning. */
void print_beginning(const session *run);

void print_count(const session *run, const char *qid, uint64_t count);

/* In a JSON object: the first member, in a batch. */
void print_qid_member(const session *run, const char *qid);

/* That there may be more than what was printed: in JSON a line of its own behind the hits, and a
 * message on run->err; in HTML a paragraph. */
void print_timed_out(const session *run, const char *qid);

/* What stands over the hits of a query, for people: its text, when it is one of a batch or the
 * format is a document. `qid` NULL: not in a batch. */
void print_heading(const session *run, const char *qid, sy_string query);

/* One hit; `rank` counts from 1. Reads what the format needs from the index. */
sy_status print_hit(const session *run, const char *qid, const sy_query *query, uint64_t rank,
                    const sy_hit *hit, sy_error *error);

/* On run->err: what a reading in the query stands for; `context` is the session. */
void print_expansion(void *context, const sy_expansion *expansion);

/* On stderr: the query, a caret under the column that `error` names, and the message. */
void print_syntax_error(sy_string query, const sy_error *error);

/* ---- main_explain.c -------------------------------------------------------------------------- */

/* How a query was searched: in JSON on run->out, else on run->err. */
void print_explanation(const session *run, const char *qid, const sy_explanation *explanation);

#endif
