/*
 * pages.h - LMDB's file, read without trusting it.
 *
 * LMDB believes its own pages: an offset, a page number or a count that is wrong is followed, out
 * of the page or out of the file. So Suoyin reads with this, which follows nothing that it has not
 * checked, and lets LMDB write only in a file whose pages sy_pages_check() found in order.
 *
 * The file (LMDB 0.9, data version 1, 64 bits, little-endian) is pages of one size:
 *
 *     page        pgno u64, pad u16, flags u16, lower u16, upper u16, then by the flags:
 *       meta      8: pages 0 and 1, written in turn: the commit T is on page T % 2 (below)
 *       branch    1: (lower - 16) / 2 offsets u16 of nodes, which lie from upper on
 *       leaf      2: the same
 *       overflow  4: `lower | upper << 16` pages of one value, from byte 16 of the first on
 *     node        low u32, flags u16, key bytes u16, key, then in a leaf the value
 *       branch    low | flags << 32 is the page whose keys are not below this key; in the
 *                 first node the key means nothing
 *       leaf      low is the length of the value; flags 1: in its place u64, an overflow page
 *     meta        magic u32 BEEFC0DE, version u32, address u64, map size u64, two trees, last page
 *                 u64, commit u64
 *       tree      pad u32 (of the first tree: the page size), flags u16, depth u16, branch pages
 *                 u64, leaf pages u64, overflow pages u64, entries u64, root u64 (all ones: empty)
 *
 * The first tree is the list of free pages: its keys are commits (native u64), its values a count
 * u64 and as many page numbers u64. The second is the data; its keys are Suoyin's 8 bytes,
 * big-endian. Both are u64 here. LMDB writes pages where no page of the last two commits is, so
 * both metas have whole trees.
 */
#ifndef SY_PAGES_H
#define SY_PAGES_H

#include "suoyin.h"

#define SY_FILE_MOST_BYTES (1ull << 40) /* LMDB's map: an index cannot grow beyond it */
#define SY_PAGE_LEAST_BYTES 4096u
#define SY_PAGE_MOST_BYTES 32768u

typedef struct sy_page_tree {
  uint64_t root, entries, branch_pages, leaf_pages, overflow_pages;
  uint32_t depth; /* 0: empty */
  bool native;    /* keys are native numbers, not big-endian */
} sy_page_tree;

typedef struct sy_page_meta {
  uint64_t commit; /* of LMDB: counts its transactions */
  uint64_t last_page;
  uint32_t page_bytes;
  sy_page_tree free, data;
} sy_page_meta;

/* The pages of one commit. */
typedef struct sy_pages {
  const char *path;   /* for errors; borrowed */
  const uint8_t *map; /* the file; borrowed */
  uint64_t count;     /* pages that may be read: what both the file and the commit have */
  sy_page_meta meta;
} sy_pages;

/* Reads both metas of the file that begins with these bytes (2 * SY_PAGE_MOST_BYTES of them, or the
 * whole file). SY_VERSION when it is no LMDB file; SY_CORRUPT when a meta contradicts itself or the
 * other. */
sy_status sy_pages_metas(const char *path, const uint8_t *data, uint64_t bytes,
                         sy_page_meta metas[2], sy_error *error);

/* A value and where it lies. */
typedef struct sy_page_value {
  uint64_t key;
  const uint8_t *data; /* borrowed from the map */
  uint64_t bytes;
  uint64_t overflow; /* its first page, when it does not lie in a leaf; else 0 */
} sy_page_value;

/* Finds the value of a key of the data tree, its overflow page checked.
 * SY_NOT_FOUND, SY_CORRUPT. */
sy_status sy_pages_get(const sy_pages *pages, uint64_t key, sy_page_value *out, sy_error *error);

/* Calls `visit` for every value of the data tree with first <= key <= last, in order. All nodes,
 * and the order of keys across all pages walked, are checked; overflow pages are not looked at:
 * sy_pages_overflow(). A status other than SY_OK ends the walk and is returned. */
typedef sy_status (*sy_page_visitor)(void *context, const sy_page_value *value, sy_error *error);
sy_status sy_pages_walk(const sy_pages *pages, uint64_t first, uint64_t last, sy_page_visitor visit,
                        void *context, sy_error *error);

/* Reads from the file `fd` what is at `at` of the map, without looking at the map. SY_IO. */
sy_status sy_pages_copy(const sy_pages *pages, int fd, uint64_t at, size_t bytes, uint8_t *out,
                        sy_error *error);

/* Checks the head of a value's overflow pages; SY_OK also when it has none. */
sy_status sy_pages_overflow(const sy_pages *pages, const sy_page_value *value, sy_error *error);

/* Checks that LMDB may work on this commit: every branch and leaf page of both trees, the counts
 * in the meta, and that no page is used, or listed as free, twice. Looks at no page of values but
 * those for whose key `overflow` (may be NULL: all) says so. *free_pages (may be NULL): how many
 * are free. */
sy_status sy_pages_check(const sy_pages *pages, bool (*overflow)(uint64_t key),
                         uint64_t *free_pages, sy_error *error);

/* How many pages are neither used nor free, where sy_pages_check() found the others in order. LMDB
 * leaves none. */
uint64_t sy_pages_lost(const sy_pages *pages, uint64_t free_pages);

/* How many free pages the commits from `first` up to, not including, `end` freed: LMDB uses none of
 * them again while the commit `first` has a reader. */
sy_status sy_pages_freed(const sy_pages *pages, uint64_t first, uint64_t end, uint64_t *count,
                         sy_error *error);

#endif
