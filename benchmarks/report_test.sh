#!/bin/bash
# Tests that the report runs, without the reference and without plots.
#
#   report_test.sh REPORT_PY FLAG...

set -euo pipefail

fail() {
  echo "$1" >&2
  exit 1
}

report() { PYTHONDONTWRITEBYTECODE=1 python3 "$@"; }

report "$@" --quick --sizes=100 --output="${TEST_TMPDIR}"
grep -q '^| convert dense tensors, first time' "${TEST_TMPDIR}/report.md" || fail "the table of goals is missing"

# The same report.json gives the same report.md.
report "$@" --from="${TEST_TMPDIR}/report.json" --output="${TEST_TMPDIR}/again"
cmp "${TEST_TMPDIR}"/{,again/}report.md

status=0
report "$@" --sizes=none 2> "${TEST_TMPDIR}/usage" || status=$?
[[ "${status}" == 2 ]] || fail "wrong flags: expected exit status 2, found ${status}"
grep -q '^usage:' "${TEST_TMPDIR}/usage" || fail "wrong flags: no usage"
