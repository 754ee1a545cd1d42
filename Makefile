# `make` prints this list. Everything runs on the Go toolchain alone; tools are pinned by the tool lines of go.mod.
.DEFAULT_GOAL := help
SHELL := bash
VERSION ?= 0.1.0-dev
LDFLAGS := -s -w -X main.version=$(VERSION)
PKGS := ./...
FUZZTIME ?= 20s

.PHONY: help run build test check lint vet staticcheck format vuln fuzz bench figures crash frames screens cover script demo clean

help: ## print this list
	@awk -F':.*## ' '/^[a-z]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: build ## open the console on a simulated tenant; nothing leaves the machine
	@./bin/cordon demo

demo: run ## the same as run

build: ## build bin/cordon, static and stripped
	@mkdir -p bin
	CGO_ENABLED=0 go build -trimpath -ldflags '$(LDFLAGS)' -o bin/cordon .

test: ## all tests, race detector on, shuffled
	go test -race -shuffle=on -parallel 6 -timeout 9m $(PKGS)

check: lint test ## lint and tests

lint: format vet staticcheck vuln ## gofumpt, vet, staticcheck, govulncheck

format:
	@out=$$(go tool gofumpt -l main.go main_test.go ui client store config); if [ -n "$$out" ]; then echo "not gofumpt'ed:"; echo "$$out"; exit 1; fi

vet:
	go vet $(PKGS)

staticcheck:
	go tool staticcheck $(PKGS)

# The vulnerability database is a web service. Without it nothing is known, so the step says that it was skipped and why.
vuln:
	@out=$$(timeout 120 go tool govulncheck $(PKGS) 2>&1); rc=$$?; \
	if [ $$rc -eq 0 ]; then echo "govulncheck: no reachable vulnerability"; \
	elif grep -q 'govulncheck: fetching vulnerabilities' <<<"$$out" || [ $$rc -eq 124 ]; then \
		echo "govulncheck: SKIPPED, the vulnerability database can not be reached: $$(head -1 <<<"$$out")"; \
	else echo "$$out"; exit $$rc; fi

fuzz: ## run every fuzz target for FUZZTIME (20s)
	@set -e; for pkg in $$(go list $(PKGS)); do \
		for f in $$(go test -list '^Fuzz' $$pkg | grep '^Fuzz' || true); do \
			echo "== $$pkg $$f"; go test -run '^$$' -fuzz "^$$f$$" -fuzztime $(FUZZTIME) $$pkg; done; done

bench: ## benchmarks, in a form that benchstat reads
	go test -run '^$$' -bench . -benchmem -timeout 30m ./store ./ui/grid

# The proofs. The short form takes minutes, LONG=1 the N that docs/reliability.md quotes. What this machine can not prove (strace, root and
# ext4 are needed for parts of it) is printed as "not done", and the command fails.
PROOF = CGO_ENABLED=0 go build -o bin/proof ./client/proof && ./bin/proof $(if $(LONG),-long)

figures: ## all proofs, as a table with N; LONG=1 for the long form
	@mkdir -p bin; $(PROOF)

crash: ## kill, cut off and starve real processes, and count what they lost; LONG=1 for the long form
	@mkdir -p bin; $(PROOF) -only D1

frames: ## rewrite the golden frames, then show what changed
	UPDATE=1 go test ./ui/... -run 'Golden|Frame' -count=1
	@git --no-pager diff --stat -- '*.golden' || true

screens: ## draw the pictures of the documentation from the running program
	@mkdir -p docs/screens
	SCREENS=$(CURDIR)/docs/screens go test ./ui/uitest/e2e -run 'TestScreens_/120x40' -count=1
	@ls docs/screens

script: ## the command-line scripts only
	go test -run TestScript -count=1 ./ui/program

cover: ## statement coverage per package
	go test -coverprofile=coverage.out $(PKGS) >/dev/null; go tool cover -func=coverage.out | tail -1

clean: ## remove what was built
	rm -rf bin coverage.out
