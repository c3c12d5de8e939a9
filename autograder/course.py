"""A course's folder: where everything lies, read from its nbgrader_config.py."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from autograder.checking import seeds


class CourseError(Exception):
    """Something is wrong with the course's files; a sentence names the file and the remedy."""


@dataclass(frozen=True)
class Course:
    """The folder of a course, as nbgrader lays it out.

    Examples
    --------
    >>> course = Course(Path("/courses/dltricks"))
    >>> course.submission("s001", "01_initialization").as_posix()
    '/courses/dltricks/submitted/s001/01_initialization'
    """

    root: Path

    @classmethod
    def find(cls, start: Path | None = None) -> Course:
        """Find the course that a folder belongs to: the nearest one with an nbgrader_config.py."""
        here = (start or Path.cwd()).resolve()
        for folder in (here, *here.parents):
            if (folder / "nbgrader_config.py").is_file():
                return cls(folder)
        raise CourseError(
            f"{here}: no nbgrader_config.py here or above; go to the course's folder or name it "
            "with --course."
        )

    @cached_property
    def config(self) -> Any:
        """The settings of nbgrader_config.py, with the course's folder as root."""
        from traitlets.config import PyFileConfigLoader

        path = self.root / "nbgrader_config.py"
        try:
            config = PyFileConfigLoader(path.name, path=str(self.root)).load_config()
        except Exception as error:
            raise CourseError(f"{path}: it cannot be read ({error}); mend the file.") from error
        config.CourseDirectory.root = str(self.root)
        return config

    @cached_property
    def nbgrader(self) -> Any:
        """Nbgrader's own view of the folder, a `CourseDirectory`."""
        from nbgrader.coursedir import CourseDirectory

        return CourseDirectory(config=self.config)

    def _step(self, name: str, student: str, assignment: str) -> Path:
        folder: str = getattr(self._directories, name)
        return self.root / folder / student / assignment

    @cached_property
    def _directories(self) -> _Directories:
        config = self.config.get("CourseDirectory", {}) if self.root.is_dir() else {}
        return _Directories(
            **{
                name: config[f"{name}_directory"]
                for name in _Directories.__dataclass_fields__
                if f"{name}_directory" in config
            }
        )

    def source(self, assignment: str) -> Path:
        """The instructor's folder of an assignment."""
        return self._step("source", ".", assignment)

    def release(self, assignment: str) -> Path:
        """The folder of an assignment that students get."""
        return self._step("release", ".", assignment)

    def submission(self, student: str, assignment: str) -> Path:
        """The folder that a student handed in."""
        return self._step("submitted", student, assignment)

    def autograded(self, student: str, assignment: str) -> Path:
        """The folder of a student's graded notebook."""
        return self._step("autograded", student, assignment)

    def feedback(self, student: str, assignment: str) -> Path:
        """The folder of a student's feedback."""
        return self._step("feedback", student, assignment)

    @property
    def state(self) -> Path:
        """Where the grader keeps what nbgrader has no place for: results, logs, the key."""
        return self.root / ".autograder"

    @property
    def database(self) -> str:
        """The gradebook's URL."""
        config = self.config.get("CourseDirectory", {})
        return str(config.get("db_url") or f"sqlite:///{self.root / 'gradebook.db'}")

    @property
    def secret_file(self) -> Path:
        """Where the seed of the hidden cases is kept."""
        return self.root / seeds.FILE_NAME

    def assignments(self) -> list[str]:
        """The chapters that have a source, in order."""
        folder = self.root / self._directories.source
        found = (p.name for p in folder.iterdir()) if folder.is_dir() else ()
        return sorted(name for name in found if re.match(r"\d\d_", name))

    def students(self, assignment: str) -> list[str]:
        """Who handed in something for an assignment, in order."""
        folder = self.root / self._directories.submitted
        found = folder.iterdir() if folder.is_dir() else ()
        return sorted(p.name for p in found if (p / assignment).is_dir())

    def require_assignment(self, assignment: str) -> None:
        """Refuse an assignment that does not exist, naming those that do."""
        if assignment not in self.assignments():
            known = ", ".join(self.assignments()) or "none"
            raise CourseError(
                f"{self.source(assignment)}: there is no such assignment; this course has: {known}."
            )


@dataclass(frozen=True)
class _Directories:
    source: str = "source"
    release: str = "release"
    submitted: str = "submitted"
    autograded: str = "autograded"
    feedback: str = "feedback"
