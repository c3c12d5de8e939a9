"""The two layers that every network here is made of, each with its backward pass.

A forward pass returns ``(y, cache)``; the backward pass takes ``dy = dL/dy`` and the cache and
returns the gradients of L, each with the shape of what it is the gradient of.
"""

from typing import NamedTuple

import numpy as np

from dltricks._arrays import real, require_shape


class AffineCache(NamedTuple):
    """What `affine_backward` needs of the forward pass."""

    x: np.ndarray  # (N, D)
    w: np.ndarray  # (D, M)


def affine_forward(x, w, b):
    """Weigh and shift: every output unit is a weighted sum of the inputs plus its bias.

    ``y = x @ w + b``, one sample a row.

    Parameters
    ----------
    x : array_like, shape (N, D)
        A batch of inputs.
    w : array_like, shape (D, M)
        Weights, (fan_in, fan_out).
    b : array_like, shape (M,)
        Biases.

    Returns
    -------
    y : ndarray, shape (N, M)
    cache : AffineCache
        To hand to `affine_backward`.

    Raises
    ------
    ValueError
        If the shapes do not fit.

    Notes
    -----
    The layers of D0 to D4. D3 keeps samples in columns and writes ``W x + b``: its W is w.T here,
    as is ``torch.nn.Linear``'s weight.

    Examples
    --------
    >>> y, cache = affine_forward([[1.0, 2.0]], [[1.0], [10.0]], [0.5])
    >>> y
    array([[21.5]])
    """
    x, w, b = real(x), real(w), real(b)
    require_shape("x", x, (None, None))
    require_shape("w", w, (x.shape[1], None))
    require_shape("b", b, (w.shape[1],))
    return x @ w + b, AffineCache(x, w)


def affine_backward(dy, cache):
    """Gradients of `affine_forward` with respect to its input, weights and biases.

    ``dx = dy @ w.T``, ``dw = x.T @ dy``, and ``db`` is the sum of dy over the samples.

    Parameters
    ----------
    dy : array_like, shape (N, M)
        dL/dy.
    cache : AffineCache
        From `affine_forward`.

    Returns
    -------
    dx : ndarray, shape (N, D)
    dw : ndarray, shape (D, M)
    db : ndarray, shape (M,)

    Raises
    ------
    ValueError
        If dy does not have y's shape.

    Notes
    -----
    Backpropagation as in D0 and D4. The shapes alone nearly determine the three products. The sums
    run over the batch: a mean over samples is the loss's business.

    Examples
    --------
    >>> y, cache = affine_forward([[1.0, 2.0]], [[1.0], [10.0]], [0.5])
    >>> dx, dw, db = affine_backward([[1.0]], cache)
    >>> dx
    array([[ 1., 10.]])
    """
    x, w = cache
    dy = real(dy)
    require_shape("dy", dy, (x.shape[0], w.shape[1]))
    return dy @ w.T, x.T @ dy, dy.sum(axis=0)


class ReluCache(NamedTuple):
    """What `relu_backward` needs of the forward pass."""

    active: np.ndarray  # bool, the shape of x: where x > 0


def relu_forward(x):
    """Rectify: let positive values pass and cut off the others.

    ``y = max(0, x)``, elementwise.

    Parameters
    ----------
    x : array_like, any shape
        Pre-activations.

    Returns
    -------
    y : ndarray, the shape of x
    cache : ReluCache
        To hand to `relu_backward`.

    Notes
    -----
    D0; Nair and Hinton (2010).

    Examples
    --------
    >>> y, cache = relu_forward([-1.0, 0.0, 2.0])
    >>> y
    array([0., 0., 2.])
    """
    x = real(x)
    return np.maximum(x, 0), ReluCache(x > 0)


def relu_backward(dy, cache):
    """Gradient of `relu_forward`: it passes where the unit was active and stops elsewhere.

    ``dx = dy`` where x > 0, else 0.

    Parameters
    ----------
    dy : array_like, the shape of x
        dL/dy.
    cache : ReluCache
        From `relu_forward`.

    Returns
    -------
    dx : ndarray, the shape of x

    Raises
    ------
    ValueError
        If dy does not have y's shape.

    Notes
    -----
    D0. At exactly 0 every slope from 0 to 1 is a subgradient: this takes 0, as PyTorch does.

    Examples
    --------
    >>> y, cache = relu_forward([-1.0, 0.0, 2.0])
    >>> relu_backward([5.0, 5.0, 5.0], cache)
    array([0., 0., 5.])
    """
    dy = real(dy)
    require_shape("dy", dy, cache.active.shape)
    return dy * cache.active
