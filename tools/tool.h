/* tool.h - what the files of suoyin-tool share: one file per command, one table in main.c. */
#ifndef SY_TOOL_H
#define SY_TOOL_H

#include "suoyin.h"
#include "tools/cli.h"

#define PROGRAM "suoyin-tool"

/* What the command line said behind the command. */
typedef struct tool_arguments {
  const char *index; /* path */
  bool json;
  uint64_t limit;           /* UINT64_MAX: none given */
  sy_writer_options writer; /* of commands that write */
  char **operands;
  int operand_count;
} tool_arguments;

/* Each runs one command, prints its own errors and returns the exit status. */
int tool_stats(const tool_arguments *arguments);
int tool_check(const tool_arguments *arguments);
int tool_terms(const tool_arguments *arguments);
int tool_doc(const tool_arguments *arguments);
int tool_merge(const tool_arguments *arguments);
int tool_optimize(const tool_arguments *arguments);

/* Opens the index; NULL after an error, which is printed. Owned by the caller: sy_index_close(). */
sy_index *tool_open(const tool_arguments *arguments);

#endif
