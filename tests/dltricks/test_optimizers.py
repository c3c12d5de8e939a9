import copy
import inspect
import itertools
import math

import numpy as np
import pytest
import scipy.linalg
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import frozen

from dltricks import optimizers
from dltricks.optimizers import (
    OPTIMIZERS,
    adadelta,
    adagrad,
    adam,
    adamw,
    classical_momentum,
    lion,
    minibatches,
    momentum,
    muon,
    nesterov,
    newton_schulz,
    rmsprop,
    sgd,
)

LRS = (0.3, 0.3, 0.05, 0.7, 0.2)
ADAPTIVE = ["adagrad", "rmsprop", "adam", "adamw"]


def constant(grad):
    """The gradient as the function that nesterov asks for."""
    return lambda w: grad


def walk(step, w, grads, lrs=LRS, **options):
    """All points after w, under changing gradients and rates; nesterov gets them one by one."""
    state, points = None, []
    for grad, lr in zip(grads, lrs, strict=False):
        slope = constant(grad) if step is nesterov else grad
        w, state = step(w, slope, state, lr=lr, **options)
        points.append(w)
    return np.stack(points)


def averages(values, decay):
    """``sum over k <= t of decay^(t - k) values_k`` for each t: a recursion from 0, unrolled."""
    values = np.asarray(values)
    return np.stack(
        [sum(decay ** (t - k) * values[k] for k in range(t + 1)) for t in range(len(values))]
    )


def column(numbers, like):
    """One number a step, shaped to multiply an array of steps."""
    return np.reshape(numbers, (-1,) + (1,) * (np.ndim(like) - 1))


# Steps of each rule from the whole history of gradients, none of them a recursion.


def sgd_steps(g, lr):
    return -lr * g


def momentum_steps(g, lr, rho=0.9):
    return -lr * averages(g, rho)


def classical_momentum_steps(g, lr, alpha=0.9):
    return averages(-lr * g, alpha)


def nesterov_steps(g, lr, rho=0.9):
    return averages(-lr * g, rho)


def adagrad_steps(g, lr, eps=1e-8):
    return -lr * g / (np.sqrt(np.cumsum(g**2, axis=0)) + eps)


def rmsprop_steps(g, lr, beta=0.99, eps=1e-8):
    return -lr * g / (np.sqrt((1 - beta) * averages(g**2, beta)) + eps)


def adam_steps(g, lr, beta1=0.9, beta2=0.999, eps=1e-8, bias_correction=True):
    m, c = (1 - beta1) * averages(g, beta1), (1 - beta2) * averages(g**2, beta2)
    if bias_correction:  # the weights of an average sum to 1
        m = averages(g, beta1) / averages(np.ones_like(g), beta1)
        c = averages(g**2, beta2) / averages(np.ones_like(g), beta2)
    return -lr * m / (np.sqrt(c) + eps)


def adadelta_steps(g, lr, rho=0.9, eps=1e-6):
    s, d = (1 - rho) * averages(g**2, rho), []
    for t in range(len(g)):
        before = (1 - rho) * averages(np.square(d), rho)[-1] if d else np.zeros_like(g[0])
        d.append(g[t] * np.sqrt(before + eps) / np.sqrt(s[t] + eps))
    return -lr * np.stack(d)


CASES = [
    (sgd, sgd_steps, {}),
    (momentum, momentum_steps, {"rho": 0.7}),
    (momentum, momentum_steps, {}),
    (classical_momentum, classical_momentum_steps, {"alpha": 0.6}),
    (classical_momentum, classical_momentum_steps, {}),
    (nesterov, nesterov_steps, {"rho": 0.55}),
    (nesterov, nesterov_steps, {}),
    (adagrad, adagrad_steps, {"eps": 0.3}),
    (adagrad, adagrad_steps, {}),
    (rmsprop, rmsprop_steps, {"beta": 0.8, "eps": 0.2}),
    (rmsprop, rmsprop_steps, {}),
    (adadelta, adadelta_steps, {"rho": 0.65, "eps": 0.1}),
    (adadelta, adadelta_steps, {}),
    (adam, adam_steps, {"beta1": 0.6, "beta2": 0.8, "eps": 0.1}),
    (adam, adam_steps, {"beta1": 0.8, "beta2": 0.3, "eps": 0.1, "bias_correction": False}),
    (adam, adam_steps, {}),
]


@pytest.mark.parametrize(("step", "steps", "options"), CASES)
@pytest.mark.parametrize("shape", [(1,), (3,), (3, 2), (2, 1, 3)])
def test_path_under_changing_gradients_and_rates(step, steps, options, shape):
    rng = np.random.default_rng(1)
    w, g = frozen(rng.normal(size=shape), 3 * rng.normal(size=(5, *shape)))
    expected = w + np.cumsum(steps(g, column(LRS, g), **options), axis=0)
    np.testing.assert_allclose(walk(step, w, g, **options), expected, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize(
    ("step", "options", "grads", "expected"),
    [
        (sgd, {}, (1, 2, 4), (-1, -2, -3)),
        # v: 1, 2.5, 5.25
        (momentum, {"rho": 0.5}, (1, 2, 4), (-1, -2.25, -3.5625)),
        # v: -1, -1.5, -1.75
        (classical_momentum, {"alpha": 0.5}, (1, 2, 4), (-1, -2.5, -4.25)),
        (nesterov, {"rho": 0.5}, (1, 2, 4), (-1, -2.5, -4.25)),
        # sqrt(c): 3, 5, 13
        (adagrad, {"eps": 0.0}, (3, 4, -12), (-1, -1.4, -1.4 + 3 / 13)),
        # sqrt(c): 3, 4, 5
        (
            rmsprop,
            {"beta": 0.75, "eps": 0.0},
            (6, 37**0.5, 52**0.5),
            (-2, -2 - 37**0.5 / 8, -2 - 37**0.5 / 8 - 52**0.5 / 20),
        ),
        # m^: 1, -1/3, 1; c^: 1, 1, 19/7
        (
            adam,
            {"beta1": 0.5, "beta2": 0.5, "eps": 0.0},
            (1, -1, 2),
            (-1, -5 / 6, -5 / 6 - 0.25 * (7 / 19) ** 0.5),
        ),
        # without hats m: 1/2, -1/4, 7/8; c: 1/2, 3/4, 19/8
        (
            adam,
            {"beta1": 0.5, "beta2": 0.5, "eps": 0.0, "bias_correction": False},
            (1, -1, 2),
            tuple(
                itertools.accumulate(
                    (-(0.5**0.5), 0.125 / 0.75**0.5, -0.25 * 0.875 / (19 / 8) ** 0.5)
                )
            ),
        ),
    ],
)
def test_three_steps_written_out(step, options, grads, expected):
    lrs = (1.0, 0.5, 0.25)
    points = walk(step, np.zeros(1), [np.array([float(g)]) for g in grads], lrs, **options)
    np.testing.assert_allclose(points[:, 0], expected, rtol=1e-14)


def test_adamw_decays_before_the_step_and_keeps_its_moments_clean():
    w, g = np.array([2.0, -4.0]), np.array([[1.0, 1.0], [-1.0, -1.0], [2.0, 2.0]])
    options = {"beta1": 0.5, "beta2": 0.5, "eps": 0.0}
    steps = np.diff(walk(adam, np.zeros(2), g, **options), axis=0, prepend=np.zeros((1, 2)))
    expected, points = w, []
    for lr, s in zip(LRS, steps, strict=False):
        expected = expected * (1 - lr * 0.25) + s
        points.append(expected)
    np.testing.assert_allclose(
        walk(adamw, w, g, weight_decay=0.25, **options), np.stack(points), rtol=1e-14
    )


def test_adamw_has_a_hundredth_of_decay_by_default():
    w, _ = adamw(np.array([100.0]), np.zeros(1), lr=0.5)
    np.testing.assert_allclose(w, 99.5)


def test_lion_steps_by_the_sign_of_its_own_mixture():
    # m before the step: 0, 1/2, 3/16; the mixture 3/4 m + 1/4 g: 1, -1/8, -7/64. The sign of the
    # new m, 3/16, would send the second step the other way.
    g = np.array([[4.0], [-2.0], [-1.0]])
    points = walk(lion, np.ones(1), g, (1.0, 0.5, 0.25), beta1=0.75, beta2=0.875)
    np.testing.assert_allclose(points[:, 0], [0.0, 0.5, 0.75])
    decayed, _ = lion(np.array([10.0]), np.array([1.0]), lr=0.1, weight_decay=0.5)
    np.testing.assert_allclose(decayed, [10 - 0.5 - 0.1])


def test_nesterov_asks_for_the_gradient_where_the_velocity_leads():
    asked = []

    def slope(w):
        asked.append(w.copy())
        return 2 * w

    w, state = frozen(np.array([1.0, -3.0])), None
    for k in range(4):
        before = 0.0 if state is None else 0.8 * state.v
        w_next, state = nesterov(w, slope, state, lr=0.1 / (k + 1), rho=0.8)
        np.testing.assert_allclose(asked[-1], w + before)
        np.testing.assert_allclose(state.v, before - 0.1 / (k + 1) * 2 * asked[-1])
        np.testing.assert_allclose(w_next, w + state.v)
        w = w_next
    assert len(asked) == 4


def test_nesterov_seen_from_the_point_ahead_is_the_form_of_pytorch():
    def slope(w):
        return w**3 - w

    ours, state = np.array([2.0, 0.3]), None
    theirs, buffer = ours.copy(), np.zeros(2)
    for _ in range(20):
        ours, state = nesterov(ours, slope, state, lr=0.05, rho=0.9)
        grad = slope(theirs)
        buffer = 0.9 * buffer + grad
        theirs = theirs - 0.05 * (grad + 0.9 * buffer)
        np.testing.assert_allclose(ours + 0.9 * state.v, theirs, rtol=1e-10)


@pytest.mark.parametrize(
    ("step", "options", "same", "same_options"),
    [
        (momentum, {"rho": 0.0}, sgd, {}),
        (classical_momentum, {"alpha": 0.0}, sgd, {}),
        (nesterov, {"rho": 0.0}, sgd, {}),
        (adamw, {"weight_decay": 0.0}, adam, {}),
        (
            adam,
            {"beta1": 0.0, "beta2": 0.7, "bias_correction": False},
            rmsprop,
            {"beta": 0.7},
        ),
    ],
)
def test_settings_that_turn_one_rule_into_another(step, options, same, same_options):
    rng = np.random.default_rng(2)
    w, g = rng.normal(size=(3, 2)), rng.normal(size=(5, 3, 2))
    np.testing.assert_allclose(
        walk(step, w, g, **options), walk(same, w, g, **same_options), rtol=1e-13
    )


def test_adam_without_momentum_is_rmsprop_with_a_corrected_average():
    rng = np.random.default_rng(3)
    g = rng.normal(size=(5, 4))
    points = walk(adam, np.zeros(4), g, beta1=0.0, beta2=0.9, eps=0.0)
    # Dividing c by 1 - beta^t is multiplying the step by the root of it.
    t = np.arange(1, 6)
    lrs = np.array(LRS) * np.sqrt(1 - 0.9**t)
    np.testing.assert_allclose(points, walk(rmsprop, np.zeros(4), g, lrs, beta=0.9, eps=0.0))


def test_the_two_momentums_agree_until_the_rate_drops():
    g = np.random.default_rng(4).normal(size=(5, 3))
    w = np.zeros(3)
    first = walk(momentum, w, g, (0.1,) * 5, rho=0.9)
    second = walk(classical_momentum, w, g, (0.1,) * 5, alpha=0.9)
    np.testing.assert_allclose(first, second)
    drop = (0.1, 0.1, 0.001, 0.001, 0.001)
    stopped = np.abs(np.diff(walk(momentum, w, g, drop), axis=0)[1:]).max()
    coasting = np.abs(np.diff(walk(classical_momentum, w, g, drop), axis=0)[1:]).max()
    assert stopped < 0.02 * coasting


@pytest.mark.parametrize("name", [*ADAPTIVE, "lion", "muon"])
@settings(max_examples=30, deadline=None, derandomize=True)
@given(exponent=st.integers(-12, 12), seed=st.integers(0, 100))
def test_step_does_not_depend_on_the_scale_of_the_gradients(name, exponent, seed):
    options = {"eps": 0.0} if name in ADAPTIVE else {}
    g = np.random.default_rng(seed).normal(size=(4, 3, 2))
    w = np.ones((3, 2))
    np.testing.assert_allclose(
        walk(OPTIMIZERS[name], w, 2.0**exponent * g, **options),
        walk(OPTIMIZERS[name], w, g, **options),
        rtol=1e-9,
    )


@pytest.mark.parametrize("name", ["adam", "adamw", "adagrad", "lion"])
def test_first_step_has_the_length_lr(name):
    w, _ = OPTIMIZERS[name](np.zeros(3), np.array([1e-3, -1.0, 1e5]), lr=0.1)
    np.testing.assert_allclose(w, [-0.1, 0.1, -0.1], rtol=1e-4)


def test_first_steps_without_correction():
    w, _ = adam(np.zeros(1), np.ones(1), lr=1.0, bias_correction=False)
    np.testing.assert_allclose(w, -0.1 / math.sqrt(0.001), rtol=1e-5)
    w, _ = rmsprop(np.zeros(1), np.ones(1), lr=1.0)
    np.testing.assert_allclose(w, -10.0, rtol=1e-6)


EVERY = [*OPTIMIZERS.values(), nesterov]


def take(step, w, grad, state=None, **options):
    return step(w, constant(grad) if step is nesterov else grad, state, **options)


def arrays_of(state):
    return [] if state is None else [a for a in state if isinstance(a, np.ndarray)]


@pytest.mark.parametrize("step", EVERY)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(1,), (4,), (3, 2), (2, 3, 2)])
def test_arguments_and_states_stay_as_they_were(step, dtype, shape):
    rng = np.random.default_rng(5)
    w = frozen(rng.normal(size=shape).astype(dtype))
    state = None
    for _ in range(3):
        grad = frozen(rng.normal(size=shape).astype(dtype))
        for array in arrays_of(state):
            array.flags.writeable = False
        before = copy.deepcopy(state)
        w_next, state_next = take(step, w, grad, state, lr=0.1)
        again, _ = take(step, w, grad, state, lr=0.1)
        np.testing.assert_array_equal(w_next, again)
        for old, kept in zip(arrays_of(state), arrays_of(before), strict=True):
            np.testing.assert_array_equal(old, kept)
        assert w_next.shape == shape
        assert w_next.dtype == dtype
        for array in arrays_of(state_next):
            assert array.shape == shape
            assert array.dtype == dtype
            for other in (w, grad, w_next, *arrays_of(state)):
                assert not np.shares_memory(array, other)
        for one, other in itertools.combinations(arrays_of(state_next), 2):
            assert not np.shares_memory(one, other)
        assert not np.shares_memory(w_next, w)
        assert not np.shares_memory(w_next, grad)
        w, state = w_next, state_next


ADAM_DEFAULTS = {"lr": 1e-3, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8}
DEFAULTS = {
    sgd: {"lr": 0.01},
    momentum: {"lr": 0.01, "rho": 0.9},
    classical_momentum: {"lr": 0.01, "alpha": 0.9},
    nesterov: {"lr": 0.01, "rho": 0.9},
    adagrad: {"lr": 0.01, "eps": 1e-8},
    rmsprop: {"lr": 0.01, "beta": 0.99, "eps": 1e-8},
    adadelta: {"lr": 1.0, "rho": 0.9, "eps": 1e-6},
    adam: {**ADAM_DEFAULTS, "bias_correction": True},
    adamw: {**ADAM_DEFAULTS, "weight_decay": 0.01},
    lion: {"lr": 1e-4, "beta1": 0.9, "beta2": 0.99, "weight_decay": 0.0},
    muon: {"lr": 0.02, "rho": 0.95, "iterations": 10},
}


@pytest.mark.parametrize("step", EVERY)
def test_signatures_and_defaults(step):
    named = inspect.signature(step).parameters
    assert list(named)[:3] == ["w", "grad_fn" if step is nesterov else "grad", "state"]
    assert named["state"].default is None
    options = list(named.values())[3:]
    assert all(p.kind is p.KEYWORD_ONLY for p in options)
    assert {p.name: p.default for p in options} == DEFAULTS[step]


@pytest.mark.parametrize("step", EVERY)
def test_integers_and_lists_are_taken_as_floats(step):
    w, grad = [[3, 1], [-2, 4]], [[1, -1], [2, 7]]
    expected, _ = take(step, np.array(w, float), np.array(grad, float), lr=0.5)
    for kind in (np.int8, np.int64, list):
        given_w, given_grad = (w, grad) if kind is list else (np.array(w, kind), np.array(grad))
        got, _ = take(step, given_w, given_grad, lr=0.5)
        assert got.dtype == np.float64
        np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("step", EVERY)
def test_no_gradient_means_no_step(step):
    w = np.array([[1.0, -2.0]])
    with np.errstate(all="raise"):
        w_next, state = take(step, w, np.zeros((1, 2)), lr=0.1, **no_decay(step))
        w_next, _ = take(step, w_next, np.zeros((1, 2)), state, lr=0.1, **no_decay(step))
    np.testing.assert_array_equal(w_next, w)


def no_decay(step):
    return {"weight_decay": 0.0} if step is adamw else {}


@pytest.mark.parametrize("step", EVERY)
def test_walks_down_a_quadratic(step):
    h = np.array([[1.0, 3.0], [2.0, 10.0]])
    w, state = np.array([[1.0, -1.0], [2.0, 1.0]]), None
    before = np.sum(h * w**2)
    rate = {adagrad: 0.5, adadelta: 20.0}.get(step, 0.08)  # both are slow starters
    for k in range(300):
        slope = (lambda w: h * w) if step is nesterov else h * w
        w, state = step(w, slope, state, lr=rate / (1 + 0.02 * k))
    assert np.sum(h * w**2) < 0.005 * before


@pytest.mark.parametrize("condition", [5.0, 40.0])
def test_best_rates_on_a_quadratic(condition):
    h, w0 = np.array([1.0, condition]), np.array([1.0, 1.0])
    w = walk(sgd, w0, [h * w0], (2 / (1 + condition),))  # both components shrink alike
    np.testing.assert_allclose(np.abs(w), np.full((1, 2), (condition - 1) / (condition + 1)))
    root = math.sqrt(condition)
    rho = ((root - 1) / (root + 1)) ** 2
    w, state = w0, None
    for _ in range(400):
        w, state = momentum(w, h * w, state, lr=(1 + math.sqrt(rho)) ** 2 / condition, rho=rho)
    # A double root: t times its t-th power.
    assert np.abs(w).max() < 400 * 10 * math.sqrt(rho) ** 400


@pytest.mark.parametrize("step", OPTIMIZERS.values())
def test_gradient_of_another_shape_is_refused(step):
    for shape in ((3,), (2, 1), (1, 2)):
        with pytest.raises(ValueError, match="grad"):
            step(np.zeros(2), np.zeros(shape))


def test_gradient_function_of_another_shape_is_refused():
    with pytest.raises(ValueError, match="grad_fn"):
        nesterov(np.zeros(2), lambda w: np.zeros((2, 1)))


@pytest.mark.parametrize(
    ("step", "name"),
    [
        (momentum, "rho"),
        (classical_momentum, "alpha"),
        (nesterov, "rho"),
        (rmsprop, "beta"),
        (adadelta, "rho"),
        (adam, "beta1"),
        (adam, "beta2"),
        (adamw, "beta1"),
        (adamw, "beta2"),
        (lion, "beta1"),
        (lion, "beta2"),
        (muon, "rho"),
    ],
)
@pytest.mark.parametrize("rate", [-0.1, 1.0, 1.5])
def test_decay_rates_outside_their_range_are_refused(step, name, rate):
    with pytest.raises(ValueError, match=name):
        take(step, np.zeros(2), np.zeros(2), **{name: rate})


def test_registry_names_its_functions():
    assert all(step.__name__ == name for name, step in OPTIMIZERS.items())
    assert all("grad" in inspect.signature(step).parameters for step in OPTIMIZERS.values())
    written = {
        name
        for name, f in vars(optimizers).items()
        if inspect.isfunction(f) and "state" in inspect.signature(f).parameters
    }
    assert written == {*OPTIMIZERS, "nesterov"}


# Orthogonalization


@pytest.mark.parametrize("shape", [(4, 4), (6, 3), (3, 6), (1, 5), (5, 1), (1, 1)])
def test_newton_schulz_ends_at_the_orthogonal_polar_factor(shape):
    x = frozen(np.random.default_rng(6).normal(size=shape))
    tall = x if shape[0] >= shape[1] else x.T
    factor = scipy.linalg.polar(tall)[0]
    np.testing.assert_allclose(
        newton_schulz(x, 40), factor if tall is x else factor.T, rtol=1e-9, atol=1e-10
    )


@pytest.mark.parametrize("iterations", [0, 1, 2, 5, 10])
def test_newton_schulz_acts_on_singular_values_alone(iterations):
    x = np.random.default_rng(7).normal(size=(5, 3))
    u, s, vt = np.linalg.svd(x, full_matrices=False)
    s = s / np.sqrt(np.sum(s**2))
    for _ in range(iterations):
        s = 1.5 * s - 0.5 * s**3
    np.testing.assert_allclose(newton_schulz(x, iterations), u * s @ vt, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("iterations", [1, 3, 5])
def test_newton_schulz_is_the_iteration_of_iternorm(iterations):
    x = np.random.default_rng(8).normal(size=(20, 4)) @ np.diag([1.0, 2.0, 3.0, 4.0])
    x = x - x.mean(axis=0)
    sigma = x.T @ x / 20
    scaled, p = sigma / np.trace(sigma), np.eye(4)
    for _ in range(iterations):
        p = (3 * p - p @ p @ p @ scaled) / 2
    whitened = x @ p / np.sqrt(np.trace(sigma))
    np.testing.assert_allclose(np.sqrt(20) * newton_schulz(x, iterations), whitened, rtol=1e-9)


def test_newton_schulz_runs_ten_rounds_unless_told_otherwise():
    x = np.diag([1.0, 1e-4])
    np.testing.assert_array_equal(newton_schulz(x), newton_schulz(x, iterations=10))


def test_newton_schulz_keeps_float32_and_accepts_zero():
    x = np.ones((2, 3), np.float32)
    assert newton_schulz(x).dtype == np.float32
    with np.errstate(all="raise"):
        np.testing.assert_array_equal(newton_schulz(np.zeros((2, 3))), np.zeros((2, 3)))


@pytest.mark.parametrize(
    ("name", "arguments"), [("x", (np.zeros(3),)), ("iterations", (np.eye(2), -1))]
)
def test_newton_schulz_refuses(name, arguments):
    with pytest.raises(ValueError, match=name):
        newton_schulz(*arguments)


def test_muon_steps_along_the_polar_factor_of_its_momentum():
    rng = np.random.default_rng(9)
    w, g = rng.normal(size=(4, 3)), rng.normal(size=(5, 4, 3))
    velocity = averages(g, 0.8)
    factors = [scipy.linalg.polar(gt + 0.8 * v)[0] for gt, v in zip(g, velocity, strict=True)]
    expected = w - np.cumsum(column(LRS, g) * np.stack(factors), axis=0)
    np.testing.assert_allclose(walk(muon, w, g, rho=0.8, iterations=60), expected, rtol=1e-8)


def test_muon_moves_a_vector_by_lr_and_a_filter_as_a_matrix():
    w, _ = muon(np.zeros(2), np.array([3.0, -4.0]), lr=0.5)
    np.testing.assert_allclose(w, [-0.3, 0.4])
    grad = np.random.default_rng(10).normal(size=(3, 2, 2, 2))
    w, _ = muon(np.zeros_like(grad), grad, lr=1.0, iterations=40)
    flat = w.reshape(3, 8)
    np.testing.assert_allclose(flat @ flat.T, np.eye(3), atol=1e-9)


# Mini-batches


@pytest.mark.parametrize(
    ("n", "size", "lengths"),
    [
        (10, 3, [3, 3, 3, 1]),
        (9, 3, [3, 3, 3]),
        (4, 9, [4]),
        (1, 1, [1]),
        (5, 1, [1] * 5),
        (7, 7, [7]),
    ],
)
def test_minibatches_use_every_example_once(n, size, lengths):
    batches = minibatches(n, size, np.random.default_rng(0))
    assert isinstance(batches, list)
    assert [len(batch) for batch in batches] == lengths
    assert sorted(np.concatenate(batches).tolist()) == list(range(n))


def test_minibatches_are_a_uniform_shuffle_and_a_fresh_one():
    rng = np.random.default_rng(1)
    counts = dict.fromkeys(itertools.permutations(range(4)), 0)
    for _ in range(4800):
        counts[tuple(np.concatenate(minibatches(4, 3, rng)).tolist())] += 1
    assert scipy.stats.chisquare(list(counts.values())).pvalue > 1e-6


def test_minibatches_come_from_the_generator_alone():
    first, second = (minibatches(50, 8, np.random.default_rng(3)) for _ in range(2))
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))
    np.random.seed(0)  # noqa: NPY002
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    minibatches(50, 8, np.random.default_rng(4))
    np.testing.assert_array_equal(before, np.random.get_state()[1])  # noqa: NPY002


@pytest.mark.parametrize(("n", "size", "name"), [(0, 1, "n"), (-2, 1, "n"), (5, 0, "batch_size")])
def test_minibatches_refuse_sizes(n, size, name):
    with pytest.raises(ValueError, match=name):
        minibatches(n, size, np.random.default_rng(0))
