# The commands of the project. `make up` and `make test` do everything on a fresh machine with a Rust toolchain.

CARGO ?= cargo
# Options of `commons up`, for example: make up ARGS="--demo --port 9000"
ARGS ?=
PROGRAM = target/release/commons

.PHONY: up build test check unit integration bench fmt lint docs deny prerequisites

# A commons on http://localhost:8080; Ctrl-C stops it.
up: prerequisites build
	$(PROGRAM) up $(ARGS)

# Installs what is missing (PostgreSQL), as root or with sudo, and never asks a question.
prerequisites:
	@scripts/install-prerequisites

build:
	$(CARGO) build --release --locked -p commons

# All rings of tests.
test: prerequisites check unit integration

# What needs no running service.
check: fmt-check structure lint docs deny

.PHONY: fmt-check
fmt-check:
	$(CARGO) fmt --all --check

fmt:
	$(CARGO) fmt --all

lint:
	$(CARGO) clippy --workspace --all-targets --release --locked -- -D warnings

# Code: circles among modules, width of lines, size of files, unused workspace dependencies. Documents: links and names.
.PHONY: structure
structure:
	@cd scripts && PYTHONDONTWRITEBYTECODE=1 python3 -m unittest discover --quiet --start-directory structure --top-level-directory .
	@scripts/check-structure
	@scripts/check-documents

docs:
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --no-deps --release --locked --quiet

# Licences, bans and sources hold offline; the advisories need their database, which not every machine reaches.
deny:
	@if $(CARGO) deny --version >/dev/null 2>&1; then \
		$(CARGO) deny --log-level error check bans licenses sources || exit 1; \
		$(CARGO) deny --log-level error check advisories || echo "advisories: see above (not a failure of this run)"; \
	else echo "cargo-deny is not installed, so licences were not checked (cargo install cargo-deny)"; fi
	@if command -v cargo-machete >/dev/null 2>&1; then cargo-machete; \
	else echo "cargo-machete is not installed, so unused dependencies were not looked for (cargo install cargo-machete)"; fi

# Unit tests and tests of services on a real database; the same profile as `build`, so dependencies compile once.
unit:
	$(CARGO) test --workspace --release --locked --quiet

# Black-box suites with real clients against the built program.
integration: build
	integration-tests/run

# The graph against the floor of the database (docs/performance.md). For example: make bench ARGS="--only counts --repeat 9"
bench: prerequisites build
	integration-tests/run --version >/dev/null
	cd integration-tests && "$${CARGO_TARGET_DIR:-../target}/integration-venv/bin/python" -m bench $(ARGS)

# Hostile input for the readers of submissions and queries (fuzz/README.md), SECONDS for each target.
SECONDS ?= 60
TARGET ?= graphql tsv json configuration
.PHONY: fuzz
fuzz:
	@SECONDS_EACH="$(SECONDS)" scripts/fuzz $(TARGET)
