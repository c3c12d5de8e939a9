from itertools import pairwise
from math import prod

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import assert_gradient, frozen
from scipy.special import expit

from dltricks.activations import ACTIVATIONS
from dltricks.gradients import (
    chain_bias_gradients,
    clip_by_global_norm,
    clip_by_value,
    half_precision_fates,
    jacobian_product,
    layer_gradient_norms,
    layer_jacobian,
    residual_backward,
    residual_forward,
)

quick = settings(max_examples=60, deadline=None, derandomize=True)


def tanh_slope(u):
    return 1 - np.tanh(u) ** 2


def complex_step(f, x):
    """Derivative of a function of many outputs by one entry of x after another, exact to rounding.

    Shape of f's value, then shape of x. Needs an f of analytic NumPy functions alone.
    """
    columns = []
    for i in np.ndindex(x.shape):
        moved = x.astype(complex)
        moved[i] += 1e-30j
        columns.append(f(moved).imag / 1e-30)
    return np.stack(columns, axis=-1).reshape(*columns[0].shape, *x.shape)


def network(x, weights):
    for w in weights:
        x = np.tanh(x @ w)
    return x


def deep_case(n, widths, seed=0):
    rng = np.random.default_rng(seed)
    x, dy = frozen(rng.normal(size=(n, widths[0])), rng.normal(size=(n, widths[-1])))
    return x, [frozen(rng.normal(size=s)) for s in pairwise(widths)], dy


# chain_bias_gradients


def chain(x, w, b):
    for w_j, b_j in zip(w, b, strict=True):
        x = 1 / (1 + np.exp(-(w_j * x + b_j)))
    return x


@pytest.mark.parametrize("length", [1, 2, 5])
def test_chain_bias_gradients_are_the_derivatives(length):
    rng = np.random.default_rng(length)
    w, b = frozen(2 * rng.normal(size=length), rng.normal(size=length))
    gradients = chain_bias_gradients(0.7, w, b, -1.5)
    np.testing.assert_allclose(
        gradients, -1.5 * complex_step(lambda b: chain(0.7, w, b), b), rtol=1e-12
    )


def test_chain_bias_gradient_is_the_product_on_the_slide():
    w, b, x, dloss = [0.5, -1.0, 2.0, 3.0], [0.1, 0.2, -0.3, 0.4], 1.2, 0.7
    a, slopes = x, []
    for w_j, b_j in zip(w, b, strict=True):
        a = expit(w_j * a + b_j)
        slopes.append(a * (1 - a))
    first = slopes[0] * w[1] * slopes[1] * w[2] * slopes[2] * w[3] * slopes[3] * dloss
    gradients = chain_bias_gradients(x, w, b, dloss)
    np.testing.assert_allclose(gradients[0], first)
    np.testing.assert_allclose(gradients[3], slopes[3] * dloss)


@given(st.lists(st.floats(-3.9, 3.9), min_size=2, max_size=12), st.floats(-5, 5))
@quick
def test_chain_shrinks_backwards_while_weights_stay_below_four(w, x):
    sizes = np.abs(chain_bias_gradients(x, w, np.zeros(len(w)), 1.0))
    assert np.all(np.diff(sizes) >= 0)


def test_chain_float32_and_integers():
    w, b = np.ones(3, np.float32), np.zeros(3, np.float32)
    assert chain_bias_gradients(0.5, w, b, 2.0).dtype == np.float32
    whole = chain_bias_gradients(1, [1, 2], [0, 1], 2)
    assert whole.dtype == np.float64
    np.testing.assert_array_equal(whole, chain_bias_gradients(1.0, [1.0, 2.0], [0.0, 1.0], 2.0))


@pytest.mark.parametrize(
    ("w", "b", "named"), [((3,), (2,), "b"), ((3,), (3, 1), "b"), ((1, 3), (1, 3), "w")]
)
def test_chain_refuses_shapes_that_do_not_fit(w, b, named):
    with pytest.raises(ValueError, match=f"^{named} must have shape"):
        chain_bias_gradients(0.0, np.ones(w), np.ones(b), 1.0)


# Jacobians


@pytest.mark.parametrize(("d", "m"), [(1, 1), (3, 5), (5, 2)])
def test_layer_jacobian_is_output_by_input(d, m):
    rng = np.random.default_rng(0)
    w, h = frozen(rng.normal(size=(d, m)), rng.normal(size=d))
    jacobian = layer_jacobian(w, frozen(h @ w), tanh_slope)
    assert jacobian.shape == (m, d)
    np.testing.assert_allclose(jacobian, complex_step(lambda h: np.tanh(h @ w), h), rtol=1e-12)


@pytest.mark.parametrize("widths", [(4, 3), (2, 5, 3), (3, 1, 4, 2)])
def test_jacobian_product_is_the_networks_jacobian(widths):
    x, weights, _ = deep_case(1, widths)
    h, pre_activations = x[0], []
    for w in weights:
        pre_activations.append(frozen(h @ w))
        h = np.tanh(h @ w)
    jacobian = jacobian_product(weights, pre_activations, tanh_slope)
    assert jacobian.shape == (widths[-1], widths[0])
    np.testing.assert_allclose(
        jacobian, complex_step(lambda h: network(h, weights), x[0]), rtol=1e-11
    )


def test_jacobians_keep_float32_and_take_integers():
    w, u = np.ones((2, 2), np.float32), np.ones(2, np.float32)
    slope = ACTIVATIONS["leaky_relu"].gradient
    assert layer_jacobian(w, u, slope).dtype == np.float32
    assert jacobian_product([w, w], [u, u], slope).dtype == np.float32
    np.testing.assert_array_equal(
        jacobian_product([[[1, 2]], [[3], [4]]], [[1, 1], [1]], slope), [[11.0]]
    )


@pytest.mark.parametrize(
    ("w", "u", "named"), [((2, 3), (2,), "u"), ((3,), (3,), "w"), ((2, 3), (1, 3), "u")]
)
def test_layer_jacobian_refuses_shapes_that_do_not_fit(w, u, named):
    with pytest.raises(ValueError, match=f"^{named} must have shape"):
        layer_jacobian(np.ones(w), np.ones(u), np.ones_like)


@pytest.mark.parametrize(
    ("weights", "pre_activations", "named"),
    [
        ([], [], "weights"),
        ([(2, 3)], [], "pre_activations"),
        ([(2, 3), (2, 3)], [(3,), (3,)], "weights"),
        ([(2, 3), (3, 1)], [(3,), (2,)], "u"),
    ],
)
def test_jacobian_product_refuses_what_does_not_fit(weights, pre_activations, named):
    with pytest.raises(ValueError, match=f"^{named} must"):
        jacobian_product(
            [np.ones(s) for s in weights], [np.ones(s) for s in pre_activations], np.ones_like
        )


# layer_gradient_norms


@pytest.mark.parametrize(("n", "widths"), [(1, (3, 2)), (5, (3, 4, 2)), (4, (2, 5, 1, 3))])
def test_layer_gradient_norms_are_those_of_the_true_gradients(n, widths):
    x, weights, dy = deep_case(n, widths)

    def gradient(layer):
        def loss(w):
            return np.sum(dy * network(x, [*weights[:layer], w, *weights[layer + 1 :]]))

        return complex_step(loss, weights[layer])

    norms = layer_gradient_norms(x, weights, np.tanh, tanh_slope, dy)
    assert [type(norm) for norm in norms] == [float] * len(weights)
    expected = [np.sqrt(np.sum(gradient(layer) ** 2)) for layer in range(len(weights))]
    np.testing.assert_allclose(norms, expected, rtol=1e-11)


def test_layer_gradient_norms_fade_with_sigmoid_and_not_with_the_identity():
    rng = np.random.default_rng(0)
    x, dy = rng.normal(size=(8, 6)), rng.normal(size=(8, 6))
    rotation = np.linalg.qr(rng.normal(size=(6, 6)))[0]
    norms = layer_gradient_norms(x, [rotation] * 10, *ACTIVATIONS["linear"], dy)
    np.testing.assert_allclose(norms, norms[0])  # a rotation keeps the size of everything
    fading = layer_gradient_norms(x, [rotation] * 10, *ACTIVATIONS["sigmoid"], dy)
    assert fading[0] < fading[-1] / 4**8


def test_layer_gradient_norms_of_float32_see_what_has_almost_vanished():
    # the squares of such entries are 0 in float32
    x, dy = np.ones((1, 1), np.float32), np.full((1, 1), 1e-25, np.float32)
    norms = layer_gradient_norms(x, [np.ones((1, 1), np.float32)], *ACTIVATIONS["linear"], dy)
    assert norms == pytest.approx([1e-25])


def test_layer_gradient_norms_take_integers():
    norms = layer_gradient_norms(
        np.array([[100, 100]], np.int8), [np.eye(2, dtype=int)], *ACTIVATIONS["relu"], [[3, 4]]
    )
    assert norms == pytest.approx([500 * np.sqrt(2)])


@pytest.mark.parametrize(
    ("x", "weights", "dy", "named"),
    [
        ((3,), [(3, 2)], (3, 2), "x"),
        ((4, 3), [(2, 2)], (4, 2), r"weights\[0\]"),
        ((4, 3), [(3, 2), (3, 2)], (4, 2), r"weights\[1\]"),
        ((4, 3), [(3, 2)], (4, 3), "dy"),
        ((4, 3), [(3, 2)], (2,), "dy"),
    ],
)
def test_layer_gradient_norms_refuse_shapes_that_do_not_fit(x, weights, dy, named):
    with pytest.raises(ValueError, match=f"^{named} must have shape"):
        layer_gradient_norms(
            np.ones(x), [np.ones(s) for s in weights], np.tanh, tanh_slope, np.ones(dy)
        )


# clipping


gradient_lists = st.lists(
    st.lists(st.floats(-1e6, 1e6, allow_subnormal=False), min_size=1, max_size=5), max_size=4
)


@given(gradient_lists, st.floats(0, 1e3))
@quick
def test_clip_by_value_bounds_both_sides_and_leaves_the_rest(grads, threshold):
    arrays = [frozen(g) for g in grads]
    clipped = clip_by_value(arrays, threshold)
    assert isinstance(clipped, list)
    for g, c in zip(arrays, clipped, strict=True):
        assert np.all(np.abs(c) <= threshold)
        inside = np.abs(g) <= threshold
        np.testing.assert_array_equal(c[inside], g[inside])
        np.testing.assert_array_equal(c[~inside], threshold * np.sign(g[~inside]))


def test_clip_by_value_defaults_to_five():
    (clipped,) = clip_by_value([np.array([-50.0, -5.0, 4.9, 50.0])])
    np.testing.assert_array_equal(clipped, [-5, -5, 4.9, 5])


@given(gradient_lists, st.floats(1e-3, 1e3))
@quick
def test_clip_by_global_norm_keeps_the_direction_and_bounds_the_length(grads, max_norm):
    arrays = [frozen(g) for g in grads]
    clipped, norm = clip_by_global_norm(arrays, max_norm)
    before = np.concatenate([*arrays, np.zeros(1)])
    after = np.concatenate([*clipped, np.zeros(1)])
    np.testing.assert_allclose(norm, np.linalg.norm(before), rtol=1e-12)
    if norm <= max_norm:
        np.testing.assert_array_equal(after, before)
    else:
        np.testing.assert_allclose(np.linalg.norm(after), max_norm, rtol=1e-12)
        np.testing.assert_allclose(after * norm, before * max_norm, rtol=1e-12, atol=1e-290)


def test_clip_by_global_norm_never_lengthens_nor_divides_by_zero():
    zeros = frozen(np.zeros((2, 3)), np.zeros(2))
    with np.errstate(all="raise"):
        clipped, norm = clip_by_global_norm(zeros, 1.0)
        nothing, still = clip_by_global_norm([np.array([3.0])], 0.0)
    assert type(norm) is float
    assert norm == 0.0
    assert [c.shape for c in clipped] == [(2, 3), (2,)]
    assert not any(c.any() for c in clipped)
    np.testing.assert_array_equal(nothing, [[0.0]])
    assert still == 3.0
    np.testing.assert_array_equal(clip_by_global_norm([np.ones(4)], 2.0)[0], [np.ones(4)])
    assert clip_by_global_norm([], 1.0) == ([], 0.0)


def test_clip_by_global_norm_of_float32_beyond_the_range_of_its_squares():
    grads = [np.full(4, 1e25, np.float32), np.float32([0.0])]
    clipped, norm = clip_by_global_norm(grads, 1.0)
    assert norm == pytest.approx(2e25)
    np.testing.assert_allclose(clipped[0], 0.5 * np.ones(4))
    assert [c.dtype for c in clipped] == [np.float32] * 2


def test_clipping_keeps_shapes_and_takes_integers():
    grads = [np.full((2, 1, 2), -100, np.int8), 7]
    for clipped in (clip_by_value(grads), clip_by_global_norm(grads, 1.0)[0]):
        assert [c.shape for c in clipped] == [(2, 1, 2), ()]
        assert all(c.dtype == np.float64 for c in clipped)
    assert clip_by_global_norm(grads, 1.0)[1] == pytest.approx(np.sqrt(40049))
    assert clip_by_value([np.ones(2, np.float32)], 0.3)[0].dtype == np.float32


def test_clipping_refuses_negative_limits():
    with pytest.raises(ValueError, match=r"^threshold must"):
        clip_by_value([np.ones(2)], -1.0)
    with pytest.raises(ValueError, match=r"^max_norm must"):
        clip_by_global_norm([np.ones(2)], -1.0)


# half_precision_fates


@pytest.mark.parametrize(
    ("value", "fates"),
    [
        (2.0**-25, (1.0, 0.0)),  # halfway to the least subnormal: rounds to even, which is 0
        (np.nextafter(2.0**-25, 1), (0.0, 0.0)),
        (-(2.0**-26), (1.0, 0.0)),
        (6e-8, (0.0, 0.0)),
        (65504.0, (0.0, 0.0)),
        (np.nextafter(65520.0, 0), (0.0, 0.0)),
        (65520.0, (0.0, 1.0)),
        (-1e300, (0.0, 1.0)),
        (1e-300, (1.0, 0.0)),
    ],
)
def test_half_precision_fate_of_one_value(value, fates):
    with np.errstate(all="raise"):
        assert half_precision_fates(value) == fates


def test_half_precision_fates_are_shares_of_the_finite_nonzero_entries():
    values = frozen([[0.0, -0.0, np.inf, -np.inf, np.nan], [1e-10, -1e-9, 1e6, 1.0, -3.0]])
    fates = half_precision_fates(values)
    assert fates == (2 / 5, 1 / 5)
    assert [type(share) for share in fates] == [float, float]
    assert half_precision_fates(values.astype(np.float32)) == fates


@pytest.mark.parametrize("values", [[], 0.0, [0.0, -0.0], [np.inf, np.nan], np.zeros((2, 2), int)])
def test_half_precision_fates_of_nothing(values):
    assert half_precision_fates(values) == (0.0, 0.0)


def test_half_precision_fates_of_integers():
    assert half_precision_fates(np.array([0, 1, 70000, -70000])) == (0.0, 2 / 3)


# residual


@pytest.mark.parametrize(("n", "d"), [(1, 1), (1, 4), (6, 3)])
def test_residual_backward_is_the_gradient(n, d):
    rng = np.random.default_rng(8)
    x, w, dy = frozen(*(rng.normal(size=s) for s in [(n, d), (d, d), (n, d)]))
    y, cache = residual_forward(x, w)
    np.testing.assert_allclose(y, x + np.clip(x @ w, 0, None))
    dx, dw = residual_backward(dy, cache)
    assert_gradient(lambda x: np.sum(dy * residual_forward(x, w)[0]), x, dx, rng)
    assert_gradient(lambda w: np.sum(dy * residual_forward(x, w)[0]), w, dw, rng)
    for again, first in zip(residual_backward(dy, cache), (dx, dw), strict=True):
        np.testing.assert_array_equal(again, first)


def test_residual_with_no_weights_lets_everything_past():
    rng = np.random.default_rng(9)
    x, dy = rng.normal(size=(3, 2)), rng.normal(size=(3, 2))
    y, cache = residual_forward(x, np.zeros((2, 2)))
    dx, dw = residual_backward(dy, cache)
    np.testing.assert_array_equal(y, x)
    np.testing.assert_array_equal(dx, dy)
    np.testing.assert_array_equal(dw, np.zeros((2, 2)))  # all pre-activations are 0, at the kink


def test_residual_float32_and_integers():
    x, w = np.ones((2, 3), np.float32), np.ones((3, 3), np.float32)
    y, cache = residual_forward(x, w)
    assert [a.dtype for a in (y, *residual_backward(x, cache))] == [np.float32] * 3
    y, _ = residual_forward(np.array([[100, 100]], np.int8), np.ones((2, 2), np.int8))
    assert y.dtype == np.float64
    np.testing.assert_array_equal(y, [[300.0, 300.0]])


@pytest.mark.parametrize(
    ("x", "w", "named"), [((2, 3), (3, 2), "w"), ((2, 3), (2, 2), "w"), ((3,), (3, 3), "x")]
)
def test_residual_forward_refuses_what_does_not_fit(x, w, named):
    with pytest.raises(ValueError, match=f"^{named} must have shape"):
        residual_forward(np.ones(x), np.ones(w))


def test_residual_backward_refuses_another_shape_than_ys():
    _, cache = residual_forward(np.ones((2, 3)), np.ones((3, 3)))
    with pytest.raises(ValueError, match=r"^dy must have shape"):
        residual_backward(np.ones(3), cache)


def test_many_residual_layers_do_not_vanish_where_plain_ones_do():
    small = 0.1 * np.eye(3)
    x = h = np.ones((1, 3))
    caches = []
    for _ in range(30):
        h, cache = residual_forward(h, small)
        caches.append(cache)
    dx = np.ones_like(x)
    for cache in caches[::-1]:
        dx, _ = residual_backward(dx, cache)
    np.testing.assert_allclose(dx, prod([1.1] * 30))
    plain = jacobian_product([small] * 30, [x[0]] * 30, np.ones_like)
    np.testing.assert_allclose(plain, 1e-30 * np.eye(3))
