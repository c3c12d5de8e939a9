"""Putting a student's cells into the course's own notebook, cell by cell.

What is graded is always the notebook that was released, with the student's answers in it: a check
that was deleted, doubled, edited, moved or tagged costs and earns nothing.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable, Mapping
from typing import Any

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_raw_cell

from autograder.grading.submission import Cell

_MAKE = {"code": new_code_cell, "markdown": new_markdown_cell, "raw": new_raw_cell}
_START = ""  # in place of the grade_id of the cell above, for cells above all others


def graft(released: NotebookNode, cells: Iterable[Cell]) -> tuple[NotebookNode, tuple[str, ...]]:
    """Fill the released notebook with a student's answers and additions.

    Cells of the release that have a grade_id stay in their order. Of those the student's answers
    take the student's text, and all others keep the release's. A cell that the student added
    follows the one that it followed in the submission.

    Returns
    -------
    notebook : NotebookNode
    notes : tuple of str
        What had to be put right.

    Examples
    --------
    >>> from nbformat.v4 import new_notebook
    >>> answer = new_code_cell("raise NotImplementedError", id="a")
    >>> answer.metadata.nbgrader = {"grade_id": "f", "solution": True, "grade": False}
    >>> student = [Cell("code", "f = abs", "f"), Cell("code", "f(-1)")]
    >>> notebook, notes = graft(new_notebook(cells=[answer]), student)
    >>> [cell.source for cell in notebook.cells], notes
    (['f = abs', 'f(-1)'], ())
    """
    anchors = {name(cell): cell for cell in released.cells if name(cell)}
    known = _known(anchors, list(cells))
    answers = _answers(anchors, known)
    extras: dict[str, list[Cell]] = {_START: []}
    above, dropped, seen = _START, 0, set()
    for cell, anchor in known:
        if anchor and not is_answer(anchors[anchor]):
            if anchor in seen:
                dropped += 1  # a second copy of a cell of ours adds nothing
            else:
                seen.add(anchor)
                above = anchor
        elif anchor and cell is answers[anchor]:
            above = anchor
        elif anchor and cell.source == anchors[anchor].source:
            dropped += 1
        elif cell.source.strip() or cell.attachments:
            extras.setdefault(above, []).append(cell)
    notes = [f"{dropped} copies of the course's own cells were left out"] if dropped else []
    notebook = copy.deepcopy(released)
    taken = {cell.get("id") for cell in anchors.values()}
    notebook.cells = [_added(cell, taken) for cell in extras[_START]]
    for anchor, cell in anchors.items():
        if is_answer(cell) and anchor not in answers:
            notes.append(f"the cell for {anchor} was deleted")
        else:
            notebook.cells.append(_anchored(cell, answers.get(anchor)))
        notebook.cells += [_added(extra, taken) for extra in extras.get(anchor, ())]
    missing = [a for a in anchors if a not in seen and not is_answer(anchors[a])]
    if missing:
        notes.append(f"{len(missing)} of the course's own cells were missing, and were put back")
    return notebook, tuple(notes)


def name(cell: Mapping[str, Any]) -> str:
    """Give the grade_id of a cell of ours, empty if it has none."""
    return str(cell["metadata"].get("nbgrader", {}).get("grade_id", ""))


def is_answer(cell: Mapping[str, Any]) -> bool:
    """Tell whether students write a cell of ours."""
    return bool(cell["metadata"].get("nbgrader", {}).get("solution"))


def _known(anchors: dict[str, NotebookNode], cells: list[Cell]) -> list[tuple[Cell, str]]:
    """Find which cell of ours each of the student's is: by grade_id, by cell id, by its text."""
    by_id = {cell.get("id"): anchor for anchor, cell in anchors.items() if cell.get("id")}
    by_text = {
        (cell.cell_type, cell.source.strip()): anchor
        for anchor, cell in anchors.items()
        if not is_answer(cell)
    }
    return [
        (
            cell,
            cell.grade_id
            if cell.grade_id in anchors
            else by_id.get(cell.id) or by_text.get((cell.kind, cell.source.strip()), ""),
        )
        for cell in cells
    ]


def _answers(anchors: dict[str, NotebookNode], known: list[tuple[Cell, str]]) -> dict[str, Cell]:
    """Choose the student's answer to each exercise: the last copy that is not as released."""
    answers: dict[str, Cell] = {}
    for cell, anchor in known:
        if anchor and is_answer(anchors[anchor]):
            untouched = cell.source == anchors[anchor].source
            if anchor not in answers or not untouched:
                answers[anchor] = cell
    return answers


def _anchored(cell: NotebookNode, answer: Cell | None) -> NotebookNode:
    cell = copy.deepcopy(cell)
    if answer is not None:
        cell.source = answer.source
        if answer.attachments and cell.cell_type == "markdown":
            cell.attachments = answer.attachments
    if cell.cell_type == "code":
        cell.outputs, cell.execution_count = [], None
    return cell


def _added(cell: Cell, taken: set[Any]) -> NotebookNode:
    """Make a cell of the student's own; its id is kept where it can be."""
    own = cell.id if re.fullmatch(r"[\w-]{1,64}", cell.id, re.ASCII) else "extra"
    number, chosen = 1, own
    while chosen in taken:
        number, chosen = number + 1, f"{own[:56]}-{number}"
    taken.add(chosen)
    made = _MAKE[cell.kind](cell.source, id=chosen)
    if cell.attachments and cell.kind == "markdown":
        made.attachments = cell.attachments
    return made
