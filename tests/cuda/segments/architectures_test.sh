#!/bin/bash
# Checks that the object file of a kernel contains machine code for each architecture, and PTX for the last one, from
# which the driver compiles code for newer devices.
#
#     architectures_test.sh CUOBJDUMP OBJECT ARCHITECTURE...
set -euo pipefail

cuobjdump=$1
object=$2
shift 2
(($# > 0)) || { echo "no architecture was named"; exit 1; }

code=$("$cuobjdump" --list-elf "$object")
ptx=$("$cuobjdump" --list-ptx "$object")
failed=0
for architecture in "$@"; do
  grep -q "sm_$architecture\.cubin" <<<"$code" || { echo "no code for sm_$architecture"; failed=1; }
done
grep -q "sm_${*: -1}\.ptx" <<<"$ptx" || { echo "no PTX for compute_${*: -1}"; failed=1; }
((failed == 0)) || printf 'found:\n%s\n%s\n' "$code" "$ptx"
exit $failed
