# Every target sets up what it needs by itself, and is quick the second time.

PYTHON ?= python3
FLEET ?= fleet.yaml
PART ?=
N ?= 200
SEED ?=
REGION ?=
SERVER ?=
CONTEXT ?= build/tester
PYTEST_ARGS ?= -q -n 2 --dist loadgroup
BIN := .venv/bin

.PHONY: up down test check bench torture aws-smoke bed image-context lock clean

## up: run the fleet of fleet.yaml and print what it found
up: .venv/run.stamp
	@$(BIN)/orchestrate up $(FLEET)

## down: remove everything that `make up` left running
down: .venv/run.stamp
	@$(BIN)/orchestrate down $(FLEET)

## test: every test that this machine can run; what it lacks is skipped with the reason
test: .venv/test.stamp
	@$(BIN)/python -m pytest $(PYTEST_ARGS)

## check: format, lint, types, import rules
check: .venv/test.stamp
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/python -m pytest -q tests/test_imports.py

## bench: figures and ratios against peers in the same run; PART=cli for one part
bench: .venv/test.stamp
	@$(BIN)/python -m tests.benchmarks.run $(PART)

## torture: kill orchestrators and docker-machine by chance until N processes were killed; what is left?
torture: .venv/test.stamp
	@$(BIN)/python -m tests.end_to_end.torture --kills $(N) $(if $(SEED),--seed $(SEED))

## aws-smoke: one host in one REGION of your own AWS account; says what it costs and asks first
aws-smoke: .venv/test.stamp
	@$(BIN)/python -m tests.end_to_end.aws_smoke $(if $(REGION),--region $(REGION)) $(if $(SERVER),--server $(SERVER))

## bed: a cloud of our own to try things in, by hand; docs/cloud-bed.md
bed: .venv/test.stamp
	@$(BIN)/python -m tests.end_to_end.bed up

## image-context: write the folder that the tester's image is built from; CONTEXT=DIR
image-context: .venv/run.stamp
	@$(BIN)/python -m orchestrator.places.images.context $(CONTEXT)

## lock: pin every dependency again: of this machine, of the tests, of the images
LOCK := uv pip compile -q --universal --generate-hashes --no-header --no-annotate
lock: .venv/test.stamp
	@$(BIN)/$(LOCK) --extra all -o requirements/run.lock pyproject.toml
	@$(BIN)/$(LOCK) --extra test -o requirements/test.lock pyproject.toml
	@$(BIN)/$(LOCK) --extra build -o requirements/build.lock pyproject.toml
	@$(BIN)/$(LOCK) --extra collector -c requirements/run.lock -o requirements/collector.lock pyproject.toml
	@$(BIN)/$(LOCK) --extra orchestrator --extra aws -c requirements/run.lock \
		-o requirements/orchestrator.lock pyproject.toml

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis

.venv/bin/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Python 3.11 or newer is needed; $(PYTHON) is $$($(PYTHON) --version 2>&1)." \
		"Name another with: make PYTHON=/path/to/python3.11 up" >&2; exit 2; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "Python's venv is missing. Install it with: apt-get install python3-venv" >&2; exit 2; }
	@$(PYTHON) -m venv .venv

.venv/run.stamp: requirements/run.lock pyproject.toml | .venv/bin/pip
	@echo "Setting up .venv (once)" >&2
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/run.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps -e .
	@touch $@

.venv/test.stamp: requirements/test.lock .venv/run.stamp
	@echo "Adding what the tests need to .venv (once)" >&2
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/test.lock
	@touch $@
