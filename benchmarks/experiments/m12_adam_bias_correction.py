"""Without its bias correction Adam's first steps are far too long, the more the nearer beta2 is to 1.

Source: Kingma and Ba (2015), section 6.4 and figure 4; D4, "not quite Adam".

Recipe: a 64-64-10 ReLU net, 1,000 standardized digits, 300 steps of batch 50; beta2 .99, .999, .9999,
learning rates 1e-4, 1e-3, 1e-2, corrected or not; the longest of the first 20 steps of a weight, in
units of the learning rate (theory for the first: (1 - beta1) / sqrt(1 - beta2)), and the loss.

Tried before: uncorrected is FASTER at small rates (.077 against .204, its first steps being 3 to 30
times longer) and worse at beta2 .9999, rate 1e-2 (.157 against .015; at step 20 1.39 against .70).
"""

import math

import numpy as np

from benchmarks.experiments.frame import Result, Row, above, below, between, main, over
from benchmarks.experiments.recipes import digits
from dltricks.network import MLP
from dltricks.training import train

SEEDS = range(3)
BETAS = (0.99, 0.999, 0.9999)
RATES = (1e-4, 1e-3, 1e-2)


def measure(seed):
    data = digits()
    found = {}
    for beta2 in BETAS:
        for lr in RATES:
            for corrected in (True, False):
                rng = np.random.default_rng(seed)
                net = MLP([64, 64, 10], rng)
                path = [net.parameters["w1"]]

                def keep(step, net, history, path=path):
                    if step <= 20:
                        path.append(net.parameters["w1"])

                history = train(
                    net,
                    data.x_train,
                    data.y_train,
                    rng,
                    steps=300,
                    optimizer="adam",
                    lr=lr,
                    options={"beta2": beta2, "bias_correction": corrected},
                    callback=keep,
                    progress=False,
                )
                key = f"{beta2} {lr} {corrected}"
                found[f"first {key}"] = np.abs(path[1] - path[0]).max() / lr
                found[f"longest {key}"] = np.abs(np.diff(path, axis=0)).max() / lr
                found[f"early {key}"] = np.mean(history.losses[15:25])
                found[f"loss {key}"] = np.mean(history.losses[-20:])
    return found


def run(seeds=SEEDS):
    found = over(seeds, measure)
    rows = []
    for beta2 in BETAS:
        theory = 0.1 / math.sqrt(1 - beta2)
        first = found[f"first {beta2} 0.001 False"]
        rows += [
            Row(f"first step / lr, corrected, beta2 {beta2}", found[f"first {beta2} 0.001 True"],
                between(0.95, 1.05)),
            Row(f"first step / theory, uncorrected, beta2 {beta2}", first / theory,
                between(0.9, 1.05)),
            Row(f"longest of 20 steps / lr, uncorrected, beta2 {beta2}",
                found[f"longest {beta2} 0.001 False"]),
        ]
    for beta2 in BETAS:
        for lr in RATES:
            for kind in ("early", "loss"):
              for c in (True, False):
                rows.append(Row(f"{kind} {beta2} {lr} {c}", found[f"{kind} {beta2} {lr} {c}"]))
    return Result(rows)


if __name__ == "__main__":
    main(__name__)
