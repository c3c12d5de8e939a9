"""A class's report as one page that stands alone: no script, nothing loaded, all text escaped."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from autograder.course import Course
from autograder.files import write_whole
from autograder.grading.result import Status
from autograder.reports.summary import ExerciseSummary, Summary
from autograder.reports.terminal import MARKS, plain


def write(course: Course, summary: Summary, now: datetime | None = None) -> Path:
    """Write the page of an assignment, and tell where it is."""
    path = course.root / "reports" / f"{summary.assignment}.html"
    write_whole(path, render(summary, now))
    return path


def render(summary: Summary, now: datetime | None = None) -> str:
    """Give the page of an assignment as HTML."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        finalize=_printable,
    )
    environment.filters |= {"coded": _coded, "number": _number, "split": _split}
    number, _, topic = summary.assignment.partition("_")
    return environment.get_template("class.html.j2").render(
        summary=summary,
        title=f"{number} · {topic.replace('_', ' ')}",
        now=f"{now or datetime.now():%d %B %Y, %H:%M}",
        bins=summary.bins,
        most=max(found.count for found in summary.bins) or 1,
        statuses=tuple(Status),
        marks={status: mark for status, (mark, _) in MARKS.items()},
    )


def _printable(value: object) -> object:
    """Drop control codes from what students may have written."""
    return plain(value, 1_000) if type(value) is str else value


def _coded(text: str) -> Markup:
    """Escape a hint and set what stands in backticks as code."""
    parts = plain(text, 1_000).split("`")
    if len(parts) % 2 == 0:
        return escape(text)
    coded = (
        Markup("<code>{}</code>").format(p) if i % 2 else escape(p) for i, p in enumerate(parts)
    )
    return Markup("").join(coded)


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:g}"


def _split(exercise: ExerciseSummary) -> Iterator[tuple[Status, int, int]]:
    """Give the pieces of an exercise's bar: status, where it starts, how long it is."""
    start = 0
    for status, count in exercise.counts.items():
        yield status, start, count
        start += count
