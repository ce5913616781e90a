# Thin on purpose: .ci/setup does the setting up, .ci/run is what continuous integration runs.
# Settings are environment variables: make run PORT=9000 FIELDBOOK_DATA=/srv/fieldbook

.DEFAULT_GOAL := help
.PHONY: help run serve test check lint types contracts translations bench bench-routes bench-beats audit chaos format lock clean
# Homebrew's libraries (pango) are not on the search path of every Python on a Mac.
MAC := $(if $(wildcard /opt/homebrew/lib),DYLD_FALLBACK_LIBRARY_PATH=/opt/homebrew/lib:/usr/local/lib:/usr/lib)
BIN := .venv/bin
# Each process of the tests has databases of its own; beyond four, the journeys in the browser are what one waits for.
# A process that ends within a test is a failure, and not begun again: pytest-xdist would wait for it for ever (its issue 1323).
PROCESSES := --numprocesses auto --maxprocesses 4 --max-worker-restart 0
FLASK := $(BIN)/flask --app wsgi

help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-13s %s\n", $$1, $$2 }' Makefile

run: ## Set up, fill the demo company and start: the way to try Fieldbook (Ctrl-C stops it)
	@.ci/setup
	@$(MAC) exec $(FLASK) up --demo

serve: ## Set up, migrate and start without the demo: the way to use it
	@.ci/setup
	@$(MAC) exec $(FLASK) up

test: ## The whole suite, on SQLite, PostgreSQL and in Chromium (ARGS="tests/visits -x" for a part)
	@.ci/setup dev
	@$(MAC) $(BIN)/python -m pytest $(PROCESSES) $(ARGS); status=$$?; cat .venv/unavailable; exit $$status

check: ## Lint, types, import contracts, translations
	@.ci/setup dev
	@$(MAKE) --no-print-directory --keep-going lint types contracts translations

lint: ## Ruff: rules and format
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check

types: ## mypy, strict
	@$(BIN)/mypy

contracts: ## Who may import whom
	@$(BIN)/lint-imports --no-logo

translations: ## Nothing missing, obsolete or misspelt in either Chinese
	@$(BIN)/python -m app.catalogues check

bench: ## Measure; prints name=value lines
	@.ci/setup dev
	@set -e; for file in tests/bench/bench_*.py; do name=$${file##*/}; $(MAC) $(BIN)/python -m tests.bench.$${name%.py}; done

bench-routes: ## Measure plans against the best known ones (ARGS="optw dayplan" for some of the sets)
	@.ci/setup dev
	@$(BIN)/python -m tests.bench.bench_routes $(ARGS)

bench-beats: ## Measure week and beat plans (ARGS="week rep" for some of the cases)
	@.ci/setup dev
	@$(BIN)/python -m tests.bench.bench_beats $(ARGS)

audit: ## Lighthouse and axe on the rep's pages; fails where a goal is missed
	@.ci/setup audit
	@$(MAC) $(BIN)/python -m tests.bench.audit

chaos: ## A rep's day while server, browser and network fail; counts every entry (SEED=7 ROUNDS=60)
	@.ci/setup dev
	@$(MAC) $(BIN)/python -m tests.chaos --seed $(or $(SEED),7) --rounds $(or $(ROUNDS),60)

format: ## Let ruff mend what it can
	@$(BIN)/ruff check --fix --quiet || true
	@$(BIN)/ruff format

LOCK := $(BIN)/uv pip compile --quiet --system-certs --universal --python-version 3.11 pyproject.toml --no-header --no-annotate
lock: ## Pin what pyproject.toml asks for in requirements*.lock (UPGRADE=--upgrade for the newest versions)
	@.ci/setup dev
	@$(LOCK) $(UPGRADE) -o requirements.lock
	@$(LOCK) $(UPGRADE) --group dev -c requirements.lock -o requirements-dev.lock

clean: ## Remove what set-up made (never the data folder)
	@rm -rf .venv node_modules .audit static/built app/translations/*/LC_MESSAGES .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
	@find app tests migrations .ci -name __pycache__ -type d -prune -exec rm -rf {} +
