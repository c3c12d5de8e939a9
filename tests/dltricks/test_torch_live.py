"""The comparisons of the golden arrays once more, on fresh inputs, where PyTorch is installed."""

import numpy as np
import pytest
import torch_cases
from comparison import by_name, deviations

pytestmark = pytest.mark.torch
pytest.importorskip("torch")


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("name", torch_cases.CASES)
def test_agrees_with_pytorch_on_fresh_inputs(name, seed):
    case = torch_cases.CASES[name]
    inputs = case.draw(np.random.default_rng(seed))
    theirs = by_name(torch_cases.arrays(case.theirs(**torch_cases.tensors(inputs))))
    for a in inputs.values():
        a.flags.writeable = False
    found = deviations(by_name(case.ours(**inputs)), theirs)
    assert max(found.values()) <= case.tolerance, found
