import copy

import pytest
from classroom import NAMES, chapter
from nbformat.v4 import new_code_cell, new_output

from autograder.checking.report import MIME
from autograder.grading import execute, outcome
from autograder.grading.result import Status, Verdict


def reported(status, points, **more):
    record = {"exercise": "x", "status": status, "points": points, **more}
    return [
        new_output("display_data", data={"text/plain": "", MIME: record}),
        new_output("execute_result", data={"text/plain": repr(float(points))}, execution_count=1),
    ]


def failing(name, value=""):
    return [new_output("error", ename=name, evalue=value, traceback=[])]


PASSED = {
    "check_small_normal": reported("passed", 1),
    "check_activation_gain": reported("passed", 1),
    "check_xavier_normal": reported("passed", 2),
}


def read(outputs, change=lambda notebook: None, question=False):
    released = chapter(question=question)
    graded = copy.deepcopy(released)
    for cell in graded.cells:
        grade_id = cell.metadata.get("nbgrader", {}).get("grade_id")
        if cell.cell_type == "code":
            cell.outputs = {**PASSED, **outputs}.get(grade_id, [])
    change(graded)
    return outcome.read(graded, released)


def one(found, name="activation_gain"):
    return next(exercise for exercise in found.exercises if exercise.name == name)


def test_all_right():
    found = read({})
    assert found.verdict is Verdict.GRADED
    assert [(e.status, e.points, e.maximum) for e in found.exercises] == [
        (Status.PASSED, 1, 1), (Status.PASSED, 1, 1), (Status.PASSED, 2, 2)
    ]  # fmt: skip
    assert found.reasons == found.flagged == ()


def test_the_last_report_of_a_cell_counts():
    outputs = [*reported("passed", 1)[:1], *reported("failed", 0, mistake="m", kind="law")]
    found = one(read({"check_activation_gain": outputs}))
    assert (found.status, found.points, found.mistake, found.kind) == ("failed", 0, "m", "law")


def test_nothing_done_is_blank():
    found = read({name: reported("blank", 0, kind="blank") for name in PASSED})
    assert found.verdict is Verdict.BLANK
    assert found.reasons == ()


def test_a_refused_answer_is_looked_at():
    found = read({"check_activation_gain": reported("refused", 0)})
    assert found.verdict is Verdict.GRADED
    assert found.reasons == ("activation_gain calls the course's own solution",)
    assert found.flagged == ("check_activation_gain",)


@pytest.mark.parametrize(
    ("name", "verdict", "status", "kind", "reason"),
    [
        (execute.TIMED_OUT, Verdict.TIMED_OUT, Status.FAILED, "timeout", "did not end in time"),
        (execute.DIED, Verdict.DIED, Status.FAILED, "died", "the kernel died in the check of"),
        (execute.NOT_RUN, Verdict.TIMED_OUT, Status.NOT_RUN, "not run", "1 exercise could not"),
        (execute.NO_REPORT, Verdict.GRADED, Status.FAILED, "no report", "tampered with"),
        ("MemoryError", Verdict.OUT_OF_MEMORY, Status.FAILED, "memory", "out of memory"),
        ("TypeError", Verdict.GRADED, Status.FAILED, "check", "an error of its own: TypeError"),
    ],
)
def test_a_check_that_ends_in_an_error(name, verdict, status, kind, reason):
    outputs = [*failing("KeyboardInterrupt"), *failing(name, "why")]
    found = read({"check_activation_gain": outputs})
    assert found.verdict is verdict
    assert (one(found).status, one(found).kind, one(found).points) == (status, kind, 0)
    assert len(found.reasons) == 1
    assert reason in found.reasons[0]
    assert found.flagged == ("check_activation_gain",)


UNDEFINED = failing("NameError", "name 'activation_gain' is not defined")


@pytest.mark.parametrize(
    ("outputs", "kind", "message"),
    [
        (failing("SyntaxError", "expected ':' (81.py, line 1)"), "syntax", "expected ':' (line 1)"),
        (failing("IndentationError", "unexpected indent"), "syntax", "unexpected indent"),
        (failing("ZeroDivisionError", "by 0"), "error", "ZeroDivisionError: by 0"),
        (failing(execute.TIMED_OUT), "timeout", "the cell did not end in time"),
        ([], "missing", "does not define activation_gain"),
    ],
)
def test_a_function_that_is_not_there_is_explained_by_its_cell(outputs, kind, message):
    def change(notebook):
        answer = next(c for c in notebook.cells if c.source.startswith("def activation_gain"))
        answer.source = "something"

    found = one(
        read({"check_activation_gain": UNDEFINED, "activation_gain": outputs}, change),
    )
    assert (found.status, found.kind) == (Status.FAILED, kind)
    assert message in found.message


def test_a_deleted_answer_is_blank():
    def change(notebook):
        notebook.cells = [
            cell for cell in notebook.cells if not cell.source.startswith("def activation_gain")
        ]

    assert one(read({"check_activation_gain": UNDEFINED}, change)).status is Status.BLANK


def test_a_check_that_is_not_there_earns_nothing():
    def change(notebook):
        notebook.cells = [
            c for c in notebook.cells if "check_activation_gain" not in str(c.metadata)
        ]

    found = one(read({}, change))
    assert (found.status, found.points, found.maximum) == (Status.NOT_RUN, 0, 1)


@pytest.mark.parametrize(
    ("error", "verdict", "reason"),
    [
        (execute.TIMED_OUT, Verdict.TIMED_OUT, "a cell of the student's own did not end in time"),
        (execute.DIED, Verdict.DIED, "the kernel died in a cell of the student's own"),
    ],
)
def test_what_happens_in_a_cell_of_ones_own_is_told(error, verdict, reason):
    def change(notebook):
        notebook.cells.append(new_code_cell("...", outputs=failing(error)))

    found = read({}, change)
    assert (found.verdict, found.reasons) == (verdict, (reason,))
    assert set(found.flagged) == set(PASSED)


def test_output_cut_in_one_cell_is_no_matter_but_of_a_whole_submission_is():
    def change(notebook):
        notebook.cells[2].metadata[execute.CUT_KEY] = cut

    cut = "cell"
    assert read({}, change).verdict is Verdict.GRADED
    cut = "submission"
    assert read({}, change).verdict is Verdict.TOO_MUCH_OUTPUT


def test_written_answers_are_read_in_formgrader_and_are_no_matter_here():
    def change(notebook):
        notebook.cells[-1].source = "Because of the variance."

    found = read({}, change, question=True)
    assert found.reasons == found.flagged == ()
    assert [exercise.name for exercise in found.exercises] == list(NAMES)


def test_a_forged_record_is_no_reason_to_fail():
    outputs = [new_output("display_data", data={MIME: {"status": "golden", "points": 1}})]
    found = one(read({"check_activation_gain": outputs}))
    assert found.points <= found.maximum


def test_messages_are_one_plain_line_and_not_long():
    record = reported("failed", 0, message="\x1b[31mred\x1b[0m\n" + "x" * 1000)
    found = one(read({"check_activation_gain": record}))
    assert found.message.startswith("red x")
    assert len(found.message) <= 300
