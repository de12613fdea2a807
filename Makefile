# Each target makes its own .venv first: a machine needs Python 3.10 or newer, make and a network.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: install package demo serve test check format bench bench-helper load clients live matrix mutants clean help

help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

.venv/installed: pyproject.toml requirements.txt
	@echo "making .venv, once; this takes a minute"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "Python 3.10 or newer is needed: make PYTHON=python3.12 ...")'
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@printf '%s\n' '#!/bin/sh' '# Written by `make install`.' 'cd "$$(dirname "$$0")/../.." && exec .venv/bin/python -m infra "$$@"' > $(BIN)/ecr-domain
	@chmod +x $(BIN)/ecr-domain
	@touch $@

install: .venv/installed  ## .venv with everything, for the commands that the README gives

demo: .venv/installed  ## push and pull an image through a custom name, every hop shown; no AWS account
	@$(BIN)/python -m tests.demo

serve: .venv/installed  ## the same, and keep it up for a client of yours
	@$(BIN)/python -m tests.demo --serve

test: .venv/installed  ## every test; clients that are not installed are skipped by name
	@$(BIN)/pytest

check: .venv/installed  ## format, lint, types, and the fast tests with their coverage
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/pytest --quiet tests/unit tests/served --cov --cov-report=term:skip-covered

format: .venv/installed  ## rewrite what `check` would refuse
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

mutants: .venv/installed  ## break each claim of the threat model on purpose, and see its test fail
	@$(BIN)/python -m tools.mutants

bench: .venv/installed  ## timings, each beside what it is compared with
	@$(BIN)/python -m benchmarks.redirect_service
	@$(BIN)/python -m benchmarks.cold_start

bench-helper: .venv/installed  ## the credential helper, installed by pip and pipx, beside bare Python and the Go helper
	@$(BIN)/python -m benchmarks.credential_helper

load: .venv/installed  ## a minute with 200 requests in flight and faults; checks every answer
	@$(BIN)/python -m benchmarks.load

clients:  ## install the real clients for the tests; Debian 12, root
	@tests/clients/install

live: .venv/installed  ## ask a real domain what AWS does: make live DOMAIN=ecr.example.com [REPOSITORY=team/live]
	@DOMAIN="$(DOMAIN)" REPOSITORY="$(REPOSITORY)" $(BIN)/pytest tests/live

matrix: .venv/installed  ## drive every client through a deployment; docs/client-matrix.md and the README's table
	@REQUIRE_CLIENTS=1 CLIENTS_MATRIX=1 $(BIN)/pytest --quiet tests/clients
	@$(BIN)/python -m tests.clients.matrix_page
	@$(BIN)/python -m tests.clients.cost
	@$(BIN)/python -m docs.sequence

STAGE ?= dev
package: .venv/installed  ## what CloudFormation (build/) and Terraform (terraform/) deploy; REGISTRIES=HOST for the edge
	@$(BIN)/chalice package --stage $(STAGE) --merge-template infra/templates/service.json build/cloudformation
	@$(BIN)/chalice package --stage $(STAGE) --pkg-format terraform terraform
	@cp -R infra/templates/terraform/*.tf.json infra/templates/functions terraform/
	@test -z "$(REGISTRIES)" || $(BIN)/python -m infra.edge_template $(REGISTRIES) > build/cloudformation/edge.json

clean:  ## remove what the targets made, but for terraform/, which may hold Terraform's state
	@rm -rf .venv build dist *.egg-info .coverage .mypy_cache .pytest_cache .ruff_cache .hypothesis
