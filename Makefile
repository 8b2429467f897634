# Every target sets up .venv first where it is not up to date; see start.py for what that means without make.
PYTHON ?= python3

.PHONY: app test check slow lock wheel clean

app:        ## open the clinician page
	$(PYTHON) start.py app

test:       ## run the tests
	$(PYTHON) start.py test

check:      ## lint, format, types, import rules, tests with coverage: what CI runs
	$(PYTHON) start.py check

slow:       ## the tests that take longer than a minute
	$(PYTHON) start.py test -m slow

lock:       ## write the lock files anew from pyproject.toml (needs uv)
	uv pip compile pyproject.toml --all-extras --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --quiet -o requirements-dev.lock
	uv pip compile pyproject.toml --extra app --extra postgres --extra train -c requirements-dev.lock --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --quiet -o requirements.lock

wheel:      ## build the package
	$(PYTHON) -m pip wheel --no-deps --wheel-dir dist .

clean:
	rm -rf .venv dist build .coverage .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
