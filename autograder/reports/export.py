"""Grades for other programs."""

from __future__ import annotations

import csv
import io

from autograder.course import Course, CourseError
from autograder.grading import gradebook

#: The forms that there are.
FORMS = ("csv",)

# A spreadsheet takes a cell that begins so for a formula, and runs it.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def to_csv(course: Course, assignment: str) -> str:
    """Write the gradebook's marks of an assignment as a table: a line for each student."""
    course.require_assignment(assignment)
    everybody = gradebook.marks(course, assignment)
    if not everybody:
        raise CourseError(
            f"{gradebook.file(course) or 'gradebook'}: no grades for {assignment} yet; run "
            f"`autograder grade {assignment}`."
        )
    columns = [mark.exercise for mark in max((m.marks for m in everybody), key=len)]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["student", "score", "maximum", *map(harmless, columns)])
    for marks in everybody:
        scores = {mark.exercise: f"{mark.score:g}" for mark in marks.marks}
        writer.writerow(
            [
                harmless(marks.student),
                f"{marks.score:g}",
                f"{marks.maximum:g}",
                *(scores.get(column, "") for column in columns),
            ]
        )
    return text.getvalue()


def harmless(text: str) -> str:
    """Keep a spreadsheet from taking a text for a formula.

    >>> harmless("=HYPERLINK(0)"), harmless("ada")
    ("'=HYPERLINK(0)", 'ada')
    """
    return f"'{text}" if text.startswith(_FORMULA) else text
