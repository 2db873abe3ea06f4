#!/bin/bash
# Compares a runner's answers with golden/recipes.json, without PyTorch for Python: see judge.py.
#
#   recipes_test.sh JUDGE_PY RUNNER

set -euo pipefail

PYTHONDONTWRITEBYTECODE=1 python3 "$1" --golden --runner="$(printf '%q' "$(readlink -f "$2")")"
