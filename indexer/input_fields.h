/*
 * input_fields.h - the stored fields of an article, {"name":"value",...}, member by member, for the
 * formats that are not JSON themselves.
 */
#ifndef SY_INPUT_FIELDS_H
#define SY_INPUT_FIELDS_H

#include "base/bytes.h"
#include "suoyin.h"

/* Appends one member of strings in valid UTF-8 to the object in `fields`, empty at first. */
void sy_input_fields_add(sy_buffer *fields, sy_string name, sy_string value);

/* Closes the object and returns it, borrowed from `fields`; empty when nothing was added. */
sy_string sy_input_fields_finish(sy_buffer *fields);

#endif
