"""Measuring a signal's size by depth, and setting it: LSUV."""

import math
from itertools import pairwise

import numpy as np

from autograder.checking.exercise import Exercise
from autograder.checking.probes import Case, Values
from dltricks import initializers


def _relu(u):
    return np.maximum(u, 0)


def _shifted(u):
    return np.tanh(u) + u.dtype.type(0.5)


def _network(draw, n, widths, scale=1.0):
    x = draw.normal(0.3, 1.0, (n, widths[0]))
    return x, [draw.normal(0.0, scale / math.sqrt(a), (a, b)) for a, b in pairwise(widths)]


def _statistics_cases(draw):
    x, weights = _network(draw, 6, (5, 4, 7, 3))
    yield Case("three layers of ReLU", (x, weights, _relu))
    yield Case("three layers of tanh + 1/2", (x, weights, _shifted))
    yield Case("one sample, one layer", (x[:1], weights[:1], np.tanh))
    yield Case("three layers of ReLU", (x, weights, _relu)).single()
    whole = [draw.integers(-2, 3, size=w.shape) for w in weights]
    yield Case("whole numbers", (np.array([[1, -2, 3, 0, 2]]), whole, _shifted_real))


def _shifted_real(u):
    return np.tanh(np.asarray(u, dtype=np.float64) / 4) + 0.25


activation_statistics = Exercise(
    initializers.activation_statistics,
    points=2,
    probes=(
        Values(
            _statistics_cases,
            "mean and variance after the activation, layer by layer, for several activations and "
            "one sample",
        ),
    ),
)


@activation_statistics.variant
def statistics_loop(x, weights, activation):
    result = []
    for w in weights:
        x = activation(x @ w)
        result.append((np.mean(x), np.var(x)))
    return result


@activation_statistics.variant
def statistics_by_hand(x, weights, activation):
    h, result = np.asarray(x), []
    for w in weights:
        h = activation(np.einsum("nd,dm->nm", h, w))
        mean = h.sum() / h.size
        result.append([float(mean), float(((h - mean) ** 2).sum() / h.size)])
    return result


@activation_statistics.variant
def statistics_recursive(x, weights, activation):
    if not weights:
        return []
    h = activation(np.dot(x, weights[0]))
    return [(h.mean(), h.std() ** 2), *statistics_recursive_rest(h, weights[1:], activation)]


def statistics_recursive_rest(x, weights, activation):
    result = []
    for w in weights:
        x = activation(np.dot(x, w))
        result.append((x.mean(), np.mean(x * x) - x.mean() ** 2))
    return result


@activation_statistics.mistake(
    "These are the pre-activations' figures, `h @ w`: apply the activation first."
)
def statistics_before_activation(x, weights, activation):
    h, result = x, []
    for w in weights:
        u = h @ w
        result.append((u.mean(), u.var()))
        h = activation(u)
    return result


@activation_statistics.mistake(
    "The second figure is the standard deviation: square it, or use var."
)
def std_for_variance(x, weights, activation):
    h, result = x, []
    for w in weights:
        h = activation(h @ w)
        result.append((h.mean(), h.std()))
    return result


@activation_statistics.mistake(
    "The variance divides by the count less one. In this course a variance is that of the "
    "population: ddof=0, NumPy's default."
)
def ddof_one(x, weights, activation):
    h, result = x, []
    for w in weights:
        h = activation(h @ w)
        result.append((h.mean(), h.var(ddof=1) if h.size > 1 else 0.0))
    return result


@activation_statistics.mistake(
    "The second figure is the mean square: the mean was not taken off. It is the variance that "
    "is asked for."
)
def second_moment(x, weights, activation):
    h, result = x, []
    for w in weights:
        h = activation(h @ w)
        result.append((h.mean(), (h**2).mean()))
    return result


@activation_statistics.mistake(
    "There is one figure for each unit; asked for is one pair a layer, over all its entries."
)
def statistics_per_unit(x, weights, activation):
    h, result = x, []
    for w in weights:
        h = activation(h @ w)
        result.append((h.mean(axis=0), h.var(axis=0)))
    return result


@activation_statistics.mistake(
    "The input was counted as a layer: the list starts with the figures after the first layer."
)
def input_included(x, weights, activation):
    h, result = x, [(np.mean(x), np.var(x))]
    for w in weights:
        h = activation(h @ w)
        result.append((h.mean(), h.var()))
    return result


@activation_statistics.mistake("Only the last layer's figures are there: collect one pair a layer.")
def last_layer_only(x, weights, activation):
    h = x
    for w in weights:
        h = activation(h @ w)
    return [(h.mean(), h.var())]


@activation_statistics.mistake(
    "The activation acts on the recorded figures but not on what the next layer gets: hand on "
    "activation(h @ w), not h @ w."
)
def activation_not_handed_on(x, weights, activation):
    h, result = x, []
    for w in weights:
        h = h @ w
        a = activation(h)
        result.append((a.mean(), a.var()))
    return result


@activation_statistics.mistake("The two figures are swapped: first the mean, then the variance.")
def figures_swapped(x, weights, activation):
    h, result = x, []
    for w in weights:
        h = activation(h @ w)
        result.append((h.var(), h.mean()))
    return result


@activation_statistics.mistake("The second figure is the weights' variance, not the activations'.")
def variance_of_weights(x, weights, activation):
    h, result = x, []
    for w in weights:
        h = activation(h @ w)
        result.append((h.mean(), w.var()))
    return result


def _lsuv_cases(draw):
    x, weights = _network(draw, 12, (5, 6, 4, 7), scale=3.0)
    yield Case("three layers of tanh", (x, weights, np.tanh))
    yield Case("three layers of tanh + 1/2", (x, weights, _shifted))
    yield Case("max_iter=0, which changes nothing", (x, weights, np.tanh), {"max_iter": 0})
    small = [w / 100 for w in weights]
    yield Case("weights that are too small", (x, small, _shifted))
    done = initializers.lsuv(x, weights, _shifted)
    for size, word in ((1.2, "near"), (1.7, "far from")):
        off = [w * math.sqrt(size) for w in done]  # the first layer's variance is off by size - 1
        yield Case(f"tol=0.5 and variances {word} 1", (x, off, _shifted), {"tol": 0.5})
    yield Case("three layers of tanh", (x, weights, np.tanh)).single()


lsuv = Exercise(
    initializers.lsuv,
    points=3,
    probes=(
        Values(
            _lsuv_cases,
            "all layers in order, with several activations, tol and max_iter; your arguments stay "
            "as they are",
        ),
    ),
)


@lsuv.variant
def lsuv_while(x, weights, activation, tol=0.01, max_iter=10):
    h, result = x, []
    for w in weights:
        w = w.copy()
        for _ in range(max_iter):
            std = np.std(h @ w)
            if abs(std**2 - 1) <= tol:
                break
            w /= std
        result.append(w)
        h = activation(h @ w)
    return result


@lsuv.variant
def lsuv_counting(x, weights, activation, tol=0.01, max_iter=10):
    new = [np.array(w) for w in weights]
    h = np.array(x)
    for i in range(len(new)):
        u = h @ new[i]
        count = 0
        while abs(u.var() - 1) > tol and count < max_iter:
            new[i] = new[i] / u.std()
            u = h @ new[i]
            count += 1
        h = activation(u)
    return new


@lsuv.variant
def lsuv_inputs_list(x, weights, activation, tol=0.01, max_iter=10):
    inputs, result = [x], []
    for w in weights:
        h = inputs[-1]
        steps = 0
        while steps < max_iter:
            variance = np.var(np.dot(h, w))
            if np.abs(variance - 1.0) <= tol:
                break
            w = w * variance**-0.5
            steps = steps + 1
        result.append(w)
        inputs.append(activation(np.dot(h, w)))
    return result


@lsuv.mistake(
    "The variance was measured after the activation. LSUV sets the variance of the "
    "pre-activations `h @ w` to 1."
)
def lsuv_after_activation(x, weights, activation, tol=0.01, max_iter=10):
    h, result = x, []
    for w in weights:
        for _ in range(max_iter):
            variance = activation(h @ w).var()
            if abs(variance - 1) <= tol:
                break
            w = w / np.sqrt(variance)
        result.append(w)
        h = activation(h @ w)
    return result


@lsuv.mistake(
    "The weights were divided by the variance. Scaling w by c scales the variance by c^2: "
    "divide by the standard deviation."
)
def divided_by_variance(x, weights, activation, tol=0.01, max_iter=10):
    h, result = x, []
    for w in weights:
        for _ in range(max_iter):
            variance = (h @ w).var()
            if abs(variance - 1) <= tol:
                break
            w = w / variance
        result.append(w)
        h = activation(h @ w)
    return result


@lsuv.mistake(
    "A layer is measured on inputs from the layers before they were rescaled: go layer by "
    "layer, and hand on `activation(h @ w)` with the new w."
)
def lsuv_old_inputs(x, weights, activation, tol=0.01, max_iter=10):
    h, result = x, []
    for w in weights:
        new = w
        for _ in range(max_iter):
            variance = (h @ new).var()
            if abs(variance - 1) <= tol:
                break
            new = new / np.sqrt(variance)
        result.append(new)
        h = activation(h @ w)
    return result


@lsuv.mistake("The next layer gets `h @ w` without the activation.")
def lsuv_without_activation(x, weights, activation, tol=0.01, max_iter=10):
    h, result = x, []
    for w in weights:
        for _ in range(max_iter):
            variance = (h @ w).var()
            if abs(variance - 1) <= tol:
                break
            w = w / np.sqrt(variance)
        result.append(w)
        h = h @ w
    return result


@lsuv.mistake(
    "Every layer was measured on the input x; a layer's input is what the layer before it gives."
)
def lsuv_first_input_only(x, weights, activation, tol=0.01, max_iter=10):
    result, h = [], x
    for w in weights:
        std = np.std(h @ w)
        done = 0
        while abs(std**2 - 1) > tol and done < max_iter:
            w = w / std
            std = np.std(h @ w)
            done += 1
        result.append(w)
        h = x if w.shape[1] == x.shape[1] else np.resize(x, (x.shape[0], w.shape[1]))
    return result


@lsuv.mistake(
    "The caller's own matrices were changed: `w /= std` works in place. Make new ones: `w = w "
    "/ std`."
)
def changes_the_weights(x, weights, activation, tol=0.01, max_iter=10):
    h = x
    for w in weights:
        for _ in range(max_iter):
            std = (h @ w).std()
            if abs(std**2 - 1) <= tol:
                break
            w /= std
        h = activation(h @ w)
    return weights


@lsuv.mistake("`tol` has no effect: a layer whose variance is within tol of 1 stays as it is.")
def tol_ignored(x, weights, activation, tol=0.01, max_iter=10):
    h, result = x, []
    for w in weights:
        for _ in range(max_iter):
            w = w / (h @ w).std()
        result.append(w)
        h = activation(h @ w)
    return result


@lsuv.mistake("`max_iter` has no effect: with 0, nothing may be rescaled.")
def max_iter_ignored(x, weights, activation, tol=0.01, max_iter=10):
    h, result = x, []
    for w in weights:
        while abs((h @ w).var() - 1) > tol:
            w = w / (h @ w).std()
        result.append(w)
        h = activation(h @ w)
    return result


@lsuv.mistake(
    "tol is compared with the standard deviation's distance from 1; it is the variance that "
    "must come within tol."
)
def tol_on_std(x, weights, activation, tol=0.01, max_iter=10):
    h, result = x, []
    for w in weights:
        for _ in range(max_iter):
            std = (h @ w).std()
            if abs(std - 1) <= tol:
                break
            w = w / std
        result.append(w)
        h = activation(h @ w)
    return result


@lsuv.mistake(
    "The root of the mean square was used: it also counts the mean. Divide by the standard "
    "deviation of the pre-activations."
)
def root_mean_square(x, weights, activation, tol=0.01, max_iter=10):
    h, result = x, []
    for w in weights:
        for _ in range(max_iter):
            size = np.sqrt(((h @ w) ** 2).mean())
            if abs(size**2 - 1) <= tol:
                break
            w = w / size
        result.append(w)
        h = activation(h @ w)
    return result


@lsuv.mistake(
    "The weights' own standard deviation was set to 1; it is the pre-activations' on the data "
    "that must be 1."
)
def weights_standardized(x, weights, activation, tol=0.01, max_iter=10):
    return [w / w.std() if max_iter and abs(w.std() - 1) > tol else w for w in weights]
