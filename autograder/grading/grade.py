"""Grading a class: what is to be graded, by whom, and what became of it."""

from __future__ import annotations

import difflib
import hashlib
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from autograder import checking, exercises
from autograder.course import Course, CourseError
from autograder.grading import gradebook, pool, secret, submission
from autograder.grading.result import Result, Task, Verdict, load, store

#: Seconds after which a worker is ended; before that a submission's own limit (see `GradeExecute`)
#: has ended the running of cells, and what was earned is recorded.
WATCHDOG = 360.0


class Watcher:
    """Is told how the grading goes; does nothing with it. Progress bars do more."""

    def say(self, message: str) -> None:
        """Hear something that the person should know."""

    def start(self, todo: int, unchanged: int) -> None:
        """Hear how many submissions are graded now, and how many have not changed."""

    def result(self, result: Result) -> None:
        """Hear what became of one submission."""


def grade_class(
    course: Course,
    assignment: str,
    *,
    students: Sequence[str] = (),
    workers: int = 0,
    regrade: bool = False,
    accept_new_secret: bool = False,
    watcher: Watcher | None = None,
    watchdog: float = WATCHDOG,
) -> list[Result]:
    """Grade what was handed in, and record it in the gradebook.

    Parameters
    ----------
    course : Course
    assignment : str
    students : sequence of str
        Whose submissions; everybody's if empty.
    workers : int
        How many processes; as many as processors if 0.
    regrade : bool
        Whether to grade again what has not changed since it was graded.
    accept_new_secret : bool
        Whether the course's secret may be another one than before.
    watcher : Watcher, optional
        Is told of each step.
    watchdog : float
        Seconds after which a submission's process is ended.

    Returns
    -------
    results : list of Result
        One for each student, graded now or before, in order.
    """
    watcher = watcher or Watcher()
    course.require_assignment(assignment)
    wanted = _wanted(course, assignment, students)
    with _alone(course):
        gradebook.require_writable(course)
        fingerprint = secret.require(course, accept_new_secret)
        if not gradebook.is_released(course, assignment):
            watcher.say(f"{assignment} was not released yet: releasing it now.")
            from autograder.building import release

            release(course, assignment)
        version = _version(course, assignment)
        inputs = {
            student: _digest(
                version,
                fingerprint,
                submission.digest(course.submission(student, assignment), assignment),
            )
            for student in wanted
        }
        kept = {} if regrade else _unchanged(course, assignment, inputs)
        todo = [student for student in wanted if student not in kept]
        watcher.start(len(todo), len(kept))
        graded = _grade(
            course, assignment, todo, inputs, workers or _processors(), watchdog, watcher
        )
    return [(kept | graded)[student] for student in wanted]


def _processors() -> int:
    """Count the processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _wanted(course: Course, assignment: str, students: Sequence[str]) -> list[str]:
    everybody = course.students(assignment)
    if not everybody:
        place = course.submission("<student>", assignment) / f"{assignment}.ipynb"
        raise CourseError(
            f"{place}: nobody has handed in anything; put the notebooks there, or try "
            f"`autograder simulate {assignment}`."
        )
    for student in students:
        if student not in everybody:
            close = difflib.get_close_matches(student, everybody, n=1)
            did_you_mean = f"did you mean {close[0]}?" if close else "name one who handed in."
            raise CourseError(
                f"{course.submission(student, assignment)}: there is no such submission; "
                f"{did_you_mean}"
            )
    return sorted(set(students)) if students else everybody


def _unchanged(course: Course, assignment: str, inputs: dict[str, str]) -> dict[str, Result]:
    """Find the submissions whose grade would follow from the same as before."""
    recorded = gradebook.submitted(course, assignment)
    results = {student: load(course, assignment, student) for student in inputs}
    return {
        student: result
        for student, result in results.items()
        if result is not None
        and result.inputs == inputs[student]
        and result.verdict is not Verdict.GRADER_ERROR
        and student in recorded
        and (course.autograded(student, assignment) / f"{assignment}.ipynb").is_file()
    }


def _grade(
    course: Course,
    assignment: str,
    students: Sequence[str],
    inputs: dict[str, str],
    workers: int,
    watchdog: float,
    watcher: Watcher,
) -> dict[str, Result]:
    """Grade in workers; what fails gets a second attempt."""
    log = course.state / "logs" / assignment
    for old in log.parent.glob(f"{log.name}-*.log"):
        old.unlink()
    results: dict[str, Result] = {}
    again: list[Task] = []

    def done(task: Task, outcome: Result | pool.Failure, last: bool = False) -> None:
        if isinstance(outcome, pool.Failure):
            if not last:
                given_up = f"{outcome}, and was stopped" if outcome.timed_out else ""
                again.append(replace(task, given_up=given_up))
                return
            outcome = Result(
                task.student, assignment, Verdict.GRADER_ERROR, needs_person=(str(outcome),)
            )
        result = replace(outcome, inputs=inputs[task.student])
        store(course, result)
        results[task.student] = result
        watcher.result(result)

    def finally_done(task: Task, outcome: Result | pool.Failure) -> None:
        done(task, outcome, last=True)

    tasks = [Task(str(course.root), assignment, student) for student in students]
    # What workers and kernels leave in their temporary folder ends with the run.
    with tempfile.TemporaryDirectory(prefix="grading-") as scratch:
        for report in (done, finally_done):
            pool.run_all(
                tasks,
                workers=workers,
                seconds=watchdog,
                log=log,
                environment=_environment(course) | {"TMPDIR": scratch},
                done=report,
            )
            tasks = again
    return results


def _environment(course: Course) -> dict[str, str]:
    """Give what the processes that grade find in their environment."""
    return {
        "AUTOGRADER_SECRET_FILE": str(course.secret_file),
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "OPENBLAS_NUM_THREADS": "1",
        "PYTHONHASHSEED": "0",
        "PYTHONWARNINGS": "ignore",
        "TQDM_DISABLE": "1",
    }


def _version(course: Course, assignment: str) -> str:
    """Tell one version of an assignment from another: its cells, and the code of its checks."""
    folder = Path(exercises.__file__).parent
    package = exercises.CHAPTERS.get(assignment, "")
    sources = [
        *Path(checking.__file__).parent.rglob("*.py"),
        *(folder / package).rglob("*.py"),
        *(folder.parents[1] / "dltricks").rglob("*.py"),
    ]
    texts = (path.read_text() for path in sorted(sources))
    cells = ("\0".join(cell) for cell in gradebook.cells(course, assignment))
    return _digest(*texts, *cells)


def _digest(*texts: str) -> str:
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:32]


@contextmanager
def _alone(course: Course) -> Iterator[None]:
    """Refuse to grade a course that another process is grading."""
    course.state.mkdir(exist_ok=True)
    path = course.state / "grading.lock"
    try:
        import fcntl
    except ImportError:  # not a Unix
        yield
        return
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CourseError(
                f"{path}: this course is being graded by another process; wait for it to end."
            ) from None
        yield
