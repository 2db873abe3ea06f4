#!/bin/bash
# Holds the structured logs that TraceFile writes to those of the Python reference: see trace_compare.py.
#
#   tests/reference/trace.sh [RUNNER]
#
# RUNNER is the program to judge; without it, //tests/reference:trace_runner is built. The Python environment is made if
# need be: see environment.sh.
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

# No bytecode beside the sources.
PYTHONDONTWRITEBYTECODE=1 "${python}" "${here}/trace_compare.py" --runner="${runner}"
