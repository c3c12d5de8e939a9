"""Our functions against arrays that PyTorch made: see golden/README.md. PyTorch is not needed."""

from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
from comparison import by_name, deviations, in_single
from torch_cases import CASES

GOLDEN = defaultdict(lambda: ({}, defaultdict(list)))
with np.load(Path(__file__).parent / "golden" / "torch.npz", allow_pickle=False) as file:
    for key in file.files:
        case, kind, name, *_ = key.split("/")
        if kind == "in":
            GOLDEN[case][0][name] = file[key]
        else:
            GOLDEN[case][1][name].append(file[key])
        file[key].flags.writeable = False

# One test for each function of each comparison.
PAIRS = [(case, function) for case, (_, theirs) in GOLDEN.items() for function in theirs]
SINGLE = [pair for pair in PAIRS if CASES[pair[0]].single is not None]


def ours(case, inputs):
    for a in inputs.values():
        a.flags.writeable = False
    return by_name(CASES[case].ours(**inputs))


def test_the_arrays_are_those_of_the_comparisons():
    assert set(GOLDEN) == set(CASES), "run tools/make_golden.py"


@pytest.mark.parametrize(("case", "function"), PAIRS)
def test_agrees_with_pytorch(case, function):
    inputs, theirs = GOLDEN[case]
    deviation = deviations(ours(case, inputs), theirs)[function]
    assert deviation <= CASES[case].tolerance


@pytest.mark.parametrize(("case", "function"), SINGLE)
def test_agrees_with_pytorch_in_single_precision(case, function):
    inputs, theirs = GOLDEN[case]
    mine = ours(case, in_single(inputs))
    assert deviations(mine, theirs)[function] <= CASES[case].single
