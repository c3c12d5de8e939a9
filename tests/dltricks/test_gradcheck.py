import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import frozen
from scipy.optimize import rosen, rosen_der

from dltricks.gradcheck import numerical_gradient, relative_error

quick = settings(max_examples=60, deadline=None, derandomize=True)


@pytest.mark.parametrize("shape", [(), (1,), (3,), (2, 3), (2, 1, 3)])
def test_numerical_gradient_of_any_shape(shape):
    x = frozen(np.random.default_rng(0).normal(size=shape))
    gradient = numerical_gradient(lambda x: np.sum(np.sin(x)), x)
    assert gradient.shape == shape
    np.testing.assert_allclose(gradient, np.cos(x), rtol=1e-9)


def test_numerical_gradient_agrees_with_scipys_rosenbrock():
    x = frozen([1.3, 0.7, -0.8, 1.9])
    np.testing.assert_allclose(numerical_gradient(rosen, x), rosen_der(x), rtol=1e-7)


def test_numerical_gradient_is_central():
    # of x^3 it is 3 x^2 + h^2 exactly, and of x^2 it is exact; a one-sided one is off by O(h)
    x = frozen([1.0, -2.0])
    np.testing.assert_allclose(numerical_gradient(lambda x: np.sum(x**3), x, h=0.5), [3.25, 12.25])
    np.testing.assert_allclose(numerical_gradient(lambda x: np.sum(x**2), x, h=0.25), [2, -4])
    assert numerical_gradient(lambda x: x[0] ** 3, [0.0]) == pytest.approx([1e-10])  # h = 1e-5


@pytest.mark.parametrize("dtype", [np.float32, np.int8, np.int64])
def test_numerical_gradient_computes_in_float64(dtype):
    seen = []

    def f(x):
        seen.append(x.dtype)
        return np.sum(np.exp(x))

    gradient = numerical_gradient(f, np.array([1, 2], dtype))
    assert gradient.dtype == np.float64
    assert set(seen) == {np.dtype(np.float64)}
    np.testing.assert_allclose(gradient, np.exp([1, 2]), rtol=1e-9)


def test_numerical_gradient_moves_one_entry_at_a_time_and_takes_it_back():
    x = frozen([0.1, 0.2, 0.3])
    seen = []
    numerical_gradient(lambda x: seen.append(x.copy()) or 0.0, x, h=1e-3)
    moved = np.array(seen) != x
    assert len(seen) == 6
    np.testing.assert_array_equal(moved.sum(axis=1), np.ones(6))
    np.testing.assert_array_equal(moved.sum(axis=0), [2, 2, 2])


@pytest.mark.parametrize("size", [1e6, 1e8])
def test_numerical_gradient_divides_by_the_step_really_taken(size):
    # at 1e6, x + h rounds so that the step differs from 2h by 1 in 1e5
    assert numerical_gradient(lambda x: x[0] - size, [size]) == pytest.approx([1.0], rel=1e-12)


def test_numerical_gradient_takes_a_scalar_of_any_make():
    for make in (float, np.float32, np.asarray):
        gradient = numerical_gradient(lambda x, make=make: make(np.sum(x)), np.ones(2), h=0.5)
        np.testing.assert_array_equal(gradient, [1, 1])


@pytest.mark.parametrize(("x", "h"), [([1.0], 0.0), ([1.0], -1e-5), ([1.0, 1e13], 1e-5)])
def test_numerical_gradient_refuses_a_step_that_is_none(x, h):
    with pytest.raises(ValueError, match=r"^h must"):
        numerical_gradient(np.sum, x, h)


def test_relative_error_of_known_pairs():
    assert relative_error([1.0, 1.0], [1.0, 3.0]) == 0.5
    assert relative_error(2.0, 2.0) == 0.0
    assert relative_error([[0.0, 0.0]], [[0.0, 0.0]]) == 0.0
    assert relative_error([0.0], [5.0]) == 1.0
    assert relative_error([-2.0], [2.0]) == 1.0


def test_relative_error_is_the_largest_not_the_mean():
    a = np.ones(1000)
    b = a.copy()
    b[123] = -1
    assert relative_error(a, b) == 1.0


def test_relative_error_floor_turns_it_absolute():
    assert relative_error([1e-9], [3e-9]) == pytest.approx(2e-9 / 1e-8)
    assert relative_error([1e-9], [3e-9], floor=1e-12) == pytest.approx(0.5)
    assert relative_error([0.25], [0.75], floor=2.0) == pytest.approx(0.25)


def test_relative_error_is_a_python_float_of_any_input():
    bytes_ = np.array([250, 3], np.uint8), np.array([255, 3], np.uint8)
    error = relative_error(*bytes_)  # in bytes, 250 - 255 and 250 + 255 both wrap round
    assert type(error) is float
    assert error == pytest.approx(5 / 505)
    huge = np.array([3e38], np.float32)
    assert relative_error(huge, -huge) == 1.0


@given(
    st.lists(st.tuples(st.floats(-1e9, 1e9), st.floats(-1e9, 1e9)), min_size=1, max_size=6),
    st.floats(1e-3, 1e3),
)
@quick
def test_relative_error_laws(pairs, factor):
    a, b = np.array(pairs).T
    error = relative_error(a, b)
    assert 0 <= error <= 1
    assert error == relative_error(b, a)
    assert error == pytest.approx(relative_error(factor * a, factor * b, floor=factor * 1e-8))


def test_relative_error_leaves_its_arguments():
    a, b = frozen([1.0, 2.0], [1.0, 3.0])
    with np.errstate(all="raise"):
        relative_error(a, b)


@pytest.mark.parametrize(("a", "b"), [((3,), (3, 1)), ((3,), (1,)), ((2, 3), (3,)), ((3,), ())])
def test_relative_error_does_not_broadcast(a, b):
    with pytest.raises(ValueError, match=r"^b must have shape"):
        relative_error(np.ones(a), np.ones(b))


@pytest.mark.parametrize("floor", [0.0, -1e-8])
def test_relative_error_refuses_a_floor_of_nothing(floor):
    with pytest.raises(ValueError, match=r"^floor must"):
        relative_error([1.0], [1.0], floor)
