#!/usr/bin/env python3
"""Measures metaconv, LibTorch's own operators and the Python reference, interleaved, and writes a report.

    ./bazelw run //benchmarks:report                             # report.md, report.json, report/*.svg
    ./bazelw run //benchmarks:report -- --quick                  # smallest size, one round
    ./bazelw run //benchmarks:report -- --output=docs --name=performance
    ./bazelw run //benchmarks:report -- --from=report.json       # writes the report from earlier results

To measure only some benchmarks, name works of benchmarks/works and graphs, with patterns such as `*`. Prints the goals
that were measured and the times, and writes no files:

    ./bazelw run //benchmarks:report -- --works='convert*/first' --graphs=tiny --sizes=100000 --rounds=3
    ./bazelw run //benchmarks:report -- --works='threads*/disjoint/*'
    ./bazelw run //benchmarks:report -- --works='memory,whole_process'   # the sections that have no works

A baseline is measured with the works that are compared with it. Faster, without the reference, and in one process:

    ./bazelw run //benchmarks:convert_benchmark -- --works='convert_all/*' --graphs=tiny --sizes=100000 --rounds=5

On a machine with other load, add --cpu-time to either. It measures the processor time of one thread. A committed report is
made without it, on an idle machine.

The reference is measured if its Python environment (tests/reference/environment.sh) exists on this machine.
--make-reference creates the environment, which takes a minute and 5.4 GB. Without it, the report has no plots either.
"""

import argparse
import importlib.metadata
import importlib.util
import json
import os
import pathlib
import platform
import sys

import machine
import plan
import render
from measure import Measurement
from results import Results


def positive(text):
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"expected a number above 0, found {text}")
    return value


def sizes(text):
    return [positive(size) for size in text.split(",")]


def patterns(text):
    return tuple(text.split(","))


def arguments():
    parser = argparse.ArgumentParser(
        "report", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("--sizes", type=sizes, metavar="N,N", help="numbers of tensors")
    parser.add_argument("--works", type=patterns, default=(), metavar="NAME,NAME", help="measure only these works")
    parser.add_argument("--graphs", type=patterns, default=(), metavar="NAME,NAME", help="measure only on these graphs")
    parser.add_argument("--cpu-time", action="store_true", help="processor time; only with --works or --graphs")
    parser.add_argument("--rounds", type=positive, help="number of rounds, for all sizes")
    parser.add_argument("--output", default=".", metavar="DIR", help="output directory; default: the current directory")
    parser.add_argument("--name", default="report", help="name of the files without extension; default: report")
    parser.add_argument("--quick", action="store_true", help="a run of about a minute, to check that everything works")
    parser.add_argument("--no-reference", action="store_true", help="do not measure the reference")
    parser.add_argument("--make-reference", action="store_true", help="create its environment if necessary")
    parser.add_argument("--from", dest="source", metavar="FILE", help="a report.json; measure nothing")
    # Passed by report.sh and the BUILD file.
    for name in ("driver", "metaconv", "python"):
        parser.add_argument(f"--{name}", help=argparse.SUPPRESS)
    parser.add_argument("--checkpoint", action="append", default=[], help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.cpu_time and not (options.works or options.graphs):
        parser.error("--cpu-time: expected --works or --graphs")
    return options


def version_of_reference(python):
    """The versions of PyTorch and Python, or None without the reference."""
    if not python:
        return None
    return f"torch {importlib.metadata.version('torch')}, Python {platform.python_version()}"


def measure(options):
    default_sizes = plan.QUICK_SIZES if options.quick else plan.SIZES
    rounds = options.rounds or (1 if options.quick else None)
    about = machine.describe(os.environ.get("BUILD_WORKSPACE_DIRECTORY", "."))
    about["reference"] = version_of_reference(options.python)
    if not options.python:
        print("report: no Python environment for the reference: measuring without it, no plots", file=sys.stderr)
    measurement = Measurement(options.driver, options.metaconv, options.python, options.cpu_time)
    choice = plan.Choice(options.works, options.graphs)
    return {"machine": about, **measurement.run(options.sizes or default_sizes, rounds, options.checkpoint, choice)}


def main():
    options = arguments()
    caller = pathlib.Path(os.environ.get("BUILD_WORKING_DIRECTORY", "."))
    if options.source:
        try:
            document = json.loads((caller / options.source).read_text(encoding="utf-8"))
        except OSError as error:
            raise SystemExit(f"report: {error}") from None
    else:
        document = measure(options)
    if options.works or options.graphs:
        print(render.summary(document))
        return
    folder = caller / options.output
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{options.name}.json").write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    plots = []
    if importlib.util.find_spec("matplotlib"):
        from plots import draw

        plots = draw(Results(document), folder / options.name)
    path = folder / f"{options.name}.md"
    path.write_text(render.markdown(document, options.name, plots), encoding="utf-8")
    print(path)


if __name__ == "__main__":
    main()
