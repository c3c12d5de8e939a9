"""What an experiment is made of: figures, one for each seed, and what was expected of them.

A module of this package states in its docstring a claim, its source and the recipe. Its function
``run(seeds)`` returns a `Result`: rows of measured figures, each with an `Expectation`, which has
a margin. Where it or the recipe was changed because of what was measured, the docstring says so.
`run_module` runs one module; ``python -m benchmarks.experiments`` runs them all.
"""

import importlib
import inspect
import math
import pkgutil
import re
import sys
import time
import traceback
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

PACKAGE = __package__
PARTS = ("Source", "Recipe", "Tried before")  # of a docstring, each a paragraph
CHANGED = "Changed"  # one more where recipe or expectations were, once figures had been seen


@dataclass(frozen=True)
class Expectation:
    """What figures should be like: within limits, of every seed or of the median. No NaN is.

    Plain data, since reports come from other processes.
    """

    text: str
    low: float
    high: float
    strict: bool  # the limits themselves are outside
    median: bool

    def holds(self, figures):
        figures = np.median(figures) if self.median else figures
        if self.strict:
            return bool(np.all((figures > self.low) & (figures < self.high)))
        return bool(np.all((figures >= self.low) & (figures <= self.high)))


def _expectation(text, low, high, strict, of):
    if of not in ("every seed", "median"):
        raise ValueError(f"of must be 'every seed' or 'median', not {of!r}")
    return Expectation(f"{text} ({of})", low, high, strict, of == "median")


def above(limit, of="every seed"):
    """Greater than the limit; infinite, as steps to a goal that was not reached, is greater too."""
    return _expectation(f"> {limit:g}", math.nextafter(limit, math.inf), math.inf, False, of)


def below(limit, of="every seed"):
    return _expectation(f"< {limit:g}", -math.inf, limit, True, of)


def between(low, high, of="every seed"):
    return _expectation(f"{low:g} to {high:g}", low, high, False, of)


def exactly(value):
    return _expectation(f"{value:g}", value, value, False, "every seed")


def never():
    """Of steps to a goal, infinite where it was not reached."""
    return _expectation("never", math.inf, math.inf, False, "every seed")


@dataclass(frozen=True)
class Row:
    """A quantity as it was measured; without an expectation it is shown, not judged."""

    quantity: str
    figures: np.ndarray  # (seeds,)
    expected: Expectation | None = None

    def __post_init__(self):
        object.__setattr__(self, "figures", np.atleast_1d(np.asarray(self.figures, float)))

    @property
    def holds(self):
        return self.expected is None or self.expected.holds(self.figures)

    @property
    def wanted(self):
        return self.expected.text if self.expected else "shown, not judged"

    @property
    def measured(self):
        """Median and range over the seeds; a single figure where all agree."""
        middle, low, high = (figure(pick(self.figures)) for pick in (np.median, np.min, np.max))
        return middle if low == middle == high else f"{middle} ({low} to {high})"

    @property
    def verdict(self):
        return "" if self.expected is None else "yes" if self.holds else "NO"


@dataclass(frozen=True)
class Result:
    rows: list
    remark: str = ""  # what did not show, or has to be said beside the figures

    @property
    def holds(self):
        return all(row.holds for row in self.rows)


class About(NamedTuple):
    """What a module's docstring says."""

    number: str  # "M1"
    claim: str
    parts: dict  # of PARTS, and CHANGED if there is one, to their text


@dataclass(frozen=True)
class Report:
    """An experiment that has run, or that broke off: then `error` says how."""

    about: About
    seconds: float
    result: Result | None = None
    error: str = ""

    @property
    def holds(self):
        return self.result is not None and self.result.holds


def figure(value):
    """Three digits; steps to a goal that was not reached are infinite."""
    if math.isinf(value):
        return "never" if value > 0 else "-inf"
    if value != 0 and abs(value) < 1e-3:
        return f"{value:.1e}"
    if abs(value) >= 1e6:
        return f"{value:.1e}"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def over(seeds, measure):
    """Run ``measure(seed)``, which returns a dict of figures, and line its figures up by name."""
    runs = [measure(seed) for seed in seeds]
    return {name: np.array([run[name] for run in runs], float) for name in runs[0]}


def modules():
    """The experiments' modules by number: ``{"M1": "m01_...", ...}``, in order."""
    names = [m.name for m in pkgutil.iter_modules(importlib.import_module(PACKAGE).__path__)]
    numbered = (re.match(r"m(\d\d)_", name) for name in sorted(names))
    return {f"M{int(match[1])}": match.string for match in numbered if match}


def about(module):
    """Take a module's docstring apart; ValueError if a part is missing."""
    number = f"M{int(module.__name__.rpartition('.')[2][1:3])}"
    claim, *paragraphs = inspect.cleandoc(module.__doc__).split("\n\n")
    parts = {}
    for paragraph in paragraphs:
        name, colon, text = paragraph.partition(": ")
        if colon and name in (*PARTS, CHANGED):
            parts[name] = " ".join(text.split())
    if missing := [name for name in PARTS if not parts.get(name)]:
        raise ValueError(f"{module.__name__}: the docstring has no {', '.join(missing)}")
    return About(number, " ".join(claim.split()).rstrip("."), parts)


def load(number):
    return importlib.import_module(f"{PACKAGE}.{modules()[number]}")


def run_module(module, shift=0):
    """Run one experiment; seeds are the module's own plus `shift`. An error is part of a report."""
    start = time.process_time()
    try:
        result, error = module.run([seed + shift for seed in module.SEEDS]), ""
    except Exception:
        result, error = None, traceback.format_exc(limit=-2)
    return Report(about(module), time.process_time() - start, result, error)


def run_numbered(number, shift=0):
    return run_module(load(number), shift)


def text(report):
    """A report for the terminal."""
    number, claim, parts = report.about
    verdict = "holds" if report.holds else "DOES NOT HOLD"
    lines = [f"{number}  {claim}", f"    {parts['Source']}  [{verdict}, {report.seconds:.1f} s]"]
    if report.result is None:
        return "\n".join([*lines, *("    " + line for line in report.error.splitlines())])
    cells = [("quantity", "expected", "measured: median (range)", "holds")]
    cells += [(r.quantity, r.wanted, r.measured, r.verdict) for r in report.result.rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        lines.append(f"    {line}".rstrip())
    if report.result.remark:
        lines.append(f"    Note: {report.result.remark}")
    if CHANGED in parts:
        lines.append(f"    Changed after figures were seen: {parts[CHANGED]}")
    return "\n".join(lines)


def main(module_name):
    """Run the module that is being executed, and exit with 1 if an expectation fails."""
    report = run_module(sys.modules[module_name] if module_name != "__main__" else _executed())
    print(text(report))
    sys.exit(not report.holds)


def _executed():
    return importlib.import_module(sys.modules["__main__"].__spec__.name)
