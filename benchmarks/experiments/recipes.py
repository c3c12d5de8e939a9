"""What several experiments share: the digits, and how steps to a goal are counted."""

import functools
import math

import numpy as np

from dltricks.datasets import load_digits
from dltricks.training import loss_and_gradients, train

# Standardized, as the experiments on optimization want them; read, never written.
digits = functools.cache(lambda: load_digits(standardize=True))


def steps_until(reached, net, x, y, rng, *, every, steps, **options):
    """Train until ``reached(net)``, looked up `every` so many steps; inf if `steps` are too few."""

    def look(step, net, history):
        return step % every == 0 and reached(net)

    history = train(net, x, y, rng, steps=steps, callback=look, progress=False, **options)
    return len(history.losses) if not history.diverged and reached(net) else math.inf


def first_layer_gradient(net, x, y):
    """Root mean square of the loss's gradient with respect to the first layer's weights."""
    _, gradients = loss_and_gradients(net, x, y)
    return np.sqrt(np.mean(gradients["w1"] ** 2))


def unseen(data):
    """The 797 digits for validation and test, of an experiment that chooses nothing by them."""
    x = np.concatenate([data.x_val, data.x_test])
    return x, np.concatenate([data.y_val, data.y_test])
