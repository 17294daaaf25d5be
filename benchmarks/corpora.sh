#!/bin/sh
# corpora.sh - prints the paths of the dev set, one a line, unpacked into BUILD/bench from ../shared (or
# $SUOYIN_SHARED). Fails when it is not there.
#
#   benchmarks/corpora.sh BUILD
set -eu
work=$1/bench shared=${SUOYIN_SHARED:-../shared}
if [ ! -d "$shared/corpora" ]; then
  echo "corpora.sh: no corpus given and no $shared/corpora: nothing to measure" >&2
  exit 2
fi
mkdir -p "$work"
for name in techdocs poems; do
  [ -f "$work/$name.jsonl" ] || zstd -q -d "$shared/corpora/$name.jsonl.zst" -o "$work/$name.jsonl"
  echo "$work/$name.jsonl"
done
