"""A mini-batch of n estimates the gradient with an error of sigma / sqrt(n).

Source: D1, "mini-batch" (Goodfellow, Bengio and Courville 2016, section 8.1.3).

Recipe: a 64-50-10 ReLU net at its start, the 1,000 training digits; the distance of the
mini-batch's gradient to the full one, root mean square over 100 batches (1,000 of size 1), drawn
with replacement; sigma is the spread of the single samples' gradients. Also half of the data
drawn without replacement, as an epoch does.

Tried before: 3.36, 1.10, .334, .107 at n = 1, 10, 100, 1000: slope -1/2.
"""

import math

import numpy as np

from benchmarks.experiments.frame import Result, Row, between, main, over
from dltricks.datasets import load_digits
from dltricks.network import MLP
from dltricks.training import loss_and_gradients

SEEDS = range(3)
SIZES = {1: 1000, 10: 100, 100: 100, 1000: 100}  # of a batch: how many are drawn


def measure(seed):
    rng = np.random.default_rng(seed)
    x, y, *_ = load_digits(standardize=True)
    net = MLP([64, 50, 10], rng)

    def gradient(batch):
        _, grads = loss_and_gradients(net, x[batch], y[batch])
        return np.concatenate([g.ravel() for g in grads.values()])

    full = gradient(np.arange(len(x)))

    def error(batches):
        return math.sqrt(np.mean([np.sum((gradient(b) - full) ** 2) for b in batches]))

    sigma = error(np.arange(len(x))[:, None])
    found = {"sigma": sigma}
    for n, draws in SIZES.items():
        found[f"error {n}"] = error(rng.integers(len(x), size=(draws, n)))
    errors = [found[f"error {n}"] for n in SIZES]
    found["slope"] = np.polyfit(np.log10(list(SIZES)), np.log10(errors), 1)[0]
    halves = [rng.permutation(len(x))[: len(x) // 2] for _ in range(100)]
    found["half"] = error(halves) / (sigma / math.sqrt(len(x) // 2))
    return found


def run(seeds=SEEDS):
    found = over(seeds, measure)
    return Result(
        [
            *(Row(f"error of the gradient, n = {n}", found[f"error {n}"]) for n in SIZES),
            Row("slope, log error over log n", found["slope"], between(-0.53, -0.47)),
            *(
                Row(
                    f"error * sqrt(n) / sigma, n = {n}",
                    found[f"error {n}"] * math.sqrt(n) / found["sigma"],
                    between(0.85, 1.15),
                )
                for n in SIZES
            ),
            Row("the same for half the data without replacement", found["half"], between(0.6, 0.8)),
        ],
        "A hundred times the work buys a tenth of the error. Without replacement the error is "
        "smaller by sqrt((N - n) / (N - 1)), .71 at half the data.",
    )


if __name__ == "__main__":
    main(__name__)
