#!/bin/bash
# Compares metaconv's document about one file with the Python reference's golden one: see documents.py.
#
#   golden_test.sh METACONV FILE NAME GOLDEN

set -euo pipefail

metaconv="$1" file="$2" name="$3" golden="$4"
here="$(dirname "${golden}")/.."

"${metaconv}" describe "${file}" --format=json --map-location=cpu > "${TEST_TMPDIR}/ours.json"
PYTHONDONTWRITEBYTECODE=1 python3 "${here}/documents.py" \
  --file="${name}" --expected="${here}/expected_differences.json" "${golden}" "${TEST_TMPDIR}/ours.json"
