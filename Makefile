# Everything a developer or an operator of the local stack types. `make` alone explains it.
SHELL := /bin/bash
.DEFAULT_GOAL := help
BIN := .venv/bin
ONLY := detection
# Slow kinds, chaos and e2e, come first: no worker ends the run alone.
PYTEST := $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

.PHONY: help install up demo format lint types imports check test replay chaos test-system bench schemas requirements clean

help: ## show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

.venv/.local: requirements/local.txt requirements/bootstrap.txt pyproject.toml
	@echo "installing what the local stack needs (once)"
	@requirements/install.sh local && touch $@

.venv/.dev: requirements/dev.txt requirements/bootstrap.txt pyproject.toml
	@echo "installing what the tests need (once)"
	@requirements/install.sh dev && touch $@

install: .venv/.dev ## everything for development into .venv

up: .venv/.local ## real Kafka and Postgres, a simulated outside world, all processes; Ctrl-C stops all
	@$(BIN)/bongsu up $(ARGS)

demo: .venv/.local ## the same, and one outage in it: KakaoTalk breaks, people are paged, it is repaired
	@$(BIN)/bongsu demo $(ARGS)

format: .venv/.dev ## format the code
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix .

lint: .venv/.dev ## style of the code
	@$(BIN)/ruff format --check . && $(BIN)/ruff check .

types: .venv/.dev ## mypy, strict
	@$(BIN)/mypy

imports: .venv/.dev ## layers and forbidden imports
	@$(BIN)/lint-imports --no-cache

check: lint types imports ## all checks without tests

test: check ## all checks, and every test that wheels and jars can serve
	@$(PYTEST) -m "not system and not long" $(ARGS)

replay: .venv/.dev ## every dated outage in virtual time; exit 1 if one is not seen as its file expects
	@$(BIN)/bongsu replay --check $(ARGS) scenarios/*.yaml

chaos: .venv/.dev ## real faults on real servers, those too that take minutes
	@$(PYTEST) -m chaos $(ARGS)

test-system: .venv/.dev ## tests that need deploy/debian-packages.txt
	@deploy/check-packages.sh && $(PYTEST) -m "system and not long" $(ARGS)

bench: .venv/.dev ## measure against the published limits: ONLY=detection ARGS="--seed 1 --runs 20"
	@$(BIN)/python -m bench.$(ONLY) $(ARGS)

schemas: .venv/.dev ## freeze the JSON Schemas of events anew (after raising their version); docs/openapi.json
	@$(BIN)/python -m services.alerting.answers.openapi
	@$(BIN)/python -m tests.contract.freeze_schemas

requirements: .venv/.dev ## make the hash-pinned sets anew from pyproject.toml
	@PATH="$$PWD/$(BIN):$$PATH" requirements/compile.sh

clean: ## remove what was made here, the data of the local stack included
	@rm -rf .venv data .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
