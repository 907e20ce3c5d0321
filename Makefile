# Installs what each target needs. Required: make and Python 3.11 or newer, on Debian 12 or similar.
# Missing tools come from Debian (Rust, a C compiler, Java, nginx ...) or PyPI (Node.js and Go, into .venv).

PYTHON ?= python3
ARGS ?=
VENV := .venv
RUST := $(shell sed -n 's/^rust-version = "\(.*\)"/\1/p' native/Cargo.toml)
BIN := $(VENV)/bin
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check
AS_ROOT := $(shell test "$$(id -u)" = 0 || echo sudo)
APT_INSTALL := $(AS_ROOT) apt-get install --quiet --yes --no-install-recommends
LOCK_OPTIONS := --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--custom-compile-command "make lock" $(if $(UPGRADE),--upgrade) 
LOCK := $(BIN)/uv pip compile pyproject.toml $(LOCK_OPTIONS) --group build

CARGO := cd native && cargo
RUN_TESTS := PATH="$$PATH:$(abspath $(BIN))" $(BIN)/pytest --numprocesses=$(shell nproc) --dist=loadfile --no-loadscope-reorder --durations=25

NATIVE := $(wildcard native/src/*.rs native/src/py/*.rs) native/Cargo.toml native/Cargo.lock

.PHONY: help
help: ## Show what there is
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile

.PHONY: demo
demo: $(VENV)/package ## Serve a year of calls of a made-up organization; options: ARGS="--port 9000"
	@$(BIN)/calltally demo $(ARGS)

.PHONY: test
test: export PYTHONHASHSEED := 0
test: lint nginx haproxy curl java libpython node go $(VENV)/package ## Check format, rules and types, then run every test; some tests only: ARGS="-k login"
	$(CARGO) test --quiet
	$(RUN_TESTS) $(ARGS)

.PHONY: deep
deep: export TESTS_DEEP := 1
deep: export TESTS_SEED := $(or $(SEED),$(shell od -An -N4 -tu4 /dev/urandom | tr -d ' '))
deep: export PYTHONHASHSEED = $(TESTS_SEED)
deep: lint nginx haproxy curl java libpython node go $(VENV)/package ## Run every test at length, with other random inputs each time; the same again: SEED=7
	$(CARGO) test --quiet
	$(RUN_TESTS) --hypothesis-seed=$(TESTS_SEED) $(ARGS)
	$(BIN)/python -m tests.versions

.PHONY: lint
lint: cargo $(VENV)/dev ## Check format, rules and types
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(CARGO) fmt --check
	$(CARGO) clippy --quiet --all-targets -- --deny warnings

.PHONY: wheel
wheel: cargo $(VENV)/dev ## Build the wheel for Linux (manylinux) into dist/
	@$(BIN)/maturin build --release --zig --compatibility manylinux2014 --out dist

.PHONY: versions
versions: $(VENV)/package $(VENV)/dev ## Run tests with the lowest and the newest libraries that pyproject.toml allows
	$(BIN)/python -m tests.versions

.PHONY: docs
docs: $(VENV)/dev ## Write the pages that are drawn from the program
	$(BIN)/python -m tests.test_docs

.PHONY: bench
bench: $(VENV)/bench $(VENV)/package goaccess postgres ## Measure, beside other programs on this machine
	$(BIN)/python -m benchmarks $(ARGS)

.PHONY: soak
soak: $(VENV)/dev $(VENV)/package cc ## Kill, cut off, damage and load it for half an hour; less: ARGS="--seconds 300"
	$(BIN)/python -m soak $(ARGS)

.PHONY: lock
lock: $(VENV)/dev ## Write the lock files after a change of pyproject.toml; newest versions: UPGRADE=1
	$(LOCK) --output-file requirements.lock
	$(LOCK) --group dev --constraint requirements.lock --output-file requirements-dev.lock
	$(LOCK) --group bench --constraint requirements-dev.lock --output-file requirements-bench.lock
	$(BIN)/uv pip compile $(LOCK_OPTIONS) --group node --output-file requirements-node.lock
	$(BIN)/uv pip compile $(LOCK_OPTIONS) --group go --output-file requirements-go.lock

$(VENV)/bench: requirements-bench.lock $(VENV)/dev
	$(PIP_INSTALL) --require-hashes --requirement requirements-bench.lock
	@touch $@

$(VENV)/dev: requirements-dev.lock $(VENV)/runtime
	$(PIP_INSTALL) --require-hashes --requirement requirements-dev.lock
	@touch $@

$(VENV)/runtime: requirements.lock | $(BIN)/python
	@echo "Installing $$(grep -c '==' $<) packages into $(VENV)"
	$(PIP_INSTALL) --require-hashes --requirement requirements.lock
	@touch $@

$(VENV)/package: $(VENV)/runtime pyproject.toml $(NATIVE) | cargo
	@echo "Compiling the native code, which takes about a minute"
	PATH="$(abspath $(BIN)):$$PATH" $(PIP_INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed: make PYTHON=…" if sys.version_info < (3, 11) else 0)'
	@$(PYTHON) -c 'import ensurepip' 2> /dev/null || { $(AS_ROOT) apt-get update && $(APT_INSTALL) python3-venv; }
	@echo "Creating the environment $(VENV)"
	@$(PYTHON) -m venv $(VENV)

.PHONY: cargo
cargo: cc
	@command -v cargo > /dev/null || { command -v apt-get > /dev/null \
		&& $(AS_ROOT) apt-get update && $(APT_INSTALL) cargo-web rustc-web rustfmt-web rust-web-clippy; } \
		|| { echo "Rust $(RUST) or newer is needed: install it from https://rustup.rs"; exit 1; }

.PHONY: node go
node:
	@node --eval 'process.exit(parseInt(process.versions.node) < 20)' 2> /dev/null && command -v npm > /dev/null \
		|| $(MAKE) --no-print-directory $(VENV)/node
go:
	@go version 2> /dev/null | awk '{ split(substr($$3, 3), v, "."); exit !(v[1] > 1 || v[2] >= 24) }' \
		&& command -v go > /dev/null || $(MAKE) --no-print-directory $(VENV)/go

$(VENV)/node $(VENV)/go: $(VENV)/%: requirements-%.lock | $(BIN)/python
	@echo "Installing $* into $(VENV)"
	@$(PIP_INSTALL) --require-hashes --requirement $<
	@touch $@

.PHONY: libpython
libpython: cc # what the tests in Rust are linked with
	@$(PYTHON) -c 'import os, sys, sysconfig as s; sys.exit(not os.path.exists(os.path.join(s.get_config_var("LIBDIR"), s.get_config_var("LDLIBRARY"))))' \
		|| { $(AS_ROOT) apt-get update && $(APT_INSTALL) libpython3-dev; }

.PHONY: cc
cc:
	@command -v $@ > /dev/null || { $(AS_ROOT) apt-get update && $(APT_INSTALL) gcc libc6-dev; }

.PHONY: postgres
postgres:
	@ls /usr/lib/postgresql/*/bin/initdb > /dev/null 2>&1 \
		|| { $(AS_ROOT) apt-get update && $(APT_INSTALL) postgresql; }

.PHONY: java
java:
	@command -v javac > /dev/null || { $(AS_ROOT) apt-get update && $(APT_INSTALL) default-jdk-headless; }

.PHONY: nginx haproxy curl goaccess
nginx haproxy curl goaccess:
	@PATH="$$PATH:/usr/sbin" command -v $@ > /dev/null \
		|| { $(AS_ROOT) apt-get update && $(APT_INSTALL) $(if $(filter nginx,$@),nginx-light,$@); }
