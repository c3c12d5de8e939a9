"""Reading what a student handed in, which may be anything."""

from __future__ import annotations

import hashlib
import json
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SIZE_LIMIT = 64 * 2**20
CELL_LIMIT = 2_000
#: The file in which nbgrader keeps when a submission was handed in.
TIMESTAMP = "timestamp.txt"


class Unreadable(Exception):
    """There is no notebook to grade; the message says why, in words for student and teacher."""


@dataclass(frozen=True)
class Cell:
    """What matters of a student's cell: the rest (outputs, tags, ...) is not taken over."""

    kind: str  # "code", "markdown" or "raw"
    source: str
    grade_id: str = ""
    id: str = ""
    attachments: Any = None


@dataclass(frozen=True)
class Handed:
    """A notebook as it was handed in, with what was odd about it."""

    cells: tuple[Cell, ...]
    notes: tuple[str, ...] = ()


def read(folder: Path, assignment: str) -> Handed:
    """Read the notebook in a submission's folder; `Unreadable` says why there is none."""
    path, notes = _find(folder, assignment)
    status = path.lstat()
    if not stat.S_ISREG(status.st_mode):
        raise Unreadable(f"{path.name} is a link or no file at all")
    if status.st_size > SIZE_LIMIT:
        raise Unreadable(f"{path.name} is larger than {SIZE_LIMIT // 2**20} MB")
    cells = parse(path.read_bytes())
    others = [p.name for p in folder.iterdir() if p.name not in (path.name, TIMESTAMP)]
    if others := [name for name in others if not name.startswith(".")]:
        more = ", ..." if len(others) > 3 else ""
        notes.append(f"other files were not used: {', '.join(sorted(others)[:3])}{more}")
    return Handed(cells, tuple(notes))


def digest(folder: Path, assignment: str) -> str:
    """Tell one submission from another by all that is read of it."""
    found = hashlib.sha256()
    paths = [folder / TIMESTAMP]
    try:
        paths.append(_find(folder, assignment)[0])
    except Unreadable as error:
        found.update(str(error).encode())
    for path in paths:
        try:
            status = path.lstat()
        except OSError:
            continue
        found.update(f"{path.name} {status.st_mode} {status.st_size}\n".encode())
        if stat.S_ISREG(status.st_mode) and status.st_size <= SIZE_LIMIT:
            found.update(path.read_bytes())
    return found.hexdigest()


def _find(folder: Path, assignment: str) -> tuple[Path, list[str]]:
    path = folder / f"{assignment}.ipynb"
    if path.exists() or path.is_symlink():
        return path, []
    found = sorted(p for p in folder.glob("*.ipynb") if not p.name.startswith("."))
    if len(found) == 1:
        return found[0], [f"the notebook was called {found[0].name}"]
    if found:
        raise Unreadable(f"none of the {len(found)} notebooks is called {path.name}")
    raise Unreadable(f"there is no {path.name}")


def parse(data: bytes) -> tuple[Cell, ...]:
    """Read a notebook's cells, of whatever version of the format."""
    try:
        content = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        raise Unreadable(
            "the file is empty" if not data.strip() else "the file is not a notebook (not JSON)"
        ) from None
    if not isinstance(content, dict) or not isinstance(content.get("nbformat"), int):
        raise Unreadable("the file is JSON, but not a notebook")
    if content["nbformat"] < 4:
        content = _upgraded(content)
    cells = content.get("cells")
    if content["nbformat"] > 4 or not isinstance(cells, list):
        raise Unreadable("the file is a notebook of a form that is not known")
    if len(cells) > CELL_LIMIT:
        raise Unreadable(f"the notebook has more than {CELL_LIMIT} cells")
    return cells_of(content)


def cells_of(notebook: Mapping[str, Any]) -> tuple[Cell, ...]:
    """Take what matters of a notebook's cells."""
    return tuple(cell for cell in map(_cell, notebook["cells"]) if cell is not None)


def _upgraded(content: dict[str, Any]) -> dict[str, Any]:
    """Bring a notebook of an old Jupyter to the form of today."""
    import nbformat

    try:
        return dict(nbformat.convert(nbformat.from_dict(content), 4))
    except Exception as error:
        raise Unreadable(f"the notebook is of an old form and damaged ({error!r})") from None


def _cell(content: Any) -> Cell | None:
    if not isinstance(content, dict) or content.get("cell_type") not in ("code", "markdown", "raw"):
        return None
    source = content.get("source", "")
    if isinstance(source, list):
        source = "".join(line for line in source if isinstance(line, str))
    metadata = content.get("metadata")
    nbgrader = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    grade_id = nbgrader.get("grade_id") if isinstance(nbgrader, dict) else None
    attachments = content.get("attachments")
    return Cell(
        content["cell_type"],
        _clean(source) if isinstance(source, str) else "",
        grade_id if isinstance(grade_id, str) else "",
        content["id"] if isinstance(content.get("id"), str) else "",
        attachments if isinstance(attachments, dict) and attachments else None,
    )


def _clean(text: str) -> str:
    """Replace what no file can hold: lone surrogates."""
    return text.encode("utf-8", "replace").decode()
