#!/bin/sh
# quality.sh - measures the ranking on sets of questions, and prints the figures of docs/ranking.md.
#
#   benchmarks/quality.sh BUILD [SET... [-- DISTRACTORS.jsonl...]]
#
# Without a set, those beside the repository (../shared/eval) with the technical articles as distractors.
set -eu
build=$1
shift
work=$build/bench/quality
if [ $# -eq 0 ]; then
  shared=${SUOYIN_SHARED:-../shared}
  if [ ! -d "$shared/eval" ]; then
    echo "quality.sh: no set given and no $shared/eval: nothing to measure" >&2
    exit 2
  fi
  set -- "$shared"/eval/*/ -- "$shared/corpora/techdocs.jsonl.zst"
fi
rm -rf "$work"
mkdir -p "$work"
"$build/suoyin-bench" quality --work "$work" "$@"
