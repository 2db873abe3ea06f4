"""Holds the structured log that TraceFile writes to the one that the reference writes of the same tensors.

Run by trace.sh, with the reference's Python:

    python trace_compare.py --runner=TRACE_RUNNER

Both answer the requests of trace_requests.py, once as a process without a rank and once as one of several. Every field
of every record, and their order, has to be the same. Not compared, since it cannot be: the prefix but for its form, the
contents of the stack, which are those of another program, the addresses in the texts of Python's objects, and the record
of PyTorch's version, which the reference writes after its first one. For each recipe that fails, the first differences
are shown. The last line is `N passed, N failed`.
"""

import argparse
import collections
import fnmatch
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import trace_log
import trace_requests

HERE = pathlib.Path(__file__).resolve().parent
RANKS = [[], ["3"]]
SHOWN_PER_RECIPE = 5

# Recipes that the logs are not compared of, with the reason.
LEFT_OUT = {}


def left_out(recipe):
    return any(fnmatch.fnmatchcase(recipe["name"], pattern) for pattern in LEFT_OUT)


def write_logs(runner, folder, requests, rank):
    """The reference's log and ours."""
    made = []
    for name, command in (("reference", [sys.executable, str(HERE / "trace_reference.py")]), ("ours", [runner, str(folder / "ours")])):
        environment = os.environ | {"TORCH_TRACE": str(folder / name)}
        process = subprocess.run(command + rank, input=requests, env=environment, text=True, stdout=subprocess.DEVNULL)
        if process.returncode != 0:
            sys.exit(f"{command[0]} exits with {process.returncode}")
        logs = list((folder / name).iterdir())
        expected = re.compile(rf"dedicated_log_torch_trace_{'rank_' + rank[0] + '_' if rank else ''}[a-zA-Z0-9_]{{6,8}}\.log")
        if len(logs) != 1 or not expected.fullmatch(logs[0].name):
            sys.exit(f"{name}: expected one log named {expected.pattern}, found {[log.name for log in logs]}")
        made.append(trace_log.read(logs[0]))
    return made


def normalise(record):
    """As JSON, without what cannot be the same."""
    metadata = record.metadata
    if record.name == "describe_tensor":
        metadata = dict(metadata)
        if "view_func" in metadata:  # _CustomViewFunc(func=<built-in method … at 0x…>)
            metadata["view_func"] = metadata["view_func"].partition("(")[0]
        if "type" in metadata:  # <class 'torch.testing._internal.two_tensor.TwoTensor'>
            metadata["type"] = re.sub(r"<class '(?:.*\.)?(\w+)'>", r"\1", metadata["type"])
        if "functorch_stack" in metadata:  # [<torch._C._functorch.CInterpreter object at 0x…>]
            metadata["functorch_stack"] = "[…]"
    context = dict(record.context)
    if "stack" in context:
        context["stack"] = "…" if context["stack"] else "empty"
    return {record.name: metadata, **context, "payload": record.payload}


def by_describer(records):
    """What each describer traced, in order; the rest under None."""
    groups = collections.defaultdict(list)
    for record in records:
        if record.metadata == {"name": "torch_version", "encoding": "json"}:
            continue
        groups[record.metadata.get("describer_id")].append(normalise(record))
    return groups


def differences(reference, ours):
    """One text for each difference between two sequences of records."""
    if len(reference) != len(ours):
        yield f"{len(reference)} records by the reference, {len(ours)} by us"
    for index, pair in enumerate(zip(reference, ours)):
        left, right = ({(key, inner): value for key, entry in record.items() for inner, value in fields(entry)} for record in pair)
        if list(pair[0]) != list(pair[1]):
            yield f"record {index}: entries: reference {list(pair[0])}, ours {list(pair[1])}"
            continue
        for key in left | right:
            # Python finds True == 1; JSON does not.
            texts = [json.dumps(side[key]) if key in side else "(not there)" for side in (left, right)]
            if texts[0] != texts[1]:
                yield f"record {index}: {'.'.join(filter(None, key))}: reference {texts[0]}, ours {texts[1]}"


def fields(entry):
    return entry.items() if isinstance(entry, dict) else [("", entry)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runner", required=True)
    arguments = parser.parse_args()
    chosen = [recipe for recipe in trace_requests.recipes() if not left_out(recipe)]
    passed = failed = compared = 0
    for rank in RANKS:
        with tempfile.TemporaryDirectory() as name:
            logs = write_logs(arguments.runner, pathlib.Path(name), trace_requests.text(chosen), rank)
        groups = [by_describer(log) for log in logs]
        for key in [*range(len(chosen)), None]:
            found = list(differences(groups[0][key], groups[1][key]))
            compared += len(groups[0][key])
            passed, failed = (passed, failed + 1) if found else (passed + 1, failed)
            for difference in found[:SHOWN_PER_RECIPE]:
                print(f"{'single records' if key is None else chosen[key]['name']}: {difference}")
        unknown = [groups[side].keys() - {*range(len(chosen)), None} for side in (0, 1)]
        if any(unknown):
            sys.exit(f"expected the describers 0 to {len(chosen) - 1}, found {unknown}")
    print(f"{compared} records compared")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
