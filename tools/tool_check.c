/* tool_check.c - suoyin-tool check: every structure and checksum; one line a problem on stdout. */
#include "tools/tool.h"

#include <string.h>

static void on_problem(void *context, const char *what) {
  uint64_t *problems = context;
  (*problems)++;
  cli_put_clean(stdout, (sy_string){what, strlen(what)}, CLI_LINE);
  putchar('\n');
}

int tool_check(const tool_arguments *arguments) {
  sy_index *index = tool_open(arguments);
  if (!index) return CLI_ERROR;
  uint64_t problems = 0;
  sy_error error = {0};
  sy_index_stats stats = {0};
  sy_status status = sy_index_check(index, on_problem, &problems, &error);
  if (status == SY_OK) status = sy_index_get_stats(index, &stats, &error);
  sy_index_close(index);
  if (status != SY_OK) {
    fflush(stdout);
    cli_fail_path(PROGRAM, arguments->index, &error);
    return CLI_ERROR;
  }
  printf("OK: %llu articles in %llu segments, commit %llu\n", (unsigned long long)stats.articles,
         (unsigned long long)stats.segments, (unsigned long long)stats.commit);
  return CLI_FOUND;
}
