"""Releasing a chapter: nbgrader's gradebook learns it, and students can have it."""

from __future__ import annotations

import tempfile
from pathlib import Path

from autograder.building.generate import generate
from autograder.checking import seeds
from autograder.course import Course, CourseError
from autograder.files import write_whole


def release(course: Course, assignment: str, force: bool = False) -> Path:
    """Release an assignment as `nbgrader generate_assignment` does, and tell where it is.

    Doing it again changes nothing. The course's secret is made if there is none yet.

    Parameters
    ----------
    course : Course
    assignment : str
    force : bool, default False
        Whether to write over a released notebook that is not what nbgrader makes of the solution:
        somebody worked in it, or the solution was edited and not built.

    Returns
    -------
    path : Path
        The released notebook.

    Raises
    ------
    CourseError
        If there is nothing to release, nbgrader refuses, or the secret or the gradebook cannot be
        used. The released files are then as before.
    """
    course.require_assignment(assignment)
    name = f"{assignment}.ipynb"
    source = course.source(assignment)
    if not (source / name).is_file():
        raise CourseError(
            f"{source / name}: it is not built yet; run `autograder build {assignment}`."
        )
    try:
        seeds.create_secret(course.secret_file)
    except seeds.SecretError as error:
        raise CourseError(str(error)) from None
    except OSError as error:
        raise CourseError(
            f"{course.secret_file}: the course's secret cannot be made ({error.strerror}); make "
            "the course's folder writable."
        ) from None
    with tempfile.TemporaryDirectory() as scratch:
        made = Path(scratch, "release")
        generate(course, assignment, source.parent, made)
        if not force:
            _require_unedited(course.release(assignment) / name, made / assignment / name)
        generate(course, assignment, source.parent, Path(scratch, "registered"), register=True)
        for file in sorted((made / assignment).rglob("*")):
            if file.is_file():
                target = course.release(assignment) / file.relative_to(made / assignment)
                write_whole(target, file.read_bytes())
    return course.release(assignment) / name


def _require_unedited(path: Path, made: Path) -> None:
    if path.is_file() and path.read_bytes() != made.read_bytes():
        raise CourseError(
            f"{path}: it is not what nbgrader makes of the solution, because somebody worked in it "
            f"or the solution changed; run `autograder build {path.stem}`, or keep a copy and "
            "release with --force."
        )
