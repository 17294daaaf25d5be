#!/bin/bash
# test_hostile_cli.sh - what is in the input never reaches a terminal as it is, wherever it is shown;
# archives and links cannot lead out of the input; limits are errors with a line.
# tests/torture/hostile_input.sh has what is too large for here.
. tests/cli/tap.sh "$1"
index=$build/suoyin-index query=$build/suoyin-query tool=$build/suoyin-tool
cd "$directory" || exit 1
escape=$'\e'
controls='\u001b]0;x\u0007\u001b[31m\u009b31m\u202e\u2066\u0000\u007f\r'

# clean NAME FILE...: nothing in them moves a terminal, reorders a line or is no UTF-8.
clean() {
  local name=$1
  shift
  ! LC_ALL=C grep -aqP '[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\x8e\x8f\xaa-\xae]|\xe2\x81[\xa6-\xa9]|\xd8\x9c' "$@" &&
    iconv -f UTF-8 -t UTF-8 "$@" >/dev/null
  result "$name"
}

mkdir -p in/sub && ln -s . in/loop && ln -s .. in/up && ln -s ../../in in/sub/again
printf 'text 机器\n' >"in/name$escape[31m"$'\u202e'.txt
markup='<script>&#0;\"'"'"
printf '{"id":"i%s","title":"t%s","body":"机器%s","k%s":"v%s"}\n' "$controls$markup" "$controls$markup" \
  "$controls$markup" "$controls" "$controls" >in/a.jsonl
printf '{"id":[],"body":"x"}\nno %s[31m json \xff\n' "$escape" >>in/a.jsonl
mkdir tar && printf '机器 in an archive' >tar/file && ln -s /etc/passwd tar/link.txt
tar -cPf in/b.tar --transform='s,tar/file,../../up.txt,' tar/file 2>/dev/null
tar -rPf in/b.tar --transform='s,tar/file,/abs.txt,' tar/file tar/link.txt 2>/dev/null
"$index" -i test.idx --skip-bad in >out.txt 2>err.txt
result "a directory with links that lead in circles and out"
clean "messages of suoyin-index" out.txt err.txt
printf '{"id":"i%s","body":"ä¸\u00ad\u00e6\u2013\u2021ä¸\u00ad\u00e6\u2013\u2021"}\n' "$controls" >"in$escape.jsonl"
"$index" -i warned.idx "in$escape.jsonl" 2>err.txt && grep -q 'encoded twice.*(warning)$' err.txt
result "text that is encoded twice is warned of"
clean "warnings of suoyin-index" err.txt
same "each file once, nothing that a link leads to" 0 $'4' "$query" -i test.idx --count 机器
[ ! -e up.txt ] && [ ! -e ../up.txt ] && [ ! -e /abs.txt ]
result "archives write nothing"
export SUOYIN_INDEX=test.idx

"$query" --color never 机器 >text.txt && clean "hits for people" text.txt
for format in json tsv html; do
  "$query" --format $format 机器 >$format.txt
  clean "hits as $format" $format.txt
done
[ "$(grep -ac '&lt;script&gt;&amp;#0;&quot;&#39;' html.txt)" = 3 ] &&
  ! sed -E 's,</?(html|meta|title|h1|h2|article|p|cite|mark)( [a-z]+="[a-z0-9-]+")?>,,g; s/^<!DOCTYPE html>$//' html.txt |
    grep -aq '[<>"'"'"']'
result "markup in an article is text in HTML"
python=$(command -v python3) && { "$python" -c 'import json, sys
for line in open("json.txt"): json.loads(line)'; result "hits as json are JSON"; }
"$tool" doc --json "$("$query" --ids 机器 | grep -a '^in/name')" >doc.json
clean "an article as json" doc.json
"$tool" check >check.txt && clean "suoyin-tool check" check.txt

for command in "$query -i no$escape[31mpe x" "$query a:$escape[31m\"" "$query --$escape[31m" \
  "$query -$escape" "$tool doc x$escape[31m" "$tool $escape[31m" "$index --merge $escape[31m" \
  "$index no$escape[31mpe" "$tool -i no$escape[31mpe check"; do
  $command >out.txt 2>err.txt </dev/null
  [ $? != 0 ] && [ -s err.txt ]
  result "an error: ${command//[^a-z ]/}"
  clean "its message" out.txt err.txt
done

# Standard descriptors that are closed: no message is written into a file that is opened in their place.
printf 'no json, a message\n{"id":"1","body":"机器"}\n' >closed.jsonl
"$index" -i closed.idx --skip-bad closed.jsonl <&- >&- 2>&-
"$index" -i closed.idx --skip-bad closed.jsonl <&- >&- 2>&-
same "an index written with all of them closed" 0 'OK: 1 articles in 1 segments, commit 2' \
  "$tool" -i closed.idx check

# What cannot be read in a directory is reported, whatever the reason.
name=$(printf 'd%.0s' {1..250})
(mkdir deep && cd deep && for _ in {1..20}; do mkdir "$name" && cd "$name"; done && echo 机器 >a.txt)
"$index" -q -i deep.idx deep 2>err.txt
[ $? = 2 ] && grep -q 'cannot open: File name too long' err.txt
result "a path that is too long is no file that is gone"

mkdir pipe.idx && mkfifo pipe.idx/data.mdb
complains "an index that is a pipe" "suoyin-tool: pipe.idx/data.mdb: not a Suoyin index (not a file)" \
  timeout 20 "$tool" -i pipe.idx check

long=$(printf '%065535d' 0)
printf '{"id":"%s","body":"long"}\n{"id":"%s0","body":"too long"}\n' "$long" "$long" >long.jsonl
"$index" -q -i long.idx --skip-bad long.jsonl 2>err.txt
same "an id of 65,535 bytes" 0 "$long" "$query" -i long.idx --ids long
grep -qx 'long.jsonl:2: the id is over 65535 bytes' err.txt
result "one more is an error"
finish
