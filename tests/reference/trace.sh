#!/bin/bash
# Compares the structured logs of TraceFile with those of the Python reference: see trace_compare.py.
#
#   tests/reference/trace.sh [RUNNER]
#
# RUNNER is the program to test; without it, //tests/reference:trace_runner is built. The Python environment is created
# if it does not exist: see environment.sh.
# The last line is `N passed, N failed`.

set -euo pipefail

here="$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")"
root="${here}/../.."
bazel="${BAZEL:-${root}/bazelw}"

python="$("${here}/environment.sh")"

if [[ $# -gt 0 ]]; then
  runner="$(readlink -f "$1")"
else
  runner="$(
    cd "${root}"
    "${bazel}" build //tests/reference:trace_runner >&2
    echo "$("${bazel}" info bazel-bin)/tests/reference/trace_runner"
  )"
fi

# Writes no bytecode to the source tree.
PYTHONDONTWRITEBYTECODE=1 "${python}" "${here}/trace_compare.py" --runner="${runner}"
