#!/bin/bash
# hostile_input.sh - inputs too large for `make check`: a line over the limit, an article of 1 GB, an
# archive that unpacks to 3 GB, articles without any text by the million. Needs 8 GB of memory, 3 GB of
# disk and some minutes. $SUOYIN_TORTURE_ARTICLES: how many articles (3,000,000).
. tests/cli/tap.sh "$1"
cd "$directory" || exit 1
index=$build/suoyin-index tool=$build/suoyin-tool query=$build/suoyin-query

# peak COMMAND...: runs it, leaves its peak memory in MB in $peak.
peak() {
  /usr/bin/env time -f 'peak %M' -o peak "$@"
  local status=$?
  peak=$(($(sed -n 's/^peak //p' peak) / 1024))
  return $status
}

{
  printf '{"id":"x","body":"'
  head -c 2200000000 /dev/zero | tr '\0' a
  printf '"}\n{"id":"y","body":"behind"}\n'
} | "$index" -q -i lines.idx --skip-bad -f jsonl - 2>err
grep -q '^stdin:1: a line may have at most 2147483647 bytes' err && same_id=$("$query" -i lines.idx --ids behind)
[ "${same_id-}" = y ]
result "a line of 2.2 GB is reported and stepped over"

{
  printf '{"id":"big","body":"'
  yes 机器学习是人工智能的一个分支。 | tr -d '\n' | head -c 999999000
  printf ' end"}\n'
} >big.jsonl
peak "$index" -q -i big.idx --memory 64M big.jsonl && "$tool" check -i big.idx >/dev/null &&
  [ "$("$query" -i big.idx --count '"机器学习" end')" = 1 ] && [ "$peak" -lt 6000 ]
result "an article of 1 GB (peak $peak MB)"
rm -rf big.jsonl big.idx

yes 文字 | head -c 3000000000 | zstd -q -1 >bomb.txt.zst
peak "$index" -q -i bomb.idx --skip-bad bomb.txt.zst 2>err
grep -q 'bomb.txt.zst: an article may have at most 2147483647 bytes' err && [ "$peak" -lt 5000 ]
result "a file that unpacks to 3 GB is refused (peak $peak MB)"

articles=${SUOYIN_TORTURE_ARTICLES:-3000000}
seq -f '{"id":"%.0f","body":""}' "$articles" >empty.jsonl
peak "$index" -q -i empty.idx --memory 32M empty.jsonl &&
  "$tool" check -i empty.idx | grep -q "^OK: $articles articles" &&
  [ "$peak" -lt $((64 + articles / 20000)) ] # about 40 bytes an article, for a merge and the file's pages
result "$articles empty articles (peak $peak MB)"
finish
