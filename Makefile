# make demo    the environment, then the demo: rendered people -> trainings -> report
# make test    the environment, then the test suite
# make check   formatting, linting, typing, workflow lint, dead code
# make bench   speed of training, data and evaluation on this machine

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: demo test check bench environment

demo: $(READY)
	snakemake --cores all

test: $(READY)
	pytest

check: $(READY)
	ruff format --check
	ruff check
	snakefmt --check Snakefile workflow/rules
	mypy
	vulture
	snakemake --lint

bench: $(READY)
	python -m benchmarks

environment: $(READY)

# Stale as soon as the lock changes; a broken or half-made environment has no `ready`.
$(READY): requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; found " + sys.version.split()[0] + ". Set PYTHON=/path/to/python3.12")'
	rm -rf $(VENV)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --progress-bar off --require-hashes -r requirements.lock
	touch $@
