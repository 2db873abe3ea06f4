"""Tests that each entry of expected_recipe_differences.json hides the differences that it names, and no others.

    python3 expected_recipe_differences_test.py RUNNER

The runner answers the recipes of golden/recipes.json. For each recipe that needs an entry, the test sets each field of
the runner's answer to a wrong value in turn, and the comparison must report it.
"""

import copy
import json
import pathlib
import shlex
import sys
import unittest

import answers
import expected_recipe_differences
import graphs
import runner as runners

HERE = pathlib.Path(__file__).resolve().parent
RECIPES_PER_ENTRY = 3
EXPECTED_EVERYWHERE = {"is_buffer", "persistent"}  # Fields that only our records have.
RUNNER = None

# Fields of results that records do not have: if the reference has no result, a wrong value cannot be detected.
NOT_IN_RECORDS = {"grad_fn", "version_shared_with_base", "sparse"}
# The same for wrappers.
NOT_OF_WRAPPERS = {"storage", "storage_offset"}
# Fields of the tensor in a functorch or functional wrapper that are compared with its record. The other fields of the
# record are not converted.
OF_INNER = {"size", "dtype", "device", "layout"}
# Links that only ours has under some entries: what is reached by them is compared with records, too.
LINKS_OF_OURS = {"base", "unwrapped"}
LINKS = ("storage", "base", "grad")


def wrong(value, count):
    """Returns a different value of the same type. Integers stay below `count`."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return (value + 1) % count if count else value + 1
    if isinstance(value, str):
        return value + "?"
    if isinstance(value, list):
        return [*value, 1]
    if isinstance(value, dict) and value:
        key = next(iter(value))
        return {**value, key: wrong(value[key], count)}
    return "?"


def wrong_answers(ours, part):
    """Yields (key of a node, field, answer) for each field, where the field has a wrong value in the answer."""
    for kind in ("storage", "tensor"):
        nodes = ours[part][f"{kind}s"]
        for index, fields in enumerate(nodes):
            for field in fields.keys() - {"id", "describer_id", "is_parameter"}:
                changed = copy.deepcopy(ours)
                node = changed[part][f"{kind}s"][index]
                if field in LINKS:
                    node[field] = None if fields[field] is not None else 0
                else:
                    node[field] = wrong(fields[field], None)
                yield (kind, fields.get("id", index)), field, changed


class EntriesTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.expected = expected_recipe_differences.ExpectedDifferences(HERE / "expected_recipe_differences.json")
        with (HERE / "golden" / "recipes.json").open(encoding="utf-8") as file:
            golden = json.load(file)["recipes"]
        cls.needing = [[] for _ in cls.expected.entries]  # For each entry, the recipes and answers that need it.
        with runners.Runner(RUNNER) as runner:
            for pair in golden:
                recipe, reference = pair["recipe"], pair["answer"]
                ours = runner.ask(recipe)
                in_graph = cls.expected.in_graph(recipe, reference, ours)
                answers.compare(recipe, reference, ours, in_graph)
                for index in in_graph.used:
                    cls.needing[index].append((recipe, reference, ours))

    def for_each_entry(self, check):
        for entry, needing in zip(self.expected.entries, self.needing):
            self.assertTrue(needing, f"no recipe needs {entry}")
            for recipe, reference, ours in needing[:RECIPES_PER_ENTRY]:
                with self.subTest(entry=expected_recipe_differences.short_form(entry), recipe=recipe["name"]):
                    check(recipe, reference, ours)

    def differences(self, recipe, reference, ours):
        return answers.compare(recipe, reference, ours, self.expected.in_graph(recipe, reference, ours))

    def test_finds_wrong_results(self):
        self.for_each_entry(self.check_results)

    def check_results(self, recipe, reference, ours):
        self.assertEqual(self.differences(recipe, reference, ours), [])
        in_graph = self.expected.in_graph(recipe, reference, ours)
        graph = graphs.result_graph(ours["convert"])
        wrappers = {key for key, node in graph.nodes.items() if {"unwrapped", "attrs.a"} & node.links.keys()}
        inner = set()  # The nodes inside of functorch and functional wrappers.
        for node in graph.nodes.values():
            if "unwrapped" in node.links:
                inner |= {*graph.reached(node.links["unwrapped"]), node.links.get("storage")}

        def is_hidden(source, key, field):
            """Whether a wrong value may be missed where `key` is reached from `source`."""
            if source in reference["describe"]["errors"]:
                return True
            fields = in_graph.fields(source)
            is_root = key == graph.sources[source]
            if source in reference["convert"]["errors"] or (LINKS_OF_OURS & fields and not is_root):
                if field in NOT_IN_RECORDS or (key in inner and field not in OF_INNER):
                    return True
                if key in wrappers and field in NOT_OF_WRAPPERS:
                    return True
            return source not in reference["convert"]["errors"] and field in fields

        missed = []
        for key, field, changed in wrong_answers(ours, "convert"):
            from_sources = [source for source in recipe["sources"] if key in graph.reached(graph.sources[source])]
            hidden = all(is_hidden(source, key, field) for source in from_sources)
            if not hidden and not self.differences(recipe, reference, changed):
                missed.append((key, field))
        self.assertEqual(missed, [], "wrong values that were not reported")

    def test_finds_wrong_records(self):
        self.for_each_entry(self.check_records)

    def check_records(self, recipe, reference, ours):
        described = [source for source in recipe["sources"] if source not in reference["describe"]["errors"]]
        graph = graphs.record_graph(ours["describe"])
        reached = {key for source in described for key in graph.reached(graph.sources[source])}
        for key, field, changed in wrong_answers(ours, "describe"):
            if key in reached and field not in EXPECTED_EVERYWHERE:
                self.assertTrue(self.differences(recipe, reference, changed), f"wrong {field} of {key}")

    def test_finds_missing_results(self):
        self.for_each_entry(self.check_names)

    def check_names(self, recipe, reference, ours):
        in_graph = self.expected.in_graph(recipe, reference, ours)
        for source in recipe["sources"]:
            for part in ("describe", "convert"):
                if reference[part]["names"][source] is not None and ours[part]["names"][source] is not None:
                    changed = copy.deepcopy(ours)
                    changed[part]["names"][source] = None
                    changed[part]["errors"][source] = "INTERNAL: wrong"
                    self.assertTrue(self.differences(recipe, reference, changed), f"no {part} of {source}")


if __name__ == "__main__":
    RUNNER = shlex.quote(str(pathlib.Path(sys.argv.pop(1)).resolve()))
    unittest.main()
