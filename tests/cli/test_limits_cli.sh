#!/bin/bash
# test_limits_cli.sh - every program where the system gives it little: file descriptors, address space, file
# size (docs/reliability.md, "Limits of resources"). It does what it should or says why not and ends with 2;
# the index keeps its last commit, and what was not committed takes no room for good.
. tests/cli/tap.sh "$1"
index=$build/suoyin-index query=$build/suoyin-query tool=$build/suoyin-tool
cd "$directory" || exit 1
exec 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&- # what we were given is not the programs'

skip() {
  count=$((count + 1))
  echo "ok $count - $1 # SKIP $2"
}
# limited LIMIT VALUE COMMAND...: runs it so limited, LIMIT being an option of prlimit; its exit status is in
# $status, what it wrote in out and err. Succeeds when it did its work, or said why not and ended with 2.
limited() {
  local limit=$1 value=$2
  shift 2
  prlimit "--$limit=$value" "$@" >out 2>err </dev/null
  status=$?
  [ $status = 0 ] || { [ $status = 2 ] && grep -q "^suoyin-[a-z]*: ." err && [ ! -s out ]; } || {
    echo "# $limit=$value: ${*##*/}: exit status $status: $(head -c 300 err)"
    false
  }
}
# refused LIMIT VALUE MESSAGE COMMAND...: it does not work, and the message is this.
refused() {
  local message=$3
  limited "$1" "$2" "${@:4}" && [ $status = 2 ] && grep -q "$message" err ||
    { echo "# exit status $status: $(head -c 300 err)" && false; }
}
# The index holds what was committed at first, and is sound.
intact() {
  [ "$("$query" -i test.idx --count 先有)" = 500 ] && [ "$("$query" -i test.idx --count 后来)" = 0 ] &&
    "$tool" check -i test.idx >check.out || { cat check.out && false; }
}
file_bytes() { stat -c %s test.idx/data.mdb; }

seq 1 500 | sed 's/.*/{"id":"a&","title":"第&篇","body":"先有的文字&&& 机器学习"}/' >first.jsonl
seq 1 60000 | sed 's/.*/{"id":"b&","body":"后来的第&篇 数&&&& 文字&&&&&&&&"}/' >more.jsonl
mkdir tree && for i in {1..40}; do echo "树里的第 $i 篇" >tree/$i.txt; done
tar -czf tree.tgz tree && tar -cf nested.tar tree.tgz
"$index" -q -i test.idx first.jsonl
result "an index"

# ---- File descriptors: the three of every process, and those of docs/reliability.md ----
works() {
  limited nofile "$@" && [ $status = 0 ] || { echo "# exit status $status: $(head -c 300 err)" && false; }
}
works 6 "$query" -i test.idx 先有
result "suoyin-query has enough with 6 file descriptors"
works 6 "$tool" check -i test.idx && works 6 "$tool" stats -i test.idx
result "suoyin-tool check and stats with 6"
works 7 "$tool" merge -i test.idx && works 7 "$tool" optimize -i test.idx
result "suoyin-tool merge and optimize with 7"
works 8 "$index" -q -i new.idx first.jsonl && works 8 "$index" -q -i new.idx tree nested.tar
result "suoyin-index with 8: files, directories, archives in archives"
for n in 4 5; do
  refused nofile $n "test.idx.*: cannot open: Too many open files" "$query" -i test.idx 先有 &&
    refused nofile $n "test.idx.*: cannot open: Too many open files" "$tool" check -i test.idx &&
    refused nofile $n "test.idx.*: cannot open: Too many open files" "$tool" merge -i test.idx &&
    refused nofile $n "test.idx.*: cannot open: Too many open files" "$index" -q -i test.idx more.jsonl
  result "with $n they say so"
done
refused nofile 7 "more.jsonl: cannot open: Too many open files" "$index" -q -i test.idx more.jsonl && intact
result "suoyin-index with 7 cannot open its input"

# ---- File size: what a full disk does, too ----
before=$(file_bytes)
for kilobytes in 0 4 64 300 1000 1500; do
  limited fsize $((kilobytes * 1024)) "$index" -q -i test.idx --memory 32M more.jsonl 2>limited.err
  [ $status = 2 ] && intact && [ "$(file_bytes)" = "$before" ]
  result "suoyin-index in a file of at most $kilobytes KB, which it gives back"
done
refused fsize 262144 "test.idx: cannot commit: " "$index" -q -i test.idx more.jsonl && intact
result "the message"
"$index" -q -i test.idx --delete none 2>err
[ $? = 1 ] && "$index" -q -i other.idx first.jsonl && "$tool" stats -i test.idx --json >stats.json &&
  [ "$(file_bytes)" -le 1536000 ] && "$tool" check -i test.idx >/dev/null
result "what failed is swept by the next writer"
held=$(file_bytes)
"$index" -q -i test.idx first.jsonl && [ "$(file_bytes)" -le $((held > 2 * before ? held : 2 * before)) ]
result "and its space is used again"
for command in merge optimize; do
  "$index" -q -i $command.idx first.jsonl && "$index" -q -i $command.idx more.jsonl
  refused fsize 65536 "$command.idx: cannot commit: " "$tool" $command -i $command.idx &&
    [ "$("$query" -i $command.idx --count 文字)" = 60500 ] && "$tool" check -i $command.idx >/dev/null
  result "suoyin-tool $command in a file that may not grow"
done
limited fsize 0 "$query" -i test.idx --count 先有 | cat && [ "$(prlimit --fsize=0 "$query" -i test.idx --count 先有 | cat)" = 500 ]
result "suoyin-query writes no files"
prlimit --fsize=1024 "$query" -i test.idx --ids -n 500 先有 >ids.out 2>err
[ $? = 2 ] && grep -qx 'suoyin-query: standard output: File too large' err
result "output that may not grow"
"$tool" stats -i test.idx >/dev/full 2>err
[ $? = 2 ] && grep -qx 'suoyin-tool: standard output: No space left on device' err
result "output to a full disk"

# ---- A disk that is full, and one that is read-only ----
# on_disk COMMANDS: as root of a namespace that has a disk of 3 MB in small/.
mkdir small
on_disk() {
  unshare -rm bash -c 'mount -t tmpfs -o size=3m none small && index=$1/suoyin-index && query=$1/suoyin-query &&
    tool=$1/suoyin-tool && "$index" -q -i small/test.idx first.jsonl && '"$1" - "$build" 2>err
}
if on_disk true; then
  on_disk 'before=$(stat -c %s small/test.idx/data.mdb); "$index" -q -i small/test.idx more.jsonl
    [ $? = 2 ] && [ "$(stat -c %s small/test.idx/data.mdb)" = "$before" ] && "$tool" check -i small/test.idx' >out &&
    grep -q '^suoyin-index: small/test.idx: cannot commit: .*disk' err && grep -q '^OK: 500 articles' out
  result "suoyin-index on a full disk, which it leaves as it was"
  on_disk 'rm small/test.idx/lock.mdb; dd if=/dev/zero of=small/full bs=4k 2>/dev/null
    "$query" -i small/test.idx 先有; [ $? = 2 ] && ! "$index" -q -i small/new.idx first.jsonl && rm small/full &&
    "$query" -i small/test.idx --count 先有' >out && [ "$(cat out)" = 500 ] &&
    grep -qx 'suoyin-query: small/test.idx: cannot open: No space left on device' err &&
    grep -qx 'suoyin-index: small/new.idx: cannot make the index: No space left on device' err
  result "a disk without room for the table of readers: no signal, but a message"
  on_disk 'mount -o remount,ro small; "$index" -q -i small/test.idx first.jsonl; [ $? = 2 ] &&
    ! "$tool" merge -i small/test.idx && "$query" -i small/test.idx --count 先有' >out && [ "$(cat out)" = 500 ] &&
    grep -qx 'suoyin-index: small/test.idx/writer.lock: cannot open the writer lock: Read-only file system' err
  result "a read-only disk: no writer, but readers"
else
  skip "a full disk" "nothing can be mounted here"
fi

# ---- Address space ----
if prlimit --as=2000000000 "$query" --version >/dev/null 2>&1; then
  for megabytes in 60 80 100 140 200 300 310 330 500 800; do
    as=$((megabytes << 20))
    limited as $as "$query" -i test.idx 先有 && limited as $as "$tool" check -i test.idx &&
      limited as $as "$tool" optimize -i test.idx &&
      limited as $as "$index" -q -i test.idx --memory 32M first.jsonl && intact
    result "$megabytes MB of address space"
  done
  [ $status = 0 ] && limited as $((200 << 20)) "$query" -i test.idx 先有 && [ $status = 0 ]
  result "enough for suoyin-index with 800 MB, for suoyin-query with 200"
  refused as $((60 << 20)) "test.idx: cannot open: Cannot allocate memory (ulimit -v must leave " \
    "$query" -i test.idx 先有
  result "what is too little is said"
else
  skip "address space" "a sanitizer needs terabytes of it"
fi
finish
