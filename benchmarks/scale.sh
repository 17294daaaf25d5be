#!/bin/sh
# scale.sh - `make bench-scale`: what a megabyte costs in ever larger corpora, up to SIZE gigabytes
# (suoyin-bench generate), in 512 MiB of memory and with two threads. Corpora are left in BUILD/bench; with the
# index they take about 2.5 times SIZE.
#
#   benchmarks/scale.sh BUILD [SIZE]          SIZE: 1 to 64, default 10
set -eu
build=$1 most=${2:-10}
corpora=$(benchmarks/corpora.sh "$build")
like=$(echo "$corpora" | sed 's/^/--like /')

# The lines of a gigabyte each have ids of their own by the seed.
seed=0 given= size=1 plot=
while [ $seed -lt "$most" ]; do
  seed=$((seed + 1))
  file=$build/bench/generated-$seed.jsonl
  if [ ! -f "$file" ]; then
    # shellcheck disable=SC2086
    "$build/suoyin-bench" generate $like --size 1000000000 --seed $seed >"$file.part"
    mv "$file.part" "$file"
  fi
  given="$given --corpus $file"
  [ $seed = $size ] || [ $seed = "$most" ] || continue
  # shellcheck disable=SC2086
  plot="$plot$seed $("$build/suoyin-bench" index $given --repeat 1 --json)
"
  size=$((size * 2))
done

printf '%s' "$plot" | awk '
  function figure(name) {
    match($0, "\"" name "\": [0-9.]+")
    return substr($0, RSTART + length(name) + 4, RLENGTH - length(name) - 4) + 0
  }
  { printf "%3d GB: %6.1f MB/s, %5.0f MiB, index %.3f and file at most %.3f of the input, written %.2f times; ms/MB ",
      $1, figure("speed"), figure("memory"), figure("index_share"), figure("file_share"), figure("write_amplification")
    cost = 1000 / figure("speed")
    printf "%5.1f ", cost
    for (i = 0; i < cost; i += 0.5) printf "#"
    print "" }'
