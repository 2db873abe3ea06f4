#!/bin/bash
# documents.py must find differences of every kind, and only those.
#
#   documents_test.sh DOCUMENTS_PY

set -euo pipefail

documents="$1"
cd "${TEST_TMPDIR}"
export PYTHONDONTWRITEBYTECODE=1
failures=0

cat > reference.json << 'JSON'
{"format": "metaconv/1", "describer_id": 0,
 "storages": [{"id": 0, "describer_id": 0, "size": 48}],
 "tensors": [{"id": 0, "size": [3, 4], "is_leaf": true, "is_view": true, "storage": 0, "base": 1},
             {"id": 1, "size": [12], "is_leaf": true, "storage": 0}],
 "names": {"w": 0, "v": 0}, "opaque": {"o": "package.Class"}}
JSON
echo '[]' > none.json

# expect EXIT_CODE EXPECTED_LIST PATTERN SED_SCRIPT: compares the reference with a copy that SED_SCRIPT changed.
expect() {
  local code=0 output
  sed "$4" reference.json > ours.json
  output="$(python3 "${OLDPWD}/${documents}" --file=f.pt --expected="$2" reference.json ours.json 2>&1)" || code=$?
  if [[ "${code}" != "$1" || "${output}" != $3 ]]; then
    printf 'sed %q: expected %q and exit code %s, got exit code %s and:\n%s\n' "$4" "$3" "$1" "${code}" "${output}"
    failures=$((failures + 1))
  fi
}

expect 0 none.json "" ""
expect 0 none.json "" 's/, "storage": 0, "base": 1/, "base": 1, "storage": 0/'  # The order of fields does not matter.
expect 1 none.json "f.pt: 'w': size: reference \[3, 4\], ours \[4, 3\]" 's/\[3, 4\]/[4, 3]/'
expect 1 none.json "f.pt: 'w': is_leaf: reference true, ours 1" '3s/true/1/'
expect 1 none.json "f.pt: 'w': base: reference 1, ours (not there)" 's/, "base": 1//'
expect 1 none.json "f.pt: 'w'.base: size: reference \[12\], ours \[13\]" 's/12/13/'
expect 1 none.json "f.pt: storage 0: size: reference 48, ours 52" 's/48/52/'
expect 1 none.json "f.pt: v: names: reference 0, ours 1" 's/"v": 0/"v": 1/'
expect 1 none.json "f.pt: names: order: *" 's/"w": 0, "v": 0/"v": 0, "w": 0/'
expect 1 none.json "f.pt: x: names: reference (not there), ours 0" 's/"v": 0/"v": 0, "x": 0/'
expect 1 none.json 'f.pt: o: opaque: reference "package.Class", ours (not there)' 's/, "opaque.*/}/'
expect 1 none.json "f.pt: document: describer_id: reference 0, ours 1" '1s/"describer_id": 0/"describer_id": 1/'
expect 1 none.json "f.pt: tensor 2: record: reference (not there), *" 's/"storage": 0}\]/"storage": 0}, {"id": 2}]/'

echo '[{"file": "*.pt", "name": "storage *", "field": "size", "reason": "a test"}]' > expected.json
expect 0 expected.json "" 's/48/52/'
expect 1 expected.json "f.pt: 'w': size: *" 's/\[3, 4\]/[4, 3]/'
echo '[{"file": "*.pt", "name": "storage *", "field": "size", "reason": ""}]' > unreasoned.json
expect 1 unreasoned.json "*ValueError: unreasoned.json: an entry has a file, a name, a field and a reason: *" ""

exit "$((failures > 0))"
