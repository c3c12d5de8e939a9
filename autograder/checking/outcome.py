"""Calling a student's function: whatever it does becomes a value that can be looked at."""

from __future__ import annotations

import contextlib
import copy
import io
import traceback
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autograder.checking import withhold

PRINT_LIMIT = 2_000


@dataclass(frozen=True)
class Outcome:
    """What one call did: the value or the exception, and what it did on the side."""

    value: Any = None
    error: BaseException | None = None
    warnings: tuple[str, ...] = ()
    printed: str = ""
    changed: str | None = None  # the argument that the call changed
    used_reference: bool = False


class _Tee(io.StringIO):
    """Keeps the beginning of what is written and forgets the rest."""

    def write(self, text: str) -> int:
        if (room := PRINT_LIMIT - self.tell()) > 0:
            super().write(text[:room])
        return len(text)


def as_array(value: Any) -> np.ndarray:
    """Take whatever a student returned as a plain array; what cannot be one has dtype object."""
    try:
        return np.asarray(value)
    except Exception:  # ragged lists, or an object with an __array__ of its own
        return np.asarray(None)


def duplicate(value: Any) -> Any:
    """Copy arguments so that nothing that the callee changes reaches the caller."""
    if isinstance(value, np.ndarray):
        return value.copy(order="K")
    if isinstance(value, (list, tuple)) and type(value) in (list, tuple):
        return type(value)(duplicate(item) for item in value)
    if isinstance(value, dict):
        return {key: duplicate(item) for key, item in value.items()}
    if isinstance(value, np.random.Generator):
        return copy.deepcopy(value)
    return value


def _identical(a: Any, b: Any) -> bool:
    if isinstance(a, np.ndarray):
        same = isinstance(b, np.ndarray) and a.shape == b.shape and a.dtype == b.dtype
        return same and np.array_equal(a, b, equal_nan=a.dtype.kind == "f")
    if isinstance(a, (list, tuple)):
        same_length = isinstance(b, (list, tuple)) and len(a) == len(b)
        return same_length and all(map(_identical, a, b))
    if isinstance(a, dict):
        return (
            isinstance(b, dict)
            and list(a) == list(b)
            and all(_identical(a[key], b[key]) for key in a)
        )
    return True


@dataclass
class Subject:
    """A student's function under test, with the references that it may not call.

    `forward` is the student's own forward pass where a backward pass is judged.
    """

    function: Callable[..., Any]
    references: Sequence[Callable[..., Any]] = ()
    forward: Callable[..., Any] | None = None
    warnings: list[str] = field(default_factory=list)
    printed: str = ""

    def call(self, *args: Any, **kwargs: Any) -> Outcome:
        """Call the student's function on copies of the arguments, except generators.

        A generator is passed on as it is, so that successive calls go on drawing from it.
        """
        return self._call(self.function, args, kwargs)

    def call_forward(self, *args: Any, **kwargs: Any) -> Outcome:
        """Call the student's own forward pass in the same way."""
        assert self.forward is not None
        return self._call(self.forward, args, kwargs)

    def _call(
        self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Outcome:
        given_args = tuple(_pass(value) for value in args)
        given_kwargs = {key: _pass(value) for key, value in kwargs.items()}
        out = _Tee()
        value, error = None, None
        with (
            warnings.catch_warnings(record=True) as caught,
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(out),
            withhold.withheld(self.references),
        ):
            warnings.simplefilter("always")
            try:
                value = function(*given_args, **given_kwargs)
            except KeyboardInterrupt:
                raise
            except BaseException as raised:
                error = raised
        messages = tuple(f"{w.category.__name__}: {w.message}" for w in caught)
        self.warnings.extend(m for m in messages if m not in self.warnings)
        self.printed = (self.printed + out.getvalue())[:PRINT_LIMIT]
        names = [f"argument {i + 1}" for i in range(len(args))] + list(kwargs)
        before = [*args, *kwargs.values()]
        after = [*given_args, *given_kwargs.values()]
        changed = next(
            (n for n, a, b in zip(names, before, after, strict=True) if not _identical(a, b)), None
        )
        return Outcome(value, error, messages, out.getvalue(), changed, bool(withhold.attempts))


def _pass(value: Any) -> Any:
    return value if isinstance(value, np.random.Generator) else duplicate(value)


def where(error: BaseException, function: Callable[..., Any]) -> str:
    """Name the student's own line on which an exception was raised, if it is known."""
    code = getattr(function, "__code__", None)
    frames = traceback.extract_tb(error.__traceback__)
    own = [f for f in frames if code is not None and f.filename == code.co_filename]
    if not own or own[-1].lineno is None or code is None:
        return ""
    line = (own[-1].line or "").strip()
    number = own[-1].lineno - code.co_firstlineno + 1
    if own[-1].name != code.co_name:  # another function of the student's
        return f" (in {own[-1].name}{': ' + line if line else ''})"
    return f" (line {number} of your function{': ' + line if line else ''})"
