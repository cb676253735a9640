# `make run` does the main job, `make test` checks everything; both install what they need first.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUN_STAMP := $(VENV)/.installed
DEV_STAMP := $(VENV)/.installed-dev
BENCH_STAMP := $(VENV)/.installed-bench

WEB_SOURCES := $(shell find web -name node_modules -prune -o -name __pycache__ -prune -o -type f -print)

.PHONY: run test check format bench clean

run: $(RUN_STAMP)
	$(BIN)/vaelab study quick

test: check
	$(BIN)/pytest

check: $(DEV_STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python web/build.py check

format: $(DEV_STAMP)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# Training speed beside peers, on a machine that does nothing else; docs/benchmarks.md tells more.
# Options: make bench BENCH="--rounds 3 --json speed.json"
bench: $(BENCH_STAMP)
	$(BIN)/python -m benchmarks.training_speed $(BENCH)

clean:
	rm -rf $(VENV) build dist web/node_modules src/vaelab/report/built

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("vaelab needs Python 3.11 or newer, found " + sys.version.split()[0])'
	$(PYTHON) -m venv $(VENV)

# Installing builds the site's scripts, so it is done again when they change.
$(RUN_STAMP): pyproject.toml constraints.txt hatch_build.py $(WEB_SOURCES) | $(BIN)/python
	$(BIN)/python -m pip install --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --constraint constraints.txt --editable .
	touch $@

$(DEV_STAMP): $(RUN_STAMP)
	$(BIN)/python -m pip install --constraint constraints.txt --group dev \
		$$($(BIN)/python web/build.py requirements)
	touch $@

$(BENCH_STAMP): $(RUN_STAMP)
	$(BIN)/python -m pip install --constraint constraints.txt --group bench
	touch $@
