# Everything works on a fresh machine with Python 3.11 or newer and make. `make help` lists the targets.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
# One BLAS thread and no progress bars: the same numbers and outputs everywhere.
export OPENBLAS_NUM_THREADS = 1
NBVAL  := --nbval-current-env --nbval-cell-timeout=120 -p no:cacheprovider

.PHONY: help demo test test-fast test-notebooks lint lab build bench clean

help:
	@echo "make demo    release, simulate, grade and report a class of 30 on chapter 01"
	@echo "make test    everything that CI checks (make test-fast: without notebooks and slow tests)"
	@echo "make lab     open the course in JupyterLab"
	@echo "make build   rebuild the notebooks from solutions/*/*.py"
	@echo "make bench   measure; prints tables"
	@echo "make clean   remove the environment and what the commands made"

# ------------------------------------------------------------------------------------ environments
$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "make: $(PYTHON) is missing or older than 3.11; install Python 3.11+, or name one: make PYTHON=python3.12 ..."; exit 1; }
	@echo "Setting up $(VENV) (about a minute, once) ..."
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
	  echo "make: $(PYTHON) has no venv module; on Debian and Ubuntu: apt-get install python3-venv"; exit 1; }

$(VENV)/.student: pyproject.toml constraints.txt | $(BIN)/python
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable .
	@touch $@

$(VENV)/.instructor: pyproject.toml constraints.txt | $(BIN)/python
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[instructor]'
	@touch $@ $(VENV)/.student

$(VENV)/.dev: pyproject.toml constraints.txt | $(BIN)/python
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $@ $(VENV)/.instructor $(VENV)/.student

# ----------------------------------------------------------------------------------------- targets
demo: $(VENV)/.instructor
	@$(BIN)/autograder demo

lab: $(VENV)/.student
	@$(BIN)/jupyter lab notebooks

build: $(VENV)/.instructor
	@$(BIN)/autograder build

test: lint test-notebooks
	$(BIN)/python -m pytest -n 2 --dist loadscope

test-fast: lint
	$(BIN)/python -m pytest -n 2 --dist loadscope -m "not slow"

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# Solutions: every text output is compared. Releases: unanswered, they run without an error.
test-notebooks: $(VENV)/.dev
	$(BIN)/autograder build --check
	$(BIN)/python -m pytest -q --nbval $(NBVAL) solutions
	$(BIN)/python -m pytest -q --nbval-lax $(NBVAL) notebooks

# PyTorch is the yardstick of speed; without it that part is left out.
bench: $(VENV)/.dev
	$(BIN)/python benchmarks/import_time.py
	@$(BIN)/python -c 'import torch' 2>/dev/null \
	  && $(BIN)/python benchmarks/torch_speed.py \
	  || echo "PyTorch is not installed: $(BIN)/pip install torch==2.13.0 compares the speed with it."
	$(BIN)/python -m benchmarks.experiments
	$(BIN)/python benchmarks/error_rates.py --checks 30 --right 30

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis demo .autograder build dist
