#!/usr/bin/env python3
"""Compares loading a checkpoint with metaconv, torch.load and safetensors, and with a plain read of the file.

    ./bazelw build //benchmarks:load_times
    $(tests/reference/environment.sh) benchmarks/load_benchmark.py [--load-times=PROGRAM] [FILE...]

Without FILE arguments, it creates files with few large and many small tensors, in both formats. Files are read from the
page cache. The time is from the path to the tensors, which are either copied, or mapped and not accessed. Prints a table
of the fastest of several interleaved rounds, in milliseconds.
"""

import argparse
import pathlib
import subprocess
import tempfile
import time
import zipfile

import safetensors.torch
import torch

SHAPES = {  # name: (tensors, floats in each)
    "1 of 1 GiB": (1, 1 << 28),
    "200 of 4 MiB": (200, 1 << 20),
    "3,000 of 64 KiB": (3000, 1 << 14),
    "20,000 of 1 KiB": (20000, 1 << 8),
}


def make_files(folder):
    for name, (count, size) in SHAPES.items():
        tensors = {f"layers.{i}.weight": torch.full((size,), float(i)) for i in range(count)}
        torch.save(tensors, folder / f"{name}.pt")
        safetensors.torch.save_file(tensors, folder / f"{name}.safetensors")
    return sorted(folder.iterdir())


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


def row(path, best):
    cells = [path.name, f"{path.stat().st_size / 1e6:.1f}", f"{best['read'] * 1e3:.2f}"]
    for how in ("copy", "map"):
        cells.append(f"{best[how] * 1e3:.2f}")
        python = best.get(f"python {how}")
        cells += ["", ""] if python is None else [f"{python * 1e3:.2f}", f"{python / best[how]:.1f}"]
    return f"| {' | '.join(cells)} |"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", type=pathlib.Path, metavar="FILE")
    parser.add_argument("--load-times", default="bazel-bin/benchmarks/load_times", help="path of the load_times program")
    parser.add_argument("--rounds", type=int, default=7, help="default: 7")
    arguments = parser.parse_args()
    # Checkpoints of training scripts often contain their options as an argparse.Namespace.
    torch.serialization.add_safe_globals([argparse.Namespace])
    with tempfile.TemporaryDirectory() as folder:
        files = arguments.files or make_files(pathlib.Path(folder))
        print("| file | MB | read | metaconv, copied | Python, copied | ratio | metaconv, mapped | Python, mapped | ratio |")
        print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
        for path in files:
            print(row(path, measure(arguments.load_times, path, arguments.rounds)), flush=True)


if __name__ == "__main__":
    main()
