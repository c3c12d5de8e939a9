"""Judging random numbers by their law: moments, support, shape, independence.

Every test compares a figure with its law at a distance that a right answer exceeds with a
probability below 1e-8, so that dozens of tests together reject a right answer less than once in a
million checks. That is `LIMIT` standard deviations, or the like for Kolmogorov and Smirnov's test.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist

import numpy as np

from autograder.checking.outcome import as_array

LIMIT = 6.0  # standard deviations: two-sided probability 2e-9
KS_LIMIT = 3.1  # of sqrt(n) D: probability 2 exp(-2 * 3.1^2) = 9e-9


@dataclass(frozen=True)
class Law:
    """A symmetric distribution around 0; `kurtosis` is E x^4 / (E x^2)^2."""

    name: str
    std: float
    kurtosis: float

    def cdf(self, x: np.ndarray) -> np.ndarray:
        """Give the probability of at most x, for each entry."""
        raise NotImplementedError

    @property
    def bound(self) -> float:
        """The largest possible size of an entry."""
        return math.inf


@lru_cache(maxsize=1)
def _normal_table() -> tuple[np.ndarray, np.ndarray]:
    grid = np.linspace(-8.5, 8.5, 6801)
    normal = NormalDist()
    return grid, np.array([normal.cdf(z) for z in grid])


class Normal(Law):
    """N(0, std^2)."""

    def __init__(self, std: float) -> None:
        super().__init__("normal", std, 3.0)

    def cdf(self, x: np.ndarray) -> np.ndarray:
        """Interpolate in a table of steps of 1/400 standard deviation (error below 1e-6)."""
        grid, values = _normal_table()
        probabilities: np.ndarray = np.interp(x / self.std, grid, values)
        return probabilities


class Uniform(Law):
    """U(-bound, bound)."""

    def __init__(self, bound: float) -> None:
        super().__init__("uniform", bound / math.sqrt(3), 1.8)

    def cdf(self, x: np.ndarray) -> np.ndarray:
        """Rise linearly from -bound to bound."""
        probabilities: np.ndarray = np.clip((x / self.bound + 1) / 2, 0.0, 1.0)
        return probabilities

    @property
    def bound(self) -> float:
        """The largest possible size of an entry."""
        return self.std * math.sqrt(3)


@dataclass(frozen=True)
class Deviation:
    """A test that failed: what was looked at, and a sentence about what was found."""

    test: str
    message: str


def marginal_deviations(sample: np.ndarray, law: Law) -> Iterator[Deviation]:
    """Look at the entries one by one: support, mean, variance, shape."""
    x = np.sort(sample, axis=None)
    n, std = x.size, law.std
    edge = law.bound * (1 + 1e-12)
    if x[0] < -edge or x[-1] > edge:
        size = max(-x[0], x[-1])
        yield Deviation("support", f"an entry of size {size:.4g} lies outside ±{law.bound:.4g}")
    mean = float(x.mean())
    if abs(mean) > LIMIT * std / math.sqrt(n):
        yield Deviation("mean", f"the mean is {mean:.4g}, not 0")
    ratio = float(x.var()) / std**2
    if abs(ratio - 1) > LIMIT * math.sqrt((law.kurtosis - 1) / n):
        yield Deviation(
            "variance",
            f"the variance is {x.var():.4g}, not {std**2:.4g}: {ratio:.3g} times what is right",
        )
    if min(abs(mean) * math.sqrt(n) / std, abs(ratio - 1) * math.sqrt(n)) < 1e-9:
        yield Deviation("independence", "the sample was shifted or scaled to fit exactly")
    if np.count_nonzero(np.diff(x) == 0) > n // 100:
        yield Deviation("independence", "many entries are equal")
    steps = np.arange(n + 1) / n
    cdf = law.cdf(x)
    distance = max(float((steps[1:] - cdf).max()), float((cdf - steps[:-1]).max()))
    if distance * math.sqrt(n) > KS_LIMIT:
        yield Deviation("shape", f"the entries are not {law.name}ly distributed")


def dependence_deviations(sample: np.ndarray, law: Law) -> Iterator[Deviation]:
    """Look at the entries together: rows, columns and neighbours must not know of each other."""
    z = sample / law.std
    for axis, name in ((1, "row"), (0, "column")):
        sums = z.sum(axis=axis)
        if abs(_chi_square_score(float((sums**2).sum()) / z.shape[axis], sums.size)) > LIMIT:
            yield Deviation("independence", f"the entries of a {name} depend on each other")
    for a, b, name in ((z[1:], z[:-1], "rows"), (z[:, 1:], z[:, :-1], "columns")):
        if abs(correlation_score(a, b)) > LIMIT:
            yield Deviation("independence", f"neighbouring {name} depend on each other")


def _chi_square_score(value: float, degrees: int) -> float:
    """Turn a chi-square figure into a standard normal one (Wilson and Hilferty, 1931)."""
    spread = 2 / (9 * degrees)
    return float(((value / degrees) ** (1 / 3) - (1 - spread)) / math.sqrt(spread))


def correlation_score(a: np.ndarray, b: np.ndarray) -> float:
    """Give the correlation of two samples with mean 0 in standard deviations from 0."""
    norm = float(np.linalg.norm(a) * np.linalg.norm(b)) or 1.0
    return float(np.vdot(a, b)) / norm * math.sqrt(a.size)


def alike_samples(a: object, b: object) -> bool:
    """Tell whether two matrices can have the same law.

    Equal matrices are alike. Otherwise they need the same shape, moments that agree, the same
    dependence, and distributions that agree on a part of the entries (which keeps it quick).
    """
    x, y = as_array(a), as_array(b)
    if x.shape != y.shape or x.dtype.kind not in "iuf" or y.dtype.kind not in "iuf":
        return False
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        return False
    if np.allclose(x, y, rtol=1e-9, atol=0):
        return True
    return _moments_agree(x, y) and _dependence(x) == _dependence(y) and _ks_agree(x, y)


def _moments_agree(x: np.ndarray, y: np.ndarray) -> bool:
    std = float(x.std())
    if std == 0 or float(y.std()) == 0:
        return False
    same_mean = abs(float(x.mean() - y.mean())) <= LIMIT * std * math.sqrt(2 / x.size)
    kurtoses = [float(((v - v.mean()) ** 4).mean() / v.var() ** 2) for v in (x, y)]
    spread = LIMIT * math.sqrt(2 / x.size)
    same_variance = abs(math.log(float(x.var() / y.var()))) <= spread * math.sqrt(max(kurtoses))
    same_kurtosis = abs(kurtoses[0] - kurtoses[1]) <= spread * math.sqrt(24.0)
    return same_mean and same_variance and same_kurtosis


def _dependence(x: np.ndarray) -> frozenset[str]:
    std = float(x.std()) or 1.0
    return frozenset(d.message for d in dependence_deviations(x - x.mean(), Normal(std)))


def _ks_agree(x: np.ndarray, y: np.ndarray, entries: int = 20_000) -> bool:
    one, two = np.sort(x, axis=None)[:: max(1, x.size // entries)], np.sort(y, axis=None)
    levels = np.searchsorted(two, one, side="right") / two.size
    distance = float(np.abs(levels - np.arange(1, one.size + 1) / one.size).max())
    return distance * math.sqrt(x.size / 2) <= KS_LIMIT + math.sqrt(x.size / 2) / one.size
