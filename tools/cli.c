/* cli.c - what the programs share; see cli.h. */
#include "tools/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <jansson.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- Options ---- */

static const cli_option *option_of(const cli_option *options, int code) {
  while (options->name && options->code != code) options++;
  return options;
}

/* `letters` and `longs` as getopt_long() wants them; in the order given, errors reported by us:
 * getopt would print what it was given as it is. */
static void make_tables(const cli_option *options, char *letters, struct option *longs) {
  size_t count = 0;
  *letters++ = ':';
  for (; options->name && count < CLI_OPTIONS_MAX; options++) {
    int has_argument = options->argument ? required_argument : no_argument;
    longs[count++] = (struct option){options->name, has_argument, NULL, options->code};
    if (options->code >= 256) continue;
    *letters++ = (char)options->code;
    if (options->argument) *letters++ = ':';
  }
  longs[count] = (struct option){0};
  *letters = 0;
}

static int option_error(const char *program, int code, const char *given) {
  if (code == ':') return cli_usage_error(program, "option '%s' requires an argument", given);
  if (optopt && optopt < 256 && given[0] == '-' && given[1] != '-') {
    return cli_usage_error(program, "invalid option -- '%c'", optopt);
  }
  return cli_usage_error(program, "unrecognized option '%s'", given);
}

int cli_parse_options(const char *program, int count, char **arguments, const cli_option *options,
                      bool (*set)(void *context, int code, const char *value), void *context) {
  char letters[2 * CLI_OPTIONS_MAX + 2];
  struct option longs[CLI_OPTIONS_MAX + 1];
  make_tables(options, letters, longs);
  opterr = 0;
  optind = 0; /* from the beginning, also when called a second time (GNU, musl) */
  for (int code; (code = getopt_long(count, arguments, letters, longs, NULL)) != -1;) {
    if (code == '?' || code == ':') {
      option_error(program, code, arguments[optind - 1]);
      return -1;
    }
    if (set(context, code, optarg)) continue;
    const cli_option *option = option_of(options, code);
    cli_usage_error(program, "--%s: \"%s\" is not possible (%s: %s)", option->name,
                    optarg ? optarg : "", option->argument ? option->argument : "", option->help);
    return -1;
  }
  return optind;
}

void cli_print_options(FILE *out, const cli_option *options) {
  for (; options->name; options++) {
    char left[64];
    char letter = options->code < 256 ? (char)options->code : ' ';
    snprintf(left, sizeof left, "%c%c%c --%s%s%s", letter == ' ' ? ' ' : '-', letter,
             letter == ' ' ? ' ' : ',', options->name, options->argument ? " " : "",
             options->argument ? options->argument : "");
    fprintf(out, "  %-26s %s\n", left, options->help);
  }
}

bool cli_parse_number(const char *text, uint64_t low, uint64_t high, uint64_t *out) {
  if (*text < '0' || *text > '9') return false;
  char *end;
  errno = 0;
  unsigned long long value = strtoull(text, &end, 10);
  if (errno || *end || value < low || value > high) return false;
  *out = value;
  return true;
}

bool cli_parse_size(const char *text, uint64_t *out) {
  char *end;
  errno = 0;
  unsigned long long value = strtoull(text, &end, 10);
  if (errno || end == text || *text == '-') return false;
  static const char suffixes[] = "KMGT";
  int shift = 0;
  if (*end) {
    char upper = *end >= 'a' ? (char)(*end - 'a' + 'A') : *end;
    const char *suffix = strchr(suffixes, upper);
    if (!suffix || end[1]) return false;
    shift = (int)(suffix - suffixes + 1) * 10;
  }
  if (value > UINT64_MAX >> shift) return false;
  *out = value << shift;
  return true;
}

bool cli_parse_duration(const char *text, uint64_t *milliseconds) {
  static const struct {
    const char *name;
    uint64_t milliseconds;
  } units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}};
  char number[16] = {0};
  size_t digits = strspn(text, "0123456789");
  if (digits >= sizeof number) return false;
  memcpy(number, text, digits);
  for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
    if (strcmp(text + digits, units[i].name)) continue;
    if (!cli_parse_number(number, 0, UINT32_MAX, milliseconds)) return false;
    *milliseconds *= units[i].milliseconds;
    return true;
  }
  return false;
}

const char *cli_index_path(const char *given) {
  const char *path = given ? given : getenv("SUOYIN_INDEX");
  return path && *path ? path : "suoyin.idx";
}

/* ---- Starting, failing, finishing ---- */

/* The reader of our output has what it wants ("| head"): what is left over interests nobody. */
static void on_broken_pipe(int number) {
  (void)number;
  _exit(CLI_FOUND);
}

/* A standard descriptor that the caller closed would be that of the next file opened: a message
 * would be written into the index. Opened the wrong way, so that its use still is an error. */
static void hold_standard_descriptors(void) {
  for (int descriptor = STDIN_FILENO; descriptor <= STDERR_FILENO; descriptor++) {
    if (fcntl(descriptor, F_GETFD) >= 0) continue;
    int way = descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY;
    if (open("/dev/null", way) != descriptor) _exit(CLI_ERROR);
  }
}

void cli_start(void) {
  hold_standard_descriptors();
  struct sigaction action = {.sa_handler = on_broken_pipe};
  sigemptyset(&action.sa_mask);
  sigaction(SIGPIPE, &action, NULL);
  signal(SIGXFSZ, SIG_IGN);         /* a limit of file size is an error of write() */
  setvbuf(stderr, NULL, _IOLBF, 0); /* messages are put together from characters */
  if (!isatty(STDOUT_FILENO)) setvbuf(stdout, NULL, _IOFBF, 1 << 16);
}

int cli_fail(const char *program, const sy_error *error) {
  char text[sizeof error->file + sizeof error->reason + 64];
  sy_error_format(error, text, sizeof text);
  fprintf(stderr, "%s: ", program);
  cli_put_clean(stderr, (sy_string){text, strlen(text)}, CLI_LINE);
  fputc('\n', stderr);
  return CLI_ERROR;
}

int cli_fail_path(const char *program, const char *path, sy_error *error) {
  if (!error->file[0]) snprintf(error->file, sizeof error->file, "%s", path);
  return cli_fail(program, error);
}

int cli_usage_error(const char *program, const char *format, ...) {
  char text[1024];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  fprintf(stderr, "%s: ", program);
  cli_put_clean(stderr, (sy_string){text, strlen(text)}, CLI_LINE);
  fprintf(stderr, "\nTry '%s --help'.\n", program);
  return CLI_ERROR;
}

int cli_finish(const char *program, int code) {
  bool failed_before = ferror(stdout);
  errno = 0;
  if (!fflush(stdout) && !failed_before) return code;
  fprintf(stderr, "%s: standard output: %s\n", program, errno ? strerror(errno) : "write error");
  return CLI_ERROR;
}

/* ---- Characters ---- */

uint32_t cli_decode(sy_string text, size_t offset, size_t *length) {
  const unsigned char *s = (const unsigned char *)text.data + offset;
  *length = 1;
  if (s[0] < 0x80) return s[0];
  size_t wanted = s[0] >= 0xF0 ? 4 : s[0] >= 0xE0 ? 3 : 2;
  if (s[0] < 0xC2 || s[0] > 0xF4 || wanted > text.bytes - offset) return 0xFFFD;
  uint32_t code = s[0] & (0x7Fu >> wanted);
  for (size_t i = 1; i < wanted; i++) {
    if ((s[i] & 0xC0) != 0x80) return 0xFFFD;
    code = code << 6 | (s[i] & 0x3F);
  }
  static const uint32_t lowest[] = {0, 0, 0x80, 0x800, 0x10000};
  if (code < lowest[wanted] || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) return 0xFFFD;
  *length = wanted;
  return code;
}

typedef struct range {
  uint32_t first, last;
} range;

static bool in_ranges(uint32_t code, const range *ranges, size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (code >= ranges[i].first && code <= ranges[i].last) return true;
  }
  return false;
}

#define IN_RANGES(code, ranges) in_ranges(code, ranges, sizeof(ranges) / sizeof *(ranges))

/* Coarser than UAX #11, but independent of the locale, and right for what a caret line meets. */
int cli_width(uint32_t code) {
  static const range none[] = {
      {0x300, 0x36F},   {0x483, 0x489},   {0x1AB0, 0x1AFF},   {0x1DC0, 0x1DFF},  {0x200B, 0x200F},
      {0x2060, 0x2064}, {0x20D0, 0x20FF}, {0x302A, 0x302F},   {0x3099, 0x309A},  {0xFE00, 0xFE0F},
      {0xFE20, 0xFE2F}, {0xFEFF, 0xFEFF}, {0x1F3FB, 0x1F3FF}, {0xE0000, 0xE0FFF}};
  static const range wide[] = {{0x1100, 0x115F},   {0x2329, 0x232A},   {0x2E80, 0x303E},
                               {0x3041, 0xA4CF},   {0xA960, 0xA97F},   {0xAC00, 0xD7A3},
                               {0xF900, 0xFAFF},   {0xFE10, 0xFE19},   {0xFE30, 0xFE6F},
                               {0xFF01, 0xFF60},   {0xFFE0, 0xFFE6},   {0x16FE0, 0x18DFF},
                               {0x1AFF0, 0x1B2FF}, {0x1F300, 0x1F64F}, {0x1F680, 0x1F6FF},
                               {0x1F900, 0x1FAFF}, {0x20000, 0x3FFFD}};
  if (code < 0x300) return 1;
  if (IN_RANGES(code, none)) return 0;
  return IN_RANGES(code, wide) ? 2 : 1;
}

/* Explicit directional marks, embeddings, overrides and isolates. */
static bool is_bidi_control(uint32_t code) {
  static const range controls[] = {
      {0x61C, 0x61C}, {0x200E, 0x200F}, {0x202A, 0x202E}, {0x2066, 0x2069}};
  return IN_RANGES(code, controls);
}

/* C0, DEL and C1: the last can begin an escape sequence, too. */
static bool is_control(uint32_t code) { return code < 0x20 || (code >= 0x7F && code < 0xA0); }

uint32_t cli_clean(uint32_t code, cli_layout layout) {
  bool line_end = code == '\n' || code == 0x85 || code == 0x2028 || code == 0x2029;
  if (layout == CLI_PARAGRAPHS && line_end) return '\n';
  if (layout == CLI_PARAGRAPHS && code == '\t') return '\t';
  if (line_end || code == '\t' || code == '\r') return ' ';
  return is_control(code) || is_bidi_control(code) ? 0xFFFD : code;
}

void cli_put_character(FILE *out, uint32_t code) {
  if (code < 0x80) {
    fputc((int)code, out);
    return;
  }
  if (code < 0x800) {
    fputc((int)(0xC0 | code >> 6), out);
  } else if (code < 0x10000) {
    fputc((int)(0xE0 | code >> 12), out);
    fputc((int)(0x80 | (code >> 6 & 0x3F)), out);
  } else {
    fputc((int)(0xF0 | code >> 18), out);
    fputc((int)(0x80 | (code >> 12 & 0x3F)), out);
    fputc((int)(0x80 | (code >> 6 & 0x3F)), out);
  }
  fputc((int)(0x80 | (code & 0x3F)), out);
}

void cli_put_clean(FILE *out, sy_string text, cli_layout layout) {
  for (size_t at = 0, length; at < text.bytes; at += length) {
    uint32_t code = cli_decode(text, at, &length);
    bool pair = code == '\r' && at + 1 < text.bytes && text.data[at + 1] == '\n';
    if (!pair) cli_put_character(out, cli_clean(code, layout));
  }
}

void cli_put_data(FILE *out, sy_string text, bool terminal) {
  if (terminal) {
    cli_put_clean(out, text, CLI_LINE);
  } else {
    fwrite(text.data, 1, text.bytes, out);
  }
}

/* ---- HTML ---- */

void cli_put_html(FILE *out, sy_string text) {
  for (size_t at = 0, length; at < text.bytes; at += length) {
    uint32_t code = cli_decode(text, at, &length);
    switch (code) {
      case '&': fputs("&amp;", out); break;
      case '<': fputs("&lt;", out); break;
      case '>': fputs("&gt;", out); break;
      case '"': fputs("&quot;", out); break;
      case '\'': fputs("&#39;", out); break;
      default: cli_put_character(out, cli_clean(code, CLI_LINE));
    }
  }
}

/* ---- JSON ---- */

/* Written here and not by jansson, which passes DEL, C1 and bidi controls through and refuses text
 * that is no UTF-8. */
static void put_json_character(FILE *out, uint32_t code) {
  if (is_control(code) || is_bidi_control(code)) {
    fprintf(out, "\\u%04x", (unsigned)code);
  } else {
    cli_put_character(out, code);
  }
}

void cli_put_json_string(FILE *out, sy_string text) {
  fputc('"', out);
  for (size_t at = 0, length; at < text.bytes; at += length) {
    uint32_t code = cli_decode(text, at, &length);
    const char *short_form = code == '\n'   ? "\\n"
                             : code == '\t' ? "\\t"
                             : code == '\r' ? "\\r"
                                            : NULL;
    if (short_form) {
      fputs(short_form, out);
      continue;
    }
    if (code == '"' || code == '\\') fputc('\\', out);
    put_json_character(out, code);
  }
  fputc('"', out);
}

/* The text goes out as it came, not through jansson's values, which would turn 0.1 into
 * 0.10000000000000001 and refuse large integers. Jansson says whether it is an object. White space
 * between tokens is the only place for control characters in valid JSON. */
void cli_put_json_object(FILE *out, sy_string text) {
  if (!text.bytes) {
    fputs("{}", out);
    return;
  }
  size_t flags = JSON_DECODE_INT_AS_REAL | JSON_ALLOW_NUL;
  json_t *parsed = json_loadb(text.data, text.bytes, flags, NULL);
  bool valid = json_is_object(parsed);
  json_decref(parsed);
  if (!valid) {
    cli_put_json_string(out, text);
    return;
  }
  for (size_t at = 0, length; at < text.bytes; at += length) {
    uint32_t code = cli_decode(text, at, &length);
    if (code < 0x20) {
      fputc(' ', out);
    } else {
      put_json_character(out, code);
    }
  }
}
