# Everything starts here; only python3 (3.11 or newer) and make are needed. `make` lists what there is.

PY ?= python3
UV_VERSION := 0.13.9
# Processes that the test suite is spread over.
TEST_PROCESSES ?= 2
# What `make test` runs the suite on, one after the other: sqlite, postgresql.
DATABASES ?= sqlite
# 1: a missing PostgreSQL or browser fails instead of leaving out what needs it.
REQUIRE_ALL ?=
# Runs of each way in `make bench`, and which parts of it (all but `scale` if none is named).
RUNS ?= 5
PARTS ?=
# Events in the history that `make bench-api` fills.
EVENTS ?= 5000000
# 1: `make chaos` in its short form.
SHORT ?=
# Arguments for pytest (a path, -k ...) or for `make lock`.
ARGS ?=

python := .venv/bin/python
manage := $(python) manage.py
chaos := $(python) -m pytest -q -m chaos $(ARGS)
pytest := $(python) -m pytest -q -n $(TEST_PROCESSES) $(ARGS)
compile := .venv/bin/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate

# What `make check` looks at is production, whatever this machine's .env says.
production := env ENV_FILE= DEBUG=false ALLOWED_HOSTS=tidings.example PUBLIC_BASE_URL=https://tidings.example \
	SECRET_KEY=for-make-check-only-0123456789-abcdefghijklmnopqrstuvwxyz SECURE_SSL_REDIRECT=true \
	TIDINGS_ENCRYPTION_KEYS=MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE= DATABASE_URL=sqlite://:memory:

.DEFAULT_GOAL := help
.PHONY: help demo run worker test chaos coverage bench bench-api check openapi lock clean browser

help: ## Show this list
	@sed -n 's/^\([a-z.-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

demo: .venv/run .env ## Show the product at work on this machine (ONCE=1: run to the end; DAYS=0: without the month before)
	@$(manage) demo $(if $(ONCE),--once) $(if $(DAYS),--days $(DAYS))

run: .venv/run .env ## Serve the site and run one worker (settings: .env)
	@$(manage) migrate -v 0
	@$(manage) sync_schedules
	@$(manage) create_staff
	@$(manage) collectstatic --clear --noinput -v 0
	@$(manage) watch_cluster & worker=$$!; \
		.venv/bin/gunicorn -c python:config.gunicorn & site=$$!; \
		trap 'kill $$site $$worker; wait' EXIT; trap 'exit 0' INT TERM; \
		wait $$site

worker: .venv/run .env ## Run one more worker
	@$(manage) watch_cluster

test: .venv/dev browser ## Run the whole suite (DATABASES="sqlite postgresql": on both, as CI does)
	@for database in $(DATABASES); do \
		case $$database in \
		sqlite) echo "on SQLite"; env -u TEST_DATABASE_URL $(pytest) || exit 1;; \
		postgresql) \
			url=$$($(python) -m tests.find_postgres) || exit 1; \
			test -n "$$url" || { echo "PostgreSQL: DATABASE_URL names none and none answers on 127.0.0.1:5432"; exit 1; }; \
			echo "on PostgreSQL"; TEST_DATABASE_URL="$$url" $(pytest) || exit 1;; \
		*) echo "DATABASES: $$database is neither sqlite nor postgresql"; exit 1;; \
		esac; \
	done

chaos: .venv/dev ## Kill processes and crash databases under load, then count: 40 minutes (SHORT=1: 6)
	@CHAOS=$(if $(SHORT),short,full) REQUIRE_ALL=$(REQUIRE_ALL) $(chaos) -n 0 --ignore=tests/chaos/test_cluster.py tests/chaos
	@CHAOS=$(if $(SHORT),short,full) REQUIRE_ALL=$(REQUIRE_ALL) $(chaos) -n $(if $(SHORT),3,8) tests/chaos/test_cluster.py

coverage: .venv/dev ## Run the suite on SQLite and list the lines that it does not reach
	.venv/bin/coverage run -m pytest -q $(ARGS)
	.venv/bin/coverage report --show-missing --skip-covered

bench: .venv/bench ## Measure against other ways of doing the same, on PostgreSQL (RUNS=5, PARTS="delivery scale")
	$(python) -m benchmarks --runs $(RUNS) $(PARTS)

bench-api: .venv/dev ## Measure the REST API on a filled history, on PostgreSQL (RUNS=5, EVENTS=5000000: 12 GB, PARTS="pages")
	$(python) -m benchmarks.apis --runs $(RUNS) --events $(EVENTS) $(PARTS)

check: .venv/dev ## Lint, types, import contracts, migrations, production settings
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	$(production) .venv/bin/mypy config integrations lifecycle loyalty returns tracking tests benchmarks
	.venv/bin/lint-imports
	$(production) $(manage) makemigrations --check --dry-run
	$(production) $(manage) check --deploy --fail-level WARNING

openapi: .venv/run ## Write docs/openapi.json anew from the code
	@$(production) $(manage) spectacular --validate --fail-on-warn --format openapi-json --file docs/openapi.json

lock: .venv/uv ## Pin the dependencies of pyproject.toml (ARGS=--upgrade: the newest)
	$(compile) $(ARGS) pyproject.toml --group test --group lint -o requirements/dev.txt
	$(compile) pyproject.toml -c requirements/dev.txt -o requirements/run.txt
	$(compile) --group pyproject.toml:bench -c requirements/dev.txt -o requirements/bench.txt
	@! grep -nE '://|^-' requirements/*.txt

clean: ## Remove what make has made, but for .env and var/
	rm -rf .venv .coverage* .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache

.env: ## Write development settings with new keys
	@$(PY) config/dotenv.py

browser:
	@if command -v chromium >/dev/null; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo "installing chromium for the browser tests"; \
		export DEBIAN_FRONTEND=noninteractive; \
		{ apt-get install -qq -y chromium || { apt-get update -qq && apt-get install -qq -y chromium; }; } >/dev/null 2>&1 || true; \
	fi; \
	command -v chromium >/dev/null || { echo "browser tests left out: chromium is not here"; test -z "$(REQUIRE_ALL)"; }

.venv/uv:
	@$(PY) -c 'import sys; sys.exit("Tidings needs Python 3.11 or newer; name one: make PY=python3.12 ...") if sys.version_info < (3, 11) else None'
	@$(PY) -m venv .venv
	@$(python) -m pip install -qq --disable-pip-version-check uv==$(UV_VERSION)
	@touch $@

.venv/run: .venv/uv requirements/run.txt
	@.venv/bin/uv pip install -q --compile-bytecode --require-hashes -r requirements/run.txt
	@touch $@

.venv/dev: .venv/uv requirements/dev.txt
	@.venv/bin/uv pip install -q --compile-bytecode --require-hashes -r requirements/dev.txt
	@touch $@ .venv/run

.venv/bench: .venv/dev requirements/bench.txt
	@.venv/bin/uv pip install -q --require-hashes -r requirements/bench.txt
	@touch $@
