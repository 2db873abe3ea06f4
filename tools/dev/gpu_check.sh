#!/bin/bash
# Packs the tests and the benchmark that need a GPU into a folder that runs on another machine, with all libraries that
# they need except those of the C library and the GPU's driver. It is below 64 MiB.
#
#     tools/dev/gpu_check.sh FOLDER                 builds and packs
#     tools/dev/gpu_check.sh --with-torch FOLDER    also packs the tests that need libtorch_cpu, which alone has 430 MB
#     FOLDER/run.sh RESULTS                         runs them, on the other machine: see gpu_check_run.sh
#
# The other machine needs x86-64 Linux with a C library that is as new as this one, a GPU and its driver, bash and
# coreutils.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

readonly most_bytes=$((64 << 20))
programs=(
  tests/cuda/runtime/cuda_runtime_test
  tests/cuda/gpu_storage_path_test
  tests/cuda/register_test
  benchmarks/gpu_transfer_benchmark
)
with_torch=0
if [[ ${1:-} == --with-torch ]]; then
  with_torch=1
  programs+=(tests/cuda/gpu_materialize_test)
  shift
fi
if (($# != 1)) || [[ $1 == -* ]]; then
  sed -n '2,10s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2
  exit 2
fi
folder=$1
if [[ -e $folder && -n "$(ls -A "$folder")" ]]; then
  echo "expected a folder that is empty or does not exist, found $folder" >&2
  exit 2
fi

labels=()
for program in "${programs[@]}"; do labels+=("//${program%/*}:${program##*/}"); done
./bazelw build --color=no --curses=no --noshow_progress "${labels[@]}"

mkdir -p "$folder/bin" "$folder/lib"
for program in "${programs[@]}"; do
  strip -o "$folder/bin/${program##*/}" "bazel-bin/$program"
done

# The C library belongs to the machine, as do the names without a path, such as the kernel's own library.
not_packed='^(ld-linux-.*|lib(c|dl|m|pthread|rt|resolv|util)\.so\..*)$'
for program in "${programs[@]}"; do ldd "bazel-bin/$program"; done |
  awk '/=>/ { print $1, ($3 == "not" ? "missing" : $3) }' | sort -u | while read -r name path; do
  [[ $name =~ $not_packed ]] && continue
  if [[ $path == missing ]]; then
    echo "$name: this library was not found" >&2
    exit 1
  fi
  if ((!with_torch)) && [[ $name == libtorch_cpu.so ]]; then
    echo "expected programs that do not need libtorch_cpu.so: see --with-torch" >&2
    exit 1
  fi
  cp -L "$path" "$folder/lib/$name"
done
chmod -R u+w "$folder"
cp tools/dev/gpu_check_run.sh "$folder/run.sh"

{
  echo "commit: $(git rev-parse HEAD 2>/dev/null || echo unknown)$(git diff --quiet HEAD 2>/dev/null || echo ' and changes')"
  echo "C library: $(objdump -T "$folder"/bin/* "$folder"/lib/* | grep -o 'GLIBC_2[.0-9]*' | sort -uV | tail -1) or newer"
  echo "tests: ${programs[*]##*/}"
  ((with_torch)) || echo "not packed: gpu_materialize_test, which needs libtorch_cpu (--with-torch)"
} | tee "$folder/manifest.txt"

bytes=$(du -sb "$folder" | cut -f1)
echo "$folder: $((bytes >> 10)) KiB"
if ((!with_torch && bytes >= most_bytes)); then
  echo "expected less than $((most_bytes >> 10)) KiB" >&2
  exit 1
fi
