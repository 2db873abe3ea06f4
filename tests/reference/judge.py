"""Holds a runner, a program that answers recipes, to what the Python reference answers.

Run by judge.sh, with the reference's Python:

    python judge.py --runner=COMMAND [--seed=N] [--count=2000] [--fixed-only] [--recipe=FILE] [--update-golden]

Without --recipe, the fixed recipes (recipe_cases.py) and --count random ones (random_recipes.py). Each difference that
is not in expected_recipe_differences.json makes its recipe fail. The first of each kind is shown, for the first few
kinds with the smallest recipe that has it: a line of JSON to pass on, `--recipe=FILE` (`-`: standard input). A recipe
upon which the runner dies fails; one that PyTorch itself does not survive is left out, and named.

With --fixed-only, an entry of that list which no recipe needs fails, too. golden/recipes.json must be what the
reference says about the fixed recipes; --update-golden writes it. --golden takes the reference's answers from that
file, and needs no PyTorch.
"""

import argparse
import json
import pathlib
import shlex
import sys
import time

import answers
import documents
import meant as meant_differences
import runner as runners
import shrink

HERE = pathlib.Path(__file__).resolve().parent
GOLDEN = HERE / "golden" / "recipes.json"
GOLDEN_FORMAT = "metaconv-recipes/1"
SHRUNK = 5
SHOWN_PER_RECIPE = 20


# --- Golden answers --------------------------------------------------------------------------------------------------


def golden_text(recipes, answers_by_name):
    """One recipe with its answer per line."""
    import torch

    version = torch.__version__.partition("+")[0]
    lines = [json.dumps({"recipe": recipe, "answer": answers_by_name.get(recipe["name"])}) for recipe in recipes]
    return f'{{"format": "{GOLDEN_FORMAT}", "torch": "{version}", "recipes": [\n' + ",\n".join(lines) + "\n]}\n"


def load_golden():
    with GOLDEN.open(encoding="utf-8") as file:
        golden = json.load(file)
    return [(entry["recipe"], entry["answer"]) for entry in golden["recipes"]]


# --- The reference ---------------------------------------------------------------------------------------------------


class Reference:
    """Python's answers, from a process that PyTorch may crash."""

    def __init__(self, process):
        self.died = []  # The requests that it did not survive.
        self._process = process

    def ask_all(self, requests):
        """Yields the recipe and the answer for each request, the next one in the making. None where it died."""
        waiting = None
        for request in requests:
            if waiting is not None:
                answer = self._receive(waiting)
                self._process.send(request)
                yield answer
            else:
                self._process.send(request)
            waiting = request
        if waiting is not None:
            yield self._receive(waiting)

    def ask(self, recipe):
        """The answer, or None."""
        self._process.send({"recipe": recipe})
        return self._receive({"recipe": recipe})[1]

    def _receive(self, request):
        try:
            pair = self._process.receive()
        except runners.Died as died:
            self.died.append((request, died))
            return None, None
        return pair["recipe"], pair["answer"]


# --- Judging ---------------------------------------------------------------------------------------------------------


class Judge:
    def __init__(self, runner, meant, reference):
        self.passed = 0
        self.failed = 0
        self.examples = {}  # Kind of difference -> [how many recipes have it, the first of them, its difference]
        self._runner = runner
        self._meant = meant
        self._reference = reference

    def judge(self, recipe, reference):
        """Whether the runner answers like the reference."""
        kinds = {}
        for difference in self._differences(recipe, reference):
            kinds.setdefault(answers.kind_of(difference), difference)
        for kind, difference in kinds.items():
            self.examples.setdefault(kind, [0, recipe, difference])[0] += 1
        self.count(not kinds)

    def count(self, passed):
        self.passed += passed
        self.failed += not passed

    def report(self, shrunk):
        """Prints what failed: every kind of difference once, the most frequent first."""
        by_count = sorted(self.examples.items(), key=lambda item: -item[1][0])
        for index, (kind, (count, recipe, difference)) in enumerate(by_count):
            print(f"\n{count} recipe{'s' * (count != 1)}: {difference}")
            if index < shrunk:
                smallest = shrink.shrink(recipe, lambda it: kind in map(answers.kind_of, self._judge_again(it)))
                for other in self._judge_again(smallest)[:SHOWN_PER_RECIPE]:
                    print(f"  {other}")
                print(f"  {json.dumps(smallest)}", flush=True)
        if by_count:
            print()

    def _judge_again(self, recipe):
        """The unexpected differences. None if the recipe is none that the reference answers."""
        reference = self._reference.ask(recipe)
        if reference is None or reference["error"] is not None:
            return []
        return self._differences(recipe, reference)

    def _differences(self, recipe, reference):
        try:
            found = answers.compare(recipe, reference, self._runner.ask(recipe), self._meant)
        except runners.Died as died:
            how, details = died.args
            found = [documents.Difference(recipe["name"], "runner", how, "an answer", details)]
        except ValueError as error:
            found = [documents.Difference(recipe["name"], "runner", "not JSON", "an answer", str(error))]
        return [difference for difference in found if not self._meant.covers(difference)]


class Progress:
    """A line on the terminal, if there is one, that says how far it is."""

    def __init__(self, total):
        self._total = total
        self._last = 0.0

    def show(self, done, failed):
        now = time.monotonic()
        if sys.stderr.isatty() and (now - self._last > 0.2 or done == self._total):
            self._last = now
            end = "\n" if done == self._total else ""
            print(f"\r{done} of {self._total} recipes, {failed} failed", end=end, file=sys.stderr, flush=True)


def check(judge, passed, message):
    """Counts something that is no recipe."""
    judge.count(passed)
    if not passed:
        print(f"FAILED {message}")


def recipes_in(path):
    text = sys.stdin.read() if path == "-" else pathlib.Path(path).read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines() if line.strip()]


def judge_recipes(judge, reference, arguments):
    """The recipes that the command line names."""
    recipes = recipes_in(arguments.recipe)
    for recipe, answer in reference.ask_all({"recipe": recipe} for recipe in recipes):
        if answer is not None and answer["error"]:
            print(f"{recipe['name']}: the reference refuses it: {json.dumps(answer['error'])}")
        if answer is not None:
            judge.judge(recipe, answer)


def judge_golden(judge):
    for recipe, answer in load_golden():
        judge.judge(recipe, answer)


def judge_all(judge, reference, arguments):
    """The fixed recipes and the random ones, and what there is to check about the fixed ones."""
    import recipe_cases
    import view_operators

    fixed = recipe_cases.recipes()
    count = 0 if arguments.fixed_only else arguments.count
    requests = [{"recipe": recipe} for recipe in fixed]
    requests += [{"seed": arguments.seed, "index": index} for index in range(count)]
    progress = Progress(len(requests))
    by_name = {}
    for index, (recipe, answer) in enumerate(reference.ask_all(requests)):
        if answer is not None:
            judge.judge(recipe, answer)
        if answer is not None and index < len(fixed):
            by_name[recipe["name"]] = answer
        progress.show(index + 1, judge.failed)

    names = [recipe["name"] for recipe in fixed]
    refused = [name for name in names if name not in by_name or by_name[name]["error"]]
    check(judge, not refused, f"recipe_cases.py: the reference refuses {', '.join(refused)}")
    missing, unknown = view_operators.uncovered()
    check(judge, not missing, f"view_operators.py: neither a recipe nor a reason for {', '.join(missing)}")
    check(judge, not unknown, f"view_operators.py: no view operators: {', '.join(unknown)}")
    text = golden_text(fixed, by_name)
    if arguments.update_golden:
        GOLDEN.write_text(text, encoding="utf-8")
    same = GOLDEN.exists() and GOLDEN.read_text(encoding="utf-8") == text
    check(judge, same, "golden/recipes.json is not what the reference says: see judge.sh --update-golden")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runner", required=True, help="the command to judge")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="of the random recipes; else, the clock")
    parser.add_argument("--count", type=int, default=2000, help="how many random recipes")
    parser.add_argument("--fixed-only", action="store_true")
    parser.add_argument("--recipe", metavar="FILE", help="judge these, one a line, and nothing else")
    parser.add_argument("--golden", action="store_true", help="judge by golden/recipes.json, without PyTorch")
    parser.add_argument("--update-golden", action="store_true")
    default = HERE / "expected_recipe_differences.json"
    parser.add_argument("--expected", type=pathlib.Path, default=default, help="what is meant to differ")
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}", flush=True)
    meant = meant_differences.Meant(arguments.expected)
    worker = shlex.join([sys.executable, str(HERE / "reference_worker.py")])
    with runners.Runner(arguments.runner) as runner, runners.Runner(worker) as process:
        reference = Reference(process)
        judge = Judge(runner, meant, reference)
        if arguments.recipe:
            judge_recipes(judge, reference, arguments)
        elif arguments.golden:
            judge_golden(judge)
        else:
            judge_all(judge, reference, arguments)
        for request, died in reference.died:
            print(f"left out, since Python did not survive it: {json.dumps(request)}: {died.args[0]}")
        judge.report(0 if arguments.golden else SHRUNK)
    if arguments.fixed_only or arguments.golden:
        for entry in meant.unused():
            check(judge, False, f"{arguments.expected.name}: no recipe needs this any longer: {json.dumps(entry)}")
    print(f"{judge.passed} passed, {judge.failed} failed")
    sys.exit(1 if judge.failed else 0)


if __name__ == "__main__":
    main()
