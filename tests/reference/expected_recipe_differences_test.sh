#!/bin/bash
# See expected_recipe_differences_test.py.
#
#   expected_recipe_differences_test.sh EXPECTED_RECIPE_DIFFERENCES_TEST_PY RUNNER

set -euo pipefail

PYTHONDONTWRITEBYTECODE=1 python3 "$1" "$2"
