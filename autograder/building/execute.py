"""Running a chapter from top to bottom, so that its outputs depend on its text alone."""

from __future__ import annotations

import copy
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbgrader.utils import determine_grade, is_grade
from traitlets.config import Config

from autograder.building.outputs import OutputError, settle
from autograder.building.text import METADATA, Chapter
from autograder.checking import seeds
from autograder.course import CourseError

Progress = Callable[[str], None]

CELL_TIMEOUT = 300  # seconds; a chapter as a whole should take thirty


def execute(chapter: Chapter, progress: Progress) -> Any:
    """Give the chapter's notebook with the outputs of a run in the chapter's folder.

    Raises
    ------
    CourseError
        If a cell raises, hangs, has an output that would differ in another run, or if a solution
        does not get all its points.
    """
    notebook = copy.deepcopy(chapter.notebook)
    with tempfile.TemporaryDirectory() as scratch:
        _run(chapter, notebook, Path(scratch), progress)
    notebook.metadata = nbformat.from_dict(METADATA)
    for index, cell in enumerate(notebook.cells):
        if cell.cell_type != "code":
            continue
        try:
            cell.outputs = settle(cell.outputs, str(chapter.path.parent))
        except OutputError as error:
            raise CourseError(f"{chapter.where(index)}: {error}") from None
        if is_grade(cell):
            score, maximum = determine_grade(cell)
            if score != maximum:
                raise CourseError(
                    f"{chapter.where(index)}: the solution gets {score:g} of {maximum:g} points; "
                    "run the cell to see why, and mend the solution or its check."
                )
    return notebook


def _run(chapter: Chapter, notebook: Any, scratch: Path, progress: Progress) -> None:
    current = 0

    def tell(cell: Any, cell_index: int) -> None:
        nonlocal current
        current = cell_index
        total = len(notebook.cells)
        progress(f"{chapter.name}: cell {cell_index + 1} of {total}, {chapter.label(cell_index)}")

    config = Config()
    config.KernelManager.transport = "ipc"
    config.KernelManager.connection_file = str(scratch / "kernel.json")
    client = NotebookClient(
        notebook,
        config=config,
        timeout=CELL_TIMEOUT,
        record_timing=False,
        store_widget_state=False,
        on_cell_start=tell,
    )
    # Outputs are taken as they come, like nbval takes them. nbclient would play the browser and
    # move what `interact` draws into a widget, where no page and no comparison finds it.
    client.comm_open_handlers = {"jupyter.widget": lambda message: None}
    client.clear_output = lambda *_: None
    try:
        client.execute(cwd=str(chapter.path.parent), env=_environment(scratch))
    except CellExecutionError as error:
        reason = f"it raises {error.ename}: {error.evalue}".splitlines()[0]
    except CellTimeoutError:
        reason = f"it takes more than {CELL_TIMEOUT} seconds"
    except DeadKernelError:
        reason = "the kernel died in it"
    else:
        return
    raise CourseError(f"{chapter.where(current)}: {reason}; mend the text.")


def _environment(scratch: Path) -> dict[str, str]:
    """Make the kernel's environment: nothing of the user's, and a secret that nobody has."""
    import matplotlib.font_manager  # noqa: F401  its first import on a machine writes on stderr

    secret = scratch / seeds.FILE_NAME
    seeds.create_secret(secret)
    environment = os.environ | {
        "IPYTHONDIR": str(scratch / "ipython"),
        "OPENBLAS_NUM_THREADS": "1",
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]),
        "PYTHONHASHSEED": "0",
        "TQDM_DISABLE": "1",
        seeds.VARIABLE: str(secret),
    }
    for name in ("MPLBACKEND", "PYTHONWARNINGS"):  # figures inline, warnings as for a student
        environment.pop(name, None)
    return environment
