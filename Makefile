# Every target makes its own .venv first; a machine needs Python 3.10 or newer, make and a network.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: test check format clean

$(VENV)/.installed: pyproject.toml requirements.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --editable '.[dev]'
	touch $@

## test: every ring of tests
test: $(VENV)/.installed
	$(BIN)/pytest

## check: format, lint, types
check: $(VENV)/.installed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

## format: rewrite what `check` would refuse
format: $(VENV)/.installed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
