/* compress.c - a ring of blocks that threads compress (compress.h). */
#include "storage/compress.h"

#include "base/status.h"

#include <pthread.h>
#include <signal.h>
#include <zstd.h>

#define SLOTS 32u

typedef enum slot_state { SLOT_EMPTY, SLOT_FULL, SLOT_WORKING, SLOT_DONE } slot_state;

typedef struct slot {
  slot_state state; /* under the mutex */
  sy_buffer raw, frame;
  size_t result; /* of zstd */
  uint32_t tag;
} slot;

struct sy_compressor {
  sy_compression compression;
  ZSTD_CCtx *context; /* when there are no threads */
  pthread_t threads[SY_COMPRESS_THREADS_MAX];
  uint32_t started;
  pthread_mutex_t mutex;
  pthread_cond_t filled, done;
  bool stop;
  uint64_t put, next, taken; /* blocks given, taken up by a thread, taken out: slot n % SLOTS */
  slot slots[SLOTS];
};

static void compress_slot(ZSTD_CCtx *context, slot *s, int level) {
  size_t bound = ZSTD_compressBound(s->raw.bytes);
  s->frame.bytes = 0;
  uint8_t *room = context ? sy_buffer_reserve(&s->frame, bound) : NULL;
  s->result = room ? ZSTD_compressCCtx(context, room, bound, s->raw.data, s->raw.bytes, level) : 0;
}

static void *work(void *argument) {
  sy_compressor *c = argument;
  ZSTD_CCtx *context = ZSTD_createCCtx();
  pthread_mutex_lock(&c->mutex);
  for (;;) {
    while (!c->stop && c->next == c->put) pthread_cond_wait(&c->filled, &c->mutex);
    if (c->stop) break;
    slot *s = &c->slots[c->next++ % SLOTS];
    s->state = SLOT_WORKING;
    pthread_mutex_unlock(&c->mutex);
    compress_slot(context, s, c->compression.level);
    pthread_mutex_lock(&c->mutex);
    s->state = SLOT_DONE;
    pthread_cond_signal(&c->done);
  }
  pthread_mutex_unlock(&c->mutex);
  ZSTD_freeCCtx(context);
  return NULL;
}

/* Starts the threads, with all signals blocked: those are the caller's. Fewer than asked for
 * will do, and none means that the caller's thread compresses. */
static void start_threads(sy_compressor *c) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  while (c->started < c->compression.threads &&
         !pthread_create(&c->threads[c->started], NULL, work, c)) {
    c->started++;
  }
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  c->compression.threads = c->started;
}

sy_status sy_compressor_new(sy_compression compression, sy_compressor **out, sy_error *error) {
  sy_compressor *c = *out = calloc(1, sizeof *c);
  if (!c) return sy_fail_memory(error);
  c->compression = compression;
  pthread_mutex_init(&c->mutex, NULL);
  pthread_cond_init(&c->filled, NULL);
  pthread_cond_init(&c->done, NULL);
  return SY_OK;
}

void sy_compressor_free(sy_compressor *c) {
  if (!c) return;
  pthread_mutex_lock(&c->mutex);
  c->stop = true;
  pthread_cond_broadcast(&c->filled);
  pthread_mutex_unlock(&c->mutex);
  for (uint32_t i = 0; i < c->started; i++) pthread_join(c->threads[i], NULL);
  for (uint32_t i = 0; i < SLOTS; i++) {
    sy_buffer_free(&c->slots[i].raw);
    sy_buffer_free(&c->slots[i].frame);
  }
  pthread_mutex_destroy(&c->mutex);
  pthread_cond_destroy(&c->filled);
  pthread_cond_destroy(&c->done);
  ZSTD_freeCCtx(c->context);
  free(c);
}

/* `put` and `taken` are changed by the caller's thread only. */
bool sy_compressor_full(const sy_compressor *c) { return c->put - c->taken == SLOTS; }

sy_status sy_compressor_put(sy_compressor *c, sy_buffer *block, uint32_t tag, sy_error *error) {
  slot *s = &c->slots[c->put % SLOTS]; /* empty: no thread looks at it */
  sy_buffer empty = s->raw;
  s->raw = *block;
  s->tag = tag;
  *block = empty;
  block->bytes = 0;
  if (!c->put && c->compression.threads) start_threads(c);
  if (!c->compression.threads) {
    if (!c->context) c->context = ZSTD_createCCtx();
    compress_slot(c->context, s, c->compression.level);
    s->state = SLOT_DONE;
    c->put++;
    return s->raw.failed ? sy_fail_memory(error) : SY_OK;
  }
  pthread_mutex_lock(&c->mutex);
  s->state = SLOT_FULL;
  c->put++;
  pthread_cond_signal(&c->filled);
  pthread_mutex_unlock(&c->mutex);
  return s->raw.failed ? sy_fail_memory(error) : SY_OK;
}

static bool is_done(sy_compressor *c, slot *s, bool wait) {
  if (!c->compression.threads) return true;
  pthread_mutex_lock(&c->mutex);
  while (wait && s->state != SLOT_DONE) pthread_cond_wait(&c->done, &c->mutex);
  bool done = s->state == SLOT_DONE;
  pthread_mutex_unlock(&c->mutex);
  return done;
}

sy_status sy_compressor_take(sy_compressor *c, bool wait, sy_frame *out, sy_error *error) {
  if (c->taken == c->put) return SY_NOT_FOUND;
  slot *s = &c->slots[c->taken % SLOTS];
  if (!is_done(c, s, wait)) return SY_NOT_FOUND;
  if (!s->result || s->frame.failed) return sy_fail_memory(error);
  if (ZSTD_isError(s->result))
    return sy_fail(error, SY_NO_MEMORY, "zstd: %s", ZSTD_getErrorName(s->result));
  *out = (sy_frame){s->frame.data, s->result, (uint32_t)s->raw.bytes, s->tag};
  s->state = SLOT_EMPTY;
  c->taken++;
  return SY_OK;
}
