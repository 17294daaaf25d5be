#!/bin/bash
# test_manuals.sh - manual pages and completions know the options that --help shows, and no others.
. tests/cli/tap.sh "$1"

# "-i, --index DIR" of each option in the manual page $1: its line comes behind .TP and begins with -.
options_of_manual() {
  awk 'tag && /\\-/ { print } { tag = $0 == ".TP" }' "$1" |
    sed -E 's/^\.[BRI]+ //; s/\\f[IR]//g; s/\\-/-/g; s/"//g; s/ , /, /; s/ +/ /g' | grep '^-'
}

for program in suoyin-index suoyin-query suoyin-tool; do
  "$build/$program" --help | sed -nE 's/^  (-., )? *(--[a-z-]+( [A-Z]+)?).*/\1\2/p' | sort >"$directory/help"
  options_of_manual "docs/$program.1" | sort >"$directory/manual"
  [ -s "$directory/help" ] && diff "$directory/help" "$directory/manual"
  result "$program.1 has the options of --help"
done

"$build/suoyin-tool" --help | sed -nE '/^Commands:/,/^$/s/^  ([a-z]+).*/\1/p' >"$directory/help"
sed -nE '/^\.SH COMMANDS/,/^\.SH OPTIONS/s/^\.(B|BI|BR) ([a-z]+).*/\2/p' docs/suoyin-tool.1 >"$directory/manual"
[ -s "$directory/help" ] && diff "$directory/help" "$directory/manual"
result "suoyin-tool.1 has the commands of --help"

# completed PROGRAM WORD...: what bash proposes for the last word.
completed() {
  local COMP_CWORD=$(($# - 1)) COMPREPLY=()
  _suoyin "$build/$1" "${!#}" "${*: -2:1}"
  printf '%s\n' "${COMPREPLY[@]}"
}

. tools/completions/suoyin.bash
same "an option" 0 --snippet-passages completed suoyin-query --snippet-p
same "all options" 0 "$("$build/suoyin-index" --help | grep -oE '^  (-., |    )--[a-z-]+' | grep -oE -- '--.*')" \
  completed suoyin-index --
same "a value" 0 "variants" completed suoyin-index --fold v
same "values" 0 "text
tsv
trec" completed suoyin-query --format t
same "a command" 0 optimize completed suoyin-tool o
for option in "suoyin-query --format" "suoyin-query --color" "suoyin-index --format" "suoyin-index --fold"; do
  # shellcheck disable=SC2086
  for value in $(completed $option ""); do
    "$build/"$option "$value" 2>&1 | grep -q '^suoyin-[a-z]*: no [A-Z]* given$' || break
  done
  result "all values of $option are possible"
done
mkdir "$directory/my.idx" "$directory/other"
same "an index" 0 "$directory/my.idx" completed suoyin-tool stats -i "$directory/m"
finish
