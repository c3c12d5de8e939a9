"""While a student's function runs, the reference that it should replace does not answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from types import FunctionType
from typing import Any

attempts: list[str] = []


class ReferenceWithheld(Exception):
    """A student's function called the solution that it is compared with."""


def _withheld(*args: Any, **kwargs: Any) -> Any:
    # Runs in the place of a reference, with that module's globals: hence the import in here.
    from autograder.checking import withhold

    withhold.attempts.append("reference")
    raise withhold.ReferenceWithheld("the reference solution is withheld during a check")


@contextmanager
def withheld(references: Iterable[Callable[..., Any]]) -> Iterator[None]:
    """Make functions raise `ReferenceWithheld`, under whatever name they were imported.

    Exchanging the code object, not the name, also reaches ``from dltricks.layers import ...`` and
    every other alias that a student may have made before.
    """
    functions = [f for f in references if isinstance(f, FunctionType)]
    codes = [f.__code__ for f in functions]
    attempts.clear()
    try:
        for function in functions:
            function.__code__ = _withheld.__code__
        yield
    finally:
        for function, code in zip(functions, codes, strict=True):
            function.__code__ = code
