"""Workers and their clock, with workers that grade nothing."""

import sys
import textwrap
import time
from dataclasses import asdict

import psutil
import pytest

from autograder.grading import pool
from autograder.grading.pool import Failure, Worker, run_all
from autograder.grading.result import Result, Task, Verdict

ANSWERS = """
import json, os, subprocess, sys, time
for line in sys.stdin:
    task = json.loads(line)
    student = task["student"]
    if student == "sleeps":
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"],
                                 start_new_session=True)
        open(task["root"], "w").write(f"{os.getpid()} {child.pid}")
        time.sleep(60)
    if student == "dies":
        os._exit(3)
    if student == "fails":
        print(json.dumps({"error": "ValueError: no"}), flush=True)
        continue
    result = {"format": 1, "student": student, "assignment": str(os.getpid()),
              "verdict": "graded", "exercises": [], "seconds": 0, "needs_person": [],
              "notes": [os.environ.get("GIVEN", "")], "inputs": ""}
    print(json.dumps({"result": json.dumps(result)}), flush=True)
"""


@pytest.fixture
def command(tmp_path):
    script = tmp_path / "answers.py"
    script.write_text(textwrap.dedent(ANSWERS))
    return (sys.executable, str(script))


@pytest.fixture
def worker(tmp_path, command):
    worker = Worker(tmp_path / "logs" / "log", {"GIVEN": "yes"}, command)
    yield worker
    worker.stop()


def test_a_worker_is_used_again_and_gets_its_environment(worker):
    first, second = (worker.run(Task("", "", name), 10) for name in ("ada", "bob"))
    assert (first.student, second.student) == ("ada", "bob")
    assert first.assignment == second.assignment  # the process's number
    assert first.notes == ("yes",)


def test_what_takes_too_long_is_ended_with_all_that_it_started(worker, tmp_path):
    pids = tmp_path / "pids"
    with pytest.raises(Failure, match="did not end within 1 s") as caught:
        worker.run(Task(str(pids), "", "sleeps"), 1)
    assert caught.value.timed_out
    for pid in map(int, pids.read_text().split()):
        assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == "zombie"
    assert worker.run(Task("", "", "ada"), 10).student == "ada"  # in a new process


def test_a_worker_that_dies_is_a_failure_and_is_replaced(worker):
    with pytest.raises(Failure, match="process died") as caught:
        worker.run(Task("", "", "dies"), 10)
    assert not caught.value.timed_out
    assert worker.run(Task("", "", "ada"), 10).student == "ada"


def test_an_error_in_a_worker_is_a_failure(worker):
    with pytest.raises(Failure, match="ValueError: no"):
        worker.run(Task("", "", "fails"), 10)


@pytest.mark.parametrize("workers", [1, 3])
def test_all_tasks_end_once_whatever_becomes_of_them(tmp_path, command, workers):
    names = ["ada", "dies", "bob", "fails", "eve", "sleeps", "joe"]
    ended = {}

    def done(task, outcome):
        assert task.student not in ended
        ended[task.student] = outcome

    run_all(
        [Task(str(tmp_path / "pids"), "", name) for name in names],
        workers=workers,
        seconds=2,
        log=tmp_path / "log",
        environment={},
        done=done,
        command=command,
    )
    assert set(ended) == set(names)
    assert {n for n, o in ended.items() if isinstance(o, Failure)} == {"dies", "fails", "sleeps"}


def test_no_tasks_start_nothing(tmp_path):
    run_all([], workers=2, seconds=1, log=tmp_path / "log", environment={}, done=pytest.fail)
    assert list(tmp_path.iterdir()) == []


def test_an_error_of_ours_in_the_middle_ends_the_workers(tmp_path, command, monkeypatch):
    started = []
    popen = pool.subprocess.Popen

    def remembered(*args, **kwargs):
        started.append(popen(*args, **kwargs))
        return started[-1]

    monkeypatch.setattr(pool.subprocess, "Popen", remembered)

    def interrupted(task, outcome):
        raise KeyboardInterrupt

    tasks = [Task(str(tmp_path / "pids"), "", name) for name in ("ada", "sleeps", "sleeps")]
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        run_all(
            tasks,
            workers=2,
            seconds=50,
            log=tmp_path / "log",
            environment={},
            done=interrupted,
            command=command,
        )
    assert time.monotonic() - began < 30
    assert started
    assert all(process.poll() is not None for process in started)


def test_a_task_goes_through_json_and_back():
    task = Task("/c", "01", "ada", "why")
    assert Task(**asdict(task)) == task
    assert Result.from_json(Result("ada", "01", Verdict.DIED).to_json()).verdict is Verdict.DIED
