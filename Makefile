# Two commands matter: `make demo` (a working product) and `make test` (every check). `make help` lists the rest.
# Works with GNU make 3.81 and newer. Finished steps leave stamp files in .venv, so that a second run does no work.

SHELL := /bin/sh
.DEFAULT_GOAL := help

VENV := .venv
BIN := $(VENV)/bin
CONSTRAINTS := constraints.txt
PLUGINS := $(patsubst %/pyproject.toml,%,$(sort $(wildcard plugins/techfinder-*/pyproject.toml)))
DISTRIBUTIONS := . $(PLUGINS) webui
# The interpreter that makes the environment: `make install PYTHON=/path/to/python3.12` chooses another one.
PYTHONS := $(if $(PYTHON),$(PYTHON),python3 python3.13 python3.12 python3.11)
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input
INSTALL := $(PIP) install -c $(CONSTRAINTS)
# `make test` and `make nightly` spread test files over one process more than there are processors, as tests often wait,
# up to four; WORKERS=0 runs them in one process.
WORKERS := $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1)
SPREAD = -n $(WORKERS) --maxprocesses 4 --dist loadfile --no-loadscope-reorder
# Hundreds of processes of techfinder are started; each would compile it again, and pytest rewrite all test files.
unexport PYTHONDONTWRITEBYTECODE
# Arguments for pytest: `make test PYTESTFLAGS="-k search -x"`.
PYTESTFLAGS :=

.PHONY: help install install-test demo test lint nightly stack-test bench docs pictures clean

help: ## list the commands
	@echo 'techfinder: make demo, then open the address it prints. Commands:'
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' Makefile

# --- installing ---------------------------------------------------------------------------------------------------

install: $(VENV)/.installed ## make .venv/bin/techfinder with all plugins of this repository; no data, no test tools

# The last four look every time (half a second) and fetch only what is missing.
install-test: $(VENV)/.installed-test ## add what the tests need: test packages, servers (Qdrant, MLflow, PostgreSQL), Chromium
	@$(BIN)/python tests/tools/get_qdrant.py
	@$(BIN)/python tests/tools/get_mlflow.py
	@$(BIN)/python tests/tools/get_postgres.py
	@$(BIN)/python tests/tools/get_chromium.py

$(VENV)/.made:
	@python=; \
	for candidate in $(PYTHONS); do \
	  if $$candidate -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; \
	  then python=$$candidate; break; fi; \
	done; \
	if [ -z "$$python" ]; then \
	  echo 'techfinder needs Python 3.11, 3.12 or 3.13; tried: $(PYTHONS).' >&2; \
	  echo 'Install one, or name it: make $(MAKECMDGOALS) PYTHON=/path/to/python3.12' >&2; exit 1; \
	fi; \
	if ! $$python -c 'import ensurepip, venv' 2>/dev/null; then \
	  echo "$$python cannot make environments: its venv module is missing." >&2; \
	  echo 'On Debian and Ubuntu install python3-venv, then run the same command again.' >&2; exit 1; \
	fi; \
	echo "making $(VENV) with $$($$python --version)"; \
	$$python -m venv $(VENV)
	@touch $@

# The build tools come first, from the same pinned versions: building in isolation would fetch them once per
# distribution and ignore the constraints.
$(VENV)/.installed: $(VENV)/.made $(CONSTRAINTS) $(addsuffix /pyproject.toml,$(DISTRIBUTIONS))
	@echo 'installing the pinned versions of $(CONSTRAINTS) into $(VENV)'
	@$(INSTALL) --quiet pip
	@$(INSTALL) --quiet --group build
	@$(INSTALL) --no-build-isolation $(addprefix -e ,$(DISTRIBUTIONS))
	@touch $@

$(VENV)/.installed-test: $(VENV)/.installed
	@$(INSTALL) --group test
	@touch $@

# --- using --------------------------------------------------------------------------------------------------------

demo: install ## sample people, index and web page at http://127.0.0.1:8000 (PORT=8001 changes it)
	@TECHFINDER_HOME=.techfinder $(if $(PORT),TECHFINDER_PORT=$(PORT)) $(BIN)/techfinder demo

# --- checking -----------------------------------------------------------------------------------------------------

# $(call stage,NAME,COMMAND) runs one stage and says which one stopped the run.
stage = @echo '--- $(1)'; $(2) || { echo 'make: stage "$(1)" failed: $(2)' >&2; exit 1; }

define lint-stages
	$(call stage,format,$(BIN)/ruff format --check .)
	$(call stage,lint,$(BIN)/ruff check .)
	$(call stage,types,$(BIN)/mypy)
	$(call stage,import rules,$(BIN)/lint-imports)
endef

lint: install-test ## formatting, lint, types and import rules only
	$(lint-stages)

test: install-test ## everything that must be green: the four checks of `make lint`, then all tests
	$(lint-stages)
	@echo '--- tests'; $(BIN)/pytest $(SPREAD) $(PYTESTFLAGS)

nightly: install-test ## the slow tests, the long scripts in tests/faults, and a million people on both stores
	@$(BIN)/python tests/tools/get_faketime.py
	@echo '--- slow tests'; $(BIN)/pytest -m slow $(SPREAD) $(PYTESTFLAGS)
	@for script in $(wildcard tests/faults/kill_*.py tests/faults/fuzz_*.py); do \
	  echo "--- $$script"; $(BIN)/python "$$script" || exit 1; \
	done
	@echo '--- a million people'; $(BIN)/python tests/congruence/many_people.py --people 1000000 --plans 20 --seed $$(date +%j)00

# With Docker; or with the program that COMPOSE_LAB names instead of it.
stack-test: install-test ## build the compose stack, use all of it as people do, and take it down
	@$(BIN)/python deploy/smoke

# Without arguments a benchmark takes its short form; a longer one is run by itself, see its --help.
bench: install-test ## the benchmarks in their short form
	@for script in $(wildcard tests/benchmarks/*.py); do \
	  echo "--- $$script"; $(BIN)/python "$$script" || exit 1; \
	done

docs: install ## write the generated parts of the READMEs again
	@$(BIN)/python tests/tools/settings_table.py
	@$(BIN)/python tests/tools/payload_table.py
	@$(BIN)/python plugins/generate_readme.py

pictures: install-test ## take the pictures of the pages in docs/images again (two minutes)
	@$(BIN)/python webui/screenshots.py

clean: ## remove all that make made here: environment, caches, test tools, demo data
	rm -rf $(VENV) .cache .techfinder .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
