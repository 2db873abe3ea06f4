"""Builds the tensors of a recipe in Python, and describes and converts them with the reference.

    python recipe.py < recipes.jsonl > answers.jsonl

A recipe is a graph of tensors as JSON, which both Python and C++ can build: `steps` make the tensors, and `sources` are
the names of the tensors to describe and convert. recipe_cases.py has examples.

    {"name": "view_op/select", "steps": [{"op": "aten::zeros", "args": [[3, 4]], "out": "x"},
                                         {"op": "aten::select.int", "args": [{"t": "x"}, 0, 1], "out": "v"}],
     "sources": ["v", "x"]}

The answer has the parts of inmemory_reference.py, `describe` and `convert`, and `error` if a step raised:

    {"name": "view_op/select", "error": null,
     "describe": {"names": {"v": 0, "x": 1}, "errors": {}, "storages": […], "tensors": […]},
     "convert": {"names": {"v": 0, "x": 1}, "errors": {}, "hit": 2, "miss": 0, "successful": true,
                 "storages": […], "tensors": […]}}

`names` is null for a source that the reference does not describe or convert; if it raised, `errors` has the text.
Sources that the converter does not convert or describe (quantized, lazy, views of sparse tensors) are not described
here either, and take no ids.

Every occurrence of a name in `sources` is described and converted, while the functorch levels that the steps left open
are open. STEPS, below, has the kinds of steps.

Some fields are normalised, since they contain addresses: `view_func` and `type` are the names of the classes, and
`functorch_stack` is a list of {"type": "Vmap", "level": 1}, innermost first.
"""

import contextlib
import json
import sys
import warnings

import describe_reference
import inmemory_reference
import torch
from torch._C import _functorch
from torch._functorch import pyfunctorch
from torch._subclasses import meta_utils
from torch.testing._internal.two_tensor import TwoTensor

# --- Steps -----------------------------------------------------------------------------------------------------------

# The first key that a step has is its kind: `requires_grad` is also a field of `parameter`.
STEPS = {}


def step(function):
    """Registers the function that runs the steps with the key `function.__name__`."""
    STEPS[function.__name__] = function
    return function


LEVELS = {
    "vmap": (
        lambda step: _functorch._vmap_increment_nesting(step["batch_size"], step.get("randomness", "error")),
        _functorch._vmap_decrement_nesting,
    ),
    "grad": (lambda step: _functorch._grad_increment_nesting(), _functorch._grad_decrement_nesting),
    "jvp": (lambda step: _functorch._jvp_increment_nesting(), _functorch._jvp_decrement_nesting),
    "functionalize": (
        lambda step: _functorch._func_increment_nesting(step.get("reapply_views", True)),
        _functorch._func_decrement_nesting,
    ),
}


class Machine:
    """The tensors made so far, by name, and the open functorch levels, which it leaves at the end of a with block."""

    def __init__(self):
        self.tensors = {}
        self.levels = []  # The open ones, as keys of LEVELS.

    def __enter__(self):
        return self

    def __exit__(self, *_):
        while self.levels:
            self.leave_level()

    def enter_level(self, kind, step):
        enter, _ = LEVELS[kind]
        enter(step)
        self.levels.append(kind)

    def leave_level(self):
        _, leave = LEVELS[self.levels.pop()]
        leave()

    def run(self, step):
        """Runs one step, or raises what PyTorch raises."""
        key = next(key for key in STEPS if key in step)
        with contextlib.ExitStack() as guards:
            if "grad_mode" in step:
                guards.enter_context(torch.set_grad_enabled(step["grad_mode"]))
            if "inference_mode" in step:
                guards.enter_context(torch.inference_mode(step["inference_mode"]))
            STEPS[key](self, step)

    def value(self, value):
        """An argument of an operator."""
        if isinstance(value, list):
            return [self.value(element) for element in value]
        if not isinstance(value, dict):
            return value
        if "t" in value:
            return self.tensors[value["t"]]
        if "ts" in value:
            return [self.tensors[name] for name in value["ts"]]
        if "storage" in value:
            return self.tensors[value["storage"]].untyped_storage()
        if "tensor" in value:
            # Not wrapped by the open functorch levels.
            with pyfunctorch.temporarily_clear_interpreter_stack():
                return torch.tensor(value["tensor"], dtype=getattr(torch, value["dtype"]))
        if "device" in value:
            return torch.device(value["device"])
        for kind in ("dtype", "layout", "memory_format"):
            if kind in value:
                return getattr(torch, value[kind])
        raise ValueError(f"not a value: {json.dumps(value)}")


@step
def op(machine, step):
    name, _, overload = step["op"].removeprefix("aten::").partition(".")
    operator = getattr(getattr(torch.ops.aten, name), overload or "default")
    arguments = [machine.value(value) for value in step.get("args", [])]
    keywords = {key: machine.value(value) for key, value in step.get("kwargs", {}).items()}
    result = operator(*arguments, **keywords)
    out = step.get("out")
    if isinstance(out, list):
        if len(out) != len(result):
            raise ValueError(f"{step['op']} gives {len(result)} results, not {len(out)}")
        machine.tensors.update({name: value for name, value in zip(out, result) if name is not None})
    elif out is not None:
        machine.tensors[out] = result


@step
def parameter(machine, step):
    tensor = machine.tensors[step["parameter"]]
    machine.tensors[step["out"]] = torch.nn.Parameter(tensor, requires_grad=step["requires_grad"])


@step
def requires_grad(machine, step):
    tensor = machine.tensors[step["requires_grad"]]
    # Within functorch levels it has to be allowed, as torch.func.grad does.
    allowed = _functorch.get_inplace_requires_grad_allowed() if machine.levels else None
    if allowed is not None:
        _functorch.set_inplace_requires_grad_allowed(True)
    try:
        tensor.requires_grad_(step["value"])
    finally:
        if allowed is not None:
            _functorch.set_inplace_requires_grad_allowed(allowed)


@step
def grad(machine, step):
    machine.tensors[step["grad"]].grad = None if step["value"] is None else machine.tensors[step["value"]]


@step
def buffer(machine, step):
    machine.tensors[step["out"]] = torch.nn.Buffer(machine.tensors[step["buffer"]], persistent=step["persistent"])


@step
def set_data(machine, step):
    machine.tensors[step["set_data"]].data = machine.tensors[step["value"]]


@step
def data(machine, step):
    machine.tensors[step["out"]] = machine.tensors[step["data"]].data


@step
def resize_storage(machine, step):
    machine.tensors[step["resize_storage"]].untyped_storage().resize_(step["bytes"])


@step
def set_storage(machine, step):
    storage = machine.tensors[step["storage_of"]].untyped_storage()
    with torch.no_grad():
        machine.tensors[step["set_storage"]].set_(storage, step["offset"], step["size"], step["stride"])


@step
def push(machine, step):
    machine.enter_level(step["push"], step)


@step
def pop(machine, step):
    machine.leave_level()


@step
def add_batch_dim(machine, step):
    tensor = machine.tensors[step["add_batch_dim"]]
    machine.tensors[step["out"]] = _functorch._add_batch_dim(tensor, step["dim"], step["level"])


@step
def wrap_for_grad(machine, step):
    machine.tensors[step["out"]] = _functorch._wrap_for_grad(machine.tensors[step["wrap_for_grad"]], step["level"])


@step
def wrap_functional(machine, step):
    tensor = machine.tensors[step["wrap_functional"]]
    machine.tensors[step["out"]] = _functorch._wrap_functional_tensor(tensor, step["level"])


@step
def to_functional(machine, step):
    machine.tensors[step["out"]] = torch._to_functional_tensor(machine.tensors[step["to_functional"]])


@step
def two_tensor(machine, step):
    machine.tensors[step["out"]] = TwoTensor(*(machine.tensors[name] for name in step["two_tensor"]))


@step
def forget(machine, step):
    for name in step["forget"]:
        del machine.tensors[name]


@step
def mark_dynamic(machine, step):
    machine.tensors[step["mark_dynamic"]]._dynamo_dynamic_indices = set(step["indices"])


@step
def hint_override(machine, step):
    hints = {int(dim): hint for dim, hint in step["hints"].items()}
    machine.tensors[step["hint_override"]]._dynamo_hint_overrides = hints


# --- Describing ------------------------------------------------------------------------------------------------------


class Records(describe_reference.Records):
    """Records as Python writes them, without the addresses in them."""

    def describe(self, tensor):
        """The tensor's id, or None and what the reference raised."""
        # Each occurrence is described: the indices and values of a sparse tensor are new objects each time.
        try:
            record = self._describer.describe_tensor(tensor)
        except Exception as error:  # PyTorch raises many types; the text is the answer.
            return None, first_line(error)
        self._keep(record)
        return record.id, None

    def _keep(self, record):
        super()._keep(record)
        if isinstance(record, meta_utils.MetaTensorDesc):
            fields = self.tensors[record.id]
            if "view_func" in fields:
                fields["view_func"] = fields["view_func"].partition("(")[0]
            if record.type is not None:
                fields["type"] = record.type.__name__
            if record.functorch_stack is not None:
                # The record's entries have no accessors for these. The stack has not changed since.
                fields["functorch_stack"] = [
                    {"type": interpreter.key().name, "level": interpreter.level()}
                    for interpreter in reversed(_functorch.get_interpreter_stack() or [])
                ]


def first_line(error):
    return f"{type(error).__name__}: {error}".splitlines()[0]


def is_not_described(tensor):
    """The conditions under which MetaConverter.__call__ returns NotImplemented without describing the tensor."""
    return (
        tensor.device.type == "lazy"
        or tensor.is_quantized
        or (tensor._is_view() and tensor._base is not None and tensor._base.is_sparse)
    )


def describe(sources):
    records = Records()
    names, errors = {}, {}
    for name, tensor in sources:
        names[name] = None
        if is_not_described(tensor):
            continue
        names[name], error = records.describe(tensor)
        if error is not None:
            errors[name] = error
    return {
        "names": names,
        "errors": errors,
        "storages": [records.storages[key] for key in sorted(records.storages)],
        "tensors": [records.tensors[key] for key in sorted(records.tensors)],
    }


# --- Converting ------------------------------------------------------------------------------------------------------


class Results(inmemory_reference.Results):
    """The results and what they refer to, for every kind of tensor."""

    def _properties(self, tensor):
        is_sparse = meta_utils.is_sparse_any(tensor)
        is_wrapper_type = meta_utils.is_traceable_wrapper_subclass(tensor)
        is_strided_nested = tensor.is_nested and not is_wrapper_type
        is_view = tensor._is_view()
        has_strides = not is_sparse and not is_strided_nested
        return {
            "size": None if is_strided_nested else list(tensor.size()),
            "stride": list(tensor.stride()) if has_strides else None,
            "storage_offset": tensor.storage_offset() if has_strides else None,
            "dtype": repr(tensor.dtype),
            "device": repr(tensor.device),
            "layout": repr(tensor.layout),
            "storage": self._add_storage_of(tensor),
            "is_leaf": tensor.is_leaf,
            "requires_grad": tensor.requires_grad,
            "grad_fn": type(tensor.grad_fn).__name__ if tensor.grad_fn is not None else None,
            "is_conj": tensor.is_conj(),
            "is_neg": tensor.is_neg(),
            "is_inference": tensor.is_inference(),
            "is_parameter": isinstance(tensor, torch.nn.Parameter),
            "is_view": is_view,
            "base": self.add(tensor._base) if is_view else None,
            "creation_meta": str(torch._C._autograd._get_creation_meta(tensor)) if is_view else None,
            "version_shared_with_base": None,  # Set last, as for dense tensors.
            "grad": self.add(meta_utils.safe_grad(tensor)),
            "is_mkldnn": tensor.is_mkldnn,
            "is_nested": tensor.is_nested,
            "sparse": sparse_properties(tensor) if is_sparse else None,
            "functorch": self._functorch_properties(tensor),
            "functional": self._functional_properties(tensor),
            "attrs": self._attrs(tensor) if is_wrapper_type else None,
        }

    def _add_storage_of(self, tensor):
        try:
            return self._add_storage(tensor.untyped_storage())
        except (NotImplementedError, RuntimeError):
            return None  # Sparse tensors and functorch wrappers have none.

    def _functorch_properties(self, tensor):
        if not _functorch.is_functorch_wrapped_tensor(tensor):
            return None
        properties = {"level": _functorch.maybe_get_level(tensor)}
        if _functorch.is_batchedtensor(tensor):
            properties["kind"] = "batched"
            properties["bdim"] = _functorch.maybe_get_bdim(tensor)
        else:
            properties["kind"] = "grad" if _functorch.is_gradtrackingtensor(tensor) else "functional"
        properties["unwrapped"] = self.add(_functorch.get_unwrapped(tensor))
        return properties

    def _functional_properties(self, tensor):
        if _functorch.is_functorch_wrapped_tensor(tensor) or not torch._is_functional_tensor(tensor):
            return None
        return {"unwrapped": self.add(_functorch.get_unwrapped(tensor))}

    def _attrs(self, tensor):
        attributes, _ = tensor.__tensor_flatten__()
        return {name: self.add(getattr(tensor, name)) for name in attributes}


def sparse_properties(tensor):
    properties = {"sparse_dim": tensor.sparse_dim(), "dense_dim": tensor.dense_dim(), "nnz": tensor._nnz()}
    if tensor.layout is torch.sparse_coo:
        return properties | {"is_coalesced": tensor.is_coalesced()}
    by_row = tensor.layout in (torch.sparse_csr, torch.sparse_bsr)
    indices = tensor.crow_indices() if by_row else tensor.ccol_indices()
    properties["index_dtype"] = repr(indices.dtype)
    if tensor.layout in (torch.sparse_bsr, torch.sparse_bsc):
        first = indices.dim()  # After the batch dimensions and the dimension of the blocks.
        properties["blocksize"] = list(tensor.values().shape[first : first + 2])
    return properties


def convert(sources):
    converter = meta_utils.MetaConverter()
    results, errors = {}, {}
    for name, tensor in sources:
        try:
            results[name] = converter(tensor)
        except Exception as error:  # PyTorch raises many types; the text is the answer.
            results[name] = NotImplemented
            errors[name] = first_line(error)
    objects = Results()
    # Their properties are read outside of all functorch levels, which would intercept the calls.
    with pyfunctorch.temporarily_clear_interpreter_stack():
        names = {name: None if result is NotImplemented else objects.add(result) for name, result in results.items()}
        objects.compare_versions()
    return {
        "names": names,
        "errors": errors,
        "hit": converter.hit,
        "miss": converter.miss,
        "successful": converter.successful(),
        "storages": [{"nbytes": storage.nbytes()} for storage in objects.storages],
        "tensors": objects.properties,
    }


# --- Answers ---------------------------------------------------------------------------------------------------------


def answer(recipe):
    with Machine() as machine:
        for index, step in enumerate(recipe["steps"]):
            try:
                machine.run(step)
            except Exception as error:  # PyTorch raises many types.
                message = first_line(error)
                return {
                    "name": recipe["name"],
                    "error": {"step": index, "message": message},
                    "describe": None,
                    "convert": None,
                }
        sources = [(name, machine.tensors[name]) for name in recipe["sources"]]
        machine.tensors.clear()
        return {"name": recipe["name"], "error": None, "describe": describe(sources), "convert": convert(sources)}


def main():
    warnings.simplefilter("ignore")
    for line in sys.stdin:
        try:
            result = answer(json.loads(line))
        except (ValueError, KeyError, TypeError) as error:
            result = {"name": None, "error": {"step": None, "message": first_line(error)}}
        print(json.dumps(result), flush=True)


if __name__ == "__main__":
    main()
