# make demo   train a network of a paper in a minute or two and look at the report
# make test   build and run all tests
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := build

SWIFT ?= swift
PYTHON ?= python3
PREFIX ?= /usr/local
PROGRAM = .build/release/synfire
DEMO = runs/demo

.PHONY: deps deps-mujoco demo build test lint bench scaling crosscheck docs install

# Installs the system libraries that are missing; silent when all is there.
deps:
	@Scripts/install-dependencies

# Fetches the physics engine MuJoCo and models of bodies; silent when all is there.
deps-mujoco:
	@PYTHON=$(PYTHON) Scripts/fetch-mujoco

build: deps
	$(SWIFT) build -c release

# The same flags and folder as build: without the last option every module would be compiled anew
# for @testable imports, which no test here uses.
test: deps
	@python=$$(Scripts/python-for-tests); \
	  if [[ -n $$python ]]; then export SYNFIRE_PYTHON=$$python; fi; \
	  $(SWIFT) test -c release --disable-testable-imports --disable-xctest

demo: build
	@rm -rf $(DEMO)
	$(PROGRAM) train smnn/context --out $(DEMO)
	@Scripts/open-report $(DEMO)/report.html

lint:
	$(SWIFT) format lint --strict --recursive Sources Tests Examples Benchmarks Package.swift

# Synfire and PyTorch on the same work in the same run.
bench: build
	Benchmarks/compare

# How the time of a training step grows with steps, neurons, trials and spikes.
scaling: deps
	Benchmarks/scaling

# Gradients of random networks against automatic differentiation in PyTorch.
crosscheck: build
	Benchmarks/compare --crosscheck $(PROGRAM)

docs: build
	Scripts/build-documentation

install: build
	install -d $(DESTDIR)$(PREFIX)/bin
	install -m 755 $(PROGRAM) $(DESTDIR)$(PREFIX)/bin/synfire
