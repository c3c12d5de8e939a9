"""A class: find what was handed in, grade it in parallel, record it, tell what became of it."""

from autograder.grading.result import ExerciseResult, Result, Status, Verdict

__all__ = ["ExerciseResult", "Result", "Status", "Verdict"]
