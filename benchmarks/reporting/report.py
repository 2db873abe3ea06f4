#!/usr/bin/env python3
"""Measures metaconv, LibTorch's own operators and the Python reference in turn, and writes what came out.

    ./bazelw run //benchmarks:report                             # report.md, report.json, report/*.svg
    ./bazelw run //benchmarks:report -- --quick                  # smallest size, few rounds
    ./bazelw run //benchmarks:report -- --output=docs --name=performance
    ./bazelw run //benchmarks:report -- --from=report.json       # writes the rest anew, measures nothing

The reference takes part where its Python environment (tests/reference/environment.sh) has been made on this machine, or with
--make-reference, which makes it: a minute and 5.4 GB. Without it there are no plots either.
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


def arguments():
    parser = argparse.ArgumentParser(
        "report", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("--sizes", type=sizes, metavar="N,N")
    parser.add_argument("--rounds", type=positive, help="the same for all sizes")
    parser.add_argument("--output", default=".", metavar="DIR", help="where the caller stands, if left out")
    parser.add_argument("--name", default="report", help="of the files")
    parser.add_argument("--quick", action="store_true", help="a minute, to see that it runs")
    parser.add_argument("--no-reference", action="store_true")
    parser.add_argument("--make-reference", action="store_true")
    parser.add_argument("--from", dest="source", metavar="FILE", help="a report.json")
    # Said by report.sh.
    for name in ("driver", "metaconv", "python"):
        parser.add_argument(f"--{name}", help=argparse.SUPPRESS)
    parser.add_argument("--checkpoint", action="append", default=[], help=argparse.SUPPRESS)
    return parser.parse_args()


def version_of_reference(python):
    """None without it."""
    if not python:
        return None
    return f"torch {importlib.metadata.version('torch')}, Python {platform.python_version()}"


def measure(options):
    default_sizes = plan.QUICK_SIZES if options.quick else plan.SIZES
    rounds = options.rounds or (1 if options.quick else None)
    about = machine.describe(os.environ.get("BUILD_WORKSPACE_DIRECTORY", "."))
    about["reference"] = version_of_reference(options.python)
    if not options.python:
        print("report: without the Python reference, and without plots", file=sys.stderr)
    measurement = Measurement(options.driver, options.metaconv, options.python)
    return {"machine": about, **measurement.run(options.sizes or default_sizes, rounds, options.checkpoint)}


def main():
    options = arguments()
    caller = pathlib.Path(os.environ.get("BUILD_WORKING_DIRECTORY", "."))
    folder = caller / options.output
    folder.mkdir(parents=True, exist_ok=True)
    if options.source:
        try:
            document = json.loads((caller / options.source).read_text(encoding="utf-8"))
        except OSError as error:
            raise SystemExit(f"report: {error}") from None
    else:
        document = measure(options)
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
