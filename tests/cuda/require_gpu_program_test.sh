#!/bin/bash
# Checks that a test program skips its tests on a machine without a GPU, with the reason, and that it fails there if
# METACONV_REQUIRE_GPU says that there must be one.
#
#     require_gpu_program_test.sh PROGRAM...    Programs that run on the stand-in for libcudart.
set -euo pipefail

export FAKE_CUDART_DEVICES=0
failed=0
for program in "$@"; do
  env -u METACONV_REQUIRE_GPU "$program" >skipped.txt 2>&1 || { echo "$program: failed instead of skipping"; failed=1; }
  grep -q '^NOT_FOUND: there is no GPU' skipped.txt || { echo "$program: no reason in one line"; failed=1; }
  grep -q '\[  SKIPPED \]' skipped.txt || { echo "$program: nothing was skipped"; failed=1; }
  ! METACONV_REQUIRE_GPU=1 "$program" >failed.txt 2>&1 || { echo "$program: did not fail"; failed=1; }
  grep -q '^METACONV_REQUIRE_GPU=1, but NOT_FOUND: there is no GPU' failed.txt ||
    { echo "$program: failed without the reason"; failed=1; }
done
((failed == 0)) || head -50 skipped.txt failed.txt
exit $failed
