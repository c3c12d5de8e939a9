import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.course import Course
from autograder.grading.result import ExerciseResult, Result, Status, Verdict, load, store

exercises = st.builds(
    ExerciseResult,
    name=st.text(max_size=8),
    status=st.sampled_from(Status),
    points=st.floats(0, 5),
    maximum=st.floats(0, 5),
    kind=st.text(max_size=5),
    mistake=st.none() | st.text(max_size=5),
    message=st.text(max_size=8),
)
results = st.builds(
    Result,
    student=st.text(max_size=8),
    assignment=st.text(max_size=8),
    verdict=st.sampled_from(Verdict),
    exercises=st.lists(exercises, max_size=3).map(tuple),
    seconds=st.floats(0, 1e4),
    needs_person=st.lists(st.text(max_size=8), max_size=2).map(tuple),
    notes=st.lists(st.text(max_size=8), max_size=2).map(tuple),
    inputs=st.text(max_size=8),
)


@given(results)
def test_a_result_comes_back_from_json_as_it_was(result):
    assert Result.from_json(result.to_json()) == result


GOOD = json.loads(Result("ada", "01", Verdict.GRADED).to_json())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "{}",
        "null",
        json.dumps({**GOOD, "format": 2}),
        json.dumps({**GOOD, "verdict": "fine"}),
        json.dumps({**GOOD, "more": 1}),
        json.dumps({**GOOD, "exercises": [{"name": "f"}]}),
        json.dumps({**GOOD, "exercises": [7]}),
        json.dumps({key: value for key, value in GOOD.items() if key != "student"}),
    ],
)
def test_what_is_no_result_is_refused(text):
    with pytest.raises(ValueError):  # noqa: PT011  json's own, too
        Result.from_json(text)


def test_a_stored_result_is_found_again_and_a_damaged_one_is_none(tmp_path):
    course = Course(tmp_path)
    result = Result("ada", "01", Verdict.BLANK)
    assert load(course, "01", "ada") is None
    store(course, result)
    assert load(course, "01", "ada") == result
    (tmp_path / ".autograder/results/01/ada.json").write_text("{")
    assert load(course, "01", "ada") is None


def test_the_verdicts_are_the_closed_set_of_the_design():
    assert [verdict.value for verdict in Verdict] == [
        "graded", "blank", "unreadable", "timed_out", "out_of_memory", "too_much_output", "died",
        "grader_error",
    ]  # fmt: skip
    assert [verdict for verdict in Verdict if verdict.ordinary] == [Verdict.GRADED, Verdict.BLANK]
