"""Answers recipes with the Python reference, in a process of its own, since PyTorch crashes on some: see judge.py.

One JSON line in: {"recipe": RECIPE}, or {"seed": SEED, "index": INDEX} for a random one. One JSON line out:
{"recipe": RECIPE, "answer": ANSWER}.
"""

import json
import sys
import warnings

import random_recipes
import recipe as recipes


def main():
    warnings.simplefilter("ignore")
    for line in sys.stdin:
        request = json.loads(line)
        recipe = request.get("recipe") or random_recipes.generate(request["seed"], request["index"])
        print(json.dumps({"recipe": recipe, "answer": recipes.answer(recipe)}), flush=True)


if __name__ == "__main__":
    main()
