/* env_create.h - making the file of a new index; env.c alone uses it. */
#ifndef SY_ENV_CREATE_H
#define SY_ENV_CREATE_H

#include "suoyin.h"

/* Puts a new, empty data.mdb into the directory, durably; one that is there, and empty, is
 * replaced. The caller holds the writer lock. SY_IO. */
sy_status sy_env_create(const char *directory, sy_error *error);

#endif
