"""Running a submission's cells, so that one that hangs or dies costs no more than it must.

nbgrader is told of `GradeExecute` in nbgrader_config.py, so that ``nbgrader autograde``, formgrader
and ``autograder grade`` run a notebook in the same way.
"""

from __future__ import annotations

from math import ceil
from time import monotonic
from typing import Any

from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from nbformat.v4 import new_output
from nbgrader import utils
from nbgrader.preprocessors import Execute
from traitlets import Enum, Integer, Unicode

from autograder.checking.report import MIME

#: The tag of cells that draw and train, and earn nothing.
EXPERIMENT = "experiment"
#: How the grade_id of a cell begins that ends in a call of `autograder.check`.
CHECK = "check_"

# The names of the errors that stand in a cell which did not run to its end.
TIMED_OUT = "CellTimeoutError"  # nbgrader's own
DIED = "KernelDied"
NOT_RUN = "CellNotRun"
NO_REPORT = "CheckWithoutReport"

#: What stands where output was cut.
CUT = "\n... the rest of this output was cut ...\n"
#: Where a cell's metadata says that its output was cut: "cell" or "submission", whose limit it was.
CUT_KEY = "autograder_cut"

_STATUSES = ("passed", "failed", "blank", "refused")


class GradeExecute(Execute):  # type: ignore[misc]
    """Runs what a grade depends on: all cells but the experiments.

    - A cell that takes too long is interrupted, and the next one runs.
    - If the kernel dies or cannot be interrupted, what was earned stays earned; the cells after
      that are marked as not run, and a check that did not run earns nothing.
    - Tags on a check cell have no effect (nbgrader gives full marks to a check that is tagged
      ``skip-execution``), a check without its report and number earns nothing, and a warning on
      stderr costs nothing.
    """

    submission_timeout = Integer(
        300, help="Seconds that all cells of a submission may take together."
    ).tag(config=True)
    output_limit = Integer(1_000_000, help="Characters of output kept of a cell.").tag(config=True)
    total_output_limit = Integer(8_000_000, help="Characters of output kept of a submission.").tag(
        config=True
    )

    # A student's atexit handlers are nobody's business here.
    shutdown_kernel = Enum(["graceful", "immediate"], default_value="immediate").tag(config=True)
    skip_cells_with_tag = Unicode("").tag(config=True)

    def preprocess(
        self, nb: NotebookNode, resources: Any = None, km: Any = None
    ) -> tuple[NotebookNode, Any]:
        """Run a notebook's cells in a kernel of its own."""
        self.record_timing = False
        self._deadline = monotonic() + self.submission_timeout
        self._over = ""  # why no more cells are run
        self._kept = 0  # characters of output of all cells
        self._kept_of_cell = 0
        return super().preprocess(nb, resources, km)  # type: ignore[no-any-return]

    def preprocess_cell(
        self, cell: NotebookNode, resources: Any, index: int
    ) -> tuple[NotebookNode, Any]:
        """Run one cell, whatever it does."""
        if cell.cell_type != "code":
            return cell, resources
        earns = utils.is_grade(cell)
        tags = cell.metadata.get("tags", [])
        if EXPERIMENT in tags and not earns and not utils.is_solution(cell):
            cell.outputs, cell.execution_count = [], None
            return cell, resources
        if earns:
            cell.metadata["tags"] = []
        if not self._over and monotonic() > self._deadline:
            self._over = f"the submission took longer than {self.submission_timeout} s"
        if self._over:
            cell.outputs = [_error(NOT_RUN, self._over)]
            return cell, resources
        self._kept_of_cell = 0
        cell.metadata.pop(CUT_KEY, None)
        try:
            super().preprocess_cell(cell, resources, index)
        except DeadKernelError:
            self._over = "the kernel had died in a cell above"
            cell.outputs.append(_error(DIED, "the kernel died while this cell ran"))
        except CellTimeoutError:
            self._over = "a cell above could not be stopped"
            cell.outputs.append(_error(TIMED_OUT, "this cell could not be stopped"))
        if earns and is_check(cell) and (wrong := _unsound(cell)):
            cell.outputs.append(_error(NO_REPORT, wrong))
        return cell, resources

    def _get_timeout(self, cell: NotebookNode | None) -> int | None:
        timeout: int | None = super()._get_timeout(cell)
        left: int = max(1, ceil(self._deadline - monotonic()))
        return left if timeout is None else min(timeout, left)

    def output(self, outs: Any, msg: Any, display_id: Any, cell_index: int) -> Any:
        """Keep an output, or cut it where there is too much; a check's report always stays."""
        cell, content = self.nb.cells[cell_index], msg["content"]
        data = content.get("data", {})
        if is_check(cell):
            if MIME in data or msg["msg_type"] == "execute_result":
                return super().output(outs, msg, display_id, cell_index)
            if content.get("name") == "stderr":
                content["name"] = "stdout"  # nbgrader gives nothing for a check that warns
        if CUT_KEY in cell.metadata:
            return None
        room = min(self.output_limit - self._kept_of_cell, self.total_output_limit - self._kept)
        size = _size(content)
        self._kept_of_cell += min(size, room)
        self._kept += min(size, room)
        if size <= room:
            return super().output(outs, msg, display_id, cell_index)
        over = self._kept >= self.total_output_limit
        cell.metadata[CUT_KEY] = "submission" if over else "cell"
        kept = content["text"][:room] if "text" in content else ""
        outs.append(new_output("stream", name=content.get("name", "stdout"), text=kept + CUT))
        return None


def is_check(cell: NotebookNode) -> bool:
    """Tell whether a cell is one that ends in a call of `autograder.check`."""
    return bool(utils.is_grade(cell)) and cell.metadata.nbgrader["grade_id"].startswith(CHECK)


def record(cell: NotebookNode) -> dict[str, Any] | None:
    """Find the last check's record among a cell's outputs; None if it cannot be one."""
    found = [o.data[MIME] for o in cell.outputs if "data" in o and MIME in o.data]
    last = found[-1] if found else None
    sound = isinstance(last, dict) and last.get("status") in _STATUSES
    return last if sound else None


def _unsound(cell: NotebookNode) -> str:
    """Say what is amiss with a check that ended without an error: its report or its number.

    nbgrader gives full marks to a cell whose last value it cannot read as a number, and to one
    without any.
    """
    if utils.has_failed(cell):
        return ""
    values = [o.data.get("text/plain") for o in cell.outputs if o.output_type == "execute_result"]
    report = record(cell)
    if report is None or len(values) != 1:
        return "the check gave no report, or no points"
    try:
        agree = float(values[0]) == float(report["points"])
    except (KeyError, TypeError, ValueError):
        agree = False
    return "" if agree else "the check's report and its points disagree"


def _error(name: str, message: str) -> NotebookNode:
    return new_output("error", ename=name, evalue=message, traceback=[f"{name}: {message}"])


def _size(content: dict[str, Any]) -> int:
    """Count the characters of a message's output, roughly."""
    if "text" in content:
        return len(content["text"])
    if "data" in content:
        return sum(len(value) for value in content["data"].values() if isinstance(value, str))
    return sum(map(len, content.get("traceback", ())))
