#!/bin/sh
# demo.sh - `make demo`: fetches LibreOffice's help in Chinese, Simplified and Traditional, as Debian
# packages (7 MB, not installed), indexes its pages and searches them.
#
#   tools/demo.sh [BUILD]
#
# Every step is shown as the command to type. What was fetched and indexed before is not done again;
# remove BUILD/demo to start over.
set -eu
cd "$(dirname "$0")/.."
build=${1:-build}
demo=$build/demo
index=$demo/help.idx

if [ -t 1 ]; then bold=$(printf '\033[1m') plain=$(printf '\033[0m'); else bold= plain=; fi

show() { printf '\n%s$ %s%s\n' "$bold" "$*" "$plain"; }

# Needs no root, but the lists of packages, which a fresh container has not.
download() { (cd "$demo" && apt-get download -q "$1"); }

fetch() {
  package=libreoffice-help-$1
  pages=$demo/$2
  [ -d "$pages" ] && return
  command -v apt-get >/dev/null || { echo "make demo fetches its articles with apt-get" >&2; exit 2; }
  rm -rf "$demo/$package"* "$demo/unpacked"
  mkdir -p "$demo"
  show "cd $demo && apt-get download $package"
  if ! download "$package" 2>/dev/null; then
    if [ "$(id -u)" = 0 ]; then apt-get update -q; else sudo apt-get update -q; fi
    download "$package"
  fi
  show "dpkg-deb -x $demo/${package}_*.deb $demo/unpacked"
  dpkg-deb -x "$demo/$package"_*.deb "$demo/unpacked"
  mv "$demo/unpacked/usr/share/libreoffice/help/$2/text" "$pages"
  rm -rf "$demo/unpacked"
}

fetch zh-cn zh-CN
fetch zh-tw zh-TW

# A program built anew may write another format.
if [ ! "$index.done" -nt "$build/suoyin-index" ]; then
  rm -rf "$index"
  show "$build/suoyin-index -i $index $demo/zh-CN $demo/zh-TW"
  "$build/suoyin-index" -i "$index" "$demo/zh-CN" "$demo/zh-TW"
  : >"$index.done"
fi

search() {
  printf '\n%s\n' "$2"
  show "$build/suoyin-query -i $index -n 3 '$1'"
  "$build/suoyin-query" -i "$index" -n 3 "$1"
}

search 奇数页 "Odd pages, in articles of either script:"
search 列印范围 "Taiwan's word for a print range, typed in Simplified, found in Traditional:"
search 如何在单元格中输入分数 "A question in free text:"

printf '\nThe index is %s. %s/suoyin-query --help tells how to search it further.\n' "$index" "$build"
