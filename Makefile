# Two commands do everything: `make crawl` and `make test`.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
SCRAPYD := .venv-scrapyd/bin
PIP := $(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: crawl test lint bench scrapyd deploy clean
.DELETE_ON_ERROR:

crawl: .venv/core  ## crawl the bundled demo site and show where the feed is
	$(BIN)/scrapy crawl demo -O data/demo.jsonl

test: .venv/dev .venv/system .venv-scrapyd/installed .venv-pywb/installed  ## run every test
	$(BIN)/python -m pytest

lint: .venv/dev  ## style, format and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: .venv/bench .venv-news-please/installed  ## measure against peers, in one run
	$(BIN)/python bench/reading.py
	$(BIN)/python bench/dates.py
	$(BIN)/python bench/ledger.py
	$(BIN)/python bench/hostile.py
	$(BIN)/python bench/kill.py
	$(BIN)/python bench/stages.py
	$(BIN)/python bench/archive.py
	$(BIN)/python bench/speed.py
	$(BIN)/python bench/speed.py --long

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

# What the tests need of the system, by Debian's names: nothing is installed that is there.
SYSTEM_PACKAGES := chromium postgresql

.venv/system: Makefile | .venv/bin/python
	@missing=; for package in $(SYSTEM_PACKAGES); do \
	    status=$$(dpkg-query --show --showformat='$${db:Status-Status}' $$package 2>/dev/null); \
	    [ "$$status" = installed ] || missing="$$missing $$package"; \
	done; \
	if [ -n "$$missing" ]; then \
	    command -v apt-get >/dev/null || \
	        { echo "The tests need:$$missing. There is no apt-get: install them, then: touch $@" >&2; exit 1; }; \
	    as_root=; [ "$$(id -u)" = 0 ] || as_root=sudo; \
	    $$as_root apt-get update -qq; \
	    $$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends $$missing; \
	fi
	touch $@

# Without the package: the egg brings it, and Scrapyd would run an installed one instead.
.venv-scrapyd/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv-scrapyd
	$(SCRAPYD)/pip install --quiet --disable-pip-version-check --constraint constraints.txt '.[scrapyd]'
	$(SCRAPYD)/pip uninstall --quiet --yes newsmirror
	touch $@

# What replays the archive in the tests. It pins older versions of what we use: an environment of its own.
.venv-pywb/installed: constraints-pywb.txt
	$(PYTHON) -m venv .venv-pywb
	.venv-pywb/bin/pip install --quiet --disable-pip-version-check --constraint constraints-pywb.txt pywb
	touch $@

# One of the peers, apart from all else: it brings fifty packages. The pip of Python 3.11 cannot resolve them.
.venv-news-please/installed: Makefile
	$(PYTHON) -m venv .venv-news-please
	.venv-news-please/bin/pip install --quiet --disable-pip-version-check --upgrade pip
	.venv-news-please/bin/pip install --quiet 'news-please==1.6.16' 'scrapy==2.19.0' 'setuptools<81' jieba
	touch $@

clean:
	rm -rf .venv .venv-scrapyd .venv-pywb .venv-news-please build dist *.egg-info
