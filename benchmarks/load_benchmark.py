#!/usr/bin/env python3
"""Compares loading a checkpoint with metaconv, torch.load and safetensors, and with a plain read of the file.

    ./bazelw build //benchmarks:load_times
    $(tests/reference/environment.sh) benchmarks/load_benchmark.py [--sweep] [--load-times=PROGRAM] [FILE...]

Without FILE arguments, it creates files with few large and many small tensors, in both formats; with --sweep, files of
1 to 64 MiB, each as one tensor and as tensors of 64 KiB. Files are read from the page cache. The time is from the path
to the tensors, which are either copied, or mapped and not accessed. "Read" is read(2) of the whole file into newly
allocated memory by one thread. Prints a table of the fastest of several interleaved rounds, in milliseconds.

Memory is newly allocated in all cases, as in the first load of a process. By default glibc keeps freed blocks of up to
32 MiB, and later rounds would get pages that are already mapped; --keep-freed-memory measures that case.
"""

import argparse
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import zipfile

import safetensors.torch
import torch

MIB = 1 << 20
SHAPES = {  # name: (tensors, floats in each)
    "1 of 1 GiB": (1, 1 << 28),
    "200 of 4 MiB": (200, 1 << 20),
    "3,000 of 64 KiB": (3000, 1 << 14),
    "20,000 of 1 KiB": (20000, 1 << 8),
}
SWEEP = {f"{size} MiB, {count} of {name}": (count, size * MIB // 4 // count)
         for size in (1, 2, 4, 8, 16, 32, 64)
         for count, name in ((1, f"{size} MiB"), (size * 16, "64 KiB"))}


def make_files(folder, shapes):
    """Yields the path of each file and deletes the file afterwards, so that one file exists at a time."""
    for name, (count, size) in shapes.items():
        tensors = {f"layers.{i}.weight": torch.full((size,), float(i)) for i in range(count)}
        for suffix, save in (("pt", torch.save), ("safetensors", safetensors.torch.save_file)):
            path = folder / f"{name}.{suffix}"
            save(tensors, path)
            with path.open("rb") as file:
                os.fsync(file.fileno())  # Otherwise write-back to the disk would disturb the rounds.
            yield path
            path.unlink()


def with_fresh_memory():
    """Restarts this program with a malloc that returns freed blocks of 128 KiB and more to the system."""
    if "MALLOC_MMAP_THRESHOLD_" not in os.environ:
        os.environ["MALLOC_MMAP_THRESHOLD_"] = str(128 << 10)
        os.execv(sys.executable, [sys.executable, *sys.argv])


class OurLoader:
    """A load_times process, which loads the file on request."""

    def __init__(self, program, path, how):
        self.process = subprocess.Popen([program, path, how], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def seconds(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise SystemExit(f"{' '.join(map(str, self.process.args))} failed")
        return float(answer)

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def python_copies(path):
    if path.suffix == ".safetensors":
        return {name: tensor.clone() for name, tensor in safetensors.torch.load_file(path).items()}
    if path.suffix == ".jit":
        return torch.jit.load(path, map_location="cpu")
    return torch.load(path, weights_only=True, map_location="cpu")


def python_maps(path):
    """Tensors that use the mapped file, as those of safetensors always do."""
    if path.suffix == ".safetensors":
        return safetensors.torch.load_file(path)
    return torch.load(path, weights_only=True, map_location="cpu", mmap=True)


def seconds_of(load, path):
    start = time.perf_counter()
    tensors = load(path)
    seconds = time.perf_counter() - start
    del tensors
    return seconds


def measure(program, path, rounds):
    path.read_bytes()  # Into the page cache.
    ours = {how: OurLoader(program, path, how) for how in ("read", "copy", "map")}
    workers = {how: loader.seconds for how, loader in ours.items()}
    workers["python copy"] = lambda: seconds_of(python_copies, path)
    if path.suffix == ".safetensors" or (path.suffix != ".jit" and zipfile.is_zipfile(path)):
        workers["python map"] = lambda: seconds_of(python_maps, path)
    best = dict.fromkeys(workers, float("inf"))
    for _ in range(rounds):
        for name, seconds in workers.items():
            best[name] = min(best[name], seconds())
    for loader in ours.values():
        loader.close()
    return best


def cell(value, digits):
    return "" if value is None else f"{value:.{digits}f}"


def row(path, best):
    read, copy, mapped = best["read"], best["copy"], best["map"]
    python_copy, python_map = best["python copy"], best.get("python map")
    cells = [path.name, f"{path.stat().st_size / 1e6:.1f}"]
    cells += [cell(read * 1e3, 2), cell(copy * 1e3, 2), cell(python_copy * 1e3, 2)]
    cells += [cell(python_copy / copy, 2), cell(copy / read, 2)]
    cells += [cell(mapped * 1e3, 2), cell(python_map and python_map * 1e3, 2), cell(python_map and python_map / mapped, 2)]
    return f"| {' | '.join(cells)} |"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", type=pathlib.Path, metavar="FILE")
    parser.add_argument("--load-times", default="bazel-bin/benchmarks/load_times", help="path of the load_times program")
    parser.add_argument("--rounds", type=int, help="default: 7, with --sweep 50")
    parser.add_argument("--sweep", action="store_true", help="create files of 1 to 64 MiB")
    parser.add_argument("--only", default="", metavar="TEXT", help="measure only files with this text in their name")
    parser.add_argument("--keep-freed-memory", action="store_true", help="leave malloc's settings unchanged")
    arguments = parser.parse_args()
    if not arguments.keep_freed_memory:
        with_fresh_memory()
    rounds = arguments.rounds or (50 if arguments.sweep else 7)
    # Checkpoints of training scripts often contain their options as an argparse.Namespace.
    torch.serialization.add_safe_globals([argparse.Namespace])
    with tempfile.TemporaryDirectory() as folder:
        shapes = SWEEP if arguments.sweep else SHAPES
        files = arguments.files or make_files(pathlib.Path(folder), shapes)
        print("| file | MB | read | metaconv, copied | Python, copied | Python / metaconv | metaconv / read |"
              " metaconv, mapped | Python, mapped | Python / metaconv |")
        print("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |")
        for path in files:
            if arguments.only in path.name:
                print(row(path, measure(arguments.load_times, path, rounds)), flush=True)


if __name__ == "__main__":
    main()
