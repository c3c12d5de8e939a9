import numpy as np
import pytest
import scipy.stats
from oracles import frozen

from dltricks.dropout import (
    classic_dropout_forward,
    dropout_backward,
    dropout_forward,
    input_noise,
)

FORWARDS = [(dropout_forward, 0.3), (classic_dropout_forward, 0.7)]


@pytest.mark.parametrize(
    ("forward", "p", "zero", "factor"),
    [
        (dropout_forward, 0.2, 0.2, 1.25),
        (dropout_forward, 0.75, 0.75, 4.0),
        (classic_dropout_forward, 0.2, 0.8, 1.0),
        (classic_dropout_forward, 0.75, 0.25, 1.0),
    ],
)
def test_entries_are_lost_with_their_probability_and_scaled(forward, p, zero, factor):
    rng = np.random.default_rng(0)
    x = frozen(rng.uniform(1, 2, size=(400, 100)))
    y, _ = forward(x, p, rng)
    kept = y != 0
    np.testing.assert_allclose(y[kept], factor * x[kept], rtol=1e-14)
    lost = int(np.sum(~kept))
    assert scipy.stats.binomtest(lost, x.size, zero).pvalue > 1e-6


@pytest.mark.parametrize(("forward", "p"), FORWARDS)
def test_every_entry_has_a_coin_of_its_own(forward, p):
    rng = np.random.default_rng(1)
    lost = forward(np.ones((2000, 50)), p, rng)[0] == 0
    # Sums along either axis are binomial: a coin shared by a row or a column spreads them.
    for sums, n in ((lost.sum(axis=1), 50), (lost.sum(axis=0), 2000)):
        np.testing.assert_allclose(sums.var() / (n * 0.3 * 0.7), 1, atol=5 * np.sqrt(2 / len(sums)))
    again = forward(np.ones((2000, 50)), p, rng)[0] == 0
    np.testing.assert_allclose(np.mean(lost & again), 0.09, atol=0.006)


@pytest.mark.parametrize(("forward", "p"), FORWARDS)
def test_training_has_the_mean_of_testing(forward, p):
    rng = np.random.default_rng(2)
    x = frozen([[1.0, -2.0, 3.0]])
    trained = np.mean([forward(x, p, rng)[0] for _ in range(4000)], axis=0)
    tested, _ = forward(x, p, rng, training=False)
    np.testing.assert_allclose(trained, tested, atol=0.12)


@pytest.mark.parametrize(("forward", "p"), FORWARDS)
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(), (1,), (6, 5), (2, 3, 4, 4)])
def test_backward_is_the_derivative(forward, p, training, dtype, shape):
    rng = np.random.default_rng(3)
    x, dy = frozen(rng.uniform(1, 2, shape).astype(dtype), rng.normal(size=shape).astype(dtype))
    y, cache = forward(x, p, rng, training=training)
    assert y.shape == shape
    assert y.dtype == dtype
    for _ in range(2):  # a cache may be used more than once
        dx = dropout_backward(dy, cache)
        assert dx.dtype == dtype
        np.testing.assert_allclose(dx, dy * y / x, rtol=2e-6 if dtype == np.float32 else 1e-12)


def test_nothing_happens_when_not_training():
    rng = np.random.default_rng(4)
    before = rng.bit_generator.state
    x = frozen(np.arange(6.0))
    y, cache = dropout_forward(x, 0.9, rng, training=False)
    np.testing.assert_array_equal(y, x)
    np.testing.assert_array_equal(dropout_backward(x, cache), x)
    y, _ = classic_dropout_forward(x, 0.25, rng, training=False)
    np.testing.assert_array_equal(y, x / 4)
    assert rng.bit_generator.state == before


def test_without_loss_nothing_changes():
    rng = np.random.default_rng(5)
    x = frozen(rng.normal(size=(30, 30)))
    for forward, p in ((dropout_forward, 0.0), (dropout_forward, 0), (classic_dropout_forward, 1)):
        y, cache = forward(x, p, rng)
        np.testing.assert_array_equal(y, x)
        np.testing.assert_array_equal(dropout_backward(x, cache), x)
    np.testing.assert_array_equal(classic_dropout_forward(x, 0, rng)[0], 0)


@pytest.mark.parametrize("forward", [dropout_forward, classic_dropout_forward])
def test_whole_numbers_become_floats(forward):
    y, _ = forward(np.arange(1, 9, dtype=np.int8), 0.5, np.random.default_rng(6))
    assert y.dtype == np.float64
    assert set(y[y != 0]) <= {k * (2.0 if forward is dropout_forward else 1.0) for k in range(1, 9)}


@pytest.mark.parametrize(
    ("forward", "p", "name"),
    [
        (dropout_forward, -0.1, "drop"),
        (dropout_forward, 1.0, "drop"),
        (dropout_forward, 1.5, "drop"),
        (dropout_forward, np.nan, "drop"),
        (classic_dropout_forward, -0.1, "keep"),
        (classic_dropout_forward, 1.1, "keep"),
    ],
)
@pytest.mark.parametrize("training", [True, False])
def test_probabilities_out_of_range_are_refused(forward, p, name, training):
    with pytest.raises(ValueError, match=name):
        forward(np.ones(3), p, np.random.default_rng(0), training=training)


def test_gradient_of_another_shape_is_refused():
    _, cache = dropout_forward(np.ones((3, 2)), 0.5, np.random.default_rng(0))
    with pytest.raises(ValueError, match="dy"):
        dropout_backward(np.ones((2, 3)), cache)


def test_input_noise_is_gaussian_of_the_given_size():
    x = frozen(np.linspace(-5, 5, 20_000).reshape(200, 100))
    noise = input_noise(x, 0.25, np.random.default_rng(7)) - x
    assert scipy.stats.kstest(noise.ravel(), scipy.stats.norm(0, 0.25).cdf).pvalue > 1e-6
    # One number for all of a row or a column would show in the means.
    np.testing.assert_allclose(noise.mean(axis=0), 0, atol=0.1)
    np.testing.assert_allclose(noise.mean(axis=1), 0, atol=0.13)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(), (3,), (2, 3)])
def test_input_noise_keeps_type_and_shape(dtype, shape):
    x = frozen(np.ones(shape, dtype))
    rng = np.random.default_rng(8)
    noisy = input_noise(x, 0.5, rng)
    assert noisy.dtype == dtype
    assert noisy.shape == shape
    assert np.all(noisy != x)
    still = input_noise(x, 0.0, rng)
    np.testing.assert_array_equal(still, x)
    assert not np.shares_memory(still, x)


def test_input_noise_refuses_a_negative_size():
    with pytest.raises(ValueError, match="std"):
        input_noise(np.ones(3), -0.1, np.random.default_rng(0))
