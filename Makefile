# Builds, tests and installs Cadre. `make help` lists the targets.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := build
.DELETE_ON_ERROR:

PREFIX ?= /usr
DESTDIR ?=
INSTALL_PROGRAM ?= install -D -m 755 -s
SYSCONFDIR ?= /etc

bindir := $(PREFIX)/bin
# Where cadre looks for the program that builds sandboxes, from where it lies itself.
libexecdir := $(PREFIX)/libexec/cadre
mandir := $(PREFIX)/share/man/man1
filemandir := $(PREFIX)/share/man/man5
# Where each shell looks for completions by itself.
bashdir := $(PREFIX)/share/bash-completion/completions
zshdir := $(PREFIX)/share/zsh/$(if $(filter /usr,$(PREFIX)),vendor-completions,site-functions)
fishdir := $(PREFIX)/share/fish/vendor_completions.d
# Where systemd looks, whatever the prefix.
unitdir := /usr/lib/systemd/system
userunitdir := /usr/lib/systemd/user
sysusersdir := /usr/lib/sysusers.d
tmpfilesdir := /usr/lib/tmpfiles.d

# One set of flags a configuration, so that debug and release builds never rebuild each other.
debug_build := swift build --build-tests --explicit-target-dependency-import-check error
release_flags := -c release --product cadre --static-swift-stdlib
stage_flags := -c release --product cadre-stage --static-swift-stdlib
release_cadre = $(shell swift build $(release_flags) --show-bin-path)/cadre

build_packages := binutils g++ git libcap-dev libsystemd-dev libtomlplusplus-dev pkg-config
test_packages := debian-archive-keyring e2fsprogs groff-base libseccomp2 mmdebstrap python3 python3-venv \
    qemu-system-x86 qemu-utils zstd
lint_packages := shellcheck
deb_packages := debhelper lintian
# What tests on this machine run: unpacked or installed in .build/test-tools, never in the system.
unpacked_packages := nginx prometheus redis-server redis-tools wrk
python_packages := gunicorn==27.0.1 hypothesis==6.170.15 prometheus-client==0.26.0 schemathesis==4.32.5 uvicorn==0.54.0

swift_sources := Package.swift $(wildcard Sources Tests Benchmarks examples)

# install_packages PACKAGE...: installs what is missing, and is silent if nothing is.
install_packages = @./Tests/install-packages $(1)

.PHONY: help
help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 22

.PHONY: swift
swift:
	@command -v swift >/dev/null || { \
	    echo 'make: there is no swift on PATH; install the Swift 6.3 toolchain (swift.org/install)' >&2; exit 1; }

.PHONY: build-packages
build-packages: swift
	$(call install_packages,$(build_packages))

.PHONY: build
build: build-packages ## build cadre and the tests for debugging (the default)
	$(debug_build)

.PHONY: release
release: build-packages ## build cadre as it is installed
	swift build $(release_flags)
	swift build $(stage_flags)

.PHONY: run
run: release ## build cadre and run the example examples/hello
	$(call install_packages,python3)
	PATH="$$(dirname "$(release_cadre)"):$$PATH" examples/hello/run

.PHONY: test
test: packages build ## run all tests, on this machine and in virtual machines
	@# Tests of this machine often wait, and the fuzzer, which is nice, takes what they leave of the processors.
	$(MAKE) -j2 test-host test-fuzz
	$(MAKE) test-vm

.PHONY: test-tools
test-tools:
	$(call install_packages,python3-venv)
	@./Tests/get-tools --debian $(unpacked_packages) --python $(python_packages)

.PHONY: test-host
test-host: build test-tools ## run the tests on this machine
	@# Failures once more, as the end of a long output is what is read first, and kept longest.
	swift test --skip-build --disable-xctest 2>&1 | tee .build/host-tests.log \
	    || { grep -aE '^(✘|↳ [^/T])' .build/host-tests.log; exit 1; }

.PHONY: test-fuzz
test-fuzz: build-packages ## feed what reads bytes from outside with thousands of new ones
	nice -n 19 Tests/fuzz

.PHONY: test-address
test-address: build-packages test-tools ## run the tests on this machine with AddressSanitizer
	Tests/sanitize address

.PHONY: test-thread
test-thread: build-packages test-tools ## run the tests on this machine with ThreadSanitizer
	Tests/sanitize thread

.PHONY: test-calls
test-calls: build ## fail each system call of the core with each of its errors; half an hour
	CADRE_EVERY_ERROR=1 swift test --skip-build --disable-xctest --filter CallFailureTests

MINUTES ?= 10
WORKERS ?= 1000
SEED ?=

.PHONY: soak
soak: release ## keep many workers in trouble, then draw up the account (MINUTES=10 WORKERS=1000 SEED= VM=bookworm)
	Tests/soak/run --minutes "$(MINUTES)" --workers "$(WORKERS)" $(if $(SEED),--seed "$(SEED)") \
	    $(if $(VM),--vm "$(VM)") "$(release_cadre)"

.PHONY: test-vm
test-vm: packages build release ## run the tests in virtual machines with Debian 12 and 13
	Tests/VM/test

# Worlds of seeds one after another from SEED on, or a random one; each lasts so many virtual HOURS.
WORLDS ?= 100
HOURS ?= 24
# The driver goes through as many with a simulated kernel, which costs more, so they are shorter: HOURS / 12.
driver_hours = $$(awk 'BEGIN { print $(HOURS) / 12 }')
simulate = swift build $(release_flags:cadre=simulate)
.PHONY: simulate
simulate: build-packages ## run state machines, and the driver for HOURS/12, through virtual time (SEED=, WORLDS=100, HOURS=24)
	$(simulate)
	swift build --product simulate-driver
	seed=$(or $(SEED),$$RANDOM$$RANDOM); bin=$$($(simulate) --show-bin-path); \
	    "$$bin/simulate" --worlds $(WORLDS) --hours $(HOURS) --seed "$$seed"; \
	    "$$(swift build --show-bin-path)/simulate-driver" --worlds $(WORLDS) --hours "$(driver_hours)" --seed "$$seed"

.PHONY: test-mutants
test-mutants: build-packages ## show that the simulation finds bugs: make some, one at a time
	Tests/mutants

.PHONY: bench
bench: release ## measure speed, beside a bare C program that does the same kernel work
	Benchmarks/run

# bench_options: what Benchmarks/peers is to do otherwise, such as --quick.
bench_options ?=
# What --quick measures says nothing of speed, so it isn't for the documentation.
bench_figures = $(if $(filter --quick,$(bench_options)),,--figures docs/figures)

.PHONY: bench-peers
bench-peers: release ## measure speed beside s6, runit, supervisord and Circus, and draw docs/figures; an hour
	$(call install_packages,python3-venv)
	Benchmarks/peers $(bench_figures) $(bench_options)

.PHONY: bench-systemd
bench-systemd: release ## measure speed beside systemd, in a virtual machine
	Benchmarks/peers --in-vm $(bench_figures) $(bench_options)

.PHONY: reference
reference: build ## write the configuration's reference: docs/configuration.md, examples/reference.toml
	.build/debug/cadre manual --reference .

.PHONY: docs
docs: build ## write the documentation of the library into .build/docs
	docs/make-site

.PHONY: format
format: swift ## format the Swift sources
	swift format --in-place --recursive --parallel $(swift_sources)

.PHONY: lint
lint: swift ## check the format of Swift sources and the shell scripts
	$(call install_packages,$(lint_packages))
	swift format lint --strict --recursive --parallel $(swift_sources)
	git ls-files -co --exclude-standard | while read -r file; do \
	    if [[ -f $$file ]] && head -n 1 "$$file" | grep -aqE '^#!.*\b(ba)?sh\b'; then echo "$$file"; fi; \
	done | xargs -d '\n' shellcheck

.PHONY: packages
packages: swift ## install the Debian packages that building and testing need
	$(call install_packages,$(build_packages) $(test_packages) $(deb_packages))

# install runs as root, for whom there may be no swift on PATH: it builds only if there is nothing to install.
CADRE ?= $(firstword $(wildcard .build/release/cadre))
built_cadre = $(or $(CADRE),.build/release/cadre)

.PHONY: man
man: $(if $(CADRE),,release) ## write the manual pages into .build/man
	rm -rf .build/man
	install -d .build/man
	"$(built_cadre)" manual .build/man

.PHONY: install
install: $(if $(CADRE),,release) ## install cadre and its units (DESTDIR=, PREFIX=/usr)
	$(INSTALL_PROGRAM) "$(built_cadre)" "$(DESTDIR)$(bindir)/cadre"
	$(INSTALL_PROGRAM) "$(dir $(built_cadre))cadre-stage" "$(DESTDIR)$(libexecdir)/cadre-stage"
	install -d "$(DESTDIR)$(mandir)" "$(DESTDIR)$(filemandir)" "$(DESTDIR)$(bashdir)" "$(DESTDIR)$(zshdir)" \
	    "$(DESTDIR)$(fishdir)"
	"$(built_cadre)" manual "$(DESTDIR)$(mandir)"
	mv "$(DESTDIR)$(mandir)/cadre.toml.5" "$(DESTDIR)$(filemandir)/"
	gzip -9nf "$(DESTDIR)$(mandir)"/cadre.1 "$(DESTDIR)$(mandir)"/cadre-*.1 "$(DESTDIR)$(filemandir)/cadre.toml.5"
	"$(built_cadre)" --generate-completion-script bash | sed '1{/^#!/d}' >"$(DESTDIR)$(bashdir)/cadre"
	"$(built_cadre)" --generate-completion-script zsh >"$(DESTDIR)$(zshdir)/_cadre"
	"$(built_cadre)" --generate-completion-script fish >"$(DESTDIR)$(fishdir)/cadre.fish"
	chmod 644 "$(DESTDIR)$(bashdir)/cadre" "$(DESTDIR)$(zshdir)/_cadre" "$(DESTDIR)$(fishdir)/cadre.fish" \
	    "$(DESTDIR)$(mandir)"/cadre.1.gz "$(DESTDIR)$(mandir)"/cadre-*.1.gz "$(DESTDIR)$(filemandir)/cadre.toml.5.gz"
	install -d "$(DESTDIR)$(unitdir)" "$(DESTDIR)$(userunitdir)"
	install -m 644 units/cadre.slice "$(DESTDIR)$(unitdir)/"
	sed 's|/usr/bin/cadre|$(bindir)/cadre|' units/cadre.service >"$(DESTDIR)$(unitdir)/cadre.service"
	sed 's|/usr/bin/cadre|$(bindir)/cadre|' units/user/cadre.service >"$(DESTDIR)$(userunitdir)/cadre.service"
	chmod 644 "$(DESTDIR)$(unitdir)/cadre.service" "$(DESTDIR)$(userunitdir)/cadre.service"
	install -D -m 644 units/cadre.sysusers.conf "$(DESTDIR)$(sysusersdir)/cadre.conf"
	install -D -m 644 units/cadre.tmpfiles.conf "$(DESTDIR)$(tmpfilesdir)/cadre.conf"
	[[ -e "$(DESTDIR)$(SYSCONFDIR)/cadre/cadre.toml" ]] || \
	    install -D -m 644 units/cadre.toml "$(DESTDIR)$(SYSCONFDIR)/cadre/cadre.toml"
	if [[ -z "$(DESTDIR)" && -d /run/systemd/system ]]; then \
	    systemd-sysusers "$(sysusersdir)/cadre.conf"; \
	    systemd-tmpfiles --create "$(tmpfilesdir)/cadre.conf"; \
	    systemctl daemon-reload; \
	fi

.PHONY: uninstall
uninstall: ## remove what install has installed, but for the configuration
	if [[ -z "$(DESTDIR)" && -d /run/systemd/system ]]; then \
	    systemctl disable --now cadre.service || true; \
	fi
	rm -f "$(DESTDIR)$(bindir)/cadre" "$(DESTDIR)$(libexecdir)/cadre-stage" "$(DESTDIR)$(unitdir)"/cadre.{slice,service} \
	    "$(DESTDIR)$(userunitdir)/cadre.service" "$(DESTDIR)$(sysusersdir)/cadre.conf" \
	    "$(DESTDIR)$(tmpfilesdir)/cadre.conf" "$(DESTDIR)$(mandir)"/cadre.1.gz "$(DESTDIR)$(mandir)"/cadre-*.1.gz \
	    "$(DESTDIR)$(filemandir)/cadre.toml.5.gz" "$(DESTDIR)$(bashdir)/cadre" "$(DESTDIR)$(zshdir)/_cadre" \
	    "$(DESTDIR)$(fishdir)/cadre.fish"
	if [[ -d "$(DESTDIR)$(libexecdir)" ]]; then rmdir --ignore-fail-on-non-empty "$(DESTDIR)$(libexecdir)"; fi
	if [[ -z "$(DESTDIR)" && -d /run/systemd/system ]]; then systemctl daemon-reload; fi

# All that is in a package, or says how it is made.
deb_files := $(built_cadre) $(dir $(built_cadre))cadre-stage Makefile README.md SECURITY.md \
    $(shell find units examples -type f)

# Tests/VM/test asks for it, too.
.build/deb/made: $(deb_files)
	$(call install_packages,$(deb_packages))
	units/debian/build "$(built_cadre)"
	touch $@

.PHONY: deb
deb: release ## make a Debian package of cadre, in .build/deb
	@$(MAKE) --no-print-directory .build/deb/made
	lintian --allow-root --fail-on error,warning .build/deb/*.changes
	@ls -l .build/deb/*.deb

.PHONY: clean
clean: ## remove what was built
	rm -rf .build
