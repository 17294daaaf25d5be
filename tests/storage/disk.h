/*
 * disk.h - the writes of an index's file: remembered, so that tests can make the file as a crash
 * would have left it; and made to fail.
 *
 * disk.c stands between LMDB and the system: a program that links it has its write(), pwrite(),
 * writev(), fsync(), fdatasync() and ftruncate(). Only the file `data.mdb` of the directory named
 * last counts.
 */
#ifndef SY_TEST_DISK_H
#define SY_TEST_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DISK_SECTOR 512 /* bytes that are on disk all or none */

/* ---- Remembering ----------------------------------------------------------------------------- */

typedef enum disk_kind { DISK_WRITE, DISK_SYNC, DISK_TRUNCATE, DISK_MARK } disk_kind;

typedef struct disk_event {
  disk_kind kind;
  bool durable;    /* of a write: it was on disk when the call returned (O_DSYNC) */
  uint64_t offset; /* of a write; the new size of a truncated file; the number of a mark */
  uint8_t *data;   /* what was written */
  size_t bytes;
} disk_event;

/* Begins to remember what happens to the index in `path`, first of all what is there, as one
 * durable write; what was remembered is forgotten. */
void disk_record(const char *path);
/* Puts a mark behind what happened so far. */
void disk_mark(uint64_t number);
const disk_event *disk_events(size_t *count);
void disk_forget(void);

/* ---- Failing --------------------------------------------------------------------------------- */

/* Lets the calls after the next `good` ones fail with `error`, all of them until disk_heal(); with
 * `partly`, the first failing write writes half of its sectors and says so. */
void disk_fail(const char *path, uint64_t good, int error, bool partly);
/* Ends that; returns how many calls there were since disk_fail(). */
uint64_t disk_heal(void);

#endif
