/*
 * input_unpack.c - libarchive over a source.
 *
 * Only the formats and filters that are promised are enabled: libarchive knows some that start
 * other programs (lrzip, grzip), and every further one is attack surface. libarchive's "raw" format
 * makes a compressed file that is no archive look like an archive with one member.
 *
 * libarchive converts member names through the locale. Libraries must not set that for the process,
 * so a UTF-8 locale is switched on for this thread around the calls (uselocale), or names in a
 * process with the C locale would be lost.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* asprintf() */
#endif

#include "indexer/input_unpack.h"

#include "indexer/input_charset.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <strings.h>
#include <unistd.h>

enum { BLOCK_BYTES = 256 << 10 };

struct sy_input_unpack {
  struct archive *archive;
  sy_input_source *parent;
  sy_input_source *member; /* the current one */
  char *name;              /* of the current one, without the parent */
  const char *encoding;
  locale_t locale;
  uint8_t *block;
  sy_error parent_error; /* of a read called by libarchive, which has no room for it */
};

typedef struct member_source {
  sy_input_source source;
  sy_input_unpack *unpack;
} member_source;

/* ---- Recognising ---- */

static bool has_magic(const uint8_t *data, size_t bytes, size_t at, const char *magic,
                      size_t length) {
  return bytes >= at + length && !memcmp(data + at, magic, length);
}

bool sy_input_unpack_is_packed(const uint8_t *data, size_t bytes, const char *name) {
  const char *slash = strrchr(name, '/');
  const char *dot = strrchr(slash ? slash : name, '.');
  if (has_magic(data, bytes, 0, "\x1f\x8b\x08", 3)) return true;
  if (has_magic(data, bytes, 0,
                "\xfd"
                "7zXZ\0",
                6))
    return true;
  if (has_magic(data, bytes, 0, "\x28\xb5\x2f\xfd", 4)) return true;
  if (has_magic(data, bytes, 0, "BZh", 3) && bytes >= 10 && data[3] >= '1' && data[3] <= '9' &&
      (!memcmp(data + 4, "1AY&SY", 6) || !memcmp(data + 4, "\x17\x72\x45\x38\x50\x90", 6))) {
    return true;
  }
  if (has_magic(data, bytes, 257, "ustar", 5)) return true;
  if (dot && !strcasecmp(dot, ".tar") && bytes) return true;
  bool zip = has_magic(data, bytes, 0, "PK\3\4", 4) || has_magic(data, bytes, 0, "PK\5\6", 4);
  return zip && (!dot || !strcasecmp(dot, ".zip"));
}

/* ---- libarchive reads the parent ---- */

static la_ssize_t parent_read(struct archive *archive, void *context, const void **data) {
  sy_input_unpack *unpack = context;
  size_t got = 0;
  *data = unpack->block;
  sy_status status =
      sy_input_source_read(unpack->parent, unpack->block, BLOCK_BYTES, &got, &unpack->parent_error);
  if (status == SY_OK) return (la_ssize_t)got;
  archive_set_error(archive, EIO, "cannot read");
  return -1;
}

static la_int64_t parent_seek(struct archive *archive, void *context, la_int64_t offset,
                              int whence) {
  (void)archive;
  sy_input_unpack *unpack = context;
  int64_t position = sy_input_source_seek(unpack->parent, offset, whence);
  return position < 0 ? ARCHIVE_FATAL : position;
}

static sy_status archive_failed(sy_input_unpack *unpack, const char *name, sy_error *error) {
  if (unpack->parent_error.status != SY_OK) { /* not the archive's fault */
    if (error) *error = unpack->parent_error;
    return unpack->parent_error.status;
  }
  if (archive_errno(unpack->archive) == ENOMEM) return sy_fail_memory(error);
  const char *reason = archive_error_string(unpack->archive);
  return sy_fail_at(error, SY_BAD_INPUT, name, 0, "cannot unpack: %s", reason ? reason : "damaged");
}

sy_status sy_input_unpack_open(sy_input_source *parent, const char *encoding, sy_input_unpack **out,
                               sy_error *error) {
  sy_input_unpack *unpack = calloc(1, sizeof *unpack);
  if (!unpack) return sy_fail_memory(error);
  unpack->parent = parent;
  unpack->encoding = encoding;
  unpack->block = malloc(BLOCK_BYTES);
  unpack->archive = archive_read_new();
  unpack->locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
  if (!unpack->block || !unpack->archive) {
    sy_input_unpack_close(unpack);
    return sy_fail_memory(error);
  }
  struct archive *a = unpack->archive;
  archive_read_support_filter_gzip(a);
  archive_read_support_filter_xz(a);
  archive_read_support_filter_zstd(a);
  archive_read_support_filter_bzip2(a);
  archive_read_support_format_tar(a);
  archive_read_support_format_zip(a);
  archive_read_support_format_raw(a);
  archive_read_support_format_empty(a);
  archive_read_set_read_callback(a, parent_read);
  /* With seeking, a zip file is read by its directory; without, member by member as it comes. */
  if (sy_input_source_seek(parent, 0, SEEK_SET) == 0)
    archive_read_set_seek_callback(a, parent_seek);
  archive_read_set_callback_data(a, unpack);
  locale_t before = unpack->locale ? uselocale(unpack->locale) : (locale_t)0;
  int result = archive_read_open1(a);
  if (before) uselocale(before);
  if (result != ARCHIVE_OK && result != ARCHIVE_WARN) {
    sy_status status = archive_failed(unpack, parent->name, error);
    sy_input_unpack_close(unpack);
    return status;
  }
  *out = unpack;
  return SY_OK;
}

/* ---- Members ---- */

static sy_status member_read(sy_input_source *source, void *buffer, size_t capacity, size_t *got,
                             sy_error *error) {
  sy_input_unpack *unpack = ((member_source *)source)->unpack;
  for (;;) {
    la_ssize_t n = archive_read_data(unpack->archive, buffer, capacity);
    if (n >= 0) {
      *got = (size_t)n;
      return SY_OK;
    }
    if (n != ARCHIVE_RETRY && n != ARCHIVE_WARN) return archive_failed(unpack, source->name, error);
  }
}

static void member_close(sy_input_source *source) { (void)source; }

static const sy_input_source_operations member_operations = {member_read, NULL, member_close};

/* Sets unpack->name to the entry's path in UTF-8. Zip files made by Chinese Windows have GBK names
 * without saying so. */
static sy_status name_member(sy_input_unpack *unpack, struct archive_entry *entry,
                             sy_error *error) {
  const char *raw = archive_entry_pathname(entry);
  const char *name = raw ? raw : archive_entry_pathname_utf8(entry);
  if (!name) {
    return sy_fail_at(error, SY_BAD_INPUT, unpack->parent->name, 0, "a member has no name");
  }
  while (name[0] == '/' || (name[0] == '.' && name[1] == '/')) name += name[0] == '/' ? 1 : 2;
  size_t bytes = strlen(name);
  sy_buffer out = {0};
  if (!sy_input_charset_is_utf8(name, bytes)) {
    uint64_t invalid = 0;
    const char *encoding = unpack->encoding ? unpack->encoding : "GB18030";
    sy_status status = sy_input_charset_convert(encoding, name, bytes, &out, &invalid, NULL);
    if (status == SY_NO_MEMORY) out.failed = true;
    if (status != SY_OK || invalid) out.bytes = 0;
  }
  if (!out.bytes) sy_buffer_append(&out, name, bytes);
  sy_buffer_u8(&out, 0);
  if (out.failed) {
    sy_buffer_free(&out);
    return sy_fail_memory(error);
  }
  unpack->name = (char *)out.data;
  return SY_OK;
}

static sy_status open_member(sy_input_unpack *unpack, struct archive_entry *entry,
                             sy_error *error) {
  sy_input_source *parent = unpack->parent;
  char *full = NULL;
  bool raw = archive_format(unpack->archive) == ARCHIVE_FORMAT_RAW;
  if (raw && archive_filter_count(unpack->archive) == 1) { /* the one that does nothing */
    return sy_fail_at(error, SY_BAD_INPUT, parent->name, 0,
                      "cannot unpack: damaged at its beginning");
  }
  if (!raw) {
    SY_TRY(name_member(unpack, entry, error));
    if (asprintf(&full, "%s/%s", parent->name, unpack->name) < 0) return sy_fail_memory(error);
  }
  member_source *member = sy_input_source_allocate(
      sizeof *member, &member_operations, full ? full : parent->name, parent->monitor, error);
  free(full);
  if (!member) return SY_NO_MEMORY;
  member->unpack = unpack;
  unpack->member = &member->source;
  return SY_OK;
}

sy_status sy_input_unpack_next(sy_input_unpack *unpack, const char **member,
                               sy_input_source **source, sy_error *error) {
  sy_input_source_close(unpack->member);
  unpack->member = NULL;
  free(unpack->name);
  unpack->name = NULL;
  locale_t before = unpack->locale ? uselocale(unpack->locale) : (locale_t)0;
  sy_status status = SY_OK;
  struct archive_entry *entry = NULL;
  for (;;) {
    int result = archive_read_next_header(unpack->archive, &entry);
    if (result == ARCHIVE_EOF) {
      status = SY_NOT_FOUND;
    } else if (result == ARCHIVE_RETRY) {
      continue;
    } else if (result < ARCHIVE_WARN) {
      status = archive_failed(unpack, unpack->parent->name, error);
    } else if (archive_format(unpack->archive) != ARCHIVE_FORMAT_RAW &&
               archive_entry_filetype(entry) != AE_IFREG) {
      continue; /* directories, links, devices */
    } else {
      status = open_member(unpack, entry, error);
    }
    break;
  }
  if (before) uselocale(before);
  *member = unpack->name;
  *source = unpack->member;
  return status;
}

void sy_input_unpack_close(sy_input_unpack *unpack) {
  if (!unpack) return;
  sy_input_source_close(unpack->member);
  if (unpack->archive) archive_read_free(unpack->archive);
  if (unpack->locale) freelocale(unpack->locale);
  free(unpack->name);
  free(unpack->block);
  free(unpack);
}
