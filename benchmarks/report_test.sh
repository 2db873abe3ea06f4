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

grep -q '^| convert_all/first | tiny' "${TEST_TMPDIR}/report.md" || fail "the times of whole models are missing"

# Only chosen benchmarks: prints them with their baselines, and writes no files.
mkdir "${TEST_TMPDIR}/chosen"
report "$@" --quick --sizes=100 --works='convert_all/f*,threads/same/both/*' --graphs=tiny \
  --output="${TEST_TMPDIR}/chosen" > "${TEST_TMPDIR}/stdout"
grep -q '^| convert_all/first | tiny' "${TEST_TMPDIR}/stdout" || fail "--works: the chosen benchmark is missing"
grep -q 'convert/by_hand' "${TEST_TMPDIR}/stdout" || fail "--works: its baseline is missing"
grep -q '^| throughput of 2 threads, the same' "${TEST_TMPDIR}/stdout" || fail "--works: the goal is missing"
! grep -q 'describe' "${TEST_TMPDIR}/stdout" || fail "--works: other benchmarks were measured"
[[ -z "$(ls "${TEST_TMPDIR}/chosen")" ]] || fail "--works: expected no files"

# The same report.json gives the same report.md.
report "$@" --from="${TEST_TMPDIR}/report.json" --output="${TEST_TMPDIR}/again"
cmp "${TEST_TMPDIR}"/{,again/}report.md

status=0
report "$@" --sizes=none 2> "${TEST_TMPDIR}/usage" || status=$?
[[ "${status}" == 2 ]] || fail "wrong flags: expected exit status 2, found ${status}"
grep -q '^usage:' "${TEST_TMPDIR}/usage" || fail "wrong flags: no usage"
