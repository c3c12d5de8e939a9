"""Orthogonal weights keep a linear network's signal at any depth; Gaussian ones crush most of it.

Source: Saxe, McClelland and Ganguli (2014); D3.

Recipe: the product of D matrices 64 x 64, orthogonal or Gaussian with variance 1/64 (Xavier's), D
= 5, 20, 100; the product's singular values: by how much a direction of the input, or of the
gradient, is stretched on the way.

Tried before: orthogonal all 1; Gaussian median .19 -> 1e-15, largest 3 -> 9.6.
"""

import functools

import numpy as np

from benchmarks.experiments.frame import Result, Row, above, below, exactly, main, over
from dltricks.initializers import orthogonal, xavier_normal

SEEDS = range(5)
DEPTHS = (5, 20, 100)


def measure(seed):
    rng = np.random.default_rng(seed)
    found = {}
    for depth in DEPTHS:
        for name, draw in (("orthogonal", orthogonal), ("Gaussian", xavier_normal)):
            product = functools.reduce(np.matmul, [draw(64, 64, rng) for _ in range(depth)])
            values = np.linalg.svd(product, compute_uv=False)
            found[f"largest {name} {depth}"] = values[0]
            found[f"median {name} {depth}"] = np.median(values)
            found[f"off 1 {name} {depth}"] = np.abs(values - 1).max()
            found[f"alive {name} {depth}"] = np.mean(values > 0.01 * values[0])
    return found


def run(seeds=SEEDS):
    found = over(seeds, measure)
    orthogonal_off = [found[f"off 1 orthogonal {depth}"] for depth in DEPTHS]
    limits = {5: below(0.5), 20: below(0.05), 100: below(1e-8)}
    rows = [Row("orthogonal: largest |s - 1|, all depths", np.max(orthogonal_off, 0), below(1e-10))]
    for depth in DEPTHS:
        rows += [
            Row(
                f"Gaussian: median singular value, depth {depth}",
                found[f"median Gaussian {depth}"],
                limits[depth],
            ),
            Row(
                f"Gaussian: largest singular value, depth {depth}",
                found[f"largest Gaussian {depth}"],
                above(1) if depth == 5 else None,
            ),
        ]
    alive = "share of directions within a factor 100 of the strongest, depth 100"
    rows += [
        Row(f"Gaussian: {alive}", found["alive Gaussian 100"], below(0.2)),
        Row(f"orthogonal: {alive}", found["alive orthogonal 100"], exactly(1)),
    ]
    return Result(
        rows,
        "Xavier's rule keeps the mean of the squares only: it is a few directions that carry it.",
    )


if __name__ == "__main__":
    main(__name__)
