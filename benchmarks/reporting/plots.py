"""The plots of the report. Needs matplotlib. The same numbers give byte-identical files."""

import matplotlib

matplotlib.use("svg")
matplotlib.rcParams.update(
    {
        "svg.hashsalt": "metaconv",
        "svg.fonttype": "none",
        "font.family": "sans-serif",
        "font.size": 10,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "axes.axisbelow": True,
        "grid.color": "#e5e5e5",
        "figure.facecolor": "white",
    }
)

import matplotlib.pyplot as plt  # Must follow the choice of the backend.
from matplotlib.ticker import FuncFormatter, NullFormatter

import plan
from results import number, title, whole_model

BLUE, ORANGE, GREY, GREEN = "#2f6fb0", "#d9822b", "#8a8a8a", "#4a9a5a"
PLAIN = FuncFormatter(lambda value, _: f"{value:,.10g}")


def label(work, graph):
    return f"{work}, {title(graph)}"


def largest_with(results, who):
    """The largest size at which each benchmark and graph was compared with `who`. Checkpoint files are left out."""
    largest = {}
    for (work, graph, size), rounds in results.entries.items():
        if not plan.is_thread_work(work) and size and any(map(who, rounds)):
            largest[work, graph] = max(size, largest.get((work, graph), 0))
    return largest


def bars(values, color, text):
    """Ratios by label, on a logarithmic scale. The bars begin at 1."""
    figure, axes = plt.subplots(figsize=(8, 1 + 0.22 * len(values)))
    places = range(len(values))
    ratios = list(values.values())
    axes.barh(places, [ratio - 1 for ratio in ratios], left=1, color=color, height=0.7)
    axes.set_yticks(places, list(values))
    axes.set_ylim(len(values) - 0.4, -0.6)
    axes.grid(axis="y", visible=False)
    for place, ratio in zip(places, ratios):
        offset = {"xytext": (3, 0), "textcoords": "offset points"}
        axes.annotate(number(ratio, "x"), (max(ratio, 1), place), va="center", size=8, **offset)
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(PLAIN)
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlim(min(1, *ratios) * 0.95, max(ratios) * 1.6)
    axes.axvline(1, color="black", linewidth=0.8)
    axes.set_xlabel(f"{text} (logarithmic)")
    return figure


def speedup(results):
    largest = largest_with(results, lambda who: who == "reference")
    if not largest:
        return None
    values = {label(*key): results.speedup(*key, size) for key, size in largest.items()}
    return bars(values, BLUE, "speedup over the Python reference, at its largest size")


def floor(results):
    values = {}
    for (work, graph), size in largest_with(results, lambda who: who not in ("metaconv", "reference")).items():
        name = results.floors(work, graph, size)[0]
        values[f"{label(work, graph)} / {name.partition('/')[2]}"] = results.floor_ratio(work, graph, size, name)
    return bars(values, ORANGE, "time relative to the LibTorch baseline, at the largest size")


def growth(results):
    figure, axes = plt.subplots(figsize=(8, 4.2))
    lines = [
        ("describe, first time", "describe/first", "metaconv", GREEN, "-"),
        ("convert, first time", "convert/first", "metaconv", BLUE, "-"),
        ("at::empty_strided on meta", "convert/first", "convert/by_hand", BLUE, "--"),
        ("convert again", "convert/again", "metaconv", ORANGE, "-"),
        ("one hash table look-up", "convert/again", "convert/look_up", ORANGE, "--"),
    ]
    for text, single, who, color, style in lines:
        work = whole_model(single)
        sizes = results.sizes(work, "tiny")
        values = [results.best(work, "tiny", size, who) for size in sizes]
        axes.plot(sizes, values, style, marker="o", markersize=4, color=color, label=text)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(PLAIN)
    axes.xaxis.set_major_formatter(PLAIN)
    axes.set_xlabel("number of dense tensors in the graph, all in one call")
    axes.set_ylabel("nanoseconds per tensor")
    axes.legend(frameon=False, fontsize=9, loc="center left", bbox_to_anchor=(1, 0.5))
    return figure


def threads(results):
    figure, axes = plt.subplots(figsize=(8, 3.6))
    counts = [1, 2, 4, 8]
    cores = results.document["machine"]["cores"]
    axes.plot(counts, [min(n, cores) for n in counts], "--", color=GREY, label=f"ideal, {cores} cores")
    lines = [
        ("disjoint, first time, one call for each thread", "threads_all/disjoint/first", BLUE, "-"),
        ("disjoint, again, one call for each thread", "threads_all/disjoint/again", GREEN, "-"),
        ("disjoint, first time and again", "threads/disjoint/both", BLUE, ":"),
        ("half of the tensors shared", "threads/mix/both", GREEN, ":"),
        ("the same tensors", "threads/same/both", ORANGE, ":"),
    ]
    for text, group, color, style in lines:
        values = [results.thread_speedup(group, n) for n in counts]
        axes.plot(counts, values, style, marker="o", markersize=4, color=color, label=text)
    axes.set_xscale("log", base=2)
    axes.set_xticks(counts, counts)
    axes.set_ylim(bottom=0)
    axes.set_xlabel("threads")
    axes.set_ylabel("throughput relative to one thread")
    axes.legend(frameon=False, fontsize=9, loc="center left", bbox_to_anchor=(1, 0.5))
    return figure


def draw(results, folder):
    """Writes NAME.svg for each plot that has data. Returns the names."""
    drawn = []
    for make in (speedup, floor, growth, threads):
        figure = make(results)
        if figure is not None:
            folder.mkdir(parents=True, exist_ok=True)
            figure.savefig(folder / f"{make.__name__}.svg", bbox_inches="tight", metadata={"Date": None})
            plt.close(figure)
            drawn.append(make.__name__)
    return drawn
