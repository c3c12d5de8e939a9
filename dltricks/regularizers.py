"""Fitting less: penalties, constraints and proximal steps that keep weights small or few.

A penalty returns its value and its gradient, both to be added to the loss's. A projection or a
proximal step acts on the weights themselves, after the optimizer's step.
"""

import math

import numpy as np

from dltricks._arrays import real, require, require_shape


def _require_strength(**strengths):
    for name, strength in strengths.items():
        require(strength >= 0, f"{name} must not be negative, not {strength!r}")


def l2_penalty(w, lam):
    """Price large weights: the soft form of keeping them in a ball.

    ``lam / 2 * ||w||^2``, over all entries.

    Parameters
    ----------
    w : array_like
        The weights, of any shape; biases are usually left out.
    lam : float
        The strength, not negative.

    Returns
    -------
    value : float
    grad : ndarray, shape of w
        ``lam * w``.

    Raises
    ------
    ValueError
        If lam is negative.

    Notes
    -----
    D2. The half makes the gradient ``lam w``, so that lam is the weight decay of
    `weight_decay_step` and of PyTorch's ``weight_decay``; D4 writes ``||w||_2^2`` without it.

    Examples
    --------
    >>> value, grad = l2_penalty([3.0, -4.0], lam=0.5)
    >>> float(value), grad
    (6.25, array([ 1.5, -2. ]))
    """
    w = real(w)
    _require_strength(lam=lam)
    return lam / 2 * np.sum(w**2), lam * w


def weight_decay_step(w, grad, lr, lam):
    """A gradient step that first shrinks every weight by the same share.

    ``(1 - lr * lam) * w - lr * grad``.

    Parameters
    ----------
    w : array_like
        The weights, of any shape.
    grad : array_like, shape of w
        The gradient of the loss at w, without the penalty.
    lr : float
        The learning rate.
    lam : float
        The strength, not negative.

    Returns
    -------
    w_next : ndarray, shape of w

    Raises
    ------
    ValueError
        If grad has not the shape of w, or lam is negative.

    Notes
    -----
    D2. It is SGD on the loss plus `l2_penalty`. With momentum or Adam the two differ: see
    `dltricks.optimizers.adamw`.

    Examples
    --------
    >>> weight_decay_step([1.0, -2.0], [0.0, 1.0], lr=0.1, lam=1.0)
    array([ 0.9, -1.9])
    """
    w, grad = real(w), real(grad)
    require_shape("grad", grad, w.shape)
    _require_strength(lam=lam)
    return (1 - lr * lam) * w - lr * grad


def project_l2_ball(w, radius):
    """Put weights that have left a ball back on its surface, at the nearest point.

    ``w * min(1, radius / ||w||)``, the norm over all entries.

    Parameters
    ----------
    w : array_like
        The weights, of any shape.
    radius : float
        The largest norm allowed, positive.

    Returns
    -------
    projected : ndarray, shape of w

    Raises
    ------
    ValueError
        If radius is not positive.

    Notes
    -----
    D2's hard constraint, which writes ``||w||^2 <= lambda``: the radius is the root of that lambda.

    Examples
    --------
    >>> project_l2_ball([3.0, 4.0], radius=1.0), project_l2_ball([0.3, 0.4], radius=1.0)
    (array([0.6, 0.8]), array([0.3, 0.4]))
    """
    w = real(w)
    require(radius > 0, f"radius must be positive, not {radius!r}")
    return w * (radius / max(np.linalg.norm(w), radius))


def max_norm(w, limit):
    """Bound each unit's incoming weights: a column longer than the limit is scaled down to it.

    ``w_j * min(1, limit / ||w_j||)`` for every column j.

    Parameters
    ----------
    w : array_like, shape (fan_in, fan_out)
        The weights of a layer: a column holds what comes into one unit.
    limit : float
        The largest norm of a column, positive; 3 or 4 are usual with dropout.

    Returns
    -------
    projected : ndarray, shape (fan_in, fan_out)

    Raises
    ------
    ValueError
        If w is not a matrix or limit is not positive.

    Notes
    -----
    D1's table of MNIST results and D0's re-normalization; Srebro and Shraibman (2005), with dropout
    Srivastava et al. (2014). Layers that store (fan_out, fan_in), as PyTorch's, bound rows.

    Examples
    --------
    >>> max_norm([[3.0, 0.3], [4.0, 0.4]], limit=1.0)
    array([[0.6, 0.3],
           [0.8, 0.4]])
    """
    w = real(w)
    require_shape("w", w, (None, None))
    require(limit > 0, f"limit must be positive, not {limit!r}")
    return w * (limit / np.maximum(np.linalg.norm(w, axis=0), limit))


def l1_penalty(w, lam):
    """Price every weight by its size alone, so that useless ones are pushed all the way to 0.

    ``lam * sum |w|``.

    Parameters
    ----------
    w : array_like
        The weights, of any shape.
    lam : float
        The strength, not negative.

    Returns
    -------
    value : float
    subgrad : ndarray, shape of w
        ``lam * sign(w)``; 0 at 0, out of all the slopes from -lam to lam.

    Raises
    ------
    ValueError
        If lam is negative.

    Notes
    -----
    D2, D3, D4; Tibshirani (1996). Steps along the subgradient hop over 0 and hardly ever land
    on it: for weights that are exactly 0 take `proximal_gradient_step`.

    Examples
    --------
    >>> value, subgrad = l1_penalty([3.0, 0.0, -4.0], lam=0.5)
    >>> float(value), subgrad
    (3.5, array([ 0.5,  0. , -0.5]))
    """
    w = real(w)
    _require_strength(lam=lam)
    return lam * np.sum(np.abs(w)), lam * np.sign(w)


def soft_threshold(w, lam):
    """Shrink every weight by lam and stop at 0: the proximal operator of the L1 penalty.

    ``sign(w) * max(0, |w| - lam)``: what is left of w without its part in [-lam, lam]. It is the z
    that minimizes ``(z - w)^2 / 2 + lam |z|``.

    Parameters
    ----------
    w : array_like
        The weights, of any shape.
    lam : float
        The threshold, not negative.

    Returns
    -------
    shrunk : ndarray, shape of w

    Raises
    ------
    ValueError
        If lam is negative.

    Notes
    -----
    D2; Donoho and Johnstone (1994).

    Examples
    --------
    >>> soft_threshold([3.0, 0.5, -0.5, -3.0], lam=1.0)
    array([ 2.,  0.,  0., -2.])
    """
    w = real(w)
    _require_strength(lam=lam)
    return w - np.clip(w, -lam, lam)


def proximal_gradient_step(w, grad, lr, lam):
    """A gradient step on the loss, then the exact step on its L1 penalty: zeros that stay zero.

    ``soft_threshold(w - lr * grad, lr * lam)``.

    Parameters
    ----------
    w : array_like
        The weights, of any shape.
    grad : array_like, shape of w
        The gradient of the loss at w, without the penalty.
    lr : float
        The learning rate, not negative.
    lam : float
        The strength of the penalty, not negative.

    Returns
    -------
    w_next : ndarray, shape of w

    Raises
    ------
    ValueError
        If grad has not the shape of w, or lr or lam is negative.

    Notes
    -----
    D2 prints the threshold as lambda; it is lr times lambda, or the minimum would depend on the
    learning rate. Daubechies, Defrise and De Mol (2004), known as ISTA.

    Examples
    --------
    >>> proximal_gradient_step([1.0, 0.1], [1.0, 1.0], lr=0.1, lam=2.0)
    array([0.7, 0. ])
    """
    w, grad = real(w), real(grad)
    require_shape("grad", grad, w.shape)
    _require_strength(lr=lr, lam=lam)
    return soft_threshold(w - lr * grad, lr * lam)


def elastic_net_penalty(w, beta, lam=1.0):
    """L1 for few weights and L2 so that features which go together share them.

    ``lam * (beta * ||w||_2^2 + ||w||_1)``.

    Parameters
    ----------
    w : array_like
        The weights, of any shape.
    beta : float
        The strength of the squared part against the absolute part, not negative.
    lam : float, default 1.0
        The strength of both, not negative.

    Returns
    -------
    value : float
    subgrad : ndarray, shape of w
        ``lam * (2 * beta * w + sign(w))``; 0 at 0.

    Raises
    ------
    ValueError
        If beta or lam is negative.

    Notes
    -----
    D4; Zou and Hastie (2005). There is no half before the square here; scikit-learn's
    ``ElasticNet`` has one, and splits ``alpha`` by ``l1_ratio``.

    Examples
    --------
    >>> value, subgrad = elastic_net_penalty([2.0, 0.0, -1.0], beta=0.5)
    >>> float(value), subgrad
    (5.5, array([ 3.,  0., -2.]))
    """
    w = real(w)
    _require_strength(beta=beta, lam=lam)
    value = lam * (beta * np.sum(w**2) + np.sum(np.abs(w)))
    return value, lam * (2 * beta * w + np.sign(w))


def lp_penalty(w, p, lam):
    """The whole family between L1, which makes zeros, and the largest weight alone.

    ``lam * ||w||_p``, ``||w||_p = (sum |w|^p)^(1/p)``.

    Parameters
    ----------
    w : array_like
        The weights, of any shape.
    p : float
        The exponent, finite, at least 1.
    lam : float
        The strength, not negative.

    Returns
    -------
    value : float
    grad : ndarray, shape of w
        ``lam * sign(w) * (|w| / ||w||_p)^(p - 1)``; 0 for a zero entry and for w = 0.

    Raises
    ------
    ValueError
        If p is less than 1 or not finite, or lam is negative.

    Notes
    -----
    D0, which calls p = 2 weight decay; but this norm is not squared, and its pull does not fade
    as w goes to 0, so that at p = 2 it can set a whole array to zero (the idea of the group lasso).
    Powers are taken of ``|w| / max |w|``: no exponent overflows.

    Examples
    --------
    >>> value, grad = lp_penalty([3.0, 0.0, -4.0], p=2, lam=1.0)
    >>> float(value), grad
    (5.0, array([ 0.6,  0. , -0.8]))
    """
    w = real(w)
    require(1 <= p < math.inf, f"p must be finite and at least 1, not {p!r}")
    _require_strength(lam=lam)
    size = np.abs(w)
    largest = np.max(size)
    if largest == 0:
        return lam * largest, np.zeros_like(w)
    ratio = size / largest
    norm = np.sum(ratio**p) ** (1 / p)
    return lam * largest * norm, lam * np.sign(w) * (ratio / norm) ** (p - 1)


def jacobian_penalty(x, weights, activation, activation_grad):
    """How strongly a network's output answers to its input: the price of not being smooth.

    The mean over samples of ``||d out / d x||_F^2``, where
    ``d out / d x = w_L^T diag(a'(u_{L-1})) w_{L-1}^T ... diag(a'(u_1)) w_1^T``, for the network
    ``u_l = h_{l-1} @ w_l``, ``h_l = activation(u_l)``, ``h_0 = x``, whose output is u_L.

    Parameters
    ----------
    x : array_like, shape (N, D)
        A batch of inputs.
    weights : sequence of array_like
        w_1, ..., w_L, each (width before, width after); no biases.
    activation : callable
        Elementwise; after every layer but the last.
    activation_grad : callable
        Its derivative at the pre-activation, elementwise.

    Returns
    -------
    penalty : float

    Raises
    ------
    ValueError
        If x is not a matrix, there are no weights, or a weight matrix does not fit the layer
        before it.

    Notes
    -----
    D3; Drucker and Le Cun (1992), Varga et al. (2017), Hoffman et al. (2019), who estimate it
    from random projections because the whole matrix costs a backward pass for every output.

    Examples
    --------
    >>> float(jacobian_penalty([[5.0]], [[[2.0]], [[3.0]]], lambda u: u, np.ones_like))
    36.0
    """
    require(len(weights) > 0, "weights must not be empty")
    h, (*hidden, last), pre_activations = real(x), map(real, weights), []
    require_shape("x", h, (None, None))
    for layer, w in enumerate(hidden):
        require_shape(f"weights[{layer}]", w, (h.shape[1], None))
        pre_activations.append(h @ w)
        h = activation(pre_activations[-1])
    require_shape(f"weights[{len(hidden)}]", last, (h.shape[1], None))
    jacobian = last.T  # d out / d h_{L-1}, the same for all samples
    for w, u in zip(reversed(hidden), reversed(pre_activations), strict=True):
        jacobian = (jacobian * activation_grad(u)[:, None, :]) @ w.T  # (N, D_out, width before)
    return np.mean(np.sum(jacobian**2, axis=(-2, -1)))
