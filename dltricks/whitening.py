"""Making the landscape round: scale the features, then rotate them, before any training.

A batch is ``x: (N, D)``, one sample a row. (D3 keeps one sample a column.)
"""

import numpy as np

from dltricks._arrays import real, require, require_shape
from dltricks.activations import sigmoid_grad


def standardize_fit(x):
    """Measure, on the training data, what `standardize` subtracts and divides by.

    ``mean_j = 1/N sum_n x_nj``, ``std_j = sqrt(1/N sum_n (x_nj - mean_j)^2)``, and 1 where
    feature j is constant.

    Parameters
    ----------
    x : array_like, shape (N, D)
        The training data, at least one sample.

    Returns
    -------
    mean : ndarray, shape (D,)
    std : ndarray, shape (D,)
        Positive; the variance divides by N, not N - 1.

    Raises
    ------
    ValueError
        If x is not two-dimensional or has no sample.

    Notes
    -----
    D3, D4; LeCun et al. (1998). A constant feature has nothing to divide by: with 1 it becomes 0.
    The sums run over differences from the first sample, which are exactly 0 for a constant feature.
    A plain ``x.std(axis=0)`` gives 1e-17 for a column of 0.1, and blows rounding errors up to 1.

    Examples
    --------
    >>> mean, std = standardize_fit([[1.0, 0.1], [3.0, 0.1], [5.0, 0.1]])
    >>> mean
    array([3. , 0.1])
    >>> std.round(4)
    array([1.633, 1.   ])
    """
    x = _samples(x)
    from_first = x - x[0]
    std = from_first.std(axis=0)
    std[std == 0] = 1
    return x[0] + from_first.mean(axis=0), std


def standardize(x, mean, std):
    """Bring every feature to the same scale, with figures measured on the training data.

    ``(x - mean) / std``.

    Parameters
    ----------
    x : array_like, shape (N, D)
        Training or test data.
    mean, std : array_like, shape (D,)
        From `standardize_fit` on the training data; std is positive.

    Returns
    -------
    z : ndarray, shape (N, D)

    Raises
    ------
    ValueError
        If the shapes do not fit or std is not positive.

    Notes
    -----
    D3, D4. Test data standardized with its own mean and deviation is no longer what the model
    was trained on: a single test sample would always become 0.

    Examples
    --------
    >>> mean, std = standardize_fit([[1.0], [3.0]])
    >>> standardize([[4.0]], mean, std)
    array([[2.]])
    """
    x, mean, std = real(x), real(mean), real(std)
    require_shape("x", x, (None, None))
    require_shape("mean", mean, x.shape[1:])
    require_shape("std", std, x.shape[1:])
    require(np.all(std > 0), "std must be positive")
    return (x - mean) / std


def least_squares_hessian(x):
    """Curvature of least squares: it depends on the inputs alone, so scaling them changes it.

    The Hessian of ``1/m sum_i (y_i - w.x_i)^2`` in w: ``2/m X'X``.

    Parameters
    ----------
    x : array_like, shape (m, D)
        The inputs, at least one sample.

    Returns
    -------
    h : ndarray, shape (D, D)
        Symmetric, no eigenvalue negative.

    Raises
    ------
    ValueError
        If x is not two-dimensional or has no sample.

    Notes
    -----
    D3. Its loss has no 1/2 in front, hence the 2.

    Examples
    --------
    >>> least_squares_hessian([[1.0, 0.0], [0.0, 100.0]])
    array([[1.e+00, 0.e+00],
           [0.e+00, 1.e+04]])
    """
    x = _samples(x)
    return 2 / len(x) * (x.T @ x)


def logistic_hessian(x, w):
    """Curvature of logistic regression: least squares' with each sample weighted by its doubt.

    The Hessian of the mean log-loss at w: ``1/m sum_i sigmoid'(w.x_i) x_i x_i'``.

    Parameters
    ----------
    x : array_like, shape (m, D)
        The inputs, at least one sample.
    w : array_like, shape (D,)
        Where the curvature is measured.

    Returns
    -------
    h : ndarray, shape (D, D)
        Symmetric, no eigenvalue negative; finite whatever the size of w.x.

    Raises
    ------
    ValueError
        If the shapes do not fit or x has no sample.

    Notes
    -----
    D3. The labels do not appear. Samples far from the boundary weigh nothing, so the landscape
    flattens as the weights grow.

    Examples
    --------
    >>> logistic_hessian([[2.0, 0.0], [0.0, 4.0]], [0.0, 0.0])
    array([[0.5, 0. ],
           [0. , 2. ]])
    """
    x, w = _samples(x), real(w)
    require_shape("w", w, x.shape[1:])
    return (x.T * sigmoid_grad(x @ w)) @ x / len(x)


def condition_number(h):
    """How elongated a quadratic is: its steepest over its flattest curvature.

    ``l_max / l_min`` of the symmetric h; inf if ``l_min <= 1e-12 l_max``.

    Parameters
    ----------
    h : array_like, shape (D, D)
        A symmetric matrix, such as a Hessian; only its lower triangle is read.

    Returns
    -------
    k : float
        At least 1. A flat or downward direction, so also h = 0, gives inf.

    Raises
    ------
    ValueError
        If h is not a square matrix.

    Notes
    -----
    D3. ``numpy.linalg.cond`` of the data X itself is the root of this figure for X'X, and it takes
    absolute values, which hides an indefinite h.

    Examples
    --------
    >>> condition_number([[100.0, 0.0], [0.0, 4.0]])
    25.0
    >>> condition_number([[1.0, 1.0], [1.0, 1.0]])
    inf
    """
    smallest, largest = _extreme_eigenvalues(h)
    return largest / smallest if smallest > 1e-12 * largest else float("inf")


def best_fixed_step(h):
    """The fixed learning rate with which gradient descent on a quadratic converges fastest.

    ``step = 2 / (l_min + l_max)``; the distance to the minimum then shrinks by at least the factor
    ``rate = (k - 1) / (k + 1)`` a step, with k the condition number.

    Parameters
    ----------
    h : array_like, shape (D, D)
        The quadratic's Hessian, symmetric; only its lower triangle is read.

    Returns
    -------
    step : float
        The learning rate. 0.0 if l_min + l_max is not positive (h = 0, or curved downwards
        at least as much as upwards): no step helps then.
    rate : float
        Between 0 (one step is enough) and 1 (no convergence is promised: k is inf).

    Raises
    ------
    ValueError
        If h is not a square matrix.

    Notes
    -----
    D3; Polyak (1964). A step multiplies the error along an eigenvector by ``1 - step * l``: the
    best step makes the two extremes equal, one overshooting as far as the other lags behind.
    ``2 / l_max`` is the edge of divergence, not the best step.

    Examples
    --------
    >>> best_fixed_step([[9.0, 0.0], [0.0, 1.0]])
    (0.2, 0.8)
    """
    smallest, largest = _extreme_eigenvalues(h)
    k = condition_number(h)
    step = 2 / (smallest + largest) if smallest + largest > 0 else 0.0
    return step, (k - 1) / (k + 1) if k < float("inf") else 1.0


def pca(x):
    """The directions in which the data varies most, and by how much.

    From the singular value decomposition of the centred data, ``X - mean = U S V'``: the columns
    of V are the components, ``S^2 / N`` their variances, ``(x - mean) @ V`` uncorrelated.

    Parameters
    ----------
    x : array_like, shape (N, D)
        The data, at least one sample.

    Returns
    -------
    mean : ndarray, shape (D,)
    components : ndarray, shape (D, K)
        Orthonormal columns, ``K = min(N, D)``; the sign of a column means nothing.
    variances : ndarray, shape (K,)
        Along each component, largest first, dividing by N.

    Raises
    ------
    ValueError
        If x is not two-dimensional or has no sample.

    Notes
    -----
    D3, transposed: its samples are columns, so its U is V here. Pearson (1901), Hotelling (1933).
    scikit-learn keeps components in rows and divides the variances by N - 1.

    Examples
    --------
    >>> mean, components, variances = pca([[0.0, 0.0], [2.0, 2.0], [4.0, 4.0]])
    >>> abs(components[:, 0]).round(4)
    array([0.7071, 0.7071])
    >>> bool(np.allclose(variances, [16 / 3, 0]))
    True
    """
    x = _samples(x)
    mean = x.mean(axis=0)
    _, s, vt = np.linalg.svd(x - mean, full_matrices=False)
    return mean, vt.T, s**2 / len(x)


def whitening_matrix(x, eps=1e-5, kind="zca"):
    """The linear map that makes a cloud of data round: uncorrelated, and as wide in all directions.

    With V the principal axes and v their variances: ``V diag(1 / sqrt(v + eps))`` ("pca"), or
    the same followed by V' ("zca"). ``(x - mean) @ m`` has covariance ``diag(v / (v + eps))`` in
    the principal axes: close to I.

    Parameters
    ----------
    x : array_like, shape (N, D)
        The training data, at least one sample.
    eps : float, default 1e-5
        Added to every variance, inside the root; not negative. It limits how far directions
        without variance are blown up, all those beyond the first N - 1 among them.
    kind : {"zca", "pca"}
        "pca" leaves the data in its principal axes, largest variance first; "zca" rotates it
        back, which changes the data as little as whitening can.

    Returns
    -------
    mean : ndarray, shape (D,)
    m : ndarray, shape (D, D)
        Symmetric for "zca".

    Raises
    ------
    ValueError
        If x is not two-dimensional or has no sample, eps is negative, or the kind is another.

    Notes
    -----
    D3, which divides by the singular value plus eps: that gives covariance I / N, and an eps
    outside the root. Bell and Sejnowski (1997) for "zca"; Kessy, Lewin and Strimmer (2018).
    scikit-learn's ``PCA(whiten=True)`` has no eps and divides by N - 1.

    Examples
    --------
    >>> x = np.random.default_rng(0).normal(size=(50, 2)) @ [[3.0, 2.0], [0.0, 1.0]]
    >>> mean, m = whitening_matrix(x)
    >>> np.abs(np.cov((x - mean) @ m, rowvar=False, ddof=0)).round(3)
    array([[1., 0.],
           [0., 1.]])
    """
    require(kind in ("zca", "pca"), f'kind must be "zca" or "pca", not {kind!r}')
    require(eps >= 0, f"eps must not be negative, not {eps!r}")
    x = _samples(x)
    n, d = x.shape
    mean = x.mean(axis=0)
    # The full V has D axes even where N < D; a thin U saves an N x N matrix where N > D.
    _, s, vt = np.linalg.svd(x - mean, full_matrices=n < d)
    variances = np.zeros(d, x.dtype)
    variances[: len(s)] = s**2 / n
    rotate_and_scale = vt.T / np.sqrt(variances + eps)
    return mean, rotate_and_scale @ vt if kind == "zca" else rotate_and_scale


def inverse_square_root_iteration(s, iterations=5):
    """Approach a symmetric matrix's inverse square root with nothing but matrix products.

    ``P_0 = I``, ``P_{k+1} = (3 P_k - P_k^3 S) / 2``, which converges to ``S^(-1/2)``.

    Parameters
    ----------
    s : array_like, shape (D, D)
        A symmetric matrix with eigenvalues in (0, 1], such as a covariance over its trace.
    iterations : int, default 5
        How often the rule is applied; 0 gives I.

    Returns
    -------
    p : ndarray, shape (D, D)

    Raises
    ------
    ValueError
        If s is not a square matrix or iterations is negative.

    Notes
    -----
    The Newton-Schulz iteration that IterNorm uses, Huang et al. (2019), after Bini, Higham and
    Meini (2005). Far from the limit it gains a factor 3/2 a step, so a small eigenvalue l takes
    about ``log(l^(-1/2)) / log(3/2)`` steps; near it the error is squared. Computed as written,
    rounding errors grow until the iterates run away, often before they have converged. Carrying
    ``S P_k`` along, which tends to ``S^(1/2)``, gives the same numbers and is stable (Higham,
    2008, chapter 6).

    Examples
    --------
    >>> inverse_square_root_iteration(np.diag([1.0, 0.25]), iterations=10)
    array([[1., 0.],
           [0., 2.]])
    """
    s = real(s)
    require(s.ndim == 2 and s.shape[0] == s.shape[1], f"s must be square, not {s.shape}")
    require(iterations >= 0, f"iterations must not be negative, not {iterations!r}")
    identity = np.eye(len(s), dtype=s.dtype)
    p, sp = identity, s
    for _ in range(iterations):
        # It takes this order of the factors for rounding errors to die out.
        factor = (3 * identity - p @ sp) / 2
        p, sp = factor @ p, sp @ factor
    return p


def _samples(x):
    """Take x as a floating array of at least one row."""
    x = real(x)
    require_shape("x", x, (None, None))
    require(len(x) > 0, "x must have at least one sample")
    return x


def _extreme_eigenvalues(h):
    """Smallest and largest eigenvalue of the symmetric h."""
    h = real(h)
    require(h.ndim == 2 and 0 < h.shape[0] == h.shape[1], f"h must be square, not {h.shape}")
    eigenvalues = np.linalg.eigvalsh(h)
    return float(eigenvalues[0]), float(eigenvalues[-1])
