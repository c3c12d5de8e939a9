"""Make ``dltricks/data/digits.npz``: the 1,797 digits of scikit-learn and their fixed split.

Run it from anywhere, with scikit-learn installed: ``python tools/make_digits.py [target]``. The
same versions of NumPy and zlib write the same bytes again.
"""

import sys
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits

TARGET = Path(__file__).resolve().parent.parent / "dltricks" / "data" / "digits.npz"
SEED = 1797
VALIDATION, TEST = 397, 400


def take_evenly(indices, count):
    """Part evenly spaced entries from the rest: ``(taken, rest)``, count of them taken."""
    steps = np.arange(len(indices) + 1) * count // len(indices)
    taken = np.diff(steps) == 1
    return indices[taken], indices[~taken]


def split(labels):
    """Stratified split into shuffled index arrays: ``train, validation, test``.

    The samples are shuffled and then stably sorted by class, so that evenly spaced entries are a
    random sample with every class in its proportion, to within one.
    """
    rng = np.random.default_rng(SEED)
    order = rng.permutation(len(labels))
    order = order[np.argsort(labels[order], kind="stable")]
    test, order = take_evenly(order, TEST)
    validation, train = take_evenly(order, VALIDATION)
    return [rng.permutation(part).astype(np.uint16) for part in (train, validation, test)]


def make():
    """Collect the arrays of the file, by name."""
    digits = load_digits()
    train, validation, test = split(digits.target)
    return {
        "images": digits.images.astype(np.uint8),
        "labels": digits.target.astype(np.uint8),
        "train": train,
        "validation": validation,
        "test": test,
    }


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else TARGET
    target.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(target, **make())
    print(f"{target}: {target.stat().st_size} bytes")
