"""The exercises of the course, one package a chapter; its EXERCISES are in order."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from types import MappingProxyType

from autograder.checking.exercise import Exercise

#: Which package has a chapter's exercises.
CHAPTERS = {
    "01_initialization": "initialization",
}


@cache
def load(chapter: str) -> Mapping[str, Exercise]:
    """Give a chapter's exercises by name, in the order of the chapter; KeyError if unknown."""
    module = import_module(f"{__name__}.{CHAPTERS[chapter]}")
    return MappingProxyType({exercise.name: exercise for exercise in module.EXERCISES})


def chapter_of(name: str) -> str:
    """Tell which chapter asks for a function; KeyError if none does."""
    for chapter in CHAPTERS:
        if name in load(chapter):
            return chapter
    raise KeyError(name)


def names() -> list[str]:
    """List all exercises of the course."""
    return [name for chapter in CHAPTERS for name in load(chapter)]
