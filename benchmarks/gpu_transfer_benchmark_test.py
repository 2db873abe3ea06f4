"""Checks the JSON of gpu_transfer_benchmark: its fields, which figures there are, and the arithmetic of the ratios.

    gpu_transfer_benchmark_test.py FILE
"""

import json
import math
import sys

SIZES = ["1MiB"]
SHAPES = ["large", "model", "small", "tiny"]
EXPECTED = (
    [f"raw/{kind}/{size}" for size in SIZES
     for kind in ["host_to_device", "device_to_host", "device_to_device", "memset"]] +
    [f"raw/queue/{call}" for call in ["memset", "device_to_device"]] +
    [f"queue/{call}/{what}" for call in ["zero", "copy"] for what in ["storage", "model"]] +
    [f"{call}/{shape}" for shape in ["large", "tiny"]
     for call in ["raw/memset", "raw/device_to_device", "zero", "copy", "checksums"]] +
    [f"{call}/{place}/{shape}" for place in ["shm", "disk"] for shape in SHAPES for call in ["read", "load"]])


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        report = json.load(file)
    assert list(report) == ["machine", "built_with", "options", "goals", "figures", "skipped"], list(report)
    assert report["skipped"] == [], report["skipped"]
    assert report["options"]["max_bytes"] == 1 << 20, report["options"]
    for field in ["gpu", "processor", "cores", "kernel"]:
        assert report["machine"][field], field

    figures = {figure["name"]: figure for figure in report["figures"]}
    assert sorted(figures) == sorted(EXPECTED), set(figures) ^ set(EXPECTED)
    for name, figure in figures.items():
        assert figure["runs"] == 2, figure
        assert figure["median_ms"] > 0 and figure["spread"] >= 0, figure
        assert name.startswith(("raw/", "read/")) == ("ceiling" not in figure), figure
        if "bytes" in figure:
            assert 0 < figure["bytes"] <= 1 << 20, figure
            assert math.isclose(figure["gb_per_s"], figure["bytes"] / figure["median_ms"] * 1e-6), figure
        if "ceiling" in figure:
            ceiling = figures[figure["ceiling"]]
            speeds = [f.get("bytes", 1) / f["median_ms"] for f in (figure, ceiling)]
            assert math.isclose(figure["ratio"], speeds[0] / speeds[1]), (figure, ceiling)
        if "queue/" in name:
            assert isinstance(figure["device_was_busy"], bool), figure

    goals = {goal["figure"]: goal for goal in report["goals"]}
    assert len(goals) == 7, goals
    for name, goal in goals.items():
        figure = figures[name]
        met = figure["ratio"] >= 0.9 if "least_ratio" in goal else figure["median_ms"] <= 1
        assert goal["met"] == met, (goal, figure)


if __name__ == "__main__":
    main()
