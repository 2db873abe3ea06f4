"""Compares a document of `metaconv describe --format=json` with the reference's, field by field.

    python3 documents.py --file=pypi/lpips/weights/v0.1/alex.pth --expected=expected_differences.json REFERENCE OURS

Prints each difference that is not expected, and exits 1 if there is one. Needs Python's standard library only.

`expected_differences.json` is a list of the expected differences:

    {"file": "data/*.pt", "name": "*", "field": "view_func", "reason": "…"}

`file`, `name` and `field` are shell patterns, compared with the fields of a difference as it is printed. `reason` must
not be empty.
"""

import argparse
import dataclasses
import fnmatch
import json
import sys

NOT_THERE = "(not there)"


@dataclasses.dataclass(frozen=True)
class Difference:
    file: str
    name: str  # Of the tensor, or which part of the document.
    field: str
    reference: object
    ours: object

    def __str__(self):
        return f"{self.file}: {self.name}: {self.field}: reference {show(self.reference)}, ours {show(self.ours)}"


def show(value):
    return value if value is NOT_THERE else json.dumps(value, ensure_ascii=False)


# --- Comparing -------------------------------------------------------------------------------------------------------


def compare(file, reference, ours):
    """Yields a Difference for everything that differs."""
    for part in sorted((reference.keys() | ours.keys()) - {"storages", "tensors", "names", "opaque"}):
        yield from compare_values(file, "document", part, reference.get(part, NOT_THERE), ours.get(part, NOT_THERE))
    for part in ("names", "opaque"):
        yield from compare_tables(file, part, reference.get(part, {}), ours.get(part, {}))
    labels = label_tensors(reference)
    for kind, known in (("tensor", labels), ("storage", {})):
        records = (reference[f"{kind}s"], ours[f"{kind}s"])
        yield from compare_records(file, *records, lambda key: known.get(key, f"{kind} {key}"))


def compare_values(file, name, field, reference, ours):
    # In Python True == 1 and 1 == 1.0; as JSON they differ.
    if json.dumps(reference) != json.dumps(ours):
        yield Difference(file, name, field, reference, ours)


def compare_tables(file, part, reference, ours):
    for name in {**reference, **ours}:
        yield from compare_values(file, name, part, reference.get(name, NOT_THERE), ours.get(name, NOT_THERE))
    if reference.keys() == ours.keys() and list(reference) != list(ours):
        yield Difference(file, part, "order", list(reference), list(ours))


def compare_records(file, reference, ours, label):
    reference_by_id = {record["id"]: record for record in reference}
    ours_by_id = {record["id"]: record for record in ours}
    for key in {**reference_by_id, **ours_by_id}:
        if key not in ours_by_id or key not in reference_by_id:
            yield Difference(
                file, label(key), "record", reference_by_id.get(key, NOT_THERE), ours_by_id.get(key, NOT_THERE)
            )
            continue
        left, right = reference_by_id[key], ours_by_id[key]
        for field in {**left, **right}:
            yield from compare_values(
                file, label(key), field, left.get(field, NOT_THERE), right.get(field, NOT_THERE)
            )
    ids = [record["id"] for record in ours]
    if ids != sorted(set(ids)):
        yield Difference(file, "document", "ids in order, each once", sorted(set(ids)), ids)


def label_tensors(document):
    """Tensor id -> its name, or the path to it from a named tensor: 'x'.base."""
    labels = {}
    for name, key in document["names"].items():
        labels.setdefault(key, repr(name))
    records = {record["id"]: record for record in document["tensors"]}
    reached = list(labels)
    for key in reached:  # Grows.
        for field, value in records.get(key, {}).items():
            if field in ("base", "grad", "unwrapped", "values") or field.endswith("_indices"):
                if isinstance(value, int) and value not in labels:
                    labels[value] = f"{labels[key]}.{field}"
                    reached.append(value)
    return labels


# --- Expected differences --------------------------------------------------------------------------------------------


class Expected:
    """The entries of a list of expected differences, and which of them were needed."""

    def __init__(self, path):
        with open(path, encoding="utf-8") as file:
            self.entries = json.load(file)
        self._used = [False] * len(self.entries)
        for entry in self.entries:
            if entry.keys() != {"file", "name", "field", "reason"} or not entry["reason"]:
                raise ValueError(f"{path}: an entry has a file, a name, a field and a reason: {entry}")

    def covers(self, difference):
        covered = False
        for index, entry in enumerate(self.entries):
            if all(
                fnmatch.fnmatchcase(getattr(difference, key), entry[key]) for key in ("file", "name", "field")
            ):
                self._used[index] = covered = True
        return covered

    def unused(self):
        return [entry for entry, used in zip(self.entries, self._used) if not used]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--file", required=True, help="the name of the file that both documents describe")
    parser.add_argument("--expected", required=True, help="the list of expected differences")
    parser.add_argument("reference")
    parser.add_argument("ours")
    arguments = parser.parse_args()
    with open(arguments.reference, encoding="utf-8") as file:
        reference = json.load(file)
    with open(arguments.ours, encoding="utf-8") as file:
        ours = json.load(file)
    expected = Expected(arguments.expected)
    unexpected = [
        difference for difference in compare(arguments.file, reference, ours) if not expected.covers(difference)
    ]
    for difference in unexpected:
        print(difference)
    sys.exit(1 if unexpected else 0)


if __name__ == "__main__":
    main()
