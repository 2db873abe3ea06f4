"""Each goal is decided by what the plan measures: the names and the sizes in goals.py and plan.py fit together.

    goals_test.py FILE

FILE is the output of `driver --list`.
"""

import ast
import functools
import json
import pathlib
import sys
import unittest

import plan
from goals import BOTH, GOALS, SINGLE, WHOLE
from results import Results

WORKS = [json.loads(line) for line in pathlib.Path(sys.argv.pop()).read_text(encoding="utf-8").splitlines()]
REFERENCE_WORKS = pathlib.Path(__file__).parent.parent / "reference" / "works.py"

OURS = {SINGLE: 20, WHOLE: 10}  # Nanoseconds.
FLOOR = 5
REFERENCE = 4000


@functools.cache
def names_of_reference():
    """The keys of WORKS in reference/works.py, which needs PyTorch to be imported."""
    for node in ast.parse(REFERENCE_WORKS.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and node.targets[0].id == "WORKS":
            return [key.value for key in node.value.keys]
    raise AssertionError(f"expected WORKS in {REFERENCE_WORKS}")


def entry(job, group, work):
    whole = work["name"] != SINGLE.name(group) and "_all/" in work["name"]
    times = {"metaconv": [OURS[WHOLE if whole else SINGLE]], **{floor: [FLOOR] for floor in work["floors"]}}
    if job.with_reference and group in names_of_reference():
        times["reference"] = [REFERENCE]
    return {"work": work["name"], "graph": job.graph, "size": job.size, "nanoseconds": times, "bytes": 100}


def document():
    """What a complete run of the plan would write."""
    by_name = {work["name"]: work for work in WORKS}
    jobs = plan.jobs(WORKS, plan.SIZES, None, [], plan.Choice())
    return {
        "times": [entry(job, group, by_name[name]) for job in jobs for group in job.groups for name in job.groups[group]],
        "memory": [{"graph": "tiny", "alive": 120, "alive_all": 100, "dropped": 0.01}],
        "whole_process": {"seconds": {"metaconv": [1], "python": [30]}},
    }


def measured(found, title):
    return {goal.form: goal.measured(Results(found)) for goal in GOALS if goal.work == title}


class GoalsTest(unittest.TestCase):
    def test_a_complete_run_measures_each_goal(self):
        results = Results(document())
        missing = {goal.work for goal in GOALS if goal.measured(results) is None}
        self.assertEqual(missing, set())

    def test_each_work_of_the_reference_is_a_group(self):
        self.assertLessEqual(set(names_of_reference()), {work["group"] for work in WORKS})

    def test_each_form_has_its_own_time(self):
        expected = {form: REFERENCE / OURS[form] for form in BOTH}
        self.assertEqual(measured(document(), "convert sparse COO tensors"), expected)

    def test_the_worst_size_counts(self):
        found = document()
        for one in found["times"]:
            if (one["work"], one["size"]) == ("convert_all/again_cold", 10_000):
                one["nanoseconds"]["metaconv"] = [100]
        title = "convert dense tensors, again, with empty caches"
        self.assertEqual(measured(found, title), {WHOLE: 100 / FLOOR})

    def test_large_graphs_are_compared_with_the_reference_at_its_largest_size(self):
        found = document()
        for one in found["times"]:
            if (one["work"], one["size"]) == ("describe_all/first", 10_000_000):
                self.assertNotIn("reference", one["nanoseconds"])
                one["nanoseconds"]["metaconv"] = [40]
        self.assertEqual(measured(found, "describe dense tensors, first time")[WHOLE], REFERENCE / 40)

    def test_a_limit_is_met_if_it_is_reached(self):
        for goal in GOALS:
            self.assertTrue(goal.is_met(goal.limit), goal.work)
            self.assertFalse(goal.is_met(goal.limit * (0.99 if goal.at_least else 1.01)), goal.work)

    def test_a_choice_measures_the_chosen_works_and_graphs_only(self):
        choice = plan.Choice(works=("convert*/first",), graphs=("tiny",))
        jobs = list(plan.jobs(WORKS, (1_000,), None, ["model.pt"], choice))
        expected = {"convert/first": ["convert/first", "convert_all/first"]}
        self.assertEqual([(job.graph, job.groups) for job in jobs], [("tiny", expected)])


if __name__ == "__main__":
    unittest.main()
