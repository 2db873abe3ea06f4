#!/usr/bin/env python3
"""Each cited note exists, and exists once.

A decision is written where it was taken, under a heading of its own:

    // Note [Title]
    // The reference does this. We do that, because ...

and cited elsewhere as "see Note [Title]." A citation may run over a line break; a
heading has its line for itself.
"""

import pathlib
import re
import subprocess
import sys

FILES = ["*.cc", "*.h", "*.cu", "*.py", "*.sh", "*.bzl", "*.md", "*BUILD*", ".bazelrc"]
# The comment sign at the start of a line, so that text can run over lines.
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
                # Text about notes in general, and the messages below.
                if match[1] in ("Title", "{title}"):
                    continue
                found.setdefault(title_of(match[1]), []).append(f"{path}:{line}")

    for title, places in defined.items():
        # A heading reads as a citation too.
        cited[title] = [place for place in cited[title] if place not in places]

    problems = []
    for title, places in sorted(cited.items()):
        if title not in defined:
            problems.append(f"{places[0]}: Note [{title}] is cited and nowhere written")
    for title, places in sorted(defined.items()):
        if len(places) > 1:
            problems.append(f"{places[1]}: Note [{title}] is already at {places[0]}")
    print("\n".join(problems) or f"{len(defined)} notes, each written once")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
