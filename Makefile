# The commands of the shop. `make` alone explains them.

SHELL = /bin/sh
MAKEFLAGS += --no-builtin-rules --no-print-directory
.DEFAULT_GOAL := help
.PHONY: help run test check ruff mypy imports templates bench bench-growth format strings lock lighthouse clean FORCE

BIN := .venv/bin
LIGHTHOUSE := tests/servers/lighthouse
# Two processes test at the same time; who is done first takes from the other's rest.
TEST_PROCESSES ?= 2

# An environment that was moved, or whose Python was uninstalled, is made anew.
ifneq ($(shell test -x $(BIN)/python && cat .venv/.home 2>/dev/null),$(CURDIR))
STALE := FORCE
endif

help: ## show this list
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' Makefile | expand -t 21

run: .venv/.installed-run ## start the shop: web, worker and practice payment in one process
	@exec $(BIN)/python -m storefront run $(ARGS)

test: .venv/.installed-dev lighthouse ## run all tests; ARGS="-k cart" runs some
	@exec $(BIN)/python -m pytest -n $(TEST_PROCESSES) --dist worksteal $(ARGS)

check: ruff mypy imports templates ## look through the code without running it

ruff: .venv/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

mypy: .venv/.installed-dev
	$(BIN)/mypy --strict storefront practice_stripe scripts tests/servers tests/conftest.py

imports: .venv/.installed-dev
	$(BIN)/lint-imports

templates: .venv/.installed-dev
	$(BIN)/djlint --lint --quiet templates

bench: .venv/.installed-dev ## measure speed against the goals
	@exec $(BIN)/python -m benchmarks $(ARGS)

bench-growth: .venv/.installed-dev ## measure pages from 1,000 to 1,000,000 products; ARGS="1000 100000" for less
	@exec $(BIN)/python -m benchmarks.growth $(ARGS)

format: .venv/.installed-dev ## bring the code into its form
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

strings: .venv/.installed-dev ## collect the words to translate and compile the translations
	@exec $(BIN)/python scripts/strings.py

# Universal: one lock for every system and every Python from 3.11 on.
COMPILE = $(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
	--no-header --no-annotate --quiet
lock: .venv/.installed-dev ## write the locks anew after a change of pyproject.toml
	$(COMPILE) --output-file requirements.lock
	$(COMPILE) --extra dev --output-file requirements-dev.lock

lighthouse: ## fetch Lighthouse for the tests of page quality, where npm is
	@if command -v npm >/dev/null 2>&1; then $(MAKE) $(LIGHTHOUSE)/node_modules/.package-lock.json; \
	else echo "npm is not installed: the tests by Lighthouse will be skipped"; fi

clean: ## remove what was installed and generated; the shop's data in var/ stay
	rm -rf .venv build *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	rm -rf $(LIGHTHOUSE)/node_modules
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/.installed-run: requirements.lock scripts/bootstrap.py $(STALE)
	@PYTHON="$(PYTHON)" scripts/bootstrap run

.venv/.installed-dev: requirements-dev.lock tests/servers/rclone.txt scripts/bootstrap.py $(STALE)
	@PYTHON="$(PYTHON)" scripts/bootstrap dev

$(LIGHTHOUSE)/node_modules/.package-lock.json: $(LIGHTHOUSE)/package-lock.json
	@cd $(LIGHTHOUSE) && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error && touch node_modules/.package-lock.json
