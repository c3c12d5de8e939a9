"""A chapter's text: Jupytext's percent format, with the role of each cell in its title."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jupytext
import nbformat

from autograder.building.roles import Exercises, RoleError, expand
from autograder.course import CourseError

#: What a built notebook says about its language: nothing that another Python would change.
METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {
        "file_extension": ".py",
        "mimetype": "text/x-python",
        "name": "python",
        "pygments_lexer": "ipython3",
    },
}
_OURS = {"title", "tags", "jupyter", "slideshow"}
_JUPYTEXTS = {
    "cell_marker", "lines_to_end_of_cell_marker", "lines_to_next_cell", "noskipline", "skipline"
}  # fmt: skip


@dataclass(frozen=True)
class Chapter:
    """A chapter as its text says: a notebook without outputs, and where each cell comes from."""

    path: Path
    notebook: Any
    titles: tuple[str, ...]
    lines: tuple[int, ...]

    @property
    def name(self) -> str:
        """The chapter's name, which is its assignment's."""
        return self.path.stem

    def label(self, index: int) -> str:
        """Name a cell for people: its title or, without one, its first line."""
        return self.titles[index] or first_line(self.notebook.cells[index])

    def where(self, index: int) -> str:
        """Say where in the text a cell stands."""
        return f"{self.path}:{self.lines[index]}: cell {self.label(index)!r}"


def first_line(cell: Any) -> str:
    """Give the beginning of a cell, to recognize it by."""
    line = next((line.strip() for line in cell.source.splitlines() if line.strip()), "")
    return line if len(line) <= 50 else f"{line[:47]}..."


def read_chapter(path: Path, exercises: Exercises) -> Chapter:
    """Read a chapter's text and expand the roles of its cells.

    Raises
    ------
    CourseError
        Naming the file, the line, the cell and what to change.
    """
    text = _read(path)
    try:
        notebook = jupytext.reads(text, fmt="py:percent")
    except Exception as error:
        reason = str(error).splitlines()[0]
        raise CourseError(f"{path}: Jupytext cannot read it ({reason}); mend its head.") from error
    lines = [n for n, line in enumerate(text.splitlines(), 1) if re.match(r"# ?%%(\s|$)", line)]
    if len(lines) != len(notebook.cells):
        raise CourseError(
            f"{path}: {len(lines)} lines begin with '# %%' but it has {len(notebook.cells)} cells; "
            "put nothing but the head before the first such line, and none into a string."
        )
    titles = tuple(cell.metadata.get("title", "") for cell in notebook.cells)
    notebook.metadata = nbformat.from_dict(METADATA)
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    chapter = Chapter(path, notebook, titles, tuple(lines))
    for index, cell in enumerate(notebook.cells):
        cell.id = ""
        try:
            _keep_own_metadata(cell)
            expand(cell, exercises)
        except RoleError as error:
            raise CourseError(f"{chapter.where(index)}: {error}") from None
    _require_checks(chapter)
    _require_single_ids(chapter)
    _require_no_closing_semicolons(chapter)
    _name_ordinary_cells(chapter)
    return chapter


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise CourseError(
            f"{path}: the chapter's text is missing; write it, in Jupytext's percent format."
        ) from None
    except UnicodeDecodeError as error:
        raise CourseError(f"{path}: it is not UTF-8 ({error.reason}); save it as UTF-8.") from None


def _keep_own_metadata(cell: Any) -> None:
    for key in _JUPYTEXTS & set(cell.metadata):
        del cell.metadata[key]
    if others := set(cell.metadata) - _OURS:
        raise RoleError(f"{', '.join(sorted(others))} cannot be set in the text; remove it.")


def _require_checks(chapter: Chapter) -> None:
    """See that each exercise comes before its check, and none goes without."""
    cells = chapter.notebook.cells
    order = {cell.id: index for index, cell in enumerate(cells) if cell.id}
    for index, title in enumerate(chapter.titles):
        role, name = [*title.split(), "", ""][:2]
        if role == "exercise" and f"check_{name}" not in order:
            raise CourseError(
                f"{chapter.where(index)}: it has no check; add a cell '# %% check {name}'."
            )
        if role == "check" and order.get(name, len(cells)) > index:
            raise CourseError(
                f"{chapter.where(index)}: no exercise of that name comes before it; add a cell "
                f"'# %% exercise {name}'."
            )


def _require_single_ids(chapter: Chapter) -> None:
    seen: dict[str, int] = {}
    for index, cell in enumerate(chapter.notebook.cells):
        if cell.id and cell.id in seen:
            raise CourseError(
                f"{chapter.where(index)}: line {chapter.lines[seen[cell.id]]} has a cell of the "
                "same name; give one of them another."
            )
        seen[cell.id] = index


def _require_no_closing_semicolons(chapter: Chapter) -> None:
    """Refuse what nbval sees differently: it runs cells without history, where IPython looks."""
    found = [
        f"{chapter.lines[index]} ({chapter.label(index)})"
        for index, cell in enumerate(chapter.notebook.cells)
        if cell.cell_type == "code" and cell.source.rstrip().endswith(";")
    ]
    if found:
        raise CourseError(
            f"{chapter.path}: cells that end in a semicolon, at lines {', '.join(found)}: it hides "
            "the last value from Jupyter but not from nbval; end with plt.show(), or assign to _."
        )


def _name_ordinary_cells(chapter: Chapter) -> None:
    """Give the other cells ids that follow from what they say, so that building twice is equal."""
    seen: Counter[str] = Counter()
    for cell in chapter.notebook.cells:
        if not cell.id:
            digest = hashlib.sha256(cell.source.encode()).hexdigest()[:12]
            seen[digest] += 1
            number = f"-{seen[digest]}" if seen[digest] > 1 else ""
            cell.id = f"{cell.cell_type}-{digest}{number}"
