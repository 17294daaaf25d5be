/*
 * input_package.c - members of a zip file into memory, under one bound for all of them.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* asprintf() */
#endif

#include "indexer/input_package.h"

#include "indexer/input_unpack.h"

#include <stdio.h>

enum { BLOCK_BYTES = 64 << 10 };

static sy_status add_member(sy_input_package *package, const char *name, sy_input_member **out,
                            sy_error *error) {
  if (package->count == package->capacity) {
    size_t capacity = package->capacity ? package->capacity * 2 : 16;
    sy_input_member *grown = realloc(package->members, capacity * sizeof *grown);
    if (!grown) return sy_fail_memory(error);
    package->members = grown;
    package->capacity = capacity;
  }
  sy_input_member *member = &package->members[package->count];
  *member = (sy_input_member){.name = strdup(name)};
  if (!member->name) return sy_fail_memory(error);
  package->count++;
  *out = member;
  return SY_OK;
}

static sy_status load_member(sy_input_source *source, size_t *budget, sy_buffer *out,
                             sy_error *error) {
  for (;;) {
    uint8_t *space = sy_buffer_reserve(out, BLOCK_BYTES);
    if (!space) return sy_fail_memory(error);
    size_t got = 0;
    SY_TRY(sy_input_source_read(source, space, BLOCK_BYTES, &got, error));
    if (!got) return SY_OK;
    if (got > *budget) {
      return sy_fail_at(error, SY_LIMIT, source->name, 0,
                        "the texts in a document may have at most %zu MiB unpacked",
                        SY_INPUT_PACKAGE_MAX_BYTES >> 20);
    }
    *budget -= got;
    out->bytes += got;
  }
}

static sy_status load_all(sy_input_unpack *unpack, const char *file, bool (*wanted)(const char *),
                          sy_input_package *package, sy_error *error) {
  size_t budget = SY_INPUT_PACKAGE_MAX_BYTES;
  for (size_t seen = 0;; seen++) {
    const char *name;
    sy_input_source *source;
    sy_status status = sy_input_unpack_next(unpack, &name, &source, error);
    if (status == SY_NOT_FOUND) return SY_OK;
    SY_TRY(status);
    if (seen == SY_INPUT_PACKAGE_MAX_MEMBERS) {
      return sy_fail_at(error, SY_LIMIT, file, 0, "a document may have at most %d members",
                        SY_INPUT_PACKAGE_MAX_MEMBERS);
    }
    if (!name || !wanted(name) || sy_input_package_find(package, name)) continue;
    sy_input_member *member;
    SY_TRY(add_member(package, name, &member, error));
    SY_TRY(load_member(source, &budget, &member->data, error));
  }
}

sy_status sy_input_package_load(sy_input_source *source, bool (*wanted)(const char *name),
                                sy_input_package *package, sy_error *error) {
  sy_input_unpack *unpack = NULL;
  SY_TRY(sy_input_unpack_open(source, NULL, &unpack, error));
  sy_status status = load_all(unpack, source->name, wanted, package, error);
  sy_input_unpack_close(unpack);
  return status;
}

const sy_input_member *sy_input_package_find(const sy_input_package *package, const char *name) {
  for (size_t i = 0; i < package->count; i++) {
    if (!strcmp(package->members[i].name, name)) return &package->members[i];
  }
  return NULL;
}

/* ---- A member as a source ---- */

typedef struct memory_source {
  sy_input_source source;
  const sy_buffer *data;
  size_t at;
} memory_source;

static sy_status memory_read(sy_input_source *source, void *buffer, size_t capacity, size_t *got,
                             sy_error *error) {
  (void)error;
  memory_source *self = (memory_source *)source;
  size_t left = self->data->bytes - self->at;
  *got = left < capacity ? left : capacity;
  if (*got) memcpy(buffer, self->data->data + self->at, *got);
  self->at += *got;
  return SY_OK;
}

static void memory_close(sy_input_source *source) { (void)source; }

static const sy_input_source_operations memory_operations = {memory_read, NULL, memory_close};

sy_status sy_input_package_open(const sy_input_member *member, const char *file,
                                sy_input_source **out, sy_error *error) {
  char *name = NULL;
  if (asprintf(&name, "%s/%s", file, member->name) < 0) return sy_fail_memory(error);
  memory_source *self =
      sy_input_source_allocate(sizeof *self, &memory_operations, name, NULL, error);
  free(name);
  if (!self) return SY_NO_MEMORY;
  self->data = &member->data;
  *out = &self->source;
  return SY_OK;
}

void sy_input_package_free(sy_input_package *package) {
  for (size_t i = 0; i < package->count; i++) {
    free(package->members[i].name);
    sy_buffer_free(&package->members[i].data);
  }
  free(package->members);
  *package = (sy_input_package){0};
}
