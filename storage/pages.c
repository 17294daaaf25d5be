/*
 * pages.c - LMDB's file, read without trusting it (format and contracts in pages.h).
 *
 * A tree is walked by recursion over its depth, which the meta limits and every step lowers, so a
 * page that points back at its parent ends the walk: on the level of leaves there must be a leaf.
 * In a walk each page may come once; without that, 200 nodes that name one page would take for
 * ever.
 */
#include "storage/pages.h"

#include "base/bytes.h"
#include "base/status.h"

#include <errno.h>
#include <unistd.h>

#define HEAD_BYTES 16u
#define NODE_BYTES 8u
#define META_BYTES 136u
#define DEPTH_MOST 32u
#define NO_PAGE UINT64_MAX

enum { PAGE_BRANCH = 1, PAGE_LEAF = 2, PAGE_OVERFLOW = 4, PAGE_META = 8 };
enum { NODE_BIG = 1 };
enum { TREE_INTEGER_KEY = 8 };

static uint32_t load16(const uint8_t *p) { return p[0] | (uint32_t)p[1] << 8; }

#define damaged(pages, error, ...) sy_fail_at(error, SY_CORRUPT, (pages)->path, 0, __VA_ARGS__)

/* ---- Metas ----------------------------------------------------------------------------------- */

static sy_page_tree read_tree(sy_cursor *c, uint32_t *pad, uint32_t *flags) {
  sy_page_tree tree = {0};
  *pad = sy_read_u32(c);
  uint32_t both = sy_read_u32(c);
  *flags = both & 0xffff;
  tree.depth = both >> 16;
  tree.branch_pages = sy_read_u64(c);
  tree.leaf_pages = sy_read_u64(c);
  tree.overflow_pages = sy_read_u64(c);
  tree.entries = sy_read_u64(c);
  tree.root = sy_read_u64(c);
  tree.native = (*flags & TREE_INTEGER_KEY) != 0;
  return tree;
}

static bool tree_is_plausible(const sy_page_tree *tree, uint64_t last_page) {
  if (!tree->depth) return tree->root == NO_PAGE && !tree->entries;
  return tree->depth <= DEPTH_MOST && tree->root > 1 && tree->root <= last_page;
}

static bool page_bytes_are_plausible(uint32_t bytes) {
  return bytes >= SY_PAGE_LEAST_BYTES && bytes <= SY_PAGE_MOST_BYTES && !(bytes & (bytes - 1));
}

static bool read_meta(const uint8_t *page, uint32_t number, sy_page_meta *meta) {
  sy_cursor c = sy_cursor_make(page, HEAD_BYTES + META_BYTES);
  uint64_t pgno = sy_read_u64(&c);
  uint32_t page_flags = sy_read_u32(&c) >> 16;
  sy_read_bytes(&c, 4 + 8 + 8 + 8); /* lower and upper; magic and version; address; map size */
  uint32_t pad, data_pad, free_flags, data_flags;
  meta->free = read_tree(&c, &meta->page_bytes, &free_flags);
  meta->data = read_tree(&c, &pad, &data_flags);
  data_pad = pad;
  meta->last_page = sy_read_u64(&c);
  meta->commit = sy_read_u64(&c);
  return pgno == number && page_flags == PAGE_META && free_flags == TREE_INTEGER_KEY &&
         !data_flags && !data_pad && page_bytes_are_plausible(meta->page_bytes) &&
         meta->last_page >= 1 && meta->last_page < SY_FILE_MOST_BYTES / meta->page_bytes &&
         tree_is_plausible(&meta->free, meta->last_page) &&
         tree_is_plausible(&meta->data, meta->last_page);
}

static bool has_magic(const uint8_t *page) {
  return sy_load32(page + HEAD_BYTES) == 0xBEEFC0DE && sy_load32(page + HEAD_BYTES + 4) == 1;
}

/* Written in turn: the commits follow each other, or nothing was ever committed. */
static bool follow(const sy_page_meta metas[2]) {
  uint64_t even = metas[0].commit, odd = metas[1].commit;
  if (!even && !odd) return true;
  return even % 2 == 0 && (even + 1 == odd || odd + 1 == even);
}

sy_status sy_pages_metas(const char *path, const uint8_t *data, uint64_t bytes,
                         sy_page_meta metas[2], sy_error *error) {
  if (bytes < HEAD_BYTES + META_BYTES || !has_magic(data))
    return sy_fail_at(error, SY_VERSION, path, 0, "no index, or its first page is damaged");
  if (!read_meta(data, 0, &metas[0]))
    return sy_fail_at(error, SY_CORRUPT, path, 0, "page 0 contradicts itself");
  uint32_t page_bytes = metas[0].page_bytes;
  if (bytes < 2 * (uint64_t)page_bytes)
    return sy_fail_at(error, SY_CORRUPT, path, 0, "the file ends in its second page");
  if (!has_magic(data + page_bytes) || !read_meta(data + page_bytes, 1, &metas[1]) ||
      metas[1].page_bytes != page_bytes)
    return sy_fail_at(error, SY_CORRUPT, path, 0, "page 1 contradicts itself");
  if (!follow(metas))
    return sy_fail_at(error, SY_CORRUPT, path, 0, "pages 0 and 1 contradict each other");
  return SY_OK;
}

/* ---- Pages and nodes ------------------------------------------------------------------------- */

/* A branch or leaf page whose head has been checked. */
typedef struct tree_page {
  const uint8_t *data;
  uint64_t number;
  uint32_t bytes, upper, count;
  bool leaf, native;
} tree_page;

static sy_status open_page(const sy_pages *pages, const sy_page_tree *tree, uint64_t number,
                           bool leaf, tree_page *page, sy_error *error) {
  if (number < 2 || number >= pages->count)
    return damaged(pages, error, "page %llu is not in the file", (unsigned long long)number);
  const uint8_t *data = pages->map + number * pages->meta.page_bytes;
  uint32_t lower = load16(data + 12), upper = load16(data + 14), bytes = pages->meta.page_bytes;
  *page = (tree_page){data, number, bytes, upper, (lower - HEAD_BYTES) / 2, leaf, tree->native};
  if (sy_load64(data) != number || load16(data + 10) != (leaf ? PAGE_LEAF : PAGE_BRANCH) ||
      lower < HEAD_BYTES + 2 || lower % 2 || lower > upper || upper > bytes)
    return damaged(pages, error, "page %llu contradicts itself", (unsigned long long)number);
  return SY_OK;
}

typedef struct tree_node {
  uint64_t key;
  uint64_t child;      /* branch */
  sy_page_value value; /* leaf */
} tree_node;

static uint64_t load_key(const uint8_t *p, bool native) {
  uint64_t key = sy_load64(p);
  return native ? key : __builtin_bswap64(key);
}

static sy_status bad_node(const sy_pages *pages, const tree_page *page, uint32_t i,
                          sy_error *error) {
  return damaged(pages, error, "page %llu node %u contradicts itself",
                 (unsigned long long)page->number, i);
}

/* The value of a leaf's node, of which `room` bytes are left behind the key. */
static bool read_value(const sy_pages *pages, const uint8_t *node, uint32_t room,
                       sy_page_value *value) {
  uint32_t flags = load16(node + 4);
  const uint8_t *at = node + NODE_BYTES + 8;
  value->bytes = sy_load32(node);
  value->data = at;
  value->overflow = 0;
  if (!flags) return value->bytes <= room;
  if (flags != NODE_BIG || room < 8) return false;
  value->overflow = sy_load64(at);
  if (value->overflow < 2 || value->overflow >= pages->count) return false;
  uint64_t there = (pages->count - value->overflow) * pages->meta.page_bytes - HEAD_BYTES;
  value->data = pages->map + value->overflow * pages->meta.page_bytes + HEAD_BYTES;
  return value->bytes <= there;
}

static sy_status read_node(const sy_pages *pages, const tree_page *page, uint32_t i,
                           tree_node *node, sy_error *error) {
  uint32_t offset = load16(page->data + HEAD_BYTES + 2 * (size_t)i);
  if (offset < page->upper || offset + NODE_BYTES > page->bytes)
    return bad_node(pages, page, i, error);
  const uint8_t *at = page->data + offset;
  uint32_t key_bytes = load16(at + 6), room = page->bytes - offset - NODE_BYTES;
  bool implied = !page->leaf && i == 0; /* the first key of a branch */
  if (key_bytes > room || (key_bytes != 8 && !implied)) return bad_node(pages, page, i, error);
  node->key = implied ? 0 : load_key(at + NODE_BYTES, page->native);
  if (!page->leaf) {
    node->child = sy_load32(at) | (uint64_t)load16(at + 4) << 32;
    return SY_OK;
  }
  node->value.key = node->key;
  return read_value(pages, at, room - 8, &node->value) ? SY_OK : bad_node(pages, page, i, error);
}

static uint32_t node_bytes(const tree_page *page, const uint8_t *node) {
  bool big = load16(node + 4) == NODE_BIG;
  uint32_t value = !page->leaf ? 0 : big ? 8 : sy_load32(node);
  return (NODE_BYTES + load16(node + 6) + value + 1) & ~1u;
}

/* The nodes fill the page from `upper` to its end, none over another. LMDB goes by that: it deletes
 * a node by moving those below by its size. */
static sy_status check_layout(const sy_pages *pages, const tree_page *page, sy_error *error) {
  uint64_t begins[SY_PAGE_MOST_BYTES / 128] = {0}; /* a bit for each two bytes */
  tree_node node;
  for (uint32_t i = 0; i < page->count; i++) {
    SY_TRY(read_node(pages, page, i, &node, error)); /* it lies within the page */
    uint32_t offset = load16(page->data + HEAD_BYTES + 2 * (size_t)i);
    if (offset % 2) return bad_node(pages, page, i, error);
    begins[offset / 128] |= 1ull << (offset / 2 % 64);
  }
  uint32_t at = page->upper, found = 0;
  for (; at < page->bytes && begins[at / 128] >> (at / 2 % 64) & 1; found++)
    at += node_bytes(page, page->data + at);
  if (at == page->bytes && found == page->count) return SY_OK;
  return damaged(pages, error, "the nodes of page %llu do not fill it",
                 (unsigned long long)page->number);
}

static uint64_t overflow_page_count(const sy_pages *pages, uint64_t bytes) {
  return (HEAD_BYTES - 1 + bytes) / pages->meta.page_bytes + 1;
}

sy_status sy_pages_overflow(const sy_pages *pages, const sy_page_value *value, sy_error *error) {
  if (!value->overflow) return SY_OK;
  const uint8_t *data = pages->map + value->overflow * pages->meta.page_bytes;
  if (sy_load64(data) == value->overflow && load16(data + 10) == PAGE_OVERFLOW &&
      sy_load32(data + 12) == overflow_page_count(pages, value->bytes))
    return SY_OK;
  return damaged(pages, error, "page %llu is not the value it should be",
                 (unsigned long long)value->overflow);
}

sy_status sy_pages_copy(const sy_pages *pages, int fd, uint64_t at, size_t bytes, uint8_t *out,
                        sy_error *error) {
  for (size_t done = 0; done < bytes;) {
    ssize_t got = pread(fd, out + done, bytes - done, (off_t)(at + done));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return sy_fail_errno(error, got ? errno : EIO, pages->path, "cannot read");
    done += (size_t)got;
  }
  return SY_OK;
}

/* ---- Looking up ------------------------------------------------------------------------------ */

/* The last node whose key is not above `key`; 0 when all are. */
static sy_status find_node(const sy_pages *pages, const tree_page *page, uint64_t key,
                           tree_node *node, sy_error *error) {
  uint32_t low = 0, high = page->count - 1;
  while (low < high) {
    uint32_t middle = low + (high - low + 1) / 2;
    SY_TRY(read_node(pages, page, middle, node, error));
    if (node->key <= key) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return read_node(pages, page, low, node, error);
}

sy_status sy_pages_get(const sy_pages *pages, uint64_t key, sy_page_value *out, sy_error *error) {
  const sy_page_tree *tree = &pages->meta.data;
  uint64_t number = tree->root;
  for (uint32_t depth = tree->depth; depth; depth--) {
    tree_page page;
    tree_node node;
    SY_TRY(open_page(pages, tree, number, depth == 1, &page, error));
    SY_TRY(find_node(pages, &page, key, &node, error));
    if (depth > 1) {
      number = node.child;
    } else if (node.key == key) {
      *out = node.value;
      return sy_pages_overflow(pages, out, error);
    }
  }
  return SY_NOT_FOUND;
}

/* ---- Walking --------------------------------------------------------------------------------- */

typedef struct page_walk {
  const sy_pages *pages;
  const sy_page_tree *tree;
  uint64_t first, last; /* keys wanted */
  uint64_t *seen;       /* a bit for each page */
  sy_page_visitor visit;
  void *context;
  sy_page_tree counted;
  sy_error *error;
} page_walk;

/* Marks pages as used; false when one was. */
static bool mark(page_walk *w, uint64_t number, uint64_t count) {
  for (uint64_t last = number + count; number < last; number++) {
    uint64_t bit = 1ull << (number & 63);
    if (w->seen[number >> 6] & bit) return false;
    w->seen[number >> 6] |= bit;
  }
  return true;
}

static sy_status used_twice(const page_walk *w, uint64_t number) {
  return damaged(w->pages, w->error, "page %llu is used twice", (unsigned long long)number);
}

static sy_status walk_value(page_walk *w, const sy_page_value *value) {
  w->counted.entries++;
  if (value->overflow) {
    uint64_t count = overflow_page_count(w->pages, value->bytes);
    w->counted.overflow_pages += count;
    if (!mark(w, value->overflow, count)) return used_twice(w, value->overflow);
  }
  if (value->key < w->first || value->key > w->last) return SY_OK;
  return w->visit(w->context, value, w->error);
}

/* The page `number` and what is below it, with keys from `low` to `high`. */
static sy_status walk_page(page_walk *w, uint64_t number, uint32_t depth, uint64_t low,
                           uint64_t high) {
  tree_page page;
  SY_TRY(open_page(w->pages, w->tree, number, depth == 1, &page, w->error));
  if (!mark(w, number, 1)) return used_twice(w, number);
  SY_TRY(check_layout(w->pages, &page, w->error));
  *(page.leaf ? &w->counted.leaf_pages : &w->counted.branch_pages) += 1;
  tree_node node, next;
  SY_TRY(read_node(w->pages, &page, 0, &node, w->error));
  if (!page.leaf) node.key = low;
  for (uint32_t i = 0; i < page.count; i++) {
    bool is_last = i + 1 == page.count;
    if (!is_last) SY_TRY(read_node(w->pages, &page, i + 1, &next, w->error));
    if (node.key < low || node.key > high || (!is_last && next.key <= node.key))
      return damaged(w->pages, w->error, "the keys of page %llu are not in order",
                     (unsigned long long)number);
    uint64_t most = is_last ? high : next.key - 1;
    if (page.leaf) {
      SY_TRY(walk_value(w, &node.value));
    } else if (node.key <= w->last && most >= w->first) {
      SY_TRY(walk_page(w, node.child, depth - 1, node.key, most));
    }
    node = next;
  }
  return SY_OK;
}

static sy_status walk_tree(page_walk *w, const sy_page_tree *tree) {
  w->tree = tree;
  w->counted = (sy_page_tree){0};
  return tree->depth ? walk_page(w, tree->root, tree->depth, 0, UINT64_MAX) : SY_OK;
}

static sy_status begin_walk(page_walk *w, const sy_pages *pages, sy_error *error) {
  *w = (page_walk){.pages = pages, .last = UINT64_MAX, .error = error};
  w->seen = calloc(pages->count / 64 + 1, sizeof *w->seen);
  return w->seen ? SY_OK : sy_fail_memory(error);
}

sy_status sy_pages_walk(const sy_pages *pages, uint64_t first, uint64_t last, sy_page_visitor visit,
                        void *context, sy_error *error) {
  page_walk w;
  SY_TRY(begin_walk(&w, pages, error));
  w.first = first;
  w.last = last;
  w.visit = visit;
  w.context = context;
  sy_status status = walk_tree(&w, &pages->meta.data);
  free(w.seen);
  return status;
}

/* ---- Checking -------------------------------------------------------------------------------- */

typedef struct page_check {
  page_walk walk; /* first: visitors get it as their context */
  bool (*overflow)(uint64_t key);
  uint64_t free_pages;
} page_check;

static sy_status check_value(void *context, const sy_page_value *value, sy_error *error) {
  page_check *c = context;
  if (c->overflow && !c->overflow(value->key)) return SY_OK;
  return sy_pages_overflow(c->walk.pages, value, error);
}

/* The pages that a commit freed: none in use, none freed before. */
static sy_status check_free(void *context, const sy_page_value *value, sy_error *error) {
  page_check *c = context;
  const sy_pages *pages = c->walk.pages;
  SY_TRY(sy_pages_overflow(pages, value, error));
  sy_cursor list = sy_cursor_make(value->data, value->bytes);
  uint64_t count = sy_read_u64(&list);
  bool good = value->key <= pages->meta.commit && !list.failed && count <= value->bytes / 8 - 1;
  for (uint64_t i = 0, before = UINT64_MAX; good && i < count; i++) {
    uint64_t number = sy_read_u64(&list);
    good = number > 1 && number <= pages->meta.last_page && number < before;
    /* A page that was never written may lie behind the end of the file. */
    if (good && number < pages->count) good = mark(&c->walk, number, 1);
    before = number;
  }
  c->free_pages += count;
  if (good) return SY_OK;
  return damaged(pages, error, "the list of pages freed by commit %llu contradicts itself",
                 (unsigned long long)value->key);
}

static bool counts_agree(const sy_page_tree *a, const sy_page_tree *b) {
  return a->entries == b->entries && a->branch_pages == b->branch_pages &&
         a->leaf_pages == b->leaf_pages && a->overflow_pages == b->overflow_pages;
}

sy_status sy_pages_check(const sy_pages *pages, bool (*overflow)(uint64_t key),
                         uint64_t *free_pages, sy_error *error) {
  page_check c = {.overflow = overflow};
  SY_TRY(begin_walk(&c.walk, pages, error));
  const sy_page_tree *trees[] = {&pages->meta.data, &pages->meta.free};
  sy_status status = SY_OK;
  c.walk.context = &c;
  for (int i = 0; i < 2 && status == SY_OK; i++) {
    c.walk.visit = i ? check_free : check_value;
    status = walk_tree(&c.walk, trees[i]);
    if (status == SY_OK && !counts_agree(&c.walk.counted, trees[i]))
      status = damaged(pages, error, "there are not as many pages or values as there should be");
  }
  free(c.walk.seen);
  if (free_pages) *free_pages = c.free_pages;
  return status;
}

static uint64_t tree_pages(const sy_page_tree *tree) {
  return tree->branch_pages + tree->leaf_pages + tree->overflow_pages;
}

uint64_t sy_pages_lost(const sy_pages *pages, uint64_t free_pages) {
  const sy_page_meta *meta = &pages->meta;
  uint64_t known = 2 + tree_pages(&meta->data) + tree_pages(&meta->free) + free_pages;
  return meta->last_page + 1 - known;
}

static sy_status count_freed(void *context, const sy_page_value *value, sy_error *error) {
  (void)error;
  if (value->bytes >= 8) *(uint64_t *)context += sy_load64(value->data);
  return SY_OK;
}

sy_status sy_pages_freed(const sy_pages *pages, uint64_t first, uint64_t end, uint64_t *count,
                         sy_error *error) {
  page_walk w;
  *count = 0;
  if (first >= end) return SY_OK;
  SY_TRY(begin_walk(&w, pages, error));
  w.first = first;
  w.last = end - 1;
  w.visit = count_freed;
  w.context = count;
  sy_status status = walk_tree(&w, &pages->meta.free);
  free(w.seen);
  return status;
}
