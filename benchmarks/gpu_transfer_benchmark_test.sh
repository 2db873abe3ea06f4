#!/bin/bash
# Tests gpu_transfer_benchmark without a GPU: that it says so, and that it measures everything on the stand-in for
# libcudart. Checks no times.
#
#   gpu_transfer_benchmark_test.sh PROGRAM PROGRAM_ON_FAKE_CUDART CHECK_JSON

set -euo pipefail

program="$1" on_fake_cudart="$2" check_json="$3"
folder="${TEST_TMPDIR:?}/transfers"
mkdir "$folder"

fail() {
  echo "$1"
  cat "$folder/log"
  exit 1
}

# With this value CUDA finds no device on a machine with GPUs either.
status=0
CUDA_VISIBLE_DEVICES=-1 "$program" > "$folder/log" 2>&1 || status=$?
((status == 77)) || fail "expected the exit status 77 without a GPU, found $status"
[[ "$(grep -c '' "$folder/log")" == 1 ]] || fail "expected one line"
grep -q 'there is no GPU: ' "$folder/log" || fail "expected the reason"

"$on_fake_cudart" --max_bytes=1048576 --rounds=2 --shm="$folder" --disk="$folder" --output="$folder/json" \
  > "$folder/log" 2>&1 || fail "expected the exit status 0 on the stand-in, found $?"
python3 "$check_json" "$folder/json" || fail "the JSON is wrong"
[[ "$(cd "$folder" && echo *)" == 'json log' ]] || fail "expected no other file, found: $(ls "$folder")"

"$on_fake_cudart" --device=7 > "$folder/log" 2>&1 && fail "expected an error for a device that does not exist"
"$on_fake_cudart" --shm= --disk="$folder" --max_bytes=1 > "$folder/log" 2>&1 && fail "expected an error for --max_bytes"
exit 0
