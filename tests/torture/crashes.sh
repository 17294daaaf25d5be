#!/bin/sh
# crashes.sh - thousands of crashes of the machine (tests/indexer/test_power.c), a thousand of them beside
# merges, of runs made from several seeds.
#
#   tests/torture/crashes.sh [BUILD]
set -eu
build=${1:-build}
for seed in 1 2 3 4; do
  SUOYIN_SEED=$seed SUOYIN_CRASH_POINTS=5000 "$build/tests/indexer/test_power"
done
