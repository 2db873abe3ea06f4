"""Recipes for every view operator of LibTorch: the result is described and converted before its base.

`uncovered()` compares the tables here with the view operators that PyTorch has: those whose result aliases their first
argument, without writing to it.
"""

import recipe_cases
from recipe_cases import literal, needs_grad, op, t, zeros

# The steps that make the tensor `x` to which an operator is applied.
BASES = {
    "vector": [zeros("x", 12)],
    "matrix": [zeros("x", 4, 6)],
    "cube": [zeros("x", 2, 4, 6)],
    "ones": [zeros("x", 1, 3, 1)],
    "complex": [zeros("x", 4, 6, dtype="complex64")],
    "conj": [zeros("y", 4, 6, dtype="complex64"), op("_conj", t("y"), out="x")],
    "negative": [zeros("y", 4, 6), op("_neg_view", t("y"), out="x")],
    "pairs": [zeros("x", 4, 2)],
    "coo": [recipe_cases.coo("x", coalesced=True)],
    "csr": [recipe_cases.compressed("x", *recipe_cases.LAYOUTS["csr"])],
    "csc": [recipe_cases.compressed("x", *recipe_cases.LAYOUTS["csc"])],
    "bsr": [recipe_cases.compressed("x", *recipe_cases.LAYOUTS["bsr"])],
    "bsc": [recipe_cases.compressed("x", *recipe_cases.LAYOUTS["bsc"])],
    "nested": recipe_cases.NESTED,
}

# Operator -> (name in BASES, arguments after the first, number of results if there are several)
CALLS = {
    "_autocast_to_full_precision": [("matrix", [False, False])],
    "_autocast_to_reduced_precision": [("matrix", [False, False, {"dtype": "float16"}, {"dtype": "bfloat16"}])],
    "_conj": [("complex", [])],
    "_fw_primal": [("matrix", [0])],
    "_indices": [("coo", [])],
    "_neg_view": [("matrix", []), ("complex", [])],
    "_nested_view_from_buffer": [
        ("vector", [literal([[2, 3], [2, 3]], "int64"), literal([[3, 1], [3, 1]], "int64"), literal([0, 6], "int64")])
    ],
    "_reshape_alias": [("vector", [[3, 4], [4, 1]])],
    "_sparse_broadcast_to": [("coo", [[2, 3, 4]])],
    "_test_autograd_multiple_dispatch_view": [("matrix", [])],
    "_values": [("coo", [])],
    "adjoint": [("matrix", []), ("complex", [])],
    "alias": [("matrix", []), ("conj", [])],
    "as_strided": [("vector", [[4, 3], [2, 1], 1]), ("complex", [[2, 2], [1, 1]])],
    "broadcast_to": [("ones", [[5, 3, 2]])],
    "ccol_indices": [("csc", []), ("bsc", [])],
    "chunk": [("matrix", [3, 1], 3)],
    "coalesce": [("coo", [])],
    "col_indices": [("csr", []), ("bsr", [])],
    "conj": [("complex", []), ("matrix", [])],
    "contiguous": [("matrix", [])],
    "crow_indices": [("csr", []), ("bsr", [])],
    "detach": [("matrix", []), ("conj", []), ("coo", []), ("csr", [])],
    "diagonal": [("matrix", [1]), ("cube", [0, 0, 2])],
    "dsplit.array": [("cube", [[1, 3]], 3)],
    "dsplit.int": [("cube", [2], 2)],
    "expand": [("ones", [[2, 3, 4]])],
    "expand_as": [("ones", [literal([[[0.0] * 2] * 3] * 2)])],
    "flatten.using_ints": [("cube", [1, 2]), ("vector", [])],
    "hsplit.array": [("matrix", [[1, 4]], 3)],
    "hsplit.int": [("matrix", [3], 3)],
    "imag": [("complex", []), ("conj", [])],
    "indices": [("coo", [])],
    "lift_fresh": [("matrix", [])],
    "linalg_diagonal": [("cube", [])],
    "mH": [("matrix", []), ("complex", [])],
    "mT": [("cube", [])],
    "matrix_H": [("matrix", []), ("complex", [])],
    "moveaxis.int": [("cube", [0, 2])],
    "moveaxis.intlist": [("cube", [[0, 1], [1, 2]])],
    "movedim.int": [("cube", [2, 0])],
    "movedim.intlist": [("cube", [[0, 2], [2, 1]])],
    "narrow": [("matrix", [1, 2, 3])],
    "narrow.Tensor": [("matrix", [0, literal(1, "int64"), 2])],
    "numpy_T": [("cube", [])],
    "permute": [("cube", [[2, 0, 1]]), ("complex", [[1, 0]])],
    "positive": [("matrix", [])],
    "ravel": [("cube", [])],
    "real": [("complex", []), ("conj", []), ("matrix", [])],
    "reshape": [("vector", [[3, 4]]), ("cube", [[8, -1]])],
    "reshape_as": [("pairs", [literal([[0.0] * 4] * 2)])],
    "resolve_conj": [("complex", [])],
    "resolve_neg": [("matrix", [])],
    "row_indices": [("csc", []), ("bsc", [])],
    "select.int": [("matrix", [0, 1]), ("matrix", [1, -1]), ("vector", [0, 3]), ("conj", [0, 1])],
    "slice.Tensor": [("vector", [0, 2, 9, 3]), ("matrix", [1, -2, None]), ("vector", [0, 12, 12]), ("negative", [])],
    "slice_inverse": [("vector", [literal([0.0] * 12), 0, 0, 12])],
    "split.Tensor": [("vector", [5], 3)],
    "split.sizes": [("vector", [[5, 7]], 2)],
    "split_with_sizes": [("matrix", [[1, 0, 5], 1], 3)],
    "squeeze": [("ones", [])],
    "squeeze.dim": [("ones", [0]), ("ones", [1])],
    "squeeze.dims": [("ones", [[0, 2]])],
    "swapaxes": [("cube", [0, 2])],
    "swapdims": [("cube", [1, 2])],
    "t": [("matrix", []), ("vector", []), ("complex", [])],
    "tensor_split.indices": [("vector", [[2, 5]], 3)],
    "tensor_split.sections": [("vector", [5], 5)],
    "tensor_split.tensor_indices_or_sections": [("vector", [literal([4, 6], "int64")], 3)],
    "to.device": [("matrix", [{"device": "cpu"}, {"dtype": "float32"}])],
    "to.dtype": [("matrix", [{"dtype": "float32"}]), ("matrix", [{"dtype": "float64"}])],
    "to.dtype_layout": [("matrix", [])],
    "to.other": [("matrix", [literal([0.0])])],
    "transpose.int": [("cube", [0, 2]), ("conj", [0, 1])],
    "unbind.int": [("matrix", [], 4), ("pairs", [1], 2), ("nested", [], 2)],
    "unflatten.int": [("vector", [0, [3, 4]])],
    "unfold": [("vector", [0, 4, 2])],
    "unsqueeze": [("matrix", [1])],
    "values": [("coo", []), ("csr", []), ("csc", []), ("bsr", []), ("bsc", []), ("nested", [])],
    "view": [("vector", [[3, 4]]), ("matrix", [[2, 2, -1]]), ("conj", [[24]]), ("negative", [[24]])],
    "view.dtype": [
        ("matrix", [{"dtype": "int32"}]), ("matrix", [{"dtype": "int8"}]), ("pairs", [{"dtype": "float64"}])
    ],
    "view_as": [("pairs", [literal([[0.0] * 4] * 2)])],
    "view_as_complex": [("pairs", [])],
    "view_as_real": [("complex", [])],
    "vsplit.array": [("matrix", [[1, 3]], 3)],
    "vsplit.int": [("matrix", [2], 2)],
}

WITHOUT_RECIPE = {
    "_make_dual": "forward-mode AD: needs a dual level, which recipes do not open",
    "_nested_get_values": "takes a jagged nested tensor, a class that exists in Python only",
    "_nested_view_from_jagged": "makes a jagged nested tensor, a class that exists in Python only",
    "_unpack_dual": "forward-mode AD: needs a dual level, which recipes do not open",
    "pin_memory": "needs an accelerator",
}

# Name -> (steps that make `x` require a gradient, modes while the operator is called)
VARIANTS = {
    "plain": ([], {}),
    "leaf": ([needs_grad("x")], {}),
    "non_leaf": ([needs_grad("x"), op("clone", t("x"), out="x")], {}),
    "no_grad": ([needs_grad("x")], {"grad_mode": False}),
    "inference": ([], {"inference_mode": True}),
}


def recipes():
    return [
        recipe
        for operator, calls in CALLS.items()
        for index, call in enumerate(calls)
        for recipe in recipes_of_call(operator, index, *call)
    ]


def recipes_of_call(operator, index, base, arguments, results=None):
    out = [f"v{index}" for index in range(results)] if results else "v"
    sources = [*reversed(out), "x"] if results else ["v", "x"]
    for variant, (more_steps, guards) in VARIANTS.items():
        steps = []
        for step in [*BASES[base], *more_steps]:
            steps.extend(step if isinstance(step, list) else [step])
        steps.append(op(operator, t("x"), *arguments, out=out, **guards))
        name = f"view_operator/{operator}/{index}/{base}/{variant}"
        yield {"name": name, "steps": steps, "sources": sources}


def view_operators():
    """The names of the operators whose result aliases their first argument, without writing to it."""
    import torch

    known = set(torch._C._dispatch_get_all_op_names())
    for schema in torch._C._jit_get_all_schemas():
        name = schema.name + (f".{schema.overload_name}" if schema.overload_name else "")
        if not name.startswith("aten::") or name not in known or not schema.arguments:
            continue
        alias = schema.arguments[0].alias_info
        if alias is not None and not alias.is_write and isinstance(schema.arguments[0].type, torch.TensorType):
            yield name.removeprefix("aten::")


def uncovered():
    """View operators that are in neither table, and names in the tables that are not view operators."""
    there = set(view_operators())
    covered = {operator for operator, calls in CALLS.items() if calls} | WITHOUT_RECIPE.keys()
    return sorted(there - covered), sorted(covered - there)
