import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from oracles import frozen

from dltricks.ensembles import bootstrap_indices, ensemble_average, majority_vote


def test_average_is_the_mean_over_models():
    p = np.random.default_rng(0).dirichlet(np.ones(3), size=(4, 5))
    average = ensemble_average(frozen(p))
    np.testing.assert_allclose(average, (p[0] + p[1] + p[2] + p[3]) / 4)
    np.testing.assert_allclose(average.sum(axis=1), 1)
    np.testing.assert_array_equal(ensemble_average(p[:1]), p[0])
    assert ensemble_average(p.astype(np.float32)).dtype == np.float32
    assert ensemble_average(np.ones((2, 1, 2), int)).dtype == np.float64


@pytest.mark.parametrize("shape", [(3,), (2, 3), (1, 2, 3, 4)])
def test_average_refuses_other_shapes(shape):
    with pytest.raises(ValueError, match="probabilities"):
        ensemble_average(np.ones(shape))


@settings(max_examples=80, deadline=None, derandomize=True)
@given(
    predictions=arrays(
        np.int64, st.tuples(st.integers(1, 7), st.integers(1, 6)), elements=st.integers(0, 3)
    )
)
def test_vote_is_the_mode(predictions):
    predictions.flags.writeable = False
    # SciPy's mode also takes the smallest of several.
    expected = scipy.stats.mode(predictions, axis=0).mode
    np.testing.assert_array_equal(majority_vote(predictions, 4), expected)


def test_vote_returns_labels_and_knows_unused_classes():
    labels = majority_vote([[5, 1], [5, 0], [3, 0]], 9)
    assert labels.shape == (2,)
    assert labels.dtype.kind == "i"
    np.testing.assert_array_equal(labels, [5, 0])
    np.testing.assert_array_equal(majority_vote(np.array([[2, 0]], np.uint8), 3), [2, 0])


@pytest.mark.parametrize(
    ("predictions", "num_classes", "name"),
    [
        ([[0, 3]], 3, "predictions must be integers from 0 to 2"),
        ([[-1, 0]], 3, "predictions"),
        ([[0.0, 1.0]], 3, "predictions"),
        ([0, 1], 3, "predictions"),
        ([[0, 1]], 0, "num_classes"),
    ],
)
def test_vote_refuses(predictions, num_classes, name):
    with pytest.raises(ValueError, match=name):
        majority_vote(predictions, num_classes)


def test_bootstrap_draws_uniformly_with_replacement():
    rng = np.random.default_rng(1)
    draws = np.stack([bootstrap_indices(5, rng) for _ in range(4000)])
    assert draws.shape == (4000, 5)
    assert draws.dtype.kind == "i"
    for column in draws.T:
        assert scipy.stats.chisquare(np.bincount(column, minlength=5)).pvalue > 1e-6
    # Neighbouring draws are independent: equal with probability 1/5.
    equal = int(np.sum(draws[:, 0] == draws[:, 1]))
    assert scipy.stats.binomtest(equal, 4000, 0.2).pvalue > 1e-6
    assert bootstrap_indices(1, rng).tolist() == [0]


def test_bootstrap_refuses_nothing():
    with pytest.raises(ValueError, match="n must"):
        bootstrap_indices(0, np.random.default_rng(0))
