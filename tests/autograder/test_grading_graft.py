import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from nbgrader.nbgraderformat import MetadataValidator

from autograder.grading.graft import graft
from autograder.grading.submission import Cell, cells_of


def ours(grade_id, source, **roles):
    cell = new_code_cell(source, id=f"id-{grade_id}")
    cell.metadata["nbgrader"] = {
        "grade": False, "grade_id": grade_id, "locked": True, "schema_version": 3,
        "solution": False, "task": False, **roles,
    }  # fmt: skip
    return cell


@pytest.fixture
def release():
    return new_notebook(
        cells=[
            new_markdown_cell("# Title", id="title"),
            ours("setup", "import numpy as np"),
            ours("f", "def f(): raise NotImplementedError()", locked=False, solution=True),
            ours("check_f", 'check("f", f)', grade=True, points=1),
            ours("g", "def g(): raise NotImplementedError()", locked=False, solution=True),
            ours("check_g", 'check("g", g)', grade=True, points=2),
        ]
    )


@pytest.fixture
def student(release):
    """What a student hands in who answers both."""
    cells = {cell.grade_id or cell.id: cell for cell in cells_of(release)}
    cells["f"] = Cell("code", "def f(): return 1", "f", "id-f")
    cells["g"] = Cell("code", "def g(): return 2", "g", "id-g")
    return cells


def sources(notebook):
    return [cell.source for cell in notebook.cells]


RIGHT = [
    "# Title",
    "import numpy as np",
    "def f(): return 1",
    'check("f", f)',
    "def g(): return 2",
    'check("g", g)',
]


def test_answers_are_put_into_the_release(release, student):
    notebook, notes = graft(release, student.values())
    assert sources(notebook) == RIGHT
    assert notes == ()
    nbformat.validate(notebook)
    MetadataValidator().validate_nb(notebook)
    for cell in notebook.cells[1:]:
        original = next(c for c in release.cells if c.id == cell.id)
        assert cell.metadata == original.metadata


def test_the_release_is_not_changed(release, student):
    before = nbformat.writes(release)
    graft(release, student.values())
    assert nbformat.writes(release) == before


def test_the_release_grafted_on_itself_is_itself(release):
    assert graft(release, cells_of(release))[0] == release


def test_a_deleted_check_is_put_back(release, student):
    del student["check_f"]
    notebook, notes = graft(release, student.values())
    assert sources(notebook) == RIGHT
    assert notes == ("1 of the course's own cells were missing, and were put back",)


def test_an_edited_check_is_as_released(release, student):
    student["check_f"] = Cell("markdown", "1.0", "check_f")
    notebook, _ = graft(release, student.values())
    assert sources(notebook) == RIGHT
    assert notebook.cells[3].cell_type == "code"


def test_cells_in_any_order_are_put_in_ours(release, student):
    notebook, _ = graft(release, reversed(student.values()))
    assert [text for text in sources(notebook) if text != "# Title"] == RIGHT[1:]


def test_a_copied_check_adds_nothing(release, student):
    copies = [student["check_f"], Cell("code", 'check("f", f)')]
    notebook, notes = graft(release, [*student.values(), *copies])
    assert sources(notebook) == RIGHT
    assert notes == ("2 copies of the course's own cells were left out",)


@pytest.mark.parametrize("first", [True, False])
def test_of_two_copies_the_one_that_was_worked_on_counts(release, student, first):
    blank = Cell("code", release.cells[2].source, "f")
    cells = [*student.values(), blank]
    notebook, _ = graft(release, cells if first else [blank, *student.values()])
    assert sources(notebook) == RIGHT


def test_of_two_answers_the_last_counts_and_the_first_runs_before(release, student):
    first = Cell("code", "def helper(): pass", "f")
    cells = [*list(student.values())[:2], first, *list(student.values())[2:]]
    notebook, _ = graft(release, cells)
    assert sources(notebook) == [*RIGHT[:2], "def helper(): pass", *RIGHT[2:]]
    ids = [cell.metadata.get("nbgrader", {}).get("grade_id") for cell in notebook.cells]
    assert ids.count("f") == 1


def test_a_cell_of_ones_own_stays_where_it_was(release, student):
    cells = list(student.values())
    cells.insert(3, Cell("code", "f()", id="own"))
    notebook, notes = graft(release, cells)
    assert sources(notebook) == [*RIGHT[:3], "f()", *RIGHT[3:]]
    assert notebook.cells[3].metadata == {}
    assert notebook.cells[3].id == "own"
    assert notes == ()


def test_without_any_metadata_the_answers_still_count(release, student):
    bare = [Cell(cell.kind, cell.source) for cell in student.values()]
    notebook, notes = graft(release, bare)
    texts = sources(notebook)
    assert texts.index("def f(): return 1") < texts.index('check("f", f)')
    assert texts.index("def g(): return 2") < texts.index('check("g", g)')
    assert release.cells[2].source not in texts
    assert set(notes) == {"the cell for f was deleted", "the cell for g was deleted"}


def test_a_cell_id_tells_an_answer_that_lost_its_metadata(release, student):
    student["f"] = Cell("code", "def f(): return 1", id="id-f")
    notebook, notes = graft(release, student.values())
    assert sources(notebook) == RIGHT
    assert notes == ()


def test_an_answer_moved_to_a_cell_of_ones_own_is_not_overwritten(release, student):
    student["f"] = Cell("code", "def f(): return 1", id="mine")
    notebook, _ = graft(release, student.values())
    assert sources(notebook) == RIGHT


def test_attachments_of_markdown_stay_and_of_code_do_not(release, student):
    picture = {"a.png": {"image/png": "aGk="}}
    extra = [Cell("markdown", "![](attachment:a.png)", attachments=picture)]
    extra.append(Cell("code", "1", attachments=picture))
    notebook, _ = graft(release, [*student.values(), *extra])
    assert notebook.cells[-2].attachments == picture
    nbformat.validate(notebook)


@given(
    st.lists(
        st.builds(
            Cell,
            st.sampled_from(["code", "markdown", "raw"]),
            st.sampled_from(["", "x", "import numpy as np", "def f(): return 1", "\u0000"]),
            st.sampled_from(["", "setup", "f", "check_f", "g", "nobody's"]),
            st.sampled_from(["", "id-f", "id-check_f", "title", "not a valid id", "a" * 70]),
        ),
        max_size=12,
    )
)
def test_whatever_comes_the_course_s_cells_are_there_once_and_valid(cells):
    release = new_notebook(
        cells=[
            ours("setup", "import numpy as np"),
            ours("f", "def f(): raise NotImplementedError()", locked=False, solution=True),
            ours("check_f", 'check("f", f)', grade=True, points=1),
            ours("g", "def g(): raise NotImplementedError()", locked=False, solution=True),
        ]
    )
    notebook, _ = graft(release, cells)
    nbformat.validate(notebook)
    MetadataValidator().validate_nb(notebook)
    locked = [c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("locked")]
    assert locked == [release.cells[0], release.cells[2]]
    assert len({cell.id for cell in notebook.cells}) == len(notebook.cells)
