/*
 * tool_doc.c - suoyin-tool doc: a stored article. For people: the title, a blank line, the text. As
 * JSON: {"id", "title", "body", "fields"}.
 */
#include "tools/tool.h"

#include <string.h>
#include <unistd.h>

static void print_text(const sy_article *article) {
  if (isatty(STDOUT_FILENO)) {
    cli_put_clean(stdout, article->title, CLI_LINE);
    fputs("\n\n", stdout);
    cli_put_clean(stdout, article->body, CLI_PARAGRAPHS);
  } else {
    fwrite(article->title.data, 1, article->title.bytes, stdout);
    fputs("\n\n", stdout);
    fwrite(article->body.data, 1, article->body.bytes, stdout);
  }
  if (!article->body.bytes || article->body.data[article->body.bytes - 1] != '\n') putchar('\n');
}

static void print_json(const sy_article *article) {
  fputs("{\"id\": ", stdout);
  cli_put_json_string(stdout, article->id);
  fputs(", \"title\": ", stdout);
  cli_put_json_string(stdout, article->title);
  fputs(", \"body\": ", stdout);
  cli_put_json_string(stdout, article->body);
  fputs(", \"fields\": ", stdout);
  cli_put_json_object(stdout, article->fields);
  fputs("}\n", stdout);
}

int tool_doc(const tool_arguments *arguments) {
  sy_index *index = tool_open(arguments);
  if (!index) return CLI_ERROR;
  const char *id = arguments->operands[0];
  uint64_t number = 0;
  sy_article article = {0};
  sy_error error = {0};
  sy_status status = sy_index_find(index, (sy_string){id, strlen(id)}, &number, &error);
  bool known = status != SY_NOT_FOUND;
  if (status == SY_OK) status = sy_index_article(index, number, &article, &error);
  if (status == SY_OK) {
    if (arguments->json) {
      print_json(&article);
    } else {
      print_text(&article);
    }
  }
  sy_index_close(index);
  if (status == SY_OK) return CLI_FOUND;
  if (known) return cli_fail_path(PROGRAM, arguments->index, &error);
  fprintf(stderr, PROGRAM ": ");
  cli_put_clean(stderr, (sy_string){id, strlen(id)}, CLI_LINE);
  fputs(": no such article\n", stderr);
  return CLI_NOTHING;
}
