"""Compares two answers to a recipe, field by field.

Records are compared by their ids. Results have none: two answers' results are equal if one can go from each source to
the same objects, by the same names, and finds the same values. Where the reference is expected to differ
(expected_recipe_differences.py), our results are compared with the records of the sources.

Needs no PyTorch. Not compared, since it cannot be the same: the texts of errors, and `is_parameter` of results, which
only Python has.
"""

import dataclasses
import json
import re

import documents
import graphs

STEP_KEYS = ("op", "parameter", "requires_grad", "grad", "buffer", "set_data", "data", "resize_storage", "set_storage",
             "push", "pop", "add_batch_dim", "wrap_for_grad", "wrap_functional", "to_functional", "two_tensor",
             "forget", "mark_dynamic", "hint_override")  # fmt: skip
NOT_COMPARED = {"is_parameter"}
DEAD_LEVEL = "-2"
META = "device(type='meta')"
PARTS_OF_COMPRESSED = ("crow_indices", "col_indices", "ccol_indices", "row_indices", "values")


def compare(recipe, reference, ours, expected):
    """The documents.Difference of everything that differs and is not `expected` (an ExpectedInGraph).

    The `name` of a difference begins with the part of the answer.
    """
    failing = [answer.get("error") for answer in (reference, ours)]
    if failing != [None, None]:
        found = list(compare_errors(recipe, *failing))
    else:
        found = []
        for part, compare_part in (("describe", compare_records), ("convert", compare_results)):
            try:
                for difference in compare_part(recipe, reference, ours, expected):
                    found.append(dataclasses.replace(difference, name=f"{part}: {difference.name}"))
            except (KeyError, TypeError, AttributeError, IndexError, ValueError) as error:
                message = f"{type(error).__name__}: {error}"
                found.append(documents.Difference(recipe["name"], part, "form", None, message))
    return [difference for difference in found if not expected.covers(difference)]


def compare_errors(recipe, reference, ours):
    """Of two answers, at least one of which says that a step failed."""
    if reference is not None and ours is not None and reference["step"] == ours["step"]:
        return
    index = (ours or reference)["step"]
    step = {} if index is None else recipe["steps"][index]
    what = next((f"step {key}" for key in STEP_KEYS if key in step), "recipe")
    texts = [error["message"].partition("\n")[0] if error else None for error in (reference, ours)]
    yield documents.Difference(recipe["name"], what, "error", *texts)


# --- Records ---------------------------------------------------------------------------------------------------------


def compare_records(recipe, reference, ours, expected):
    left, right = reference["describe"], ours["describe"]
    yield from compare_raised(recipe, left, right, expected)
    # A source for which the reference raises has taken ids by then, and ours takes none before it has all.
    documented = [document(described_before(part, left["errors"])) for part in (left, right)]
    yield from documents.compare(recipe["name"], *documented)
    if left["errors"]:
        for source, key in left["names"].items():
            if key is not None and right["names"].get(source) is None:
                yield documents.Difference(recipe["name"], repr(source), "record", key, None)
        yield from compare_graphs(
            recipe, graphs.record_graph(left), graphs.record_graph(right), left["errors"], expected
        )


def compare_raised(recipe, reference, ours, expected):
    """Where the reference raises, and ours has an answer."""
    for source, error in reference["errors"].items():
        if ours["names"].get(source) is not None and not expected.may_answer(source, error):
            yield documents.Difference(recipe["name"], repr(source), "raises", error, "an answer")


def described_before(part, raising):
    """The part of an answer without what was described from the first of `raising` on: ids after it may differ."""
    if not raising:
        return part
    names = list(part["names"])
    names = names[: min(names.index(name) for name in raising)]
    graph = graphs.record_graph(part)
    kept = {key for name in names for key in graph.reached(graph.sources[name])}
    return {
        **part,
        "names": {name: part["names"][name] for name in names},
        "storages": [record for record in part["storages"] if ("storage", record["id"]) in kept],
        "tensors": [record for record in part["tensors"] if ("tensor", record["id"]) in kept],
    }


def document(part):
    """The records of an answer in the form that `documents.compare` takes."""
    tensors = [
        {**record, "view_func": graphs.view_function_name(record["view_func"])} if "view_func" in record else record
        for record in part["tensors"]
    ]
    return {"names": part["names"], "storages": part["storages"], "tensors": tensors}


# --- Results ---------------------------------------------------------------------------------------------------------


def compare_results(recipe, reference, ours, expected):
    left, right = reference["convert"], ours["convert"]
    yield from compare_raised(recipe, left, right, expected)
    failures = right["errors"] | right["unsupported"]
    for source in left["names"]:
        has_result = [part["names"].get(source) is not None for part in (left, right)]
        if has_result == [True, False] and source not in left["errors"]:
            error = failures.get(source, "no result")
            if not expected.may_refuse(source, error):
                yield documents.Difference(recipe["name"], repr(source), "result", "a result", error)
        if has_result == [False, True] and source not in left["errors"]:
            yield documents.Difference(recipe["name"], repr(source), "result", None, "a result")
        if has_result[1] and source in failures:  # The second conversion of the source had another result.
            yield documents.Difference(recipe["name"], repr(source), "error", None, failures[source])
    yield from documents.compare(recipe["name"], counts_document(counts(recipe, left, right)), counts_document(right))
    graph = graphs.result_graph(right)
    yield from compare_graphs(recipe, graphs.result_graph(left), graph, left["errors"], expected)
    yield from compare_with_records(recipe, graphs.record_graph(reference["describe"]), graph, left["errors"], expected)


def counts(recipe, reference, ours):
    """What the counts of hits and misses are to be.

    A source for which the reference raises is a hit of the reference. Ours counts it as a miss if it is unsupported,
    and not at all if there is another error.
    """
    hit, miss = reference["hit"], reference["miss"]
    for source in recipe["sources"]:
        if ours["names"][source] is None and (reference["names"][source] is not None or source in reference["errors"]):
            hit -= 1
            miss += source in ours["unsupported"]
    return {"hit": hit, "miss": miss, "successful": hit > 0 and miss == 0}


def counts_document(counts):
    document = {name: counts[name] for name in ("hit", "miss", "successful")}
    return document | {"names": {}, "storages": [], "tensors": []}


def compare_graphs(recipe, reference, ours, raised, expected):
    """Compares everything that is reached from the sources, except from those for which the reference raised."""
    found = []
    source = None

    def differ(path, field, left, right):
        if not expected.may_differ(source, path, field):
            found.append(documents.Difference(recipe["name"], path, field, left, right))

    def visit(path, left, right):
        fields = reference.nodes[left].fields, ours.nodes[right].fields
        for field in {**fields[0], **fields[1]}:
            values = [there.get(field, documents.NOT_THERE) for there in fields]
            if field not in NOT_COMPARED and json.dumps(values[0]) != json.dumps(values[1]):
                differ(path, field, *values)

    other_identity, other_link = link_callbacks(differ)

    def link_of_one(path, link, is_left):
        other_link(path, link, is_left)
        if not is_left:
            expected.only_ours.add(f"{path}.{link}")

    walk = graphs.Walk(reference, ours, visit, other_identity, link_of_one)
    # An object that is also reached from a source without expected differences must be right.
    for source in sorted(reference.sources, key=lambda name: bool(expected.fields(name))):
        left, right = reference.sources[source], ours.sources.get(source)
        if left is not None and right is not None and source not in raised:
            walk.start(repr(source), left, right)
    return found


def link_callbacks(differ):
    """What a graphs.Walk is to call for differences in links."""

    def other_identity(path, link):
        field = "storage" if link == "storage" else "object"
        differ(path, field, "the same as elsewhere", "another one, or the reverse")

    def other_link(path, link, is_left):
        texts = ("there", documents.NOT_THERE)
        differ(path, link.partition(".")[0], *(texts if is_left else reversed(texts)))

    return other_identity, other_link


# --- Results and records ---------------------------------------------------------------------------------------------


def compare_with_records(recipe, records, results, raised, expected):
    """Compares our results with the reference's records where the reference has no result, or another one."""
    found = []
    source = None

    def differ(path, field, value, ours):
        if field == "nbytes" and "beyond_storage" in expected.conditions(source):
            return  # The storage of such a result may be as large as the tensor needs.
        is_only_ours = any(path == only or path.startswith(f"{only}.") for only in expected.only_ours)
        if source in raised or is_only_ours or (path, field) in expected.differing:
            found.append(documents.Difference(recipe["name"], path, f"record's {field}", value, ours))

    def visit(path, left, right):
        fields = results.nodes[right].fields
        for field, value in values_by_record(path, left, records).items():
            if json.dumps(value) != json.dumps(fields.get(field)):
                differ(path, field, value, fields.get(field))

    other_identity, other_link = link_callbacks(differ)

    wrappers = set()  # The paths of wrapper subclasses, several of which may be recorded with one storage.

    def identity(path, link):
        is_of_wrapper = link == "storage" and path.removesuffix(".storage") in wrappers
        if not is_inner(path) and not is_of_wrapper:
            other_identity(path, link)

    def follows(path, link, record):
        if link.startswith("attrs."):
            wrappers.add(path)
        return is_determined_by_record(path, link, record)

    for source, left in records.sources.items():
        right = results.sources.get(source)
        if left is not None and right is not None:
            walk = graphs.Walk(records, results, visit, identity, other_link, follows)
            walk.start(repr(source), left, right)
    return found


def is_inner(path):
    """Whether `path` leads into a functorch or functional wrapper.

    The tensor in there is converted without its base, its gradient and its identity.
    """
    return ".unwrapped" in path


def is_determined_by_record(path, link, record):
    """Whether a record's link determines what its result's link leads to."""
    if is_inner(path) or record.fields.get("is_mkldnn"):  # An mkldnn tensor becomes a dense one, with a storage.
        return False
    if link == "storage":
        # Functional wrappers have a storage that is not recorded, and views of wrapper subclasses one of their own.
        is_wrapper_subclass = any(name.startswith("attrs.") for name in record.links)
        return "unwrapped" not in record.links and not (is_wrapper_subclass and record.fields.get("is_view"))
    if link == "unwrapped":  # The wrapper of a transform that has ended is left out.
        return record.fields.get("level") != DEAD_LEVEL
    return link not in PARTS_OF_COMPRESSED  # Results have no such links.


def values_by_record(path, key, records):
    """The fields of a result that its record determines, with their values."""
    record = records.nodes[key]
    fields = record.fields
    if key[0] == "storage":
        return {"nbytes": fields["size"]}
    values = {"size": fields["size"], "dtype": fields["dtype"], "device": META}
    values |= {"layout": fields.get("layout", "torch.strided"), "is_mkldnn": False}
    if fields.get("is_mkldnn"):  # The result is dense.
        del values["layout"]
    if is_inner(path):
        return values
    if "unwrapped" not in record.links:
        values |= {"functorch": None, "functional": None}
    elif fields.get("level") != DEAD_LEVEL and fields.get("is_functorch_wrapped"):
        values["functorch"] = functorch_by_record(fields)
    values["is_nested"] = fields.get("is_nested", False)
    if "sparse_dim" not in fields:
        values["sparse"] = None
    values["stride"] = fields.get("stride")
    values["storage_offset"] = fields.get("storage_offset", 0) if "stride" in fields else None
    for field in ("is_leaf", "requires_grad", "is_conj", "is_neg", "is_inference", "is_view"):
        values[field] = fields.get(field, False)
    values["creation_meta"] = fields.get("creation_meta")
    if "unwrapped" in record.links:
        del values["storage_offset"]  # It is the inner tensor's.
        if "unwrapped" in records.nodes[record.links["unwrapped"]].links:
            del values["is_leaf"]  # Results are leaves.
    return values


def functorch_by_record(fields):
    if fields.get("is_batchedtensor"):
        return {"level": int(fields["level"]), "kind": "batched", "bdim": fields["bdim"]}
    if fields.get("is_gradtrackingtensor"):
        return {"level": int(fields["level"]), "kind": "grad"}
    return {"level": int(fields["current_level"]), "kind": "functional"}


# --- Kinds of differences --------------------------------------------------------------------------------------------


def kind_of(difference):
    """Differences of one kind have one cause, mostly: where, which field, and what simple value became which."""
    place = re.sub(r"'[^']*'|\d+", "*", difference.name)
    return (place, difference.field, *(simple(value) for value in (difference.reference, difference.ours)))


def simple(value):
    if value is documents.NOT_THERE or isinstance(value, (bool, str)) or value is None:
        return re.sub(r"\d+", "*", json.dumps(value))
    return type(value).__name__
