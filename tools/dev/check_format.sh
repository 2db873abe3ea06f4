#!/bin/bash
# Checks that clang-format would not change any C++ file. To format them: tools/dev/check_format.sh --fix
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

arguments=(--dry-run -Werror)
[[ ${1:-} == --fix ]] && arguments=(-i)
git ls-files -z --cached --others --exclude-standard -- '*.cc' '*.h' '*.cu' '*.cuh' |
  xargs -0 -r clang-format "${arguments[@]}"
