"""Scaling and whitening against scikit-learn, SciPy, closed forms and numerical derivatives."""

import numpy as np
import pytest
import scipy.linalg
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import frozen
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler

from dltricks.whitening import (
    best_fixed_step,
    condition_number,
    inverse_square_root_iteration,
    least_squares_hessian,
    logistic_hessian,
    pca,
    standardize,
    standardize_fit,
    whitening_matrix,
)


@pytest.fixture
def rng():
    return np.random.default_rng(3)


def correlated(rng, n, d, dtype=np.float64):
    """Data off the origin whose features have unlike scales and correlate."""
    x = rng.normal(size=(n, d)) * np.logspace(0.5, -1, d) @ rng.normal(size=(d, d)) + 5
    return frozen(x.astype(dtype))


def covariance(x):
    return np.atleast_2d(np.cov(x, rowvar=False, ddof=0))


def symmetric(rng, eigenvalues):
    q = scipy.linalg.qr(rng.normal(size=(len(eigenvalues), len(eigenvalues))))[0]
    return frozen((q * eigenvalues) @ q.T)


# --- standardize ---


@pytest.mark.parametrize("n", [2, 57])
def test_standardize_agrees_with_scikit_learn(rng, n):
    x = correlated(rng, n, 6)
    mean, std = standardize_fit(x)
    scaler = StandardScaler().fit(x)
    np.testing.assert_allclose(mean, scaler.mean_, rtol=1e-12)
    np.testing.assert_allclose(std, scaler.scale_, rtol=1e-12)
    test = correlated(rng, 9, 6)
    np.testing.assert_allclose(standardize(test, mean, std), scaler.transform(test), rtol=1e-9)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("value", [0.1, -1 / 3, 1e-9, 1e6 + 0.1, 0.0])
@pytest.mark.parametrize("n", [1, 3, 1000])
def test_a_constant_feature_keeps_its_scale(dtype, value, n):
    x = frozen(np.full((n, 2), value, dtype))
    mean, std = standardize_fit(x)
    assert mean.dtype == std.dtype == dtype
    np.testing.assert_array_equal(std, 1)
    np.testing.assert_array_equal(standardize(x, mean, std), 0)


@pytest.mark.parametrize(
    ("dtype", "center", "spread"),
    [
        (np.float64, 0.0, 1e-9),
        (np.float64, 1.0, 1e-9),
        (np.float64, 0.0, 1e-100),
        (np.float64, 1e6, 1e-8),
        (np.float32, 0.0, 1e-9),
        (np.float32, 1.0, 1e-6),
        (np.float32, 1e6, 0.5),
    ],
)
def test_a_feature_that_varies_little_is_still_scaled(rng, dtype, center, spread):
    x = frozen((center + spread * rng.normal(size=(500, 1))).astype(dtype))
    mean, std = standardize_fit(x)
    exact = x.astype(np.longdouble)
    np.testing.assert_allclose(std, exact.std(axis=0).astype(float), rtol=1e-4)
    z = standardize(x, mean, std).astype(float)
    # In float32 at 1e6, mean and x are known to a sixteenth only: an eighth of the spread.
    np.testing.assert_allclose(z.mean(), 0, atol=0.07)
    np.testing.assert_allclose(z.std(), 1, rtol=1e-4)


def test_integers_are_numbers_and_float32_stays():
    mean, std = standardize_fit(np.array([[0], [200]], np.uint8))
    np.testing.assert_array_equal([mean, std], [[100.0], [100.0]])
    x = np.ones((4, 2), np.float32)
    assert standardize(x, x[0], x[0]).dtype == np.float32


# --- curvature ---


def hessian_by_differences(gradient, w, h=1e-5):
    steps = h * np.eye(len(w))
    return np.array([(gradient(w + s) - gradient(w - s)) / (2 * h) for s in steps])


@pytest.mark.parametrize("m", [1, 4, 20])
def test_least_squares_hessian_is_the_gradient_s_derivative(rng, m):
    x, y = frozen(rng.normal(size=(m, 4)), rng.normal(size=m))
    expected = hessian_by_differences(lambda w: 2 / m * x.T @ (x @ w - y), rng.normal(size=4))
    np.testing.assert_allclose(least_squares_hessian(x), expected, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("m", [1, 4, 20])
def test_logistic_hessian_is_the_gradient_s_derivative(rng, m):
    x, w = frozen(rng.normal(size=(m, 4)), rng.normal(size=4))
    y = rng.integers(2, size=m)

    def gradient(w):
        return x.T @ (1 / (1 + np.exp(-x @ w)) - y) / m

    np.testing.assert_allclose(
        logistic_hessian(x, w), hessian_by_differences(gradient, w), rtol=1e-7, atol=1e-9
    )


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_logistic_hessian_is_finite_far_from_the_boundary(dtype):
    x = frozen(np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 2.0]], dtype))
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        h = logistic_hessian(x, np.array([1e3, 0.0], dtype))
    assert h.dtype == dtype
    np.testing.assert_allclose(h, [[0, 0], [0, 4 * 0.25 / 3]], rtol=1e-6, atol=1e-300)


def test_hessians_keep_float32(rng):
    x = rng.normal(size=(5, 3)).astype(np.float32)
    assert least_squares_hessian(x).dtype == np.float32
    assert logistic_hessian(x, x[0]).dtype == np.float32


@pytest.mark.parametrize("eigenvalues", [[3.0], [0.5, 2.0, 40.0], [7.0, 7.0, 7.0], [1e-9, 1.0]])
def test_condition_number_and_best_step(rng, eigenvalues):
    h = symmetric(rng, eigenvalues)
    low, high = min(eigenvalues), max(eigenvalues)
    np.testing.assert_allclose(condition_number(h), high / low, rtol=1e-6)
    step, rate = best_fixed_step(h)
    np.testing.assert_allclose(step, 2 / (low + high), rtol=1e-12)
    np.testing.assert_allclose(rate, (high - low) / (high + low), atol=1e-12)
    assert all(type(figure) is float for figure in (condition_number(h), step, rate))


@pytest.mark.parametrize(
    ("eigenvalues", "step"),
    [
        ([0.0, 0.0], 0.0),
        ([0.0, 4.0], 0.5),
        ([1e-13, 4.0], 0.5),
        ([-1.0, 5.0], 0.5),
        ([-5.0, 5.0], 0.0),
        ([-5.0, 1.0], 0.0),
        ([-2.0, -1.0], 0.0),
    ],
)
def test_flat_and_downward_directions_have_no_condition(eigenvalues, step):
    h = np.diag(eigenvalues)
    assert condition_number(h) == np.inf
    assert best_fixed_step(h) == (pytest.approx(step, rel=1e-9), 1.0)


def test_a_singular_float32_matrix_is_recognized(rng):
    x = rng.integers(-9, 9, size=(3, 6)).astype(np.float32)
    h = x.T @ x
    assert condition_number(h) == np.inf
    assert condition_number(h.astype(int)) == np.inf


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 6))
def test_no_step_contracts_more_than_the_best(seed, d):
    rng = np.random.default_rng(seed)
    h = least_squares_hessian(rng.normal(size=(3 * d, d)))
    step, rate = best_fixed_step(h)

    def contraction(s):
        return np.linalg.norm(np.eye(d) - s * h, 2)

    np.testing.assert_allclose(contraction(step), rate, rtol=1e-9)
    for other in step * rng.uniform(0.2, 2, size=5):
        assert contraction(other) >= rate * (1 - 1e-12)


# --- PCA and whitening ---


@pytest.mark.parametrize(("n", "d"), [(40, 5), (5, 5), (4, 7), (6, 1)])
def test_pca_agrees_with_scikit_learn(rng, n, d):
    x = correlated(rng, n, d)
    mean, components, variances = pca(x)
    model = PCA().fit(x)
    k = min(n, d)
    assert components.shape == (d, k)
    np.testing.assert_allclose(mean, model.mean_, rtol=1e-12)
    np.testing.assert_allclose(
        variances, model.explained_variance_ * (n - 1) / n, rtol=1e-9, atol=1e-12
    )
    np.testing.assert_allclose(components.T @ components, np.eye(k), atol=1e-12)
    solid = variances > 1e-9  # beyond the first n - 1 the directions are arbitrary
    cosines = np.sum(components.T * model.components_, axis=1)[solid]
    np.testing.assert_allclose(np.abs(cosines), 1, rtol=1e-9)


def test_pca_of_a_single_sample_has_no_variance():
    x = frozen([[3.0, 4.0]])
    mean, components, variances = pca(x)
    np.testing.assert_array_equal(mean, [3, 4])
    np.testing.assert_array_equal(variances, [0])
    np.testing.assert_allclose(np.linalg.norm(components, axis=0), [1])


@pytest.mark.parametrize("kind", ["zca", "pca"])
@pytest.mark.parametrize(("n", "d"), [(60, 5), (60, 1), (6, 6), (4, 7), (1, 3)])
def test_whitened_covariance(rng, kind, n, d):
    eps = 1e-3
    x = correlated(rng, n, d)
    mean, m = whitening_matrix(x, eps, kind)
    assert m.shape == (d, d)
    variances = np.maximum(np.linalg.eigvalsh(covariance(x) if n > 1 else np.zeros((d, d))), 0)
    white = (x - mean).T @ (x - mean) / n
    white = m.T @ white @ m
    np.testing.assert_allclose(
        np.linalg.eigvalsh(white), variances / (variances + eps), rtol=1e-6, atol=1e-8
    )
    # Directions without variance are scaled too: by 1 / sqrt(eps).
    np.testing.assert_allclose(
        np.sort(np.linalg.svd(m, compute_uv=False)),
        np.sort(1 / np.sqrt(variances + eps)),
        rtol=1e-6,
    )


@pytest.mark.parametrize("eps", [0.0, 1e-5, 0.3])
def test_zca_is_the_inverse_root_of_the_covariance(rng, eps):
    x = correlated(rng, 80, 5)
    mean, m = whitening_matrix(x, eps)
    expected = scipy.linalg.inv(scipy.linalg.sqrtm(covariance(x) + eps * np.eye(5)))
    np.testing.assert_allclose(m, expected, rtol=1e-8, atol=1e-9)
    np.testing.assert_allclose(mean, x.mean(axis=0), rtol=1e-12)


def test_pca_whitening_is_scikit_learn_s(rng):
    x = correlated(rng, 80, 5)
    mean, m = whitening_matrix(x, eps=0.0, kind="pca")
    expected = PCA(whiten=True).fit_transform(x) * np.sqrt(80 / 79)
    np.testing.assert_allclose(np.abs((x - mean) @ m), np.abs(expected), rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize("kind", ["zca", "pca"])
def test_whitening_makes_least_squares_round(rng, kind):
    x = correlated(rng, 80, 5)
    mean, std = standardize_fit(x)
    scaled = standardize(x, mean, std)
    center, m = whitening_matrix(x, eps=0.0, kind=kind)
    assert condition_number(least_squares_hessian(scaled)) > 2
    k = condition_number(least_squares_hessian((x - center) @ m))
    np.testing.assert_allclose(k, 1, rtol=1e-9)


@pytest.mark.parametrize("kind", ["zca", "pca"])
@pytest.mark.parametrize(("n", "d"), [(40, 6), (5, 12)])
def test_whitening_in_float32_is_close_to_float64(rng, kind, n, d):
    x = correlated(rng, n, d, np.float32)
    mean, m = whitening_matrix(x, kind=kind)
    assert mean.dtype == m.dtype == np.float32
    exact_mean, exact = whitening_matrix(x.astype(float), kind=kind)
    np.testing.assert_allclose(
        m @ m.T, exact @ exact.T, rtol=0, atol=1e-3 * np.abs(exact).max() ** 2
    )
    y, expected = (x - mean) @ m, (x - exact_mean) @ exact
    np.testing.assert_allclose(y @ y.T, expected @ expected.T, atol=2e-2)
    assert all(a.dtype == np.float32 for a in pca(x))


# --- the iteration ---


@pytest.mark.parametrize("eigenvalues", [[1.0, 0.5, 0.5], [1.0, 1e-2], [0.9, 1e-6, 3e-3, 0.2]])
def test_iteration_converges_and_stays_there(rng, eigenvalues):
    s = symmetric(rng, eigenvalues)
    expected = scipy.linalg.inv(scipy.linalg.sqrtm(s))
    for iterations in (25, 100):
        p = inverse_square_root_iteration(s, iterations)
        np.testing.assert_allclose(p, expected, rtol=0, atol=1e-9 * np.abs(expected).max())


@pytest.mark.parametrize("iterations", range(7))
def test_iteration_is_the_recursion_on_each_eigenvalue(rng, iterations):
    eigenvalues = np.array([0.7, 0.2, 0.05, 0.001])
    s = symmetric(rng, eigenvalues)
    p = np.ones(4)
    for _ in range(iterations):
        p = (3 * p - p**3 * eigenvalues) / 2
    values, vectors = scipy.linalg.eigh(s)
    expected = (vectors * p[np.argsort(eigenvalues)]) @ vectors.T
    np.testing.assert_allclose(values, np.sort(eigenvalues), rtol=1e-9)
    np.testing.assert_allclose(
        inverse_square_root_iteration(s, iterations), expected, rtol=0, atol=1e-12
    )


def test_iteration_keeps_float32():
    p = inverse_square_root_iteration(frozen(np.diag([1, 0.25]).astype(np.float32)), 10)
    assert p.dtype == np.float32
    np.testing.assert_allclose(p, np.diag([1, 2]), atol=1e-5)


# --- refusals ---

DATA = np.arange(6.0).reshape(3, 2)


@pytest.mark.parametrize(
    ("call", "argument"),
    [
        (lambda: standardize_fit(DATA[0]), "x"),
        (lambda: standardize_fit(DATA[:0]), "x"),
        (lambda: standardize(DATA[0], DATA[0], DATA[1]), "x"),
        (lambda: standardize(DATA, DATA[:, 0], DATA[1]), "mean"),
        (lambda: standardize(DATA, DATA[0], DATA[:, 1]), "std"),
        (lambda: standardize(DATA, DATA[0], DATA[0]), "std"),
        (lambda: least_squares_hessian(DATA[0]), "x"),
        (lambda: least_squares_hessian(DATA[:0]), "x"),
        (lambda: logistic_hessian(DATA, DATA[:, 0]), "w"),
        (lambda: logistic_hessian(DATA[0], DATA[0]), "x"),
        (lambda: condition_number(DATA), "h"),
        (lambda: condition_number(DATA[0]), "h"),
        (lambda: condition_number(np.zeros((0, 0))), "h"),
        (lambda: best_fixed_step(DATA), "h"),
        (lambda: pca(DATA[0]), "x"),
        (lambda: pca(DATA[:0]), "x"),
        (lambda: whitening_matrix(DATA[0]), "x"),
        (lambda: whitening_matrix(DATA[:0]), "x"),
        (lambda: whitening_matrix(DATA, eps=-1.0), "eps"),
        (lambda: whitening_matrix(DATA, kind="ica"), "kind"),
        (lambda: inverse_square_root_iteration(DATA), "s"),
        (lambda: inverse_square_root_iteration(np.eye(2), -1), "iterations"),
    ],
)
def test_bad_arguments_are_named(call, argument):
    with pytest.raises(ValueError, match=rf"^{argument} must"):
        call()
