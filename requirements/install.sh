#!/usr/bin/env bash
# Puts one hash-pinned set into .venv: requirements/install.sh local|dev|runtime
# Needs Python >= 3.11 and a package index; prints one sentence when it cannot go on.
set -euo pipefail
cd "$(dirname "$0")/.."
set_name=${1:?"name a set: local, dev or runtime"}
python=${PYTHON:-python3}

fail() { echo "install: $1" >&2; exit 1; }

command -v "$python" >/dev/null || fail "$python was not found; set PYTHON to a Python >= 3.11"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
  || fail "$("$python" --version) is too old; set PYTHON to a Python >= 3.11"
if [ ! -x .venv/bin/pip ]; then
  "$python" -m venv .venv || fail "no virtual environment could be made (on Debian: install python3-venv)"
fi
pip() { .venv/bin/python -m pip --disable-pip-version-check --quiet "$@"; }
hashed=(--require-hashes --only-binary :all:)

if pip install "${hashed[@]}" -r requirements/bootstrap.txt; then
  uv=(.venv/bin/uv pip install --quiet --python .venv/bin/python)
  "${uv[@]}" "${hashed[@]}" --compile-bytecode -r "requirements/$set_name.txt" \
    && "${uv[@]}" --no-deps --no-build-isolation -e .
else
  echo "install: uv cannot be had here; going on with pip alone" >&2
  pip install "${hashed[@]}" -r requirements/build.txt -r "requirements/$set_name.txt" \
    && pip install --no-deps --no-build-isolation -e .
fi || fail "the packages of requirements/$set_name.txt could not be installed"
