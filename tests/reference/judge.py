"""Compares the answers of a runner, a program that answers recipes, with those of the Python reference.

Run by judge.sh, with the reference's Python:

    python judge.py --runner=COMMAND [--seed=N] [--count=2000] [--fixed-only] [--recipe=FILE] [--update-golden]
                    [--save-answers=FILE] [--answers=FILE]

The recipes are the fixed ones (recipe_cases.py) and --count random ones (random_recipes.py), or those in the file that
--recipe names. A recipe fails if its answers have a difference that is not in expected_recipe_differences.json. Each
kind of difference is printed once; for the first few kinds, with the smallest recipe found that has it, as a line of
JSON for `--recipe=FILE` (`-`: standard input). A recipe also fails if the runner dies. One that PyTorch itself does not
survive is left out, and printed.

At the end, a table says how many recipes needed each entry of expected_recipe_differences.json. With --fixed-only, an
entry that no recipe needs fails.

golden/recipes.json has to be what the reference answers to the fixed recipes; --update-golden writes it. --golden
takes the reference's answers from there, and --answers from a file that --save-answers wrote: both need no PyTorch.
"""

import argparse
import contextlib
import json
import pathlib
import shlex
import sys
import time

import answers
import documents
import expected_recipe_differences
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


# --- Saved answers ---------------------------------------------------------------------------------------------------


def save_answer(file, recipe, answer):
    """One line per answer, as reference_worker.py writes them."""
    file.write(json.dumps({"recipe": recipe, "answer": answer}) + "\n")


def load_answers(path):
    with path.open(encoding="utf-8") as file:
        for line in file:
            entry = json.loads(line)
            yield entry["recipe"], entry["answer"]


# --- The reference ---------------------------------------------------------------------------------------------------


class Reference:
    """Python's answers, from a process of its own, since PyTorch crashes on some recipes."""

    def __init__(self, process):
        self.died = []  # The requests on which the process died.
        self._process = process

    def ask_all(self, requests):
        """Yields the recipe and the answer for each request, None if the process died.

        The process works on the next request meanwhile.
        """
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
    def __init__(self, runner, expected, reference):
        self.passed = 0
        self.failed = 0
        self.examples = {}  # Kind of difference -> [how many recipes have it, the first of them, its difference]
        self._runner = runner
        self._expected = expected
        self._reference = reference

    def judge(self, recipe, reference):
        """Compares the runner's answer with the reference's, and counts it."""
        kinds = {}
        differences, in_graph = self._differences(recipe, reference)
        for difference in differences:
            kinds.setdefault(answers.kind_of(difference), difference)
        for kind, difference in kinds.items():
            self.examples.setdefault(kind, [0, recipe, difference])[0] += 1
        if in_graph is not None:
            self._expected.count(in_graph)
        self.count(not kinds)

    def count(self, passed):
        self.passed += passed
        self.failed += not passed

    def report(self, shrunk):
        """Prints every kind of difference once, the most frequent first."""
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
        """The unexpected differences; none if the reference cannot build the recipe."""
        reference = self._reference.ask(recipe)
        if reference is None or reference["error"] is not None:
            return []
        return self._differences(recipe, reference)[0]

    def _differences(self, recipe, reference):
        """The unexpected differences, and the expected ones; None for those if the runner has no answer."""
        try:
            ours = self._runner.ask(recipe)
        except runners.Died as died:
            how, details = died.args
            return [documents.Difference(recipe["name"], "runner", how, "an answer", details)], None
        except ValueError as error:
            return [documents.Difference(recipe["name"], "runner", "not JSON", "an answer", str(error))], None
        in_graph = self._expected.in_graph(recipe, reference, ours)
        return answers.compare(recipe, reference, ours, in_graph), in_graph


class Progress:
    """Prints progress on one line, if standard error is a terminal."""

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
    """Counts a check that is not a recipe."""
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
            print(f"{recipe['name']}: a step fails in the reference: {json.dumps(answer['error'])}")
        if answer is not None:
            judge.judge(recipe, answer)


def judge_answers(judge, recipes_and_answers):
    for recipe, answer in recipes_and_answers:
        judge.judge(recipe, answer)


def judge_all(judge, reference, arguments):
    """The fixed recipes and the random ones. Checks that the fixed ones are complete, and their golden file."""
    import recipe_cases
    import view_operators

    fixed = recipe_cases.recipes()
    count = 0 if arguments.fixed_only else arguments.count
    requests = [{"recipe": recipe} for recipe in fixed]
    requests += [{"seed": arguments.seed, "index": index} for index in range(count)]
    progress = Progress(len(requests))
    by_name = {}
    with contextlib.ExitStack() as files:
        saved = arguments.save_answers and files.enter_context(arguments.save_answers.open("w", encoding="utf-8"))
        for index, (recipe, answer) in enumerate(reference.ask_all(requests)):
            if answer is not None:
                judge.judge(recipe, answer)
                if saved:
                    save_answer(saved, recipe, answer)
                if index < len(fixed):
                    by_name[recipe["name"]] = answer
            progress.show(index + 1, judge.failed)

    names = [recipe["name"] for recipe in fixed]
    refused = [name for name in names if name not in by_name or by_name[name]["error"]]
    check(judge, not refused, f"recipe_cases.py: steps fail in the reference: {', '.join(refused)}")
    missing, unknown = view_operators.uncovered()
    check(judge, not missing, f"view_operators.py: neither recipes nor a reason to have none for {', '.join(missing)}")
    check(judge, not unknown, f"view_operators.py: these are not view operators: {', '.join(unknown)}")
    text = golden_text(fixed, by_name)
    if arguments.update_golden:
        GOLDEN.write_text(text, encoding="utf-8")
    same = GOLDEN.exists() and GOLDEN.read_text(encoding="utf-8") == text
    check(judge, same, "golden/recipes.json is not what the reference answers: run judge.sh --update-golden")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runner", required=True, help="the command to judge")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="of the random recipes; default: the time")
    parser.add_argument("--count", type=int, default=2000, help="how many random recipes")
    parser.add_argument("--fixed-only", action="store_true", help="no random recipes")
    parser.add_argument("--recipe", metavar="FILE", help="judge these recipes only, one per line")
    parser.add_argument("--golden", action="store_true", help="judge by golden/recipes.json, without PyTorch")
    parser.add_argument("--answers", metavar="FILE", type=pathlib.Path, help="judge by saved answers, without PyTorch")
    parser.add_argument("--save-answers", metavar="FILE", type=pathlib.Path, help="save the reference's answers")
    parser.add_argument("--update-golden", action="store_true", help="write golden/recipes.json")
    default = HERE / "expected_recipe_differences.json"
    parser.add_argument("--expected", metavar="FILE", type=pathlib.Path, default=default, help="expected differences")
    arguments = parser.parse_args()
    by_file = arguments.golden or arguments.answers
    if not (by_file or arguments.recipe):
        print(f"seed {arguments.seed}", flush=True)
    expected = expected_recipe_differences.ExpectedDifferences(arguments.expected)
    worker = shlex.join([sys.executable, str(HERE / "reference_worker.py")])
    with runners.Runner(arguments.runner) as runner, runners.Runner(worker) as process:
        reference = Reference(process)
        judge = Judge(runner, expected, reference)
        if arguments.recipe:
            judge_recipes(judge, reference, arguments)
        elif by_file:
            judge_answers(judge, load_golden() if arguments.golden else load_answers(arguments.answers))
        else:
            judge_all(judge, reference, arguments)
        for request, died in reference.died:
            print(f"left out, since PyTorch crashes on it: {json.dumps(request)}: {died.args[0]}")
        judge.report(0 if by_file else SHRUNK)
    print("recipes that needed each entry of expected_recipe_differences.json:")
    print("\n".join(expected.table()))
    if arguments.fixed_only or arguments.golden:
        for entry in expected.unused():
            check(judge, False, f"{arguments.expected.name}: no recipe needs this entry: {json.dumps(entry)}")
    print(f"{judge.passed} passed, {judge.failed} failed")
    sys.exit(1 if judge.failed else 0)


if __name__ == "__main__":
    main()
