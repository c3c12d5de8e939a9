"""What grading one submission gave: values that are written as JSON and read back."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

from autograder.course import Course
from autograder.files import write_whole

_FORMAT = 1


class Verdict(StrEnum):
    """What became of a submission; there are no others.

    All but `GRADER_ERROR` end in a grade. That one is ours: never a zero, and tried again.
    """

    GRADED = "graded"
    BLANK = "blank"
    UNREADABLE = "unreadable"
    TIMED_OUT = "timed_out"
    OUT_OF_MEMORY = "out_of_memory"
    TOO_MUCH_OUTPUT = "too_much_output"
    DIED = "died"
    GRADER_ERROR = "grader_error"

    @property
    def words(self) -> str:
        """The verdict as people read it."""
        return self.value.replace("_", " ")

    @property
    def ordinary(self) -> bool:
        """Whether no person needs to look on account of the verdict alone."""
        return self in (Verdict.GRADED, Verdict.BLANK)


class Status(StrEnum):
    """What became of one exercise; the first four are a check's own words."""

    PASSED = "passed"
    FAILED = "failed"
    BLANK = "blank"
    REFUSED = "refused"
    NOT_RUN = "not_run"

    @property
    def words(self) -> str:
        """The status as people read it."""
        return self.value.replace("_", " ")


@dataclass(frozen=True)
class ExerciseResult:
    """One exercise of one submission.

    kind : what was wrong, in the words of `autograder.checking.exercise.Finding`, and besides
        "timeout", "memory", "died" and "syntax"; empty when passed.
    mistake : the name of the known mistake that the answer behaves like, or None.
    """

    name: str
    status: Status
    points: float
    maximum: float
    kind: str = ""
    mistake: str | None = None
    message: str = ""


@dataclass(frozen=True)
class Result:
    """One submission, graded.

    seconds : how long it took, kernel and all.
    needs_person : why somebody should look, a sentence each.
    notes : what was put right or left out, for which nobody need look.
    inputs : tells whether it must be graded again: a digest of all that the grade follows from.
    """

    student: str
    assignment: str
    verdict: Verdict
    exercises: tuple[ExerciseResult, ...] = ()
    seconds: float = 0.0
    needs_person: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    inputs: str = ""

    @property
    def points(self) -> float:
        """The points that the checks gave."""
        return sum(exercise.points for exercise in self.exercises)

    @property
    def maximum(self) -> float:
        """The points that the checks can give."""
        return sum(exercise.maximum for exercise in self.exercises)

    def to_json(self) -> str:
        """Write as JSON, which `from_json` reads."""
        return json.dumps({"format": _FORMAT, **asdict(self)}, indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Result:
        """Read what `to_json` wrote; ValueError for anything else."""
        try:
            fields = json.loads(text)
            if fields.pop("format") != _FORMAT:
                raise ValueError("another format")
            fields["verdict"] = Verdict(fields["verdict"])
            fields["exercises"] = tuple(
                ExerciseResult(**{**exercise, "status": Status(exercise["status"])})
                for exercise in fields["exercises"]
            )
            fields["needs_person"] = tuple(fields["needs_person"])
            fields["notes"] = tuple(fields["notes"])
            return cls(**fields)
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"not a result: {error!r}") from None


@dataclass(frozen=True)
class Task:
    """One submission to be graded.

    root : the course's folder.
    given_up : why an attempt was broken off, if one was: then no code of the student's runs again,
        the submission gets no points, and a person is asked to look.
    """

    root: str
    assignment: str
    student: str
    given_up: str = ""


def _path(course: Course, assignment: str, student: str) -> Path:
    return course.state / "results" / assignment / f"{student}.json"


def store(course: Course, result: Result) -> None:
    """Keep a result where reports look for it, instead of the one before."""
    write_whole(_path(course, result.assignment, result.student), result.to_json())


def load(course: Course, assignment: str, student: str) -> Result | None:
    """Read the kept result of a submission; None if there is none that can be read."""
    try:
        return Result.from_json(_path(course, assignment, student).read_text())
    except (OSError, ValueError):
        return None
