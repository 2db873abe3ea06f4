#!/bin/bash
# Checks that tlparse reads a log of the fixed recipes: see tlparse_check.py.
#
#   tlparse_test.sh TLPARSE_CHECK_PY RUNNER TLPARSE

set -euo pipefail

PYTHONDONTWRITEBYTECODE=1 python3 "$@"
