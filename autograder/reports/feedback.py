"""Feedback for each student: their notebook as a page, with what each check found.

nbgrader's own step, with three things put right: the code of a hidden test is not shown, a check's
report is shown once, and nothing that a submission contains can run as a script in the page.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import bleach  # type: ignore[import-untyped]
import nbformat
from bleach.css_sanitizer import CSSSanitizer  # type: ignore[import-untyped]
from jinja2 import pass_context
from nbconvert.exporters import HTMLExporter
from nbconvert.preprocessors import CSSHTMLHeaderPreprocessor, Preprocessor
from nbformat import NotebookNode
from nbgrader.preprocessors import ClearHiddenTests, GetGrades
from traitlets import Bool

from autograder.checking.report import MIME
from autograder.course import Course, CourseError
from autograder.grading import gradebook
from autograder.grading.autograde import of_one
from autograder.grading.execute import EXPERIMENT, is_check

# What a check's report is made of, what Markdown gives, and what a table of numbers needs.
_TAGS = {
    "a", "abbr", "b", "blockquote", "br", "caption", "code", "dd", "del", "details", "div", "dl",
    "dt", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "img", "kbd", "li", "ol", "p",
    "pre", "s", "small", "span", "strong", "sub", "summary", "sup", "table", "tbody", "td",
    "tfoot", "th", "thead", "tr", "u", "ul",
}  # fmt: skip
_STYLES = [
    "background", "border-left", "color", "cursor", "font-family", "font-weight", "line-height",
    "margin", "margin-top", "opacity", "padding", "text-align",
]  # fmt: skip


class _Styles(CSSSanitizer):  # type: ignore[misc]
    """Keeps harmless properties, and those only if they load nothing."""

    def sanitize_css(self, style: str) -> str:
        kept = str(super().sanitize_css(style))
        return "" if re.search(r"url|image|\\", kept, re.IGNORECASE) else kept


_CLEANER = bleach.Cleaner(
    tags=_TAGS,
    attributes=lambda tag, name, value: _is_harmless(tag, name, value),
    protocols=["http", "https", "mailto", "data"],
    css_sanitizer=_Styles(allowed_css_properties=_STYLES),
    strip_comments=True,
)
_IMAGE = re.compile(r"data:image/(png|jpeg|gif);base64,[A-Za-z0-9+/=\s]*")
_BASE64 = re.compile(r"[A-Za-z0-9+/=\s]*")
_KEPT = ("text/html", "image/png", "image/jpeg", "text/latex", "text/plain")


def _is_harmless(tag: str, name: str, value: str) -> bool:
    if name == "src":
        return tag == "img" and _IMAGE.fullmatch(value) is not None
    if name == "href":
        return tag == "a" and not value.strip().lower().startswith("data:")
    return name in ("align", "alt", "class", "colspan", "id", "role", "rowspan", "style", "title")


def clean(html: Any) -> str:
    """Keep of HTML what shows, and escape what acts.

    >>> clean("<b onclick='x()'>bold</b><script>alert(1)</script>")
    '<b>bold</b>&lt;script&gt;alert(1)&lt;/script&gt;'
    """
    text = html.decode() if isinstance(html, bytes) else str(html)
    return str(_CLEANER.clean(text))


class Presentable(Preprocessor):  # type: ignore[misc]
    """Prepares a graded notebook for its student."""

    enabled = Bool(True).tag(config=True)

    def preprocess_cell(
        self, cell: NotebookNode, resources: Any, index: int
    ) -> tuple[NotebookNode, Any]:
        """Take out hidden tests, doubled reports, and all that could act in a page."""
        tags = cell.metadata.get("tags", [])
        cell.metadata["tags"] = []
        if cell.cell_type == "raw":
            cell.cell_type = "markdown"
            cell.source = f"```\n{cell.source.replace('```', '')}\n```"
        if cell.cell_type != "code":
            return cell, resources
        if is_check(cell):
            ClearHiddenTests()._remove_hidden_test_region(cell)
            cell.source = cell.source.rstrip()
            cell.outputs = list(_last_report(cell.outputs))
        elif EXPERIMENT in tags:
            cell.outputs = []
        shown = (_harmless(output) for output in cell.outputs)
        cell.outputs = [output for output in shown if output.get("data", True)]
        return cell, resources


def _last_report(outputs: Sequence[NotebookNode]) -> Iterator[NotebookNode]:
    """Give a check's last report, and errors without their lines of code."""
    reports = [o for o in outputs if "data" in o and MIME in o.data]
    yield from reports[-1:]
    for output in outputs:
        if output.output_type == "stream":
            yield output
        elif output.output_type == "error":
            output.traceback = [f"{output.ename}: {output.evalue}".rstrip(": ")]
            yield output


def _harmless(output: NotebookNode) -> NotebookNode:
    if "data" in output:
        kept = {mime: output.data[mime] for mime in _KEPT if mime in output.data}
        if "text/html" in kept:
            kept["text/html"] = clean(kept["text/html"])
        for mime in ("image/png", "image/jpeg"):
            if mime in kept and not _BASE64.fullmatch(str(kept[mime])):
                del kept[mime]
        output.data, output.metadata = nbformat.from_dict(kept), nbformat.from_dict({})
    return output


class FeedbackExporter(HTMLExporter):  # type: ignore[misc]
    """Writes a notebook as HTML in which nothing of the notebook's runs."""

    sanitize_html = Bool(True)
    exclude_anchor_links = Bool(True)

    def default_filters(self) -> Iterator[tuple[str, Callable[..., Any]]]:
        """Give nbconvert's filters, with ours in place of those that sanitize."""
        yield from super().default_filters()
        yield "clean_html", clean
        yield "markdown2html", self.markdown2html

    @pass_context
    def markdown2html(self, context: Any, source: str) -> str:
        """Turn Markdown into HTML, then clean it."""
        return clean(super().markdown2html(context, source))


def write(
    course: Course,
    assignment: str,
    students: Sequence[str] = (),
    wrote: Callable[[str, int], None] = lambda student, total: None,
) -> list[Path]:
    """Write feedback for everybody who has a grade, or for some students.

    Parameters
    ----------
    course : Course
    assignment : str
    students : sequence of str
        For whom; for everybody if empty.
    wrote : callable
        Is told of each student, and how many there are.

    Returns
    -------
    pages : list of Path
    """
    course.require_assignment(assignment)
    graded = [
        marks.student
        for marks in gradebook.marks(course, assignment)
        if (course.autograded(marks.student, assignment) / f"{assignment}.ipynb").is_file()
    ]
    for student in students:
        if student not in graded:
            raise CourseError(
                f"{course.autograded(student, assignment)}: not graded; run `autograder grade "
                f"{assignment} --student {student}`."
            )
    wanted = sorted(set(students)) if students else graded
    if not wanted:
        raise CourseError(
            f"{course.autograded('<student>', assignment)}: nothing is graded yet; run `autograder "
            f"grade {assignment}`."
        )
    pages = []
    for student in wanted:
        with gradebook.quiet():
            _converter(course, assignment, student).start()
        pages.append(course.feedback(student, assignment) / f"{assignment}.html")
        wrote(student, len(wanted))
    return pages


def _converter(course: Course, assignment: str, student: str) -> Any:
    from nbgrader.converters import GenerateFeedback
    from nbgrader.coursedir import CourseDirectory
    from traitlets.config import Config

    config = Config(course.config)
    config.CourseDirectory.db_url = gradebook.url(course)
    config.GenerateFeedback.exporter_class = FeedbackExporter
    config.GenerateFeedback.preprocessors = [GetGrades, Presentable, CSSHTMLHeaderPreprocessor]
    directory = CourseDirectory(config=config)
    directory.assignment_id = assignment
    directory.student_id = student
    converter = of_one(GenerateFeedback, course.autograded(student, assignment))(
        coursedir=directory, config=config
    )
    converter.force = True
    return converter
