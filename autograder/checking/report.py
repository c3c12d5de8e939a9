"""What a check tells a student: a value that renders itself as text and as HTML."""

from __future__ import annotations

import html
from dataclasses import asdict, dataclass
from typing import Any

#: The machine-readable form of a report among a notebook's outputs.
MIME = "application/vnd.dltricks.check+json"

_MARKS = {"passed": "✓", "failed": "✗", "blank": "○", "refused": "⊘"}
_COLOURS = {"passed": "#1a7f4b", "failed": "#c4432b", "blank": "#8a8f98", "refused": "#b7791f"}


@dataclass(frozen=True)
class Report:
    """One check's result.

    status : "passed", "failed", "blank" (not started) or "refused" (calls the reference).
    message : what was seen, empty when passed. hint : what to do about it.
    mistake : the name of the known mistake, if the answer behaves like one.
    case : on what it was seen. tested : what the check looks at.
    notes : warnings and prints of the student's function.
    """

    exercise: str
    status: str
    points: float
    maximum: float
    kind: str = ""
    message: str = ""
    case: str = ""
    mistake: str | None = None
    hint: str = ""
    hidden: bool = False
    tested: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def record(self) -> dict[str, Any]:
        """Give what the class report counts, as plain data."""
        fields = asdict(self)
        return {
            key: fields[key]
            for key in (
                "exercise", "status", "points", "maximum", "kind", "mistake", "hidden", "message"
            )
        }  # fmt: skip

    @property
    def headline(self) -> str:
        """The first line: which exercise, how many points, and what happened."""
        scope = ", hidden cases too" if self.hidden and self.status == "passed" else ""
        word = {
            "passed": f"right{scope}",
            "failed": "not right yet",
            "blank": "not started",
            "refused": "refused",
        }[self.status]
        return f"{self.exercise}: {word} ({self.points:g} of {self.maximum:g} points)"

    @property
    def explanation(self) -> str:
        """What was seen, and on which case; empty where there is nothing to say."""
        if not self.message or self.status == "blank":
            return ""
        if self.hidden:
            return f"It fails on a hidden case: {self.case}."
        seen = self.message[0].upper() + self.message[1:]
        return f"On {self.case}: {self.message}." if self.case else f"{seen}."

    def text(self) -> str:
        """Render for a terminal."""
        lines = [f"{_MARKS[self.status]} {self.headline}"]
        lines += [f"  {self.explanation}"] if self.explanation else []
        lines += [f"  Hint: {line}" for line in self.hint.splitlines()[:1]]
        lines += [f"        {line}" for line in self.hint.splitlines()[1:]]
        if self.status == "passed":
            lines.append(f"  Tested: {'; '.join(self.tested)}.")
        lines += [f"  Note: {note}" for note in self.notes]
        return "\n".join(lines)

    def html(self) -> str:
        """Render for a notebook, in light and in dark themes."""
        colour = _COLOURS[self.status]
        head = (
            f'<div style="font-weight:600"><span style="color:{colour}" aria-hidden="true">'
            f"{_MARKS[self.status]}</span> {_rich(self.headline)}</div>"
        )
        body = [f"<div>{_rich(self.explanation)}</div>"] if self.explanation else []
        if self.hint:
            body.append(f'<div style="margin-top:4px"><b>Hint.</b> {_rich(self.hint)}</div>')
        if self.status == "passed":
            items = "".join(f"<li>{_rich(item)}</li>" for item in self.tested)
            body.append(
                '<details><summary style="cursor:pointer;opacity:.75">What was tested</summary>'
                f'<ul style="margin:2px 0 0">{items}</ul></details>'
            )
        body += [f'<div style="opacity:.75">Note: {_rich(note)}</div>' for note in self.notes]
        return (
            f'<div role="status" style="border-left:4px solid {colour};padding:6px 12px;'
            "margin:4px 0;color:var(--jp-ui-font-color1,inherit);"
            "background:var(--jp-layout-color2,rgba(128,128,128,.08));"
            'font-family:var(--jp-ui-font-family,sans-serif);line-height:1.5">'
            f"{head}{''.join(body)}</div>"
        )

    def bundle(self) -> dict[str, Any]:
        """Give all forms, for IPython's display."""
        return {"text/plain": self.text(), "text/html": self.html(), MIME: self.record()}


def _rich(text: str) -> str:
    """Escape, then set what stands in backticks as code."""
    parts = html.escape(text).replace("\n", "<br>").split("`")
    coded = (f"<code>{part}</code>" if i % 2 else part for i, part in enumerate(parts))
    return "".join(coded) if len(parts) % 2 else html.escape(text)
