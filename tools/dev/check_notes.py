#!/usr/bin/env python3
"""Checks that each cited note exists exactly once.

A design decision is explained by a note in the file that implements it:

    // Note [Title]
    // The reference does this. We do that, because ...

Elsewhere it is cited as "see Note [Title]." A citation may contain a line break. The
heading of a note is alone on its line.
"""

import pathlib
import re
import subprocess
import sys

FILES = ["*.cc", "*.h", "*.cu", "*.py", "*.sh", "*.bzl", "*.md", "*BUILD*", ".bazelrc"]
# The comment marker at the start of a line, for citations that contain a line break.
COMMENT = r"[ \t]*(?://+|#+|\*+)?[ \t]*"
CITED = re.compile(rf"\bNote(?:\s|\n{COMMENT})+\[([^\[\]]+)\]")
DEFINED = re.compile(rf"^{COMMENT}Note \[([^\[\]]+)\][ \t]*$", re.MULTILINE)


def tracked_files():
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *FILES]
    names = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout.decode()
    return [pathlib.Path(name) for name in names.split("\0") if name]


def title_of(text):
    return re.sub(rf"\s*\n{COMMENT}\s*", " ", text)


def main():
    defined, cited = {}, {}
    for path in tracked_files():
        if not path.is_file():
            continue
        text = path.read_text(encoding="utf-8")
        for pattern, found in ((DEFINED, defined), (CITED, cited)):
            for match in pattern.finditer(text):
                line = 1 + text.count("\n", 0, match.start(1))
                # Skip text about notes in general, and the messages below.
                if match[1] in ("Title", "{title}"):
                    continue
                found.setdefault(title_of(match[1]), []).append(f"{path}:{line}")

    for title, places in defined.items():
        # The citation pattern matches headings too; remove them.
        cited[title] = [place for place in cited[title] if place not in places]

    problems = []
    for title, places in sorted(cited.items()):
        if title not in defined:
            problems.append(f"{places[0]}: Note [{title}] is cited but does not exist")
    for title, places in sorted(defined.items()):
        if len(places) > 1:
            problems.append(f"{places[1]}: Note [{title}] already exists at {places[0]}")
    print("\n".join(problems) or f"{len(defined)} notes checked, no problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
