"""Where ours is meant to differ from the reference: expected_recipe_differences.json, and what its entries mean.

An entry has a reason and one of three forms:

    {"file", "name", "field"}   a single difference, by patterns: the recipe's name, where it is, the field
    {"file", "raises"}          the reference raises this (a regular expression) for a source; ours may have an answer
    {"where", "ignore"}         in recipes of which a condition below holds, these parts of an answer are not compared

Needs no PyTorch.
"""

import fnmatch
import json
import re

# --- Conditions: whether the reference's records are such. Each is a reason to differ that random recipes meet, too. ---


def by_id(answer):
    """The records, each with the bytes of its storage."""
    bytes_of = {storage["id"]: storage["size"] for storage in answer["describe"]["storages"]}
    return {
        record["id"]: {**record, "storage_bytes": bytes_of.get(record.get("storage"))}
        for record in answer["describe"]["tensors"]
    }


def view_elsewhere(records):
    """A view that does not lie in its base's storage, or not in its dtype: `.data` or set_ has moved one of them."""
    for record in records.values():
        base = records.get(record.get("base"))
        if base is None or "attrs" in record or "attrs" in base:
            continue
        if record.get("storage") != base.get("storage") and "storage" in record and "storage" in base:
            return True
    return False


def wrapper_in_wrapper(records):
    return any("attrs" in records[inner] for record in records.values() for inner in record.get("attrs", {}).values())


def wrapped_without_strides(records):
    """functorch or functionalization around a tensor that is not a strided one."""
    return any(
        "stride" not in records[record["unwrapped"]] or "stride" not in record
        for record in records.values()
        if record.get("unwrapped") is not None
    )


def functorch_wrapper_in_another(records):
    return any(
        records[record["unwrapped"]].get("is_functorch_wrapped")
        for record in records.values()
        if record.get("unwrapped") is not None
    )


def stale_wrapper(records):
    """A wrapper around a tensor that set_ or the like has changed since."""
    for record in records.values():
        if any(records[inner]["size"] != record["size"] for inner in record.get("attrs", {}).values()):
            return True
        wrapped = records.get(record.get("unwrapped"))
        if wrapped is None:
            continue
        for field in ("size", "stride"):
            if field in record and field in wrapped:
                values = list(wrapped[field])
                if record.get("is_batchedtensor"):
                    del values[record["bdim"] : record["bdim"] + 1]
                if values != record[field]:
                    return True
    return False


def item_bytes(dtype):
    """torch.float32 -> 4, torch.bool -> 1"""
    bits = re.search(r"\d+", dtype)
    return int(bits[0]) // 8 if bits else 1


def beyond_storage(records):
    """A tensor that reaches beyond the end of its storage, which was made smaller."""
    return any(
        record["storage_bytes"] and "stride" in record and reach(record) * item_bytes(record["dtype"]) > record["storage_bytes"]
        for record in records.values()
    )


def reach(record):
    """How many elements of its storage a tensor needs."""
    if 0 in record["size"]:
        return 0
    last = sum((extent - 1) * stride for extent, stride in zip(record["size"], record["stride"]))
    return record.get("storage_offset", 0) + last + 1


def sparse_view(records):
    return any(record.get("is_sparse") and record.get("is_view") for record in records.values())


def sparse_non_leaf(records):
    return any(record.get("is_sparse") and not record.get("is_leaf") for record in records.values())


CONDITIONS = {
    condition.__name__: condition
    for condition in (
        view_elsewhere,
        wrapper_in_wrapper,
        wrapped_without_strides,
        functorch_wrapper_in_another,
        sparse_view,
        stale_wrapper,
        beyond_storage,
        sparse_non_leaf,
    )
}

FORMS = ({"file", "name", "field", "reason"}, {"file", "raises", "reason"}, {"where", "ignore", "reason"})


class Meant:
    """The entries, and which of them came up."""

    def __init__(self, path):
        with open(path, encoding="utf-8") as file:
            self.entries = json.load(file)
        self._used = [False] * len(self.entries)
        for entry in self.entries:
            if entry.keys() not in FORMS or not entry["reason"]:
                raise ValueError(f"{path}: expected one of the forms that meant.py names, found {entry}")

    def covers(self, difference):
        return self._use(
            lambda entry: "field" in entry
            and all(fnmatch.fnmatchcase(getattr(difference, key), entry[key]) for key in ("file", "name", "field"))
        )

    def may_answer(self, recipe, error):
        """Whether ours may have an answer where the reference raises `error`."""
        return self._use(
            lambda entry: "raises" in entry
            and fnmatch.fnmatchcase(recipe["name"], entry["file"])
            and re.search(entry["raises"], error)
        )

    def ignored(self, reference):
        """What is not compared in the answer to a recipe: names of parts, or of fields of results."""
        records = by_id(reference)
        ignored = set()
        for index, entry in enumerate(self.entries):
            if "where" in entry and CONDITIONS[entry["where"]](records):
                self._used[index] = True
                ignored.update(entry["ignore"])
        return ignored

    def unused(self):
        return [entry for entry, used in zip(self.entries, self._used) if not used]

    def _use(self, applies):
        applied = False
        for index, entry in enumerate(self.entries):
            if applies(entry):
                self._used[index] = applied = True
        return applied
