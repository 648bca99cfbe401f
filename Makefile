# Everything a person or CI does here is a target; `make help` lists them.
# Needs Rust (a recent stable), Python 3.10 or newer, and make. The rest is installed into $(VENV).

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
SOURCES := Cargo.toml Cargo.lock pyproject.toml $(shell find src -name '*.rs')

export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help run dashboard test test-rust test-python lint format bench docs faults simulate soak model wheel clean tools

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(VENV)/.package  ## the main job: build, then replay real bars through the daemon, offline
	$(BIN)/mt5-sentinel demo --state-dir build/state

dashboard: $(VENV)/.package  ## a page over what `make run` left, on http://127.0.0.1:8001
	$(BIN)/pip install --quiet --editable '.[dashboard]'
	$(BIN)/mt5-sentinel dashboard --state-dir build/state/demo

test: lint test-rust test-python  ## everything: lints, Rust tests, Python tests

test-rust: tools  ## the core, without any Python, then its long test in release
	cargo test --locked
	cargo test --locked --release --test features_exact -- --ignored

test-python: $(VENV)/.dev  ## the package, the daemon as a process, the installation
	sh tests/side_by_side.sh $(BIN)/python

lint: $(VENV)/.dev  ## rustfmt, clippy, ruff, mypy
	@if cargo fmt --version >/dev/null 2>&1; then cargo fmt --check; \
	else sh tests/skip.sh "rustfmt is not installed (rustup component add rustfmt)"; fi
	@if cargo clippy --version >/dev/null 2>&1; then \
	  cargo clippy --locked --all-targets -- -D warnings && cargo clippy --locked --features python -- -D warnings; \
	else sh tests/skip.sh "clippy is not installed (rustup component add clippy)"; fi
	$(BIN)/ruff format --check python tests/python benches/python deploy
	$(BIN)/ruff check python tests/python benches/python deploy
	$(BIN)/mypy

format: $(VENV)/.dev  ## rewrite the sources in house style
	cargo fmt
	$(BIN)/ruff format python tests/python benches/python deploy
	$(BIN)/ruff check --fix python tests/python benches/python deploy

bench: $(VENV)/.bench  ## speed of the core; the races against other libraries, written into docs/BENCHMARKS.md
	cargo bench --locked
	$(BIN)/python benches/python/features_vs_peers.py --write
	$(BIN)/python benches/python/scorer_vs_peers.py --write
	$(BIN)/python benches/python/minute_of_symbols.py --write

docs: $(VENV)/.dev  ## write docs/FEATURES.md, CONFIGURATION.md and METRICS.md from the code
	$(BIN)/python -m mt5_sentinel.research.reference_docs docs

faults: $(VENV)/.dev  ## write docs/FAULTS.md from a run of the daemon under every fault
	SENTINEL_WRITE_DOCS=1 $(BIN)/python -m pytest -q tests/python/test_fault_table.py

simulate: $(VENV)/.dev  ## the order path under faults: make simulate SEEDS=1-5000 MINUTES=2000
	$(BIN)/python -m tests.python.storm $(or $(SEEDS),1-20) $(or $(MINUTES),2000)

soak: $(VENV)/.dev  ## the daemon beside an API, a hub and a gateway: make soak MINUTES=43200 OUT=build/soak
	$(BIN)/mt5-sentinel soak --accelerated --minutes $(or $(MINUTES),10000) --out $(or $(OUT),build/soak)

model: $(VENV)/.dev  ## train the bundled model again
	$(BIN)/python -m mt5_sentinel.research.train

wheel: $(BIN)/python tools  ## build dist/*.whl
	$(BIN)/pip wheel --quiet --no-deps --wheel-dir dist .

clean:  ## remove what the targets above made
	rm -rf target build dist $(VENV) python/mt5_sentinel/*.so

tools:
	@command -v cargo >/dev/null || { echo "make: Rust is missing; install a recent stable from https://rustup.rs" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
	  { echo "make: $(PYTHON) is older than 3.10; name a newer one with PYTHON=..." >&2; exit 1; }

$(BIN)/python: | tools
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --upgrade 'pip>=25.1'

$(VENV)/.package: $(BIN)/python $(SOURCES)
	@echo "building the package: the Rust core takes a few minutes the first time"
	$(BIN)/pip install --quiet --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.package pyproject.toml
	$(BIN)/pip install --quiet --group dev
	@touch $@

$(VENV)/.bench: $(VENV)/.package pyproject.toml
	$(BIN)/pip install --quiet --group bench
	$(BIN)/pip install --quiet --group bench-tulipy || sh tests/skip.sh "tulipy does not build here; the race runs without it"
	$(BIN)/pip install --quiet --group bench-llvmlite --no-warn-conflicts --upgrade --target build/bench/llvmlite || \
	  sh tests/skip.sh "no llvmlite that lleaves works with; the race runs without it"
	@touch $@
