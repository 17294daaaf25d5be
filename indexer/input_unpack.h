/*
 * input_unpack.h - compressed files and archives as sources: gzip, xz, zstd, bzip2, tar (compressed
 * or not) and zip, through libarchive. Nothing is ever written to disk, so a member named "../x" is
 * a name and no danger.
 */
#ifndef SY_INPUT_UNPACK_H
#define SY_INPUT_UNPACK_H

#include "indexer/input_source.h"

typedef struct sy_input_unpack sy_input_unpack;

/* Whether these first bytes of the file `name` are of a compressed file or an archive. A zip file
 * counts only when its name says .zip or has no extension: office documents and jars are zip files
 * too, and are binary files here. */
bool sy_input_unpack_is_packed(const uint8_t *data, size_t bytes, const char *name);

/* Opens `parent`, which must stay open as long. `encoding` (may be NULL): charset of member names
 * that are not UTF-8, else GB18030 is tried. *out is owned by the caller. */
sy_status sy_input_unpack_open(sy_input_source *parent, const char *encoding, sy_input_unpack **out,
                               sy_error *error);

/* Moves to the next regular file. `*member` is its path, without leading "./" and "/", or NULL for
 * the content of a compressed file that is no archive. `*source` is named PARENT/member (or
 * PARENT). Both are borrowed until the next call. SY_NOT_FOUND behind the last. */
sy_status sy_input_unpack_next(sy_input_unpack *unpack, const char **member,
                               sy_input_source **source, sy_error *error);

/* Accepts NULL. */
void sy_input_unpack_close(sy_input_unpack *unpack);

#endif
