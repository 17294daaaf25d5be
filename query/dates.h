/*
 * dates.h - the other ways to write the dates in a text: 二〇二五年 and 2025年 mean the same.
 *
 * A date is a year of four digits before 年, then perhaps a month before 月 and a day before 日, 号
 * or 號: all Arabic (2025年7月15日, also full-width) or all Chinese (二〇二五年七月十五日, with 〇 or 零).
 * A month or a day alone is no date here: 七月 is also the name of a month in poems.
 */
#ifndef SY_DATES_H
#define SY_DATES_H

#include "suoyin.h"

#define SY_DATE_FORMS 2u /* at most so many other forms */

typedef struct sy_date_form {
  char *text; /* owned by the caller: free() */
  size_t bytes;
} sy_date_form;

/* Writes `text` with all its dates in each of the other forms - or, with `only_date`, the first
 * date alone - to forms[SY_DATE_FORMS]. Returns how many; 0 when there is no date. SY_NO_MEMORY
 * shows as a form without text. */
size_t sy_date_forms(sy_string text, bool only_date, sy_date_form *forms);

#endif
