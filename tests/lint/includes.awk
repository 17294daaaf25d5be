# includes.awk - holds every #include against the order of the folders,
#
#   base <- text <- storage <- {indexer, query},   and programs use the public header only
#
# and the headers of libraries against the one place that may know them (docs/dependencies.md).
#
#   awk -f tests/lint/includes.awk FILE...

BEGIN {
  # Folder: what its files may include, besides suoyin.h.
  ours["base"] = "^base/"
  ours["text"] = "^(base|text)/"
  ours["storage"] = "^(base|text|storage)/"
  ours["indexer"] = "^(base|text|storage|indexer)/"
  ours["query"] = "^(base|text|storage|query)/"
  ours["tools"] = "^tools/"
  ours["benchmarks"] = "^(benchmarks/|tools/cli\\.h|text/analyze\\.h)"
  ours["docs"] = "^$"
  ours["include"] = "^$"
  ours["tests"] = "."

  # Library header: the files that may include it.
  theirs["lmdb.h"] = "^storage/env"
  theirs["zstd.h"] = "^storage/(articles|articles_writer|sections)\\.c$"
  theirs["roaring/"] = "^storage/"
  theirs["xxhash.h"] = "^(base|storage|indexer|query)/"
  theirs["simdjson.h"] = "^indexer/input_json\\.cc$"
  theirs["archive.h"] = "^(indexer/input_|text/readings_gen\\.c$)"
  theirs["archive_entry.h"] = "^(indexer/input_|text/readings_gen\\.c$)"
  theirs["uchardet/"] = "^indexer/input_uchardet\\.cc$"
  theirs["libxml/"] = "^indexer/input_[a-z]+\\.[ch]$"
  theirs["jansson.h"] = "^(tools|benchmarks)/|/main[a-z_]*\\.c$"
  theirs["utf8proc.h"] = "^(text/[a-z]+_gen\\.c$|tests/oracle/)"
  theirs["opencc/"] = "^(text/[a-z]+_gen\\.c$|tests/oracle/)"
}

function complain(why) {
  printf "%s:%d: %s: %s\n", FILENAME, FNR, $0, why
  bad = 1
}

/^[ \t]*#[ \t]*include[ \t]*"/ {
  name = $0
  sub(/^[^"]*"/, "", name)
  sub(/".*/, "", name)
  folder = FILENAME
  sub(/\/.*/, "", folder)
  if (name == "suoyin.h") next
  if (name !~ /\//) complain("give the path from the root of the tree")
  else if (FILENAME ~ /\/main[a-z_]*\.[ch]$/ && folder != "tools" && folder != "benchmarks") {
    if (name !~ "^" folder "/main" && name != "tools/cli.h") {
      complain("a program uses suoyin.h, tools/cli.h and main*.h only")
    }
  } else if (!(folder in ours)) complain("unknown folder")
  else if (name !~ ours[folder]) complain(folder "/ may not include this")
}

/^[ \t]*#[ \t]*include[ \t]*</ && FILENAME !~ /^tests\// {
  name = $0
  sub(/^[^<]*</, "", name)
  sub(/>.*/, "", name)
  for (header in theirs) {
    if (index(name, header) == 1 && FILENAME !~ theirs[header]) {
      complain("belongs to files " theirs[header])
    }
  }
}

END { exit bad }
