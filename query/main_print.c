/*
 * main_print.c - what suoyin-query prints: hits in five formats and syntax errors.
 *
 *   text   1  12.345  wiki/7  title with highlights      and, indented below, the snippet
 *   json   one object a line
 *   html   a document: <h1>query</h1>, and an <article> a hit with the highlights in <mark>
 *   tsv    [qid] rank score id title snippet
 *   trec   qid Q0 id rank score tag; an id with blanks is an error
 *
 * Titles and texts come from anywhere. For people nothing that moves a terminal passes
 * cli_put_clean(), and nothing that is markup cli_put_html(); colour escapes are written here and
 * only when colour is on, and no other marks are put into the data.
 */
#include "query/main_query.h"

#include <string.h>

static void put_terminated(const session *run, const char *text) {
  cli_put_data(run->out, (sy_string){text, strlen(text)}, run->terminal);
}

/* How highlights are marked, and how the characters in and between them are written. */
typedef struct highlight {
  const char *begin, *end;
  void (*put)(FILE *out, sy_string character);
} highlight;

static void put_clean(FILE *out, sy_string text) { cli_put_clean(out, text, CLI_LINE); }

/* `text` on one line with its ranges, which are sorted and lie apart, marked. */
static void put_highlighted(FILE *out, const highlight *how, sy_string text, const sy_range *ranges,
                            size_t count) {
  size_t next = 0;
  bool inside = false;
  for (size_t at = 0, length; at < text.bytes; at += length) {
    if (inside && at >= ranges[next].end) {
      fputs(how->end, out);
      inside = false;
      next++;
    }
    if (!inside && next < count && at >= ranges[next].start) {
      fputs(how->begin, out);
      inside = true;
    }
    cli_decode(text, at, &length);
    how->put(out, (sy_string){text.data + at, length});
  }
  if (inside) fputs(how->end, out);
}

void print_qid_member(const session *run, const char *qid) {
  if (!qid) return;
  fputs("\"qid\": ", run->out);
  cli_put_json_string(run->out, (sy_string){qid, strlen(qid)});
  fputs(", ", run->out);
}

void print_count(const session *run, const char *qid, uint64_t count) {
  if (run->settings->format == OUTPUT_JSON) {
    putc('{', run->out);
    print_qid_member(run, qid);
    bool timed_out = sy_index_timed_out(run->index);
    fprintf(run->out, "\"count\": %llu%s}\n", (unsigned long long)count,
            timed_out ? ", \"timed_out\": true" : "");
    return;
  }
  if (qid) {
    put_terminated(run, qid);
    putc('\t', run->out);
  }
  fprintf(run->out, "%llu\n", (unsigned long long)count);
}

void print_timed_out(const session *run, const char *qid) {
  const settings *s = run->settings;
  if (s->format == OUTPUT_JSON && !s->count && !s->quiet) {
    putc('{', run->out);
    print_qid_member(run, qid);
    fputs("\"timed_out\": true}\n", run->out);
  }
  if (s->format == OUTPUT_HTML && !s->quiet)
    fputs("<p>time was over: there may be more</p>\n", run->out);
  fflush(run->out); /* so that results and messages stand in order */
  fputs(PROGRAM ": ", run->err);
  if (qid) {
    cli_put_clean(run->err, (sy_string){qid, strlen(qid)}, CLI_LINE);
    fputs(": ", run->err);
  }
  fputs("time was over: there may be more\n", run->err);
}

void print_heading(const session *run, const char *qid, sy_string query) {
  bool html = run->settings->format == OUTPUT_HTML;
  void (*put)(FILE *, sy_string) = html ? cli_put_html : put_clean;
  if (!html && !qid) return;
  fputs(html ? "<h1>" : "== ", run->out);
  if (qid) {
    put(run->out, (sy_string){qid, strlen(qid)});
    fputs("  ", run->out);
  }
  put(run->out, query);
  fputs(html ? "</h1>\n" : "\n", run->out);
}

/* ---- Text ------------------------------------------------------------------------------------ */

/* In bold red as grep and ripgrep have it. */
static void put_text_highlighted(const session *run, sy_string text, const sy_range *ranges,
                                 size_t count) {
  static const highlight red = {"\033[1;31m", "\033[0m", put_clean};
  put_highlighted(run->out, &red, text, ranges, run->colour ? count : 0);
}

static void put_text(const session *run, uint64_t rank, float score, const sy_snippet *shown) {
  fprintf(run->out, "%llu  %.3f  ", (unsigned long long)rank, (double)score);
  if (run->colour) fputs("\033[35m", run->out);
  cli_put_clean(run->out, shown->id, CLI_LINE);
  if (run->colour) fputs("\033[0m", run->out);
  if (shown->title.bytes) fputs("  ", run->out);
  put_text_highlighted(run, shown->title, shown->title_highlights, shown->title_highlight_count);
  if (shown->text.bytes) {
    bool cut = shown->text.data[0] == ' '; /* it begins with " … " */
    fputs(cut ? "\n   " : "\n    ", run->out);
    put_text_highlighted(run, shown->text, shown->highlights, shown->highlight_count);
  }
  putc('\n', run->out);
}

/* ---- HTML ------------------------------------------------------------------------------------ */

/* The elements that are open here need no end (HTML standard, 13.1.2.4), so that a document is
 * whole after every hit. */
void print_beginning(const session *run) {
  if (run->settings->format != OUTPUT_HTML) return;
  fputs("<!DOCTYPE html>\n<html lang=\"zh\">\n<meta charset=\"utf-8\">\n<title>Suoyin</title>\n",
        run->out);
}

static void put_html_element(const session *run, const char *name, sy_string text,
                             const sy_range *ranges, size_t count) {
  static const highlight mark = {"<mark>", "</mark>", cli_put_html};
  if (!text.bytes) return;
  fprintf(run->out, "<%s>", name);
  put_highlighted(run->out, &mark, text, ranges, count);
  fprintf(run->out, "</%s>\n", name);
}

static void put_html(const session *run, uint64_t rank, float score, const sy_snippet *shown) {
  fputs("<article>\n", run->out);
  put_html_element(run, "h2", shown->title, shown->title_highlights, shown->title_highlight_count);
  fprintf(run->out, "<p>%llu %.3f <cite>", (unsigned long long)rank, (double)score);
  cli_put_html(run->out, shown->id);
  fputs("</cite></p>\n", run->out);
  put_html_element(run, "p", shown->text, shown->highlights, shown->highlight_count);
  fputs("</article>\n", run->out);
}

/* ---- JSON ------------------------------------------------------------------------------------ */

/* Ranges of `text` as they are in the JSON string, where a byte that is no UTF-8 takes three. */
static void put_json_ranges(const session *run, sy_string text, const sy_range *ranges,
                            size_t count) {
  size_t at = 0, grown = 0;
  putc('[', run->out);
  for (size_t i = 0; i < 2 * count; i++) {
    size_t offset = i % 2 ? ranges[i / 2].end : ranges[i / 2].start;
    for (size_t length; at < offset && at < text.bytes; at += length) {
      if (cli_decode(text, at, &length) == 0xFFFD && length == 1) grown += 2;
    }
    uint64_t shifted = offset + grown;
    fputs(i % 2 ? ", " : i ? ", [" : "[", run->out);
    fprintf(run->out, "%llu", (unsigned long long)shifted);
    if (i % 2) putc(']', run->out);
  }
  putc(']', run->out);
}

static void put_json_member(const session *run, const char *name, sy_string value) {
  fprintf(run->out, ", \"%s\": ", name);
  cli_put_json_string(run->out, value);
}

static void put_json(const session *run, const char *qid, uint64_t rank, float score,
                     const sy_snippet *shown) {
  putc('{', run->out);
  print_qid_member(run, qid);
  fprintf(run->out, "\"rank\": %llu, \"score\": %.7g", (unsigned long long)rank, (double)score);
  put_json_member(run, "id", shown->id);
  put_json_member(run, "title", shown->title);
  if (!run->settings->no_snippet) {
    fputs(", \"title_highlights\": ", run->out);
    put_json_ranges(run, shown->title, shown->title_highlights, shown->title_highlight_count);
    put_json_member(run, "snippet", shown->text);
    fputs(", \"highlights\": ", run->out);
    put_json_ranges(run, shown->text, shown->highlights, shown->highlight_count);
  }
  fputs(", \"fields\": ", run->out);
  cli_put_json_object(run->out, shown->fields);
  fputs("}\n", run->out);
}

/* ---- Columns --------------------------------------------------------------------------------- */

static void put_tsv(const session *run, const char *qid, uint64_t rank, float score,
                    const sy_snippet *shown) {
  if (qid) {
    cli_put_clean(run->out, (sy_string){qid, strlen(qid)}, CLI_LINE);
    putc('\t', run->out);
  }
  fprintf(run->out, "%llu\t%.7g\t", (unsigned long long)rank, (double)score);
  cli_put_clean(run->out, shown->id, CLI_LINE);
  putc('\t', run->out);
  cli_put_clean(run->out, shown->title, CLI_LINE);
  if (!run->settings->no_snippet) {
    putc('\t', run->out);
    cli_put_clean(run->out, shown->text, CLI_LINE);
  }
  putc('\n', run->out);
}

/* The columns are parted by blanks and have no way to write one. */
static bool is_column(sy_string text) {
  for (size_t i = 0; i < text.bytes; i++) {
    if (strchr(" \t\n\v\f\r", text.data[i])) return false; /* NUL, too */
  }
  return text.bytes > 0;
}

static sy_status put_trec(const session *run, const char *qid, uint64_t rank, float score,
                          sy_string id, sy_error *error) {
  sy_string query = {qid ? qid : "1", qid ? strlen(qid) : 1};
  if (!is_column(query) || !is_column(id)) {
    const sy_string bad = is_column(query) ? id : query;
    snprintf(error->reason, sizeof error->reason, "no trec line can hold the id \"%.*s\"",
             (int)(bad.bytes < 200 ? bad.bytes : 200), bad.data);
    return error->status = SY_INVALID;
  }
  cli_put_data(run->out, query, run->terminal);
  fputs(" Q0 ", run->out);
  cli_put_data(run->out, id, run->terminal);
  fprintf(run->out, " %llu %.7g %s\n", (unsigned long long)rank, (double)score, run->settings->tag);
  return SY_OK;
}

/* ---- Hits ------------------------------------------------------------------------------------ */

/* What needs no stored text: the id alone is read. */
static sy_status print_id(const session *run, const char *qid, uint64_t rank, const sy_hit *hit,
                          sy_error *error) {
  sy_string id;
  CLI_TRY(sy_index_id(run->index, hit->article, &id, error));
  if (!run->settings->ids) return put_trec(run, qid, rank, hit->score, id, error);
  if (qid) {
    put_terminated(run, qid);
    putc('\t', run->out);
  }
  cli_put_data(run->out, id, run->terminal);
  putc(run->settings->null ? 0 : '\n', run->out);
  return SY_OK;
}

static sy_status read_shown(const session *run, const sy_query *query, uint64_t article,
                            sy_snippet *shown, sy_error *error) {
  *shown = (sy_snippet){0};
  if (!run->settings->no_snippet) {
    return sy_snippet_make(run->index, query, article, &run->settings->snippet, shown, error);
  }
  sy_article stored = {0};
  CLI_TRY(sy_index_article(run->index, article, &stored, error));
  *shown = (sy_snippet){.id = stored.id, .title = stored.title, .fields = stored.fields};
  return SY_OK;
}

sy_status print_hit(const session *run, const char *qid, const sy_query *query, uint64_t rank,
                    const sy_hit *hit, sy_error *error) {
  const settings *s = run->settings;
  if (s->ids || s->format == OUTPUT_TREC) return print_id(run, qid, rank, hit, error);
  sy_snippet shown;
  CLI_TRY(read_shown(run, query, hit->article, &shown, error));
  switch (s->format) {
    case OUTPUT_JSON: put_json(run, qid, rank, hit->score, &shown); break;
    case OUTPUT_HTML: put_html(run, rank, hit->score, &shown); break;
    case OUTPUT_TSV: put_tsv(run, qid, rank, hit->score, &shown); break;
    default: put_text(run, rank, hit->score, &shown);
  }
  return SY_OK;
}

/* ---- Readings -------------------------------------------------------------------------------- */

void print_expansion(void *context, const sy_expansion *expansion) {
  const session *run = context;
  cli_put_clean(run->err, expansion->reading, CLI_LINE);
  fputs(expansion->count ? ":" : ": nothing is read so", run->err);
  for (size_t i = 0; i < expansion->count; i++) {
    fputs(i ? ", " : " ", run->err);
    cli_put_clean(run->err, expansion->phrases[i], CLI_LINE);
    fprintf(run->err, " %llu", (unsigned long long)expansion->articles[i]);
  }
  fputs(expansion->complete ? "\n" : "; there may be more\n", run->err);
}

/* ---- Syntax errors --------------------------------------------------------------------------- */

/* Prints a window around the column, for a query can be long, and the caret as far to the right as
 * the characters before it are wide. */
void print_syntax_error(sy_string query, const sy_error *error) {
  enum { BEFORE = 40, BEHIND = 30 };
  uint32_t column = error->column ? error->column : 1;
  uint32_t first = column > BEFORE ? column - BEFORE : 1, last = column + BEHIND;
  int indent = 2;
  fputs(first > 1 ? "  ..." : "  ", stderr);
  if (first > 1) indent += 3;
  uint32_t at_column = 1;
  size_t at = 0;
  for (size_t length; at < query.bytes && at_column <= last; at += length, at_column++) {
    uint32_t code = cli_clean(cli_decode(query, at, &length), CLI_LINE);
    if (at_column < first) continue;
    cli_put_character(stderr, code);
    if (at_column < column) indent += cli_width(code);
  }
  fprintf(stderr, "%s\n%*s^\n" PROGRAM ": column %u: ", at < query.bytes ? "..." : "", indent, "",
          (unsigned)column);
  cli_put_clean(stderr, (sy_string){error->reason, strlen(error->reason)}, CLI_LINE);
  fputc('\n', stderr);
}
