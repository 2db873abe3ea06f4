"""Which benchmarks run on which graph, at which sizes, and how many rounds."""

import dataclasses
import fnmatch

SIZES = (1_000, 10_000, 100_000, 1_000_000, 10_000_000)
QUICK_SIZES = (1_000,)

# The smallest and the largest size of each graph. The section on scaling uses the dense tensors ("tiny").
SIZES_OF_GRAPH = {"tiny": (0, SIZES[-1]), "tiny/shuffled": (1_000_000, 1_000_000), "views": (0, 1_000_000)}
OTHER_SIZES = (10_000, 10_000)
# The largest size for the reference, which takes minutes above it.
REFERENCE_SIZE = {"tiny": 100_000, "views": 100_000}
OTHER_REFERENCE_SIZE = 10_000
# The largest size of groups that no goal needs above it.
MOST_FOR_GROUP = {
    "convert/half": 10_000,
    "convert/remade": 10_000,
    "convert/records": 100_000,
    "json/write": 100_000,
    "json/read": 100_000,
    "records/write": 100_000,
    "records/read": 100_000,
    "views/again": 100_000,
    "convert/again": 1_000_000,
    "convert/again_cold": 1_000_000,
}

THREADS_SIZE = 100_000
THREADS_ROUNDS = 5
MEMORY_SIZE = 1_000_000
MEMORY_GRAPHS = ("tiny", "training", "views", "mix")
CHECKPOINT_TENSORS = 1_000
CHECKPOINT_ROUNDS = 5
CHECKPOINT_GROUPS = ("describe/first", "convert/first", "convert/again")

# (size, rounds): for graphs of up to this size.
ROUNDS = ((1_000, 9), (10_000, 5), (1_000_000, 3), (10_000_000, 2))
MOST_REFERENCE_ROUNDS = 3


@dataclasses.dataclass(frozen=True)
class Choice:
    """The benchmarks and graphs to measure, as patterns such as `convert*/first`. Without patterns, all of them."""

    works: tuple = ()
    graphs: tuple = ()

    def has_work(self, name):
        return not self.works or any(fnmatch.fnmatchcase(name, pattern) for pattern in self.works)

    def has_graph(self, name):
        return not self.graphs or any(fnmatch.fnmatchcase(name, pattern) for pattern in self.graphs)


@dataclasses.dataclass(frozen=True)
class Job:
    """Benchmarks on one graph. metaconv and the reference each run them in a process of their own.

    `groups` has a list of works for each group: the works of a group, their baselines and the reference's work with the
    name of the group are measured in turns.
    """

    graph: str
    size: int
    groups: dict
    with_reference: bool
    rounds: int

    @property
    def reference_rounds(self):
        return min(self.rounds, MOST_REFERENCE_ROUNDS)


def sizes_within(sizes, least, most):
    """Those of `sizes` from `least` to `most`, or the closest one if there are none."""
    return [size for size in sizes if least <= size <= most] or [
        min(sizes, key=lambda size: least - size if size < least else size - most)
    ]


def is_thread_work(name):
    return name.startswith(("threads/", "threads_all/"))


def rounds_of(size, override):
    return override or next(rounds for most, rounds in ROUNDS if size <= most)


def groups_of(works):
    groups = {}
    for work in works:
        groups.setdefault(work["group"], []).append(work["name"])
    return groups


def all_jobs(works, sizes, rounds, checkpoints):
    """Jobs for `works`. The tensors of checkpoints have the graph `checkpoint:PATH`."""
    graphs = dict.fromkeys(graph for work in works for graph in work["graphs"])
    for graph in graphs:
        of_graph = groups_of(work for work in works if graph in work["graphs"] and not is_thread_work(work["name"]))
        for size in sizes_within(sizes, *SIZES_OF_GRAPH.get(graph, OTHER_SIZES)):
            with_reference = size <= REFERENCE_SIZE.get(graph, OTHER_REFERENCE_SIZE)
            groups = {name: of_graph[name] for name in of_graph if size <= MOST_FOR_GROUP.get(name, size)}
            yield Job(graph, size, groups, with_reference, rounds_of(size, rounds))
    size = sizes_within(sizes, THREADS_SIZE, THREADS_SIZE)[-1]
    yield Job("tiny", size, groups_of(w for w in works if is_thread_work(w["name"])), False, rounds or THREADS_ROUNDS)
    for path in checkpoints:
        groups = groups_of(work for work in works if work["group"] in CHECKPOINT_GROUPS)
        yield Job(f"checkpoint:{path}", 0, groups, True, rounds or CHECKPOINT_ROUNDS)


def jobs(works, sizes, rounds, checkpoints, choice):
    """Jobs for the chosen ones of the works that the driver lists, except those that are only used as baselines."""
    floors = {floor for work in works for floor in work["floors"]}
    measured = [work for work in works if work["name"] not in floors and choice.has_work(work["name"])]
    for job in all_jobs(measured, sizes, rounds, checkpoints):
        if job.groups and choice.has_graph(job.graph):
            yield job
