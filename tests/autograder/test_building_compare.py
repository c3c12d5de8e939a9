"""`compare`: each kind of difference is found, named with its cell, and nothing else is."""

import copy

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from autograder.building.compare import compare


@pytest.fixture
def old():
    picture = {"image/png": "AAAA", "text/plain": "<Figure>"}
    cells = [
        new_markdown_cell("# Title", id="text"),
        new_code_cell(
            "x = 1\nprint(x)",
            id="code",
            execution_count=1,
            metadata={"nbgrader": {"grade": False}},
            outputs=[
                new_output("stream", name="stdout", text="1\n2\n"),
                new_output("display_data", picture),
                new_output("execute_result", {"text/plain": "1.0"}, execution_count=1),
            ],
        ),
    ]
    return new_notebook(cells=cells, metadata={"authors": []})


def drifts(old, change):
    new = copy.deepcopy(old)
    change(new)
    return [str(drift) for drift in compare(old, new)]


def test_equal_notebooks_do_not_drift(old):
    assert compare(old, copy.deepcopy(old)) == []


def test_pixels_may_differ_but_not_the_kind_of_picture(old):
    assert drifts(old, lambda n: n.cells[1].outputs[1].data.update({"image/png": "BBBB"})) == []

    def as_svg(notebook):
        data = notebook.cells[1].outputs[1].data
        data["image/svg+xml"] = data.pop("image/png")

    (line,) = drifts(old, as_svg)
    assert "output 2 differs: image/svg+xml is missing" in line


def set_(path, value):
    def change(notebook):
        *steps, last = path
        at = notebook
        for step in steps:
            at = at[step]
        at[last] = value

    return change


CODE = ("cells", 1)
CHANGES = {
    "source": (set_((*CODE, "source"), "x = 2"), "cell code ('x = 2'): its source differs"),
    "metadata": (set_((*CODE, "metadata"), {}), "('x = 1'): its metadata differs"),
    "nbgrader": (set_((*CODE, "metadata", "nbgrader", "grade"), True), "its metadata differs"),
    "type": (set_(("cells", 0, "cell_type"), "raw"), "cell text ('# Title'): its cell_type"),
    "count": (set_((*CODE, "execution_count"), 2), "its execution_count differs"),
    "stream": (
        set_((*CODE, "outputs", 0, "text"), "1\n3\n"),
        "its output 1 differs: text is '2', built '3'",
    ),
    "longer stream": (set_((*CODE, "outputs", 0, "text"), "1\n2\n3\n"), "has 2 lines, built 3"),
    "stream's name": (set_((*CODE, "outputs", 0, "name"), "stderr"), "name is 'stdout', built"),
    "result": (
        set_((*CODE, "outputs", 2, "data", "text/plain"), "2.0"),
        "output 3 differs: text/plain is '1.0', built '2.0'",
    ),
    "gone": (set_((*CODE, "outputs", 2, "data"), {}), "text/plain is not built"),
    "fewer": (set_((*CODE, "outputs"), []), "it has 3 outputs, not 0"),
    "notebook": (set_(("metadata",), {}), "the notebook's metadata differs"),
    "format": (set_(("nbformat_minor",), 4), "the notebook's nbformat_minor differs"),
    "order": (lambda n: n.cells.reverse(), "the cells are in another order"),
    "new cell": (
        lambda n: n.cells.append(new_code_cell("y", id="new")),
        "cell new ('y'): is missing",
    ),
    "lost cell": (lambda n: n.cells.pop(0), "cell text ('# Title'): does not follow from the text"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_is_one_line_that_names_it(old, name):
    change, expected = CHANGES[name]
    (line,) = drifts(old, change)
    assert expected in line
    assert "\n" not in line


def test_a_renamed_cell_is_told_twice_and_not_as_another_order(old):
    lines = drifts(old, set_(("cells", 0, "id"), "other"))
    assert lines == [
        "cell text ('# Title'): does not follow from the text",
        "cell other ('# Title'): is missing",
    ]


def test_cells_with_the_same_id_are_told(old):
    twice = copy.deepcopy(old)
    twice.cells.append(twice.cells[0])
    assert [str(d) for d in compare(twice, old)] == ["several cells have the same id"]
