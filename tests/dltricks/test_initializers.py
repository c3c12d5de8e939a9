from functools import partial
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import frozen
from scipy import stats
from scipy.special import log_softmax, softmax

from dltricks.initializers import (
    activation_gain,
    activation_statistics,
    fan_in_uniform,
    he_normal,
    he_uniform,
    lsuv,
    orthogonal,
    output_bias,
    small_normal,
    xavier_normal,
    xavier_uniform,
)

# what each rule's weights are distributed as, from the lectures, in SciPy's terms
DISTRIBUTIONS = {
    small_normal: lambda n, m: stats.norm(scale=0.01),
    partial(small_normal, std=0.3): lambda n, m: stats.norm(scale=0.3),
    fan_in_uniform: lambda n, m: stats.uniform(-(n**-0.5), 2 * n**-0.5),
    xavier_normal: lambda n, m: stats.norm(scale=(2 / (n + m)) ** 0.5),
    xavier_uniform: lambda n, m: stats.uniform(-((6 / (n + m)) ** 0.5), 2 * (6 / (n + m)) ** 0.5),
    he_normal: lambda n, m: stats.norm(scale=(2 / n) ** 0.5),
    he_uniform: lambda n, m: stats.uniform(-((6 / n) ** 0.5), 2 * (6 / n) ** 0.5),
}
INITIALIZERS = [*DISTRIBUTIONS, orthogonal]

quick = settings(max_examples=50, deadline=None, derandomize=True)


def name_of(initializer):
    # Not its repr: that holds an address, and parallel runs must agree on the names of tests.
    if isinstance(initializer, partial):
        return f"{initializer.func.__name__}-{initializer.keywords}"
    return initializer.__name__


# the independent rules


@pytest.mark.parametrize("initializer", DISTRIBUTIONS, ids=name_of)
@pytest.mark.parametrize(("fan_in", "fan_out"), [(420, 180), (180, 420)])  # 7:3 hides no swap
def test_weights_are_distributed_as_said(initializer, fan_in, fan_out):
    w = initializer(fan_in, fan_out, np.random.default_rng(1))
    assert w.shape == (fan_in, fan_out)
    assert w.dtype == np.float64
    said = DISTRIBUTIONS[initializer](fan_in, fan_out)
    assert stats.kstest(w.ravel(), said.cdf).pvalue > 1e-4
    # 5 standard errors of mean and variance; a normal's kurtosis is 3, a uniform's 1.8
    kurtosis = 3 + float(said.stats("k"))
    assert abs(w.mean()) < 5 * said.std() / w.size**0.5
    assert abs(w.var() / said.var() - 1) < 5 * ((kurtosis - 1) / w.size) ** 0.5
    low, high = said.support()
    assert low <= w.min() < w.max() <= high


@pytest.mark.parametrize("initializer", DISTRIBUTIONS, ids=name_of)
def test_weights_are_independent_across_entries_and_calls(initializer):
    rng = np.random.default_rng(2)
    w, again = initializer(300, 200, rng), initializer(300, 200, rng)
    limit = 5 / w.size**0.5
    for a, b in [(w, again), (w[:-1], w[1:]), (w[:, :-1], w[:, 1:]), (w**2, again**2)]:
        assert abs(np.corrcoef(a.ravel(), b.ravel())[0, 1]) < limit * 1.1


@pytest.mark.parametrize("initializer", INITIALIZERS, ids=name_of)
def test_randomness_comes_from_the_generator_alone(initializer):
    np.random.seed(0)  # noqa: NPY002 - what the global state must not have to do with it
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    w = initializer(4, 3, np.random.default_rng(7))
    np.testing.assert_array_equal(w, initializer(4, 3, np.random.default_rng(7)))
    assert not np.array_equal(w, initializer(4, 3, np.random.default_rng(8)))
    np.testing.assert_array_equal(before, np.random.get_state()[1])  # noqa: NPY002


@pytest.mark.parametrize("initializer", INITIALIZERS, ids=name_of)
@pytest.mark.parametrize("shape", [(1, 1), (1, 5), (5, 1)])
def test_the_narrowest_layers(initializer, shape):
    w = initializer(*shape, np.random.default_rng(0))
    assert w.shape == shape
    assert np.all(np.isfinite(w))


@pytest.mark.parametrize("initializer", INITIALIZERS, ids=name_of)
@pytest.mark.parametrize("size", [0, -3, 2.0, True, None])
def test_sizes_must_be_positive_whole_numbers(initializer, size):
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match=r"^fan_in must"):
        initializer(size, 3, rng)
    with pytest.raises(ValueError, match=r"^fan_out must"):
        initializer(3, size, rng)


def test_numpy_integers_are_sizes_too():
    w = xavier_normal(np.int64(100), np.int32(100), np.random.default_rng(0))
    assert w.shape == (100, 100)
    assert w.std() == pytest.approx(0.1, rel=0.05)


def test_small_normal_takes_a_std_of_zero_and_refuses_a_negative_one():
    rng = np.random.default_rng(0)
    np.testing.assert_array_equal(small_normal(2, 3, rng, std=0), np.zeros((2, 3)))
    with pytest.raises(ValueError, match=r"^std must"):
        small_normal(2, 3, rng, std=-0.1)


# orthogonal


@given(st.integers(1, 9), st.integers(1, 9), st.floats(-3, 3), st.integers(0, 2**32 - 1))
@quick
def test_orthogonal_is_orthogonal(fan_in, fan_out, gain, seed):
    w = orthogonal(fan_in, fan_out, np.random.default_rng(seed), gain)
    assert w.shape == (fan_in, fan_out)
    gram = w.T @ w if fan_in >= fan_out else w @ w.T
    np.testing.assert_allclose(gram, gain**2 * np.eye(len(gram)), atol=1e-13)


@pytest.mark.parametrize(("fan_in", "fan_out"), [(3, 3), (5, 2), (2, 5)])
def test_orthogonal_entries_are_those_of_a_haar_matrix(fan_in, fan_out):
    # one entry of a uniform direction in R^n: (w + 1) / 2 ~ Beta((n - 1) / 2, (n - 1) / 2).
    # Q of a plain QR fails on its first column, whose first entry never changes sign.
    rng = np.random.default_rng(3)
    draws = np.array([orthogonal(fan_in, fan_out, rng) for _ in range(1500)])
    half = (max(fan_in, fan_out) - 1) / 2
    for i in range(fan_in):
        for j in range(fan_out):
            said = stats.beta(half, half, loc=-1, scale=2)
            assert stats.kstest(draws[:, i, j], said.cdf).pvalue > 1e-4


def test_orthogonal_moments_agree_with_scipys_haar_matrices():
    rng = np.random.default_rng(4)
    n, count = 4, 2500
    ours = np.array([orthogonal(n, n, rng) for _ in range(count)])
    theirs = stats.ortho_group(n, seed=5).rvs(count)

    def traces(q):
        return np.trace(q, axis1=1, axis2=2)

    def quadratic(q):  # mixes rows and columns, of mean 0
        return q[:, 0, 0] * q[:, 1, 1] + q[:, 0, 1] * q[:, 1, 0]

    for figure in (traces, quadratic, np.linalg.det, lambda q: traces(q @ q)):
        assert stats.ks_2samp(figure(ours), figure(theirs)).pvalue > 1e-4
    # Diaconis and Shahshahani (1994): the trace has the moments 0, 1, 0, 3 of a normal
    moments = [np.mean(traces(ours) ** k) for k in (1, 2, 3, 4)]
    np.testing.assert_allclose(moments, [0, 1, 0, 3], atol=0.5)
    assert abs(np.mean(np.linalg.det(ours))) < 5 / count**0.5


# activation_gain


def test_activation_gains_are_the_table():
    assert activation_gain("linear") == 1
    assert activation_gain("tanh") == 5 / 3
    assert activation_gain("relu") == pytest.approx(2**0.5)
    assert activation_gain("leaky_relu") == pytest.approx((2 / 1.0001) ** 0.5)
    assert activation_gain("leaky_relu", slope=0.5) == pytest.approx(1.6**0.5)
    assert activation_gain("relu", slope=0.5) == pytest.approx(2**0.5)


@pytest.mark.parametrize("slope", [0.0, 0.01, 0.3, 1.0])
def test_leaky_gain_keeps_the_second_moment(slope):
    # of a standard normal u, E[leaky(u)^2] = (1 + slope^2) / 2
    second = stats.norm.expect(lambda u: np.where(u > 0, u, slope * u) ** 2)
    assert activation_gain("leaky_relu", slope) ** 2 * second == pytest.approx(1)


@pytest.mark.parametrize("name", ["sigmoid", "ReLU", "", None])
def test_activation_gain_refuses_another_name(name):
    with pytest.raises(ValueError, match=r"^name must be one of linear"):
        activation_gain(name)


# output_bias


@given(
    st.integers(1, 6).flatmap(
        lambda k: st.tuples(st.just(k), st.lists(st.integers(0, k - 1), min_size=1, max_size=20))
    ),
    st.floats(0.01, 10),
)
@quick
def test_softmax_of_output_bias_is_the_smoothed_marginal(classes, smoothing):
    k, labels = classes
    b = output_bias(frozen(labels), k, smoothing)
    counts = np.array([labels.count(c) for c in range(k)])
    np.testing.assert_allclose(softmax(b), (counts + smoothing) / (counts + smoothing).sum())
    np.testing.assert_allclose(log_softmax(b), b, atol=1e-12)  # normalized, not just proportional


def test_output_bias_smooths_by_one_unless_told_otherwise():
    np.testing.assert_allclose(np.exp(output_bias([0, 0, 2], 3)), [0.5, 1 / 6, 1 / 3])
    np.testing.assert_allclose(np.exp(output_bias([0, 0, 1, 1, 1], 2, smoothing=0)), [0.4, 0.6])


@pytest.mark.parametrize("kind", [np.uint8, np.int16, np.uint64])
def test_output_bias_counts_labels_of_any_integer_kind(kind):
    labels = np.array([3, 0, 3, 1], kind)
    np.testing.assert_array_equal(output_bias(labels, 4), output_bias([3, 0, 3, 1], 4))


@pytest.mark.parametrize(
    ("labels", "k", "smoothing", "named"),
    [
        ([0, 3], 3, 1.0, "labels"),
        ([-1, 0], 3, 1.0, "labels"),
        ([0.0, 1.0], 3, 1.0, "labels"),
        ([[0], [1]], 3, 1.0, "labels"),
        ([0], 0, 1.0, "num_classes"),
        ([0], 1.5, 1.0, "num_classes"),
        ([0, 0], 2, 0.0, "smoothing"),
        ([0, 1], 2, -0.5, "smoothing"),
    ],
)
def test_output_bias_refuses(labels, k, smoothing, named):
    with pytest.raises(ValueError, match=f"^{named} must"):
        output_bias(np.array(labels), k, smoothing)


# activation_statistics and lsuv


def deep_case(widths=(6, 9, 4, 5), n=40, scale=1.0):
    rng = np.random.default_rng(6)
    x = frozen(1 + rng.normal(size=(n, widths[0])))
    return x, [frozen(scale * rng.normal(size=s)) for s in pairwise(widths)]


def test_activation_statistics_are_taken_after_each_activation():
    x, weights = deep_case()
    statistics = activation_statistics(x, weights, np.tanh)
    h = x
    for w, (mean, variance) in zip(weights, statistics, strict=True):
        h = np.tanh(h @ w)
        described = stats.describe(h, axis=None, ddof=0)
        assert mean == pytest.approx(described.mean)
        assert variance == pytest.approx(described.variance)
    assert {type(figure) for pair in statistics for figure in pair} == {float}
    assert activation_statistics(x, [], np.tanh) == []


def test_he_keeps_the_second_moment_through_relu_and_xavier_does_not():
    rng = np.random.default_rng(7)
    x = rng.normal(size=(200, 150))

    def last_second_moment(initializer):
        weights = [initializer(150, 150, rng) for _ in range(12)]
        mean, variance = activation_statistics(x, weights, lambda u: np.maximum(u, 0))[-1]
        return mean**2 + variance

    assert 0.3 < last_second_moment(he_normal) < 3
    assert last_second_moment(xavier_normal) < 3 / 2**12


@pytest.mark.parametrize("function", [activation_statistics, lsuv])
def test_weights_that_do_not_fit_are_named(function):
    with pytest.raises(ValueError, match=r"^weights\[0\] must have shape"):
        function(np.ones((2, 3)), [np.ones((2, 3))], np.tanh)
    x, weights = deep_case()
    with pytest.raises(ValueError, match=r"^weights\[1\] must have shape"):
        function(x, [weights[0], weights[0]], np.tanh)
    with pytest.raises(ValueError, match=r"^weights\[0\] must have shape"):
        function(x, [np.ones(6)], np.tanh)


@pytest.mark.parametrize("activation", [np.tanh, lambda u: np.maximum(u, 0), lambda u: u])
@pytest.mark.parametrize("scale", [1e-3, 1.0, 50.0])
@pytest.mark.parametrize("n", [1, 40])
def test_lsuv_gives_every_pre_activation_unit_variance(activation, scale, n):
    x, weights = deep_case(n=n, scale=scale)
    scaled = lsuv(x, weights, activation)
    h = x
    for w, before in zip(scaled, weights, strict=True):
        assert abs(np.var(h @ w) - 1) <= 0.01
        ratio = w / before  # only the size has changed
        np.testing.assert_allclose(ratio, ratio[0, 0])
        assert ratio[0, 0] > 0
        h = activation(h @ w)


def test_lsuv_leaves_what_is_near_enough_and_stops_when_told():
    x, (w, *_) = deep_case()
    w = w / np.std(x @ w)
    near = 1.04 * w
    np.testing.assert_array_equal(lsuv(x, [near], np.tanh, tol=0.1)[0], near)
    assert np.var(x @ lsuv(x, [near], np.tanh, tol=0.05)[0]) == pytest.approx(1)
    np.testing.assert_array_equal(lsuv(x, [9 * w], np.tanh, max_iter=0)[0], 9 * w)
    np.testing.assert_allclose(lsuv(x, [9 * w], np.tanh, max_iter=1)[0], w)


def test_lsuv_refuses_what_does_not_vary():
    with pytest.raises(ValueError, match=r"^weights\[0\] gives pre-activations that do not vary"):
        lsuv(np.ones((3, 2)), [np.ones((2, 1))], np.tanh)


def test_statistics_and_lsuv_of_float32_and_integers():
    x, weights = deep_case()
    x, weights = x.astype(np.float32), [w.astype(np.float32) for w in weights]
    assert {w.dtype for w in lsuv(x, weights, np.tanh)} == {np.dtype(np.float32)}
    whole = [np.array([[100, 0], [100, 3]], np.int8)]
    x = np.array([[1, 2], [3, 1]], np.int8)
    ((mean, _),) = activation_statistics(x, whole, lambda u: u)
    assert mean == (300 + 6 + 400 + 3) / 4
    assert lsuv(x, whole, np.tanh)[0].dtype == np.float64
