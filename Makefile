# Contactflow's commands. `make run` needs Python 3.11 or newer and nothing else.
PYTHON ?=
# Processes of the tests: of those that compute (one more than cores, since each waits for its database or browser a good
# part of its time), and of those that mostly wait for programs they started.
CORES ?= $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1)
WAITING ?= 4
VENV := .venv
PY := $(VENV)/bin/python
PYTEST := $(PY) -m pytest --dist loadfile --no-loadscope-reorder
APPS := contactflow contacts engagement workflows notion_bridge
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.PHONY: run test test-slow sweep check format bench bench-desk chaos trials pictures lock clean install install-dev help
.DEFAULT_GOAL := help

help: ## list these commands
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1  -  \2/p' Makefile

run: install ## everything, from a bare checkout to a working system (PORT=8000)
	@exec $(PY) -m contactflow.supervisor

test: install-dev ## every behaviour, with its own PostgreSQL, in minutes (ARGS="-k name")
	@$(PYTEST) -n $(CORES) -m "not slow" $(ARGS)

test-slow: install-dev ## what starts the whole system, travels in time and kills processes, and the long fuzz
	@FUZZ=thorough $(PYTEST) -n $(WAITING) -m "slow or hypothesis" $(ARGS)

sweep: install-dev ## axe, dark, narrow and the browser's complaints on every single page of the admin
	@SWEEP=1 $(PYTEST) -n $(CORES) tests/browser $(ARGS)

check: install-dev ## format, lint, types, imports, migrations, deployment settings, known vulnerabilities
	@echo "format";      $(PY) -m ruff format --check --quiet . || { echo "run: make format"; exit 1; }
	@echo "lint";        $(PY) -m ruff check --quiet .
	@echo "types";       $(PY) -m mypy $(APPS)
	@echo "imports";     $(PY) -c 'from importlinter.cli import lint_imports_command as lint; lint()' 
	@echo "migrations";  $(PY) manage.py makemigrations --check --dry-run --verbosity 1
	@echo "deployment";  env -u DEBUG -u ALLOWED_HOSTS -u CSRF_TRUSTED_ORIGINS PUBLIC_URL=https://crm.example.com \
		$(PY) manage.py check --deploy --fail-level WARNING
	@echo "advisories";  $(PY) -m tests.advisories

format: install-dev ## rewrite the code in the house's format
	@$(PY) -m ruff check --quiet --fix . ; $(PY) -m ruff format .

bench: install-dev ## benchmarks side by side with their references (SIZE=... PARTS="anatomy mails")
	@exec $(PY) -m tests.benchmarks $(PARTS)

bench-desk: install-dev ## every page of the admin with a million people (SIZE=... ONLY=... ROUNDS=...)
	@exec $(PY) -m tests.benchmarks.desk

chaos: install-dev ## the fault harness (SIZE=2000 KILLS=60 FREEZES=8 CRASHES=3)
	@exec $(PY) -m tests.chaos

trials: install-dev ## the bridge to Notion at random, in large numbers (NAME=twoway SIZE=...)
	@exec $(PY) -m tests.notion_bridge.trials $(NAME)

lock: install-dev ## write the lock files anew from requirements*.in
	@for name in requirements requirements-dev requirements-install; do \
		$(PY) -m uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header $(ARGS) \
			$$name.in -o $$name.txt || exit 1; \
	done

clean: ## remove what was installed; data under var/ stays
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .schemathesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

install:
	@PYTHON="$(PYTHON)" sh contactflow/install.sh requirements.txt

install-dev: install
	@PYTHON="$(PYTHON)" sh contactflow/install.sh requirements-dev.txt
