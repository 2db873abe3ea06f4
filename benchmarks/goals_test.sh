#!/bin/bash
# Runs reporting/goals_test.py with the driver's list of works.
#
#   goals_test.sh GOALS_TEST_PY DRIVER

set -euo pipefail

"$2" --list > "${TEST_TMPDIR:?}/works"
PYTHONDONTWRITEBYTECODE=1 python3 "$1" "${TEST_TMPDIR}/works"
