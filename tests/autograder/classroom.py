"""A course with one small chapter, made in a folder: what the tests of grading grade."""

from __future__ import annotations

import inspect
import shutil
import textwrap
from collections.abc import Iterable
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode

from autograder.building import release
from autograder.course import Course
from autograder.exercises import load

REPOSITORY = Path(__file__).resolve().parents[2]
CHAPTER = "01_initialization"
TIMEOUT = 3  # seconds a cell may take
NAMES = ("small_normal", "activation_gain", "xavier_normal")

ANSWERS = {
    "small_normal": "return rng.normal(0.0, std, (fan_in, fan_out))",
    "activation_gain": """
        if name not in ("linear", "tanh", "relu", "leaky_relu"):
            raise ValueError(name)
        slopes = {"linear": 1.0, "relu": 0.0, "leaky_relu": slope}
        return 5 / 3 if name == "tanh" else (2 / (1 + slopes[name] ** 2)) ** 0.5
    """,
    "xavier_normal": "return rng.normal(0.0, (2 / (fan_in + fan_out)) ** 0.5, (fan_in, fan_out))",
}


def _cell(kind: str, source: str, grade_id: str = "", tags: tuple[str, ...] = (), **roles: object):
    make = nbformat.v4.new_code_cell if kind == "code" else nbformat.v4.new_markdown_cell
    cell = make(textwrap.dedent(source).strip("\n"))
    if grade_id:
        cell.metadata["nbgrader"] = {
            "grade": False, "grade_id": grade_id, "locked": False, "schema_version": 3,
            "solution": False, "task": False, **roles,
        }  # fmt: skip
    if tags:
        cell.metadata["tags"] = list(tags)
    return cell


def chapter(names: Iterable[str] = NAMES, question: bool = False) -> NotebookNode:
    """The source of a chapter with some of the exercises of chapter 01."""
    exercises = load(CHAPTER)
    cells = [
        _cell("markdown", "# A small chapter"),
        _cell(
            "code",
            "import numpy as np\n\nfrom autograder import check",
            "setup",
            ("setup",),
            locked=True,
        ),
    ]
    for name in names:
        signature = str(inspect.signature(exercises[name].reference))
        answer = textwrap.indent(textwrap.dedent(ANSWERS[name]).strip(), "    ")
        source = (
            f'def {name}{signature}:\n    """What {name} is for."""\n'
            f"    ### BEGIN SOLUTION\n{answer}\n    ### END SOLUTION"
        )
        call = f'check("{name}", {name})'
        hidden = f'check("{name}", {name}, hidden=True)'
        cells += [
            _cell("markdown", f"Write `{name}`."),
            _cell("code", source, name, solution=True),
            _cell(
                "code",
                f"{call}\n### BEGIN HIDDEN TESTS\n{hidden}\n### END HIDDEN TESTS",
                f"check_{name}",
                grade=True,
                locked=True,
                points=exercises[name].points,
            ),
        ]
    cells.append(
        _cell(
            "code",
            "raise RuntimeError('an experiment was run')",
            "experiment_never",
            ("experiment",),
            locked=True,
        )
    )
    if question:
        cells.append(
            _cell(
                "markdown",
                "### BEGIN SOLUTION\nBecause.\n### END SOLUTION",
                "question_why",
                grade=True,
                solution=True,
                points=2,
            )
        )
    for i, cell in enumerate(cells):
        cell["id"] = f"cell-{i}"
    notebook = nbformat.v4.new_notebook(cells=cells)
    notebook.metadata["kernelspec"] = {
        "display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3",
    }  # fmt: skip
    return notebook


def make_course(root: Path, names: Iterable[str] = NAMES, question: bool = False) -> Course:
    """Make a course's folder with one chapter, built but not released, and no submission."""
    root.mkdir(parents=True, exist_ok=True)
    shutil.copy(REPOSITORY / "nbgrader_config.py", root)
    with (root / "nbgrader_config.py").open("a") as config:
        config.write(f"\nc.ExecutePreprocessor.timeout = {TIMEOUT}\n")
    course = Course(root)
    folder = course.source(CHAPTER)
    folder.mkdir(parents=True)
    nbformat.write(chapter(names, question), folder / f"{CHAPTER}.ipynb")
    return course


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """A course with its chapter released, to be copied."""
    course = make_course(tmp_path_factory.mktemp("template") / "course")
    release(course, CHAPTER)
    return course


@pytest.fixture
def course(template: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Course:
    """A course of one's own, with its chapter released and nobody's submission."""
    return copied(template, tmp_path / "course", monkeypatch)


def copied(template: Course, root: Path, monkeypatch: pytest.MonkeyPatch) -> Course:
    """Copy a course; what its config sets in the environment is undone at the end."""
    monkeypatch.setenv("AUTOGRADER_SECRET_FILE", str(root / "course_secret"))
    shutil.copytree(template.root, root)
    return Course(root)


def released(course: Course) -> NotebookNode:
    """The notebook that students get."""
    return nbformat.read(course.release(CHAPTER) / f"{CHAPTER}.ipynb", as_version=4)


def solved(course: Course) -> NotebookNode:
    """The released notebook with every answer right."""
    return answered(course, ANSWERS)


def answered(course: Course, bodies: dict[str, str]) -> NotebookNode:
    """The released notebook with some answers filled in; a body replaces the `raise`."""
    notebook = released(course)
    for cell in notebook.cells:
        body = bodies.get(cell.metadata.get("nbgrader", {}).get("grade_id"))
        if body is not None:
            head = cell.source.split("    # YOUR CODE HERE")[0]
            cell.source = head + textwrap.indent(textwrap.dedent(body).strip(), "    ")
    return notebook


def hand_in(course: Course, student: str, notebook: NotebookNode | str | bytes) -> Path:
    """Put a notebook where a student's submission lies; text is written as it is."""
    path = course.submission(student, CHAPTER) / f"{CHAPTER}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(notebook, bytes):
        path.write_bytes(notebook)
    else:
        path.write_text(notebook if isinstance(notebook, str) else nbformat.writes(notebook))
    return path
