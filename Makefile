# Each target makes its own .venv first: a machine needs Python 3.10 or newer, make and a network.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile
LOCK = UV_CUSTOM_COMPILE_COMMAND="make lock" build/uv/bin/uv pip compile --quiet --no-config \
	--universal --python-version 3.10 --generate-hashes $(UPGRADE)

# The rings whose coverage counts, and each package's limit in percent: what was measured on Linux, rounded
# down. The first two rings, which `make check` runs, suffice for the packages in FAST.
MEASURED := tests/unit tests/served tests/helper tests/deploy
LIMITS := app=97 chalice_patches=97 chalicelib=99 credhelper=97 infra=97
FAST := app chalice_patches chalicelib

.PHONY: install lock package demo serve test check coverage format bench bench-helper load clients live leaks matrix
.PHONY: named-domain mutants clean help

help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

.venv/installed: pyproject.toml locks/deploy.txt
	@echo "making .venv for deployment and demo, once; this takes half a minute"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "Python 3.10 or newer is needed: make PYTHON=python3.12 ...")'
	@$(PYTHON) -m venv .venv
	@$(PIP) --require-hashes --requirement locks/deploy.txt
	@$(PIP) --no-deps --no-build-isolation --no-index --editable .
	@printf '%s\n' '#!/bin/sh' '# Written by `make install`.' 'cd "$$(dirname "$$0")/../.." && exec .venv/bin/python -m infra "$$@"' > $(BIN)/ecr-domain
	@chmod +x $(BIN)/ecr-domain
	@touch $@

.venv/tests: .venv/installed locks/tests.txt
	@echo "adding what the tests need to .venv, once; this takes a minute or two"
	@$(PIP) --require-hashes --requirement locks/tests.txt
	@touch $@

install: .venv/installed  ## .venv with what deploys and demos; the targets of tests add what they need

# UPGRADE= keeps the versions that are locked already.
UPGRADE ?= --upgrade
lock: build/uv/bin/uv  ## write locks/ anew, every package by its hash, for all systems and versions of Python
	@$(LOCK) --extra deploy --output-file locks/deploy.txt pyproject.toml
	@$(LOCK) --extra deploy --extra dev --constraint locks/deploy.txt --output-file locks/tests.txt pyproject.toml

build/uv/bin/uv:
	@$(PYTHON) -m venv build/uv
	@build/uv/bin/python -m pip install --quiet --disable-pip-version-check uv

demo: .venv/installed  ## push and pull images through a custom name, every hop shown; no AWS account
	@$(BIN)/python -m tests.demo

serve: .venv/installed  ## a custom name kept up for docker, podman or skopeo, whose requests are shown
	@$(BIN)/python -m tests.demo --serve

test: .venv/tests  ## every test; clients that are not installed are skipped by name
	@$(BIN)/pytest --cov --cov-report= $(MEASURED)
	@$(BIN)/pytest $(addprefix --ignore=,$(MEASURED))
	@$(MAKE) --no-print-directory coverage

check: .venv/tests  ## format, lint, types, and the fast tests with their coverage
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/pytest --quiet --cov --cov-report= tests/unit tests/served
	@$(MAKE) --no-print-directory coverage LIMITS="$(filter $(addsuffix =%,$(FAST)),$(LIMITS))"

coverage: .venv/tests  ## the lines that the last `make test` did not reach
	@# A process that was killed while it wrote leaves a file that cannot be read.
	@rm -f .coverage.*
	@# With their directory: tests copy the project, and a copy's app.py is another file.
	@status=0; for each in $(LIMITS); do package=$${each%=*}; \
		$(BIN)/coverage report --show-missing --skip-covered \
			--include="$(CURDIR)/$$package.py,$(CURDIR)/$$package/*" \
			--fail-under="$${each#*=}" || status=1; done; exit $$status

format: .venv/tests  ## rewrite what `check` would refuse
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

mutants: .venv/tests  ## break each claim of the threat model on purpose, and see its test fail
	@$(BIN)/python -m tools.mutants

bench: .venv/tests  ## timings, each beside what it is compared with
	@$(BIN)/python -m benchmarks.redirect_service
	@$(BIN)/python -m benchmarks.cold_start

bench-helper: .venv/tests  ## the credential helper, installed by pip and pipx, beside bare Python and the Go helper
	@$(BIN)/python -m benchmarks.credential_helper

load: .venv/tests  ## 64 clients at once in both modes, uploads of 20 MB among them; every response is checked
	@$(BIN)/python -m benchmarks.load

clients:  ## install the real clients for the tests; Debian 12, root
	@tests/clients/install

live: named-domain .venv/tests  ## ask a real domain what AWS does: make live DOMAIN=ecr.example.com [REPOSITORY=team/live]
	@DOMAIN="$(DOMAIN)" REPOSITORY="$(REPOSITORY)" $(BIN)/pytest tests/live

named-domain:
	@test -n "$(DOMAIN)" || { echo "make live: name a domain, as in make live DOMAIN=ecr.example.com" >&2; exit 2; }

leaks: .venv/tests  ## every client, refused at every step in every manner, in both modes; takes hours
	@REQUIRE_CLIENTS=1 CLIENTS_LEAKS=all $(BIN)/pytest tests/clients/test_leaks.py

matrix: .venv/tests  ## drive every client through a deployment; docs/client-matrix.md and the README's table
	@REQUIRE_CLIENTS=1 CLIENTS_MATRIX=1 $(BIN)/pytest --quiet tests/clients
	@$(BIN)/python -m tools.matrix_page
	@$(BIN)/python -m tests.clients.cost
	@$(BIN)/python -m tools.sequence_drawings

STAGE ?= dev
package: .venv/installed  ## what CloudFormation (build/) and Terraform (terraform/) deploy; REGISTRIES='HOST ...' for the edge
	@# What an earlier call left would be another registry's edge.
	@mkdir -p build/cloudformation && rm -f build/cloudformation/edge.json
	@test -z "$(REGISTRIES)" || { $(BIN)/python -m infra.edge_template $(REGISTRIES) > build/edge.json.partial \
		&& mv build/edge.json.partial build/cloudformation/edge.json; } || { rm -f build/edge.json.partial; exit 1; }
	@$(BIN)/chalice package --stage $(STAGE) --merge-template infra/templates/service.json build/cloudformation
	@$(BIN)/chalice package --stage $(STAGE) --pkg-format terraform terraform
	@cp -R infra/templates/terraform/*.tf.json infra/templates/functions terraform/
	@echo "CloudFormation's templates are in build/cloudformation$(if $(REGISTRIES),, (without the edge: no REGISTRIES)), and Terraform's files in terraform"

clean:  ## remove what the targets made, but for terraform/, which may hold Terraform's state
	@rm -rf .venv build dist *.egg-info .coverage* .mypy_cache .pytest_cache .ruff_cache .hypothesis
