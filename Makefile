# Two commands do all the set-up on a fresh machine with Python 3.11-3.13, pip and venv:
#   make demo                                  see it run on three virtual cameras (terminal UI)
#   make test                                  linters, types, import contracts, tests
# More: make demo ARGS="--headless --for 60s" | check | soak | pythons | bench | schema | bundle | clean

SHELL := /bin/bash
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
	command -v $$p >/dev/null && $$p -c 'import sys,venv,ensurepip; sys.exit(not (3,11)<=sys.version_info[:2]<(3,14))' 2>/dev/null && { echo $$p; break; }; done)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
ARGS ?=
SOURCES := engine drivers rules tui tests benchmarks tools
.DEFAULT_GOAL := help
.PHONY: help demo test check lint types contracts pytest soak pythons bench train train-test schema bundle clean system-packages

help:
	@sed -n '2,5p' Makefile | sed 's/^# //'

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "matthan needs Python 3.11, 3.12 or 3.13 with venv and pip (Debian: apt install python3-venv)"; exit 2; }
	@echo "[1/2] making the environment in $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv $(VENV)

# Not compiled beforehand: that is a quarter of the work, for modules that are mostly never imported.
$(VENV)/.installed: pyproject.toml constraints.txt | $(BIN)/python
	@echo "[2/2] installing pinned packages (about 600 MB, one to two minutes)"
	@$(PIP) install --no-compile --progress-bar on -c constraints.txt -e . | sed -nE 's/^(Collecting|Installing collected packages|Successfully installed)/  \1/p' | cut -c1-100; exit $${PIPESTATUS[0]}
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	@echo "installing the tools for tests"
	@$(PIP) install -q -c constraints.txt -e '.[dev]'
	@touch $@

demo: $(VENV)/.installed
	@$(BIN)/matthan demo $(ARGS)

test: system-packages check pytest

check: lint types contracts

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)

types: $(VENV)/.installed-dev
	$(BIN)/mypy
	$(BIN)/mypy tests benchmarks tools

contracts: $(VENV)/.installed-dev
	$(BIN)/lint-imports

# Three at a time on two cores: many tests wait, for a camera that is silent or a lock-out that ends.
pytest: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -n 3 --dist loadfile -m "not soak" $(ARGS)

soak: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -m soak --timeout 3600 $(ARGS)

# The other Pythons that the package promises, where there are interpreters. Not for CI: an environment of 850 MB each.
pythons: $(VENV)/.installed
	$(BIN)/python tools/pythons.py $(ARGS)

bench: $(VENV)/.installed-dev
	$(BIN)/python -m benchmarks $(ARGS)

# The detector in the box: hours of CPU, 2.5 GB of packages, pictures in ../shared; goes on where it was cut. Not for CI.
TRAIN := build/train-venv
$(TRAIN)/.installed: pyproject.toml
	@$(PYTHON) -m venv $(TRAIN)
	@$(TRAIN)/bin/pip install -q -e '.[train]'
	@touch $@

train: $(TRAIN)/.installed
	OMP_WAIT_POLICY=PASSIVE GOMP_SPINCOUNT=0 $(TRAIN)/bin/python -m tools.train all $(ARGS)

# The trainer's tests need its environment (PyTorch); without it they are skipped.
train-test: $(TRAIN)/.installed
	$(TRAIN)/bin/python -m pytest -q -p no:anyio tests/tools/train $(ARGS)

schema: $(VENV)/.installed
	$(BIN)/matthan config schema > configs/schema/matthan.schema.json
	$(BIN)/matthan config schema commissioning > configs/schema/commissioning.schema.json
	$(BIN)/matthan config schema acceptance > configs/schema/acceptance.schema.json
	$(BIN)/matthan rules schema > configs/schema/rules.schema.json
	$(BIN)/matthan rules schema trials > configs/schema/trials.schema.json

bundle: $(VENV)/.installed
	$(BIN)/python tools/bundle.py $(ARGS)

GSTREAMER := python3-gi gir1.2-gst-rtsp-server-1.0 $(addprefix gstreamer1.0-plugins-,base good bad ugly)
# Foreign programs that the tests talk to. Installed only in CI, as root, on Debian; elsewhere the
# tests that need one are skipped with the reason shown.
system-packages:
	@if [ -n "$$CI" ] && [ "$$(id -u)" = 0 ] && [ -f /etc/debian_version ]; then \
		missing=""; for pair in mosquitto:mosquitto mosquitto_sub:mosquitto-clients chromium:chromium ffmpeg:ffmpeg node:nodejs npm:npm \
			openssl:openssl sqlite3:sqlite3 xxd:xxd pdftotext:poppler-utils; do \
			PATH="$$PATH:/usr/sbin" command -v $${pair%%:*} >/dev/null || missing="$$missing $${pair##*:}"; done; \
		/usr/bin/python3 -c "import gi; gi.require_version('GstRtspServer', '1.0')" 2>/dev/null || missing="$$missing $(GSTREAMER)"; \
		if [ -n "$$missing" ]; then echo "installing$$missing"; apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing >/dev/null; fi; fi

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
