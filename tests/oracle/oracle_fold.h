/*
 * oracle_fold.h - the oracle's own reading of docs/text.md sections 1 to 3: decoding, folding and
 * the classes of characters. Nothing here is shared with text/: it asks utf8proc and OpenCC at run
 * time.
 */
#ifndef SY_ORACLE_FOLD_H
#define SY_ORACLE_FOLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum oracle_class {
  ORACLE_CHINESE,
  ORACLE_WORD,
  ORACLE_MARK, /* a word character behind a word character; else skipped or composed */
  ORACLE_SPACE,
  ORACLE_TRANSPARENT,
  ORACLE_PUNCTUATION,
} oracle_class;

/* Reads one character at bytes[0..left), left > 0. Returns how many bytes it takes; an ill-formed
 * byte is U+FFFD, takes 1, and *valid is false. */
size_t oracle_decode(const unsigned char *bytes, size_t left, uint32_t *point, bool *valid);

/* Writes `point` as UTF-8 to out[4] and returns the number of bytes. */
size_t oracle_encode(uint32_t point, char *out);

/* The class of a folded character. */
oracle_class oracle_class_of(uint32_t point);

bool oracle_is_letter(uint32_t point); /* Unicode category L* */
bool oracle_is_digit(uint32_t point);  /* Unicode category Nd */

/* The one character that Unicode has for `letter` with the combining `mark`; 0 when there is none.
 */
uint32_t oracle_compose(uint32_t letter, uint32_t mark);

/* Folds code points and remembers the answers. Owned by the caller: oracle_fold_free(). Aborts when
 * a library cannot be opened: an oracle that guesses is none. */
typedef struct oracle_fold oracle_fold;
oracle_fold *oracle_fold_new(uint32_t text_rules);
void oracle_fold_free(oracle_fold *fold);

/* What `point` folds to, *count characters (0 is possible). Borrowed from `fold`. */
const uint32_t *oracle_fold_point(oracle_fold *fold, uint32_t point, size_t *count);

#endif
