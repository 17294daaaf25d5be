/*
 * main_explain.c - what --explain prints: how a query was searched. For people on stderr, a line
 * for each row of the plan; in JSON one object on stdout, behind the hits.
 */
#include "query/main_query.h"

#include <string.h>

/* ---- For people ------------------------------------------------------------------------------ */

static void put_number(const session *run, const char *name, uint64_t value) {
  fprintf(run->err, "  %s %llu", name, (unsigned long long)value);
}

static void put_row(const session *run, const sy_explain_row *row) {
  bool is_operator = !row->field;
  const char *sign = !strcmp(row->occur, "must") ? "+" : !strcmp(row->occur, "should") ? "|" : "-";
  fprintf(run->err, "%*s%s %s", 2 * (int)row->depth + 2, "", sign, row->kind);
  if (!is_operator) {
    fprintf(run->err, " %s:", row->field);
    cli_put_clean(run->err, row->text, CLI_LINE);
    bool phrase = !strcmp(row->kind, "phrase");
    if (!phrase) put_number(run, "articles", row->articles);
    if (!strcmp(row->kind, "terms")) {
      put_number(run, "lists", row->lists);
      put_number(run, "postings", row->postings_read);
    }
    if (!phrase && row->bytes) put_number(run, "bytes", row->bytes);
    if (row->blocks) {
      fprintf(run->err, "  blocks read %llu of %llu", (unsigned long long)row->blocks_read,
              (unsigned long long)row->blocks);
    }
  }
  fputc('\n', run->err);
}

static void put_text(const session *run, const sy_explanation *e) {
  fprintf(run->err, "explain: by %s, segments %llu\n", e->method, (unsigned long long)e->segments);
  for (size_t i = 0; i < e->row_count; i++) put_row(run, &e->rows[i]);
  fputs(" ", run->err);
  put_number(run, "candidates", e->candidates);
  put_number(run, "scored", e->scored);
  put_number(run, "blocks", e->blocks_read);
  put_number(run, "postings", e->postings_read);
  put_number(run, "positions", e->positions_read);
  put_number(run, "texts", e->texts_read);
  fprintf(run->err, "\n  ms: plan %.3f  search %.3f  closeness %.3f  ties %.3f\n",
          1e3 * e->plan_seconds, 1e3 * e->search_seconds, 1e3 * e->closeness_seconds,
          1e3 * e->ties_seconds);
}

/* ---- JSON ------------------------------------------------------------------------------------ */

static void put_json_row(const session *run, const sy_explain_row *row) {
  fprintf(run->out, "{\"depth\": %u, \"kind\": \"%s\", \"occur\": \"%s\"", (unsigned)row->depth,
          row->kind, row->occur);
  if (row->field) {
    fprintf(run->out, ", \"field\": \"%s\", \"text\": ", row->field);
    cli_put_json_string(run->out, row->text);
    fprintf(run->out,
            ", \"articles\": %llu, \"lists\": %llu, \"bytes\": %llu, \"blocks\": %llu, "
            "\"blocks_read\": %llu, \"postings_read\": %llu",
            (unsigned long long)row->articles, (unsigned long long)row->lists,
            (unsigned long long)row->bytes, (unsigned long long)row->blocks,
            (unsigned long long)row->blocks_read, (unsigned long long)row->postings_read);
  }
  putc('}', run->out);
}

static void put_json(const session *run, const char *qid, const sy_explanation *e) {
  putc('{', run->out);
  print_qid_member(run, qid);
  fprintf(run->out,
          "\"explain\": {\"method\": \"%s\", \"segments\": %llu, \"candidates\": %llu, "
          "\"scored\": %llu, \"blocks_read\": %llu, \"postings_read\": %llu, "
          "\"positions_read\": %llu, \"texts_read\": %llu, \"plan_seconds\": %.6f, "
          "\"search_seconds\": %.6f, "
          "\"closeness_seconds\": %.6f, \"ties_seconds\": %.6f, \"rows\": [",
          e->method, (unsigned long long)e->segments, (unsigned long long)e->candidates,
          (unsigned long long)e->scored, (unsigned long long)e->blocks_read,
          (unsigned long long)e->postings_read, (unsigned long long)e->positions_read,
          (unsigned long long)e->texts_read, e->plan_seconds, e->search_seconds,
          e->closeness_seconds, e->ties_seconds);
  for (size_t i = 0; i < e->row_count; i++) {
    if (i) fputs(", ", run->out);
    put_json_row(run, &e->rows[i]);
  }
  fputs("]}}\n", run->out);
}

void print_explanation(const session *run, const char *qid, const sy_explanation *explanation) {
  if (run->settings->format == OUTPUT_JSON) {
    put_json(run, qid, explanation);
  } else {
    fflush(run->out); /* so that results and messages stand in order */
    put_text(run, explanation);
  }
}
