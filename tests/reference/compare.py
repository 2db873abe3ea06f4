"""Compares the output of `metaconv describe` with the Python reference's, for the same files.

Run by compare.sh, with the reference's Python:

    python compare.py --metaconv=PATH [--update-golden] NAME=PATH…

For each file, the reference's document and metaconv's are compared field by field. Every difference that is not in
expected_differences.json is printed, and every entry of that list that no file needs. A file that Python cannot load
has to be an error in metaconv, too.

Files named pypi/… have a golden file, with which `bazel test` compares metaconv without PyTorch. The golden files and
golden/inmemory.json have to be what the reference writes; --update-golden writes them.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import warnings

import describe_reference
import documents
import inmemory_reference

HERE = pathlib.Path(__file__).resolve().parent
SHOWN_PER_FILE = 40


def golden_path(name):
    """pypi/lpips/weights/v0.1/alex.pth -> golden/lpips-weights-v0.1-alex.pth.json"""
    return HERE / "golden" / (name.removeprefix("pypi/").replace("/", "-") + ".json")


def describe_ours(metaconv, path):
    """The document, or None and the error."""
    command = [metaconv, "describe", path, "--format=json", "--map-location=cpu"]
    result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if result.returncode != 0:
        return None, f"exit code {result.returncode}: {result.stderr.strip()}"
    try:
        return json.loads(result.stdout), None
    except ValueError as error:
        return None, f"not JSON: {error}"


def describe_reference_file(path):
    """The document, or None and the error."""
    try:
        return describe_reference.describe_file(path), None
    except Exception as error:  # Whatever a loader raises.
        return None, f"{type(error).__name__}: {error}".splitlines()[0]


def compare_file(metaconv, name, path):
    """The differences, and the outcome as a text to print."""
    reference, reference_refuses = describe_reference_file(path)
    ours, ours_refuses = describe_ours(metaconv, path)
    if reference is None and ours is None:
        return [], "refused by both"
    if reference is None or ours is None:
        outcomes = (reference_refuses or "read", ours_refuses or "read")
        return [documents.Difference(name, "document", "outcome", *outcomes)], ""
    count = f"{len(reference['tensors'])} tensors, {len(reference['storages'])} storages"
    return list(documents.compare(name, reference, ours)), count


def check_golden(name, text, path, update):
    """True if the golden file holds `text`."""
    if update:
        path.write_text(text, encoding="utf-8")
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return True
    print(f"FAILED {name}: {path.name} is not what the reference says: see compare.sh --update-golden")
    return False


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--metaconv", required=True, help="the program to judge")
    parser.add_argument("--update-golden", action="store_true")
    parser.add_argument("files", nargs="+", metavar="NAME=PATH")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")

    expected = documents.Expected(HERE / "expected_differences.json")
    outcomes = []
    for file in arguments.files:
        name, _, path = file.partition("=")
        if name.startswith("pypi/"):
            text = describe_reference.dump(describe_reference.describe_file(path))
            outcomes.append(check_golden(name, text, golden_path(name), arguments.update_golden))
        differences, note = compare_file(arguments.metaconv, name, path)
        unexpected = [difference for difference in differences if not expected.covers(difference)]
        for difference in unexpected[:SHOWN_PER_FILE]:
            print(difference)
        if len(unexpected) > SHOWN_PER_FILE:
            print(f"{name}: and {len(unexpected) - SHOWN_PER_FILE} more")
        if len(differences) > len(unexpected):
            note += f", {len(differences) - len(unexpected)} expected differences"
        print(f"{'FAILED' if unexpected else 'PASSED'} {name}: {note}", flush=True)
        outcomes.append(not unexpected)

    text = inmemory_reference.dump([inmemory_reference.run(case) for case in inmemory_reference.CASES])
    outcomes.append(check_golden("inmemory", text, HERE / "golden" / "inmemory.json", arguments.update_golden))

    for entry in expected.unused():
        print(f"FAILED expected_differences.json: no file differs like this any longer: {json.dumps(entry)}")
        outcomes.append(False)
    print(f"{sum(outcomes)} passed, {len(outcomes) - sum(outcomes)} failed")
    sys.exit(0 if all(outcomes) else 1)


if __name__ == "__main__":
    main()
