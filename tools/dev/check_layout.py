#!/usr/bin/env python3
"""Checks the layout of the repository.

- Tests mirror the source: tests/meta/x_test.cc and tests/meta/x_SUBJECT_test.cc test meta/x.h. Tests of a test double
  are beside it. A test file without a source file of that name is an error, unless it is in WITHOUT_SOURCE.
- Each header has the include guard that corresponds to its path.
- The comment at the top of each header of the product has a paragraph "Thread safety:".
- Each C++ file is named in the BUILD file of its directory, or of the nearest parent directory that has one.
"""

import pathlib
import re
import subprocess
import sys

SOURCE_FOLDERS = {"checkpoint", "converter", "cuda", "describer", "kinds", "meta", "symbolic", "tools"}
WITHOUT_SOURCE = {
    # Compare conversions with stored answers of the reference.
    "tests/converter/reference_cases_test.cc",
    "tests/converter/recipes_test.cc",
    # Converts real tensors to records and back.
    "tests/converter/round_trip_test.cc",
    # Test every kind of tensor: failures, ambient thread-local state, concurrency.
    "tests/converter/ambient_state_test.cc",
    "tests/converter/failure_injection_test.cc",
    "tests/converter/fake_test.cc",
    "tests/converter/materialize_failure_test.cc",
    "tests/converter/kinds_concurrency_test.cc",
    # Test many threads, and sources that share storages and bases.
    "tests/converter/converter_concurrency_test.cc",
    "tests/converter/dying_tensors_test.cc",
    # Test //cuda on real devices, on the stand-in for libcudart, and on the test double of the CUDA runtime.
    "tests/cuda/cudart_materialize_test.cc",
    "tests/cuda/cudart_storage_path_test.cc",
    "tests/cuda/gpu_storage_path_test.cc",
    "tests/cuda/gpu_materialize_test.cc",
    "tests/cuda/materialize_test.cc",
}


def tracked_files():
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--",
               "*.cc", "*.h"]
    names = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout.decode()
    return [pathlib.PurePosixPath(name) for name in names.split("\0")
            if name and pathlib.Path(name).is_file()]


def check_mirror(path, files):
    parts = path.parts
    if parts[0] != "tests" or len(parts) < 3 or parts[1] not in SOURCE_FOLDERS:
        return
    if not path.name.endswith("_test.cc") or str(path) in WITHOUT_SOURCE:
        return
    stem = pathlib.PurePosixPath(*parts[1:-1], path.name[:-len("_test.cc")])
    words = stem.name.split("_")
    for count in range(len(words), 0, -1):
        for folder in (stem.parent, path.parent):
            source = folder / "_".join(words[:count])
            if {source.with_suffix(".h"), source.with_suffix(".cc")} & files:
                return
    yield f"{path}: expected the source file {stem}.h or {stem}.cc, found neither"


def check_guard(path):
    if path.suffix != ".h":
        return
    text = pathlib.Path(path).read_text(encoding="utf-8")
    guard = "METACONV_" + re.sub(r"[^A-Za-z0-9]", "_", str(path)).upper() + "_"
    if f"#ifndef {guard}\n#define {guard}\n" not in text:
        yield f"{path}: expected the include guard {guard}"


def check_thread_safety(path):
    if path.suffix != ".h" or path.parts[0] not in SOURCE_FOLDERS:
        return
    text = pathlib.Path(path).read_text(encoding="utf-8")
    if "\n// Thread safety: " not in text.split("#ifndef")[0]:
        yield f"{path}: expected a line `Thread safety:` in the comment at the top"


def check_build(path):
    # Find the BUILD file of the nearest parent directory that has one.
    for folder in path.parents:
        build = pathlib.Path(folder) / "BUILD"
        if build.is_file():
            relative = path.relative_to(folder)
            if f'"{relative}"' not in build.read_text(encoding="utf-8"):
                yield f"{path}: expected the file to be named in {build}"
            return


def main():
    files = set(tracked_files())
    problems = []
    for path in sorted(files):
        problems += check_mirror(path, files)
        problems += check_guard(path)
        problems += check_thread_safety(path)
        problems += check_build(path)
    print("\n".join(problems) or f"{len(files)} files checked, no problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
