# The doors of the project. Each target does its own set-up inside this folder, in .venv and .tox.
# Needed on the machine: python3 (3.11 or later, with venv), git and make.

PYTHON ?=
REPEAT ?= 10
STEADY ?= 20
BUSY ?= 0
JOBS ?= 2
SOAK ?= 200000
SEED ?= 7
FUZZ_S ?= 600
FUZZ_KEEP ?=
BENCH ?=

# pyenv's shims answer for a Python that is not switched on, and tox passes over them: the real folders go at the end of PATH.
empty :=
PYENV_BINS := $(wildcard $(or $(PYENV_ROOT),$(HOME)/.pyenv)/versions/[23].*/bin)
export PATH := $(PATH)$(subst $(empty) $(empty),,$(addprefix :,$(PYENV_BINS)))

# An unbuffered Python worker is up to twenty times slower; nobody who runs these targets meant that.
unexport PYTHONUNBUFFERED
# What another project's shell left behind would be imported in place of ours.
unexport PYTHONPATH PYTHONHOME VIRTUAL_ENV

# Whether C that includes Python.h can be compiled for the Python that runs it.
COMPILES := import pathlib, shutil, sys, sysconfig; \
  sys.exit(not (shutil.which(sysconfig.get_config_var("CC").split()[0]) and pathlib.Path(sysconfig.get_path("include"), "Python.h").exists()))
NO_COMPILER := no C compiler or no Python.h here (Debian: apt-get install gcc python3-dev)

# It runs several workers at a time by itself.
SIDE_BY_SIDE := tests/test_wrong_workers.py

VENV := .venv
BIN := $(VENV)/bin

.PHONY: help demo test lint typing floors repeat steady storm soak faults matrix masters fuzz bench clean
.DELETE_ON_ERROR:

help: ## this text
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-8s %s\n", $$1, $$2}' Makefile

demo: $(VENV)/installed ## install into .venv, prove two workers, then do the main job on real input
	@printf '\n== The reference Python worker, pickle ==\n'
	$(BIN)/spread-jobs-conform -- $(BIN)/python workers/python/worker.py
	@printf '\n== The reference Python worker, JSON ==\n'
	$(BIN)/spread-jobs-conform --codec json -- $(BIN)/python workers/python/worker.py --codec json
	@printf '\n== A plain Linux command as a worker ==\n'
	$(BIN)/spread-jobs-conform --class command -- ls -l
	@printf '\n== The main job: every source file of the standard library, a worker a core ==\n'
	$(BIN)/python examples/wordcount.py

test: $(VENV)/tox ## everything that CI checks: lint, typing, floors, tests on every Python here, coverage
	@if $(BIN)/python -c '$(COMPILES)'; then $(BIN)/tox run; \
	else TOX_SKIP_ENV=compiled $(BIN)/tox run; status=$$?; echo "SKIP compiled: $(NO_COMPILER)"; exit $$status; fi

lint: $(VENV)/tox ## ruff: lint and format
	$(BIN)/tox run -e lint

typing: $(VENV)/tox ## mypy --strict
	$(BIN)/tox run -e typing

floors: $(VENV)/tox ## imports go only downward
	$(BIN)/tox run -e floors

repeat: $(VENV)/tests ## the test suite REPEAT times (10), beside BUSY busy loops (0); stops at the first failure and says which round
	@busy=; trap 'kill $$busy 2>/dev/null' EXIT; \
	for loop in $$(seq $(BUSY)); do (while :; do :; done) & busy="$$busy $$!"; done; \
	round=1; while [ $$round -le $(REPEAT) ]; do \
	  echo "== round $$round of $(REPEAT) =="; export PYTHONHASHSEED=$$round; \
	  { $(BIN)/python -m pytest -q -n $(JOBS) --dist worksteal --ignore $(SIDE_BY_SIDE) && $(BIN)/python -m pytest -q $(SIDE_BY_SIDE); } \
	    || { echo "FAILED in round $$round of $(REPEAT)"; exit 1; }; \
	  round=$$((round + 1)); \
	done; echo "all $(REPEAT) rounds passed"

steady: $(VENV)/installed ## the kit on all workers that it ships with, STEADY times (20), beside a busy loop a core: nothing falsely red or green
	@busy=; trap 'kill $$busy 2>/dev/null' EXIT; \
	for loop in $$(seq $$(nproc)); do (while :; do :; done) & busy="$$busy $$!"; done; \
	round=1; while [ $$round -le $(STEADY) ]; do \
	  echo "== round $$round of $(STEADY) =="; \
	  for way in '' '--codec json' '--dialect untagged'; do \
	    echo "reference worker $$way"; \
	    $(BIN)/spread-jobs-conform -q $$way -- $(BIN)/python workers/python/worker.py $$way || exit 1; \
	  done; \
	  $(BIN)/spread-jobs-conform -q --class command -- ls -l || exit 1; \
	  $(BIN)/spread-jobs-conform selftest >$(VENV)/steady.log || { cat $(VENV)/steady.log; exit 1; }; \
	  tail -n 2 $(VENV)/steady.log; \
	  round=$$((round + 1)); \
	done; echo "all $(STEADY) rounds passed"

storm: $(VENV)/installed ## kill workers at random, ten a second for a minute: every task ends exactly once
	$(BIN)/python tests/storm.py 2>$(VENV)/storm.log

soak: $(VENV)/installed ## SOAK tasks (200000) on 8 workers that misbehave all the time (SEED, 7), some twelve minutes: each is answered once, rightly
	$(BIN)/python tests/soak.py --tasks $(SOAK) --seed $(SEED) 2>$(VENV)/soak.log

faults: $(VENV)/tests ## write docs/faults.md anew: every fault scenario is run
	$(BIN)/python tests/faults/write_table.py

matrix: $(VENV)/installed ## write docs/kill-matrix.md: every case on every wrong worker, in some fifteen minutes on two processors
	$(BIN)/spread-jobs-conform selftest --matrix docs/kill-matrix.md

masters: $(VENV)/installed ## write docs/master-matrix.md: every case for masters on every wrong master, in some fifteen minutes
	$(BIN)/python tests/masters/write_matrix.py docs/master-matrix.md

fuzz: $(VENV)/fuzz ## FUZZ_S seconds (600) of coverage-guided fuzzing of what reads a worker's bytes; FUZZ_KEEP=--keep renews fuzz/corpus
	$(BIN)/python fuzz/run.py $(FUZZ_S) .fuzz $(FUZZ_KEEP)

bench: $(VENV)/bench $(VENV)/compiled ## measure speed against peers, a quarter of an hour, into benchmarks/RESULTS.md; BENCH=--quick: three minutes
	SPREADJOBS_BENCH_COMPILED=$$(cat $(VENV)/compiled) $(BIN)/python benchmarks/run_all.py $(BENCH)

clean: ## remove all that these targets made
	rm -rf .venv .tox .fuzz .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist .coverage .coverage.*
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
	rm -f *__mypyc*.so spreadjobs/*.so

$(VENV)/made: .ci/venv
	sh .ci/venv $(VENV) $(PYTHON)
	@touch $@

$(VENV)/installed: $(VENV)/made pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/tox: $(VENV)/made
	$(BIN)/python -m pip install --quiet --disable-pip-version-check 'tox>=4.22'
	@touch $@

# pip knows dependency groups since 25.1.
$(VENV)/tests: $(VENV)/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --group tests
	@touch $@

$(VENV)/fuzz: $(VENV)/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --group fuzz
	@touch $@

$(VENV)/bench: $(VENV)/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --group bench
	@touch $@

# The package as HATCH_BUILD_HOOK_ENABLE_MYPYC=true makes it, in a folder of its own, the name of which is in the file. Not built in this
# folder: what is compiled in here would be imported in place of the sources.
$(VENV)/compiled: $(VENV)/bench pyproject.toml $(wildcard spreadjobs/*.py)
	@if $(BIN)/python -c '$(COMPILES)'; then \
	  rm -rf $(VENV)/sdist $(VENV)/compiled-package && $(BIN)/python -m build --sdist --outdir $(VENV)/sdist . >$(VENV)/sdist.log && \
	  HATCH_BUILD_HOOK_ENABLE_MYPYC=true $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps \
	    --target $(VENV)/compiled-package $(VENV)/sdist/*.tar.gz && echo "$(CURDIR)/$(VENV)/compiled-package" >$@; \
	else echo "nothing compiled is measured: $(NO_COMPILER)"; : >$@; fi
