"""What an exercise is: a reference, points, probes that judge an answer, and known mistakes."""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np

from autograder.checking.outcome import Subject

Function = Callable[..., Any]
F = TypeVar("F", bound=Function)


@dataclass(frozen=True)
class Finding:
    """Why an answer is not right.

    kind : "blank", "refused", "error", "type", "shape", "dtype", "value", "law", "randomness",
        "side effect", "raises" or "warning".
    message : what was seen, in a sentence or two.
    case : the label of the case on which it was seen.
    mistake, hint : set where the answer behaves just as a known mistake does.
    probe : which of the exercise's probes saw it.
    """

    kind: str
    message: str
    case: str = ""
    mistake: str | None = None
    hint: str = ""
    probe: int = 0


@dataclass(frozen=True)
class Mistake:
    """A wrong answer that students give, and what to tell them."""

    function: Function
    hint: str
    forward: Function | None = None

    @property
    def name(self) -> str:
        """The name by which reports and statistics know it."""
        return self.function.__name__


class Probe(ABC):
    """One way to look at an answer.

    A probe draws its cases from a generator, so that public and secret seeds give different ones,
    and must draw the same cases whenever it is given the same generator.
    """

    #: What a report says was tested, in a few words.
    tested: str

    @abstractmethod
    def examine(
        self, subject: Subject, exercise: Exercise, draw: np.random.Generator
    ) -> Finding | None:
        """Judge an answer: the first thing that is wrong, or None."""

    @abstractmethod
    def alike(self, a: Subject, b: Subject, exercise: Exercise, draw: np.random.Generator) -> bool:
        """Tell whether two answers behave the same on the cases of this probe."""


@dataclass
class Exercise:
    """One function that students write.

    Mistakes and variants (right answers written differently) are added by the decorators
    `mistake` and `variant`. Their source must stand alone with NumPy as ``np``, because simulated
    students hand it in.
    """

    reference: Function
    points: int
    probes: tuple[Probe, ...]
    backward_of: Function | None = None
    mistakes: list[Mistake] = field(default_factory=list)
    variants: list[Function] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The name of the function."""
        return self.reference.__name__

    def mistake(self, hint: str, forward: Function | None = None) -> Callable[[F], F]:
        """Register a wrong answer with what to tell the student who gives it."""

        def register(function: F) -> F:
            self.mistakes.append(Mistake(function, inspect.cleandoc(hint), forward))
            return function

        return register

    def variant(self, function: F) -> F:
        """Register a right answer that is written differently from the reference."""
        self.variants.append(function)
        return function
