"""What a student gets to see: nothing hidden, nothing that runs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbformat.v4 import (
    new_code_cell,
    new_markdown_cell,
    new_notebook,
    new_output,
    new_raw_cell,
)

from autograder.checking.report import MIME, Report
from autograder.reports.feedback import FeedbackExporter, Presentable, clean

HIDDEN = 'check("f", f)\n### BEGIN HIDDEN TESTS\ncheck("f", f, hidden=True)\n### END HIDDEN TESTS'


def prepared(*cells):
    notebook, _ = Presentable().preprocess(new_notebook(cells=list(cells)), {})
    return notebook.cells


def a_check(*outputs):
    cell = new_code_cell(HIDDEN, outputs=list(outputs))
    cell.metadata["nbgrader"] = {"grade": True, "grade_id": "check_f", "points": 1}
    return cell


def report(status, hint=""):
    return new_output("display_data", data=Report("f", status, 0.0, 1.0, hint=hint).bundle())


def test_the_code_of_a_hidden_test_is_not_shown():
    (cell,) = prepared(a_check())
    assert cell.source == 'check("f", f)'


def test_of_two_reports_the_last_is_shown_and_the_bare_number_is_not():
    number = new_output("execute_result", data={"text/plain": "0.0"})
    (cell,) = prepared(a_check(report("passed"), report("failed", "Mind the root."), number))
    assert len(cell.outputs) == 1
    assert "Mind the root." in cell.outputs[0].data["text/html"]
    assert MIME not in cell.outputs[0].data


def test_an_error_in_a_check_shows_no_lines_of_it():
    error = new_output(
        "error", ename="NameError", evalue="no f", traceback=['check("f", f, hidden=True)']
    )
    (cell,) = prepared(a_check(error))
    assert cell.outputs[0].traceback == ["NameError: no f"]


def test_a_report_keeps_its_looks():
    html = Report("f", "failed", 0.0, 1.0, message="m", hint="Use `np.sqrt`.").html()
    cleaned = clean(html)
    for part in ("border-left", "padding", "Hint.", "<code>np.sqrt</code>", "#c4432b"):
        assert part in cleaned
    assert "<details>" in clean(Report("f", "passed", 1.0, 1.0, tested=("a",)).html())


@pytest.mark.parametrize(
    "html",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<img src='https://example.org/t.png'>",
        "<img src='data:image/svg+xml;base64,AAAA'>",
        "<a href='javascript:alert(1)'>x</a>",
        "<a href='data:text/html,x'>x</a>",
        "<a href='java\nscript:alert(1)'>x</a>",
        "<iframe srcdoc='x'></iframe>",
        "<style>body{display:none}</style>",
        "<div style='position:fixed;background:url(https://example.org)'>x</div>",
        "<svg onload=alert(1)><script>1</script></svg>",
        "<form action='https://example.org'><input></form>",
        "<meta http-equiv=refresh content='0;url=https://example.org'>",
        "<b onclick=alert(1)>x",
        "<!-- --><script>1</script>",
        "<math><mtext></mtext><a xlink:href='javascript:1'>x</a></math>",
    ],
)
def test_what_acts_is_taken_away(html):
    from html.parser import HTMLParser

    class Found(HTMLParser):
        def handle_starttag(self, tag, attrs):
            assert tag in ("img", "a", "div", "b", "p")
            for name, value in attrs:
                assert name in ("style", "class")
                assert "url" not in (value or "")
                assert "position" not in (value or "")

    Found().feed(clean(html))


def test_pictures_and_links_stay():
    picture = '<img alt="a" src="data:image/png;base64,AAAA">'
    assert clean(picture) == picture
    assert 'href="https://example.org"' in clean('<a href="https://example.org">x</a>')


@given(st.text(alphabet="<>/ =\"'abcsriptonload:javu\\&;#x\n", max_size=60))
def test_no_text_becomes_a_script(text):
    cleaned = clean(text).lower()
    assert "<script" not in cleaned
    assert "<svg" not in cleaned


def test_formulas_stay_and_mathjax_is_the_one_that_refuses_links():
    assert clean(r"$\frac{1}{2} < x$") == r"$\frac{1}{2} &lt; x$"
    assert FeedbackExporter().mathjax_url.endswith(",Safe")


HOSTILE = "<script>alert('{}')</script>"


def test_nothing_of_a_notebook_runs_in_the_page():
    every = {
        mime: HOSTILE.format(mime)
        for mime in (
            "text/html", "text/markdown", "text/latex", "text/plain", "image/svg+xml",
            "application/javascript", "application/vnd.jupyter.widget-view+json",
        )
    }  # fmt: skip
    outputs = [
        *(new_output("display_data", data={mime: data}) for mime, data in every.items()),
        new_output("display_data", data={"image/png": '"><script>alert(1)</script>'}),
        new_output(
            "display_data", data={"text/html": "x"}, metadata={"text/html": {"isolated": 1}}
        ),
        new_output("stream", name="stdout", text=HOSTILE),
        new_output("error", ename=HOSTILE, evalue=HOSTILE, traceback=[HOSTILE]),
    ]
    code = new_code_cell(f"# {HOSTILE}", outputs=outputs, id="a")
    code.metadata["tags"] = ['"><script>alert(2)</script>']
    text = new_markdown_cell(
        f"{HOSTILE}\n\n[x](javascript:alert(1)) ![y](attachment:z.png)", id="b"
    )
    text.attachments = {"z.png": {"image/svg+xml": "AAAA"}}
    raw = new_raw_cell(HOSTILE, id="c")
    raw.metadata["raw_mimetype"] = "text/html"
    cells = prepared(code, text, raw)
    html, _ = FeedbackExporter(template_name="classic").from_notebook_node(
        new_notebook(cells=cells)
    )
    body = html[html.index("<body") :]
    assert "<script" not in body
    assert "javascript:alert" not in body
    assert "<iframe" not in body
    assert "svg+xml;base64" not in body


def test_experiments_are_shown_without_what_a_student_left_there():
    cell = new_code_cell("draw()", outputs=[new_output("stream", text="x")])
    cell.metadata["tags"] = ["experiment"]
    (shown,) = prepared(cell)
    assert shown.source == "draw()"
    assert shown.outputs == []
