"""The conditions under which results differ from the reference's: `where` in expected_recipe_differences.json.

Each condition is a predicate on one record. It holds for a source if it holds for the record of the source or for any
record that is reached from it. Needs no PyTorch.
"""

import re


class Records:
    """The JSON records in the part `describe` of the answer to a recipe, by id."""

    def __init__(self, recipe, describe, raised):
        """`raised` are the ids of the records reached from the sources that the reference does not convert."""
        self.recipe = recipe
        self.raised = raised
        self._records = {record["id"]: record for record in describe["tensors"]}
        self._bytes = {storage["id"]: storage["size"] for storage in describe["storages"]}

    def __getitem__(self, identity):
        return self._records[identity]

    def get(self, identity):
        """Returns the record, or None if there is none with this id."""
        return self._records.get(identity)

    def __iter__(self):
        return iter(self._records.values())

    def linked(self, record, *links):
        """Returns the records whose ids are in these fields of `record`."""
        return [self._records[record[link]] for link in links if record.get(link) in self._records]

    def inner(self, record):
        """The records of the inner tensors of a wrapper subclass."""
        return [self._records[identity] for identity in record.get("attrs", {}).values() if identity in self._records]

    def storage_bytes(self, record):
        """The size of the tensor's storage; None if it has none."""
        return self._bytes.get(record.get("storage"))


COMPRESSED_LAYOUTS = ("torch.sparse_csr", "torch.sparse_csc", "torch.sparse_bsr", "torch.sparse_bsc")
CONDITIONS = {}


def is_compressed(record):
    return record.get("layout") in COMPRESSED_LAYOUTS


def condition(function):
    CONDITIONS[function.__name__] = function
    return function


@condition
def view_elsewhere(record, records):
    """A view that does not use its base's storage, since an assignment to `.data`, or set_(), replaced one of them.

    Or a tensor that uses the storage of such a view or of its base.
    """
    views = [view for view in records if is_elsewhere(view, records)]
    storages = {other.get("storage") for view in views for other in (view, *records.linked(view, "base"))}
    return record.get("storage") is not None and record["storage"] in storages


def is_elsewhere(view, records):
    return any(
        "attrs" not in view
        and "attrs" not in base
        and "storage" in view
        and "storage" in base
        and view["storage"] != base["storage"]
        for base in records.linked(view, "base")
    )


@condition
def wrapper_in_wrapper(record, records):
    """A wrapper subclass whose inner tensors are wrapper subclasses."""
    return any("attrs" in inner for inner in records.inner(record))


@condition
def wrapped_without_strides(record, records):
    """A functorch or functional wrapper around a tensor that has no strides."""
    return any("stride" not in wrapped or "stride" not in record for wrapped in records.linked(record, "unwrapped"))


@condition
def functorch_wrapper_in_another(record, records):
    """A functorch or functional wrapper around a functorch wrapper."""
    return any(wrapped.get("is_functorch_wrapped") for wrapped in records.linked(record, "unwrapped"))


@condition
def stale_wrapper(record, records):
    """A wrapper whose inner tensor was given another shape after it was wrapped, for example by set_()."""
    if any(inner["size"] != record["size"] for inner in records.inner(record)):
        return True
    wrapped = records.linked(record, "unwrapped")
    if record.get("is_batchedtensor") and any(record["bdim"] >= len(inner["size"]) for inner in wrapped):
        return True
    return any(
        record[field] != unbatched(record, inner[field])
        for inner in wrapped
        for field in ("size", "stride")
        if field in record and field in inner
    )


def unbatched(record, values):
    """The sizes or strides of the tensor that `record` wraps, without the batch dimension."""
    bdim = record["bdim"] if record.get("is_batchedtensor") else len(values)
    return values[:bdim] + values[bdim + 1 :]


@condition
def beyond_storage(record, records):
    """A tensor whose storage is too small for it, or for another tensor on the storage, after it was made smaller."""
    available = records.storage_bytes(record)
    return bool(available) and any(
        needed_bytes(other) > available for other in records if other.get("storage") == record["storage"]
    )


def needed_bytes(record):
    """Returns the number of bytes that a tensor needs in its storage."""
    if "stride" not in record or 0 in record["size"]:
        return 0
    last = sum((extent - 1) * stride for extent, stride in zip(record["size"], record["stride"]))
    return (record.get("storage_offset", 0) + last + 1) * item_bytes(record["dtype"])


def item_bytes(dtype):
    """torch.float32 -> 4, torch.complex64 -> 8, torch.bool -> 1, torch.float8_e4m3fn -> 1"""
    bits = re.search(r"\d+", dtype)
    return int(bits[0]) // 8 if bits else 1


@condition
def storage_of_raised(record, records):
    """A tensor that shares its storage with a tensor of a source for which the reference raises."""
    storages = {records[identity].get("storage") for identity in records.raised}
    return record.get("storage") is not None and record["storage"] in storages


@condition
def sparse_view(record, records):
    """A sparse COO tensor that is a view."""
    return bool(record.get("is_sparse") and record.get("is_view"))


@condition
def sparse_non_leaf(record, records):
    """A sparse COO tensor that is not a leaf."""
    return bool(record.get("is_sparse") and not record.get("is_leaf"))


@condition
def compressed(record, records):
    """A sparse compressed tensor."""
    return is_compressed(record)


@condition
def compressed_view(record, records):
    """A sparse compressed tensor that is a view."""
    return is_compressed(record) and bool(record.get("is_view"))


@condition
def part_of_compressed(record, records):
    """A strided view of a sparse compressed tensor: of its values or of its indices."""
    return any(is_compressed(base) and not is_compressed(record) for base in records.linked(record, "base"))


@condition
def grad_of_another_form(record, records):
    """A tensor whose size or dtype was changed after it got its gradient."""
    return any(
        grad[field] != record[field] for grad in records.linked(record, "grad") for field in ("size", "dtype")
    )


@condition
def view_in_another_dtype(record, records):
    """A view whose dtype differs from its base's, due to a view operator, an assignment to `.data`, or set_()."""
    return any(base["dtype"] != record["dtype"] for base in records.linked(record, "base"))


@condition
def replaced_data(record, records):
    """A view in a recipe that assigns to `.data` or calls set_(), which may replace the data of the view or its base."""
    replaces = any("set_data" in step or "set_storage" in step for step in records.recipe["steps"])
    return replaces and bool(record.get("is_view"))


@condition
def view_of_wrapper_subclass(record, records):
    """A view that is a wrapper subclass, or whose base is one."""
    return any("attrs" in base or "attrs" in record for base in records.linked(record, "base"))


@condition
def wrapper_of_requires_grad(record, records):
    """A wrapper subclass that does not require a gradient, although one of its inner tensors does."""
    return any(inner.get("requires_grad") and not record.get("requires_grad") for inner in records.inner(record))


@condition
def non_leaf_wrapper_subclass(record, records):
    """A wrapper subclass that is not a leaf, and an inner tensor of it is a view."""
    return not record.get("is_leaf") and any(inner.get("is_view") for inner in records.inner(record))


@condition
def wrapped(record, records):
    """A functorch or functional wrapper."""
    return record.get("unwrapped") is not None
