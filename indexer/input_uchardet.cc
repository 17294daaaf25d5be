/*
 * input_uchardet.cc - uchardet, which is C++ inside. Its functions for C let std::bad_alloc out,
 * and in C that ends the program; so it is called from here.
 */
#include "indexer/input_uchardet.h"

#include <uchardet/uchardet.h>

#include <cstdio>
#include <new>

bool sy_input_uchardet(const char *data, size_t bytes, char *name, size_t capacity) {
  uchardet_t detector = nullptr;
  bool good = true;
  name[0] = 0;
  try {
    detector = uchardet_new();
    if (!uchardet_handle_data(detector, data, bytes)) {
      uchardet_data_end(detector);
      std::snprintf(name, capacity, "%s", uchardet_get_charset(detector));
    }
  } catch (const std::bad_alloc &) {
    good = false;
  }
  if (detector) uchardet_delete(detector);
  return good;
}
