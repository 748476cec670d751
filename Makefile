# make demo and make test are all a newcomer needs; each sets up .venv by itself.
# Another interpreter: make test PYTHON=python3.12. Options for pytest: make test ARGS="-k lecture".

PYTHON ?= python3
ARGS ?=
VENV := .venv
BIN := $(VENV)/bin
BASE := $(VENV)/.created
SERVER := $(VENV)/.installed-demo
TEST := $(VENV)/.installed-test
BENCH := $(VENV)/.installed-bench
PEERS := .venv-peers/.installed
CODE := adengine proto/wengert client/wengert_client server/wengert_server tests tools examples benchmarks docker
EXAMPLES := nist_fits newton_hs71 robertson van_der_pol sparse_newton logistic_regression greeks kinematics \
	backpropagation lorenz96

# In this order: each reads what those before it wrote.
GENERATORS = $(addprefix tools/generate_,stubs.py kernels.py docs.py rooms.py numpy.py outputs.py) tests/conformance/generate.py
# Only what is there: a part of the tree may be checked out alone.
SOURCES = $(wildcard $(CODE))

.DEFAULT_GOAL := help
.PHONY: help demo examples test check pytest image image-test fuzz load soak replicas bench generate format venv venv-demo \
	venv-bench clean check-ruff check-types check-layers check-proto

help: ## show this page
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: venv-demo ## start a server, differentiate real problems through it, print a table
	@echo "demo: the first run compiles the kernels, which takes about a minute; later runs find them cached"
	@$(BIN)/python examples/demo.py

examples: venv ## run the ten examples; each fails where a published number does not come out
	@set -e; for each in $(EXAMPLES); do echo "== examples/$$each.py"; $(BIN)/python examples/$$each.py; done

test: check pytest ## all checks, then all tests

pytest: venv ## the tests alone (ARGS="-k name" picks some)
	@echo "test: the first run compiles the kernels, which takes about a minute; later runs find them cached"
	@$(BIN)/python -m pytest $(ARGS)

image: ## build the container image with podman, and its base too unless BASE_IMAGE names one
	@docker/build.sh

image-test: venv ## build it and try it: without rights, from outside, stopped with calls in flight
	@$(BIN)/python -m pytest tests/image $(ARGS)

check: check-ruff check-types check-layers check-proto ## format, lint, types, layers, contract

check-ruff: venv
	@echo "check: format"
	@$(BIN)/ruff format --check $(SOURCES)
	@echo "check: lint"
	@$(BIN)/ruff check $(SOURCES)

check-types: venv
	@echo "check: types (mypy)"
	@$(BIN)/mypy $(SOURCES)
	@echo "check: types (pyright)"
	@$(BIN)/pyright $(SOURCES)

check-layers: venv
	@echo "check: who imports whom"
	@$(BIN)/lint-imports --no-logo

check-proto: venv
	@echo "check: contract"
	@$(BIN)/buf lint
	@$(BIN)/buf breaking --against proto/wengert.v1.binpb

bench: venv-bench ## measure speed beside other systems; ratios within one run
	@echo "bench: the first run compiles the kernels, which takes about a minute; later runs find them cached"
	@$(BIN)/python -m benchmarks $(ARGS)

fuzz: venv ## a million requests at random, by calls and by bytes: nothing may crash, hang, leak or answer improperly
	@$(BIN)/python -m tests.fuzz $(ARGS)

load: venv ## calls of all kinds from several processes: how long each takes, what fails, what is wrong
	@$(BIN)/python -m tests.load $(ARGS)

soak: venv ## ten minutes of load beside clients that misbehave, with a full disk: nothing may fail, be wrong or grow
	@$(BIN)/python -m tests.load.soak $(ARGS)

replicas: venv ## kill, drain and restart replicas under load, also behind HAProxy: no call may fail or be wrong
	@$(BIN)/python -m tests.replicas $(ARGS)

generate: venv ## make every generated file again: stubs, tables, pages, conformance cases
	@set -e; for script in $(GENERATORS); do echo "generate: $$script"; $(BIN)/python $$script; done

format: venv ## format, and mend what lint can mend
	@$(BIN)/ruff check --fix $(SOURCES)
	@$(BIN)/ruff format $(SOURCES)

venv: $(TEST) ## only set up .venv with everything the tests need

venv-demo: $(SERVER)

venv-bench: $(BENCH) $(PEERS)

clean: ## remove .venv, builds and caches
	rm -rf .venv .venv-* build dist .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BASE):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "Python 3.11 or newer is needed, and $(PYTHON) is $$($(PYTHON) --version 2>&1 | tail -n 1)." >&2; \
		echo "Name another one: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 1; }
	@echo "set-up: making .venv with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv $(VENV) || { \
		echo "Python's venv module is missing; on Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	@touch $@

# A stamp is newer than pyproject.toml once its extra is installed.
$(VENV)/.installed-%: $(BASE) pyproject.toml
	@echo "set-up: installing wengert[$*] into .venv; the first time takes a minute or two"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[$*]"
	@touch $@
	@# The test extra includes the demo's.
	@if [ $* = test ]; then touch $(SERVER); fi

# Other services hold back versions that ours needs, so they have an environment of their own; nothing fails without.
$(PEERS): $(BASE) benchmarks/other_services/requirements.txt
	@echo "set-up: installing other services into .venv-peers, to measure beside"
	@{ $(PYTHON) -m venv .venv-peers && .venv-peers/bin/python -m pip install --quiet --disable-pip-version-check \
		-r benchmarks/other_services/requirements.txt && touch $@; } || { rm -rf .venv-peers; \
		echo "set-up: they could not be installed, and are left out" >&2; }
