"""Outputs as they are kept: whole, and with nothing in them that another run would change."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

_ADDRESS = re.compile(r"\bat 0x[0-9a-fA-F]{4,}")
_WIDGET = "application/vnd.jupyter.widget-view+json"


class OutputError(Exception):
    """An output that would differ from run to run; the message tells what to change."""


def settle(outputs: list[Any], folder: str) -> list[Any]:
    """Join what a stream wrote in pieces, drop the views of widgets, refuse what is not stable.

    A widget's view needs a running kernel and has a random id; its text and the static picture
    beside it are what a page shows.
    """
    settled: list[Any] = []
    for output in outputs:
        if output.output_type == "stream" and settled and settled[-1].get("name") == output.name:
            settled[-1].text += output.text
            continue
        if "data" in output:
            output.data.pop(_WIDGET, None)
        settled.append(output)
    for output in settled:
        _require_stable(output, folder)
    return settled


def texts(output: Any) -> Iterator[str]:
    """Give every text of an output that a reader sees."""
    if output.output_type == "stream":
        yield output.text
    for kind, content in output.get("data", {}).items():
        if kind.startswith("text/"):
            yield content


def _require_stable(output: Any, folder: str) -> None:
    if output.get("name") == "stderr":
        raise OutputError(
            f"it writes on stderr ({_begin(output.text)}); nbgrader gives no points to a cell that "
            "does, so remove what causes it."
        )
    for text in texts(output):
        if found := _ADDRESS.search(text):
            raise OutputError(
                f"its output has a memory address ({_begin(text[max(0, found.start() - 40) :])}), "
                "which differs in each run; assign the last value to _, or print less."
            )
        if folder in text:
            raise OutputError(f"its output names a folder of this machine ({folder}); print less.")


def _begin(text: str) -> str:
    line = text.strip().splitlines()[0] if text.strip() else ""
    return line if len(line) <= 80 else f"{line[:77]}..."
