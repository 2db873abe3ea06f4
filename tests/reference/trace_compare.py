"""Compares the structured log that TraceFile writes with the one that the reference writes for the same tensors.

Run by trace.sh, with the reference's Python:

    python trace_compare.py --runner=TRACE_RUNNER

Both answer the requests of trace_requests.py, once without a rank and once with one. Every field of every record, and
the order of records, must be equal, except for the differences in expected_recipe_differences.json. Not compared are

- recipes with a source that one of the two does not describe: the log of the reference ends there,
- the contents of the prefix and of the stack, which depend on the program (their form is compared),
- the addresses in the representations of Python objects,
- the record of PyTorch's version, which the reference writes after its first record.

For each recipe that fails, the first differences are printed. The last line is `N passed, N failed`.
"""

import argparse
import collections
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import documents
import expected_recipe_differences
import trace_log
import trace_requests

HERE = pathlib.Path(__file__).resolve().parent
RANKS = [[], ["3"]]
SHOWN_PER_RECIPE = 5


def write_logs(runner, folder, requests, rank):
    """Returns the records of the reference's log and of ours."""
    made = []
    programs = {"reference": [sys.executable, str(HERE / "trace_reference.py")], "ours": [runner, str(folder / "ours")]}
    ranked = f"rank_{rank[0]}_" if rank else ""
    expected = re.compile(rf"dedicated_log_torch_trace_{ranked}[a-zA-Z0-9_]{{6,8}}\.log")
    for name, command in programs.items():
        environment = os.environ | {"TORCH_TRACE": str(folder / name)}
        process = subprocess.run(command + rank, input=requests, env=environment, text=True, stdout=subprocess.DEVNULL)
        if process.returncode != 0:
            sys.exit(f"{command[0]} exits with {process.returncode}")
        logs = list((folder / name).iterdir())
        if len(logs) != 1 or not expected.fullmatch(logs[0].name):
            sys.exit(f"{name}: expected one log named {expected.pattern}, found {[log.name for log in logs]}")
        made.append(trace_log.read(logs[0]))
    return made


def normalise(record):
    """Returns the record as JSON, without the parts that depend on the program."""
    metadata = record.metadata
    if record.name == "describe_tensor":
        metadata = dict(metadata)
        if "view_func" in metadata:  # _CustomViewFunc(func=<built-in method … at 0x…>)
            metadata["view_func"] = metadata["view_func"].partition("(")[0]
        for ours in ("view_func_calls", "view_func_captured"):  # The reference does not write the calls.
            metadata.pop(ours, None)
        if "type" in metadata:  # <class 'torch.testing._internal.two_tensor.TwoTensor'>
            metadata["type"] = re.sub(r"<class '(?:.*\.)?(\w+)'>", r"\1", metadata["type"])
        if "functorch_stack" in metadata:  # [<torch._C._functorch.CInterpreter object at 0x…>]
            metadata["functorch_stack"] = "[…]"
    context = dict(record.context)
    if "stack" in context:
        context["stack"] = "…" if context["stack"] else "empty"
    return {record.name: metadata, **context, "payload": record.payload}


def by_describer(records):
    """Returns the records of each describer, in order. The key of all other records is None."""
    groups = collections.defaultdict(list)
    for record in records:
        if record.metadata == {"name": "torch_version", "encoding": "json"}:
            continue
        groups[record.metadata.get("describer_id")].append(normalise(record))
    return groups


def differences(name, reference, ours):
    """Yields a documents.Difference for each difference between two sequences of records."""
    if len(reference) != len(ours):
        yield documents.Difference(name, "describe: log", "records", len(reference), len(ours))
    for index, pair in enumerate(zip(reference, ours)):
        place = f"describe: record {index}"
        if list(pair[0]) != list(pair[1]):
            yield documents.Difference(name, place, "entries", list(pair[0]), list(pair[1]))
            continue
        left, right = (fields(record) for record in pair)
        for field in left | right:
            values = [side.get(field, documents.NOT_THERE) for side in (left, right)]
            # In Python True == 1, but their JSON differs.
            if json.dumps(values[0]) != json.dumps(values[1]):
                yield documents.Difference(name, place, field, *values)


def fields(record):
    """Returns the fields of the metadata and the other entries of the record."""
    named, *others = record.items()
    metadata = named[1] if isinstance(named[1], dict) else {named[0]: named[1]}
    return {**dict(others), **metadata}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runner", required=True)
    arguments = parser.parse_args()
    expected = expected_recipe_differences.ExpectedDifferences(HERE / "expected_recipe_differences.json")
    chosen = trace_requests.described_recipes()
    passed = failed = compared = excused = 0
    for rank in RANKS:
        with tempfile.TemporaryDirectory() as name:
            logs = write_logs(arguments.runner, pathlib.Path(name), trace_requests.text(chosen), rank)
        reference, ours = (by_describer(log) for log in logs)
        keys = [*range(len(chosen)), None]
        if unknown := (reference.keys() | ours.keys()) - set(keys):
            sys.exit(f"expected the describers 0 to {len(chosen) - 1}, also found {unknown}")
        for key in keys:
            name = "single records" if key is None else chosen[key]["name"]
            found = list(differences(name, reference[key], ours[key]))
            in_graph = expected.in_graph({"name": name}, {}, {})
            wrong = [difference for difference in found if not in_graph.covers(difference)]
            passed, failed = (passed, failed + 1) if wrong else (passed + 1, failed)
            compared += len(reference[key])
            excused += len(found) - len(wrong)
            for difference in wrong[:SHOWN_PER_RECIPE]:
                print(difference)
    print(f"{compared} records compared, {excused} expected differences")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
