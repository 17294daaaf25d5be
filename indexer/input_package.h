/*
 * input_package.h - documents that are zip files (DOCX, EPUB): the members that are wanted, in
 * memory, found by name. Nothing but these members is ever opened, whatever paths a document
 * contains.
 *
 * Memory: at most SY_INPUT_PACKAGE_MAX_BYTES unpacked; what needs more is SY_LIMIT, so a zip bomb
 * costs no more than that.
 */
#ifndef SY_INPUT_PACKAGE_H
#define SY_INPUT_PACKAGE_H

#include "indexer/input_source.h"

#define SY_INPUT_PACKAGE_MAX_BYTES ((size_t)128 << 20)
#define SY_INPUT_PACKAGE_MAX_MEMBERS 10000

typedef struct sy_input_member {
  char *name;
  sy_buffer data;
} sy_input_member;

typedef struct sy_input_package {
  sy_input_member *members;
  size_t count, capacity;
} sy_input_package;

/* Fills `package`, zeroed by the caller, with the members for which `wanted` says so. Of two with
 * one name the first counts. */
sy_status sy_input_package_load(sy_input_source *source, bool (*wanted)(const char *name),
                                sy_input_package *package, sy_error *error);

/* NULL: it has none. */
const sy_input_member *sy_input_package_find(const sy_input_package *package, const char *name);

/* A member as a source, named FILE/member; both borrowed. */
sy_status sy_input_package_open(const sy_input_member *member, const char *file,
                                sy_input_source **out, sy_error *error);

void sy_input_package_free(sy_input_package *package);

#endif
