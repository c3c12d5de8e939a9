import ast
import csv

import nbformat
import numpy as np
import pytest
from classroom import CHAPTER, hand_in, released

from autograder.checking.check import judge
from autograder.course import Course, CourseError
from autograder.exercises import load
from autograder.grading.result import Verdict
from autograder.simulate import (
    Key,
    break_syntax,
    compose,
    key_file,
    load_key,
    simulate,
    standalone,
)

EXERCISES = load(CHAPTER)


def defined(source, name):
    space = {"np": np}
    exec(source, space)
    return space[name]


@pytest.mark.parametrize("name", EXERCISES)
def test_every_right_answer_and_every_mistake_stands_alone(name):
    """Their sources are what simulated students hand in: none may be left out unnoticed."""
    exercise = EXERCISES[name]
    functions = [*exercise.variants, *(mistake.function for mistake in exercise.mistakes)]
    for function in functions:
        source = standalone(function, name)
        assert source is not None, function.__name__
        assert "@" not in source.split("def ")[0]
        assert callable(defined(source, name))


@pytest.mark.parametrize("name", ["activation_gain", "output_bias"])
def test_a_composed_mistake_is_the_mistake(name):
    cell = f'def {name}(*args):\n    """Docstring."""\n    raise NotImplementedError()'
    for mistake in EXERCISES[name].mistakes:
        source = compose(cell, name, standalone(mistake.function, name))
        assert source.count('"""Docstring."""') == 1
        assert judge(name, defined(source, name)).mistake == mistake.name


def helper(x):
    return x + 1


def with_helper(x):
    return helper(x) if x < 3 else with_helper(x - 1)


def with_import(x):
    return ast.dump(x)


def with_more(x):
    return nbformat.reads(x)


def test_helpers_and_imports_come_along_and_foreign_modules_do_not():
    source = standalone(with_helper, "grow")
    assert defined(source, "grow")(7) == 3
    assert "with_helper" not in source
    assert standalone(with_import, "show").startswith("import ast")
    assert standalone(with_more, "read") is None


def test_what_stands_around_a_function_stays():
    cell = 'K = 2\n\ndef double(x):\n    """Twice."""\n    raise NotImplementedError()\n\nEND = 1'
    answer = "import math\n\n\ndef double(x):\n    return math.prod((x, K))"
    source = compose(cell, "double", answer)
    assert defined(source, "double")(4) == 8
    assert source.startswith("K = 2")
    assert source.endswith("END = 1")
    assert defined(source, "double").__doc__ == "Twice."


def test_a_one_line_function_is_composed_too():
    cell = 'def double(x):\n    """Twice."""\n    raise NotImplementedError()'
    source = compose(cell, "double", "def double(x): return 2 * x")
    assert defined(source, "double")(4) == 8


def test_broken_syntax_is_broken():
    with pytest.raises(SyntaxError):
        ast.parse(break_syntax("def f(\n    x,\n):\n    return x", "f"))


def contents(course):
    return {
        path.relative_to(course.root): path.read_bytes()
        for folder in ("submitted", ".autograder")
        for path in (course.root / folder).rglob("*")
        if path.is_file()
    }


def test_the_same_seed_gives_the_same_bytes_and_another_others(course):
    told = []
    simulate(course, CHAPTER, 25, 3, wrote=told.append)
    first = contents(course)
    assert told == [f"s{i:03}" for i in range(1, 26)]
    simulate(course, CHAPTER, 25, 3, force=True)
    assert contents(course) == first
    simulate(course, CHAPTER, 25, 4, force=True)
    assert contents(course) != first


def test_a_class_has_students_of_every_kind(course):
    key = simulate(course, CHAPTER, 30, 0)
    verdicts = [student.verdict for student in key.students.values()]
    assert verdicts.count(Verdict.TIMED_OUT) == verdicts.count(Verdict.UNREADABLE) == 1
    assert verdicts.count(Verdict.BLANK) >= 2
    kinds = [e.answer for s in key.students.values() for e in s.exercises.values()]
    assert set(kinds) == {"right", "mistake", "blank", "syntax", "loop", "cut off"}
    points = [student.points for student in key.students.values()]
    assert min(points) == 0
    assert max(points) == 4
    for name, student in key.students.items():
        path = course.submission(name, CHAPTER) / f"{CHAPTER}.ipynb"
        if student.verdict is Verdict.UNREADABLE:
            with pytest.raises(nbformat.reader.NotJSONError):
                nbformat.read(path, as_version=4)
        else:
            nbformat.validate(nbformat.read(path, as_version=4))


@pytest.mark.parametrize("students", [1, 2, 3, 5])
def test_small_classes(course, students):
    assert len(simulate(course, CHAPTER, students).students) == students


def test_the_key_comes_back_and_is_a_table_too(course):
    key = simulate(course, CHAPTER, 5, 1)
    assert load_key(course, CHAPTER) == key
    path = key_file(course, CHAPTER)
    rows = list(csv.DictReader(path.with_suffix(".csv").read_text().splitlines()))
    assert len(rows) == 15
    assert sum(float(row["points"]) for row in rows) == sum(
        student.points for student in key.students.values()
    )


def test_the_key_says_what_the_checks_find(course):
    key = simulate(course, CHAPTER, 8, 2)
    for name, student in key.students.items():
        notebook = nbformat.read(
            course.submission(name, CHAPTER) / f"{CHAPTER}.ipynb", as_version=4
        )
        for cell in notebook.cells:
            exercise = cell.metadata.get("nbgrader", {}).get("grade_id")
            expected = student.exercises.get(exercise)
            if expected is not None and expected.answer in ("right", "mistake", "blank"):
                points = judge(exercise, defined(cell.source, exercise))
                assert (points, points.mistake) == (expected.points, expected.mistake)


def test_a_smaller_class_leaves_nobody_of_the_larger_one(course):
    simulate(course, CHAPTER, 5)
    simulate(course, CHAPTER, 2, force=True)
    assert course.students(CHAPTER) == ["s001", "s002"]


def test_what_was_not_simulated_is_never_overwritten(course):
    simulate(course, CHAPTER, 3)
    with pytest.raises(CourseError, match="replace it with --force"):
        simulate(course, CHAPTER, 3)
    worked_on = hand_in(course, "s002", released(course))
    before = contents(course)
    with pytest.raises(CourseError, match=r"s002.*was not simulated"):
        simulate(course, CHAPTER, 3, force=True)
    assert contents(course) == before
    worked_on.unlink()
    with pytest.raises(CourseError, match=r"s002.*was not simulated"):
        simulate(course, CHAPTER, 3, force=True)


def test_a_chapter_must_be_released(course):
    (course.release(CHAPTER) / f"{CHAPTER}.ipynb").unlink()
    with pytest.raises(CourseError, match="autograder release"):
        simulate(course, CHAPTER, 3)


def test_a_damaged_key_is_told(tmp_path):
    path = key_file(Course(tmp_path), CHAPTER)
    path.parent.mkdir(parents=True)
    for text in ("{", "[]", '{"students": {"s001": {}}}'):
        path.write_text(text)
        with pytest.raises(CourseError, match="not a key"):
            load_key(Course(tmp_path), CHAPTER)


def test_a_key_is_written_and_read(tmp_path):
    course = Course(tmp_path)
    key = Key(CHAPTER, 0, {})
    path = key_file(course, CHAPTER)
    path.parent.mkdir(parents=True)
    path.write_text(key.to_json())
    assert load_key(course, CHAPTER) == key
