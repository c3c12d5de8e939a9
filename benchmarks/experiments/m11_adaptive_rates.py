"""On badly scaled features adaptive methods do better than gradient descent at any one rate.

Source: Duchi, Hazan and Singer (2011); Kingma and Ba (2015); D4.

Recipe: softmax regression on 1,000 standardized digits whose pixels are each multiplied by 10^U(-1.5, .5);
400 steps of batch 50; training loss, the lowest of 13 learning rates from 1e-4 to 100, and how many of
the rates come within twice that of Adam; also Adam without the root, as D4's slide prints it.

Tried before: SGD .388, momentum .278, RMSProp .165, Adam .092, Adagrad .089; without the root .03, but
only in a tenfold window of rates at 1e-4 to 1e-3.
"""

import numpy as np

from benchmarks.experiments.frame import Result, Row, above, below, main, over
from benchmarks.experiments.recipes import digits
from dltricks.network import MLP
from dltricks.optimizers import AdamState
from dltricks.training import evaluate, train

SEEDS = range(3)
RATES = np.geomspace(1e-4, 100, 13)
NAMES = ("sgd", "momentum", "rmsprop", "adam", "adagrad")


def rootless(w, grad, state=None, *, lr, beta1=0.9, beta2=0.999, eps=1e-8):
    """Adam as D4's slide has it: divided by the mean square, not by its root."""
    m, c, t = (0.0, 0.0, 0) if state is None else state
    m, c, t = beta1 * m + (1 - beta1) * grad, beta2 * c + (1 - beta2) * grad**2, t + 1
    step = m / (1 - beta1**t) / (c / (1 - beta2**t) + eps)
    return w - lr * step, AdamState(m, c, t)


def measure(seed):
    data = digits()
    scale = 10 ** np.random.default_rng(seed).uniform(-1.5, 0.5, data.x_train.shape[1])
    x, y = data.x_train * scale, data.y_train
    found = {}
    for optimizer in (*NAMES, rootless):
        name = optimizer if isinstance(optimizer, str) else "rootless"
        losses = []
        for lr in RATES:
            rng = np.random.default_rng(seed)
            net = MLP([64, 10], rng, initializer="small_normal")
            train(net, x, y, rng, steps=400, optimizer=optimizer, lr=lr, progress=False)
            loss = evaluate(net, x, y)[0]
            losses.append(loss if np.isfinite(loss) else np.inf)
        found[f"best {name}"] = min(losses)
        found[f"losses {name}"] = losses
    for name in (*NAMES, "rootless"):
        good = np.array(found.pop(f"losses {name}")) < 2 * found["best adam"]
        found[f"good {name}"] = good.sum()
    return found


def run(seeds=SEEDS):
    found = over(seeds, measure)
    rows = [Row(f"lowest loss, {name}", found[f"best {name}"]) for name in (*NAMES, "rootless")]
    rows += [Row(f"rates near Adam's best, {name}", found[f"good {name}"]) for name in (*NAMES, "rootless")]
    return Result(rows)


if __name__ == "__main__":
    main(__name__)
