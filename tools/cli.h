/*
 * cli.h - what the programs share: options from a table, safe output to terminals, JSON, exit
 * statuses. Linked into programs only; knows of the engine what suoyin.h says.
 */
#ifndef SY_CLI_H
#define SY_CLI_H

#include "suoyin.h"

#include <stdio.h>

/* Exit statuses: grep's, and one for what was cut short. */
enum { CLI_FOUND = 0, CLI_NOTHING = 1, CLI_ERROR = 2, CLI_TIMED_OUT = 3 };

/* ---- Options ---- */

/* One option: parsing and help are made from a table of these that ends with a name of NULL. */
typedef struct cli_option {
  int code; /* below 256: also its letter */
  const char *name;
  const char *argument; /* what --help calls it; NULL: takes none */
  const char *help;
} cli_option;

enum { CLI_OPTIONS_MAX = 64 };

/* Reads the options of `arguments` (arguments[0] is skipped), permuting them to the front, and
 * calls `set` for each; `set` returns false when the value is not possible. Messages go to stderr
 * under the name `program`. Returns the index of the first operand, or -1 after an error. */
int cli_parse_options(const char *program, int count, char **arguments, const cli_option *options,
                      bool (*set)(void *context, int code, const char *value), void *context);

void cli_print_options(FILE *out, const cli_option *options);

bool cli_parse_number(const char *text, uint64_t low, uint64_t high, uint64_t *out);
/* A number of bytes, as in 512M, 2G or 1048576. */
bool cli_parse_size(const char *text, uint64_t *out);

/* A whole number with its unit, as in 500ms, 2s or 1m, in milliseconds. */
bool cli_parse_duration(const char *text, uint64_t *milliseconds);

/* The index meant: `given`, else $SUOYIN_INDEX, else ./suoyin.idx. */
const char *cli_index_path(const char *given);

/* ---- Starting, failing, finishing ---- */

/* Makes a broken pipe a quiet success; buffers stdout fully unless a terminal, stderr by lines;
 * takes the place of standard descriptors that are closed. */
void cli_start(void);

/* Prints "program: file:line: reason" with nothing in it that moves a terminal.
 * Returns CLI_ERROR. */
int cli_fail(const char *program, const sy_error *error);

/* As cli_fail(), naming `path` when the error names no file. */
int cli_fail_path(const char *program, const char *path, sy_error *error);

/* In a function that returns a sy_status: hands a failure on. */
#define CLI_TRY(expression)                       \
  do {                                            \
    sy_status cli_status_ = (expression);         \
    if (cli_status_ != SY_OK) return cli_status_; \
  } while (0)

/* Prints "program: message" and a hint at --help. Returns CLI_ERROR. */
int cli_usage_error(const char *program, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Flushes stdout. Returns `code`, or CLI_ERROR with a message when what was printed could not be
 * written. */
int cli_finish(const char *program, int code);

/* ---- Characters ---- */

/* Decodes one character of `text` at `offset` (below text.bytes) and stores its length in bytes; a
 * byte that is no UTF-8 is U+FFFD of length 1. */
uint32_t cli_decode(sy_string text, size_t offset, size_t *length);

/* Columns of a terminal that the character takes: 0, 1 or 2. */
int cli_width(uint32_t code);

/* How text is printed for people: what could move the cursor, change colours or reorder the line
 * comes out as U+FFFD, as do bytes that are no UTF-8. CLI_LINE makes a blank of tabs and line ends,
 * too. */
typedef enum cli_layout { CLI_LINE, CLI_PARAGRAPHS } cli_layout;

uint32_t cli_clean(uint32_t code, cli_layout layout);
void cli_put_character(FILE *out, uint32_t code);
void cli_put_clean(FILE *out, sy_string text, cli_layout layout);

/* Cleaned to one line for a terminal, else as it is, for programs. */
void cli_put_data(FILE *out, sy_string text, bool terminal);

/* ---- HTML ---- */

/* Cleaned character by character, tabs and line ends as blanks, and escaped: for the content of an
 * element or a quoted attribute. */
void cli_put_html(FILE *out, sy_string text);

/* ---- JSON ---- */

/* A JSON string. Controls and bidi controls are escaped; bytes that are no UTF-8 become U+FFFD. */
void cli_put_json_string(FILE *out, sy_string text);

/* A stored JSON object on one line, in the words it was written in; {} for an empty string; as a
 * JSON string when it is no JSON object. */
void cli_put_json_object(FILE *out, sy_string text);

#endif
