#!/usr/bin/env bash
# Says which packages of deploy/debian-packages.txt are missing here, and fails when one is.
set -euo pipefail
cd "$(dirname "$0")"
missing=()
while read -r package; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
done < <(grep -v '^#' debian-packages.txt)
if [ ${#missing[@]} -gt 0 ]; then
  echo "test-system: missing packages of the distribution: ${missing[*]} (apt-get install --no-install-recommends ${missing[*]})" >&2
  exit 1
fi
