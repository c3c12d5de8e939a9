"""What bends a network: activations and their derivatives.

All but maxout are elementwise, and every derivative is taken at the pre-activation x. `ACTIVATIONS`
has them by name.
"""

from collections.abc import Callable
from functools import reduce
from typing import NamedTuple

import numpy as np

from dltricks._arrays import real, require, require_positive, require_shape


def linear(x):
    """Leave everything as it is: the activation of a linear layer.

    ``g(x) = x``, elementwise.

    Parameters
    ----------
    x : array_like, any shape
        Pre-activations.

    Returns
    -------
    y : ndarray, the shape of x

    Notes
    -----
    D2 reasons about it to find the variance of weights. Linear layers stacked are one linear layer.

    Examples
    --------
    >>> linear([-1.0, 2.0])
    array([-1.,  2.])
    """
    return real(x)


def linear_grad(x):
    """Derivative of `linear`, the same everywhere.

    ``g'(x) = 1``, elementwise.

    Parameters
    ----------
    x : array_like, any shape
        Pre-activations.

    Returns
    -------
    slope : ndarray, the shape of x

    Notes
    -----
    D2. The only derivative here that a product over many layers neither fades nor blows up.

    Examples
    --------
    >>> linear_grad([-1.0, 2.0])
    array([1., 1.])
    """
    return np.ones_like(real(x))


@np.errstate(under="ignore")  # far below 0 the right answer rounds to 0
def sigmoid(x):
    """Squash any number into a probability.

    ``g(x) = 1 / (1 + exp(-x))``, elementwise.

    Parameters
    ----------
    x : array_like, any shape
        Pre-activations.

    Returns
    -------
    y : ndarray, the shape of x
        In [0, 1].

    Notes
    -----
    D0, D1, D2, D4. Computed as ``e / (1 + e)`` with ``e = exp(x)``, which keeps the digits of its
    small values. Beyond 40 it is 1 to the last digit, so x is cut off there and exp can't overflow.

    Examples
    --------
    >>> sigmoid([-1000.0, 0.0, 1000.0])
    array([0. , 0.5, 1. ])
    """
    e = np.exp(np.minimum(real(x), 40))
    return e / (1 + e)


@np.errstate(under="ignore")
def sigmoid_grad(x):
    """Derivative of `sigmoid`: at most 1/4, and next to nothing where the unit saturates.

    ``g'(x) = s (1 - s)`` with ``s = sigmoid(x)``, elementwise.

    Parameters
    ----------
    x : array_like, any shape
        Pre-activations, not the sigmoid's values.

    Returns
    -------
    slope : ndarray, the shape of x
        In [0, 1/4].

    Notes
    -----
    D1, D2. It is even in x: as ``e / (1 + e)^2`` with ``e = exp(-|x|)`` its small values are as
    exact as its large ones, where ``1 - s`` would cancel.

    Examples
    --------
    >>> sigmoid_grad([-1000.0, 0.0, 1000.0])
    array([0.  , 0.25, 0.  ])
    """
    e = np.exp(-np.abs(real(x)))
    return e / (1 + e) ** 2


def tanh(x):
    """Squash any number into (-1, 1), keeping its sign.

    ``g(x) = tanh(x) = 2 sigmoid(2x) - 1``, elementwise.

    Parameters
    ----------
    x : array_like, any shape
        Pre-activations.

    Returns
    -------
    y : ndarray, the shape of x
        In [-1, 1].

    Notes
    -----
    D0, D1, D4. Centred at 0 and of slope 1 there, so a small signal passes as it is.

    Examples
    --------
    >>> x = np.array([-0.5, 0.0, 2.0])
    >>> bool(np.allclose(tanh(x), 2 * sigmoid(2 * x) - 1))
    True
    """
    return np.tanh(real(x))


@np.errstate(under="ignore")
def tanh_grad(x):
    """Derivative of `tanh`: 1 at 0, and next to nothing where the unit saturates.

    ``g'(x) = 1 - tanh(x)^2 = 4 sigmoid'(2x)``, elementwise.

    Parameters
    ----------
    x : array_like, any shape
        Pre-activations, not tanh's values.

    Returns
    -------
    slope : ndarray, the shape of x
        In [0, 1].

    Notes
    -----
    D1's ``tanh(x) = 2 sigmoid(2x) - 1``, differentiated, with ``e = exp(-2|x|)`` as in
    `sigmoid_grad`: unlike ``1 - tanh(x)^2`` it keeps all its digits in the tails.

    Examples
    --------
    >>> x = np.array([-0.5, 0.0, 2.0])
    >>> bool(np.allclose(tanh_grad(x), 1 - np.tanh(x) ** 2))
    True
    """
    e = np.exp(-2 * np.abs(real(x)))
    return 4 * e / (1 + e) ** 2


def relu(x):
    """Rectify: let positive values pass and cut off the others.

    ``g(x) = max(0, x)``, elementwise.

    Parameters
    ----------
    x : array_like, any shape
        Pre-activations.

    Returns
    -------
    y : ndarray, the shape of x

    Notes
    -----
    D0, D1, D4; Nair and Hinton (2010). `dltricks.layers` has it as a layer with its backward pass.

    Examples
    --------
    >>> relu([-1.0, 0.0, 2.0])
    array([0., 0., 2.])
    """
    return np.maximum(real(x), 0)


def relu_grad(x):
    """Derivative of `relu`: it never fades where the unit is active.

    ``g'(x) = 1`` for x > 0, else 0; elementwise. The subgradient at 0 is 0.

    Parameters
    ----------
    x : array_like, any shape
        Pre-activations.

    Returns
    -------
    slope : ndarray, the shape of x

    Notes
    -----
    D0, D1.

    Examples
    --------
    >>> relu_grad([-1.0, 0.0, 2.0])
    array([0., 0., 1.])
    """
    x = real(x)
    return (x > 0).astype(x.dtype)


@np.errstate(under="ignore")  # far below 0 the right answer rounds to 0
def softplus(x):
    """Bend like a ReLU, but smoothly.

    ``g(x) = log(1 + exp(x))``, elementwise.

    Parameters
    ----------
    x : array_like, any shape
        Pre-activations.

    Returns
    -------
    y : ndarray, the shape of x
        Not negative.

    Notes
    -----
    D1, D4; Dugas et al. (2001). Computed as ``max(x, 0) + log(1 + exp(-|x|))``, which can't
    overflow. Its derivative is `sigmoid`.

    Examples
    --------
    >>> softplus([-1000.0, 1000.0])
    array([   0., 1000.])
    """
    x = real(x)
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def leaky_relu(x, slope=0.01):
    """Rectify, but let a little of the negative side through.

    ``g(x) = max(0, x) + slope * min(0, x)``, elementwise.

    Parameters
    ----------
    x : array_like, any shape
        Pre-activations.
    slope : float, default 0.01
        Slope below 0.

    Returns
    -------
    y : ndarray, the shape of x

    Notes
    -----
    D1; Maas, Hannun and Ng (2013). Up to a slope of 1 this is ``max(x, slope * x)``, beyond it
    the minimum of the two.

    Examples
    --------
    >>> leaky_relu([-1.0, 0.0, 2.0])
    array([-0.01,  0.  ,  2.  ])
    """
    x = real(x)
    larger_or_smaller = np.maximum if slope <= 1 else np.minimum
    return larger_or_smaller(x, slope * x)


def leaky_relu_grad(x, slope=0.01):
    """Derivative of `leaky_relu`: no unit is ever quite dead.

    ``g'(x) = 1`` for x > 0, else slope; elementwise.

    Parameters
    ----------
    x : array_like, any shape
        Pre-activations.
    slope : float, default 0.01
        Slope at and below 0.

    Returns
    -------
    slopes : ndarray, the shape of x

    Notes
    -----
    D1.

    Examples
    --------
    >>> leaky_relu_grad([-1.0, 0.0, 2.0])
    array([0.01, 0.01, 1.  ])
    """
    active = relu_grad(x)
    return active + slope * (1 - active)


def hard_tanh(x):
    """Cut off at -1 and 1: tanh drawn with a ruler.

    ``g(x) = max(-1, min(1, x))``, elementwise.

    Parameters
    ----------
    x : array_like, any shape
        Pre-activations.

    Returns
    -------
    y : ndarray, the shape of x
        In [-1, 1].

    Notes
    -----
    D1; Collobert (2004).

    Examples
    --------
    >>> hard_tanh([-3.0, 0.5, 3.0])
    array([-1. ,  0.5,  1. ])
    """
    return np.clip(real(x), -1, 1)


def hard_tanh_grad(x):
    """Derivative of `hard_tanh`: exactly nothing where the unit saturates.

    ``g'(x) = 1`` inside (-1, 1), else 0; elementwise. At -1 and 1 themselves it is 0.

    Parameters
    ----------
    x : array_like, any shape
        Pre-activations.

    Returns
    -------
    slope : ndarray, the shape of x

    Notes
    -----
    D1.

    Examples
    --------
    >>> hard_tanh_grad([-3.0, 0.5, 1.0])
    array([0., 1., 0.])
    """
    x = real(x)
    return (np.abs(x) < 1).astype(x.dtype)


@np.errstate(over="ignore", under="ignore")  # far from the centre the right answer rounds to 0
def rbf(x, center=0.0, width=1.0):
    """Answer to what is near a centre, and to nothing else: a radial basis function.

    ``g(x) = exp(-(center - x)^2 / width^2)``, elementwise.

    Parameters
    ----------
    x : array_like, any shape
        Pre-activations.
    center : float, default 0.0
        Where the answer is 1.
    width : float, default 1.0
        Distance at which it has fallen to 1/e, positive.

    Returns
    -------
    y : ndarray, the shape of x
        In [0, 1].

    Raises
    ------
    ValueError
        If width is not positive.

    Notes
    -----
    D1, with ``w`` for the centre and ``sigma`` for the width. The Gaussian density has 2 sigma^2
    under the square: its sigma is width / sqrt(2).

    Examples
    --------
    >>> rbf([0.0, 2.0, 50.0], center=2.0).round(4)
    array([0.0183, 1.    , 0.    ])
    """
    require(width > 0, f"width must be positive, not {width!r}")
    return np.exp(-(((real(x) - center) / width) ** 2))


@np.errstate(over="ignore", under="ignore")
def rbf_grad(x, center=0.0, width=1.0):
    """Derivative of `rbf` in x: towards the centre, and next to nothing far from it.

    ``g'(x) = 2 (center - x) / width^2 * rbf(x)``, elementwise.

    Parameters
    ----------
    x : array_like, any shape
        Pre-activations.
    center : float, default 0.0
        Where the answer is 1 and the derivative 0.
    width : float, default 1.0
        Distance at which the answer has fallen to 1/e, positive.

    Returns
    -------
    slope : ndarray, the shape of x

    Raises
    ------
    ValueError
        If width is not positive.

    Notes
    -----
    D1. Units far from all data get no gradient and stay where they are.

    Examples
    --------
    >>> rbf_grad([1.0, 2.0, 50.0], center=2.0).round(4)
    array([ 0.7358,  0.    , -0.    ])
    """
    require(width > 0, f"width must be positive, not {width!r}")
    offset = (center - real(x)) / width
    return 2 / width * offset * np.exp(-(offset**2))


def maxout(x, groups):
    """Let the strongest of each group of units speak for all of it.

    ``y_j = max(x_{jk}, ..., x_{jk + k - 1})``: the maximum of each run of k neighbouring columns.

    Parameters
    ----------
    x : array_like, shape (N, groups * k)
        Pre-activations.
    groups : int
        Number of groups, which is the width of the output.

    Returns
    -------
    y : ndarray, shape (N, groups)

    Raises
    ------
    ValueError
        If groups is not positive or does not divide the width of x.

    Notes
    -----
    D1; Goodfellow et al. (2013). A group learns the shape of its own convex activation: with two
    units it can be a ReLU or an absolute value.

    Examples
    --------
    >>> maxout([[1.0, 5.0, 2.0, 3.0]], groups=2)
    array([[5., 3.]])
    """
    runs = _runs(real(x), groups)
    # k maxima of long columns: many times as fast as max(axis=2) over a few neighbours each
    return reduce(np.maximum, [runs[:, :, i] for i in range(runs.shape[2])])


def maxout_backward(dy, x, groups):
    """Gradient of `maxout`: all of it goes to the unit that spoke.

    ``dx = dy_j`` at the first maximum of run j, and 0 at the others.

    Parameters
    ----------
    dy : array_like, shape (N, groups)
        dL/dy.
    x : array_like, shape (N, groups * k)
        What `maxout` was given.
    groups : int
        Number of groups, which is the width of the output.

    Returns
    -------
    dx : ndarray, shape (N, groups * k)

    Raises
    ------
    ValueError
        If groups is not positive or does not divide the width of x, or dy does not have y's shape.

    Notes
    -----
    D1. In a tie every share is a subgradient: this gives all to the first, as PyTorch's
    ``max(dim)`` does; sharing it out evenly (``amax``) is right too.

    Examples
    --------
    >>> maxout_backward([[1.0, 1.0]], [[1.0, 5.0, 3.0, 3.0]], groups=2)
    array([[0., 1., 1., 0.]])
    """
    runs = _runs(real(x), groups)
    dy = real(dy)
    require_shape("dy", dy, runs.shape[:2])
    y = maxout(x, groups)
    dx = np.empty(runs.shape, dy.dtype)
    free = np.ones(y.shape, dtype=bool)  # runs whose maximum has not been met yet
    for i in range(runs.shape[2]):
        first = free & (runs[:, :, i] == y)
        np.multiply(dy, first, out=dx[:, :, i])
        free ^= first
    return dx.reshape(len(dx), -1)


def _runs(x, groups):
    """View the columns of x as (N, groups, k)."""
    require_shape("x", x, (None, None))
    require_positive(groups=groups)
    n, width = x.shape
    require(width % groups == 0, f"groups must divide x's {width} columns, not {groups!r}")
    return x.reshape(n, groups, width // groups)


class Activation(NamedTuple):
    """An elementwise activation and its derivative, which also takes the pre-activation."""

    function: Callable
    gradient: Callable


ACTIVATIONS = {
    "linear": Activation(linear, linear_grad),
    "sigmoid": Activation(sigmoid, sigmoid_grad),
    "tanh": Activation(tanh, tanh_grad),
    "relu": Activation(relu, relu_grad),
    "leaky_relu": Activation(leaky_relu, leaky_relu_grad),
    "softplus": Activation(softplus, sigmoid),
    "hard_tanh": Activation(hard_tanh, hard_tanh_grad),
    "rbf": Activation(rbf, rbf_grad),
}
