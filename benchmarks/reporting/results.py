"""The contents of report.json, and the ratios computed from them."""

import pathlib
import statistics

import plan


def title(graph):
    """The display name of a graph."""
    return "/".join(pathlib.Path(graph).parts[-2:]) if graph.startswith("checkpoint:") else graph


def whole_model(work):
    """The name of the work that does the same by one call for all tensors."""
    return work.replace("/", "_all/", 1)


def number(value, unit=""):
    """`value` with three significant digits, or all digits of its integer part."""
    if value is None:
        return ""
    if abs(value) >= 100:
        return f"{value:,.0f}{unit}"
    return f"{value:.{1 if abs(value) >= 10 else 2}f}{unit}"


class Results:
    """Methods return None for values that were not measured."""

    def __init__(self, document):
        self.document = document
        self.entries = {(e["work"], e["graph"], e["size"]): e["nanoseconds"] for e in document["times"]}
        self.bytes = {(e["work"], e["graph"], e["size"]): e["bytes"] for e in document["times"] if "bytes" in e}

    def sizes(self, work, graph, least=0, most=float("inf")):
        return sorted(s for w, g, s in self.entries if (w, g) == (work, graph) and least <= s <= most)

    def best(self, work, graph, size, who="metaconv"):
        """Nanoseconds per conversion, in the fastest round."""
        rounds = self.entries.get((work, graph, size), {}).get(who)
        return min(rounds) if rounds else None

    def median(self, work, graph, size, who="metaconv"):
        rounds = self.entries.get((work, graph, size), {}).get(who)
        return statistics.median(rounds) if rounds else None

    def floors(self, work, graph, size):
        return [who for who in self.entries.get((work, graph, size), {}) if who not in ("metaconv", "reference")]

    def floor_ratio(self, work, graph, size, floor):
        ours, theirs = self.best(work, graph, size), self.best(work, graph, size, floor)
        return ours / theirs if ours and theirs else None

    def time_ratio(self, of, to):
        """The time of one benchmark relative to that of another one, both as (work, graph, size)."""
        ours, theirs = self.best(*of), self.best(*to)
        return ours / theirs if ours and theirs else None

    def gigabytes_per_second(self, work, graph, size):
        best, size_bytes = self.best(work, graph, size), self.bytes.get((work, graph, size))
        return size_bytes / best if best and size_bytes else None

    def reference_size(self, work, graph, size):
        """The size whose reference time is used: `size`, or else the largest that the reference ran."""
        ran = [s for s in self.sizes(work, graph) if self.best(work, graph, s, "reference")]
        return size if size in ran else max(ran, default=None)

    def speedup(self, work, graph, size):
        ours = self.best(work, graph, size)
        theirs = self.best(work, graph, self.reference_size(work, graph, size), "reference")
        return theirs / ours if ours and theirs else None

    def threads_size(self):
        return max((size for work, _, size in self.entries if plan.is_thread_work(work)), default=None)

    def thread_speedup(self, group, threads, over=1):
        """Throughput with `threads` threads relative to that with `over` threads. The works are GROUP/THREADS."""
        one, many = (self.best(f"{group}/{n}", "tiny", self.threads_size()) for n in (over, threads))
        return one / many if one and many else None

    def whole_process_speedup(self, python="python"):
        measured = self.document["whole_process"]
        return measured and min(measured["seconds"][python]) / min(measured["seconds"]["metaconv"])
