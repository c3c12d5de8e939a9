"""Comparing a notebook as it is with the notebook as it would be built."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from autograder.building.text import first_line


@dataclass(frozen=True)
class Drift:
    """One difference between two notebooks.

    cell : the cell's id, or "" for the notebook as a whole. line : the cell's first line.
    """

    cell: str
    line: str
    what: str

    def __str__(self) -> str:
        where = f"cell {self.cell} ({self.line!r}): " if self.cell else ""
        return f"{where}{self.what}"


def compare(old: Any, new: Any) -> list[Drift]:
    """List where an old notebook differs from a new one, in the new one's order.

    Cells are matched by id. Sources, metadata, order and texts must be equal. Of a picture only
    the kind is compared, because its pixels depend on fonts and processor.
    """
    drifts = [
        Drift("", "", f"the notebook's {key} differs")
        for key in ("nbformat", "nbformat_minor", "metadata")
        if old.get(key) != new.get(key)
    ]
    before = {cell.get("id", ""): cell for cell in old.cells}
    after = {cell.id: cell for cell in new.cells}
    drifts += [_drift(cell, "does not follow from the text") for cell in _only(before, after)]
    drifts += [_drift(cell, "is missing") for cell in _only(after, before)]
    if len(before) < len(old.cells):
        drifts.append(Drift("", "", "several cells have the same id"))
    elif [i for i in before if i in after] != [i for i in after if i in before]:
        drifts.append(Drift("", "", "the cells are in another order"))
    for name in after:
        if name in before:
            drifts += [_drift(after[name], what) for what in _changes(before[name], after[name])]
    return drifts


def _only(these: dict[str, Any], those: dict[str, Any]) -> list[Any]:
    return [cell for name, cell in these.items() if name not in those]


def _drift(cell: Any, what: str) -> Drift:
    return Drift(cell.get("id") or "without id", first_line(cell), what)


def _changes(old: Any, new: Any) -> list[str]:
    keys = ("cell_type", "source", "metadata", "attachments", "execution_count")
    changes = [f"its {key} differs" for key in keys if old.get(key) != new.get(key)]
    before, after = old.get("outputs", []), new.get("outputs", [])
    if len(before) != len(after):
        return [*changes, f"it has {len(before)} outputs, not {len(after)}"]
    for number, (a, b) in enumerate(zip(before, after, strict=True), 1):
        what = _output_change(_comparable(a), _comparable(b))
        changes += [f"its output {number} differs: {what}"] if what else []
    return changes


def _comparable(output: Any) -> dict[str, Any]:
    """Flatten an output into its parts; of a picture only that it is there."""
    parts = {key: value for key, value in output.items() if key not in ("data", "metadata")}
    for kind, content in output.get("data", {}).items():
        parts[kind] = None if kind.startswith("image/") else content
    return parts


def _output_change(old: dict[str, Any], new: dict[str, Any]) -> str:
    for key in [*new, *(key for key in old if key not in new)]:
        if key not in old or key not in new:
            return f"{key} is {'missing' if key in new else 'not built'}"
        if old[key] != new[key]:
            return f"{key} {_first_difference(old[key], new[key])}"
    return ""


def _first_difference(old: Any, new: Any) -> str:
    if not (isinstance(old, str) and isinstance(new, str)):
        return f"is {_short(old)}, built {_short(new)}"
    before, after = old.splitlines() or [""], new.splitlines() or [""]
    for a, b in zip(before, after, strict=False):
        if a != b:
            return f"is {_short(a)}, built {_short(b)}"
    return f"has {len(before)} lines, built {len(after)}"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
