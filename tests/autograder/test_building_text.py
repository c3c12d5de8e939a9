"""From a chapter's text to a notebook without outputs: roles, ids, and what is refused."""

from dataclasses import replace

import nbformat
import pytest
from nbgrader.nbgraderformat import MetadataValidator
from tiny_course import CHAPTER, EXERCISES, HEAD, REST, SETUP, TEXT

from autograder.building.text import read_chapter
from autograder.course import CourseError
from autograder.exercises import load


def read(tmp_path, text):
    path = tmp_path / f"{CHAPTER}.py"
    path.write_text(text)
    return read_chapter(path, load(CHAPTER))


@pytest.fixture
def cells(tmp_path):
    return {cell.id: cell for cell in read(tmp_path, TEXT).notebook.cells}


def flags(cell):
    data = cell.metadata.nbgrader
    return {key for key in ("grade", "locked", "solution", "task") if data[key]}


@pytest.mark.parametrize(
    ("name", "expected", "points", "tags"),
    [
        ("setup", {"locked"}, None, ["setup"]),
        ("activation_gain", {"solution"}, None, None),
        ("check_activation_gain", {"grade", "locked"}, 1, None),
        ("check_output_bias", {"grade", "locked"}, 2, None),
        ("experiment_pieces", {"locked"}, None, ["experiment"]),
        ("question_why", {"grade", "solution"}, 0, None),
    ],
)
def test_a_role_becomes_metadata(cells, name, expected, points, tags):
    cell = cells[name]
    assert flags(cell) == expected
    assert cell.metadata.nbgrader.grade_id == name
    assert cell.metadata.nbgrader.schema_version == 3
    assert cell.metadata.nbgrader.get("points") == points
    assert cell.metadata.get("tags") == tags


def test_ordinary_cells_have_an_id_and_no_metadata(cells):
    assert cells["prediction_pieces"].metadata == {}
    plain = [cell for cell in cells.values() if "nbgrader" not in cell.metadata]
    assert len(plain) == 5
    assert all(cell.metadata == {} for cell in plain)


def test_nbgrader_and_nbformat_accept_the_metadata(tmp_path):
    notebook = read(tmp_path, TEXT).notebook
    MetadataValidator().validate_nb(notebook)
    nbformat.validate(notebook)


def test_the_hidden_call_is_added_to_a_check(cells):
    assert cells["check_output_bias"].source.splitlines() == [
        'check("output_bias", output_bias)',
        "### BEGIN HIDDEN TESTS",
        'check("output_bias", output_bias, hidden=True)',
        "### END HIDDEN TESTS",
    ]


def test_a_backward_pass_is_checked_with_its_forward_pass(tmp_path):
    def relu(x):
        return x

    exercises = dict(load(CHAPTER))
    exercises["output_bias"] = replace(exercises["output_bias"], backward_of=relu)
    path = tmp_path / f"{CHAPTER}.py"
    path.write_text(TEXT)
    with pytest.raises(CourseError, match=r'check\("output_bias", output_bias, forward=relu\)'):
        read_chapter(path, exercises)
    path.write_text(TEXT.replace("output_bias)", "output_bias, forward=relu)"))
    cell = next(
        c for c in read_chapter(path, exercises).notebook.cells if c.id == "check_output_bias"
    )
    assert 'check("output_bias", output_bias, forward=relu, hidden=True)' in cell.source


def test_ids_are_single_and_stay_when_another_cell_changes(tmp_path):
    ids = [cell.id for cell in read(tmp_path, TEXT).notebook.cells]
    assert len(set(ids)) == len(ids)
    changed = TEXT.replace("A small chapter", "A chapter")
    others = [cell.id for cell in read(tmp_path, changed).notebook.cells]
    assert sum(a != b for a, b in zip(ids, others, strict=True)) == 1


def test_both_places_of_the_cell_type_are_read(tmp_path):
    other = TEXT.replace("[markdown] question why 0", "question why 0 [markdown]")
    assert read(tmp_path, TEXT).notebook == read(tmp_path, other).notebook


def test_nothing_of_jupytext_is_left(tmp_path):
    text = nbformat.writes(read(tmp_path, TEXT).notebook)
    assert "jupytext" not in text
    assert "lines_to_next_cell" not in text
    assert '"title"' not in text


BEFORE = HEAD + SETUP
BAD = {
    "a role that does not exist": (
        TEXT.replace("# %% scratch\n1", "# %% scrap\n1", 1),
        "'scrap' is no role; give it one of: setup, exercise",
    ),
    "code without a role": (TEXT.replace("# %% scratch\n1", "# %%\n1", 1), "'no title' is no role"),
    "code for text": (TEXT.replace("[markdown] question", "question"), "belongs to a markdown"),
    "text for code": (TEXT.replace("%% setup", "%% [markdown] setup"), "belongs to a code cell"),
    "no name": (TEXT.replace("experiment pieces", "experiment"), "title as: experiment NAME"),
    "a word too many": (TEXT.replace("experiment pieces", "experiment a b"), "experiment NAME"),
    "a bad name": (TEXT.replace("experiment pieces", "experiment a.b"), "'a.b' is no name"),
    "no points": (TEXT.replace("question why 0", "question why"), "question NAME POINTS"),
    "bad points": (TEXT.replace("question why 0", "question why two"), "whole number, not 'two'"),
    "an unknown exercise": (
        TEXT.replace("exercise output_bias", "exercise input_bias"),
        "no exercise 'input_bias'; it has: .*activation_gain",
    ),
    "an exercise without a check": (
        TEXT.replace('# %% check output_bias\ncheck("output_bias", output_bias)\n', ""),
        "exercise output_bias.*has no check",
    ),
    "a check without an exercise": (
        BEFORE + '# %% check output_bias\ncheck("output_bias", output_bias)\n\n' + REST,
        "no exercise of that name comes before it; add a cell '# %% exercise output_bias'",
    ),
    "a check before its exercise": (
        BEFORE + '# %% check output_bias\ncheck("output_bias", output_bias)\n\n' + EXERCISES,
        "no exercise of that name comes before",
    ),
    "a check of something else": (
        TEXT.replace('check("output_bias", output_bias)', 'check("output_bias", other)'),
        r'end in check\("output_bias", output_bias\)',
    ),
    "a check that asks for hidden cases": (
        TEXT.replace("output_bias)", "output_bias, hidden=True)"),
        "it must end in check",
    ),
    "a check that goes on": (
        TEXT.replace("output_bias)", "output_bias)\nprint(1)"),
        "it must end in check",
    ),
    "another signature": (
        TEXT.replace("smoothing=1.0", "smoothing=0.5"),
        r"must define output_bias\(labels, num_classes, smoothing=1.0\)",
    ),
    "no function": (TEXT.replace("def output_bias", "def input_bias"), "must define output_bias"),
    "not Python": (TEXT.replace("def output_bias", "de output_bias"), "it is not Python"),
    "an answer without marks": (
        TEXT.replace("    ### BEGIN SOLUTION\n    smoothed", "    smoothed"),
        "between ### BEGIN SOLUTION and ### END SOLUTION",
    ),
    "an answer without an end": (
        TEXT.replace("sum())\n    ### END SOLUTION", "sum())"),
        "between ### BEGIN SOLUTION",
    ),
    "an answer round the function": (
        TEXT.replace("def output_bias", "### BEGIN SOLUTION\ndef output_bias").replace(
            "    ### BEGIN SOLUTION\n    smoothed", "    smoothed"
        ),
        "inside the function",
    ),
    "an answer where none belongs": (
        TEXT.replace("1 + 1", "### BEGIN SOLUTION\n1 + 1\n### END SOLUTION", 1),
        "'BEGIN SOLUTION' does not belong here",
    ),
    "an answer in ordinary text": (
        TEXT.replace("# The gain", "# ### BEGIN SOLUTION\n# The gain"),
        "'BEGIN SOLUTION' does not belong here",
    ),
    "a hidden test in the text": (
        TEXT.replace("output_bias)", "output_bias)\n### BEGIN HIDDEN TESTS\n### END HIDDEN TESTS"),
        "'BEGIN HIDDEN TESTS' does not belong here",
    ),
    "one name twice": (TEXT + "\n# %% experiment pieces\nprint()\n", "of the same name"),
    "something before the first cell": (HEAD + "import os\n\n" + SETUP + REST, "nothing but the"),
    "metadata that is not for the text": (
        TEXT.replace("experiment pieces", 'experiment pieces nbgrader="x"'),
        "nbgrader cannot be set in the text",
    ),
    "a closing semicolon": (
        TEXT.replace("1 + 1", "print();", 1),
        r"semicolon, at lines \d+ .scratch.: it hides the last value from Jupyter but not from nb",
    ),
    "a head that is no YAML": (TEXT.replace("# jupyter:", "# jupyter: ["), "nothing but the head"),
    "a head that is no notebook's": (
        TEXT.replace("# ---\n\n", "#   kernelspec:\n#     name: python3\n# ---\n\n", 1),
        "'display_name' is a required property.*mend its head",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_text_is_refused(tmp_path, name):
    text, message = BAD[name]
    assert text != TEXT
    with pytest.raises(CourseError, match=message) as caught:
        read(tmp_path, text)
    assert f"{CHAPTER}.py:" in str(caught.value)


def test_an_error_names_the_line(tmp_path):
    text = TEXT.replace("# %% experiment pieces", "# %% experment pieces")
    number = text.splitlines().index("# %% experment pieces") + 1
    with pytest.raises(CourseError, match=rf"{CHAPTER}\.py:{number}: cell 'experment pieces': "):
        read(tmp_path, text)


def test_a_missing_or_foreign_text_is_named(tmp_path):
    path = tmp_path / "01_x.py"
    with pytest.raises(CourseError, match=r"01_x\.py: the chapter's text is missing"):
        read_chapter(path, {})
    path.write_bytes(b"# %% [markdown]\n# \xff\xfe\n")
    with pytest.raises(CourseError, match=r"01_x\.py: it is not UTF-8"):
        read_chapter(path, {})
