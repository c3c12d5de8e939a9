"""Batch norm makes the weights' scale and the rate matter little, but needs more than 4 samples.

Source: Ioffe and Szegedy (2015), section 3.3; D0: "not work well when batch size is small (e.g., 4)".

Recipe: 3 layers of 100 ReLU units, 1,000 standardized digits. First 300 steps of batch 50 at learning
rate 0.1 from weights N(0, scale^2), then He's start at higher rates: a run has learned if it gets
80 % of the test digits. Then He's start with batches of 2 to 64, 500 steps at 0.1: test accuracy with
the running averages, and the test loss.

Tried before: plain trains at scales .1 and .3 only, with batch norm from 1e-3 to 1; batch 2: 59 %
with batch norm, 96 % without; batch 4: loss .82 and .10; equal from 8.
"""

import functools

import numpy as np

from benchmarks.experiments.frame import Result, Row, above, below, between, main, over
from benchmarks.experiments.recipes import digits
from dltricks.initializers import he_normal, small_normal
from dltricks.network import MLP
from dltricks.training import evaluate, train

SEEDS = range(3)
SCALES = (0.001, 0.01, 0.1, 0.3, 1.0, 3.0)
RATES = (0.1, 1.0, 3.0)
BATCHES = (2, 4, 8, 16, 64)
KINDS = {"plain": None, "batch norm": "batch"}


def trained(seed, normalization, initializer, steps, lr=0.1, batch_size=50):
    """Test loss and % of test digits right."""
    data, rng = digits(), np.random.default_rng(seed)
    net = MLP(
        [64, 100, 100, 100, 10], rng, initializer=initializer, normalization=normalization
    )
    train(
        net,
        data.x_train,
        data.y_train,
        rng,
        steps=steps,
        lr=lr,
        batch_size=batch_size,
        progress=False,
    )
    loss, share = evaluate(net, data.x_test, data.y_test)
    return loss, 100 * share


def measure(seed):
    found = {}
    for kind, normalization in KINDS.items():
        for scale in SCALES:
            start = functools.partial(small_normal, std=scale)
            _, right = trained(seed, normalization, start, 300)
            found[f"{kind} scale {scale}"] = right
        for lr in RATES:
            found[f"{kind} lr {lr}"] = trained(seed, normalization, he_normal, 300, lr=lr)[1]
        for size in BATCHES:
            loss, right = trained(seed, normalization, he_normal, 500, batch_size=size)
            found[f"{kind} loss {size}"], found[f"{kind} right {size}"] = loss, right
        found[f"{kind} scales"] = sum(found[f"{kind} scale {scale}"] > 80 for scale in SCALES)
        found[f"{kind} rates"] = sum(found[f"{kind} lr {lr}"] > 80 for lr in RATES)
    return found


def run(seeds=SEEDS):
    found = over(seeds, measure)
    rows = [
        Row(f"{kind}: % right from scale {scale:g}", found[f"{kind} scale {scale}"])
        for kind in KINDS
        for scale in SCALES
    ]
    rows += [Row(f"{kind}: % right at lr {lr:g}", found[f"{kind} lr {lr}"]) for kind in KINDS for lr in RATES]
    for size in BATCHES:
        rows += [Row(f"{kind}: % right, batch {size}", found[f"{kind} right {size}"]) for kind in KINDS]
        rows += [Row(f"{kind}: loss, batch {size}", found[f"{kind} loss {size}"]) for kind in KINDS]
    return Result(rows)


if __name__ == "__main__":
    main(__name__)
