# Suoyin. A newcomer needs two commands, `make demo` and `make check`; there are also deps, all, test,
# asan, tsan, fuzz, torture, coverage, lint, format, bench, bench-index, bench-commits, bench-scale,
# bench-quality, install, uninstall and clean.
#
#   make CC=clang   another compiler           make BUILD=/tmp/b   another build directory
#   make WARN=      without -Werror            make V=1            show the commands

VERSION := 0.1.0
BUILD   ?= build
PREFIX  ?= /usr/local
CFLAGS  ?= -O3 -g
WARN    ?= -Wall -Wextra -Werror
ifeq ($(origin CXX),default)
CXX := $(if $(findstring clang,$(CC)),$(subst clang,clang++,$(CC)),g++)
endif

# ---- What is built, from what: a new file in a folder needs no line here --------------------------------

LIBRARY  := $(wildcard base/*.c storage/*.c indexer/*.cc) \
            $(filter-out %_gen.c,$(wildcard text/*.c)) \
            $(filter-out indexer/main%,$(wildcard indexer/*.c)) \
            $(filter-out query/main%,$(wildcard query/*.c))
# A test is its own program; so is what lies in tests/ and is run by hand. Other files there help them.
TESTS    := $(wildcard tests/*/test_*.c tests/oracle/full_*.c)
HELPERS  := $(filter-out $(TESTS),$(wildcard tests/*/*.c))
FUZZ     := $(filter tests/fuzz/%,$(TESTS:%.c=%))
BENCH    := $(wildcard benchmarks/*.c)
PROGRAMS := suoyin-index suoyin-query suoyin-tool $(if $(BENCH),suoyin-bench)

objects = $(patsubst %,$(BUILD)/%.o,$(basename $(1)))
GENERATED       := $(BUILD)/gen/text_tables $(BUILD)/gen/readings_tables
LIBRARY_OBJECTS := $(call objects,$(LIBRARY)) $(GENERATED:%=%.o)
TEST_PROGRAMS   := $(TESTS:%.c=$(BUILD)/%)

# ---- Flags ----------------------------------------------------------------------------------------------

# docs/dependencies.md says what each is for. Only text/*_gen.c and the oracle of the tests use
# utf8proc and OpenCC. CRoaring has no pkg-config file in Debian.
LIB_PKGS  := lmdb libzstd libarchive simdjson uchardet libxml-2.0 libxxhash
PKGS      := $(LIB_PKGS) jansson
GEN_PKGS  := libarchive libutf8proc opencc
TEST_PKGS := cmocka $(GEN_PKGS)
LIBS       = $(shell pkg-config --libs $(PKGS)) -lroaring -lstdc++ -lm

COMMON     = $(CPPFLAGS) $(CFLAGS) $(WARN) -I. -Iinclude $(PKG_CFLAGS) -DSY_VERSION_STRING=\"$(VERSION)\" \
             -pthread -fPIC -fvisibility=hidden -ffunction-sections -fdata-sections -MMD -MP
PKG_CFLAGS := $(shell pkg-config --cflags $(PKGS) $(TEST_PKGS) 2>/dev/null)
COMPILE_C  = $(CC) -std=gnu11 -D_GNU_SOURCE $(COMMON)
COMPILE_CC = $(CXX) -std=c++17 -fno-rtti $(COMMON)
# A program gets only the functions, and loads only the libraries, that it uses: suoyin-query must start
# within milliseconds.
LINK       = $(CC) $(CFLAGS) $(SANITIZE) $(LDFLAGS) -pthread -Wl,--gc-sections,--as-needed
ASAN      := -fno-sanitize-recover=undefined -fno-omit-frame-pointer -fsanitize=address,undefined

ifndef V
.SILENT:
endif
.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all test check demo asan tsan fuzz fuzz-targets torture coverage deps packages lint format bench bench-index bench-commits bench-scale bench-quality install uninstall clean FORCE

# ---- Rules ----------------------------------------------------------------------------------------------

all: $(addprefix $(BUILD)/,libsuoyin.a libsuoyin.so $(PROGRAMS) example)

$(BUILD)/%.o: %.c $(BUILD)/flags
	echo "CC $<"; mkdir -p $(@D)
	$(COMPILE_C) $(SANITIZE) -c -o $@ $<

$(BUILD)/%.o: %.cc $(BUILD)/flags
	echo "CC $<"; mkdir -p $(@D)
	$(COMPILE_CC) $(SANITIZE) $(if $(SANITIZE),-fno-sanitize=vptr) -c -o $@ $<

$(GENERATED:%=%.o): %.o: %.c $(BUILD)/flags
	echo "CC $<"
	$(COMPILE_C) $(SANITIZE) -c -o $@ $<

$(GENERATED:%=%.c): $(BUILD)/gen/%_tables.c: $(BUILD)/%_gen
	echo "GEN $@"; mkdir -p $(@D)
	$< > $@.tmp
	mv $@.tmp $@

# Without sanitizers: what OpenCC leaks is not ours to report.
$(BUILD)/readings_gen: $(BUILD)/gen/text_tables.c
$(BUILD)/text_gen $(BUILD)/readings_gen: $(BUILD)/%_gen: text/%_gen.c $(BUILD)/flags
	echo "CC $<"; mkdir -p $(BUILD)/text
	$(COMPILE_C) -MF $(BUILD)/text/$*_gen.d -MT $@ -o $@ $(filter %.c,$^) $$(pkg-config --libs $(GEN_PKGS))

$(BUILD)/libsuoyin.a: $(LIBRARY_OBJECTS)
	echo "AR $@"; rm -f $@
	$(AR) rcs $@ $^

$(BUILD)/libsuoyin.so: $(LIBRARY_OBJECTS)
	echo "LD $@"
	$(LINK) -shared -Wl,-soname,libsuoyin.so.0 -o $@ $^ $(LIBS)
	ln -sf $(@F) $@.0

$(BUILD)/tests/helpers.a: $(call objects,$(HELPERS))
	rm -f $@; mkdir -p $(@D)
	$(AR) rcs $@ $^

$(BUILD)/suoyin-index: $(call objects,$(wildcard indexer/main*.c tools/cli.c))
$(BUILD)/suoyin-query: $(call objects,$(wildcard query/main*.c tools/cli.c))
$(BUILD)/suoyin-tool:  $(call objects,$(wildcard tools/*.c))
$(BUILD)/suoyin-bench: $(call objects,$(BENCH) $(wildcard tools/cli.c))
$(addprefix $(BUILD)/,$(PROGRAMS)): $(BUILD)/libsuoyin.a
	echo "LD $@"
	$(LINK) -o $@ $(filter %.o,$^) $(BUILD)/libsuoyin.a $(LIBS)

# The example uses the shared library, so that what suoyin.h promises is known to be exported.
$(BUILD)/example: $(BUILD)/docs/example.o $(BUILD)/libsuoyin.so
	echo "LD $@"
	$(LINK) -Wl,-rpath,'$$ORIGIN' -o $@ $^

$(TEST_PROGRAMS): %: %.o $(BUILD)/tests/helpers.a $(BUILD)/libsuoyin.a
	echo "LD $@"
	$(LINK) -o $@ $^ $(LIBS) $$(pkg-config --libs $(TEST_PKGS))

# Changes when the compiler or its flags do; everything is then built again.
$(BUILD)/flags: FORCE | packages
	mkdir -p $(@D); echo '$(COMPILE_C) $(COMPILE_CC) $(LINK)' > $@.new
	cmp -s $@.new $@ && rm $@.new || mv $@.new $@

packages:
	pkg-config --exists $(PKGS) $(TEST_PKGS) || \
	  { echo "Libraries are missing. On Debian 12, 'make deps' installs them." >&2; exit 1; }

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)

# ---- Commands -------------------------------------------------------------------------------------------

# `make -jN` when the caller did not choose; a make of its own, because the packages come first.
SUBMAKE = +$(MAKE) --no-print-directory $(if $(findstring -j,$(MAKEFLAGS)),,-j$(shell nproc))

test: all $(TEST_PROGRAMS)
	tests/run $(BUILD)

check: deps
	$(SUBMAKE) test

asan: deps
	$(SUBMAKE) test BUILD=$(BUILD)/asan SANITIZE='$(ASAN)' CFLAGS='-O1 -g'

# The tests of what runs in several threads; few crashes, which take their time here.
TSAN := base/test_pool storage/test_articles storage/test_background indexer/test_writer indexer/test_power indexer/test_reorder query/test_threads
tsan: deps
	$(SUBMAKE) $(TSAN:%=$(BUILD)/tsan/tests/%) BUILD=$(BUILD)/tsan SANITIZE=-fsanitize=thread CFLAGS='-O1 -g'
	SUOYIN_CRASH_POINTS=20 tests/run $(BUILD)/tsan $(TSAN)

# FUZZ_SECONDS=600 for each target, FUZZ_JOBS=2 at a time, FUZZ_NAMES= all. The targets as tests make the
# seeds.
fuzz: fuzz-targets
	tests/fuzz/run $(BUILD) $(FUZZ_NAMES)

fuzz-targets: deps
	tools/deps.sh fuzz
	$(SUBMAKE) $(FUZZ:%=$(BUILD)/%)
	$(SUBMAKE) $(FUZZ:%=$(BUILD)/fuzz/%) BUILD=$(BUILD)/fuzz CC=clang-14 LDFLAGS=-fsanitize=fuzzer \
	  SANITIZE='$(ASAN),fuzzer-no-link' CFLAGS='-O1 -g' WARN=

# Tests that need gigabytes and minutes.
torture: deps
	$(SUBMAKE) all $(TEST_PROGRAMS)
	for script in tests/torture/*.sh; do $$script $(BUILD) || exit 1; done

# Lines that the tests reach, of the folders that read untrusted bytes; the report is in HTML.
coverage: deps
	tools/deps.sh coverage
	-$(SUBMAKE) test BUILD=$(BUILD)/coverage CFLAGS='-O1 -g' SANITIZE='--coverage -fprofile-update=atomic'
	tests/coverage $(BUILD)/coverage

demo: deps
	$(SUBMAKE) all
	tools/demo.sh $(BUILD)

bench: deps
	$(SUBMAKE) all
	benchmarks/run.sh $(BUILD)

bench-index: deps
	$(SUBMAKE) all
	benchmarks/index.sh $(BUILD)

bench-commits: deps
	$(SUBMAKE) all
	benchmarks/commits.sh $(BUILD)

bench-scale: deps
	$(SUBMAKE) all
	benchmarks/scale.sh $(BUILD) $(SIZE)

bench-quality: deps
	$(SUBMAKE) all
	benchmarks/quality.sh $(BUILD)

deps:
	tools/deps.sh

SOURCES = $(wildcard */*.[ch] */*.cc tests/*/*.[ch])
format:
	clang-format-14 -i $(SOURCES)

lint:
	tools/deps.sh lint
	tests/lint/run $(BUILD) "$(PKG_CFLAGS)"

INSTALLED   := $(filter-out suoyin-bench,$(PROGRAMS))
COMPLETIONS := share/bash-completion/completions share/zsh/site-functions

install: all
	install -d $(addprefix $(DESTDIR)$(PREFIX)/,bin include lib/pkgconfig share/man/man1 $(COMPLETIONS))
	install $(INSTALLED:%=$(BUILD)/%) $(DESTDIR)$(PREFIX)/bin
	install -m 644 include/suoyin.h $(DESTDIR)$(PREFIX)/include
	install -m 644 $(BUILD)/libsuoyin.a $(DESTDIR)$(PREFIX)/lib
	install -m 755 $(BUILD)/libsuoyin.so $(DESTDIR)$(PREFIX)/lib/libsuoyin.so.$(VERSION)
	ln -sf libsuoyin.so.$(VERSION) $(DESTDIR)$(PREFIX)/lib/libsuoyin.so.0
	ln -sf libsuoyin.so.0 $(DESTDIR)$(PREFIX)/lib/libsuoyin.so
	sed 's|@PREFIX@|$(PREFIX)|; s|@VERSION@|$(VERSION)|; s|@PKGS@|$(LIB_PKGS)|' suoyin.pc.in \
	  > $(DESTDIR)$(PREFIX)/lib/pkgconfig/suoyin.pc
	install -m 644 $(wildcard docs/*.1) $(DESTDIR)$(PREFIX)/share/man/man1
	$(foreach p,$(INSTALLED),install -m 644 tools/completions/suoyin.bash \
	  $(DESTDIR)$(PREFIX)/share/bash-completion/completions/$(p);)
	install -m 644 tools/completions/_suoyin $(DESTDIR)$(PREFIX)/share/zsh/site-functions
	[ -n "$(DESTDIR)" ] || [ "$$(id -u)" != 0 ] || ldconfig

uninstall:
	cd $(DESTDIR)$(PREFIX) && rm -f $(INSTALLED:%=bin/%) include/suoyin.h lib/libsuoyin.* \
	  lib/pkgconfig/suoyin.pc $(patsubst docs/%,share/man/man1/%,$(wildcard docs/*.1)) \
	  $(INSTALLED:%=share/bash-completion/completions/%) share/zsh/site-functions/_suoyin

clean:
	rm -rf $(BUILD)
