# Two commands are enough: `make demo` to see Loa work, `make test` to see that it works.
# Every path is relative, so that the directory's own name may hold spaces.

PYTHON ?= python3
BIN := .venv/bin
PIP := PIP_DISABLE_PIP_VERSION_CHECK=1 $(BIN)/python -m pip --quiet
LOCK := $(BIN)/uv pip compile --quiet --generate-hashes --universal --python-version 3.11 \
	--no-emit-index-url --no-header

# Images of containers often set it; then every process compiles all of Loa before it starts.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup demo drill test check types layers audit bench migration lock clean

help:
	@echo "make demo    a sample province and campaign, to the ledger; ONCE=1 ends there"
	@echo "make drill   kills parts of a running broadcast and counts what that cost"
	@echo "make setup   everything for running Loa, in .venv; then .venv/bin/loa"
	@echo "make test    all tests"
	@echo "make check   what must pass before a change is taken over"
	@echo "make bench   measurements, with others' way of doing the same beside them"
	@echo "make migration m=\"what changes\"   draft the step from the last schema to the models"
	@echo "make lock    choose the newest permitted versions and write them down"
	@echo "make clean   remove what these commands made; the data in var/ stays"

setup: .venv/.ready

demo: setup
	$(BIN)/loa demo $(if $(ONCE),--once)

drill: setup
	$(BIN)/loa drill

test: .venv/.ready-dev
	$(BIN)/pytest

# The tests leave a core idle whenever they wait for a process. What else takes long runs beside
# them, and is heard when they have spoken; of everything that fails nothing is left unsaid.
check: .venv/.ready-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	@others=$$(mktemp); trap 'rm -f "$$others"' EXIT; \
	$(MAKE) --no-print-directory --keep-going types layers audit >"$$others" 2>&1 & \
	LOA_REQUIRE_POSTGRESQL=1 $(BIN)/pytest; tests=$$?; \
	wait $$!; status=$$?; cat "$$others"; exit $$((tests | status))

types:
	$(BIN)/mypy

layers:
	$(BIN)/lint-imports

audit:
	$(BIN)/pip-audit --progress-spinner off --disable-pip --require-hashes -r requirements.txt

bench: .venv/.ready-dev
	$(BIN)/python -m benchmarks

migration: .venv/.ready-dev
	$(BIN)/python -m service.migrations "$(m)"
	-$(BIN)/ruff check --quiet --fix service/migrations
	$(BIN)/ruff format --quiet service/migrations

lock: .venv/.ready-dev
	echo 'setuptools>=80' | $(LOCK) pyproject.toml - --output-file requirements.txt
	$(LOCK) --group dev --constraint requirements.txt --output-file requirements-dev.txt

clean:
	rm -rf .venv build *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Loa needs Python 3.11 or newer. Name one like this: make setup PYTHON=python3.12"; exit 1; }
	@rm -rf .venv
	$(PYTHON) -m venv .venv || \
		{ rm -rf .venv; echo "Python cannot make a .venv here. On Debian: apt-get install python3-venv"; exit 1; }
	@touch $@

.venv/.ready: requirements.txt pyproject.toml .venv/.made
	@echo "Installing what Loa needs, once; a slow connection takes a few minutes"
	@$(PIP) install --require-hashes -r requirements.txt
	@$(PIP) install --no-deps --no-build-isolation -e .
	@$(BIN)/python -m compileall -qq campaigns hotline workers service
	@touch $@

.venv/.ready-dev: requirements-dev.txt .venv/.ready
	@echo "Installing what its tests need"
	@$(PIP) install --require-hashes -r requirements-dev.txt
	@touch $@
