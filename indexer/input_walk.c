/* input_walk.c - directories, in sorted order. All files are listed before the first is read, so
 * that the progress line knows how much there is. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* asprintf() */
#endif

#include "indexer/input_walk.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static sy_status add_file(sy_input_files *files, const char *path, const char *name,
                          const struct stat *status, bool given, sy_error *error) {
  if (files->count == files->capacity) {
    size_t capacity = files->capacity ? files->capacity * 2 : 16;
    sy_input_file *grown = realloc(files->files, capacity * sizeof *grown);
    if (!grown) return sy_fail_memory(error);
    files->files = grown;
    files->capacity = capacity;
  }
  sy_input_file file = {.path = strdup(path), .name = strdup(name), .given = given};
  if (status && S_ISREG(status->st_mode)) {
    file.regular = true;
    file.bytes = (uint64_t)status->st_size;
  }
  if (!file.path || !file.name) {
    free(file.path);
    free(file.name);
    return sy_fail_memory(error);
  }
  files->files[files->count++] = file;
  return SY_OK;
}

typedef struct name_list {
  char **names;
  size_t count, capacity;
} name_list;

static void free_names(name_list *list) {
  for (size_t i = 0; i < list->count; i++) free(list->names[i]);
  free(list->names);
}

static int compare_names(const void *a, const void *b) {
  return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Errors of the system in errno, with false. */
static bool list_names(const char *path, name_list *list) {
  DIR *directory = opendir(path);
  if (!directory) return false;
  bool good = true;
  for (;;) {
    errno = 0;
    const struct dirent *entry = readdir(directory);
    if (!entry) {
      good = errno == 0;
      break;
    }
    if (entry->d_name[0] == '.') continue; /* hidden, and "." and ".." */
    if (list->count == list->capacity) {
      size_t capacity = list->capacity ? list->capacity * 2 : 64;
      char **grown = realloc(list->names, capacity * sizeof *grown);
      if (!(good = grown != NULL)) break;
      list->names = grown;
      list->capacity = capacity;
    }
    char *copy = strdup(entry->d_name);
    if (!(good = copy != NULL)) break;
    list->names[list->count++] = copy;
  }
  int saved = errno;
  closedir(directory);
  errno = saved;
  if (good && list->count) qsort(list->names, list->count, sizeof *list->names, compare_names);
  return good;
}

static const char *public_name(const char *path) {
  while (path[0] == '.' && path[1] == '/') {
    path += 2;
    while (*path == '/') path++;
  }
  return path;
}

static sy_status bad(const sy_input_walker *walker, const char *path, int code, const char *what,
                     sy_error *error) {
  sy_error reason;
  if (sy_fail_errno(&reason, code, path, what) == SY_NO_MEMORY) return sy_fail_memory(error);
  return walker->bad(walker->context, &reason, error);
}

static sy_status walk_directory(const sy_input_walker *walker, const char *path, sy_error *error);

static sy_status walk_entry(const sy_input_walker *walker, const char *directory, const char *entry,
                            sy_error *error) {
  size_t length = strlen(directory);
  const char *separator = length && directory[length - 1] == '/' ? "" : "/";
  char *path = NULL;
  if (asprintf(&path, "%s%s%s", directory, separator, entry) < 0) return sy_fail_memory(error);
  struct stat status;
  sy_status result = SY_OK;
  if (lstat(path, &status)) {
    if (errno != ENOENT)
      result = bad(walker, path, errno, "cannot open", error); /* not merely gone */
  } else if (S_ISDIR(status.st_mode)) {
    result = walk_directory(walker, path, error);
  } else if (S_ISREG(status.st_mode)) {
    result = add_file(walker->files, path, public_name(path), &status, false, error);
  }
  free(path);
  return result;
}

/* Recursion ends: links are not followed, so the depth is that of the longest path the system
 * takes. */
static sy_status walk_directory(const sy_input_walker *walker, const char *path, sy_error *error) {
  if (walker->tick) SY_TRY(walker->tick(walker->context, error));
  name_list list = {0};
  sy_status status = SY_OK;
  if (!list_names(path, &list)) {
    status = bad(walker, path, errno, "cannot read directory", error);
  }
  for (size_t i = 0; i < list.count && status == SY_OK; i++) {
    status = walk_entry(walker, path, list.names[i], error);
  }
  free_names(&list);
  return status;
}

sy_status sy_input_walk(const sy_input_walker *walker, const char *path, sy_error *error) {
  if (!strcmp(path, "-")) return add_file(walker->files, path, "stdin", NULL, true, error);
  struct stat status;
  if (stat(path, &status)) return sy_fail_errno(error, errno, path, "cannot open");
  if (!S_ISDIR(status.st_mode)) {
    return add_file(walker->files, path, public_name(path), &status, true, error);
  }
  char *copy = strdup(path);
  if (!copy) return sy_fail_memory(error);
  size_t length = strlen(copy);
  while (length > 1 && copy[length - 1] == '/') copy[--length] = 0;
  sy_status result = walk_directory(walker, copy, error);
  free(copy);
  return result;
}

void sy_input_files_free(sy_input_files *files) {
  for (size_t i = 0; i < files->count; i++) {
    free(files->files[i].path);
    free(files->files[i].name);
  }
  free(files->files);
  *files = (sy_input_files){0};
}
