"""The performance goals, and whether they are met."""

import dataclasses
from collections.abc import Callable

import plan

NO_LIMIT = float("inf")


@dataclasses.dataclass(frozen=True)
class Goal:
    work: str
    against: str
    limit: float
    at_least: bool
    measure: Callable  # Takes Results; returns the worst of all cases of the goal, or None.
    unit: str = "x"

    def is_met(self, measured):
        return measured >= self.limit if self.at_least else measured <= self.limit


def worst(of, values):
    measured = [value for value in values if value is not None]
    return of(measured) if measured else None


def speedup(work, graph, least=0, most=NO_LIMIT):
    return lambda r: worst(min, (r.speedup(work, graph, size) for size in r.sizes(work, graph, least, most)))


def floor_ratio(work, graph, floor, least=0, most=NO_LIMIT):
    return lambda r: worst(max, (r.floor_ratio(work, graph, s, floor) for s in r.sizes(work, graph, least, most)))


def growth(results):
    small, large = (results.best("convert/first", "tiny", size) for size in (100_000, 10_000_000))
    return large / small if small and large else None


def memory(name):
    return lambda r: worst(max, (entry[name] for entry in r.document["memory"] if entry["graph"] == "tiny"))


def over_reference(work, limit, measure):
    return Goal(work, "the reference", limit, True, measure)


def over_floor(work, floor, limit, measure):
    return Goal(work, floor, limit, False, measure)


def threads(work, share, count, over, limit):
    against = "one thread" if over == 1 else f"{over} threads"
    return Goal(work, against, limit, True, lambda r: r.thread_speedup(share, "both", count, over))


GOALS = [
    over_reference("describe dense tensors, first time", 150, speedup("describe/first", "tiny", 0, 100_000)),
    over_reference("describe dense tensors, again", 200, speedup("describe/again", "tiny", 0, 100_000)),
    over_reference(
        "convert dense tensors, first time, 10⁴–10⁵", 100, speedup("convert/first", "tiny", 10_000, 100_000)
    ),
    over_floor(
        "convert dense tensors, first time, 10⁴–10⁵",
        "at::empty_strided on meta",
        2,
        floor_ratio("convert/first", "tiny", "convert/by_hand", 10_000, 100_000),
    ),
    over_reference("convert dense tensors, first time, 10⁶–10⁷", 60, speedup("convert/first", "tiny", 1_000_000)),
    over_floor(
        "convert dense tensors, first time, 10⁶–10⁷",
        "at::empty_strided on meta",
        3,
        floor_ratio("convert/first", "tiny", "convert/by_hand", 1_000_000),
    ),
    over_reference("convert dense tensors, again", 500, speedup("convert/again", "tiny", 0, 100_000)),
    over_floor(
        "convert dense tensors, again, with empty caches",
        "one look-up in a hash table, with empty caches",
        4,
        floor_ratio("convert/again_cold", "tiny", "convert/look_up_cold"),
    ),
    over_reference("convert views, first time", 100, speedup("views/first", "views", 0, 100_000)),
    over_floor(
        "convert views, first time", "as_strided on meta", 2, floor_ratio("views/first", "views", "views/by_hand")
    ),
    over_reference("view replay", 5, speedup("views/replay", "replayed_views")),
    over_floor(
        "view replay", "the operator alone", 1.3, floor_ratio("views/replay", "replayed_views", "views/operator")
    ),
    over_reference("convert parameters with gradients", 50, speedup("convert/first", "parameters")),
    over_reference("convert sparse COO tensors", 50, speedup("convert/first", "sparse_coo")),
    over_reference("convert sparse CSR tensors", 50, speedup("convert/first", "sparse_csr")),
    Goal("time per tensor at 10⁷", "time per tensor at 10⁵", 1.5, False, growth),
    Goal("memory of the converter while the results are alive", "", 300, False, memory("alive"), " bytes per tensor"),
    Goal(
        "memory of the converter after all tensors are destroyed", "", 1, False, memory("dropped"), " bytes per tensor"
    ),
    threads("throughput of 2 threads, disjoint tensors", "disjoint", 2, 1, 1.8),
    threads("throughput of 2 threads, the same tensors", "same", 2, 1, 1.5),
    threads("throughput of 8 threads, disjoint tensors", "disjoint", 8, 2, 1),
    threads("throughput of 8 threads, the same tensors", "same", 8, 2, 1),
    over_reference(
        f"describe a checkpoint of {plan.CHECKPOINT_TENSORS:,} tensors, whole process",
        25,
        lambda r: r.whole_process_speedup(),
    ),
]
