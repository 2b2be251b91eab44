# sqlite-connector: `make help` lists what there is to do.
#
# connector.so holds the extension and the built-in sqlite driver; every other driver is a shared
# object of its own beside it, made only when its client library is found. All are position
# independent objects under $(BUILD)/obj, with dependency files made by the compiler.

BUILD    = build
PREFIX   = /usr/local
CC       = cc
CFLAGS   = -O2 -g
WERROR   = 1
SANITIZE =
T        =
TCLSH    = tclsh
V        =
JOBS    := $(shell getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)

# V=1 shows the compiler's command lines.
Q = $(if $(V),,@)

MAKEFLAGS += --no-builtin-rules --no-print-directory
.SUFFIXES:
.DELETE_ON_ERROR:

# ---------------------------------------------------------------- flags

# The only place where feature macros are set: C11 with what Linux and BSD have beside POSIX.
override CPPFLAGS += -D_GNU_SOURCE -iquote src
WARNINGS = -Wall -Wextra -Wshadow -Wstrict-prototypes $(if $(filter 1,$(WERROR)),-Werror)
ALL_CFLAGS = -std=c11 $(CFLAGS) $(WARNINGS) -fPIC -fvisibility=hidden -pthread $(SANITIZE_FLAGS)

ifneq ($(SANITIZE),)
SANITIZE_FLAGS = -fsanitize=$(SANITIZE) -fno-omit-frame-pointer -fno-sanitize-recover=undefined
endif

# -Bsymbolic: a host program that exports its own symbols must not replace ours. -z defs finds a
# missing symbol at build time; a sanitizer's run time is found only in the host process.
ifeq ($(shell uname -s),Darwin)
LINK_FLAGS = -shared -undefined dynamic_lookup
else
LINK_FLAGS = -shared -Wl,-Bsymbolic $(if $(SANITIZE),,-Wl,-z,defs)
endif

# ---------------------------------------------------------------- client libraries

# $(call client,<pkg-config module>,<config program>,<its arguments for compiling>,<and for linking>)
# gives "found <compiler flags> @ <linker flags>", or nothing.
client = $(shell \
  if pkg-config --exists $(1) 2>/dev/null; then \
    echo found $$(pkg-config --cflags $(1)) @ $$(pkg-config --libs $(1)); \
  elif command -v $(2) >/dev/null 2>&1; then echo found $(3) @ $(4); fi)
before_at = $(shell echo '$(1)' | sed 's/^found//; s/@.*//')
after_at  = $(shell echo '$(1)' | sed 's/.*@//')

PG := $(call client,libpq,pg_config,-I$$(pg_config --includedir),-L$$(pg_config --libdir) -lpq)
MY := $(call client,libmariadb,mariadb_config,$$(mariadb_config --cflags),$$(mariadb_config --libs))
ifeq ($(MY),)
MY := $(call client,mysqlclient,mysql_config,$$(mysql_config --cflags),$$(mysql_config --libs))
endif

# ---------------------------------------------------------------- what is built from what

DRIVER_COMMON := $(wildcard src/driver_*.c)
CONNECTOR_SRC := $(wildcard ext/*.c src/*.c src/sqlite/*.c)
PG_SRC := $(wildcard src/postgresql/*.c)
MY_SRC := $(wildcard src/mysql/*.c)

object = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))

TARGETS := $(BUILD)/connector.so
ifneq ($(and $(PG),$(PG_SRC)),)
TARGETS += $(BUILD)/connector_postgresql.so
endif
ifneq ($(and $(MY),$(MY_SRC)),)
TARGETS += $(BUILD)/connector_mysql.so
endif
LEFT_OUT := $(if $(PG),,postgresql [package libpq-dev]) $(if $(MY),,mysql [package default-libmysqlclient-dev])

.PHONY: all
all: $(TARGETS)
	@: # says nothing when all is made
ifneq ($(strip $(LEFT_OUT)),)
	@echo "left out, as the client library is not here: $(strip $(LEFT_OUT))"
endif

$(BUILD)/connector.so: $(call object,$(CONNECTOR_SRC))
	$(LINK) -ldl -lm

$(BUILD)/connector_postgresql.so: $(call object,$(PG_SRC) $(DRIVER_COMMON))
	$(LINK) $(call after_at,$(PG)) -lm

$(BUILD)/connector_mysql.so: $(call object,$(MY_SRC) $(DRIVER_COMMON))
	$(LINK) $(call after_at,$(MY)) -lm

LINK = $(Q)echo "link $@" && $(CC) $(LINK_FLAGS) $(SANITIZE_FLAGS) $(LDFLAGS) -pthread -o $@ $^

# Client headers are found as system headers: warnings are asked of our own code only.
system = $(patsubst -I%,-isystem %,$(call before_at,$(1)))
$(BUILD)/obj/src/postgresql/%.o: override CPPFLAGS += $(call system,$(PG))
$(BUILD)/obj/src/mysql/%.o: override CPPFLAGS += $(call system,$(MY))

$(BUILD)/obj/%.o: %.c $(BUILD)/flags
	@mkdir -p $(@D)
	@echo "cc $<"
	$(Q)$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# Other flags or another compiler build everything anew.
FLAGS := $(CC) $(CPPFLAGS) $(ALL_CFLAGS) $(PG) $(MY)
ifneq ($(FLAGS),$(file <$(BUILD)/flags))
.PHONY: $(BUILD)/flags
endif
# It is the first thing made, so what building cannot do without is looked for here.
$(BUILD)/flags:
	@echo '#include <sqlite3ext.h>' | $(CC) $(CPPFLAGS) -E - >/dev/null 2>&1 || { \
	  if command -v $(firstword $(CC)) >/dev/null; then echo "sqlite3ext.h is not here"; \
	  else echo "the compiler $(CC) is not here"; fi; \
	  echo "make deps-build installs what building needs"; exit 1; } >&2
	@mkdir -p $(@D)
	@printf '%s' '$(FLAGS)' >$@

# ---------------------------------------------------------------- C unit tests, run by test/unit.test

# A test or fuzz target names what it is linked with in its head (`sources: src/…`). These objects call
# libsqlite3 themselves, without the extension's table. A fuzz target gets a main that replays files.
UNITS := $(basename $(notdir $(wildcard test/unit/*_test.c test/fuzz/*_fuzz.c)))
unit_object = $(patsubst %.c,$(BUILD)/unit/obj/%.o,$(1))
unit_file = $(wildcard test/unit/$(1).c test/fuzz/$(1).c)
unit_sources = $(sort $(wildcard $(shell sed '/\*\//q' $(1) | tr ' ' '\n' | grep '^src/.*\.c$$')))
unit_main = $(if $(filter %_fuzz,$(1)),test/fuzz/replay.c)

define unit_rule
$(BUILD)/unit/$(1): $(call unit_object,$(call unit_file,$(1)) $(call unit_main,$(1)) \
    $(call unit_sources,$(call unit_file,$(1))))
	@echo "link $$@"
	$$(Q)$$(CC) $$(SANITIZE_FLAGS) $$(LDFLAGS) -pthread -o $$@ $$^ -lsqlite3 -ldl -lm
endef
$(foreach unit,$(UNITS),$(eval $(call unit_rule,$(unit))))

.PHONY: units
units: $(addprefix $(BUILD)/unit/,$(UNITS))
	@:

$(BUILD)/unit/obj/%.o: override CPPFLAGS += -DSQLITE_CORE
$(BUILD)/unit/obj/test/%.o: override CPPFLAGS += -Wno-format-truncation
$(BUILD)/unit/obj/%.o: %.c $(BUILD)/flags
	@mkdir -p $(@D)
	@echo "cc $<"
	$(Q)$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

-include $(shell find $(BUILD)/obj $(BUILD)/unit -name '*.d' 2>/dev/null)

# ---------------------------------------------------------------- run

# The second make looks for the client libraries again, after they were installed.
.PHONY: demo
demo: deps-build
	@$(MAKE) -j$(JOBS) all
	@BUILD=$(BUILD) test/demo.sh

.PHONY: test
test: deps-test
	@$(MAKE) -j$(JOBS) all units
	@BUILD=$(BUILD) $(TCLSH) test/run.tcl $(T)

# The same tests on objects built with AddressSanitizer and UndefinedBehaviorSanitizer; the host
# programs get the run-time libraries by LD_PRELOAD (test/run.tcl), leaks included.
.PHONY: asan
asan: deps-test
	@$(MAKE) -j$(JOBS) all units BUILD=build-asan SANITIZE=address,undefined CFLAGS="-O1 -g"
	@BUILD=build-asan SANITIZE=address,undefined $(TCLSH) test/run.tcl $(T)

# Random queries over remote tables against local copies: more of them than make test has.
N      = 10000
SEED   = 1
DRIVER =
.PHONY: fuzz
fuzz: deps-test
	@$(MAKE) -j$(JOBS) all
	@BUILD=$(BUILD) QUERIES=$(N) SEED=$(SEED) DRIVER=$(DRIVER) LIMIT=1000000 $(TCLSH) test/run.tcl differential

# Random writes on remote tables and on local twins of them.
.PHONY: fuzz-write
fuzz-write: deps-test
	@$(MAKE) -j$(JOBS) all
	@BUILD=$(BUILD) N=$(N) SEED=$(SEED) DRIVER=$(DRIVER) LIMIT=1000000 $(TCLSH) test/run.tcl write_differential

# A kill at every point of a two-phase transaction, of which make test has some.
.PHONY: kill
kill: deps-test
	@$(MAKE) -j$(JOBS) all
	@BUILD=$(BUILD) KILL_ALL=1 LIMIT=1000000 $(TCLSH) test/run.tcl two_phase_kill

# Writes of which the link is cut at more bytes than make test has.
POINTS = 1000
.PHONY: ledger
ledger: deps-test
	@$(MAKE) -j$(JOBS) all
	@BUILD=$(BUILD) POINTS=$(POINTS) SEED=$(SEED) DRIVER=$(DRIVER) LIMIT=1000000 $(TCLSH) test/run.tcl ledger

C_FILES = $(shell find ext src test -name '*.[ch]')

.PHONY: lint format
format:
	clang-format -i $(C_FILES)
lint:
	@command -v clang-format >/dev/null || \
	  { echo "clang-format is not here: install its package, and cppcheck" >&2; exit 1; }
	clang-format --dry-run -Werror $(C_FILES)
	@if command -v cppcheck >/dev/null; then \
	  cppcheck --quiet --std=c11 --enable=warning,performance,portability --inline-suppr \
	    --error-exitcode=1 --suppress=missingIncludeSystem -I src ext src; \
	else echo "cppcheck is not here: skipped"; fi

# ---------------------------------------------------------------- install

LIBRARY_DIR = $(PREFIX)/lib/sqlite-connector

.PHONY: install
install: all
	install -d '$(DESTDIR)$(LIBRARY_DIR)'
	install -m 644 $(TARGETS) '$(DESTDIR)$(LIBRARY_DIR)'
	@echo
	@echo "Load it in the sqlite3 shell with"
	@file='$(LIBRARY_DIR)/connector'; \
	case $$file in /*) ;; *) file=$$PWD/$$file;; esac; \
	case $$file in *' '*) file="\"$$file\"";; esac; echo ".load $$file"

.PHONY: uninstall
uninstall:
	rm -f '$(DESTDIR)$(LIBRARY_DIR)'/connector.so '$(DESTDIR)$(LIBRARY_DIR)'/connector_*.so
	@rmdir '$(DESTDIR)$(LIBRARY_DIR)' 2>/dev/null || true

.PHONY: deps-build deps-test
deps-build:
	@test/install.sh build
deps-test:
	@test/install.sh build test

.PHONY: clean
clean:
	rm -rf $(BUILD) build-asan

.PHONY: help
help:
	@echo "make              builds $(BUILD)/connector.so and a shared object for each driver"
	@echo "make demo         installs what building needs, builds, runs the quick start"
	@echo "make test         installs what testing needs, builds, runs all tests on real servers"
	@echo "make test T=name  runs test/name.test; several: T=\"load python\""
	@echo "make asan         the same tests with AddressSanitizer and UBSan (T= works too)"
	@echo "make fuzz N=100000 SEED=1 DRIVER=postgresql   random queries over remote tables (test/differential.test)"
	@echo "make fuzz-write   the same for random writes (test/write_differential.test)"
	@echo "make kill         a kill at every point of a two-phase transaction (test/two_phase_kill.test)"
	@echo "make ledger POINTS=1000 SEED=1 DRIVER=mysql   cuts of the link while writing (test/ledger.test)"
	@echo "make lint         clang-format and cppcheck; make format settles the former"
	@echo "make install      into PREFIX=$(PREFIX), prints the .load line; DESTDIR is honoured"
	@echo "make uninstall    takes it away again"
	@echo "make deps-build, make deps-test    only installs the packages"
	@echo "make clean"
	@echo "Variables: BUILD CC CFLAGS LDFLAGS WERROR=0 SANITIZE PREFIX DESTDIR T TCLSH V=1"
