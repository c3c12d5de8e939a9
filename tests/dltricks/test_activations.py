import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import assert_gradient, frozen
from scipy.special import expit

from dltricks import activations
from dltricks.activations import (
    ACTIVATIONS,
    hard_tanh,
    hard_tanh_grad,
    leaky_relu,
    leaky_relu_grad,
    maxout,
    maxout_backward,
    rbf,
    rbf_grad,
    sigmoid,
    sigmoid_grad,
    softplus,
    tanh_grad,
)

quick = settings(max_examples=60, deadline=None, derandomize=True)
# both tails, through the subnormal results near -745 to where exp gives a plain 0
WIDE = np.unique(
    np.r_[-1e3, -745.1, -720, -709.8, 0, np.linspace(-700, 700, 1401), np.linspace(-5, 5, 401), 1e3]
)
ELEMENTWISE = [f for pair in ACTIVATIONS.values() for f in pair]


# every elementwise function


@pytest.mark.parametrize("function", ELEMENTWISE)
@pytest.mark.parametrize("shape", [(), (1,), (3,), (2, 3), (2, 1, 3, 2)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_shape_and_dtype_stay(function, shape, dtype):
    x = frozen(np.random.default_rng(0).normal(size=shape).astype(dtype))
    y = function(x)
    assert np.shape(y) == shape
    assert np.asarray(y).dtype == dtype
    np.testing.assert_array_equal(y, [function(v) for v in x.ravel()] if shape == (3,) else y)


@pytest.mark.parametrize("function", ELEMENTWISE)
@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int64])
def test_integers_are_float64(function, dtype):
    x = np.array([[0, 1], [90, 120]], dtype)  # twice 90 does not fit into an int8
    y = function(x)
    assert y.dtype == np.float64
    np.testing.assert_array_equal(y, function(x.astype(np.float64)))


@pytest.mark.parametrize("function", ELEMENTWISE)
def test_python_numbers_and_lists_will_do(function):
    assert float(function(1)) == float(function(1.0)) == function([1.0, 2.0])[0]


@pytest.mark.parametrize("function", ELEMENTWISE)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_nothing_warns_at_any_size(function, dtype):
    x = frozen(np.r_[-1e30, -1e4, WIDE, 1e4, 1e30].astype(dtype))
    with np.errstate(all="raise"):
        assert np.all(np.isfinite(function(x)))


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_gradient_is_the_derivative_at_the_pre_activation(name):
    function, gradient = ACTIVATIONS[name]
    rng = np.random.default_rng(1)
    x = frozen(np.r_[-8.3, -2.5, -0.7, -0.01, 0.02, 0.4, 3.1, 7.7])  # no kink within a step
    dy = rng.normal(size=x.shape)
    assert_gradient(lambda x: np.sum(dy * function(x)), x, dy * gradient(x), rng)


def test_the_registry_holds_what_it_says():
    for name, (function, gradient) in ACTIVATIONS.items():
        assert function is getattr(activations, name)
        assert gradient is (sigmoid if name == "softplus" else getattr(activations, f"{name}_grad"))
    assert ACTIVATIONS["tanh"].function is activations.tanh
    assert ACTIVATIONS["tanh"].gradient is tanh_grad


# to the last digits


def exact_sigmoid(x):
    """SciPy's, which gives up on results below 1e-308; down there sigmoid(x) and exp(x) are one."""
    return np.where(x < -40, np.exp(np.minimum(x, 0)), expit(x))


def test_sigmoid_agrees_with_scipy_to_the_last_digits():
    tiny = np.finfo(float).smallest_subnormal
    with np.errstate(all="raise"):
        ours = sigmoid(frozen(WIDE))
    np.testing.assert_allclose(ours, exact_sigmoid(WIDE), rtol=1e-15, atol=2 * tiny)


def test_sigmoid_of_float32_to_its_last_digits():
    x = np.linspace(-110, 110, 2201).astype(np.float32)
    tiny = np.finfo(np.float32).smallest_subnormal
    exact = expit(x.astype(np.float64))
    np.testing.assert_allclose(sigmoid(x), exact, rtol=4e-7, atol=2 * tiny)


def test_sigmoid_grad_keeps_its_digits_in_both_tails():
    with np.errstate(all="raise"):
        ours = sigmoid_grad(frozen(WIDE))
    tiny = np.finfo(float).smallest_subnormal
    exact = exact_sigmoid(WIDE) * exact_sigmoid(-WIDE)
    np.testing.assert_allclose(ours, exact, rtol=2e-15, atol=2 * tiny)


def test_tanh_grad_keeps_its_digits_in_both_tails():
    x = WIDE[np.abs(WIDE) < 350]
    np.testing.assert_allclose(tanh_grad(x), 1 / np.cosh(x) ** 2, rtol=1e-14)
    np.testing.assert_array_equal(tanh_grad([-1e3, 0, 1e3]), [0, 1, 0])


def test_softplus_agrees_with_logaddexp_to_the_last_digits():
    tiny = np.finfo(float).smallest_subnormal
    np.testing.assert_allclose(softplus(WIDE), np.logaddexp(0, WIDE), rtol=1e-15, atol=2 * tiny)


@given(st.floats(-1e3, 1e3))
@quick
def test_laws_of_the_sigmoid_family(x):
    np.testing.assert_allclose(sigmoid(x) + sigmoid(-x), 1, rtol=1e-15)
    np.testing.assert_allclose(sigmoid_grad(x), sigmoid(x) * sigmoid(-x), rtol=1e-14, atol=1e-320)
    np.testing.assert_allclose(softplus(x) - softplus(-x), x, rtol=1e-14, atol=1e-14)
    np.testing.assert_allclose(2 * sigmoid(2 * x) - 1, activations.tanh(x), rtol=0, atol=1e-15)


# the piecewise ones, at their kinks


@pytest.mark.parametrize("slope", [0.01, 0.0, 0.3, 1.0, 2.0, -0.5])
def test_leaky_relu_of_any_slope(slope):
    x = frozen([-3.0, -1.0, -0.0, 0.0, 1e-300, 1.0, 3.0])
    np.testing.assert_array_equal(leaky_relu(x, slope), np.where(x > 0, x, slope * x))
    np.testing.assert_array_equal(leaky_relu_grad(x, slope), np.where(x > 0, 1, slope))


def test_relu_grad_at_the_kink_is_zero():
    np.testing.assert_array_equal(
        activations.relu_grad([-1.0, -0.0, 0.0, 5e-324]), [0.0, 0.0, 0.0, 1.0]
    )


def test_hard_tanh_at_its_kinks():
    inside = np.nextafter(1.0, 0.0)
    x = frozen([-7.0, -1.0, -inside, 0.0, inside, 1.0, 7.0])
    np.testing.assert_array_equal(hard_tanh(x), [-1, -1, -inside, 0, inside, 1, 1])
    np.testing.assert_array_equal(hard_tanh_grad(x), [0, 0, 1, 1, 1, 0, 0])


@pytest.mark.parametrize(("center", "width"), [(0.0, 1.0), (2.0, 0.5), (-1, 3)])
def test_rbf_of_any_centre_and_width(center, width):
    rng = np.random.default_rng(3)
    x = frozen(center + width * rng.normal(size=(4, 3)))
    # SciPy-free oracle: a product of exponentials instead of a square
    distance = (x - center) / width
    np.testing.assert_allclose(rbf(x, center, width), np.exp(distance) ** -distance, rtol=1e-12)
    np.testing.assert_allclose(rbf([center, center + width], center, width), [1, np.exp(-1)])
    dy = rng.normal(size=x.shape)
    gradient = dy * rbf_grad(x, center, width)
    assert_gradient(lambda x: np.sum(dy * rbf(x, center, width)), x, gradient, rng)


def test_options_do_not_widen_float32():
    x = np.array([-1.0, 2.0], np.float32)
    for y in (
        leaky_relu(x, slope=0.2),
        leaky_relu_grad(x, slope=0.2),
        rbf(x, center=0.3, width=0.7),
        rbf_grad(x, center=0.3, width=0.7),
    ):
        assert y.dtype == np.float32


@pytest.mark.parametrize("function", [rbf, rbf_grad])
@pytest.mark.parametrize("width", [0, -1.0])
def test_rbf_refuses_a_width_that_is_not_positive(function, width):
    with pytest.raises(ValueError, match=r"^width must"):
        function(1.0, width=width)


# maxout


@pytest.mark.parametrize(
    ("n", "groups", "k"), [(1, 1, 1), (1, 1, 5), (4, 3, 2), (3, 5, 1), (2, 2, 4)]
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_maxout_takes_runs_of_neighbours(n, groups, k, dtype):
    x = frozen(np.random.default_rng(5).normal(size=(n, groups * k)).astype(dtype))
    y = maxout(x, groups)
    expected = [[max(row[j * k : (j + 1) * k]) for j in range(groups)] for row in x]
    np.testing.assert_array_equal(y, np.array(expected))
    assert y.dtype == maxout_backward(y, x, groups).dtype == dtype


@pytest.mark.parametrize(("n", "groups", "k"), [(1, 1, 3), (4, 3, 2), (3, 5, 1), (2, 2, 4)])
def test_maxout_backward_is_the_gradient(n, groups, k):
    rng = np.random.default_rng(6)
    x, dy = frozen(rng.normal(size=(n, groups * k)), rng.normal(size=(n, groups)))
    assert_gradient(
        lambda x: np.sum(dy * maxout(x, groups)), x, maxout_backward(dy, x, groups), rng
    )


def test_maxout_backward_gives_a_tie_to_the_first():
    x = frozen([[2.0, 2.0, 2.0, 0.0, -1.0, -1.0]])
    np.testing.assert_array_equal(maxout_backward([[3.0, 5.0]], x, 2), [[3, 0, 0, 5, 0, 0]])


def test_maxout_of_integers_and_of_other_memory_orders():
    x = np.array([[1, 7], [3, 2], [5, 5]], np.uint8)
    np.testing.assert_array_equal(maxout(x.T, 1), [[5.0], [7.0]])
    assert maxout(x, 1).dtype == maxout_backward(np.ones((3, 1), int), x, 1).dtype == np.float64
    np.testing.assert_array_equal(maxout(np.asfortranarray(x), 1), maxout(x, 1))


@given(st.integers(1, 4), st.integers(1, 4), st.integers(0, 2**32 - 1))
@quick
def test_maxout_hands_back_all_of_the_gradient(groups, k, seed):
    rng = np.random.default_rng(seed)
    x, dy = rng.integers(-2, 3, size=(3, groups * k)), rng.normal(size=(3, groups))
    dx = maxout_backward(dy, x, groups).reshape(3, groups, k)
    np.testing.assert_array_equal(dx.sum(axis=2), dy)
    assert np.count_nonzero(dx) == dy.size


@pytest.mark.parametrize("groups", [0, -2, 4, 7, 2.0])
def test_maxout_refuses_groups_that_do_not_divide(groups):
    with pytest.raises(ValueError, match=r"^groups must"):
        maxout(np.ones((2, 6)), groups)
    with pytest.raises(ValueError, match=r"^groups must"):
        maxout_backward(np.ones((2, 3)), np.ones((2, 6)), groups)


def test_maxout_refuses_shapes_that_do_not_fit():
    with pytest.raises(ValueError, match=r"^x must"):
        maxout(np.ones(6), 2)
    with pytest.raises(ValueError, match=r"^dy must"):
        maxout_backward(np.ones((2, 2)), np.ones((2, 6)), 3)
