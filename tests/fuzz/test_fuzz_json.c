/*
 * test_fuzz_json.c - JSON lines: the first byte is the size of the pieces the input comes in; the
 * articles and complaints must not depend on it. Stored fields are a JSON object that reads back as
 * itself.
 */
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/fuzz_source.h"

static char *padded(const void *data, size_t bytes) {
  char *copy = malloc(bytes + SY_INPUT_JSON_PADDING);
  fuzz_check(copy != NULL);
  if (bytes) memcpy(copy, data, bytes);
  memset(copy + bytes, 0, SY_INPUT_JSON_PADDING);
  return copy;
}

/* One line by itself, and its fields as a line again. */
static void parse_line(const uint8_t *data, size_t bytes) {
  sy_input_json_names names = {{"id", 2}, {"title", 5}, {"body", 4}};
  sy_input_json_names none = {{"\x01", 1}, {"\x02", 1}, {"\x03", 1}};
  sy_input_json *json = sy_input_json_create(&names), *second = sy_input_json_create(&none);
  sy_input_json_record record, again;
  const char *reason = NULL;
  char *line = padded(data, bytes);
  fuzz_check(json && second);
  sy_status status = sy_input_json_parse(json, line, bytes, &record, &reason);
  fuzz_check(status == SY_OK || (status == SY_BAD_INPUT && reason && reason[0]));
  if (status == SY_OK && record.article.fields.bytes) {
    sy_string fields = record.article.fields;
    char *copy = padded(fields.data, fields.bytes);
    fuzz_check(sy_input_json_parse(second, copy, fields.bytes, &again, &reason) == SY_OK);
    fuzz_check(again.article.fields.bytes == fields.bytes);
    fuzz_check(!memcmp(again.article.fields.data, fields.data, fields.bytes));
    free(copy);
  }
  free(line);
  sy_input_json_free(json);
  sy_input_json_free(second);
}

const uint32_t fuzz_mutations = 20000;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
  fuzz_input in = {data, data + bytes};
  size_t piece = 1 + fuzz_u8(&in);
  fuzz_check(fuzz_read_pieces(sy_input_read_lines, in.at, fuzz_left(&in), piece) == SY_OK);
  parse_line(in.at, fuzz_left(&in));
  return 0;
}

void fuzz_seeds(fuzz_give *give, void *context) {
  static const char *const seeds[] = {
      "\x05{\"id\": \"1\", \"title\": \"機器\", \"body\": \"學習\\n\\u6a5f\", \"url\": \"x\"}\n",
      "\x01{\"id\": 12, \"body\": \"a\"}\r\n\n{\"title\": null, \"body\": \"b\"}\n{bad\n",
      "\x10{\"body\": \"\\ud83d\\ude00 \\ud83d \\\"\\\\\\/\\b\\f\\t\", \"n\": -1.50e+3, \"t\": "
      "true}",
      "\xff{\"a\\u0062\": 1, \"body\": \"x\", \"x\": [1, {\"y\": [[]]}], \"z\": {}, \"b\": null}",
      "\x03[1]\n\"x\"\n{}\n{} {}\n{\"body\": \"\xff\"}\n{\"id\": [], \"body\": \"\"}\n",
      "\x40{\"id\": true, \"body\": 3}\n{\"id\": \"\", \"body\": "
      "\"x\"}\n{\"body\":\"a\",\"body\":\"b\"}",
      "\x07{\"body\": \"x\", \"n\": 01}\n{\"body\": \"x\", \"n\": 1e999}\n{\"body\": tru}\n",
  };
  for (size_t i = 0; i < sizeof seeds / sizeof *seeds; i++)
    give(context, seeds[i], strlen(seeds[i]));
}
