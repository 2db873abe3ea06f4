"""Makes a failing recipe smaller.

`shrink(recipe, fails)` tries smaller recipes until none of them fails: with fewer sources; with fewer steps, long runs
of steps first, and without the steps that depend on them; with a view's base instead of the view; with fewer arguments
and smaller numbers. `fails(recipe)` is whether a recipe fails in the same way. Needs no PyTorch.
"""

import copy
import json

# The fields of steps that are names of tensors. `value` is one in the steps `grad` and `set_data` only.
NAMES_USED = ("grad", "set_data", "data", "resize_storage", "set_storage", "storage_of", "parameter", "buffer",
              "add_batch_dim", "wrap_for_grad", "wrap_functional", "to_functional", "mark_dynamic",
              "hint_override")  # fmt: skip
GUARDS = ("grad_mode", "inference_mode")
OPTIONAL = (*GUARDS, "kwargs")
MOST_TRIES = 400


# --- The names in steps ----------------------------------------------------------------------------------------------


def made(step):
    """The names that a step gives to tensors."""
    out = step.get("out")
    return {name for name in (out if isinstance(out, list) else [out]) if name is not None}


def used(step):
    """The names that a step needs."""
    names = {step[key] for key in NAMES_USED if isinstance(step.get(key), str)}
    names.update(step.get("two_tensor", []))
    if isinstance(step.get("requires_grad"), str):  # In `parameter` it is a boolean.
        names.add(step["requires_grad"])
    if ("grad" in step or "set_data" in step) and step["value"] is not None:
        names.add(step["value"])
    collect(step.get("args"), names)
    collect(step.get("kwargs"), names)
    return names


def collect(value, names):
    if isinstance(value, list):
        for element in value:
            collect(element, names)
    elif isinstance(value, dict):
        for key, element in value.items():
            if key in ("t", "storage"):
                names.add(element)
            elif key == "ts":
                names.update(element)
            else:
                collect(element, names)


def rename(value, old, new):
    """`value` with every use of the tensor `old` in it replaced."""
    if isinstance(value, list):
        return [rename(element, old, new) for element in value]
    if isinstance(value, dict):
        return {key: element if key == "out" else rename(element, old, new) for key, element in value.items()}
    return new if value == old else value


def repaired(recipe, steps, sources=None):
    """A recipe of those steps whose tensors exist; None if no source exists."""
    kept, known = [], set()
    for step in steps:
        if "forget" in step:
            names = [name for name in step["forget"] if name in known]
            known.difference_update(names)
            if names:
                kept.append({"forget": names})
        elif used(step) <= known:
            known |= made(step)
            kept.append(step)
    sources = [name for name in sources or recipe["sources"] if name in known]
    return {"name": recipe["name"], "steps": kept, "sources": sources} if sources else None


# --- Smaller recipes -------------------------------------------------------------------------------------------------


def candidates(recipe):
    """Yields recipes that are smaller than this one, the smallest first."""
    yield from fewer_sources(recipe)
    yield from fewer_steps(recipe)
    yield from shortcuts(recipe)
    for index in reversed(range(len(recipe["steps"]))):
        for step in smaller_steps(recipe["steps"][index]):
            steps = list(recipe["steps"])
            steps[index] = step
            yield repaired(recipe, steps)


def fewer_sources(recipe):
    sources = recipe["sources"]
    if len(sources) > 1:
        for name in dict.fromkeys(sources):
            yield repaired(recipe, recipe["steps"], [name])
        for index in range(len(sources)):
            yield repaired(recipe, recipe["steps"], sources[:index] + sources[index + 1 :])


def fewer_steps(recipe):
    steps = recipe["steps"]
    length = len(steps) // 2
    while length:
        for start in reversed(range(0, len(steps), length)):
            yield repaired(recipe, steps[:start] + steps[start + length :])
        length //= 2
    # A functorch level is a step that enters it and one that leaves it.
    for start, step in enumerate(steps):
        for end in range(start + 1, len(steps)):
            if "push" in step and "pop" in steps[end]:
                yield repaired(recipe, steps[:start] + steps[start + 1 : end] + steps[end + 1 :])


def shortcuts(recipe):
    """Recipes without one step, with the step's first tensor instead of its result."""
    steps = recipe["steps"]
    for index, step in reversed(list(enumerate(steps))):
        names = made(step)
        first = next((argument["t"] for argument in step.get("args", []) if is_tensor(argument)), None)
        first = first or next((step[key] for key in NAMES_USED if key in step), None)
        if len(names) == 1 and isinstance(first, str):
            (name,) = names
            later = [rename(step, name, first) for step in steps[index + 1 :]]
            sources = [first if source == name else source for source in recipe["sources"]]
            yield repaired(recipe, steps[:index] + later, sources)


def is_tensor(value):
    return isinstance(value, dict) and "t" in value


def smaller_steps(step):
    for key in OPTIONAL:
        if key in step:
            yield {other: value for other, value in step.items() if other != key}
    for key in ("args", "kwargs", "size", "stride", "offset", "bytes", "hints", "indices", "dim", "batch_size"):
        if key in step:
            for value in smaller_values(step[key]):
                yield {**step, key: value}


def smaller_values(value):
    if isinstance(value, bool) or value is None:
        return
    if isinstance(value, int):
        yield from (number for number in dict.fromkeys((0, 1, 2, value // 2, value - 1)) if 0 <= number < value)
    elif isinstance(value, list):
        for index, element in enumerate(value):
            if isinstance(element, (int, list)):
                yield value[:index] + value[index + 1 :]
            for smaller in smaller_values(element):
                yield value[:index] + [smaller] + value[index + 1 :]
    elif isinstance(value, dict):
        for key, element in value.items():
            for smaller in smaller_values(element):
                yield {**value, key: smaller}


# --- Shrinking -------------------------------------------------------------------------------------------------------


def shrink(recipe, fails, most_tries=MOST_TRIES):
    """The smallest failing recipe found. `recipe` must fail."""
    recipe = copy.deepcopy(recipe)
    tried = {json.dumps(recipe)}
    progress = True
    while progress:
        progress = False
        for candidate in candidates(recipe):
            text = json.dumps(candidate)
            if candidate is None or text in tried:
                continue
            if len(tried) > most_tries:
                return recipe
            tried.add(text)
            if fails(candidate):
                recipe, progress = candidate, True
                break
    return recipe
