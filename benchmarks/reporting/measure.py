"""Runs the plan: metaconv, the baselines and the reference, interleaved."""

import contextlib
import json
import pathlib
import subprocess
import sys
import tempfile
import time

import plan
from results import title
from workers import Worker

REFERENCE_WORKER = pathlib.Path(__file__).parent.parent / "reference" / "worker.py"
DESCRIBE_IN_PYTHON = """
import sys, time
import torch
start = time.perf_counter()
torch.load(sys.argv[1], mmap=True, map_location="cpu", weights_only=True)
print(time.perf_counter() - start)
"""
SAVE_CHECKPOINT = """
import sys, torch
torch.save({f"layers.{i}.weight": torch.zeros(64, 64) for i in range(int(sys.argv[2]))}, sys.argv[1])
"""


class Progress:
    """One line on standard error for each step."""

    def __init__(self, steps):
        self._steps = steps
        self._done = 0
        self._start = time.monotonic()

    def step(self, what):
        self._done += 1
        minutes, seconds = divmod(int(time.monotonic() - self._start), 60)
        print(f"[{self._done}/{self._steps}] {minutes}:{seconds:02} {what}", file=sys.stderr, flush=True)


class Measurement:
    """`driver` and `python` are programs; without `python`, the reference is left out."""

    def __init__(self, driver, metaconv, python, cpu_time=False):
        clock = ["--cpu-time"] if cpu_time else []
        self._driver = [driver]
        self._our_worker = [driver, *clock]
        self._metaconv = metaconv
        self._python = python
        self._reference = python and [python, "-B", str(REFERENCE_WORKER)]
        self._reference_worker = python and [*self._reference, *clock]
        self._works = [json.loads(line) for line in self._output(driver, "--list").splitlines()]
        self._by_name = {work["name"]: work for work in self._works}
        self._of_reference = self._output(*self._reference, "--list").split() if python else []

    def run(self, sizes, rounds, checkpoints, choice):
        jobs = list(plan.jobs(self._works, sizes, rounds, checkpoints, choice))
        memory_graphs = [graph for graph in plan.MEMORY_GRAPHS if choice.has_work("memory") and choice.has_graph(graph)]
        progress = Progress(sum(len(job.groups) for job in jobs) + len(memory_graphs) + choice.has_work("whole_process"))
        times = []
        # metaconv has one process for each graph. The reference has one for all, since starting it takes seconds.
        with Worker(self._reference_worker) if self._reference and jobs else contextlib.nullcontext() as reference:
            for job in jobs:
                with Worker(self._our_worker) as ours:
                    times += self._times(job, ours, reference, progress)
        return {
            "built_with": json.loads(self._output(*self._driver, "--about")),
            "times": times,
            "memory": [self._memory(graph, sizes, progress) for graph in memory_graphs],
            "whole_process": self._whole_process(rounds or 9, progress) if choice.has_work("whole_process") else None,
        }

    @staticmethod
    def _output(*command):
        return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout

    def _times(self, job, ours, reference, progress):
        of_reference = set(job.groups) & set(self._of_reference) if job.with_reference else ()
        ours.set_graph(job.graph, job.size)
        if of_reference:
            reference.set_graph(job.graph, job.size)
            fingerprints = ours.ask("fingerprint"), reference.ask("fingerprint")
            if fingerprints[0] != fingerprints[1]:
                raise SystemExit(f"report: {job}: metaconv and the reference built different graphs: {fingerprints}")
        for group in job.groups:
            progress.step(f"{group} on {title(job.graph)}" + (f", {job.size:,} tensors" if job.size else ""))
            yield from self._group(job, group, ours, reference if group in of_reference else None)

    def _group(self, job, group, ours, reference):
        """Measures the works of a group, their baselines and the reference in turns.

        Other load on the machine then affects all of them equally.
        """
        works = job.groups[group]
        floors = {work: self._floors(work, job.graph) for work in works}
        rounds = {name: [] for name in (*works, *(floor for work in works for floor in floors[work]))}
        of_reference = []
        for i in range(job.rounds):
            for name, nanoseconds in rounds.items():
                nanoseconds.append(ours.nanoseconds(name))
            if reference and i < job.reference_rounds:
                of_reference.append(reference.nanoseconds(group))
        for work in works:
            nanoseconds = {"metaconv": rounds[work], **{floor: rounds[floor] for floor in floors[work]}}
            if reference:
                nanoseconds["reference"] = of_reference
            entry = {"work": work, "graph": job.graph, "size": job.size, "nanoseconds": nanoseconds}
            if self._by_name[work]["has_bytes"]:
                entry["bytes"] = float(ours.ask(f"bytes {work}"))
            yield entry
        for worker in filter(None, (ours, reference)):
            worker.forget()

    def _floors(self, work, graph):
        return [name for name in self._by_name[work]["floors"] if graph in self._by_name[name]["graphs"]]

    def _memory(self, graph, sizes, progress):
        size = plan.sizes_within(sizes, plan.MEMORY_SIZE, plan.MEMORY_SIZE)[-1]
        progress.step(f"memory of {graph}, {size:,} tensors")
        with Worker(self._driver) as worker:
            worker.set_graph(graph, size)
            names = "sources", "results", "alive", "alive_all", "dropped"
            return {"graph": graph, "size": size, **dict(zip(names, map(float, worker.ask("memory").split())))}

    def _whole_process(self, rounds, progress):
        """Seconds from the start of each process to its end."""
        progress.step(f"describing a file of {plan.CHECKPOINT_TENSORS:,} tensors")
        if not self._python:
            return None
        with tempfile.TemporaryDirectory() as folder:
            path = f"{folder}/checkpoint.pt"
            self._output(self._python, "-c", SAVE_CHECKPOINT, path, str(plan.CHECKPOINT_TENSORS))
            seconds = {"metaconv": [], "python": [], "python_without_import": []}
            for _ in range(rounds):
                seconds["metaconv"].append(self._seconds(self._metaconv, "describe", path, "--format=json")[0])
                whole, output = self._seconds(self._python, "-c", DESCRIBE_IN_PYTHON, path)
                seconds["python"].append(whole)
                seconds["python_without_import"].append(float(output))
        return {"tensors": plan.CHECKPOINT_TENSORS, "seconds": seconds}

    def _seconds(self, *command):
        start = time.perf_counter()
        output = self._output(*command)
        return time.perf_counter() - start, output
