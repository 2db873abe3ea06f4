#!/bin/bash
# Compares metaconv with the Python reference on tensors in memory, fixed graphs and random ones: see judge.py.
#
#   tests/reference/judge.sh [RUNNER] [--seed=N] [--count=2000] [--fixed-only] [--recipe=FILE] [--update-golden] …
#
# RUNNER is the program to judge; without it, //tests/reference:recipe_runner is built. environment.sh makes the Python
# environment if it does not exist. The first line is the seed of the random graphs, the time unless --seed is given.
# The last line is `N passed, N failed`.

set -euo pipefail

here="$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")"
root="${here}/../.."
bazel="${BAZEL:-${root}/bazelw}"

runner=""
if [[ $# -gt 0 && "$1" != --* ]]; then
  runner="$(readlink -f "$1")"
  shift
fi

python="$("${here}/environment.sh")"

if [[ -z "${runner}" ]]; then
  runner="$(
    cd "${root}"
    "${bazel}" build //tests/reference:recipe_runner >&2
    echo "$("${bazel}" info bazel-bin)/tests/reference/recipe_runner"
  )"
fi

# No bytecode beside the sources.
PYTHONDONTWRITEBYTECODE=1 "${python}" "${here}/judge.py" --runner="$(printf '%q' "${runner}")" "$@"
