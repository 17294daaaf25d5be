#!/bin/bash
# damage.sh - every byte of a small index changed in turn (`make check` changes one in eleven of those that
# LMDB does not trust): tests/storage/test_pages.c.
export SUOYIN_DAMAGE_STRIDE=1
exec "$1/tests/storage/test_pages" "$1"
