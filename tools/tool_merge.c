/* tool_merge.c - suoyin-tool merge: few segments search faster and drop what was deleted. */
#include "tools/tool.h"

int tool_merge(const tool_arguments *arguments) {
  uint64_t segments = 1;
  if (arguments->operand_count &&
      !cli_parse_number(arguments->operands[0], 1, UINT32_MAX, &segments)) {
    return cli_usage_error(PROGRAM, "merge: \"%s\" is no number of segments",
                           arguments->operands[0]);
  }
  sy_writer *writer = NULL;
  sy_error error = {0};
  sy_status status = sy_writer_open(arguments->index, &arguments->writer, &writer, &error);
  if (status == SY_OK) status = sy_writer_merge(writer, (uint32_t)segments, &error);
  sy_writer_close(writer);
  return status == SY_OK ? CLI_FOUND : cli_fail_path(PROGRAM, arguments->index, &error);
}
