"""What is told of a class: computed from the gradebook and the kept results, shown elsewhere."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from autograder import exercises
from autograder.course import Course, CourseError
from autograder.grading import gradebook
from autograder.grading.execute import CHECK
from autograder.grading.gradebook import Mark, Marks
from autograder.grading.result import ExerciseResult, Result, Status, Verdict, load

_BINS = 10


@dataclass(frozen=True)
class Cell:
    """One student's exercise: what the gradebook says, and what the check found."""

    score: float
    maximum: float
    status: Status | None = None  # None: of a written answer, or not graded by this grader
    said: str = ""  # the mistake's name, or what was seen


@dataclass(frozen=True)
class Row:
    """One student: the score is the gradebook's, None where there is none yet.

    reasons : why a person should look. to_read : how many written answers wait to be read.
    """

    student: str
    score: float | None
    maximum: float
    verdict: Verdict | None
    cells: Mapping[str, Cell]
    reasons: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    to_read: int = 0


@dataclass(frozen=True)
class Misunderstanding:
    """A known mistake, and who made it."""

    exercise: str
    name: str
    hint: str
    students: tuple[str, ...]


@dataclass(frozen=True)
class ExerciseSummary:
    """How a class did one exercise.

    others : who failed without making a known mistake, by what was seen.
    """

    name: str
    maximum: float
    mean: float
    counts: Mapping[Status, int]
    mistakes: tuple[Misunderstanding, ...]
    others: tuple[tuple[str, tuple[str, ...]], ...]

    @property
    def graded(self) -> int:
        """How many submissions have a status for it."""
        return sum(self.counts.values())


@dataclass(frozen=True)
class Bin:
    """How many scores lie from low to high, both included."""

    low: float
    high: float
    count: int

    @property
    def label(self) -> str:
        """The range, in few characters."""
        return f"{self.low:g}" if self.low == self.high else f"{self.low:g}-{self.high:g}"


@dataclass(frozen=True)
class Summary:
    """All that the reports of an assignment say."""

    assignment: str
    maximum: float
    rows: tuple[Row, ...]
    exercises: tuple[ExerciseSummary, ...]

    @property
    def scores(self) -> list[float]:
        """All scores that there are."""
        return [row.score for row in self.rows if row.score is not None]

    @property
    def mean(self) -> float:
        """The mean score."""
        return statistics.fmean(self.scores) if self.scores else math.nan

    @property
    def median(self) -> float:
        """The median score."""
        return statistics.median(self.scores) if self.scores else math.nan

    @property
    def full(self) -> int:
        """How many have all points."""
        return sum(score >= self.maximum for score in self.scores)

    @property
    def verdicts(self) -> dict[Verdict, int]:
        """How many submissions met which verdict."""
        found = [row.verdict for row in self.rows]
        return {verdict: found.count(verdict) for verdict in Verdict if verdict in found}

    @property
    def waiting(self) -> tuple[Row, ...]:
        """The submissions that need a person."""
        return tuple(row for row in self.rows if row.reasons)

    @property
    def to_read(self) -> str:
        """Which written answers wait to be read, in a sentence; empty if none do."""
        counts = [row.to_read for row in self.rows if row.to_read]
        if not counts:
            return ""
        answers, students = _count(sum(counts), "written answer"), _count(len(counts), "student")
        return f"In formgrader, {answers} of {students} can be read and graded."

    @property
    def mistakes(self) -> tuple[Misunderstanding, ...]:
        """The known mistakes that were made, the most frequent first."""
        found = [mistake for exercise in self.exercises for mistake in exercise.mistakes]
        return tuple(sorted(found, key=lambda m: -len(m.students)))

    @property
    def bins(self) -> tuple[Bin, ...]:
        """How the scores are distributed; full marks are a bin of their own."""
        return distribution(self.scores, self.maximum)


def summarize(course: Course, assignment: str) -> Summary:
    """Read what is known of an assignment's grades; refuse if nothing is."""
    course.require_assignment(assignment)
    everybody = gradebook.marks(course, assignment)
    handed_in = course.students(assignment)
    if not everybody:
        raise CourseError(
            f"{gradebook.file(course) or 'gradebook'}: no grades for {assignment} yet; run "
            f"`autograder grade {assignment}`."
        )
    ids = [marks.student for marks in everybody]
    results = {student: load(course, assignment, student) for student in (*ids, *handed_in)}
    rows = [_row(marks, results[marks.student]) for marks in everybody]
    maximum = max(row.maximum for row in rows)
    rows += [_ungraded(s, results[s], maximum) for s in handed_in if s not in ids]
    return Summary(
        assignment,
        maximum,
        tuple(sorted(rows, key=lambda row: row.student)),
        _exercises(assignment, everybody, rows),
    )


def _row(marks: Marks, result: Result | None) -> Row:
    found = {e.name: e for e in result.exercises} if result else {}
    failed = result is not None and result.verdict is Verdict.GRADER_ERROR
    waiting = [mark for mark in marks.marks if mark.needs_person]
    checks = [mark for mark in waiting if mark.name.startswith(CHECK)]
    return Row(
        marks.student,
        None if failed else marks.score,
        marks.maximum,
        result.verdict if result else None,
        {mark.exercise: _cell(mark, found.get(mark.exercise)) for mark in marks.marks},
        _reasons(result) if failed or checks else (),
        result.notes if result else (),
        len(waiting) - len(checks),
    )


def _reasons(result: Result | None) -> tuple[str, ...]:
    if result is None or not result.needs_person:
        return ("a check waits for a grade in formgrader",)
    if result.verdict is Verdict.GRADER_ERROR:
        return tuple(f"the grader failed: {reason}" for reason in result.needs_person)
    return result.needs_person


def _ungraded(student: str, result: Result | None, maximum: float) -> Row:
    if result is not None and result.verdict is Verdict.GRADER_ERROR:
        return Row(student, None, maximum, result.verdict, {}, _reasons(result))
    return Row(student, None, maximum, None, {}, ("handed in, but not graded yet",))


def _cell(mark: Mark, found: ExerciseResult | None) -> Cell:
    if found is None:
        return Cell(mark.score, mark.maximum)
    said = found.mistake or ("" if found.status is Status.PASSED else found.message)
    return Cell(mark.score, mark.maximum, found.status, said)


def _exercises(
    assignment: str, everybody: Sequence[Marks], rows: Sequence[Row]
) -> tuple[ExerciseSummary, ...]:
    graded = [row for row in rows if row.score is not None]
    return tuple(
        _exercise(assignment, mark, [row for row in graded if mark.exercise in row.cells])
        for mark in max((marks.marks for marks in everybody), key=len)
    )


def _exercise(assignment: str, mark: Mark, rows: Sequence[Row]) -> ExerciseSummary:
    name = mark.exercise
    hints = _hints(assignment, name)
    cells = {row.student: row.cells[name] for row in rows}
    statuses = [cell.status for cell in cells.values()]
    said: dict[str, list[str]] = {}
    for student, cell in cells.items():
        if cell.status is Status.FAILED:
            said.setdefault(cell.said or "not right", []).append(student)
    by_count = sorted(said.items(), key=lambda item: (-len(item[1]), item[0]))
    return ExerciseSummary(
        name,
        mark.maximum,
        statistics.fmean(cell.score for cell in cells.values()) if cells else math.nan,
        {status: statuses.count(status) for status in Status if status in statuses},
        tuple(
            Misunderstanding(name, mistake, hints[mistake], tuple(students))
            for mistake, students in by_count
            if mistake in hints
        ),
        tuple((text, tuple(students)) for text, students in by_count if text not in hints),
    )


def _hints(assignment: str, exercise: str) -> dict[str, str]:
    """Give the hints of an exercise's known mistakes: a name that is not there was forged."""
    if assignment not in exercises.CHAPTERS or exercise not in exercises.load(assignment):
        return {}
    return {m.name: m.hint for m in exercises.load(assignment)[exercise].mistakes}


def distribution(scores: Sequence[float], maximum: float) -> tuple[Bin, ...]:
    """Count scores in some ten ranges of whole points; the last is full marks.

    >>> [(b.label, b.count) for b in distribution([0, 3, 4, 4], 4)]
    [('0', 1), ('1', 0), ('2', 0), ('3', 1), ('4', 2)]
    >>> [b.label for b in distribution([], 20)][-3:]
    ['16-17', '18-19', '20']
    """
    top = max(1, math.ceil(maximum))
    width = max(1, math.ceil(top / _BINS))
    edges = [*range(0, top, width), top]
    places = [
        top if score >= maximum else max(0, min(math.floor(score), top - 1)) for score in scores
    ]
    return tuple(
        Bin(low, high - 1, sum(low <= place < high for place in places))
        for low, high in zip(edges, [*edges[1:], top + 1], strict=True)
    )


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}" + ("" if number == 1 else "s")


def hint_of(mistake: Misunderstanding) -> str:
    """Give a hint as plain text, without the marks of code."""
    return " ".join(mistake.hint.replace("`", "").split())
