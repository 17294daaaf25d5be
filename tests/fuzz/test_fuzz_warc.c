/*
 * test_fuzz_warc.c - web archives: the first byte is the size of the pieces the input comes in; the
 * articles and complaints must not depend on it.
 *
 * A record says how long it is, and a changed length loses all that follows. So the input is parts
 * between zero bytes: "=" and a part is taken as it is, any other is the block of a record of the
 * kind that its first byte says.
 */
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/fuzz_source.h"

#include <stdio.h>

static void add_record(sy_buffer *out, uint8_t kind, const uint8_t *block, size_t bytes) {
  static const char *const types[] = {"response", "conversion", "request", "metadata"};
  static const char *const contents[] = {"application/http; msgtype=response", "text/plain",
                                         "text/html; charset=big5", "application/http"};
  char head[300];
  int length = snprintf(head, sizeof head,
                        "WARC/1.0\r\nWARC-Type: %s\r\nWARC-Target-URI: http://a/%u\r\n"
                        "Content-Type: %s\r\nContent-Length: %zu\r\n\r\n",
                        types[kind & 3], kind, contents[kind >> 2 & 3], bytes);
  sy_buffer_append(out, head, (size_t)length);
  sy_buffer_append(out, block, bytes);
  sy_buffer_append(out, "\r\n\r\n", 4);
}

const uint32_t fuzz_mutations = 10000;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
  fuzz_input in = {data, data + bytes};
  size_t piece = 1 + fuzz_u8(&in);
  sy_buffer archive = {0};
  while (fuzz_left(&in)) {
    uint8_t kind = fuzz_u8(&in);
    size_t length;
    const uint8_t *part = fuzz_text(&in, &length);
    if (kind == '=') {
      sy_buffer_append(&archive, part, length);
    } else {
      add_record(&archive, kind, part, length);
    }
  }
  uint8_t *exact = fuzz_copy(archive.data, archive.bytes);
  fuzz_read_pieces(sy_input_read_warc, exact, archive.bytes, piece);
  free(exact);
  sy_buffer_free(&archive);
  return 0;
}

#define HTTP "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n"
#define WARC "WARC/1.0\r\nWARC-Type: "

void fuzz_seeds(fuzz_give *give, void *context) {
  static const struct {
    const char *bytes;
    size_t count;
  } seeds[] = {
#define SEED(text) {text, sizeof(text) - 1}
      SEED("\x10"
           "0" HTTP "\r\n<title>題</title><p>文\0"
           "0" HTTP "\r\n<p>二"),
      SEED("\x01"
           "@" HTTP "Transfer-Encoding: chunked\r\n\r\n11;x=y\r\n<title>t</title>\xe4\r\n"
           "C\r\n\xba\xba\xe5\xad\x97\r\n文A\n\r\n0\r\n\r\n"),
      SEED("\x05"
           "5第一行\n二\0"
           "9\xbe\xf7\xbe\xb9\0"
           "2GET / HTTP/1.1\r\n\r\n"),
      SEED(
          "\x07"
          "0HTTP/1.1 404 no\r\nContent-Type: text/html\r\n\r\n無\0"
          "0HTTP/1.0 200\r\nContent-Encoding: gzip\r\nContent-Type: text/html\r\n\r\n\x1f\x8b\x08"),
      SEED("\x03=" WARC "conversion\r\nWARC-Target-URI: <http://a/>\r\nWARC-Date: 2020-01-02\r\n"
           "Content-Type: text/plain\r\nContent-Length: 3\r\n\r\n題\r\n\r\n" WARC "response\r\n"),
      SEED("\x02=" WARC "conversion\r\n folded\r\nContent-Length: 99999999999999999999\r\n\r\nx"),
      SEED("\x02=" WARC "conversion\r\nContent-Length: -1\r\n\r\nx"),
      SEED("\x09=WARC/0.18\r\n\r\n\r\n\r\nWARC/9\n\nno header"),
#undef SEED
  };
  for (size_t i = 0; i < sizeof seeds / sizeof *seeds; i++)
    give(context, seeds[i].bytes, seeds[i].count);
}
