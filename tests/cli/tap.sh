# shellcheck shell=bash disable=SC2034
# tap.sh - for the tests here to source: runs commands, compares, prints TAP. Leaves a temporary
# directory in $directory, which it removes, and the programs' directory in $build.
#
#   . tests/cli/tap.sh "$1"; ...; finish

build=$(cd "${1:-build}" && pwd) || exit 1
directory=$(mktemp -d) || exit 1
trap 'rm -rf "$directory"' EXIT
unset SUOYIN_INDEX NO_COLOR
export TERM=xterm LC_ALL=C.UTF-8
count=0 failed=0

# result NAME: ok when the command before it succeeded.
result() {
  local status=$?
  count=$((count + 1))
  if [ $status = 0 ]; then
    echo "ok $count - $1"
  else
    failed=$((failed + 1))
    echo "not ok $count - $1"
  fi
  return 0
}

# same NAME STATUS STDOUT COMMAND...: the exit status and standard output, byte by byte but for one line
# end at the end. Standard error is left in $directory/err.
same() {
  local name=$1 status=$2 expected=$3 got
  shift 3
  "$@" >"$directory/out" 2>"$directory/err" </dev/null
  got=$?
  printf '%s' "${expected:+$expected$'\n'}" | diff -u - "$directory/out" && [ $got = "$status" ]
  result "$name" && [ $got = "$status" ] || echo "# exit status $got, expected $status"
}

# complains NAME STDERR COMMAND...: exit status 2, nothing on standard output, and this on standard error.
complains() {
  local name=$1 expected=$2 got
  shift 2
  "$@" >"$directory/out" 2>"$directory/err" </dev/null
  got=$?
  [ $got = 2 ] || echo "# exit status $got, expected 2"
  [ ! -s "$directory/out" ] && printf '%s\n' "$expected" | diff -u - "$directory/err" && [ $got = 2 ]
  result "$name"
}

# On a terminal: prints what the command wrote to it, without the carriage returns it adds.
on_terminal() {
  local command
  printf -v command '%q ' "$@"
  script -qec "$command" /dev/null </dev/null | tr -d '\r'
}

finish() {
  echo "1..$count"
  [ $failed = 0 ]
  exit
}
