/*
 * test_fuzz_charset.c - which charset bytes are in, and their conversion: what comes out is UTF-8,
 * and a source that converts hands out the same whatever pieces its input comes in.
 */
#include "indexer/input_charset.h"
#include "indexer/input_mojibake.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/fuzz_source.h"

static const char *const charsets[] = {"UTF-8",    "GB18030", "Big5",     "UTF-16LE",
                                       "UTF-16BE", "GBK",     "UTF-32LE", "SHIFT_JIS"};

static void convert_pieces(const uint8_t *data, size_t bytes, const char *name, size_t piece,
                           sy_buffer *out) {
  sy_input_source *parent = fuzz_source(data, bytes, piece), *source = NULL;
  fuzz_check(sy_input_charset_open(parent, name, &source, NULL) == SY_OK);
  fuzz_check(sy_input_source_read_all(source, out, NULL) == SY_OK);
  sy_input_source_close(source);
  sy_input_source_close(parent);
}

static void find_mojibake(const uint8_t *text, size_t bytes) {
  char *exact = (char *)fuzz_copy(text, bytes), sample[10];
  memset(sample, 'x', sizeof sample);
  if (sy_input_mojibake_find((sy_string){exact, bytes}, sample)) {
    fuzz_check(memchr(sample, 0, sizeof sample));
    fuzz_check(sample[0] && sy_input_charset_is_utf8(sample, strlen(sample)));
  }
  free(exact);
}

static void convert(const uint8_t *data, size_t bytes, const char *name, size_t piece) {
  sy_buffer whole = {0}, once = {0}, pieces = {0};
  uint64_t invalid = 0;
  sy_status status =
      sy_input_charset_convert(name, (const char *)data, bytes, &whole, &invalid, NULL);
  fuzz_check(status == SY_OK);
  if (whole.bytes) fuzz_check(sy_input_charset_is_utf8((const char *)whole.data, whole.bytes));
  find_mojibake(whole.data, whole.bytes);
  convert_pieces(data, bytes, name, 0, &once);
  convert_pieces(data, bytes, name, piece, &pieces);
  fuzz_check(once.bytes == pieces.bytes);
  if (once.bytes) fuzz_check(!memcmp(once.data, pieces.data, once.bytes));
  sy_buffer_free(&whole);
  sy_buffer_free(&once);
  sy_buffer_free(&pieces);
}

const uint32_t fuzz_mutations = 6000;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
  fuzz_input in = {data, data + bytes};
  uint8_t flags = fuzz_u8(&in), piece = fuzz_u8(&in);
  const char *name = charsets[flags >> 5];
  sy_input_charset_hints hints = {flags & 1 ? name : NULL, flags & 2, flags & 4, flags & 8};
  sy_input_charset charset;
  size_t left = fuzz_left(&in);
  uint8_t *exact = fuzz_copy(in.at, left);
  if (sy_input_charset_detect(exact, left, &hints, &charset, NULL) != SY_OK) abort();
  fuzz_check(charset.mark_bytes <= left);
  if (charset.kind == SY_INPUT_CHARSET_NAMED) {
    fuzz_check(sy_input_charset_check(charset.name, NULL) == SY_OK);
    convert(exact + charset.mark_bytes, left - charset.mark_bytes, charset.name, 1 + piece);
  }
  if (charset.kind == SY_INPUT_CHARSET_UTF8 && !charset.damaged && hints.whole)
    fuzz_check(sy_input_charset_is_utf8((const char *)exact, left));
  convert(exact, left, name, 1 + piece);
  free(exact);
  return 0;
}

void fuzz_seeds(fuzz_give *give, void *context) {
  static const struct {
    const char *bytes;
    size_t count;
  } seeds[] = {
#define SEED(text) {text, sizeof(text) - 1}
      SEED("\x02\x01機器學習 plain UTF-8"),
      SEED("\x22\x03\xbb\xfa\xc6\xf7\xd1\xa7\xcf\xb0\xca\xc7\xc8\xcb\xb9\xa4\xd6\xc7\xc4\xdc"),
      SEED("\x42\x02\xbe\xf7\xbe\xb9\xbe\xc7\xb2\xdf\xac\x4f\xa4\x48\xa4\x75\xb4\xbc\xbc\x7a"),
      SEED("\x60\x05\xff\xfe\x3a\x67\x68\x56\x66\x5b\x60\x4e\n\0"),
      SEED("\x80\x01\xfe\xff\x67\x3a\x56\x68"),
      SEED("\xc2\x07\xff\xfe\0\0\x3a\x67\0\0"),
      SEED("\x0a\x01<html><meta charset=gbk><title>\xbb\xfa</title>"),
      SEED("\x06\x01{\"body\": \"x\"}\n{\"body\": \"\xff\"}\n"),
      SEED("\xe1\x01\x93\xfa\x96\x7b\x8c\xea"),
      SEED("\x02\x01ä¸­æ–‡å­—ç¬¦ twice"),
      SEED("\x02\x01\x30\x81\x30\x81\x84\x31\xa4\x37 \xef\xbb\xbf \0\0\0"),
#undef SEED
  };
  for (size_t i = 0; i < sizeof seeds / sizeof *seeds; i++)
    give(context, seeds[i].bytes, seeds[i].count);
}
