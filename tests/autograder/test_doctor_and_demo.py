import os
from dataclasses import replace
from importlib import metadata

import pytest
from classroom import CHAPTER

from autograder import cli, demo, doctor
from autograder.course import Course, CourseError
from autograder.doctor import State
from autograder.grading.gradebook import Mark, Marks
from autograder.grading.result import ExerciseResult, Result, Status, Verdict
from autograder.simulate import Expected, ExpectedStudent, Key


def found(course, thing):
    return next(f for f in doctor.examine(course) if f.thing == thing)


def test_on_a_good_course_nothing_is_missing(course):
    findings = doctor.examine(course)
    assert [f for f in findings if f.state is State.MISSING] == []
    assert {f.thing for f in findings} >= {"numpy", "nbgrader", "rich", "jupytext", "gradebook"}


def test_a_missing_or_old_package_has_a_remedy(course, monkeypatch):
    versions = {"rich": None, "numpy": "1.0"}
    real = metadata.version

    def version(name):
        if name in versions and versions[name] is None:
            raise metadata.PackageNotFoundError(name)
        return versions.get(name) or real(name)

    monkeypatch.setattr(doctor.metadata, "version", version)
    assert found(course, "rich").state is State.MISSING
    assert "pip install" in found(course, "rich").remedy
    assert found(course, "numpy").state is State.MISSING
    assert "numpy>=2.0" in found(course, "numpy").remedy


def test_another_version_than_tested_is_noted(course):
    (course.root / "constraints.txt").write_text("numpy==2.0.99\n")
    assert found(course, "numpy").state is State.NOTE
    assert "2.0.99" in found(course, "numpy").remedy


def test_a_secret_that_others_can_read_is_noted(course):
    os.chmod(course.secret_file, 0o644)
    assert found(course, "secret").state is State.NOTE
    assert "chmod 600" in found(course, "secret").remedy
    course.secret_file.write_text("?")
    assert found(course, "secret").state is State.MISSING


def test_a_gradebook_that_cannot_be_used_is_missing(course):
    (course.root / "gradebook.db").write_text("no database at all " * 100)
    assert found(course, "gradebook").state is State.MISSING


def test_settings_are_looked_at(course):
    settings = course.root / "nbgrader_config.py"
    settings.write_text(settings.read_text().replace("autograder.grading.execute.", "x."))
    assert found(Course(course.root), "nbgrader_config.py").state is State.NOTE
    settings.write_text("c = (")
    assert found(Course(course.root), "nbgrader_config.py").state is State.MISSING


def test_no_room_is_told(course, monkeypatch):
    usage = doctor.shutil.disk_usage(course.root)
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda path: usage._replace(free=10))
    assert found(course, "disk").state is State.MISSING


def test_a_demo_s_course_is_made_anew(course, tmp_path):
    folder = tmp_path / "demo"
    made = demo.make(course, folder, CHAPTER)
    assert (made.source(CHAPTER) / f"{CHAPTER}.ipynb").is_file()
    (folder / "old").touch()
    demo.make(course, folder, CHAPTER)
    assert not (folder / "old").exists()
    assert not made.secret_file.exists()
    assert made.students(CHAPTER) == []


def test_a_demo_needs_a_chapter_that_is_built(course, tmp_path):
    (course.source(CHAPTER) / f"{CHAPTER}.ipynb").unlink()
    with pytest.raises(CourseError, match="autograder build"):
        demo.make(course, tmp_path / "demo", CHAPTER)
    assert not (tmp_path / "demo").exists()


@pytest.fixture
def pair(monkeypatch):
    """A key of one student, and results that agree with it."""
    expected = {"f": Expected("right", 2.0), "g": Expected("mistake", 0.0, "g_wrong")}
    key = Key(CHAPTER, 0, {"s001": ExpectedStudent(Verdict.GRADED, expected)})
    exercises = (
        ExerciseResult("f", Status.PASSED, 2.0, 2.0),
        ExerciseResult("g", Status.FAILED, 0.0, 1.0, mistake="g_wrong"),
    )
    marks = [Marks("s001", (Mark("check_f", 2.0, 2.0), Mark("check_g", 0.0, 1.0)))]
    monkeypatch.setattr(demo.gradebook, "marks", lambda course, assignment: marks)
    return key, Result("s001", CHAPTER, Verdict.GRADED, exercises), marks


def test_what_equals_the_key(pair):
    key, result, _ = pair
    compared = demo.compare(Course("."), key, [result])
    assert (compared.equal, compared.students, compared.differences) == (1, 1, ())
    assert (compared.named, compared.mistakes) == (1, 1)


def test_what_differs_from_the_key_is_told(pair):
    key, result, marks = pair
    marks[0] = Marks("s001", (Mark("check_f", 1.0, 2.0), Mark("check_g", 0.0, 1.0)))
    died = replace(result, verdict=Verdict.DIED, exercises=result.exercises[:1])
    compared = demo.compare(Course("."), key, [died])
    assert compared.differences == ("s001: f has 1 points, not 2; its verdict is died, not graded",)
    assert (compared.equal, compared.named) == (0, 0)
    marks.clear()
    (told,) = demo.compare(Course("."), key, []).differences
    assert told == (
        "s001: f has no score, not 2; g has no score, not 0; its verdict is none, not graded"
    )


@pytest.mark.slow
def test_the_whole_demo(course, tmp_path, capsys):
    folder = tmp_path / "demo"
    arguments = ["demo", "--students", "6", "--folder", str(folder), "--course", str(course.root)]
    assert cli.main(arguments) == 0
    out = capsys.readouterr().out
    assert "6 of 6 scores equal the key" in out
    assert (folder / "reports" / f"{CHAPTER}.html").is_file()
    assert len(list((folder / "feedback").rglob("*.html"))) == 6
