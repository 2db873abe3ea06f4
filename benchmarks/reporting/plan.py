"""Which benchmarks run on which graph, at which sizes, and how many rounds."""

import dataclasses

SIZES = (1_000, 10_000, 100_000, 1_000_000, 10_000_000)
QUICK_SIZES = (1_000,)

# The smallest and the largest size of each graph. The section on scaling uses the dense tensors ("tiny").
SIZES_OF_GRAPH = {"tiny": (0, SIZES[-1]), "tiny/shuffled": (100_000, 1_000_000), "views": (0, 1_000_000)}
OTHER_SIZES = (10_000, 10_000)
# The largest size for the reference, which takes minutes above it.
REFERENCE_SIZE = {"tiny": 100_000, "views": 100_000}
OTHER_REFERENCE_SIZE = 10_000
# From this size on, only the benchmarks that the section on scaling shows.
LARGE = 1_000_000
LARGE_WORKS = ("describe/first", "describe/again", "convert/first", "convert/again", "convert/again_cold", "views/first")

THREADS_SIZE = 100_000
MEMORY_SIZE = 1_000_000
MEMORY_GRAPHS = ("tiny", "training", "views", "mix")
CHECKPOINT_TENSORS = 1_000
CHECKPOINT_WORKS = ("describe/first", "convert/first", "convert/again")

ROUNDS = ((1_000, 15), (10_000, 9), (100_000, 5), (10_000_000, 3))  # (size, rounds): for graphs of up to this size.
MOST_REFERENCE_ROUNDS = {100_000: 3}


@dataclasses.dataclass(frozen=True)
class Job:
    """Benchmarks on one graph. metaconv and the reference each run them in a process of their own."""

    graph: str
    size: int
    works: tuple
    with_reference: bool
    rounds: int

    @property
    def reference_rounds(self):
        return min(self.rounds, MOST_REFERENCE_ROUNDS.get(self.size, self.rounds))


def sizes_within(sizes, least, most):
    """Those of `sizes` from `least` to `most`, or the closest one if there are none."""
    return [size for size in sizes if least <= size <= most] or [
        min(sizes, key=lambda size: least - size if size < least else size - most)
    ]


def is_thread_work(name):
    return name.startswith("threads/")


def rounds_of(size, override):
    return override or next(rounds for most, rounds in ROUNDS if size <= most)


def jobs(works, sizes, rounds, checkpoints):
    """Jobs for the benchmarks that the driver lists, except those that are only used as baselines."""
    floors = {floor for work in works for floor in work["floors"]}
    measured = [work for work in works if work["name"] not in floors]
    graphs = dict.fromkeys(graph for work in measured for graph in work["graphs"])
    for graph in graphs:
        names = [work["name"] for work in measured if graph in work["graphs"] and not is_thread_work(work["name"])]
        for size in sizes_within(sizes, *SIZES_OF_GRAPH.get(graph, OTHER_SIZES)):
            at_this_size = [name for name in names if size < LARGE or name in LARGE_WORKS]
            with_reference = size <= REFERENCE_SIZE.get(graph, OTHER_REFERENCE_SIZE)
            yield Job(graph, size, tuple(at_this_size), with_reference, rounds_of(size, rounds))
    size = sizes_within(sizes, THREADS_SIZE, THREADS_SIZE)[-1]
    yield Job("tiny", size, tuple(w["name"] for w in measured if is_thread_work(w["name"])), False, rounds or 9)
    for path in checkpoints:
        yield Job(f"checkpoint:{path}", 0, CHECKPOINT_WORKS, True, rounds_of(0, rounds))
