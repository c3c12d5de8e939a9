"""Where to start: random weights that keep a signal's size through many layers.

A weight matrix is ``w: (fan_in, fan_out)`` and a layer computes ``x @ w + b``.
"""

import math

import numpy as np

from dltricks._arrays import class_labels, real, require, require_positive, require_shape


def small_normal(fan_in, fan_out, rng, std=0.01):
    """Small Gaussian weights of a fixed size, whatever the layer's width.

    ``w_ij ~ N(0, std^2)``, independent.

    Parameters
    ----------
    fan_in, fan_out : int
        Number of inputs and outputs of the layer, both positive.
    rng : numpy.random.Generator
        Source of randomness.
    std : float, default 0.01
        Standard deviation of every weight, not negative.

    Returns
    -------
    w : ndarray, shape (fan_in, fan_out)

    Raises
    ------
    ValueError
        If a size is not positive or std is negative.

    Notes
    -----
    D2 writes this N(0, 0.01) and D4 "small random numbers": here the 0.01 is a standard deviation.
    Fine for a shallow network; in a deep one the signal fades by ``sqrt(fan_in) * std`` a layer.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> small_normal(3, 2, rng).shape
    (3, 2)
    """
    require_positive(fan_in=fan_in, fan_out=fan_out)
    require(std >= 0, f"std must not be negative, not {std!r}")
    return rng.normal(0.0, std, (fan_in, fan_out))


def fan_in_uniform(fan_in, fan_out, rng):
    """Uniform weights that shrink with the number of inputs, the common rule before Xavier.

    ``w_ij ~ U(-1/sqrt(fan_in), 1/sqrt(fan_in))``, independent: variance ``1 / (3 fan_in)``.

    Parameters
    ----------
    fan_in, fan_out : int
        Number of inputs and outputs of the layer, both positive.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    w : ndarray, shape (fan_in, fan_out)

    Raises
    ------
    ValueError
        If a size is not positive.

    Notes
    -----
    D1; the starting point of Glorot and Bengio (2010). Each linear layer divides the variance
    by three. It is also what ``torch.nn.Linear`` draws by default (there ``a = sqrt(5)`` hides it).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> bool(np.abs(fan_in_uniform(100, 5, rng)).max() <= 0.1)
    True
    """
    require_positive(fan_in=fan_in, fan_out=fan_out)
    bound = 1 / math.sqrt(fan_in)
    return rng.uniform(-bound, bound, (fan_in, fan_out))


def xavier_normal(fan_in, fan_out, rng):
    """Gaussian weights that compromise between keeping the signal and keeping the gradient.

    ``w_ij ~ N(0, 2 / (fan_in + fan_out))``, independent; the second figure is the variance.

    Parameters
    ----------
    fan_in, fan_out : int
        Number of inputs and outputs of the layer, both positive.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    w : ndarray, shape (fan_in, fan_out)

    Raises
    ------
    ValueError
        If a size is not positive.

    Notes
    -----
    D0 and D2 (D2 prints the standard deviation where N's variance stands); Glorot and Bengio
    (2010). The signal forward wants variance 1 / fan_in, the gradient backward 1 / fan_out; their
    harmonic mean is the rule. Right for linear units and tanh near 0, too small for ReLU.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> float(xavier_normal(300, 100, rng).var().round(4))
    0.005
    """
    require_positive(fan_in=fan_in, fan_out=fan_out)
    return rng.normal(0.0, math.sqrt(2 / (fan_in + fan_out)), (fan_in, fan_out))


def xavier_uniform(fan_in, fan_out, rng):
    """Uniform weights with the variance of `xavier_normal`.

    ``w_ij ~ U(-a, a)``, ``a = sqrt(6 / (fan_in + fan_out))``, independent: variance ``a^2 / 3``.

    Parameters
    ----------
    fan_in, fan_out : int
        Number of inputs and outputs of the layer, both positive.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    w : ndarray, shape (fan_in, fan_out)

    Raises
    ------
    ValueError
        If a size is not positive.

    Notes
    -----
    D0 and D2; Glorot and Bengio (2010), equation 16. D1 prints the 6 outside the root: that
    bound is sqrt(6) times too wide, and tanh units saturate.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> bool(np.abs(xavier_uniform(50, 100, rng)).max() <= 0.2)
    True
    """
    require_positive(fan_in=fan_in, fan_out=fan_out)
    bound = math.sqrt(6 / (fan_in + fan_out))
    return rng.uniform(-bound, bound, (fan_in, fan_out))


def he_normal(fan_in, fan_out, rng):
    """Gaussian weights that keep the signal's size through ReLU layers.

    ``w_ij ~ N(0, 2 / fan_in)``, independent; the second figure is the variance.

    Parameters
    ----------
    fan_in, fan_out : int
        Number of inputs and outputs of the layer, both positive.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    w : ndarray, shape (fan_in, fan_out)

    Raises
    ------
    ValueError
        If a size is not positive.

    Notes
    -----
    D0; He et al. (2015). ReLU halves the second moment of a symmetric signal: the 2 gives it back.
    PyTorch's ``kaiming_normal_`` counts its fan on the transposed weight, with the same result.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> float(he_normal(200, 300, rng).var().round(3))
    0.01
    """
    require_positive(fan_in=fan_in, fan_out=fan_out)
    return rng.normal(0.0, math.sqrt(2 / fan_in), (fan_in, fan_out))


def he_uniform(fan_in, fan_out, rng):
    """Uniform weights with the variance of `he_normal`.

    ``w_ij ~ U(-a, a)``, ``a = sqrt(6 / fan_in)``, independent: variance ``a^2 / 3``.

    Parameters
    ----------
    fan_in, fan_out : int
        Number of inputs and outputs of the layer, both positive.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    w : ndarray, shape (fan_in, fan_out)

    Raises
    ------
    ValueError
        If a size is not positive.

    Notes
    -----
    D0; He et al. (2015).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> bool(np.abs(he_uniform(150, 10, rng)).max() <= 0.2)
    True
    """
    require_positive(fan_in=fan_in, fan_out=fan_out)
    bound = math.sqrt(6 / fan_in)
    return rng.uniform(-bound, bound, (fan_in, fan_out))


def orthogonal(fan_in, fan_out, rng, gain=1.0):
    """Weights that rotate: no direction grows or fades, at any depth.

    ``w.T @ w = gain^2 I`` if fan_in >= fan_out, else ``w @ w.T = gain^2 I``, Haar-distributed:
    every such matrix is equally likely.

    Parameters
    ----------
    fan_in, fan_out : int
        Number of inputs and outputs of the layer, both positive.
    rng : numpy.random.Generator
        Source of randomness.
    gain : float, default 1.0
        Factor on the whole matrix, for example `activation_gain`'s.

    Returns
    -------
    w : ndarray, shape (fan_in, fan_out)

    Raises
    ------
    ValueError
        If a size is not positive.

    Notes
    -----
    D3; Saxe, McClelland and Ganguli (2014). LAPACK's QR fixes the signs of R in its own way, so Q
    alone is not Haar-distributed: the signs of R's diagonal put that right (Mezzadri, 2007).

    Examples
    --------
    >>> w = orthogonal(5, 3, np.random.default_rng(0))
    >>> bool(np.allclose(w.T @ w, np.eye(3)))
    True
    """
    require_positive(fan_in=fan_in, fan_out=fan_out)
    q, r = np.linalg.qr(rng.normal(size=(max(fan_in, fan_out), min(fan_in, fan_out))))
    q = gain * q * np.where(np.diag(r) < 0, -1.0, 1.0)
    return q if fan_in >= fan_out else q.T


def activation_gain(name, slope=0.01):
    """Factor g by which an activation's weights must grow to keep the signal's variance.

    With ``Var(w) = g^2 / fan_in``: 1 for "linear", 5/3 for "tanh", sqrt(2) for "relu",
    sqrt(2 / (1 + slope^2)) for "leaky_relu".

    Parameters
    ----------
    name : {"linear", "tanh", "relu", "leaky_relu"}
        The activation.
    slope : float, default 0.01
        The slope of a leaky ReLU below 0; the others ignore it.

    Returns
    -------
    gain : float

    Raises
    ------
    ValueError
        If the name is another.

    Notes
    -----
    He et al. (2015) for ReLU and its leaky kind. The 5/3 of tanh is a rule of thumb that PyTorch's
    ``calculate_gain`` uses too: slightly too large on purpose, as tanh shrinks what it is given.

    Examples
    --------
    >>> round(activation_gain("relu"), 4)
    1.4142
    """
    gains = {
        "linear": 1.0,
        "tanh": 5 / 3,
        "relu": math.sqrt(2),
        "leaky_relu": math.sqrt(2 / (1 + slope**2)),
    }
    require(name in gains, f"name must be one of {', '.join(gains)}, not {name!r}")
    return gains[name]


def output_bias(labels, num_classes, smoothing=1.0):
    """Bias of the output layer with which an untrained network predicts the classes' frequencies.

    ``b_k = log((count_k + s) / (N + s K))``, so that softmax(b) is the smoothed marginal.

    Parameters
    ----------
    labels : array_like of int, shape (N,)
        Class of each training sample, in [0, num_classes).
    num_classes : int
        K, the number of classes.
    smoothing : float, default 1.0
        s, added to every count; positive if a class may be absent.

    Returns
    -------
    b : ndarray, shape (num_classes,)

    Raises
    ------
    ValueError
        If num_classes is not positive, a label is out of range, smoothing is negative, or it is 0
        and a class is absent.

    Notes
    -----
    D1: "initialize to match the marginal distribution of the output". The first steps of training
    then need not learn which classes are common.

    Examples
    --------
    >>> b = output_bias([0, 0, 0, 1], 2, smoothing=0.0)
    >>> np.exp(b).round(2)
    array([0.75, 0.25])
    """
    require_positive(num_classes=num_classes)
    labels = class_labels(labels, num_classes)
    counts = np.bincount(labels, minlength=num_classes) + float(smoothing)
    require(smoothing >= 0 and np.all(counts > 0), "smoothing must be positive: a class is absent")
    return np.log(counts / counts.sum())


def activation_statistics(x, weights, activation):
    """Mean and variance of the activations after each layer of a bias-free network.

    ``h_l = activation(h_{l-1} @ w_l)``, ``h_0 = x``; over all entries of h_l.

    Parameters
    ----------
    x : array_like, shape (N, D)
        A batch of inputs.
    weights : sequence of ndarray
        w_1, w_2, ..., each (width before, width after).
    activation : callable
        Elementwise, keeps the shape.

    Returns
    -------
    statistics : list of (float, float)
        One (mean, variance) a layer, first layer first; the variance divides by the count.

    Raises
    ------
    ValueError
        If a weight matrix does not fit the layer before it.

    Notes
    -----
    D0, D2; Glorot and Bengio (2010) plot these by depth.

    Examples
    --------
    >>> activation_statistics([[1.0, 3.0]], [np.eye(2)], lambda u: u)
    [(2.0, 1.0)]
    """
    h, statistics = real(x), []
    for layer, w in enumerate(map(real, weights), start=1):
        require_shape(f"weights[{layer - 1}]", w, (h.shape[-1], None))
        h = activation(h @ w)
        statistics.append((float(h.mean()), float(h.var())))
    return statistics


def lsuv(x, weights, activation, tol=0.01, max_iter=10):
    """Rescale each layer's weights until its pre-activations have unit variance on real data.

    Layer by layer: while the variance of ``u = h_{l-1} @ w_l`` is not within tol of 1, at most
    max_iter times, w_l is divided by u's standard deviation; then ``h_l = activation(u)``.

    Parameters
    ----------
    x : array_like, shape (N, D)
        A batch of real inputs.
    weights : sequence of ndarray
        w_1, w_2, ..., each (width before, width after); left as they are.
    activation : callable
        Elementwise, keeps the shape.
    tol : float, default 0.01
        How far from 1 the variance may stay.
    max_iter : int, default 10
        How often a layer may be rescaled.

    Returns
    -------
    weights : list of ndarray
        The rescaled matrices, shaped as those given.

    Raises
    ------
    ValueError
        If a weight matrix does not fit the layer before it, or a pre-activation does not vary.

    Notes
    -----
    Layer-sequential unit-variance initialization, Mishkin and Matas (2016); they start from
    orthogonal matrices. Goes beyond the decks. In a linear layer one division is exact.

    Examples
    --------
    >>> x = np.random.default_rng(0).normal(size=(8, 4))
    >>> (w,) = lsuv(x, [np.eye(4)], np.tanh)
    >>> float((x @ w).var().round(6))
    1.0
    """
    h, scaled = real(x), []
    for layer, w in enumerate(map(real, weights), start=1):
        require_shape(f"weights[{layer - 1}]", w, (h.shape[-1], None))
        for _ in range(max_iter):
            variance = (h @ w).var()
            if abs(variance - 1) <= tol:
                break
            require(variance > 0, f"weights[{layer - 1}] gives pre-activations that do not vary")
            w = w / np.sqrt(variance)
        scaled.append(w)
        h = activation(h @ w)
    return scaled
