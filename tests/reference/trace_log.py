"""Reads a structured log, strictly: whatever is not as the reference writes it is an error.

Needs no PyTorch.
"""

import dataclasses
import hashlib
import json
import re

# Month and day, time, process, file and line.
PREFIX = re.compile(r"V\d{4} \d\d:\d\d:\d\d\.\d{6} \d+ [^:\s]+:\d+\] (?=\{)")
# What may stand beside the entry that gives a record its name.
CONTEXT = {"rank", "compiled_autograd_id", "frame_id", "frame_compile_id", "attempt", "stack", "has_payload"}
FRAME = {"line": int, "name": str, "filename": int, "loc": str}


@dataclasses.dataclass
class Record:
    name: str
    metadata: object
    context: dict  # The rest of the entries. File names in the stack are texts.
    payload: object  # Text, or None.


def read(path):
    """The records of a log, but for those named "str", which are resolved."""
    with open(path, encoding="utf-8", newline="") as file:
        lines = file.read().split("\n")
    if lines.pop() != "":
        raise ValueError(f"{path}: the last line has no end")
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
                raise ValueError(f"{place}: expected text number {len(strings)}, found {line}")
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
            raise ValueError(f"{place}: expected a frame of a stack, found {frame}")
        frame["filename"] = strings[frame["filename"]]
    return Record(names[0], entries[names[0]], context, payload)
