# Everything a contributor runs. Needs make, a POSIX shell and a Python >= 3.12, found by itself.
# Programs are run as `python -m NAME`: a clone may lie in a deep path, or one with spaces.

ARGS =
# More processes than the two cores that CI has: tests of wires and of outages wait most of the time.
PYTEST_ARGS = -n 3 --dist worksteal
PY = .venv/bin/python
COMPOSTEUR_PYTHON =
export COMPOSTEUR_PYTHON
unexport PYTHONHOME PYTHONPATH

# A Python is looked for only when the environment has none that runs.
PREPARE = python=$$(sh scripts/find-python) && "$$python" -I scripts/environment.py

.DEFAULT_GOAL := help
.PHONY: help demo run test lint types imports check bench soak screenshots env demo-env lock clean

help:  ## say what there is
	@echo "make TARGET [ARGS=...]"
	@echo
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  \1|\2/p' Makefile | while IFS='|' read -r name text; \
	do printf '  %-11s %s\n' "$$name" "$$text"; done

demo: demo-env  ## a museum with visitors, and its dashboard, on this machine
	@$(PY) -m gateway.cli demo $(ARGS)

run: demo-env  ## the gateway of a site file (ARGS="--site FILE")
	@$(PY) -m gateway.cli serve $(ARGS)

test: check  ## style, types, rooms and all tests
	@echo "composteur: tests"
	@$(PY) -m pytest $(PYTEST_ARGS) $(ARGS)

check: lint types imports

lint: env  ## ruff: style and format
	@echo "composteur: style"
	@$(PY) -m ruff check --quiet .
	@$(PY) -m ruff format --quiet --check .

types: env  ## mypy, strict
	@echo "composteur: types"
	@$(PY) -m mypy --no-error-summary

imports: env  ## which room may import which
	@echo "composteur: rooms"
	@said=$$($(PY) -c "from importlinter.cli import lint_imports as i; raise SystemExit(i())") \
	|| { echo "$$said"; exit 1; }

bench: env  ## measure (DESIGN section 11)
	@$(PY) -m loadtest.bench $(ARGS)

soak: env  ## the tests that run for minutes
	@$(PY) -m pytest -m soak --timeout 0 $(ARGS)

screenshots: env  ## draw docs/screens anew, from the demonstration (needs Chromium)
	@$(PY) scripts/screenshots.py $(ARGS)

env:  ## the environment for tests, in .venv
	@$(PREPARE) dev

demo-env:
	@$(PREPARE) demo

# Needs uv. Which index answers is a matter of the machine and stays out of the files.
LOCK = uv pip compile --quiet --universal --python-version 3.12 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-header --no-annotate

lock:  ## write requirements/*.txt anew (needs uv; ARGS=--upgrade)
	$(LOCK) pyproject.toml --all-extras --group dev -o requirements/dev.txt $(ARGS)
	$(LOCK) pyproject.toml --extra embedded --extra osdp -c requirements/dev.txt -o requirements/demo.txt $(ARGS)
	$(LOCK) pyproject.toml -c requirements/dev.txt -o requirements/server.txt $(ARGS)
	$(LOCK) --group build -c requirements/dev.txt -o requirements/build.txt $(ARGS)

clean:  ## remove what can be made again; state/ of a site stays
	rm -rf .venv build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
