"""``check``: what it promises of a student's function that does anything at all."""

import subprocess
import sys
import warnings

import numpy as np
import pytest

import dltricks.initializers
from autograder import check, yours
from autograder.checking import seeds
from autograder.checking.check import judge
from autograder.checking.outcome import Subject
from autograder.checking.report import MIME, Report
from autograder.checking.withhold import ReferenceWithheld, withheld
from autograder.exercises import load


def right_gain(name, slope=0.01):
    gains = {
        "linear": 1.0,
        "tanh": 5 / 3,
        "relu": 2**0.5,
        "leaky_relu": (2 / (1 + slope**2)) ** 0.5,
    }
    if name not in gains:
        raise ValueError(name)
    return gains[name]


def test_points_are_a_float_that_nbgrader_reads(capsys):
    points = check("activation_gain", right_gain)
    assert repr(points) == "1.0"
    assert str(points) == "1.0"
    assert isinstance(points, float)
    assert points.maximum == 1.0
    assert points.passed
    assert points.mistake is None
    assert "right (1 of 1 points)" in capsys.readouterr().out


def test_an_unknown_exercise_is_the_callers_error():
    with pytest.raises(ValueError, match="did you mean 'he_normal'"):
        check("he_norma", right_gain)


@pytest.mark.parametrize("error", [SystemExit, RecursionError, MemoryError, GeneratorExit])
def test_no_exception_of_the_student_gets_through(error):
    def raises(name, slope=0.01):
        raise error("on purpose")

    points = judge("activation_gain", raises)
    assert points == 0.0
    assert error.__name__ in points.report.message


def test_the_student_can_still_interrupt():
    def interrupted(name, slope=0.01):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        judge("activation_gain", interrupted)


def test_the_line_of_an_error_is_named():
    def misspelt(labels, num_classes, smoothing=1.0):
        counts = np.bincount(labels)
        return np.log(count / counts.sum())  # noqa: F821

    message = judge("output_bias", misspelt).report.message
    assert "NameError: name 'count' is not defined (line 3 of your function: return" in message


def test_prints_and_warnings_cost_nothing_and_are_noted(capfd):
    def talkative(name, slope=0.01):
        print("hello " * 1000)
        print("to stderr", file=sys.stderr)
        warnings.warn("careful", stacklevel=1)
        return right_gain(name, slope)

    points = check("activation_gain", talkative)
    out, err = capfd.readouterr()
    assert points.passed
    assert err == ""
    assert len(out) < 2_000
    assert "your function printed: hello" in out
    assert "careful" in out


def test_changed_arguments_are_seen():
    def changes(x, weights, activation):
        x *= 2
        return dltricks.initializers.activation_statistics(x / 2, weights, activation)

    report = judge("activation_statistics", changes).report
    assert report.status == "refused"  # told first, as it calls the course's own solution

    def changes_without_calling(x, weights, activation):
        result = []
        h = x
        for w in weights:
            h = activation(h @ w)
            result.append((h.mean(), h.var()))
        x += 1
        return result

    report = judge("activation_statistics", changes_without_calling).report
    assert report.kind in ("side effect", "error")


@pytest.mark.parametrize(
    "sneaky",
    [
        lambda n, m, rng: dltricks.initializers.he_normal(n, m, rng),
        lambda n, m, rng, f=dltricks.initializers.he_normal: f(n, m, rng),
        lambda n, m, rng: dltricks.initializers.xavier_normal(n, n, rng)[:, :m],
    ],
)
def test_calling_the_reference_is_refused(sneaky):
    points = judge("he_normal", sneaky)
    assert points.report.status == "refused"
    assert points == 0.0


def test_swallowing_the_refusal_does_not_help():
    def catches(n, m, rng):
        try:
            return dltricks.initializers.he_normal(n, m, rng)
        except Exception:
            return rng.normal(0, np.sqrt(2 / n), (n, m))

    assert judge("he_normal", catches).report.status == "refused"


def test_the_reference_answers_again_after_a_check():
    judge("he_normal", lambda n, m, rng: None)
    assert dltricks.initializers.he_normal(2, 3, np.random.default_rng(0)).shape == (2, 3)


def test_withheld_functions_raise_under_every_name():
    alias = dltricks.initializers.he_normal
    with withheld([dltricks.initializers.he_normal]), pytest.raises(ReferenceWithheld):
        alias(1, 1, None)


def test_yours_is_the_students_function_only_if_it_is_right():
    assert yours("activation_gain", right_gain) == (right_gain, "yours")
    function, whose = yours("activation_gain", lambda name: 1.0)
    assert function is dltricks.initializers.activation_gain
    assert whose == "the course's"


def test_a_check_gives_the_same_result_twice():
    def wrong(n, m, rng):
        return rng.normal(0, 2 / n, (n, m))

    assert judge("he_normal", wrong).report == judge("he_normal", wrong).report


# ----------------------------------------------------------------------------------- the secret


def memorized_public(labels, num_classes, smoothing=1.0):
    """Right on the public cases alone: it remembers them."""
    probe = load("01_initialization")["output_bias"].probes[0]
    draw = seeds.generator("output_bias", "0")
    for case in probe.cases(draw):
        known = np.array_equal(case.args[0], labels) and case.args[1:] in (
            (num_classes,),
            (num_classes, smoothing),
        )
        if known:
            return _bias(labels, num_classes, smoothing)
    return np.zeros(num_classes)


def _bias(labels, num_classes, smoothing):
    counts = np.bincount(labels, minlength=num_classes) + float(smoothing)
    return np.log(counts / counts.sum())


@pytest.fixture
def secret_file(tmp_path, monkeypatch):
    path = tmp_path / "course_secret"
    monkeypatch.setenv(seeds.VARIABLE, str(path))
    return path


def test_hidden_cases_tell_what_was_memorized(secret_file):
    seeds.create_secret(secret_file)
    assert judge("output_bias", memorized_public).passed
    points = judge("output_bias", memorized_public, hidden=True)
    assert points == 0.0
    assert points.report.hidden
    assert "It fails on a hidden case: 200 labels" in points.report.text()
    assert "right is" not in points.report.text()


def test_another_secret_gives_other_hidden_cases():
    draws = [seeds.generator("a", secret=bytes([i])).integers(2**60) for i in range(3)]
    assert len(set(draws)) == 3
    assert seeds.generator("a").integers(2**60) == seeds.generator("a").integers(2**60)
    assert seeds.generator("a").integers(2**60) != seeds.generator("b").integers(2**60)


def test_without_a_secret_the_report_says_so(monkeypatch, tmp_path):
    monkeypatch.delenv(seeds.VARIABLE, raising=False)
    monkeypatch.chdir(tmp_path)
    report = judge("activation_gain", right_gain, hidden=True).report
    assert report.status == "passed"
    assert "no course secret" in report.notes[0]


def test_a_secret_is_made_once_and_for_its_owner_alone(secret_file):
    first = seeds.create_secret(secret_file)
    assert seeds.create_secret(secret_file) == first == seeds.read_secret(secret_file)
    assert secret_file.stat().st_mode & 0o077 == 0
    assert len(first) == 32
    assert len(seeds.fingerprint(first)) == 8


@pytest.mark.parametrize("content", ["", "abc", "z" * 64, "0" * 63, "\0" * 64])
def test_a_broken_secret_is_told_with_its_file(secret_file, content):
    secret_file.write_text(content)
    with pytest.raises(seeds.SecretError, match="course_secret: this is not a course's secret"):
        seeds.read_secret(secret_file)


def test_a_missing_secret_file_that_is_named_is_an_error(secret_file):
    with pytest.raises(seeds.SecretError, match="cannot be read"):
        judge("activation_gain", right_gain, hidden=True)


# ----------------------------------------------------------------------------------- the report


def report(**changes):
    fields = {
        "exercise": "he_normal",
        "status": "failed",
        "points": 0.0,
        "maximum": 2.0,
        "message": "the result is <b>1</b>",
        "case": "a `wide` layer",
        "hint": "use `np.sqrt`",
        "tested": ("both & all",),
    }
    return Report(**(fields | changes))


def test_html_escapes_what_comes_from_outside():
    html = report().html()
    assert "<b>1</b>" not in html
    assert "&lt;b&gt;1&lt;/b&gt;" in html
    assert "<code>np.sqrt</code>" in html
    assert "<script" not in report(message="<script>alert(1)</script>").html()


@pytest.mark.parametrize("status", ["passed", "failed", "blank", "refused"])
def test_every_status_renders_as_text_and_html(status):
    bundle = report(status=status).bundle()
    assert bundle["text/plain"].startswith(("✓", "✗", "○", "⊘"))
    assert bundle["text/html"].startswith("<div")
    assert bundle[MIME]["status"] == status


def test_subject_keeps_generators_and_copies_arrays():
    rng = np.random.default_rng(0)
    x = np.ones(3)

    def draws_and_changes(rng, x):
        x[0] = rng.random()
        return x

    first = Subject(draws_and_changes).call(rng, x)
    second = Subject(draws_and_changes).call(rng, x)
    assert x[0] == 1.0
    assert first.changed == "argument 2"
    assert first.value[0] != second.value[0]


def test_checking_does_not_import_matplotlib_or_jupyter():
    code = (
        "import sys; from autograder import check; check('activation_gain', lambda n: 1.0);"
        "print([m for m in ('matplotlib', 'IPython', 'nbgrader', 'scipy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
