PYTHON ?= python3
BIN := .venv/bin
READY := .venv/ready

.PHONY: help setup demo lab test lint bench pictures clean
help:  ## list what can be made
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## */\t/' | expand -t 10

setup: $(READY)  ## make .venv with the tested versions

$(READY): pyproject.toml constraints.txt binder/install
	@echo "Setting up .venv (a few minutes, once) ..."
	@$(PYTHON) -m venv .venv
	@sh binder/install $(BIN)/python dev
	@touch $@

demo: $(READY)  ## search hybrid networks on the embedded digits against fake_kyiv, about a minute
	@$(BIN)/python -m hybhanas_jupyter.demo

lab: $(READY)  ## open JupyterLab on the quickstart notebook
	@$(BIN)/jupyter lab notebooks/quickstart.ipynb

lint: $(READY)  ## style, types, layers
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	PYTHONPATH=. $(BIN)/lint-imports --no-cache

test: lint  ## everything that must pass: style, types, layers, tests, notebooks, browser
	$(BIN)/python -m pytest -n 2 --dist loadscope

bench: $(READY)  ## the short benchmarks, about ten minutes in all; benchmarks/ holds the long ones too
	@for name in costs_makespan costs_speed training_quantum_layer training_step training_start search_scaling \
			magics_overhead measured; do \
		echo "== $$name"; $(BIN)/python benchmarks/$$name.py || exit 1; \
	done

pictures: $(READY)  ## take README's pictures of %%qcost anew
	$(BIN)/python -m tests.browser.pictures

clean:  ## remove .venv and what demo and tests leave behind
	rm -rf .venv artifacts runs.db* front.png front.html
