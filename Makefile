# Postern. BUILD=release|asan|cov|fuzz; the binary of the release build is linked as build/postern.
BUILD ?= release
O := build/$(BUILD)
VERSION := $(shell cat VERSION)
PREFIX ?= /usr/local
DESTDIR ?=

comma := ,
# Of these only the headers: src/sys/lib.h loads them when they are used.
LOADED := libpq rdkafka libnats libcurl libarchive libhs sqlite3 libnftables libsystemd yara
LIBS := libcrypto libssl libnghttp2 libseccomp zlib libzstd libbrotlidec libfyaml libmnl
WARN := -Wall -Wextra -Wshadow -Wconversion -Wvla -Wswitch-enum -Wmissing-prototypes -Wstrict-prototypes -Wformat=2
HARDEN := -fstack-protector-strong -fstack-clash-protection -fcf-protection=full -ftrivial-auto-var-init=zero -fPIE
CPPFLAGS := -D_GNU_SOURCE -Isrc -I$(O) -DPOSTERN_VERSION='"$(VERSION)"'
LDLIBS := $(shell pkg-config --libs $(LIBS)) -lm

ifeq ($(BUILD),release)
  CC := gcc
  CFLAGS := -O2 -g1 -D_FORTIFY_SOURCE=3 $(HARDEN)
  LDFLAGS := -pie -Wl,-z,relro,-z,now,-z,pack-relative-relocs
else ifeq ($(BUILD),asan)
  CC := clang
  # Names and lines are all that a report of the sanitizers has.
  CFLAGS := -O1 -gline-tables-only -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -fPIE
  LDFLAGS := -pie -fsanitize=address,undefined
else ifeq ($(BUILD),cov)
  CC := gcc
  CFLAGS := -O0 -g --coverage -fPIE
  LDFLAGS := -pie --coverage
else ifeq ($(BUILD),fuzz)
  CC := clang
  CFLAGS := -O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -fPIE
  LDFLAGS := -pie -fsanitize=address,undefined
else
  $(error BUILD is release, asan, cov or fuzz)
endif
# Twice as fast as the other one, where it is there: each test is a program of its own. It does not know all that is said to that one.
TEST_LDFLAGS := $(filter-out -Wl%,$(LDFLAGS)) $(if $(shell command -v ld.lld),-fuse-ld=lld)
# make V=1 shows the commands.
ifndef V
.SILENT:
endif
CFLAGS += -std=gnu2x $(WARN) $(if $(WERROR),-Werror) $(shell pkg-config --cflags $(LIBS) $(LOADED))

SRC := $(sort $(wildcard src/*/*.c))
MAIN := src/cmd/main.c
LIB_SRC := $(filter-out $(MAIN),$(SRC))
LIB_OBJ := $(LIB_SRC:%.c=$(O)/%.o)
UNIT := $(patsubst tests/unit/%.c,$(O)/unit/%,$(sort $(wildcard tests/unit/*.c)))
INTEGRATION := $(patsubst tests/integration/%.c,$(O)/integration/%,$(sort $(wildcard tests/integration/*.c)))
FUZZ := $(patsubst fuzz/%.c,$(O)/fuzz/%,$(filter-out fuzz/replay.c,$(sort $(wildcard fuzz/*.c))))

.PHONY: all unit integration specimens fuzz fuzz-targets lint bench bench-enforce bench-gate bench-ledger bench-vet-score install uninstall clean format print-flags
.SECONDARY:
# Only the release build has the link: another one would ask for a program that nothing here makes, and end there.
all: $(O)/postern $(if $(filter release,$(BUILD)),build/postern)

build/postern: build/release/postern
	@ln -sfn release/postern $@

$(O)/postern: $(O)/src/cmd/main.o $(O)/libpostern.a
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(O)/libpostern.a: $(LIB_OBJ)
	@rm -f $@
	ar rcs $@ $^

$(O)/%.o: %.c Makefile VERSION
	@mkdir -p $(@D)
	@echo "  CC $@"
	$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$(O)/unit/%: tests/unit/%.c $(O)/libpostern.a
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -MT $@ -MF $@.d $(TEST_LDFLAGS) -o $@ $< $(O)/libpostern.a $(LDLIBS) $(shell pkg-config --libs libarchive) -lcmocka

# Programs that the scripts of tests/integration/ drive.
$(O)/integration/kafka_mock: LDLIBS += -lrdkafka
$(O)/integration/nats_dump: LDLIBS += -lnats
$(O)/integration/%: tests/integration/%.c $(O)/libpostern.a
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -MT $@ -MF $@.d $(TEST_LDFLAGS) -o $@ $< $(O)/libpostern.a $(LDLIBS)

# The attacker of tests/integration/gate_escape.sh, and two programs that end with 42 and 43.
ESCAPE := $(O)/escape/attack $(O)/escape/permitted $(O)/escape/forbidden $(O)/escape/forbidden.so
$(O)/escape/attack: $(sort $(wildcard tests/escape/*.c)) tests/escape/attack.h
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -Wno-conversion -D_GNU_SOURCE $(LDFLAGS) -o $@ $(filter %.c,$^) -lrt
$(O)/escape/permitted $(O)/escape/forbidden:
	@mkdir -p $(@D)
	echo 'int main(void) { return $(if $(findstring permitted,$@),42,43); }' | gcc -O1 -xc -o $@ -
$(O)/escape/forbidden.so:
	@mkdir -p $(@D)
	echo 'void _exit(int); __attribute__((constructor)) static void begin(void) { _exit(43); }' | gcc -O1 -shared -fPIC -xc -o $@ -

$(O)/bench/%: bench/%.c $(O)/libpostern.a
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -MT $@ -MF $@.d $(LDFLAGS) -o $@ $< $(O)/libpostern.a $(LDLIBS)

# The same, as a program that counts as one that runs code.
$(O)/bench/enforce_code: bench/enforce.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -DBENCH_RUNTIME $(LDFLAGS) -rdynamic -o $@ $<

# Measures SQLite itself beside the ledger.
$(O)/bench/ledger: LDLIBS += $(shell pkg-config --libs sqlite3)

# The style of the HTML reports, as a C string.
$(O)/src/report/page.o: $(O)/gen/report_css.h
$(O)/gen/report_css.h: share/html/report.css tools/embed.sh
	@mkdir -p $(@D)
	tools/embed.sh report_css $< >$@.new && mv $@.new $@

# In a fuzz build libFuzzer drives the target; elsewhere fuzz/replay.c runs it over its corpus.
$(O)/fuzz/%: fuzz/%.c fuzz/replay.c $(O)/libpostern.a
	@mkdir -p $(@D)
ifeq ($(BUILD),fuzz)
	$(CC) $(CPPFLAGS) $(CFLAGS) $(TEST_LDFLAGS) -fsanitize=fuzzer -o $@ $< $(O)/libpostern.a $(LDLIBS)
else
	$(CC) $(CPPFLAGS) $(CFLAGS) $(TEST_LDFLAGS) -o $@ $< fuzz/replay.c $(O)/libpostern.a $(LDLIBS)
endif

unit: $(UNIT)
integration: $(INTEGRATION) $(ESCAPE)
fuzz-targets: $(FUZZ)

# The specimens, each staged in a folder of its own: main.mjs, main.py or a program main.
SPECIMENS := $(patsubst tests/%,$(O)/%,$(patsubst %.c,%,$(sort $(wildcard tests/specimens/*/main.*))))
specimens: $(SPECIMENS)

$(O)/specimens/%/main.mjs: tests/specimens/%/main.mjs tests/specimens/lib/tool.mjs
	@mkdir -p $(@D)
	cp $^ $(@D)/
	@touch $@

$(O)/specimens/%/main.py: tests/specimens/%/main.py tests/specimens/lib/tool.py
	@mkdir -p $(@D)
	cp $^ $(@D)/
	@touch $@

$(O)/specimens/%/main: tests/specimens/%/main.c tests/specimens/lib/tool.c tests/specimens/lib/tool.h
	@mkdir -p $(@D)
	$(CC) -std=gnu2x -O1 -D_GNU_SOURCE $(WARN) $(if $(WERROR),-Werror) -Itests/specimens/lib -o $@ $< tests/specimens/lib/tool.c -lssl -lcrypto

# Every target for FUZZ_SECONDS (default 60) over its corpus.
FUZZ_SECONDS ?= 60
fuzz:
	$(MAKE) BUILD=fuzz fuzz-targets
	tools/fuzz.sh build/fuzz/fuzz $(FUZZ_SECONDS)

lint:
	tools/lint.sh

bench: all $(O)/bench/micro $(O)/bench/merkle $(O)/bench/policy
	bench/run.sh

bench-gate: all
	bench/gate.sh

bench-enforce: all $(O)/bench/enforce $(O)/bench/enforce_code
	bench/enforce.sh

bench-ledger: $(O)/bench/ledger $(O)/bench/ledger_read
	bench/ledger.sh

bench-vet-score: all
	bench/vet-score --why

format:
	clang-format -i $(SRC) $(filter-out %_table.h,$(wildcard src/*/*.h tests/unit/*.[ch] fuzz/*.[ch]))

# Into DESTDIR, below PREFIX; BUILD=release whatever BUILD says.
install: build/postern
	install -D -m 755 build/release/postern $(DESTDIR)$(PREFIX)/bin/postern
	cd share && find . -type f -not -path "./systemd/*" -exec install -D -m 644 {} $(DESTDIR)$(PREFIX)/share/postern/{} \;
	install -d $(DESTDIR)$(PREFIX)/lib/systemd/system
	for u in share/systemd/*; do sed "s|/usr/local/bin/|$(PREFIX)/bin/|" $$u >$(DESTDIR)$(PREFIX)/lib/systemd/system/$${u##*/} || exit 1; done
	for m in man/*.[1-9]; do install -D -m 644 $$m $(DESTDIR)$(PREFIX)/share/man/man$${m##*.}/$${m##*/} || exit 1; done
	install -d $(DESTDIR)$(PREFIX)/share/bash-completion/completions $(DESTDIR)$(PREFIX)/share/zsh/site-functions $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d
	build/release/postern completion bash >$(DESTDIR)$(PREFIX)/share/bash-completion/completions/postern
	build/release/postern completion zsh >$(DESTDIR)$(PREFIX)/share/zsh/site-functions/_postern
	build/release/postern completion fish >$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/postern.fish

uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/postern $(DESTDIR)$(PREFIX)/share/bash-completion/completions/postern \
		$(DESTDIR)$(PREFIX)/share/zsh/site-functions/_postern $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/postern.fish
	rm -rf $(DESTDIR)$(PREFIX)/share/postern
	for u in share/systemd/*; do rm -f $(DESTDIR)$(PREFIX)/lib/systemd/system/$${u##*/}; done
	for m in man/*.[1-9]; do rm -f $(DESTDIR)$(PREFIX)/share/man/man$${m##*.}/$${m##*/}; done

# For tools/lint.sh.
print-flags:
	@echo $(CPPFLAGS) $(CFLAGS)

clean:
	rm -rf build

-include $(LIB_OBJ:.o=.d) $(O)/src/cmd/main.d $(UNIT:=.d) $(INTEGRATION:=.d)
