#!/bin/bash
# test_tool_cli.sh - the program suoyin-tool: each command, found, not found and in error.
. tests/cli/tap.sh "$1"
tool=$build/suoyin-tool
cd "$directory" || exit 1
escape=$'\e' bad=$'\ufffd'

cat >one.jsonl <<'END'
{"id":"a 1","title":"机器学习","body":"机器\n学习Llama。","url":"u"}
{"id":"b","title":"题","body":"终端\u001b[2J字"}
END
cat >two.jsonl <<'END'
{"id":"c","title":"","body":"機器翻譯"}
{"id":"b","title":"新题","body":"终端\u001b[2J字"}
END
"$build/suoyin-index" -q -i test.idx one.jsonl && "$build/suoyin-index" -q -i test.idx two.jsonl
result "the index is made"
export SUOYIN_INDEX=test.idx

# member NAME FILE: a number in one line of JSON.
member() { sed -E "s/.*\"$1\": ([0-9.]+).*/\1/" "$2"; }

"$tool" stats --json >stats.json && [ "$(wc -l <stats.json)" = 1 ] && [ "$(member articles stats.json)" != "" ]
result "stats --json"
grep -Eq '^\{"articles": 3, "deleted": 1, "segments": 2, "terms": [1-9][0-9]*, "postings": [1-9][0-9]*, "positions": [1-9][0-9]*, .*"bytes": \{"lexicon": [0-9]+, .*"free": [0-9]+, "held": 0\}, "bytes_per_posting": [0-9.]+, ' stats.json
result "its members"
"$tool" stats >stats.txt && grep -Eq '^articles +3$' stats.txt && grep -Eq '^  postings ' stats.txt &&
  grep -Eq '^other readers +0$' stats.txt && grep -Eq '^  held by readers +0$' stats.txt
result "stats"
cp -r test.idx merged.idx && "$tool" merge -i merged.idx && "$tool" stats -i merged.idx --json >merged.json &&
  [ "$(member segments merged.json)" = 1 ] && [ "$(member written merged.json)" -gt "$(member written stats.json)" ] &&
  awk "BEGIN { exit !($(member write_amplification merged.json) > $(member write_amplification stats.json)) }" &&
  awk "BEGIN { exit !($(member write_amplification stats.json) > 1) }"
result "what was written, merges included"
same "check" 0 1 bash -c "$tool check | grep -c '^OK: 3 articles in 2 segments'"

same "terms" 0 "机器	body	2
机器	title	1" bash -c "$tool terms 机 | awk -F'\t' '{ sum[\$1 FS \$2] += \$3 } END { for (k in sum) print k FS sum[k] }' | sort"
same "terms, folded" 0 "llama	body	1" "$tool" terms LL
same "terms as json" 0 '{"term": "llama", "field": "body", "run_end": false, "articles": 1}' \
  "$tool" terms --json llama
same "terms, limited" 0 3 bash -c "$tool terms -n 3 | wc -l"
same "no terms" 1 "" "$tool" terms 没

same "doc" 0 "机器学习

机器
学习Llama。" "$tool" doc 'a 1'
same "doc as json" 0 '{"id": "b", "title": "新题", "body": "终端\u001b[2J字", "fields": {}}' \
  "$tool" doc --json b
same "stored fields" 0 1 bash -c "$tool doc --json 'a 1' | grep -c '\"fields\": {\"url\": *\"u\"}}'"
same "doc in a pipe is exact" 0 "新题

终端${escape}[2J字" "$tool" doc b
same "doc on a terminal" 0 "新题

终端${bad}[2J字" on_terminal "$tool" doc b
same "no doc" 1 "" "$tool" doc x
grep -q '^suoyin-tool: x: no such article$' err
result "its message"

same "merge" 0 "" "$tool" merge
"$tool" stats --json >stats.json
[ "$(member segments stats.json)" = 1 ] && [ "$(member deleted stats.json)" = 0 ]
result "one segment is left"
same "check behind it" 0 1 bash -c "$tool check | grep -c '^OK: 3 articles in 1 segment'"
same "merge 2" 0 "" "$tool" merge 2
complains "merge 0" "suoyin-tool: merge: \"0\" is no number of segments
Try 'suoyin-tool --help'." "$tool" merge 0

same "optimize" 0 "" "$tool" optimize
same "check behind it" 0 1 bash -c "$tool check | grep -c '^OK: 3 articles in 1 segment'"
same "optimize, with options" 0 "" "$tool" optimize --threads 3 --memory 64M
same "what it leaves" 0 "机器
学习Llama。" bash -c "$tool doc 'a 1' | tail -n +3"
complains "too little memory" "suoyin-tool: test.idx: memory must be at least 32 MiB" \
  "$tool" optimize --memory 1M
complains "no size" "suoyin-tool: --memory: \"much\" is not possible (SIZE: optimize: working memory\
 (default: 512M; at least 32M))
Try 'suoyin-tool --help'." "$tool" optimize --memory much

complains "an option that the command does not take" "suoyin-tool: check takes no --json
Try 'suoyin-tool --help'." "$tool" check --json
complains "another one" "suoyin-tool: stats takes no --limit
Try 'suoyin-tool --help'." "$tool" -n 3 stats
same "an empty name of an index" 2 "" "$tool" stats -i ""

for command in stats check terms 'doc x' merge optimize; do
  # shellcheck disable=SC2086
  complains "$command without an index" "suoyin-tool: none.idx: no index here" "$tool" -i none.idx $command
done
[ ! -e none.idx ]
result "no index was made"

# A byte in the middle of every page but the first two: some structure must notice.
cp -r test.idx damaged.idx
file=$(find damaged.idx -type f -printf '%s %p\n' | sort -n | tail -n 1 | cut -d' ' -f2-)
size=$(stat -c %s "$file")
for ((at = 2 * 4096 + 2048; at < size; at += 4096)); do
  printf 'U' | dd of="$file" bs=1 seek=$at conv=notrunc status=none
done
"$tool" -i damaged.idx check >out 2>err
status=$?
# A mark that falls on unused bytes damages nothing.
if [ $status = 2 ]; then [ -s err ]; else [ $status = 0 ] && grep -q ^OK out; fi
result "check of a damaged index ends in order"

complains "no command" "suoyin-tool: no COMMAND given
Try 'suoyin-tool --help'." "$tool"
complains "unknown command" "suoyin-tool: no command \"foo\"
Try 'suoyin-tool --help'." "$tool" foo
complains "doc without an id" "suoyin-tool: doc: no ID given
Try 'suoyin-tool --help'." "$tool" doc
same "too many operands" 2 "" "$tool" doc a b
"$tool" stats >/dev/full 2>err
[ $? = 2 ] && grep -q 'No space left on device' err
result "a full disk is noticed"
same "help" 0 1 bash -c "$tool help | grep -c '^  merge '"
same "--help" 0 1 bash -c "$tool --help | grep -c '^  merge '"
same "--version" 0 1 bash -c "$tool --version | grep -c '^suoyin-tool [0-9]*\.[0-9]*\.[0-9]*$'"
finish
