#!/usr/bin/env python3
"""Measures how long it takes to load checkpoints: metaconv, torch.load and safetensors, beside a read of the same file.

    ./bazelw build //benchmarks:load_times
    $(tests/reference/environment.sh) benchmarks/load_benchmark.py [--sweep] [--load-times=PROGRAM] [FILE...]

Without files, it makes some of its own: few large tensors and many small ones, in both formats; with --sweep, files of 1 to
64 MB, each as one tensor and as tensors of 64 KiB. All files are in the page cache. A load is measured from the path to
tensors in memory, either copied, or mapped and not yet touched. "Read" is read(2) of the whole file into fresh memory, by one
thread. Prints the best of several rounds, in milliseconds; in each round all take turns.

Memory is fresh for all of them, as it is for the first load of a process: glibc would otherwise keep freed blocks of up to
32 MiB, and later rounds would get pages that are already there. --keep-freed-memory measures that case.
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
    """Yields one file after the other, so that few of them are on the disk together."""
    for name, (count, size) in shapes.items():
        tensors = {f"layers.{i}.weight": torch.full((size,), float(i)) for i in range(count)}
        for suffix, save in (("pt", torch.save), ("safetensors", safetensors.torch.save_file)):
            path = folder / f"{name}.{suffix}"
            save(tensors, path)
            with path.open("rb") as file:
                os.fsync(file.fileno())  # So that writing it to the disk does not disturb the rounds.
            yield path
            path.unlink()


def with_fresh_memory():
    """Starts this program again with a malloc that gives blocks of 128 KiB and more back to the system when they are freed."""
    if "MALLOC_MMAP_THRESHOLD_" not in os.environ:
        os.environ["MALLOC_MMAP_THRESHOLD_"] = str(128 << 10)
        os.execv(sys.executable, [sys.executable, *sys.argv])


class OurLoader:
    """A process that loads the file each time it is asked to."""

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
    """Tensors that lie in the file, as safetensors' always do."""
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
    parser.add_argument("--load-times", default="bazel-bin/benchmarks/load_times", help="The program to compare with.")
    parser.add_argument("--rounds", type=int, help="7 unless told; 50 with --sweep.")
    parser.add_argument("--sweep", action="store_true", help="Files of 1 to 64 MB.")
    parser.add_argument("--only", default="", metavar="TEXT", help="Files with this text in their name.")
    parser.add_argument("--keep-freed-memory", action="store_true", help="Leave malloc as it is.")
    arguments = parser.parse_args()
    if not arguments.keep_freed_memory:
        with_fresh_memory()
    rounds = arguments.rounds or (50 if arguments.sweep else 7)
    # Training scripts keep their options beside the weights.
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
