/* input_libxml.c - an allocator for libxml2 that does not return when there is no memory. */
#include "indexer/input_libxml.h"

#include <libxml/catalog.h>
#include <libxml/parser.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdlib.h>

static xmlMallocFunc before_malloc;
static xmlReallocFunc before_realloc;
static xmlStrdupFunc before_strdup;
static xmlFreeFunc before_free;

enum { MOST_ALLOCATIONS = 20000 /* between two events */, MOST_KEPT = 20000 };

typedef struct run {
  jmp_buf out;
  bool left;            /* through `out`: only frees from there on */
  uint32_t allocations; /* since the last event */
  uint32_t kept_count;
  void *kept[MOST_KEPT]; /* allocated and not freed: what libxml2 is busy with is among them */
} run;

/* Of this thread; NULL: libxml2 is used by somebody else. */
static _Thread_local run *now;

/* When there are too many they are let go: a parser frees most of them itself. */
static void keep(void *block) {
  if (!now || !block) return;
  if (now->kept_count == MOST_KEPT) now->kept_count = 0;
  now->kept[now->kept_count++] = block;
}

/* The last ones are freed first, mostly. */
static void forget(const void *block) {
  for (uint32_t i = now ? now->kept_count : 0; i--;) {
    if (now->kept[i] != block) continue;
    now->kept[i] = now->kept[--now->kept_count];
    return;
  }
}

static void *given(void *block) {
  if (!block && now && !now->left) longjmp(now->out, SY_NO_MEMORY);
  keep(block);
  return block;
}

static void *allocate(size_t bytes) {
  if (now && !now->left && ++now->allocations > MOST_ALLOCATIONS) longjmp(now->out, SY_BAD_INPUT);
  return given(before_malloc(bytes));
}

static void *reallocate(void *block, size_t bytes) {
  forget(block);
  void *grown = before_realloc(block, bytes);
  if (!bytes) return grown; /* freed */
  if (grown) return given(grown);
  keep(block);
  return given(NULL);
}

static char *duplicate(const char *text) { return given(before_strdup(text)); }

static void release(void *block) {
  forget(block);
  before_free(block);
}

static void set_allocator(void) {
  xmlInitParser();        /* what it makes once is made without a way out, and locked; */
  xmlInitializeCatalog(); /* and what it would make for a document that asks for it */
  xmlMemGet(&before_free, &before_malloc, &before_realloc, &before_strdup);
  xmlMemSetup(release, allocate, reallocate, duplicate);
}

static void on_message(void *context, xmlErrorPtr error) {
  (void)context;
  (void)error;
}

void sy_input_libxml_event(void) {
  if (now) now->allocations = 0;
}

static void clean_up(run *r, void (*give_up)(void *context), void *context) {
  r->left = true;
  give_up(context);
  xmlResetLastError(); /* it outlives the parser */
  while (r->kept_count) before_free(r->kept[--r->kept_count]);
}

sy_status sy_input_libxml_run(const sy_input_libxml *calls, void *context, const char *file,
                              sy_error *error) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, set_allocator);
  run *self = malloc(sizeof *self), *outer = now; /* not a local: longjmp() leaves it as it is */
  if (!self) return sy_fail_memory(error);
  self->left = false;
  self->allocations = self->kept_count = 0;
  xmlStructuredErrorFunc before = xmlStructuredError;
  void *before_context = xmlStructuredErrorContext;
  xmlSetStructuredErrorFunc(NULL, on_message);
  now = self;
  sy_status status = SY_OK;
  switch (setjmp(self->out)) {
    case 0: calls->work(context); break;
    case SY_BAD_INPUT:
      status = sy_fail_at(error, SY_BAD_INPUT, file, 0, "an element with too many attributes");
      break;
    default: status = sy_fail_memory(error);
  }
  if (status != SY_OK) clean_up(self, calls->give_up, context);
  now = outer;
  xmlSetStructuredErrorFunc(before_context, before);
  free(self);
  return status;
}
