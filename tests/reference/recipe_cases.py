"""Fixed recipes: small ones for every kind of tensor and every branch of the reference. Named `kind/what`.

    python recipe_cases.py > recipes.jsonl

All of their steps succeed in Python. The recipes for view operators are in view_operators.py.
"""

import json

# --- Writing steps ---------------------------------------------------------------------------------------------------


def t(name):
    return {"t": name}


def literal(value, dtype="float32"):
    return {"tensor": value, "dtype": dtype}


def op(name, *args, out=None, kwargs=None, **guards):
    step = {"op": f"aten::{name}", "args": list(args)}
    if kwargs:
        step["kwargs"] = kwargs
    if out is not None:
        step["out"] = out
    return step | guards


def zeros(out, *size, dtype="float32", requires_grad=False, device=None, **guards):
    keywords = {"dtype": {"dtype": dtype}} | ({"device": {"device": device}} if device else {})
    steps = [op("zeros", list(size), out=out, kwargs=keywords, **guards)]
    return steps + [needs_grad(out)] if requires_grad else steps


def ones(out, *size, dtype="float32"):
    return [op("ones", list(size), out=out, kwargs={"dtype": {"dtype": dtype}})]


def needs_grad(name, value=True):
    return {"requires_grad": name, "value": value}


def set_grad(name, value):
    return {"grad": name, "value": value}


def times(name, out, **guards):
    """Makes a tensor that is not a leaf, if `name` requires a gradient."""
    return op("mul.Scalar", t(name), 2, out=out, **guards)


def parameter(name, out, requires_grad=True):
    return {"parameter": name, "out": out, "requires_grad": requires_grad}


def vmap(batch_size=3, randomness="error"):
    return {"push": "vmap", "batch_size": batch_size, "randomness": randomness}


GRAD, JVP, FUNCTIONALIZE = {"push": "grad"}, {"push": "jvp"}, {"push": "functionalize", "reapply_views": True}
POP = {"pop": True}


def batched(name, out, level=1, dim=0):
    return {"add_batch_dim": name, "dim": dim, "level": level, "out": out}


def tracked(name, out, level=1):
    return {"wrap_for_grad": name, "level": level, "out": out}


def coo(out, coalesced=None, indices=((0, 1), (1, 2)), values=(1.0, 2.0), size=(3, 4), dtype="float32"):
    keywords = {} if coalesced is None else {"is_coalesced": coalesced}
    sparse = [literal([list(row) for row in indices], "int64"), literal(list(values), dtype), list(size)]
    return op("sparse_coo_tensor.indices_size", *sparse, out=out, kwargs=keywords)


def compressed(out, layout, size, values, index_dtype="int64", pointers=(0, 1, 2), indices=(0, 1)):
    """Makes a CSR, CSC, BSR or BSC tensor. `values` are those of one block after the other."""
    parts = [literal(part, index_dtype) for part in (list(pointers), list(indices))]
    return op(
        "sparse_compressed_tensor.comp_plain_value_size", *parts, literal(values), list(size), out=out,
        kwargs={"layout": {"layout": layout}},
    )  # fmt: skip


def two_tensor(out, first, second):
    return {"two_tensor": [first, second], "out": out}


# --- The recipes -----------------------------------------------------------------------------------------------------

RECIPES = []


def add(name, steps, *sources):
    flat = []
    for step in steps:
        flat.extend(step if isinstance(step, list) else [step])
    if any(recipe["name"] == name for recipe in RECIPES):
        raise ValueError(f"two recipes are called {name}")
    RECIPES.append({"name": name, "steps": flat, "sources": list(sources)})


# Dense: branches that neither PyTorch's own tests nor the cases of inmemory_reference.py reach.
add("dense/twice", [zeros("x", 3)], "x", "x")
add("dense/scalar_and_empty", [zeros("x"), zeros("y", 3, 0, 2)], "x", "y")
for dtype in ("bool", "uint8", "int16", "uint16", "float16", "bfloat16", "float64", "complex32", "complex128",
              "float8_e4m3fn", "float8_e5m2", "float8_e4m3fnuz", "float8_e8m0fnu"):  # fmt: skip
    kwargs = {"dtype": {"dtype": dtype}}
    add(f"dense/dtype_{dtype}", [op("empty.memory_format", [2, 3], out="x", kwargs=kwargs)], "x")
add("dense/meta", [zeros("x", 3, 4, device="meta"), op("t", t("x"), out="v")], "v", "x")
add("dense/dims_6", [zeros("x", 2, 1, 3, 1, 2, 2), op("permute", t("x"), [5, 3, 1, 0, 2, 4], out="v")], "v", "x")
add("dense/channels_last",
    [op("empty.memory_format", [2, 3, 4, 5], out="x", kwargs={"memory_format": {"memory_format": "channels_last"}})],
    "x")  # fmt: skip
add("dense/view_dtype", [zeros("x", 4), op("view.dtype", t("x"), {"dtype": "int32"}, out="v")], "v", "x")
add("dense/view_dtype_of_view",
    [zeros("x", 3, 4), op("select.int", t("x"), 0, 1, out="v"), op("view.dtype", t("v"), {"dtype": "int16"}, out="w")],
    "w", "v", "x")  # fmt: skip
add("dense/view_as_real_of_view",
    [zeros("x", 3, 4, dtype="complex64"), op("select.int", t("x"), 0, 1, out="v"),
     op("view_as_real", t("v"), out="w"), op("select.int", t("w"), 1, 1, out="s")], "s", "w", "v", "x")  # fmt: skip
add("dense/real_of_conj",
    [zeros("x", 3, dtype="complex64"), op("_conj", t("x"), out="c"), op("_conj", t("c"), out="cc"),
     op("real", t("x"), out="r")], "c", "cc", "r", "x")  # fmt: skip
add("dense/imag_of_conj_is_neg",
    [zeros("x", 3, dtype="complex64"), op("_conj", t("x"), out="c"), op("imag", t("c"), out="n")], "n", "c")
add("dense/imag_of_conj_leaf",
    [zeros("x", 3, dtype="complex64", requires_grad=True), op("_conj", t("x"), out="c"), op("imag", t("c"), out="n")],
    "n", "c", "x")  # fmt: skip
add("dense/neg_of_neg", [zeros("x", 3), op("_neg_view", t("x"), out="n"), op("_neg_view", t("n"), out="nn")], "nn", "n")
add("dense/grad_of_another_layout",
    [zeros("x", 3, 4, requires_grad=True), coo("g"), set_grad("x", "g")], "x", "g")  # fmt: skip
add("dense/grad_first", [zeros("x", 3, requires_grad=True), zeros("g", 3), set_grad("x", "g")], "g", "x")
add("dense/grad_is_itself_a_leaf_with_grad",
    [zeros("x", 3, requires_grad=True), zeros("g", 3, requires_grad=True), zeros("h", 3), set_grad("g", "h"),
     set_grad("x", "g")], "x", "h")  # fmt: skip
add("dense/grad_is_view",
    [zeros("flat", 10), zeros("x", 3, requires_grad=True), op("slice.Tensor", t("flat"), 0, 2, 5, out="g"),
     set_grad("x", "g")], "x", "flat")  # fmt: skip
add("dense/grad_is_conj",
    [zeros("x", 3, dtype="complex64", requires_grad=True), zeros("y", 3, dtype="complex64"),
     op("_conj", t("y"), out="g"), set_grad("x", "g")], "x", "y")  # fmt: skip
add("dense/grad_shared",
    [zeros("x", 3, requires_grad=True), zeros("y", 3, requires_grad=True), zeros("g", 3), set_grad("x", "g"),
     set_grad("y", "g")], "x", "y")  # fmt: skip
add("dense/grads_and_bases_share_at_every_level",
    [zeros("v0", 3)] + [
        step for level in range(1, 6) for step in (
            zeros(f"b{level}", 3, requires_grad=True), set_grad(f"b{level}", f"v{level - 1}"),
            op("view", t(f"b{level}"), [3], out=f"v{level}", grad_mode=False), needs_grad(f"v{level}"),
            set_grad(f"v{level}", f"v{level - 1}"))
    ], "v5", "b3", "v0")  # fmt: skip
add("dense/grad_of_view",
    [zeros("x", 6), op("slice.Tensor", t("x"), 0, 2, 5, out="v"), needs_grad("v"), zeros("g", 3), set_grad("v", "g")],
    "v", "x")  # fmt: skip
add("dense/mismatched_requires_grad",
    [zeros("x", 12), op("slice.Tensor", t("x"), 0, 4, 12, out="y"), needs_grad("y"),
     op("slice.Tensor", t("y"), 0, 2, 5, out="z")], "z", "y", "x")  # fmt: skip
add("dense/base_changed_through_view",
    [zeros("w", 3, requires_grad=True), zeros("x", 2, 3), op("select.int", t("x"), 0, 0, out="v"),
     op("mul_.Tensor", t("v"), t("w"))], "v", "x")  # fmt: skip
add("dense/set_storage_overlapping",
    [zeros("x", 12), zeros("y", 1), {"set_storage": "y", "storage_of": "x", "size": [4, 3], "stride": [1, 1],
                                     "offset": 2}], "y", "x")  # fmt: skip
add("dense/set_storage_other_dtype",
    [zeros("x", 12), zeros("y", 1, dtype="uint8"),
     {"set_storage": "y", "storage_of": "x", "size": [5], "stride": [2], "offset": 3}], "y", "x")  # fmt: skip
add("dense/set_storage_grows",
    [zeros("x", 2), zeros("y", 1), {"set_storage": "y", "storage_of": "x", "size": [9], "stride": [1], "offset": 0}],
    "x", "y")  # fmt: skip
add("dense/set_storage_of_base",
    [zeros("b", 12), zeros("x", 12), op("slice.Tensor", t("x"), 0, 2, 5, out="v"),
     {"set_storage": "x", "storage_of": "b", "size": [4], "stride": [1], "offset": 1}], "v", "x", "b")  # fmt: skip
add("dense/set_source_storage",
    [zeros("x", 12), zeros("y", 1), op("set_.source_Storage", t("y"), {"storage": "x"})], "y", "x")
add("dense/storage_resized_to_zero", [zeros("x", 3, 4), {"resize_storage": "x", "bytes": 0}], "x")
add("dense/storage_resized_to_zero_with_view",
    [zeros("x", 3, 4), op("t", t("x"), out="v"), op("detach", t("x"), out="d"), {"resize_storage": "x", "bytes": 0}],
    "v", "d", "x")  # fmt: skip
add("dense/storage_resized_larger", [zeros("x", 3), {"resize_storage": "x", "bytes": 100}], "x")
add("dense/data", [zeros("x", 6, requires_grad=True), {"data": "x", "out": "d"}], "d", "x")
add("dense/data_of_view",
    [zeros("x", 6), op("slice.Tensor", t("x"), 0, 2, 5, out="v"), {"data": "v", "out": "d"}], "d", "v", "x")
add("dense/set_data", [zeros("x", 6, requires_grad=True), zeros("y", 2, 2), {"set_data": "x", "value": "y"}], "x", "y")
add("dense/set_data_of_base",
    [zeros("x", 6), op("slice.Tensor", t("x"), 0, 2, 5, out="v"), zeros("y", 2), {"set_data": "x", "value": "y"}],
    "v", "x")  # fmt: skip
add("dense/set_data_of_view",
    [zeros("x", 6), op("slice.Tensor", t("x"), 0, 2, 5, out="v"), zeros("y", 2), {"set_data": "v", "value": "y"}],
    "v", "x")  # fmt: skip
# Views in another dtype than their base's that are not made by view_as_real or view_as_complex.
for dtype in ("int32", "uint8", "complex64"):
    add(f"dense/set_data_of_view_{dtype}",
        [zeros("x", 2, 4), op("slice.Tensor", t("x"), 1, 0, 2, out="v"), zeros("y", 2, 2, dtype=dtype),
         {"set_data": "v", "value": "y"}], "v", "x")  # fmt: skip
add("dense/set_data_of_base_uint8",
    [zeros("x", 6), op("slice.Tensor", t("x"), 0, 2, 5, out="v"), zeros("y", 24, dtype="uint8"),
     {"set_data": "x", "value": "y"}], "v", "x")  # fmt: skip
add("dense/grad_of_another_size",
    [zeros("x", 3), zeros("g", 3), set_grad("x", "g"), op("unsqueeze_", t("x"), 0)], "g", "x")  # fmt: skip
add("dense/in_place_views",
    [zeros("x", 3, 4), op("t_", t("x")), zeros("y", 6), op("detach", t("y"), out="d"), op("unsqueeze_", t("d"), 0)],
    "x", "d", "y")  # fmt: skip
add("dense/detach_in_place", [zeros("x", 3, requires_grad=True), times("x", "y"), op("detach_", t("y"))], "y")
add("dense/retained_grad",
    [zeros("x", 3, requires_grad=True), times("x", "y"), op("retain_grad", t("y")), zeros("g", 3), set_grad("y", "g")],
    "y", "x")  # fmt: skip
add("dense/slice_inverse",
    [zeros("y", 14), op("slice.Tensor", t("y"), 0, 1, 13, out="x"), zeros("s", 14),
     op("slice_inverse", t("x"), t("s"), 0, 1, 13, out="v")], "v", "x")  # fmt: skip
add("dense/wrapped_number", [op("scalar_tensor", 2.5, out="x")], "x")
add("dense/zero_tensor", [op("_efficientzerotensor", [3], out="x")], "x")
add("dense/view_of_forgotten_base",
    [zeros("x", 12), op("view", t("x"), [3, 4], out="v"), op("t", t("v"), out="w"), {"forget": ["x", "v"]}], "w")
add("dense/inference",
    [zeros("x", 6, inference_mode=True), op("view", t("x"), [2, 3], out="v"), zeros("y", 6),
     op("view", t("y"), [2, 3], out="w", inference_mode=True)], "v", "x", "w", "y")  # fmt: skip
add("dense/view_of_inference_view_of_normal",
    [zeros("y", 6, requires_grad=True), op("view", t("y"), [2, 3], out="w", inference_mode=True),
     op("t", t("w"), out="v")], "v", "w")  # fmt: skip
add("dense/multi_output_under_no_grad",
    [zeros("x", 6, requires_grad=True), op("split.Tensor", t("x"), 2, out=["a", "b", None], grad_mode=False)],
    "b", "a", "x")  # fmt: skip

# Options
add("options/parameter", [zeros("x", 3), parameter("x", "p")], "p", "x")
add("options/parameter_without_grad", [zeros("x", 3), parameter("x", "p", False)], "p")
add("options/parameter_over_slice",
    [zeros("x", 12), op("slice.Tensor", t("x"), 0, 4, 8, out="v"), parameter("v", "p")], "p", "x")
add("options/parameter_over_leading_slice",
    [zeros("x", 12), op("slice.Tensor", t("x"), 0, 0, 4, out="v"), parameter("v", "p"),
     op("slice.Tensor", t("x"), 0, 4, 12, out="w"), parameter("w", "q")], "p", "q")  # fmt: skip
add("options/parameter_over_transpose", [zeros("x", 3, 4), op("t", t("x"), out="v"), parameter("v", "p")], "p")
add("options/parameter_with_grad", [zeros("x", 3), parameter("x", "p"), zeros("g", 3), set_grad("p", "g")], "p", "g")
add("options/parameter_of_conj", [zeros("x", 3, dtype="complex64"), op("_conj", t("x"), out="c"), parameter("c", "p")],
    "p", "x")  # fmt: skip
add("options/parameter_resized_to_zero",
    [zeros("x", 3, 4), parameter("x", "p"), {"resize_storage": "p", "bytes": 0}], "p")
add("options/view_of_parameter", [zeros("x", 3, 4), parameter("x", "p"), op("t", t("p"), out="v")], "v", "p")
add("options/buffer", [zeros("x", 3), {"buffer": "x", "out": "b", "persistent": True}], "b", "x")
add("options/buffer_not_persistent", [zeros("x", 3), {"buffer": "x", "out": "b", "persistent": False}], "b")
add("options/mark_dynamic", [zeros("x", 3, 4), {"mark_dynamic": "x", "indices": [0]}], "x")
add("options/mark_dynamic_two", [zeros("x", 3, 4), {"mark_dynamic": "x", "indices": [0, 1]}], "x")
add("options/hint_override", [zeros("x", 3, 4), {"hint_override": "x", "hints": {"0": 8}}], "x")
add("options/mark_dynamic_parameter",
    [zeros("x", 3, 4), parameter("x", "p"), {"mark_dynamic": "p", "indices": [1]},
     {"hint_override": "p", "hints": {"1": 16}}], "p")  # fmt: skip
add("options/mark_dynamic_grad",
    [zeros("x", 3, requires_grad=True), zeros("g", 3), {"mark_dynamic": "g", "indices": [0]}, set_grad("x", "g")],
    "g", "x")  # fmt: skip

# Sparse COO
add("sparse/coo", [coo("x")], "x")
add("sparse/coo_twice", [coo("x"), coo("y")], "x", "y", "x")
add("sparse/coo_coalesced", [coo("x", coalesced=True)], "x")
add("sparse/coo_coalesced_by_op", [coo("x"), op("coalesce", t("x"), out="c")], "x", "c")
add("sparse/coo_hybrid", [coo("x", values=([1.0, 2.0], [3.0, 4.0]), size=(3, 4, 2))], "x")
add("sparse/coo_empty", [op("empty.memory_format", [3, 4], out="x", kwargs={"layout": {"layout": "sparse_coo"}})], "x")
add("sparse/coo_zero_size",
    [op("empty.memory_format", [0, 4], out="x", kwargs={"layout": {"layout": "sparse_coo"}})], "x")
add("sparse/coo_no_sparse_dim",
    [op("sparse_coo_tensor.size", [], out="x", kwargs={"layout": {"layout": "sparse_coo"}})], "x")
add("sparse/coo_sparse_dim_0",
    [op("_sparse_coo_tensor_with_dims", 0, 2, [3, 4], out="x", kwargs={"layout": {"layout": "sparse_coo"}})], "x")
add("sparse/coo_dtype", [coo("x", values=(1, 2), dtype="int32"), coo("y", dtype="complex64")], "x", "y")
add("sparse/coo_leaf", [coo("x"), needs_grad("x")], "x")
add("sparse/coo_coalesced_leaf", [coo("x", coalesced=True), needs_grad("x")], "x")
add("sparse/coo_non_leaf", [coo("x"), needs_grad("x"), op("mul.Tensor", t("x"), t("x"), out="y")], "y", "x")
add("sparse/coo_coalesced_non_leaf", [coo("x"), needs_grad("x"), op("coalesce", t("x"), out="y")], "y", "x")
add("sparse/coo_from_dense", [ones("d", 3, 4), needs_grad("d"), op("to_sparse", t("d"), out="x")], "x", "d")
add("sparse/coo_parameter", [coo("x"), parameter("x", "p")], "p", "x")
add("sparse/coo_detached", [coo("x"), needs_grad("x"), op("detach", t("x"), out="d")], "d", "x")
add("sparse/coo_with_grad", [coo("x"), needs_grad("x"), coo("g"), set_grad("x", "g")], "x", "g")
add("sparse/coo_as_grad_of_parameter",
    [zeros("x", 3, 4), parameter("x", "p"), coo("g"), set_grad("p", "g")], "p", "g", "x")
add("sparse/coo_coalesced_as_grad",
    [zeros("x", 3, 4), parameter("x", "p"), coo("g", coalesced=True), set_grad("p", "g")], "p")
add("sparse/coo_mark_dynamic", [coo("x"), {"mark_dynamic": "x", "indices": [0]}], "x")
add("sparse/coo_inference", [coo("x") | {"inference_mode": True}], "x")
add("sparse/coo_meta",
    [op("empty.memory_format", [3, 4], out="x", kwargs={"layout": {"layout": "sparse_coo"},
                                                        "device": {"device": "meta"}})], "x")  # fmt: skip
add("sparse/coo_inner_parts",
    [coo("x"), op("_values", t("x"), out="v"), op("_indices", t("x"), out="i")], "x", "v", "i", "x")
add("sparse/coo_permuted", [coo("x"), op("t", t("x"), out="y")], "y", "x")

# Sparse compressed
LAYOUTS = {
    "csr": ("sparse_csr", [2, 3], [1.0, 2.0]),
    "csc": ("sparse_csc", [3, 2], [1.0, 2.0]),
    "bsr": ("sparse_bsr", [4, 6], [[[1.0, 2.0, 3.0]] * 2] * 2),
    "bsc": ("sparse_bsc", [6, 4], [[[1.0, 2.0]] * 3] * 2),
}
for short, (layout, size, values) in LAYOUTS.items():
    make = compressed("x", layout, size, values)
    add(f"sparse/{short}", [make], "x")
    add(f"sparse/{short}_int32", [compressed("x", layout, size, values, index_dtype="int32")], "x")
    add(f"sparse/{short}_leaf", [make, needs_grad("x")], "x")
    add(f"sparse/{short}_non_leaf", [make, needs_grad("x"), op("clone", t("x"), out="y")], "y", "x")
    add(f"sparse/{short}_parameter", [make, parameter("x", "p")], "p")
    add(f"sparse/{short}_with_grad",
        [make, needs_grad("x"), compressed("g", layout, size, values), set_grad("x", "g")], "x", "g")  # fmt: skip
    add(f"sparse/{short}_twice", [make, compressed("y", layout, size, values)], "x", "y", "x")
    dense_values = [[value, value] for value in values] if short in ("csr", "csc") else [[[[1.0] * 2] * 3] * 2] * 2
    if short == "bsc":
        dense_values = [[[[1.0] * 2] * 2] * 3] * 2
    add(f"sparse/{short}_dense_dim", [compressed("x", layout, [*size, 2], dense_values)], "x")
    add(f"sparse/{short}_batch",
        [compressed("x", layout, [2, *size], [values] * 2, pointers=([0, 1, 2],) * 2, indices=([0, 1],) * 2)],
        "x")  # fmt: skip
add("sparse/csr_empty", [zeros("d", 3, 4), op("to_sparse_csr", t("d"), out="x")], "x")
add("sparse/csr_from_dense", [ones("d", 3, 4), needs_grad("d"), op("to_sparse_csr", t("d"), out="x")], "x", "d")
add("sparse/csr_values_and_indices",
    [compressed("x", *LAYOUTS["csr"]), op("crow_indices", t("x"), out="c"),
     op("col_indices", t("x"), out="i"), op("values", t("x"), out="v")], "c", "i", "v", "x")  # fmt: skip
add("sparse/csr_meta",
    [op("_sparse_compressed_tensor_with_dims", 0, 0, [3, 4], [], {"dtype": "int64"}, out="x",
        kwargs={"layout": {"layout": "sparse_csr"}, "device": {"device": "meta"}})], "x")  # fmt: skip

# Strided nested
NESTED = [zeros("a", 2, 3), zeros("b", 4, 3), op("_nested_tensor_from_tensor_list", {"ts": ["a", "b"]}, out="x")]
add("nested/strided", NESTED, "x")
add("nested/strided_beside_dense", [*NESTED, zeros("y", 3)], "x", "y")
add("nested/strided_leaf", [*NESTED, needs_grad("x")], "x")
add("nested/strided_non_leaf", [*NESTED, needs_grad("x"), times("x", "y")], "y")
add("nested/strided_transposed", [*NESTED, op("transpose.int", t("x"), 1, 2, out="v")], "v")
add("nested/values", [*NESTED, op("values", t("x"), out="v")], "v")
add("nested/unbind", [*NESTED, op("unbind.int", t("x"), out=["c", "d"])], "d", "c")
add("nested/from_buffer",
    [zeros("f", 18), op("_nested_view_from_buffer", t("f"), literal([[2, 3], [4, 3]], "int64"),
                        literal([[3, 1], [3, 1]], "int64"), literal([0, 6], "int64"), out="x")], "x", "f")  # fmt: skip

# mkldnn
add("mkldnn/plain", [zeros("d", 3, 4), op("to_mkldnn", t("d"), out="x")], "x", "d")
add("mkldnn/leaf", [zeros("d", 3, 4), op("to_mkldnn", t("d"), out="x"), needs_grad("x")], "x")
add("mkldnn/non_leaf", [zeros("d", 3, 4, requires_grad=True), op("to_mkldnn", t("d"), out="x")], "x", "d")
for dims in (1, 4, 5):
    size = [2, 3, 4, 1, 2][:dims]
    add(f"mkldnn/dims_{dims}", [zeros("d", *size), op("to_mkldnn", t("d"), out="x")], "x")
add("mkldnn/dtype", [zeros("d", 3, 4, dtype="bfloat16"), op("to_mkldnn", t("d"), out="x")], "x")
add("mkldnn/parameter", [zeros("d", 3, 4), op("to_mkldnn", t("d"), out="x"), parameter("x", "p")], "p")
add("mkldnn/twice", [zeros("d", 3, 4), op("to_mkldnn", t("d"), out="x"), op("to_mkldnn", t("d"), out="y")], "x", "y",
    "x")  # fmt: skip
add("mkldnn/with_grad",
    [zeros("d", 3, 4), op("to_mkldnn", t("d"), out="x"), needs_grad("x"), op("to_mkldnn", t("d"), out="g"),
     set_grad("x", "g")], "x")  # fmt: skip
add("mkldnn/reshaped",
    [zeros("d", 3, 4), op("to_mkldnn", t("d"), out="x"), op("reshape", t("x"), [4, 3], out="v")], "v", "x")  # fmt: skip
add("mkldnn/detached", [zeros("d", 3, 4), op("to_mkldnn", t("d"), out="x"), op("detach", t("x"), out="v")], "v", "x")

# functorch
A = zeros("a", 3, 2)
add("functorch/vmap", [A, vmap(), batched("a", "x")], "x", "a")
add("functorch/vmap_bdim_1", [A, vmap(2), batched("a", "x", dim=1)], "x", "a")
add("functorch/vmap_bdim_last", [zeros("a", 2, 2, 3), vmap(), batched("a", "x", dim=2)], "a", "x")
for randomness in ("same", "different"):
    add(f"functorch/vmap_randomness_{randomness}", [A, vmap(3, randomness), batched("a", "x")], "x")
add("functorch/vmap_in_vmap",
    [zeros("a", 3, 2, 4), vmap(3), vmap(2), batched("a", "x"), batched("x", "y", level=2)], "y", "x")
add("functorch/vmap_level_2_only", [zeros("a", 2, 4), vmap(3), vmap(2), batched("a", "y", level=2)], "y")
add("functorch/batched_level_0", [A, batched("a", "x", level=0)], "x", "a")
add("functorch/batched_level_0_in_vmap",
    [zeros("a", 2, 3, 4), batched("a", "x", level=0), vmap(), batched("x", "y")], "y", "x", "a")  # fmt: skip
add("functorch/batched_level_0_below_vmap", [A, batched("a", "x", level=0, dim=1), vmap()], "x")
add("functorch/vmap_scalar", [zeros("a", 3), vmap(), batched("a", "x")], "x")
add("functorch/vmap_of_view", [A, op("t", t("a"), out="v"), vmap(2), batched("v", "x")], "x", "v", "a")
add("functorch/vmap_of_leaf", [zeros("a", 3, 2, requires_grad=True), vmap(), batched("a", "x")], "x", "a")
add("functorch/vmap_requires_grad", [A, vmap(), batched("a", "x"), needs_grad("x")], "x")
add("functorch/vmap_result", [A, vmap(), batched("a", "x"), times("x", "y")], "y", "x")
add("functorch/vmap_view", [A, vmap(), batched("a", "x"), op("select.int", t("x"), 0, 1, out="v")], "v", "x")
add("functorch/vmap_of_sparse", [coo("s"), vmap(3), batched("s", "x")], "x")
add("functorch/vmap_complex", [zeros("a", 3, 2, dtype="complex64"), vmap(), batched("a", "x")], "x")
add("functorch/vmap_of_conj",
    [zeros("a", 3, 2, dtype="complex64"), op("_conj", t("a"), out="c"), vmap(), batched("c", "x")], "x", "c")
add("functorch/vmap_with_grad", [A, vmap(), batched("a", "x"), needs_grad("x"), zeros("h", 3, 2),
                                 batched("h", "g"), set_grad("x", "g")], "x")  # fmt: skip
add("functorch/grad", [A, GRAD, tracked("a", "x")], "x", "a")
add("functorch/grad_leaf", [A, GRAD, tracked("a", "x"), needs_grad("x")], "x")
add("functorch/grad_of_leaf", [zeros("a", 3, 2, requires_grad=True), GRAD, tracked("a", "x")], "x", "a")
add("functorch/grad_of_leaf_leaf",
    [zeros("a", 3, 2, requires_grad=True), GRAD, tracked("a", "x"), needs_grad("x")], "x", "a")
add("functorch/grad_of_view", [A, op("t", t("a"), out="v"), GRAD, tracked("v", "x")], "x", "a")
add("functorch/grad_non_leaf", [A, GRAD, tracked("a", "x"), needs_grad("x"), times("x", "y")], "y", "x")
add("functorch/grad_view",
    [A, GRAD, tracked("a", "x"), needs_grad("x"), op("select.int", t("x"), 0, 1, out="v")], "v", "x")
add("functorch/grad_of_sparse", [coo("s"), GRAD, tracked("s", "x")], "x")
add("functorch/grad_of_mkldnn", [A, op("to_mkldnn", t("a"), out="m"), GRAD, tracked("m", "x")], "x")
add("functorch/grad_in_grad",
    [A, GRAD, GRAD, tracked("a", "x"), tracked("x", "y", 2)], "y", "x", "a")
add("functorch/grad_in_grad_leaves",
    [A, GRAD, tracked("a", "x"), needs_grad("x"), GRAD, tracked("x", "y", 2), needs_grad("y")], "y", "x")
add("functorch/vmap_in_grad", [A, GRAD, vmap(), tracked("a", "x"), batched("x", "y", 2)], "y", "x")
add("functorch/grad_in_vmap", [A, vmap(), GRAD, batched("a", "x"), tracked("x", "y", 2)], "y", "x")
add("functorch/grad_in_vmap_leaf", [A, vmap(), batched("a", "x"), GRAD, tracked("x", "y", 2), needs_grad("y")], "y")
add("functorch/jvp", [A, JVP, tracked("a", "x")], "x", "a")
add("functorch/jvp_in_grad", [A, GRAD, JVP, tracked("a", "x"), tracked("x", "y", 2)], "y")
add("functorch/functional", [A, FUNCTIONALIZE, {"wrap_functional": "a", "level": 1, "out": "x"}], "x", "a")
add("functorch/functional_without_reapplied_views",
    [A, {"push": "functionalize", "reapply_views": False}, {"wrap_functional": "a", "level": 1, "out": "x"}], "x")
add("functorch/functional_in_vmap",
    [A, vmap(), FUNCTIONALIZE, batched("a", "x"), {"wrap_functional": "x", "level": 2, "out": "y"}], "y", "x")
add("functorch/dead_grad", [A, GRAD, tracked("a", "x"), POP], "x", "a")
add("functorch/dead_grad_leaf", [A, GRAD, tracked("a", "x"), needs_grad("x"), POP], "x", "a")
add("functorch/dead_grad_of_leaf", [zeros("a", 3, 2, requires_grad=True), GRAD, tracked("a", "x"), POP], "x", "a")
add("functorch/dead_grad_in_live_grad",
    [A, GRAD, tracked("a", "x"), GRAD, tracked("x", "y", 2), POP], "y", "x")
add("functorch/dead_vmap", [A, vmap(), batched("a", "x"), POP], "x", "a")
add("functorch/dead_jvp", [A, JVP, tracked("a", "x"), POP], "x")
add("functorch/another_level_in_its_place", [A, GRAD, tracked("a", "x"), POP, GRAD], "x")
add("functorch/plain_below_vmap", [A, vmap()], "a")
add("functorch/plain_below_grad", [A, GRAD], "a")
add("functorch/plain_below_functionalize", [A, FUNCTIONALIZE], "a")
add("functorch/view_below_grad", [A, op("t", t("a"), out="v"), GRAD], "v", "a")
add("functorch/leaf_below_grad", [zeros("a", 3, requires_grad=True), times("a", "y"), GRAD], "a", "y")
add("functorch/sparse_below_vmap", [coo("x"), vmap()], "x")
add("functorch/csr_below_grad", [compressed("x", *LAYOUTS["csr"]), GRAD], "x")
add("functorch/parameter_below_grad", [A, parameter("a", "p"), GRAD], "p")
add("functorch/conj_below_grad", [zeros("a", 3, dtype="complex64"), op("_conj", t("a"), out="c"), GRAD], "c")
add("functorch/made_below_grad", [GRAD, A], "a")
add("functorch/view_made_below_grad", [GRAD, A, op("t", t("a"), out="v")], "v", "a")
add("functorch/made_below_vmap", [vmap(), A, op("t", t("a"), out="v")], "v", "a")
add("functorch/same_unwrapped", [A, vmap(), batched("a", "x"), batched("a", "y")], "x", "y", "a")

# Functional, outside of functorch
FUNCTIONAL = {"to_functional": "a", "out": "x"}
add("functional/plain", [A, FUNCTIONAL], "x", "a")
add("functional/twice", [A, FUNCTIONAL, {"to_functional": "a", "out": "y"}], "x", "y", "x")
add("functional/leaf", [A, FUNCTIONAL, needs_grad("x")], "x")
add("functional/of_leaf", [zeros("a", 3, 2, requires_grad=True), FUNCTIONAL], "x", "a")
add("functional/non_leaf", [A, FUNCTIONAL, needs_grad("x"), times("x", "y")], "y")
add("functional/no_grad_result", [A, FUNCTIONAL, times("x", "y")], "y", "x")
add("functional/view", [A, FUNCTIONAL, op("t", t("x"), out="v")], "v")
add("functional/view_and_base", [A, FUNCTIONAL, op("t", t("x"), out="v")], "x", "v", "a")
add("functional/mutated", [A, FUNCTIONAL, op("mul_.Scalar", t("x"), 2)], "x", "a")
add("functional/mutated_through_view",
    [A, FUNCTIONAL, op("select.int", t("x"), 0, 0, out="v"), op("mul_.Scalar", t("v"), 2)], "x")
add("functional/of_view", [A, op("t", t("a"), out="v"), {"to_functional": "v", "out": "x"}], "x", "a")
add("functional/of_conj",
    [zeros("a", 3, dtype="complex64"), op("_conj", t("a"), out="c"), {"to_functional": "c", "out": "x"}], "x")
add("functional/with_grad",
    [A, FUNCTIONAL, needs_grad("x"), zeros("h", 3, 2), {"to_functional": "h", "out": "g"}, set_grad("x", "g")], "x")
add("functional/of_sparse", [coo("s"), {"to_functional": "s", "out": "x"}], "x")

# Wrapper types
B = zeros("b", 3, 2)
TWO = [*A, *B, two_tensor("w", "a", "b")]
add("two_tensor/plain", TWO, "w")
add("two_tensor/and_inner", TWO, "a", "w", "b")
add("two_tensor/same_inner_twice", [A, two_tensor("w", "a", "a")], "w", "a")
add("two_tensor/shared_inner", [*TWO, two_tensor("u", "b", "a")], "w", "u")
add("two_tensor/leaf", [*TWO, needs_grad("w")], "w")
add("two_tensor/non_leaf", [*TWO, needs_grad("w"), times("w", "y")], "y", "w")
add("two_tensor/of_leaves",
    [zeros("a", 3, requires_grad=True), zeros("b", 3, requires_grad=True), two_tensor("w", "a", "b")], "w", "a")
add("two_tensor/parameter", [*TWO, parameter("w", "p")], "p")
add("two_tensor/parameter_without_grad", [*TWO, parameter("w", "p", False)], "p")
add("two_tensor/nested", [*TWO, two_tensor("x", "w", "w")], "x", "w")
add("two_tensor/nested_of_two", [*TWO, zeros("c", 3, 2), zeros("d", 3, 2), two_tensor("u", "c", "d"),
                                 two_tensor("x", "w", "u")], "x", "c")  # fmt: skip
add("two_tensor/nested_leaf", [*TWO, two_tensor("x", "w", "w"), needs_grad("x")], "x")
for name, view in (
    ("transpose", op("transpose.int", t("w"), 0, 1, out="v")),
    ("select", op("select.int", t("w"), 0, 1, out="v")),
    ("view", op("view", t("w"), [2, 3], out="v")),
    ("slice", op("slice.Tensor", t("w"), 0, 1, 3, out="v")),
    ("detach", op("detach", t("w"), out="v")),
    ("alias", op("alias", t("w"), out="v")),
    ("expand", op("expand", t("w"), [2, 3, 2], out="v")),
    ("as_strided", op("as_strided", t("w"), [2, 2], [2, 1], 1, out="v")),
):
    add(f"two_tensor/{name}", [*TWO, view], "v", "w", "a")
    add(f"two_tensor/{name}_of_leaf", [*TWO, needs_grad("w"), view], "v", "w")
    add(f"two_tensor/{name}_under_no_grad", [*TWO, needs_grad("w"), view | {"grad_mode": False}], "v")
add("two_tensor/split", [*TWO, op("split.Tensor", t("w"), 2, out=["c", "d"])], "d", "c")
add("two_tensor/split_of_leaf", [*TWO, needs_grad("w"), op("split.Tensor", t("w"), 2, out=["c", "d"])], "d", "c")
add("two_tensor/view_of_view",
    [*TWO, op("t", t("w"), out="v"), op("select.int", t("v"), 0, 1, out="s")], "s", "v", "w")
add("two_tensor/leaf_view", [*TWO, op("t", t("w"), out="v"), needs_grad("v")], "v", "w")
add("two_tensor/mismatched_requires_grad",
    [*TWO, op("view", t("w"), [2, 3], out="v"), needs_grad("v"), op("view", t("v"), [6], out="z")], "z", "w")
add("two_tensor/view_of_nested", [*TWO, two_tensor("x", "w", "w"), op("t", t("x"), out="v")], "v")
add("two_tensor/inner_views",
    [zeros("x", 12), op("slice.Tensor", t("x"), 0, 2, 5, out="a"), op("slice.Tensor", t("x"), 0, 2, 5, out="b"),
     two_tensor("w", "a", "b")], "w", "x")  # fmt: skip
add("two_tensor/non_leaf_of_inner_view",
    [zeros("x", 4), op("slice.Tensor", t("x"), 0, 0, 3, out="a", inference_mode=True), op("clone", t("a"), out="b"),
     two_tensor("w", "a", "b"),
     op("clone", t("b"), out="c"), needs_grad("c"), op("mul_.Tensor", t("w"), t("c"))], "w")  # fmt: skip
add("two_tensor/inner_detached_views",
    [zeros("x", 2, 3), op("t", t("x"), out="v"), op("detach", t("v"), out="a"), op("detach", t("v"), out="b"),
     two_tensor("w", "a", "b")], "w", "x")  # fmt: skip
add("two_tensor/as_grad", [*TWO, zeros("c", 3, 2), zeros("d", 3, 2), two_tensor("x", "c", "d"), needs_grad("x"),
                           set_grad("x", "w")], "x", "w")  # fmt: skip
add("two_tensor/inner_with_grad",
    [zeros("a", 3, requires_grad=True), zeros("b", 3, requires_grad=True), zeros("g", 3), set_grad("a", "g"),
     two_tensor("w", "a", "b")], "w")  # fmt: skip
add("two_tensor/complex", [zeros("a", 3, dtype="complex64"), zeros("b", 3, dtype="complex64"),
                           two_tensor("w", "a", "b")], "w")  # fmt: skip
add("two_tensor/view_as_real", [zeros("a", 3, dtype="complex64"), zeros("b", 3, dtype="complex64"),
                                two_tensor("w", "a", "b"), op("view_as_real", t("w"), out="v")], "v", "w")  # fmt: skip
add("two_tensor/conj", [zeros("a", 3, dtype="complex64"), zeros("b", 3, dtype="complex64"),
                        two_tensor("w", "a", "b"), op("_conj", t("w"), out="v")], "v", "w")  # fmt: skip
add("two_tensor/inner_resized_to_zero", [*TWO, {"resize_storage": "a", "bytes": 0}], "w")
add("two_tensor/mark_dynamic", [*TWO, {"mark_dynamic": "w", "indices": [0]}], "w")
add("two_tensor/vmap", [*TWO, vmap(), batched("w", "x")], "x")
add("two_tensor/grad", [*TWO, GRAD, tracked("w", "x")], "x")

# Tensors that the converter does not convert
add("misses/quantized", [zeros("d", 3), op("quantize_per_tensor", t("d"), 0.1, 0, {"dtype": "quint8"}, out="q")], "q")
add("misses/quantized_beside_dense",
    [zeros("d", 3), op("quantize_per_tensor", t("d"), 0.1, 0, {"dtype": "qint8"}, out="q")], "q", "d", "q")
add("misses/quantized_per_channel",
    [zeros("d", 2, 3), op("quantize_per_channel", t("d"), literal([0.1, 0.2], "float64"), literal([0, 0], "int64"), 0,
                          {"dtype": "qint32"}, out="q")], "q")  # fmt: skip
add("misses/view_of_quantized",
    [zeros("d", 3, 4), op("quantize_per_tensor", t("d"), 0.1, 0, {"dtype": "quint8"}, out="q"),
     op("select.int", t("q"), 0, 1, out="v")], "v", "q")  # fmt: skip
add("misses/values_of_coo", [coo("x", coalesced=True), op("values", t("x"), out="v"), op("indices", t("x"), out="i")],
    "v", "i", "x")  # fmt: skip
add("misses/legacy_batched", [A, op("_add_batch_dim", t("a"), 0, 1, out="x")], "a", "x")


# One for each entry of expected_recipe_differences.json.
add("dense/complex_view_of_part",
    [zeros("x", 12), op("slice.Tensor", t("x"), 0, 8, out="p"), op("slice.Tensor", t("p"), 0, 2, 4, out="q"),
     op("view_as_complex", t("q"), out="v")], "v")  # fmt: skip
add("dense/beyond_storage",
    [zeros("x"), zeros("y"), {"set_storage": "y", "storage_of": "x", "size": [0, 0], "stride": [0, 0], "offset": 0},
     {"resize_storage": "x", "bytes": 1}], "y", "x")  # fmt: skip
add("dense/set_data_in_other_dtype_of_same_storage",
    [zeros("x", dtype="int32"), op("transpose.int", t("x"), -1, 0, out="v"), zeros("y"),
     {"set_storage": "y", "storage_of": "v", "size": [0, 0], "stride": [0, 0], "offset": 0},
     {"set_data": "v", "value": "y"}], "v")  # fmt: skip
add("dense/set_data_in_other_dtype_of_leaf",
    [zeros("x", 0, 2, requires_grad=True), op("mH", t("x"), out="v"), zeros("y", dtype="float64"),
     {"set_storage": "y", "storage_of": "v", "size": [0, 0], "stride": [0, 0], "offset": 0},
     {"set_data": "v", "value": "y"}], "v")  # fmt: skip
add("sparse/csr_transposed",
    [compressed("x", "sparse_csr", [2, 3], [1.0, 2.0]), op("t", t("x"), out="v")], "v", "x")
add("sparse/grad_is_a_view",
    [coo("x", dtype="complex64"), op("select.int", t("x"), 1, -1, out="g"), zeros("y", 3, dtype="complex64"),
     set_grad("y", "g")], "y")  # fmt: skip
add("functorch/functional_whose_level_was_left",
    [zeros("a", 2), {"push": "functionalize", "reapply_views": True}, {"wrap_functional": "a", "level": 1, "out": "f"},
     {"pop": True}], "f")  # fmt: skip
add("functorch/stale",
    [zeros("x", 0), zeros("y"), batched("x", "b"),
     {"set_storage": "x", "storage_of": "y", "size": [0, 0], "stride": [0, 0], "offset": 0}], "b")  # fmt: skip
add("functional/larger_than_its_storage",
    [zeros("x", 1, inference_mode=True), op("slice.Tensor", t("x"), 0, 0, 0, out="v"),
     {"to_functional": "v", "out": "f"}, op("as_strided", t("f"), [1], [0], out="w")], "w")  # fmt: skip
add("two_tensor/expand_scalar",
    [zeros("a"), zeros("b"), two_tensor("w", "a", "b"), op("expand", t("w"), [1], out="v")], "v")
add("two_tensor/inner_requires_grad_later",
    [zeros("a"), zeros("b"), two_tensor("w", "a", "b"), needs_grad("a"), needs_grad("b")], "w")
add("functorch/functional_whose_elements_share_memory",
    [{"op": "aten::empty_strided", "args": [[1, 2], [0, 0]], "out": "x"},
     FUNCTIONALIZE, {"wrap_functional": "x", "level": 1, "out": "f"}, GRAD, tracked("f", "g", 2),
     op("mul_.Scalar", t("g"), 2), POP], "f")  # fmt: skip
add("functorch/functional_in_place_in_another_dtype",
    [zeros("x", 3, dtype="int32"), zeros("y", 3), FUNCTIONALIZE, {"wrap_functional": "x", "level": 1, "out": "f"},
     GRAD, tracked("f", "g", 2), op("mul_.Tensor", t("g"), t("y")), POP], "f")  # fmt: skip
add("functorch/dead_grad_of_functional_leaf",
    [FUNCTIONALIZE, zeros("x", 3, requires_grad=True), GRAD, tracked("x", "y", 2), POP], "y")
add("functorch/batch_dimension_was_removed",
    [zeros("x", 4, 1), vmap(1), batched("x", "y", dim=1), op("squeeze_", t("x"))], "y")
add("functorch/non_leaf_in_batched",
    [GRAD, vmap(3), vmap(2), zeros("x", 2, 3), batched("x", "y", level=3), needs_grad("x"), op("neg", t("y"), out="z")],
    "z")
add("dense/beyond_storage_of_two",
    [zeros("x", 16), op("detach", t("x"), out="y"), op("as_strided_", t("y"), [1], [1], 4),
     {"resize_storage": "x", "bytes": 20}], "y", "x")  # fmt: skip
add("dense/storage_of_a_source_that_raises",
    [zeros("x", 12), op("slice.Tensor", t("x"), 0, 4, 12, out="v"), op("detach", t("v"), out="y"), GRAD,
     zeros("z", 2, 8), op("select.int", t("z"), 0, 1, out="g"), set_grad("y", "g"), POP,
     {"resize_storage": "x", "bytes": 0}], "v", "y")  # fmt: skip
add("dense/imag_of_conjugate",
    [zeros("x", dtype="complex64"), op("_conj", t("x"), out="c"), parameter("c", "p"), op("imag", t("p"), out="v")],
    "v")
add("dense/set_data_of_complex_leaf_to_its_view",
    [zeros("x", 6, dtype="complex64", requires_grad=True), op("imag", t("x"), out="v"),
     {"set_data": "x", "value": "v"}, op("mul_.Tensor", t("v"), t("x"), grad_mode=False)], "v")  # fmt: skip
add("sparse/view_that_is_a_gradient",
    [coo("x"), op("transpose.int", t("x"), 0, 1, out="g"), zeros("y", 4, 3), set_grad("y", "g")], "y", "g", "x")
add("two_tensor/view_as_real_of_view",
    [zeros("a", 2, 3, 3, dtype="complex64"), zeros("b", 2, 3, 3, dtype="complex64"), two_tensor("w", "a", "b"),
     op("view", t("w"), [2, 9], out="x"), op("view_as_real", t("x"), out="v")], "v", "w")  # fmt: skip
add("two_tensor/nested_of_leaf",
    [*TWO, needs_grad("w"), op("clone", t("w"), out="u"), two_tensor("x", "w", "u")], "x", "w")
add("two_tensor/nested_of_leaves",
    [zeros("a", 3), zeros("b", 3), needs_grad("a"), needs_grad("b"), two_tensor("w", "a", "b"),
     op("clone", t("w"), out="u"), two_tensor("x", "w", "u")], "x")  # fmt: skip
add("two_tensor/nested_inner_requires_grad_later",
    [*TWO, op("clone", t("w"), out="u"), two_tensor("x", "w", "u"), needs_grad("w")], "x")
add("two_tensor/nested_view", [*TWO, op("_neg_view", t("w"), out="v"), op("clone", t("v"), out="u"),
                               two_tensor("x", "v", "u")], "x", "v")  # fmt: skip
add("two_tensor/inner_changed_after_views",
    [zeros("a", 0, 0, 6), zeros("b", 0, 0, 6), two_tensor("w", "a", "b"),
     op("unbind.int", t("w"), 2, out=["v", None, None, None, None, None]), op("unsqueeze_", t("a"), 0)], "v")


def recipes():
    import view_operators  # Not at the top, since it imports this module.

    return RECIPES + view_operators.recipes()


def main():
    for recipe in recipes():
        print(json.dumps(recipe))


if __name__ == "__main__":
    main()
