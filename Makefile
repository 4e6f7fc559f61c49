# swiftvm: what to type. `make help` says what each target does.

PREFIX  ?= /usr/local
DESTDIR ?=
# What `make run` and `make snapshot` boot, in place of the demo guest: an .iso, .img or .qcow2 file.
GUEST   ?=
# What `make run` shows it with, gtk or sdl, and how many screens it has.
VIEWER  ?= gtk
HEADS   ?= 1
# Where `make snapshot` writes, and what the test targets run, e.g. TESTS='--filter QEMUSourceTests'.
OUT     ?= snapshot.png
TESTS   ?=
PEERS   ?=
BENCH   ?=
DAMAGE  ?=
MINUTES ?= 60
export GUEST OUT VIEWER HEADS

TOOLCHAIN := $(shell Tools/toolchain 2>/dev/null)
ifneq ($(TOOLCHAIN),)
export PATH := $(TOOLCHAIN):$(PATH)
endif

CLANG := $(if $(TOOLCHAIN),$(TOOLCHAIN)/)clang
LD    := $(if $(TOOLCHAIN),$(TOOLCHAIN)/)ld.lld

# One release build serves `make run` and `make install`; it needs no Swift runtime where it runs.
RELEASE_FLAGS := -c release --static-swift-stdlib
RELEASE_BIN   := .build/release
DEBUG_BIN     := .build/debug
DEMO_GUEST    := .build/demo-guest/demo-guest.elf
QEMU_10       := .build/qemu-10/qemu-system-x86_64
# What the tests start, and the benchmarks.
STARTED       := SWIFTVM_DEMO_GUEST='$(CURDIR)/$(DEMO_GUEST)' SWIFTVM_QEMU_7=/usr/bin/qemu-system-x86_64 \
    SWIFTVM_QEMU_10='$(CURDIR)/$(QEMU_10)'
TESTED        := $(STARTED) SWIFTVM_BIN='$(CURDIR)/$(DEBUG_BIN)'
MEASURED      := $(STARTED) SWIFTVM_BIN='$(CURDIR)/$(RELEASE_BIN)'

.DEFAULT_GOAL := build
.NOTPARALLEL:
.PHONY: deps deps-run deps-test deps-vm deps-peers toolchain check-run check-snapshot build guest qemu-10 run \
    snapshot test test-vm test-gpu bench bench-vm soak lint format install uninstall clean help

help: ## say what each target does
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/    make \1	\2/p' Makefile | expand -t 24
	@echo
	@echo 'Variables: GUEST=FILE (run, snapshot), VIEWER=gtk|sdl HEADS=N (run), OUT=PNG (snapshot), PEERS=1 DAMAGE=OPTIONS (bench), BENCH=OPTIONS (bench, bench-vm), MINUTES=N (soak), PREFIX= DESTDIR= (install, uninstall).'

deps: ## install the Debian packages that a build needs
	@Tools/deps build

deps-run:
	@Tools/deps build run

deps-test:
	@Tools/deps build run test

deps-peers:
	@Tools/deps build run test peers

deps-vm:
	@Tools/deps build run test vm

toolchain:
	@Tools/toolchain --warn >/dev/null

build: deps toolchain ## build the programs for use
	swift build $(RELEASE_FLAGS) --product swiftvm-gtk
	swift build $(RELEASE_FLAGS) --product swiftvm-sdl
	swift build $(RELEASE_FLAGS) --product swiftvm-snapshot

guest: deps toolchain ## build the demo guest
	@$(MAKE) --no-print-directory -C Resources/demo-guest OUT='$(CURDIR)/$(patsubst %/,%,$(dir $(DEMO_GUEST)))' \
	    CLANG='$(CLANG)' LD='$(LD)'

qemu-10:
	@Tools/qemu-10 $(if $(PEERS),peers)

run: check-run deps-run build guest ## show the demo guest in a window, or GUEST=some.iso
	@SWIFTVM_BIN='$(RELEASE_BIN)' SWIFTVM_DEMO_GUEST='$(DEMO_GUEST)' Tools/run-guest window "$$GUEST"

snapshot: check-snapshot deps-run build guest ## write the demo guest's screen (or GUEST's) to OUT=snapshot.png
	@SWIFTVM_BIN='$(RELEASE_BIN)' SWIFTVM_DEMO_GUEST='$(DEMO_GUEST)' \
	    Tools/run-guest snapshot "$$GUEST" "$$OUT"

# What can be told at once is told before a build that takes minutes.
check-run:
	@Tools/run-guest check window "$$GUEST"

check-snapshot:
	@Tools/run-guest check snapshot "$$GUEST"

# Without TESTS= also the benchmark, short, to see that it works, and what needs a GPU.
test: $(if $(TESTS),deps-test,deps-vm) toolchain guest lint qemu-10 ## install what is missing, build and run every test
	@Tools/lint --self-test
	@Tools/build-tests
	@Tools/check-man $(DEBUG_BIN)
	@Tools/check-data
	@$(TESTED) Tools/run-tests $(TESTS)
	$(if $(TESTS),,@$(TESTED) $(DEBUG_BIN)/Benchmarks --rounds 1 --seconds 1 --presses 5 --only swiftvm-gtk --only swiftvm-sdl \
	    --output .build/benchmarks-short)
	$(if $(TESTS),,@$(TESTED) $(DEBUG_BIN)/Benchmarks damage --rounds 1 --seconds 1 --output .build/benchmarks-short)
	$(if $(TESTS),,@$(TESTED) $(DEBUG_BIN)/Benchmarks floor --rounds 1 --seconds 1 --output .build/benchmarks-short)
	$(if $(TESTS),,@$(TESTED) $(DEBUG_BIN)/Benchmarks stages --repetitions 4 --output .build/benchmarks-short)
	$(if $(TESTS),,@$(TESTED) Tools/test-vm)

test-vm: deps-vm toolchain guest qemu-10 ## run the tests that need a GPU in a virtual machine that has one
	@Tools/build-tests
	@$(TESTED) Tools/test-vm $(TESTS)

test-gpu: ## run the tests that need a GPU on this machine's own
	@Tools/test-gpu check
	@$(MAKE) --no-print-directory deps-test toolchain guest qemu-10
	@Tools/build-tests
	@$(TESTED) Tools/test-gpu run $(TESTS)

# PEERS=1 installs the viewers of others to compare with, and QEMU 10.0's own windows; BENCH= are options of the comparison with them, DAMAGE= of that of two
# screens, e.g. BENCH='--rounds 1'.
bench: $(if $(PEERS),deps-peers,deps-test) build guest qemu-10 ## compare our viewers with those of others, which PEERS=1 installs
	swift build $(RELEASE_FLAGS) --product Benchmarks
	@$(MEASURED) $(RELEASE_BIN)/Benchmarks $(BENCH)
	@$(MEASURED) $(RELEASE_BIN)/Benchmarks damage $(DAMAGE)
	@$(MEASURED) $(RELEASE_BIN)/Benchmarks stages

bench-vm: deps-vm build ## measure how dma-bufs are taken, in the virtual machine that has a GPU
	swift build $(RELEASE_FLAGS) --product Benchmarks
	@$(MEASURED) Tools/test-vm --bench $(BENCH)

soak: deps-test build guest ## run our viewers for an hour, or MINUTES=, and see that memory and descriptors stay
	swift build $(RELEASE_FLAGS) --product Benchmarks
	@$(MEASURED) $(RELEASE_BIN)/Benchmarks soak --minutes '$(MINUTES)'

lint: toolchain ## check imports, toolkit headers, layout and what is tracked
	@Tools/lint

format: toolchain ## lay out the Swift code
	swift format --in-place --recursive --parallel Sources Tests Package.swift

install: ## put the programs and all they need under DESTDIR/PREFIX
	@# `sudo make install` takes what the user built: root need not have the toolchain on its PATH.
	@if [ -z "$$SUDO_USER" ] || ! [ -x $(RELEASE_BIN)/swiftvm-gtk ] || \
	    ! [ -x $(RELEASE_BIN)/swiftvm-sdl ] || ! [ -f $(DEMO_GUEST) ]; then \
	    $(MAKE) --no-print-directory build guest; fi
	@SWIFTVM_BIN='$(RELEASE_BIN)' SWIFTVM_DEMO_GUEST='$(DEMO_GUEST)' \
	    Tools/install install '$(DESTDIR)' '$(PREFIX)'

uninstall: ## remove what `make install` put there
	@Tools/install uninstall '$(DESTDIR)' '$(PREFIX)'

clean: ## remove everything that was built
	rm -rf .build snapshot.png
