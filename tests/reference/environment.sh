#!/bin/bash
# Makes the Python environment of the reference, once per machine, and prints its interpreter.
#
#   tests/reference/environment.sh
#
# A minute and 5.4 GB the first time: PyPI's torch brings CUDA along. Kept in METACONV_CACHE, else in
# XDG_CACHE_HOME/metaconv, else in ~/.cache/metaconv; needs no network from then on. It appears whole or not at all.
# METACONV_REFERENCE_PYTHON=/path/to/python uses that one instead: it must have what requirements.txt lists.

set -euo pipefail

if [[ -n "${METACONV_REFERENCE_PYTHON:-}" ]]; then
  echo "${METACONV_REFERENCE_PYTHON}"
  exit
fi

requirements="$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/requirements.txt"
cache="${METACONV_CACHE:-${XDG_CACHE_HOME:-${HOME}/.cache}/metaconv}"
# What the environment depends on is part of its name: new requirements or another Python make a new one.
recipe="$( (python3 -c 'import sys; print(sys.executable, sys.version)'; cat "${requirements}") | sha256sum)"
environment="${cache}/reference/${recipe:0:16}"

if [[ ! -e "${environment}" ]]; then
  mkdir -p "${cache}/reference"
  exec {lock}> "${environment}.lock"
  flock "${lock}"
  if [[ ! -e "${environment}" ]]; then
    echo "Making the Python environment of the reference in ${environment} (about a minute, 5.4 GB)" >&2
    rm -rf "${environment}".tmp-*  # What an interrupted run left behind; the lock says that nobody uses it.
    temporary="${environment}.tmp-$$"
    trap 'rm -rf "${temporary}"' EXIT
    # Without a pip of its own, so that Debian's python3-venv is not needed; the system's pip installs into it.
    python3 -m venv --without-pip "${temporary}"
    python3 -m pip --python "${temporary}/bin/python" install --quiet --no-cache-dir --requirement "${requirements}" >&2
    mv -T "${temporary}" "${environment}"
  fi
fi
echo "${environment}/bin/python"
