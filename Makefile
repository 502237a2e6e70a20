# Handschlag: the commands of daily work. `make help` lists them.
#
# What is compiled, and how often: unit tests and fuzz targets once, by clang with sanitizers (build/dev); the binary once
# more, by g++ and optimised (build/release), without the tests, which the end-to-end tests then drive. Both compile the
# sources of a folder several at a time (docs/adr/0045). clang-tidy reads every source a third time, so it is `make lint`
# and not part of `make test`: on two cores it takes about as long as all the rest. What is cheap of it (format, house
# rules, API description) is part of both.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

JOBS ?= $(shell nproc)
LISTEN ?= 127.0.0.1:8080
DATA ?= demo-data
KILLS ?= 200
MODEL_STEPS ?= 5000
MODEL_SEED ?= $(shell date +%s)

BINARY := build/release/handschlag
# Starts a PostgreSQL of its own on a free port for the command that follows.
WITH_POSTGRES := src/platform/db/testing/with_postgres
# One more than there are cores: many tests wait for a clock or a browser.
CTEST := ctest --test-dir build/dev --output-on-failure -j$$(($(JOBS) + 1))
SOURCES = $$(find src bench -name '*.cc' -o -name '*.h')

.NOTPARALLEL:
.PHONY: help setup dev release demo test check e2e faults lint lint-quick clang-tidy format model bench fuzz package package-test api clean

help:  ## Lists these commands
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## */\1\t/' | expand -t 14

setup:  ## Installs what is missing (Debian 12; root or sudo)
	@tools/setup

dev: setup  ## Builds everything for tests, with address and undefined-behaviour sanitizers
	cmake --preset dev --log-level=WARNING
	cmake --build --preset dev -j$(JOBS)

release: setup  ## Builds the binary that is shipped: build/release/handschlag
	cmake --preset release --log-level=WARNING
	cmake --build --preset release -j$(JOBS) --target handschlag

demo: release  ## Fills demo-data with a made-up company, serves it on http://127.0.0.1:8080, says what to try
	exec $(BINARY) demo --data $(DATA) --listen $(LISTEN)

# One run of ctest for all, so that its closing lines count every test.
test: setup lint-quick dev release  ## Everything: house rules, unit tests, end-to-end tests on the release binary
	$(WITH_POSTGRES) $(CTEST)

check: setup lint-quick dev  ## The quick part of `make test`: no release build, no end-to-end tests
	$(WITH_POSTGRES) $(CTEST) --label-exclude e2e

e2e: setup dev release  ## The end-to-end tests alone
	$(WITH_POSTGRES) $(CTEST) --label-regex e2e

# The same tests are part of `make test` with a few rounds each. KILLS: rounds of kill -9 on each kind of storage.
faults: setup release  ## Long: kills, full disks, databases that go, clocks that jump, 10,000 slow connections
	$(WITH_POSTGRES) .venv/bin/python -m pytest tests/faults -s --kills $(KILLS) --durations=0

lint: lint-quick clang-tidy  ## Format, house rules, API description and clang-tidy

lint-quick: setup
	@clang-format-19 --dry-run -Werror $(SOURCES)
	@tools/tidy
	@tools/api --check

clang-tidy: setup  ## clang-tidy over the sources that changed since it last passed
	cmake --preset tidy --log-level=WARNING
	tools/clang-tidy --build build/tidy --jobs $(JOBS)

format:  ## Formats the C++ sources in place
	clang-format-19 -i $(SOURCES)

model: setup dev  ## A long run of the model test, with a seed of its own each time; MODEL_STEPS, MODEL_SEED
	HANDSCHLAG_MODEL_STEPS=$(MODEL_STEPS) HANDSCHLAG_MODEL_SEED=$(MODEL_SEED) \
	  $(WITH_POSTGRES) build/dev/src/app/testing/model_test --gtest_filter='*AnySequence*'

bench: setup  ## Measures everything against the goals (about 20 minutes) and writes docs/sizing.md
	cmake --preset release --log-level=WARNING
	cmake --build --preset release -j$(JOBS) --target handschlag handschlag_load handschlag_raw \
		handschlag_erase_bench bench
	$(WITH_POSTGRES) .venv/bin/python bench/run

package: release  ## Builds the Debian package: build/package/handschlag_*.deb
	packaging/build $(BINARY) build/package

package-test: release  ## Installs and starts the package in a clean Debian 12 (root, network, minutes)
	packaging/test $(BINARY)

FUZZ_SECONDS ?= 60

fuzz: setup  ## Fuzzes every target for a minute; FUZZ_SECONDS=600 for longer
	cmake --preset dev --log-level=WARNING
	cmake --build --preset dev -j$(JOBS) --target fuzzers
	tools/fuzz --seconds $(FUZZ_SECONDS) --jobs $(JOBS)

api: setup  ## Writes api/openapi.json from the api.yaml of every slice
	tools/api

clean:  ## Deletes what was built and the demo's data; keeps .venv and node_modules
	rm -rf build demo-data demo-data.keys .cache
