# make audit: install, audit sample_data/ (or DATA=your.jsonl), write report.html
# make test:  install what tests need, run all tests
# make models: a second environment .venv-models with the extras (torch and all), for their tests
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
MODELS := .venv-models
DATA ?= sample_data/noisy/data.jsonl
BENCH_DATA ?=

.PHONY: audit test lint types docs bench models clean

audit: $(VENV)/.run
	$(BIN)/dataqa audit sample_data/clean/data.jsonl --quiet --exit-zero
	$(BIN)/dataqa audit $(DATA) --out html=report.html --out json=result.json --exit-zero

test: $(VENV)/.dev
	$(BIN)/python -m pytest -n auto --cov --cov-report=term

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev
	$(BIN)/mypy

docs: $(VENV)/.dev
	$(BIN)/python docs/make.py

bench: $(VENV)/.dev
	$(BIN)/python benchmarks/speed.py $(BENCH_DATA)
	$(BIN)/python benchmarks/label_noise.py $(BENCH_DATA)
	$(BIN)/python benchmarks/label_speed.py

models: $(MODELS)/.models

$(MODELS)/.models: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(MODELS)
	$(MODELS)/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[all,dev]"
	touch $@

clean:
	rm -rf $(VENV) $(MODELS) build dist *.egg-info report.html result.json

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: $(VENV)/bin/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	touch $@

$(VENV)/.dev: $(VENV)/.run
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[dev]"
	touch $@
