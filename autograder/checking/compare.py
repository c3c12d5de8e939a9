"""Comparing what a function returned with what is right: first the type, then shape, then value."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from autograder.checking.outcome import as_array


@dataclass(frozen=True)
class Tolerance:
    """How far a right answer may be off, by float width.

    An entry is right if it is off by at most ``relative * |expected| + floor * scale``, where
    scale is the largest expected entry of the array (1 if that is 0).
    """

    relative: float = 1e-8
    floor: float = 1e-12
    relative32: float = 1e-4
    floor32: float = 1e-6

    def for_single(self) -> Tolerance:
        """Give the tolerance for results of float32 input that are not arrays themselves."""
        return replace(self, relative=self.relative32, floor=self.floor32)

    def allowance(self, expected: np.ndarray) -> np.ndarray:
        """Give the error allowed for each entry."""
        single = expected.dtype == np.float32
        size = np.abs(expected.astype(np.float64))
        finite = size[np.isfinite(size)]
        scale = float(finite.max()) if finite.size else 0.0
        relative, floor = (self.relative32, self.floor32) if single else (self.relative, self.floor)
        allowed: np.ndarray = np.where(
            np.isfinite(size), relative * size + floor * (scale or 1.0), 0.0
        )
        return allowed


@dataclass(frozen=True)
class Difference:
    """The first thing that differs: its kind (type, shape, dtype, value) and a sentence."""

    kind: str
    message: str


def difference(
    expected: Any, actual: Any, tolerance: Tolerance, what: str = "the result"
) -> Difference | None:
    """Compare two results, trees of lists and tuples with arrays and numbers at the ends.

    Lists and tuples are interchangeable, so are floats, NumPy scalars and 0-d arrays.
    """
    if expected is None:
        return None if actual is None else Difference("type", f"{what} must be None")
    if actual is None:
        return Difference("type", f"{what} is None: is a `return` missing?")
    if isinstance(expected, dict):
        return _different_dict(expected, actual, tolerance, what)
    if isinstance(expected, (list, tuple)):
        return _different_sequence(expected, actual, tolerance, what)
    if isinstance(expected, (str, bool)):
        same = isinstance(actual, (str, bool, np.bool_)) and actual == expected
        return None if same else Difference("value", f"{what} is {actual!r}, not {expected!r}")
    return _different_array(np.asarray(expected), actual, tolerance, what)


def _different_dict(
    expected: dict[Any, Any], actual: Any, tolerance: Tolerance, what: str
) -> Difference | None:
    if not isinstance(actual, dict):
        return Difference("type", f"{what} must be a dict, not {_kind(actual)}")
    if set(actual) != set(expected):
        return Difference("value", f"{what} has the keys {list(actual)}, not {list(expected)}")
    parts = (
        difference(item, actual[key], tolerance, f"{what}[{key!r}]")
        for key, item in expected.items()
    )
    return next((part for part in parts if part), None)


def _different_sequence(
    expected: Any, actual: Any, tolerance: Tolerance, what: str
) -> Difference | None:
    is_array = isinstance(actual, np.ndarray) and actual.ndim > 0
    if not isinstance(actual, (list, tuple)) and not is_array:
        form = f"a {type(expected).__name__ if type(expected) in (list, tuple) else 'tuple'}"
        return Difference("type", f"{what} must be {form} of {len(expected)}, not {_kind(actual)}")
    if len(actual) != len(expected):
        return Difference("shape", f"{what} has {len(actual)} items, not {len(expected)}")
    fields = getattr(type(expected), "_fields", None)
    parts = (
        difference(item, actual[i], tolerance, fields[i] if fields else f"{what}[{i}]")
        for i, item in enumerate(expected)
    )
    return next((part for part in parts if part), None)


def _different_array(
    expected: np.ndarray, actual: Any, tolerance: Tolerance, what: str
) -> Difference | None:
    array = as_array(actual)
    if array.dtype.kind not in "biuf":
        form = "a number" if expected.ndim == 0 else "an array of numbers"
        return Difference("type", f"{what} must be {form}, not {_kind(actual)}")
    if array.shape != expected.shape:
        return Difference("shape", _shape_message(what, expected.shape, array.shape))
    if expected.ndim and expected.dtype.kind == "f" and array.dtype != expected.dtype:
        return Difference(
            "dtype", f"{what} has dtype {array.dtype}; {expected.dtype} comes from such input"
        )
    return _different_values(expected, array, tolerance, what)


def _shape_message(what: str, expected: tuple[int, ...], actual: tuple[int, ...]) -> str:
    message = f"{what} has shape {actual}, not {expected}"
    if len(expected) > 1 and actual == expected[::-1]:
        return message + ": is it transposed?"
    if expected == () and math.prod(actual) == 1:
        return message + ": a single number is asked for"
    return message


def _different_values(
    expected: np.ndarray, actual: np.ndarray, tolerance: Tolerance, what: str
) -> Difference | None:
    wanted, found = expected.astype(np.float64), actual.astype(np.float64)
    with np.errstate(all="ignore"):
        error = np.abs(found - wanted)
        right = (error <= tolerance.allowance(expected)) | (found == wanted)
    right |= np.isnan(found) & np.isnan(wanted)
    if right.all():
        return None
    first = tuple(int(i) for i in np.argwhere(~right)[0])
    entry = f"{what}[{', '.join(map(str, first))}]" if first else what
    message = f"{entry} is {_number(found[first])}, right is {_number(wanted[first])}"
    if not math.isfinite(found[first]) and math.isfinite(wanted[first]):
        return Difference("value", message + " (a division by zero or an overflow?)")
    if wanted.size > 1:
        message += f"; {int((~right).sum())} of {wanted.size} entries differ"
        finite = error[np.isfinite(error)]
        if finite.size:
            message += f", by {_number(finite.max())} at most"
    return Difference("value", message)


def _number(value: float) -> str:
    return f"{value:.6g}"


def _kind(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"an array of {value.dtype} of shape {value.shape}"
    if callable(value):
        return "a function: was it called?"
    return f"{'an' if type(value).__name__[0] in 'aeiou' else 'a'} {type(value).__name__}"
