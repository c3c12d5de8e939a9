import pickle
import types

import numpy as np
import pytest

from benchmarks.experiments import __main__ as command
from benchmarks.experiments import frame
from benchmarks.experiments.frame import Result, Row, above, below, between, exactly, never

QUICKEST = ("M8", "M19", "M20")


def module(run, seeds=(0, 1, 2), doc=None):
    """An experiment that is no file."""
    doc = doc or "A claim.\n\nSource: A paper.\n\nRecipe: Some\n  steps.\n\nTried before: 1.\n"
    made = types.ModuleType("benchmarks.experiments.m07_made_up", doc)
    made.run, made.SEEDS = run, seeds
    return made


def one(row, remark=""):
    return frame.run_module(module(lambda seeds: Result([row], remark)))


# -------------------------------------------------------------------------------- expectations


@pytest.mark.parametrize(
    ("expectation", "good", "bad"),
    [
        (above(1), [1.1, 2, 3], [1.0, 2, 3]),
        (above(1, "median"), [0, 2, 3], [0, 1, 3]),
        (below(1), [0.9, 0, -5], [0, 1, 0]),
        (below(1, "median"), [0, 0, 9], [0, 9, 9]),
        (between(1, 2), [1, 1.5, 2], [1, 1.5, 2.1]),
        (between(1, 2), [1, 1.5, 2], [0.9, 1.5, 2]),
        (exactly(4), [4, 4, 4], [4, 4, 3.999]),
        (never(), [np.inf, np.inf], [np.inf, 100]),
    ],
)
def test_an_expectation_tells_good_figures_from_bad(expectation, good, bad):
    assert Row("q", good, expectation).holds
    assert not Row("q", bad, expectation).holds


@pytest.mark.parametrize("expectation", [above(-9), below(9), between(-9, 9), exactly(1), never()])
def test_nan_fulfils_no_expectation(expectation):
    assert not Row("q", [np.nan, np.nan], expectation).holds


@pytest.mark.parametrize("make", [above, below])
def test_an_expectation_says_of_what(make):
    assert make(0, "median").text.endswith("(median)")
    assert make(0).text.endswith("(every seed)")


def test_a_row_without_expectation_is_shown_and_not_judged():
    row = Row("q", [np.nan])
    assert row.holds
    assert row.wanted == "shown, not judged"
    assert row.verdict == ""


@pytest.mark.parametrize(
    ("figures", "shown"),
    [
        ([1.0, 2.0, 3.0], "2 (1 to 3)"),
        ([5, 5, 5], "5"),
        ([np.inf, 10, np.inf], "never (10 to never)"),
        ([0.00002], "2.0e-05"),
        ([12345.6], "12,346"),
        (0.0, "0"),
    ],
)
def test_figures_are_shown_as_median_and_range(figures, shown):
    assert Row("q", figures).measured == shown


def test_over_lines_the_figures_of_seeds_up():
    found = frame.over([3, 5], lambda seed: {"a": seed, "b": -seed})
    np.testing.assert_array_equal(found["a"], [3, 5])
    np.testing.assert_array_equal(found["b"], [-3, -5])


def test_an_unknown_way_to_judge_is_refused():
    with pytest.raises(ValueError, match="of must be"):
        above(1, "mean")


# -------------------------------------------------------------------------------------- reports


def test_an_expectation_that_fails_is_reported():
    report = one(Row("speed", [1.0, 2.0], above(1.5)), remark="Odd.")
    assert not report.holds
    shown = frame.text(report)
    assert "DOES NOT HOLD" in shown
    assert "NO" in shown
    assert "> 1.5 (every seed)" in shown
    assert "Note: Odd." in shown
    assert "| 0 of 1 |" in command.summary([report])


def test_an_expectation_that_holds_is_reported():
    report = one(Row("speed", [1.0, 2.0], above(0.5)))
    assert report.holds
    assert "[holds," in frame.text(report)
    assert "| speed | > 0.5 (every seed) | 1.5 (1 to 2) | yes |" in command.section(report)


def test_a_report_comes_from_another_process_as_it_was():
    report = one(Row("speed", [1.0, 2.0], above(1.5)))
    again = pickle.loads(pickle.dumps(report))
    assert frame.text(again) == frame.text(report)
    assert not again.holds


def test_an_experiment_that_breaks_off_does_not_hold():
    def broken(seeds):
        raise ZeroDivisionError("no digits")

    report = frame.run_module(module(broken))
    assert not report.holds
    assert "no digits" in frame.text(report)
    assert "no digits" in command.section(report)
    assert "broke off" in command.summary([report])


def test_seeds_are_shifted():
    seen = []
    frame.run_module(module(lambda seeds: seen.extend(seeds) or Result([])), shift=100)
    assert seen == [100, 101, 102]


def test_a_docstring_is_taken_apart():
    about = frame.about(module(None))
    assert about == ("M7", "A claim", {"Source": "A paper.", "Recipe": "Some steps.",
                                       "Tried before": "1."})  # fmt: skip


def test_a_change_after_figures_were_seen_is_told():
    doc = module(None).__doc__ + "\nChanged: The limit was 2.\n"
    report = frame.run_module(module(lambda seeds: Result([Row("q", [1.0])]), doc=doc))
    for shown in (frame.text(report), command.section(report)):
        assert "Changed after figures were seen: The limit was 2." in shown


def test_a_docstring_without_a_source_is_refused():
    with pytest.raises(ValueError, match="Source"):
        frame.about(module(None, doc="A claim.\n\nRecipe: x.\n\nTried before: 1.\n"))


# ----------------------------------------------------------------------------------- the command


@pytest.fixture
def reports(monkeypatch):
    """Make the command 'run' without running: each experiment's figure is 1."""

    def install(expectation):
        report = one(Row("q", [1.0], expectation))
        monkeypatch.setattr(command, "run_all", lambda numbers, *_: [report for _ in numbers])

    return install


@pytest.mark.parametrize(("expectation", "code"), [(above(0), 0), (above(2), 1), (None, 0)])
def test_the_exit_code_says_whether_all_hold(reports, expectation, code, capsys):
    reports(expectation)
    assert command.main(["M1", "m2"]) == code
    assert "| M7 | A claim |" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "says"), [(["M99"], "no experiment M99"), (["M1", "--write"], "of all")]
)
def test_bad_arguments_are_refused(arguments, says, capsys):
    with pytest.raises(SystemExit) as error:
        command.main(arguments)
    assert error.value.code == 2
    assert says in capsys.readouterr().err


def test_write_replaces_what_is_below_the_marker(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(f"# Head\n\n{command.MARKER}\n\nstale\n")
    for _ in range(2):
        command.write([one(Row("a | b", [1.0], above(0)))], page)
    written = page.read_text()
    assert written.startswith(f"# Head\n\n{command.MARKER}\n")
    assert "stale" not in written
    assert written.count("## M7: A claim") == 1
    assert r"| a \| b |" in written


def test_the_page_has_its_marker():
    assert command.PAGE.read_text().count(command.MARKER) == 1


# ------------------------------------------------------------------------------- the experiments


def test_there_are_twenty():
    assert list(frame.modules()) == [f"M{number}" for number in range(1, 21)]
    assert set(command.LONGEST_FIRST) <= set(frame.modules())


@pytest.mark.parametrize("number", [f"M{number}" for number in range(1, 21)])
def test_each_states_its_claim_source_and_recipe(number):
    module = frame.load(number)
    about = frame.about(module)
    assert about.number == number
    assert len(about.claim) > 20
    assert any(character.isdigit() for character in about.parts["Source"])
    assert len(list(module.SEEDS)) >= 3


@pytest.mark.slow
def test_the_quickest_run_and_hold(capsys):
    code = command.main([*QUICKEST, "--workers", "1"])
    shown = capsys.readouterr().out
    assert code == 0, shown
    assert all(f"\n{number}  " in f"\n{shown}" for number in QUICKEST)
