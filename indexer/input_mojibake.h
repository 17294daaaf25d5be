/*
 * input_mojibake.h - text that was UTF-8, was taken for Windows-1252 or Latin-1, and encoded again:
 * "ä¸­æ–‡" for "中文". It is valid UTF-8, so nothing else would notice.
 */
#ifndef SY_INPUT_MOJIBAKE_H
#define SY_INPUT_MOJIBAKE_H

#include "base/bytes.h"
#include "suoyin.h"

/* Whether the text has at least three Chinese, Japanese or Korean characters encoded twice; these,
 * encoded once, are then in `sample`. */
bool sy_input_mojibake_find(sy_string text, char sample[10]);

#endif
