#!/bin/bash
# hostile_input.sh - inputs too large for `make check`: a line over the limit, an article of 1 GB, archives
# that unpack to gigabytes, articles without any text by the million, ids as long as they can be. Needs 8 GB of
# memory, 5 GB of disk and some minutes.
#
#   tests/torture/hostile_input.sh BUILD [PART...]     PART: line, article, clause, bomb, ids, empty
#
# $SUOYIN_TORTURE_ARTICLES: how many articles without text (10,000,000).
. tests/cli/tap.sh "$1"
shift
cd "$directory" || exit 1
index=$build/suoyin-index tool=$build/suoyin-tool query=$build/suoyin-query

# peak COMMAND...: runs it, leaves its peak memory in MB in $peak.
peak() {
  /usr/bin/env time -f 'peak %M' -o peak "$@"
  local status=$?
  peak=$(($(sed -n 's/^peak //p' peak) / 1024))
  return $status
}

line() {
  {
    printf '{"id":"x","body":"'
    head -c 2200000000 /dev/zero | tr '\0' a
    printf '"}\n{"id":"y","body":"behind"}\n'
  } | peak "$index" -q -i lines.idx --skip-bad -f jsonl - 2>err
  grep -q '^stdin:1: a line may have at most 2147483647 bytes' err && [ "$("$query" -i lines.idx --ids behind)" = y ]
  result "a line of 2.2 GB is reported and stepped over"
}

# big TEXT QUERY: an article of 1 GB made of the text, found and shown.
big() {
  {
    printf '{"id":"big","body":"'
    yes "$1" | tr -d '\n' | head -c 999999000
    printf ' end"}\n'
  } >big.jsonl
  peak "$index" -q -i big.idx --memory 64M big.jsonl && "$tool" check -i big.idx >/dev/null &&
    [ "$("$query" -i big.idx --count "$2")" = 1 ] && [ "$peak" -lt 6000 ]
  result "an article of 1 GB (peak $peak MB)"
  peak "$query" -i big.idx "$2" >hits && grep -q '^1  .*  big' hits && [ "$(wc -c <hits)" -lt 4000 ] && [ "$peak" -lt 2500 ]
  result "and shown in a result (peak $peak MB)"
  rm -rf big.jsonl big.idx
}
article() { big 机器学习是人工智能的一个分支。 '"机器学习" end'; }
clause() { big 'machine learning without any mark ' 'learning end'; }

bomb() {
  yes 文字 | head -c 3000000000 | zstd -q -1 >bomb.txt.zst
  peak "$index" -q -i bomb.idx --skip-bad bomb.txt.zst 2>err
  grep -q 'bomb.txt.zst: an article may have at most 2147483647 bytes' err && [ "$peak" -lt 5000 ]
  result "a file that unpacks to 3 GB is refused (peak $peak MB)"
  yes '文字 and a bit more' | head -c 20000000 | gzip >0.txt.gz
  for i in {1..60}; do ln 0.txt.gz $i.txt.gz; done
  tar -cf - --hard-dereference {0..60}.txt.gz | gzip >bomb.tar.gz
  peak "$index" -q -i many.idx --memory 64M bomb.tar.gz && [ "$("$query" -i many.idx --count 文字)" = 61 ] && [ "$peak" -lt 500 ]
  result "an archive that unpacks to 1.2 GB in 61 articles (peak $peak MB)"
}

ids() {
  local long
  long=$(printf '%065528d' 0)
  seq -f "{\"id\":\"$long%07.0f\",\"body\":\"文字\"}" 3000 >ids.jsonl
  peak "$index" -q -i ids.idx --memory 32M ids.jsonl && "$tool" check -i ids.idx | grep -q '^OK: 3000 articles' &&
    [ "$("$query" -i ids.idx --ids "id:${long}0002999")" = "${long}0002999" ] && [ "$peak" -lt 200 ]
  result "3,000 articles with ids of 65,535 bytes (peak $peak MB)"
}

empty() {
  local articles=${SUOYIN_TORTURE_ARTICLES:-10000000}
  seq -f '{"id":"%.0f","body":""}' "$articles" >empty.jsonl
  peak "$index" -q -i empty.idx --memory 32M empty.jsonl &&
    "$tool" check -i empty.idx | grep -q "^OK: $articles articles" &&
    [ "$peak" -lt $((64 + articles / 20000)) ] # about 40 bytes an article, for a merge and the file's pages
  result "$articles empty articles (peak $peak MB)"
}

[ $# != 0 ] || set -- line article clause bomb ids empty
for part in "$@"; do
  $part
  rm -rf ./*
done
finish
