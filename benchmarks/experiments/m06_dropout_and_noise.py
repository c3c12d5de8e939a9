"""Dropout, noisy inputs and augmentation make a large net err less on few examples.

Source: Srivastava et al. (2014), table 2 and section 6; Bishop (1995); D0, D1, D2.

Recipe: a 64-256-256-10 ReLU net, 300 digits (inputs from 0 to 1), 700 steps of batch 50 with
momentum 0.9, cosine schedule from 0.05; error on the 797 digits for validation and test; 4 seeds,
each with other digits, and every figure compared with the plain net's on the same digits.

Tried before: plain 4.83; dropout .5 of the hidden layers 3.72; input noise .3 2.79; shifts by one
pixel 4.23; shifts and dropout 3.67; L2 1e-3 4.84; L1 1e-4 5.03; max-norm 4.79 %; dropping .2 of
the inputs too hurts (4.66). Max-norm's gain does not reproduce.

Changed: 1000 steps at first, with shifts and dropout together in place of the distortions; those
were expected to gain .3 and lost .3 points (median; -1 to .75), so they were left out.
"""

import functools

import numpy as np

from benchmarks.experiments.frame import Result, Row, above, between, main, over
from benchmarks.experiments.recipes import unseen
from dltricks.augmentation import affine_matrix, translate, warp
from dltricks.datasets import load_digits
from dltricks.dropout import input_noise
from dltricks.network import MLP
from dltricks.regularizers import l1_penalty, l2_penalty, max_norm
from dltricks.schedules import warmup_cosine
from dltricks.training import error_rate, train

SEEDS = range(4)
STEPS = 700


def noisy(x, y, rng):
    return input_noise(x, 0.3, rng), y


def shifted(x, y, rng):
    """Every image by -1, 0 or 1 pixels either way."""
    images = x.reshape(-1, 1, 8, 8)
    moved = np.empty_like(images)
    where = rng.integers(-1, 2, (len(x), 2))
    for down in (-1, 0, 1):
        for right in (-1, 0, 1):
            chosen = (where == (down, right)).all(axis=1)
            moved[chosen] = translate(images[chosen], down, right)
    return moved.reshape(len(x), -1), y


def turned(x, y, rng):
    """A batch turned, scaled and sheared a little, all alike; the next one otherwise."""
    turn, scale, shear = rng.uniform([-0.3, 0.9, -0.25], [0.3, 1.1, 0.25])
    images = warp(x.reshape(-1, 1, 8, 8), affine_matrix(turn, scale, shear))
    return images.reshape(len(x), -1), y


limit = functools.partial(max_norm, limit=2.0)
RUNS = {  # what: (options of the net, options of the training)
    "plain": ({}, {}),
    "dropout .5": ({"dropout": 0.5}, {}),
    "dropout .5, max-norm 2": ({"dropout": 0.5}, {"constraint": limit}),
    "dropout .5, inputs .2": ({"dropout": 0.5, "input_dropout": 0.2}, {}),
    "input noise .3": ({}, {"augment": noisy}),
    "shifts by 1": ({}, {"augment": shifted}),
    "turned and sheared": ({}, {"augment": turned}),
    "max-norm 2": ({}, {"constraint": limit}),
    "L2 1e-3": ({}, {"penalty": functools.partial(l2_penalty, lam=1e-3)}),
    "L1 1e-4": ({}, {"penalty": functools.partial(l1_penalty, lam=1e-4)}),
}


def measure(seed):
    data = load_digits()
    x_new, y_new = unseen(data)
    part = np.random.default_rng(seed).permutation(len(data.x_train))[:300]
    found = {}
    for name, (net_options, options) in RUNS.items():
        rng = np.random.default_rng(seed)
        net = MLP([64, 256, 256, 10], rng, **net_options)
        train(
            net,
            data.x_train[part],
            data.y_train[part],
            rng,
            steps=STEPS,
            optimizer="momentum",
            lr=lambda step: warmup_cosine(0.05, step, 0, STEPS),
            progress=False,
            **options,
        )
        found[name] = 100 * error_rate(net, x_new, y_new)
    return found


def run(seeds=SEEDS):
    found = over(seeds, measure)
    gain = {name: found["plain"] - found[name] for name in RUNS}
    limits = {
        "dropout .5": above(0.3, "median"),
        "input noise .3": above(0.5, "median"),
        "turned and sheared": above(0.5, "median"),
        "max-norm 2": between(-0.8, 0.8, "median"),
        "L2 1e-3": between(-0.8, 0.8, "median"),
        "L1 1e-4": between(-0.8, 0.8, "median"),
    }
    beyond = found["dropout .5"] - found["dropout .5, max-norm 2"]
    return Result(
        [
            *(Row(f"error, {name}, %", found[name]) for name in RUNS),
            *(
                Row(f"points gained, {name}", gain[name], limits.get(name))
                for name in RUNS
                if name != "plain"
            ),
            Row("points that max-norm adds to dropout", beyond, between(-0.8, 0.8, "median")),
        ],
        "Table 2's gain by max-norm on top of dropout does not show at this size: between single "
        "seeds it has either sign. Nor do shifts by whole pixels help for certain, as 8 x 8 digits "
        "fill their frame. What shows is dropout itself, noisy inputs, and small distortions.",
    )


if __name__ == "__main__":
    main(__name__)
