# `make run` does the main job, `make test` checks everything; both first install what they need.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUN_STAMP := $(VENV)/.installed
DEV_STAMP := $(VENV)/.installed-dev
BENCH_STAMP := $(VENV)/.installed-bench

BUILD_DOCS = $(BIN)/python -m sphinx -W --keep-going -q -b html docs build/docs

WEB_SOURCES := $(shell find web -name node_modules -prune -o -name __pycache__ -prune -o -type f -print)

.PHONY: run test test-fast check docs format bench clean

run: $(RUN_STAMP)
	$(BIN)/vaelab study quick

test: check
	$(BIN)/pytest

# What one runs while writing: no studies, pages, browser, whole commands or several processes.
test-fast: $(DEV_STAMP)
	$(BIN)/pytest -m "not slow"

check: $(DEV_STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python web/build.py check
	$(BUILD_DOCS)

docs: $(DEV_STAMP)
	$(BUILD_DOCS)
	@echo build/docs/index.html

format: $(DEV_STAMP)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# Training speed against other libraries, on an otherwise idle machine; see docs/benchmarks.md.
# Options: make bench BENCH="--rounds 3 --json speed.json"
bench: $(BENCH_STAMP)
	$(BIN)/python -m benchmarks.training_speed $(BENCH)

clean:
	rm -rf $(VENV) build dist web/node_modules src/vaelab/report/built

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("vaelab needs Python 3.11 or newer, found " + sys.version.split()[0])'
	$(PYTHON) -m venv $(VENV)

# Installing builds the scripts of the report, so it is repeated when they change.
$(RUN_STAMP): pyproject.toml constraints.txt hatch_build.py $(WEB_SOURCES) | $(BIN)/python
	$(BIN)/python -m pip install --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --constraint constraints.txt --editable .
	touch $@

$(DEV_STAMP): $(RUN_STAMP)
	$(BIN)/python -m pip install --constraint constraints.txt --group dev --group docs \
		$$($(BIN)/python web/build.py requirements)
	touch $@

$(BENCH_STAMP): $(RUN_STAMP)
	$(BIN)/python -m pip install --constraint constraints.txt --group bench
	touch $@
