"""Our functions against arrays that PyTorch made: see golden/README.md. PyTorch is not needed."""

import pytest
from comparison import by_name, deviations, in_single
from torch_cases import CASES, golden

GOLDEN = golden()
# One test for each function of each comparison.
PAIRS = [(case, function) for case, (_, theirs) in GOLDEN.items() for function in theirs]
SINGLE = [pair for pair in PAIRS if CASES[pair[0]].single is not None]


def test_the_arrays_are_those_of_the_comparisons():
    assert set(GOLDEN) == set(CASES), "run tools/make_golden.py"


@pytest.mark.parametrize(("case", "function"), PAIRS)
def test_agrees_with_pytorch(case, function):
    inputs, theirs = GOLDEN[case]
    found = deviations(by_name(CASES[case].ours(**inputs)), theirs)
    assert found[function] <= CASES[case].tolerance


@pytest.mark.parametrize(("case", "function"), SINGLE)
def test_agrees_with_pytorch_in_single_precision(case, function):
    inputs, theirs = GOLDEN[case]
    found = deviations(by_name(CASES[case].ours(**in_single(inputs))), theirs)
    assert found[function] <= CASES[case].single
