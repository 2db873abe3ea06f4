#!/bin/bash
# Runs reporting/report.py, with the Python environment of the reference if there is one.
#
#   report.sh REPORT_PY FLAG...

set -euo pipefail

report="$1"
shift

has() { [[ " $flags " == *" $1 "* ]]; }
flags="$*"

# Whether any environment exists. environment.sh makes a new one if the requirements have changed since.
made_before() {
  [[ -n "${METACONV_REFERENCE_PYTHON:-}" ]] ||
    compgen -G "${METACONV_CACHE:-${XDG_CACHE_HOME:-${HOME}/.cache}/metaconv}/reference/*/bin/python" > /dev/null
}

python=python3
if ! has --no-reference && { has --make-reference || made_before; }; then
  python="$("${BUILD_WORKSPACE_DIRECTORY:-.}/tests/reference/environment.sh")"
  set -- --python="$python" "$@"
fi

PYTHONDONTWRITEBYTECODE=1 exec "$python" "$report" "$@"
