"""Building, checking and releasing a small chapter, from its text to the gradebook."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from leaks import leaks
from nbgrader.api import Gradebook
from tiny_course import CHAPTER, HEAD, TEXT, make_course

from autograder.building import build_chapters, check_chapters, release
from autograder.building.execute import execute
from autograder.building.text import read_chapter
from autograder.checking import seeds
from autograder.course import Course, CourseError
from autograder.exercises import CHAPTERS, load

ROOT = Path(__file__).resolve().parents[2]


def built(course):
    return course.source(CHAPTER) / f"{CHAPTER}.ipynb"


def released(course):
    return course.release(CHAPTER) / f"{CHAPTER}.ipynb"


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A course with its chapter built, to be copied; and what was told meanwhile."""
    course = make_course(tmp_path_factory.mktemp("finished"))
    (course.source(CHAPTER) / "picture.svg").write_text("<svg/>")
    told = []
    before = dict(os.environ), Path.cwd()
    build_chapters(course, progress=told.append)
    assert before == (dict(os.environ), Path.cwd())
    return course, told


@pytest.fixture
def course(finished, tmp_path):
    return Course(Path(shutil.copytree(finished[0].root, tmp_path / "course")))


@pytest.fixture
def notebook(finished):
    return nbformat.read(built(finished[0]), as_version=4)


def run(tmp_path, text):
    path = tmp_path / f"{CHAPTER}.py"
    path.write_text(text)
    return execute(read_chapter(path, load(CHAPTER)), lambda message: None)


def test_each_cell_is_told_before_it_runs(finished):
    told = finished[1]
    assert told[0] == f"{CHAPTER}: cell 1 of {len(told)}, # A small chapter"
    assert f"{CHAPTER}: cell 8 of {len(told)}, experiment pieces" in told


def test_the_notebook_is_numbered_and_knows_no_time_nor_version(notebook):
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    assert all("execution" not in cell.metadata for cell in code)
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    assert "version" not in notebook.metadata.language_info
    assert notebook.metadata.kernelspec.display_name == "Python 3 (ipykernel)"


def test_outputs_are_kept_as_a_reader_sees_them(notebook):
    cells = {cell.id: cell for cell in notebook.cells}
    experiment = cells["experiment_pieces"].outputs
    assert [o.get("text", "picture") for o in experiment] == [
        "first piece\nsecond piece\n",
        "picture",
        "after the picture\n",
    ]
    widget = next(cell for cell in notebook.cells if "interact(" in cell.source)
    assert any(o.get("text") == "scale 1.0\n" for o in widget.outputs)
    assert "widget-view" not in str(widget.outputs)


def test_every_solution_has_all_its_points_hidden_cases_too(notebook):
    checks = [cell for cell in notebook.cells if cell.id.startswith("check_")]
    assert len(checks) == 2
    for cell in checks:
        assert cell.outputs[-1].data["text/plain"] == f"{cell.metadata.nbgrader.points:.1f}"
        assert "hidden cases too" in str(cell.outputs)


def test_nothing_leaks_into_what_students_get(finished, notebook):
    course = finished[0]
    assert leaks(notebook, nbformat.read(released(course), as_version=4)) == []
    names = sorted(path.name for path in course.release(CHAPTER).iterdir())
    assert names == [f"{CHAPTER}.ipynb", "picture.svg"]


def test_building_leaves_the_gradebook_and_the_secret_alone(finished):
    names = {path.name for path in finished[0].root.iterdir()}
    assert names == {".autograder", "nbgrader_config.py", "notebooks", "solutions"}


def test_built_twice_the_bytes_are_equal(course):
    before = built(course).read_bytes(), released(course).read_bytes()
    for path in (built(course), released(course)):
        path.unlink()
    build_chapters(course, [CHAPTER])
    assert (built(course).read_bytes(), released(course).read_bytes()) == before


def test_a_check_names_what_drifted(course):
    text = course.source(CHAPTER) / f"{CHAPTER}.py"
    text.write_text(TEXT.replace('"first piece"', '"first part"').replace("picture.", "image."))
    (course.release(CHAPTER) / "picture.svg").unlink()
    before = built(course).read_bytes(), released(course).read_bytes()
    lines = check_chapters(course)
    cell = "cell experiment_pieces ('print(\"first part\")')"
    assert lines == [
        f"solutions/{CHAPTER}/{CHAPTER}.ipynb: {cell}: its source differs",
        f"solutions/{CHAPTER}/{CHAPTER}.ipynb: {cell}: its output 1 differs: "
        "text is 'first piece', built 'first part'",
        f"notebooks/{CHAPTER}/{CHAPTER}.ipynb: {cell}: its source differs",
        f"notebooks/{CHAPTER}/{CHAPTER}.ipynb: {cell}: its metadata differs",
        f"notebooks/{CHAPTER}/picture.svg: it is missing; run `autograder build`",
    ]
    assert (built(course).read_bytes(), released(course).read_bytes()) == before


def test_a_check_survives_a_spoilt_notebook(course):
    built(course).write_text("{")
    released(course).unlink()
    assert check_chapters(course) == [
        f"solutions/{CHAPTER}/{CHAPTER}.ipynb: it is not a notebook (NotJSONError); "
        "run `autograder build`",
        f"notebooks/{CHAPTER}/{CHAPTER}.ipynb: it is missing; run `autograder build`",
    ]


def lines(*code):
    return "\n".join([HEAD + "# %% scratch", *code]) + "\n"


FAILING = {
    "a cell that raises": (lines("1 / 0"), "it raises ZeroDivisionError: division by zero; mend"),
    "a cell that kills its kernel": (lines("import os", "os._exit(1)"), "the kernel died in it"),
    "a warning": (lines("import warnings", "warnings.warn('hm')"), "it writes on stderr"),
    "an address": (lines("object()"), r"memory address \(<object at 0x"),
    "a path": (lines("%pwd"), "names a folder of this machine"),
    "a solution that is wrong": (
        TEXT.replace("5 / 3", "3 / 5"),
        "cell 'check activation_gain': the solution gets 0 of 1 points",
    ),
}


@pytest.mark.parametrize("name", FAILING)
def test_a_chapter_that_does_not_run_is_refused(tmp_path, name, capfd):
    text, message = FAILING[name]
    with pytest.raises(CourseError, match=message) as caught:
        run(tmp_path, text)
    assert f"{CHAPTER}.py:" in str(caught.value)
    assert capfd.readouterr() == ("", "")


def test_the_secret_of_the_course_is_not_seen(tmp_path):
    text = lines("import os", f"print(open(os.environ[{seeds.VARIABLE!r}]).read())")
    (cell,) = run(tmp_path, text).cells
    shown = cell.outputs[0].text.strip()
    assert len(shown) == 64
    assert shown != Path(os.environ[seeds.VARIABLE]).read_text().strip()


def test_the_users_own_settings_are_not_seen(tmp_path, monkeypatch):
    monkeypatch.setenv("MPLBACKEND", "agg")
    monkeypatch.setenv("PYTHONWARNINGS", "error")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    startup = tmp_path / "profile_default" / "startup"
    startup.mkdir(parents=True)
    (startup / "mine.py").write_text("mine = 1\n")
    text = lines(
        "import sys, matplotlib",
        'print("mine" in dir(), sys.warnoptions, matplotlib.get_backend())',
    )
    (cell,) = run(tmp_path, text).cells
    assert cell.outputs[0].text == "False [] module://matplotlib_inline.backend_inline\n"


def test_nothing_is_written_if_a_chapter_does_not_run(course):
    before = built(course).read_bytes(), released(course).read_bytes()
    text = course.source(CHAPTER) / f"{CHAPTER}.py"
    text.write_text(TEXT.replace("1 + 1", "1 / 0", 1))
    with pytest.raises(CourseError):
        build_chapters(course)
    assert (built(course).read_bytes(), released(course).read_bytes()) == before


def test_an_unknown_chapter_is_refused(course, tmp_path):
    for step in (build_chapters, check_chapters):
        with pytest.raises(CourseError, match="no such assignment; this course has: 01_init"):
            step(course, ["07_dropout"])
    with pytest.raises(CourseError, match="no such assignment"):
        release(course, "07_dropout")
    shutil.copy(course.root / "nbgrader_config.py", tmp_path)
    with pytest.raises(CourseError, match="there are no chapters here"):
        build_chapters(Course(tmp_path))


# Releasing


def gradebook(course):
    return Gradebook(course.database, "dltricks")


def test_release_registers_cells_and_makes_the_secret(course, capfd):
    before = released(course).read_bytes()
    os.environ["PATH"], path = os.defpath, os.environ["PATH"]  # where no `alembic` is
    try:
        assert release(course, CHAPTER) == released(course)
    finally:
        os.environ["PATH"] = path
    assert capfd.readouterr() == ("", "")
    assert released(course).read_bytes() == before
    secret = seeds.read_secret(course.secret_file)
    with gradebook(course) as book:
        notebook = book.find_notebook(CHAPTER, CHAPTER)
        assert {c.name: c.max_score for c in notebook.grade_cells} == {
            "check_activation_gain": 1.0,
            "check_output_bias": 2.0,
            "question_why": 0.0,
        }
        hidden = book.find_source_cell("check_output_bias", CHAPTER, CHAPTER)
        assert "hidden=True" in hidden.source
    release(course, CHAPTER)
    assert released(course).read_bytes() == before
    assert seeds.read_secret(course.secret_file) == secret


@pytest.fixture(scope="module")
def gradebook_file(finished, tmp_path_factory):
    """The gradebook of a released course: making one takes `alembic`, and seconds."""
    root = tmp_path_factory.mktemp("released") / "course"
    course = Course(Path(shutil.copytree(finished[0].root, root)))
    release(course, CHAPTER)
    return root / "gradebook.db"


def test_a_notebook_in_which_somebody_worked_is_not_written_over(course, gradebook_file):
    shutil.copy(gradebook_file, course.root)
    right = released(course).read_bytes()
    worked = right.replace(b"# YOUR CODE HERE", b"return 1.0")
    assert worked != right
    released(course).write_bytes(worked)
    with pytest.raises(CourseError, match=r"somebody worked in it.*--force"):
        release(course, CHAPTER)
    assert released(course).read_bytes() == worked
    assert (course.root / "gradebook.db").read_bytes() == gradebook_file.read_bytes()
    release(course, CHAPTER, force=True)
    assert released(course).read_bytes() == right


def test_a_chapter_that_is_not_built_cannot_be_released(course):
    built(course).unlink()
    with pytest.raises(CourseError, match=r"not built yet; run `autograder build 01_init"):
        release(course, CHAPTER)


@pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")  # of nbgrader's own making
def test_new_cells_are_refused_once_there_are_submissions(course, gradebook_file):
    shutil.copy(gradebook_file, course.root)
    with gradebook(course) as book:
        book.add_student("ada")
        book.add_submission(CHAPTER, "ada")
    release(course, CHAPTER)  # the same cells: nothing to refuse
    notebook = nbformat.read(built(course), as_version=4)
    notebook.cells = [c for c in notebook.cells if c.id != "check_output_bias"]
    nbformat.write(notebook, built(course))
    before = released(course).read_bytes()
    with pytest.raises(CourseError, match=r"cells were added, removed or renamed.*new name"):
        release(course, CHAPTER, force=True)
    assert released(course).read_bytes() == before


def spoil_notebook(course):
    built(course).write_text("{")


def spoil_secret(course):
    course.secret_file.write_text("no secret\n")


def spoil_gradebook(course):
    (course.root / "gradebook.db").write_bytes(b"no database" * 100)


def lock_gradebook_away(course):
    (course.root / "gradebook.db").mkdir()


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (spoil_notebook, r"01_initialization: nbgrader cannot release it .*JSON.*nbgrader\.log"),
        (spoil_secret, r"course_secret: this is not a course's secret"),
        (spoil_gradebook, r"gradebook\.db: the gradebook cannot be used .*not a database"),
        (lock_gradebook_away, r"gradebook\.db: the gradebook cannot be used .*unable to open"),
    ],
)
def test_what_cannot_be_released_is_one_sentence_and_changes_nothing(course, spoil, message, capfd):
    before = released(course).read_bytes()
    spoil(course)
    with pytest.raises(CourseError, match=message) as caught:
        release(course, CHAPTER)
    assert "\n" not in str(caught.value)
    assert released(course).read_bytes() == before
    assert capfd.readouterr() == ("", "")


@pytest.mark.slow
def test_nbval_finds_the_same_outputs(course):
    options = f"--nbval --nbval-current-env -q -p no:cacheprovider --rootdir {course.root} ."
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options.split()],
        cwd=course.root,
        capture_output=True,
        text=True,
    )
    code = [c for c in nbformat.read(built(course), as_version=4).cells if c.cell_type == "code"]
    assert f"{2 * len(code)} passed" in done.stdout, done.stdout


@pytest.mark.slow
def test_students_get_what_nbgrader_generates(course):
    ours = released(course).read_bytes()
    shutil.rmtree(course.release(CHAPTER))
    tools = str(Path(sys.executable).parent)
    subprocess.run(
        [sys.executable, "-m", "nbgrader", "generate_assignment", CHAPTER],
        cwd=course.root,
        env=os.environ | {"PATH": os.pathsep.join([tools, os.environ["PATH"]])},
        capture_output=True,
        check=True,
    )
    assert released(course).read_bytes() == ours


@pytest.mark.slow
@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_real_chapter_built_twice_is_equal(chapter, tmp_path):
    notebooks = []
    for name in ("one", "two"):
        course = Course(tmp_path / name)
        shutil.copytree(ROOT / "solutions" / chapter, course.root / "solutions" / chapter)
        shutil.copy(ROOT / "nbgrader_config.py", course.root)
        build_chapters(course, [chapter])
        notebooks.append([p.read_bytes() for p in sorted(course.root.rglob("*.ipynb"))])
    assert notebooks[0] == notebooks[1]
