/* tool_terms.c - suoyin-tool terms: the lexicon's terms that begin with a prefix. */
#include "tools/tool.h"

#include <string.h>
#include <unistd.h>

typedef struct listing {
  const tool_arguments *arguments;
  bool terminal;
  uint64_t printed;
} listing;

static bool on_term(void *context, const sy_term_info *term) {
  listing *l = context;
  const char *field = term->in_title ? "title" : "body";
  unsigned long long articles = term->document_frequency;
  if (l->arguments->json) {
    fputs("{\"term\": ", stdout);
    cli_put_json_string(stdout, term->term);
    printf(", \"field\": \"%s\", \"run_end\": %s, \"articles\": %llu}\n", field,
           term->run_end ? "true" : "false", articles);
  } else {
    cli_put_data(stdout, term->term, l->terminal);
    printf("\t%s\t%llu\n", field, articles);
  }
  return ++l->printed < l->arguments->limit && !ferror(stdout);
}

int tool_terms(const tool_arguments *arguments) {
  sy_index *index = tool_open(arguments);
  if (!index) return CLI_ERROR;
  const char *prefix = arguments->operand_count ? arguments->operands[0] : "";
  listing l = {.arguments = arguments, .terminal = isatty(STDOUT_FILENO)};
  sy_error error = {0};
  sy_status status =
      sy_index_terms(index, (sy_string){prefix, strlen(prefix)}, on_term, &l, &error);
  sy_index_close(index);
  if (status == SY_OK) return CLI_FOUND;
  if (status == SY_NOT_FOUND) return CLI_NOTHING;
  fflush(stdout);
  return cli_fail_path(PROGRAM, arguments->index, &error);
}
