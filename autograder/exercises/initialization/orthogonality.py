"""How `orthogonal` is judged: exactly orthogonal, and every such matrix equally likely."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from autograder.checking.compare import Tolerance, difference
from autograder.checking.exercise import Exercise, Finding, Probe
from autograder.checking.outcome import Subject, as_array
from autograder.checking.probes import matrix_finding, randomness_finding

_SHAPES = ((6, 3), (3, 6), (4, 4), (1, 5), (5, 1), (40, 25))
_TOLERANCE = Tolerance(relative=1e-8, floor=1e-8)
_SIDE = 3
# Means of 200 bounded, skewed figures have longer tails than a normal: 7 keeps 400 of them
# together below 1e-7.
_LIMIT = 7.0


@dataclass
class OrthogonalMatrix(Probe):
    """A random matrix with orthogonal columns or rows, Haar-distributed."""

    tested: str
    repeats: int = 200

    def examine(
        self, subject: Subject, exercise: Exercise, draw: np.random.Generator
    ) -> Finding | None:
        """Test shape, source of randomness, orthogonality, then the distribution."""
        gain = round(draw.uniform(1.5, 3.0), 2)
        for i, (n, m) in enumerate(_SHAPES):
            for g, options in ((1.0, {}), (gain, {"gain": gain})):
                label = f"fan_in={n}, fan_out={m}" + (f", gain={g}" if options else "")
                outcome = subject.call(n, m, draw, **options)
                if finding := matrix_finding(outcome, subject, (n, m), label):
                    return finding
                if differs := _not_orthogonal(as_array(outcome.value), g):
                    return Finding("value", differs, label)
            if i == 0 and (finding := randomness_finding(subject, (n, m), label)):
                return finding
        return self._not_haar(subject, draw)

    def _not_haar(self, subject: Subject, draw: np.random.Generator) -> Finding | None:
        n = _SIDE
        for rows, columns in ((n, n), (n + 2, n), (n, n + 2)):
            label = f"{self.repeats} matrices, fan_in={rows}, fan_out={columns}"
            sample = []
            for _ in range(self.repeats):
                outcome = subject.call(rows, columns, draw)
                if finding := matrix_finding(outcome, subject, (rows, columns), label):
                    return finding
                sample.append(as_array(outcome.value))
            if found := _uneven(np.array(sample)):
                return Finding("law", found, label)
        return None

    def alike(self, a: Subject, b: Subject, exercise: Exercise, draw: np.random.Generator) -> bool:
        """Compare Gram matrices, errors, and which directions are preferred."""
        seed = int(draw.integers(2**32))
        for n, m in _SHAPES[:5]:
            for options in ({}, {"gain": 1.7}):
                one, two = (s.call(n, m, np.random.default_rng(seed), **options) for s in (a, b))
                if one.error is not None or two.error is not None:
                    if type(one.error) is not type(two.error):
                        return False
                    continue
                x, y = as_array(one.value), as_array(two.value)
                if x.shape != y.shape or x.dtype.kind != "f":
                    return False
                if not np.allclose(x, y) and not np.allclose(_gram(x), _gram(y)):
                    return False
        samples = [
            np.array([as_array(s.call(_SIDE, _SIDE, rng).value) for _ in range(self.repeats)])
            for s, rng in ((s, np.random.default_rng(seed)) for s in (a, b))
        ]
        if (_uneven(samples[0]) is None) != (_uneven(samples[1]) is None):
            return False
        means = [sample.mean(axis=0) for sample in samples]
        apart: float = np.abs(means[0] - means[1]).max()
        return apart < _LIMIT * math.sqrt(2 / (_SIDE * self.repeats))


def _gram(w: np.ndarray) -> np.ndarray:
    gram: np.ndarray = w.T @ w if w.shape[0] >= w.shape[1] else w @ w.T
    return gram


def _not_orthogonal(w: np.ndarray, gain: float) -> str | None:
    product = "w.T @ w" if w.shape[0] >= w.shape[1] else "w @ w.T"
    gram = _gram(w)
    found = difference(gain**2 * np.eye(len(gram)), gram, _TOLERANCE, product)
    return None if found is None else found.message + f" ({product} must be gain^2 I)"


def _uneven(sample: np.ndarray) -> str | None:
    """Compare the means of entries, and of a square's determinant, with 0.

    An entry of a Haar-distributed matrix has mean 0 and variance 1/n, its square variance
    2 (n - 1) / (n^2 (n + 2)); two entries are uncorrelated and their product has a variance of
    (n + 1) / ((n - 1) n (n + 2)) at most; the determinant is 1 or -1 with equal probability.
    """
    count, rows, columns = sample.shape
    n = max(rows, columns)
    if np.abs(sample.mean(axis=0)).max() > _LIMIT / math.sqrt(n * count):
        return "some directions are preferred: an entry's mean over many matrices is not 0"
    spread = math.sqrt(2 * (n - 1) / (n**2 * (n + 2)) / count)
    if np.abs((sample**2).mean(axis=0) - 1 / n).max() > _LIMIT * spread:
        return "some directions are preferred: an entry's mean square over many is not 1/n"
    entries = sample.reshape(count, -1)
    products = entries.T @ entries / count
    np.fill_diagonal(products, 0.0)
    spread = math.sqrt((n + 1) / ((n - 1) * n * (n + 2)) / count)
    if np.abs(products).max() > _LIMIT * spread:
        return "some directions are preferred: two entries are correlated over many matrices"
    if rows == columns:
        signs = np.sign(np.linalg.det(sample))
        if abs(signs.mean()) > _LIMIT / math.sqrt(count):
            return "one orientation (the determinant's sign) is preferred"
    return None
