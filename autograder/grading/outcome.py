"""Reading off a graded notebook what became of each exercise, and who should look at it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from nbformat import NotebookNode
from nbgrader import utils

from autograder.grading import execute
from autograder.grading.graft import is_answer, name
from autograder.grading.result import ExerciseResult, Status, Verdict

_SYNTAX = ("SyntaxError", "IndentationError", "TabError")
_MESSAGE_LIMIT = 300


@dataclass(frozen=True)
class Outcome:
    """What became of a submission.

    flagged : the grade_ids that nbgrader should show as needing a manual grade.
    """

    verdict: Verdict
    exercises: tuple[ExerciseResult, ...]
    reasons: tuple[str, ...]
    flagged: tuple[str, ...]


def read(graded: NotebookNode, released: NotebookNode) -> Outcome:
    """Tell what became of a submission from its graded notebook and the one that was released."""
    cells = {name(cell): cell for cell in graded.cells if name(cell)}
    originals = {name(cell): cell for cell in released.cells if name(cell)}
    checks = [n for n, c in originals.items() if utils.is_grade(c) and not is_answer(c)]
    exercises = tuple(_exercise(check, cells, originals) for check in checks)
    reasons = {
        check: reason
        for check, exercise in zip(checks, exercises, strict=True)
        if (reason := _reason(exercise))
    }
    verdict = _verdict(graded, exercises)
    return Outcome(
        verdict,
        exercises,
        (*_of_cells(graded, verdict), *_summed(reasons.values())),
        tuple(reasons) if reasons or verdict.ordinary else tuple(checks),
    )


def exercise_of(grade_id: str) -> str:
    """Give the exercise that a check's cell belongs to."""
    return grade_id.removeprefix(execute.CHECK)


def _exercise(
    grade_id: str, cells: dict[str, NotebookNode], originals: dict[str, NotebookNode]
) -> ExerciseResult:
    exercise = exercise_of(grade_id)
    check = cells.get(grade_id)
    if check is None:
        maximum = float(originals[grade_id].metadata.nbgrader.points)
        return ExerciseResult(
            exercise, Status.NOT_RUN, 0.0, maximum, "not run", None, "its check is missing"
        )
    points, maximum = utils.determine_grade(check)
    status, kind, mistake, message = Status.PASSED, "", None, ""
    error = _error(check)
    if error is not None:
        status, kind, message = _explained(exercise, error, cells, originals)
    elif record := execute.record(check):
        status, kind = Status(record["status"]), str(record.get("kind") or "")
        mistake, message = record.get("mistake"), str(record.get("message") or "")
        if "MemoryError" in message:
            kind = "memory"
    elif points != maximum:
        status, kind = Status.FAILED, "value"
    return ExerciseResult(
        exercise,
        status,
        float(points or 0),
        float(maximum),
        kind,
        str(mistake) if mistake else None,
        _line(message),
    )


def _explained(
    exercise: str,
    error: NotebookNode,
    cells: dict[str, NotebookNode],
    originals: dict[str, NotebookNode],
) -> tuple[Status, str, str]:
    """Say why a check ended in an error: status, kind, message."""
    if error.ename == execute.NOT_RUN:
        return Status.NOT_RUN, "not run", error.evalue
    if error.ename == execute.TIMED_OUT:
        return Status.FAILED, "timeout", "it did not end in time"
    if error.ename == execute.DIED:
        return Status.FAILED, "died", error.evalue
    if error.ename == execute.NO_REPORT:
        return Status.FAILED, "no report", error.evalue
    if error.ename == "NameError" and f"'{exercise}'" in error.evalue:
        answer = cells.get(exercise)
        if answer is None or answer.source == originals[exercise].source:
            return Status.BLANK, "blank", "the cell was deleted"
        cause = _error(answer)
        if cause is None:
            return Status.FAILED, "missing", f"the cell does not define {exercise}"
        if cause.ename == execute.TIMED_OUT:
            return Status.FAILED, "timeout", "the cell did not end in time"
        kind = "syntax" if cause.ename in _SYNTAX else "error"
        # IPython names a cell's code by a number that says nothing.
        message = re.sub(r"\(\d+\.py, line", "(line", f"{cause.ename}: {cause.evalue}")
        return Status.FAILED, kind, message
    kind = "memory" if error.ename == "MemoryError" else "check"
    return Status.FAILED, kind, f"{error.ename}: {error.evalue}"


def _error(cell: NotebookNode) -> NotebookNode | None:
    """Find the error that a cell ended in: the last one, which is ours where we added one."""
    errors = [o for o in cell.get("outputs", ()) if o.output_type == "error"]
    return errors[-1] if errors else None


def _reason(exercise: ExerciseResult) -> str:
    """Say why a person should look at an exercise, or nothing."""
    if exercise.status is Status.REFUSED:
        return f"{exercise.name} calls the course's own solution"
    return {
        "timeout": f"{exercise.name} did not end in time",
        "died": f"the kernel died in the check of {exercise.name}",
        "memory": f"{exercise.name} ran out of memory",
        "not run": "not run",
        "no report": f"the check of {exercise.name} was tampered with: {exercise.message}",
        "check": f"the check of {exercise.name} ended in an error of its own: {exercise.message}",
    }.get(exercise.kind, "")


def _summed(reasons: Iterable[str]) -> Iterable[str]:
    found = list(reasons)
    not_run = found.count("not run")
    yield from (reason for reason in found if reason != "not run")
    if not_run:
        yield f"{_count(not_run, 'exercise')} could not be run"


def _of_cells(notebook: NotebookNode, verdict: Verdict) -> Iterable[str]:
    """Say what happened outside of the checks."""
    errors = [
        (name(cell), error.ename)
        for cell in notebook.cells
        if cell.cell_type == "code" and (error := _error(cell)) is not None
    ]
    for grade_id, error in errors:
        if not grade_id.startswith(execute.CHECK):
            where = f"the cell {grade_id}" if grade_id else "a cell of the student's own"
            if error == execute.TIMED_OUT and not grade_id:
                yield f"{where} did not end in time"
            elif error == execute.DIED:
                yield f"the kernel died in {where}"
    if verdict is Verdict.TOO_MUCH_OUTPUT:
        yield "there was too much output, and it was cut"


def _verdict(notebook: NotebookNode, exercises: Iterable[ExerciseResult]) -> Verdict:
    names: set[str] = set()
    for cell in notebook.cells:
        if cell.cell_type == "code":
            names |= {o.ename for o in cell.outputs if o.output_type == "error"}
    kinds = {exercise.kind for exercise in exercises}
    if execute.DIED in names:
        return Verdict.DIED
    if execute.TIMED_OUT in names or execute.NOT_RUN in names:
        return Verdict.TIMED_OUT
    if "MemoryError" in names or "memory" in kinds:
        return Verdict.OUT_OF_MEMORY
    if any(cell.metadata.get(execute.CUT_KEY) == "submission" for cell in notebook.cells):
        return Verdict.TOO_MUCH_OUTPUT
    if all(exercise.status is Status.BLANK for exercise in exercises):
        return Verdict.BLANK
    return Verdict.GRADED


def _line(text: Any) -> str:
    """Make one plain line of what may be anything."""
    plain = re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", str(text))
    line = " ".join(plain.split())
    return line if len(line) <= _MESSAGE_LIMIT else line[: _MESSAGE_LIMIT - 4] + " ..."


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}" + ("" if number == 1 else "s")
