# shellcheck shell=bash
# suoyin.bash - completion of options, their values, commands and files for bash. Options and commands are
# those of --help.

_suoyin() {
  local program=$1 word=$2 previous=$3 name=${1##*/} words=
  COMPREPLY=()
  case $name:$previous in
    *:-i | *:--index) mapfile -t COMPREPLY < <(compgen -d -- "$word"); return ;;
    suoyin-query:--format) words="text json html tsv trec" ;;
    suoyin-query:--color) words="auto always never" ;;
    suoyin-query:-n | suoyin-query:--limit) words=all ;;
    suoyin-index:-f | suoyin-index:--format)
      words="auto jsonl csv tsv text markdown html mediawiki warc docx epub" ;;
    suoyin-index:--fold) words="none width variants" ;;
    *)
      if [[ $word == -* ]]; then
        words=$("$program" --help 2>/dev/null | sed -nE 's/^  (-.,|   ) (--[a-z-]+).*/\2/p')
      elif [[ $name == suoyin-tool && $COMP_CWORD == 1 ]]; then
        words=$("$program" --help 2>/dev/null | sed -nE '/^Commands:/,/^$/s/^  ([a-z]+).*/\1/p')
      fi ;;
  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}

complete -o default -F _suoyin suoyin-index suoyin-query suoyin-tool
