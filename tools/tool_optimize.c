/* tool_optimize.c - suoyin-tool optimize: articles that share terms are put near each other. */
#include "tools/tool.h"

int tool_optimize(const tool_arguments *arguments) {
  sy_writer *writer = NULL;
  sy_error error = {0};
  sy_status status = sy_writer_open(arguments->index, &arguments->writer, &writer, &error);
  if (status == SY_OK) status = sy_writer_optimize(writer, &error);
  sy_writer_close(writer);
  return status == SY_OK ? CLI_FOUND : cli_fail_path(PROGRAM, arguments->index, &error);
}
