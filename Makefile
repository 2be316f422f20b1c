# The commands of the project. `make` alone lists them. `make install` and `make test` do everything on a fresh machine
# with a Rust toolchain.

CARGO ?= cargo
# Options of `commons up`, for example: make up ARGS="--demo --port 9000"
ARGS ?=
# Where `make install` puts the program: PREFIX/bin/commons.
PREFIX ?= $(if $(filter 0,$(shell id -u)),/usr/local,$(HOME)/.local)
# For packagers: what is installed goes below this folder.
DESTDIR ?=
PROGRAM = $(or $(CARGO_TARGET_DIR),target)/release/commons
# All tests and checks use one profile, so that dependencies compile once for them (Cargo.toml says how it differs).
TESTED = --profile tested --locked
# What `commons version` says. One value for all commands, so that no two of them compile for different commits.
export COMMONS_COMMIT ?= $(or $(shell git rev-parse HEAD 2>/dev/null),unknown)

# As in libs/storage/tests/it/servers.rs.
VERSITYGW_PACKAGE = github.com/versity/versitygw/cmd/versitygw@v1.8.0

.DEFAULT_GOAL = help
.PHONY: help up install uninstall build portal test compiled check unit integration clients browsers storms bench \
	fmt lint docs deny prerequisites

help: ## Say what there is
	@echo "make TARGET, where TARGET is"
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

up: prerequisites build ## Build and run a whole commons on http://localhost:8080; Ctrl-C stops it (ARGS="--demo")
	$(PROGRAM) up $(ARGS)

# Installs what is missing (PostgreSQL), as root or with sudo, and never asks a question.
prerequisites: ## Install what is missing on this machine (PostgreSQL, a C compiler)
	@scripts/install-prerequisites

# Needs Node 20.19 and npm; without them the program has a page that says so. PORTAL_DIST=DIR takes pages made elsewhere.
portal: ## Make the pages of the portal, which the build puts into the program
	@scripts/portal

build: portal ## Compile the program
	$(CARGO) build --release --locked -p commons

# Without cargo (under sudo, for instance) a program that is built already is installed as it is.
install: $(if $(shell command -v $(CARGO)),prerequisites build) ## Put `commons` and its shell completions below PREFIX (~/.local, for root /usr/local)
	@scripts/install "$(PROGRAM)" "$(PREFIX)" "$(DESTDIR)"

uninstall: ## Remove what `make install` has installed; state folders stay
	@scripts/install --remove "$(PREFIX)" "$(DESTDIR)"

# All rings of tests. The client suites mostly wait, so they run beside the Rust tests and beside each other; what kills
# processes and takes all memory and connections runs alone.
test: prerequisites portal-check check compiled ## Run all tests
	$(MAKE) --jobs=3 --output-sync=target unit clients browsers
	$(MAKE) storms

# versitygw is installed by the Rust tests, where there is Go, and used by the client suites: now, before both run at once.
compiled:
	$(CARGO) test --workspace $(TESTED) --no-run --quiet
	$(CARGO) build $(TESTED) -p commons --quiet
	@if ! command -v go >/dev/null || command -v versitygw >/dev/null || [ -n "$$VERSITYGW" ]; then exit 0; fi; \
		GOBIN="$(abspath $(or $(CARGO_TARGET_DIR),target))/tmp/stores/bin" go install $(VERSITYGW_PACKAGE) \
		|| echo "versitygw could not be installed; its suite says that it is skipped"

.PHONY: portal-check
portal-check:
	@scripts/portal --check

# What needs no running service.
check: fmt-check structure lint docs deny ## Run the checks that need no running service

.PHONY: fmt-check
fmt-check:
	$(CARGO) fmt --all --check

fmt: ## Format the Rust code
	$(CARGO) fmt --all

lint: ## Look at the Rust code with clippy
	$(CARGO) clippy --workspace --all-targets $(TESTED) -- -D warnings

# Code: circles among modules, width of lines, size of files, unused workspace dependencies. Documents: links and names.
.PHONY: structure
structure:
	@cd scripts && PYTHONDONTWRITEBYTECODE=1 python3 -m unittest discover --quiet --start-directory structure --top-level-directory .
	@scripts/check-structure
	@scripts/check-documents

.PHONY: chart
chart: ## Check the chart, and install it into a control plane, where their tools are (helm/cluster/install)
	@helm/test
	@helm/cluster/test

docs: ## Make the documentation of the code
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --no-deps $(TESTED) --quiet

# Licences, bans and sources hold offline; the advisories need their database, which not every machine reaches.
deny: ## Check licences and unused dependencies
	@if $(CARGO) deny --version >/dev/null 2>&1; then \
		$(CARGO) deny --log-level error check bans licenses sources || exit 1; \
		$(CARGO) deny --log-level error check advisories || echo "advisories: see above (not a failure of this run)"; \
	else echo "cargo-deny is not installed, so licences were not checked (cargo install cargo-deny)"; fi
	@if command -v cargo-machete >/dev/null 2>&1; then cargo-machete; \
	else echo "cargo-machete is not installed, so unused dependencies were not looked for (cargo install cargo-machete)"; fi

# Without the flags of a make that runs targets at once: its commands cannot reach the job server that they name.
APART = env -u MAKEFLAGS -u MFLAGS

# Unit tests and tests of services on a real database.
unit: ## Run the Rust tests
	$(APART) scripts/in-memory $(CARGO) test --workspace $(TESTED) --quiet

# Black-box suites with real clients against the built program.
integration: clients browsers ## Run the black-box suites with real clients
	$(MAKE) storms

SUITES = $(APART) $(CARGO) build $(TESTED) -p commons && $(APART) \
	COMMONS="$(abspath $(or $(CARGO_TARGET_DIR),target))/tested/commons" integration-tests/run
# Not these, which run alone.
STORMS = attacks crash
# The half with a browser, and with recorded answers where they are.
BROWSERS = browser reference

clients:
	$(SUITES) $(filter-out $(STORMS) $(BROWSERS),$(shell sed -n 's/^testpaths = //p' integration-tests/pytest.ini))

browsers:
	$(SUITES) $(BROWSERS)

storms:
	$(SUITES) $(STORMS)

# The graph against the floor of the database (docs/performance.md). For example: make bench ARGS="--only counts --repeat 9"
bench: prerequisites build ## Measure the graph against the floor of the database
	integration-tests/run --version >/dev/null
	cd integration-tests && "$${CARGO_TARGET_DIR:-../target}/integration-venv/bin/python" -m bench $(ARGS)

# Hostile input for the readers of submissions and queries (fuzz/README.md), SECONDS for each target.
SECONDS ?= 60
TARGET ?= graphql tsv json configuration
.PHONY: fuzz
fuzz: ## Send hostile input to the readers of submissions and queries
	@SECONDS_EACH="$(SECONDS)" scripts/fuzz $(TARGET)
