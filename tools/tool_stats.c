/* tool_stats.c - suoyin-tool stats: what an index holds and what it weighs. */
#include "tools/tool.h"

typedef struct row {
  const char *name;  /* in JSON */
  const char *label; /* for people */
  uint64_t value;
} row;

enum { COUNT_ROWS = 11, BYTE_ROWS = 11, FILE_ROWS = 4 }; /* of bytes, the last are of all */

/* Quotients of bytes. */
typedef struct ratios {
  double per_posting, per_position;
  double amplification; /* what was written by what there is */
} ratios;

static void print_json(const row *counts, const row *bytes, const ratios *r) {
  putchar('{');
  for (size_t i = 0; i < COUNT_ROWS; i++) {
    printf("\"%s\": %llu, ", counts[i].name, (unsigned long long)counts[i].value);
  }
  fputs("\"bytes\": {", stdout);
  for (size_t i = 0; i < BYTE_ROWS; i++) {
    printf("%s\"%s\": %llu", i ? ", " : "", bytes[i].name, (unsigned long long)bytes[i].value);
  }
  printf("}, \"bytes_per_posting\": %.4f, \"bytes_per_position\": %.4f, ", r->per_posting,
         r->per_position);
  printf("\"write_amplification\": %.4f}\n", r->amplification);
}

static void print_rules(uint32_t rules) {
  static const struct {
    uint32_t flag;
    const char *name;
  } names[] = {{SY_TEXT_WIDTH, "width"},
               {SY_TEXT_VARIANTS, "variants"},
               {SY_TEXT_GLOSS, "gloss"},
               {SY_TEXT_SPACE, "space"}};
  printf("%-20s", "text rules");
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    if (rules & names[i].flag) printf(" %s", names[i].name);
  }
  putchar('\n');
}

static uint64_t bytes_of_parts(const row *bytes) {
  uint64_t sum = 0;
  for (size_t i = 0; i < BYTE_ROWS - FILE_ROWS; i++) sum += bytes[i].value;
  return sum;
}

static void print_text(const row *counts, const row *bytes, const ratios *r, uint32_t rules) {
  for (size_t i = 0; i < COUNT_ROWS; i++) {
    if (counts[i].label)
      printf("%-20s %16llu\n", counts[i].label, (unsigned long long)counts[i].value);
  }
  print_rules(rules);
  uint64_t parts = bytes_of_parts(bytes);
  fputs("\nbytes\n", stdout);
  for (size_t i = 0; i < BYTE_ROWS; i++) {
    printf("  %-18s %16llu", bytes[i].label, (unsigned long long)bytes[i].value);
    if (i < BYTE_ROWS - FILE_ROWS && parts)
      printf("  %5.1f%%", 100.0 * (double)bytes[i].value / (double)parts);
    putchar('\n');
  }
  printf("  %-18s %16.3f\n  %-18s %16.3f\n", "per posting", r->per_posting, "per position",
         r->per_position);
  printf("%-20s %16.3f\n", "write amplification", r->amplification);
}

static double ratio(uint64_t bytes, uint64_t count) {
  return count ? (double)bytes / (double)count : 0;
}

int tool_stats(const tool_arguments *arguments) {
  sy_index *index = tool_open(arguments);
  if (!index) return CLI_ERROR;
  sy_index_stats s = {0};
  sy_error error = {0};
  if (sy_index_get_stats(index, &s, &error) != SY_OK) {
    sy_index_close(index);
    return cli_fail_path(PROGRAM, arguments->index, &error);
  }
  const row counts[COUNT_ROWS] = {
      {"articles", "articles", s.articles},
      {"deleted", "deleted", s.deleted},
      {"segments", "segments", s.segments},
      {"terms", "terms", s.terms},
      {"postings", "postings", s.postings},
      {"positions", "positions", s.positions},
      {"commit", "commit", s.commit},
      {"format_version", "format version", s.format_version},
      {"text_rules", NULL, s.text_rules},
      {"readers", "other readers", s.readers},
      {"oldest_transactions", "oldest, behind", s.oldest_transactions},
  };
  const row bytes[BYTE_ROWS] = {
      {"lexicon", "lexicon", s.bytes_lexicon},
      {"postings", "postings", s.bytes_postings},
      {"positions", "positions", s.bytes_positions},
      {"lengths", "lengths", s.bytes_lengths},
      {"ids", "ids", s.bytes_ids},
      {"articles", "articles", s.bytes_articles},
      {"deletes", "deletes", s.bytes_deletes},
      {"written", "written in all", s.bytes_written},
      {"file", "file in use", s.bytes_file},
      {"free", "of these, free", s.bytes_free},
      {"held", "held by readers", s.bytes_held},
  };
  ratios r = {ratio(s.bytes_postings, s.postings), ratio(s.bytes_positions, s.positions),
              ratio(s.bytes_written, bytes_of_parts(bytes))};
  if (arguments->json) {
    print_json(counts, bytes, &r);
  } else {
    print_text(counts, bytes, &r, s.text_rules);
  }
  sy_index_close(index);
  return CLI_FOUND;
}
