"""Momentum turns a condition number kappa into its square root.

Source: Polyak (1964); Goh (2017), Why Momentum Really Works; D1 (figure 8.5), D4.

Recipe: a quadratic with 20 eigenvalues from 1/kappa to 1, spaced evenly in the logarithm, random
starts; gradient descent and heavy-ball momentum, each with its best fixed settings. The rate is
the mean factor by which the distance to the minimum shrinks a step, over a window late in the
run; theory says (kappa - 1) / (kappa + 1) and, with the square root of kappa, likewise.

Tried before: rates .8176 / .9802 / .9980 and .549 / .833 / .944 at kappa 10 / 100 / 1000; 68 /
690 / 6907 and 25 / 87 / 296 steps to 1e-6. The double root at the best settings adds a factor k
to the decay, so momentum's rate needs some slack.
"""

import math

import numpy as np

from benchmarks.experiments.frame import Result, Row, above, below, between, main, over
from dltricks.optimizers import momentum, sgd
from dltricks.whitening import best_fixed_step

SEEDS = range(3)
GOAL = 1e-6


def distances(step, eigenvalues, start, steps, **options):
    """Distance to the minimum, relative to the start's, before each step and after the last."""
    w, state = start, None
    norms = [np.linalg.norm(w)]
    for _ in range(steps):
        w, state = step(w, eigenvalues * w, state, **options)
        norms.append(np.linalg.norm(w))
    return np.array(norms) / norms[0]


def rate(norms, first, last):
    return (norms[last] / norms[first]) ** (1 / (last - first))


def measure(seed):
    rng = np.random.default_rng(seed)
    found = {}
    for kappa in (10, 100, 1000):
        eigenvalues = np.geomspace(1 / kappa, 1, 20)
        start = rng.normal(size=20)
        root = math.sqrt(kappa)
        rho = ((root - 1) / (root + 1)) ** 2
        lr, descent_rate = best_fixed_step(np.diag(eigenvalues))
        plain = distances(sgd, eigenvalues, start, 8 * kappa, lr=lr)
        heavy = distances(
            momentum, eigenvalues, start, round(12 * root), lr=(1 + math.sqrt(rho)) ** 2, rho=rho
        )
        found |= {
            f"plain rate {kappa}": rate(plain, 4 * kappa, 8 * kappa) / descent_rate,
            f"heavy rate {kappa}": rate(heavy, round(6 * root), len(heavy) - 1) / math.sqrt(rho),
            f"plain steps {kappa}": np.argmax(plain < GOAL) or math.inf,
            f"heavy steps {kappa}": np.argmax(heavy < GOAL) or math.inf,
        }
    return found


def run(seeds=SEEDS):
    found = over(seeds, measure)
    rows = []
    for kappa in (10, 100, 1000):
        plain, heavy = found[f"plain steps {kappa}"], found[f"heavy steps {kappa}"]
        rows += [
            Row(
                f"gradient descent's rate / theory, kappa {kappa}",
                found[f"plain rate {kappa}"],
                between(0.995, 1.005),
            ),
            Row(
                f"momentum's rate / theory, kappa {kappa}",
                found[f"heavy rate {kappa}"],
                between(0.9, 1.1),
            ),
            Row(f"steps to 1e-6, gradient descent, kappa {kappa}", plain),
            Row(f"steps to 1e-6, momentum, kappa {kappa}", heavy),
            Row(
                f"times fewer with momentum, kappa {kappa}",
                plain / heavy,
                above(0.5 * math.sqrt(kappa)),
            ),
        ]
    growth = found["heavy steps 1000"] / found["heavy steps 10"]
    rows.append(Row("momentum's steps from kappa 10 to 1000, factor (root: 10)", growth, below(20)))
    return Result(rows)


if __name__ == "__main__":
    main(__name__)
