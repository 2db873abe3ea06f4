"""Has tlparse read logs of ours: each record must be one that it knows, and come out as it went in.

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

# What tlparse adds to a record in its raw.jsonl: the prefix, and where it put the payload.
ADDED = {"timestamp", "thread", "pathname", "lineno", "payload_filename"}
# LibTorch gives a leaf back as its own successor here: a circle, which is never freed, and LeakSanitizer finds it.
LEAKS = "view_operator/lift_fresh/0/matrix/leaf"


class Failed(Exception):
    """With the reason."""


def write_log(runner, folder, requests, *rank):
    command = [runner, str(folder), *rank]
    result = subprocess.run(command, input=requests, stdout=subprocess.PIPE, check=True, text=True)
    return pathlib.Path(result.stdout.strip())


def run_tlparse(tlparse, *arguments):
    # Without --strict it reports what it cannot parse, and succeeds.
    command = [tlparse, "--no-browser", "--strict", "--strict-compile-id", *map(str, arguments)]
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if result.returncode != 0:
        raise Failed(f"tlparse exits with {result.returncode}: {result.stderr.strip()}")
    return result.stderr


def check_statistics(text, counts):
    """Nothing but `ok`: neither failures nor fields that tlparse does not know, which are no failures to it."""
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
        # tlparse writes no empty ones.
        if record.payload and (out / entries["payload_filename"]).read_bytes().decode() != record.payload:
            raise Failed(f"{log}: the payload of {record} is another in tlparse's output")
    return len(records)


def expect_failure(check, *arguments):
    try:
        check(*arguments)
    except (Failed, ValueError):
        return
    raise Failed(f"{check.__name__} finds nothing wrong with {arguments}")


def main():
    runner, tlparse = (str(pathlib.Path(argument).resolve()) for argument in sys.argv[1:])
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        chosen = [recipe for recipe in trace_requests.recipes() if recipe["name"] != LEAKS]
        requests = trace_requests.text(chosen)
        log = write_log(runner, folder / "log", requests)
        count = check_one(tlparse, log, folder / "out")

        # Several ranks in one folder: tlparse finds each log by its name, and the rank in it.
        few = trace_requests.text(chosen[:10])
        logs = [write_log(runner, folder / "ranks", few, rank) for rank in ("0", "1")]
        text = run_tlparse(tlparse, "--all-ranks-html", "-o", folder / "ranks_out", folder / "ranks")
        check_statistics(text, [len(trace_log.read(log)) for log in logs])
        for rank in ("0", "1"):
            is_written = (folder / "ranks_out" / f"rank_{rank}" / "raw.jsonl").exists()
            if f"Detected rank: Some({rank})" not in text or not is_written:
                raise Failed(f"tlparse has not found rank {rank}: {text}")

        # What is wrong with a log is found: an unknown record, a record without a field, and a payload without a hash.
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
