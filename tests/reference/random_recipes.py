"""Random recipes: graphs of tensors of all kinds, made in 3 to 25 steps.

    python random_recipes.py --seed=1 --count=100 > recipes.jsonl

`generate(seed, index)` gives the same recipe for the same arguments. Each step is run when it is chosen, and left out
if PyTorch raises, so that all steps of a recipe succeed in Python. ACTIONS has the kinds of steps, each with the weight
with which it is chosen.
"""

import argparse
import json
import random
import warnings

import recipe as recipes
import shrink
import torch
from torch._subclasses import meta_utils
from torch.testing._internal.two_tensor import TwoTensor

# --- Choosing --------------------------------------------------------------------------------------------------------

DTYPES = {
    "float32": 30, "float64": 4, "float16": 2, "bfloat16": 3, "complex64": 12, "complex128": 2, "int64": 4, "int32": 2,
    "uint8": 2, "int8": 1, "int16": 1, "bool": 2, "complex32": 1, "uint16": 1, "float8_e4m3fn": 1,
}  # fmt: skip
SIZES = {0: 1, 1: 4, 2: 8, 3: 8, 4: 6, 6: 3}
DIMS = {0: 2, 1: 8, 2: 10, 3: 5, 4: 1}
VIEW_DTYPES = ("int32", "int16", "uint8", "float32", "float64", "complex64")

# Theme -> weight. A recipe has one, and uses actions of its theme and those without a theme.
THEMES = {"dense": 50, "sparse": 12, "functorch": 14, "functional": 6, "two_tensor": 10, "mkldnn": 4}

ACTIONS = []


def action(weight, *themes):
    """Registers a function that adds steps to a recipe, with its weight and the themes that it is limited to."""

    def register(function):
        ACTIONS.append((function, weight, themes))
        return function

    return register


class Generator:
    def __init__(self, seed, index):
        self.random = random.Random(f"{seed}/{index}")
        self.machine = recipes.Machine()
        self.steps = []
        self._next_name = 0

    def pick(self, weights):
        return self.random.choices(list(weights), list(weights.values()))[0]

    def chance(self, probability):
        return self.random.random() < probability

    def new_name(self):
        self._next_name += 1
        return f"v{self._next_name - 1}"

    def tensor(self, suits=lambda tensor: True):
        """The name of a random tensor for which `suits` holds, of recent ones more often; None if there is none."""
        names = [name for name, tensor in self.machine.tensors.items() if suits(tensor)]
        return self.random.choices(names, range(1, len(names) + 1))[0] if names else None

    def size(self):
        return [self.pick(SIZES) for _ in range(self.pick(DIMS))]

    def step(self, step):
        """Runs the step, and adds it unless PyTorch raises. True if it was added."""
        if "op" in step and self.chance(0.15):
            # Inference mode has other effects on Python's wrapper subclasses than on tensors.
            grad_mode = self.chance(0.75) or any(isinstance(it, TwoTensor) for it in self.machine.tensors.values())
            step |= {"grad_mode": False} if grad_mode else {"inference_mode": True}
        try:
            self.machine.run(step)
        except Exception:  # PyTorch raises many types.
            return False
        self.steps.append(step)
        return True

    def op(self, name, *arguments, out=True, **keywords):
        """Adds a call of an operator. The result's name; None if there is none or PyTorch raised."""
        step = {"op": f"aten::{name}", "args": list(arguments)}
        if keywords:
            step["kwargs"] = keywords
        if out:
            step["out"] = self.new_name() if out is True else out
        return step.get("out") if self.step(step) else None

    def zeros(self, size, dtype="float32"):
        return self.op("zeros", size, dtype={"dtype": dtype})


def t(name):
    return {"t": name}


def dtype_of(tensor):
    return str(tensor.dtype).removeprefix("torch.")


# Only these are wrapped: a wrapper around others has arbitrary sizes and strides.
def is_dense(tensor):
    return tensor.layout is torch.strided and not tensor.is_nested


def is_plain(tensor):
    """Whether the tensor is a plain one, whose data is in its own storage. PyTorch crashes if others get other data."""
    return (
        type(tensor) in (torch.Tensor, torch.nn.Parameter)
        and is_dense(tensor)
        and not torch._is_functional_tensor(tensor)
        and not torch._C._functorch.is_functorch_wrapped_tensor(tensor)
    )


def is_computable(tensor):
    """Excludes tensors on which PyTorch crashes, and meta tensors, whose operators are implemented in Python there."""
    functorch = torch._C._functorch
    return (
        not tensor.is_quantized
        and tensor.device.type != "meta"
        and not (tensor.is_mkldnn and tensor.numel() == 0)
        and not (functorch.is_functorch_wrapped_tensor(tensor) and functorch.is_functionaltensor(tensor))
    )


def is_differentiable(tensor):
    return tensor.is_floating_point() or tensor.is_complex()


# --- Dense tensors and their views -----------------------------------------------------------------------------------


@action(14)
def make(it):
    dtype = it.pick(DTYPES)
    size = it.size()
    kind = it.random.random()
    if kind < 0.1:
        strides = [it.random.choice((0, 1, 2, 3, 5)) for _ in size]
        name = it.op("empty_strided", size, strides, dtype={"dtype": dtype})
    elif kind < 0.15 and len(size) == 4:
        name = it.op("empty.memory_format", size, memory_format={"memory_format": "channels_last"})
    elif kind < 0.2:
        name = it.op("zeros", size, dtype={"dtype": dtype}, device={"device": "meta"})
    else:
        name = it.zeros(size, dtype)
    if name and it.chance(0.3):
        it.step({"requires_grad": name, "value": True})


def dim_of(it, tensor):
    return it.random.randrange(-tensor.dim(), tensor.dim()) if tensor.dim() else 0


def view_arguments(it, tensor):
    """Yields (operator, weight, arguments) for a tensor of this shape. PyTorch raises for some of them."""
    dim, other = dim_of(it, tensor), dim_of(it, tensor)
    length = tensor.shape[dim] if tensor.dim() else 1
    start = it.random.randrange(0, length + 1)
    end = it.random.randrange(start, length + 1)
    order = list(range(tensor.dim()))
    it.random.shuffle(order)
    yield "select.int", 4, [dim, it.random.randrange(-length, length) if length else 0]
    yield "slice.Tensor", 8, [dim, start, end, it.random.choice((1, 1, 2, 3))]
    yield "narrow", 2, [dim, start, end - start]
    yield "transpose.int", 4, [dim, other]
    yield "t", 3, []
    yield "permute", 2, [order]
    yield "unsqueeze", 3, [it.random.randint(0, tensor.dim())]
    yield "squeeze", 1, []
    yield "squeeze.dim", 2, [dim]
    yield "view", 5, [it.random.choice(shapes(tensor.numel()))]
    yield "reshape", 1, [it.random.choice(shapes(tensor.numel()))]
    yield "flatten.using_ints", 1, []
    yield "expand", 3, [[it.random.choice((1, 2)), *(2 if size == 1 else size for size in tensor.shape)]]
    yield "diagonal", 2, [it.random.choice((-1, 0, 1)), dim, other]
    yield "unfold", 1, [dim, min(2, length), 1]
    yield "unflatten.int", 1, [dim, [length, 1]]
    yield "alias", 2, []
    yield "detach", 5, []
    yield "as_strided", 4, strided_arguments(it, tensor)
    yield "_conj", 4, []
    yield "_neg_view", 2, []
    yield "view_as_real", 4, []
    yield "view_as_complex", 4, []
    yield "real", 2, []
    yield "imag", 2, []
    yield "view.dtype", 2, [{"dtype": it.random.choice(VIEW_DTYPES)}]
    yield "movedim.int", 1, [dim, other]
    yield "_reshape_alias", 0.5, [list(tensor.shape), list(tensor.stride()) if is_dense(tensor) else []]
    yield "mH", 0.5, []
    yield "adjoint", 0.5, []
    yield "contiguous", 0.5, []


def shapes(count):
    shapes = [[count], [1, count], [count, 1], [-1]]
    return shapes + [[divisor, count // divisor] for divisor in (2, 3, 4) if count and count % divisor == 0]


def strided_arguments(it, tensor):
    size = [it.random.choice((1, 2, 3)) for _ in range(it.random.choice((1, 2, 2, 3)))]
    return [size, [it.random.choice((0, 1, 1, 2, 3)) for _ in size], it.random.choice((0, 0, 1, 2, 4))]


@action(40)
def view(it):
    name = it.tensor(lambda tensor: is_computable(tensor) and not tensor.is_mkldnn)
    if name is not None:
        calls = list(view_arguments(it, it.machine.tensors[name]))
        operator, _, arguments = it.random.choices(calls, [weight for _, weight, _ in calls])[0]
        it.op(operator, t(name), *arguments)


@action(4)
def views(it):
    name = it.tensor(lambda tensor: tensor.dim() > 0)
    if name is None:
        return
    tensor = it.machine.tensors[name]
    dim = dim_of(it, tensor)
    length = tensor.shape[dim]
    operator, argument, count = it.random.choice(
        (("split.Tensor", 2, -(-length // 2)), ("unbind.int", None, length), ("tensor_split.sections", 2, 2),
         ("split_with_sizes", [1, length - 1], 2), ("chunk", 2, min(2, length)))
    )  # fmt: skip
    out = [it.new_name() if it.chance(0.7) else None for _ in range(count)]
    it.op(operator, t(name), *([] if argument is None else [argument]), dim, out=out)


@action(2)
def view_in_place(it):
    name = it.tensor(is_dense)
    operator, *arguments = it.random.choice(
        (("t_",), ("unsqueeze_", 0), ("squeeze_",), ("transpose_", 0, 1), ("detach_",), ("as_strided_", [2], [1], 0))
    )
    if name is not None:
        it.op(operator, t(name), *arguments, out=None)


# --- Autograd --------------------------------------------------------------------------------------------------------


@action(7)
def requires_grad(it):
    name = it.tensor(is_differentiable)
    if name is not None:
        it.step({"requires_grad": name, "value": it.chance(0.9)})


@action(8)
def compute(it):
    name = it.tensor(is_computable)
    operator, *arguments = it.random.choice(
        (("mul.Scalar", 2), ("neg",), ("clone",), ("add.Scalar", 1), ("mul.Tensor", "other"))
    )
    if name is not None:
        it.op(operator, t(name), *(t(name) if argument == "other" else argument for argument in arguments))


@action(4)
def compute_in_place(it):
    # Functionalization checks in-place operators with meta kernels, and in Python with other ones than in C++.
    name = it.tensor(lambda tensor: is_computable(tensor) and not torch._is_functional_tensor(tensor))
    other = it.tensor(lambda tensor: is_computable(tensor) and is_differentiable(tensor))
    if name is not None and other is not None:
        if it.chance(0.5):
            it.op("mul_.Scalar", t(name), 2, out=None)
        else:
            it.op("mul_.Tensor", t(name), t(other), out=None)


@action(7)
def grad(it):
    name = it.tensor(is_differentiable)
    if name is None:
        return
    tensor = it.machine.tensors[name]
    shape = list(tensor.shape)
    if it.chance(0.3):
        value = it.tensor(lambda other: list(other.shape) == shape and other.dtype == tensor.dtype)
    elif it.chance(0.3):
        buffer = it.zeros([2, *shape], dtype_of(tensor))
        value = buffer and it.op("select.int", t(buffer), 0, 1)
    else:
        value = it.zeros(shape, dtype_of(tensor))
    if value is not None and not reaches(it.machine.tensors[value], tensor):
        it.step({"grad": name, "value": value})


def reaches(tensor, target):
    """Whether describing `tensor` describes `target`: such a gradient of `target` is a cycle."""
    if tensor is None or tensor is target:
        return tensor is target
    parts = [meta_utils.safe_grad(tensor), tensor._base]
    if torch._C._functorch.is_functorch_wrapped_tensor(tensor) or torch._is_functional_tensor(tensor):
        parts.append(torch._C._functorch.get_unwrapped(tensor))
    if meta_utils.is_traceable_wrapper_subclass(tensor):
        parts += [tensor.a, tensor.b]
    return any(reaches(part, target) for part in parts)


@action(1)
def retain_grad(it):
    name = it.tensor(lambda tensor: tensor.requires_grad and not meta_utils.safe_is_leaf(tensor))
    if name is not None and it.op("retain_grad", t(name), out=None) is None:
        grad(it)


@action(6)
def parameter(it):
    name = it.tensor()
    if name is not None:
        it.step({"parameter": name, "out": it.new_name(), "requires_grad": it.chance(0.8)})


@action(1)
def buffer(it):
    name = it.tensor()
    if name is not None:
        it.step({"buffer": name, "out": it.new_name(), "persistent": it.chance(0.5)})


@action(1)
def mark_dynamic(it):
    name = it.tensor(lambda tensor: tensor.dim() > 0)
    if name is not None:
        dims = range(it.machine.tensors[name].dim())
        it.step({"mark_dynamic": name, "indices": sorted(it.random.sample(dims, it.random.randint(1, len(dims))))})


@action(1)
def hint_override(it):
    name = it.tensor(lambda tensor: tensor.dim() > 0)
    if name is not None:
        it.step({"hint_override": name, "hints": {"0": it.random.choice((8, 16))}})


# --- Storages --------------------------------------------------------------------------------------------------------


@action(3)
def data(it):
    name = it.tensor()
    if name is not None:
        it.step({"data": name, "out": it.new_name()})


@action(2)
def set_data(it):
    name, value = it.tensor(is_plain), it.tensor(is_plain)
    if name is not None and name != value:
        it.step({"set_data": name, "value": value})


@action(7)
def set_storage(it):
    storage_of = it.tensor(is_plain)
    if storage_of is None:
        return
    name = it.tensor(is_plain) if it.chance(0.2) else it.zeros([1], it.pick(DTYPES))
    if name is None:
        return
    size, stride, offset = strided_arguments(it, it.machine.tensors[storage_of])
    it.step({"set_storage": name, "storage_of": storage_of, "size": size, "stride": stride, "offset": offset})


@action(3)
def slices_of_one_buffer(it):
    buffer = it.zeros([12])
    for start, end in it.random.sample(((0, 4), (0, 12), (4, 8), (4, 12), (8, 12), (2, 6)), 2):
        name = buffer and it.op("slice.Tensor", t(buffer), 0, start, end)
        if name and it.chance(0.6):
            how = it.random.choice((
                {"parameter": name, "out": it.new_name(), "requires_grad": True},
                {"op": "aten::detach", "args": [t(name)], "out": it.new_name()},
                {"data": name, "out": it.new_name()},
            ))  # fmt: skip
            it.step(how)
    if it.chance(0.4):
        it.step({"forget": [buffer]})


@action(1)
def forget(it):
    if len(it.machine.tensors) > 2:
        it.step({"forget": [it.tensor()]})


# --- Other kinds -----------------------------------------------------------------------------------------------------


@action(16, "sparse")
def sparse(it):
    dense_dim = it.random.choice((0, 0, 1))
    values = [[1.0, 2.0], [3.0, 4.0]] if dense_dim else [1.0, 2.0]
    it.op(
        "sparse_coo_tensor.indices_size",
        {"tensor": [[0, 1], [1, 2]], "dtype": "int64"},
        {"tensor": values, "dtype": it.random.choice(("float32", "float32", "complex64", "int32"))},
        [3, 4, 2] if dense_dim else [3, 4],
        **({"is_coalesced": it.chance(0.5)} if it.chance(0.5) else {}),
    )


@action(16, "sparse")
def sparse_compressed(it):
    layout, size, values = it.random.choice((
        ("sparse_csr", [2, 3], [1.0, 2.0]),
        ("sparse_csc", [3, 2], [1.0, 2.0]),
        ("sparse_bsr", [4, 6], [[[1.0, 2.0, 3.0]] * 2] * 2),
        ("sparse_bsc", [6, 4], [[[1.0, 2.0]] * 3] * 2),
        ("sparse_csr", [2, 3, 2], [[1.0, 2.0]] * 2),
    ))  # fmt: skip
    index_dtype = it.random.choice(("int32", "int64"))
    it.op(
        "sparse_compressed_tensor.comp_plain_value_size",
        {"tensor": [0, 1, 2], "dtype": index_dtype},
        {"tensor": [0, 1], "dtype": index_dtype},
        {"tensor": values, "dtype": it.random.choice(("float32", "float64"))},
        size,
        layout={"layout": layout},
    )


@action(25, "sparse")
def of_sparse(it):
    name = it.tensor(lambda tensor: not is_dense(tensor))
    if name is not None:
        it.op(it.random.choice(("coalesce", "_values", "_indices", "values", "indices", "crow_indices", "clone", "t",
                                "detach")), t(name))  # fmt: skip


@action(8, "sparse")
def sparse_grad(it):
    value = it.tensor(lambda tensor: tensor.layout is torch.sparse_coo)
    if value is None:
        return
    tensor = it.machine.tensors[value]
    name = it.zeros(list(tensor.shape), dtype_of(tensor))
    if name is not None:
        it.step({"requires_grad": name, "value": True})
        it.step({"grad": name, "value": value})


@action(20, "mkldnn")
def mkldnn(it):
    name = it.tensor(is_plain)
    if name is not None:
        it.op("to_mkldnn", t(name))


@action(4, "sparse", "mkldnn")
def quantized(it):
    name = it.zeros([2, 3])
    if name is not None and it.chance(0.3):
        it.op("quantize_per_tensor", t(name), 0.1, 0, {"dtype": "quint8"})


@action(20, "functional")
def to_functional(it):
    name = it.tensor(lambda tensor: is_dense(tensor) and not torch._is_functional_tensor(tensor))
    if name is not None:
        it.step({"to_functional": name, "out": it.new_name()})


@action(25, "two_tensor")
def two_tensor(it):
    # PyTorch crashes on wrapper subclasses around functional or functorch tensors.
    first = it.tensor(lambda tensor: is_plain(tensor) or isinstance(tensor, TwoTensor))
    if first is None or it.machine.levels:
        return
    tensor = it.machine.tensors[first]
    if it.chance(0.3):
        second = it.tensor(lambda other: type(other) is type(tensor) and other.shape == tensor.shape)
    else:
        second = it.op("clone", t(first))
    # An in-place operator on a wrapper of the same tensor twice changes that tensor twice.
    if second is not None and it.machine.tensors[second] is not tensor:
        it.step({"two_tensor": [first, second], "out": it.new_name()})


@action(20, "functorch")
def push(it):
    if len(it.machine.levels) < 3:
        kind = it.pick({"vmap": 5, "grad": 6, "jvp": 2, "functionalize": 1})
        step = {"push": kind}
        if kind == "vmap":
            step |= {"batch_size": it.random.choice((2, 3)), "randomness": it.pick({"error": 4, "same": 1})}
        if kind == "functionalize":
            step["reapply_views"] = it.chance(0.7)
        it.step(step)


@action(4, "functorch")
def pop(it):
    if it.machine.levels:
        it.step({"pop": True})


@action(45, "functorch")
def wrap(it):
    name = it.tensor(is_dense)
    if not it.machine.levels or name is None:
        return
    level = it.random.randint(1, len(it.machine.levels))
    kind = it.machine.levels[level - 1]
    if kind == "functionalize" and not is_plain(it.machine.tensors[name]):
        return
    if kind == "vmap":
        dims = it.machine.tensors[name].dim()
        it.step({"add_batch_dim": name, "dim": it.random.randrange(dims) if dims else 0, "level": level,
                 "out": it.new_name()})  # fmt: skip
    else:
        key = "wrap_functional" if kind == "functionalize" else "wrap_for_grad"
        it.step({key: name, "level": level, "out": it.new_name()})


# --- Recipes ---------------------------------------------------------------------------------------------------------


def generate(seed, index):
    it = Generator(seed, index)
    theme = it.pick(THEMES)
    table = {function: weight for function, weight, themes in ACTIONS if not themes or theme in themes}
    count = it.random.randint(3, 25)
    with it.machine:
        for _ in range(4 * count):
            it.pick(table)(it)
            if len(it.steps) >= count:
                break
        # Last, since operators must not be called on a tensor whose storage is too small.
        name = it.tensor(is_plain) if it.chance(0.15) else None
        if name is not None:
            it.step({"resize_storage": name, "bytes": it.random.choice((0, 0, 100))})
        names = list(it.machine.tensors)
    while not names:
        names = [it.zeros([2, 3])]
    sources = it.random.sample(names, min(len(names), it.random.randint(1, 6)))
    if it.chance(0.1):
        sources.append(it.random.choice(sources))
    recipe = {"name": f"random/{theme}/{seed}/{index}", "steps": it.steps, "sources": sources}
    return without_failing_steps(recipe)


def without_failing_steps(recipe):
    """Without the steps that fail: a step that raised, and was left out, may have had an effect that others need."""
    while True:
        failing = first_failing_step(recipe)
        if failing is None:
            return recipe
        steps = recipe["steps"][:failing] + recipe["steps"][failing + 1 :]
        recipe = shrink.repaired(recipe, steps) or {
            "name": recipe["name"],
            "steps": [{"op": "aten::zeros", "args": [[2, 3]], "out": "x"}],
            "sources": ["x"],
        }


def first_failing_step(recipe):
    with recipes.Machine() as machine:
        for index, step in enumerate(recipe["steps"]):
            try:
                machine.run(step)
            except Exception:  # PyTorch raises many types.
                return index
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", default="1")
    parser.add_argument("--count", type=int, default=100)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    for index in range(arguments.count):
        print(json.dumps(generate(arguments.seed, index)))


if __name__ == "__main__":
    main()
