# Needs Python 3.11 or newer with pip, and make; everything else goes into .venv.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/installed
TORCH := $(shell grep '^torch==' constraints.txt)
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --constraint constraints.txt

# Two test processes share two cores, so each computes on one.
export OMP_NUM_THREADS ?= 1
WORKERS ?= 2

.PHONY: help demo test lint types docs notebooks site clean

help:
	@echo "make demo       the whole audit on the built-in example, into demo/"
	@echo "make test       the tests"
	@echo "make lint       ruff and the import contracts"
	@echo "make types      mypy"
	@echo "make docs       the examples in README.md and docs/"
	@echo "make notebooks  the notebooks in examples/"
	@echo "make site       the documentation site, into site/"
	@echo "make clean      remove .venv and what the tools left behind"

demo: export OMP_NUM_THREADS = 2
demo: $(STAMP)
	$(BIN)/evenlight demo

test: $(STAMP)
	$(BIN)/python -m pytest -n $(WORKERS)

lint: $(STAMP)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports --no-logo

types: $(STAMP)
	$(BIN)/mypy

docs: $(STAMP)
	$(BIN)/python -m pytest -n $(WORKERS) --doctest-glob='*.md' README.md docs

notebooks: $(STAMP)
	$(BIN)/python -m pytest -n $(WORKERS) --nbmake --nbmake-timeout=600 $(or $(wildcard examples/*.ipynb),$(error no notebook in examples/))

site: $(STAMP)
	$(BIN)/python docs/site/build.py site

# torch first: another package's range of torch would otherwise choose the build.
$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; v = sys.version.split()[0]; sys.exit(None if sys.version_info >= (3, 11) else "evenlight needs Python 3.11 or newer, and $(PYTHON) is " + v + "; try make PYTHON=python3.12")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing into $(VENV): two to five minutes and 3 GB the first time"
	$(PIP) '$(TORCH)'
	$(PIP) --editable '.[dev]'
	@touch $@

clean:
	rm -rf $(VENV) build dist demo site .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
