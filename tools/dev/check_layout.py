#!/usr/bin/env python3
"""Tests mirror the source: tests/meta/x_test.cc tests meta/x.h, and so does x_SUBJECT_test.cc.

A test file without a source of its name is an error, unless it lies in
tests/integration or its name is in WITHOUT_SOURCE. Also: each header has the
include guard that its path asks for, each header of the product says what threads may
do with it, and each C++ file is named in the BUILD file beside it.
"""

import pathlib
import re
import subprocess
import sys

SOURCE_FOLDERS = {"checkpoint", "converter", "cuda", "describer", "kinds", "meta", "symbolic", "tools"}
WITHOUT_SOURCE = {
    # Run the whole converter over cases of which the reference said what they are.
    "tests/converter/reference_cases_test.cc",
    "tests/converter/recipes_test.cc",
    # What holds across describer and converter: real tensors, there and back.
    "tests/converter/round_trip_test.cc",
    # What holds for every kind: whatever fails, surrounds it, or runs beside it.
    "tests/converter/ambient_state_test.cc",
    "tests/converter/failure_injection_test.cc",
    "tests/converter/fake_test.cc",
    "tests/converter/materialize_failure_test.cc",
    "tests/converter/kinds_concurrency_test.cc",
    # What holds for many threads and sources that hang together.
    "tests/converter/converter_concurrency_test.cc",
    "tests/converter/dying_tensors_test.cc",
    # The path of //cuda on real devices, and the devices made of host memory that it is tested on elsewhere.
    "tests/cuda/gpu_storage_path_test.cc",
    "tests/cuda/gpu_materialize_test.cc",
    "tests/cuda/materialize_test.cc",
    "tests/cuda/host_runtime_test.cc",
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
        source = stem.with_name("_".join(words[:count]))
        if {source.with_suffix(".h"), source.with_suffix(".cc")} & files:
            return
    yield f"{path}: there is no {stem}.h"


def check_guard(path):
    if path.suffix != ".h":
        return
    text = pathlib.Path(path).read_text(encoding="utf-8")
    guard = "METACONV_" + re.sub(r"[^A-Za-z0-9]", "_", str(path)).upper() + "_"
    if f"#ifndef {guard}\n#define {guard}\n" not in text:
        yield f"{path}: the include guard is not {guard}"


def check_thread_safety(path):
    if path.suffix != ".h" or path.parts[0] not in SOURCE_FOLDERS:
        return
    text = pathlib.Path(path).read_text(encoding="utf-8")
    if "\n// Thread safety: " not in text.split("#ifndef")[0]:
        yield f"{path}: the comment at its head does not say `Thread safety:`"


def check_build(path):
    # The BUILD file of the nearest folder that has one.
    for folder in path.parents:
        build = pathlib.Path(folder) / "BUILD"
        if build.is_file():
            relative = path.relative_to(folder)
            if f'"{relative}"' not in build.read_text(encoding="utf-8"):
                yield f"{path}: {build} does not name it"
            return


def main():
    files = set(tracked_files())
    problems = []
    for path in sorted(files):
        problems += check_mirror(path, files)
        problems += check_guard(path)
        problems += check_thread_safety(path)
        problems += check_build(path)
    print("\n".join(problems) or f"{len(files)} files, all in their places")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
