"""Building chapters, and telling whether what is built still fits the text."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat

from autograder.building.compare import compare
from autograder.building.execute import Progress, execute
from autograder.building.generate import generate
from autograder.building.roles import Exercises
from autograder.building.text import read_chapter
from autograder.course import Course, CourseError
from autograder.exercises import CHAPTERS, load
from autograder.files import write_whole


def _silent(message: str) -> None:
    pass


def build_chapters(
    course: Course, chapters: Sequence[str] = (), progress: Progress = _silent
) -> None:
    """Build the solution notebooks and what students get.

    Parameters
    ----------
    course : Course
    chapters : sequence of str
        Which; none for all.
    progress : callable
        Is told each cell, in a line, before it runs.

    Raises
    ------
    CourseError
        If a text is not a chapter or does not run; nothing of that chapter is then written.
    """
    for chapter in _chosen(course, chapters):
        with _built(course, chapter, progress) as built:
            for file, target in built.files(course):
                write_whole(target, file.read_bytes())


def check_chapters(
    course: Course, chapters: Sequence[str] = (), progress: Progress = _silent
) -> list[str]:
    """List where the notebooks differ from what `build_chapters` would write, a line each."""
    lines = []
    for chapter in _chosen(course, chapters):
        with _built(course, chapter, progress) as built:
            for file, target in built.files(course):
                name = target.relative_to(course.root)
                lines += [f"{name}: {what}" for what in _drifts(target, file)]
    return lines


def _chosen(course: Course, chapters: Sequence[str]) -> Sequence[str]:
    for chapter in chapters:
        course.require_assignment(chapter)
    if not (chosen := chapters or course.assignments()):
        raise CourseError(f"{course.source('.')}: there are no chapters here; add NN_topic/.")
    return chosen


@dataclass(frozen=True)
class _Built:
    """A chapter built in a temporary folder."""

    chapter: str
    source: Path
    release: Path

    def files(self, course: Course) -> Iterator[tuple[Path, Path]]:
        """Give each file that was built, with the place where it belongs."""
        name = f"{self.chapter}.ipynb"
        yield self.source / self.chapter / name, course.source(self.chapter) / name
        made = self.release / self.chapter
        for file in sorted(made.rglob("*")):
            if file.is_file():
                yield file, course.release(self.chapter) / file.relative_to(made)


@contextmanager
def _built(course: Course, chapter: str, progress: Progress) -> Iterator[_Built]:
    folder = course.source(chapter)
    text = read_chapter(folder / f"{chapter}.py", exercises_of(chapter))
    notebook = execute(text, progress)
    with tempfile.TemporaryDirectory() as scratch:
        built = _Built(chapter, Path(scratch, "source"), Path(scratch, "release"))
        shutil.copytree(folder, built.source / chapter)
        path = built.source / chapter / f"{chapter}.ipynb"
        path.write_text(nbformat.writes(notebook) + "\n", encoding="utf-8")
        generate(course, chapter, built.source, built.release)
        yield built


def exercises_of(chapter: str) -> Exercises:
    """Give the exercises of a chapter, none if it has none."""
    return load(chapter) if chapter in CHAPTERS else {}


def _drifts(path: Path, built: Path) -> list[Any]:
    """Compare a file with the one that was built."""
    remedy = "run `autograder build`"
    if not path.is_file():
        return [f"it is missing; {remedy}"]
    if path.suffix != ".ipynb":
        same = path.read_bytes() == built.read_bytes()
        return [] if same else [f"it differs from the solution's; {remedy}"]
    try:
        old = nbformat.read(path, as_version=nbformat.NO_CONVERT)
        return list(compare(old, nbformat.read(built, as_version=nbformat.NO_CONVERT)))
    except Exception as error:  # whatever is wrong with the old one
        return [f"it is not a notebook ({type(error).__name__}); {remedy}"]
