"""Writes report.md from the contents of report.json."""

import plan
from goals import GOALS
from results import Results, number, title, whole_model

PLOTS = {
    "speedup": "Speedup over the reference",
    "floor": "Time relative to LibTorch's own operators",
    "growth": "Nanoseconds per tensor by the size of the graph",
    "threads": "Throughput of one converter by the number of threads",
}

# name: what is measured per tensor. Benchmarks of which the name says it are left out.
BENCHMARKS = {
    "describe/first": "describe each tensor with a new describer",
    "describe/again": "describe each tensor again with the same describer",
    "describe/read_properties": "baseline: read the same properties of each tensor and store nothing",
    "convert/first, views/first": "convert each tensor with a new converter",
    "convert/again, views/again": "convert each tensor again while its result is alive",
    "convert/again_cold": "convert each tensor again, with empty processor caches",
    "convert/half": "convert each tensor, of which every other one has a result",
    "convert/remade": "convert each tensor again after its result was destroyed",
    "convert/records": "convert each record with a new converter",
    "convert/by_hand, views/by_hand, convert/half_by_hand": (
        "baseline: call the LibTorch operator that creates the result, without keeping track of identity"
    ),
    "convert/empty_strided_meta": "baseline: LibTorch's `empty_strided_meta`, without the dispatcher",
    "convert/look_up, views/look_up, convert/look_up_cold": "baseline: one look-up in a hash table of all tensors",
    "views/replay": "replay the recorded view on another base",
    "views/operator": "baseline: call the view's operator",
    "json/write": "write each record as JSON text",
    "json/dump": "baseline: write an existing JSON document as text",
    "json/read": "read a JSON document with all records",
    "json/parse": "baseline: parse the document's text",
    "checkpoint/describe": "read the records of a checkpoint file",
    "checkpoint/parse": "baseline: parse the header of a safetensors file",
    "checkpoint/read": "baseline: read all bytes of the file",
}


def table(header, rows):
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


def goal_rows(results, goals):
    rows = []
    for goal in goals:
        measured = goal.measured(results)
        limit = f"{'≥' if goal.at_least else '≤'} {goal.limit:,g}{goal.unit}"
        verdict = "not measured" if measured is None else "met" if goal.is_met(measured) else "**not met**"
        rows.append([goal.work, goal.form.title, goal.against, limit, number(measured, goal.unit), verdict])
    return table(["benchmark", "calls", "compared with", "goal", "measured", ""], rows)


def goals(results):
    return goal_rows(results, GOALS)


def benchmarks():
    names = [", ".join(f"`{name}`" for name in names.split(", ")) for names in BENCHMARKS]
    return table(["benchmark", "what is measured"], zip(names, BENCHMARKS.values()))


def times(results):
    rows = []
    for (work, graph, size), _ in results.entries.items():
        if plan.is_thread_work(work):
            continue
        floors = results.floors(work, graph, size) or [None]
        for i, floor in enumerate(floors):
            ours = [
                work,
                title(graph),
                f"{size:,}" if size else "",
                number(results.best(work, graph, size)),
                number(results.median(work, graph, size)),
            ]
            reference = [
                number(results.best(work, graph, size, "reference")),
                number(results.speedup(work, graph, size), "x")
                if results.best(work, graph, size, "reference")
                else "",
            ]
            against = [floor or "", number(results.best(work, graph, size, floor)) if floor else ""]
            ratio = number(results.floor_ratio(work, graph, size, floor), "x") if floor else ""
            rows.append([*(ours if i == 0 else [""] * 5), *(reference if i == 0 else [""] * 2), *against, ratio])
    header = ["benchmark", "graph", "tensors", "ns", "median", "reference, ns", "speedup", "baseline", "ns", "ratio"]
    return table(header, rows)


def growth(results, named):
    """`named` returns the name of a work in one of its forms."""
    works = [named(work) for work in ("describe/first", "describe/again", "convert/first", "convert/again")]
    first, again = works[2:]
    largest = results.reference_size(first, "tiny", None)
    header = ["tensors", *(f"{work}, ns" for work in works), "convert/by_hand, ns", "convert/look_up, ns"]
    if largest:
        header.append(f"{first}, speedup over the reference (above {largest:,}: over its time at {largest:,})")
    rows = []
    for size in results.sizes(first, "tiny"):
        row = [f"{size:,}", *(number(results.best(work, "tiny", size)) for work in works)]
        row.append(number(results.best(first, "tiny", size, "convert/by_hand")))
        row.append(number(results.best(again, "tiny", size, "convert/look_up")))
        if largest:
            row.append(number(results.speedup(first, "tiny", size), "x"))
        rows.append(row)
    return table(header, rows)


# (tensors, conversions, calls, group)
THREADS = [
    *(("disjoint", phase, "whole model", f"threads_all/disjoint/{phase}") for phase in ("first", "again")),
    *(
        (share, phase, "single call", f"threads/{share}/{phase}")
        for share in ("disjoint", "same", "mix")
        for phase in ("first", "again", "both")
    ),
]


def threads(results):
    size = results.threads_size()
    rows = []
    for share, phase, calls, group in THREADS:
        one = results.best(f"{group}/1", "tiny", size)
        rows.append([share, phase, calls, number(one and 1e3 / one)])
        rows[-1] += [number(results.thread_speedup(group, n), "x") for n in (2, 4, 8)]
    floors = [results.best(f"threads/disjoint/first/{n}", "tiny", size, f"threads/by_hand/{n}") for n in (1, 2, 4, 8)]
    rows.append(["disjoint", "`at::empty_strided` only", "single call", number(floors[0] and 1e3 / floors[0])])
    rows[-1] += [number(floor and floors[0] / floor, "x") for floor in floors[1:]]
    header = ["tensors", "conversions", "calls", "1 thread, million per second", "2 threads", "4 threads", "8 threads"]
    return table(header, rows)


def record_formats(results):
    rows = []
    for work in ("json/write", "json/read", "records/write", "records/read"):
        for size in results.sizes(work, "tiny"):
            written = results.bytes.get((work, "tiny", size))
            rows.append([work, f"{size:,}", number(results.best(work, "tiny", size)), number(written)])
            rows[-1].append(number(results.gigabytes_per_second(work, "tiny", size)))
    return table(["benchmark", "tensors", "ns per tensor", "bytes per tensor", "GB/s"], rows)


def memory(results):
    names = ("sources", "results", "alive_all", "alive", "dropped")
    rows = [
        [entry["graph"], f"{entry['size']:,}", *(number(entry[name]) for name in names)]
        for entry in results.document["memory"]
    ]
    alive = "converter, results alive, converted by "
    header = ["graph", "tensors", "source", "result", f"{alive}one call", f"{alive}single calls"]
    header.append("converter, all destroyed")
    return table(header, rows)


def whole_process(results):
    measured = results.document["whole_process"]
    if not measured:
        return "Not measured: this needs the Python reference."
    names = {
        "metaconv": "`metaconv describe FILE --format=json`",
        "python": "`torch.load(FILE, mmap=True)`, with starting Python and `import torch`",
        "python_without_import": "`torch.load(FILE, mmap=True)` only",
    }
    rows = [
        [text, number(min(measured["seconds"][name]) * 1e3), number(results.whole_process_speedup(name), "x")]
        for name, text in names.items()
    ]
    return table(["", "ms", "relative to metaconv"], rows)


def heading(results):
    machine, built = results.document["machine"], results.document["built_with"]
    reference = machine["reference"]
    text = (
        f"{machine['date']}, {machine['processor']}, {machine['cores']} cores, {machine['memory_gib']} GiB, "
        f"{machine['system']}, Linux {machine['kernel']}, load average {number(machine['load'])} at the start. "
        f"LibTorch {built['libtorch']}, GCC {built['compiler']}. "
    )
    text += f"Reference: {reference}. " if reference else "The reference was not measured. "
    return text + (f"Sources: {machine['commit']}." if machine["commit"] else "")


def plot(name, stem):
    return f"![{PLOTS[name]}]({stem}/{name}.svg)"


def summary(document):
    """The goals that were measured, and all times."""
    results = Results(document)
    parts = [goal_rows(results, [goal for goal in GOALS if goal.measured(results) is not None]), times(results)]
    if results.threads_size():
        parts.append(threads(results))
    return "\n\n".join(parts)


def markdown(document, stem, plots):
    """`stem` is the folder of the plots; `plots` names those that were drawn."""
    results = Results(document)

    def drawn(name):
        return [plot(name, stem)] if name in plots else []

    parts = [
        "# Performance",
        "This file is generated by `./bazelw run //benchmarks:report`. " + heading(results),
        "Times are in nanoseconds per tensor, from the fastest of several rounds. metaconv, the baselines and the reference "
        "are interleaved in each round, and ratios are computed within one run. A baseline is what LibTorch's own operators "
        "take for the same result. The graphs of tensors are made by `benchmarks/graphs`, and it is checked that metaconv "
        "and the reference get the same ones. The benchmarks are in `benchmarks/works`.",
        "## Goals",
        "`≥ 100x`: at least 100 times as fast. `≤ 2x`: takes at most twice as long. The measured value is the worst one of "
        "all sizes that the goal covers. Calls: `whole model`, one call for all tensors; `single call`, one for each. The "
        "reference has single calls only. Where no size is given, a goal covers 10³ to 10⁷ dense tensors and one or more "
        "sizes of other graphs. Above 10⁵ tensors, the time of the reference is that at 10⁵.",
        goals(results),
        "## Scaling",
        "Nanoseconds per tensor for dense tensors, with one call for all of them.",
        growth(results, whole_model),
        "The same with one call for each tensor.",
        growth(results, lambda work: work),
        *drawn("growth"),
        "## Threads",
        f"Throughput of one converter, with {results.threads_size():,} dense tensors, relative to one thread. Tensors: "
        "`disjoint`, each thread converts its own part; `same`, each thread converts all tensors; `mix`, half of the tensors "
        "are shared and half are disjoint. Conversions: `first`, for the first time; `again`, with the results alive; `both`, "
        "each thread converts its tensors for the first time and then again. With `whole model`, each thread converts its "
        "part by one call.",
        threads(results),
        *drawn("threads"),
        "## Memory",
        "Bytes per tensor, as counted by the allocator.",
        memory(results),
        "## Writing and reading records",
        "JSON: one text for each record when writing, one document with all records when reading.",
        record_formats(results),
        "## Describing a checkpoint file",
        f"{plan.CHECKPOINT_TENSORS:,} tensors, written by `torch.save`. The time is that of a whole process.",
        whole_process(results),
        "## All measurements",
        "The name of a benchmark with one call for all tensors has `_all` after its first part: `convert_all/first` does the "
        "same as `convert/first`.",
        benchmarks(),
        *drawn("speedup"),
        *drawn("floor"),
        times(results),
    ]
    return "\n\n".join(parts) + "\n"
