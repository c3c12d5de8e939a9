"""nbgrader's gradebook: opened with care, read for reports, and marked where a person must look."""

from __future__ import annotations

import os
import sqlite3
import sys
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy.exc import DatabaseError, SAWarning

from autograder.course import Course, CourseError
from autograder.grading.execute import CHECK

_SQLITE = "sqlite:///"
#: How many seconds to wait for another process that is writing.
PATIENCE = 60
#: The same, before anything was begun.
SHORT_PATIENCE = 5.0


def url(course: Course, patience: int = PATIENCE) -> str:
    """Give the gradebook's URL; with SQLite, so that one waits for others instead of failing."""
    database = course.database
    if database.startswith(_SQLITE) and "?" not in database:
        return f"{database}?timeout={patience}"
    return database


def file(course: Course) -> Path | None:
    """Give the gradebook's file; None if it lives on a server."""
    path = course.database.removeprefix(_SQLITE)
    return Path(path) if path != course.database else None


def explained(course: Course, error: BaseException) -> CourseError:
    """Say what is wrong with the gradebook, and what to do."""
    reason = str(getattr(error, "orig", None) or error).splitlines()[0]
    remedy = {
        "database is locked": "another program is writing to it: close it (formgrader?) and repeat",
        "attempt to write a readonly database": "give yourself write permission",
        "unable to open database file": "it must be a file in a folder that you can write to",
        "file is not a database": "restore it from your backup, or move it away to begin anew",
        "database disk image is malformed": "restore it from your backup",
        "no such column": "it is of an older nbgrader: make a copy, then `nbgrader db upgrade`",
    }
    advice = next((text for key, text in remedy.items() if key in reason), "see --debug")
    where = file(course) or _without_password(course.database)
    return CourseError(f"{where}: the gradebook cannot be used ({reason}); {advice}.")


def _without_password(database: str) -> str:
    from sqlalchemy.engine import make_url

    return str(make_url(database).render_as_string(hide_password=True))


def require_writable(course: Course) -> None:
    """Refuse a gradebook that could not be written to, before anything else is done."""
    path = file(course)
    if path is None:
        with opened(course):
            return
    if path.exists() and not os.access(path, os.W_OK):
        raise explained(course, sqlite3.OperationalError("attempt to write a readonly database"))
    if not path.exists():
        if not os.access(path.parent, os.W_OK):
            raise explained(course, sqlite3.OperationalError("unable to open database file"))
        return
    try:
        connection = sqlite3.connect(path, timeout=SHORT_PATIENCE, isolation_level=None)
        try:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
        finally:
            connection.close()
    except sqlite3.DatabaseError as error:
        raise explained(course, error) from error


@contextmanager
def quiet() -> Iterator[None]:
    """Silence what SQLAlchemy says of nbgrader's own habits."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SAWarning)
        yield


@contextmanager
def opened(course: Course) -> Iterator[Any]:
    """Open the gradebook, making one where there is none."""
    from nbgrader.api import Gradebook

    # nbgrader runs `alembic` by name when it makes a new gradebook.
    beside = str(Path(sys.executable).parent)
    if beside not in os.environ.get("PATH", "").split(os.pathsep):
        os.environ["PATH"] = os.pathsep.join([beside, os.environ.get("PATH", "")])
    with quiet():
        try:
            with Gradebook(url(course), course.nbgrader.course_id) as gradebook:
                yield gradebook
        except DatabaseError as error:
            raise explained(course, error) from error


def is_released(course: Course, assignment: str) -> bool:
    """Tell whether an assignment is in the gradebook, with its cells, and its folder is there."""
    from nbgrader.api import MissingEntry

    path = file(course)
    if path is not None and not path.exists():
        return False
    if not (course.release(assignment) / f"{assignment}.ipynb").is_file():
        return False
    with opened(course) as gradebook:
        try:
            return bool(gradebook.find_notebook(assignment, assignment).grade_cells)
        except MissingEntry:
            return False


def cells(course: Course, assignment: str) -> list[tuple[str, str, str]]:
    """List the cells of an assignment that a grade follows from: name, text, checksum."""
    with opened(course) as gradebook:
        notebook = gradebook.find_notebook(assignment, assignment)
        return sorted((c.name, c.source or "", c.checksum or "") for c in notebook.source_cells)


def submitted(course: Course, assignment: str) -> set[str]:
    """List the students who have a graded submission in the gradebook."""
    from nbgrader.api import MissingEntry

    with opened(course) as gradebook:
        try:
            return {s.student_id for s in gradebook.find_assignment(assignment).submissions}
        except MissingEntry:
            return set()


def flag(course: Course, assignment: str, student: str, grade_ids: Iterable[str]) -> None:
    """Show checks in formgrader as needing a person's grade; what they earned stays."""
    wanted = set(grade_ids)
    with opened(course) as gradebook:
        notebook = gradebook.find_submission_notebook(assignment, assignment, student)
        for grade in notebook.grades:
            if grade.name in wanted:
                grade.auto_score = grade.auto_score or 0.0
                grade.needs_manual_grade = True
        gradebook.db.commit()


@dataclass(frozen=True)
class Mark:
    """One graded cell of a student, as the gradebook has it, a person's corrections included."""

    name: str
    score: float
    maximum: float
    needs_person: bool = False

    @property
    def exercise(self) -> str:
        """The exercise, or the name of a written answer's cell."""
        return self.name.removeprefix(CHECK)


@dataclass(frozen=True)
class Marks:
    """A student's marks for an assignment; the score is less what handing in late costs."""

    student: str
    marks: tuple[Mark, ...]
    penalty: float = 0.0

    @property
    def score(self) -> float:
        """The student's points."""
        return sum(mark.score for mark in self.marks) - self.penalty

    @property
    def maximum(self) -> float:
        """The points that there are."""
        return sum(mark.maximum for mark in self.marks)

    @property
    def needs_person(self) -> bool:
        """Whether some cell waits for a person."""
        return any(mark.needs_person for mark in self.marks)


def marks(course: Course, assignment: str) -> list[Marks]:
    """Read everybody's marks, in the order of the students' ids and of the notebook's cells."""
    from nbgrader.api import Grade, MissingEntry, SubmittedAssignment, SubmittedNotebook
    from sqlalchemy.orm import joinedload, selectinload

    with opened(course) as gradebook:
        try:
            chapter = gradebook.find_assignment(assignment)
            order = [c.name for c in gradebook.find_notebook(assignment, assignment).source_cells]
        except MissingEntry:
            return []
        found = (
            gradebook.db.query(SubmittedAssignment)
            .filter(SubmittedAssignment.assignment_id == chapter.id)
            .options(
                selectinload(SubmittedAssignment.notebooks)
                .selectinload(SubmittedNotebook.grades)
                .options(joinedload(Grade.cell))
            )
            .all()
        )
        position = {name: i for i, name in enumerate(order)}
        return sorted(
            (_marks(submission, position) for submission in found), key=lambda m: m.student
        )


def _marks(submission: Any, position: dict[str, int]) -> Marks:
    grades = [grade for notebook in submission.notebooks for grade in notebook.grades]
    return Marks(
        submission.student_id,
        tuple(
            Mark(g.cell.name, g.score, g.cell.max_score, bool(g.needs_manual_grade))
            for g in sorted(grades, key=lambda g: position.get(g.cell.name, len(position)))
        ),
        sum(notebook.late_submission_penalty or 0.0 for notebook in submission.notebooks),
    )
