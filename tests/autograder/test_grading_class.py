"""A class with submissions of every kind, graded once by the command, end to end."""

import nbformat
import pytest
from classroom import (
    ANSWERS,
    CHAPTER,
    answered,
    copied,
    hand_in,
    make_course,
    release,
    released,
    solved,
)
from nbformat.v4 import new_code_cell

from autograder import cli
from autograder.course import Course
from autograder.grading import gradebook
from autograder.grading.result import Status, Verdict, load

pytestmark = pytest.mark.slow

LOOP = {**ANSWERS, "activation_gain": "while True: pass"}
FORMULA = "=1+1 [x]"


def changed(notebook, change):
    for cell in notebook.cells:
        change(cell)
    return notebook


def tampered(cell):
    if "nbgrader" in cell.metadata:
        cell.metadata.nbgrader.points = 100
        if cell.metadata.nbgrader.grade:
            cell.metadata.tags = ["skip-execution", "experiment"]
            cell.source = "100.0"


def stripped(cell):
    cell.metadata.clear()


def of_schema(version):
    def change(cell):
        if "nbgrader" in cell.metadata:
            cell.metadata.nbgrader.schema_version = version

    return change


def without_checks(notebook):
    notebook.cells = [cell for cell in notebook.cells if not cell.source.startswith("check(")]
    return notebook


def with_copies(notebook):
    notebook.cells += [nbformat.from_dict(cell) for cell in notebook.cells[2:5]]
    for i, cell in enumerate(notebook.cells):
        cell.id = f"c{i}"
    return notebook


def with_extra(notebook, source):
    notebook.cells.insert(3, new_code_cell(source))
    return notebook


#: student: what is handed in (from a course), the verdict, the points of 4.
CLASS = {
    "right": (solved, Verdict.GRADED, 4),
    FORMULA: (solved, Verdict.GRADED, 4),
    "untouched": (released, Verdict.BLANK, 0),
    "garbage": (lambda course: "{not json", Verdict.UNREADABLE, 0),
    "empty": (lambda course: b"", Verdict.UNREADABLE, 0),
    "loop": (lambda course: answered(course, LOOP), Verdict.TIMED_OUT, 3),
    "dies": (
        lambda course: answered(course, {**ANSWERS, "activation_gain": "import os; os._exit(1)"}),
        Verdict.DIED,
        1,
    ),
    "exits": (
        lambda course: answered(course, {**ANSWERS, "activation_gain": "raise SystemExit"}),
        Verdict.GRADED,
        3,
    ),
    "memory": (
        lambda course: answered(course, {**ANSWERS, "activation_gain": "return [0] * 10**11"}),
        Verdict.OUT_OF_MEMORY,
        3,
    ),
    "prints": (
        lambda course: with_extra(solved(course), "for _ in range(9): print('x' * 2_000_000)"),
        Verdict.GRADED,
        4,
    ),
    "syntax": (
        lambda course: answered(course, {**ANSWERS, "xavier_normal": "return ("}),
        Verdict.GRADED,
        2,
    ),
    "refused": (
        lambda course: answered(
            course,
            {"small_normal": "from dltricks.initializers import small_normal as f\n"
             "return f(fan_in, fan_out, rng, std)"},
        ),
        Verdict.GRADED,
        0,
    ),
    "schema_0": (lambda course: changed(solved(course), of_schema(0)), Verdict.GRADED, 4),
    "schema_99": (lambda course: changed(solved(course), of_schema(99)), Verdict.GRADED, 4),
    "tampered": (lambda course: changed(released(course), tampered), Verdict.BLANK, 0),
    "stripped": (lambda course: changed(solved(course), stripped), Verdict.GRADED, 4),
    "no_checks": (lambda course: without_checks(solved(course)), Verdict.GRADED, 4),
    "copies": (lambda course: with_copies(solved(course)), Verdict.GRADED, 4),
}  # fmt: skip
PEOPLE = {"garbage", "empty", "loop", "dies", "memory", "refused", "missing"}


@pytest.fixture(scope="module")
def graded(template, tmp_path_factory):
    """The class, graded: the course, and what the command gave back and said."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        course = copied(template, tmp_path_factory.mktemp("class") / "course", monkeypatch)
        for student, (make, _, _) in CLASS.items():
            hand_in(course, student, make(course))
        course.submission("missing", CHAPTER).mkdir(parents=True)
        yield course, cli.main(["grade", CHAPTER, "--course", str(course.root)])


def marks(course):
    return {m.student: m for m in gradebook.marks(Course(course.root), CHAPTER)}


def test_the_run_ends_well(graded):
    assert graded[1] == 0


@pytest.mark.parametrize("student", CLASS)
def test_each_gets_its_verdict_and_its_points(graded, student):
    course, _ = graded
    _, verdict, points = CLASS[student]
    result = load(course, CHAPTER, student)
    assert (result.verdict, result.points, result.maximum) == (verdict, points, 4)
    assert marks(course)[student].score == points


@pytest.mark.parametrize("student", [*CLASS, "missing"])
def test_who_needs_a_person_is_flagged_in_the_gradebook_and_nobody_else(graded, student):
    course, _ = graded
    result = load(course, CHAPTER, student)
    assert bool(result.needs_person) is (student in PEOPLE)
    assert marks(course)[student].needs_person is (student in PEOPLE)


def test_a_missing_notebook_is_unreadable_and_its_exercises_are_not_blank(graded):
    result = load(graded[0], CHAPTER, "missing")
    assert result.verdict is Verdict.UNREADABLE
    assert {exercise.status for exercise in result.exercises} == {Status.NOT_RUN}


def test_exercises_are_told_apart(graded):
    def found(student, name="activation_gain"):
        return next(e for e in load(graded[0], CHAPTER, student).exercises if e.name == name)

    assert found("loop").kind == "timeout"
    assert (found("dies").kind, found("dies", "xavier_normal").status) == ("died", Status.NOT_RUN)
    assert found("memory").kind == "memory"
    assert found("refused", "small_normal").status is Status.REFUSED
    assert found("syntax", "xavier_normal").kind == "syntax"


def test_every_submission_can_be_opened_in_formgrader(graded):
    course, _ = graded
    for student in [*CLASS, "missing"]:
        path = course.autograded(student, CHAPTER) / f"{CHAPTER}.ipynb"
        nbformat.validate(nbformat.read(path, as_version=4))
    text = (course.autograded("garbage", CHAPTER) / f"{CHAPTER}.ipynb").read_text()
    assert "could not be graded: the file is not a notebook" in text


def test_submissions_are_not_touched_and_nothing_is_left_over(graded):
    course, _ = graded
    path = course.submission("garbage", CHAPTER) / f"{CHAPTER}.ipynb"
    assert path.read_text() == "{not json"
    assert not list((course.state / "staged").rglob("*.ipynb"))


def test_the_rest_of_the_way(graded, capsys):
    course, _ = graded
    at = ["--course", str(course.root)]
    assert cli.main(["feedback", CHAPTER, *at]) == 0
    for student in [*CLASS, "missing"]:
        page = (course.feedback(student, CHAPTER) / f"{CHAPTER}.html").read_text()
        assert "hidden=True" not in page
        assert "HIDDEN TESTS" not in page
    assert cli.main(["report", CHAPTER, *at]) == 0
    page = (course.root / "reports" / f"{CHAPTER}.html").read_text()
    assert "garbage" in page
    capsys.readouterr()
    assert cli.main(["export", CHAPTER, *at]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "student,score,maximum,small_normal,activation_gain,xavier_normal"
    assert lines[1] == f"'{FORMULA},4,4,1,1,2"
    assert len(lines) == 2 + len(CLASS)


def test_what_has_not_changed_is_skipped_and_what_has_is_graded(graded, monkeypatch):
    course, _ = graded
    at = ["--course", str(course.root)]
    before = marks(course)
    times = {s: load(course, CHAPTER, s) for s in CLASS}
    hand_in(course, "untouched", answered(course, {"small_normal": ANSWERS["small_normal"]}))
    assert cli.main(["grade", CHAPTER, *at]) == 0
    after = marks(course)
    assert after.pop("untouched").score == 1
    before.pop("untouched")
    assert after == before
    assert [s for s in CLASS if load(course, CHAPTER, s) != times[s]] == ["untouched"]
    # Graded twice, a submission gets the same score.
    assert cli.main(["grade", CHAPTER, *at, "--regrade", "--student", "syntax"]) == 0
    assert marks(course)["syntax"] == before["syntax"]


def test_nbgrader_itself_gives_the_same(template, tmp_path, monkeypatch):
    """The solution has all points, and the release none, with `nbgrader autograde`, too."""
    from nbgrader.converters import Autograde
    from nbgrader.coursedir import CourseDirectory

    course = copied(template, tmp_path / "course", monkeypatch)
    source = course.source(CHAPTER) / f"{CHAPTER}.ipynb"
    hand_in(course, "solution", nbformat.read(source, as_version=4))
    hand_in(course, "release", released(course))
    directory = CourseDirectory(config=course.config)
    directory.assignment_id = CHAPTER
    with gradebook.quiet():
        Autograde(coursedir=directory, config=course.config).start()
    assert {m.student: m.score for m in gradebook.marks(course, CHAPTER)} == {
        "release": 0,
        "solution": 4,
    }


def test_release_again_with_submissions_changes_nothing(graded):
    course, _ = graded
    before = marks(course)
    release(Course(course.root), CHAPTER)
    assert marks(course) == before


def test_what_was_never_released_is_released_and_a_stopped_submission_has_its_verdict(
    tmp_path, monkeypatch, capsys
):
    from autograder.grading import autograde, grade
    from autograder.grading.result import Task

    course = make_course(tmp_path / "course")
    monkeypatch.setenv("AUTOGRADER_SECRET_FILE", str(course.secret_file))
    hand_in(course, "ada", "{not json")
    assert cli.main(["grade", CHAPTER, "--course", str(course.root)]) == 0
    assert "was not released yet: releasing it now" in capsys.readouterr().out
    # What the clock ended is recorded without running anything of the student's.
    for name, value in grade._environment(course).items():
        monkeypatch.setenv(name, value)
    hand_in(course, "bob", solved(course))
    result = autograde.grade(Task(str(course.root), CHAPTER, "bob", "it was stopped"))
    assert (result.verdict, result.points, result.maximum) == (Verdict.TIMED_OUT, 0, 4)
    assert result.needs_person == ("it was stopped",)
    assert marks(course)["bob"].needs_person
    text = (course.autograded("bob", CHAPTER) / f"{CHAPTER}.ipynb").read_text()
    assert "could not be graded: it was stopped" in text


def test_a_time_of_handing_in_reaches_nbgrader_and_a_forged_one_is_left_out(
    template, tmp_path, monkeypatch
):
    from datetime import datetime

    course = copied(template, tmp_path / "course", monkeypatch)
    for student, stamp in (("ada", "2030-05-01 10:00:00 UTC"), ("bob", "yesterday, honestly")):
        path = hand_in(course, student, "{")
        (path.parent / "timestamp.txt").write_text(stamp)
    assert cli.main(["grade", CHAPTER, "--course", str(course.root)]) == 0
    with gradebook.opened(course) as book:
        assert book.find_submission(CHAPTER, "ada").timestamp == datetime(2030, 5, 1, 10)
        assert book.find_submission(CHAPTER, "bob").timestamp is None
    assert "timestamp.txt is no time, and was not used" in load(course, CHAPTER, "bob").notes
