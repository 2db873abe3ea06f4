#!/bin/bash
# Holds a runner to golden/recipes.json, which needs no PyTorch for Python: see judge.py.
#
#   recipes_test.sh JUDGE_PY RUNNER

set -euo pipefail

PYTHONDONTWRITEBYTECODE=1 python3 "$1" --golden --runner="$(printf '%q' "$(readlink -f "$2")")"
