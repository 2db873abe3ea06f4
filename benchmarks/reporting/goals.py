"""The performance goals, and whether they are met."""

import dataclasses
from collections.abc import Callable

import plan
from results import whole_model

NO_LIMIT = float("inf")


@dataclasses.dataclass(frozen=True)
class Form:
    """How a benchmark calls metaconv, and the name of its work for that."""

    title: str
    name: Callable  # Takes the name of the work for single calls.


SINGLE = Form("single call", lambda work: work)
WHOLE = Form("whole model", whole_model)
NEITHER = Form("", lambda work: work)

BOTH = WHOLE, SINGLE


@dataclasses.dataclass(frozen=True)
class Goal:
    work: str
    form: Form
    against: str
    limit: float
    at_least: bool
    measure: Callable  # Takes Results and a Form; returns the worst of all cases of the goal, or None.
    unit: str = "x"

    def measured(self, results):
        return self.measure(results, self.form)

    def is_met(self, measured):
        return measured >= self.limit if self.at_least else measured <= self.limit


# Functions that return Goal.measure. `work` is the name of the work for single calls.


def worst(of, values):
    measured = [value for value in values if value is not None]
    return of(measured) if measured else None


def speedup(work, graph, least=0, most=NO_LIMIT):
    def measure(r, form):
        name = form.name(work)
        return worst(min, (r.speedup(name, graph, size) for size in r.sizes(name, graph, least, most)))

    return measure


def floor_ratio(work, graph, floor, least=0, most=NO_LIMIT):
    def measure(r, form):
        name = form.name(work)
        return worst(max, (r.floor_ratio(name, graph, size, floor) for size in r.sizes(name, graph, least, most)))

    return measure


def growth(work, graph, small, large):
    return lambda r, form: r.time_ratio((form.name(work), graph, large), (form.name(work), graph, small))


def shuffled(work, size):
    return lambda r, form: r.time_ratio((form.name(work), "tiny/shuffled", size), (form.name(work), "tiny", size))


def threads(work, count, over):
    return lambda r, form: r.thread_speedup(form.name(work), count, over)


def memory(name):
    return lambda r, form: worst(max, (e[name[form]] for e in r.document["memory"] if e["graph"] == "tiny"))


def faster_than(work, other):
    """How many times as fast as `other` a work is."""
    sizes = lambda r: r.sizes(work, "tiny")
    return lambda r, _: worst(min, (r.time_ratio((other, "tiny", size), (work, "tiny", size)) for size in sizes(r)))


def throughput(work):
    return lambda r, _: worst(min, (r.gigabytes_per_second(work, "tiny", size) for size in r.sizes(work, "tiny")))


# Functions that return a list of goals: one for each form.


def over_reference(work, forms, limit, measure):
    return [Goal(work, form, "the reference", limit, True, measure) for form in forms]


def over_floor(work, forms, floor, limit, measure):
    return [Goal(work, form, floor, limit, False, measure) for form in forms]


def dense(work, forms, name, sizes, over, floor, floor_limit, floor_name):
    """Goals for dense tensors, relative to the reference and to a baseline."""
    return [
        *over_reference(work, forms, over, speedup(name, "tiny", *sizes)),
        *over_floor(work, forms, floor, floor_limit, floor_ratio(name, "tiny", floor_name, *sizes)),
    ]


def by_threads(text, forms, work):
    return [
        Goal(f"throughput of {count} threads, {text}", form, against, limit, True, threads(work, count, over))
        for count, over, against, limit in ((2, 1, "one thread", 1.8), (8, 2, "2 threads", 0.95))
        for form in forms
    ]


def records(text, work, json_work):
    """Goals for binary records. At 1 GB/s, the alternative, twice the time of memcpy, is far away."""
    return [
        Goal(f"{text} binary records", NEITHER, f"{text} JSON", 20, True, faster_than(work, json_work)),
        Goal(f"{text} binary records", NEITHER, "", 1, True, throughput(work), " GB/s"),
    ]


EMPTY_STRIDED = "at::empty_strided on meta"
PROPERTIES = "reading the same properties"
BYTES = " bytes per tensor"

GOALS = [
    *over_reference("describe dense tensors, first time", BOTH, 200, speedup("describe/first", "tiny")),
    *over_reference("describe dense tensors, again", BOTH, 250, speedup("describe/again", "tiny")),
    *over_floor(
        "describe dense tensors, first time, from 10⁵",
        BOTH,
        PROPERTIES,
        6,
        floor_ratio("describe/first", "tiny", "describe/read_properties", 100_000),
    ),
    *over_floor(
        "describe dense tensors, again, from 10⁵",
        BOTH,
        PROPERTIES,
        6,
        floor_ratio("describe/again", "tiny", "describe/read_properties", 100_000),
    ),
    *dense(
        "convert dense tensors, first time, 10³–10⁵",
        [WHOLE],
        "convert/first",
        (0, 100_000),
        200,
        EMPTY_STRIDED,
        2,
        "convert/by_hand",
    ),
    *dense(
        "convert dense tensors, first time, 10⁶–10⁷",
        [WHOLE],
        "convert/first",
        (1_000_000,),
        150,
        EMPTY_STRIDED,
        2.5,
        "convert/by_hand",
    ),
    Goal(
        "time per tensor at 10⁷",
        WHOLE,
        "time per tensor at 10⁵",
        1.3,
        False,
        growth("convert/first", "tiny", 100_000, 10_000_000),
    ),
    *over_reference(
        "convert dense tensors, again, at 10⁵", [WHOLE], 1000, speedup("convert/again", "tiny", 100_000, 100_000)
    ),
    *over_floor(
        "convert dense tensors, again, with empty caches",
        [WHOLE],
        "one look-up in a hash table, with empty caches",
        3,
        floor_ratio("convert/again_cold", "tiny", "convert/look_up_cold"),
    ),
    *over_reference("convert views, first time", [WHOLE], 200, speedup("views/first", "views")),
    *over_floor(
        "convert views, first time",
        [WHOLE],
        "as_strided on meta",
        2,
        floor_ratio("views/first", "views", "views/by_hand"),
    ),
    *over_floor(
        "view replay",
        [NEITHER],
        "the operator alone",
        1.3,
        floor_ratio("views/replay", "replayed_views", "views/operator"),
    ),
    *over_reference("convert parameters with gradients", BOTH, 50, speedup("convert/first", "parameters")),
    *over_reference("convert sparse COO tensors", BOTH, 80, speedup("convert/first", "sparse_coo")),
    *over_reference("convert sparse CSR tensors", BOTH, 60, speedup("convert/first", "sparse_csr")),
    *(
        Goal(f"{text}, shuffled, at 10⁶", form, "in the order of creation", 1.6, False, shuffled(work, 1_000_000))
        for text, work in (
            ("describe dense tensors, first time", "describe/first"),
            ("describe dense tensors, again", "describe/again"),
            ("convert dense tensors, first time", "convert/first"),
            ("convert dense tensors, again", "convert/again"),
        )
        for form in BOTH
    ),
    *by_threads("disjoint tensors, first time", BOTH, "threads/disjoint/first"),
    *by_threads("disjoint tensors, again", BOTH, "threads/disjoint/again"),
    Goal(
        "throughput of 2 threads, the same tensors", SINGLE, "one thread", 1.5, True, threads("threads/same/both", 2, 1)
    ),
    Goal("throughput of 8 threads, the same tensors", SINGLE, "2 threads", 1, True, threads("threads/same/both", 8, 2)),
    *(
        Goal(
            "memory of the converter while the results are alive",
            form,
            "",
            150,
            False,
            memory({SINGLE: "alive", WHOLE: "alive_all"}),
            BYTES,
        )
        for form in BOTH
    ),
    # Tables keep a minimum size, which does not depend on the number of tensors.
    Goal(
        "memory of the converter after all tensors are destroyed",
        NEITHER,
        "",
        0.1,
        False,
        memory({NEITHER: "dropped"}),
        BYTES,
    ),
    *records("write", "records/write", "json/write"),
    *records("read", "records/read", "json/read"),
    *over_reference(
        f"describe a checkpoint of {plan.CHECKPOINT_TENSORS:,} tensors, whole process",
        [NEITHER],
        25,
        lambda r, _: r.whole_process_speedup(),
    ),
]
