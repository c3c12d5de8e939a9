"""Chapter 01's exercises: right answers pass, each known mistake is rejected and named."""

import numpy as np
import pytest

from autograder import check
from autograder.checking.check import judge
from autograder.exercises import CHAPTERS, load

EXERCISES = [exercise for chapter in CHAPTERS for exercise in load(chapter).values()]
VARIANTS = [(e, v) for e in EXERCISES for v in e.variants]
MISTAKES = [(e, m) for e in EXERCISES for m in e.mistakes]


def _name(value):
    return getattr(value, "name", None) or value.__name__


@pytest.fixture(autouse=True)
def _secret(tmp_path, monkeypatch):
    path = tmp_path / "course_secret"
    path.write_text("0123456789abcdef" * 4)
    monkeypatch.setenv("AUTOGRADER_SECRET_FILE", str(path))


@pytest.mark.parametrize(("exercise", "variant"), VARIANTS, ids=_name)
def test_right_answers_pass(exercise, variant):
    points = judge(exercise.name, variant, hidden=True)
    assert points.passed, points.report.text()
    assert points == exercise.points
    assert not points.report.notes


@pytest.mark.parametrize(("exercise", "mistake"), MISTAKES, ids=_name)
def test_known_mistakes_are_rejected_and_named(exercise, mistake):
    points = judge(exercise.name, mistake.function, hidden=True)
    assert not points.passed
    assert points == 0.0
    assert points.mistake == mistake.name, points.report.text()
    assert mistake.hint in points.report.text().replace("\n        ", "\n")


@pytest.mark.parametrize("exercise", EXERCISES, ids=_name)
def test_there_are_three_other_right_answers_and_many_mistakes(exercise):
    assert len(exercise.variants) >= 3
    assert len(exercise.mistakes) >= 8
    assert len({m.name for m in exercise.mistakes}) == len(exercise.mistakes)
    assert all(len(m.hint) > 20 for m in exercise.mistakes)


def test_the_points_of_the_chapter_add_up():
    assert sum(e.points for e in load("01_initialization").values()) == 20


@pytest.mark.parametrize("exercise", EXERCISES, ids=_name)
def test_the_reference_itself_is_refused(exercise):
    assert judge(exercise.name, exercise.reference).report.status == "refused"


@pytest.mark.parametrize("exercise", EXERCISES, ids=_name)
def test_an_unanswered_exercise_is_blank(exercise):
    def stub(*args, **kwargs):
        raise NotImplementedError

    points = judge(exercise.name, stub)
    assert points.report.status == "blank"
    assert "not started" in points.report.text()


@pytest.mark.parametrize("exercise", EXERCISES, ids=_name)
@pytest.mark.parametrize(
    "odd",
    [
        lambda *args, **kwargs: None,
        lambda *args, **kwargs: "text",
        lambda *args, **kwargs: [[1], [2, 3]],
        lambda *args, **kwargs: np.array([np.nan]),
        lambda *args, **kwargs: {}[0],
        lambda: 0,
        3,
        None,
    ],
    ids=["none", "text", "ragged", "nan", "raises", "no arguments", "a number", "nothing"],
)
def test_odd_answers_are_told_in_a_sentence(exercise, odd, capsys):
    points = check(exercise.name, odd)
    assert points == 0.0
    assert not points.passed
    assert exercise.name in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.parametrize(("exercise", "variant"), VARIANTS[::3], ids=_name)
def test_right_answers_pass_whatever_the_secret(exercise, variant, tmp_path, monkeypatch):
    path = tmp_path / "another"
    monkeypatch.setenv("AUTOGRADER_SECRET_FILE", str(path))
    for number in range(25):
        path.write_text(f"{number:064x}")
        points = judge(exercise.name, variant, hidden=True)
        assert points.passed, points.report.text()
