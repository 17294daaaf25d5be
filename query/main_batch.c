/*
 * main_batch.c - a file of queries, one a line: "qid<TAB>query", or the query alone, whose qid is
 * then the number of the line. Blank lines are passed over. A bad query is reported and the others
 * still run.
 *
 * With --threads several run at a time, each thread with an index of its own. The lines go through
 * a ring: the main thread reads them into it and prints what came of them, in their order, from
 * memory; the others take the next line that nobody has.
 *
 *     printed ... | done  running  done  waiting | free        taken: where the next thread goes on
 *                 ^ first          ^ taken       ^ end
 */
#include "query/main_query.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

enum { RING = 64, MOST_THREADS = 16 };

/* A line and what came of it. */
typedef struct job {
  char *line; /* terminated; can be changed */
  size_t bytes, capacity;
  uint64_t number;
  outcome out;
  sy_status status;
  sy_error error;
  char *printed, *messages; /* of a query that was not run by the main thread */
  size_t printed_bytes, messages_bytes;
  bool done;
} job;

typedef struct batch {
  const session *run;
  const char *name; /* of the file, for messages */
  FILE *file;
  uint64_t lines, queries;
  bool failed;
  outcome all;
  /* What follows belongs to whoever holds the mutex. */
  pthread_mutex_t mutex;
  pthread_cond_t more, finished;
  job jobs[RING];
  uint64_t first, taken, end; /* numbers of jobs; their place is the remainder by RING */
  bool stop;
} batch;

/* ---- One line -------------------------------------------------------------------------------- */

static void report(batch *b, uint64_t line, sy_error *error) {
  b->failed = true;
  uint32_t column = error->status == SY_SYNTAX ? error->column : 0;
  if (!error->reason[0])
    snprintf(error->reason, sizeof error->reason, "%s", sy_status_string(error->status));
  char text[sizeof error->reason + 64];
  snprintf(text, sizeof text, "%s", error->reason);
  if (column) snprintf(text, sizeof text, "%s (column %u)", error->reason, (unsigned)column);
  fflush(stdout); /* so that messages and results stand in the order of the lines */
  cli_put_clean(stderr, (sy_string){b->name, strlen(b->name)}, CLI_LINE);
  if (line) fprintf(stderr, ":%llu", (unsigned long long)line);
  fputs(": ", stderr);
  cli_put_clean(stderr, (sy_string){text, strlen(text)}, CLI_LINE);
  fputc('\n', stderr);
}

static bool is_blank_line(const char *line, size_t bytes) {
  for (size_t i = 0; i < bytes; i++) {
    if (line[i] != ' ' && line[i] != '\t') return false;
  }
  return true;
}

/* Reads the next line that is not blank; false behind the last. */
static bool read_job(batch *b, job *j) {
  for (ssize_t bytes; (bytes = getline(&j->line, &j->capacity, b->file)) >= 0;) {
    static const char mark[] = "\xEF\xBB\xBF"; /* editors on Windows put it first */
    j->bytes = (size_t)bytes;
    if (!b->lines++ && bytes >= 3 && !memcmp(j->line, mark, 3)) {
      j->bytes -= 3;
      memmove(j->line, j->line + 3, j->bytes + 1);
    }
    while (j->bytes && (j->line[j->bytes - 1] == '\n' || j->line[j->bytes - 1] == '\r'))
      j->line[--j->bytes] = 0;
    j->number = b->lines;
    j->done = false;
    if (!is_blank_line(j->line, j->bytes)) return true;
  }
  return false;
}

static void run_job(const session *run, job *j) {
  char number[24];
  snprintf(number, sizeof number, "%llu", (unsigned long long)j->number);
  const char *qid = number;
  sy_string query = {j->line, j->bytes};
  char *tab = memchr(j->line, '\t', j->bytes);
  if (tab && tab > j->line) {
    *tab = 0;
    qid = j->line;
    query = (sy_string){tab + 1, j->bytes - (size_t)(tab + 1 - j->line)};
  }
  j->error = (sy_error){0};
  j->status = run_query(run, qid, query, &j->out, &j->error);
  j->error.status = j->status;
}

/* What came of a job. False: the run must end here. */
static bool finish_job(batch *b, job *j) {
  b->queries++;
  b->all.found |= j->out.found;
  b->all.timed_out |= j->out.timed_out;
  if (j->status != SY_OK) report(b, j->number, &j->error);
  bool bad_query = j->status == SY_SYNTAX || j->status == SY_LIMIT;
  return (j->status == SY_OK || bad_query) && !(b->run->settings->quiet && b->all.found) &&
         !ferror(stdout);
}

/* ---- One after the other --------------------------------------------------------------------- */

static void run_in_turn(batch *b, bool flush) {
  job *j = &b->jobs[0];
  while (read_job(b, j)) {
    run_job(b->run, j);
    if (!finish_job(b, j)) return;
    if (flush) fflush(stdout);
  }
}

/* ---- Beside each other ----------------------------------------------------------------------- */

/* A job with what it prints kept in memory. */
static void run_job_in_memory(session run, job *j) {
  j->status = SY_NO_MEMORY;
  j->error = (sy_error){.status = SY_NO_MEMORY};
  run.out = open_memstream(&j->printed, &j->printed_bytes);
  run.err = open_memstream(&j->messages, &j->messages_bytes);
  if (run.out && run.err) run_job(&run, j);
  if (run.out) fclose(run.out);
  if (run.err) fclose(run.err);
}

static void *work(void *argument) {
  batch *b = argument;
  session run = *b->run;
  sy_error error = {0};
  sy_status opened = sy_index_open(cli_index_path(run.settings->index), &run.index, &error);
  pthread_mutex_lock(&b->mutex);
  for (;;) {
    while (!b->stop && b->taken == b->end) pthread_cond_wait(&b->more, &b->mutex);
    if (b->stop) break;
    job *j = &b->jobs[b->taken++ % RING];
    pthread_mutex_unlock(&b->mutex);
    if (opened == SY_OK) {
      run_job_in_memory(run, j);
    } else {
      j->status = opened;
      j->error = error;
    }
    pthread_mutex_lock(&b->mutex);
    j->done = true;
    pthread_cond_signal(&b->finished);
  }
  pthread_mutex_unlock(&b->mutex);
  if (opened == SY_OK) sy_index_close(run.index);
  return NULL;
}

/* Reads lines until the ring is full; false when there are no more. */
static bool fill_ring(batch *b) {
  while (b->end - b->first < RING) {
    job *j = &b->jobs[b->end % RING]; /* nobody else looks at it yet */
    if (!read_job(b, j)) return false;
    pthread_mutex_lock(&b->mutex);
    b->end++;
    pthread_cond_signal(&b->more);
    pthread_mutex_unlock(&b->mutex);
  }
  return true;
}

/* Prints what came of the first job, when it is done. */
static bool print_first(batch *b) {
  job *j = &b->jobs[b->first % RING];
  pthread_mutex_lock(&b->mutex);
  while (!j->done) pthread_cond_wait(&b->finished, &b->mutex);
  pthread_mutex_unlock(&b->mutex);
  if (j->printed) fwrite(j->printed, 1, j->printed_bytes, stdout);
  if (j->messages_bytes) fflush(stdout);
  if (j->messages) fwrite(j->messages, 1, j->messages_bytes, stderr);
  free(j->printed);
  free(j->messages);
  j->printed = j->messages = NULL;
  b->first++;
  return finish_job(b, j);
}

static void run_beside(batch *b, uint32_t wanted) {
  pthread_t threads[MOST_THREADS];
  uint32_t started = 0;
  while (started < wanted && !pthread_create(&threads[started], NULL, work, b)) started++;
  if (!started) {
    run_in_turn(b, false);
    return;
  }
  bool going = true;
  while (going) {
    bool more = fill_ring(b);
    going = b->first < b->end && print_first(b);
    while (going && !more && b->first < b->end) going = print_first(b);
    going = going && more;
  }
  pthread_mutex_lock(&b->mutex);
  b->stop = true;
  pthread_cond_broadcast(&b->more);
  pthread_mutex_unlock(&b->mutex);
  for (uint32_t i = 0; i < started; i++) pthread_join(threads[i], NULL);
}

/* ---- All ------------------------------------------------------------------------------------- */

static int run_all(batch *b, bool standard_input) {
  const settings *s = b->run->settings;
  if (!s->quiet) print_beginning(b->run);
  /* Whoever writes queries into a pipe may wait for the answer before the next one. */
  if (s->threads > 1 && !standard_input) {
    run_beside(b, s->threads);
  } else {
    run_in_turn(b, standard_input);
  }
  if (ferror(b->file)) {
    sy_error error = {.status = SY_IO};
    snprintf(error.reason, sizeof error.reason, "cannot read: %s", strerror(errno));
    report(b, b->lines, &error);
  }
  for (uint32_t i = 0; i < RING; i++) {
    free(b->jobs[i].line);
    free(b->jobs[i].printed);
    free(b->jobs[i].messages);
  }
  if (s->quiet && b->all.found) return CLI_FOUND;
  return b->failed ? CLI_ERROR : exit_status(b->all);
}

int run_batch(const session *run, uint64_t *queries) {
  const char *path = run->settings->batch;
  bool standard_input = !strcmp(path, "-");
  sy_error error = {.status = SY_NO_MEMORY};
  batch *b = calloc(1, sizeof *b);
  if (!b) return cli_fail(PROGRAM, &error);
  b->run = run;
  b->name = standard_input ? "standard input" : path;
  b->file = standard_input ? stdin : fopen(path, "r");
  if (!b->file) {
    free(b);
    error.status = SY_IO;
    snprintf(error.reason, sizeof error.reason, "%s", strerror(errno));
    return cli_fail_path(PROGRAM, path, &error);
  }
  pthread_mutex_init(&b->mutex, NULL);
  pthread_cond_init(&b->more, NULL);
  pthread_cond_init(&b->finished, NULL);
  int code = run_all(b, standard_input);
  *queries = b->queries;
  pthread_cond_destroy(&b->finished);
  pthread_cond_destroy(&b->more);
  pthread_mutex_destroy(&b->mutex);
  if (!standard_input) fclose(b->file);
  free(b);
  return code;
}
