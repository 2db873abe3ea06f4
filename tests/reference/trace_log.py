"""Reads a structured log strictly: any deviation from the format of the reference is an error.

Needs no PyTorch.
"""

import dataclasses
import hashlib
import json
import re

# The month and day, time, process id, file and line.
PREFIX = re.compile(r"V\d{4} \d\d:\d\d:\d\d\.\d{6} \d+ [^:\s]+:\d+\] (?=\{)")
# The entries that a record may have in addition to the entry that names it.
CONTEXT = {"rank", "compiled_autograd_id", "frame_id", "frame_compile_id", "attempt", "stack", "has_payload"}
FRAME = {"line": int, "name": str, "filename": int, "loc": str}


@dataclasses.dataclass
class Record:
    name: str
    metadata: object
    context: dict  # The other entries. File names in the stack are strings, not numbers.
    payload: object  # A string or None.


def read(path):
    """Returns the records of a log, without the "str" records, whose numbers are replaced by their strings."""
    with open(path, encoding="utf-8", newline="") as file:
        lines = file.read().split("\n")
    if lines.pop() != "":
        raise ValueError(f"{path}: expected a newline at the end")
    strings, records, number = [], [], 0
    while number < len(lines):
        place, line = f"{path}:{number + 1}", lines[number]
        number += 1
        prefix = PREFIX.match(line)
        if prefix is None:
            raise ValueError(f"{place}: expected a prefix, found {line[:100]!r}")
        entries = json.loads(line[prefix.end() :])
        payload = []
        while number < len(lines) and lines[number].startswith("\t"):
            payload.append(lines[number][1:])
            number += 1
        if "str" in entries:
            if entries.keys() != {"str"} or entries["str"][1] != len(strings) or payload:
                raise ValueError(f"{place}: expected string number {len(strings)}, found {line}")
            strings.append(entries["str"][0])
            continue
        records.append(make_record(place, entries, "\n".join(payload) if payload else None, strings))
    return records


def make_record(place, entries, payload, strings):
    names = [key for key in entries if key not in CONTEXT]
    if len(names) != 1:
        raise ValueError(f"{place}: expected one name, found {names}")
    context = {key: entries[key] for key in entries if key in CONTEXT}
    expected_hash = None if payload is None else hashlib.md5(payload.encode(), usedforsecurity=False).hexdigest()
    if context.get("has_payload") != expected_hash:
        raise ValueError(f"{place}: expected has_payload {expected_hash}, found {context.get('has_payload')}")
    for frame in context.get("stack", []):
        kinds = {key: type(value) for key, value in frame.items()}
        if kinds != FRAME or frame["filename"] >= len(strings):
            raise ValueError(f"{place}: expected a stack frame, found {frame}")
        frame["filename"] = strings[frame["filename"]]
    return Record(names[0], entries[names[0]], context, payload)
