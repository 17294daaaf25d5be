/*
 * test_fuzz_import.c - whole files: the first byte chooses the name's extension, the rest is the
 * file; compressed files and archives are unpacked on the way. Bad input is reported, never fatal.
 */
#include "indexer/input_read.h"
#include "tests/fuzz/fuzz.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[] = {"a",      "a.jsonl", "a.json", "a.txt",  "a.md",
                                    "a.html", "a.zip",   "a.tar",  "a.gz",   "a.csv",
                                    "a.tsv",  "a.xml",   "a.warc", "a.docx", "a.epub"};

static sy_status add(void *context, const sy_article *article, sy_error *error) {
  (void)error;
  fuzz_check(article->id.bytes > 0);
  ++*(uint64_t *)context;
  return SY_OK;
}

static void on_bad(void *context, const sy_error *error) {
  (void)context;
  fuzz_check(error->reason[0] && error->status != SY_OK);
}

const uint32_t fuzz_mutations = 6000;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
  fuzz_input in = {data, data + bytes};
  char path[256];
  snprintf(path, sizeof path, "%s/%s", fuzz_directory(),
           names[fuzz_u8(&in) % (sizeof names / sizeof *names)]);
  FILE *file = fopen(path, "wb");
  fuzz_check(file && fwrite(in.at, 1, fuzz_left(&in), file) == fuzz_left(&in));
  fclose(file);
  sy_import_options options = SY_IMPORT_OPTIONS_DEFAULT;
  options.skip_bad = true;
  options.on_bad = on_bad;
  sy_import_progress progress = {0};
  sy_error error = {0};
  const char *paths[] = {path};
  uint64_t added = 0;
  sy_status status = sy_input_import(add, &added, paths, 1, &options, &progress, &error);
  if (status != SY_OK) fprintf(stderr, "%s\n", error.reason);
  fuzz_check(status == SY_OK && progress.articles == added);
  remove(path);
  return 0;
}

/* ---- Seeds: one tree of files, packed in several ways ---- */

static const struct {
  const char *name, *text;
} members[] = {
    {"./a.jsonl", "{\"body\": \"機器\"}\n{\"id\": 1, \"title\": \"x\"}\n"},
    {"../b.md", "# 標題\n\n正文\n"},
    {"/c/d.html", "<title>題</title><p>段"},
    {"\xbb\xfa.txt", "plain"},
    {"e.png", "\x89PNG\r\n\x1a\n\0\0"},
};

static void pack(struct archive *archive, fuzz_give *give, void *context, char first) {
  static char room[1 << 16];
  size_t used = 0;
  room[0] = first;
  fuzz_check(archive_write_open_memory(archive, room + 1, sizeof room - 1, &used) == ARCHIVE_OK);
  for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
    struct archive_entry *entry = archive_entry_new();
    archive_entry_set_pathname(entry, members[i].name);
    archive_entry_set_size(entry, (la_int64_t)strlen(members[i].text));
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_perm(entry, 0644);
    archive_write_header(archive, entry);
    archive_write_data(archive, members[i].text, strlen(members[i].text));
    archive_entry_free(entry);
  }
  archive_write_close(archive);
  archive_write_free(archive);
  give(context, room, used + 1);
}

static void pack_all(fuzz_give *give, void *context) {
  struct archive *a = archive_write_new();
  archive_write_set_format_ustar(a);
  archive_write_set_bytes_per_block(a, 512);
  pack(a, give, context, 7);
  a = archive_write_new();
  archive_write_set_format_pax(a);
  archive_write_add_filter_zstd(a);
  pack(a, give, context, 0);
  a = archive_write_new();
  archive_write_set_format_gnutar(a);
  archive_write_add_filter_xz(a);
  pack(a, give, context, 0);
  a = archive_write_new();
  archive_write_set_format_zip(a);
  pack(a, give, context, 6);
}

void fuzz_seeds(fuzz_give *give, void *context) {
  static const char *const seeds[] = {
      "\x01{\"id\": \"1\", \"body\": \"x\"}\nnot json\n",
      "\x02[{\"body\": \"x\"}]",
      "\x03plain text\nmore",
      "\x04# Markdown\n",
      "\x05<html><meta charset=big5><p>\xbe\xf7",
      "\x03\xbb\xfa\xc6\xf7\xd1\xa7\xcf\xb0",
      "\x08\x1f\x8b\x08",
      "\x03",
      "\x09id,body\n1,機器\n",
      "\x0a"
      "id\tbody\n1\t機器\n",
      "\x0b<mediawiki><page><title>題</title><ns>0</ns><id>1</id><revision><text>文</text>"
      "</revision></page></mediawiki>",
      "\x0cWARC/1.0\r\nWARC-Type: conversion\r\nWARC-Target-URI: http://a/\r\n"
      "Content-Type: text/plain\r\nContent-Length: 3\r\n\r\n題\r\n\r\n",
      "\x0dPK\x03\x04",
      "\x0ePK\x03\x04",
  };
  for (size_t i = 0; i < sizeof seeds / sizeof *seeds; i++)
    give(context, seeds[i], strlen(seeds[i]));
  pack_all(give, context);
}
