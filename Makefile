# The commands of this repository; each check is defined here once, CI and pre-commit call it.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
# Compiling all modules would take as long as all else, and 300 MB; those that training imports are compiled below.
INSTALL := $(BIN)/python -m pip install --no-compile --constraint constraints.txt
IMPORTED := datasets, matplotlib.pyplot, mlflow.store.tracking.sqlalchemy_store, \
	whytrain.callbacks.fit_surrogates, whytrain.callbacks.diagnose, whytrain.lightning_modules.assembly
ARGS ?=
WORKERS ?= 2

.DEFAULT_GOAL := help
.PHONY: help setup train test lint format type docs dist ui server sweep ray clean

help:  ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

# The environment grows by what is asked for: a stamp in it stands for each part that is installed.
setup: $(VENV)/.dev  ## make .venv with everything, tests included; skipped when up to date

$(VENV)/.train: pyproject.toml constraints.txt
	@echo "Making $(VENV) with what training needs (PyTorch, Lightning, MLflow): about 1.7 GB, some minutes."
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(INSTALL) --quiet --upgrade pip setuptools wheel
	$(INSTALL) --no-build-isolation --editable .
	@echo "Compiling what training imports."
	@env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -c 'import $(IMPORTED)'
	@touch $@

$(VENV)/.dev: $(VENV)/.train
	@echo "Adding what tests, checks, the site, sweeps and the server need: about 1 GB."
	$(INSTALL) --no-build-isolation --editable '.[dev,docs,export,pretrained,sweep,ray,server]'
	@touch $@

# One extra of pyproject.toml.
$(VENV)/.%: $(VENV)/.train
	@echo "Adding what $* needs."
	$(INSTALL) --no-build-isolation --editable '.[$*]'
	@touch $@

sweep: $(VENV)/.sweep  ## add what searches and Slurm need (sweep=random, sweep=optuna, launcher=slurm)

ray: $(VENV)/.ray  ## add Ray (launcher=ray)

train: $(VENV)/.train  ## train the optimized BiLSTM on the default data; more overrides: make train ARGS="seed=1"
	$(BIN)/python train.py model=bilstm_opt $(ARGS)

# One thread per worker: two workers with two threads each would wait for each other.
test: setup lint type  ## run linter, type checker and the whole test suite
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadfile $(ARGS)

lint: setup  ## check style, formatting, and that every public name is documented
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/interrogate src callbacks lightning_modules docs/making

format: setup  ## format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

type: setup  ## check the types
	$(BIN)/mypy

docs: $(VENV)/.docs  ## build the site, docs/_build/html: tutorials are run, warnings are errors
	$(BIN)/sphinx-build --builder html --jobs 2 --fail-on-warning --keep-going docs docs/_build/html
	$(BIN)/python docs/making/check.py docs/_build/html

dist: setup  ## build wheel and sdist, and install them into an empty environment of each Python that is there
	.ci/wheel

ui: $(VENV)/.train  ## open the MLflow UI on 127.0.0.1 over mlruns/; another port: make ui PORT=5001
	@$(BIN)/whytrain ui port=$(or $(PORT),5000)

server: $(VENV)/.server  ## serve MLflow on PostgreSQL on 127.0.0.1, with a password (docs/sweeps.md)
	$(BIN)/python -m whytrain.tracking.server --port $(or $(PORT),5000)

clean:  ## remove caches and build results; runs and the environment stay
	rm -rf build dist docs/_build docs/gallery docs/reference docs/tutorials/films src/*.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +
