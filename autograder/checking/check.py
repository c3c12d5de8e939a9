"""``check(name, function)``: judge one function and say what is wrong with it."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from autograder.checking import seeds
from autograder.checking.exercise import Exercise, Finding, Mistake
from autograder.checking.outcome import Subject
from autograder.checking.report import Report


class Points(float):
    """What a check gives: the points, as a float that nbgrader can read, and why.

    maximum : the points of a right answer. passed : whether it is one.
    mistake : the name of the known mistake that the answer behaves like, or None.
    report : the whole `Report`.
    """

    maximum: float
    passed: bool
    mistake: str | None
    report: Report

    def __new__(cls, report: Report) -> Points:  # noqa: D102
        self = super().__new__(cls, report.points)
        self.maximum = report.maximum
        self.passed = report.status == "passed"
        self.mistake = report.mistake
        self.report = report
        return self

    def __repr__(self) -> str:
        return repr(float(self))

    __str__ = __repr__


def check(
    name: str,
    function: Callable[..., Any],
    forward: Callable[..., Any] | None = None,
    *,
    hidden: bool = False,
) -> Points:
    """Judge a student's function, show a report, and return the points.

    Parameters
    ----------
    name : str
        The exercise, which is the function's name in the course.
    function : callable
        The student's function. Whatever it does, the check does not raise on its account.
    forward : callable, optional
        For a backward pass: the student's own forward pass, whose gradient it must be.
    hidden : bool, default False
        Whether to try the cases that follow from the course's secret, too.

    Returns
    -------
    points : Points
        A float, with `maximum`, `passed`, `mistake` and `report`.

    Examples
    --------
    >>> points = check("activation_gain", lambda name, slope=0.01: 1.0)
    ✗ activation_gain: not right yet (0 of 1 points)
      On "relu": the result is 1, right is 1.41421.
    >>> points.passed
    False
    """
    points = judge(name, function, forward, hidden=hidden)
    _show(points.report)
    return points


def judge(
    name: str,
    function: Callable[..., Any],
    forward: Callable[..., Any] | None = None,
    *,
    hidden: bool = False,
) -> Points:
    """Do what `check` does, and show nothing."""
    exercise, references = _find(name)
    subject = Subject(function, references, forward)
    finding, secretly, notes = _examine(exercise, subject, hidden)
    if finding is None:
        status, points = "passed", float(exercise.points)
    else:
        status = finding.kind if finding.kind in ("blank", "refused") else "failed"
        points = 0.0
    report = Report(
        exercise=name,
        status=status,
        points=points,
        maximum=float(exercise.points),
        kind=finding.kind if finding else "",
        message=finding.message if finding else "",
        case=finding.case if finding else "",
        mistake=finding.mistake if finding else None,
        hint=finding.hint if finding else "",
        hidden=secretly,
        tested=tuple(probe.tested for probe in exercise.probes),
        notes=(*notes, *_notes(subject)),
    )
    return Points(report)


def yours(name: str, function: Callable[..., Any]) -> tuple[Callable[..., Any], str]:
    """Choose what an experiment runs on: the student's function if it is right, else the course's.

    Returns the function and whose it is, for the title of a plot.

    >>> function, whose = yours("activation_gain", lambda name, slope=0.01: 1.0)
    >>> whose
    "the course's"
    """
    if judge(name, function).passed:
        return function, "yours"
    return _find(name)[0].reference, "the course's"


def _find(name: str) -> tuple[Exercise, tuple[Callable[..., Any], ...]]:
    from autograder.exercises import chapter_of, load  # here, because they import this package

    try:
        chapter = load(chapter_of(name))
    except KeyError:
        from autograder.exercises import names

        close = difflib.get_close_matches(name, names(), n=1)
        did_you_mean = f"; did you mean {close[0]!r}?" if close else ""
        raise ValueError(f"there is no exercise called {name!r}{did_you_mean}") from None
    return chapter[name], tuple(exercise.reference for exercise in chapter.values())


def _examine(
    exercise: Exercise, subject: Subject, hidden: bool
) -> tuple[Finding | None, bool, tuple[str, ...]]:
    """Try the public cases, then the hidden ones: finding, whether it is hidden, notes."""
    if not callable(subject.function):
        kind = type(subject.function).__name__
        return Finding("type", f"{exercise.name} must be a function, not {kind}"), False, ()
    if subject.function in subject.references:
        message = "this is the course's own solution"
        return Finding("refused", message, hint="Write the function yourself."), False, ()
    if finding := first_finding(exercise, subject, seeds.PUBLIC):
        return _named(exercise, subject, finding, seeds.PUBLIC), False, ()
    if not hidden:
        return None, False, ()
    path = seeds.secret_path()
    secret = seeds.read_secret(path) if path else b"no secret"
    notes = () if path else ("no course secret was found: the hidden cases are not secret",)
    finding = first_finding(exercise, subject, secret)
    return finding and _named(exercise, subject, finding, secret), True, notes


def first_finding(exercise: Exercise, subject: Subject, secret: bytes) -> Finding | None:
    """Let the probes look at an answer, on the cases that follow from a secret."""
    for index, probe in enumerate(exercise.probes):
        if finding := probe.examine(subject, exercise, _draw(exercise, index, secret)):
            return replace(finding, probe=index)
    return None


def _draw(exercise: Exercise, index: int, secret: bytes) -> np.random.Generator:
    return seeds.generator(exercise.name, str(index), secret=secret)


def _named(exercise: Exercise, subject: Subject, finding: Finding, secret: bytes) -> Finding:
    """Add the known mistake that explains a finding, if there is one."""
    if finding.kind in ("blank", "refused"):
        return finding
    for mistake in exercise.mistakes:
        if _behaves_like(exercise, subject, mistake, finding.probe, secret) and (
            finding.mistake is None or _has_symptom(exercise, mistake, finding, secret)
        ):
            return replace(finding, mistake=mistake.name, hint=mistake.hint)
    return finding


def _behaves_like(
    exercise: Exercise, subject: Subject, mistake: Mistake, probe: int, secret: bytes
) -> bool:
    """Compare on all probes, the one that found something first because it tells most apart."""
    other = Subject(mistake.function, forward=mistake.forward)
    order = sorted(range(len(exercise.probes)), key=lambda index: index != probe)
    return all(
        exercise.probes[i].alike(subject, other, exercise, _draw(exercise, i, secret))
        for i in order
    )


def _has_symptom(exercise: Exercise, mistake: Mistake, finding: Finding, secret: bytes) -> bool:
    """Tell whether a mistake shows the symptom that was already found."""
    draw = _draw(exercise, finding.probe, secret)
    found = exercise.probes[finding.probe].examine(Subject(mistake.function), exercise, draw)
    return found is not None and found.mistake == finding.mistake


def _notes(subject: Subject) -> tuple[str, ...]:
    notes = [f"your function gave a warning: {w}" for w in subject.warnings[:3]]
    if printed := subject.printed.strip():
        first = printed.splitlines()[0][:100]
        more = " ..." if len(printed) > len(first) else ""
        notes.append(f"your function printed: {first}{more}")
    return tuple(notes)


def _show(report: Report) -> None:
    """Display in Jupyter, print elsewhere."""
    ipython = sys.modules.get("IPython")  # importing it would cost more than the check
    shell = ipython.get_ipython() if ipython else None
    if shell is not None and hasattr(shell, "kernel"):
        from IPython.display import display

        display(report.bundle(), raw=True)
    else:
        print(report.text())
