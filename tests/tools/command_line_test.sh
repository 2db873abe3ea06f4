#!/bin/bash
# Tests the command line from a shell script: output, messages and exit codes.
#
#     command_line_test.sh METACONV

set -uo pipefail

metaconv=$(realpath "$1")
data=$PWD/tests/checkpoint/data
cd "$(mktemp -d "${TEST_TMPDIR:-/tmp}/command_line.XXXXXX")" || exit 1
cp "$data"/{tied,views,quantized}.pt .
head -c 700 tied.pt >truncated.pt
failures=0

# expect CODE PATTERN COMMAND...: checks that the command exits with CODE and prints a line that matches PATTERN. Leaves
# its output in ./out and ./err.
expect() {
  local code=$1 pattern=$2
  shift 2
  "$@" >out 2>err </dev/null
  local found=$?
  if [[ $found != "$code" ]] || ! { cat out err && echo; } | grep -E -- "$pattern" >/dev/null; then
    echo "FAILED: $*"
    echo "  expected exit code $code and a line that matches '$pattern', found $found and:"
    sed 's/^/  | /' out err
    failures=$((failures + 1))
  fi
}

# expect_json FILE EXPRESSION: checks that the Python expression is true. `d` is the JSON document in FILE.
expect_json() {
  if ! python3 -c "import json, sys; d = json.load(open(sys.argv[1])); sys.exit(not ($2))" "$1"; then
    echo "FAILED: expected of $1: $2"
    failures=$((failures + 1))
  fi
}

# --- Usage. ---
expect 2 'Usage: metaconv COMMAND' "$metaconv"
expect 0 'Usage: metaconv COMMAND' "$metaconv" --help
expect 2 "unknown command 'descibe'" "$metaconv" descibe tied.pt
for command in demo describe convert lock check; do
  expect 0 "Usage: metaconv $command" "$metaconv" "$command" --help
done
expect 2 "unknown flag '--lock=x': 'describe' takes --format, --map-location, --output" "$metaconv" describe tied.pt --lock=x
expect 2 "flag 'format'; expected 'table', 'json' or 'mcr', found 'xml'" "$metaconv" describe tied.pt --format=xml
expect 2 'flag --format needs a value' "$metaconv" describe tied.pt --format
expect 2 "Illegal value 'nowhere' specified for flag 'map_location'" "$metaconv" describe tied.pt --map-location=nowhere
expect 2 'expected FILE, found none' "$metaconv" describe
expect 2 "expected FILE, found 'tied.pt' 'views.pt'" "$metaconv" describe tied.pt views.pt
expect 2 'expected FILE, found none' "$metaconv" convert

# --- describe. ---
expect 0 'NAME +DTYPE +SIZE' "$metaconv" describe tied.pt
expect 0 '^$' "$metaconv" describe tied.pt --format=json --output=tied.json
expect_json tied.json 'list(d)[:5] == ["format", "describer_id", "storages", "tensors", "names"]'
expect_json tied.json '[t["id"] for t in d["tensors"]] == list(range(len(d["tensors"])))'
expect_json tied.json 'len({t["storage"] for t in d["tensors"]}) < len(d["tensors"])'
expect 0 '' "$metaconv" describe tied.pt --format json --map-location meta
expect_json out 'all(t["device"] == "device(type='"'meta'"')" for t in d["tensors"])'
mkdir elsewhere
expect 0 'NAME' env BUILD_WORKING_DIRECTORY="$PWD" sh -c "cd elsewhere && '$metaconv' describe tied.pt"

# --- Files of records. ---
for file in tied views quantized; do
  expect 0 '^$' "$metaconv" describe $file.pt --format=mcr --output=$file.mcr
  for format in table json mcr; do
    expect 0 '' "$metaconv" describe $file.pt --format=$format --output=$file.from_checkpoint
    expect 0 '' "$metaconv" describe $file.mcr --format=$format --output=$file.from_records
    cmp $file.from_checkpoint $file.from_records || failures=$((failures + 1))
  done
done
expect 0 '' "$metaconv" lock tied.pt --output=tied.mcr.lock.json
expect 0 'tied.mcr matches tied.mcr.lock.json' "$metaconv" check tied.mcr --lock=tied.mcr.lock.json
expect 0 'bytes allocated +0 bytes' "$metaconv" convert tied.mcr
expect 0 'NAME' "$metaconv" describe tied.mcr --map-location=meta
grep -q ' meta ' out || { echo "FAILED: expected the device meta, found: $(cat out)"; failures=$((failures + 1)); }
expect 2 'tied.mcr: .*a file of records, which has no bytes to load' "$metaconv" convert tied.mcr --materialize=cpu
expect 2 '--format=mcr is for describe' "$metaconv" convert tied.pt --format=mcr
head -c 300 tied.mcr >truncated.mcr
expect 2 'truncated.mcr: offset 16: expected a file of 300 bytes' "$metaconv" describe truncated.mcr
[[ $(wc -l <err) == 1 ]] || { echo "FAILED: expected one line, found: $(cat err)"; failures=$((failures + 1)); }

# --- Files that cannot be read or written: prints one line, exits with 2, and changes nothing. ---
expect 2 'missing.pt' "$metaconv" describe missing.pt
cp tied.json kept.json
expect 2 'truncated.pt' "$metaconv" describe truncated.pt --format=json --output=kept.json
[[ $(wc -l <err) == 1 ]] || { echo "FAILED: expected one line, found: $(cat err)"; failures=$((failures + 1)); }
cmp tied.json kept.json || failures=$((failures + 1))
expect 2 'cannot write' "$metaconv" describe tied.pt --output=missing/tied.json
expect 2 'cannot write' "$metaconv" describe tied.pt --output=/dev/full
expect 2 'cannot write' "$metaconv" describe tied.pt --output=elsewhere
expect 2 'cannot write' sh -c "'$metaconv' describe tied.pt >/dev/full"
if compgen -G '*.json.*' >/dev/null; then
  echo "FAILED: temporary files were left: $(ls)"
  failures=$((failures + 1))
fi

# --- lock and check. ---
expect 0 '' "$metaconv" lock tied.pt --output=tied.lock.json
expect 0 'tied.pt matches tied.lock.json: [0-9]+ names' "$metaconv" check tied.pt --lock=tied.lock.json
expect 1 ': removed: locked ' "$metaconv" check views.pt --lock=tied.lock.json
grep -q ': added: found ' out || { echo 'FAILED: no added names'; failures=$((failures + 1)); }
sed 's/"dtype": *"torch.float32"/"dtype":"torch.float64"/; s/"dtype":"torch.float32"/"dtype":"torch.float64"/' tied.lock.json >other.lock.json
expect 1 ': dtype: locked "torch.float64", found "torch.float32"' "$metaconv" check tied.pt --lock=other.lock.json
expect 1 ': device: locked .*cpu.*, found .*meta' "$metaconv" check tied.pt --lock=tied.lock.json --map-location=meta
expect 2 'check needs --lock' "$metaconv" check tied.pt
expect 2 'missing.lock.json' "$metaconv" check tied.pt --lock=missing.lock.json
expect 2 'truncated.pt' "$metaconv" check truncated.pt --lock=tied.lock.json
head -c 100 tied.lock.json >broken.lock.json
expect 2 'broken.lock.json' "$metaconv" check tied.pt --lock=broken.lock.json
expect 2 'not a lock file' "$metaconv" check tied.pt --lock=tied.json

# --- convert and demo. ---
expect 0 'bytes allocated +0 bytes' "$metaconv" convert tied.pt
expect 0 '' "$metaconv" convert tied.pt --format=json
expect_json out 'd["bytes_allocated"] == 0 and d["bytes_represented"] > 0 and d["failures"] == []'
expect 1 "'quantized' are not supported" "$metaconv" convert quantized.pt
expect 2 'truncated.pt' "$metaconv" convert truncated.pt
expect 0 'bytes +.* GB/s' "$metaconv" convert tied.pt --materialize=cpu
expect 0 'compared +every byte matches the file' "$metaconv" convert views.pt --verify --materialize=cpu
expect 0 '' "$metaconv" convert tied.pt --materialize=cpu --verify --map --format=json
expect_json out 'd["verified"] and d["device"] == "cpu" and d["bytes"] > 0 and d["peak_bytes"] is not None'
# A file with one flipped bit in a storage.
python3 - "$data/bytes.pt" damaged.pt <<'END'
import sys, zipfile
content = bytearray(open(sys.argv[1], "rb").read())
content[content.index(zipfile.ZipFile(sys.argv[1]).read("bytes/data/0"))] ^= 1
open(sys.argv[2], "wb").write(content)
END
expect 0 'GB/s' "$metaconv" convert damaged.pt --materialize=cpu
expect 1 'damaged.pt: .*storage 0.*CRC' "$metaconv" convert damaged.pt --materialize=cpu --verify
# Each byte is in memory only once.
python3 - <<'END'
import json, struct
size, tensors = 64 << 20, {}
for i in range(4):
    tensors[f"t{i}"] = {"dtype": "U8", "shape": [size], "data_offsets": [i * size, (i + 1) * size]}
header = json.dumps(tensors).encode()
with open("large.safetensors", "wb") as file:
    file.write(struct.pack("<Q", len(header)) + header)
    file.truncate(8 + len(header) + 4 * size)
END
expect 0 '' "$metaconv" convert large.safetensors --materialize=cpu --format=json
expect_json out 'd["bytes"] == 256 << 20 and d["peak_bytes"] <= 1.05 * d["bytes"] + (64 << 20)'
expect 2 "--map and --verify need --materialize=DEVICE" "$metaconv" convert tied.pt --verify
expect 2 "expected a device such as 'cpu' or 'cuda:0', found 'nowhere'" "$metaconv" convert tied.pt --materialize=nowhere
expect 2 'truncated.pt' "$metaconv" convert truncated.pt --materialize=cpu
expect 2 "'quantized' are not supported" "$metaconv" convert quantized.pt --materialize=cpu
if ! compgen -G '/dev/nvidia[0-9]*' >/dev/null; then
  expect 2 'cuda' "$metaconv" convert tied.pt --materialize=cuda
fi
expect 2 'device vulkan' "$metaconv" convert tied.pt --materialize=vulkan
expect 0 'head.weight .* same tensor as embedding.weight' "$metaconv" demo
grep -q 'bytes allocated *0 bytes' out || { echo 'FAILED: the demo allocates memory'; failures=$((failures + 1)); }

# --- The binary that reads records does not link LibTorch's operators. ---
if ldd "$metaconv" | grep -q libtorch_cpu; then
  echo 'FAILED: the binary that reads records links libtorch_cpu'
  failures=$((failures + 1))
fi

((failures == 0)) && echo 'all passed'
exit $((failures > 0))
