#!/bin/sh
# run.sh - measures indexing and search on a corpus, and prints the figures of docs/benchmarks.md.
#
#   benchmarks/run.sh BUILD [CORPUS.jsonl... -- QUERIES.tsv]
#
# Without a corpus, the dev set beside the repository (../shared) is unpacked into BUILD/bench. Each figure
# is the median of three runs where it is a time. One core: set CPU to choose it.
set -eu
build=$1
shift
work=$build/bench
mkdir -p "$work"
if [ $# -eq 0 ]; then
  corpora=$(benchmarks/corpora.sh "$build")
  set -- $corpora -- "${SUOYIN_SHARED:-../shared}/queries/dev.q.tsv"
fi
for queries; do :; done # the last one
pinned() { taskset -c "${CPU:-0}" "$@"; }

count=$#
i=0
while [ $i -lt $((count - 2)) ]; do # the corpora to the end, without -- and QUERIES
  set -- "$@" "$1"
  shift
  i=$((i + 1))
done
shift 2

bytes=$(cat "$@" | wc -c)
pinned "$build/suoyin-bench" text "$@"
echo "corpus: $bytes bytes"
for run in 1 2 3; do
  rm -rf "$work/index.idx"
  start=$(date +%s%N)
  pinned "$build/suoyin-index" -q -i "$work/index.idx" "$@"
  end=$(date +%s%N)
  echo "index, run $run: $(((end - start) / 1000000)) ms," \
    "$((bytes * 1000 / ((end - start) / 1000000) / 1000000)) MB/s"
done
pinned "$build/suoyin-tool" merge -i "$work/index.idx" 1
"$build/suoyin-tool" stats -i "$work/index.idx"
for mode in top10 count snippet; do
  echo "$mode:"
  pinned "$build/suoyin-bench" query -i "$work/index.idx" --queries "$queries" --mode $mode
done
