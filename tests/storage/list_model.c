/* list_model.c - what list_model.h declares. */
#include "tests/storage/list_model.h"

#include "storage/lengths.h"

list_model list_random(random_source *random, list_shape shape) {
  list_model m = {shape.df, calloc(shape.df, 4), calloc(shape.df, 4), NULL,
                  calloc(shape.df + 1, sizeof(size_t))};
  uint32_t next = 0;
  for (uint32_t i = 0; i < shape.df; i++) {
    m.articles[i] = next + random_below(random, shape.most_gap + 1);
    next = m.articles[i] + 1;
    bool many = random_one_in(random, 8);
    m.frequencies[i] = 1 + random_below(random, many ? shape.most_frequency : 3);
    if (m.frequencies[i] > shape.most_frequency) m.frequencies[i] = shape.most_frequency;
    m.starts[i + 1] = m.starts[i] + m.frequencies[i];
  }
  m.positions = calloc(m.starts[shape.df] + 1, 4);
  for (uint32_t i = 0; i < shape.df; i++) {
    uint32_t position = random_below(random, shape.most_step);
    for (size_t k = m.starts[i]; k < m.starts[i + 1]; k++) {
      m.positions[k] = position;
      position += 1 + random_below(random, shape.most_step);
    }
  }
  return m;
}

void list_free(list_model *m) {
  free(m->articles);
  free(m->frequencies);
  free(m->positions);
  free(m->starts);
}

uint8_t *list_lengths(random_source *random, const list_model *m, uint32_t count) {
  uint8_t *lengths = malloc(count);
  for (uint32_t i = 0; i < count; i++) lengths[i] = sy_length_encode(random_below(random, 2000));
  for (uint32_t i = 0; i < m->df; i++) {
    uint32_t least = m->positions[m->starts[i + 1] - 1] + 1;
    lengths[m->articles[i]] = sy_length_encode(least + random_below(random, 1 + least / 4));
  }
  return lengths;
}

void list_write(sy_list_writer *w, const list_model *m) {
  for (uint32_t i = 0; i < m->df; i++) {
    sy_list_writer_add(w, m->articles[i], m->positions + m->starts[i], m->frequencies[i]);
  }
}

stored_list list_store(const sy_encoded_list *e, const uint8_t *lengths, uint32_t article_count) {
  stored_list s = {{.df = e->df, .lengths = lengths, .article_count = article_count}, NULL, NULL};
  if (e->df == 1) {
    s.list.article = e->article;
    s.list.frequency = e->frequency;
    s.list.single_position = e->position;
    if (e->frequency == 1) return s;
  } else {
    sy_buffer record = {0};
    sy_buffer_append(&record, e->head, e->head_bytes);
    sy_buffer_append(&record, e->body, e->body_bytes);
    s.list.postings = s.postings = exact_copy(record.data, record.bytes);
    s.list.postings_bytes = record.bytes;
    sy_buffer_free(&record);
    if (e->df < SY_BLOCK) return s;
  }
  s.list.positions = s.positions = exact_copy(e->positions, e->positions_bytes);
  s.list.positions_bytes = e->positions_bytes;
  return s;
}

void list_drop(stored_list *stored) {
  free(stored->postings);
  free(stored->positions);
}

void list_compare_article(const list_model *m, uint32_t i, sy_postings *p) {
  sy_positions positions;
  assert_int_equal(p->article, m->articles[i]);
  if (i % 3 != 1) assert_int_equal(sy_postings_frequency(p), m->frequencies[i]);
  assert_true(sy_postings_positions(p, &positions));
  assert_int_equal(positions.count, m->frequencies[i]);
  for (uint32_t k = 0; k < positions.count; k++) {
    uint32_t position = sy_positions_next(&positions);
    if (position != m->positions[m->starts[i] + k]) {
      fail_msg("article %u: position %u is %u, not %u", p->article, k, position,
               m->positions[m->starts[i] + k]);
    }
  }
  assert_int_equal(sy_positions_next(&positions), SY_NO_POSITION);
  assert_int_equal(sy_postings_frequency(p), m->frequencies[i]);
}

void list_compare(const list_model *m, const sy_list *list) {
  sy_postings p;
  assert_int_equal(list->df, m->df);
  sy_postings_open(&p, list);
  for (uint32_t i = 0; i < m->df; i++) {
    assert_int_equal(sy_postings_next(&p), m->articles[i]);
    if (m->df < 200 || i % 7 != 2) list_compare_article(m, i, &p);
  }
  for (int i = 0; i < 3; i++) assert_int_equal(sy_postings_next(&p), SY_NO_ARTICLE);
  assert_int_equal(sy_postings_advance(&p, 5), SY_NO_ARTICLE);
  assert_false(p.corrupt);
}
