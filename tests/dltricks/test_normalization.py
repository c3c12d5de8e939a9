"""Normalization layers against loops, one another, invariants, SciPy and numerical derivatives."""

import numpy as np
import pytest
import scipy.linalg
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import assert_gradient, frozen

from dltricks.normalization import (
    batch_whitening_backward,
    batch_whitening_forward,
    batchnorm_backward,
    batchnorm_forward,
    fold_batchnorm,
    groupnorm_backward,
    groupnorm_forward,
    instancenorm_backward,
    instancenorm_forward,
    iterative_whitening_forward,
    layernorm_backward,
    layernorm_forward,
    rmsnorm_backward,
    rmsnorm_forward,
    spatial_batchnorm_backward,
    spatial_batchnorm_forward,
    weight_norm,
    weight_norm_backward,
)
from dltricks.whitening import whitening_matrix


@pytest.fixture
def rng():
    return np.random.default_rng(4)


def draw(rng, *shapes, dtype=np.float64):
    return frozen(*[rng.normal(1.5, 2, size=shape).astype(dtype) for shape in shapes])


def batchnorm(x, gamma, beta, eps=1e-5):
    zero, one = np.zeros_like(gamma), np.ones_like(gamma)
    return batchnorm_forward(x, gamma, beta, zero, one, True, eps=eps)[:2]


def spatial_batchnorm(x, gamma, beta, eps=1e-5):
    zero, one = np.zeros_like(gamma), np.ones_like(gamma)
    return spatial_batchnorm_forward(x, gamma, beta, zero, one, True, eps=eps)[:2]


def groupnorm(groups):
    def forward(x, gamma, beta, eps=1e-5):
        return groupnorm_forward(x, gamma, beta, groups, eps)

    return forward


# --- every layer: what it is, and its gradients ---

LAYERS = {
    "batch": (batchnorm, batchnorm_backward),
    "layer": (layernorm_forward, layernorm_backward),
    "spatial": (spatial_batchnorm, spatial_batchnorm_backward),
    "instance": (instancenorm_forward, instancenorm_backward),
    "group1": (groupnorm(1), groupnorm_backward),
    "group2": (groupnorm(2), groupnorm_backward),
    "group6": (groupnorm(6), groupnorm_backward),
}
ROWS, IMAGES = [(7, 4), (5, 1), (1, 4), (1, 1), (2, 9)], [(3, 6, 2, 4), (1, 6, 3, 1), (4, 6, 1, 1)]
CASES = [(name, shape) for name in ("batch", "layer") for shape in ROWS]
CASES += [(name, shape) for name in LAYERS if name not in ("batch", "layer") for shape in IMAGES]


def blocks(name, x):
    """The index of each set of entries that share a mean and a variance."""
    n, c = x.shape[:2]
    if name in ("batch", "spatial"):
        return [(slice(None), j) for j in range(c)]
    if name == "layer":
        return [(i,) for i in range(n)]
    size = {"instance": 1, "group1": 6, "group2": 3, "group6": 1}[name]
    return [(i, slice(j, j + size)) for i in range(n) for j in range(0, c, size)]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("name", "shape"), CASES)
def test_each_block_is_normalized(rng, name, shape, dtype):
    x, gamma, beta = draw(rng, shape, shape[1], shape[1], dtype=dtype)
    eps = 0.1
    expected = x.astype(np.longdouble)
    for block in blocks(name, x):
        values = expected[block]
        mean = values.sum() / values.size
        variance = ((values - mean) ** 2).sum() / values.size
        expected[block] = (values - mean) / np.sqrt(variance + eps)
    per_channel = (-1,) + (1,) * (x.ndim - 2)
    expected = expected * gamma.reshape(per_channel) + beta.reshape(per_channel)
    y, _ = LAYERS[name][0](x, gamma, beta, eps=eps)
    assert y.dtype == dtype
    tolerance = 1e-12 if dtype == np.float64 else 3e-6
    np.testing.assert_allclose(y, expected.astype(float), rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("spread", [1.0, 1e-5])
@pytest.mark.parametrize(("name", "shape"), CASES)
def test_gradients(rng, name, shape, spread):
    forward, backward = LAYERS[name]
    x, gamma, beta, dy = draw(rng, shape, shape[1], shape[1], shape)
    x = frozen(spread * x)
    _, cache = forward(x, gamma, beta)
    dx, dgamma, dbeta = backward(dy, cache)

    def loss(x=x, gamma=gamma, beta=beta):
        return np.sum(dy * forward(x, gamma, beta)[0])

    assert_gradient(lambda a: loss(x=a), x, dx, rng, atol=1e-7 + 1e-6 * np.linalg.norm(dx), h=1e-6)
    assert_gradient(lambda a: loss(gamma=a), gamma, dgamma, rng, atol=1e-7)
    assert_gradient(lambda a: loss(beta=a), beta, dbeta, rng, atol=1e-7)


@pytest.mark.parametrize(("name", "shape"), CASES)
def test_a_cache_may_be_used_again_and_float32_stays(rng, name, shape):
    forward, backward = LAYERS[name]
    x, gamma, beta, dy = draw(rng, shape, shape[1], shape[1], shape, dtype=np.float32)
    y, cache = forward(x, gamma, beta)
    first = backward(dy, cache)
    y *= 0  # the caller's to do with as it likes
    for one, two in zip(first, backward(dy, cache), strict=True):
        assert one.dtype == np.float32
        np.testing.assert_array_equal(one, two)
    exact = backward(
        dy.astype(float), forward(x.astype(float), gamma.astype(float), beta.astype(float))[1]
    )
    for gradient, true in zip(first, exact, strict=True):
        np.testing.assert_allclose(gradient, true, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("name", LAYERS)
def test_shifting_and_scaling_the_input_changes_nothing(rng, name):
    forward, backward = LAYERS[name]
    shape = (5, 6) if name in ("batch", "layer") else (3, 6, 2, 4)
    x, gamma, beta, dy = draw(rng, shape, 6, 6, shape)
    y, cache = forward(x, gamma, beta, eps=0.0)
    np.testing.assert_allclose(forward(3 * x - 7, gamma, beta, eps=0.0)[0], y, rtol=1e-9)
    dx = backward(dy, cache)[0]
    for block in blocks(name, x):
        np.testing.assert_allclose([dx[block].sum(), (dx * x)[block].sum()], 0, atol=1e-12)


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("value", [0.0, 0.1, 1e8, -1e150])
def test_a_constant_input_gives_beta(name, value):
    forward, backward = LAYERS[name]
    shape = (5, 6) if name in ("batch", "layer") else (3, 6, 2, 4)
    beta = frozen(np.arange(6.0))
    with np.errstate(all="raise"):
        y, cache = forward(frozen(np.full(shape, value)), frozen(np.ones(6)), beta)
        dx, _, _ = backward(frozen(np.ones(shape)), cache)
    if abs(value) <= 1:
        np.testing.assert_allclose(y - beta.reshape((-1,) + (1,) * (y.ndim - 2)), 0, atol=1e-12)
    assert np.isfinite(y).all()
    assert np.isfinite(dx).all()


@pytest.mark.parametrize("name", LAYERS)
def test_a_large_offset_costs_no_more_digits_than_it_must(rng, name):
    forward = LAYERS[name][0]
    shape = (50, 6) if name in ("batch", "layer") else (5, 6, 4, 4)
    (x,) = draw(rng, shape)[None]
    one, zero = frozen(np.ones(6), np.zeros(6))
    # 1e8 leaves 1e-8 of the digits: E[x^2] - E[x]^2 would leave none.
    np.testing.assert_allclose(
        forward(x + 1e8, one, zero)[0], forward(x, one, zero)[0], rtol=0, atol=1e-6
    )


def test_integers_are_numbers():
    x = frozen(np.array([[0, 4], [2, 8]], np.int8))
    for forward in (batchnorm, layernorm_forward):
        y, _ = forward(x, [1, 1], [0, 0], eps=0.0)
        np.testing.assert_allclose(np.abs(y), 1)
    np.testing.assert_allclose(np.abs(iterative_whitening_forward(x[:, :1], 1, 0.0)), 1)


# --- batch norm's two modes ---


@pytest.mark.parametrize("momentum", [0.0, 0.1, 0.37, 1.0])
def test_running_figures_average_the_batches(rng, momentum):
    mean, var = frozen(rng.normal(size=3), rng.uniform(1, 2, size=3))
    gamma, beta = draw(rng, 3, 3)
    expected_mean, expected_var = mean, var
    for n in (4, 7, 1):
        x = draw(rng, (n, 3))
        _, _, mean, var = batchnorm_forward(x, gamma, beta, mean, var, True, momentum)
        expected_mean = expected_mean + momentum * (x.sum(axis=0) / n - expected_mean)
        batch_var = (x**2).sum(axis=0) / n - (x.sum(axis=0) / n) ** 2
        expected_var = expected_var + momentum * (batch_var - expected_var)
        mean, var = frozen(mean, var)
    np.testing.assert_allclose(mean, expected_mean, rtol=1e-12)
    np.testing.assert_allclose(var, expected_var, rtol=1e-10)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("forward", [batchnorm_forward, spatial_batchnorm_forward])
def test_test_time_uses_the_running_figures_and_keeps_them(rng, forward, dtype):
    shape = (5, 3) if forward is batchnorm_forward else (5, 3, 2, 2)
    x, gamma, beta, mean = draw(rng, shape, 3, 3, 3, dtype=dtype)
    var = frozen(np.array([0.5, 4.0, 9.0], dtype))
    y, _, mean_after, var_after = forward(x, gamma, beta, mean, var, False, 0.3, eps=0.25)
    assert y.dtype == mean_after.dtype == var_after.dtype == dtype
    np.testing.assert_array_equal([mean_after, var_after], [mean, var])
    for j in range(3):
        expected = gamma[j] * (x[:, j] - mean[j]) / np.sqrt(var[j] + 0.25) + beta[j]
        np.testing.assert_allclose(y[:, j], expected, rtol=1e-5, atol=1e-5)
    one = forward(x[:1], gamma, beta, mean, var, False, 0.3, eps=0.25)[0]
    np.testing.assert_allclose(one, y[:1], rtol=1e-6)


def test_no_gradient_is_promised_for_a_test_pass(rng):
    x = draw(rng, (4, 2))
    one, zero = np.ones(2), np.zeros(2)
    _, cache, *_ = batchnorm_forward(x, one, zero, zero, one, training=False)
    with pytest.raises(ValueError, match=r"^cache must"):
        batchnorm_backward(x, cache)


@pytest.mark.parametrize("training", [True, False])
def test_spatial_batchnorm_is_batchnorm_of_the_pixels(rng, training):
    shape = (4, 3, 2, 5)
    x, dy, gamma, beta, mean = draw(rng, shape, shape, 3, 3, 3)
    var = frozen(rng.uniform(1, 2, size=3))

    def pixels(images):
        return images.transpose(0, 2, 3, 1).reshape(-1, 3)

    y, cache, *running = spatial_batchnorm_forward(x, gamma, beta, mean, var, training)
    expected, rows, *expected_running = batchnorm_forward(
        pixels(x), gamma, beta, mean, var, training
    )
    np.testing.assert_allclose(pixels(y), expected, rtol=1e-12)
    np.testing.assert_allclose(running, expected_running, rtol=1e-12)
    if training:
        dx, dgamma, dbeta = spatial_batchnorm_backward(dy, cache)
        expected = batchnorm_backward(pixels(dy), rows)
        for ours, theirs in zip((pixels(dx), dgamma, dbeta), expected, strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("d_in", "d"), [(4, 3), (1, 1), (2, 5)])
def test_folding_is_the_two_layers_at_test_time(rng, d_in, d, dtype):
    x, w = draw(rng, (6, d_in), (d_in, d), dtype=dtype)
    b, gamma, beta, mean = draw(rng, d, d, d, d, dtype=dtype)
    var = frozen(rng.uniform(0.1, 2, size=d).astype(dtype))
    folded_w, folded_b = fold_batchnorm(w, b, gamma, beta, mean, var, eps=0.2)
    assert folded_w.dtype == folded_b.dtype == dtype
    expected = batchnorm_forward(x @ w + b, gamma, beta, mean, var, False, eps=0.2)[0]
    tolerance = 1e-11 if dtype == np.float64 else 1e-4
    np.testing.assert_allclose(x @ folded_w + folded_b, expected, rtol=tolerance, atol=tolerance)


# --- how the layers hang together ---


def test_layernorm_is_batchnorm_of_the_transpose(rng):
    x, dy = draw(rng, (6, 4), (6, 4))
    gamma, beta = frozen(np.ones(4), np.zeros(4))
    y, cache = layernorm_forward(x, gamma, beta)
    transposed, other = batchnorm(x.T, np.ones(6), np.zeros(6))
    np.testing.assert_allclose(y, transposed.T, rtol=1e-12)
    np.testing.assert_allclose(
        layernorm_backward(dy, cache)[0], batchnorm_backward(dy.T, other)[0].T, rtol=1e-9
    )


def test_one_group_is_layernorm_and_a_group_a_channel_is_instancenorm(rng):
    x, gamma, beta = draw(rng, (3, 4, 2, 5), 4, 4)
    flat = layernorm_forward(x.reshape(3, -1), np.repeat(gamma, 10), np.repeat(beta, 10))[0]
    np.testing.assert_allclose(
        groupnorm_forward(x, gamma, beta, 1)[0], flat.reshape(x.shape), rtol=1e-10
    )
    y = instancenorm_forward(x, gamma, beta)[0]
    np.testing.assert_array_equal(groupnorm_forward(x, gamma, beta, 4)[0], y)
    for i in range(3):  # a batch of one image has nothing else to average over
        np.testing.assert_allclose(y[i], spatial_batchnorm(x[i : i + 1], gamma, beta)[0][0])


# --- RMS norm ---


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", ROWS)
def test_rmsnorm(rng, shape, dtype):
    x, gamma = draw(rng, shape, shape[1], dtype=dtype)
    y, _ = rmsnorm_forward(x, gamma, eps=0.1)
    assert y.dtype == dtype
    expected = [gamma * row / np.sqrt(row @ row / len(row) + 0.1) for row in x.astype(float)]
    np.testing.assert_allclose(y, expected, rtol=1e-12 if dtype == np.float64 else 1e-5)


@pytest.mark.parametrize("spread", [1.0, 1e-4])
@pytest.mark.parametrize("shape", ROWS)
def test_rmsnorm_gradients(rng, shape, spread):
    x, gamma, dy = draw(rng, shape, shape[1], shape)
    x = frozen(spread * x)
    dx, dgamma = rmsnorm_backward(dy, rmsnorm_forward(x, gamma)[1])
    assert_gradient(
        lambda a: np.sum(dy * rmsnorm_forward(a, gamma)[0]), x, dx, rng, rtol=1e-5, atol=1e-5
    )
    assert_gradient(lambda a: np.sum(dy * rmsnorm_forward(x, a)[0]), gamma, dgamma, rng)


def test_rmsnorm_is_layernorm_where_the_mean_is_zero(rng):
    x, dy, gamma = draw(rng, (5, 8), (5, 8), 8)
    x = frozen(x - x.mean(axis=1, keepdims=True))
    y, cache = rmsnorm_forward(x, gamma, eps=0.3)
    expected, other = layernorm_forward(x, gamma, np.zeros(8), eps=0.3)
    np.testing.assert_allclose(y, expected, rtol=1e-9)
    dx, dgamma = rmsnorm_backward(dy, cache)
    expected, expected_dgamma, _ = layernorm_backward(dy, other)
    np.testing.assert_allclose(dx - dx.mean(axis=1, keepdims=True), expected, atol=1e-12)
    np.testing.assert_allclose(dgamma, expected_dgamma, rtol=1e-9)


def test_rmsnorm_of_zeros_is_zero_and_float32_stays():
    x, gamma = frozen(np.zeros((2, 3), np.float32), np.ones(3, np.float32))
    with np.errstate(all="raise"):
        y, cache = rmsnorm_forward(x, gamma)
        dx, dgamma = rmsnorm_backward(gamma * np.ones_like(x), cache)
    np.testing.assert_array_equal(y, 0)
    np.testing.assert_allclose(dx, 1e3, rtol=1e-5)
    assert dx.dtype == dgamma.dtype == np.float32


# --- weight norm ---


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(5, 3), (3, 5), (1, 2), (4, 1)])
def test_weight_norm_has_the_direction_of_v_and_the_length_g(rng, shape, dtype):
    v, g = draw(rng, shape, shape[1], dtype=dtype)
    w = weight_norm(v, g)
    assert w.dtype == dtype
    np.testing.assert_allclose(np.linalg.norm(w, axis=0), np.abs(g), rtol=1e-5)
    np.testing.assert_allclose((w * v).sum(axis=0), g * np.linalg.norm(v, axis=0), rtol=1e-5)
    np.testing.assert_allclose(weight_norm(v * np.arange(1, shape[1] + 1), g), w, rtol=1e-5)


@pytest.mark.parametrize("shape", [(5, 3), (3, 5), (1, 2), (4, 1)])
def test_weight_norm_gradients(rng, shape):
    v, g, dw = draw(rng, shape, shape[1], shape)
    dv, dg = weight_norm_backward(dw, v, g)
    assert_gradient(lambda a: np.sum(dw * weight_norm(a, g)), v, dv, rng)
    assert_gradient(lambda a: np.sum(dw * weight_norm(v, a)), g, dg, rng)
    np.testing.assert_allclose((dv * v).sum(axis=0), 0, atol=1e-12)


def test_weight_norm_backward_keeps_float32(rng):
    v, g, dw = draw(rng, (4, 2), 2, (4, 2), dtype=np.float32)
    assert [a.dtype for a in weight_norm_backward(dw, v, g)] == [np.float32] * 2


# --- batch whitening ---


def correlated(rng, n, d, dtype=np.float64):
    mix = scipy.linalg.qr(rng.normal(size=(d, d)))[0] * np.logspace(0.5, -1, d)
    return frozen((rng.normal(size=(n, d)) @ mix.T + 3).astype(dtype))


def with_variances(rng, n, variances):
    """A batch whose covariance has exactly these eigenvalues (to rounding)."""
    d = len(variances)
    z = rng.normal(size=(n, d))
    z = np.linalg.qr(z - z.mean(axis=0))[0] * np.sqrt(n)
    rotation = scipy.linalg.qr(rng.normal(size=(d, d)))[0]
    return frozen(z * np.sqrt(variances) @ rotation + 1)


@pytest.mark.parametrize(("n", "d"), [(40, 5), (40, 1), (4, 7), (1, 3)])
def test_batch_whitening_is_the_inverse_root_of_the_covariance(rng, n, d):
    x = correlated(rng, n, d)
    eps = 1e-2
    centred = x - x.mean(axis=0)
    s = centred.T @ centred / n + eps * np.eye(d)
    expected = centred @ scipy.linalg.inv(scipy.linalg.sqrtm(s))
    np.testing.assert_allclose(batch_whitening_forward(x, eps)[0], expected, rtol=0, atol=1e-9)
    mean, m = whitening_matrix(x, eps)
    np.testing.assert_allclose((x - mean) @ m, expected, rtol=0, atol=1e-9)


def test_batch_whitening_gives_covariance_one(rng):
    y, _ = batch_whitening_forward(correlated(rng, 40, 5), eps=0.0)
    np.testing.assert_allclose(y.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(y.T @ y / 40, np.eye(5), atol=1e-10)


def test_batch_whitening_of_one_feature_is_batchnorm(rng):
    x, dy = draw(rng, (6, 1), (6, 1))
    y, cache = batch_whitening_forward(x, eps=0.1)
    expected, other = batchnorm(x, np.ones(1), np.zeros(1), eps=0.1)
    np.testing.assert_allclose(y, expected, rtol=1e-12)
    dx = batch_whitening_backward(dy, cache)
    np.testing.assert_allclose(dx, batchnorm_backward(dy, other)[0], rtol=1e-9)


VARIANCES = {
    "spread": [3.0, 1.0, 0.2, 0.05],
    "all equal": [2.0, 2.0, 2.0, 2.0],
    "two pairs": [2.0, 2.0, 0.1, 0.1],
    "nearly equal": [1.0, 1.0 + 1e-9, 1.0 - 1e-12, 0.3],
    "nearly flat": [1.0, 1e-7, 1e-7, 1e-12],
    "flat": [0.0, 0.0, 0.0, 0.0],
}


@pytest.mark.parametrize("eps", [1e-5, 0.1])
@pytest.mark.parametrize("variances", VARIANCES.values(), ids=VARIANCES)
def test_batch_whitening_gradient(rng, variances, eps):
    x = with_variances(rng, 9, variances)
    dy = draw(rng, x.shape)
    with np.errstate(all="raise"):
        dx = batch_whitening_backward(dy, batch_whitening_forward(x, eps)[1])
    assert_gradient(
        lambda a: np.sum(dy * batch_whitening_forward(a, eps)[0]),
        x,
        dx,
        rng,
        rtol=1e-5,
        atol=1e-6 * np.abs(dx).max(),
        h=1e-3 * np.sqrt(eps) * 0.1,
    )


@pytest.mark.parametrize("shape", [(3, 6), (2, 2), (1, 4), (4, 4), (7, 1), (1, 1)])
def test_batch_whitening_gradient_of_small_batches(rng, shape):
    x, dy = draw(rng, shape, shape)
    dx = batch_whitening_backward(dy, batch_whitening_forward(x, 0.01)[1])
    np.testing.assert_allclose(dx.sum(axis=0), 0, atol=1e-10)
    assert_gradient(
        lambda a: np.sum(dy * batch_whitening_forward(a, 0.01)[0]), x, dx, rng, 1e-5, 1e-6
    )


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 5))
def test_whitening_turns_with_the_data(seed, d):
    rng = np.random.default_rng(seed)
    rotation = scipy.linalg.qr(rng.normal(size=(d, d)))[0]
    x = correlated(rng, 3 * d + 1, d)
    dy = rng.normal(size=x.shape)
    for forward in (batch_whitening_forward, lambda x: (iterative_whitening_forward(x), None)):
        y, turned = forward(x)[0], forward(x @ rotation)[0]
        np.testing.assert_allclose(turned, y @ rotation, rtol=0, atol=1e-8)
    dx = batch_whitening_backward(dy, batch_whitening_forward(x)[1])
    turned = batch_whitening_backward(dy @ rotation, batch_whitening_forward(x @ rotation)[1])
    np.testing.assert_allclose(turned, dx @ rotation, rtol=0, atol=1e-7 * (1 + np.abs(dx).max()))


@pytest.mark.parametrize(("n", "d"), [(40, 5), (5, 20), (1, 3)])
def test_batch_whitening_in_float32(rng, n, d):
    x = correlated(rng, n, d, np.float32)
    y, cache = batch_whitening_forward(x, 1e-2)
    dx = batch_whitening_backward(x, cache)
    assert y.dtype == dx.dtype == np.float32
    exact, cache = batch_whitening_forward(x.astype(float), 1e-2)
    np.testing.assert_allclose(y, exact, rtol=0, atol=1e-3)
    expected = batch_whitening_backward(x.astype(float), cache)
    np.testing.assert_allclose(dx, expected, rtol=0, atol=1e-2)


def test_a_variance_that_rounding_makes_negative_is_zero(rng):
    x = frozen(1e3 * rng.normal(size=(6, 30)).astype(np.float32))
    assert np.linalg.eigvalsh(np.cov(x, rowvar=False, ddof=0, dtype=np.float32)).min() < -1e-5
    with np.errstate(invalid="raise", divide="raise"):
        y, cache = batch_whitening_forward(x)
        dx = batch_whitening_backward(x, cache)
    assert np.isfinite(y).all()
    assert np.isfinite(dx).all()


# --- iterative whitening ---


@pytest.mark.parametrize(("n", "d"), [(40, 5), (40, 1), (4, 7), (1, 3)])
@pytest.mark.parametrize("iterations", range(7))
def test_iterative_whitening_is_the_recursion(rng, n, d, iterations):
    x = correlated(rng, n, d)
    eps = 1e-3
    s = np.atleast_2d(np.cov(x, rowvar=False, ddof=0)) if n > 1 else np.zeros((d, d))
    s = s + eps * np.eye(d)
    p = np.eye(d)
    for _ in range(iterations):
        p = (3 * p - np.linalg.matrix_power(p, 3) @ s / np.trace(s)) / 2
    expected = (x - x.mean(axis=0)) @ p / np.sqrt(np.trace(s))
    np.testing.assert_allclose(
        iterative_whitening_forward(x, iterations, eps), expected, rtol=0, atol=1e-9
    )


@pytest.mark.parametrize("eps", [1e-5, 0.1])
@pytest.mark.parametrize(("n", "d"), [(40, 5), (40, 1), (4, 7)])
def test_iterative_whitening_tends_to_zca(rng, n, d, eps):
    x = correlated(rng, n, d)
    exact, _ = batch_whitening_forward(x, eps)
    for iterations in (30, 90):
        y = iterative_whitening_forward(x, iterations, eps)
        np.testing.assert_allclose(y, exact, rtol=0, atol=1e-8)


def test_iterative_whitening_does_not_depend_on_the_scale(rng):
    x = correlated(rng, 40, 5)
    y = iterative_whitening_forward(x, eps=0.0)
    np.testing.assert_allclose(iterative_whitening_forward(1e3 * x, eps=0.0), y, atol=1e-9)


def test_iterative_whitening_keeps_float32(rng):
    x = correlated(rng, 40, 5, np.float32)
    y = iterative_whitening_forward(x)
    assert y.dtype == np.float32
    np.testing.assert_allclose(y, iterative_whitening_forward(x.astype(float)), atol=1e-4)


# --- against PyTorch ---


@pytest.mark.torch
@pytest.mark.parametrize("name", ["batch", "spatial", "layer", "group2", "instance"])
def test_layers_agree_with_pytorch(rng, name):
    torch = pytest.importorskip("torch")
    functional = torch.nn.functional
    theirs = {
        "batch": lambda x, g, b: functional.batch_norm(x, None, None, g, b, training=True),
        "spatial": lambda x, g, b: functional.batch_norm(x, None, None, g, b, training=True),
        "layer": lambda x, g, b: functional.layer_norm(x, x.shape[1:], g, b),
        "group2": lambda x, g, b: functional.group_norm(x, 2, g, b),
        "instance": lambda x, g, b: functional.instance_norm(x, weight=g, bias=b),
    }[name]
    shape = (7, 6) if name in ("batch", "layer") else (3, 6, 2, 4)
    arrays = draw(rng, shape, 6, 6)
    dy = draw(rng, shape)
    tensors = [torch.tensor(a, requires_grad=True) for a in arrays]
    expected = theirs(*tensors)
    y, cache = LAYERS[name][0](*arrays)
    np.testing.assert_allclose(y, expected.detach().numpy(), rtol=1e-10, atol=1e-12)
    gradients = torch.autograd.grad(expected, tensors, torch.tensor(dy))
    for ours, theirs in zip(LAYERS[name][1](dy, cache), gradients, strict=True):
        np.testing.assert_allclose(ours, theirs.numpy(), rtol=1e-9, atol=1e-10)


# --- refusals ---

X, IMAGE = np.arange(6.0).reshape(3, 2), np.arange(24.0).reshape(1, 4, 2, 3)
TWO, THREE, FOUR = np.ones(2), np.ones(3), np.ones(4)


def batch_call(x=X, gamma=TWO, beta=TWO, mean=TWO, var=TWO, training=True, **options):
    return lambda: batchnorm_forward(x, gamma, beta, mean, var, training, **options)


def spatial_call(x=IMAGE, gamma=FOUR, beta=FOUR, mean=FOUR, var=FOUR):
    return lambda: spatial_batchnorm_forward(x, gamma, beta, mean, var, True)


@pytest.mark.parametrize(
    ("call", "argument"),
    [
        (batch_call(x=IMAGE), "x"),
        (batch_call(x=X[:0]), "x"),
        (batch_call(gamma=THREE), "gamma"),
        (batch_call(beta=THREE), "beta"),
        (batch_call(mean=THREE), "running_mean"),
        (batch_call(var=X), "running_var"),
        (batch_call(momentum=1.1), "momentum"),
        (batch_call(momentum=-0.1), "momentum"),
        (batch_call(eps=-1e-5), "eps"),
        (batch_call(eps=-1e-5, training=False), "eps"),
        (spatial_call(x=X), "x"),
        (spatial_call(gamma=THREE), "gamma"),
        (spatial_call(var=THREE), "running_var"),
        (lambda: batchnorm_backward(X[:2], batchnorm(X, TWO, TWO)[1]), "dy"),
        (
            lambda: spatial_batchnorm_backward(
                IMAGE[:, :3], spatial_batchnorm(IMAGE, FOUR, FOUR)[1]
            ),
            "dy",
        ),
        (lambda: fold_batchnorm(TWO, TWO, TWO, TWO, TWO, TWO), "w"),
        (lambda: fold_batchnorm(X, THREE, TWO, TWO, TWO, TWO), "b"),
        (lambda: fold_batchnorm(X, TWO, THREE, TWO, TWO, TWO), "gamma"),
        (lambda: fold_batchnorm(X, TWO, TWO, THREE, TWO, TWO), "beta"),
        (lambda: fold_batchnorm(X, TWO, TWO, TWO, THREE, TWO), "running_mean"),
        (lambda: fold_batchnorm(X, TWO, TWO, TWO, TWO, THREE), "running_var"),
        (lambda: fold_batchnorm(X, TWO, TWO, TWO, TWO, TWO, eps=-1.0), "eps"),
        (lambda: layernorm_forward(IMAGE, FOUR, FOUR), "x"),
        (lambda: layernorm_forward(X, THREE, TWO), "gamma"),
        (lambda: layernorm_forward(X, TWO, THREE), "beta"),
        (lambda: layernorm_forward(X, TWO, TWO, eps=-1.0), "eps"),
        (lambda: layernorm_backward(X.T, layernorm_forward(X, TWO, TWO)[1]), "dy"),
        (lambda: groupnorm_forward(X, TWO, TWO, 1), "x"),
        (lambda: groupnorm_forward(IMAGE, THREE, FOUR, 2), "gamma"),
        (lambda: groupnorm_forward(IMAGE, FOUR, TWO, 2), "beta"),
        (lambda: groupnorm_forward(IMAGE, FOUR, FOUR, 3), "groups"),
        (lambda: groupnorm_forward(IMAGE, FOUR, FOUR, 8), "groups"),
        (lambda: groupnorm_forward(IMAGE, FOUR, FOUR, 0), "groups"),
        (lambda: groupnorm_forward(IMAGE, FOUR, FOUR, 2.0), "groups"),
        (lambda: groupnorm_forward(IMAGE, FOUR, FOUR, 2, eps=-1.0), "eps"),
        (
            lambda: groupnorm_backward(
                IMAGE.transpose(0, 1, 3, 2), groupnorm_forward(IMAGE, FOUR, FOUR, 2)[1]
            ),
            "dy",
        ),
        (lambda: instancenorm_forward(X, TWO, TWO), "x"),
        (lambda: instancenorm_forward(IMAGE, TWO, FOUR), "gamma"),
        (
            lambda: instancenorm_backward(X, instancenorm_forward(IMAGE, FOUR, FOUR)[1]),
            "dy",
        ),
        (lambda: rmsnorm_forward(TWO, TWO), "x"),
        (lambda: rmsnorm_forward(X, THREE), "gamma"),
        (lambda: rmsnorm_forward(X, TWO, eps=-1.0), "eps"),
        (lambda: rmsnorm_backward(X.T, rmsnorm_forward(X, TWO)[1]), "dy"),
        (lambda: weight_norm(TWO, TWO), "v"),
        (lambda: weight_norm(np.array([[0.0, 1.0], [0.0, 2.0]]), TWO), "v"),
        (lambda: weight_norm(X, THREE), "g"),
        (lambda: weight_norm_backward(X.T, X + 1, TWO), "dw"),
        (lambda: batch_whitening_forward(TWO), "x"),
        (lambda: batch_whitening_forward(X[:0]), "x"),
        (lambda: batch_whitening_forward(X, eps=-1.0), "eps"),
        (lambda: batch_whitening_backward(X.T, batch_whitening_forward(X)[1]), "dy"),
        (lambda: iterative_whitening_forward(TWO), "x"),
        (lambda: iterative_whitening_forward(X[:0]), "x"),
        (lambda: iterative_whitening_forward(X, -1), "iterations"),
        (lambda: iterative_whitening_forward(X, eps=-1.0), "eps"),
    ],
)
def test_bad_arguments_are_named(call, argument):
    with pytest.raises(ValueError, match=rf"^{argument} must"):
        call()
