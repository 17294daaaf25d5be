/*
 * readings_gen.c - writes readings_tables.c: the pinyin syllables that exist, and the characters
 * that are read so (readings.h). Runs once, when Suoyin is built, over Unicode's
 * Unihan_Readings.txt.
 *
 * Syllables come from all five fields of Mandarin readings. A character's readings come from the
 * four modern ones (kMandarin, kHanyuPinlu, kTGHZ2013, kXHC1983); only a character that has none of
 * these takes those of kHanyuPinyin, which are many and mostly historical.
 */
#include "text/readings.h"

#include "text/tables.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#define UNIHAN_READINGS "/usr/share/unicode/Unihan_Readings.txt"
#define MAX_SYLLABLES 1024
#define MAX_READINGS (1u << 18)

__attribute__((noreturn, format(printf, 1, 2))) static void die(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fputs("readings_gen: ", stderr);
  vfprintf(stderr, format, arguments);
  fputc('\n', stderr);
  va_end(arguments);
  exit(1);
}

typedef struct reading {
  uint16_t syllable;
  uint32_t c;
  bool neutral, historical;
} reading;

typedef struct readings {
  char syllables[MAX_SYLLABLES][8];
  size_t syllable_count;
  reading list[MAX_READINGS];
  size_t count;
  bool modern[SY_READING_CODE + 1]; /* by code point: has a modern reading */
} readings;

/* Spells one reading of Unihan ("jī", "lǜ") without its tone. Returns whether it had one. */
static bool spell(const char *text, char plain[8]) {
  bool tone = false;
  size_t length = 0;
  utf8proc_uint8_t *decomposed = NULL;
  utf8proc_ssize_t n = utf8proc_map((const utf8proc_uint8_t *)text, (utf8proc_ssize_t)strlen(text),
                                    &decomposed, UTF8PROC_STABLE | UTF8PROC_DECOMPOSE);
  if (n < 0) die("utf8proc failed on a reading");
  for (utf8proc_ssize_t at = 0; at < n;) {
    utf8proc_int32_t c;
    at += utf8proc_iterate(decomposed + at, n - at, &c);
    if (c == 0x308 && length && plain[length - 1] == 'u') {
      plain[length - 1] = 'v';
    } else if (c >= 0x300 && c < 0x370) {
      tone = true;
    }
    if (c >= 'a' && c <= 'z' && length < SY_SYLLABLE_MAX_BYTES) plain[length++] = (char)c;
  }
  free(decomposed);
  plain[length] = 0;
  return tone;
}

static uint16_t syllable_number(readings *r, const char *plain) {
  for (size_t i = 0; i < r->syllable_count; i++) {
    if (!strcmp(r->syllables[i], plain)) return (uint16_t)i;
  }
  if (r->syllable_count == MAX_SYLLABLES) die("too many syllables");
  strcpy(r->syllables[r->syllable_count], plain);
  return (uint16_t)r->syllable_count++;
}

/* Adds a reading of the character. kMandarin leaves out the tone of many characters that have no
 * neutral one. */
static void add_reading(readings *r, uint32_t c, const char *word, const char *property) {
  char plain[8];
  bool tone = spell(word, plain), historical = !strcmp(property, "kHanyuPinyin");
  bool neutral = !tone && !historical && strcmp(property, "kMandarin") != 0;
  if (!plain[0]) return;
  if (r->count + 1 > MAX_READINGS) die("too many readings");
  uint16_t syllable = syllable_number(r, plain);
  if (!historical) r->modern[c] = true;
  r->list[r->count++] = (reading){syllable, c, neutral, historical};
}

/* A line is U+XXXX TAB property TAB value; readings stand in the value between blanks, commas,
 * colons and parentheses, among numbers. */
static void add_line(readings *r, char *line) {
  static const char *const wanted[] = {"kMandarin", "kHanyuPinyin", "kTGHZ2013", "kXHC1983",
                                       "kHanyuPinlu"};
  char *property = strchr(line, '\t');
  if (line[0] != 'U' || !property) return;
  char *value = strchr(++property, '\t');
  if (!value) return;
  *value++ = 0;
  uint32_t c = (uint32_t)strtoul(line + 2, NULL, 16);
  bool known = false;
  for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) known |= !strcmp(property, wanted[i]);
  if (!known || c > SY_READING_CODE) return;
  for (char *word = strtok(value, " ,:()"); word; word = strtok(NULL, " ,:()")) {
    bool number = (unsigned char)word[0] < 0x80 && (word[0] < 'a' || word[0] > 'z');
    if (!number) add_reading(r, c, word, property);
  }
}

/* Debian ships the file compressed with bzip2; libarchive reads either. */
static char *read_unihan(void) {
  struct archive *a = archive_read_new();
  archive_read_support_filter_all(a);
  archive_read_support_format_raw(a);
  struct archive_entry *entry;
  if (archive_read_open_filename(a, UNIHAN_READINGS ".bz2", 1 << 16) != ARCHIVE_OK &&
      archive_read_open_filename(a, UNIHAN_READINGS, 1 << 16) != ARCHIVE_OK) {
    die("cannot read %s[.bz2]: %s", UNIHAN_READINGS, archive_error_string(a));
  }
  if (archive_read_next_header(a, &entry) != ARCHIVE_OK) die("%s", archive_error_string(a));
  size_t capacity = 64u << 20, length = 0; /* the file has 7 MB */
  char *text = malloc(capacity + 1);
  if (!text) die("out of memory");
  for (la_ssize_t n = 1; n > 0; length += (size_t)n) {
    n = archive_read_data(a, text + length, capacity - length);
    if (n < 0) die("cannot read Unihan readings: %s", archive_error_string(a));
  }
  if (length == capacity) die("%s is too large", UNIHAN_READINGS);
  archive_read_free(a);
  text[length] = 0;
  return text;
}

static int compare_readings(const void *a, const void *b) {
  const reading *x = a, *y = b;
  if (x->syllable != y->syllable) return x->syllable < y->syllable ? -1 : 1;
  return x->c < y->c ? -1 : x->c > y->c;
}

static int compare_text(const void *a, const void *b) { return strcmp(a, b); }

/* Leaves out historical readings of characters that have modern ones; adds folded characters. */
static void select_readings(readings *r) {
  size_t kept = 0, count;
  for (size_t i = 0; i < r->count; i++) {
    if (!r->list[i].historical || !r->modern[r->list[i].c]) r->list[kept++] = r->list[i];
  }
  count = kept;
  for (size_t i = 0; i < count; i++) {
    reading folded = r->list[i];
    uint32_t entry = sy_fold_entry(&sy_fold_tables[3], folded.c);
    if (entry >> SY_CLASS_SHIFT != SY_CLASS_CHINESE) continue;
    folded.c = sy_folded(folded.c, entry);
    if (folded.c == r->list[i].c) continue;
    if (kept == MAX_READINGS) die("too many readings");
    r->list[kept++] = folded;
  }
  r->count = kept;
}

static void print_readings(readings *r) {
  static char sorted[MAX_SYLLABLES][8];
  static uint16_t place[MAX_SYLLABLES];
  static uint32_t first[MAX_SYLLABLES + 1];
  memcpy(sorted, r->syllables, sizeof sorted);
  qsort(sorted, r->syllable_count, sizeof *sorted, compare_text);
  for (size_t i = 0; i < r->syllable_count; i++) {
    char(*found)[8] = bsearch(r->syllables[i], sorted, r->syllable_count, 8, compare_text);
    place[i] = (uint16_t)(found - sorted);
  }
  for (size_t i = 0; i < r->count; i++) r->list[i].syllable = place[r->list[i].syllable];
  qsort(r->list, r->count, sizeof *r->list, compare_readings);
  printf("const uint32_t sy_readings[] = {");
  uint32_t printed = 0;
  for (size_t i = 0, next; i < r->count; i = next) {
    bool neutral = false;
    for (next = i; next < r->count && !compare_readings(&r->list[i], &r->list[next]); next++)
      neutral |= r->list[next].neutral;
    printf("%s0x%x,", printed % 12 ? "" : "\n", r->list[i].c | (neutral ? SY_READING_NEUTRAL : 0));
    first[r->list[i].syllable + 1] = ++printed;
  }
  for (size_t s = 0; s < r->syllable_count; s++) { /* syllables without characters */
    if (first[s + 1] < first[s]) first[s + 1] = first[s];
  }
  printf("\n};\nconst sy_syllable sy_syllables[] = {\n");
  for (size_t s = 0; s < r->syllable_count; s++) printf("{\"%s\", %u},\n", sorted[s], first[s]);
  printf("{\"\", %u}};\nconst size_t sy_syllable_count = %zu;\n", first[r->syllable_count],
         r->syllable_count);
}

int main(void) {
  static readings r;
  char *text = read_unihan();
  for (char *line = text; line && *line;) {
    char *end = strchr(line, '\n');
    if (end) *end++ = 0;
    add_line(&r, line);
    line = end;
  }
  free(text);
  if (r.syllable_count < 350) die("only %zu syllables in %s", r.syllable_count, UNIHAN_READINGS);
  select_readings(&r);
  printf("/* Generated by text/readings_gen.c; do not edit. */\n#include \"text/readings.h\"\n\n");
  print_readings(&r);
  return ferror(stdout) || fflush(stdout) ? 1 : 0;
}
