/*
 * example.c - the library in one page: makes an index, adds three articles, searches them and
 * prints what was found with the matches in brackets. Built by `make` as build/example; on its own:
 *
 *   cc example.c $(pkg-config --cflags --libs suoyin)
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <suoyin.h>

#define TRY(call) \
  if ((call) != SY_OK) give_up(&error)

static void give_up(const sy_error *error) {
  char text[1100];
  fprintf(stderr, "example: %s\n", sy_error_format(error, text, sizeof text));
  exit(2);
}

static sy_string string_of(const char *text) { return (sy_string){text, strlen(text)}; }

static void add_articles(const char *path) {
  static const char *const articles[][3] = {
      {"zhs/1", "数据透视表", "数据透视表可以组合、比较和分析大量数据。"},
      {"zht/1", "樞紐分析表", "使用樞紐分析表，您可以組合、比較及分析大量資料。"},
      {"zhs/2", "排序", "对选中的行进行排序，不改变数据本身。"},
  };
  sy_error error;
  sy_writer *writer;
  TRY(sy_writer_open(path, NULL, &writer, &error));
  for (size_t i = 0; i < sizeof articles / sizeof *articles; i++) {
    sy_article article = {.id = string_of(articles[i][0]),
                          .title = string_of(articles[i][1]),
                          .body = string_of(articles[i][2]),
                          .fields = string_of("{}")};
    TRY(sy_writer_add(writer, &article, &error));
  }
  TRY(sy_writer_commit(writer, &error));
  sy_writer_close(writer);
}

static void print_highlighted(sy_string text, const sy_range *ranges, size_t count) {
  uint32_t at = 0;
  for (size_t i = 0; i < count; i++) {
    printf("%.*s[%.*s]", (int)(ranges[i].start - at), text.data + at,
           (int)(ranges[i].end - ranges[i].start), text.data + ranges[i].start);
    at = ranges[i].end;
  }
  printf("%.*s\n", (int)(text.bytes - at), text.data + at);
}

static void search(sy_index *index, const char *words) {
  sy_error error;
  sy_query *query;
  sy_results *results;
  sy_search_options options = SY_SEARCH_OPTIONS_DEFAULT;
  TRY(sy_query_parse(string_of(words), 0, &query, &error));
  TRY(sy_search(index, query, &options, &results, &error));
  printf("%s: %zu\n", words, sy_results_count(results));
  for (size_t i = 0; i < sy_results_count(results); i++) {
    sy_snippet snippet;
    TRY(sy_snippet_make(index, query, sy_results_hit(results, i)->article, NULL, &snippet, &error));
    printf("  %.*s  ", (int)snippet.id.bytes, snippet.id.data);
    print_highlighted(snippet.text, snippet.highlights, snippet.highlight_count);
  }
  sy_results_free(results);
  sy_query_free(query);
}

int main(int count, char **arguments) {
  const char *path = count > 1 ? arguments[1] : "example.idx";
  sy_error error;
  sy_index *index;
  add_articles(path);
  TRY(sy_index_open(path, &index, &error));
  search(index, "大量数据");
  search(index, "\"比較及分析\"");
  sy_index_close(index);
  return 0;
}
