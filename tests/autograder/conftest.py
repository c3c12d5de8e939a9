"""Fixtures of the tests of grading: courses to grade in."""

from classroom import course, template

__all__ = ["course", "template"]
