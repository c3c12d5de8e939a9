"""What is held against SciPy, scikit-learn, NumPy, closed forms and numerical derivatives.

`theirs` gets the same arrays as `ours`. What an oracle is, is said in the words of docs/oracles.md.
"""

import functools
import inspect
import itertools
import math
from unittest import mock

import numpy as np
import scipy.integrate
import scipy.linalg
import scipy.ndimage
import scipy.optimize
import scipy.signal
import scipy.special
import scipy.stats
import torch_cases
from comparison import Registry, by_name, name_of
from comparison import deviations as compare
from oracles import directional_derivative
from sklearn.decomposition import PCA
from sklearn.model_selection import ParameterGrid
from sklearn.preprocessing import StandardScaler
from torch_cases import Chosen

from dltricks import (
    activations,
    augmentation,
    convolution,
    dropout,
    early_stopping,
    ensembles,
    gradcheck,
    gradients,
    initializers,
    layers,
    losses,
    normalization,
    optimizers,
    regularizers,
    schedules,
    search,
    surfaces,
    training,
    whitening,
)
from dltricks.datasets import gaussian_blobs

CASES = Registry()
case = CASES.add

MODULES = (
    layers,
    losses,
    gradcheck,
    initializers,
    activations,
    gradients,
    whitening,
    normalization,
    optimizers,
    schedules,
    regularizers,
    dropout,
    early_stopping,
    augmentation,
    ensembles,
    convolution,
    surfaces,
    search,
)


def public_functions():
    """The names of all functions that some oracle has to vouch for, module by module."""
    return [
        name_of(function)
        for module in MODULES
        for name, function in vars(module).items()
        if inspect.isfunction(function)
        and function.__module__ == module.__name__
        and not name.startswith("_")
    ] + [name_of(training.train_classifier)]  # the rest of `training` is what experiments are of


@functools.cache
def measured():
    """{(function, oracle): (deviation, tolerance)} of all comparisons, on their usual inputs."""
    found = {}

    def record(case, ours, theirs):
        for function, deviation in compare(ours, theirs).items():
            worst, tolerance = found.get((function, case.oracle), (0.0, 0.0))
            found[function, case.oracle] = max(worst, deviation), max(tolerance, case.tolerance)

    for name, (inputs, theirs) in torch_cases.golden().items():
        case = torch_cases.CASES[name]
        record(case, by_name(case.ours(**inputs)), theirs)
    for name, case in CASES.items():
        inputs = CASES.inputs(name)
        record(case, by_name(case.ours(**inputs)), by_name(case.theirs(**inputs)))
    return found


def normal(rng, *shape):
    return rng.normal(size=shape)


def nothing(rng):
    return {}


def seeded(seed=7):
    return np.random.default_rng(seed)


# ----------------------------------------------------------------------- derivatives by differences

DIRECTIONS = 5


def directions(x):
    found = seeded(11).normal(size=(DIRECTIONS, *x.shape))
    return found / np.linalg.norm(found.reshape(DIRECTIONS, -1), axis=1).reshape(-1, *[1] * x.ndim)


def numeric(name, function, value, gradient, draw, tolerance=1e-7):
    """A gradient along random directions, beside central differences of `sum(dy * value)`.

    `value` maps the arrays to y, and `gradient` dy and the arrays to one gradient for each.
    """

    def upstream(y):
        return seeded(12).normal(size=np.shape(y))

    def ours(**inputs):
        grads = gradient(upstream(value(**inputs)), **inputs)
        grads = grads if isinstance(grads, tuple) else (grads,)
        pairs = zip(grads, inputs.values(), strict=True)
        return {function: [np.array([np.sum(g * d) for d in directions(x)]) for g, x in pairs]}

    def theirs(**inputs):
        dy = upstream(value(**inputs))
        slopes = []
        for argument, x in inputs.items():

            def f(moved, argument=argument):
                return np.sum(dy * value(**{**inputs, argument: moved}))

            slopes.append(np.array([directional_derivative(f, x, d) for d in directions(x)]))
        return {function: slopes}

    made = type(f"numeric_{name}", (), {"draw": draw, "ours": ours, "theirs": theirs})
    case("central differences in random directions", tolerance, single=None)(made)


def drawing(**shapes):
    return lambda rng: {name: normal(rng, *shape) for name, shape in shapes.items()}


_l, _n, _a, _c = layers, normalization, activations, convolution
numeric(
    "affine",
    _l.affine_backward,
    lambda x, w, b: _l.affine_forward(x, w, b)[0],
    lambda dy, x, w, b: _l.affine_backward(dy, _l.affine_forward(x, w, b)[1]),
    drawing(x=(5, 3), w=(3, 4), b=(4,)),
)
numeric(
    "relu",
    _l.relu_backward,
    lambda x: _l.relu_forward(x)[0],
    lambda dy, x: _l.relu_backward(dy, _l.relu_forward(x)[1]),
    drawing(x=(5, 3)),
)
numeric(
    "residual",
    gradients.residual_backward,
    lambda x, w: gradients.residual_forward(x, w)[0],
    lambda dy, x, w: gradients.residual_backward(dy, gradients.residual_forward(x, w)[1]),
    drawing(x=(5, 3), w=(3, 3)),
)
numeric(
    "maxout",
    _a.maxout_backward,
    lambda x: _a.maxout(x, 3),
    lambda dy, x: _a.maxout_backward(dy, x, 3),
    drawing(x=(5, 12)),
)


def _batch(forward, x, gamma, beta):
    return forward(x, gamma, beta, np.zeros(len(beta)), np.ones(len(beta)), True, eps=1e-3)


for _name, _forward, _backward, _shape in (
    ("batchnorm", _n.batchnorm_forward, _n.batchnorm_backward, (7, 4)),
    (
        "spatial_batchnorm",
        _n.spatial_batchnorm_forward,
        _n.spatial_batchnorm_backward,
        (2, 4, 2, 3),
    ),
):
    numeric(
        _name,
        _backward,
        lambda x, gamma, beta, forward=_forward: _batch(forward, x, gamma, beta)[0],
        lambda dy, x, gamma, beta, forward=_forward, backward=_backward: backward(
            dy, _batch(forward, x, gamma, beta)[1]
        ),
        drawing(x=_shape, gamma=(4,), beta=(4,)),
    )
for _name, _forward, _backward, _shape in (
    ("layernorm", _n.layernorm_forward, _n.layernorm_backward, (5, 4)),
    (
        "groupnorm",
        lambda x, gamma, beta: _n.groupnorm_forward(x, gamma, beta, 2),
        _n.groupnorm_backward,
        (2, 4, 2, 3),
    ),
    ("instancenorm", _n.instancenorm_forward, _n.instancenorm_backward, (2, 4, 2, 3)),
):
    numeric(
        _name,
        _backward,
        lambda x, gamma, beta, forward=_forward: forward(x, gamma, beta)[0],
        lambda dy, x, gamma, beta, forward=_forward, backward=_backward: backward(
            dy, forward(x, gamma, beta)[1]
        ),
        drawing(x=_shape, gamma=(4,), beta=(4,)),
    )
numeric(
    "rmsnorm",
    _n.rmsnorm_backward,
    lambda x, gamma: _n.rmsnorm_forward(x, gamma)[0],
    lambda dy, x, gamma: _n.rmsnorm_backward(dy, _n.rmsnorm_forward(x, gamma)[1]),
    drawing(x=(5, 4), gamma=(4,)),
)
numeric(
    "weight_norm", _n.weight_norm_backward, _n.weight_norm, _n.weight_norm_backward,
    drawing(v=(5, 3), g=(3,)),
)  # fmt: skip
numeric(
    "batch_whitening",
    _n.batch_whitening_backward,
    lambda x: _n.batch_whitening_forward(x)[0],
    lambda dy, x: _n.batch_whitening_backward(dy, _n.batch_whitening_forward(x)[1]),
    drawing(x=(9, 4)),
)
numeric(
    "conv",
    _c.conv_backward,
    lambda x, w, b: _c.conv_forward(x, w, b, padding=1)[0],
    lambda dy, x, w, b: _c.conv_backward(dy, _c.conv_forward(x, w, b, padding=1)[1]),
    drawing(x=(2, 3, 5, 4), w=(2, 3, 3, 2), b=(2,)),
)
numeric(
    "pool",
    _c.pool_backward,
    lambda x: _c.pool_forward(x)[0],
    lambda dy, x: _c.pool_backward(dy, _c.pool_forward(x)[1]),
    drawing(x=(2, 3, 5, 4)),
)


def _dropped(x):
    return dropout.dropout_forward(x, 0.4, seeded())


numeric(
    "dropout",
    dropout.dropout_backward,
    lambda x: _dropped(x)[0],
    lambda dy, x: dropout.dropout_backward(dy, _dropped(x)[1]),
    drawing(x=(5, 4)),
)
numeric(
    "chain",
    gradients.chain_bias_gradients,
    lambda b: _chain(b)[0],
    lambda dy, b: gradients.chain_bias_gradients(0.6, _chain(b)[1], b, dy),
    drawing(b=(6,)),
)


def _chain(b):
    """D1's chain of neurons, and its weights."""
    w, a = np.linspace(-2, 3, len(b)), 0.6
    for wj, bj in zip(w, b, strict=True):
        a = scipy.special.expit(wj * a + bj)
    return a, w


LABELS = np.array([2, 0, 3, 1, 3, 0])
TARGETS = np.array([0.0, 1.0, 1.0, 0.3, 0.0, 1.0])
for _name, _function, _rest, _shape in (
    ("cross_entropy", losses.softmax_cross_entropy, (LABELS,), (6, 4)),
    ("hinge", losses.hinge_loss, (LABELS,), (6, 4)),
    ("squared_error", losses.mean_squared_error, (np.ones((6, 4)),), (6, 4)),
    ("binary", losses.binary_cross_entropy, (TARGETS,), (6,)),
    ("l1", regularizers.l1_penalty, (0.3,), (5, 4)),
    ("l2", regularizers.l2_penalty, (0.3,), (5, 4)),
    ("elastic_net", regularizers.elastic_net_penalty, (0.4, 0.3), (5, 4)),
    ("lp", regularizers.lp_penalty, (3.5, 0.3), (5, 4)),
):
    numeric(
        _name,
        _function,
        lambda x, function=_function, rest=_rest: function(x, *rest)[0],
        lambda dy, x, function=_function, rest=_rest: dy * function(x, *rest)[1],
        drawing(x=_shape),
    )
for _function, _derivative in (
    (_a.linear, _a.linear_grad),
    (_a.sigmoid, _a.sigmoid_grad),
    (_a.tanh, _a.tanh_grad),
    (_a.relu, _a.relu_grad),
    (_a.leaky_relu, _a.leaky_relu_grad),
    (_a.hard_tanh, _a.hard_tanh_grad),
    (_a.rbf, _a.rbf_grad),
):
    numeric(
        _function.__name__ + "_activation",
        _derivative,
        _function,
        lambda dy, x, derivative=_derivative: dy * derivative(x),
        drawing(x=(30,)),
    )
for _name, _make in surfaces.SURFACES.items():
    _surface = _make()
    numeric(
        _name,
        _make,
        lambda x, surface=_surface: surface.function(x),
        lambda dy, x, surface=_surface: dy[..., None] * surface.gradient(x),
        drawing(x=(4, 2)),
        tolerance=1e-6,
    )


# ------------------------------------------------------------------------------ closed forms, SciPy


@case("SciPy `expit`, `log_expit`, up to 1000 either way", tolerance=1e-14, single=None)
class logistic:
    def draw(rng):
        return {"x": np.r_[-1000, -40, 5 * normal(rng, 20), 40, 1000]}

    def ours(x):
        return {
            _a.sigmoid: np.log(_a.sigmoid(np.maximum(x, -700))),
            _a.softplus: _a.softplus(x),
            _a.sigmoid_grad: _a.sigmoid_grad(x),
        }

    def theirs(x):
        expit = scipy.special.expit
        return {
            _a.sigmoid: scipy.special.log_expit(np.maximum(x, -700)),
            _a.softplus: np.logaddexp(0, x),
            _a.sigmoid_grad: expit(x) * expit(-x),
        }


@case("SciPy `log_softmax`", tolerance=1e-14)
class log_softmax:
    def draw(rng):
        return {"logits": 1e4 * normal(rng, 6, 4)}

    def ours(logits):
        return {losses.softmax_cross_entropy: losses.softmax_cross_entropy(logits, LABELS)[0]}

    def theirs(logits):
        chosen = scipy.special.log_softmax(logits, axis=1)[np.arange(6), LABELS]
        return {losses.softmax_cross_entropy: -chosen.mean()}


@case("one-hot rows and the uniform law, mixed", tolerance=1e-15)
class smoothing:
    draw = nothing

    def ours():
        return {losses.label_smoothing: losses.label_smoothing(LABELS, 4, eps=0.2)}

    def theirs():
        return {losses.label_smoothing: 0.8 * np.eye(4)[LABELS] + 0.2 * np.ones(4) / 4}


@case("hand-counted: 1/3, and 0 for equal and for tiny values", tolerance=1e-15)
class relative:
    draw = nothing

    def ours():
        error = gradcheck.relative_error
        pairs = ([1.0, 2.0], [1.0, 4.0]), ([0.0, -5.0], [0.0, -5.0]), ([0.0], [1e-20])
        return {error: np.array([error(a, b) for a, b in pairs])}

    def theirs():
        return {gradcheck.relative_error: np.array([1 / 3, 0.0, 1e-12])}


@case("SciPy `optimize.approx_fprime`", tolerance=1e-5, single=None)
class difference:
    def draw(rng):
        return {"x": normal(rng, 4)}

    def ours(x):
        slope = gradcheck.numerical_gradient(lambda v: np.sum(np.sin(v) * v**2), x)
        return {gradcheck.numerical_gradient: slope}

    def theirs(x):
        slope = scipy.optimize.approx_fprime(x, lambda v: np.sum(np.sin(v) * v**2), 1e-8)
        return {gradcheck.numerical_gradient: slope}


@case("the same standard normal draws, scaled", tolerance=1e-15)
class small:
    draw = nothing

    def ours():
        return {initializers.small_normal: initializers.small_normal(5, 3, seeded(), 0.02)}

    def theirs():
        return {initializers.small_normal: 0.02 * seeded().normal(size=(5, 3))}


@case("the law's standard deviation, over 200,000 draws", tolerance=0.01, single=None)
class deviations:
    draw = nothing
    rules = (
        initializers.small_normal,
        initializers.fan_in_uniform,
        initializers.xavier_normal,
        initializers.xavier_uniform,
        initializers.he_normal,
        initializers.he_uniform,
    )

    def ours():
        return {rule: rule(700, 300, seeded()).std() for rule in deviations.rules}

    def theirs():
        variances = 1e-4, 1 / 2100, 2 / 1000, 2 / 1000, 2 / 700, 2 / 700
        return {r: math.sqrt(v) for r, v in zip(deviations.rules, variances, strict=True)}


@case("orthonormal columns, or rows", tolerance=1e-14)
class orthonormal:
    draw = nothing

    def ours():
        tall = initializers.orthogonal(9, 4, seeded(), gain=1.5)
        wide = initializers.orthogonal(4, 9, seeded(), gain=1.5)
        return {initializers.orthogonal: [tall.T @ tall, wide @ wide.T]}

    def theirs():
        return {initializers.orthogonal: [2.25 * np.eye(4)] * 2}


@case("Gaussian quadrature: g with Var(g phi(z)) / E = 1", tolerance=1e-9, single=None)
class gains:
    """PyTorch's table, from what it is for: sqrt(1 / E[phi(z)^2]) for the rectifiers and linear."""

    draw = nothing

    def ours():
        gain = initializers.activation_gain
        return {gain: np.array([gain("linear"), gain("relu"), gain("leaky_relu", 0.3)])}

    def theirs():
        def second_moment(slope):
            below = scipy.integrate.quad(lambda z: (slope * z) ** 2 * np.exp(-(z**2) / 2), -40, 0)
            above = scipy.integrate.quad(lambda z: z**2 * np.exp(-(z**2) / 2), 0, 40)
            return (below[0] + above[0]) / math.sqrt(2 * math.pi)

        moments = np.array([second_moment(slope) for slope in (1.0, 0.0, 0.3)])
        return {initializers.activation_gain: moments**-0.5}


@case("SciPy `softmax`: the smoothed shares of the classes", tolerance=1e-14)
class marginal:
    draw = nothing

    def ours():
        bias = initializers.output_bias(LABELS, 5, smoothing=0.5)
        return {initializers.output_bias: scipy.special.softmax(bias)}

    def theirs():
        return {initializers.output_bias: (np.array([2, 1, 1, 2, 0]) + 0.5) / 8.5}


@case("variance 1 in every layer", tolerance=0.01)
class unit_variance:
    def draw(rng):
        return {"x": normal(rng, 40, 6), "w1": normal(rng, 6, 9), "w2": normal(rng, 9, 5)}

    def ours(x, w1, w2):
        v1, v2 = initializers.lsuv(x, [w1, w2], np.tanh)
        variances = [(x @ v1).var(), (np.tanh(x @ v1) @ v2).var()]
        return {initializers.lsuv: np.array(variances)}

    def theirs(x, w1, w2):
        return {initializers.lsuv: np.ones(2)}


@case("NumPy `linalg.norm` of all entries", tolerance=1e-14)
class clipped:
    def draw(rng):
        return {"a": 9 * normal(rng, 4, 3), "b": normal(rng, 5)}

    def ours(a, b):
        kept, norm = gradients.clip_by_global_norm([a, b], 2.0)
        after = np.linalg.norm(np.r_[kept[0].ravel(), kept[1]])
        return {
            gradients.clip_by_global_norm: np.array([norm, after]),
            gradients.clip_by_value: gradients.clip_by_value([a, b], 2.0),
        }

    def theirs(a, b):
        return {
            gradients.clip_by_global_norm: np.array([np.linalg.norm(np.r_[a.ravel(), b]), 2.0]),
            gradients.clip_by_value: [np.minimum(2, np.maximum(-2, g)) for g in (a, b)],
        }


# --------------------------------------------------------------------------------------- whitening


@case("scikit-learn `StandardScaler`", tolerance=1e-13)
class standardized:
    def draw(rng):
        return {"x": normal(rng, 20, 4) * [1, 3, 9, 0.1] + 5, "test": normal(rng, 6, 4)}

    def ours(x, test):
        mean, std = whitening.standardize_fit(x)
        return {
            whitening.standardize_fit: [mean, std],
            whitening.standardize: whitening.standardize(test, mean, std),
        }

    def theirs(x, test):
        scaler = StandardScaler().fit(x)
        return {
            whitening.standardize_fit: [scaler.mean_, scaler.scale_],
            whitening.standardize: scaler.transform(test),
        }


def _signed(components):
    """Columns with a positive largest entry: a principal direction has no sign."""
    largest = np.abs(components).argmax(axis=0)
    return components * np.sign(components[largest, np.arange(components.shape[1])])


@case("scikit-learn `PCA` (its variances, over N - 1, taken to N)", tolerance=1e-12, single=1e-4)
class principal:
    def draw(rng):
        return {"x": normal(rng, 20, 4) * [1, 3, 9, 0.1] + 5}

    def ours(x):
        mean, components, variances = whitening.pca(x)
        white = (x - mean) @ whitening.whitening_matrix(x, 0.0, kind="pca")[1]
        return {
            whitening.pca: [mean, _signed(components), variances],
            whitening.whitening_matrix: np.abs(white),
        }

    def theirs(x):
        fitted = PCA(whiten=True, svd_solver="full").fit(x.astype(float))
        return {
            whitening.pca: [
                fitted.mean_,
                _signed(fitted.components_.T),
                fitted.explained_variance_ * 19 / 20,
            ],
            whitening.whitening_matrix: np.abs(fitted.transform(x) * math.sqrt(20 / 19)),
        }


def _covariance(x, eps):
    return np.cov(x, rowvar=False, ddof=0) + eps * np.eye(x.shape[1])


@case("SciPy `inv(sqrtm(covariance + eps I))`", tolerance=1e-11, single=1e-3)
class inverse_root:
    def draw(rng):
        return {"x": normal(rng, 20, 4) * [1, 3, 2, 0.5] + 5}

    def ours(x):
        s = _covariance(x, 0.01)
        return {
            whitening.whitening_matrix: whitening.whitening_matrix(x, 0.01)[1],
            whitening.inverse_square_root_iteration: whitening.inverse_square_root_iteration(
                s / np.trace(s), 25
            ),
            _n.batch_whitening_forward: _n.batch_whitening_forward(x, 0.01)[0],
            _n.iterative_whitening_forward: _n.iterative_whitening_forward(x, 25, 0.01),
        }

    def theirs(x):
        s = _covariance(x.astype(float), 0.01)
        root = scipy.linalg.inv(scipy.linalg.sqrtm(s))
        white = (x - x.mean(axis=0)) @ root
        return {
            whitening.whitening_matrix: root,
            whitening.inverse_square_root_iteration: root * math.sqrt(np.trace(s)),
            _n.batch_whitening_forward: white,
            _n.iterative_whitening_forward: white,
        }


@case("central differences of the loss's gradient", tolerance=1e-8, single=None)
class curvature:
    def draw(rng):
        return {"x": normal(rng, 9, 3), "w": normal(rng, 3)}

    def ours(x, w):
        return {
            whitening.least_squares_hessian: whitening.least_squares_hessian(x),
            whitening.logistic_hessian: whitening.logistic_hessian(x, w),
        }

    def theirs(x, w):
        def rows(gradient):
            slopes = [directional_derivative(gradient, w, d, 1e-5) for d in np.eye(3)]
            return np.array(slopes)

        return {
            whitening.least_squares_hessian: rows(lambda v: 2 / 9 * x.T @ (x @ v)),
            whitening.logistic_hessian: rows(lambda v: x.T @ scipy.special.expit(x @ v) / 9),
        }


def symmetric(rng):
    a = normal(rng, 6, 3)
    return {"h": a.T @ a}


@case("NumPy `linalg.cond`", tolerance=1e-12, single=1e-4)
class condition:
    draw = symmetric

    def ours(h):
        return {whitening.condition_number: whitening.condition_number(h)}

    def theirs(h):
        return {whitening.condition_number: np.linalg.cond(h.astype(float))}


@case("SciPy `minimize_scalar` of the contraction `|I - step h|`", tolerance=1e-6, single=None)
class fixed_step:
    draw = symmetric

    def ours(h):
        return {whitening.best_fixed_step: whitening.best_fixed_step(h)}

    def theirs(h):
        found = scipy.optimize.minimize_scalar(
            lambda step: np.linalg.norm(np.eye(3) - step * h, 2),
            bounds=(0, 2 / np.linalg.norm(h, 2)),
            options={"xatol": 1e-12},
        )
        return {whitening.best_fixed_step: (found.x, found.fun)}


# ----------------------------------------------------------------------------------- normalization


@case("the affine layer, then batch norm at test time", tolerance=1e-13)
class folded:
    def draw(rng):
        return drawing(x=(6, 3), w=(3, 4), b=(4,), gamma=(4,), beta=(4,), mean=(4,), v=(4,))(rng)

    def ours(x, w, b, gamma, beta, mean, v):
        w, b = _n.fold_batchnorm(w, b, gamma, beta, mean, v**2)
        return {_n.fold_batchnorm: x @ w + b}

    def theirs(x, w, b, gamma, beta, mean, v):
        u = (x @ w + b - mean) / np.sqrt(v**2 + 1e-5)
        return {_n.fold_batchnorm: gamma * u + beta}


@case("mean 0 and variance 1 over the right axes", tolerance=1e-12, single=None)
class unit:
    """With gamma 1 and beta 0, and an eps too small to be seen."""

    def draw(rng):
        return {"x": 3 * normal(rng, 4, 6, 3, 5) + 2}

    results = (
        (_n.batchnorm_forward, (0,)),
        (_n.spatial_batchnorm_forward, (0, 2, 3)),
        (_n.layernorm_forward, (1,)),
        (_n.groupnorm_forward, (2, 3, 4)),
        (_n.instancenorm_forward, (2, 3)),
    )

    def ours(x):
        flat, one, zero = x.reshape(24, 15), np.ones, np.zeros
        start = zero(15), one(15), True
        ys = (
            _n.batchnorm_forward(flat, one(15), zero(15), *start, eps=1e-30)[0],
            _n.spatial_batchnorm_forward(x, one(6), zero(6), zero(6), one(6), True, eps=1e-30)[0],
            _n.layernorm_forward(flat, one(15), zero(15), eps=1e-30)[0],
            _n.groupnorm_forward(x, one(6), zero(6), 3, eps=1e-30)[0].reshape(4, 3, 2, 3, 5),
            _n.instancenorm_forward(x, one(6), zero(6), eps=1e-30)[0],
        )
        return {
            function: [1 + y.mean(axes), y.var(axes)]
            for (function, axes), y in zip(unit.results, ys, strict=True)
        }

    def theirs(x):
        return {
            function: [np.ones_like(result) for result in unit.ours(x)[function]]
            for function, _ in unit.results
        }


@case("NumPy `linalg.norm`: columns of length g, rows of mean square 1", tolerance=1e-12)
class lengths:
    def draw(rng):
        return {"v": normal(rng, 5, 3), "g": rng.uniform(1, 2, 3)}

    def ours(v, g):
        y, _ = _n.rmsnorm_forward(v, np.ones_like(g), eps=0.0)
        return {
            _n.weight_norm: np.linalg.norm(_n.weight_norm(v, g), axis=0),
            _n.rmsnorm_forward: np.linalg.norm(y, axis=1),
        }

    def theirs(v, g):
        return {_n.weight_norm: g, _n.rmsnorm_forward: np.full(5, math.sqrt(3))}


# -------------------------------------------------------------------------------------- optimizers

_o = optimizers


@case("every index once, in batches of 4, 4 and 2", tolerance=0.0)
class batches:
    draw = nothing

    def ours():
        found = _o.minibatches(10, 4, seeded())
        return {_o.minibatches: [np.sort(np.concatenate(found)), [len(b) for b in found]]}

    def theirs():
        return {_o.minibatches: [np.arange(10), [4, 4, 2]]}


@case("the rule as a recursion of scalars", tolerance=1e-12, single=1e-4)
class written_out:
    """What PyTorch lacks, or has in another form."""

    def draw(rng):
        return {"grads": normal(rng, 6), "rates": rng.uniform(0.01, 0.3, 6)}

    def ours(grads, rates):
        settings = {
            _o.classical_momentum: {"alpha": 0.7},
            _o.adam: {"beta1": 0.7, "beta2": 0.8, "eps": 1e-3, "bias_correction": False},
            _o.lion: {"beta1": 0.6, "beta2": 0.8, "weight_decay": 0.3},
        }
        paths = {}
        for step, options in settings.items():
            w, state, path = np.ones(1, grads.dtype), None, []
            for g, lr in zip(grads, rates, strict=True):
                w, state = step(w, g[None], state, lr=float(lr), **options)
                path.append(w)
            paths[step] = np.concatenate(path)
        return paths

    def theirs(grads, rates):
        w = np.ones(3)
        v = m = c = ml = 0.0
        path = []
        for g, lr in zip(grads, rates, strict=True):
            v = 0.7 * v - lr * g
            m, c = 0.7 * m + 0.3 * g, 0.8 * c + 0.2 * g**2
            sign = np.sign(0.6 * ml + 0.4 * g)
            ml = 0.8 * ml + 0.2 * g
            step = np.array([v, -lr * m / (math.sqrt(c) + 1e-3), -lr * (0.3 * w[2] + sign)])
            w = w + step
            path.append(w)
        return dict(zip((_o.classical_momentum, _o.adam, _o.lion), np.array(path).T, strict=True))


@case("SciPy `linalg.polar`: the orthogonal factor", tolerance=1e-9, single=1e-4)
class polar:
    def draw(rng):
        return {"w": normal(rng, 6, 3), "g": normal(rng, 6, 3)}

    def ours(w, g):
        moved, _ = _o.muon(w, g, lr=0.1, rho=0.9, iterations=25)
        return {_o.newton_schulz: _o.newton_schulz(g, 25), _o.muon: w - moved}

    def theirs(w, g):
        factor = scipy.linalg.polar(g.astype(float))[0]
        return {_o.newton_schulz: factor, _o.muon: 0.1 * factor}


@case("closed forms, at fractions of the way", tolerance=1e-14, single=None)
class rates:
    draw = nothing

    def ours():
        s = schedules
        return {
            s.inverse_time_decay: [s.inverse_time_decay(0.3, t, 0.25) for t in (0, 4, 12)],
            s.exponential_decay: [s.exponential_decay(0.3, t, math.log(2) / 3) for t in (0, 3, 9)],
            s.staircase_decay: [s.staircase_decay(0.3, t, 0.5, 4) for t in (0, 3, 4, 11)],
            s.warmup_cosine: [s.warmup_cosine(0.3, t, 4, 12, 0.1) for t in (0, 3, 4, 8, 12, 50)],
        }

    def theirs():
        return {
            schedules.inverse_time_decay: [0.3, 0.15, 0.075],
            schedules.exponential_decay: [0.3, 0.15, 0.0375],
            schedules.staircase_decay: [0.3, 0.3, 0.15, 0.075],
            schedules.warmup_cosine: [0.075, 0.3, 0.3, 0.2, 0.1, 0.1],
        }


@case("closed form: (1 - lr l)^k along each axis of a quadratic", tolerance=1e-13, single=None)
class walked:
    draw = nothing

    def ours():
        return {surfaces.path: surfaces.path(_o.sgd, surfaces.valley(20.0), 9, lr=0.03)}

    def theirs():
        k = np.arange(10)[:, None]
        return {surfaces.path: surfaces.valley().start * (1 - 0.03 * np.array([1, 20.0])) ** k}


@case("SciPy `optimize.rosen`, `rosen_der`", tolerance=1e-13, single=None)
class rosenbrock:
    def draw(rng):
        return {"points": normal(rng, 6, 2)}

    def ours(points):
        s = surfaces.rosenbrock()
        return {surfaces.rosenbrock: [s.function(points), s.gradient(points)]}

    def theirs(points):
        slopes = np.array([scipy.optimize.rosen_der(p) for p in points])
        return {surfaces.rosenbrock: [scipy.optimize.rosen(points.T), slopes]}


@case("the noise's mean and deviation, over 40,000 draws", tolerance=0.03, single=None)
class noisy:
    draw = nothing

    def ours():
        noise = surfaces.noisy_quadratic(seeded(), std=0.5).gradient(np.zeros((20000, 2)))
        return {surfaces.noisy_quadratic: np.array([1 + noise.mean(), noise.std()])}

    def theirs():
        return {surfaces.noisy_quadratic: np.array([1.0, 0.5])}


# ---------------------------------------------------------------------------------- regularization

_r = regularizers


@case("SciPy `optimize`: the point that solves the step's problem", tolerance=1e-5, single=None)
class minimizers:
    def draw(rng):
        return {"w": np.r_[0.1, -0.2, 2 * normal(rng, 3)]}

    def ours(w):
        return {
            _r.soft_threshold: _r.soft_threshold(w, 0.4),
            _r.proximal_gradient_step: _r.proximal_gradient_step(w, 2 * w, 0.2, 0.5),
            _r.project_l2_ball: _r.project_l2_ball(w, 0.7),
            _r.max_norm: _r.max_norm(w[:, None], 0.7),
            _r.weight_decay_step: _r.weight_decay_step(w, 2 * w, 0.2, 0.5),
        }

    def theirs(w):
        def shrunk(at, lam):
            problem = [lambda u, x=x: (u - x) ** 2 / 2 + lam * abs(u) for x in at]
            options = {"bounds": (-9, 9), "options": {"xatol": 1e-10}}
            return np.array([scipy.optimize.minimize_scalar(f, **options).x for f in problem])

        ball = scipy.optimize.minimize(
            lambda u: np.sum((u - w) ** 2),
            np.zeros(5),
            constraints={"type": "ineq", "fun": lambda u: 0.49 - u @ u},
            options={"ftol": 1e-14},
        ).x
        # A step on loss + lam/2 |w|^2: its gradient by differences.
        penalized = scipy.optimize.approx_fprime(w, lambda u: u @ u + 0.25 * (u @ u), 1e-7)
        return {
            _r.soft_threshold: shrunk(w, 0.4),
            _r.proximal_gradient_step: shrunk(w - 0.4 * w, 0.1),
            _r.project_l2_ball: ball,
            _r.max_norm: ball[:, None],
            _r.weight_decay_step: w - 0.2 * penalized,
        }


@case("NumPy `linalg.norm` of order 3", tolerance=1e-13)
class norms:
    def draw(rng):
        return {"w": normal(rng, 8)}

    def ours(w):
        return {_r.lp_penalty: _r.lp_penalty(w, 3, 0.5)[0]}

    def theirs(w):
        return {_r.lp_penalty: 0.5 * np.linalg.norm(w, 3)}


@case("central differences of the whole network, entry by entry", tolerance=1e-8, single=None)
class jacobians:
    def draw(rng):
        return {"x": normal(rng, 3, 4), "w1": normal(rng, 4, 6), "w2": normal(rng, 6, 3)}

    def ours(x, w1, w2):
        u1 = x[0] @ w1
        u2 = np.tanh(u1) @ w2
        return {
            _r.jacobian_penalty: _r.jacobian_penalty(x, [w1, w2], np.tanh, _a.tanh_grad),
            gradients.layer_jacobian: gradients.layer_jacobian(w1, u1, _a.tanh_grad),
            gradients.jacobian_product: gradients.jacobian_product(
                [w1, w2], [u1, u2], _a.tanh_grad
            ),
        }

    def theirs(x, w1, w2):
        def jacobian(f, at):
            return np.stack([directional_derivative(f, at, d) for d in np.eye(4)], axis=1)

        every = [jacobian(lambda v: np.tanh(v @ w1) @ w2, sample) for sample in x]
        return {
            _r.jacobian_penalty: np.mean([np.sum(j**2) for j in every]),
            gradients.layer_jacobian: jacobian(lambda v: np.tanh(v @ w1), x[0]),
            gradients.jacobian_product: jacobian(lambda v: np.tanh(np.tanh(v @ w1) @ w2), x[0]),
        }


@case("central differences in every weight", tolerance=1e-7, single=None)
class gradient_norms:
    def draw(rng):
        return {"x": normal(rng, 3, 4), "w1": normal(rng, 4, 2), "w2": normal(rng, 2, 3)}

    def ours(x, w1, w2):
        norms = gradients.layer_gradient_norms(x, [w1, w2], np.tanh, _a.tanh_grad, np.ones((3, 3)))
        return {gradients.layer_gradient_norms: np.array(norms)}

    def theirs(x, w1, w2):
        def total(a, b):
            return np.sum(np.tanh(np.tanh(x @ a) @ b))

        first = gradcheck.numerical_gradient(lambda a: total(a, w2), w1)
        second = gradcheck.numerical_gradient(lambda b: total(w1, b), w2)
        norms = [np.linalg.norm(first), np.linalg.norm(second)]
        return {gradients.layer_gradient_norms: np.array(norms)}


@case("counted by hand: 2 of 5 vanish, 1 is too large", tolerance=1e-15)
class fates:
    draw = nothing

    def ours():
        values = np.array([1e-9, -1e-8, 0.0, 1.0, 65504.0, 1e5])
        return {gradients.half_precision_fates: gradients.half_precision_fates(values)}

    def theirs():
        return {gradients.half_precision_fates: (0.4, 0.2)}


@case("chosen draws: what is kept is scaled, the rest is 0", tolerance=1e-15)
class masked:
    def draw(rng):
        return {"x": normal(rng, 4, 5)}

    draws = np.linspace(0, 0.99, 20).reshape(4, 5)

    def ours(x):
        return {
            dropout.dropout_forward: dropout.dropout_forward(x, 0.3, Chosen(masked.draws))[0],
            dropout.classic_dropout_forward: [
                dropout.classic_dropout_forward(x, 0.7, Chosen(masked.draws))[0],
                dropout.classic_dropout_forward(x, 0.7, None, training=False)[0],
            ],
        }

    def theirs(x):
        return {
            dropout.dropout_forward: np.where(masked.draws >= 0.3, x, 0) / 0.7,
            dropout.classic_dropout_forward: [np.where(masked.draws < 0.7, x, 0), 0.7 * x],
        }


@case("the same standard normal draws, scaled and added", tolerance=1e-15)
class noise:
    def draw(rng):
        return {"x": rng.random((2, 3, 4, 5))}

    def ours(x):
        return {
            dropout.input_noise: dropout.input_noise(x, 0.3, seeded()),
            augmentation.add_noise: augmentation.add_noise(x, 0.3, seeded()),
        }

    def theirs(x):
        noisy = x + 0.3 * seeded().normal(size=x.shape)
        return {
            dropout.input_noise: noisy,
            augmentation.add_noise: np.minimum(1, np.maximum(0, noisy)),
        }


@case("Algorithm 7.1 traced by hand", tolerance=0.0)
class stopped:
    draw = nothing
    errors = (5, 4, 4, 6, 3, 3, 4, 2.5, 9, 8, 7, 1, 1)

    def ours():
        best = early_stopping.early_stopping(
            0, lambda theta, n: theta + n, lambda theta: stopped.errors[theta // 3 - 1], 3, 3
        )
        return {early_stopping.early_stopping: best}

    def theirs():
        return {early_stopping.early_stopping: (24, 24, 2.5)}


# ------------------------------------------------------------------ augmentation, ensembles, search

_g = augmentation


def images(rng):
    return {"images": rng.random((3, 3, 7, 6))}


@case("NumPy `flip` of the images that the same draws choose", tolerance=0.0)
class flipped:
    draw = images

    def ours(images):
        return {_g.random_flip: _g.random_flip(images, seeded(), p=0.6)}

    def theirs(images):
        chosen = seeded().random(3) < 0.6
        return {_g.random_flip: np.where(chosen[:, None, None, None], np.flip(images, 3), images)}


@case("SciPy `ndimage.shift` of order 0", tolerance=1e-15)
class shifted:
    draw = images

    def ours(images):
        return {_g.translate: _g.translate(images, 2, -3, fill=0.25)}

    def theirs(images):
        moved = scipy.ndimage.shift(images, (0, 0, 2, -3), order=0, mode="constant", cval=0.25)
        return {_g.translate: moved}


@case("SciPy `linalg.expm` of the generators", tolerance=1e-14, single=None)
class matrices:
    draw = nothing

    def ours():
        return {_g.affine_matrix: _g.affine_matrix(0.7, 1.3, -0.4)}

    def theirs():
        turn, shear = np.array([[0, -0.7], [0.7, 0]]), np.array([[0, 0], [-0.4, 0]])
        scale = math.log(1.3) * np.eye(2)
        expm = scipy.linalg.expm
        return {_g.affine_matrix: expm(turn) @ expm(shear) @ expm(scale)}


@case("SciPy `ndimage.affine_transform` of order 1", tolerance=1e-12, single=1e-4)
class warped:
    draw = images

    def ours(images):
        return {_g.warp: _g.warp(images, _g.affine_matrix(0.7, 1.3, -0.4), fill=0.25)}

    def theirs(images):
        inverse = np.linalg.inv(_g.affine_matrix(0.7, 1.3, -0.4))
        centre = np.array([3.0, 2.5])
        moved = np.empty_like(images)
        for n, c in np.ndindex(images.shape[:2]):
            moved[n, c] = scipy.ndimage.affine_transform(
                images[n, c],
                inverse,
                centre - inverse @ centre,
                order=1,
                mode="grid-constant",
                cval=0.25,
            )
        return {_g.warp: moved}


@case("SciPy `ndimage.gaussian_filter`, edges repeated", tolerance=1e-12)
class blurred:
    draw = images

    def ours(images):
        return {_g.gaussian_blur: _g.gaussian_blur(images, 1.2)}

    def theirs(images):
        sigmas, radius = (0, 0, 1.2, 1.2), (0, 0, 4, 4)
        blur = scipy.ndimage.gaussian_filter(images, sigmas, mode="nearest", radius=radius)
        return {_g.gaussian_blur: blur}


@case("SciPy `map_coordinates` and `gaussian_filter`, with the same draws", 1e-12, single=None)
class deformed:
    draw = images

    def ours(images):
        return {_g.elastic_deform: _g.elastic_deform(images, seeded(), 8.0, 1.5, fill=0.25)}

    def theirs(images):
        fields = 8.0 * scipy.ndimage.gaussian_filter(
            seeded().uniform(-1, 1, (3, 2, 7, 6)),
            (0, 0, 1.5, 1.5),
            mode="nearest",
            radius=(0, 0, 5, 5),
        )
        grid = np.indices((7, 6))
        moved = [
            [
                scipy.ndimage.map_coordinates(
                    channel, grid + field, order=1, mode="grid-constant", cval=0.25
                )
                for channel in image
            ]
            for image, field in zip(images, fields, strict=True)
        ]
        return {_g.elastic_deform: np.array(moved)}


def _nearest(candidates, result):
    """Of all that would be right, image by image, what is nearest to the result."""
    distances = np.abs(candidates - result).max(axis=(2, 3, 4))
    return candidates[distances.argmin(axis=0), np.arange(len(result))]


@case("the nearest of all windows: NumPy `sliding_window_view`", tolerance=0.0)
class cropped:
    draw = images

    def ours(images):
        return {_g.random_crop: _g.random_crop(images, 5, seeded(), padding=2)}

    def theirs(images):
        padded = np.pad(images, [(0, 0), (0, 0), (2, 2), (2, 2)])
        windows = np.lib.stride_tricks.sliding_window_view(padded, (5, 5), axis=(2, 3))
        windows = np.moveaxis(windows, (2, 3), (0, 1)).reshape(-1, 3, 3, 5, 5)
        return {_g.random_crop: _nearest(windows, cropped.ours(images)[_g.random_crop])}


@case("the nearest of all images with one hole", tolerance=0.0)
class holed:
    draw = images

    def ours(images):
        return {_g.cutout: _g.cutout(images, 3, seeded(), fill=0.25)}

    def theirs(images):
        holes = []
        for top, left in np.ndindex(5, 4):
            hole = images.copy()
            hole[:, :, top : top + 3, left : left + 3] = 0.25
            holes.append(hole)
        return {_g.cutout: _nearest(np.stack(holes), holed.ours(images)[_g.cutout])}


@case("pixel by pixel, as the catalogue defines it", tolerance=1e-14)
class light:
    def draw(rng):
        return {"images": rng.random((3, 3, 7, 6)), "mask": rng.random((3, 1, 7, 6))}

    def ours(images, mask):
        return {
            _g.adjust_brightness: _g.adjust_brightness(images, 1.4),
            _g.adjust_contrast: _g.adjust_contrast(images, 1.4),
            _g.adjust_saturation: _g.adjust_saturation(images, 1.4),
            _g.paste_on_background: _g.paste_on_background(images, mask, 1 - images),
        }

    def theirs(images, mask):
        bright, contrast, saturation, pasted = (np.empty(images.shape) for _ in range(4))
        weights = 0.299, 0.587, 0.114
        for at in np.ndindex(images.shape):
            n, _, row, column = at
            x, whole = float(images[at]), images[n].astype(float).mean()
            gray = sum(float(images[n, c, row, column]) * weights[c] for c in range(3))
            m = float(mask[n, 0, row, column])
            bright[at] = min(1, max(0, 1.4 * x))
            contrast[at] = min(1, max(0, 1.4 * x - 0.4 * whole))
            saturation[at] = min(1, max(0, 1.4 * x - 0.4 * gray))
            pasted[at] = m * x + (1 - m) * (1 - x)
        return {
            _g.adjust_brightness: bright,
            _g.adjust_contrast: contrast,
            _g.adjust_saturation: saturation,
            _g.paste_on_background: pasted,
        }


@case("sample by sample, as the catalogue defines it", tolerance=1e-14)
class mixed:
    def draw(rng):
        return {"images": rng.random((3, 3, 7, 6)), "y": rng.random((3, 4))}

    order = np.array([2, 0, 1])

    def ours(images, y):
        return {
            _g.mixup: _g.mixup(images, y, 0.3, mixed.order),
            _g.cutmix: _g.cutmix(images, y, (1, 2, 4, 3), mixed.order),
        }

    def theirs(images, y):
        inside = np.zeros((7, 6))
        inside[1:5, 2:5] = 1
        share = 1 - inside.mean()
        pairs = [(images[i], images[j], y[i], y[j]) for i, j in enumerate(mixed.order)]
        return {
            _g.mixup: [
                np.array([0.3 * a + 0.7 * b for a, b, _, _ in pairs]),
                np.array([0.3 * p + 0.7 * q for _, _, p, q in pairs]),
            ],
            _g.cutmix: [
                np.array([np.where(inside, b, a) for a, b, _, _ in pairs]),
                np.array([share * p + (1 - share) * q for _, _, p, q in pairs]),
            ],
        }


@case("the covariance that it promises, over 4,000 images", tolerance=0.1, single=None)
class lighting:
    draw = nothing
    covariance = np.array([[0.04, 0.02, 0.01], [0.02, 0.05, 0.02], [0.01, 0.02, 0.03]])

    def ours():
        gray = np.full((4000, 3, 1, 1), 0.5)
        lit = _g.pca_lighting(gray, seeded(), std=0.8, covariance=lighting.covariance)
        return {_g.pca_lighting: np.cov(lit[:, :, 0, 0], rowvar=False)}

    def theirs():
        return {_g.pca_lighting: 0.8**2 * lighting.covariance @ lighting.covariance}


@case("NumPy `average` with equal weights", tolerance=1e-15, single=1e-6)
class averaged:
    def draw(rng):
        return {"p": rng.random((5, 6, 4))}

    def ours(p):
        return {ensembles.ensemble_average: ensembles.ensemble_average(p)}

    def theirs(p):
        return {ensembles.ensemble_average: np.average(p, axis=0, weights=np.ones(5))}


@case("SciPy `stats.mode`, the smallest in a tie", tolerance=0.0)
class votes:
    def draw(rng):
        return {"labels": rng.integers(4, size=(5, 40))}

    def ours(labels):
        return {ensembles.majority_vote: ensembles.majority_vote(labels, 4)}

    def theirs(labels):
        return {ensembles.majority_vote: scipy.stats.mode(labels, axis=0).mode}


@case("closed form: the share (1 - 1/n)^n is left out", tolerance=0.03, single=None)
class bootstrap:
    draw = nothing

    def ours():
        samples = [ensembles.bootstrap_indices(50, rng) for rng in [seeded()] for _ in range(400)]
        left_out = [1 - len(np.unique(sample)) / 50 for sample in samples]
        return {ensembles.bootstrap_indices: np.mean(left_out)}

    def theirs():
        return {ensembles.bootstrap_indices: (1 - 1 / 50) ** 50}


@case("scikit-learn `ParameterGrid`", tolerance=0.0)
class grid:
    draw = nothing

    def space():
        return {"a": [1, 2, 3], "b": [0.1, 0.2]}

    def values(configs):
        return np.array([[config["a"], config["b"]] for config in configs])

    def ours():
        return {search.grid_search: grid.values(search.grid_search(grid.space()))}

    def theirs():
        return {search.grid_search: grid.values(ParameterGrid(grid.space()))}


@case("the law's quartiles, of the logarithm of 4,000 draws", tolerance=0.05, single=None)
class drawn:
    draw = nothing

    def ours():
        found = search.random_search({"lr": (1e-4, 1.0, "log")}, 4000, seeded())
        exponents = np.log10([config["lr"] for config in found])
        return {search.random_search: np.quantile(exponents, [0.25, 0.5, 0.75])}

    def theirs():
        return {search.random_search: np.array([-3.0, -2.0, -1.0])}


@case("three rounds traced by hand", tolerance=0.0)
class halved:
    draw = nothing

    def ours():
        budgets = []

        def evaluate(config, budget):
            budgets.append(budget)
            return abs(config - 4)

        best = search.successive_halving(range(9), evaluate, 2, eta=3)
        return {search.successive_halving: [np.array(budgets), *best]}

    def theirs():
        return {search.successive_halving: [np.array([2] * 9 + [6] * 3 + [18]), 4, 0]}


@case("SciPy `signal.correlate`, channel by channel", tolerance=1e-12)
class convolved:
    def draw(rng):
        return {"x": normal(rng, 2, 3, 6, 5), "w": normal(rng, 4, 3, 3, 2), "b": normal(rng, 4)}

    def ours(x, w, b):
        return {_c.conv_forward: _c.conv_forward(x, w, b)[0]}

    def theirs(x, w, b):
        y = np.empty((2, 4, 4, 4))
        for n, m in itertools.product(range(2), range(4)):
            y[n, m] = b[m] + sum(
                scipy.signal.correlate(x[n, c], w[m, c], mode="valid") for c in range(3)
            )
        return {_c.conv_forward: y}


@case("maxima and means of blocks, by `reshape`", tolerance=1e-15, single=1e-6)
class pooled:
    def draw(rng):
        return {"x": normal(rng, 2, 3, 6, 5)}

    def ours(x):
        both = [_c.pool_forward(x, 2, kind)[0] for kind in ("max", "average")]
        return {_c.pool_forward: both}

    def theirs(x):
        blocks = x[:, :, :, :4].reshape(2, 3, 3, 2, 2, 2)
        return {_c.pool_forward: [blocks.max(axis=(3, 5)), blocks.mean(axis=(3, 5))]}


@case("the true labels of clouds far apart, in a run of 60 steps", tolerance=0.0, single=None)
class classified:
    """On the digits, too: tests/dltricks/test_training.py wants 97.5 % of the test set right."""

    def draw(rng):
        x, y = gaussian_blobs(120, rng, centers=[(0.2, 0.2), (0.8, 0.3), (0.4, 0.8)], std=0.03)
        return {"x": x, "y": y}

    def ours(x, y):
        with mock.patch.object(training, "CLASSIFIER_STEPS", 60):
            classify = training.train_classifier(x[:60], y[:60], x[60:90], y[60:90], seeded())
        return {training.train_classifier: classify(x[90:])}

    def theirs(x, y):
        return {training.train_classifier: y[90:]}
