/* tool_stats.c - suoyin-tool stats: what an index holds and what it weighs. */
#include "tools/tool.h"

typedef struct row {
  const char *name;  /* in JSON */
  const char *label; /* for people */
  uint64_t value;
} row;

enum { COUNT_ROWS = 11, BYTE_ROWS = 10, FILE_ROWS = 3 }; /* of bytes, the last are the file's */

static void print_json(const row *counts, const row *bytes, double per_posting,
                       double per_position) {
  putchar('{');
  for (size_t i = 0; i < COUNT_ROWS; i++) {
    printf("\"%s\": %llu, ", counts[i].name, (unsigned long long)counts[i].value);
  }
  fputs("\"bytes\": {", stdout);
  for (size_t i = 0; i < BYTE_ROWS; i++) {
    printf("%s\"%s\": %llu", i ? ", " : "", bytes[i].name, (unsigned long long)bytes[i].value);
  }
  printf("}, \"bytes_per_posting\": %.4f, \"bytes_per_position\": %.4f}\n", per_posting,
         per_position);
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

static void print_text(const row *counts, const row *bytes, double per_posting, double per_position,
                       uint32_t rules) {
  for (size_t i = 0; i < COUNT_ROWS; i++) {
    if (counts[i].label)
      printf("%-20s %16llu\n", counts[i].label, (unsigned long long)counts[i].value);
  }
  print_rules(rules);
  uint64_t parts = 0;
  for (size_t i = 0; i < BYTE_ROWS - FILE_ROWS; i++) parts += bytes[i].value;
  fputs("\nbytes\n", stdout);
  for (size_t i = 0; i < BYTE_ROWS; i++) {
    printf("  %-18s %16llu", bytes[i].label, (unsigned long long)bytes[i].value);
    if (i < BYTE_ROWS - FILE_ROWS && parts)
      printf("  %5.1f%%", 100.0 * (double)bytes[i].value / (double)parts);
    putchar('\n');
  }
  printf("  %-18s %16.3f\n  %-18s %16.3f\n", "per posting", per_posting, "per position",
         per_position);
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
      {"file", "file in use", s.bytes_file},
      {"free", "of these, free", s.bytes_free},
      {"held", "held by readers", s.bytes_held},
  };
  double per_posting = ratio(s.bytes_postings, s.postings);
  double per_position = ratio(s.bytes_positions, s.positions);
  if (arguments->json) {
    print_json(counts, bytes, per_posting, per_position);
  } else {
    print_text(counts, bytes, per_posting, per_position, s.text_rules);
  }
  sy_index_close(index);
  return CLI_FOUND;
}
