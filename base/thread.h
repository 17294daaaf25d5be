/* thread.h - starting a thread of the library. */
#ifndef SY_THREAD_H
#define SY_THREAD_H

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>

/* All signals are blocked in it: they are the caller's. False when there is no thread to be had. */
static inline bool sy_thread_start(pthread_t *thread, void *(*run)(void *), void *context) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  bool started = !pthread_create(thread, NULL, run, context);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return started;
}

#endif
