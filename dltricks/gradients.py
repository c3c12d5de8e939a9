"""Why deep gradients explode or vanish, how to see it, and what can be done.

A gradient that passes L layers is a product of L Jacobians: unless their size is near 1, its size
is a power of L.
"""

import math
from functools import reduce
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from dltricks._arrays import real, require, require_shape
from dltricks.activations import sigmoid, sigmoid_grad


def chain_bias_gradients(x, w, b, dloss):
    """Bias gradients of a chain of single sigmoid neurons, where vanishing shows at its barest.

    With ``z_j = w_j a_{j-1} + b_j``, ``a_j = sigmoid(z_j)``, ``a_0 = x``:
    ``dC/db_j = sigmoid'(z_j) * w_{j+1} sigmoid'(z_{j+1}) * ... * w_L sigmoid'(z_L) * dC/da_L``.

    Parameters
    ----------
    x : float
        The input.
    w, b : array_like, shape (L,)
        Weight and bias of each neuron, first layer first.
    dloss : float
        dC/da_L, from the cost.

    Returns
    -------
    db : ndarray, shape (L,)
        dC/db_j, first layer first.

    Raises
    ------
    ValueError
        If w and b are not of one length.

    Notes
    -----
    D1 shows it for four neurons (and prints ``z_j = sigmoid(...)``, where a_j is meant). Every
    sigmoid' is at most 1/4: with weights below 4 each layer can only shrink what it hands back.

    Examples
    --------
    >>> chain_bias_gradients(0.0, [1.0, 1.0], [0.0, -0.5], dloss=16.0)
    array([1., 4.])
    """
    w, b = real(w), real(b)
    require_shape("w", w, (None,))
    require_shape("b", b, w.shape)
    z, a = np.empty_like(w), x
    for j in range(len(w)):
        z[j] = w[j] * a + b[j]
        a = sigmoid(z[j])
    db, da = sigmoid_grad(z), dloss
    for j in reversed(range(len(w))):
        db[j] *= da
        da = w[j] * db[j]
    return db


def layer_jacobian(w, u, activation_grad):
    """How one layer's outputs answer to its inputs, for one sample.

    ``dh/dh_prev = diag(activation_grad(u)) @ w.T`` for ``u = h_prev @ w``, ``h = activation(u)``.

    Parameters
    ----------
    w : array_like, shape (D, M)
        Weights, (fan_in, fan_out).
    u : array_like, shape (M,)
        The sample's pre-activations.
    activation_grad : callable
        The activation's derivative, elementwise, at the pre-activation.

    Returns
    -------
    jacobian : ndarray, shape (M, D)
        Row i is the gradient of h_i: output by input.

    Raises
    ------
    ValueError
        If u does not have one entry a column of w.

    Notes
    -----
    D2, which prints the transpose of each layer's matrix as its W.

    Examples
    --------
    >>> layer_jacobian([[1.0, 2.0], [3.0, 4.0]], [-1.0, 1.0], lambda u: 1.0 * (u > 0))
    array([[0., 0.],
           [2., 4.]])
    """
    w, u = real(w), real(u)
    require_shape("w", w, (None, None))
    require_shape("u", u, (w.shape[1],))
    return activation_grad(u)[:, None] * w.T


def jacobian_product(weights, pre_activations, activation_grad):
    """How a deep network's outputs answer to its inputs, for one sample.

    ``dh_L/dh_0 = J_L @ ... @ J_2 @ J_1``, each J_l as `layer_jacobian` gives it.

    Parameters
    ----------
    weights : sequence of array_like
        w_1, w_2, ..., each (width before, width after); at least one.
    pre_activations : sequence of array_like
        u_1, u_2, ..., each (width after,).
    activation_grad : callable
        The activation's derivative, elementwise, at the pre-activation.

    Returns
    -------
    jacobian : ndarray, shape (D_out, D_in)

    Raises
    ------
    ValueError
        If there are no weights, not as many pre-activations as weights, or shapes do not fit.

    Notes
    -----
    D2: its singular values are what a gradient is multiplied by on its way down. Where each factor
    is around 0.8, a hundred of them leave 2e-10.

    Examples
    --------
    >>> jacobian_product([np.eye(2)] * 100, [np.zeros(2)] * 100, lambda u: 0.8 + u)[0, 0].round(12)
    np.float64(2.04e-10)
    """
    weights = [real(w) for w in weights]
    require(len(weights) > 0, "weights must hold at least one matrix")
    require(
        len(pre_activations) == len(weights),
        f"pre_activations must be as many as weights, {len(weights)}, not {len(pre_activations)}",
    )
    for before, after in pairwise(weights):
        require_shape("weights", after, (before.shape[-1], None))
    jacobians = [
        layer_jacobian(w, u, activation_grad) for w, u in zip(weights, pre_activations, strict=True)
    ]
    return reduce(lambda product, jacobian: jacobian @ product, jacobians)


def layer_gradient_norms(x, weights, activation, activation_grad, dy):
    """Size of every layer's weight gradient: the picture in which vanishing and exploding show.

    Frobenius norms of dL/dw_l of the bias-free network ``h_l = activation(h_{l-1} @ w_l)``,
    ``h_0 = x``.

    Parameters
    ----------
    x : array_like, shape (N, D)
        A batch of inputs.
    weights : sequence of array_like
        w_1, w_2, ..., each (width before, width after).
    activation : callable
        Elementwise.
    activation_grad : callable
        Its derivative, elementwise, at the pre-activation.
    dy : array_like, shape (N, width of the last layer)
        dL/dh_L.

    Returns
    -------
    norms : list of float
        One a layer, first layer first.

    Raises
    ------
    ValueError
        If a weight matrix does not fit the layer before it, or dy the last.

    Notes
    -----
    D2; Glorot and Bengio (2010) plot these by depth.

    Examples
    --------
    >>> weights = [np.eye(2), 3 * np.eye(2)]
    >>> layer_gradient_norms([[3.0, 4.0]], weights, lambda u: u, np.ones_like, [[0.0, 1.0]])
    [15.0, 5.0]
    """
    inputs, pre_activations = [], []
    h, weights = real(x), [real(w) for w in weights]
    require_shape("x", h, (None, None))
    for layer, w in enumerate(weights):
        require_shape(f"weights[{layer}]", w, (h.shape[1], None))
        inputs.append(h)
        pre_activations.append(h @ w)
        h = activation(pre_activations[-1])
    dh, norms = real(dy), []
    require_shape("dy", dh, h.shape)
    for w, h, u in zip(weights[::-1], inputs[::-1], pre_activations[::-1], strict=True):
        du = dh * activation_grad(u)
        norms.append(_norm(h.T @ du))
        dh = du @ w.T
    return norms[::-1]


def clip_by_value(grads, threshold=5.0):
    """Cut every gradient entry down to a threshold.

    ``max(-threshold, min(threshold, g))``, elementwise.

    Parameters
    ----------
    grads : sequence of array_like
        Gradients of any shapes.
    threshold : float, default 5.0
        Largest absolute value allowed, not negative.

    Returns
    -------
    clipped : list of ndarray
        Shaped as grads.

    Raises
    ------
    ValueError
        If threshold is negative.

    Notes
    -----
    D2, whose rule caps the positive side alone: large negative gradients then still blow up, so
    this cuts on both sides. It changes the gradient's direction; `clip_by_global_norm` does not.

    Examples
    --------
    >>> clip_by_value([np.array([-9.0, 2.0])])
    [array([-5.,  2.])]
    """
    require(threshold >= 0, f"threshold must not be negative, not {threshold!r}")
    return [np.clip(real(g), -threshold, threshold) for g in grads]


def clip_by_global_norm(grads, max_norm):
    """Shorten the gradient as a whole where it is too long, and keep its direction.

    ``g * min(1, max_norm / norm)`` with one norm, ``sqrt(sum of all squares in all arrays)``.

    Parameters
    ----------
    grads : sequence of array_like
        Gradients of any shapes, together one long vector.
    max_norm : float
        Largest length allowed, not negative.

    Returns
    -------
    clipped : list of ndarray
        Shaped as grads.
    norm : float
        The length before clipping.

    Raises
    ------
    ValueError
        If max_norm is negative.

    Notes
    -----
    D2; Pascanu, Mikolov and Bengio (2013). PyTorch's ``clip_grad_norm_`` adds 1e-6 to the norm it
    divides by and works in place; this does neither.

    Examples
    --------
    >>> clip_by_global_norm([np.array([3.0]), np.array([4.0])], max_norm=1.0)
    ([array([0.6]), array([0.8])], 5.0)
    """
    require(max_norm >= 0, f"max_norm must not be negative, not {max_norm!r}")
    grads = [real(g) for g in grads]
    norm = math.hypot(*map(_norm, grads))
    scale = max_norm / norm if norm > max_norm else 1.0
    return [g * scale for g in grads], norm


def half_precision_fates(values):
    """How many gradients 16-bit floats lose at either end of their range.

    Of the finite nonzero entries, the shares that float16 turns into 0 and into infinity.

    Parameters
    ----------
    values : array_like, any shape
        Numbers, such as the entries of a gradient.

    Returns
    -------
    underflow : float
        In [0, 1]; 0.0 if no entry is finite and nonzero.
    overflow : float
        In [0, 1]; 0.0 likewise.

    Notes
    -----
    D2, which gives float16's range as 6e-5 to 6e4. Below 6.1e-5 digits are lost one by one, and
    the number itself at 2^-25, about 3e-8; infinity begins at 65520.

    Examples
    --------
    >>> half_precision_fates([0.0, 1e-9, 1e-7, 1.0, 1e5])
    (0.25, 0.25)
    """
    values = real(values)
    values = values[np.isfinite(values) & (values != 0)]
    if values.size == 0:
        return 0.0, 0.0
    with np.errstate(over="ignore", under="ignore"):
        half = values.astype(np.float16)
    return float(np.mean(half == 0)), float(np.mean(np.isinf(half)))


class ResidualCache(NamedTuple):
    """What `residual_backward` needs of the forward pass."""

    x: np.ndarray  # (N, D)
    w: np.ndarray  # (D, D)
    active: np.ndarray  # bool, (N, D): where x @ w > 0


def residual_forward(x, w):
    """Add to the input instead of replacing it: a layer that a gradient can walk past.

    ``y = x + relu(x @ w)``.

    Parameters
    ----------
    x : array_like, shape (N, D)
        A batch of inputs.
    w : array_like, shape (D, D)
        Weights.

    Returns
    -------
    y : ndarray, shape (N, D)
    cache : ResidualCache
        To hand to `residual_backward`.

    Raises
    ------
    ValueError
        If w is not square or does not fit x.

    Notes
    -----
    D2: "multiplication becomes plus"; He et al. (2016), whose blocks have two layers and
    normalization.

    Examples
    --------
    >>> y, cache = residual_forward([[1.0, 2.0]], [[1.0, -1.0], [0.0, 0.0]])
    >>> y
    array([[2., 2.]])
    """
    x, w = real(x), real(w)
    require_shape("x", x, (None, None))
    require_shape("w", w, (x.shape[1], x.shape[1]))
    u = x @ w
    return x + np.maximum(u, 0), ResidualCache(x, w, u > 0)


def residual_backward(dy, cache):
    """Gradients of `residual_forward`: the skip hands dy down undiminished.

    ``dx = dy + du @ w.T``, ``dw = x.T @ du``, with ``du = dy`` where x @ w > 0, else 0.

    Parameters
    ----------
    dy : array_like, shape (N, D)
        dL/dy.
    cache : ResidualCache
        From `residual_forward`.

    Returns
    -------
    dx : ndarray, shape (N, D)
    dw : ndarray, shape (D, D)

    Raises
    ------
    ValueError
        If dy does not have y's shape.

    Notes
    -----
    D2. A layer's Jacobian is I plus something: products of many do not vanish with that something.

    Examples
    --------
    >>> y, cache = residual_forward([[1.0, 2.0]], [[1.0, -1.0], [0.0, 0.0]])
    >>> dx, dw = residual_backward([[1.0, 1.0]], cache)
    >>> dx
    array([[2., 1.]])
    """
    x, w, active = cache
    dy = real(dy)
    require_shape("dy", dy, x.shape)
    du = dy * active
    return dy + du @ w.T, x.T @ du


def _norm(a):
    """Frobenius norm as a float, in float64: a float32 of 1e-25 has a square that rounds to 0."""
    return float(np.linalg.norm(a.astype(np.float64, copy=False)))
