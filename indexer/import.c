/*
 * import.c - sy_import(): from paths to articles in a writer.
 *
 *     path -> input_walk -> file -> input_source -+-> input_unpack -> member -+
 *                                    ^            |                           |
 *                                    +------------|----- (archives in --------+
 *                                                 |       archives)
 *                                                 +-> input_format, input_charset
 *                                                     -> a reader -> writer
 *
 * What is bad is reported and stepped over when the caller wants so: a line, an article the writer
 * will not take, a file or an archive's member that cannot be read. A file of another kind that is
 * merely met in a directory or an archive (an image, a program) is no mistake of anybody's: it is
 * counted as skipped and not reported.
 */
#include "indexer/input_charset.h"
#include "indexer/input_mojibake.h"
#include "indexer/input_read.h"
#include "indexer/input_unpack.h"
#include "indexer/input_walk.h"

#include <strings.h>
#include <time.h>

enum {
  MAX_NESTING = 4, /* archives in archives: enough for any honest one */
  PROGRESS_NANOSECONDS = 100000000,
};

typedef struct importer {
  sy_input_add *add;
  void *add_context;
  const sy_import_options *options;
  sy_input_lines lines;
  sy_input_sink sink;
  sy_input_monitor monitor;
  sy_import_progress progress;
  bool stopped;          /* not by what was read, but by who takes the articles */
  int64_t next_progress; /* of the monotonic clock, nanoseconds */
  sy_buffer raw, text;   /* reused: the file as read, and in UTF-8 */
} importer;

/* One file or member on its way. */
typedef struct item {
  sy_input_source *source;
  const char
      *path;  /* its name without the extensions of compression: the inner one tells the format */
  bool given; /* named by the user */
  int nesting;
} item;

/* ---- Progress ---- */

static int64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC_COARSE,
                &t); /* a few nanoseconds, 4 ms exact: asked for every article */
  return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static sy_status tick(void *context, sy_error *error) {
  importer *self = context;
  int64_t time = now();
  if (!self->options->on_progress) return SY_OK;
  if (time < self->next_progress) return SY_OK;
  self->next_progress = time + PROGRESS_NANOSECONDS;
  self->progress.bytes = self->monitor.bytes;
  self->progress.read_bytes = self->monitor.read_bytes;
  if (self->options->on_progress(self->options->context, &self->progress)) return SY_OK;
  return sy_fail(error, SY_CANCELLED, "cancelled");
}

/* A signal handler's wish must be seen even when nothing is read: asked without looking at the
 * clock. */
static sy_status tick_now(importer *self, sy_error *error) {
  self->next_progress = 0;
  return tick(self, error);
}

/* ---- Bad input ---- */

static bool is_bad_input(sy_status status) {
  return status == SY_BAD_INPUT || status == SY_LIMIT || status == SY_INVALID;
}

static sy_status on_bad(void *context, const sy_error *bad, sy_error *error) {
  importer *self = context;
  if (!self->options->skip_bad) {
    sy_error copy = *bad; /* `bad` may be `error` */
    *error = copy;
    return copy.status;
  }
  self->progress.skipped++;
  if (self->options->on_bad) self->options->on_bad(self->options->context, bad);
  return tick(self, error);
}

static void warn(importer *self, const sy_error *warning) {
  self->progress.warnings++;
  if (self->options->on_warning) self->options->on_warning(self->options->context, warning);
}

static void warn_of_mojibake(importer *self, const sy_article *article, const char *file,
                             uint64_t line) {
  char sample[10];
  if (!sy_input_mojibake_find(article->body, sample) &&
      !sy_input_mojibake_find(article->title, sample)) {
    return;
  }
  sy_error warning;
  sy_error_set(&warning, SY_BAD_INPUT, file, line,
               "\"%.*s\": text encoded twice (UTF-8 taken for Windows-1252), as \"%s\"",
               (int)(article->id.bytes < 200 ? article->id.bytes : 200), article->id.data, sample);
  warn(self, &warning);
}

static sy_status add_article(void *context, const sy_article *article, const char *file,
                             uint64_t line, sy_error *error) {
  importer *self = context;
  sy_status status = self->add(self->add_context, article, error);
  bool of_article = !error->file[0]; /* an index that is full says which it is */
  if (of_article && (status == SY_INVALID || status == SY_LIMIT)) {
    sy_error bad;
    sy_error_set(&bad, status, file, line, "%s", error->reason);
    return on_bad(self, &bad, error);
  }
  if (status != SY_OK) {
    self->stopped = true;
    return status;
  }
  self->progress.articles++;
  warn_of_mojibake(self, article, file, line);
  return tick(self, error);
}

/* ---- One file ---- */

static sy_status skip_quietly(importer *self, const item *item, const char *reason,
                              sy_error *error) {
  if (item->given) return sy_fail_at(error, SY_BAD_INPUT, item->source->name, 0, "%s", reason);
  self->progress.skipped++;
  return SY_OK;
}

static sy_status unknown_charset(const item *item, sy_error *error) {
  return sy_fail_at(error, SY_BAD_INPUT, item->source->name, 0,
                    "not UTF-8, and no other encoding is certain; name it with --encoding");
}

static sy_status read_stream(importer *self, sy_input_source *source, const sy_input_lines *lines,
                             sy_format format, sy_error *error) {
  switch (format) {
    case SY_FORMAT_CSV: return sy_input_read_csv(source, lines, ',', &self->sink, error);
    case SY_FORMAT_TSV: return sy_input_read_csv(source, lines, '\t', &self->sink, error);
    case SY_FORMAT_MEDIAWIKI: return sy_input_read_mediawiki(source, lines, &self->sink, error);
    default: return sy_input_read_lines(source, lines, &self->sink, error);
  }
}

static bool is_stream(sy_format format) {
  return format == SY_FORMAT_JSONL || format == SY_FORMAT_CSV || format == SY_FORMAT_TSV ||
         format == SY_FORMAT_MEDIAWIKI;
}

/* Formats of many articles a file are read as they come. */
static sy_status import_stream(importer *self, const item *item, const sy_input_charset *charset,
                               sy_format format, sy_error *error) {
  sy_input_lines lines = self->lines;
  lines.charset = "";
  if (charset->kind == SY_INPUT_CHARSET_UNKNOWN) return unknown_charset(item, error);
  sy_input_source *source = item->source, *converted = NULL;
  /* The mark belongs to the bytes before conversion. */
  char mark[4];
  size_t got = 0;
  if (charset->mark_bytes)
    SY_TRY(sy_input_source_read(source, mark, charset->mark_bytes, &got, error));
  if (charset->kind == SY_INPUT_CHARSET_NAMED) {
    lines.charset = charset->name;
    SY_TRY(sy_input_charset_open(source, charset->name, &converted, error));
    source = converted;
  }
  sy_status status = read_stream(self, source, &lines, format, error);
  sy_input_source_close(converted);
  return status;
}

/* Sets `*out` to the text of the whole file in UTF-8; SY_BAD_INPUT when nobody knows how. */
static sy_status read_whole(importer *self, const item *item, sy_format format, sy_string *out,
                            bool *skip, sy_error *error) {
  const char *name = item->source->name;
  self->raw.bytes = self->text.bytes = 0;
  SY_TRY(sy_input_source_read_all(item->source, &self->raw, error));
  sy_input_charset_hints hints = {self->options->encoding, true, false, format == SY_FORMAT_HTML};
  sy_input_charset charset;
  SY_TRY(sy_input_charset_detect(self->raw.data, self->raw.bytes, &hints, &charset, error));
  const char *data = (const char *)self->raw.data + charset.mark_bytes;
  size_t bytes = self->raw.bytes - charset.mark_bytes;
  if (charset.kind == SY_INPUT_CHARSET_BINARY) {
    *skip = true;
    return skip_quietly(self, item, "a binary file", error);
  }
  if (charset.kind == SY_INPUT_CHARSET_UNKNOWN) {
    return unknown_charset(item, error);
  }
  bool convert = charset.kind == SY_INPUT_CHARSET_NAMED;
  if (!convert && !(charset.damaged && format == SY_FORMAT_HTML)) {
    *out = (sy_string){data, bytes}; /* damaged bytes are counted by the writer */
    return SY_OK;
  }
  uint64_t invalid = 0;
  SY_TRY(sy_input_charset_convert(convert ? charset.name : "UTF-8", data, bytes, &self->text,
                                  &invalid, error));
  if (convert && invalid * 50 > bytes) {
    return sy_fail_at(error, SY_BAD_INPUT, name, 0,
                      "not %s: %llu of %zu bytes are invalid; name the encoding with --encoding",
                      charset.name, (unsigned long long)invalid, bytes);
  }
  if (convert && invalid) {
    sy_error warning;
    sy_error_set(&warning, SY_BAD_INPUT, name, 0, "%llu bytes that are no %s became U+FFFD",
                 (unsigned long long)invalid, charset.name);
    warn(self, &warning);
  }
  *out = (sy_string){(const char *)self->text.data, self->text.bytes};
  return SY_OK;
}

/* Without an extension that says it, the format is guessed from the first bytes in UTF-8. */
static sy_status guess_format(importer *self, const item *item, const uint8_t *sample, size_t bytes,
                              sy_input_guess *guess, sy_input_charset *charset, sy_error *error) {
  sy_input_charset_hints hints = {self->options->encoding, bytes < SY_INPUT_PEEK_BYTES, true,
                                  false};
  SY_TRY(sy_input_charset_detect(sample, bytes, &hints, charset, error));
  sy_string text = {(const char *)sample + charset->mark_bytes, bytes - charset->mark_bytes};
  if (charset->kind == SY_INPUT_CHARSET_NAMED) {
    uint64_t invalid = 0;
    self->text.bytes = 0;
    SY_TRY(sy_input_charset_convert(charset->name, text.data, text.bytes, &self->text, &invalid,
                                    error));
    text = (sy_string){(const char *)self->text.data, self->text.bytes};
  }
  *guess = sy_input_guess_format(item->path, text);
  if (charset->kind == SY_INPUT_CHARSET_BINARY) guess->binary = true;
  if (self->options->format != SY_FORMAT_AUTO) {
    *guess = (sy_input_guess){self->options->format, false, false};
    /* Nobody forces an image into text: met in a directory it is still skipped. */
    guess->binary = charset->kind == SY_INPUT_CHARSET_BINARY;
  }
  return SY_OK;
}

/* Known before any charset: an archive has many. */
static bool is_warc(const importer *self, const uint8_t *sample, size_t bytes) {
  if (self->options->format != SY_FORMAT_AUTO) return self->options->format == SY_FORMAT_WARC;
  return bytes >= 6 && (!memcmp(sample, "WARC/0", 6) || !memcmp(sample, "WARC/1", 6));
}

static sy_status import_text(importer *self, const item *item, const uint8_t *sample, size_t bytes,
                             sy_error *error) {
  if (!bytes) return SY_OK; /* an empty file has no articles */
  if (is_warc(self, sample, bytes)) {
    item->source->count_bytes = true;
    return sy_input_read_warc(item->source, &self->lines, &self->sink, error);
  }
  sy_input_guess guess;
  sy_input_charset charset;
  SY_TRY(guess_format(self, item, sample, bytes, &guess, &charset, error));
  if (guess.binary) return skip_quietly(self, item, "a binary file", error);
  if (guess.no_lines) {
    const uint8_t *object = memchr(sample, '{', bytes), *array = memchr(sample, '[', bytes);
    bool is_array = array && (!object || array < object);
    return skip_quietly(self, item,
                        is_array ? "JSON, but not one object a line (jq -c '.[]' can make it so)"
                                 : "JSON, but not one object a line (jq -c . can make it so)",
                        error);
  }
  item->source->count_bytes = true;
  if (is_stream(guess.format)) {
    return import_stream(self, item, &charset, guess.format, error);
  }
  sy_string text;
  bool skip = false;
  SY_TRY(read_whole(self, item, guess.format, &text, &skip, error));
  if (skip) return SY_OK;
  const char *id = item->source->name;
  switch (guess.format) {
    case SY_FORMAT_MARKDOWN: return sy_input_read_markdown(text, id, &self->sink, error);
    case SY_FORMAT_HTML: return sy_input_read_html(text, id, &self->sink, error);
    default: return sy_input_read_text(text, id, &self->sink, error);
  }
}

/* ---- Archives ---- */

static sy_status import_item(importer *self, const item *item, sy_error *error);

/* Catches what is bad in one item, so that the next one gets its turn. */
static sy_status import_guarded(importer *self, const item *item, sy_error *error) {
  sy_status status = import_item(self, item, error);
  if (is_bad_input(status) && !self->stopped) status = on_bad(self, error, error);
  if (status == SY_OK) self->progress.files++;
  return status;
}

/* "a/articles.jsonl.gz" without ".gz", ".tgz" as ".tar": owned by the caller. */
static char *without_compression(const char *path) {
  static const char *const extensions[] = {".gz", ".xz", ".zst", ".bz2"};
  char *copy = strdup(path);
  if (!copy) return NULL;
  size_t length = strlen(copy);
  for (size_t i = 0; i < sizeof extensions / sizeof *extensions; i++) {
    size_t extension = strlen(extensions[i]);
    if (length > extension && !strcasecmp(copy + length - extension, extensions[i])) {
      copy[length - extension] = 0;
      return copy;
    }
  }
  return copy;
}

static bool is_hidden(const char *member) {
  if (!strncmp(member, "__MACOSX/", 9)) return true; /* the Finder's shadow files */
  for (const char *p = member; p; p = strchr(p, '/')) {
    if (*p == '/') p++;
    if (p[0] == '.' && p[1] && p[1] != '/' && !(p[1] == '.' && (p[2] == '/' || !p[2]))) return true;
    if (!*p) break;
  }
  return false;
}

static sy_status import_members(importer *self, const item *outer, sy_input_unpack *unpack,
                                sy_error *error) {
  for (;;) {
    const char *member;
    sy_input_source *source;
    sy_status status = sy_input_unpack_next(unpack, &member, &source, error);
    if (status == SY_NOT_FOUND) return SY_OK;
    SY_TRY(status);
    if (member) {
      if (is_hidden(member)) continue;
      item inner = {source, source->name, false, outer->nesting + 1};
      SY_TRY(import_guarded(self, &inner, error));
      continue;
    }
    char *path = without_compression(outer->path);
    if (!path) return sy_fail_memory(error);
    item inner = {source, path, outer->given, outer->nesting + 1};
    status =
        import_item(self, &inner, error); /* the same file: counted and guarded by the caller */
    free(path);
    SY_TRY(status);
  }
}

static sy_status import_item(importer *self, const item *item, sy_error *error) {
  const uint8_t *sample;
  size_t bytes;
  SY_TRY(sy_input_source_peek(item->source, &sample, &bytes, error));
  sy_format package = sy_input_guess_package(item->path, sample, bytes);
  sy_format forced = self->options->format;
  bool packed = sy_input_unpack_is_packed(sample, bytes, item->path);
  if (package == SY_FORMAT_AUTO && !packed && bytes) package = forced;
  if (package == SY_FORMAT_DOCX || package == SY_FORMAT_EPUB) {
    item->source->count_bytes = true;
    return package == SY_FORMAT_DOCX ? sy_input_read_docx(item->source, &self->sink, error)
                                     : sy_input_read_epub(item->source, &self->sink, error);
  }
  if (!packed) {
    return import_text(self, item, sample, bytes, error);
  }
  if (item->nesting == MAX_NESTING) {
    return sy_fail_at(error, SY_BAD_INPUT, item->source->name, 0,
                      "archives in archives, more than %d deep", MAX_NESTING);
  }
  sy_input_unpack *unpack = NULL;
  SY_TRY(sy_input_unpack_open(item->source, self->options->encoding, &unpack, error));
  sy_status status = import_members(self, item, unpack, error);
  sy_input_unpack_close(unpack);
  return status;
}

/* ---- All ---- */

static sy_status import_file(importer *self, const sy_input_file *file, sy_error *error) {
  uint64_t before = self->monitor.read_bytes;
  sy_input_source *source = NULL;
  sy_status status =
      strcmp(file->path, "-") || !file->given
          ? sy_input_source_open_file(file->path, file->name, &self->monitor, &source, error)
          : sy_input_source_open_descriptor(0, file->name, &self->monitor, &source, error);
  if (status == SY_IO) return on_bad(self, error, error);
  SY_TRY(status);
  item item = {source, file->name, file->given, 0};
  status = import_guarded(self, &item, error);
  sy_input_source_close(source);
  /* Seeking in zip files reads parts twice or not at all: the file counts once, whole. */
  if (file->regular) self->monitor.read_bytes = before + file->bytes;
  if (status != SY_OK) return status;
  return tick(self, error);
}

static sy_status import_all(importer *self, const char *const *paths, size_t count,
                            sy_input_files *files, sy_error *error) {
  if (self->options->encoding) SY_TRY(sy_input_charset_check(self->options->encoding, error));
  sy_input_walker walker = {files, on_bad, tick, self};
  for (size_t i = 0; i < count; i++) SY_TRY(sy_input_walk(&walker, paths[i], error));
  for (size_t i = 0; i < files->count; i++) {
    if (!files->files[i].regular) { /* no telling how much a pipe will bring */
      self->progress.total_bytes = 0;
      break;
    }
    self->progress.total_bytes += files->files[i].bytes;
  }
  for (size_t i = 0; i < files->count; i++) SY_TRY(import_file(self, &files->files[i], error));
  return tick_now(self, error);
}

static sy_string member_or(const char *name, const char *otherwise) {
  const char *chosen = name ? name : otherwise;
  return (sy_string){chosen, strlen(chosen)};
}

sy_status sy_input_import(sy_input_add *add, void *add_context, const char *const *paths,
                          size_t count, const sy_import_options *options,
                          sy_import_progress *progress, sy_error *error) {
  static const sy_import_options defaults = SY_IMPORT_OPTIONS_DEFAULT;
  sy_error own = {0}; /* readers may always fill an error */
  const sy_import_options *chosen = options ? options : &defaults;
  if ((unsigned)chosen->format > SY_FORMAT_EPUB)
    return sy_fail(error, SY_INVALID, "unknown format of an input");
  importer self = {.add = add, .add_context = add_context, .options = chosen};
  self.lines.names = (sy_input_json_names){member_or(chosen->id_member, "id"),
                                           member_or(chosen->title_member, "title"),
                                           member_or(chosen->body_member, "body")};
  self.lines.charset = "";
  self.lines.encoding = chosen->encoding;
  self.sink = (sy_input_sink){add_article, on_bad, &self};
  self.monitor.tick = tick;
  self.monitor.context = &self;
  sy_input_files files = {0};
  sy_status status = import_all(&self, paths, count, &files, &own);
  sy_input_files_free(&files);
  sy_buffer_free(&self.raw);
  sy_buffer_free(&self.text);
  self.progress.bytes = self.monitor.bytes;
  self.progress.read_bytes = self.monitor.read_bytes;
  if (progress) *progress = self.progress;
  if (status != SY_OK && error) *error = own;
  return status;
}

static sy_status add_to_writer(void *context, const sy_article *article, sy_error *error) {
  return sy_writer_add(context, article, error);
}

sy_status sy_import(sy_writer *writer, const char *const *paths, size_t count,
                    const sy_import_options *options, sy_import_progress *progress,
                    sy_error *error) {
  sy_error unasked = {0}; /* what is bad is reported from here, also to callers who pass NULL */
  return sy_input_import(add_to_writer, writer, paths, count, options, progress,
                         error ? error : &unasked);
}
