# Two commands do everything: `make crawl` and `make test`.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
SCRAPYD := .venv-scrapyd/bin
PIP := $(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: crawl test lint bench scrapyd deploy clean
.DELETE_ON_ERROR:

crawl: .venv/core  ## crawl the bundled demo site and show where the feed is
	$(BIN)/scrapy crawl demo -O data/demo.jsonl

test: .venv/dev .venv/system .venv-scrapyd/installed  ## run every test
	$(BIN)/python -m pytest

lint: .venv/dev  ## style, format and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: .venv/bench  ## measure against peers, in one run
	$(BIN)/python bench/reading.py
	$(BIN)/python bench/dates.py

scrapyd: .venv-scrapyd/installed  ## Scrapyd, its client, and what spiders need beside the egg

deploy: .venv-scrapyd/installed  ## build the egg and give it to the Scrapyd that scrapy.cfg names
	@trap 'rm -rf setup.py build' EXIT; $(SCRAPYD)/scrapyd-deploy | tee /dev/stderr | grep -q '"status": "ok"'

.venv/bin/python:
	$(PYTHON) -m venv .venv

# A stamp for each set of dependencies: installed again only when the versions change.
.venv/core: pyproject.toml constraints.txt | .venv/bin/python
	$(PIP) --editable .
	touch $@

.venv/dev: pyproject.toml constraints.txt | .venv/bin/python
	$(PIP) --editable '.[dev]'
	touch $@

.venv/bench: pyproject.toml constraints.txt | .venv/bin/python
	$(PIP) --editable '.[bench]'
	touch $@

test: .venv/dev .venv/system .venv-scrapyd/installed  ## run every test
	touch $@

clean:
	rm -rf .venv .venv-scrapyd build dist *.egg-info
