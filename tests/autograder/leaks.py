"""Looking for what students must not get, line by line."""

import json
import re

FORBIDDEN = re.compile(r"hidden\s*=\s*True|(BEGIN|END) (SOLUTION|HIDDEN TESTS)")
_REGION = re.compile(r"^.*BEGIN SOLUTION.*\n((?:.*\n)*?).*END SOLUTION.*$", re.MULTILINE)


def secrets_of(solution):
    """The telling lines of a solution notebook's answers: long, and nowhere else in the open."""
    sources = [cell.source for cell in solution.cells]
    answers = [line.strip() for s in sources for region in _REGION.findall(s)
               for line in region.splitlines()]  # fmt: skip
    openly = "\n".join(_REGION.sub("", s) for s in sources)
    return {line for line in answers if len(line) >= 12 and line not in openly}


def leaks(solution, released):
    """What a released notebook gives away, a line each."""
    text = "\n".join(cell.source for cell in released.cells)
    metadata = json.dumps([released.metadata, *(cell.metadata for cell in released.cells)])
    found = [f"answer: {line}" for line in sorted(secrets_of(solution)) if line in text]
    found += [f"mark: {m.group()}" for m in FORBIDDEN.finditer(text)]
    found += ["jupytext's metadata"] if "jupytext" in metadata else []
    for cell in released.cells:
        if cell.get("outputs") or cell.get("execution_count") or cell.get("attachments"):
            found.append(f"output: {cell.id}")
    return found
