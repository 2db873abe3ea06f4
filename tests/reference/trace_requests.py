"""The requests that trace_runner and trace_reference.py write to a structured log: one JSON object per line.

    {"trace_id": TRACE_ID, "recipe": RECIPE}    convert the recipe's sources with one new converter; the source "x" is
                                                called L['x']
    {"trace_id": TRACE_ID, "name": NAME, "metadata": OBJECT, "payload": TEXT}    write this record

TRACE_ID is the compilation that the records belong to, or null. TEXT may be null, too. Needs no PyTorch.
"""

import json
import pathlib

GOLDEN = pathlib.Path(__file__).resolve().parent / "golden" / "recipes.json"
# The reference describes legacy batched tensors, which it does not convert. Ours does neither.
NOT_DESCRIBED_BY_OURS = ("misses/legacy_batched",)


def trace_id(frame_id=None, frame_compile_id=None, compiled_autograd_id=None, attempt=0):
    return {
        "compiled_autograd_id": compiled_autograd_id,
        "frame_id": frame_id,
        "frame_compile_id": frame_compile_id,
        "attempt": attempt,
    }


TRACE_IDS = [
    None,
    trace_id(0, 0),
    trace_id(0, 1, attempt=2),
    trace_id(3, 0, compiled_autograd_id=1),
    trace_id(compiled_autograd_id=2),
]
PAYLOADS = [
    None,
    "",
    "one line",
    "two\nlines",
    "\n\nempty lines around\n",
    "tab\tquote \" back\\slash",
    "ö 漢字 \U0001f600 \u2028",
]


def trace_id_of(index):
    return TRACE_IDS[index % len(TRACE_IDS)]


def records():
    """Yields the requests for single records."""
    for index, payload in enumerate(PAYLOADS):
        metadata = {"name": f"payload_{index}", "encoding": "string", "text": payload}
        yield {"trace_id": trace_id_of(index), "name": "artifact", "metadata": metadata, "payload": payload}


def recipes():
    """Returns the fixed recipes."""
    return [entry["recipe"] for entry in golden()]


def described_recipes():
    """Returns the fixed recipes whose sources both describe: the reference raises no error, and ours supports the kind."""
    return [
        entry["recipe"]
        for entry in golden()
        if not entry["answer"]["describe"]["errors"] and entry["recipe"]["name"] not in NOT_DESCRIBED_BY_OURS
    ]


def golden():
    with GOLDEN.open(encoding="utf-8") as file:
        return json.load(file)["recipes"]


def requests(chosen):
    """Yields the requests for the `chosen` recipes, whose indices become the describer ids, and for single records."""
    for index, recipe in enumerate(chosen):
        yield {"trace_id": trace_id_of(index), "recipe": recipe}
    yield from records()


def text(chosen):
    return "".join(json.dumps(request) + "\n" for request in requests(chosen))
