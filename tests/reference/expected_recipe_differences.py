"""The differences from the reference that are expected: expected_recipe_differences.json.

Each entry has a reason and one of these forms:

    {"where", "fields"}         for a source for which a condition of record_conditions.py holds: these fields of its
                                result, and of all tensors and storages reached from it, may differ from the
                                reference's
    {"raises", "where"}         the reference raises this (a regular expression) for a source, and ours may have a
                                result; with `where`, only if the condition holds for the source
    {"refuses", "where"}        ours may have this error (a regular expression) for a source for which the condition
                                holds, where the reference has a result
    {"file", "name", "fields"}  single differences, by shell patterns for the recipe and for the text that is printed
                                before the field

Our results are compared with the records of the sources in any case: see answers.py. Needs no PyTorch.
"""

import fnmatch
import json
import re

import graphs
import record_conditions

FORMS = (
    {"where", "fields"},
    {"raises"},
    {"raises", "where"},
    {"refuses", "where"},
    {"file", "name", "fields"},
)


class ExpectedDifferences:
    """The entries, and the number of graphs in which each was needed."""

    def __init__(self, path):
        with open(path, encoding="utf-8") as file:
            self.entries = json.load(file)
        self._graphs = [0] * len(self.entries)
        for entry in self.entries:
            if entry.keys() - {"reason"} not in FORMS or not entry.get("reason"):
                raise ValueError(f"{path}: expected a reason and {' or '.join(map(str, FORMS))}, found {entry}")
            if entry.get("where", None) not in (None, *record_conditions.CONDITIONS):
                raise ValueError(f"{path}: expected the name of a condition in record_conditions.py, found {entry}")

    def in_graph(self, recipe, reference, ours):
        return ExpectedInGraph(self.entries, recipe, reference, ours)

    def count(self, in_graph):
        """Adds a compared graph to the counts."""
        for index in in_graph.used:
            self._graphs[index] += 1

    def unused(self):
        return [entry for entry, graphs in zip(self.entries, self._graphs) if not graphs]

    def table(self):
        """Returns the number of graphs in which each entry was needed, in decreasing order."""
        rows = sorted(zip(self._graphs, map(short_form, self.entries)), key=lambda row: -row[0])
        return [f"{count:7} {text}" for count, text in rows]


def short_form(entry):
    where = f" where {entry['where']}" if "where" in entry else ""
    if "file" in entry:
        return f"differ in {entry['file']}: {entry['name']}: {', '.join(entry['fields'])}"
    if "fields" in entry:
        return f"differ{where}: {', '.join(entry['fields'])}"
    if "raises" in entry:
        return f"reference raises{where}: {entry['raises']}"
    return f"ours refuses{where}: {entry['refuses']}"


class ExpectedInGraph:
    """The expected differences in the answers to one recipe.

    `used` has the indices of the entries that were needed so far, `differing` the (path, field) of the differences, and
    `only_ours` the paths that exist in our answer only.
    """

    def __init__(self, entries, recipe, reference, ours):
        self.used = set()
        self.differing = set()
        self.only_ours = set()
        self._entries = entries
        self._recipe = recipe
        self._describes = [answer["describe"] for answer in (reference, ours) if answer.get("describe")]
        self._raised = (reference.get("convert") or {}).get("errors", {})
        self._conditions = {}  # Source -> the names of the conditions that hold.

    def fields(self, source):
        """Returns the fields of the results of `source` that may differ."""
        held = self.conditions(source)
        return {
            field
            for entry in self._entries
            if "fields" in entry and entry.get("where") in held
            for field in entry["fields"]
        }

    def may_differ(self, source, path, field):
        """Whether `field` of the node that `path` leads to from `source` may differ."""
        held = self.conditions(source)
        self.differing.add((path, field))
        return self._use(lambda entry: "fields" in entry and entry.get("where") in held and field in entry["fields"])

    def may_answer(self, source, error):
        """Whether ours may have an answer where the reference raises `error`."""
        held = {None} | self.conditions(source)
        return self._use(
            lambda entry: "raises" in entry and entry.get("where") in held and re.search(entry["raises"], error)
        )

    def may_refuse(self, source, error):
        """Whether ours may have the error `error` where the reference has a result."""
        held = self.conditions(source)
        return self._use(
            lambda entry: "refuses" in entry and entry["where"] in held and re.search(entry["refuses"], error)
        )

    def covers(self, difference):
        return self._use(
            lambda entry: "file" in entry
            and all(fnmatch.fnmatchcase(getattr(difference, key), entry[key]) for key in ("file", "name"))
            and difference.field in entry["fields"]
        )

    def conditions(self, source):
        """Returns the conditions that hold for a source, by the reference's records, or by ours if it has none."""
        if source not in self._conditions:
            self._conditions[source] = set()
            for describe in self._describes:
                if describe["names"].get(source) is not None:
                    self._conditions[source] = conditions_of(self._recipe, describe, self._raised, source)
                    break
        return self._conditions[source]

    def _use(self, applies):
        indices = [index for index, entry in enumerate(self._entries) if applies(entry)]
        self.used.update(indices)
        return bool(indices)


def conditions_of(recipe, describe, raised, source):
    graph = graphs.record_graph(describe)
    of_raised = {key for other in raised for key in graph.reached(graph.sources.get(other))}
    ids_of_raised = {identity for kind, identity in of_raised if kind == "tensor"}
    records = record_conditions.Records(recipe, describe, ids_of_raised)
    reached = [records[key] for kind, key in graph.reached(graph.sources[source]) if kind == "tensor"]
    return {
        name
        for name, condition in record_conditions.CONDITIONS.items()
        if any(condition(record, records) for record in reached)
    }
