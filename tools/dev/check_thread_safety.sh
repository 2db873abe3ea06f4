#!/bin/bash
# Runs clang's thread safety analysis: no guarded field is accessed without its lock, and no function is called without
# the locks that it requires.
#
# GCC ignores the annotations, and the standard library's mutexes have none, so the code uses meta/mutex.h instead. The
# script checks all files that contain an annotation or acquire a lock. For a header, it checks its source file or, if
# the header has none, its test.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

if git grep --untracked -nwE 'std::((recursive_|shared_|timed_)*mutex|condition_variable(_any)?)' -- '*.cc' '*.h' \
  ':!meta/mutex.h' ':!tests' ':!third_party'; then
  echo 'expected the mutexes of meta/mutex.h, which clang can check; found those of the standard library (above)'
  exit 1
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

contract='\bABSL_[A-Z_]*(GUARDED_BY|LOCK)[A-Z_]*\b|\b(Mutex|Writer|Reader)Lock\b'
sources() {
  local file source
  git grep --untracked -lE "$contract" -- '*.cc' '*.h' ':!third_party' | while read -r file; do
    for source in "${file%.*}.cc" "tests/${file%.*}_test.cc"; do
      [[ ! -f $source ]] || { echo "$source" && break; }
    done
  done | sort -u
}
mapfile -t files < <(sources)

# The include directories and defines of the targets that these files belong to.
labels=()
for file in "${files[@]}"; do labels+=("//$(dirname "$file"):$(basename "$file")"); done
quiet=(--color=no --curses=no --noshow_progress --ui_event_filters=-info)
targets=$(./bazelw query "${quiet[@]}" "same_pkg_direct_rdeps(set(${labels[*]}))")
context='[] if not providers(target) or "CcInfo" not in providers(target)
         else [providers(target)["CcInfo"].compilation_context]'
./bazelw cquery "${quiet[@]}" "set(${targets//$'\n'/ })" --output=starlark --starlark:expr="'\n'.join(
    ['-isystem' + folder for context in (${context}) for folder in context.system_includes.to_list()] +
    ['-D' + define for context in (${context}) for define in context.defines.to_list()])" |
  grep -v '^-isystembazel-out/' | sort -u >"$work/context"
sed -i "s|^-isystemexternal/|-isystem$(./bazelw info "${quiet[@]}" output_base)/external/|" "$work/context"
check() { clang++ -fsyntax-only -std=c++20 -iquote. "@$work/context" -Wno-everything -Wthread-safety{,-beta} -Werror "$@"; }

# Test the analysis itself: clang must report exactly the lines marked WRONG.
cat >"$work/wrong.cc" <<'END'
#include "absl/synchronization/mutex.h"
#include "meta/mutex.h"

template <typename Mutex, typename Lock>
class Counter {
 public:
  void Add() ABSL_LOCKS_EXCLUDED(mutex_) {
    const Lock lock(mutex_);
    AddLocked();
  }
  void AddWithoutLock() { ++count_; }          // WRONG
  void AddLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { ++count_; }
  void CallWithoutLock() { AddLocked(); }      // WRONG
  void CallWithLock() {
    const Lock lock(mutex_);
    Add();                                     // WRONG
  }
  Mutex mutex_;
  int count_ ABSL_GUARDED_BY(mutex_) = 0;
};
template class Counter<metaconv::Mutex, metaconv::MutexLock>;

struct Shared {
  void Write() {
    const metaconv::ReaderLock lock(mutex);
    ++count;                                   // WRONG
  }
  void Wait() { changed.Wait(unheld); }        // WRONG
  metaconv::SharedMutex mutex;
  metaconv::Mutex unheld;
  metaconv::CondVar changed;
  int count ABSL_GUARDED_BY(mutex) = 0;
};

struct Abseils {
  void Add() { ++count; }                      // WRONG
  absl::Mutex mutex;
  int count ABSL_GUARDED_BY(mutex) = 0;
};
END
check "$work/wrong.cc" 2>"$work/found" || true
grep -n '// WRONG' "$work/wrong.cc" | cut -d: -f1 >"$work/expected"
if ! diff "$work/expected" <(sed -nE 's|^[^ ]*/wrong.cc:([0-9]+):.*-Wthread-safety.*|\1|p' "$work/found" | sort -nu); then
  echo "expected clang to report exactly the lines marked WRONG, found:"
  cat "$work/found"
  exit 1
fi

export -f check
export work
printf '%s\0' "${files[@]}" | xargs -0 -n 1 -P "$(nproc)" bash -c 'check "$0" || { echo "thread safety errors in $0" && exit 1; }'
echo "${#files[@]} files checked, no problems"
