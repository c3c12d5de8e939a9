import numpy as np
import pytest
from oracles import assert_gradient, frozen
from scipy.signal import correlate

from dltricks.convolution import conv_backward, conv_forward, pool_backward, pool_forward
from dltricks.layers import affine_forward

SHAPES = [  # of x, of w, padding
    ((2, 3, 6, 5), (4, 3, 3, 3), 1),
    ((2, 3, 6, 5), (4, 3, 3, 2), 0),
    ((1, 1, 1, 1), (1, 1, 1, 1), 0),
    ((1, 2, 2, 3), (2, 2, 4, 5), 2),
    ((3, 1, 4, 4), (2, 1, 4, 4), 0),
]


def generator(seed=0):
    return np.random.default_rng(seed)


def draw(x_shape, w_shape):
    rng = generator()
    return frozen(rng.normal(size=x_shape), rng.normal(size=w_shape), rng.normal(size=w_shape[0]))


@pytest.mark.parametrize(("x_shape", "w_shape", "padding"), SHAPES)
def test_convolution_is_scipys_correlation(x_shape, w_shape, padding):
    x, w, b = draw(x_shape, w_shape)
    y, _ = conv_forward(x, w, b, padding)
    border = [(0, 0), (0, 0), (padding, padding), (padding, padding)]
    expected = [
        [correlate(image, kernel, "valid")[0] + bias for kernel, bias in zip(w, b, strict=True)]
        for image in np.pad(x, border)
    ]
    np.testing.assert_allclose(y, expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize(("x_shape", "w_shape", "padding"), SHAPES)
def test_convolution_gradients(x_shape, w_shape, padding):
    x, w, b = draw(x_shape, w_shape)
    rng = generator(1)
    y, cache = conv_forward(x, w, b, padding)
    dy = frozen(rng.normal(size=y.shape))
    dx, dw, db = conv_backward(dy, cache)
    assert_gradient(lambda v: np.sum(conv_forward(v, w, b, padding)[0] * dy), x, dx, rng)
    assert_gradient(lambda v: np.sum(conv_forward(x, v, b, padding)[0] * dy), w, dw, rng)
    assert_gradient(lambda v: np.sum(conv_forward(x, w, v, padding)[0] * dy), b, db, rng)


def test_a_kernel_as_large_as_the_image_is_an_affine_layer():
    x, w, b = draw((5, 2, 3, 4), (6, 2, 3, 4))
    expected, _ = affine_forward(x.reshape(5, -1), w.reshape(6, -1).T, b)
    np.testing.assert_allclose(conv_forward(x, w, b)[0][:, :, 0, 0], expected, rtol=1e-12)


@pytest.mark.parametrize("kind", ["max", "average"])
@pytest.mark.parametrize(
    ("shape", "size"), [((2, 3, 6, 4), 2), ((1, 1, 7, 5), 3), ((2, 1, 3, 3), 1)]
)
def test_pooling_block_by_block(shape, size, kind):
    x = frozen(generator().normal(size=shape))
    y, cache = pool_forward(x, size, kind)
    reduce = np.max if kind == "max" else np.mean
    assert y.shape == (*shape[:2], shape[2] // size, shape[3] // size)
    for i, j in np.ndindex(y.shape[2:]):
        block = x[:, :, size * i : size * (i + 1), size * j : size * (j + 1)]
        np.testing.assert_allclose(y[:, :, i, j], reduce(block, axis=(2, 3)), rtol=1e-12)
    dy = frozen(generator(1).normal(size=y.shape))
    dx = pool_backward(dy, cache)
    assert_gradient(lambda v: np.sum(pool_forward(v, size, kind)[0] * dy), x, dx, generator(2))


def test_max_pooling_gives_a_tie_to_the_first_and_leftovers_nothing():
    x = np.zeros((1, 1, 5, 5))
    x[0, 0, 0, 1] = x[0, 0, 1, 0] = 1.0
    dx = pool_backward(np.ones((1, 1, 2, 2)), pool_forward(x)[1])
    expected = np.zeros((5, 5))
    expected[[0, 0, 2, 2], [1, 2, 0, 2]] = 1.0
    np.testing.assert_array_equal(dx[0, 0], expected)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64])
def test_float_width_is_kept(dtype):
    x = generator().integers(0, 9, (2, 1, 4, 4)).astype(dtype)
    width = np.float32 if dtype == np.float32 else np.float64
    y, cache = conv_forward(x, np.ones((1, 1, 3, 3), dtype), np.ones(1, dtype), 1)
    assert {a.dtype for a in (y, *conv_backward(y, cache))} == {np.dtype(width)}
    for kind in ("max", "average"):
        y, cache = pool_forward(x, kind=kind)
        assert {y.dtype, pool_backward(y, cache).dtype} == {np.dtype(width)}


@pytest.mark.parametrize(
    ("message", "x_shape", "w_shape", "b_shape", "padding"),
    [
        ("x must", (2, 4, 4), (1, 2, 3, 3), (1,), 0),
        ("w must have", (2, 3, 4, 4), (1, 2, 3, 3), (1,), 0),
        ("b must", (2, 2, 4, 4), (1, 2, 3, 3), (2,), 0),
        ("padding", (2, 2, 4, 4), (1, 2, 3, 3), (1,), -1),
        ("w must not be larger", (2, 2, 4, 4), (1, 2, 5, 3), (1,), 0),
    ],
)
def test_convolution_refuses(message, x_shape, w_shape, b_shape, padding):
    with pytest.raises(ValueError, match=message):
        conv_forward(np.zeros(x_shape), np.zeros(w_shape), np.zeros(b_shape), padding)


def test_pooling_and_backward_passes_refuse():
    x = np.zeros((1, 1, 4, 4))
    for message, arguments in (
        ("x must", (x[0],)),
        ("size", (x, 0)),
        ("size", (x, 5)),
        ("kind", (x, 2, "median")),
    ):
        with pytest.raises(ValueError, match=message):
            pool_forward(*arguments)
    with pytest.raises(ValueError, match="dy"):
        pool_backward(np.zeros((1, 1, 4, 4)), pool_forward(x)[1])
    with pytest.raises(ValueError, match="dy"):
        conv_backward(x, conv_forward(x, np.zeros((2, 1, 3, 3)), np.zeros(2))[1])
