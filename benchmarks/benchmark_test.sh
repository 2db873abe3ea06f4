#!/bin/bash
# Tests that a benchmark program runs, for the shortest possible time.
#
#   benchmark_test.sh PROGRAM [FLAG...]

set -euo pipefail

program="$1"
shift
# After an error, Google Benchmark prints it in the row, continues, and exits with 0.
if ! output="$("${program}" --benchmark_min_time=0.001 --benchmark_color=false "$@" 2>&1)" ||
  grep -qE 'ERROR|Failed to match' <<< "${output}" || ! grep -qE '[0-9] ns|[0-9] us|[0-9] ms' <<< "${output}"; then
  echo "${output}"
  exit 1
fi
