"""Our functions against SciPy, scikit-learn and closed forms; and the table of all oracles."""

import re
from pathlib import Path

import numpy as np
import pytest
from comparison import by_name, deviation, deviations, in_single
from oracle_cases import CASES, measured, public_functions

TABLE = Path(__file__).resolve().parents[2] / "docs" / "oracles.md"
ROW = re.compile(r"\| `(?P<function>[\w.]+)` \| (?P<oracle>.+) \| (?P<deviation>[\d.e+-]+) \|")
SINGLE = [name for name, case in CASES.items() if case.single is not None]


@pytest.mark.parametrize("name", CASES)
def test_agrees_with_its_oracle(name):
    case, inputs = CASES[name], CASES.inputs(name)
    found = deviations(by_name(case.ours(**inputs)), by_name(case.theirs(**inputs)))
    assert max(found.values()) <= case.tolerance, found


@pytest.mark.parametrize("name", SINGLE)
def test_agrees_with_its_oracle_in_single_precision(name):
    case, inputs = CASES[name], CASES.inputs(name)
    found = deviations(by_name(case.ours(**in_single(inputs))), by_name(case.theirs(**inputs)))
    assert max(found.values()) <= max(case.single, 10 * case.tolerance), found


@pytest.mark.parametrize(
    "function",
    [f for f in public_functions() if f.endswith("_backward")],
)
def test_every_backward_pass_is_held_against_differences_and_pytorch(function):
    vouching = {oracle for f, oracle in measured() if f == function}
    assert any("central differences" in oracle for oracle in vouching)
    assert any("PyTorch" in oracle for oracle in vouching)


def test_the_table_has_every_public_function():
    listed = [m["function"] for m in map(ROW.match, TABLE.read_text().splitlines()) if m]
    assert set(public_functions()) <= set(listed), "run tools/make_oracle_table.py"
    assert set(listed) == {function for function, _ in measured()}


def test_the_table_tells_no_less_than_what_is_found():
    stated = {
        (m["function"], m["oracle"]): float(m["deviation"])
        for m in map(ROW.match, TABLE.read_text().splitlines())
        if m
    }
    found = measured()
    assert stated.keys() == found.keys(), "run tools/make_oracle_table.py"
    # Another machine rounds in another order, but not a hundred times as badly.
    worse = {
        pair: (deviation, stated[pair])
        for pair, (deviation, tolerance) in found.items()
        if deviation > min(tolerance, max(100 * stated[pair], 1e-13))
    }
    assert not worse


def test_a_deviation_is_a_share_of_the_largest_entry():
    assert deviation(np.array([1.0, 8.0]), np.array([2.0, 10.0])) == pytest.approx(0.2)
    assert deviation(np.array([0.0, 3.0]), np.zeros(2)) == 3.0
    with pytest.raises(AssertionError, match=r"is not \(3,\)"):
        deviation(np.zeros(2), np.zeros(3))
