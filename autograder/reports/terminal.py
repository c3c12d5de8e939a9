"""A class's report as tables for the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from autograder.grading.result import Result, Status, Verdict
from autograder.reports.summary import Row, Summary, hint_of

MARKS = {
    Status.PASSED: ("✓", "green"),
    Status.FAILED: ("✗", "red"),
    Status.BLANK: ("○", "bright_black"),
    Status.REFUSED: ("⊘", "yellow"),
    Status.NOT_RUN: ("–", "magenta"),
}
_COLOURS = {
    Verdict.GRADED: "green",
    Verdict.BLANK: "bright_black",
    Verdict.GRADER_ERROR: "bold red",
}


def plain(text: str, limit: int = 200) -> str:
    """Make a line of what a student may have written: no control codes, no markup, not long."""
    line = "".join(c if c.isprintable() else " " for c in text)
    return line if len(line) <= limit else line[: limit - 1] + "…"


def verdict(found: Verdict | None) -> Text:
    """Show a verdict in its colour."""
    if found is None:
        return Text("not graded", style="yellow")
    return Text(found.words, style=_COLOURS.get(found, "yellow"))


def show(summary: Summary, console: Console) -> None:
    """Print a class's report."""
    console.print(_headline(summary))
    console.print(_distribution(summary), "")
    console.print(_exercises(summary), "")
    if summary.mistakes:
        console.print(_mistakes(summary), "")
    console.print(_students(summary), "")
    console.print(waiting([(row.student, row.reasons) for row in summary.waiting]))
    if summary.to_read:
        console.print(summary.to_read)


def _headline(summary: Summary) -> RenderableType:
    head = Text(summary.assignment, style="bold")
    facts = (
        f"{len(summary.rows)} submissions, mean {summary.mean:.1f} and median "
        f"{summary.median:g} of {summary.maximum:g} points, {summary.full} with all points"
    )
    counts = Text(", ").join(
        Text(f"{count} {found.words}", style=_COLOURS.get(found, "yellow"))
        for found, count in summary.verdicts.items()
    )
    return Group(head, facts, counts, "")


def _distribution(summary: Summary) -> Table:
    table = Table(box=None, padding=(0, 1), title="Scores", title_justify="left")
    table.title_style = "bold"
    table.add_column("points", justify="right")
    table.add_column("students")
    table.add_column("")
    most = max(bin.count for bin in summary.bins) or 1
    for found in summary.bins:
        bar = "█" * round(30 * found.count / most)
        table.add_row(found.label, Text(bar, style="cyan"), str(found.count))
    return table


def _exercises(summary: Summary) -> RenderableType:
    table = Table(title="Exercises", title_justify="left", title_style="bold")
    table.add_column("", justify="right")
    table.add_column("exercise", overflow="fold")
    for status in Status:
        mark, colour = MARKS[status]
        table.add_column(mark, justify="right", header_style=colour)
    table.add_column("mean", justify="right")
    for i, exercise in enumerate(summary.exercises, 1):
        counts = [str(exercise.counts.get(status, "") or "") for status in Status]
        mean = f"{exercise.mean:.1f} of {exercise.maximum:g}" if exercise.maximum else ""
        table.add_row(str(i), plain(exercise.name), *counts, mean)
    legend = Text("  ").join(
        Text(mark, style=colour).append(f" {status.words}", style="default")
        for status, (mark, colour) in MARKS.items()
    )
    return Group(table, legend)


def _mistakes(summary: Summary, most: int = 10) -> Table:
    table = Table(title="What was misunderstood most", title_justify="left", title_style="bold")
    table.add_column("", justify="right")
    table.add_column("exercise", overflow="fold")
    table.add_column("mistake and hint", ratio=1)
    for mistake in summary.mistakes[:most]:
        told = Text(f"{mistake.name}\n", style="red").append(hint_of(mistake), style="default")
        table.add_row(f"{len(mistake.students)} ×", mistake.exercise, told)
    return table


def _students(summary: Summary) -> Table:
    table = Table(title="Students", title_justify="left", title_style="bold")
    table.add_column("student")
    table.add_column("score", justify="right")
    table.add_column("".join(str(i % 10) for i in range(1, 1 + len(summary.exercises))))
    table.add_column("verdict")
    for row in summary.rows:
        score = "–" if row.score is None else f"{row.score:g}"
        table.add_row(Text(plain(row.student)), score, _marks(row, summary), verdict(row.verdict))
    return table


def _marks(row: Row, summary: Summary) -> Text:
    text = Text()
    for exercise in summary.exercises:
        cell = row.cells.get(exercise.name)
        text.append(*(MARKS[cell.status] if cell and cell.status else (" ", "default")))
    return text


def waiting(rows: Iterable[tuple[str, Sequence[str]]]) -> RenderableType:
    """Say who needs a person, and why."""
    found = list(rows)
    if not found:
        return Text("Nobody needs a person.", style="green")
    table = Table(
        title=f"Who needs a person, and why ({len(found)})",
        title_justify="left",
        title_style="bold",
    )
    table.add_column("student")
    table.add_column("why")
    for student, reasons in found:
        table.add_row(Text(plain(student)), Text("\n".join(map(plain, reasons))))
    return table


def graded(results: Sequence[Result]) -> RenderableType:
    """Show what grading gave, shorter than the report: verdicts, and who needs a person."""
    table = Table(title="Graded", title_justify="left", title_style="bold")
    for column, justify in (("verdict", "left"), ("submissions", "right"), ("mean", "right")):
        table.add_column(column, justify=justify)  # type: ignore[arg-type]
    for found in Verdict:
        points = [result.points for result in results if result.verdict is found]
        if points:
            mean = "–" if found is Verdict.GRADER_ERROR else f"{sum(points) / len(points):.1f}"
            table.add_row(verdict(found), str(len(points)), mean)
    people = [(result.student, result.needs_person) for result in results if result.needs_person]
    return Group(table, "", waiting(people))
