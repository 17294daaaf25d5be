#!/bin/sh
# test_example.sh - docs/example.c, linked with the shared library, does what it says.
build=$1
directory=$(mktemp -d) || exit 1
trap 'rm -rf "$directory"' EXIT

cat >"$directory/expected" <<'END'
大量数据: 1
  zhs/1 [大量数据]
"比較及分析": 1
  zht/1 [比較及分析]
END

echo 1..1
if "$build/example" "$directory/example.idx" >"$directory/output" &&
  sed 's/\(zh[st]\/[0-9]\).*\(\[[^]]*\]\).*/\1 \2/' "$directory/output" >"$directory/printed" &&
  diff -u "$directory/expected" "$directory/printed"; then
  echo "ok 1 - the example prints what it found"
else
  echo "not ok 1 - the example prints what it found"
fi
