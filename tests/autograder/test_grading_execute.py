"""The executor alone, on notebooks of one kernel each."""

import pytest
from nbformat.v4 import new_code_cell, new_notebook
from traitlets.config import Config

from autograder.checking.report import MIME
from autograder.grading import execute
from autograder.grading.execute import GradeExecute

SETUP = f"""
from IPython.display import display
def check(points, status="passed", said=None):
    record = {{"status": status, "points": points}}
    display({{"text/plain": "", {MIME!r}: record}}, raw=True)
    return points if said is None else said
"""


def ours(grade_id, source, tags=(), **roles):
    cell = new_code_cell(source)
    cell.metadata["nbgrader"] = {
        "grade": False, "grade_id": grade_id, "locked": True, "schema_version": 3,
        "solution": False, "task": False, **roles,
    }  # fmt: skip
    cell.metadata["tags"] = list(tags)
    return cell


def check(name, source="check(1.0)", tags=()):
    return ours(f"check_{name}", source, tags, grade=True, points=1)


def run(tmp_path, *cells, **settings):
    config = Config()
    config.KernelManager.transport = "ipc"
    config.KernelManager.connection_file = str(tmp_path / "kernel.json")
    executor = GradeExecute(config=config, **settings)
    notebook = new_notebook(cells=[ours("setup", SETUP), *cells])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "", "language": "python"}
    executor.preprocess(notebook, {"metadata": {"path": str(tmp_path)}})
    return notebook.cells[1:]


def errors(cell):
    return [output.ename for output in cell.outputs if output.output_type == "error"]


def test_what_is_run_and_what_earns_nothing(tmp_path):
    cells = run(
        tmp_path,
        ours("draw", "1 / 0", ["experiment"]),
        check("skipped", tags=["skip-execution", "experiment"]),
        check("raises", "1 / 0", tags=["raises-exception"]),
        check("silent", "check(1.0);"),
        check("unreported", "1.0"),
        check("text", "check(1.0, said='full marks')"),
        check("other", "check(1.0, said=0.5)"),
        check("strange", "check(1.0, status='golden')"),
        check("warns", "import sys; print('!', file=sys.stderr); check(1.0)"),
        ours("plain_test", "assert True", grade=True, points=1),
        check("good"),
    )
    got = {cell.metadata.nbgrader.grade_id: cell for cell in cells}
    assert got["draw"].outputs == []
    assert errors(got["check_skipped"]) == []
    assert len(got["check_skipped"].outputs) == 2
    assert errors(got["check_raises"]) == ["ZeroDivisionError"]
    for name in ("silent", "unreported", "text", "other", "strange"):
        assert errors(got[f"check_{name}"]) == [execute.NO_REPORT], name
    assert [o.get("name") for o in got["check_warns"].outputs] == ["stdout", None, None]
    assert errors(got["plain_test"]) == errors(got["check_good"]) == []
    assert execute.record(got["check_good"]) == {"status": "passed", "points": 1.0}


def test_a_loop_ends_and_the_rest_is_run(tmp_path):
    loop, after = run(tmp_path, check("loop", "while True: pass"), check("after"), timeout=1)
    assert errors(loop)[-1] == execute.TIMED_OUT
    assert errors(after) == []


def test_a_dead_kernel_ends_the_notebook_and_keeps_what_was_earned(tmp_path):
    before, dead, after, draw = run(
        tmp_path,
        check("before"),
        check("dead", "import os; os._exit(1)"),
        check("after"),
        ours("draw", "1 / 0", ["experiment"]),
    )
    assert errors(before) == []
    assert errors(dead) == [execute.DIED]
    assert errors(after) == [execute.NOT_RUN]
    assert draw.outputs == []


@pytest.mark.slow
def test_a_cell_that_cannot_be_stopped_ends_the_notebook(tmp_path):
    stuck = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: pass"
    before, stuck, after = run(
        tmp_path, check("before"), new_code_cell(stuck), check("after"), timeout=1
    )
    assert errors(before) == []
    assert errors(stuck) == [execute.TIMED_OUT]
    assert errors(after) == [execute.NOT_RUN]


def test_a_submission_has_a_limit_of_its_own(tmp_path):
    first, second = run(
        tmp_path, new_code_cell("import time; time.sleep(90)"), check("x"), submission_timeout=10
    )
    assert errors(first)[-1] == execute.TIMED_OUT
    assert errors(second) == [execute.NOT_RUN]


def test_too_much_output_is_cut_and_the_checks_still_count(tmp_path):
    limits = {"output_limit": 1000, "total_output_limit": 1500}
    cells = run(
        tmp_path,
        new_code_cell("print('x' * 900)"),
        new_code_cell("print('y' * 900)"),
        new_code_cell("print('z')"),
        check("after"),
        **limits,
    )
    texts = ["".join(o.get("text", "") for o in cell.outputs) for cell in cells]
    assert texts[0] == "x" * 900 + "\n"
    assert texts[1] == "y" * 599 + execute.CUT
    assert texts[2] == execute.CUT
    assert [cell.metadata.get(execute.CUT_KEY) for cell in cells] == [
        None, "submission", "submission", None
    ]  # fmt: skip
    assert errors(cells[3]) == []


def test_one_cell_s_output_is_cut_at_its_own_limit(tmp_path):
    (cell,) = run(tmp_path, new_code_cell("for _ in range(100): print('x' * 99)"), output_limit=500)
    assert sum(len(o.text) for o in cell.outputs) <= 500 + len(execute.CUT)
    assert cell.metadata[execute.CUT_KEY] == "cell"
