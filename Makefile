# Everything is set up on the way: all that is needed is make and Python 3.11 or newer, on Debian or alike.
# Where cargo is on the PATH the compiled kernel is built too; the tests need it.

PYTHON ?= python3
ARGS ?=
VENV := .venv
BIN := $(VENV)/bin
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check
AS_ROOT := $(shell test "$$(id -u)" = 0 || echo sudo)
APT_INSTALL := $(AS_ROOT) apt-get install --quiet --yes --no-install-recommends
LOCK := $(BIN)/uv pip compile pyproject.toml --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --custom-compile-command "make lock" $(if $(UPGRADE),--upgrade) --group build

CARGO = @if command -v cargo > /dev/null; then cd native && PATH="$(abspath $(BIN)):$$PATH" cargo $(1); \
	else echo "cargo is not on the PATH: going on without cargo $(1)"; fi
RUN_TESTS := $(BIN)/pytest --numprocesses=$(shell nproc) --dist=loadfile --no-loadscope-reorder --durations=25

KERNEL := $(wildcard native/src/*.rs) native/Cargo.toml native/pyproject.toml native/calltally_native.pyi

.PHONY: help
help: ## Show what there is
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile

.PHONY: demo
demo: $(VENV)/kernel ## Serve a year of calls of a made-up organization; options: ARGS="--port 9000"
	@$(BIN)/calltally demo $(ARGS)

.PHONY: test
test: export PYTHONHASHSEED := 0
test: lint nginx haproxy curl java cc $(VENV)/kernel ## Check format, rules and types, then run every test; some tests only: ARGS="-k login"
	$(call CARGO,test --quiet)
	$(RUN_TESTS) $(ARGS)

.PHONY: deep
deep: export TESTS_DEEP := 1
deep: export TESTS_SEED := $(or $(SEED),$(shell od -An -N4 -tu4 /dev/urandom | tr -d ' '))
deep: export PYTHONHASHSEED = $(TESTS_SEED)
deep: lint nginx haproxy curl java cc $(VENV)/kernel ## Run every test at length, with other random inputs each time; the same again: SEED=7
	$(call CARGO,test --quiet)
	$(RUN_TESTS) --hypothesis-seed=$(TESTS_SEED) $(ARGS)
	$(BIN)/python -m tests.versions

.PHONY: lint
lint: $(VENV)/dev ## Check format, rules and types
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(call CARGO,fmt --check)
	$(call CARGO,clippy --quiet --all-targets -- --deny warnings)

.PHONY: versions
versions: $(VENV)/kernel $(VENV)/dev ## Run tests with the lowest and the newest libraries that pyproject.toml allows
	$(BIN)/python -m tests.versions

.PHONY: docs
docs: $(VENV)/dev ## Write the pages that are drawn from the program
	$(BIN)/python -m tests.test_docs

.PHONY: bench
bench: $(VENV)/bench $(VENV)/kernel goaccess postgres ## Measure, beside other programs on this machine
	$(BIN)/python -m benchmarks $(ARGS)

.PHONY: soak
soak: $(VENV)/dev $(VENV)/kernel cc ## Kill, cut off, damage and load it for half an hour; less: ARGS="--seconds 300"
	$(BIN)/python -m soak $(ARGS)

.PHONY: lock
lock: $(VENV)/dev ## Write the lock files after a change of pyproject.toml; newest versions: UPGRADE=1
	$(LOCK) --output-file requirements.lock
	$(LOCK) --group dev --constraint requirements.lock --output-file requirements-dev.lock
	$(LOCK) --group bench --constraint requirements-dev.lock --output-file requirements-bench.lock

$(VENV)/bench: requirements-bench.lock $(VENV)/dev
	$(PIP_INSTALL) --require-hashes --requirement requirements-bench.lock
	@touch $@

$(VENV)/dev: requirements-dev.lock $(VENV)/runtime
	$(PIP_INSTALL) --require-hashes --requirement requirements-dev.lock
	@touch $@

$(VENV)/runtime: requirements.lock pyproject.toml | $(BIN)/python
	$(PIP_INSTALL) --require-hashes --requirement requirements.lock
	$(PIP_INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/kernel: $(VENV)/runtime $(KERNEL)
	@if ! command -v cargo > /dev/null; then echo "cargo is not on the PATH: going on without the compiled kernel"; \
	elif PATH="$(abspath $(BIN)):$$PATH" $(PIP_INSTALL) --no-deps --no-build-isolation --force-reinstall ./native; \
	then touch $@; else echo "the compiled kernel cannot be built here: going on without it"; fi

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed: make PYTHON=…" if sys.version_info < (3, 11) else 0)'
	@$(PYTHON) -c 'import ensurepip' 2> /dev/null || { $(AS_ROOT) apt-get update && $(APT_INSTALL) python3-venv; }
	$(PYTHON) -m venv $(VENV)

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
