import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dltricks.early_stopping import early_stopping


class Training:
    """Parameters that are the list of all steps so far; the errors are read off a list."""

    def __init__(self, errors, n):
        self.errors, self.n = errors, n
        self.trained, self.evaluated = [], []

    def train_steps(self, theta, n):
        assert n == self.n
        self.trained.append(theta)
        return [*theta, n]

    def validation_error(self, theta):
        self.evaluated.append(theta)
        return self.errors[len(theta) - 1]


def run(errors, n, patience, max_steps=None):
    training = Training(errors, n)
    return training, early_stopping(
        [], training.train_steps, training.validation_error, n, patience, max_steps
    )


def test_trace_of_algorithm_7_1():
    # i:   3    6    9   12   15   18   21   24   27   30
    # v':  5    4    4    6    3    3    4  2.5    9    8    7
    # j:   0    0    1    2    0    1    2    0    1    2    3 with patience 3
    training, result = run([5, 4, 4, 6, 3, 3, 4, 2.5, 9, 8, 7, 1, 1], n=3, patience=3)
    theta, step, error = result
    assert (step, error) == (24, 2.5)
    assert theta == [3] * 8
    assert len(training.evaluated) == 11
    # With patience 2 it never sees what comes after the first two failures in a row.
    training, (theta, step, error) = run([5, 4, 4, 6, 3, 3], n=3, patience=2)
    assert (theta, step, error) == ([3, 3], 6, 4)
    assert len(training.evaluated) == 4


def test_returns_the_very_object_that_training_returned():
    training, (theta, _, _) = run([3, 2, 4, 5], n=5, patience=2)
    assert theta is training.evaluated[1]


def test_trains_on_from_the_latest_parameters_not_from_the_best():
    training, _ = run([1, 2, 3, 4], n=1, patience=3)
    assert [len(theta) for theta in training.trained] == [0, 1, 2, 3]
    assert all(a is b for a, b in zip(training.trained[1:], training.evaluated[:-1], strict=True))


@pytest.mark.parametrize(
    ("max_steps", "evaluations"), [(0, 0), (9, 0), (10, 1), (19, 1), (20, 2), (35, 3)]
)
def test_stops_before_passing_max_steps(max_steps, evaluations):
    training, (theta, step, error) = run([5, 4, 3, 2, 1], 10, 2, max_steps)
    assert len(training.evaluated) == evaluations
    assert (theta, step) == ([10] * evaluations, 10 * evaluations)
    assert error == (6 - evaluations if evaluations else math.inf)


def test_initial_parameters_come_back_where_nothing_was_evaluated():
    theta = object()
    best = early_stopping(theta, None, None, n=10, patience=1, max_steps=5)
    assert best[0] is theta
    assert best[1:] == (0, math.inf)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_what_is_no_number_is_no_improvement(bad):
    training, (theta, step, error) = run([2, bad, bad, 1], 1, 2)
    assert (len(theta), step, error) == (1, 1, 2)
    _, (theta, step, error) = run([bad, bad], 1, 2)
    assert (theta, step, error) == ([], 0, math.inf)
    assert len(training.evaluated) == 3


@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    errors=st.lists(st.integers(0, 6), min_size=1, max_size=25),
    patience=st.integers(1, 5),
    n=st.integers(1, 4),
)
def test_stops_at_the_first_run_of_failures(errors, patience, n):
    training, (theta, step, error) = run(errors, n, patience, max_steps=n * len(errors))
    # It ends with the first evaluation k whose last `patience` are no lower than one before them.
    stops = [
        k
        for k in range(patience + 1, len(errors) + 1)
        if min(errors[: k - patience]) <= min(errors[k - patience : k])
    ]
    seen = errors[: stops[0]] if stops else errors
    assert len(training.evaluated) == len(seen)
    assert error == min(seen)
    assert step == n * (1 + seen.index(min(seen)))
    assert len(theta) * n == step


def test_takes_arrays_and_numpy_errors():
    theta, step, error = early_stopping(
        np.array([4.0]),
        lambda theta, n: theta - n,
        lambda theta: np.float32(np.sum(theta**2)),
        n=1,
        patience=2,
    )
    np.testing.assert_array_equal(theta, [0.0])
    assert (step, error) == (4, 0.0)
    assert type(error) is float


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"n": 0, "patience": 1}, "n"),
        ({"n": 1, "patience": 0}, "patience"),
        ({"n": 1, "patience": 1, "max_steps": -1}, "max_steps"),
    ],
)
def test_refuses(options, name):
    with pytest.raises(ValueError, match=rf"^{name} "):
        early_stopping(0, lambda theta, n: theta, lambda theta: 0.0, **options)
