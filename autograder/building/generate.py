"""What students get, made by nbgrader's own `generate_assignment`."""

from __future__ import annotations

import contextlib
import copy
import logging
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from nbgrader.converters import GenerateAssignment
from nbgrader.converters.base import NbGraderException
from nbgrader.coursedir import CourseDirectory

from autograder.course import Course, CourseError


def generate(
    course: Course, assignment: str, source: Path, target: Path, *, register: bool = False
) -> None:
    """Make ``target/assignment`` out of ``source/assignment``.

    Parameters
    ----------
    course : Course
        Whose settings are used.
    assignment : str
    source, target : Path
        Folders of assignments. The course's own are not touched, so that nothing is lost if
        nbgrader, which removes what it failed to make, gives up half-way.
    register : bool, default False
        Whether to write the assignment, its cells and hidden tests into the course's gradebook.

    Raises
    ------
    CourseError
        If nbgrader refuses; its own words are in ``.autograder/nbgrader.log``.
    """
    config = copy.deepcopy(course.config)
    config.CourseDirectory.source_directory = str(source.resolve())
    config.CourseDirectory.release_directory = str(target.resolve())
    config.CourseDirectory.assignment_id = assignment
    if not register:
        config.GenerateAssignment.no_database = True
        config.SaveCells.enabled = False
    with _at_work(course) as log:
        directory = CourseDirectory(config=config, log=log)
        converter = GenerateAssignment(coursedir=directory, config=config, log=log)
        try:
            converter.start()
        except NbGraderException as error:
            raise _sentence(course, assignment, log.errors or [str(error)]) from error


class _Log(logging.Logger):
    """Nbgrader's log: into the course's file, not the terminal, and errors are remembered."""

    def __init__(self, path: Path) -> None:
        super().__init__("autograder.nbgrader", logging.INFO)
        self.errors: list[str] = []
        path.parent.mkdir(parents=True, exist_ok=True)
        handler = logging.FileHandler(path, encoding="utf-8")
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
        self.addHandler(handler)

    def handle(self, record: logging.LogRecord) -> None:
        """Remember an error, and pass the record on."""
        if record.levelno >= logging.ERROR:
            self.errors.append(record.getMessage())
        super().handle(record)


@contextlib.contextmanager
def _at_work(course: Course) -> Iterator[_Log]:
    """Give a converter what it needs, and undo what it does to the process."""
    log = _Log(course.state / "nbgrader.log")
    environment = dict(os.environ)
    # A new gradebook runs `alembic`, which lies beside this Python and maybe not on the path.
    tools = str(Path(sys.executable).parent)
    os.environ["PATH"] = os.pathsep.join([tools, os.environ.get("PATH", "")])
    try:
        with contextlib.chdir(course.root):
            yield log
    finally:
        os.environ.clear()
        os.environ.update(environment)
        for handler in log.handlers:
            handler.close()


def _sentence(course: Course, assignment: str, errors: list[str]) -> CourseError:
    """Say in a sentence why nbgrader refused, and what to do."""
    text = "\n".join(errors)
    causes = re.findall(r"^([\w.]*(?:Error|Exception|Entry)): (.+)$", text, re.MULTILINE)
    kind, reason = causes[-1] if causes else ("", errors[0].splitlines()[0])
    if kind.startswith(("sqlalchemy", "sqlite3", "psycopg")):
        return CourseError(
            f"{course.database}: the gradebook cannot be used ({reason.strip()}); check that the "
            "file is a gradebook, that you may write to it, and that no other program holds it."
        )
    if "submissions" in reason:
        return CourseError(
            f"{course.source(assignment)}: cells were added, removed or renamed, but the gradebook "
            "has submissions for the old ones; take the change back, release it under a new name, "
            f"or give the grades up with `nbgrader db assignment remove {assignment} --force`."
        )
    return CourseError(
        f"{course.source(assignment)}: nbgrader cannot release it ({reason.strip()}); see "
        f"{course.state / 'nbgrader.log'}."
    )
