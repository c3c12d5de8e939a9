"""What a grading decides, with workers that are not there."""

import pytest
from classroom import CHAPTER, hand_in, released, solved

from autograder import cli
from autograder.grading import grade, gradebook
from autograder.grading.grade import Watcher, grade_class
from autograder.grading.pool import Failure
from autograder.grading.result import Result, Verdict, load


class Told(Watcher):
    def __init__(self):
        self.said, self.started, self.results = [], None, []

    def say(self, message):
        self.said.append(message)

    def start(self, todo, unchanged):
        self.started = (todo, unchanged)

    def result(self, result):
        self.results.append(result.student)


@pytest.fixture
def workers(monkeypatch):
    """Put a function in the place of all workers; it is given a task, and gives the outcome."""
    tasks = []

    def use(work):
        def run_all(given, *, done, **rest):
            for task in given:
                tasks.append(task)
                try:
                    outcome = work(task)
                except Failure as failure:
                    outcome = failure
                done(task, outcome)

        monkeypatch.setattr(grade.pool, "run_all", run_all)
        return tasks

    return use


def good(task):
    return Result(task.student, task.assignment, Verdict.GRADED)


def recorded(course, student):
    """Leave what a worker leaves of a graded submission: a row, and a notebook."""
    with gradebook.opened(course) as book:
        book.update_or_create_student(student)
        book.update_or_create_submission(CHAPTER, student)
    folder = course.autograded(student, CHAPTER)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{CHAPTER}.ipynb").touch()


def recording(course):
    def work(task):
        recorded(course, task.student)
        return good(task)

    return work


@pytest.fixture
def handed_in(course):
    for student in ("ada", "bob", "eve"):
        hand_in(course, student, released(course))
    return course


def test_everybody_is_graded_once_and_told(handed_in, workers):
    tasks, told = workers(recording(handed_in)), Told()
    results = grade_class(handed_in, CHAPTER, watcher=told)
    assert [result.student for result in results] == ["ada", "bob", "eve"]
    assert [task.student for task in tasks] == told.results == ["ada", "bob", "eve"]
    assert told.started == (3, 0)
    assert load(handed_in, CHAPTER, "bob") == results[1]


def test_what_has_not_changed_is_not_graded_again(handed_in, workers):
    tasks, told = workers(recording(handed_in)), Told()
    first = grade_class(handed_in, CHAPTER)
    tasks.clear()
    assert grade_class(handed_in, CHAPTER, watcher=told) == first
    assert (tasks, told.started) == ([], (0, 3))
    hand_in(handed_in, "bob", solved(handed_in))
    grade_class(handed_in, CHAPTER)
    assert [task.student for task in tasks] == ["bob"]


@pytest.mark.parametrize("lost", ["gradebook", "notebook", "result", "damaged result"])
def test_what_was_lost_is_graded_again(lost, handed_in, workers):
    tasks = workers(recording(handed_in))
    grade_class(handed_in, CHAPTER)
    tasks.clear()
    result = handed_in.state / "results" / CHAPTER / "bob.json"
    if lost == "gradebook":
        with gradebook.opened(handed_in) as book:
            book.remove_submission(CHAPTER, "bob")
    elif lost == "notebook":
        (handed_in.autograded("bob", CHAPTER) / f"{CHAPTER}.ipynb").unlink()
    elif lost == "result":
        result.unlink()
    else:
        result.write_text(result.read_text()[:20])
    grade_class(handed_in, CHAPTER)
    assert [task.student for task in tasks] == ["bob"]


def test_another_check_or_another_secret_grades_all_again(handed_in, workers, monkeypatch):
    tasks = workers(recording(handed_in))
    grade_class(handed_in, CHAPTER)
    tasks.clear()
    cells = gradebook.cells(handed_in, CHAPTER)
    monkeypatch.setattr(grade.gradebook, "cells", lambda *args: [*cells, ("new", "1", "2")])
    grade_class(handed_in, CHAPTER)
    assert len(tasks) == 3
    handed_in.secret_file.write_text("0" * 64)
    grade_class(handed_in, CHAPTER, accept_new_secret=True)
    assert len(tasks) == 6


def test_some_students_and_all_again(handed_in, workers):
    tasks = workers(recording(handed_in))
    grade_class(handed_in, CHAPTER, students=["eve", "ada", "eve"])
    assert [task.student for task in tasks] == ["ada", "eve"]
    grade_class(handed_in, CHAPTER, regrade=True)
    assert [task.student for task in tasks[2:]] == ["ada", "bob", "eve"]


def test_a_failure_is_tried_again(handed_in, workers):
    failed = []

    def work(task):
        if task.student == "bob" and not failed:
            failed.append(task)
            raise Failure("no memory")
        return good(task)

    tasks = workers(work)
    results = grade_class(handed_in, CHAPTER)
    assert [result.verdict for result in results] == [Verdict.GRADED] * 3
    assert [task.student for task in tasks] == ["ada", "bob", "eve", "bob"]
    assert tasks[-1].given_up == ""


def test_a_failure_of_ours_is_no_zero_and_is_tried_at_the_next_run(handed_in, workers, capsys):
    def work(task):
        if task.student == "bob":
            raise Failure("KeyError: 'x'")
        return recording(handed_in)(task)

    tasks = workers(work)
    arguments = ["grade", CHAPTER, "--course", str(handed_in.root)]
    assert cli.main(arguments) == 1
    out, err = capsys.readouterr()
    assert "grader error" in out
    assert "failed on 1 of 3" in err
    assert load(handed_in, CHAPTER, "bob").verdict is Verdict.GRADER_ERROR
    assert load(handed_in, CHAPTER, "bob").needs_person == ("KeyError: 'x'",)
    tasks.clear()
    assert cli.main(arguments) == 1
    assert {task.student for task in tasks} == {"bob"}


def test_what_the_clock_ended_is_not_run_again(handed_in, workers):
    def work(task):
        if task.student == "bob" and not task.given_up:
            raise Failure("it did not end within 360 s", timed_out=True)
        return good(task)

    tasks = workers(work)
    grade_class(handed_in, CHAPTER)
    assert tasks[-1].student == "bob"
    assert tasks[-1].given_up == "it did not end within 360 s, and was stopped"


def test_an_interrupted_run_keeps_what_it_has(handed_in, workers):
    def work(task):
        if task.student == "eve":
            raise KeyboardInterrupt
        return recording(handed_in)(task)

    tasks = workers(work)
    with pytest.raises(KeyboardInterrupt):
        grade_class(handed_in, CHAPTER)
    tasks.clear()
    workers(recording(handed_in))
    assert len(grade_class(handed_in, CHAPTER)) == 3
    assert [task.student for task in tasks] == ["eve"]


def test_workers_find_the_course_s_secret_and_one_thread(course):
    environment = grade._environment(course)
    assert environment["AUTOGRADER_SECRET_FILE"] == str(course.secret_file)
    assert environment["OPENBLAS_NUM_THREADS"] == environment["TQDM_DISABLE"] == "1"
