#!/bin/bash
# test_query_cli.sh - the program suoyin-query: what it prints, its exit statuses, and that no article can
# write to a terminal what it likes.
. tests/cli/tap.sh "$1"
query=$build/suoyin-query
cd "$directory" || exit 1
escape=$'\e' bold=$'\e[1;31m' magenta=$'\e[35m' plain=$'\e[0m' bad=$'\ufffd'

cat >articles.jsonl <<'END'
{"id":"wiki/1","title":"机器学习导论","body":"机器学习是人工智能的一个分支。\n另见Llama-4与C++。","url":"https://example.org/1","big":12345678901234567890,"x":0.1}
{"id":"wiki/2","title":"機器翻譯","body":"機器翻譯使用深度學習。"}
{"id":"evil\u001b[31m/3","title":"坏\u001b]0;x\u0007标\u202e题","body":"终端\u001b[2J\u009b\u0000字\t表"}
{"id":"空 4","title":"","body":"天气很好。"}
{"id":"nul","title":"","body":"風景","note":"a\u0000b"}
END
"$build/suoyin-index" -q -i test.idx articles.jsonl
result "the index is made"
export SUOYIN_INDEX=test.idx

# Scores are the business of other tests.
# shellcheck disable=SC2317 # called by same()
unscored() { "$@" | sed -E 's/"score": [0-9.]+/"score": S/; s/^([0-9]+)  [0-9.]+  /\1  S  /;
  s/^<p>([0-9]+) [0-9.]+ /<p>\1 S /;
  s/^((q[0-9]	)?[0-9]+	)[0-9.]+	/\1S	/; s/ [0-9.]+ suoyin$/ S suoyin/'; return "${PIPESTATUS[0]}"; }

same "text" 0 "1  S  wiki/1  机器学习导论
    机器学习是人工智能的一个分支。 另见Llama-4与C++。" unscored "$query" 机器学习
same "an article without a title" 0 "1  S  空 4
    天气很好。" unscored "$query" 天气
same "arguments are joined" 0 1 "$query" -c 机器 NOT 翻译
same "options may follow" 0 2 "$query" 机器 -c
same "nothing found" 1 "" "$query" 没有的
same "nothing found, counted" 1 0 "$query" -c 没有的
same "quiet, found" 0 "" "$query" -q 机器
same "quiet, nothing found" 1 "" "$query" -q 没有的
same "ids" 0 "wiki/1
wiki/2" "$query" -l '"机器学习" OR 深度学习'
same "one id" 0 "wiki/1" "$query" -l -n 1 '"机器学习" OR 深度学习'
same "ids for xargs -0" 0 "wiki/1|空 4|" bash -c "$query -l -0 '天气 OR 导论' | tr '\\0' '|'; echo"
same "an empty name of an index" 2 "" "$query" -i "" 机
complains "-0 alone" "suoyin-query: --null goes with --ids
Try 'suoyin-query --help'." "$query" -0 机
same "offset" 0 "2  S  wiki/2  機器翻譯" unscored "$query" --offset 1 --no-snippet '"机器学习" OR 深度学习'
same "offset behind all" 1 "" "$query" --offset 9 机器
same "any" 0 2 "$query" --any -c '导论 翻译'
same "excluded" 0 3 "$query" -c -- '-机器'
same "-i" 0 1 env -u SUOYIN_INDEX "$query" -i test.idx -c 天气

# ---- Formats ----

same "json" 0 '{"rank": 1, "score": S, "id": "wiki/1", "title": "机器学习导论", "title_highlights": [[0, 12]], "snippet": "机器学习是人工智能的一个分支。\n另见Llama-4与C++。", "highlights": [[0, 12]], "fields": {"url":"https://example.org/1","big":12345678901234567890,"x":0.1}}' \
  unscored "$query" --json 机器学习
same "json escapes controls" 0 '{"rank": 1, "score": S, "id": "evil\u001b[31m/3", "title": "坏\u001b]0;x\u0007标\u202e题", "title_highlights": [], "snippet": "终端\u001b[2J\u009b\u0000字\t表", "highlights": [[0, 6]], "fields": {}}' \
  unscored "$query" --json 终端
same "json without snippet" 0 '{"rank": 1, "score": S, "id": "空 4", "title": "", "fields": {}}' \
  unscored "$query" --format json --no-snippet 天气
same "json, a field with NUL" 0 1 bash -c "$query --json 風景 | grep -cF '\"fields\": {\"note\":\"a\u0000b\"}'"
same "json count" 0 '{"count": 2}' "$query" --json -c 机器
same "tsv" 0 "1	S	evil${bad}[31m/3	坏${bad}]0;x${bad}标${bad}题	终端${bad}[2J${bad}${bad}字 表" \
  unscored "$query" --format tsv 终端
same "html" 0 "<!DOCTYPE html>
<html lang=\"zh\">
<meta charset=\"utf-8\">
<title>Suoyin</title>
<h1>机器学习 -&quot;&lt;b&gt;&quot;</h1>
<article>
<h2><mark>机器学习</mark>导论</h2>
<p>1 S <cite>wiki/1</cite></p>
<p><mark>机器学习</mark>是人工智能的一个分支。 另见Llama-4与C++。</p>
</article>" unscored "$query" --format html '机器学习 -"<b>"'
same "html of a batch" 0 "<!DOCTYPE html>
<html lang=\"zh\">
<meta charset=\"utf-8\">
<title>Suoyin</title>
<h1>q1  天气</h1>
<article>
<p>1 S <cite>空 4</cite></p>
</article>
<h1>q2  没有的</h1>" unscored "$query" --format html --no-snippet --batch <(printf 'q1\t天气\nq2\t没有的\n')
same "html, quiet" 0 "" "$query" -q --format html --batch <(printf '天气\n')
same "trec" 0 "1 Q0 wiki/2 1 S suoyin" unscored "$query" --format trec 深度
same "trec tag" 0 "1 Q0 wiki/2 1 t1" bash -c "$query --format trec --tag t1 深度 | sed 's/ [0-9.]* t1/ t1/'"
same "snippet size" 0 1 bash -c "$query --json --snippet-chars 20 --snippet-passages 1 人工 | grep -c 人工智能"

# ---- Batches ----

printf '\xef\xbb\xbfq1\t机器 OR 天气\nq2\t没有的\n\nq3\t(坏\n深度\r\n。\n' >batch.txt
same "batch" 2 "q1	3
q2	0
5	1" "$query" --batch batch.txt -c
printf '%s\n' "batch.txt:4: unclosed parenthesis (column 1)" >expected
diff expected <(head -n 1 err) && grep -q '^batch.txt:6: .*(column 1)$' err
result "batch messages"
same "batch of ids" 2 "q1	wiki/2
5	wiki/2" bash -c "$query --batch batch.txt -l -n 1 2>/dev/null"
same "batch for people" 0 "== q1  天气
1  S  空 4
== 2  没有的" unscored "$query" --no-snippet --batch <(printf 'q1\t天气\n没有的')
same "batch json" 0 '{"qid": "a", "count": 1}' bash -c "printf 'a\t天气' | $query --json -c --batch -"
same "batch trec" 0 "q7 Q0 wiki/2 1 S suoyin" unscored "$query" --format trec --batch <(printf 'q7\t深度\n')
complains "trec, an id with a blank" 'suoyin-query: no trec line can hold the id "空 4"' \
  "$query" --format trec 天气
printf 'q 8\t深度\n' >blank.txt
complains "trec, a query's id with a blank" 'blank.txt:1: no trec line can hold the id "q 8"' \
  "$query" --format trec --batch blank.txt
same "batch, nothing found" 1 "== 1  没有的" "$query" --batch <(printf '没有的\n\n')
same "quiet batch: a match wins over an error" 0 "" "$query" -q --batch <(printf '(\n天气\n(\n')
complains "batch file missing" "suoyin-query: none.txt: No such file or directory" "$query" --batch none.txt
coproc "$query" -c --batch -
echo 天气 >&"${COPROC[1]}"
read -r -t 20 answer <&"${COPROC[0]}" && [ "$answer" = "1	1" ]
result "batch over a pipe answers line by line"
eval "exec ${COPROC[1]}>&-"
wait

# ---- Threads ----

for n in {1..150}; do
  printf 'q%d\t%s\n' "$n" "$(sed -n "$((n % 6 + 1))p" <<<$'机器\n天气\n(\npy:jq\n没有的\n学习 OR 天气')"
done >many.txt
"$query" --batch many.txt >one.out 2>one.err
code=$?
"$query" --batch many.txt --threads 3 >three.out 2>three.err
[ $code = $? ] && [ $code = 2 ] && cmp one.out three.out && cmp one.err three.err && [ "$(grep -c ^== one.out)" = 125 ]
result "a batch in threads prints what one thread does, in its order"
same "a broken batch in threads" 2 "" "$query" --threads 2 --batch none.txt
same "quiet batch in threads" 0 "" "$query" --threads 2 -q --batch many.txt
same "threads of one query" 0 2 "$query" --threads 16 -c 机器
same "no threads" 2 "" "$query" --threads 0 机器

# ---- Time ----

same "time enough" 0 2 "$query" --timeout 1m -c 机器
same "no time" 3 0 "$query" --timeout 0ms -c 机器
same "no time, hits" 3 "" "$query" --timeout 0s 机器
grep -qx 'suoyin-query: time was over: there may be more' err
result "the message for it"
same "no time, json" 3 '{"timed_out": true}' "$query" --timeout 0ms --json 机器
"$query" --timeout 0ms --format html 机器 2>err | grep -qx '<p>time was over: there may be more</p>'
result "no time, html"
same "no time, json count" 3 '{"count": 0, "timed_out": true}' "$query" --timeout 0ms --json -c 机器
same "no time in a batch" 3 '{"qid": "a", "timed_out": true}
{"qid": "2", "timed_out": true}' bash -c "printf 'a\t天气\n机器' | $query --timeout 0ms --json --batch -"
grep -qx 'suoyin-query: 2: time was over: there may be more' err
result "the message names the query"
for duration in 5 ms -1s 1h 1.5s 99999999999999999999ms ''; do
  same "--timeout '$duration'" 2 "" "$query" --timeout "$duration" 机器
done

# ---- Explanations ----

same "--explain" 0 "wiki/1" "$query" --explain -l -n 1 '机器学习 -"天气"'
sed -E 's/  (blocks|bytes|ms:|scored) .*//' err >shape
cat >expected <<'END'
explain: by iterator, segments 1
  + and
    + or
      | phrase body:机器学习
        + positions body:机器  articles 2
        + articles body:器学  articles 1
        + positions body:学习  articles 2
      | phrase title:机器学习
        + positions title:机器  articles 2
        + articles title:器学  articles 1
        + positions title:学习  articles 1
    - or
      | term body:天气  articles 1
      | term title:天气  articles 0
   candidates 1
END
diff expected <(sed 's/ *$//' shape | grep -v '^$')
result "the plan, its lists and their articles"
same "--explain --json" 0 '{"qid":"q","explain":{"method":"list","rows":[{"depth":0,"kind":"term","occur":"must","field":"title","text":"机器","articles":2}]}}' \
  bash -c "printf 'q\ttitle:机器' | $query --explain --json --batch - | tail -n 1 | tr -d ' ' |
    sed -E 's/\"segments.*(\"rows)/\1/; s/,\"lists[^}]*//'"
same "--explain and --count" 2 "" "$query" --explain -c 机器

# ---- Colours and terminals ----

same "colour" 0 "1  S  ${magenta}wiki/2${plain}  ${bold}機器翻譯${plain}
    ${bold}機器翻譯${plain}使用深度學習。" unscored "$query" --color always 机器翻译
same "no colour in a pipe" 0 "1  S  wiki/2  機器翻譯
    機器翻譯使用深度學習。" unscored "$query" 机器翻译
# shellcheck disable=SC2317
coloured() { on_terminal "$@" | grep -c "$escape"; }
same "colour on a terminal" 0 2 coloured "$query" 机器翻译
same "NO_COLOR" 1 0 coloured env NO_COLOR=1 "$query" 机器翻译
same "empty NO_COLOR" 0 2 coloured env NO_COLOR= "$query" 机器翻译
same "TERM=dumb" 1 0 coloured env TERM=dumb "$query" 机器翻译
same "the flag over NO_COLOR" 0 2 coloured env NO_COLOR=1 "$query" --color always 机器翻译
same "--color never" 1 0 coloured "$query" --color never 机器翻译
same "controls are shown as U+FFFD" 0 "1  S  evil${bad}[31m/3  坏${bad}]0;x${bad}标${bad}题
    终端${bad}[2J${bad}${bad}字 表" unscored "$query" 终端
same "ids on a terminal" 0 "evil${bad}[31m/3" on_terminal "$query" -l 终端
same "ids in a pipe are exact" 0 "evil${escape}[31m/3" "$query" -l 终端
printf '"%s\n' "${escape}[2J" >evil.txt
"$query" --batch evil.txt 2>err
"$query" "\"${escape}[2J" 2>>err
[ -s err ] && ! grep -q "$escape" err
result "no escapes in messages"

# ---- Errors ----

complains "syntax error" "  机器 AND )
           ^
suoyin-query: column 8: expected a term, found )" "$query" '机器 AND )'
complains "nothing that can be searched" "  机器 。
       ^
suoyin-query: column 4: nothing here can be searched: it has no letters, digits or characters" \
  "$query" '机器 。'
long=$(printf '机%.0s' {1..60})
complains "a long query is shown in part" "  ...${long:0:38} b) ${long:0:29}...
  $(printf '%*s' 81 '')^
suoyin-query: column 63: closing parenthesis without an opening one" "$query" "$long b) $long"
complains "index missing" "suoyin-query: none.idx: no index here" "$query" -i none.idx 机
mkdir directory
complains "a directory without an index" "suoyin-query: directory: no index here" "$query" -i directory 机
same "a file that is no index" 2 "" "$query" -i articles.jsonl 机
complains "no query" "suoyin-query: no QUERY given
Try 'suoyin-query --help'." "$query"
complains "bad number" "suoyin-query: --limit: \"x\" is not possible (N: show at most N articles, or all\
 (default: 10; all with -l))
Try 'suoyin-query --help'." "$query" -n x 机
same "unknown option" 2 "" "$query" --unknown 机
same "excluded word taken for options" 2 "" "$query" 机器 -学习
grep -q 'goes behind --' err
result "the hint for it"
same "query and batch" 2 "" "$query" --batch batch.txt 机
same "count and ids" 2 "" "$query" -c -l 机
same "ids and json" 2 "" "$query" -l --json 机
"$query" -c 机 >/dev/full 2>err
[ $? = 2 ] && grep -q 'No space left on device' err
result "a full disk is noticed"
"$query" -c 机 >&- 2>err
[ $? = 2 ] && [ -s err ]
result "a closed standard output is noticed"
yes 机器 | head -n 50000 >many.txt
{ "$query" --batch many.txt 2>err; echo $? >status; } | head -n 1 >/dev/null
[ "$(cat status)" = 0 ] && [ ! -s err ]
result "a broken pipe is success"

same "--time" 0 2 "$query" --time -c 机器
grep -Eq '^suoyin-query: 1 query in [0-9.]+ s$' err
result "the time"
same "--version" 0 1 bash -c "$query --version | grep -c '^suoyin-query [0-9]*\.[0-9]*\.[0-9]*$'"
same "--help names the options" 0 5 bash -c \
  "$query --help | grep -c -e '--index' -e '--limit' -e '--snippet-chars' -e '--color' -e '--format FORMAT'"
finish
