"""Noise in place of weights to lean on: units that come and go while the network learns."""

from typing import NamedTuple

import numpy as np

from dltricks._arrays import real, require


class DropoutCache(NamedTuple):
    """What the forward passes leave for `dropout_backward`."""

    scale: np.ndarray  # shape of x: what each entry was multiplied by; or one float for all


def dropout_forward(x, drop, rng, training=True):
    """Let each unit fail at random, and scale the others up so that the mean stays.

    ``y_i = 0`` with probability drop, else ``x_i / (1 - drop)``, independently; ``y = x`` when not
    training.

    Parameters
    ----------
    x : array_like
        Activations, of any shape.
    drop : float
        The probability of 0, in [0, 1).
    rng : numpy.random.Generator
        Source of randomness; not used when not training.
    training : bool, default True
        Whether the network learns (noise) or is used (none).

    Returns
    -------
    y : ndarray, shape of x
    cache : DropoutCache

    Raises
    ------
    ValueError
        If drop is not in [0, 1).

    Notes
    -----
    Inverted dropout, D2 and D3; the idea is Srivastava et al. (2014). D2 gives, as here and in
    PyTorch, the probability of dropping; D3's code that of keeping. At drop = 0.5 nobody can tell
    the two apart, at 0.2 everybody can.

    Examples
    --------
    >>> y, cache = dropout_forward(np.ones(8), 0.75, np.random.default_rng(0))
    >>> sorted(set(y.tolist()))
    [0.0, 4.0]
    """
    x = real(x)
    require(0 <= drop < 1, f"drop must be in [0, 1), not {drop!r}")
    if not training:
        return x, DropoutCache(1.0)
    scale = (rng.random(x.shape) >= drop) / x.dtype.type(1 - drop)
    return x * scale, DropoutCache(scale)


def dropout_backward(dy, cache):
    """Send the gradient back through the units that were there, scaled as they were.

    ``dx = dy * dy/dx``, entry by entry: the mask of the forward pass, not a new one.

    Parameters
    ----------
    dy : array_like, shape of x
        dL/dy.
    cache : DropoutCache
        From `dropout_forward` or `classic_dropout_forward`.

    Returns
    -------
    dx : ndarray, shape of x

    Raises
    ------
    ValueError
        If dy has not the shape of x.

    Notes
    -----
    D3 asks for the derivative: dropout is linear in x, so it is the factor itself.

    Examples
    --------
    >>> y, cache = dropout_forward(np.full(3, 7.0), 0.5, np.random.default_rng(0))
    >>> bool(np.all(dropout_backward(np.ones(3), cache) == y / 7.0))
    True
    """
    dy = real(dy)
    fits = np.shape(cache.scale) in ((), dy.shape)
    require(fits, f"dy must have shape {np.shape(cache.scale)}, not {dy.shape}")
    return dy * cache.scale


def classic_dropout_forward(x, keep, rng, training=True):
    """Dropout as it was first written: plain noise in training, smaller weights at test time.

    ``y_i = x_i`` with probability keep, else 0, independently; ``y = keep * x`` when not training.

    Parameters
    ----------
    x : array_like
        Activations, of any shape.
    keep : float
        The probability of staying, in [0, 1].
    rng : numpy.random.Generator
        Source of randomness; not used when not training.
    training : bool, default True
        Whether the network learns (noise) or is used (the mean).

    Returns
    -------
    y : ndarray, shape of x
    cache : DropoutCache

    Raises
    ------
    ValueError
        If keep is not in [0, 1].

    Notes
    -----
    D0 and D1, whose p is this keep; Srivastava et al. (2014). They scale the weights that follow,
    which is the same as scaling y. `dropout_forward` is this divided by keep, in both modes.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> classic_dropout_forward(np.array([1.0, 2.0]), 0.5, rng, training=False)[0]
    array([0.5, 1. ])
    """
    x = real(x)
    require(0 <= keep <= 1, f"keep must be in [0, 1], not {keep!r}")
    scale = (rng.random(x.shape) < keep).astype(x.dtype) if training else float(keep)
    return x * scale, DropoutCache(scale)


def input_noise(x, std, rng):
    """Blur the inputs with Gaussian noise, so that no example is seen twice.

    ``x + e``, ``e_i ~ N(0, std^2)``, independent.

    Parameters
    ----------
    x : array_like
        The inputs, of any shape.
    std : float
        Standard deviation of the noise, in the units of x, not negative.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    noisy : ndarray, shape of x

    Raises
    ------
    ValueError
        If std is negative.

    Notes
    -----
    D1, as a form of data augmentation. For small noise it amounts to a penalty on the network's
    slope (Bishop, 1995): compare `dltricks.regularizers.jacobian_penalty`.

    Examples
    --------
    >>> float(input_noise(np.zeros(10_000), 0.5, np.random.default_rng(0)).std().round(1))
    0.5
    """
    x = real(x)
    require(std >= 0, f"std must not be negative, not {std!r}")
    return (x + rng.normal(0.0, std, x.shape)).astype(x.dtype, copy=False)
