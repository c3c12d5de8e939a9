"""Nothing of an answer, a hidden test or an output is in what students get."""

import copy
from pathlib import Path

import nbformat
import pytest
from leaks import leaks, secrets_of
from nbformat.v4 import new_code_cell, new_notebook, new_output

from autograder.exercises import CHAPTERS, load

ROOT = Path(__file__).resolve().parents[2]
BUILT = sorted(ROOT.glob("solutions/*/*.ipynb"))


def test_every_chapter_with_exercises_is_built():
    assert {path.stem for path in BUILT} >= set(CHAPTERS)


@pytest.mark.parametrize("path", BUILT, ids=lambda path: path.stem)
def test_nothing_leaks(path):
    solution = nbformat.read(path, as_version=4)
    released = nbformat.read(ROOT / "notebooks" / path.parent.name / path.name, as_version=4)
    assert len(secrets_of(solution)) >= len(load(path.stem))
    assert leaks(solution, released) == []


@pytest.mark.parametrize("path", BUILT, ids=lambda path: path.stem)
def test_students_get_the_notebook_and_no_source(path):
    folder = ROOT / "notebooks" / path.parent.name
    files = [p for p in folder.rglob("*") if ".ipynb_checkpoints" not in p.parts]
    assert not [
        p for p in files if p.suffix == ".py" or (p.suffix == ".ipynb" and p.stem != path.stem)
    ]


@pytest.mark.parametrize("path", BUILT, ids=lambda path: path.stem)
def test_the_chapter_asks_for_all_its_exercises(path):
    cells = nbformat.read(path, as_version=4).cells
    points = {
        cell.metadata.nbgrader.grade_id: cell.metadata.nbgrader.points
        for cell in cells
        if cell.metadata.get("nbgrader", {}).get("grade") and cell.cell_type == "code"
    }
    assert points == {f"check_{name}": e.points for name, e in load(path.stem).items()}


SOLUTION = '''\
def f(x):
    """Double a number."""
    ### BEGIN SOLUTION
    return x + x  # doubled
    ### END SOLUTION
'''
STUB = SOLUTION[: SOLUTION.index("    ###")] + "    # YOUR CODE HERE\n"


def notebook(*cells):
    return new_notebook(cells=list(cells))


def test_the_search_knows_the_answer_and_not_the_open_text():
    solution = notebook(new_code_cell(SOLUTION), new_code_cell("# see: return x + x  # doubled"))
    assert secrets_of(solution) == set()
    assert secrets_of(notebook(solution.cells[0])) == {"return x + x  # doubled"}


PLANTED = {
    "answer: return x + x  # doubled": new_code_cell("    return x + x  # doubled", id="c"),
    "mark: hidden=True": new_code_cell('check("f", f, hidden=True)', id="c"),
    "mark: BEGIN HIDDEN TESTS": new_code_cell("### BEGIN HIDDEN TESTS", id="c"),
    "mark: END SOLUTION": new_code_cell("### END SOLUTION", id="c"),
    "jupytext's metadata": new_code_cell("", id="c", metadata={"jupytext": {}}),
    "output: c": new_code_cell("1", id="c", outputs=[new_output("stream", text="1")]),
}


@pytest.mark.parametrize("finding", PLANTED)
def test_the_search_finds_what_is_planted(finding):
    solution = notebook(new_code_cell(SOLUTION))
    released = notebook(new_code_cell(STUB))
    assert leaks(solution, released) == []
    released.cells.append(copy.deepcopy(PLANTED[finding]))
    assert leaks(solution, released) == [finding]
