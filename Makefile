.DEFAULT_GOAL := help
PORT ?= 5173
export PORT
FUZZ_SECONDS ?= 60
export FUZZ_SECONDS
MINUTES ?= 10

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' Makefile

play: playground ## Build the playground and serve it on PORT (default 5173), installing what is missing
	@www/playground/serve

test: setup-rust setup-node setup-chromium setup-valgrind ## Run every test there is, installing what is missing, Chromium included
	@.ci/test

test-package: setup-chromium wasm ## Try the packed npm package with each bundler, framework and test runner of its README, from the npm registry
	@CHROMIUM_PATH=$$(.ci/find-chromium) npm --prefix www --workspace package run --silent test:matrix

test-engines: setup-engines setup-chromium playground ## Try the built playground in Firefox, WebKitGTK and Chromium; ENGINES=firefox is one of them
	@CHROMIUM_PATH=$$(.ci/find-chromium) FIREFOX_PATH=$$(.ci/find-firefox) npm --prefix www --workspace playground run --silent test:engines

soak: setup-rust ## Run new schedules of faults for MINUTES (default 10), and count them and the faults by kind
	@SOAK=$$(($(MINUTES) * 60)) cargo test --quiet --test simulation

mutants: setup-rust setup-node ## Leave out each rule of tests/mutants in turn, and look which test or schedule notices
	@tests/mutants/run

fuzz: setup-rust ## Fuzz deltas, messages and conversations for FUZZ_SECONDS each (default 60), with the nightly compiler
	@fuzz/run

check: setup-rust setup-node setup-wasm-tools ## Format, clippy, documentation, TypeScript and lint: warnings are errors
	@.ci/check

msrv: setup-rust ## Check the library with the oldest Rust that Cargo.toml promises, installing it if it is missing
	@.ci/msrv

deny: setup-rust ## Hold the dependencies to .ci/deny.toml, installing cargo-deny if it is missing (minutes)
	@.ci/deny

bench: setup-rust setup-node ## Time the native operations: a table and one JSON report
	cargo run --release -p native-bench --bin range-bench -- --ipv4 www/node_modules/@ip-location-db

bench-sync: setup-rust ## Count what synchronisation costs in messages and bytes, into one JSON report
	cargo run --release -p native-bench --bin sync-bench

bench-web: setup-chromium wasm ## Time the npm package in Node and Chromium, beside other CRDT packages
	@npm --prefix www --workspace bench run --silent bench

report: setup-arm setup-chromium wasm ## Measure all there is and make the pages in native-bench/report; SIZES=1000 is a short pass, into target/report
	@native-bench/make-report

# HOST in the environment is something else: some shells put this machine's name there.
bench-arm: setup-arm ## Build it for ARM, prove results and count instructions under qemu; HOST=user@board runs it there
	@native-bench/bench-arm $(if $(filter command,$(origin HOST)),$(HOST))

test-arm: setup-arm ## Run the crate's native tests under qemu on aarch64, armv7 and armv5te
	@.ci/test-arm

wasm: setup-rust setup-node setup-wasm-tools ## Build the optimised wasm module and its glue into www/package/dist
	@www/binding/build

package: wasm ## Pack the npm package into target/
	@mkdir -p target
	cd www && npm pack --workspace package --pack-destination ../target --silent

playground: wasm ## Build the playground into www/playground/dist
	@www/playground/wasm/build
	cd www && npm run build --workspace playground

site: playground ## Put the static site into target/site, playground and documentation; SITE_URL=https://.../ is where it will be, for previews of links
	@www/site

size: wasm ## Print what a browser loads, by the default entry and by the lean one: raw, gzip and brotli bytes
	@echo crdt-range-map: && cd www/package/dist && node ../../binding/size.mjs index.js inlined.js load.js crdt_range_map.js
	@echo crdt-range-map/lean: && cd www/package/dist && node ../../binding/size.mjs lean.js load.js crdt_range_map.js crdt_range_map_bg.wasm

setup: setup-rust setup-node setup-wasm-tools setup-chromium setup-valgrind ## Install all that building and testing needs

setup-rust: ## Install the pinned Rust toolchain and its targets
	@.ci/setup-rust

setup-node: ## Check Node and install the npm packages of www/
	@.ci/setup-node

setup-wasm-tools: setup-rust ## Build wasm-bindgen's command-line tools (once, about 2 minutes)
	@.ci/setup-wasm-tools

setup-chromium: ## Install Chromium and its driver, for the browser tests
	@.ci/setup-chromium

setup-engines: ## Install Firefox, and WebKitGTK with its driver, for the tests in other engines
	@.ci/setup-engines

setup-valgrind: ## Install valgrind, which counts instructions in the growth test
	@.ci/setup-valgrind

setup-arm: ## Install the cross compilers and the emulator that bench-arm and test-arm need
	@.ci/setup-arm

clean: ## Remove what was built (not the installed tools)
	rm -rf target fuzz/target fuzz/corpus fuzz/artifacts www/node_modules www/package/dist www/playground/dist www/bench/dist

# Two installers at once would fight over the same locks.
.NOTPARALLEL:

.PHONY: mutants help play test test-package test-engines soak fuzz check msrv deny bench bench-sync bench-web bench-arm test-arm report wasm package playground site size setup setup-rust setup-node setup-wasm-tools \
	setup-chromium setup-engines setup-valgrind setup-arm clean
