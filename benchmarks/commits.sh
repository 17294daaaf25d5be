#!/bin/sh
# commits.sh - `make bench-commits`: thousands of commits of 1 to 100 articles, how long they take, and how
# long searches take in what they leave, and in one segment.
#
#   benchmarks/commits.sh BUILD [CORPUS QUERIES]
set -eu
build=$1 shared=${SUOYIN_SHARED:-../shared}
corpus=${2:-$(benchmarks/corpora.sh "$build" | head -n 1)}
queries=${3:-$shared/queries/dev.q.tsv}
index=$build/bench/commits.idx
rm -rf "$index"
"$build/suoyin-bench" commits --corpus "$corpus" --index "$index" --commits 2000
search() {
  "$build/suoyin-bench" query -i "$index" --queries "$queries" --mode top10 | grep -e '^all' -e '^digest'
}
search
"$build/suoyin-tool" merge -i "$index"
echo "merged into one segment:"
search
rm -rf "$index"
