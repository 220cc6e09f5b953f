# Each target provides what it needs, then calls cargo. `make help` lists them.

PYTHON ?= python3
TARGET := $(abspath $(or $(CARGO_TARGET_DIR),target))
DATA   := $(or $(XDG_DATA_HOME),$(HOME)/.local/share)
INSTALLED := $(or $(CARGO_INSTALL_ROOT),$(CARGO_HOME),$(HOME)/.cargo)/bin

# A fresh rustup is found before the next login.
export PATH := $(PATH):$(or $(CARGO_HOME),$(HOME)/.cargo)/bin

# Where the installed worker's libtorch is kept; src/torch/build.rs adds it to the worker's search path. Set for every target so that
# changing from one to another links nothing again.
export BGH_LIBTORCH_KEPT := $(DATA)/bgh/libtorch-2.11.0

with_libtorch = LIBTORCH="$$($(PYTHON) scripts/libtorch.py)" && export LIBTORCH

.PHONY: help study build test test-cluster simulation bench fuzz install clean-all tools libtorch
.SILENT:

help:
	echo 'make study      fetch libtorch, build, run experiments/study.toml; the report is in reports/'
	echo 'make test       run every test'
	echo 'make test-cluster  run the tests of the cluster on a Slurm that is started here; installs it where it is missing'
	echo 'make simulation write the tables and figures of docs/simulation.md'
	echo 'make install    install bgh and bgh-torch for this user'
	echo 'make build      release build of both, in target/release'
	echo 'make bench      benchmarks of bgh'
	echo 'make fuzz       fuzz the readers of weight files, DICOM and labels, FUZZ_SECONDS (240) each'
	echo 'make clean-all  remove what was built and fetched; cache/ and reports/ stay'
	echo 'LIBTORCH=DIR names a libtorch 2.11.0 of your own; else an installed PyTorch 2.11.0 is used, else one is fetched.'

study: build
	$(TARGET)/release/bgh run experiments/study.toml

build: tools
	$(with_libtorch) && cargo build --locked --release --workspace

# Tests of `bgh` start the worker, so it is built first; with the tests, because then the features of all dependencies agree and
# nothing is built twice.
test: tools
	$(PYTHON) -m unittest discover --start-directory scripts
	$(with_libtorch) && cargo build --locked --workspace --bins --tests
	$(with_libtorch) && BGH_TORCH=$(TARGET)/debug/bgh-torch cargo test --locked --workspace --no-fail-fast

# A real Slurm on the loopback interface, one a test. One after the other: each takes its time to notice that a node is gone. Networks are
# trained there too, so the worker is built first. Then the remote cache against an S3: the one that BGH_S3_ENDPOINT names (with a bucket
# `cache`), else one that is started here.
test-cluster: tools
	$(PYTHON) scripts/cluster.py install accounts
	$(with_libtorch) && cargo build --locked --workspace --bins --test slurm --test remote
	$(with_libtorch) && BGH_NEEDS_SLURM=1 BGH_TORCH=$(TARGET)/debug/bgh-torch cargo test --locked --workspace --test slurm -- --test-threads=1
	$(with_libtorch) && $(PYTHON) scripts/bucket.py cargo test --locked --workspace --test remote

# What a run would be on clusters that nobody has at hand.
simulation: tools
	cargo test --locked --package bgh --lib -- --ignored simulate::account::the_documentation_is_written

bench: tools
	cargo bench --locked --package bgh

# libFuzzer on stable Rust: the coverage that it steers by. No sanitizer: the readers' own code is safe Rust, and of what they stand on only the
# decoder of JPEG 2000, openjp2, has unsafe code, translated from C; what it does wrong shows as a crash or as memory held. FUZZ_DICOM names a
# folder of real files to begin with, FUZZ_PYTHON a Python with pydicom.
FUZZ_SECONDS ?= 240
FUZZ_FORMATS := caffemodel pth safetensors
FUZZ_DICOM   ?=
FUZZ_PYTHON  ?= python3
FUZZ_TARGET  := x86_64-unknown-linux-gnu
FUZZ_FLAGS   := --cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
	-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
	-Cllvm-args=-sanitizer-coverage-trace-compares

fuzz: tools
	cd fuzz && RUSTFLAGS="$(FUZZ_FLAGS)" cargo build --release --target $(FUZZ_TARGET)
	set -e; for format in $(FUZZ_FORMATS); do \
		mkdir -p fuzz/corpus/$$format fuzz/artifacts; cp tests/weights/*.$$format fuzz/corpus/$$format/; \
		fuzz/target/$(FUZZ_TARGET)/release/$$format -max_total_time=$(FUZZ_SECONDS) -artifact_prefix=fuzz/artifacts/ fuzz/corpus/$$format; \
	done
	$(FUZZ_PYTHON) scripts/fuzz_corpus.py fuzz/corpus/seeds/dicom $(FUZZ_DICOM)
	$(PYTHON) scripts/fuzz_labels.py fuzz/corpus/seeds/labels
	set -e; for target in dicom_header dicom_pixels labels; do \
		mkdir -p fuzz/corpus/$$target fuzz/artifacts; \
		fuzz/target/$(FUZZ_TARGET)/release/$$target -max_total_time=$(FUZZ_SECONDS) -timeout=10 -rss_limit_mb=2048 -artifact_prefix=fuzz/artifacts/ \
			fuzz/corpus/$$target fuzz/corpus/seeds/$${target%_*}; \
	done

# Two copies of libtorch but one build: the worker is linked with the clone's and looks for the kept one when the clone is gone. The
# last line holds the worker to that.
install: tools
	$(PYTHON) scripts/libtorch.py --keep "$(BGH_LIBTORCH_KEPT)" >/dev/null
	cargo install --locked --path .
	$(with_libtorch) && cargo install --locked --path src/torch
	grep -qF "$(BGH_LIBTORCH_KEPT)/lib" "$(INSTALLED)/bgh-torch" || { echo 'error: $(INSTALLED)/bgh-torch needs this clone to stay where it is' >&2; exit 1; }

clean-all:
	rm -rf "$(TARGET)" .libtorch

libtorch: tools
	$(PYTHON) scripts/libtorch.py

tools:
	command -v cargo >/dev/null || { echo 'error: cargo is missing; install Rust 1.95 or newer with rustup' >&2; exit 1; }
	command -v c++ >/dev/null || { echo 'error: c++ is missing; on Debian or Ubuntu: apt install g++' >&2; exit 1; }
	command -v $(PYTHON) >/dev/null || { echo 'error: $(PYTHON) is missing; on Debian or Ubuntu: apt install python3 python3-pip' >&2; exit 1; }
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 9))' || { echo 'error: $(PYTHON) is too old; name a Python 3.9 or newer: make PYTHON=…' >&2; exit 1; }
