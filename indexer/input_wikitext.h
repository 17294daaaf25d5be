/*
 * input_wikitext.h - the markup of MediaWiki reduced to plain text.
 *
 *     '''北京'''是[[中华人民共和国|中国]]的首都{{citation needed}}<ref>书</ref>。  ->  北京是中国的首都。
 *
 * Dropped with what is in them: templates, references, formulas, galleries, files and categories,
 * comments, the readings of ruby. Kept without its marks: the text of links, headings, lists,
 * tables (a line a cell), <nowiki>, <pre> and source code. Of -{zh-hans:甲; zh-hant:乙}- the first
 * of zh-hans, zh-cn, zh-hant, or the first there is. What is opened and never closed is text.
 */
#ifndef SY_INPUT_WIKITEXT_H
#define SY_INPUT_WIKITEXT_H

#include "base/bytes.h"
#include "suoyin.h"

/* Appends. Time grows with the length of the text, however it is nested. Out of memory is
 * out->failed. */
void sy_input_wikitext_plain(sy_string text, sy_buffer *out);

#endif
