"""A class of simulated students: notebooks composed of right answers and of known mistakes.

What each of them should score, and why, is written into a key: so a grader can be tested on a class
of any size, and an instructor sees the reports before the first student hands in.
"""

from __future__ import annotations

import ast
import builtins
import csv
import dis
import hashlib
import inspect
import io
import json
import re
import shutil
import sys
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

import nbformat
import numpy as np
from nbformat import NotebookNode

from autograder import exercises
from autograder.checking.exercise import Exercise
from autograder.course import Course, CourseError
from autograder.files import write_whole
from autograder.grading.result import Verdict

_FORMAT = 1


@dataclass(frozen=True)
class Answer:
    """What a simulated student wrote for one exercise.

    kind : "right", "mistake", "blank", "syntax" (it cannot be compiled) or "loop" (it never ends).
    points, mistake : what its check should find.
    """

    kind: str
    source: str
    points: float
    mistake: str | None = None


@dataclass(frozen=True)
class Expected:
    """What one exercise of a simulated student should get."""

    answer: str
    points: float
    mistake: str | None = None


@dataclass(frozen=True)
class ExpectedStudent:
    """What a simulated student should get; digest is that of the notebook that was written."""

    verdict: Verdict
    exercises: dict[str, Expected]
    digest: str = ""

    @property
    def points(self) -> float:
        """The points of all exercises."""
        return sum(expected.points for expected in self.exercises.values())


@dataclass(frozen=True)
class Key:
    """What each simulated student of an assignment should get."""

    assignment: str
    seed: int
    students: dict[str, ExpectedStudent]

    def to_json(self) -> str:
        """Write as JSON, which `load_key` reads."""
        return json.dumps({"format": _FORMAT, **asdict(self)}, indent=1) + "\n"

    def to_csv(self) -> str:
        """Write as a table: a line for each student and exercise."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(("student", "verdict", "exercise", "answer", "points", "mistake"))
        for name, student in self.students.items():
            for exercise, expected in student.exercises.items():
                row = (expected.answer, f"{expected.points:g}", expected.mistake or "")
                writer.writerow((name, student.verdict.value, exercise, *row))
        return text.getvalue()


def key_file(course: Course, assignment: str) -> Path:
    """Tell where the key of a simulated class lies; the table lies beside it, as .csv."""
    return course.state / "simulated" / f"{assignment}.json"


def load_key(course: Course, assignment: str) -> Key | None:
    """Read the key of a simulated class; None if there is none."""
    path = key_file(course, assignment)
    try:
        fields = json.loads(path.read_text())
        students = {
            name: ExpectedStudent(
                Verdict(student["verdict"]),
                {key: Expected(**value) for key, value in student["exercises"].items()},
                student["digest"],
            )
            for name, student in fields["students"].items()
        }
        return Key(fields["assignment"], fields["seed"], students)
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise CourseError(f"{path}: this is not a key ({error!r}); delete it.") from None


def simulate(
    course: Course,
    assignment: str,
    students: int = 30,
    seed: int = 0,
    *,
    force: bool = False,
    wrote: Callable[[str], None] = lambda student: None,
) -> Key:
    """Hand in notebooks for a class that does not exist, the same ones for the same seed.

    Parameters
    ----------
    course : Course
    assignment : str
        Must have been released: students start from what they get.
    students : int
    seed : int
    force : bool
        Whether to replace a class that was simulated before.
    wrote : callable
        Is told of each student whose notebook was written.

    Returns
    -------
    key : Key
        What each should get; also written, as JSON and CSV, beside the course's other state.

    Raises
    ------
    CourseError
        If there is nothing to start from, or if a submission that was not simulated is in the way.
    """
    course.require_assignment(assignment)
    if students < 1:
        raise CourseError(f"--students must be at least 1, not {students}.")
    released = _notebook(course.release(assignment), assignment, "release")
    solution = _notebook(course.source(assignment), assignment, "build")
    former = load_key(course, assignment)
    _require_free(course, assignment, former, force)
    choices = [_Choices.of(exercise, released, solution) for exercise in _asked(released)]
    written = {
        name: _notebook_of(kind, answers, released)
        for name, kind, answers in _class(choices, students, seed)
    }
    key = Key(assignment, seed, {name: expected for name, (_, expected) in written.items()})
    for name in former.students if former else ():
        shutil.rmtree(course.submission(name, assignment), ignore_errors=True)
    path = key_file(course, assignment)
    write_whole(path, key.to_json())
    write_whole(path.with_suffix(".csv"), key.to_csv())
    for name, (data, _) in written.items():
        write_whole(course.submission(name, assignment) / f"{assignment}.ipynb", data)
        wrote(name)
    return key


def _notebook(folder: Path, assignment: str, command: str) -> NotebookNode:
    path = folder / f"{assignment}.ipynb"
    if not path.is_file():
        raise CourseError(f"{path}: it is not there; run `autograder {command} {assignment}`.")
    return nbformat.read(path, as_version=4)


def _require_free(course: Course, assignment: str, former: Key | None, force: bool) -> None:
    """Refuse to write where somebody's own work lies."""
    simulated = former.students if former else {}
    for student in course.students(assignment):
        folder = course.submission(student, assignment)
        path = folder / f"{assignment}.ipynb"
        known = simulated.get(student)
        if known is None or not path.is_file() or _digest(path.read_bytes()) != known.digest:
            raise CourseError(
                f"{folder}: this submission was not simulated, and a simulated class may not mix "
                "with a real one; simulate in a copy of the course (`autograder demo` makes one)."
            )
    if simulated and not force and course.students(assignment):
        raise CourseError(
            f"{key_file(course, assignment)}: a class was simulated before; replace it with "
            "--force."
        )


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _asked(released: NotebookNode) -> list[Exercise]:
    """List the exercises that a notebook asks for, in its order."""
    found = []
    for cell in released.cells:
        nbgrader = cell.metadata.get("nbgrader", {})
        if nbgrader.get("solution") and cell.cell_type == "code":
            name = nbgrader["grade_id"]
            found.append(exercises.load(exercises.chapter_of(name))[name])
    return found


@dataclass(frozen=True)
class _Choices:
    """What students may write for an exercise."""

    name: str
    points: float
    right: tuple[str, ...]
    mistakes: tuple[tuple[str, str], ...]  # the mistake's name, the cell
    loop: str

    @classmethod
    def of(cls, exercise: Exercise, released: NotebookNode, solution: NotebookNode) -> _Choices:
        name = exercise.name
        blank = _source(released, name)
        answers = [standalone(variant, name) for variant in exercise.variants]
        mistakes = [
            (mistake.name, standalone(mistake.function, name))
            for mistake in exercise.mistakes
            if mistake.forward is None  # else the forward pass had to be wrong as well
        ]
        return cls(
            name,
            float(exercise.points),
            (
                _without_marks(_source(solution, name)),
                *(compose(blank, name, answer) for answer in answers if answer),
            ),
            tuple((wrong, compose(blank, name, text)) for wrong, text in mistakes if text),
            compose(blank, name, f"def {name}(*args, **kwargs):\n    while True:\n        pass"),
        )


def _source(notebook: NotebookNode, name: str) -> str:
    for cell in notebook.cells:
        if cell.metadata.get("nbgrader", {}).get("grade_id") == name:
            return str(cell.source)
    raise CourseError(f"{name}: the solution has no such cell; run `autograder build`.")


def _without_marks(source: str) -> str:
    return "\n".join(line for line in source.splitlines() if not re.match(r"\s*### ", line))


def standalone(function: Callable[..., Any], name: str) -> str | None:
    """Write a function's source under another name, with what it needs, for a notebook's cell.

    Returns None if it needs something that a student's notebook does not have.

    Examples
    --------
    >>> print(standalone(textwrap.indent, "shift").splitlines()[0])
    def shift(text, prefix, predicate=None):
    """
    needed = _needed(function)
    return None if needed is None else _rename("\n\n\n".join(needed), function.__name__, name)


def _needed(function: Any, seen: frozenset[str] = frozenset()) -> list[str] | None:
    """Collect imports, helping functions, and last the function itself."""
    imports, helpers = [], []
    seen |= {function.__name__}
    for name in sorted(_globals_used(function.__code__) - seen):
        if name not in function.__globals__:
            if hasattr(builtins, name):
                continue
            return None
        value = function.__globals__[name]
        if value is np and name == "np":
            continue  # the setup cell has it
        if isinstance(value, FunctionType) and value.__module__ == function.__module__:
            more = _needed(value, seen)
            if more is None:
                return None
            helpers += [text for text in more if text not in helpers]
            continue
        line = _import(name, value)
        if line is None:
            return None
        imports.append(line)
    return [*imports, *helpers, _undecorated(function)]


def _globals_used(code: CodeType) -> set[str]:
    names = {i.argval for i in dis.get_instructions(code) if i.opname == "LOAD_GLOBAL"}
    inner = (constant for constant in code.co_consts if isinstance(constant, CodeType))
    return names.union(*(_globals_used(constant) for constant in inner))


def _import(name: str, value: Any) -> str | None:
    if isinstance(value, ModuleType):
        line = f"import {value.__name__}"
        home = value.__name__
        line += "" if name == home else f" as {name}"
    else:
        home = getattr(value, "__module__", "") or ""
        line = f"from {home} import {name}"
    return line if home.partition(".")[0] in sys.stdlib_module_names else None


def _undecorated(function: Callable[..., Any]) -> str:
    """Give a function's source without its decorators and without notes to the linter."""
    source = textwrap.dedent(inspect.getsource(function))
    definition = ast.parse(source).body[0]
    assert isinstance(definition, ast.FunctionDef)
    lines = source.splitlines()[definition.lineno - 1 : definition.end_lineno]
    return "\n".join(re.sub(r"\s*# noqa.*", "", line) for line in lines)


def _rename(source: str, old: str, new: str) -> str:
    return re.sub(rf"\b{re.escape(old)}\b", new, source)


def compose(cell: str, name: str, answer: str) -> str:
    r"""Put an answer into an exercise's cell, in place of its function; the docstring stays.

    Examples
    --------
    >>> cell = 'def double(x):\n    "Twice x."\n    raise NotImplementedError()'
    >>> print(compose(cell, "double", "def double(x):\n    return x + x"))
    def double(x):
        "Twice x."
        return x + x
    """
    lines, asked = cell.splitlines(), _definition(cell, name)
    written, given = answer.splitlines(), _definition(answer, name)
    doc = asked.body[0]
    docstring = (
        lines[doc.lineno - 1 : doc.end_lineno]
        if ast.get_docstring(asked) is not None and given.body[0].lineno > given.lineno
        else []
    )
    body = given.body[0].lineno - 1
    new = [*written[:body], *docstring, *written[body:]]
    return "\n".join([*lines[: asked.lineno - 1], *new, *lines[asked.end_lineno :]])


def _definition(source: str, name: str) -> ast.FunctionDef:
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef) and node.name == name:
            return node
    raise CourseError(f"{name}: its cell does not define it; mend the chapter's text.")


def break_syntax(source: str, name: str) -> str:
    r"""Leave out the colon after a function's head, as happens.

    Examples
    --------
    >>> print(break_syntax("def double(x):\n    return 2 * x", "double"))
    def double(x)
        return 2 * x
    """
    definition = _definition(source, name)
    lines = source.splitlines()
    last = definition.body[0].lineno - 2  # the head's last line, if the body has its own lines
    last = max(last, definition.lineno - 1)
    lines[last] = re.sub(r":\s*$", "", lines[last])
    return "\n".join(lines)


def _class(
    choices: list[_Choices], count: int, seed: int
) -> Iterator[tuple[str, str, dict[str, Answer]]]:
    """Draw the students: id, kind of notebook, answers."""
    width = max(3, len(str(count)))
    rng = np.random.default_rng(seed)
    kinds = ["untouched"] * max(count // 15, count >= 5) + ["loop"] * (count >= 3)
    kinds += ["syntax"] * max(count // 10, count >= 4) + ["cut off"] * (count >= 20)
    kinds += ["perfect"] * max(count // 15, count >= 2)
    kinds += ["ordinary"] * (count - len(kinds))
    for i, kind in enumerate(rng.permutation(kinds)):
        own = np.random.default_rng([seed, i])
        answers = _answers(choices, str(kind), own)
        yield f"s{i + 1:0{width}}", str(kind), answers


def _answers(choices: list[_Choices], kind: str, rng: np.random.Generator) -> dict[str, Answer]:
    if kind in ("untouched", "cut off"):
        return {choice.name: Answer("blank", "", 0.0) for choice in choices}
    skill = 1.0 if kind == "perfect" else rng.beta(2.4, 1.2)
    answers = {
        choice.name: _answer(choice, skill, late=i / len(choices), rng=rng)
        for i, choice in enumerate(choices)
    }
    if kind in ("loop", "syntax"):
        choice = choices[rng.integers(len(choices))]
        source = choice.loop if kind == "loop" else break_syntax(choice.right[0], choice.name)
        answers[choice.name] = Answer(kind, source, 0.0)
    return answers


def _answer(choice: _Choices, skill: float, late: float, rng: np.random.Generator) -> Answer:
    """Write one exercise: the weaker the student and the later the exercise, the worse."""
    hard = 1 + 0.3 * (choice.points - 1)
    if rng.random() < skill**hard or not choice.mistakes:
        return Answer("right", str(rng.choice(choice.right)), choice.points)
    if rng.random() < 0.1 + 0.5 * late * (1 - skill):
        return Answer("blank", "", 0.0)
    weights = 0.7 ** np.arange(len(choice.mistakes))  # some mistakes are common
    wrong, source = choice.mistakes[rng.choice(len(weights), p=weights / weights.sum())]
    return Answer("mistake", source, 0.0, wrong)


def _notebook_of(
    kind: str, answers: dict[str, Answer], released: NotebookNode
) -> tuple[bytes, ExpectedStudent]:
    """Write a student's notebook, and what it should get."""
    notebook = nbformat.from_dict(released)
    notebook.cells = [_filled(cell, answers) for cell in released.cells]
    data = (nbformat.writes(notebook) + "\n").encode()
    if kind == "cut off":
        data = data[: len(data) // 2]  # an upload that broke off
    verdict = {
        "untouched": Verdict.BLANK, "loop": Verdict.TIMED_OUT, "cut off": Verdict.UNREADABLE
    }.get(kind, Verdict.GRADED)  # fmt: skip
    if verdict is Verdict.GRADED and all(a.kind == "blank" for a in answers.values()):
        verdict = Verdict.BLANK
    expected = {
        name: Expected("cut off" if kind == "cut off" else a.kind, a.points, a.mistake)
        for name, a in answers.items()
    }
    return data, ExpectedStudent(verdict, expected, _digest(data))


def _filled(cell: NotebookNode, answers: dict[str, Answer]) -> NotebookNode:
    cell = nbformat.from_dict(cell)
    answer = answers.get(cell.metadata.get("nbgrader", {}).get("grade_id"))
    if answer is not None and answer.kind != "blank":
        cell.source = answer.source
    return cell
