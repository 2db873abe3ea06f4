#!/bin/bash
# Runs a benchmark for as short as it goes: that it runs, not how fast.
#
#   benchmark_test.sh PROGRAM [FLAG...]

set -euo pipefail

program="$1"
shift
# Google Benchmark goes on after an error, says so in the row, and exits with 0.
if ! output="$("${program}" --benchmark_min_time=0.001 --benchmark_color=false "$@" 2>&1)" ||
  grep -qE 'ERROR|Failed to match' <<< "${output}" || ! grep -qE '[0-9] ns|[0-9] us|[0-9] ms' <<< "${output}"; then
  echo "${output}"
  exit 1
fi
