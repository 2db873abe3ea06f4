"""Runs benchmarks of the Python reference on request, with the protocol of benchmarks/driver.cc except for `memory`.

    worker.py [--list | --cpu-time]
"""

import gc
import sys
import time
import warnings

import graphs
import works

TIMED_NANOSECONDS = 10e6
WARM_UP = 100  # Number of tensors. The first calls of the reference import many modules of PyTorch.


def nanoseconds(run, clock):
    start = clock()
    kept = run()
    elapsed = clock() - start
    del kept
    return elapsed


class Worker:
    def __init__(self, clock):
        self.clock = clock
        self.graph = []
        self.prepared = {}

    def nanoseconds_per_conversion(self, name):
        if name not in self.prepared:
            nanoseconds(works.WORKS[name](self.graph[:WARM_UP])(), self.clock)
            self.prepared[name] = works.WORKS[name](self.graph)
        # Like timeit, disable the garbage collector, and collect existing garbage first.
        gc.collect()
        gc.disable()
        total = runs = 0
        while total < TIMED_NANOSECONDS:
            total += nanoseconds(self.prepared[name](), self.clock)
            runs += 1
        gc.enable()
        return total / runs / len(self.graph)

    def answer(self, request):
        if request == "forget":
            self.prepared.clear()
            return ""
        if request.startswith("graph "):
            self.prepared.clear()
            self.graph = []  # Frees the old graph first: two large graphs might not fit in memory.
            _, seed, size, name = request.split(" ", 3)
            self.graph = graphs.make_graph(name, int(seed), int(size))
            return ""
        if request == "fingerprint":
            return f"{graphs.fingerprint(self.graph)} {len(self.graph)}"
        return self.nanoseconds_per_conversion(request)


def main(arguments):
    warnings.simplefilter("ignore")
    if arguments == ["--list"]:
        print("\n".join(works.WORKS))
        return
    worker = Worker(time.thread_time_ns if arguments == ["--cpu-time"] else time.perf_counter_ns)
    for line in sys.stdin:
        print(worker.answer(line.rstrip("\n")), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
