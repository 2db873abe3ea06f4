"""report.md, a function of report.json."""

import plan
from aims import AIMS
from results import Results, number, title

PLOTS = {
    "speedup": "Time of the reference over ours",
    "floor": "Our time over that of LibTorch's own operators",
    "growth": "Nanoseconds for one tensor by the size of the graph",
    "threads": "Throughput by threads, one converter",
}


def table(header, rows):
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


def aims(results):
    rows = []
    for aim in AIMS:
        measured = aim.measure(results)
        limit = f"{'≥' if aim.at_least else '≤'} {aim.limit:g}{aim.unit}"
        verdict = "not measured" if measured is None else "met" if aim.is_met(measured) else "**not met**"
        rows.append([aim.work, aim.against, limit, number(measured, aim.unit), verdict])
    return table(["work", "against", "aim", "measured", ""], rows)


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
    header = ["work", "graph", "tensors", "ns", "median", "reference, ns", "speedup", "floor", "ns", "ratio"]
    return table(header, rows)


def growth(results):
    works = ("describe/first", "describe/again", "convert/first", "convert/again")
    sizes = results.sizes("convert/first", "tiny")
    largest = results.reference_size("convert/first", "tiny", None)
    header = ["tensors", *(f"{work}, ns" for work in works), "convert/by_hand, ns", "convert/look_up, ns"]
    if largest:
        header.append(f"convert/first over the reference (above {largest:,}: over its time at {largest:,})")
    rows = []
    for size in sizes:
        row = [f"{size:,}", *(number(results.best(work, "tiny", size)) for work in works)]
        row.append(number(results.best("convert/first", "tiny", size, "convert/by_hand")))
        row.append(number(results.best("convert/again", "tiny", size, "convert/look_up")))
        if largest:
            row.append(number(results.speedup("convert/first", "tiny", size), "x"))
        rows.append(row)
    return table(header, rows)


def threads(results):
    size = results.threads_size()
    rows = []
    for share in ("disjoint", "same", "mix"):
        for phase in ("first", "again", "both"):
            one = results.best(f"threads/{share}/{phase}/1", "tiny", size)
            rows.append([share, phase, number(one and 1e3 / one)])
            rows[-1] += [number(results.thread_speedup(share, phase, n), "x") for n in (2, 4, 8)]
    floors = [results.best(f"threads/disjoint/first/{n}", "tiny", size, f"threads/by_hand/{n}") for n in (1, 2, 4, 8)]
    rows.append(["disjoint", "at::empty_strided alone", number(floors[0] and 1e3 / floors[0])])
    rows[-1] += [number(floor and floors[0] / floor, "x") for floor in floors[1:]]
    return table(["tensors", "conversions", "1 thread, million a second", "2 threads", "4", "8"], rows)


def memory(results):
    names = ("sources", "results", "alive", "dropped")
    rows = [
        [entry["graph"], f"{entry['size']:,}", *(number(entry[name]) for name in names)]
        for entry in results.document["memory"]
    ]
    header = ["graph", "tensors", "a source", "a result", "beyond it, while alive", "after all is dropped"]
    return table(header, rows)


def whole_process(results):
    measured = results.document["whole_process"]
    if not measured:
        return "Not measured: it takes the Python reference."
    names = {
        "metaconv": "`metaconv describe FILE --format=json`",
        "python": "`torch.load(FILE, mmap=True)`, with Python and its imports",
        "python_without_import": "`torch.load(FILE, mmap=True)` alone",
    }
    rows = [
        [text, number(min(measured["seconds"][name]) * 1e3), number(results.whole_process_speedup(name), "x")]
        for name, text in names.items()
    ]
    return table(["", "ms", "over ours"], rows)


def heading(results):
    machine, built = results.document["machine"], results.document["built_with"]
    reference = machine["reference"]
    text = (
        f"{machine['date']}, {machine['processor']}, {machine['cores']} cores, {machine['memory_gib']} GiB, "
        f"{machine['system']}, Linux {machine['kernel']}, load {number(machine['load'])} at the start. "
        f"LibTorch {built['libtorch']}, GCC {built['compiler']}. "
    )
    text += f"The reference: {reference}. " if reference else "Without the reference: its Python environment was not there. "
    return text + (f"Sources: {machine['commit']}." if machine["commit"] else "")


def plot(name, stem):
    return f"![{PLOTS[name]}]({stem}/{name}.svg)"


def markdown(document, stem, plots):
    """`stem` is the folder of the plots; `plots` names those that were drawn."""
    results = Results(document)

    def drawn(name):
        return [plot(name, stem)] if name in plots else []

    parts = [
        "# Performance",
        "Written by `./bazelw run //benchmarks:report`, every number of it. " + heading(results),
        "Times are those of the best of several rounds, in which all take turns, in nanoseconds for one tensor; ratios are "
        "of times of one run. Graphs are made by `benchmarks/graphs` and checked to be the same on both sides; works are in "
        "`benchmarks/works`.",
        "## Aims",
        "≥: how many times as fast. ≤: how many times as long. Of all sizes that an aim is about, the worst.",
        aims(results),
        "## Growth",
        growth(results),
        *drawn("growth"),
        "## Threads",
        f"One converter, {results.threads_size():,} dense tensors. `both` is a whole job: each thread converts its tensors "
        "for the first time, then again. Tensors are a part for each thread, all for each, or half and half.",
        threads(results),
        *drawn("threads"),
        "## Memory",
        "Bytes in use for each tensor, as the allocator counts them.",
        memory(results),
        "## Describing a file",
        f"{plan.CHECKPOINT_TENSORS:,} tensors, written by `torch.save`; from the start of a process to its end.",
        whole_process(results),
        "## Everything",
        *drawn("speedup"),
        *drawn("floor"),
        times(results),
    ]
    return "\n\n".join(parts) + "\n"
