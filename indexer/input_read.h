/*
 * input_read.h - the readers: a source in one format becomes articles, handed to a sink. Tests have
 * a sink of their own; import.c's adds to the writer.
 */
#ifndef SY_INPUT_READ_H
#define SY_INPUT_READ_H

#include "indexer/input_json.h"
#include "indexer/input_source.h"

typedef struct sy_input_sink {
  /* Takes an article found in line `line` (0: the whole file) of `file`. Strings are borrowed
   * during the call. Not SY_OK: the reader returns it at once. */
  sy_status (*add)(void *context, const sy_article *article, const char *file, uint64_t line,
                   sy_error *error);
  /* Hears of a bad line. SY_OK: go on behind it; else the reader returns what this returned. */
  sy_status (*bad)(void *context, const sy_error *bad, sy_error *error);
  void *context;
} sy_input_sink;

typedef struct sy_input_lines {
  sy_input_json_names names;
  const char *charset;  /* of the bytes before conversion, for messages */
  const char *encoding; /* the user's, or NULL: of the pages in web archives */
} sy_input_lines;

/* The longest line of JSON, without its line end. */
#define SY_INPUT_LINE_MAX_BYTES ((size_t)INT32_MAX)

/* JSON lines in UTF-8. An article without an id gets "FILE:LINE". */
sy_status sy_input_read_lines(sy_input_source *source, const sy_input_lines *lines,
                              const sy_input_sink *sink, sy_error *error);

/* A table whose first row names the columns, `delimiter` between the values. Columns other than id,
 * title and body become fields. An article without an id gets "FILE#ROW", rows of data counted from
 * 1. */
sy_status sy_input_read_csv(sy_input_source *source, const sy_input_lines *lines, char delimiter,
                            const sy_input_sink *sink, sy_error *error);

/* An XML dump of MediaWiki: the newest text of every page of namespace 0 that is no redirect, in
 * plain text; its id is the page's. Holds one page, of at most 64 MiB. */
sy_status sy_input_read_mediawiki(sy_input_source *source, const sy_input_lines *lines,
                                  const sy_input_sink *sink, sy_error *error);

/* A web archive: successful responses and conversions of type text/html and text/plain. The id is
 * the target URI, the date a field. Holds one record, of at most 64 MiB. Bytes, not UTF-8: every
 * page has a charset of its own. */
sy_status sy_input_read_warc(sy_input_source *source, const sy_input_lines *lines,
                             const sy_input_sink *sink, sy_error *error);

/* A Word document: the title is its property, else the first line. The id is the file's name.
 * Memory: input_package.h. */
sy_status sy_input_read_docx(sy_input_source *source, const sy_input_sink *sink, sy_error *error);

/* A book, its chapters in reading order: the title and the field "creator" are its metadata's. */
sy_status sy_input_read_epub(sy_input_source *source, const sy_input_sink *sink, sy_error *error);

/* Plain text: the title is the first line that is not blank, cut to 100 characters. `id` is also
 * the file's name. Text without any character but white space is no article: SY_OK, nothing added.
 */
sy_status sy_input_read_text(sy_string text, const char *id, const sy_input_sink *sink,
                             sy_error *error);

/* Markdown, kept as it is but for front matter: the title is front matter's, else the first
 * heading, else as plain text. */
sy_status sy_input_read_markdown(sy_string text, const char *id, const sy_input_sink *sink,
                                 sy_error *error);

/* HTML in valid UTF-8: the title is <title>, else the first <h1>, else the file's name. */
sy_status sy_input_read_html(sy_string text, const char *id, const sy_input_sink *sink,
                             sy_error *error);

/* ---- All of it (import.c) ---- */

/* What takes the articles: sy_writer_add(), or a test's. SY_INVALID and SY_LIMIT: this article is
 * bad. */
typedef sy_status sy_input_add(void *context, const sy_article *article, sy_error *error);

/* sy_import() into anything. */
sy_status sy_input_import(sy_input_add *add, void *add_context, const char *const *paths,
                          size_t count, const sy_import_options *options,
                          sy_import_progress *progress, sy_error *error);

/* ---- Formats (input_format.c) ---- */

typedef struct sy_input_guess {
  sy_format format;
  bool binary;   /* an image, a PDF file, a database...: not text */
  bool no_lines; /* named .json and not one object a line */
} sy_input_guess;

/* SY_FORMAT_DOCX or SY_FORMAT_EPUB for a zip file that is one, else SY_FORMAT_AUTO. */
sy_format sy_input_guess_package(const char *name, const uint8_t *sample, size_t bytes);

/* From the name's extension and the first bytes (`sample`, in UTF-8 if it is text). */
sy_input_guess sy_input_guess_format(const char *name, sy_string sample);

#endif
