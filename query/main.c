/*
 * main.c - the program suoyin-query: searches an index. All it does is suoyin.h; what is here is
 * the command line.
 *
 * Exit status, as grep's: 0 something was found; 1 nothing was; 2 an error - unless -q found
 * something; and 3: time was over, there may be more.
 */
#include "query/main_query.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* ---- Options --------------------------------------------------------------------------------- */

enum {
  ANY_OPTION = 256,
  BATCH_OPTION,
  COLOUR_OPTION,
  FORMAT_OPTION,
  DATES_OPTION,
  EXPLAIN_OPTION,
  JSON_OPTION,
  NO_SNIPPET_OPTION,
  OFFSET_OPTION,
  CHARACTERS_OPTION,
  PASSAGES_OPTION,
  TAG_OPTION,
  THREADS_OPTION,
  TIME_OPTION,
  TIMEOUT_OPTION,
  VERSION_OPTION
};

static const cli_option option_table[] = {
    {'i', "index", "DIR", "the index (default: $SUOYIN_INDEX, else ./suoyin.idx)"},
    {'n', "limit", "N", "show at most N articles, or all (default: 10; all with -l)"},
    {OFFSET_OPTION, "offset", "N", "leave out the N best articles (default: 0)"},
    {ANY_OPTION, "any", NULL, "blanks between words mean OR, not AND"},
    {DATES_OPTION, "literal-dates", NULL,
     "2025年 does not find 二〇二五年, nor the other way round"},
    {'c', "count", NULL, "print only how many articles match"},
    {'l', "ids", NULL, "print only the ids, one a line, best first"},
    {'0', "null", NULL, "with -l: a NUL behind each id, for xargs -0, and no line end"},
    {'q', "quiet", NULL, "print nothing on stdout; the exit status tells"},
    {BATCH_OPTION, "batch", "FILE",
     "run each line of FILE, QID<TAB>QUERY or QUERY (- for standard input)"},
    {THREADS_OPTION, "threads", "N",
     "at most N threads, 1 to 16: for a large query, or for the queries of a FILE (default: 1)"},
    {FORMAT_OPTION, "format", "FORMAT",
     "text, json (a line each), html, tsv or trec (default: text)"},
    {JSON_OPTION, "json", NULL, "the same as --format json"},
    {TAG_OPTION, "tag", "NAME", "last column of trec lines (default: suoyin)"},
    {NO_SNIPPET_OPTION, "no-snippet", NULL, "leave out snippets and highlights"},
    {PASSAGES_OPTION, "snippet-passages", "N",
     "at most N passages in a snippet, 1 to 16 (default: 2)"},
    {CHARACTERS_OPTION, "snippet-chars", "N",
     "about N characters in a passage, 20 to 10000 (default: 80)"},
    {COLOUR_OPTION, "color", "WHEN", "auto, always or never (default: auto)"},
    {TIMEOUT_OPTION, "timeout", "DURATION",
     "end a query after 500ms, 2s, 1m with what was found until then"},
    {EXPLAIN_OPTION, "explain", NULL,
     "tell how the query was searched: on stderr, or as a line of json"},
    {TIME_OPTION, "time", NULL, "print the seconds taken on stderr"},
    {'h', "help", NULL, "show this help"},
    {VERSION_OPTION, "version", NULL, "show the version"},
    {0},
};

static void print_help(void) {
  printf(
      "Usage: suoyin-query [OPTION]... QUERY...\n"
      "       suoyin-query [OPTION]... --batch FILE\n"
      "Searches a full-text index of Chinese. Several QUERY arguments are joined with blanks.\n\n"
      "  机器 学习           both, in title or body      \"机器 学习\"   one behind the other\n"
      "  机器 OR 学习        one or both                 Llama*        words that begin so\n"
      "  机器 -学习          the first without the other title:机器    in the title; body: id: "
      "too\n"
      "  =機器               only in this form           pinyin:jiqi   what is read so; py:jq "
      "too\n\n"
      "Put the whole query into single quotes, as '机器 -\"深度 学习\"': the shell knows these "
      "signs,\n"
      "too. A query that begins with - goes behind --.\n\n");
  cli_print_options(stdout, option_table);
  printf("\nExit status: 0 found, 1 nothing found, 2 error, 3 time was over: there may be more.\n");
}

/* The position of `value` in `names`, a list that ends with NULL; -1 when it is not there. */
static int choice_of(const char *value, const char *const *names) {
  for (int i = 0; names[i]; i++) {
    if (!strcmp(value, names[i])) return i;
  }
  return -1;
}

static bool set_number(const char *value, uint32_t low, uint32_t high, uint32_t *out) {
  uint64_t number;
  if (!cli_parse_number(value, low, high, &number)) return false;
  *out = (uint32_t)number;
  return true;
}

static bool set_format(settings *s, const char *value) {
  static const char *const names[] = {"text", "json", "html", "trec", "tsv", NULL};
  int choice = choice_of(value, names);
  if (choice >= 0) s->format = (output)choice;
  s->format_given = true;
  return choice >= 0;
}

static bool set_colour(settings *s, const char *value) {
  static const char *const names[] = {"auto", "always", "never", NULL};
  int choice = choice_of(value, names);
  if (choice >= 0) s->colour = (when)choice;
  return choice >= 0;
}

static bool set_limit(settings *s, const char *value) {
  s->limit_given = true;
  s->search.limit = UINT64_MAX; /* for "all" */
  return !strcmp(value, "all") || cli_parse_number(value, 1, UINT64_MAX, &s->search.limit);
}

static bool set_option(void *context, int code, const char *value) {
  settings *s = context;
  switch (code) {
    case 'i': s->index = value; return *value;
    case 'n': return set_limit(s, value);
    case OFFSET_OPTION: return cli_parse_number(value, 0, UINT64_MAX, &s->search.offset);
    case ANY_OPTION: s->any = true; return true;
    case DATES_OPTION: s->literal_dates = true; return true;
    case 'c': s->count = true; return true;
    case 'l': s->ids = true; return true;
    case '0': s->null = true; return true;
    case 'q': s->quiet = true; return true;
    case BATCH_OPTION: s->batch = value; return true;
    case FORMAT_OPTION: return set_format(s, value);
    case JSON_OPTION: return set_format(s, "json");
    case TAG_OPTION: s->tag = value; return *value && !strpbrk(value, " \t\r\n");
    case NO_SNIPPET_OPTION: s->no_snippet = true; return true;
    case PASSAGES_OPTION: return set_number(value, 1, SY_PASSAGES_MAX, &s->snippet.passages);
    case CHARACTERS_OPTION: return set_number(value, 20, 10000, &s->snippet.passage_characters);
    case COLOUR_OPTION: return set_colour(s, value);
    case THREADS_OPTION: return set_number(value, 1, 16, &s->threads);
    case TIMEOUT_OPTION: return cli_parse_duration(value, &s->timeout);
    case EXPLAIN_OPTION: s->search.explain = true; return true;
    case TIME_OPTION: s->time = true; return true;
    case 'h': s->help = true; return true;
    case VERSION_OPTION: s->version = true; return true;
  }
  return false;
}

/* An explicit flag over NO_COLOR over the terminal. */
static bool want_colour(when choice, bool terminal) {
  if (choice != WHEN_AUTO) return choice == WHEN_ALWAYS;
  const char *no_colour = getenv("NO_COLOR"), *term = getenv("TERM");
  if (no_colour && *no_colour) return false;
  return terminal && term && *term && strcmp(term, "dumb") != 0;
}

/* ---- Work ------------------------------------------------------------------------------------ */

static sy_status count(const session *run, const char *qid, const sy_query *query, outcome *out,
                       sy_error *error) {
  uint64_t articles = 0;
  CLI_TRY(sy_count(run->index, query, &articles, error));
  out->found = articles > 0;
  if (!run->settings->quiet) print_count(run, qid, articles);
  return SY_OK;
}

static sy_status search(const session *run, const char *qid, sy_string text, const sy_query *query,
                        outcome *out, sy_error *error) {
  const settings *s = run->settings;
  sy_results *results = NULL;
  CLI_TRY(sy_search(run->index, query, &s->search, &results, error));
  size_t hits = sy_results_count(results);
  out->found = hits > 0;
  if (!qid) print_beginning(run);
  if (!s->ids && (s->format == OUTPUT_TEXT || s->format == OUTPUT_HTML))
    print_heading(run, qid, text);
  sy_status status = SY_OK;
  for (size_t i = 0; i < hits && status == SY_OK && !ferror(run->out); i++) {
    status =
        print_hit(run, qid, query, s->search.offset + i + 1, sy_results_hit(results, i), error);
  }
  const sy_explanation *explanation = sy_results_explanation(results);
  if (explanation && status == SY_OK) print_explanation(run, qid, explanation);
  sy_results_free(results);
  return status;
}

sy_status run_query(const session *run, const char *qid, sy_string text, outcome *out,
                    sy_error *error) {
  const settings *s = run->settings;
  sy_query *query = NULL;
  *out = (outcome){0};
  uint32_t flags = (s->any ? SY_QUERY_ANY : 0) | (s->literal_dates ? SY_QUERY_LITERAL_DATES : 0);
  CLI_TRY(sy_query_parse(text, flags, &query, error));
  sy_index_set_timeout(run->index, s->timeout);
  sy_status status =
      sy_query_expand(run->index, query, s->quiet ? NULL : print_expansion, (void *)run, error);
  if (status == SY_OK) {
    status = s->quiet || s->count ? count(run, qid, query, out, error)
                                  : search(run, qid, text, query, out, error);
  }
  sy_query_free(query);
  out->timed_out = sy_index_timed_out(run->index) && !(s->quiet && out->found);
  if (status == SY_OK && out->timed_out) print_timed_out(run, qid);
  return status;
}

int exit_status(outcome all) {
  return all.timed_out ? CLI_TIMED_OUT : all.found ? CLI_FOUND : CLI_NOTHING;
}

static int run_arguments(const session *run, char **arguments, size_t count) {
  size_t bytes = 0;
  for (size_t i = 0; i < count; i++) bytes += strlen(arguments[i]) + 1;
  char *joined = malloc(bytes + 1);
  sy_error error = {.status = SY_NO_MEMORY};
  if (!joined) return cli_fail(PROGRAM, &error);
  char *end = joined;
  for (size_t i = 0; i < count; i++) {
    if (i) *end++ = ' ';
    end = stpcpy(end, arguments[i]);
  }
  sy_string text = {joined, (size_t)(end - joined)};
  outcome out;
  sy_status status = run_query(run, NULL, text, &out, &error);
  if (status == SY_SYNTAX) {
    print_syntax_error(text, &error);
  } else if (status != SY_OK) {
    cli_fail(PROGRAM, &error);
  }
  free(joined);
  return status != SY_OK ? CLI_ERROR : exit_status(out);
}

static double seconds_now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int run(const settings *s, char **arguments, size_t count) {
  double started = seconds_now();
  sy_error error = {0};
  session now = {.settings = s, .out = stdout, .err = stderr, .terminal = isatty(STDOUT_FILENO)};
  now.colour = want_colour(s->colour, now.terminal);
  const char *path = cli_index_path(s->index);
  if (sy_index_open(path, &now.index, &error) != SY_OK) return cli_fail_path(PROGRAM, path, &error);
  uint64_t queries = 1;
  int code = s->batch ? run_batch(&now, &queries) : run_arguments(&now, arguments, count);
  sy_index_close(now.index);
  code = cli_finish(PROGRAM, code);
  if (s->time) {
    fprintf(stderr, PROGRAM ": %llu %s in %.6f s\n", (unsigned long long)queries,
            queries == 1 ? "query" : "queries", seconds_now() - started);
  }
  return code;
}

/* Combinations that say two things at once; -1 when there is none. */
static int check_settings(const settings *s, size_t arguments) {
  if (s->batch && arguments)
    return cli_usage_error(PROGRAM, "a QUERY and --batch exclude each other");
  if (!s->batch && !arguments) return cli_usage_error(PROGRAM, "no QUERY given");
  if (s->count && s->ids) return cli_usage_error(PROGRAM, "--count and --ids exclude each other");
  if (s->ids && s->format_given)
    return cli_usage_error(PROGRAM, "--ids and a format exclude each other");
  if (s->null && !s->ids) return cli_usage_error(PROGRAM, "--null goes with --ids");
  if (s->count && s->format_given && s->format != OUTPUT_JSON) {
    return cli_usage_error(PROGRAM, "--count goes with no format but json");
  }
  if (s->search.explain && (s->count || s->quiet))
    return cli_usage_error(PROGRAM, "--explain tells of searches, not of counts");
  return -1;
}

/* -学习 as an argument of its own was meant as a part of the query. */
static void hint_at_excluded(char *const *arguments) {
  for (; *arguments; arguments++) {
    const char *at = *arguments;
    if (at[0] != '-' || !at[1] || (!(at[1] & 0x80) && !strchr("\"( ", at[1]))) continue;
    fprintf(stderr,
            "A query that begins with - goes behind --, as in: " PROGRAM " -- '-学习 机器'\n");
    return;
  }
}

int main(int argc, char **argv) {
  settings s = {.tag = "suoyin",
                .threads = 1,
                .timeout = SY_NO_TIMEOUT,
                .search = SY_SEARCH_OPTIONS_DEFAULT,
                .snippet = SY_SNIPPET_OPTIONS_DEFAULT};
  cli_start();
  int first = cli_parse_options(PROGRAM, argc, argv, option_table, set_option, &s);
  if (first < 0) {
    hint_at_excluded(argv);
    return CLI_ERROR;
  }
  if (s.help) print_help();
  if (s.version) printf(PROGRAM " %s\n", sy_version());
  if (s.help || s.version) return cli_finish(PROGRAM, CLI_FOUND);
  int code = check_settings(&s, (size_t)(argc - first));
  if (code >= 0) return code;
  s.search.typed_first = true;
  if (!s.batch) s.search.threads = s.threads;
  if (s.ids && !s.limit_given) s.search.limit = UINT64_MAX;
  return run(&s, argv + first, (size_t)(argc - first));
}
