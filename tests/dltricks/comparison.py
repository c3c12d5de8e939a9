"""Two ways to the same numbers, and how far they are apart.

A comparison draws inputs, gives them to our functions and to an oracle, and each answers with
``{our function: what it returned}``. `torch_cases` and `oracle_cases` hold the comparisons; the
golden arrays, the live tests and the table in docs/oracles.md are all made from these.
"""

import zlib
from collections.abc import Callable
from typing import NamedTuple

import numpy as np


class Comparison(NamedTuple):
    """How some functions are held against one oracle."""

    oracle: str  # what it is, in the words of the table
    draw: Callable  # a Generator to {argument: array}
    ours: Callable  # the arguments to {function: array, or a sequence of arrays}
    theirs: Callable  # likewise
    tolerance: float  # on the deviation of each result, float64
    single: float | None  # likewise in float32; None: there is nothing to try


class Registry(dict):
    """Comparisons by name; each is written down as a class of three functions."""

    def add(self, oracle, tolerance=1e-12, single=1e-5):
        def record(case):
            assert case.__name__ not in self, case.__name__
            self[case.__name__] = Comparison(
                oracle, case.draw, case.ours, case.theirs, tolerance, single
            )
            return case

        return record

    def inputs(self, name):
        """Read-only inputs from a seed of the comparison's own: others may come and go."""
        inputs = self[name].draw(np.random.default_rng(zlib.crc32(name.encode())))
        for a in inputs.values():
            a.flags.writeable = False
        return inputs


def name_of(function):
    return f"{function.__module__.removeprefix('dltricks.')}.{function.__qualname__}"


def by_name(results):
    """Turn {function: results} into {name: list of arrays}."""
    return {
        name_of(function): [np.asarray(a) for a in (r if isinstance(r, (list, tuple)) else [r])]
        for function, r in results.items()
    }


def deviation(a, b):
    """The largest difference, as a share of b's largest entry (as it is, if b is all zeros)."""
    assert a.shape == b.shape, f"{a.shape} is not {b.shape}"
    scale = np.max(np.abs(b), initial=0.0)
    return float(np.max(np.abs(a.astype(float) - b), initial=0.0) / (scale if scale > 0 else 1.0))


def deviations(ours, theirs):
    """The largest deviation among each function's results, by the function's name."""
    assert ours.keys() == theirs.keys()
    return {
        name: max(deviation(a, b) for a, b in zip(ours[name], theirs[name], strict=True))
        for name in ours
    }


def in_single(inputs):
    """The same inputs in float32, read-only too; integers stay."""
    single = {
        name: a.astype(np.float32) if a.dtype.kind == "f" else a for name, a in inputs.items()
    }
    for a in single.values():
        a.flags.writeable = False
    return single
