/*
 * main.c - the program suoyin-index: builds or extends an index. All it does is suoyin.h; what is
 * here is the command line, the progress line and signals.
 *
 * Exit status: 0 done; 1 --delete found none of the ids; 2 an error, nothing of this run was
 * committed; 128 + n stopped by signal n, nothing committed. Data (--json) goes to stdout, all else
 * to stderr.
 */
#include "indexer/main_report.h"
#include "tools/cli.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PROGRAM "suoyin-index"

/* ---- Options ---- */

enum {
  TITLE_OPTION = 256,
  ID_OPTION,
  BODY_OPTION,
  ENCODING_OPTION,
  SKIP_BAD_OPTION,
  TIMINGS_OPTION,
  DELETE_OPTION,
  MEMORY_OPTION,
  LEVEL_OPTION,
  THREADS_OPTION,
  FOLD_OPTION,
  NO_GLOSS_OPTION,
  NO_SPACE_OPTION,
  MERGE_OPTION,
  JSON_OPTION,
  VERSION_OPTION
};

/* The one definition of every option: parsing and --help are made from it. */
static const cli_option option_table[] = {
    {'i', "index", "DIR",
     "the index (default: $SUOYIN_INDEX, else ./suoyin.idx); made if not there"},
    {'f', "format", "FORMAT",
     "auto, jsonl, csv, tsv, text, markdown, html, mediawiki, warc, docx, epub"},
    {ENCODING_OPTION, "encoding", "NAME",
     "charset of the input, as GB18030 or Big5 (default: detected)"},
    {ID_OPTION, "id", "MEMBER", "JSON member or column with the article's id (default: id)"},
    {TITLE_OPTION, "title", "MEMBER", "JSON member or column with the title (default: title)"},
    {BODY_OPTION, "body", "MEMBER", "JSON member or column with the text (default: body)"},
    {SKIP_BAD_OPTION, "skip-bad", NULL,
     "report bad lines and files and go on, instead of stopping"},
    {DELETE_OPTION, "delete", NULL, "delete the articles with the ids given instead of inputs"},
    {MERGE_OPTION, "merge", "N", "merge into at most N segments in the end; needs no input"},
    {MEMORY_OPTION, "memory", "SIZE",
     "working memory, with K, M or G (default: 512M; at least 32M)"},
    {THREADS_OPTION, "threads", "N",
     "threads that analyse, sort, code and compress, 1 to 16 (default: 2)"},
    {LEVEL_OPTION, "level", "N", "zstd level of stored text, 1 to 19 (default: 2)"},
    {FOLD_OPTION, "fold", "WHAT",
     "new index: what meets: none, width (also case), variants (also 機 and 机; default)"},
    {NO_GLOSS_OPTION, "no-gloss", NULL,
     "new index: do not skip pinyin and bopomofo in parentheses"},
    {NO_SPACE_OPTION, "no-space", NULL, "new index: white space separates Chinese characters"},
    {TIMINGS_OPTION, "timings", NULL, "show where the time went, by stage, and what was written"},
    {JSON_OPTION, "json", NULL, "print the summary as one line of JSON on stdout"},
    {'q', "quiet", NULL, "no progress line, no warnings and no summary"},
    {'h', "help", NULL, "show this help"},
    {VERSION_OPTION, "version", NULL, "show the version"},
    {0},
};

typedef struct settings {
  const char *index;
  sy_writer_options writer;
  sy_import_options import;
  uint32_t merge; /* 0: not wanted */
  bool delete_ids, json, quiet, help, version;
  bool rules_given; /* rules of text analysis */
  char **arguments;
  size_t argument_count;
} settings;

static const char *const format_names[] = {
    [SY_FORMAT_AUTO] = "auto", [SY_FORMAT_JSONL] = "jsonl",
    [SY_FORMAT_TEXT] = "text", [SY_FORMAT_MARKDOWN] = "markdown",
    [SY_FORMAT_HTML] = "html", [SY_FORMAT_CSV] = "csv",
    [SY_FORMAT_TSV] = "tsv",   [SY_FORMAT_MEDIAWIKI] = "mediawiki",
    [SY_FORMAT_WARC] = "warc", [SY_FORMAT_DOCX] = "docx",
    [SY_FORMAT_EPUB] = "epub"};

static void print_help(FILE *out) {
  fprintf(
      out,
      "Usage: suoyin-index [OPTION]... INPUT...\n"
      "       suoyin-index [OPTION]... --delete ID...\n"
      "Adds articles to a full-text index of Chinese. An INPUT is a file, a directory (with all\n"
      "below it but hidden files) or - for standard input: JSON lines, CSV, TSV, plain text,\n"
      "Markdown, HTML, dumps of MediaWiki, web archives (WARC), Word documents (DOCX) or books\n"
      "(EPUB), also compressed (gzip, xz, zstd, bzip2) and in tar or zip archives.\n\n");
  cli_print_options(out, option_table);
  fprintf(out,
          "\nExit status: 0 done, 1 no id to delete was found, 2 error (nothing was committed).\n");
}

static bool parse_format(const char *text, sy_format *out) {
  for (size_t i = 0; i < sizeof format_names / sizeof *format_names; i++) {
    if (strcmp(text, format_names[i])) continue;
    *out = (sy_format)i;
    return true;
  }
  return false;
}

/* The rules in `mask` become those in `rules`. */
static void set_rules(settings *s, uint32_t mask, uint32_t rules) {
  s->writer.text_rules = (s->writer.text_rules & ~mask) | rules;
  s->rules_given = true;
}

static bool set_fold(settings *s, const char *value) {
  static const struct {
    const char *name;
    uint32_t rules;
  } choices[] = {
      {"none", 0}, {"width", SY_TEXT_WIDTH}, {"variants", SY_TEXT_WIDTH | SY_TEXT_VARIANTS}};
  for (size_t i = 0; i < sizeof choices / sizeof *choices; i++) {
    if (strcmp(value, choices[i].name)) continue;
    set_rules(s, SY_TEXT_WIDTH | SY_TEXT_VARIANTS, choices[i].rules);
    return true;
  }
  return false;
}

static bool set_option(void *context, int code, const char *value) {
  settings *s = context;
  uint64_t number = 0;
  switch (code) {
    case 'i': s->index = value; return *value;
    case 'f': return parse_format(value, &s->import.format);
    case ENCODING_OPTION: s->import.encoding = value; return true;
    case ID_OPTION: s->import.id_member = value; return true;
    case TITLE_OPTION: s->import.title_member = value; return true;
    case BODY_OPTION: s->import.body_member = value; return true;
    case SKIP_BAD_OPTION: s->import.skip_bad = true; return true;
    case DELETE_OPTION: s->delete_ids = true; return true;
    case MEMORY_OPTION: return cli_parse_size(value, &s->writer.memory_bytes);
    case LEVEL_OPTION:
      if (!cli_parse_number(value, 1, 19, &number)) return false;
      s->writer.compression_level = (int)number;
      return true;
    case THREADS_OPTION:
      if (!cli_parse_number(value, 1, 16, &number)) return false;
      s->writer.threads = (uint32_t)number;
      return true;
    case MERGE_OPTION:
      if (!cli_parse_number(value, 1, UINT32_MAX, &number)) return false;
      s->merge = (uint32_t)number;
      return true;
    case FOLD_OPTION: return set_fold(s, value);
    case NO_GLOSS_OPTION: set_rules(s, SY_TEXT_GLOSS, 0); return true;
    case NO_SPACE_OPTION: set_rules(s, SY_TEXT_SPACE, 0); return true;
    case TIMINGS_OPTION: s->writer.timings = true; return true;
    case JSON_OPTION: s->json = true; return true;
    case 'q': s->quiet = true; return true;
    case 'h': s->help = true; return true;
    case VERSION_OPTION: s->version = true; return true;
  }
  return false;
}

/* Names of files and members come from anywhere: nothing in them may move a terminal. */
static void print_clean(const char *text) {
  cli_put_clean(stderr, (sy_string){text, strlen(text)}, CLI_LINE);
}

/* ---- Signals ---- */

static volatile sig_atomic_t caught_signal; /* handlers can reach nothing else */

static void on_signal(int number) { caught_signal = number; }

static void catch_signals(void) {
  /* Not restarted, so that a read that waits at a pipe ends. Reset, so that a second signal ends
   * the process at once: the index survives that, too. */
  struct sigaction action = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, NULL);
  sigaction(SIGTERM, &action, NULL);
}

/* ---- Progress ---- */

typedef struct display {
  const settings *settings;
  bool line; /* a progress line is wanted */
  bool shown;
  double started;
  double next;
} display;

static double seconds_now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void clear_line(display *d) {
  if (d->shown) fputs("\r\033[K", stderr);
  d->shown = false;
}

static bool on_progress(void *context, const sy_import_progress *p) {
  display *d = context;
  if (caught_signal) return false;
  double now = seconds_now();
  if (!d->line || now < d->next) return true;
  d->next = now + 0.2;
  double elapsed = now - d->started;
  double rate = elapsed > 0 ? (double)p->bytes / 1e6 / elapsed : 0;
  fprintf(stderr, "\r\033[K%llu articles, %.1f MB, %.1f MB/s", (unsigned long long)p->articles,
          (double)p->bytes / 1e6, rate);
  if (p->total_bytes && p->read_bytes && elapsed > 1) {
    double done = (double)p->read_bytes / (double)p->total_bytes;
    unsigned long left = done < 1 ? (unsigned long)(elapsed * (1 - done) / done) : 0;
    fprintf(stderr, ", %.0f%%, %lu:%02lu left", done < 1 ? done * 100 : 100, left / 60, left % 60);
  }
  fflush(stderr); /* no line end follows */
  d->shown = true;
  return true;
}

static void on_bad(void *context, const sy_error *bad) {
  display *d = context;
  char text[1200];
  clear_line(d);
  print_clean(sy_error_format(bad, text, sizeof text));
  fputc('\n', stderr);
}

static void on_warning(void *context, const sy_error *warning) {
  display *d = context;
  char text[1200];
  if (d->settings->quiet) return;
  clear_line(d);
  print_clean(sy_error_format(warning, text, sizeof text));
  fputs(" (warning)\n", stderr);
}

/* ---- Work ---- */

static int report_error(display *d, const sy_error *error) {
  clear_line(d);
  if (error->status == SY_CANCELLED && caught_signal) {
    fprintf(stderr, "suoyin-index: stopped, nothing was committed\n");
    return 128 + (int)caught_signal;
  }
  return cli_fail(PROGRAM, error);
}

static sy_status delete_all(const settings *s, sy_writer *writer, uint64_t *not_found,
                            sy_error *error) {
  for (size_t i = 0; i < s->argument_count; i++) {
    sy_string id = {s->arguments[i], strlen(s->arguments[i])};
    sy_status status = sy_writer_delete(writer, id, error);
    if (status == SY_NOT_FOUND) {
      (*not_found)++;
      print_clean(s->arguments[i]);
      fputs(": no such article\n", stderr);
    } else if (status != SY_OK) {
      return status;
    }
  }
  return SY_OK;
}

static int run(const settings *s) {
  display d = {.settings = s, .started = seconds_now()};
  const char *term = getenv("TERM");
  d.line = !s->quiet && isatty(STDERR_FILENO) && !(term && !strcmp(term, "dumb"));
  sy_import_options import = s->import;
  import.on_progress = on_progress;
  import.on_bad = on_bad;
  import.on_warning = on_warning;
  import.context = &d;
  sy_error error = {0};
  sy_writer *writer = NULL;
  sy_import_progress progress = {0};
  uint64_t not_found = 0;
  sy_status status = sy_writer_open(s->index, &s->writer, &writer, &error);
  if (status == SY_OK && s->rules_given && sy_writer_text_rules(writer) != s->writer.text_rules) {
    error.status = status = SY_INVALID;
    snprintf(error.reason, sizeof error.reason,
             "the index was made with other rules of text (suoyin-tool stats shows them)");
  }
  if (status == SY_OK && s->delete_ids) {
    status = delete_all(s, writer, &not_found, &error);
  } else if (status == SY_OK && s->argument_count) {
    status = sy_import(writer, (const char *const *)s->arguments, s->argument_count, &import,
                       &progress, &error);
  }
  clear_line(&d);
  if (status == SY_OK && caught_signal) {
    error.status = status = SY_CANCELLED;
  }
  if (status == SY_OK) { /* merging commits too, in the same step */
    status =
        s->merge ? sy_writer_merge(writer, s->merge, &error) : sy_writer_commit(writer, &error);
  }
  if (status != SY_OK) {
    sy_writer_close(writer);
    return report_error(&d, &error);
  }
  sy_writer_counts counts = {0};
  sy_writer_get_counts(writer, &counts);
  sy_writer_timings timings;
  sy_writer_get_timings(writer, &timings);
  sy_writer_close(writer);
  double seconds = seconds_now() - d.started;
  if (!s->quiet && !s->json) print_summary(s->index, s->delete_ids, &progress, &counts, seconds);
  if (s->writer.timings && !s->json) print_timings(&timings, &counts, seconds);
  if (s->json) {
    print_json(&progress, &counts, not_found, seconds, s->writer.timings ? &timings : NULL);
  }
  int code = s->delete_ids && not_found == s->argument_count ? CLI_NOTHING : CLI_FOUND;
  return cli_finish(PROGRAM, code);
}

static bool has_input_options(const sy_import_options *o) {
  return o->format != SY_FORMAT_AUTO || o->encoding || o->id_member || o->title_member ||
         o->body_member || o->skip_bad;
}

int main(int argc, char **argv) {
  settings s = {.writer = SY_WRITER_OPTIONS_DEFAULT, .import = SY_IMPORT_OPTIONS_DEFAULT};
  cli_start();
  int first = cli_parse_options(PROGRAM, argc, argv, option_table, set_option, &s);
  if (first < 0) return CLI_ERROR;
  if (s.help) print_help(stdout);
  if (s.version) printf(PROGRAM " %s\n", sy_version());
  if (s.help || s.version) return cli_finish(PROGRAM, CLI_FOUND);
  s.arguments = argv + first;
  s.argument_count = (size_t)(argc - first);
  if (!s.argument_count && (!s.merge || s.delete_ids))
    return cli_usage_error(PROGRAM, "no %s given", s.delete_ids ? "ID" : "INPUT");
  if (s.delete_ids && has_input_options(&s.import))
    return cli_usage_error(PROGRAM, "--delete takes no options of inputs");
  for (size_t at = 0; at < s.argument_count; at++) {
    if (!*s.arguments[at]) {
      return cli_usage_error(PROGRAM, "an empty %s", s.delete_ids ? "ID" : "INPUT");
    }
  }
  s.index = cli_index_path(s.index);
  s.writer.create = !s.delete_ids && s.argument_count;
  catch_signals();
  return run(&s);
}
