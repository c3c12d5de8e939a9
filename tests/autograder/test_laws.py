"""The statistical tests: right samples pass, each kind of wrong one is seen."""

import math

import numpy as np
import pytest
import scipy.stats

from autograder.checking import laws

SHAPE = (300, 200)


def deviations(sample, law):
    tests = (laws.marginal_deviations, laws.dependence_deviations)
    return {d.test for test in tests for d in test(sample, law)}


@pytest.mark.parametrize("seed", range(20))
def test_right_samples_pass(seed):
    rng = np.random.default_rng(seed)
    assert not deviations(rng.normal(0, 0.3, SHAPE), laws.Normal(0.3))
    assert not deviations(rng.uniform(-0.3, 0.3, SHAPE), laws.Uniform(0.3))


@pytest.mark.parametrize(
    ("make", "test"),
    [
        (lambda rng: rng.normal(0, 1.05, SHAPE), "variance"),
        (lambda rng: rng.normal(0.05, 1, SHAPE), "mean"),
        (lambda rng: rng.uniform(-math.sqrt(3), math.sqrt(3), SHAPE), "shape"),
        (lambda rng: rng.laplace(0, math.sqrt(0.5), SHAPE), "shape"),
        (lambda rng: np.ones((SHAPE[0], 1)) * rng.normal(size=(1, SHAPE[1])), "independence"),
        (lambda rng: rng.normal(size=(SHAPE[0], 1)) * np.ones((1, SHAPE[1])), "independence"),
        (lambda rng: np.repeat(rng.normal(size=(150, 200)), 2, axis=0), "independence"),
        (lambda rng: _standardized(rng.normal(size=SHAPE)), "independence"),
        (lambda rng: rng.normal(size=SHAPE).cumsum(axis=0) / 10, "independence"),
    ],
)
def test_wrong_samples_are_seen(make, test):
    assert test in deviations(make(np.random.default_rng(1)), laws.Normal(1.0))


def test_a_uniform_sample_may_not_leave_its_support():
    sample = np.random.default_rng(2).uniform(-1, 1, SHAPE)
    sample[0, 0] = 1.001
    assert "support" in deviations(sample, laws.Uniform(1.0))


def _standardized(sample):
    return (sample - sample.mean()) / sample.std()


def test_cdfs_agree_with_scipy():
    x = np.linspace(-3, 3, 1001)
    np.testing.assert_allclose(laws.Normal(0.7).cdf(x), scipy.stats.norm(0, 0.7).cdf(x), atol=1e-6)
    np.testing.assert_allclose(
        laws.Uniform(0.7).cdf(x), scipy.stats.uniform(-0.7, 1.4).cdf(x), atol=1e-12
    )


@pytest.mark.parametrize("law", [laws.Normal(0.4), laws.Uniform(0.4)])
def test_moments_are_those_of_the_law(law):
    frozen = {
        "normal": scipy.stats.norm(0, 0.4),
        "uniform": scipy.stats.uniform(-0.4, 0.8),
    }[law.name]
    assert law.std == pytest.approx(frozen.std())
    assert law.kurtosis == pytest.approx(float(frozen.stats("k")) + 3)


@pytest.mark.parametrize("degrees", [200, 700])
def test_the_chi_square_score_is_standard_normal_far_out(degrees):
    value = scipy.stats.chi2(degrees).isf(1e-9)
    assert laws._chi_square_score(value, degrees) == pytest.approx(
        scipy.stats.norm.isf(1e-9), abs=0.05
    )


def test_samples_are_alike_when_their_laws_are():
    rng = np.random.default_rng(3)
    normal = rng.normal(size=SHAPE)
    assert laws.alike_samples(normal, rng.normal(size=SHAPE))
    assert not laws.alike_samples(normal, rng.normal(0, 1.1, SHAPE))
    assert not laws.alike_samples(normal, rng.normal(0.1, 1, SHAPE))
    same_variance = rng.uniform(-math.sqrt(3), math.sqrt(3), SHAPE)
    assert not laws.alike_samples(normal, same_variance)
    assert not laws.alike_samples(normal, normal[:10])
    assert not laws.alike_samples(normal, np.zeros(SHAPE))
    assert not laws.alike_samples(normal, np.full(SHAPE, np.nan))
    assert not laws.alike_samples(normal, "text")
