#!/usr/bin/env bash
# Makes the hash-pinned sets anew from pyproject.toml. The sets hold no addresses.
set -euo pipefail
cd "$(dirname "$0")/.."
compile() { uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --quiet "$@"; }
compile requirements/build.in -o requirements/build.txt
compile requirements/bootstrap.in -o requirements/bootstrap.txt
compile pyproject.toml --extra probe --extra ingest --extra alerting --extra reporting --extra cli -o requirements/runtime.txt
compile pyproject.toml --extra local -o requirements/local.txt
compile pyproject.toml --extra local --extra dashboards --group dev -o requirements/dev.txt
