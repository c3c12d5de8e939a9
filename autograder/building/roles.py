"""The roles of cells: what a title in the text becomes in the notebook.

=================================  ==================================================
``# %% setup``                     runs for everybody, locked
``# %% exercise he_normal``        the student's function, between nbgrader's marks
``# %% check he_normal``           its check, locked and graded; hidden cases are added
``# %% experiment depth``          runs and draws, locked; not run when graded
``# %% prediction depth``          the student's guess, an ordinary cell with a fixed id
``# %% question depth 2``          ``[markdown]``: a written answer, graded by a person
``# %% scratch``                   an ordinary cell
=================================  ==================================================
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable, Mapping
from typing import Any

from autograder.checking.exercise import Exercise

Exercises = Mapping[str, Exercise]

_NAME = re.compile(r"[A-Za-z]\w{0,49}", re.ASCII)  # a cell's id has at most 64 characters
_MARK = re.compile(r"(BEGIN|END) (SOLUTION|HIDDEN TESTS|MARK SCHEME)")


class RoleError(Exception):
    """A cell is not what its title says; the message tells what to change."""


def expand(cell: Any, exercises: Exercises) -> None:
    """Replace a cell's title by nbgrader's metadata, its tag and its id.

    Ordinary cells get no id, because nothing in them is sure to stay.
    """
    title = cell.metadata.pop("title", "")
    if not title and cell.cell_type != "code":
        _require_marks(cell, None)
        return
    role, *words = title.split() or [""]
    if role not in _ROLES:
        raise RoleError(f"{title or 'no title'!r} is no role; give it one of: {', '.join(_ROLES)}.")
    kind, arguments, become = _ROLES[role]
    if cell.cell_type != kind:
        raise RoleError(f"this role belongs to a {kind} cell, not to a {cell.cell_type} cell.")
    given = [*words, *[""] * (len(arguments) - len(words))]
    if len(given) != len(arguments) or ("" in given and role != "setup"):
        raise RoleError(f"write the title as: {' '.join([role, *arguments])}.")
    if given and given[0] and not _NAME.fullmatch(given[0]):
        raise RoleError(f"{given[0]!r} is no name: letters, digits and _, at most 50.")
    _require_marks(cell, "SOLUTION" if role in ("exercise", "question") else None)
    become(cell, exercises, *given)


def _setup(cell: Any, exercises: Exercises, name: str) -> None:
    _identify(cell, f"setup_{name}" if name else "setup", locked=True)
    _tag(cell, "setup")


def _exercise(cell: Any, exercises: Exercises, name: str) -> None:
    signature = str(inspect.signature(_require_exercise(name, exercises).reference))
    if signature not in _signatures(cell.source, name):
        raise RoleError(f"it must define {name}{signature}, as the course does.")
    if re.search(r"^\S.*BEGIN SOLUTION", cell.source, re.MULTILINE):
        raise RoleError(
            "BEGIN SOLUTION must stand inside the function, indented, or students get no function."
        )
    _identify(cell, name, solution=True)


def _check(cell: Any, exercises: Exercises, name: str) -> None:
    exercise = _require_exercise(name, exercises)
    options = _options_of_call(cell.source, exercise)
    cell.source = (
        f"{cell.source.rstrip()}\n### BEGIN HIDDEN TESTS\n"
        f'check("{name}", {name}{options}, hidden=True)\n### END HIDDEN TESTS'
    )
    _identify(cell, f"check_{name}", grade=True, locked=True, points=exercise.points)


def _experiment(cell: Any, exercises: Exercises, name: str) -> None:
    _identify(cell, f"experiment_{name}", locked=True)
    _tag(cell, "experiment")


def _prediction(cell: Any, exercises: Exercises, name: str) -> None:
    cell.id = f"prediction_{name}"


def _question(cell: Any, exercises: Exercises, name: str, points: str) -> None:
    if not points.isdecimal():
        raise RoleError(f"its points must be a whole number, not {points!r}.")
    _identify(cell, f"question_{name}", grade=True, solution=True, points=int(points))


def _scratch(cell: Any, exercises: Exercises) -> None:
    pass


#: Title's first word: the kind of cell, what else the title names, and what to do.
_ROLES: dict[str, tuple[str, tuple[str, ...], Callable[..., None]]] = {
    "setup": ("code", ("NAME",), _setup),
    "exercise": ("code", ("NAME",), _exercise),
    "check": ("code", ("NAME",), _check),
    "experiment": ("code", ("NAME",), _experiment),
    "prediction": ("code", ("NAME",), _prediction),
    "question": ("markdown", ("NAME", "POINTS"), _question),
    "scratch": ("code", (), _scratch),
}


def _identify(
    cell: Any,
    grade_id: str,
    *,
    grade: bool = False,
    solution: bool = False,
    locked: bool = False,
    points: int | None = None,
) -> None:
    cell.id = grade_id
    cell.metadata["nbgrader"] = {
        "grade": grade,
        "grade_id": grade_id,
        "locked": locked,
        "schema_version": 3,
        "solution": solution,
        "task": False,
    } | ({} if points is None else {"points": points})


def _tag(cell: Any, tag: str) -> None:
    cell.metadata["tags"] = [tag, *cell.metadata.get("tags", [])]


def _require_exercise(name: str, exercises: Exercises) -> Exercise:
    if name not in exercises:
        known = ", ".join(exercises) or "none"
        raise RoleError(f"this chapter has no exercise {name!r}; it has: {known}.")
    return exercises[name]


def _require_marks(cell: Any, kind: str | None) -> None:
    """Demand regions of this kind, each begun and ended, and of no other."""
    marks = [m.groups() for m in map(_MARK.search, cell.source.splitlines()) if m]
    if other := next((m for m in marks if m[1] != kind), None):
        raise RoleError(f"{' '.join(other)!r} does not belong here; remove it or change the role.")
    turns = [("BEGIN", kind), ("END", kind)]
    if kind and (not marks or marks != turns * (len(marks) // 2)):
        raise RoleError(f"the answer must stand between ### BEGIN {kind} and ### END {kind}.")


def _parse(source: str) -> ast.Module:
    try:
        return ast.parse(source)
    except SyntaxError as error:
        raise RoleError(f"it is not Python: {error.msg} (line {error.lineno}).") from None


def _signatures(source: str, name: str) -> list[str]:
    functions = [node for node in _parse(source).body if isinstance(node, ast.FunctionDef)]
    return [f"({ast.unparse(f.args)})" for f in functions if f.name == name]


def _options_of_call(source: str, exercise: Exercise) -> str:
    """Tell what the last line's ``check("name", name, ...)`` has after the function."""
    name, backward = exercise.name, exercise.backward_of
    form = f'check("{name}", {name}{f", forward={backward.__name__}" if backward else ""})'
    body = _parse(source).body
    call = body[-1].value if body and isinstance(body[-1], ast.Expr) else None
    options = {k.arg: k.value for k in call.keywords} if isinstance(call, ast.Call) else {}
    plain = ast.Call(call.func, call.args, []) if isinstance(call, ast.Call) else None
    if (
        plain is None
        or ast.unparse(plain) != f"check({name!r}, {name})"
        or set(options) != ({"forward"} if backward else set())
    ):
        raise RoleError(f"it must end in {form}.")
    return "".join(f", {key}={ast.unparse(value)}" for key, value in options.items())
