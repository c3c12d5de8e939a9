"""Grading one submission by nbgrader's own Autograde step; runs in a worker's process."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell
from sqlalchemy.exc import OperationalError

from autograder.course import Course
from autograder.grading import gradebook, outcome, submission
from autograder.grading.graft import graft
from autograder.grading.result import Result, Status, Task, Verdict

_STAGED = ".autograder/staged"
_ATTEMPTS = 3


def grade(task: Task) -> Result:
    """Grade a submission: repaired, run, scored, recorded in the gradebook."""
    course, began = Course(Path(task.root)), time.monotonic()
    released = nbformat.read(
        course.release(task.assignment) / f"{task.assignment}.ipynb", as_version=4
    )
    notebook, notes, problem = _prepared(course, task, released)
    with _staged(course, task, notebook) as note:
        _autograde(course, task)
    path = course.autograded(task.student, task.assignment) / f"{task.assignment}.ipynb"
    found = outcome.read(nbformat.read(path, as_version=4), released)
    if problem is not None:
        verdict, reason = problem
        found = outcome.Outcome(
            verdict,
            tuple(
                replace(exercise, status=Status.NOT_RUN, kind="not run", message=reason)
                for exercise in found.exercises
            ),
            (reason,),
            _checks(released),
        )
    if found.flagged:
        gradebook.flag(course, task.assignment, task.student, found.flagged)
    return Result(
        student=task.student,
        assignment=task.assignment,
        verdict=found.verdict,
        exercises=found.exercises,
        seconds=round(time.monotonic() - began, 2),
        needs_person=found.reasons,
        notes=(*notes, *note),
    )


def _checks(released: NotebookNode) -> tuple[str, ...]:
    """List the checks of a notebook."""
    found = (cell.metadata.get("nbgrader", {}) for cell in released.cells)
    return tuple(
        nbgrader["grade_id"]
        for nbgrader in found
        if nbgrader.get("grade") and not nbgrader.get("solution")
    )


def _prepared(
    course: Course, task: Task, released: NotebookNode
) -> tuple[NotebookNode, tuple[str, ...], tuple[Verdict, str] | None]:
    """Make the notebook that is graded: the released one with the student's answers in it.

    Where there are none to be had it is the empty one, which says why: nbgrader then records a
    submission without points, and formgrader and the feedback show the reason.
    """
    if task.given_up:
        return _empty(released, task.given_up), (), (Verdict.TIMED_OUT, task.given_up)
    try:
        folder = course.submission(task.student, task.assignment)
        handed = submission.read(folder, task.assignment)
    except submission.Unreadable as error:
        return _empty(released, str(error)), (), (Verdict.UNREADABLE, str(error))
    notebook, notes = graft(released, handed.cells)
    return notebook, (*handed.notes, *notes), None


def _empty(released: NotebookNode, reason: str) -> NotebookNode:
    notebook, _ = graft(released, submission.cells_of(released))
    text = f"**This submission could not be graded: {reason}.** Below is the empty notebook."
    notebook.cells.insert(0, new_markdown_cell(text, id="not-graded"))
    return notebook


@contextmanager
def _staged(course: Course, task: Task, notebook: NotebookNode) -> Iterator[tuple[str, ...]]:
    """Put a notebook where nbgrader finds it, with the time it was handed in and nothing else."""
    folder = course.root / _STAGED / task.student / task.assignment
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    nbformat.write(notebook, folder / f"{task.assignment}.ipynb")
    given = course.submission(task.student, task.assignment) / submission.TIMESTAMP
    stamp, notes = _timestamp(given)
    if stamp:
        (folder / submission.TIMESTAMP).write_text(stamp)
    try:
        yield notes
    finally:
        shutil.rmtree(folder.parent, ignore_errors=True)


def _timestamp(path: Path) -> tuple[str, tuple[str, ...]]:
    from nbgrader.utils import parse_utc

    if path.is_symlink() or not path.is_file():
        return "", ()
    try:
        text = path.read_bytes()[:200].decode().strip()
        if text:
            parse_utc(text)
        return text, ()
    except Exception:  # dateutil raises many kinds
        return "", (f"{path.name} is no time, and was not used",)


def _autograde(course: Course, task: Task) -> None:
    """Run nbgrader's step; another process that holds the gradebook is waited for."""
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            with _kernel_files() as config, gradebook.quiet():
                _converter(course, task, config).start()
            return
        except Exception as error:
            if attempt == _ATTEMPTS or not _was_locked(error):
                raise
            time.sleep(attempt)


def _was_locked(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, OperationalError) and "locked" in str(error):
            return True
        error = error.__cause__ or error.__context__
    return False


def _converter(course: Course, task: Task, settings: dict[str, str]) -> Any:
    from nbgrader.converters import Autograde
    from nbgrader.coursedir import CourseDirectory
    from traitlets.config import Config

    config = Config(course.config)
    config.CourseDirectory.submitted_directory = _STAGED
    config.CourseDirectory.db_url = gradebook.url(course)
    config.KernelManager.update(settings)
    directory = CourseDirectory(config=config)
    directory.assignment_id = task.assignment
    directory.student_id = task.student
    directory.notebook_id = task.assignment
    converter = of_one(Autograde, course.root / _STAGED / task.student / task.assignment)(
        coursedir=directory, config=config
    )
    converter.force = True
    return converter


def of_one(kind: Any, folder: Path) -> Any:
    """Make of a converter of nbgrader's one that takes a single folder.

    nbgrader looks for files by patterns, in which a student's id may be no letter to itself.
    """

    class One(kind):  # type: ignore[misc]
        def init_notebooks(self) -> None:
            self.assignments = {str(folder): [str(folder / f"{folder.name}.ipynb")]}
            self.notebooks: list[str] = []

    return One


@contextmanager
def _kernel_files() -> Iterator[dict[str, str]]:
    """Give a kernel a private folder for its sockets and IPython's files, and remove it after.

    Sockets in a private folder, not TCP ports: two kernels that start at once never want the same
    one. A fresh IPython folder: what a submission plants in there ends with it.
    """
    folder = tempfile.mkdtemp(prefix="grade-")
    before = os.environ.get("IPYTHONDIR")
    os.environ["IPYTHONDIR"] = os.path.join(folder, "ipython")
    try:
        yield {"transport": "ipc", "connection_file": os.path.join(folder, "kernel.json")}
    finally:
        if before is None:
            del os.environ["IPYTHONDIR"]
        else:
            os.environ["IPYTHONDIR"] = before
        shutil.rmtree(folder, ignore_errors=True)
