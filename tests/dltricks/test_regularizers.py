import itertools

import numpy as np
import pytest
import scipy.optimize
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from oracles import assert_gradient, frozen
from sklearn.linear_model import ElasticNet, Lasso

from dltricks.regularizers import (
    elastic_net_penalty,
    jacobian_penalty,
    l1_penalty,
    l2_penalty,
    lp_penalty,
    max_norm,
    project_l2_ball,
    proximal_gradient_step,
    soft_threshold,
    weight_decay_step,
)

laws = settings(max_examples=60, deadline=None, derandomize=True)
entries = st.floats(-100, 100, allow_subnormal=False)
any_shape = arrays(np.float64, array_shapes(max_dims=3, max_side=4), elements=entries)
# What NumPy's own norm can raise to the 40th power.
moderate = arrays(
    np.float64,
    array_shapes(max_dims=3, max_side=4),
    elements=st.just(0.0) | st.floats(1e-3, 100) | st.floats(-100, -1e-3),
)
matrices = arrays(np.float64, array_shapes(min_dims=2, max_dims=2, max_side=5), elements=entries)
sizes = st.floats(0.01, 50)


def away_from_zero(rng, shape):
    w = rng.normal(size=shape)
    return w + 0.1 * np.sign(w)


PENALTIES = [
    (l2_penalty, (0.3,)),
    (l1_penalty, (0.3,)),
    (elastic_net_penalty, (0.7, 0.3)),
    (lp_penalty, (1, 0.3)),
    (lp_penalty, (1.5, 0.3)),
    (lp_penalty, (2, 0.3)),
    (lp_penalty, (3, 0.3)),
    (lp_penalty, (7.5, 0.3)),
]


@pytest.mark.parametrize(("penalty", "options"), PENALTIES)
@pytest.mark.parametrize("shape", [(1,), (5,), (3, 4), (2, 3, 2)])
def test_gradient_is_that_of_the_value(penalty, options, shape):
    rng = np.random.default_rng(0)
    w = frozen(away_from_zero(rng, shape))
    _, grad = penalty(w, *options)
    assert_gradient(lambda w: penalty(w, *options)[0], w, grad, rng, rtol=1e-7)


@pytest.mark.parametrize(("penalty", "options"), PENALTIES)
def test_zero_entries_and_zero_weights_feel_no_pull(penalty, options):
    with np.errstate(all="raise"):
        value, grad = penalty(frozen([[0.0, 2.0], [-1.0, 0.0]]), *options)
        assert value > 0
        assert np.all((grad == 0) == [[True, False], [False, True]])
        value, grad = penalty(frozen(np.zeros((2, 3))), *options)
    assert value == 0
    np.testing.assert_array_equal(grad, np.zeros((2, 3)))


@pytest.mark.parametrize(("penalty", "options"), PENALTIES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_types_and_0d(penalty, options, dtype):
    value, grad = penalty(frozen(np.array([1, -2, 0], dtype)), *options)
    assert grad.dtype == dtype
    assert np.asarray(value).dtype == dtype
    assert np.ndim(value) == 0
    whole, whole_grad = penalty(np.array([1, -2, 0], np.int8), *options)
    assert whole_grad.dtype == np.float64
    np.testing.assert_allclose(whole, value, rtol=1e-6)
    value, grad = penalty(np.array(-2.0, dtype), *options)
    alone, alone_grad = penalty(np.array([-2.0], dtype), *options)
    assert np.ndim(grad) == 0
    np.testing.assert_array_equal((value, grad), (alone, alone_grad[0]))
    zero, zero_grad = penalty(np.array(0.0, dtype), *options)
    assert zero == zero_grad == 0


def test_values_written_out():
    w = np.array([[3.0, -4.0], [0.0, 12.0]])
    assert l2_penalty(w, 0.5)[0] == 42.25
    assert l1_penalty(w, 0.5)[0] == 9.5
    assert elastic_net_penalty(w, 0.5)[0] == 103.5
    assert elastic_net_penalty(w, 0.5, 2.0)[0] == 207.0
    np.testing.assert_allclose(lp_penalty(w, 2, 0.5)[0], 6.5)


@laws
@given(w=moderate, p=st.floats(1, 40))
def test_lp_is_numpys_norm(w, p):
    value, _ = lp_penalty(w, p, 2.0)
    np.testing.assert_allclose(value, 2 * np.linalg.norm(w.ravel(), p), rtol=1e-9)


@laws
@given(w=moderate.filter(np.any), p=st.floats(1.01, 40))
def test_lp_gradient_has_dual_norm_one_and_obeys_euler(w, p):
    value, grad = lp_penalty(w, p, 3.0)
    q = p / (p - 1)
    np.testing.assert_allclose(np.linalg.norm(grad.ravel(), q), 3.0, rtol=1e-7)
    np.testing.assert_allclose(np.sum(grad * w), value, rtol=1e-9)


def test_lp_at_one_is_l1():
    w = np.array([[1.5, 0.0], [-2.0, 4.0]])
    for ours, theirs in zip(lp_penalty(w, 1, 0.7), l1_penalty(w, 0.7), strict=True):
        np.testing.assert_allclose(ours, theirs)


@pytest.mark.parametrize("size", [1e-300, 1e-30, 1.0, 1e30, 1e300])
@pytest.mark.parametrize("p", [1, 2, 3.5, 100, 1e4])
def test_lp_neither_overflows_nor_vanishes(size, p):
    with np.errstate(all="raise", under="ignore"):
        value, grad = lp_penalty(size * np.array([3.0, -3.0, 0.0]), p, 1.0)
    np.testing.assert_allclose(value / size, 3 * 2 ** (1 / p))
    slope = 2 ** (-(p - 1) / p)
    np.testing.assert_allclose(grad, [slope, -slope, 0.0])


def test_lp_tends_to_the_largest_entry():
    value, grad = lp_penalty([1.0, -5.0, 4.0], 1000, 1.0)
    np.testing.assert_allclose(value, 5.0)
    np.testing.assert_allclose(grad, [0.0, -1.0, 0.0], atol=1e-12)


def test_weight_decay_step_is_a_step_on_the_penalized_loss():
    rng = np.random.default_rng(1)
    w, grad = frozen(rng.normal(size=(4, 3)), rng.normal(size=(4, 3)))
    np.testing.assert_allclose(
        weight_decay_step(w, grad, 0.2, 0.3), w - 0.2 * (grad + l2_penalty(w, 0.3)[1])
    )
    np.testing.assert_allclose(weight_decay_step([2.0], [1.0], 0.5, 0.25), [1.25])


# Projections


@laws
@given(w=any_shape, radius=sizes, seed=st.integers(0, 1000))
def test_projection_is_the_nearest_point_of_the_ball(w, radius, seed):
    nearest = project_l2_ball(w, radius)
    assert np.linalg.norm(nearest) <= radius * (1 + 1e-12)
    # Nearest in a convex set: every point of it lies on the far side of the plane at `nearest`.
    z = np.random.default_rng(seed).normal(size=w.shape)
    z *= radius / np.linalg.norm(z)
    assert np.sum((w - nearest) * (z - nearest)) <= 1e-9 * (1 + np.sum(w**2))
    np.testing.assert_allclose(project_l2_ball(nearest, radius), nearest, rtol=1e-12)
    if np.linalg.norm(w) <= radius:
        np.testing.assert_array_equal(nearest, w)


@laws
@given(v=matrices, seed=st.integers(0, 1000), radius=sizes)
def test_projections_bring_points_no_farther_apart(v, seed, radius):
    w = 50 * np.random.default_rng(seed).normal(size=v.shape)
    for project in (project_l2_ball, max_norm):
        moved = np.linalg.norm(project(v, radius) - project(w, radius))
        assert moved <= np.linalg.norm(v - w) * (1 + 1e-12)


def test_projection_is_what_an_optimizer_finds():
    w = frozen(np.array([[2.0, -1.0], [0.5, 3.0]]))
    found = scipy.optimize.minimize(
        lambda z: np.sum((z - w.ravel()) ** 2),
        np.zeros(4),
        constraints={"type": "ineq", "fun": lambda z: 1.5**2 - np.sum(z**2)},
        method="SLSQP",
        options={"ftol": 1e-14},
    )
    np.testing.assert_allclose(project_l2_ball(w, 1.5).ravel(), found.x, atol=1e-5)


@laws
@given(w=matrices, limit=sizes)
def test_max_norm_projects_column_by_column(w, limit):
    columns = [project_l2_ball(column, limit) for column in w.T]
    np.testing.assert_allclose(max_norm(w, limit), np.stack(columns, axis=1), rtol=1e-12)


def test_max_norm_bounds_columns_and_leaves_short_ones():
    w = frozen([[3.0, 0.3, 0.0], [4.0, 0.4, 0.0]])
    with np.errstate(all="raise"):
        np.testing.assert_allclose(max_norm(w, 2.0), [[1.2, 0.3, 0.0], [1.6, 0.4, 0.0]])


@pytest.mark.parametrize("project", [project_l2_ball, max_norm])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_projections_return_new_arrays_of_the_same_type(project, dtype):
    for scale in (0.01, 100.0):
        w = frozen(np.full((2, 3), scale, dtype))
        projected = project(w, 1.0)
        assert projected.dtype == dtype
        assert not np.shares_memory(projected, w)
    assert project(np.ones((2, 2), int), 1).dtype == np.float64
    np.testing.assert_array_equal(project(np.zeros((2, 2), dtype), 1.0), 0)


# Proximal steps


@laws
@given(w=any_shape, lam=st.floats(0, 50))
def test_soft_threshold_solves_its_problem(w, lam):
    z = soft_threshold(w, lam)
    # 0 lies in z - w + lam * (subgradient of |z|).
    moving = z != 0
    np.testing.assert_allclose((w - z)[moving], lam * np.sign(z[moving]), atol=1e-12)
    assert np.all(np.abs(w[~moving]) <= lam)
    np.testing.assert_allclose(z, np.sign(w) * np.maximum(0, np.abs(w) - lam), atol=1e-12)


@pytest.mark.parametrize("w", [-3.0, -0.4, 0.0, 0.7, 2.5])
def test_soft_threshold_is_what_an_optimizer_finds(w):
    found = scipy.optimize.minimize_scalar(
        lambda z: (z - w) ** 2 / 2 + 0.6 * abs(z), bounds=(-5, 5), options={"xatol": 1e-9}
    )
    np.testing.assert_allclose(soft_threshold(w, 0.6), found.x, atol=1e-5)


def test_soft_threshold_keeps_type_and_gives_plain_zeros():
    x = frozen(np.array([-0.5, 0.5, 4.0], np.float32))
    z = soft_threshold(x, 1.0)
    assert z.dtype == np.float32
    assert not np.any(np.signbit(z))
    assert soft_threshold(np.array([3, -1]), 2).dtype == np.float64
    assert soft_threshold(x, 0.0) is not x
    assert not np.shares_memory(soft_threshold(x, 0.0), x)


def lasso_problem():
    rng = np.random.default_rng(2)
    x = rng.normal(size=(40, 12))
    y = x[:, :3] @ np.array([2.0, -1.0, 0.5]) + 0.1 * rng.normal(size=40)
    return x, y


@pytest.mark.parametrize("share", [1.0, 0.3])
def test_proximal_steps_end_at_the_lasso_whatever_the_rate(share):
    x, y = lasso_problem()
    lam, w = 0.2, np.zeros(12)
    lr = share / np.linalg.eigvalsh(x.T @ x / 40).max()
    for _ in range(2000):
        w = proximal_gradient_step(w, x.T @ (x @ w - y) / 40, lr, lam)
    theirs = Lasso(alpha=lam, fit_intercept=False, tol=1e-12, max_iter=100_000).fit(x, y).coef_
    np.testing.assert_allclose(w, theirs, atol=1e-8)
    assert np.array_equal(w == 0, theirs == 0)
    assert np.any(w == 0)


def test_proximal_step_written_out():
    w, grad = frozen([1.0, 0.1, -1.0], [1.0, 1.0, 2.0])
    np.testing.assert_allclose(proximal_gradient_step(w, grad, 0.5, 0.4), [0.3, -0.2, -1.8])


def test_elastic_net_is_least_at_scikit_learns_solution():
    x, y = lasso_problem()
    ours = ElasticNet(alpha=0.3, l1_ratio=0.6, fit_intercept=False, tol=1e-12).fit(x, y).coef_
    # Theirs: alpha * l1_ratio * |w|_1 + alpha * (1 - l1_ratio) / 2 * |w|_2^2.
    lam, beta = 0.18, 0.06 / 0.18
    _, pull = elastic_net_penalty(ours, beta, lam)
    slope = x.T @ (x @ ours - y) / 40 + pull
    kept = ours != 0
    np.testing.assert_allclose(slope[kept], 0, atol=1e-8)
    assert np.all(np.abs(slope[~kept]) <= lam)


# The Jacobian's norm


def numerical_jacobian_norms(x, weights, activation, h=1e-6):
    def network(x):
        for w in weights[:-1]:
            x = activation(x @ w)
        return x @ weights[-1]

    total = np.zeros(len(x))
    for i in range(x.shape[1]):
        e = h * np.eye(x.shape[1])[i]
        total += np.sum(((network(x + e) - network(x - e)) / (2 * h)) ** 2, axis=1)
    return total


@pytest.mark.parametrize("widths", [(3, 2), (4, 5, 2), (3, 6, 4, 5), (2, 1, 1, 3), (1, 4, 1)])
@pytest.mark.parametrize("n", [1, 7])
def test_jacobian_penalty_is_the_mean_over_samples(widths, n):
    rng = np.random.default_rng(3)
    x = frozen(rng.normal(size=(n, widths[0])))
    weights = [frozen(rng.normal(size=shape)) for shape in itertools.pairwise(widths)]
    penalty = jacobian_penalty(x, weights, np.tanh, lambda u: 1 - np.tanh(u) ** 2)
    expected = numerical_jacobian_norms(x, weights, np.tanh).mean()
    np.testing.assert_allclose(penalty, expected, rtol=1e-7)
    assert np.ndim(penalty) == 0


def test_jacobian_penalty_of_linear_networks():
    rng = np.random.default_rng(4)
    x, v, w = rng.normal(size=(5, 3)), rng.normal(size=(3, 4)), rng.normal(size=(4, 2))
    np.testing.assert_allclose(
        jacobian_penalty(x, [v, w], lambda u: u, np.ones_like), np.sum((v @ w) ** 2)
    )
    # The last layer has no activation, so a single one never sees it.
    np.testing.assert_allclose(jacobian_penalty(x, [v], np.tanh, None), np.sum(v**2))


def test_jacobian_penalty_keeps_float32_and_takes_lists():
    x, w = np.ones((2, 3), np.float32), np.ones((3, 3), np.float32)
    assert jacobian_penalty(x, (w, w), np.tanh, np.cosh).dtype == np.float32
    assert jacobian_penalty([[1, 2]], [[[2], [3]]], np.tanh, np.cosh) == 13


# Refusals


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda: l2_penalty([1.0], -0.1), "lam"),
        (lambda: l1_penalty([1.0], -0.1), "lam"),
        (lambda: elastic_net_penalty([1.0], 0.1, -0.1), "lam"),
        (lambda: elastic_net_penalty([1.0], -0.1), "beta"),
        (lambda: lp_penalty([1.0], 2, -0.1), "lam"),
        (lambda: lp_penalty([1.0], 0.99, 1.0), "p"),
        (lambda: lp_penalty([1.0], 0, 1.0), "p"),
        (lambda: lp_penalty([1.0], np.inf, 1.0), "p"),
        (lambda: lp_penalty([1.0], np.nan, 1.0), "p"),
        (lambda: weight_decay_step([1.0], [1.0, 2.0], 0.1, 0.1), "grad"),
        (lambda: weight_decay_step([1.0], [1.0], 0.1, -0.1), "lam"),
        (lambda: project_l2_ball([1.0], 0.0), "radius"),
        (lambda: project_l2_ball([1.0], -1.0), "radius"),
        (lambda: max_norm([[1.0]], 0.0), "limit"),
        (lambda: max_norm([1.0], 1.0), "w"),
        (lambda: soft_threshold([1.0], -0.1), "lam"),
        (lambda: proximal_gradient_step([1.0], [[1.0]], 0.1, 0.1), "grad"),
        (lambda: proximal_gradient_step([1.0], [1.0], 0.1, -0.1), "lam"),
        (lambda: proximal_gradient_step([1.0], [1.0], -0.1, 0.1), "lr"),
        (lambda: jacobian_penalty([[1.0]], [], np.tanh, np.cosh), "weights"),
        (lambda: jacobian_penalty([1.0], [np.eye(1)], np.tanh, np.cosh), "x"),
        (lambda: jacobian_penalty([[1.0]], [np.eye(2)], np.tanh, np.cosh), r"weights\[0\]"),
        (
            lambda: jacobian_penalty([[1.0]], [np.eye(1), np.eye(2)], np.tanh, np.cosh),
            r"weights\[1\]",
        ),
        (
            lambda: jacobian_penalty([[1.0]], [np.eye(2), np.eye(2)], np.tanh, np.cosh),
            r"weights\[0\]",
        ),
    ],
)
def test_refuses(call, name):
    with pytest.raises(ValueError, match=rf"^{name} "):
        call()
