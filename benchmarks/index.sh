#!/bin/sh
# index.sh - `make bench-index`: indexing by one thread and by two, with where the time goes and what the
# index takes (suoyin-bench index); medians of three runs.
#
#   benchmarks/index.sh BUILD [CORPUS...]
set -eu
build=$1
shift
if [ $# -eq 0 ]; then
  corpora=$(benchmarks/corpora.sh "$build")
  set -- $corpora
fi
for corpus; do
  set -- "$@" --corpus "$corpus"
  shift
done
for threads in 1 2; do
  echo "threads: $threads"
  "$build/suoyin-bench" index --threads $threads "$@"
done
