"""Checks that tlparse reads the logs of TraceFile: it must know each record, and its output must contain it unchanged.

    python3 tlparse_check.py RUNNER TLPARSE

RUNNER is trace_runner. Needs no PyTorch.
"""

import json
import pathlib
import re
import subprocess
import sys
import tempfile

import trace_log
import trace_requests

# The fields that tlparse adds to a record in its raw.jsonl: those of the prefix, and the file name of the payload.
ADDED = {"timestamp", "thread", "pathname", "lineno", "payload_filename"}
# Excluded, because LibTorch leaks memory here: lift_fresh of a leaf creates a reference cycle in the autograd graph,
# which LeakSanitizer reports.
LEAKS = "view_operator/lift_fresh/0/matrix/leaf"


class Failed(Exception):
    """A check that failed; the message has the reason."""


def write_log(runner, folder, requests, *rank):
    command = [runner, str(folder), *rank]
    result = subprocess.run(command, input=requests, stdout=subprocess.PIPE, check=True, text=True)
    return pathlib.Path(result.stdout.strip())


def run_tlparse(tlparse, *arguments):
    # Without --strict, tlparse reports lines that it cannot parse, but exits with 0.
    command = [tlparse, "--no-browser", "--strict", "--strict-compile-id", *map(str, arguments)]
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if result.returncode != 0:
        raise Failed(f"tlparse exits with {result.returncode}: {result.stderr.strip()}")
    return result.stderr


def check_statistics(text, counts):
    """Checks that all records are `ok` and have no unknown fields, which tlparse does not count as failures."""
    found = re.findall(r"^Stats \{ (.*) \}$", text, re.MULTILINE)
    expected = [f"ok: {count}" for count in counts]
    if sorted(found) != sorted(expected) or "Unknown" in text:
        raise Failed(f"expected the statistics {expected}, found {text.strip()}")


def check_one(tlparse, log, out):
    """Returns how many records tlparse has read."""
    records = trace_log.read(log)
    check_statistics(run_tlparse(tlparse, "-o", out, log), [len(records)])
    lines = (out / "raw.jsonl").read_text(encoding="utf-8").split("\n")
    table, *raw = [json.loads(line) for line in lines if line]
    if len(raw) != len(records):
        raise Failed(f"{log}: expected {len(records)} records in tlparse's output, found {len(raw)}")
    for record, entries in zip(records, raw):
        for frame in entries.get("stack", []):
            frame["filename"] = table["string_table"][frame["filename"]]
        kept = {key: value for key, value in entries.items() if key not in ADDED}
        if kept != {record.name: record.metadata, **record.context}:
            raise Failed(f"{log}: expected {record}, found {kept} in tlparse's output")
        # tlparse writes no file for an empty payload.
        if record.payload and (out / entries["payload_filename"]).read_bytes().decode() != record.payload:
            raise Failed(f"{log}: the payload of {record} differs in tlparse's output")
    return len(records)


def expect_failure(check, *arguments):
    try:
        check(*arguments)
    except (Failed, ValueError):
        return
    raise Failed(f"expected {check.__name__} to fail for {arguments}")


def main():
    runner, tlparse = (str(pathlib.Path(argument).resolve()) for argument in sys.argv[1:])
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        chosen = [recipe for recipe in trace_requests.recipes() if recipe["name"] != LEAKS]
        requests = trace_requests.text(chosen)
        log = write_log(runner, folder / "log", requests)
        count = check_one(tlparse, log, folder / "out")

        # Several ranks in one directory: tlparse gets the rank of each log from the file name.
        few = trace_requests.text(chosen[:10])
        logs = [write_log(runner, folder / "ranks", few, rank) for rank in ("0", "1")]
        text = run_tlparse(tlparse, "--all-ranks-html", "-o", folder / "ranks_out", folder / "ranks")
        check_statistics(text, [len(trace_log.read(log)) for log in logs])
        for rank in ("0", "1"):
            is_written = (folder / "ranks_out" / f"rank_{rank}" / "raw.jsonl").exists()
            if f"Detected rank: Some({rank})" not in text or not is_written:
                raise Failed(f"expected tlparse to find rank {rank}, found {text}")

        # Errors in a log are detected: an unknown record, a record without a field, and a payload without a hash.
        original = log.read_text(encoding="utf-8")
        mistakes = {"describe_source": "describe_sources", "ndim": "dim", "has_payload": "no_payload"}
        for right, wrong in mistakes.items():
            if f'"{right}"' not in original:
                raise Failed(f"expected {right} in the log")
            log.write_text(original.replace(f'"{right}"', f'"{wrong}"', 1), encoding="utf-8")
            expect_failure(check_one, tlparse, log, folder / f"out_{wrong}")
    print(f"tlparse has read {count} records")


if __name__ == "__main__":
    try:
        main()
    except Failed as failed:
        sys.exit(str(failed))
