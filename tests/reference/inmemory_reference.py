"""Describes and converts tensors in memory with the Python reference.

    python inmemory_reference.py --output=golden/inmemory.json

Each case below builds some tensors. They are described in the order of the returned dict by one fresh
`MetaTensorDescriber`, and converted in the same order by one fresh `MetaConverter`. The document:

    {"format": "metaconv-inmemory/1", "torch": "2.15.0", "cases": [
      {"name": "slice_with_offset",
       "recipe": [the lines of Python that build the tensors],
       "describe": {"names": {"x": 0, …}, "storages": [records], "tensors": [records]},
       "convert": {"names": {"x": 0, …}, "hit": 1, "miss": 0, "successful": true,
                   "storages": [{"nbytes": 48}, …], "tensors": [{the result's properties}, …]}}, …]}

`describe`: records as in `MetaTensorDesc.as_json` and `MetaStorageDesc.as_json`, nested ones too, in id order.
`convert`: `tensors` holds every result and, after it, its base and its gradient, each object once. `names`, `base`,
`grad` are indices into it, `storage` is an index into `storages`; equal indices are the same object. `names`
is null where the reference returned NotImplemented.
  version_shared_with_base  whether an in-place change of the base increases the version of the view
  grad_fn                   the name of the class of grad_fn
"""

import argparse
import dataclasses
import inspect
import textwrap
import warnings

import describe_reference
import torch
from torch._subclasses import meta_utils

FORMAT = "metaconv-inmemory/1"

# --- The cases -------------------------------------------------------------------------------------------------------

CASES = {}


def case(function):
    """Registers a case under the function's name. Its body is the recipe."""
    CASES[function.__name__] = function
    return function


@case
def plain():
    x = torch.empty(3, 4)
    return {"x": x}


@case
def two_plain():
    x = torch.empty(3, 4)
    y = torch.empty(5)
    return {"x": x, "y": y}


@case
def same_tensor_twice():
    x = torch.empty(3, 4)
    return {"x": x, "again": x}


@case
def dtypes():
    return {
        "bool": torch.empty(2, dtype=torch.bool),
        "uint8": torch.empty(2, dtype=torch.uint8),
        "int8": torch.empty(2, dtype=torch.int8),
        "int16": torch.empty(2, dtype=torch.int16),
        "int32": torch.empty(2, dtype=torch.int32),
        "int64": torch.empty(2, dtype=torch.int64),
        "uint16": torch.empty(2, dtype=torch.uint16),
        "uint32": torch.empty(2, dtype=torch.uint32),
        "uint64": torch.empty(2, dtype=torch.uint64),
        "float16": torch.empty(2, dtype=torch.float16),
        "bfloat16": torch.empty(2, dtype=torch.bfloat16),
        "float64": torch.empty(2, dtype=torch.float64),
        "complex32": torch.empty(2, dtype=torch.complex32),
        "complex64": torch.empty(2, dtype=torch.complex64),
        "complex128": torch.empty(2, dtype=torch.complex128),
        "float8_e4m3fn": torch.empty(2, dtype=torch.float8_e4m3fn),
        "float8_e5m2": torch.empty(2, dtype=torch.float8_e5m2),
    }


@case
def meta_device():
    x = torch.empty(3, 4, device="meta")
    return {"x": x}


@case
def parameter():
    p = torch.nn.Parameter(torch.empty(3, 4))
    return {"p": p}


@case
def parameter_without_requires_grad():
    p = torch.nn.Parameter(torch.empty(3, 4), requires_grad=False)
    return {"p": p}


@case
def buffer():
    b = torch.nn.Buffer(torch.empty(3))
    return {"b": b}


@case
def leaf_requires_grad():
    x = torch.empty(3, requires_grad=True)
    return {"x": x}


@case
def non_leaf():
    x = torch.empty(3, requires_grad=True)
    y = x * 2
    return {"y": y}


@case
def leaf_and_non_leaf():
    x = torch.empty(3, requires_grad=True)
    y = x * 2
    return {"x": x, "y": y}


@case
def view_and_base():
    x = torch.empty(12)
    v = x.view(3, 4)
    return {"v": v, "x": x}


@case
def base_and_view():
    x = torch.empty(12)
    v = x.view(3, 4)
    return {"x": x, "v": v}


@case
def view_of_dead_base():
    v = torch.empty(12).view(3, 4)
    return {"v": v}


@case
def view_of_view():
    x = torch.empty(12)
    v = x.view(3, 4)
    w = v[1]
    return {"w": w, "v": v, "x": x}


@case
def slice_with_offset():
    x = torch.empty(12)
    v = x[3:7]
    return {"v": v, "x": x}


@case
def slice_with_step():
    x = torch.empty(12)
    v = x[1::3]
    return {"v": v}


@case
def select():
    x = torch.empty(3, 4)
    v = x.select(1, 2)
    return {"v": v}


@case
def diagonal():
    x = torch.empty(4, 4)
    v = x.diagonal()
    return {"v": v}


@case
def transpose():
    x = torch.empty(3, 4)
    v = x.t()
    return {"v": v, "x": x}


@case
def channels_last():
    x = torch.empty(2, 3, 4, 5).to(memory_format=torch.channels_last)
    return {"x": x}


@case
def expand_stride_zero():
    x = torch.empty(3, 1)
    v = x.expand(3, 4)
    return {"v": v, "x": x}


@case
def as_strided_overlapping():
    x = torch.empty(10)
    v = x.as_strided((4, 3), (2, 1), 1)
    return {"v": v, "x": x}


@case
def strides_with_gaps():
    x = torch.empty_strided((2, 3), (10, 2))
    return {"x": x}


@case
def overlapping_without_base():
    x = torch.empty_strided((4, 3), (1, 1))
    return {"x": x}


@case
def zero_dim():
    x = torch.empty(())
    return {"x": x}


@case
def zero_dim_view():
    x = torch.empty(5)
    v = x[3]
    return {"v": v, "x": x}


@case
def zero_size():
    x = torch.empty(3, 0, 2)
    return {"x": x}


@case
def zero_size_view():
    x = torch.empty(5)
    v = x[5:]
    return {"v": v, "x": x}


@case
def storage_larger_than_tensor():
    big = torch.empty(100)
    x = torch.empty(0).set_(big.untyped_storage(), 0, (4,), (1,))
    return {"x": x}


@case
def storage_larger_than_tensor_with_offset():
    big = torch.empty(100)
    x = torch.empty(0).set_(big.untyped_storage(), 7, (4,), (1,))
    return {"x": x}


@case
def storage_not_a_multiple_of_the_element():
    x = torch.empty(0).set_(torch.UntypedStorage(10), 0, (2,), (1,))
    return {"x": x}


@case
def storage_resized_to_zero():
    x = torch.empty(3, 4)
    x.untyped_storage().resize_(0)
    return {"x": x}


@case
def storage_resized_to_zero_under_a_view():
    x = torch.empty(12)
    v = x.view(3, 4)
    x.untyped_storage().resize_(0)
    return {"v": v, "x": x}


@case
def storage_resized_to_zero_of_parameter():
    p = torch.nn.Parameter(torch.empty(3, 4))
    p.untyped_storage().resize_(0)
    return {"p": p}


@case
def grad():
    x = torch.empty(3, requires_grad=True)
    x.grad = torch.empty(3)
    return {"x": x}


@case
def grad_described_before():
    x = torch.empty(3, requires_grad=True)
    x.grad = torch.empty(3)
    return {"g": x.grad, "x": x}


@case
def grad_is_a_view():
    x = torch.empty(3, requires_grad=True)
    flat = torch.empty(10)
    x.grad = flat[2:5]
    return {"x": x, "flat": flat}


@case
def grad_with_other_strides():
    x = torch.empty(3, 4, requires_grad=True)
    x.grad = torch.empty_strided((3, 4), (1, 3))
    return {"x": x}


@case
def grad_of_a_view():
    x = torch.empty(6)
    v = x.view(2, 3)
    v.requires_grad_()
    v.grad = torch.empty(2, 3)
    return {"v": v, "x": x}


@case
def grad_of_grad():
    x = torch.empty(3, requires_grad=True)
    x.grad = torch.empty(3, requires_grad=True)
    x.grad.grad = torch.empty(3)
    return {"x": x}


@case
def grad_of_parameter():
    p = torch.nn.Parameter(torch.empty(3))
    p.grad = torch.empty(3)
    return {"p": p}


@case
def grad_retained_on_non_leaf():
    x = torch.empty(3, requires_grad=True)
    y = x * 2
    y.retain_grad()
    y.sum().backward()
    return {"y": y}


@case
def conj():
    x = torch.empty(3, dtype=torch.complex64)
    v = x.conj()
    return {"v": v, "x": x}


@case
def conj_of_slice():
    x = torch.empty(8, dtype=torch.complex64)
    v = x[2:5].conj()
    return {"v": v, "x": x}


@case
def neg():
    x = torch.empty(3, dtype=torch.complex64)
    v = x.conj().imag
    return {"v": v, "x": x}


@case
def neg_view():
    x = torch.empty(3)
    v = torch._neg_view(x)
    return {"v": v, "x": x}


@case
def conj_detached():
    x = torch.empty(3, dtype=torch.complex64)
    d = x.conj().detach()
    return {"d": d}


@case
def conj_requires_grad():
    x = torch.empty(3, dtype=torch.complex64, requires_grad=True)
    v = x.conj()
    return {"v": v, "x": x}


@case
def neg_requires_grad():
    x = torch.empty(3, dtype=torch.complex64, requires_grad=True)
    v = x.conj().imag
    return {"v": v, "x": x}


@case
def real():
    x = torch.empty(3, dtype=torch.complex64)
    v = x.real
    return {"v": v, "x": x}


@case
def view_as_real():
    x = torch.empty(3, dtype=torch.complex64)
    v = torch.view_as_real(x)
    return {"v": v, "x": x}


@case
def view_as_real_requires_grad():
    x = torch.empty(3, dtype=torch.complex64, requires_grad=True)
    v = torch.view_as_real(x)
    return {"v": v, "x": x}


@case
def view_as_complex():
    x = torch.empty(3, 2)
    v = torch.view_as_complex(x)
    return {"v": v, "x": x}


@case
def view_dtype_same_width():
    x = torch.empty(3, 4)
    v = x.view(torch.int32)
    return {"v": v, "x": x}


@case
def view_dtype_narrower():
    x = torch.empty(3, 4)
    v = x.view(torch.uint8)
    return {"v": v, "x": x}


@case
def view_dtype_wider():
    x = torch.empty(8, dtype=torch.uint8)
    v = x.view(torch.float32)
    return {"v": v, "x": x}


@case
def view_dtype_of_slice():
    x = torch.empty(8, dtype=torch.int32)
    v = x[2:6].view(torch.float32)
    return {"v": v, "x": x}


@case
def view_dtype_requires_grad():
    x = torch.empty(3, 4, requires_grad=True)
    v = x.view(torch.float64)
    return {"v": v, "x": x}


@case
def slice_of_view_dtype():
    x = torch.empty(8)
    v = x.view(torch.int32)[2:6]
    return {"v": v, "x": x}


@case
def inference_tensor():
    with torch.inference_mode():
        x = torch.empty(3)
    return {"x": x}


@case
def inference_tensor_view():
    with torch.inference_mode():
        x = torch.empty(12)
        v = x.view(3, 4)
    return {"v": v, "x": x}


@case
def view_made_in_inference_mode():
    x = torch.empty(12)
    with torch.inference_mode():
        v = x.view(3, 4)
    return {"v": v, "x": x}


@case
def view_of_inference_tensor_made_outside():
    with torch.inference_mode():
        x = torch.empty(12)
    v = x.view(3, 4)
    return {"v": v, "x": x}


@case
def view_made_under_no_grad():
    x = torch.empty(12, requires_grad=True)
    with torch.no_grad():
        v = x.view(3, 4)
    return {"v": v, "x": x}


@case
def view_made_under_no_grad_of_plain_base():
    x = torch.empty(12)
    with torch.no_grad():
        v = x.view(3, 4)
    return {"v": v}


@case
def view_made_in_a_custom_function():
    class Function(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x.view(3, 4)

        @staticmethod
        def backward(ctx, grad):
            return grad.view(12)

    x = torch.empty(12, requires_grad=True)
    v = Function.apply(x)
    return {"v": v, "x": x}


@case
def split():
    x = torch.empty(12)
    a, b, c = x.split(4)
    return {"b": b, "a": a, "c": c, "x": x}


@case
def split_requires_grad():
    x = torch.empty(12, requires_grad=True)
    a, b, c = x.split(4)
    return {"a": a, "b": b, "x": x}


@case
def unbind_requires_grad():
    x = torch.empty(2, 3, requires_grad=True)
    a, b = x.unbind(0)
    return {"b": b, "a": a}


@case
def packed_qkv():
    qkv = torch.nn.Parameter(torch.empty(12, 4))
    q, k, v = qkv.chunk(3)
    return {"qkv": qkv, "q": q, "k": k, "v": v}


@case
def view_of_leaf():
    x = torch.empty(12, requires_grad=True)
    v = x.view(3, 4)
    return {"v": v, "x": x}


@case
def view_of_non_leaf():
    x = torch.empty(12, requires_grad=True)
    y = x * 2
    v = y.view(3, 4)
    return {"v": v, "y": y}


@case
def leaf_view_requires_grad():
    x = torch.empty(12)
    v = x.view(3, 4)
    v.requires_grad_()
    return {"v": v, "x": x}


@case
def requires_grad_mismatch():
    x = torch.empty(4)
    y = x.view(1, 4)
    y.requires_grad_()
    z = y.view(1, 1, 4)
    return {"z": z, "y": y, "x": x}


@case
def requires_grad_mismatch_with_offset():
    x = torch.empty(12)
    y = x[4:]
    y.requires_grad_()
    z = y[2:5]
    return {"z": z, "x": x}


@case
def base_changed_in_place_through_a_view():
    w = torch.empty(3, requires_grad=True)
    x = torch.empty(2, 3)
    v = x[0]
    v.mul_(w)
    return {"v": v, "x": x}


@case
def detach_alias():
    x = torch.empty(12)
    d = x.detach()
    return {"x": x, "d": d}


@case
def detach_of_slice_first():
    x = torch.empty(12)
    d = x[3:7].detach()
    return {"d": d, "x": x}


@case
def detach_of_leaf():
    x = torch.empty(3, requires_grad=True)
    d = x.detach()
    return {"d": d, "x": x}


@case
def set_aliases():
    x = torch.empty(12)
    y = torch.empty(0).set_(x.untyped_storage(), 4, (2, 2), (4, 1))
    return {"x": x, "y": y}


@case
def set_aliases_offset_first():
    x = torch.empty(12)
    y = torch.empty(0).set_(x.untyped_storage(), 4, (2, 2), (4, 1))
    return {"y": y, "x": x}


@case
def set_aliases_of_two_dtypes():
    x = torch.empty(12)
    y = torch.empty(0, dtype=torch.uint8).set_(x.untyped_storage(), 3, (5,), (2,))
    return {"x": x, "y": y}


@case
def parameter_over_slice():
    x = torch.empty(12)
    p = torch.nn.Parameter(x[4:8])
    return {"p": p, "x": x}


@case
def parameter_over_leading_slice():
    x = torch.empty(12)
    p = torch.nn.Parameter(x[:4])
    return {"p": p, "x": x}


@case
def parameters_over_slices():
    x = torch.empty(12)
    p = torch.nn.Parameter(x[:4])
    q = torch.nn.Parameter(x[4:].view(2, 4))
    return {"p": p, "q": q}


@case
def parameter_over_transpose():
    p = torch.nn.Parameter(torch.empty(3, 4).t())
    return {"p": p}


@case
def tied_weights():
    embedding = torch.nn.Embedding(5, 3)
    head = torch.nn.Linear(3, 5, bias=False)
    head.weight = embedding.weight
    return {"embedding.weight": embedding.weight, "head.weight": head.weight}


@case
def view_of_detach():
    x = torch.empty(12, requires_grad=True)
    v = x.detach().view(3, 4)
    return {"v": v, "x": x}


@case
def quantized():
    x = torch.empty(3)
    q = torch.quantize_per_tensor(torch.zeros(3), 0.1, 0, torch.quint8)
    return {"x": x, "q": q}


# --- The reference's answers -----------------------------------------------------------------------------------------


def recipe(function):
    """The lines of the body."""
    lines = inspect.getsource(function).splitlines()
    body = textwrap.dedent("\n".join(lines[next(i for i, line in enumerate(lines) if line.startswith("def ")) + 1 :]))
    return body.splitlines()


def describe(tensors):
    records = describe_reference.Records()
    names = {name: records.describe(tensor) for name, tensor in tensors.items()}
    return {
        "names": names,
        "storages": [records.storages[key] for key in sorted(records.storages)],
        "tensors": [records.tensors[key] for key in sorted(records.tensors)],
    }


@dataclasses.dataclass
class Results:
    """The results, their bases and their gradients, each object once."""

    tensors: list = dataclasses.field(default_factory=list)
    storages: list = dataclasses.field(default_factory=list)
    properties: list = dataclasses.field(default_factory=list)

    def add(self, tensor):
        """The tensor's index; None for None."""
        if tensor is None:
            return None
        for index, known in enumerate(self.tensors):
            if known is tensor:
                return index
        self.tensors.append(tensor)
        self.properties.append(None)
        index = len(self.tensors) - 1
        self.properties[index] = self._properties(tensor)
        return index

    def compare_versions(self):
        for tensor, properties in zip(self.tensors, self.properties):
            if properties["is_view"]:
                properties["version_shared_with_base"] = version_is_shared(tensor, tensor._base)

    def _add_storage(self, storage):
        for index, known in enumerate(self.storages):
            if known._cdata == storage._cdata:
                return index
        self.storages.append(storage)
        return len(self.storages) - 1

    def _properties(self, tensor):
        is_view = tensor._is_view()
        return {
            "size": list(tensor.size()),
            "stride": list(tensor.stride()),
            "storage_offset": tensor.storage_offset(),
            "dtype": repr(tensor.dtype),
            "device": repr(tensor.device),
            "layout": repr(tensor.layout),
            "storage": self._add_storage(tensor.untyped_storage()),
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
            # Set last, by compare_versions(): it changes the base, after which some views raise.
            "version_shared_with_base": None,
            "grad": self.add(meta_utils.safe_grad(tensor)),
        }


def version_is_shared(view, base):
    """None for inference tensors, which have no version."""
    if view.is_inference() or base.is_inference():
        return None
    before = view._version
    torch.autograd.graph.increment_version(base)
    return view._version == before + 1


def convert(tensors):
    converter = meta_utils.MetaConverter()
    results = {name: converter(tensor) for name, tensor in tensors.items()}
    for name, tensor in tensors.items():
        if results[name] is not NotImplemented and converter.meta_tensor(
            converter.describer.describe_tensor(tensor), None, converter._identity_callable, None, None
        ) is not results[name]:
            raise AssertionError(f"{name}: the second conversion gave another object")
    objects = Results()
    names = {name: None if result is NotImplemented else objects.add(result) for name, result in results.items()}
    objects.compare_versions()
    return {
        "names": names,
        "hit": converter.hit,
        "miss": converter.miss,
        "successful": converter.successful(),
        "storages": [{"nbytes": storage.nbytes()} for storage in objects.storages],
        "tensors": objects.properties,
    }


def run(name):
    function = CASES[name]
    tensors = function()
    return {
        "name": name,
        "recipe": recipe(function),
        "describe": describe(tensors),
        "convert": convert(tensors),
    }


# --- The document ----------------------------------------------------------------------------------------------------


def dump(cases):
    """JSON with one record per line."""
    json = describe_reference.json

    def block(values, indent):
        return ",".join(f"\n{indent}{json.dumps(value)}" for value in values)

    def part(title, contents):
        head = {key: value for key, value in contents.items() if key not in ("storages", "tensors")}
        return (
            f'    "{title}": {json.dumps(head)[:-1]},\n'
            f'     "storages": [{block(contents["storages"], "      ")}],\n'
            f'     "tensors": [{block(contents["tensors"], "      ")}]}}'
        )

    texts = [
        f'  {{"name": {json.dumps(case["name"])},\n'
        f'    "recipe": [{block(case["recipe"], "      ")}],\n'
        f'{part("describe", case["describe"])},\n'
        f'{part("convert", case["convert"])}}}'
        for case in cases
    ]
    torch_version = torch.__version__.partition("+")[0]
    return f'{{"format": "{FORMAT}", "torch": "{torch_version}", "cases": [\n' + ",\n".join(texts) + "\n]}\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", required=True, help="where to write the document")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    text = dump([run(name) for name in CASES])
    with open(arguments.output, "w", encoding="utf-8") as file:
        file.write(text)


if __name__ == "__main__":
    main()
