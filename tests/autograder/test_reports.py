"""What is told of a class, from a gradebook filled by hand."""

import re
from datetime import datetime
from html.parser import HTMLParser

import pytest
from classroom import CHAPTER, hand_in, make_course, release, released
from rich.console import Console

from autograder.course import CourseError
from autograder.grading import gradebook
from autograder.grading.result import ExerciseResult, Result, Status, Verdict, store
from autograder.reports import export, page, summary, terminal
from autograder.reports.summary import distribution, summarize

SCRIPT = "<script>alert(1)</script>"
NAMES = ("small_normal", "activation_gain", "xavier_normal")
MAXIMA = (1.0, 1.0, 2.0)


def record(course, student, found, verdict=Verdict.GRADED, reasons=(), flagged=(), manual=None):
    """Write a student into the gradebook, and a result beside it; found: (status, mistake)."""
    exercises = tuple(
        ExerciseResult(
            name,
            Status(status),
            maximum if status == "passed" else 0.0,
            maximum,
            mistake=said if said in ("std_squared", "slope_ignored") else None,
            message="" if said is None else said,
        )
        for name, maximum, (status, said) in zip(NAMES, MAXIMA, found, strict=True)
    )
    with gradebook.opened(course) as book:
        book.update_or_create_student(student)
        book.update_or_create_submission(CHAPTER, student)
        notebook = book.find_submission_notebook(CHAPTER, CHAPTER, student)
        points = {f"check_{e.name}": e.points for e in exercises}
        for grade in notebook.grades:
            grade.auto_score = points.get(grade.name)
            grade.needs_manual_grade = grade.name in flagged
            if manual and grade.name in manual:
                grade.manual_score = manual[grade.name]
        book.db.commit()
    store(course, Result(student, CHAPTER, verdict, exercises, 1.0, tuple(reasons)))


PASSED, BLANK = ("passed", None), ("blank", "not started")


@pytest.fixture
def told(course):
    """A class of seven, as a course with a gradebook."""
    record(course, "ada", [PASSED] * 3)
    record(course, "bob", [("failed", "std_squared"), PASSED, PASSED])
    record(course, "eve", [("failed", "std_squared"), ("failed", "slope_ignored"), BLANK])
    record(course, "joe", [BLANK] * 3, Verdict.BLANK)
    record(
        course, "max", [PASSED, ("failed", "it did not end in time"), PASSED], Verdict.TIMED_OUT,
        ["activation_gain did not end in time"], ["check_activation_gain"],
    )  # fmt: skip
    record(course, SCRIPT, [("failed", f"said {SCRIPT}"), BLANK, BLANK])
    record(course, "zoe", [PASSED, BLANK, BLANK], manual={"check_activation_gain": 0.5})
    return course


def row(found, student):
    return next(row for row in found.rows if row.student == student)


def test_the_figures(told):
    found = summarize(told, CHAPTER)
    assert found.maximum == 4
    assert sorted(found.scores) == [0, 0, 0, 1.5, 3, 3, 4]
    assert (found.median, found.full) == (1.5, 1)
    assert found.mean == pytest.approx(11.5 / 7)
    assert found.verdicts == {Verdict.GRADED: 5, Verdict.BLANK: 1, Verdict.TIMED_OUT: 1}


def test_an_exercise_and_its_mistakes(told):
    first = summarize(told, CHAPTER).exercises[0]
    assert first.name == "small_normal"
    assert first.counts == {Status.PASSED: 3, Status.FAILED: 3, Status.BLANK: 1}
    assert [(m.name, m.students) for m in first.mistakes] == [("std_squared", ("bob", "eve"))]
    assert "no squaring" in first.mistakes[0].hint
    assert first.others == ((f"said {SCRIPT}", (SCRIPT,)),)
    assert first.mean == pytest.approx(3 / 7)


def test_the_most_frequent_mistake_comes_first(told):
    found = summarize(told, CHAPTER).mistakes
    assert [(m.name, len(m.students)) for m in found] == [("std_squared", 2), ("slope_ignored", 1)]


def test_a_person_s_grade_counts_and_settles_what_waited(told):
    assert row(summarize(told, CHAPTER), "zoe").score == 1.5
    assert [r.student for r in summarize(told, CHAPTER).waiting] == ["max"]
    with gradebook.opened(told) as book:
        for grade in book.find_submission_notebook(CHAPTER, CHAPTER, "max").grades:
            grade.needs_manual_grade = False
        book.db.commit()
    assert summarize(told, CHAPTER).waiting == ()


def test_what_waits_in_the_gradebook_for_another_reason(told):
    gradebook.flag(told, CHAPTER, "ada", ["check_small_normal"])
    assert row(summarize(told, CHAPTER), "ada").reasons == (
        "a check waits for a grade in formgrader",
    )


def test_written_answers_are_counted_apart(tmp_path, monkeypatch):
    course = make_course(tmp_path / "course", question=True)
    monkeypatch.setenv("AUTOGRADER_SECRET_FILE", str(course.secret_file))
    release(course, CHAPTER)
    record(course, "ada", [PASSED] * 3, flagged=["question_why"])
    record(course, "bob", [PASSED] * 3)
    found = summarize(course, CHAPTER)
    assert found.waiting == ()
    assert found.to_read == "In formgrader, 1 written answer of 1 student can be read and graded."
    assert found.maximum == 6
    assert found.exercises[-1].counts == {}
    assert "written, and read by a person" in render(found)
    assert found.to_read in render(found)


def test_who_is_not_graded_has_no_score(told):
    hand_in(told, "late", released(told))
    hand_in(told, "oops", released(told))
    store(told, Result("oops", CHAPTER, Verdict.GRADER_ERROR, needs_person=("KeyError: 1",)))
    store(told, Result("ada", CHAPTER, Verdict.GRADER_ERROR, needs_person=("no disk",)))
    found = summarize(told, CHAPTER)
    assert [row(found, s).score for s in ("late", "oops", "ada")] == [None] * 3
    assert row(found, "late").reasons == ("handed in, but not graded yet",)
    assert row(found, "oops").reasons == ("the grader failed: KeyError: 1",)
    assert len(found.scores) == 6
    assert render(found)


def test_a_forged_mistake_is_not_counted_as_one(told):
    result = Result(
        "ada", CHAPTER, Verdict.GRADED,
        (ExerciseResult("small_normal", Status.FAILED, 0, 1, mistake=SCRIPT),),
    )  # fmt: skip
    store(told, result)
    first = summarize(told, CHAPTER).exercises[0]
    assert [m.name for m in first.mistakes] == ["std_squared"]
    assert (SCRIPT, ("ada",)) in first.others


def test_marks_without_a_result_are_told_too(told):
    (told.state / "results" / CHAPTER / "ada.json").unlink()
    found = row(summarize(told, CHAPTER), "ada")
    assert (found.score, found.verdict) == (4, None)


def test_a_late_penalty_is_taken_off(told):
    with gradebook.opened(told) as book:
        notebook = book.find_submission_notebook(CHAPTER, CHAPTER, "ada")
        notebook.late_submission_penalty = 1.5
        book.db.commit()
    assert row(summarize(told, CHAPTER), "ada").score == 2.5


@pytest.mark.parametrize("maximum", [1, 4, 7, 10, 11, 20, 23, 100, 0.5, 0])
def test_every_score_is_in_one_bin_and_full_marks_in_the_last(maximum):
    scores = [0, maximum, maximum / 3, -1, 0.99 * maximum]
    bins = distribution(scores, maximum)
    assert sum(b.count for b in bins) == len(scores)
    assert len(bins) <= 11
    assert bins[-1].low >= maximum
    assert bins[-1].count == scores.count(maximum)


def render(found):
    return page.render(found, datetime(2030, 5, 1, 12))


class Page(HTMLParser):
    """Collects what a page loads, and whether its tags are closed."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.open, self.loads = [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if tag not in ("meta", "rect"):
            self.open.append(tag)
        self.loads += [value for name, value in attrs if name in ("src", "href", "srcset")]
        assert not any(name.startswith("on") for name, _ in attrs)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_page_stands_alone_and_escapes_everything(told):
    text = render(summarize(told, CHAPTER))
    found = Page(text)
    assert found.open == []
    assert found.loads == []
    assert "script" not in found.tags
    assert "url(" not in text
    assert "@import" not in text
    assert SCRIPT not in text
    assert text.count("&lt;script&gt;") >= 4
    assert "default-src 'none'" in text
    assert "prefers-color-scheme: dark" in text


def test_the_page_says_what_there_is_to_say(told):
    text = render(summarize(told, CHAPTER))
    assert "01 · initialization" in text
    assert "01 May 2030, 12:00" in text
    assert "activation_gain did not end in time" in text
    assert "no squaring" in text
    assert "<code>scale</code>" in text  # of the hint's backticks
    assert re.search(r"2 ×.*std_squared.*bob, eve", text, re.DOTALL)
    assert "5 graded, 1 blank, 1 timed out." in text


def test_the_page_has_no_control_codes(told):
    record(told, "ada", [("failed", "a\x1b[31m\x00b"), PASSED, PASSED])
    assert not re.search(r"[\x00-\x08\x0b-\x1f]", render(summarize(told, CHAPTER)))


def test_the_terminal_says_the_same_and_takes_nothing_for_markup(told):
    record(told, "[red]eve\x1b[0m", [("failed", "[bold]x\x1b"), BLANK, BLANK])
    console = Console(width=120, record=True, file=None, quiet=False)
    with console.capture() as capture:
        terminal.show(summarize(told, CHAPTER), console)
    text = capture.get()
    assert "[red]eve" in text
    assert "\x1b[0meve" not in text
    assert "8 submissions" in text
    assert "std_squared" in text
    assert "activation_gain did not end in time" in text


def test_the_terminal_when_all_is_well(course):
    record(course, "ada", [PASSED] * 3)
    console = Console(width=100)
    with console.capture() as capture:
        terminal.show(summarize(course, CHAPTER), console)
    assert "Nobody needs a person." in capture.get()


def test_the_export_is_a_table_safe_for_spreadsheets(told):
    record(told, "=1+1", [PASSED] * 3)
    record(told, "@x", [PASSED] * 3)
    lines = export.to_csv(told, CHAPTER).splitlines()
    assert lines[0] == "student,score,maximum,small_normal,activation_gain,xavier_normal"
    rows = dict(line.split(",", 1) for line in lines[1:])
    assert rows["ada"] == "4,4,1,1,2"
    assert rows["zoe"] == "1.5,4,1,0.5,0"
    assert {"'=1+1", "'@x"} <= rows.keys()
    assert len(rows) == 9


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_no_cell_is_a_formula(start):
    assert export.harmless(f"{start}1") == f"'{start}1"


def test_nothing_graded(course):
    for tell in (summarize, export.to_csv):
        with pytest.raises(CourseError, match="autograder grade"):
            tell(course, CHAPTER)


def test_hints_as_plain_text(told):
    assert "`" not in summary.hint_of(summarize(told, CHAPTER).mistakes[0])
