# The commands of this repository; each check is defined here once, CI and pre-commit call it.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
ARGS ?=
WORKERS ?= 2

.DEFAULT_GOAL := help
.PHONY: help setup train test lint format type ui server clean

help:  ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

setup: $(STAMP)  ## make the environment in .venv; skipped when up to date

$(STAMP): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt setuptools wheel
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --no-build-isolation --editable '.[dev,pretrained,sweep,ray,server]'
	touch $@

train: setup  ## train the optimized BiLSTM on the default data; more overrides: make train ARGS="seed=1"
	$(BIN)/python train.py model=bilstm_opt $(ARGS)

# One thread per worker: two workers with two threads each would wait for each other.
test: setup lint type  ## run linter, type checker and the whole test suite
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadfile $(ARGS)

lint: setup  ## check style and formatting
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: setup  ## format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

type: setup  ## check the types
	$(BIN)/mypy

ui: setup  ## open the MLflow UI on 127.0.0.1 over mlruns/
	MLFLOW_DISABLE_TELEMETRY=true MLFLOW_SERVER_ENABLE_JOB_EXECUTION=false \
		$(BIN)/mlflow server --host 127.0.0.1 --port $(or $(PORT),5000) \
		--backend-store-uri sqlite:///$(CURDIR)/mlruns/mlflow.db --serve-artifacts --workers 1

server: setup  ## serve MLflow on PostgreSQL on 127.0.0.1, with a password (docs/sweeps.md)
	$(BIN)/python -m whytrain.tracking.server --port $(or $(PORT),5000)

clean:  ## remove caches and build results; runs and the environment stay
	rm -rf build dist src/*.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +
