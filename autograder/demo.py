"""The whole way on a class that does not exist: released, handed in, graded, reported, compared."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from autograder.course import Course, CourseError
from autograder.grading import gradebook
from autograder.grading.result import Result
from autograder.simulate import Key

_MARK = ".this-is-a-demo"


def make(course: Course, folder: Path, assignment: str) -> Course:
    """Make a course for the demo, with one chapter of another; an earlier demo is replaced.

    Raises
    ------
    CourseError
        If something that is no demo lies there, or if the chapter is not built.
    """
    course.require_assignment(assignment)
    name = f"{assignment}.ipynb"
    for path in (course.source(assignment) / name, course.release(assignment) / name):
        if not path.is_file():
            raise CourseError(f"{path}: it is not there; run `autograder build {assignment}`.")
    if folder.exists():
        if any(folder.iterdir()) and not (folder / _MARK).exists():
            raise CourseError(
                f"{folder}: this folder is not a demo's; name another one with --folder."
            )
        shutil.rmtree(folder)
    demo = Course(folder.resolve())
    demo.root.mkdir(parents=True)
    (demo.root / _MARK).touch()
    shutil.copy(course.root / "nbgrader_config.py", demo.root)
    for original in (course.source(assignment), course.release(assignment)):
        shutil.copytree(original, demo.root / original.relative_to(course.root))
    return demo


@dataclass(frozen=True)
class Comparison:
    """What was graded beside what should have been.

    differences : one sentence for each student whose score or verdict is another than the key's.
    named, mistakes : how many of the known mistakes were named, of how many.
    """

    students: int
    differences: tuple[str, ...]
    named: int
    mistakes: int

    @property
    def equal(self) -> int:
        """How many students' scores equal the key."""
        return self.students - len(self.differences)


def compare(course: Course, key: Key, results: Iterable[Result]) -> Comparison:
    """Compare the gradebook and the results of a simulated class with its key."""
    scores = {
        marks.student: {mark.exercise: mark.score for mark in marks.marks}
        for marks in gradebook.marks(course, key.assignment)
    }
    found = {result.student: result for result in results}
    differences, named, mistakes = [], 0, 0
    for student, expected in key.students.items():
        result, score = found.get(student), scores.get(student, {})
        wrong = [
            f"{name} has {_points(score.get(name))}, not {exercise.points:g}"
            for name, exercise in expected.exercises.items()
            if score.get(name) != exercise.points
        ]
        verdict = result.verdict if result else None
        if verdict is not expected.verdict:
            was = verdict.words if verdict else "none"
            wrong.append(f"its verdict is {was}, not {expected.verdict.words}")
        if wrong:
            differences.append(f"{student}: {'; '.join(wrong)}")
        told = {e.name: e.mistake for e in result.exercises} if result else {}
        wanted = {n: e.mistake for n, e in expected.exercises.items() if e.mistake}
        mistakes += len(wanted)
        named += sum(told.get(name) == mistake for name, mistake in wanted.items())
    return Comparison(len(key.students), tuple(differences), named, mistakes)


def _points(score: float | None) -> str:
    return "no score" if score is None else f"{score:g} points"
