import inspect
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dltricks.schedules import (
    SCHEDULES,
    exponential_decay,
    inverse_time_decay,
    staircase_decay,
    warmup_cosine,
)


def test_inverse_time_is_harmonic():
    rates = [inverse_time_decay(0.6, step, 0.25) for step in range(9)]
    assert rates[0] == 0.6
    np.testing.assert_allclose(rates[4], 0.3)
    np.testing.assert_allclose(np.diff(1 / np.array(rates)), 0.25 / 0.6)
    assert inverse_time_decay(0.6, 7, 0.0) == 0.6


def test_exponential_multiplies_by_the_same_factor():
    rates = np.array([exponential_decay(0.6, step, 0.25) for step in range(9)])
    assert rates[0] == 0.6
    np.testing.assert_allclose(rates[1:] / rates[:-1], math.exp(-0.25))


def test_staircase_holds_and_drops():
    rates = [staircase_decay(0.8, step, 0.1, 4) for step in range(12)]
    np.testing.assert_allclose(rates, [0.8] * 4 + [0.08] * 4 + [0.008] * 4)


@pytest.mark.parametrize("lr_min", [0.0, 0.02])
def test_warmup_cosine_written_out(lr_min):
    rates = [warmup_cosine(0.4, step, 3, 9, lr_min) for step in range(12)]
    np.testing.assert_allclose(rates[:3], [0.4 / 3, 0.8 / 3, 0.4])
    # The half-angle form of the same cosine.
    progress = np.arange(7) / 6
    expected = lr_min + (0.4 - lr_min) * np.cos(np.pi * progress / 2) ** 2
    np.testing.assert_allclose(rates[3:10], expected, rtol=1e-12, atol=1e-16)
    assert rates[9:] == [lr_min] * 3


def test_lr_min_is_zero_by_default():
    assert warmup_cosine(1.0, 10, 0, 10) == 0.0


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    warmup=st.integers(0, 30),
    decay=st.integers(1, 60),
    lr0=st.floats(1e-4, 10.0),
    share=st.floats(0.0, 1.0),
)
def test_warmup_cosine_rises_then_falls_within_its_bounds(warmup, decay, lr0, share):
    total, lr_min = warmup + decay, share * lr0
    rates = np.array([warmup_cosine(lr0, k, warmup, total, lr_min) for k in range(total + 5)])
    assert np.all(np.diff(rates[:warmup]) > 0)
    assert np.all(np.diff(rates[warmup:]) <= 1e-12 * lr0)
    np.testing.assert_allclose(rates[warmup], lr0)
    np.testing.assert_allclose(rates[total:], lr_min, rtol=1e-12)
    # The two halves of the cosine mirror each other.
    middle = rates[warmup : total + 1]
    np.testing.assert_allclose(middle + middle[::-1], lr0 + lr_min)


@pytest.mark.parametrize(
    ("schedule", "arguments", "name"),
    [
        (inverse_time_decay, (0.1, -1, 0.5), "step"),
        (inverse_time_decay, (0.1, 1, -0.5), "decay"),
        (exponential_decay, (0.1, -1, 0.5), "step"),
        (staircase_decay, (0.1, -1, 0.5, 2), "step"),
        (staircase_decay, (0.1, 1, 0.5, 0), "every"),
        (warmup_cosine, (0.1, -1, 0, 5), "step"),
        (warmup_cosine, (0.1, 1, 5, 5), "warmup"),
        (warmup_cosine, (0.1, 1, -1, 5), "warmup"),
        (warmup_cosine, (0.1, 1, 0, 0), "total"),
    ],
)
def test_refuses(schedule, arguments, name):
    with pytest.raises(ValueError, match=name):
        schedule(*arguments)


def test_registry_names_its_functions():
    assert len(SCHEDULES) == 4
    for name, schedule in SCHEDULES.items():
        assert schedule.__name__ == name
        assert list(inspect.signature(schedule).parameters)[:2] == ["lr0", "step"]
