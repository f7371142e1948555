# berth: one Makefile for everything.
#
#   make            the programs, in build/
#   make check      unit tests, golden tests, fuzz corpora, include rule, size limits
#   make asan       the same unit tests and corpora under AddressSanitizer and UBSan
#   make analyze    GCC's static analyzer over every source file
#   make bench      the measurements of README, "Speed and size"
#   make faults     faults injected by seed: SIZE=ci (default) or release, ONLY=p7 SEED=123 plays one again
#   make golden     rewrite the golden files after a deliberate change
#   make format     clang-format over the tree
#   make install    programs and unit file below $(DESTDIR)$(PREFIX)
#
# Every folder below is one static library, found by its files: a new .c file needs no line here.
# The lists after "programs" say which folders a program may link: the link manifest.

PREFIX  ?= /usr/local
B       ?= build
V       ?= 0
CC      ?= gcc
VERSION := $(shell git describe --always --dirty 2>/dev/null || cat VERSION 2>/dev/null || echo unknown)

WARN := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Wstrict-prototypes \
	-Wmissing-prototypes -Wold-style-definition -Wundef -Wvla -Wwrite-strings -Wpointer-arith \
	-Wformat=2 -Wimplicit-fallthrough -Wswitch-enum -Wnull-dereference -Wcast-qual -Wdate-time
ifneq (,$(findstring gcc,$(shell $(CC) --version | head -n 1))$(findstring GCC,$(shell $(CC) --version | head -n 2)))
WARN += -Wlogical-op -Wduplicated-cond -Wduplicated-branches -Wjump-misses-init -Walloca
ZERO := -ftrivial-auto-var-init=zero
endif
WERROR   ?= -Werror
OPT      ?= -O2
EXTRA    ?=
HARDEN   ?= -D_FORTIFY_SOURCE=3 -fstack-protector-strong -fstack-clash-protection \
	-fcf-protection=full -fno-common -fno-strict-aliasing $(ZERO)
CPPFLAGS += -I. -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64
CFLAGS   += -std=gnu17 -g $(OPT) -fPIE -ffunction-sections -fdata-sections $(HARDEN) $(WARN) $(WERROR) $(EXTRA)
LDFLAGS  += -Wl,-z,relro,-z,now,-z,noexecstack,--as-needed,--gc-sections

# ---- folders, lowest floor last: a library may use those after it --------------------------------
AGENT   := agent/control agent/api agent/status agent/node agent/probe agent/dns agent/store agent/spec
RUNTIME := runtime/shim runtime/runner runtime/runc runtime/bundle runtime/image runtime/volume runtime/net \
	runtime/security runtime/tar runtime/plan runtime/base
FOLDERS := agent/cli $(AGENT) $(RUNTIME) cgroups

# ---- programs: main file, folders, libraries -------------------------------------------------------
PROGRAMS := berthd berth-shim berth-runner berth-probe berth-unpack berth
MAINS    := agent/berthd.c runtime/shim/berth-shim.c runtime/runner/berth-runner.c agent/probe/berth-probe.c \
	runtime/image/berth-unpack.c agent/cli/berth.c

berthd_main       := agent/berthd.c
berthd_folders    := agent/api agent/control agent/status agent/node agent/probe agent/dns agent/store \
	agent/spec runtime/image runtime/tar runtime/net runtime/volume runtime/security runtime/plan runtime/base cgroups
berthd_pkgs       := libsystemd libmicrohttpd libwslay sqlite3 jansson yaml-0.1 libnl-route-3.0 libnftables libcap libseccomp nettle

berth-shim_main    := runtime/shim/berth-shim.c
berth-shim_folders := runtime/shim runtime/runner runtime/runc runtime/bundle runtime/volume runtime/security \
	runtime/plan runtime/base cgroups
berth-shim_pkgs    := jansson
berth-shim_ldflags := -static-pie

berth-runner_main    := runtime/runner/berth-runner.c
berth-runner_folders := runtime/runner runtime/base
berth-runner_ldflags := -static-pie

berth-probe_main    := agent/probe/berth-probe.c
berth-probe_folders := agent/probe runtime/plan runtime/base
berth-probe_pkgs    := libcurl libseccomp jansson

berth-unpack_main    := runtime/image/berth-unpack.c
berth-unpack_folders := runtime/image runtime/tar runtime/base
berth-unpack_pkgs    := libisal libzstd libseccomp nettle jansson

berth_main    := agent/cli/berth.c
berth_folders := agent/cli agent/spec runtime/tar runtime/base
berth_pkgs    := libcurl gnutls libwslay jansson yaml-0.1

TEST_PKGS := cmocka libsystemd libmicrohttpd libwslay sqlite3 jansson yaml-0.1 libnl-route-3.0 \
	libnftables libcap libseccomp libarchive libisal libzstd nettle libcurl gnutls

# pkg-config is asked once a list, only for packages that are there (libwslay has no .pc file in Debian).
pkg_cflags = $(shell pkg-config --cflags $(filter-out libwslay,$(1)) 2>/dev/null)
pkg_libs   = $(shell pkg-config --libs $(filter-out libwslay,$(1)) 2>/dev/null) $(if $(filter libwslay,$(1)),-lwslay)
CPPFLAGS  += $(call pkg_cflags,$(TEST_PKGS))

# ---- rules -----------------------------------------------------------------------------------------
Q    := $(if $(filter 1,$(V)),,@)
say   = $(if $(filter 1,$(V)),,@printf '  %-5s %s\n' '$(1)' '$(2)')
srcs  = $(filter-out $(MAINS),$(wildcard $(1)/*.c))
lib   = $(if $(call srcs,$(1)),$(B)/lib/$(subst /,-,$(1)).a)
libs  = $(foreach f,$(1),$(call lib,$(f)))
group = $(if $(1),-Wl$(comma)--start-group $(1) -Wl$(comma)--end-group)
comma := ,

BUILT := $(foreach p,$(PROGRAMS),$(if $(wildcard $($(p)_main)),$(B)/$(p)))
all: $(BUILT)

define folder_rule
ifneq (,$(call srcs,$(1)))
$(B)/lib/$(subst /,-,$(1)).a: $(patsubst %.c,$(B)/obj/%.o,$(call srcs,$(1)))
	$$(call say,AR,$$@)
	$$(Q)mkdir -p $$(@D) && rm -f $$@ && $$(AR) rcs $$@ $$^
endif
endef
$(foreach f,$(FOLDERS),$(eval $(call folder_rule,$(f))))

define program_rule
$(B)/$(1): $(B)/obj/$($(1)_main:.c=.o) $(call libs,$($(1)_folders))
	$$(call say,LD,$$@)
	$$(Q)$$(CC) $$(CFLAGS) $$(LDFLAGS) $(if $($(1)_ldflags),$(if $(STATIC_OFF),-pie,$($(1)_ldflags)),-pie) -o $$@ $$(filter %.o,$$^) \
		$$(call group,$$(filter %.a,$$^)) $(if $($(1)_ldflags),$(if $(STATIC_OFF),,-Wl$(comma)-Bstatic)) $(call pkg_libs,$($(1)_pkgs)) $($(1)_libs)
endef
$(foreach p,$(PROGRAMS),$(eval $(call program_rule,$(p))))

$(B)/obj/%.o: %.c
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D) && $(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

# The version is compiled into one object only, so that a commit does not rebuild the tree.
$(B)/obj/runtime/base/version.o: CPPFLAGS += -DBERTH_VERSION='"$(VERSION)"'
$(B)/obj/runtime/base/version.o: $(B)/version
$(B)/version: FORCE
	$(Q)mkdir -p $(@D); echo '$(VERSION)' | cmp -s - $@ || echo '$(VERSION)' >$@

# ---- tests -----------------------------------------------------------------------------------------
# tests/unit/FOLDER/test_X.c and tests/golden/test_X.c are one cmocka program each.
UNIT      := $(shell find tests/unit tests/golden -name 'test_*.c' 2>/dev/null | sort)
UNIT_BIN  := $(UNIT:%.c=$(B)/%)
FUZZ      := $(wildcard tests/fuzz/fuzz_*.c)
FUZZ_BIN  := $(FUZZ:%.c=$(B)/%)
ALL_LIBS  := $(call libs,$(FOLDERS))
# The CLI and the agent are never in one program, so they may use the same names. Fuzz targets of the CLI are fuzz_cli_*.
test_libs  = $(if $(findstring /agent/cli/,$(1))$(findstring /fuzz_cli_,$(1)),$(call libs,$(berth_folders)),$(call libs,$(filter-out agent/cli,$(FOLDERS))))

# Other .c files beside the tests of a folder are what those tests share, and linked to each of them.
shared = $(filter-out $(1)test_%.c,$(wildcard $(1)*.c))
$(foreach d,$(sort $(dir $(UNIT))),$(if $(call shared,$(d)),$(eval \
	$(filter $(B)/$(d)test_%,$(UNIT_BIN)): $(patsubst %.c,$(B)/obj/%.o,$(call shared,$(d))))))

$(UNIT_BIN): $(B)/%: $(B)/obj/%.o $(ALL_LIBS)
	$(call say,LD,$@)
	$(Q)mkdir -p $(@D) && $(CC) $(CFLAGS) $(LDFLAGS) -pie -o $@ $(filter %.o,$^) $(call group,$(call test_libs,$@)) $(call pkg_libs,$(TEST_PKGS))

# The replay driver calls a fuzz target on each file it is given, so that corpora run without clang;
# scripts/fuzz links libFuzzer in its place.
FUZZ_MAIN ?= $(B)/obj/tests/fuzz/replay.o
$(FUZZ_BIN): $(B)/%: $(B)/obj/%.o $(FUZZ_MAIN) $(ALL_LIBS)
	$(call say,LD,$@)
	$(Q)mkdir -p $(@D) && $(CC) $(CFLAGS) $(LDFLAGS) -pie -o $@ $(filter %.o,$^) $(call group,$(call test_libs,$@)) $(call pkg_libs,$(TEST_PKGS))

# The measurements are one program; the probe is what runs in the containers that it measures.
BENCH_OBJ := $(patsubst %.c,$(B)/obj/%.o,$(filter-out tests/bench/probe.c,$(wildcard tests/bench/*.c)))
BENCH_BIN := $(B)/tests/bench/bench $(B)/tests/bench/probe

$(B)/tests/bench/bench: $(BENCH_OBJ) $(ALL_LIBS)
	$(call say,LD,$@)
	$(Q)mkdir -p $(@D) && $(CC) $(CFLAGS) $(LDFLAGS) -pie -o $@ $(BENCH_OBJ) $(call group,$(call test_libs,$@)) $(call pkg_libs,$(TEST_PKGS)) -lm
$(B)/tests/bench/probe: $(B)/obj/tests/bench/probe.o
	$(call say,LD,$@)
	$(Q)mkdir -p $(@D) && $(CC) $(CFLAGS) $(LDFLAGS) -static-pie -o $@ $<

# What runs in the containers of the fault harness.
FAULTS_BIN := $(B)/tests/faults/workload $(B)/tests/faults/tracer $(B)/tests/faults/jump.so
$(B)/tests/faults/workload $(B)/tests/faults/tracer: $(B)/%: $(B)/obj/%.o
	$(call say,LD,$@)
	$(Q)mkdir -p $(@D) && $(CC) $(CFLAGS) $(LDFLAGS) -static-pie -o $@ $<
$(B)/tests/faults/jump.so: tests/faults/jump.c
	$(call say,LD,$@)
	$(Q)mkdir -p $(@D) && $(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -fPIC -shared -o $@ $<

libs: $(ALL_LIBS)
fuzz-targets: $(FUZZ_BIN)
tests: $(UNIT_BIN) $(FUZZ_BIN)
check: all tests
	$(Q)scripts/check-unit $(B)
	$(Q)scripts/check-layers
	$(Q)scripts/check-symbols $(B) $(foreach p,$(PROGRAMS),"$($(p)_folders)")
	$(Q)scripts/check-sizes
golden: tests
	$(Q)GOLDEN_WRITE=1 scripts/check-unit $(B)

SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
# Instrumented code makes GCC warn of what is not there, so warnings are errors in the plain build only.
export SIZE ONLY SEED FIGURE
asan:
	$(Q)$(MAKE) --no-print-directory B=$(B)/asan HARDEN= OPT=-O1 WERROR= EXTRA='$(SANITIZE)' STATIC_OFF=1 tests
	$(Q)scripts/check-unit $(B)/asan
asan-programs:
	$(Q)$(MAKE) --no-print-directory B=$(B)/asan HARDEN= OPT=-O1 WERROR= EXTRA='$(SANITIZE)' STATIC_OFF=1 all
analyze:
	$(Q)$(MAKE) --no-print-directory B=$(B)/analyze HARDEN= OPT=-O0 EXTRA='-fanalyzer' libs all
fuzz:
	$(Q)scripts/fuzz $(B)
bench: all $(BENCH_BIN)
	$(Q)scripts/bench $(B)
faults: all $(FAULTS_BIN)
	$(Q)BERTH_BUILD=$(B) tests/faults/run
format:
	$(Q)git ls-files '*.c' '*.h' | xargs clang-format -i

install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/lib/berth $(DESTDIR)$(PREFIX)/lib/systemd/system
	install -m 755 $(B)/berth $(B)/berthd $(DESTDIR)$(PREFIX)/bin
	install -D -m 644 scripts/completion/berth.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/berth
	install -D -m 644 scripts/completion/_berth $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_berth
	install -m 755 $(B)/berth-shim $(B)/berth-runner $(B)/berth-probe $(B)/berth-unpack $(DESTDIR)$(PREFIX)/lib/berth
	sed 's|@PREFIX@|$(PREFIX)|g' scripts/berth.service >$(DESTDIR)$(PREFIX)/lib/systemd/system/berth.service
clean:
	rm -rf $(B)

FORCE:
.PHONY: all libs tests fuzz-targets check golden asan asan-programs analyze fuzz bench faults format install clean FORCE
.SECONDARY:
-include $(shell find $(B)/obj -name '*.d' 2>/dev/null)
