#!/bin/bash
# Runs a test program that is linked with the stand-in for libcudart, with options of the stand-in: see
# fake_cudart/fake_cudart.h.
#
#     run_on_cudart.sh PROGRAM NAME=VALUE...
set -euo pipefail

program=$1
shift
exec env "$@" "$program"
