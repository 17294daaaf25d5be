/* lexicon.c - the terms of a segment: encoder and decoder of the format in lexicon.h. */
#include "storage/lexicon.h"

#include "base/status.h"
#include "storage/lengths.h"

/* ---- Writing --------------------------------------------------------------------------------- */

void sy_lexicon_writer_init(sy_lexicon_writer *w, sy_env *env, uint32_t segment) {
  memset(w, 0, sizeof *w);
  w->env = env;
  w->segment = segment;
  sy_stream_writer_init(&w->lexicon, env, segment, SY_PART_LEXICON);
  sy_stream_writer_init(&w->postings, env, segment, SY_PART_POSTINGS);
  sy_stream_writer_init(&w->positions, env, segment, SY_PART_POSITIONS);
}

void sy_lexicon_writer_free(sy_lexicon_writer *w) {
  sy_stream_writer_free(&w->lexicon);
  sy_stream_writer_free(&w->postings);
  sy_stream_writer_free(&w->positions);
  sy_buffer *buffers[] = {&w->keys, &w->sizes, &w->addresses, &w->index, &w->blocks};
  for (size_t i = 0; i < sizeof buffers / sizeof *buffers; i++) sy_buffer_free(buffers[i]);
}

void sy_lexicon_writer_begin(sy_lexicon_writer *w, uint32_t field, uint32_t first, bool words) {
  w->field = field;
  w->first = first;
  w->words = words;
  w->terms = w->word_bytes = 0;
  w->index.bytes = w->blocks.bytes = 0;
}

/* Offsets in the index are from the first block until the run's head is known to be complete. */
static void put_key(sy_lexicon_writer *w, const sy_term_key *key) {
  bool first = w->terms % SY_LEXICON_BLOCK == 0;
  if (first) {
    if (!w->words) sy_buffer_u32(&w->index, key->second);
    sy_buffer_u32(&w->index, (uint32_t)w->blocks.bytes);
    sy_buffer_varint(&w->blocks, w->postings.end);
    sy_buffer_varint(&w->blocks, w->positions.end);
  }
  if (!w->words) {
    if (!first) sy_buffer_varint(&w->blocks, key->second - w->second);
    w->second = key->second;
    return;
  }
  uint32_t shared = 0, most = key->word_bytes < w->word_bytes ? key->word_bytes : w->word_bytes;
  if (!first) {
    while (shared < most && w->word[shared] == key->word[shared]) shared++;
    sy_buffer_varint(&w->blocks, shared);
  }
  sy_buffer_varint(&w->blocks, key->word_bytes - shared);
  sy_buffer_append(&w->blocks, key->word + shared, key->word_bytes - shared);
  memcpy(w->word, key->word, key->word_bytes);
  w->word_bytes = key->word_bytes;
}

static void put_single(sy_buffer *b, const sy_encoded_list *list) {
  sy_buffer_varint(b, 2ull * list->article + 1);
  if (list->frequency > 1) {
    sy_buffer_varint(b, 2ull * list->frequency + 1);
    sy_buffer_varint(b, list->positions_bytes);
    sy_buffer_append(b, list->positions, list->positions_bytes);
  } else {
    sy_buffer_varint(b, 2ull * list->position);
  }
}

sy_status sy_lexicon_writer_add(sy_lexicon_writer *w, const sy_term_key *key,
                                const sy_encoded_list *list, sy_error *error) {
  put_key(w, key);
  w->terms++;
  if (list->df == 1) {
    put_single(&w->blocks, list);
    return SY_OK;
  }
  sy_buffer_varint(&w->blocks, 2ull * list->df);
  sy_buffer_varint(&w->blocks, list->head_bytes + list->body_bytes);
  SY_TRY(sy_stream_append(&w->postings, list->head, list->head_bytes, list->body, list->body_bytes,
                          NULL, error));
  if (list->df < SY_BLOCK) return SY_OK;
  sy_buffer_varint(&w->blocks, list->positions_bytes);
  if (!list->positions_bytes) return SY_OK;
  return sy_stream_append(&w->positions, list->positions, list->positions_bytes, NULL, 0, NULL,
                          error);
}

sy_status sy_lexicon_writer_end(sy_lexicon_writer *w, sy_error *error) {
  if (!w->terms) return SY_OK;
  uint32_t entry = w->words ? 4 : 8, head = 5 + (uint32_t)w->index.bytes;
  for (size_t i = entry - 4; i < w->index.bytes; i += entry) {
    sy_store32(w->index.data + i, sy_load32(w->index.data + i) + head);
  }
  sy_buffer run = {0};
  sy_buffer_u8(&run, w->words);
  sy_buffer_u32(&run, w->terms);
  sy_buffer_append(&run, w->index.data, w->index.bytes);
  uint64_t address = 0;
  sy_status status = SY_OK;
  if (run.failed || w->index.failed || w->blocks.failed) status = sy_fail_memory(error);
  if (run.bytes + w->blocks.bytes > UINT32_MAX) {
    status = sy_fail(error, SY_LIMIT, "the terms that begin with one character take over 4 GB");
  }
  if (status == SY_OK) {
    status = sy_stream_append(&w->lexicon, run.data, run.bytes, w->blocks.data, w->blocks.bytes,
                              &address, error);
  }
  sy_buffer_u32(&w->keys, w->field << 24 | w->first);
  sy_buffer_u32(&w->sizes, (uint32_t)(run.bytes + w->blocks.bytes));
  sy_buffer_u64(&w->addresses, address);
  sy_buffer_free(&run);
  return status;
}

sy_status sy_lexicon_writer_finish(sy_lexicon_writer *w, sy_error *error) {
  SY_TRY(sy_stream_finish(&w->lexicon, error));
  SY_TRY(sy_stream_finish(&w->postings, error));
  SY_TRY(sy_stream_finish(&w->positions, error));
  sy_buffer directory = {0};
  sy_buffer_u32(&directory, (uint32_t)(w->keys.bytes / 4));
  sy_buffer_append(&directory, w->keys.data, w->keys.bytes);
  sy_buffer_append(&directory, w->sizes.data, w->sizes.bytes);
  sy_buffer_append(&directory, w->addresses.data, w->addresses.bytes);
  bool failed = directory.failed || w->keys.failed || w->sizes.failed || w->addresses.failed;
  sy_status status = failed ? sy_fail_memory(error)
                            : sy_env_put(w->env, w->segment, SY_PART_LEXICON_DIRECTORY, 0,
                                         directory.data, directory.bytes, error);
  sy_buffer_free(&directory);
  return status;
}

/* ---- Reading --------------------------------------------------------------------------------- */

static sy_status corrupt(const sy_lexicon *l, uint32_t run, sy_error *error) {
  return sy_fail_at(error, SY_CORRUPT, sy_env_path(l->lexicon->env), 0,
                    "segment %u: lexicon run %u contradicts itself", l->lexicon->segment, run);
}

sy_status sy_lexicon_init(sy_lexicon *l, sy_value directory, sy_error *error) {
  sy_cursor c = sy_cursor_make(directory.data, directory.bytes);
  l->directory = directory;
  l->count = sy_read_u32(&c);
  l->keys = sy_read_bytes(&c, 4 * (uint64_t)l->count);
  l->sizes = sy_read_bytes(&c, 4 * (uint64_t)l->count);
  l->addresses = sy_read_bytes(&c, 8 * (uint64_t)l->count);
  return c.failed ? corrupt(l, 0, error) : SY_OK;
}

uint32_t sy_lexicon_run(const sy_lexicon *l, uint32_t field, uint32_t first) {
  uint32_t wanted = field << 24 | first, low = 0, high = l->count;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    if (sy_lexicon_run_key(l, middle) < wanted) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

sy_status sy_lexicon_open_run(sy_lexicon *l, uint32_t run, sy_lexicon_cursor *c, sy_error *error) {
  uint32_t bytes = sy_load32(l->sizes + 4 * (size_t)run);
  c->lexicon = l;
  c->run = run;
  uint32_t key = sy_lexicon_run_key(l, run);
  c->field = key >> 24;
  c->key = (sy_term_key){key & 0xffffff, 0, NULL, 0};
  SY_TRY(sy_stream_get(l->lexicon, sy_load64(l->addresses + 8 * (size_t)run), bytes, &c->start,
                       error));
  c->end = c->start + bytes;
  sy_cursor head = sy_cursor_make(c->start, bytes);
  uint8_t kind = sy_read_u8(&head);
  c->words = kind == 1;
  c->terms = sy_read_u32(&head);
  c->term = UINT32_MAX;
  uint32_t blocks = c->terms / SY_LEXICON_BLOCK + (c->terms % SY_LEXICON_BLOCK != 0);
  c->index = sy_read_bytes(&head, (uint64_t)blocks * (c->words ? 4 : 8));
  c->at = head;
  if (head.failed || kind > 1 || c->field >= SY_FIELD_COUNT || !c->terms)
    return corrupt(l, run, error);
  return SY_OK;
}

/* Stands at the beginning of a block, before its first term. */
static sy_status open_block(sy_lexicon_cursor *c, uint32_t block, sy_error *error) {
  const uint8_t *entry = c->index + (size_t)block * (c->words ? 4 : 8);
  if (!c->words) c->key.second = sy_load32(entry);
  uint32_t offset = sy_load32(c->words ? entry : entry + 4);
  if (offset > (size_t)(c->end - c->start)) return corrupt(c->lexicon, c->run, error);
  c->at = sy_cursor_make(c->start + offset, (size_t)(c->end - c->start) - offset);
  c->postings_end = sy_read_varint(&c->at);
  c->positions_end = sy_read_varint(&c->at);
  c->term = block * SY_LEXICON_BLOCK - 1;
  c->key.word_bytes = 0;
  return SY_OK;
}

static void read_word(sy_lexicon_cursor *c, bool first) {
  uint32_t shared = first ? 0 : sy_read_varint32(&c->at);
  uint32_t more = sy_read_varint32(&c->at);
  const uint8_t *bytes = sy_read_bytes(&c->at, more);
  if (!bytes || shared > c->key.word_bytes || more > 255 - shared || !more) {
    c->at.failed = true;
    return;
  }
  memcpy(c->word + shared, bytes, more);
  c->key.word = c->word;
  c->key.word_bytes = shared + more;
}

/* Half of a varint that holds a number of 32 bits and a mark. */
static uint32_t read_marked(sy_cursor *at, bool *marked) {
  uint64_t value = sy_read_varint(at);
  if (value >> 33) at->failed = true;
  *marked = value & 1;
  return (uint32_t)(value >> 1);
}

static void read_list(sy_lexicon_cursor *c) {
  bool single, several;
  uint32_t head = read_marked(&c->at, &single);
  if (single) {
    uint32_t number = read_marked(&c->at, &several);
    if (several && number < 2) c->at.failed = true;
    c->df = 1;
    c->article = head;
    c->frequency = several ? number : 1;
    c->single_position = several ? 0 : number;
    c->inline_bytes = several ? sy_read_varint(&c->at) : 0;
    c->inline_positions = several ? sy_read_bytes(&c->at, c->inline_bytes) : NULL;
    return;
  }
  if (head < 2) c->at.failed = true;
  c->df = head;
  c->postings_bytes = sy_read_varint(&c->at);
  c->postings_at = sy_stream_place(c->postings_end, c->postings_bytes);
  c->postings_end = sy_stream_end(c->postings_at, c->postings_bytes);
  c->positions_bytes = 0;
  if (head < SY_BLOCK) return;
  c->positions_bytes = sy_read_varint(&c->at);
  c->positions_at = sy_stream_place(c->positions_end, c->positions_bytes);
  c->positions_end = sy_stream_end(c->positions_at, c->positions_bytes);
}

sy_status sy_lexicon_next(sy_lexicon_cursor *c, sy_error *error) {
  if (++c->term >= c->terms) {
    c->term = c->terms;
    return SY_NOT_FOUND;
  }
  bool first = c->term % SY_LEXICON_BLOCK == 0;
  if (first) {
    SY_TRY(open_block(c, c->term / SY_LEXICON_BLOCK, error));
    c->term++;
  }
  if (c->words) {
    read_word(c, first);
  } else if (!first) {
    c->key.second += sy_read_varint32(&c->at);
  }
  read_list(c);
  return c->at.failed ? corrupt(c->lexicon, c->run, error) : SY_OK;
}

sy_status sy_lexicon_next_in_run(sy_lexicon_cursor *c, bool *in_run, sy_error *error) {
  sy_status status = sy_lexicon_next(c, error);
  *in_run = status == SY_OK;
  return status == SY_NOT_FOUND ? SY_OK : status;
}

/* The last block whose first term is not above the key; 0 when all are. */
static uint32_t find_chinese_block(const sy_lexicon_cursor *c, uint32_t second) {
  uint32_t low = 0, high = (c->terms - 1) / SY_LEXICON_BLOCK;
  while (low < high) {
    uint32_t middle = low + (high - low + 1) / 2;
    if (sy_load32(c->index + 8 * (size_t)middle) <= second) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return low;
}

sy_status sy_lexicon_seek_word(sy_lexicon_cursor *c, const uint8_t *word, uint32_t bytes,
                               sy_error *error) {
  uint32_t low = 0, high = (c->terms - 1) / SY_LEXICON_BLOCK;
  while (low < high) {
    uint32_t middle = low + (high - low + 1) / 2;
    SY_TRY(open_block(c, middle, error));
    read_word(c, true);
    if (c->at.failed) return corrupt(c->lexicon, c->run, error);
    if (sy_word_compare(c->key.word, c->key.word_bytes, word, bytes) <= 0) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  c->term = low * SY_LEXICON_BLOCK - 1;
  return SY_OK;
}

sy_status sy_lexicon_find(sy_lexicon *l, uint32_t field, const sy_term_key *key,
                          sy_lexicon_cursor *c, sy_error *error) {
  uint32_t run = sy_lexicon_run(l, field, key->first);
  if (run == l->count || sy_lexicon_run_key(l, run) != (field << 24 | key->first))
    return SY_NOT_FOUND;
  SY_TRY(sy_lexicon_open_run(l, run, c, error));
  bool words = key->word_bytes > 0;
  if (words != c->words) return SY_NOT_FOUND;
  if (words) {
    SY_TRY(sy_lexicon_seek_word(c, key->word, key->word_bytes, error));
  } else {
    c->term = find_chinese_block(c, key->second) * SY_LEXICON_BLOCK - 1;
  }
  for (uint32_t i = 0; i < SY_LEXICON_BLOCK; i++) {
    SY_TRY(sy_lexicon_next(c, error));
    int order = sy_term_key_compare(&c->key, key);
    if (order == 0) return SY_OK;
    if (order > 0) return SY_NOT_FOUND;
  }
  return SY_NOT_FOUND;
}

sy_status sy_lexicon_list(const sy_lexicon_cursor *c, sy_list *list, sy_error *error) {
  const sy_lexicon *l = c->lexicon;
  *list =
      (sy_list){.df = c->df, .lengths = l->lengths[c->field], .article_count = l->article_count};
  if (c->df == 1) {
    list->article = c->article;
    list->frequency = c->frequency;
    list->single_position = c->single_position;
    list->positions = c->inline_positions;
    list->positions_bytes = c->inline_bytes;
    return SY_OK;
  }
  if (c->df > l->article_count) return corrupt(l, c->run, error);
  list->postings_bytes = c->postings_bytes;
  list->positions_bytes = c->positions_bytes;
  SY_TRY(sy_stream_get(l->postings, c->postings_at, c->postings_bytes, &list->postings, error));
  /* Positions of no width take no bytes; readers may look at 8 bytes all the same, and these are
   * there. */
  list->positions = list->postings + list->postings_bytes;
  if (!c->positions_bytes) return SY_OK;
  return sy_stream_get(l->positions, c->positions_at, c->positions_bytes, &list->positions, error);
}
