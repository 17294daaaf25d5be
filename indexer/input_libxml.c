/* input_libxml.c - an allocator for libxml2 that does not return when there is no memory. */
#include "indexer/input_libxml.h"

#include <libxml/parser.h>
#include <pthread.h>
#include <setjmp.h>

static xmlMallocFunc before_malloc;
static xmlReallocFunc before_realloc;
static xmlStrdupFunc before_strdup;
static xmlFreeFunc before_free;

enum { MOST_ALLOCATIONS = 20000 }; /* between two events */

/* Of the run in this thread; NULL: none, libxml2 is used by somebody else. */
static _Thread_local jmp_buf *way_out;
static _Thread_local uint32_t allocations;

static void *given(void *block) {
  if (!block && way_out) longjmp(*way_out, SY_NO_MEMORY);
  return block;
}

static void *allocate(size_t bytes) {
  if (way_out && ++allocations > MOST_ALLOCATIONS) longjmp(*way_out, SY_BAD_INPUT);
  return given(before_malloc(bytes));
}

static void *reallocate(void *block, size_t bytes) {
  void *grown = before_realloc(block, bytes);
  return bytes ? given(grown) : grown;
}

static char *duplicate(const char *text) { return given(before_strdup(text)); }

static void set_allocator(void) {
  xmlInitParser(); /* what it makes once is made without a way out, and locked */
  xmlMemGet(&before_free, &before_malloc, &before_realloc, &before_strdup);
  xmlMemSetup(before_free, allocate, reallocate, duplicate);
}

static void on_message(void *context, xmlErrorPtr error) {
  (void)context;
  (void)error;
}

void sy_input_libxml_event(void) { allocations = 0; }

sy_status sy_input_libxml_run(void (*work)(void *context), void *context, const char *file,
                              sy_error *error) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, set_allocator);
  xmlStructuredErrorFunc before = xmlStructuredError;
  void *before_context = xmlStructuredErrorContext;
  xmlSetStructuredErrorFunc(NULL, on_message);
  jmp_buf here, *outer = way_out;
  sy_status status = SY_OK;
  switch (setjmp(here)) {
    case 0:
      way_out = &here;
      allocations = 0;
      work(context);
      break;
    case SY_BAD_INPUT:
      status = sy_fail_at(error, SY_BAD_INPUT, file, 0, "an element with too many attributes");
      break;
    default: status = sy_fail_memory(error);
  }
  way_out = outer;
  xmlSetStructuredErrorFunc(before_context, before);
  return status;
}
