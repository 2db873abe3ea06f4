#!/bin/bash
# Makes the Python environment of the reference, once per machine, and prints its interpreter.
#
#   tests/reference/environment.sh
#
# Takes a minute and 5.4 GB the first time, since PyPI's torch depends on CUDA. The environment is kept in
# METACONV_CACHE, else in XDG_CACHE_HOME/metaconv, else in ~/.cache/metaconv, and used without a network afterwards. An
# interrupted installation leaves no environment. METACONV_REFERENCE_PYTHON=/path/to/python uses another interpreter: it
# must have the packages of requirements.txt.

set -euo pipefail

if [[ -n "${METACONV_REFERENCE_PYTHON:-}" ]]; then
  echo "${METACONV_REFERENCE_PYTHON}"
  exit
fi

requirements="$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/requirements.txt"
cache="${METACONV_CACHE:-${XDG_CACHE_HOME:-${HOME}/.cache}/metaconv}"
# The name has a hash of the requirements and the Python version: if they change, a new environment is made.
recipe="$( (python3 -c 'import sys; print(sys.executable, sys.version)'; cat "${requirements}") | sha256sum)"
environment="${cache}/reference/${recipe:0:16}"

if [[ ! -e "${environment}" ]]; then
  mkdir -p "${cache}/reference"
  exec {lock}> "${environment}.lock"
  flock "${lock}"
  if [[ ! -e "${environment}" ]]; then
    echo "Making the Python environment of the reference in ${environment} (about a minute, 5.4 GB)" >&2
    rm -rf "${environment}".tmp-*  # Left by an interrupted run, and not in use: this process has the lock.
    temporary="${environment}.tmp-$$"
    trap 'rm -rf "${temporary}"' EXIT
    # Without a pip of its own, so that Debian's python3-venv is not needed; the system's pip installs into it.
    python3 -m venv --without-pip "${temporary}"
    python3 -m pip --python "${temporary}/bin/python" install --quiet --no-cache-dir --requirement "${requirements}" >&2
    mv -T "${temporary}" "${environment}"
  fi
fi
echo "${environment}/bin/python"
