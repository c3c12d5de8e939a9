"""nbgrader_config.py: what nbgrader and the grader both rely on."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from nbgrader.converters import Autograde
from traitlets.utils.importstring import import_item

from autograder.checking import seeds
from autograder.course import Course

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def config():
    return Course(ROOT).config


def test_nbgrader_sees_the_courses_folders(config):
    directory = Course(ROOT).nbgrader
    assert directory.root == str(ROOT)
    assert directory.source_directory == "solutions"
    assert directory.release_directory == "notebooks"
    assert directory.course_id == "dltricks"
    assert directory.db_url == Course(ROOT).database


def test_the_text_of_a_chapter_is_never_released(config):
    assert "*.py" in config.CourseDirectory.ignore


def test_grading_takes_nbgraders_own_steps_but_for_the_executor(config):
    ours = config.Autograde.autograde_preprocessors
    theirs = Autograde().autograde_preprocessors
    assert [name.rpartition(".")[2] for name in ours[1:]] == [c.__name__ for c in theirs[1:]]
    for name, theirs_class in zip(ours, theirs, strict=True):
        assert issubclass(import_item(name), theirs_class)


@pytest.mark.parametrize(
    ("made", "given", "expected"),
    [(True, None, "here"), (True, "/elsewhere", "/elsewhere"), (False, None, "None")],
)
def test_a_kernel_started_by_nbgrader_knows_the_secret_if_there_is_one(
    made, given, expected, tmp_path
):
    """Without one the checks use a fixed seed and say so; a name that leads nowhere costs all."""
    (tmp_path / "nbgrader_config.py").write_text((ROOT / "nbgrader_config.py").read_text())
    if made:
        seeds.create_secret(tmp_path / seeds.FILE_NAME)
    environment = {k: v for k, v in os.environ.items() if k != seeds.VARIABLE}
    if given:
        environment[seeds.VARIABLE] = given
    script = (
        "import os; from pathlib import Path; from autograder.course import Course;"
        f"Course(Path({str(tmp_path)!r})).config; print(os.environ.get({seeds.VARIABLE!r}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True
    )
    here = str(tmp_path / seeds.FILE_NAME)
    assert done.stdout.strip() == (here if expected == "here" else expected)
