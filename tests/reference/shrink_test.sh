#!/bin/bash
# See shrink_test.py.
#
#   shrink_test.sh SHRINK_TEST_PY

set -euo pipefail

PYTHONDONTWRITEBYTECODE=1 python3 "$1"
