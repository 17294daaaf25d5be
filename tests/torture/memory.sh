#!/bin/bash
# memory.sh - memory that runs out at every allocation of a run (tests/indexer/test_memory.c and
# test_input_memory.c; `make check` has some of them), and address space in steps of 2 MB for every program.
export SUOYIN_MEMORY_POINTS=1000000000
"$1/tests/indexer/test_memory" && "$1/tests/indexer/test_input_memory" || exit 1
. tests/cli/tap.sh "$1"
cd "$directory" || exit 1
seq 1 3000 | sed 's/.*/{"id":"&","title":"第&篇","body":"先有的文字&&& 机器学习"}/' >articles.jsonl
"$build/suoyin-index" -q -i whole.idx articles.jsonl

# little MB COMMAND...: in so much address space it succeeds, or says why not; the index stays sound.
little() {
  local megabytes=$1 status
  rm -rf test.idx && cp -r whole.idx test.idx
  prlimit --as=$((megabytes << 20)) "${@:2}" >out 2>err
  status=$?
  [ $status = 0 ] || { [ $status = 2 ] && [ -s err ]; } || {
    echo "# $megabytes MB: exit status $status: $(head -c 300 err)"
    return 1
  }
  "$build/suoyin-tool" check -i test.idx >out 2>err || { cat out err && return 1; }
}
sweep() {
  local name=$1 megabytes
  for ((megabytes = 100; megabytes < 500; megabytes += 2)); do
    little $megabytes "${@:2}" || break
  done
  [ $megabytes -ge 500 ]
  result "$name in 100 to 500 MB of address space"
}
sweep suoyin-index "$build/suoyin-index" -q -i test.idx --memory 32M articles.jsonl
sweep suoyin-query "$build/suoyin-query" -i test.idx '机器学习 第*'
for command in check stats merge optimize; do
  sweep "suoyin-tool $command" "$build/suoyin-tool" $command -i test.idx
done
finish
