"""Writes a structured log of tensors with the Python reference: see trace_requests.py.

    TORCH_TRACE=DIRECTORY python trace_reference.py [RANK] < requests.jsonl

Creates the log in DIRECTORY.
"""

import contextlib
import json
import sys
import warnings

import recipe as recipes
import torch
from torch import _guards
from torch._dynamo.source import LocalSource
from torch._logging import trace_structured
from torch._subclasses import meta_utils


def context(trace_id):
    if trace_id is None:
        return contextlib.nullcontext()
    ids = {key: value for key, value in trace_id.items() if key != "attempt"}
    made = _guards.CompileContext(_guards.CompileId(**ids))
    made.attempt = trace_id["attempt"]
    return _guards.compile_context(made)


def trace_recipe(recipe):
    with recipes.Machine() as machine:
        for step in recipe["steps"]:
            machine.run(step)
        converter = meta_utils.MetaConverter()
        for name in recipe["sources"]:
            with contextlib.suppress(Exception):  # A failed conversion leaves its describe records.
                converter(machine.tensors[name], source=LocalSource(name))


def answer(request):
    with context(request["trace_id"]):
        if "recipe" in request:
            trace_recipe(request["recipe"])
        else:
            trace_structured(
                request["name"], metadata_fn=lambda: request["metadata"], payload_fn=lambda: request["payload"]
            )


def main():
    warnings.simplefilter("ignore")
    if len(sys.argv) > 1:
        from torch.testing._internal.distributed.fake_pg import FakeStore

        rank = int(sys.argv[1])
        torch.distributed.init_process_group("fake", rank=rank, world_size=rank + 1, store=FakeStore())
    for line in sys.stdin:
        answer(json.loads(line))


if __name__ == "__main__":
    main()
