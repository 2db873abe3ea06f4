#!/usr/bin/env python3
"""The Python reference at the work of convert_benchmark and describe_benchmark, for comparison in one run.

    tests/reference/environment.sh        # prints the Python that has the reference
    PYTHON benchmarks/reference_benchmark.py

Prints the best of several rounds in microseconds for one tensor, under the names that the C++ benchmarks have.
"""

import argparse
import time

import torch
from torch._subclasses.meta_utils import MetaConverter, MetaTensorDescriber


def dense_tensors(count):
    return [torch.empty(4, 4, device="meta") for _ in range(count)]


def views(count):
    base = torch.empty(count + 4, device="meta")
    return [base[i : i + 4] for i in range(count)]


def best_of(rounds, count, make_work):
    """Microseconds for one tensor; make_work() returns what is timed, and what it sets up is not."""
    best = float("inf")
    for _ in range(rounds):
        work = make_work()
        start = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - start)
    return best / count * 1e6


def convert(sources, again):
    def make_work():
        converter = MetaConverter()
        held = [converter(source) for source in sources] if again else None

        def work():
            results = [converter(source) for source in sources]
            return results, held

        return work

    return make_work


def describe(sources, again):
    def make_work():
        describer = MetaTensorDescriber()
        if again:
            for source in sources:
                describer.describe_tensor(source)
        return lambda: [describer.describe_tensor(source) for source in sources]

    return make_work


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=1000, help="tensors in a graph")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    dense, viewed = dense_tensors(options.count), views(options.count)
    rows = [
        ("DescribeDense_FirstTime", describe(dense, again=False)),
        ("DescribeDense_Again", describe(dense, again=True)),
        ("DescribeViews_FirstTime", describe(viewed, again=False)),
        ("ConvertDense_FirstTime", convert(dense, again=False)),
        ("ConvertDense_Again", convert(dense, again=True)),
        ("ConvertViews_FirstTime", convert(viewed, again=False)),
        ("ConvertViews_Again", convert(viewed, again=True)),
    ]
    for name, make_work in rows:
        print(f"{name:26} {best_of(options.rounds, options.count, make_work):8.2f} us")


if __name__ == "__main__":
    main()
