/* env_background.c - the thread that writes (described in env_background.h). */
#include "storage/env_background.h"

#include "base/status.h"
#include "base/thread.h"
#include "storage/env_state.h"

#include <pthread.h>

#define KEPT_BYTES (2u << 20) /* a buffer with more is not kept for the next value */

typedef struct slot {
  uint64_t key;
  sy_buffer value;
} slot;

struct sy_background {
  sy_env *env;
  pthread_t thread;
  pthread_mutex_t mutex;
  pthread_cond_t changed;
  slot slots[SY_BACKGROUND_SLOTS]; /* value n is in slot n % SY_BACKGROUND_SLOTS */
  uint64_t put, taken;
  bool ending, discard;
  sy_status status; /* the first failure */
  sy_error error;
};

/* Without the mutex: a slot is the thread's until it is taken. */
static sy_status store(sy_background *b, slot *s, sy_error *error) {
  sy_status status = b->status == SY_OK
                         ? sy_env_store(b->env, s->key, s->value.data, s->value.bytes, error)
                         : b->status;
  s->value.bytes = 0;
  if (s->value.capacity > KEPT_BYTES) sy_buffer_free(&s->value);
  return status;
}

static void set_status(sy_background *b, sy_status status, const sy_error *error) {
  if (b->status != SY_OK || status == SY_OK) return;
  b->status = status;
  b->error = *error;
}

static void *work(void *context) {
  sy_background *b = context;
  sy_error error = {0};
  sy_status status = SY_OK;
  pthread_mutex_lock(&b->mutex);
  for (;;) {
    while (b->put == b->taken && !b->ending) pthread_cond_wait(&b->changed, &b->mutex);
    if (b->put == b->taken || b->discard) break;
    pthread_mutex_unlock(&b->mutex);
    status = store(b, &b->slots[b->taken % SY_BACKGROUND_SLOTS], &error);
    pthread_mutex_lock(&b->mutex);
    set_status(b, status, &error);
    b->taken++;
    pthread_cond_signal(&b->changed);
  }
  pthread_mutex_unlock(&b->mutex);
  if (!b->discard && b->status == SY_OK) {
    status = sy_env_end_transaction(b->env, &error);
    set_status(b, status, &error);
  }
  sy_env_abort(b->env); /* what is still open must end in this thread */
  return NULL;
}

static void free_background(sy_background *b) {
  for (uint32_t i = 0; i < SY_BACKGROUND_SLOTS; i++) sy_buffer_free(&b->slots[i].value);
  pthread_cond_destroy(&b->changed);
  pthread_mutex_destroy(&b->mutex);
  free(b);
}

sy_background *sy_background_begin(sy_env *env) {
  sy_background *b = calloc(1, sizeof *b);
  if (!b) return NULL;
  b->env = env;
  pthread_mutex_init(&b->mutex, NULL);
  pthread_cond_init(&b->changed, NULL);
  if (sy_thread_start(&b->thread, work, b)) return b;
  free_background(b);
  return NULL;
}

sy_status sy_background_put(sy_background *b, uint64_t key, sy_buffer *value, sy_error *error) {
  pthread_mutex_lock(&b->mutex);
  while (b->put - b->taken == SY_BACKGROUND_SLOTS) pthread_cond_wait(&b->changed, &b->mutex);
  slot *s = &b->slots[b->put++ % SY_BACKGROUND_SLOTS];
  sy_buffer spare = s->value;
  *s = (slot){key, *value};
  *value = spare;
  sy_status status = b->status;
  if (status != SY_OK && error) *error = b->error;
  pthread_cond_signal(&b->changed);
  pthread_mutex_unlock(&b->mutex);
  return status;
}

sy_status sy_background_end(sy_background *b, bool discard, sy_error *error) {
  pthread_mutex_lock(&b->mutex);
  b->ending = true;
  b->discard = discard;
  pthread_cond_signal(&b->changed);
  pthread_mutex_unlock(&b->mutex);
  pthread_join(b->thread, NULL);
  sy_status status = b->status;
  if (status != SY_OK && error) *error = b->error;
  free_background(b);
  return status;
}
