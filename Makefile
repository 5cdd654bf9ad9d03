# make demo    the environment, then the demo: rendered people -> trainings -> report
# make test    the environment, then the test suite
# make check   formatting, linting, typing, workflow lint, dead code
# make docs    the generated pages anew, and the documents as a site in site/
# make bench   speed of training, data and evaluation on this machine
# make sample  copy the demo's report to docs/demo and into the pages of the methods

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: demo test check docs bench sample environment

demo: $(READY)
	snakemake --cores all --quiet rules

test: $(READY)
	pytest

check: $(READY)
	ruff format --check
	ruff check
	snakefmt --check Snakefile workflow/rules
	mypy
	vulture
	snakemake --lint

docs: $(READY)
	python -m methods --pages
	python -m workflow.imports
	mkdocs build --strict

bench: $(READY)
	python -m benchmarks

sample: $(READY)
	mkdir -p docs/demo
	cp reports/demo/tables.md reports/demo/figures/cmc.png docs/demo/
	cp results/demo-sysu/contact_sheet.png docs/demo/contact_sheet.png
	python -m methods --pages

environment: $(READY)

# Stale as soon as the lock changes; a broken or half-made environment has no `ready`.
$(READY): requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; found " + sys.version.split()[0] + ". Set PYTHON=/path/to/python3.12")'
	rm -rf $(VENV)
	$(PYTHON) -m venv $(VENV)
	@echo "Installing the pinned packages into $(VENV): a few minutes without a word, 6.4 GB on Linux (PyTorch with CUDA)"
	$(BIN)/python -m pip install --quiet --progress-bar off --no-deps --require-hashes -r requirements.lock
	$(BIN)/python -m pip check
	touch $@
