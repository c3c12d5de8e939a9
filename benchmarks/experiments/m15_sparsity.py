"""An L1 penalty gives exact zeros by the proximal step, not by its subgradient.

Source: D2, soft thresholding; Beck and Teboulle (2009); Tibshirani (1996).

Recipe: lasso, 1/(2n) |Xw - y|^2 + lam |w|_1 with lam = 0.1, n = 100 samples, d = 200 features, 10
of them true with weights of 1 or -1, noise 0.1; 2000 steps of size 1 / largest eigenvalue from
random small weights. By the subgradient, by the proximal step (threshold lr * lam), and with the
threshold lam that D2 prints.

Tried before: exact zeros 0 / 176 / 187 of 200; objective 1.763 / 1.575 / 2.822.
"""

import numpy as np

from benchmarks.experiments.frame import Result, Row, above, exactly, main, over
from dltricks.optimizers import sgd
from dltricks.regularizers import l1_penalty, proximal_gradient_step, soft_threshold

SEEDS = range(5)
LAM = 0.1
STEPS = 2000


def measure(seed):
    rng = np.random.default_rng(seed)
    n, d, true = 100, 200, 10
    x = rng.normal(size=(n, d))
    w_true = np.zeros(d)
    w_true[:true] = rng.choice([-1.0, 1.0], true)
    y = x @ w_true + 0.1 * rng.normal(size=n)
    lr = n / np.linalg.norm(x, 2) ** 2
    start = 0.01 * rng.normal(size=d)

    steps = {
        "subgradient": lambda w, g: sgd(w, g + l1_penalty(w, LAM)[1], lr=lr)[0],
        "proximal": lambda w, g: proximal_gradient_step(w, g, lr, LAM),
        "threshold lam": lambda w, g: soft_threshold(w - lr * g, LAM),
    }
    found = {}
    for name, step in steps.items():
        w = start
        for _ in range(STEPS):
            w = step(w, x.T @ (x @ w - y) / n)
        residual = x @ w - y
        found[f"zeros, {name}"] = np.sum(w == 0)
        found[f"objective, {name}"] = residual @ residual / (2 * n) + l1_penalty(w, LAM)[0]
        found[f"true features kept, {name}"] = np.sum(w[:true] != 0)
    return found


def run(seeds=SEEDS):
    found = over(seeds, measure)
    best = found["objective, proximal"]
    return Result(
        [
            Row("exact zeros of 200, subgradient", found["zeros, subgradient"], exactly(0)),
            Row("exact zeros, proximal step", found["zeros, proximal"], above(140)),
            Row(
                "true features that it keeps, of 10",
                found["true features kept, proximal"],
                above(8.5, of="median"),
            ),
            Row("exact zeros, threshold lam for lr * lam", found["zeros, threshold lam"]),
            Row("objective, proximal step", best),
            Row(
                "objective above that, subgradient",
                found["objective, subgradient"] - best,
                above(0.001),
            ),
            Row(
                "objective above that, threshold lam",
                found["objective, threshold lam"] - best,
                above(0.2),
            ),
        ],
        "The subgradient step swings about zero by lr * lam and never rests on it. "
        "The printed threshold lam solves another problem, with a penalty 1 / lr times as strong.",
    )


if __name__ == "__main__":
    main(__name__)
