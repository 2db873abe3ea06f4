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
NOT_COMPARED = {"errors", "is_parameter"}


def compare(recipe, reference, ours):
    """Yields a documents.Difference for everything that differs. Its `name` begins with the part of the answer."""
    name = recipe["name"]
    failing = [answer.get("error") for answer in (reference, ours)]
    if failing != [None, None]:
        yield from compare_errors(recipe, *failing)
        return
    for part in ("describe", "convert"):
        try:
            documented = [document(answer[part]) for answer in (reference, ours)]
        except (KeyError, TypeError, AttributeError) as error:
            yield documents.Difference(name, part, "form", None, f"{type(error).__name__}: {error}")
            continue
        for difference in documents.compare(name, *documented):
            yield dataclasses.replace(difference, name=f"{part}: {difference.name}")


def compare_errors(recipe, reference, ours):
    if reference is not None and ours is not None and reference["step"] == ours["step"]:
        return
    index = (ours or reference)["step"]
    step = {} if index is None else recipe["steps"][index]
    what = next((f"step {key}" for key in STEP_KEYS if key in step), "recipe")
    texts = [error["message"].partition("\n")[0] if error else None for error in (reference, ours)]
    yield documents.Difference(recipe["name"], what, "error", *texts)


def document(part):
    """One part of an answer in the form that `documents.compare` takes."""
    made = {key: value for key, value in part.items() if key not in NOT_COMPARED}
    for kind in ("storages", "tensors"):
        made[kind] = [normalise({"id": index, **record}) for index, record in enumerate(part[kind])]
    return made


def normalise(record):
    record = {key: value for key, value in record.items() if key not in NOT_COMPARED}
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
