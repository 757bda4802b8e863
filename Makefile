# `make` alone lists the targets. Needed beforehand: Python 3.11 or newer (with its venv module) and make.

VENV := .venv
BIN := $(VENV)/bin
# --only-binary: a source package would pull in a build backend that no lock file covers.
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input install --quiet --quiet
LOCKED := --only-binary=:all: --require-hashes
COMPILE = $(BIN)/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 \
	--custom-compile-command "make lock" $(UPGRADE)
ARGS ?=

# A pip or Python set up for something else must not reach into our environment.
export PIP_USER := 0
unexport PIP_TARGET PIP_PREFIX PIP_CONSTRAINT PIP_NO_BINARY PYTHONPATH PYTHONHOME

# A clone that was moved keeps scripts that point to its old place: install again then.
ifneq ($(shell cat $(VENV)/.place 2>/dev/null),$(CURDIR))
MOVED := moved
endif

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup run test test-interop check format bench lock clean moved

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

setup: $(VENV)/.dev ## install everything, locked, into .venv

run: $(VENV)/.runtime ## start the whole service on http://127.0.0.1:$PORT (8000); Ctrl-C stops all of it
	@exec $(BIN)/daybook up

test: $(VENV)/.dev ## run the test suite; ARGS='-k cancel' is handed to pytest
	@$(BIN)/python -m pytest $(ARGS)

test-interop: $(VENV)/.dev ## verify our seals with Go's sumdb (Debian: golang-go, golang-golang-x-mod-dev)
	@logs=$$(mktemp -d) && trap 'rm -rf "$$logs"' EXIT && \
	$(BIN)/python -m tests.interop.write_logs "$$logs" && \
	GO111MODULE=off GOPATH=/usr/share/gocode GOFLAGS= go run tests/interop/verify.go "$$logs"

check: $(VENV)/.dev ## formatting, lint, types, import contracts
	@$(BIN)/ruff format --check --quiet . || { echo "run: make format" >&2; exit 1; }
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache

format: $(VENV)/.dev ## format the code and mend what ruff can mend
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

bench: $(VENV)/.dev ## benchmarks, as ratios from one run
	@$(BIN)/python -m bench $(ARGS)

lock: $(VENV)/.dev ## write the lock files from pyproject.toml; UPGRADE=--upgrade takes newer versions
	@$(COMPILE) --extra build pyproject.toml --output-file requirements.lock
	@$(COMPILE) --extra build --extra dev --constraint requirements.lock pyproject.toml \
		--output-file requirements-dev.lock

clean: ## remove .venv and caches; the data folder stays
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache build *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The first Python that is new enough, or the one named with PYTHON=.
$(VENV)/.python: $(MOVED)
	@new_enough='import sys; sys.exit(sys.version_info < (3, 11))'; \
	for python in $(or $(PYTHON),python3 python3.14 python3.13 python3.12 python3.11); do \
		"$$python" -c "$$new_enough" 2>/dev/null && break; \
		python=; \
	done; \
	if [ -z "$$python" ]; then \
		echo "make: Python 3.11 or newer is needed, and $(or $(PYTHON),python3) is not; name one with PYTHON=" >&2; \
		exit 1; \
	fi; \
	if ! "$$python" -c 'import ensurepip, venv' 2>/dev/null; then \
		echo "make: $$python has no venv module (Debian, Ubuntu: apt install python3-venv)" >&2; \
		exit 1; \
	fi; \
	"$$python" -m venv --clear $(VENV)
	@printf '%s' '$(CURDIR)' > $(VENV)/.place
	@touch $@

$(VENV)/.runtime: $(VENV)/.python requirements.lock pyproject.toml
	@echo "installing what it needs into $(VENV) ..."
	@$(PIP) $(LOCKED) -r requirements.lock
	@$(PIP) --no-deps --no-build-isolation --no-index -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.runtime requirements-dev.lock
	@echo "installing the development tools into $(VENV) ..."
	@$(PIP) $(LOCKED) -r requirements-dev.lock
	@touch $@
