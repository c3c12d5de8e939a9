"""Comparing results: type before shape before value, and the freedoms that answers have."""

from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.checking.compare import Tolerance, difference

T = Tolerance()
A = np.array([[1.0, 2.0], [3.0, 4.0]])


class Pair(NamedTuple):
    mean: np.ndarray
    std: np.ndarray


@pytest.mark.parametrize(
    ("expected", "actual"),
    [
        (A, A.copy()),
        (A, A.tolist()),
        (A, np.asfortranarray(A)),
        (1.5, np.float64(1.5)),
        (1.5, np.array(1.5)),
        (2.0, 2),
        ((A, 1.0), [A, 1.0]),
        ([1.0, 2.0], (1.0, 2.0)),
        (None, None),
        ({"lr": 0.1}, {"lr": np.float64(0.1)}),
        (np.array([np.nan, np.inf]), np.array([np.nan, np.inf])),
        (A * 1e300, A * 1e300 * (1 + 1e-12)),
        (np.zeros(3), np.full(3, 1e-13)),
        (Pair(A, A), (A, A)),
    ],
)
def test_equal_results_do_not_differ(expected, actual):
    assert difference(expected, actual, T) is None


@pytest.mark.parametrize(
    ("expected", "actual", "kind", "says"),
    [
        (A, None, "type", "is a `return` missing"),
        (A, "text", "type", "an array of numbers, not a str"),
        (A, np.sum, "type", "was it called?"),
        (A, [[1.0], [2.0, 3.0]], "type", "an array of numbers"),
        (A, A.astype(complex), "type", "complex128"),
        (1.0, None, "type", "return"),
        ((A, A), A[0, 0], "type", "a tuple of 2"),
        ((A, A), (A,), "shape", "1 items, not 2"),
        (A[:1], A[:1].T, "shape", "transposed"),
        (3.0, np.array([3.0]), "shape", "a single number"),
        (A.astype(np.float32), A, "dtype", "float64; float32"),
        (A, A.astype(int), "dtype", "int64"),
        (A, A + np.eye(2), "value", "2 of 4 entries differ, by 1 at most"),
        (A, np.where(A == 2, np.nan, A), "value", "overflow"),
        (np.array([np.inf]), np.array([1.0]), "value", "right is inf"),
        ({"lr": 1.0}, {"rate": 1.0}, "value", "keys"),
        ({"lr": 1.0}, 1.0, "type", "a dict"),
        ("relu", "tanh", "value", "'tanh', not 'relu'"),
        (None, 1.0, "type", "must be None"),
        (Pair(A, A), (A, A + 1), "value", "std[0, 0]"),
    ],
)
def test_the_first_difference_is_named(expected, actual, kind, says):
    found = difference(expected, actual, T)
    assert found is not None
    assert found.kind == kind
    assert says in found.message


def test_shape_is_told_before_dtype_and_value():
    wrong = (A + 1).astype(np.float32)[:1]
    assert difference(A, wrong, T).kind == "shape"


@given(st.floats(-1e100, 1e100), st.floats(1e-6, 1e-2))
def test_an_error_beyond_the_tolerance_is_never_missed(value, error):
    expected = np.array([value, 1.0])
    actual = expected * (1 + np.array([error, 0.0])) + np.array([error, 0.0]) * 1e-3 * abs(value)
    differs = difference(expected, actual, T) is not None
    size = abs(actual[0] - expected[0])
    assert differs == (size > T.relative * abs(value) + T.floor * max(1.0, abs(value)))


def test_single_precision_gets_its_own_tolerance():
    expected = A.astype(np.float32)
    assert difference(expected, expected * np.float32(1 + 3e-5), T) is None
    assert difference(expected, expected * np.float32(1 + 3e-4), T) is not None
    assert difference(0.1, 0.1 * (1 + 3e-5), T) is not None
    assert difference(0.1, 0.1 * (1 + 3e-5), T.for_single()) is None
