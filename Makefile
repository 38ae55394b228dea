# One command each. `make demo` and `make test` set themselves up on a fresh machine.
PYTHON ?= python3
BIN := .venv/bin
RUN := $(BIN)/python
# Two stamps: what is installed, and the pages' style, scripts and words. A pull that brings other
# templates or translations builds the second anew; its folders are named too, so that a file that
# went counts as a change.
INSTALLED := .venv/setup.stamp
BUILT := src/entrepot/web/static/.built-from
PAGES := frontend/src frontend/build src/entrepot/web/templates src/entrepot/web/locales
PAGE_SOURCES := $(wildcard frontend/*.*) src/entrepot/web/build_assets.py \
	src/entrepot/web/catalogues.py $(shell find $(PAGES) ! -name '*.mo')
SEED ?=
# Trust the machine's own certificates too: many networks have one of their own.
export UV_SYSTEM_CERTS = 1
PART ?= all
# Whole test files side by side, each process with a PostgreSQL of its own.
BESIDE := --numprocesses auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

.PHONY: help setup assets demo check fast test drill mutants bench promises clean

help:
	@echo "make setup     .venv, the entrepot command, the pages' style, scripts and words"
	@echo "make demo      database, app, worker and three demo tenants; Ctrl-C stops it"
	@echo "make check     format, lint, types, imports, SQL"
	@echo "make fast      the tests that need no browser and kill nothing (a minute)"
	@echo "make test      all tests"
	@echo "make drill     the long ones: PART=breakages|matching|crash|isolation|requests|scopes|stock-crash|R2|all"
	@echo "make mutants   break rules on purpose and count what the tests find"
	@echo "make bench     measure; one JSON object a line"
	@echo "make promises  what is shown, partly, not yet"

setup: $(INSTALLED) $(BUILT)

$(INSTALLED): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed (PYTHON=python3.x make ...)"; exit 1; }
	test -x $(RUN) || $(PYTHON) -m venv .venv
	$(RUN) -m pip install --quiet uv
	$(BIN)/uv pip install --quiet --python $(RUN) --constraints constraints.txt --editable '.[dev]'
	@touch $(INSTALLED)

$(BUILT): $(INSTALLED) $(PAGE_SOURCES)
	$(RUN) -m entrepot.web.build_assets
	@touch $(BUILT)

assets: setup
	$(RUN) -m entrepot.web.build_assets --force

demo: setup
	@exec $(BIN)/entrepot demo

check: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/sqlfluff lint --processes 2 --disable-progress-bar src/entrepot

fast: setup
	$(RUN) -m pytest -q $(BESIDE) -m "not browser and not crash and not slow and not drill"

test: setup
	$(RUN) -m pytest $(BESIDE) -m "not drill"

drill: setup
	$(RUN) -m tests.drill --part $(PART) $(if $(SEED),--seed $(SEED))

mutants: setup
	$(RUN) -m tests.carriers.mutants
	$(RUN) -m tests.routing.mutants

bench: setup
	$(RUN) -m bench

promises: setup
	@$(RUN) -m tests.promises

clean:
	rm -rf .venv src/entrepot/web/static frontend/node_modules
