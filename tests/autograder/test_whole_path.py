"""The first whole path: a chapter is released, handed in, graded, by nbgrader alone and by us."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from autograder import cli
from autograder.course import Course
from autograder.exercises import load
from autograder.grading import gradebook

ROOT = Path(__file__).resolve().parents[2]
CHAPTER = "01_initialization"
STOCK = """
c = get_config()
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "notebooks"
c.CourseDirectory.ignore = ["*.py"]
"""

pytestmark = pytest.mark.slow


def _course(folder, config):
    shutil.copytree(ROOT / "solutions" / CHAPTER, folder / "solutions" / CHAPTER)
    (folder / "nbgrader_config.py").write_text(config)
    return Course(folder)


def _hand_in(course):
    for student, source in (
        ("right", course.source(CHAPTER)),
        ("untouched", course.release(CHAPTER)),
    ):
        target = course.submission(student, CHAPTER)
        target.mkdir(parents=True)
        shutil.copy(source / f"{CHAPTER}.ipynb", target)


def _scores(course):
    return {m.student: (m.score, m.maximum) for m in gradebook.marks(course, CHAPTER)}


def test_plain_nbgrader_gives_the_same_points(tmp_path):
    course = _course(tmp_path, STOCK)
    beside = Path(sys.executable).parent
    environment = os.environ | {"PATH": f"{beside}{os.pathsep}{os.environ['PATH']}"}
    for command in ("generate_assignment", "autograde"):
        if command == "autograde":
            _hand_in(course)
        done = subprocess.run(
            [sys.executable, "-m", "nbgrader", command, CHAPTER],
            cwd=tmp_path, env=environment, capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
    assert _scores(course) == {"right": (20.0, 20.0), "untouched": (0.0, 20.0)}


def test_the_course_gives_all_points_or_none_and_blank_is_no_error(tmp_path, monkeypatch):
    course = _course(tmp_path, (ROOT / "nbgrader_config.py").read_text())
    monkeypatch.chdir(tmp_path)
    assert cli.main(["release", CHAPTER]) == 0
    _hand_in(course)
    assert cli.main(["grade", CHAPTER]) == 0
    assert _scores(course) == {"right": (20.0, 20.0), "untouched": (0.0, 20.0)}
    results = {
        student: json.loads((course.state / "results" / CHAPTER / f"{student}.json").read_text())
        for student in ("right", "untouched")
    }
    assert results["right"]["verdict"] == "graded"
    assert results["untouched"]["verdict"] == "blank"
    for student, status in (("right", "passed"), ("untouched", "blank")):
        found = {e["name"]: e["status"] for e in results[student]["exercises"]}
        assert found == dict.fromkeys(load(CHAPTER), status)
