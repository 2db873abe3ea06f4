"""shrink() must keep what makes a recipe fail, and drop the rest."""

import unittest

import shrink


def zeros(out, *size):
    return {"op": "aten::zeros", "args": [list(size)], "out": out}


def view(name, of, out, *arguments):
    return {"op": f"aten::{name}", "args": [{"t": of}, *arguments], "out": out}


class ShrinkTest(unittest.TestCase):
    def test_drops_what_does_not_matter(self):
        recipe = {
            "name": "large",
            "steps": [
                zeros("x", 3, 4),
                zeros("y", 5),
                view("t", "x", "v"),
                view("alias", "v", "w") | {"grad_mode": False},
                {"parameter": "y", "out": "p", "requires_grad": True},
                view("select.int", "w", "s", 0, 2),
                {"forget": ["y", "v"]},
            ],
            "sources": ["p", "s", "w"],
        }

        def fails(it):
            return any(step.get("op") == "aten::select.int" and step["out"] in it["sources"] for step in it["steps"])

        small = shrink.shrink(recipe, fails)
        self.assertEqual([step["op"] for step in small["steps"]], ["aten::zeros", "aten::select.int"])
        self.assertEqual(small["steps"][1]["args"], [{"t": "x"}])
        self.assertEqual(len(small["sources"]), 1)
        self.assertEqual(small["name"], "large")

    def test_keeps_what_the_failure_needs(self):
        def fails(recipe):
            level = 0
            for step in recipe["steps"]:
                level += ("push" in step) - ("pop" in step)
                if "wrap_for_grad" in step and level == 1:
                    return {"push": "grad"} in recipe["steps"] and recipe["sources"].count("g") == 2
            return False

        recipe = {
            "name": "levels",
            "steps": [
                zeros("x", 3),
                {"push": "vmap", "batch_size": 3},
                {"pop": True},
                {"push": "grad"},
                {"wrap_for_grad": "x", "level": 1, "out": "g"},
                {"requires_grad": "g", "value": True},
            ],
            "sources": ["x", "g", "g"],
        }
        small = shrink.shrink(recipe, fails)
        self.assertEqual([next(iter(step)) for step in small["steps"]], ["op", "push", "wrap_for_grad"])

    def test_numbers_become_small(self):
        recipe = {"name": "numbers", "steps": [zeros("x", 7, 5)], "sources": ["x"]}
        small = shrink.shrink(recipe, lambda it: max(max(it["steps"][0]["args"], default=[]), default=0) > 2)
        self.assertEqual(small["steps"][0]["args"], [[3]])

    def test_every_step_has_what_it_needs(self):
        recipe = {
            "name": "needs",
            "steps": [
                zeros("x", 3),
                zeros("g", 3),
                {"grad": "x", "value": "g"},
                {"op": "aten::cat", "args": [{"ts": ["x", "g"]}], "out": "c"},
                {"set_storage": "x", "storage_of": "c", "size": [1], "stride": [1], "offset": 0},
            ],
            "sources": ["x", "c"],
        }

        def fails(candidate):
            known = set()
            for step in candidate["steps"]:
                self.assertLessEqual(shrink.used(step), known)
                known |= shrink.made(step)
            self.assertLessEqual(set(candidate["sources"]), known)
            return len(candidate["steps"]) > 1

        self.assertEqual(len(shrink.shrink(recipe, fails)["steps"]), 2)


if __name__ == "__main__":
    unittest.main()
