#!/bin/bash
# test_index_cli.sh - the program suoyin-index: what it takes, what it refuses, and what is left behind.
. tests/cli/tap.sh "$1"
index=$build/suoyin-index query=$build/suoyin-query
cd "$directory" || exit 1

# count QUERY: how many articles match, in test.idx.
count_of() { "$query" -i test.idx -c "$1"; }
# holds NAME QUERY N: the index has N articles that match.
holds() {
  [ "$(count_of "$2")" = "$3" ]
  result "$1" || echo "# $(count_of "$2") articles"
}
json() { sed -E "s/.*\"$1\": ?([0-9.]+).*/\1/"; }

printf '%s\n' '{"id":"1","title":"机器","body":"机器学习","url":"u"}' '{"id":"2","body":"人工智慧"}' >a.jsonl
[ "$("$index" -i test.idx --json a.jsonl 2>err | json articles)" = 2 ] && [ ! -s err ]
result "made, with a summary in JSON on stdout"
holds "found" 机器学习 1
printf '%s\n' '{"id":"2","title":"新","body":"深度学习"}' >b.jsonl
"$index" -i test.idx b.jsonl 2>err && grep -q '^1 articles added' err
result "extended, with a summary on stderr"
"$index" -i written.idx --timings a.jsonl 2>err && grep -qE '^[0-9.]+ MB written, [0-9.]+ times the index' err &&
  made=$("$index" -i written.idx --json b.jsonl 2>err) && [ "$(json index_bytes <<<"$made")" -gt 100 ] &&
  [ "$(json written_bytes <<<"$made")" -gt 100 ]
result "what was written is told"
holds "the new article is there" 深度学习 1
holds "the one with its id is gone" 人工智慧 0

# Bad input commits nothing, or is skipped and counted.
printf '%s\n' '{"id":"3","body":"好的"}' 'no json' '{"id":"4","body":"好的"}' >bad.jsonl
"$index" -q -i test.idx b.jsonl bad.jsonl 2>err
[ $? = 2 ] && grep -q '^suoyin-index: bad.jsonl:2: ' err
result "a bad line: exit status 2, file and line"
holds "nothing of that run is committed" 好的 0
[ "$("$index" -i test.idx --json --skip-bad bad.jsonl 2>err | json skipped)" = 1 ] && grep -q '^bad.jsonl:2: ' err
result "--skip-bad reports it and counts it"
holds "and takes the rest" 好的 2

# What is not certain is asked; what is doubtful is reported.
printf '\273\250\274\344\274\257' >short.txt
"$index" -q -i other.idx short.txt 2>err
[ $? = 2 ] && grep -q '^suoyin-index: short.txt: .*--encoding' err
result "an uncertain encoding: exit status 2, and a question"
[ "$("$index" -i other.idx --json --skip-bad short.txt 2>err | json skipped)" = 1 ] && grep -q '^short.txt: ' err
result "--skip-bad counts it"
printf 'id,body,year\n1,"ä¸­æ–‡å­—ç¬¦",1999\n' >twice.csv
[ "$("$index" -i other.idx --json twice.csv 2>err | json warnings)" = 1 ] && grep -q '^twice.csv:2: .*中文字.*(warning)$' err
result "text encoded twice: a warning, with file and line"
"$index" -i other.idx twice.csv 2>&1 | grep -q '1 warnings' && ! "$index" -q -i other.idx twice.csv 2>&1 | grep -q .
result "warnings in the summary, none with --quiet"

# Deleting.
"$index" -q -i test.idx --delete 3 none 2>err
[ $? = 0 ] && grep -q none err
result "--delete, one of two"
holds "the article is gone" 好的 1
"$index" -q -i test.idx --delete none 2>err
[ $? = 1 ]
result "--delete, none found"

# Members, formats, containers, encodings.
echo '{"nr":7,"head":"标题","text":"自选成员"}' | "$index" -q -i test.idx --id nr --title head --body text -
result "standard input, other member names"
holds "their article" id:7 1
mkdir -p tree/below
echo '# 标记
一段文字' >tree/below/m.md
printf '<html><title>網頁標題</title><script>var 脚本;</script><nav>导航</nav><p>網頁正文<ruby>漢<rt>hàn</rt></ruby>字</p>' >tree/p.html
echo '压缩的文字' | gzip >tree/t.txt.gz
echo '编码的文字没有别的' | iconv -t GB18030 >gb.txt
echo '編碼的文字沒有別的' | iconv -t BIG5 >big5.txt
printf 'PNG\0\1' >tree/x.png
"$index" -q -i test.idx tree && "$index" -q -i test.idx --encoding GB18030 gb.txt && "$index" -q -i test.idx --encoding Big5 big5.txt
result "a directory, and files in other encodings"
holds "Markdown" 'title:标记' 1
holds "HTML, with ruby inside" '"正文汉字"' 1
holds "no scripts" 脚本 0
holds "no menus" 导航 0
holds "gzip" '"压缩的文字"' 1
holds "GB18030 and Big5" '"编码的文字"' 2
tar -czf tree.tar.gz tree && rm -r tree && "$index" -q -i tar.idx tree.tar.gz
[ "$("$query" -i tar.idx -l 标记)" = tree.tar.gz/tree/below/m.md ]
result "members of an archive"

for format in $("$index" --help | sed -n 's/.*--format FORMAT *//p' | tr -d ,); do
  "$index" -q -i formats.idx --format "$format" /dev/null || echo "# $format"
done >out
[ ! -s out ] && [ -f formats.idx/data.mdb ]
result "every format that --help names"

# Rules of text.
echo '{"id":"a","body":"機(jī)器 FAIR"}' >forms.jsonl
"$index" -q -i none.idx --fold none forms.jsonl && "$index" -q -i width.idx --fold width --no-gloss forms.jsonl
result "--fold none and width"
[ "$("$query" -c -i none.idx 機器)" = 1 ] && [ "$("$query" -c -i none.idx 机器)" = 0 ] && [ "$("$query" -c -i none.idx fair)" = 0 ]
result "nothing is folded"
[ "$("$query" -c -i width.idx fair)" = 1 ] && [ "$("$query" -c -i width.idx 機器)" = 0 ]
result "case is folded, and a gloss is text"
complains "other rules than the index has" "suoyin-index: the index was made with other rules of text (suoyin-tool stats shows them)" "$index" -q -i none.idx --fold variants forms.jsonl
"$index" -q -i none.idx --fold none forms.jsonl
result "the rules it has"

# Where the index is.
SUOYIN_INDEX=env.idx "$index" -q a.jsonl && "$index" -q a.jsonl && [ -f env.idx/data.mdb ] && [ -f suoyin.idx/data.mdb ]
result "\$SUOYIN_INDEX, then ./suoyin.idx"
complains "no index in a file" "suoyin-index: a.jsonl: not a Suoyin index (not a directory)" "$index" -q -i a.jsonl b.jsonl
same "an empty name of an index" 2 "" "$index" -q -i "" a.jsonl
complains "options of inputs without inputs" "suoyin-index: --delete takes no options of inputs
Try 'suoyin-index --help'." "$index" -q -i test.idx --delete --format csv 1
complains "an empty input" "suoyin-index: an empty INPUT
Try 'suoyin-index --help'." "$index" -q -i a.idx a.jsonl ""
"$index" -q -i test.idx missing.jsonl 2>err
[ $? = 2 ] && grep -q 'missing.jsonl: .*No such file' err
result "a missing file"
"$index" -i test.idx --no-such-option 2>/dev/null
[ $? = 2 ]
result "an unknown option"

# No room: the last commit stays, and the next run has the space.
"$index" -q -i full.idx a.jsonl
before=$("$query" -i full.idx --count 深度学习)
seq 1 40000 | sed 's/.*/{"id":"n&","body":"第&篇 数&&&& 没有地方了的文字&&&&&&&&"}/' >many.jsonl
(ulimit -f 2048; exec "$index" -q -i full.idx many.jsonl 2>err)
[ $? = 2 ] && grep -q 'full.idx: cannot commit: .*limit of file size\|File too large' err
result "a file that may not grow"
[ "$("$query" -i full.idx --count 深度学习)" = "$before" ] && [ "$("$query" -i full.idx --count 没有地方)" = 0 ] &&
  "$build/suoyin-tool" check -i full.idx >/dev/null
result "the last commit is as it was"
"$index" -q -i full.idx many.jsonl && [ "$("$query" -i full.idx --count 没有地方)" = 40000 ]
result "and the next run commits"

# One writer at a time; a signal leaves nothing behind.
mkfifo pipe
"$index" -q -i test.idx - <pipe 2>first.err &
writer=$!
exec 3>pipe
echo '{"id":"p","body":"管道里的文字"}' >&3
inode=$(stat -c %i test.idx/writer.lock)
for _ in {1..50}; do grep -q ":$inode " /proc/locks && break || sleep 0.1; done
"$index" -q -i test.idx a.jsonl 2>err
[ $? = 2 ] && grep -q 'another writer' err
result "a second writer is told"
holds "readers go on" 深度学习 1
kill -TERM $writer
exec 3>&-
wait $writer
[ $? = 143 ]
result "SIGTERM ends it"
holds "with nothing committed" 管道 0
"$index" -q -i test.idx a.jsonl && "$build/suoyin-tool" check -i test.idx >/dev/null
result "the next writer goes on, and the index is sound"
finish
