import numpy as np
import pytest
from oracles import assert_gradient, frozen

from dltricks.layers import affine_backward, affine_forward, relu_backward, relu_forward

SHAPES = [(1, 1, 1), (1, 4, 3), (5, 3, 7), (6, 5, 1)]


def affine_case(n, d, m, seed=0):
    rng = np.random.default_rng(seed)
    return frozen(*(rng.normal(size=s) for s in [(n, d), (d, m), (m,), (n, m)])), rng


@pytest.mark.parametrize("shape", SHAPES)
def test_affine_forward_is_a_weighted_sum_plus_bias(shape):
    (x, w, b, _), _ = affine_case(*shape)
    y, _ = affine_forward(x, w, b)
    np.testing.assert_allclose(y, np.einsum("nd,dm->nm", x, w) + np.tile(b, (len(x), 1)))


@pytest.mark.parametrize("shape", SHAPES)
def test_affine_backward_is_the_gradient(shape):
    (x, w, b, dy), rng = affine_case(*shape)
    dx, dw, db = affine_backward(dy, affine_forward(x, w, b)[1])
    assert_gradient(lambda x: np.sum(dy * affine_forward(x, w, b)[0]), x, dx, rng)
    assert_gradient(lambda w: np.sum(dy * affine_forward(x, w, b)[0]), w, dw, rng)
    assert_gradient(lambda b: np.sum(dy * affine_forward(x, w, b)[0]), b, db, rng)


def test_affine_cache_serves_twice():
    (x, w, b, dy), _ = affine_case(4, 3, 2)
    _, cache = affine_forward(x, w, b)
    for first, second in zip(affine_backward(dy, cache), affine_backward(dy, cache), strict=True):
        np.testing.assert_array_equal(first, second)


def test_affine_float32_stays():
    arrays, _ = affine_case(4, 3, 2)
    x, w, b, dy = (a.astype(np.float32) for a in arrays)
    y, cache = affine_forward(x, w, b)
    assert [a.dtype for a in (y, *affine_backward(dy, cache))] == [np.float32] * 4


def test_affine_takes_integers_as_float64():
    x = np.full((1, 2), 200, np.uint8)  # the sum of two does not fit into a byte
    y, cache = affine_forward(x, np.ones((2, 1), np.int8), np.zeros(1, np.int16))
    assert y.dtype == np.float64
    assert y.item() == 400
    dx, dw, db = affine_backward(np.array([[2]]), cache)
    np.testing.assert_array_equal(dx, [[2.0, 2.0]])
    np.testing.assert_array_equal(dw, [[400.0], [400.0]])
    np.testing.assert_array_equal(db, [2.0])


@pytest.mark.parametrize(
    ("x", "w", "b", "named"),
    [
        ((3,), (3, 2), (2,), "x"),
        ((4, 3), (2, 3), (3,), "w"),
        ((4, 3), (3,), (3,), "w"),
        ((4, 3), (3, 2), (3,), "b"),
        ((4, 3), (3, 2), (1, 2), "b"),
        ((4, 3), (3, 2), (), "b"),
    ],
)
def test_affine_forward_refuses_shapes_that_do_not_fit(x, w, b, named):
    with pytest.raises(ValueError, match=rf"^{named} must have shape"):
        affine_forward(np.ones(x), np.ones(w), np.ones(b))


@pytest.mark.parametrize("shape", [(4, 3), (1, 2), (2,), (4, 2, 1)])
def test_affine_backward_refuses_another_shape_than_ys(shape):
    _, cache = affine_forward(np.ones((4, 3)), np.ones((3, 2)), np.ones(2))
    with pytest.raises(ValueError, match=r"^dy must have shape"):
        affine_backward(np.ones(shape), cache)


@pytest.mark.parametrize("shape", [(), (1,), (3, 4), (2, 3, 4, 5)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_relu_takes_any_shape_and_keeps_the_dtype(shape, dtype):
    rng = np.random.default_rng(0)
    x, dy = frozen(rng.normal(size=shape).astype(dtype), rng.normal(size=shape).astype(dtype))
    y, cache = relu_forward(x)
    dx = relu_backward(dy, cache)
    np.testing.assert_array_equal(y, (x + np.abs(x)) / 2)
    np.testing.assert_array_equal(dx, np.where(x > 0, dy, 0))
    assert np.asarray(y).dtype == np.asarray(dx).dtype == dtype


def test_relu_backward_at_the_kink_is_zero_and_follows_x_not_dy():
    _, cache = relu_forward([-1.0, -0.0, 0.0, 5e-324, 1.0])
    np.testing.assert_array_equal(relu_backward([-7.0] * 5, cache), [0, 0, 0, -7, -7])


def test_relu_cache_does_not_hang_on_x():
    x = np.array([-1.0, 2.0])
    _, cache = relu_forward(x)
    x[:] = 5
    np.testing.assert_array_equal(relu_backward([3.0, 3.0], cache), [0, 3])


def test_relu_takes_integers_as_float64():
    y, cache = relu_forward(np.array([-3, 4], np.int8))
    assert y.dtype == np.float64
    np.testing.assert_array_equal(relu_backward(np.array([1, 2]), cache), [0.0, 2.0])


@pytest.mark.parametrize("shape", [(3,), (1, 2), (2, 2), ()])
def test_relu_backward_refuses_another_shape_than_ys(shape):
    _, cache = relu_forward(np.ones(2))
    with pytest.raises(ValueError, match=r"^dy must have shape"):
        relu_backward(np.ones(shape), cache)


def test_two_layers_chain():
    (x, w, b, dy), rng = affine_case(5, 4, 3, seed=3)

    def loss(x):
        return np.sum(dy * relu_forward(affine_forward(x, w, b)[0])[0])

    u, affine_cache = affine_forward(x, w, b)
    _, relu_cache = relu_forward(u)
    dx, _, _ = affine_backward(relu_backward(dy, relu_cache), affine_cache)
    assert 0 < np.count_nonzero(u > 0) < u.size
    assert_gradient(loss, x, dx, rng)
