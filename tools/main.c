/*
 * main.c - the program suoyin-tool: looks into an index and maintains it. `suoyin-tool COMMAND
 * ...`; each command has a row in the table below and a file tool_COMMAND.c.
 *
 * Exit status: 0 done (check: sound; terms, doc: found); 1 nothing found; 2 error (check: damaged).
 */
#include "tools/tool.h"

#include <stdlib.h>
#include <string.h>

enum { VERSION_OPTION = 256, JSON_OPTION, THREADS_OPTION, MEMORY_OPTION };

static const cli_option option_table[] = {
    {'i', "index", "DIR", "the index (default: $SUOYIN_INDEX, else ./suoyin.idx)"},
    {JSON_OPTION, "json", NULL, "stats, doc: one line of JSON; terms: one a term"},
    {'n', "limit", "N", "terms: at most N"},
    {THREADS_OPTION, "threads", "N", "merge, optimize: threads, 1 to 16 (default: 2)"},
    {MEMORY_OPTION, "memory", "SIZE", "optimize: working memory (default: 512M; at least 32M)"},
    {'h', "help", NULL, "show this help"},
    {VERSION_OPTION, "version", NULL, "show the version"},
    {0},
};

static const struct command {
  const char *name;
  const char *operand; /* as --help shows it; NULL: takes none */
  bool required;       /* is the operand? */
  int options[3];      /* codes of those that it takes, beside --index; 0 behind the last */
  int (*run)(const tool_arguments *arguments);
  const char *help;
} command_table[] = {
    {"stats", NULL, false, {JSON_OPTION}, tool_stats, "count articles, terms and bytes"},
    {"check", NULL, false, {0}, tool_check, "verify every structure and checksum"},
    {"terms",
     "[PREFIX]",
     false,
     {JSON_OPTION, 'n'},
     tool_terms,
     "list terms: term, field, number of articles"},
    {"doc", "ID", true, {JSON_OPTION}, tool_doc, "print a stored article"},
    {"merge",
     "[N]",
     false,
     {THREADS_OPTION},
     tool_merge,
     "merge into at most N segments (default: 1)"},
    {"optimize",
     NULL,
     false,
     {THREADS_OPTION, MEMORY_OPTION},
     tool_optimize,
     "merge, and reorder articles: smaller and faster"},
};
enum { COMMAND_COUNT = sizeof command_table / sizeof *command_table };

static void print_help(void) {
  printf(
      "Usage: suoyin-tool COMMAND [OPTION]... [OPERAND]\n"
      "Looks into a full-text index and maintains it.\n\nCommands:\n");
  for (size_t i = 0; i < COMMAND_COUNT; i++) {
    const struct command *c = &command_table[i];
    char left[64];
    snprintf(left, sizeof left, "%s %s", c->name, c->operand ? c->operand : "");
    printf("  %-26s %s\n", left, c->help);
  }
  printf("  %-26s show this help\n\nOptions:\n", "help");
  cli_print_options(stdout, option_table);
  printf("\nExit status: 0 done or found or sound, 1 not found, 2 error or damaged.\n");
}

enum { OPTION_COUNT = sizeof option_table / sizeof *option_table - 1 };

typedef struct settings {
  tool_arguments arguments;
  bool given[OPTION_COUNT]; /* in the order of the table */
  bool help, version;
} settings;

static bool set_option(void *context, int code, const char *value) {
  settings *s = context;
  uint64_t number;
  for (int i = 0; i < OPTION_COUNT; i++) s->given[i] |= option_table[i].code == code;
  switch (code) {
    case 'i': s->arguments.index = value; return *value;
    case JSON_OPTION: s->arguments.json = true; return true;
    case 'n': return cli_parse_number(value, 1, UINT64_MAX, &s->arguments.limit);
    case THREADS_OPTION:
      if (!cli_parse_number(value, 1, 16, &number)) return false;
      s->arguments.writer.threads = (uint32_t)number;
      return true;
    case MEMORY_OPTION: return cli_parse_size(value, &s->arguments.writer.memory_bytes);
    case 'h': s->help = true; return true;
    case VERSION_OPTION: s->version = true; return true;
  }
  return false;
}

sy_index *tool_open(const tool_arguments *arguments) {
  sy_index *index = NULL;
  sy_error error = {0};
  if (sy_index_open(arguments->index, &index, &error) == SY_OK) return index;
  cli_fail_path(PROGRAM, arguments->index, &error);
  return NULL;
}

/* An option was given that the command does not take; NULL: none was. */
static const cli_option *find_foreign_option(const settings *s, const struct command *c) {
  for (int i = 0; i < OPTION_COUNT; i++) {
    int code = option_table[i].code;
    bool takes = code == 'i';
    for (int k = 0; k < 3; k++) takes |= c->options[k] == code;
    if (s->given[i] && !takes) return &option_table[i];
  }
  return NULL;
}

static int run_command(const char *name, const settings *s) {
  const tool_arguments *arguments = &s->arguments;
  for (size_t i = 0; i < COMMAND_COUNT; i++) {
    const struct command *c = &command_table[i];
    if (strcmp(name, c->name)) continue;
    const cli_option *foreign = find_foreign_option(s, c);
    if (foreign) return cli_usage_error(PROGRAM, "%s takes no --%s", name, foreign->name);
    if (c->required && !arguments->operand_count) {
      return cli_usage_error(PROGRAM, "%s: no %s given", name, c->operand);
    }
    if (arguments->operand_count > (c->operand ? 1 : 0)) {
      return cli_usage_error(PROGRAM, "%s: too many operands", name);
    }
    return cli_finish(PROGRAM, c->run(arguments));
  }
  return cli_usage_error(PROGRAM, "no command \"%s\"", name);
}

int main(int argc, char **argv) {
  settings s = {.arguments = {.limit = UINT64_MAX, .writer = SY_WRITER_OPTIONS_DEFAULT}};
  s.arguments.writer.create = false;
  cli_start();
  int first = cli_parse_options(PROGRAM, argc, argv, option_table, set_option, &s);
  if (first < 0) return CLI_ERROR;
  if (s.help || (first < argc && !strcmp(argv[first], "help"))) {
    print_help();
    return cli_finish(PROGRAM, CLI_FOUND);
  }
  if (s.version) {
    printf(PROGRAM " %s\n", sy_version());
    return cli_finish(PROGRAM, CLI_FOUND);
  }
  if (first == argc) return cli_usage_error(PROGRAM, "no COMMAND given");
  s.arguments.index = cli_index_path(s.arguments.index);
  s.arguments.operands = argv + first + 1;
  s.arguments.operand_count = argc - first - 1;
  return run_command(argv[first], &s);
}
