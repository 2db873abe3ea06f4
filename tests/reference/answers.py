"""Compares two answers to a recipe, field by field.

Needs no PyTorch. Not compared, since it cannot be the same: the texts of errors, and `is_parameter` of results, which
only Python has.
"""

import dataclasses
import json
import re

import documents

STEP_KEYS = ("op", "parameter", "requires_grad", "grad", "buffer", "set_data", "data", "resize_storage", "set_storage",
             "push", "pop", "add_batch_dim", "wrap_for_grad", "wrap_functional", "to_functional", "two_tensor",
             "forget", "mark_dynamic", "hint_override")  # fmt: skip
NOT_COMPARED = {"errors", "is_parameter", "unsupported"}
COUNTS = {"hit", "miss", "successful"}


def compare(recipe, reference, ours, meant):
    """Yields a documents.Difference for everything that differs. Its `name` begins with the part of the answer."""
    name = recipe["name"]
    failing = [answer.get("error") for answer in (reference, ours)]
    if failing != [None, None]:
        yield from compare_errors(recipe, *failing)
        return
    ignored = NOT_COMPARED | meant.ignored(reference)
    for part in ("describe", "convert"):
        if part in ignored:
            continue
        try:
            answers = [reference[part], ours[part]]
            answered = [source for source in reference[part]["errors"] if ours[part]["names"].get(source) is not None]
            excused = [source for source in answered if meant.may_answer(recipe, reference[part]["errors"][source])]
            for source in answered:
                if source not in excused:
                    error = reference[part]["errors"][source]
                    yield documents.Difference(name, f"{part}: {source}", "raises", error, "an answer")
            if part == "describe":
                # A source that the reference raises for has taken ids already. Ours has none before it has all.
                answers = [described_before(answer, reference[part]["errors"]) for answer in answers]
            else:
                answers = [converted_without(answer, excused) for answer in answers]
            documented = [document(answer, ignored) for answer in answers]
            # What raises is no hit of ours, and is one of the reference's.
            if reference[part]["errors"]:
                documented = [{key: it[key] for key in it if key not in COUNTS} for it in documented]
        except (KeyError, TypeError, AttributeError) as error:
            yield documents.Difference(name, part, "form", None, f"{type(error).__name__}: {error}")
            continue
        for difference in documents.compare(name, *documented):
            yield dataclasses.replace(difference, name=f"{part}: {difference.name}")


def described_before(part, raising):
    """The part of an answer without what was described from the first of `raising` on: ids after it may differ."""
    if not raising:
        return part
    names = list(part["names"])
    names = names[: min(names.index(name) for name in raising)]
    tensors = {record["id"]: record for record in part["tensors"]}
    seen = {}

    def see(identity):
        if identity is None or identity in seen:
            return
        seen[identity] = record = tensors[identity]
        for nested in ("unwrapped", "crow_indices", "col_indices", "ccol_indices", "row_indices", "values", "base", "grad"):
            see(record.get(nested))
        for inner in record.get("attrs", {}).values():
            see(inner)

    for name in names:
        see(part["names"][name])
    storages = {record.get("storage") for record in seen.values()}
    return {
        **part,
        "names": {name: part["names"][name] for name in names},
        "storages": [record for record in part["storages"] if record["id"] in storages],
        "tensors": [record for record in part["tensors"] if record["id"] in seen],
    }


def converted_without(part, excused):
    """The part of an answer as if `excused` had no results: everything that is left, in order of first sight."""
    if not excused:
        return part
    tensors, storages, indices, storage_indices = [], [], {}, {}

    def see_storage(old):
        if old is None:
            return None
        if old not in storage_indices:
            storage_indices[old] = len(storages)
            storages.append(part["storages"][old])
        return storage_indices[old]

    def see(old):
        if old is None:
            return None
        if old not in indices:
            indices[old] = len(tensors)
            result = dict(part["tensors"][old])
            tensors.append(result)
            result["storage"] = see_storage(result["storage"])
            result["base"] = see(result["base"])
            result["grad"] = see(result["grad"])
            for wrapper in ("functorch", "functional"):
                if result.get(wrapper) is not None:
                    result[wrapper] = {**result[wrapper], "unwrapped": see(result[wrapper]["unwrapped"])}
            if result.get("attrs") is not None:
                result["attrs"] = {name: see(inner) for name, inner in result["attrs"].items()}
        return indices[old]

    names = {name: see(index) for name, index in part["names"].items() if name not in excused}
    return {**part, "names": names, "storages": storages, "tensors": tensors}


def compare_errors(recipe, reference, ours):
    if reference is not None and ours is not None and reference["step"] == ours["step"]:
        return
    index = (ours or reference)["step"]
    step = {} if index is None else recipe["steps"][index]
    what = next((f"step {key}" for key in STEP_KEYS if key in step), "recipe")
    texts = [error["message"].partition("\n")[0] if error else None for error in (reference, ours)]
    yield documents.Difference(recipe["name"], what, "error", *texts)


def document(part, ignored):
    """One part of an answer in the form that `documents.compare` takes."""
    made = {key: value for key, value in part.items() if key not in ignored}
    for kind in ("storages", "tensors"):
        records = [] if kind in ignored else part[kind]
        made[kind] = [normalise({"id": index, **record}, ignored) for index, record in enumerate(records)]
    return made


def normalise(record, ignored):
    record = {key: value for key, value in record.items() if key not in ignored}
    if "view_func" in record:
        record["view_func"] = str(record["view_func"]).partition("(")[0]
    return record


def kind_of(difference):
    """Differences of one kind have one cause, mostly: where, which field, and what simple value became which."""
    place = re.sub(r"'[^']*'|\d+", "*", difference.name)
    return (place, difference.field, *(simple(value) for value in (difference.reference, difference.ours)))


def simple(value):
    if value is documents.NOT_THERE or isinstance(value, (bool, str)) or value is None:
        return re.sub(r"\d+", "*", json.dumps(value))
    return type(value).__name__
