# sizes.awk - reports functions of more than 70 lines, files of more than 800, and lines of more than 100
# columns.
#
#   LC_ALL=C awk -f tests/lint/sizes.awk tests/lint/allowed FILE...
#
# `allowed` lists the exceptions, one a line: KIND FILE[:FUNCTION] SIZE. An entry must state the size that
# the thing has today: what was made smaller must be made smaller there too, and what is gone removed, so
# the list can only shrink.
#
# A function is what starts in column 1, has a parenthesis before its `{` and no `=`, and ends with a `}`
# in column 1: true of all code that clang-format has laid out.

function report(kind, what, size, limit) {
  key = kind " " what
  if (key in allowed) {
    used[key] = 1
    if (allowed[key] == size) return
    printf "%s: %s is %d now: say so in tests/lint/allowed\n", what, kind, size
  } else {
    printf "%s: %s is %d, more than %d\n", what, kind, size, limit
  }
  bad = 1
}

function end_file() {
  if (file == "") return
  if (lines > 800) report("lines", file, lines, 800)
  if (wide && ("wide " file) in allowed) report("wide", file, wide, 0)
}

FILENAME == ARGV[1] {
  if ($0 !~ /^#/ && NF == 3) allowed[$1 " " $2] = $3
  next
}

FNR == 1 {
  end_file()
  file = FILENAME
  lines = wide = begin = 0
  head = ""
}

{
  lines = FNR
  text = $0
  gsub(/[\200-\277]/, "", text) # a character counts once, not its UTF-8 bytes
  if (length(text) > 100) {
    wide++
    if (!(("wide " file) in allowed)) {
      printf "%s:%d: %d columns\n", file, FNR, length(text)
      bad = 1
    }
  }
}

begin && /^}/ {
  if (FNR - begin + 1 > 70) report("function", file ":" name, FNR - begin + 1, 70)
  begin = 0
  head = ""
  next
}
begin { next }
/^[A-Za-z_]/ { head = $0; first = FNR }
!/^[A-Za-z_]/ && head != "" { head = head " " $0 }
head ~ /[;}]$/ || /^$/ { head = "" }
head ~ /\{$/ && head ~ /\(/ && head !~ /=/ && head !~ /^(typedef|struct|enum|union|extern "C"|namespace)/ {
  name = head
  sub(/\(.*/, "", name)
  sub(/.*[ *&]/, "", name)
  begin = first
}
head ~ /\{$/ { head = "" }

END {
  end_file()
  for (key in allowed) {
    if (!(key in used)) {
      printf "tests/lint/allowed: nothing needs this any more: %s\n", key
      bad = 1
    }
  }
  exit bad
}
