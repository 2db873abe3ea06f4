#!/bin/bash
# Runs the tests and the benchmark of this folder, on one GPU, within five minutes: see tools/dev/gpu_check.sh, which
# has packed it.
#
#     run.sh RESULTS
#
# Writes into RESULTS: PROGRAM.log and PROGRAM.json for each program, machine.txt, and summary.txt, which is also printed.
# The exit status is 0 if all programs succeeded. Without a GPU they fail.
#
# METACONV_REQUIRE_GPU=N  the number of GPUs that the tests may expect; 1 if not set
# METACONV_GPU_CHECK_DISK=FOLDER  where the benchmark writes up to 8 GiB to load it from a disk; RESULTS if not set
set -uo pipefail

if (($# != 1)) || [[ $1 == -* ]]; then
  echo 'usage: run.sh RESULTS' >&2
  exit 2
fi
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
mkdir -p "$1" || exit 2
results=$(cd "$1" && pwd)
readonly most_seconds=290 test_seconds=60
export METACONV_REQUIRE_GPU=${METACONV_REQUIRE_GPU:-1}

scratch=$(mktemp -d "${TMPDIR:-/tmp}/gpu_check.XXXXXX")
shm=$(mktemp -d /dev/shm/gpu_check.XXXXXX 2>/dev/null) || shm=
disk=$(mktemp -d "${METACONV_GPU_CHECK_DISK:-$results}/gpu_check.XXXXXX") || disk=
trap 'rm -rf "$scratch" ${shm:+"$shm"} ${disk:+"$disk"}' EXIT
trap 'exit 1' INT TERM

{
  cat "$here/manifest.txt"
  date -u
  uname -a
  nvidia-smi 2>&1 || echo 'no nvidia-smi'
  df -h "$results" /dev/shm 2>&1
} >"$results/machine.txt"

failed=() passed=0
# Runs bin/NAME for at most SECONDS: run NAME SECONDS FLAG...
run() {
  local name=$1 left=$((most_seconds - SECONDS)) status=0
  local limit=$(($2 < left ? $2 : left))
  shift 2
  if ((limit <= 0)); then
    echo "$name: not started, because no time was left" | tee "$results/$name.log" >>"$results/summary.txt"
    failed+=("$name")
    return
  fi
  local start=$SECONDS
  (cd "$scratch" && TEST_TMPDIR="$scratch" LD_LIBRARY_PATH="$here/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}" \
    exec timeout -k 5 "$limit" "$here/bin/$name" "$@") >"$results/$name.log" 2>&1 </dev/null || status=$?
  if ((status == 0)); then
    passed=$((passed + 1))
    echo "$name: passed, $((SECONDS - start)) s" >>"$results/summary.txt"
  else
    failed+=("$name")
    echo "$name: FAILED with the exit status $status, $((SECONDS - start)) s; the first error in $name.log:" \
      >>"$results/summary.txt"
    grep -m 1 -A 2 -iE 'failure|error|no GPU' "$results/$name.log" | cut -c1-200 | sed 's/^/    /' >>"$results/summary.txt"
  fi
}

: >"$results/summary.txt"
for program in "$here"/bin/*_test; do
  name=${program##*/}
  run "$name" "$test_seconds" "--gtest_output=json:$results/$name.json"
done
left=$((most_seconds - SECONDS))
run gpu_transfer_benchmark "$left" --output="$results/gpu_transfer_benchmark.json" --shm="$shm" --disk="$disk" \
  --budget="$((left * 2 / 3))"

echo "$passed passed, ${#failed[@]} failed" >>"$results/summary.txt"
cat "$results/summary.txt"
((${#failed[@]} == 0))
