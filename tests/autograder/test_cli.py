"""The command line: help, and bad input told in one sentence that names the file and the remedy."""

import json
import re
import shutil
import sqlite3
import subprocess
import sys

import pytest
from classroom import (
    CHAPTER,
    hand_in,
    make_course,
    released,
)

from autograder import cli
from autograder.checking import seeds
from autograder.grading import secret

COMMANDS = (
    "build", "release", "simulate", "grade", "feedback", "report", "export", "doctor", "demo"
)  # fmt: skip


def files(folder):
    """All files with what is in them: to show that nothing was changed."""
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def refused(capsys):
    """Run a command that must be refused; give the sentence."""

    def run(*arguments):
        assert cli.main([str(argument) for argument in arguments]) == 2
        out, err = capsys.readouterr()
        assert err.startswith("autograder: ")
        assert err.count("\n") == 1
        assert "Traceback" not in out + err
        return err.removeprefix("autograder: ").strip()

    return run


def test_without_a_command_an_overview_is_shown(capsys):
    assert cli.main([]) == 0
    out = capsys.readouterr().out
    assert all(re.search(rf"^    {command}\b", out, re.MULTILINE) for command in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(command, capsys):
    with pytest.raises(SystemExit) as caught:
        cli.main([command, "--help"])
    assert caught.value.code == 0
    assert f"example:\n  autograder {command}" in capsys.readouterr().out


def test_help_loads_nothing_heavy():
    heavy = ("nbgrader", "nbconvert", "sqlalchemy", "rich", "matplotlib", "jupyter_client")
    code = (
        "import sys\nfrom autograder import cli\ntry:\n    cli.main(['grade', '--help'])\n"
        f"except SystemExit:\n    print([m for m in {heavy} if m in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines()[-1] == "[]"


def test_no_course_here(tmp_path, refused):
    said = refused("grade", CHAPTER, "--course", tmp_path)
    assert str(tmp_path) in said
    assert "--course" in said


def test_a_course_s_folder_that_is_not_there(tmp_path, refused):
    assert "there is no such folder" in refused("grade", CHAPTER, "--course", tmp_path / "x")


@pytest.mark.parametrize(
    "command", ["release", "simulate", "grade", "feedback", "report", "export"]
)
def test_an_unknown_assignment_names_the_close_one(command, course, refused):
    before = files(course.root)
    said = refused(command, "01_initialisation", "--course", course.root)
    assert str(course.source("01_initialisation")) in said
    assert said.endswith(f"did you mean {CHAPTER}?")
    assert files(course.root) == before


def test_nobody_handed_in(course, refused):
    before = files(course.root)
    said = refused("grade", CHAPTER, "--course", course.root)
    assert str(course.root / "submitted") in said
    assert f"autograder simulate {CHAPTER}" in said
    assert files(course.root) == before


@pytest.mark.parametrize("command", ["feedback", "report", "export"])
def test_nothing_is_graded_yet(command, course, refused):
    said = refused(command, CHAPTER, "--course", course.root)
    assert f"autograder grade {CHAPTER}" in said


def test_an_unknown_student_names_the_close_one(course, refused):
    hand_in(course, "ada", released(course))
    said = refused("grade", CHAPTER, "--student", "adda", "--course", course.root)
    assert "did you mean ada?" in said
    assert str(course.submission("adda", CHAPTER)) in said


def graded_with(course, text):
    """Pretend that the class was graded with a secret, and put another one in its place."""
    hand_in(course, "ada", released(course))
    secret.require(course)
    if text is None:
        course.secret_file.unlink()
    else:
        course.secret_file.write_text(text)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (None, "the secret that this class was graded with is gone"),
        ("0" * 64, "wrong secret"),
        ("not a secret", "this is not a course's secret"),
        ("", "this is not a course's secret"),
    ],
)
def test_a_wrong_secret(text, what, course, refused):
    graded_with(course, text)
    before = files(course.root)
    said = refused("grade", CHAPTER, "--course", course.root)
    assert said.startswith(f"{course.secret_file}: ")
    assert what in said
    assert "backup" in said
    after = files(course.root)
    after.pop(course.state / "grading.lock", None)
    assert after == before


def test_another_secret_can_be_accepted_for_the_whole_class_only(course, refused):
    graded_with(course, "0" * 64)
    for more in ([], ["--regrade", "--student", "ada"]):
        said = refused("grade", CHAPTER, "--accept-new-secret", *more, "--course", course.root)
        assert "--regrade and without --student" in said
    fingerprint = secret.require(course, accept_new=True)
    assert fingerprint == seeds.fingerprint(bytes(32))
    assert secret.require(course) == fingerprint


def test_a_secret_is_made_and_remembered_once(tmp_path):
    course = make_course(tmp_path / "course")
    first = secret.require(course)
    assert secret.require(course) == first
    assert course.secret_file.stat().st_mode & 0o077 == 0
    assert json.loads((course.state / "secret.json").read_text()) == {"fingerprint": first}


def test_a_damaged_record_of_the_secret(course, refused):
    hand_in(course, "ada", released(course))
    (course.state).mkdir(exist_ok=True)
    (course.state / "secret.json").write_text("{")
    assert "secret.json" in refused("grade", CHAPTER, "--course", course.root)


def a_folder(path):
    path.unlink()
    path.mkdir()


def no_database(path):
    path.write_text("this is not a database, and long enough to be seen as none " * 20)


@pytest.mark.parametrize(
    ("damage", "what"), [(a_folder, "unable to open"), (no_database, "file is not a database")]
)
@pytest.mark.parametrize("command", ["grade", "report", "release", "feedback", "export"])
def test_a_gradebook_that_cannot_be_used(command, damage, what, course, refused):
    hand_in(course, "ada", released(course))
    damage(course.root / "gradebook.db")
    said = refused(command, CHAPTER, "--course", course.root)
    assert str(course.root / "gradebook.db") in said
    assert what in said


def test_a_gradebook_that_may_not_be_written(course, refused, monkeypatch):
    hand_in(course, "ada", released(course))
    monkeypatch.setattr("autograder.grading.gradebook.os.access", lambda path, mode: False)
    before = files(course.root)
    said = refused("grade", CHAPTER, "--course", course.root)
    assert "readonly" in said
    assert "give yourself write permission" in said
    assert files(course.root).keys() - before.keys() <= {course.state / "grading.lock"}


def test_a_gradebook_that_another_program_writes_to(course, refused, monkeypatch):
    from autograder.grading import gradebook

    hand_in(course, "ada", released(course))
    monkeypatch.setattr(gradebook, "SHORT_PATIENCE", 0.1)
    other = sqlite3.connect(course.root / "gradebook.db", isolation_level=None)
    try:
        other.execute("BEGIN IMMEDIATE")
        said = refused("grade", CHAPTER, "--course", course.root)
    finally:
        other.close()
    assert "database is locked" in said
    assert "close it" in said


def test_a_course_that_is_being_graded(course, refused):
    from autograder.grading.grade import _alone

    hand_in(course, "ada", released(course))
    with _alone(course):
        assert "being graded by another process" in refused(
            "grade", CHAPTER, "--course", course.root
        )


def test_a_chapter_that_is_not_built(course, refused):
    hand_in(course, "ada", released(course))
    (course.source(CHAPTER) / f"{CHAPTER}.ipynb").unlink()
    shutil.rmtree(course.root / "notebooks")
    for command in ("grade", "release"):
        assert "autograder build" in refused(command, CHAPTER, "--course", course.root)


def test_settings_that_cannot_be_read(tmp_path, refused):
    (tmp_path / "nbgrader_config.py").write_text("c = get_config(\n")
    (tmp_path / "solutions" / CHAPTER).mkdir(parents=True)
    said = refused("report", CHAPTER, "--course", tmp_path)
    assert str(tmp_path / "nbgrader_config.py") in said


def test_an_output_that_cannot_be_written_and_other_errors(course, refused, monkeypatch):
    def failing(error):
        def run(*args, **kwargs):
            raise error

        monkeypatch.setattr("autograder.reports.export.to_csv", run)
        return refused("export", CHAPTER, "--course", course.root)

    denied = failing(PermissionError(13, "Permission denied", "/grades.csv"))
    assert denied.startswith("/grades.csv: permission denied; ")
    assert "pip install" in failing(ModuleNotFoundError("no", name="rich"))
    assert "--debug" in failing(ZeroDivisionError("division by zero"))


def test_debug_shows_the_error_itself(course, monkeypatch):
    from autograder.course import CourseError

    with pytest.raises(CourseError):
        cli.main(["grade", CHAPTER, "--debug", "--course", str(course.root)])


def test_an_interrupted_command_says_that_it_goes_on(course, monkeypatch, capsys):
    def interrupted(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr("autograder.grading.grade.grade_class", interrupted)
    assert cli.main(["grade", CHAPTER, "--course", str(course.root)]) == 130
    assert "the same command goes on" in capsys.readouterr().err


def test_release_and_simulate(tmp_path, capsys, monkeypatch):
    course = make_course(tmp_path / "course")
    monkeypatch.setenv("AUTOGRADER_SECRET_FILE", str(course.secret_file))
    at = ["--course", str(course.root)]
    assert cli.main(["release", CHAPTER, *at]) == 0
    assert cli.main(["simulate", CHAPTER, "--students", "4", *at]) == 0
    out = capsys.readouterr().out
    assert "Released: " in out
    assert "4 simulated students" in out
    assert course.students(CHAPTER) == ["s001", "s002", "s003", "s004"]


def test_simulate_refuses(course, refused):
    at = ["--course", course.root]
    assert "at least 1" in refused("simulate", CHAPTER, "--students", 0, *at)
    hand_in(course, "ada", released(course))
    assert "this submission was not simulated" in refused("simulate", CHAPTER, "--force", *at)


def test_demo_refuses_a_folder_that_is_somebody_s(course, refused, tmp_path):
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.tex").touch()
    said = refused("demo", "--folder", mine, "--course", course.root)
    assert str(mine) in said
    assert (mine / "thesis.tex").exists()


def test_doctor(course, capsys):
    assert cli.main(["doctor", "--course", str(course.root)]) == 0
    out = capsys.readouterr().out
    for thing in ("Python", "nbgrader", "kernel", "gradebook", "secret", "not used yet", "disk"):
        assert thing in out


def test_doctor_without_a_course(tmp_path, capsys):
    assert cli.main(["doctor", "--course", str(tmp_path)]) == 1
    assert "1 missing" in capsys.readouterr().out
