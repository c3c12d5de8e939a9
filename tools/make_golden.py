"""Make ``tests/dltricks/golden/torch.npz``: what PyTorch answers to the comparisons' inputs.

Run it from anywhere, with PyTorch installed: ``python tools/make_golden.py [target]``. The same
versions of NumPy, PyTorch and zlib on the same kind of processor write the same bytes again.
"""

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "dltricks"))

import torch_cases
from comparison import by_name


def make():
    """Collect inputs and answers: ``{"case/in/argument": ..., "case/out/function/0": ...}``."""
    arrays = {}
    for name, case in torch_cases.CASES.items():
        inputs = torch_cases.CASES.inputs(name)
        theirs = by_name(torch_cases.arrays(case.theirs(**torch_cases.tensors(inputs))))
        arrays |= {f"{name}/in/{argument}": a for argument, a in inputs.items()}
        for function, results in theirs.items():
            arrays |= {f"{name}/out/{function}/{i}": a for i, a in enumerate(results)}
    return arrays


if __name__ == "__main__":
    torch_cases.torch.set_num_threads(1)
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else torch_cases.GOLDEN
    target.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(target, **make())
    print(f"{target}: {target.stat().st_size} bytes, PyTorch {torch_cases.torch.__version__}")
