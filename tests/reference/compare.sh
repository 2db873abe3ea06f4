#!/bin/bash
# Compares the output of `metaconv describe` with the Python reference's, for real files: see compare.py.
#
#   tests/reference/compare.sh [--update-golden] [METACONV]
#
# METACONV is the program to test; without it, //tools:metaconv is built. The files are those of
# //third_party/pypi_files and the fixtures in tests/checkpoint/data. environment.sh makes the Python environment if it
# does not exist.
# The last line is `N passed, N failed`.

set -euo pipefail

here="$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")"
root="${here}/../.."
bazel="${BAZEL:-${root}/bazelw}"

options=()
if [[ "${1:-}" == --update-golden ]]; then
  options+=(--update-golden)
  shift
fi
metaconv="${1:-}"
if [[ -n "${metaconv}" ]]; then
  metaconv="$(readlink -f "${metaconv}")"
fi

python="$("${here}/environment.sh")"

cd "${root}"
targets=(//tests/reference:golden_files)
if [[ -z "${metaconv}" ]]; then
  targets+=(//tools:metaconv)
fi
"${bazel}" build "${targets[@]}" >&2
if [[ -z "${metaconv}" ]]; then
  metaconv="$("${bazel}" info bazel-bin)/tools/metaconv"
fi

files=()
external="$("${bazel}" info output_base)/external"
while read -r label; do  # @pypi_lpips//:lpips/weights/v0.1/alex.pth
  repository="${label#@}"
  repository="${repository%%//*}"
  files+=("pypi/${label#*//:}=${external}/${repository}/${label#*//:}")
done < <("${bazel}" query --output=label 'labels(srcs, //tests/reference:golden_files)' | sort)
for file in tests/checkpoint/data/*; do
  case "${file}" in
    *.md | *.json | *.txt | *.sha256 | */BUILD | *'*') ;;
    *) files+=("${file#tests/checkpoint/}=${file}") ;;
  esac
done

# No bytecode beside the sources.
PYTHONDONTWRITEBYTECODE=1 "${python}" "${here}/compare.py" --metaconv="${metaconv}" "${options[@]}" "${files[@]}"
