/*
 * input_json.cc - simdjson's On-Demand parser behind input_json.h. Nothing here throws, and
 * nothing of C++ leaves it.
 *
 * Why On-Demand and not the DOM: it leaves numbers and strings of other members as they were
 * written, so `fields` is made by copying, without changing 1.50 to 1.5 and without escaping again.
 * A string without a backslash is handed out where it stands in the line; only others are
 * unescaped, by simdjson.
 *
 * simdjson finds the structure of the line, broken UTF-8 and control characters in strings before
 * it hands out anything; what it leaves to the user of each value (numbers, words, escapes, what
 * stands in arrays) is checked here.
 */
#include "indexer/input_json.h"

#include <simdjson.h>

#include <cstdio>
#include <cstring>
#include <new>
#include <string_view>
#include <utility>

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored \
    "-Wmissing-field-initializers" /* {0} is complete in C, not in C++ \
                                                               */
#pragma GCC diagnostic ignored "-Wpedantic"
#include "base/bytes.h"
#pragma GCC diagnostic pop

using namespace simdjson;

namespace {

constexpr int MAX_DEPTH = 256; /* of arrays and objects in each other */

struct span {
  const char *data;
  size_t bytes;
};

/* A value or a key as it is written. */
struct token {
  span raw;     /* a string with its quotes */
  bool escaped; /* a string with a backslash in it */
};

bool is_string(const token &t) { return t.raw.bytes && t.raw.data[0] == '"'; }

bool is_word(const token &t, const char *word) {
  return t.raw.bytes == strlen(word) && !memcmp(t.raw.data, word, t.raw.bytes);
}

/* RFC 8259: -?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)? */
bool is_number(const token &t) {
  const char *p = t.raw.data, *end = p + t.raw.bytes;
  auto digits = [&]() {
    const char *from = p;
    while (p < end && *p >= '0' && *p <= '9') p++;
    return p > from;
  };
  if (p < end && *p == '-') p++;
  if (p < end && *p == '0') {
    p++;
  } else if (!digits()) {
    return false;
  }
  if (p < end && *p == '.') {
    p++;
    if (!digits()) return false;
  }
  if (p < end && (*p == 'e' || *p == 'E')) {
    p++;
    if (p < end && (*p == '+' || *p == '-')) p++;
    if (!digits()) return false;
  }
  return p == end;
}

const char *reason_of(error_code code) {
  switch (code) {
    case UTF8_ERROR: return "invalid UTF-8";
    case UNESCAPED_CHARS: return "control character in a string";
    case UNCLOSED_STRING: return "string without end";
    case STRING_ERROR: return "invalid escape in a string";
    case DEPTH_ERROR: return "arrays and objects nested too deep";
    case EMPTY: return "empty line";
    case INCORRECT_TYPE: return "not a JSON object";
    case CAPACITY: return "line too long";
    default: return "invalid JSON";
  }
}

}  // namespace

struct sy_input_json {
  ondemand::parser parser;
  sy_input_json_names names;
  sy_buffer fields;
  char reason[256];
  bool failed_memory;
};

namespace {

/* simdjson (3.0.1) does not look whether it was given its buffer for strings with escapes. */
struct opened_document : ondemand::document {
  static bool has_buffer(ondemand::document &document) {
    return (document.*(&opened_document::iter)).string_buf_loc() != nullptr;
  }
};

struct line_parser {
  sy_input_json *json;
  sy_input_json_record *record;
  const char *reason = nullptr;

  bool fail(const char *why) {
    reason = why;
    return false;
  }

  bool fail(error_code code) {
    if (code == MEMALLOC) json->failed_memory = true;
    return fail(reason_of(code));
  }

  bool fail_member(const char *what, const sy_string &name, const char *why) {
    snprintf(json->reason, sizeof json->reason, "%s \"%.*s\" %s", what,
             int(name.bytes < 100 ? name.bytes : 100), name.data, why);
    return fail(json->reason);
  }

  /* Without the white space that simdjson counts to a token. */
  static token trim(std::string_view text) {
    size_t bytes = text.size();
    while (bytes && strchr(" \t\r\n", text[bytes - 1])) bytes--;
    return {{text.data(), bytes}, bytes && text[0] == '"' && memchr(text.data(), '\\', bytes)};
  }

  /* The text of a string; checks its escapes. */
  bool text_of(ondemand::value &value, const token &t, sy_string *out) {
    if (!t.escaped) {
      *out = {t.raw.data + 1, t.raw.bytes - 2};
      return true;
    }
    std::string_view text;
    if (auto code = value.get_string().get(text)) return fail(code);
    *out = {text.data(), text.size()};
    return true;
  }

  bool check_scalar(ondemand::value &value, const token &t) {
    sy_string ignored;
    if (is_string(t)) return text_of(value, t, &ignored);
    if (is_word(t, "true") || is_word(t, "false") || is_word(t, "null") || is_number(t))
      return true;
    return fail("invalid JSON value");
  }

  bool check_key(ondemand::field &field) {
    std::string_view name;
    if (auto code = field.unescaped_key().get(name)) return fail(code);
    return true;
  }

  /* On-Demand checks only what is read, so all is read. */
  bool check_value(ondemand::value value, int depth) {
    if (depth > MAX_DEPTH) return fail(DEPTH_ERROR);
    ondemand::json_type type;
    if (auto code = value.type().get(type)) return fail(code);
    if (type == ondemand::json_type::array) {
      ondemand::array array;
      if (auto code = value.get_array().get(array)) return fail(code);
      for (auto item : array) {
        ondemand::value element;
        if (auto code = std::move(item).get(element)) return fail(code);
        if (!check_value(element, depth + 1)) return false;
      }
      return true;
    }
    if (type == ondemand::json_type::object) {
      ondemand::object object;
      if (auto code = value.get_object().get(object)) return fail(code);
      for (auto item : object) {
        ondemand::field field;
        if (auto code = std::move(item).get(field)) return fail(code);
        if (!check_key(field) || !check_value(field.value(), depth + 1)) return false;
      }
      return true;
    }
    return check_scalar(value, trim(value.raw_json_token()));
  }

  /* The key as written, with its quotes. `raw` points behind the opening quote. */
  static token key_of(const char *raw) {
    const char *p = raw;
    bool escaped = false;
    while (*p != '"') {
      if (*p == '\\') {
        escaped = true;
        p++;
      }
      p++;
    }
    return {{raw - 1, size_t(p - raw) + 2}, escaped};
  }

  void keep(const token &key, const token &value) {
    sy_buffer *fields = &json->fields;
    sy_buffer_append(fields, fields->bytes ? "," : "{", 1);
    sy_buffer_append(fields, key.raw.data, key.raw.bytes);
    sy_buffer_append(fields, ":", 1);
    sy_buffer_append(fields, value.raw.data, value.raw.bytes);
  }

  static bool same(const sy_string &name, const sy_string &other) {
    return name.bytes == other.bytes && !memcmp(name.data, other.data, name.bytes);
  }

  /* One of id, title, body. */
  bool take(ondemand::value &value, const sy_string &name, sy_string *out, bool *has,
            bool numbers) {
    ondemand::json_type type;
    if (auto code = value.type().get(type)) return fail(code);
    if (type == ondemand::json_type::array || type == ondemand::json_type::object) {
      return fail_member("member", name, numbers ? "is no string and no number" : "is no string");
    }
    token t = trim(value.raw_json_token());
    *out = {"", 0};
    *has = true;
    if (is_string(t)) {
      if (!text_of(value, t, out)) return false;
    } else if (is_word(t, "null")) {
      *has = false;
    } else if (numbers && is_number(t)) {
      *out = {t.raw.data, t.raw.bytes};
    } else if (is_number(t) || is_word(t, "true") || is_word(t, "false")) {
      return fail_member("member", name, numbers ? "is no string and no number" : "is no string");
    } else {
      return fail("invalid JSON value");
    }
    return true;
  }

  bool member(ondemand::field &field) {
    token key = key_of(field.key().raw());
    sy_string name = {key.raw.data + 1, key.raw.bytes - 2};
    if (key.escaped) {
      std::string_view text;
      if (auto code = field.unescaped_key().get(text)) return fail(code);
      name = {text.data(), text.size()};
    }
    ondemand::value value = field.value();
    const sy_input_json_names &names = json->names;
    sy_article *article = &record->article;
    if (same(name, names.body))
      return take(value, names.body, &article->body, &record->has_body, false);
    if (same(name, names.title)) {
      return take(value, names.title, &article->title, &record->has_title, false);
    }
    if (same(name, names.id)) return take(value, names.id, &article->id, &record->has_id, true);
    ondemand::json_type type;
    if (auto code = value.type().get(type)) return fail(code);
    if (type == ondemand::json_type::array || type == ondemand::json_type::object) {
      return check_value(value, 1);
    }
    token t = trim(value.raw_json_token());
    if (!check_scalar(value, t)) return false;
    keep(key, t);
    return true;
  }

  bool parse(const char *line, size_t bytes) {
    ondemand::document document;
    padded_string_view view(line, bytes, bytes + SY_INPUT_JSON_PADDING);
    if (auto code = json->parser.iterate(view).get(document)) return fail(code);
    if (!opened_document::has_buffer(document)) return fail(MEMALLOC);
    ondemand::object object;
    if (auto code = document.get_object().get(object)) return fail(code);
    for (auto item : object) {
      ondemand::field field;
      if (auto code = std::move(item).get(field)) return fail(code);
      if (!member(field)) return false;
    }
    const char *more;
    if (document.current_location().get(more) == SUCCESS)
      return fail("more than one JSON value in the line");
    return true;
  }
};

}  // namespace

extern "C" sy_input_json *sy_input_json_create(const sy_input_json_names *names) {
  sy_input_json *json = new (std::nothrow) sy_input_json();
  if (json) json->names = *names;
  return json;
}

extern "C" sy_status sy_input_json_parse(sy_input_json *json, const char *line, size_t bytes,
                                         sy_input_json_record *record, const char **reason) {
  static_assert(SY_INPUT_JSON_PADDING >= SIMDJSON_PADDING, "padding");
  *record = {};
  record->article.id = record->article.title = record->article.body =
      record->article.fields = {"", 0};
  json->fields.bytes = 0;
  json->failed_memory = false;
  line_parser parser{json, record};
  bool good = parser.parse(line, bytes);
  if (json->fields.bytes) {
    sy_buffer_append(&json->fields, "}", 1);
    record->article.fields = {reinterpret_cast<const char *>(json->fields.data),
                              json->fields.bytes};
  }
  if (json->fields.failed || json->failed_memory) return SY_NO_MEMORY;
  *reason = parser.reason;
  return good ? SY_OK : SY_BAD_INPUT;
}

extern "C" void sy_input_json_free(sy_input_json *json) {
  if (!json) return;
  sy_buffer_free(&json->fields);
  delete json;
}
