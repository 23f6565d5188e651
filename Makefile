# Everything that one does with Holdfast. `make help` lists it.
SHELL := /bin/bash
GO    ?= go
BIN   := bin/holdfast
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS := -s -w -X main.version=$(VERSION)
export CGO_ENABLED ?= 0

.DEFAULT_GOAL := help
.PHONY: help try test unit race fuzz scripts soak browser chaos bench comparison conformance lint release build

help: ## this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-11s %s\n", $$1, $$2}'

build: ## the static binary, bin/holdfast
	@$(GO) build -trimpath -ldflags '$(LDFLAGS)' -o $(BIN) ./cmd/holdfast

try: build ## a simulated Slack workspace with the assistant in it: open the address that it prints
	@$(BIN) sandbox

test: lint unit scripts ## all that must be green: lint, tests, scripts on the real binary

# One package at a time, and long enough: several browsers and thousands of streams
# at once are more than two cores can show in time, and a busy machine is slow, not wrong.
PATIENT := -p 1 -timeout 40m

unit: ## tests of the packages
	$(GO) test $(PATIENT) ./internal/... ./cmd/...

race: ## the same under the race detector, scripts included (needs a C compiler)
	CGO_ENABLED=1 $(GO) test $(PATIENT) -race ./...

scripts: ## scenarios that start, kill and restart the real binary
	$(GO) test $(PATIENT) .

soak: ## the long scenarios: 100 kills on each database, a stall of 40 s (half an hour); figures into dist/
	@mkdir -p dist
	HOLDFAST_SOAK=1 HOLDFAST_KILLS=100 HOLDFAST_REPORT=$(CURDIR)/dist $(GO) test -count=1 -timeout 90m -run 'TestSoak|TestScripts/kills' .
	@cat dist/kills-*.md

FUZZTIME ?= 30s
fuzz: ## each fuzz target for FUZZTIME (30s)
	@set -e; for p in $$($(GO) list ./internal/...); do \
	  for f in $$($(GO) test -list '^Fuzz' $$p | grep '^Fuzz' || true); do \
	    echo "$$p $$f"; $(GO) test -run '^$$' -fuzz "^$$f$$" -fuzztime $(FUZZTIME) $$p; \
	  done; done

CHAOS ?= --turns 2000
chaos: build ## a fleet of real processes under faults from a new seed, on SQLite and on PostgreSQL (CHAOS: its flags)
	$(BIN) chaos --store sqlite $(CHAOS)
	$(BIN) chaos --store postgres $(CHAOS)

bench: ## benchmarks, with memory
	$(GO) test -run '^$$' -bench . -benchmem ./internal/... .

comparison: build ## bench beside a plain Bolt bot, into docs/performance.md (half an hour; Node)
	@conformance/bolt-bot/compare.sh && node conformance/bolt-bot/summary.js dist/bench docs/performance.md

conformance: ## the official clients of Slack and OpenAI, and their schemas, against the simulators (Node, npm, Python's pip)
	@node conformance/run.js

lint: ## formatting and vet
	@f=$$(gofmt -l cmd internal *.go); if [ -n "$$f" ]; then echo "run gofmt on:"; echo "$$f"; exit 1; fi
	$(GO) vet ./...

release: ## static binaries for all platforms, with checksums, in dist/
	@rm -rf dist; mkdir -p dist; set -e; \
	for t in linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64; do \
	  os=$${t%/*}; arch=$${t#*/}; ext=; [ $$os = windows ] && ext=.exe; \
	  out=dist/holdfast-$$os-$$arch$$ext; echo $$out; \
	  GOOS=$$os GOARCH=$$arch $(GO) build -trimpath -ldflags '$(LDFLAGS)' -o $$out ./cmd/holdfast; \
	done; cd dist && sha256sum * > SHA256SUMS
