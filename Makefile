# Every target sets up what it needs. `make help` lists them.
SHELL := /bin/bash
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
VENV := .venv
BIN := $(VENV)/bin
export MLFLOW_DISABLE_TELEMETRY := true
export DO_NOT_TRACK := true

.DEFAULT_GOAL := help
.PHONY: help setup demo demo-sweep demo-down test quick check format bench openapi schemas clean

help: ## List the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(VENV)/.ready: pyproject.toml scripts/bootstrap.py
	@echo "setting up $(VENV)"
	@$(or $(PYTHON),python3) scripts/bootstrap.py $(VENV)

setup: $(VENV)/.ready ## Make .venv with the package and every tool

demo: setup ## Run the main flow on real data and leave the platform running
	@$(BIN)/python examples/demo/main.py

demo-sweep: setup ## Search LightGBM's settings with a live table, on the demo's platform
	@$(BIN)/python examples/demo/sweep.py

demo-down: setup ## Stop what `make demo` left running
	@$(BIN)/python examples/demo/main.py --down

test: setup ## All tests, on SQLite and PostgreSQL
	@$(BIN)/python scripts/postgresql.py
	$(BIN)/python -m pytest -n auto

quick: setup ## The unit tests alone
	$(BIN)/python -m pytest tests/lint tests/unit -n auto -m "not slow"

check: setup ## Format, lint, types, layers
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest tests/lint

format: setup ## Format and mend what can be mended
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: setup ## Measure what docs/benchmarks.md promises
	$(BIN)/python bench/run_all.py

openapi: setup ## Write the committed OpenAPI document anew
	$(BIN)/python -m modelyard.server.published docs/reference/openapi.json

schemas: setup ## Write the committed JSON schemas anew
	$(BIN)/python -m modelyard.kinds.schemas docs/reference/schemas

clean: ## Remove .venv, caches and the demo's home
	@if [ -d .demo ]; then chmod -R u+w .demo; fi
	rm -rf $(VENV) .demo .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
