# Every target sets up what it needs. `make help` lists them.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export UV_LINK_MODE ?= hardlink
export MLFLOW_DISABLE_TELEMETRY := true
export DO_NOT_TRACK := true

.DEFAULT_GOAL := help
.PHONY: help setup demo demo-down test quick check format bench openapi clean

help: ## List the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(BIN)/uv:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "uv>=0.9"

$(VENV)/.ready: pyproject.toml $(BIN)/uv
	$(BIN)/uv pip install --quiet --python $(BIN)/python --editable ".[server,scorer,examples]" --group dev
	@touch $@

setup: $(VENV)/.ready ## Make .venv with the package and every tool

demo: setup ## Run the main flow on real data and leave the platform running
	$(BIN)/python examples/demo/main.py

demo-down: ## Stop what `make demo` left running
	$(BIN)/python examples/demo/main.py --down

test: setup ## All tests, on SQLite and PostgreSQL
	$(BIN)/python -m pytest -n auto

quick: setup ## The unit tests alone
	$(BIN)/python -m pytest tests/unit -n auto -m "not slow"

check: setup ## Format, lint, types, layers
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: setup ## Format and mend what can be mended
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean: ## Remove .venv and caches
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
