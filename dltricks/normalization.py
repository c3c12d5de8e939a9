"""Normalizing inside the network: the same scale at every layer and at every step of training.

Batch, layer, group and instance norm subtract a mean and divide by a standard deviation
(`_normalize`); they differ only in the axes over which the two are taken. Then every feature or
channel gets a scale gamma and a shift beta of its own, which are learned.
"""

from typing import NamedTuple

import numpy as np

from dltricks._arrays import real, require, require_positive, require_shape
from dltricks.whitening import inverse_square_root_iteration


def _normalize(x, axes, eps):
    """Give x mean 0 and variance 1 over the axes: ``(xhat, inv_std, mean, var)``.

    The last three keep the axes with length 1.
    """
    require(eps >= 0, f"eps must not be negative, not {eps!r}")
    require(x.size > 0, "x must not be empty")
    mean = x.mean(axes, keepdims=True)
    xhat = x - mean
    var = _sum_of_products(xhat, xhat, axes).reshape(mean.shape) / (x.size // mean.size)
    inv_std = 1 / np.sqrt(var + eps)
    xhat *= inv_std
    return xhat, inv_std, mean, var


def _normalize_backward(dxhat, xhat, inv_std, axes):
    """The gradient of `_normalize`: dxhat less its part along 1 (the mean) and xhat (the scale)."""
    along_xhat = _sum_of_products(dxhat, xhat, axes).reshape(inv_std.shape)
    along_xhat /= xhat.size // inv_std.size
    dx = dxhat - dxhat.mean(axes, keepdims=True)
    dx -= xhat * along_xhat
    dx *= inv_std
    return dx


def _sum_of_products(a, b, axes):
    """``(a * b).sum(axes)`` without the array in between."""
    dims = list(range(a.ndim))
    return np.einsum(a, dims, b, dims, [dim for dim in dims if dim not in axes])


def _along_channels(a, ndim):
    """Lay a (C,) along axis 1 of an array of ndim axes."""
    return a.reshape(-1, *[1] * (ndim - 2))


def _scale_and_shift(x, scale, shift):
    """Give every feature or channel its own: ``scale * x + shift``, with one new array, not two."""
    y = _along_channels(scale, x.ndim) * x
    y += _along_channels(shift, x.ndim)
    return y


class BatchNormCache(NamedTuple):
    """What `batchnorm_backward` and `spatial_batchnorm_backward` need of the forward pass."""

    xhat: np.ndarray  # the shape of x: mean 0 and variance 1 in each feature or channel
    inv_std: np.ndarray  # (1, D) or (1, C, 1, 1)
    gamma: np.ndarray  # (D,) or (C,)


def batchnorm_forward(x, gamma, beta, running_mean, running_var, training, momentum=0.1, eps=1e-5):
    """Give every feature mean 0 and variance 1 over the batch, then a learned scale and shift.

    ``y = gamma * (x - mean) / sqrt(var + eps) + beta``. In training, mean and var (over N) are the
    batch's own, and ``running = (1 - momentum) * running + momentum * batch``. At test time
    they are the running figures.

    Parameters
    ----------
    x : array_like, shape (N, D)
        A batch of inputs.
    gamma, beta : array_like, shape (D,)
        Scale and shift of each feature.
    running_mean, running_var : array_like, shape (D,)
        The averages so far; 0 and 1 at the start.
    training : bool
        Whether to use the batch's statistics, and to average them.
    momentum : float, default 0.1
        D3's eta, in [0, 1]: the weight of the new batch.
    eps : float, default 1e-5
        Added to the variance, inside the root; not negative.

    Returns
    -------
    y : ndarray, shape (N, D)
    cache : BatchNormCache or None
        To hand to `batchnorm_backward`; None at test time.
    running_mean, running_var : ndarray, shape (D,)
        New averages in training, those given at test time.

    Raises
    ------
    ValueError
        If the shapes do not fit, x is empty, momentum is outside [0, 1] or eps is negative.

    Notes
    -----
    D0, D1, D3, D4; Ioffe and Szegedy (2015). D3 averages sigma; here, as in PyTorch, it is the
    variance. PyTorch divides the variance that it averages (but not the one it normalizes by) by
    N - 1. Keras' momentum is the weight of the old average.

    Examples
    --------
    >>> x = np.array([[1.0, 10.0], [3.0, 30.0]])
    >>> gamma, beta, mean, var = np.ones(2), np.zeros(2), np.zeros(2), np.ones(2)
    >>> y, cache, mean, var = batchnorm_forward(x, gamma, beta, mean, var, training=True)
    >>> y.round(4)
    array([[-1., -1.],
           [ 1.,  1.]])
    >>> mean
    array([0.2, 2. ])
    """
    x = real(x)
    require_shape("x", x, (None, None))
    return _batchnorm(x, gamma, beta, running_mean, running_var, training, momentum, eps)


def batchnorm_backward(dy, cache):
    """Gradients of `batchnorm_forward` in training, where every sample moves mean and variance.

    ``dbeta = sum_n dy``, ``dgamma = sum_n dy * xhat``,
    ``dx = gamma / sqrt(var + eps) * (dy - dbeta / N - xhat * dgamma / N)``.

    Parameters
    ----------
    dy : array_like, shape (N, D)
        dL/dy.
    cache : BatchNormCache
        From `batchnorm_forward` with training true.

    Returns
    -------
    dx : ndarray, shape (N, D)
    dgamma : ndarray, shape (D,)
    dbeta : ndarray, shape (D,)

    Raises
    ------
    ValueError
        If dy does not have y's shape, or the cache is that of a test pass.

    Notes
    -----
    D3: the gradient has to be computed for the whole batch at once. Per feature, dx has mean 0 and
    (but for eps) no part along xhat: shifting or scaling the batch would change nothing in y.

    Examples
    --------
    >>> x, one, zero = np.array([[1.0], [2.0], [6.0]]), np.ones(1), np.zeros(1)
    >>> y, cache, *_ = batchnorm_forward(x, one, zero, zero, one, training=True)
    >>> dx, dgamma, dbeta = batchnorm_backward([[1.0], [0.0], [0.0]], cache)
    >>> bool(abs(dx.sum()) < 1e-12), bool(abs((dx * x).sum()) < 1e-5)
    (True, True)
    """
    require(cache is not None, "cache must be of a forward pass in training")
    xhat, inv_std, gamma = cache
    dy = real(dy)
    require_shape("dy", dy, xhat.shape)
    axes = (0, *range(2, dy.ndim))
    n = dy.size // len(gamma)
    dbeta = dy.sum(axes)
    dgamma = _sum_of_products(dy, xhat, axes)
    along_one, along_xhat = (_along_channels(a / n, dy.ndim) for a in (dbeta, dgamma))
    dx = _along_channels(gamma, dy.ndim) * inv_std * (dy - along_one - xhat * along_xhat)
    return dx, dgamma, dbeta


def spatial_batchnorm_forward(
    x, gamma, beta, running_mean, running_var, training, momentum=0.1, eps=1e-5
):
    """Batch norm for images: every pixel of a channel counts as a sample.

    As `batchnorm_forward`, with one mean and one variance a channel, over samples and pixels.

    Parameters
    ----------
    x : array_like, shape (N, C, H, W)
        A batch of images or feature maps.
    gamma, beta : array_like, shape (C,)
        Scale and shift of each channel.
    running_mean, running_var : array_like, shape (C,)
        The averages so far; 0 and 1 at the start.
    training : bool
        Whether to use the batch's statistics, and to average them.
    momentum : float, default 0.1
        In [0, 1]: the weight of the new batch.
    eps : float, default 1e-5
        Added to the variance, inside the root; not negative.

    Returns
    -------
    y : ndarray, shape (N, C, H, W)
    cache : BatchNormCache or None
        To hand to `spatial_batchnorm_backward`; None at test time.
    running_mean, running_var : ndarray, shape (C,)
        New averages in training, those given at test time.

    Raises
    ------
    ValueError
        If the shapes do not fit, x is empty, momentum is outside [0, 1] or eps is negative.

    Notes
    -----
    D3 (the picture of the normalization methods); Ioffe and Szegedy (2015), section 3.2. A
    convolution treats all pixels alike, so its normalization must too.

    Examples
    --------
    >>> x = np.arange(8.0).reshape(1, 2, 2, 2)
    >>> one, zero = np.ones(2), np.zeros(2)
    >>> y, cache, mean, var = spatial_batchnorm_forward(
    ...     x, one, zero, zero, one, training=True, momentum=1.0
    ... )
    >>> mean
    array([1.5, 5.5])
    """
    x = real(x)
    require_shape("x", x, (None, None, None, None))
    return _batchnorm(x, gamma, beta, running_mean, running_var, training, momentum, eps)


def spatial_batchnorm_backward(dy, cache):
    """Gradients of `spatial_batchnorm_forward` in training.

    Those of `batchnorm_backward`, with ``N * H * W`` in the place of N.

    Parameters
    ----------
    dy : array_like, shape (N, C, H, W)
        dL/dy.
    cache : BatchNormCache
        From `spatial_batchnorm_forward` with training true.

    Returns
    -------
    dx : ndarray, shape (N, C, H, W)
    dgamma : ndarray, shape (C,)
    dbeta : ndarray, shape (C,)

    Raises
    ------
    ValueError
        If dy does not have y's shape, or the cache is that of a test pass.

    Notes
    -----
    D3; Ioffe and Szegedy (2015).

    Examples
    --------
    >>> x, one, zero = np.arange(8.0).reshape(1, 2, 2, 2), np.ones(2), np.zeros(2)
    >>> y, cache, *_ = spatial_batchnorm_forward(x, one, zero, zero, one, training=True)
    >>> dx, dgamma, dbeta = spatial_batchnorm_backward(x, cache)
    >>> dbeta
    array([ 6., 22.])
    """
    return batchnorm_backward(dy, cache)


def _batchnorm(x, gamma, beta, running_mean, running_var, training, momentum, eps):
    """Batch norm with one mean and variance for each index of axis 1, over all other axes."""
    channels = x.shape[1:2]
    gamma, beta = real(gamma), real(beta)
    running_mean, running_var = real(running_mean), real(running_var)
    require_shape("gamma", gamma, channels)
    require_shape("beta", beta, channels)
    require_shape("running_mean", running_mean, channels)
    require_shape("running_var", running_var, channels)
    require(0 <= momentum <= 1, f"momentum must be in [0, 1], not {momentum!r}")

    if not training:
        require(eps >= 0, f"eps must not be negative, not {eps!r}")
        scale = gamma / np.sqrt(running_var + eps)
        y = _scale_and_shift(x, scale, beta - running_mean * scale)
        return y, None, running_mean, running_var

    xhat, inv_std, mean, var = _normalize(x, (0, *range(2, x.ndim)), eps)
    running_mean = (1 - momentum) * running_mean + momentum * mean.ravel()
    running_var = (1 - momentum) * running_var + momentum * var.ravel()
    y = _scale_and_shift(xhat, gamma, beta)
    return y, BatchNormCache(xhat, inv_std, gamma), running_mean, running_var


def fold_batchnorm(w, b, gamma, beta, running_mean, running_var, eps=1e-5):
    """Make an affine layer and the batch norm behind it one affine layer, for test time.

    With ``scale = gamma / sqrt(running_var + eps)``: ``w' = w * scale`` (a factor for each
    column), ``b' = (b - running_mean) * scale + beta``.

    Parameters
    ----------
    w : array_like, shape (D_in, D)
        Weights of the affine layer.
    b : array_like, shape (D,)
        Its biases.
    gamma, beta : array_like, shape (D,)
        Scale and shift of the batch norm.
    running_mean, running_var : array_like, shape (D,)
        Its running averages.
    eps : float, default 1e-5
        Its eps, inside the root; not negative.

    Returns
    -------
    w_folded : ndarray, shape (D_in, D)
    b_folded : ndarray, shape (D,)

    Raises
    ------
    ValueError
        If the shapes do not fit or eps is negative.

    Notes
    -----
    Goes beyond the decks; Jacob et al. (2018), section 3.2. At test time batch norm is affine, so
    it can cost nothing. It also shows that b is idle before a batch norm: in training the batch's
    mean takes it away.

    Examples
    --------
    >>> fold_batchnorm([[1.0]], [5.0], [6.0], [0.5], [4.0], [9.0], eps=0.0)
    (array([[2.]]), array([2.5]))
    """
    w, b, gamma, beta, mean, var = map(real, (w, b, gamma, beta, running_mean, running_var))
    require_shape("w", w, (None, None))
    require_shape("b", b, w.shape[1:])
    require_shape("gamma", gamma, w.shape[1:])
    require_shape("beta", beta, w.shape[1:])
    require_shape("running_mean", mean, w.shape[1:])
    require_shape("running_var", var, w.shape[1:])
    require(eps >= 0, f"eps must not be negative, not {eps!r}")
    scale = gamma / np.sqrt(var + eps)
    return w * scale, (b - mean) * scale + beta


class LayerNormCache(NamedTuple):
    """What `layernorm_backward` needs of the forward pass."""

    xhat: np.ndarray  # (N, D): mean 0 and variance 1 in each row
    inv_std: np.ndarray  # (N, 1)
    gamma: np.ndarray  # (D,)


def layernorm_forward(x, gamma, beta, eps=1e-5):
    """Give every sample mean 0 and variance 1 over its features: no batch needed, train or test.

    ``y = gamma * (x - mean) / sqrt(var + eps) + beta``, mean and var (over D) of each row.

    Parameters
    ----------
    x : array_like, shape (N, D)
        A batch of inputs.
    gamma, beta : array_like, shape (D,)
        Scale and shift of each feature, the same for all samples.
    eps : float, default 1e-5
        Added to the variance, inside the root; not negative.

    Returns
    -------
    y : ndarray, shape (N, D)
    cache : LayerNormCache
        To hand to `layernorm_backward`.

    Raises
    ------
    ValueError
        If the shapes do not fit, x is empty or eps is negative.

    Notes
    -----
    D3 (the picture of the normalization methods); Ba, Kiros and Hinton (2016).

    Examples
    --------
    >>> y, cache = layernorm_forward([[1.0, 3.0], [10.0, 50.0]], np.ones(2), np.zeros(2))
    >>> y.round(4)
    array([[-1.,  1.],
           [-1.,  1.]])
    """
    x, gamma, beta = real(x), real(gamma), real(beta)
    require_shape("x", x, (None, None))
    require_shape("gamma", gamma, x.shape[1:])
    require_shape("beta", beta, x.shape[1:])
    xhat, inv_std, _, _ = _normalize(x, (1,), eps)
    y = gamma * xhat
    y += beta  # in place: one new array less
    return y, LayerNormCache(xhat, inv_std, gamma)


def layernorm_backward(dy, cache):
    """Gradients of `layernorm_forward`: within each row, every feature moves mean and variance.

    With ``dxhat = gamma * dy`` and means over the row,
    ``dx = (dxhat - mean(dxhat) - xhat * mean(dxhat * xhat)) / sqrt(var + eps)``; dgamma and dbeta
    are the sums of ``dy * xhat`` and dy over the samples.

    Parameters
    ----------
    dy : array_like, shape (N, D)
        dL/dy.
    cache : LayerNormCache
        From `layernorm_forward`.

    Returns
    -------
    dx : ndarray, shape (N, D)
    dgamma : ndarray, shape (D,)
    dbeta : ndarray, shape (D,)

    Raises
    ------
    ValueError
        If dy does not have y's shape.

    Notes
    -----
    D3; Ba, Kiros and Hinton (2016). In batch norm gamma is the same for all that is averaged and
    leaves the means; here it stays inside.

    Examples
    --------
    >>> y, cache = layernorm_forward([[1.0, 3.0, 8.0]], np.ones(3), np.zeros(3))
    >>> dx, dgamma, dbeta = layernorm_backward([[1.0, 0.0, 0.0]], cache)
    >>> bool(abs(dx.sum()) < 1e-12)
    True
    """
    xhat, inv_std, gamma = cache
    dy = real(dy)
    require_shape("dy", dy, xhat.shape)
    dx = _normalize_backward(gamma * dy, xhat, inv_std, (1,))
    return dx, _sum_of_products(dy, xhat, (0,)), dy.sum(axis=0)


class GroupNormCache(NamedTuple):
    """What `groupnorm_backward` and `instancenorm_backward` need of the forward pass."""

    xhat: np.ndarray  # (N, C, H, W): mean 0 and variance 1 in each group of each sample
    inv_std: np.ndarray  # (N, groups, 1)
    gamma: np.ndarray  # (C,)


def groupnorm_forward(x, gamma, beta, groups, eps=1e-5):
    """Layer norm for images, in groups of channels: as good for one image as for many.

    The C channels are cut into groups of ``C / groups`` neighbours. In each sample every group
    gets mean 0 and variance 1 over its channels and pixels; then gamma and beta of each channel.

    Parameters
    ----------
    x : array_like, shape (N, C, H, W)
        A batch of images or feature maps.
    gamma, beta : array_like, shape (C,)
        Scale and shift of each channel, not of each group.
    groups : int
        Number of groups, a divisor of C: 1 is layer norm over (C, H, W), C is instance norm.
    eps : float, default 1e-5
        Added to the variance, inside the root; not negative.

    Returns
    -------
    y : ndarray, shape (N, C, H, W)
    cache : GroupNormCache
        To hand to `groupnorm_backward`.

    Raises
    ------
    ValueError
        If groups is not positive or does not divide C, the shapes do not fit, x is empty or eps
        is negative.

    Notes
    -----
    D3 shows its picture; Wu and He (2018). D0 says that batch norm does not work well with
    batches of 4: this does.

    Examples
    --------
    >>> x = np.arange(4.0).reshape(1, 4, 1, 1)
    >>> y, cache = groupnorm_forward(x, np.ones(4), np.zeros(4), groups=2)
    >>> y.ravel().round(3)
    array([-1.,  1., -1.,  1.])
    """
    x, gamma, beta = real(x), real(gamma), real(beta)
    require_shape("x", x, (None, None, None, None))
    n, c = x.shape[:2]
    require_shape("gamma", gamma, (c,))
    require_shape("beta", beta, (c,))
    require_positive(groups=groups)
    require(c % groups == 0, f"groups must divide the {c} channels, not {groups}")
    xhat, inv_std, _, _ = _normalize(x.reshape(n, groups, -1), (2,), eps)
    xhat = xhat.reshape(x.shape)
    y = _scale_and_shift(xhat, gamma, beta)
    return y, GroupNormCache(xhat, inv_std, gamma)


def groupnorm_backward(dy, cache):
    """Gradients of `groupnorm_forward`.

    dx as in `layernorm_backward`, with the means over each group of each sample; dgamma and dbeta
    are the sums of ``dy * xhat`` and dy over samples and pixels.

    Parameters
    ----------
    dy : array_like, shape (N, C, H, W)
        dL/dy.
    cache : GroupNormCache
        From `groupnorm_forward`.

    Returns
    -------
    dx : ndarray, shape (N, C, H, W)
    dgamma : ndarray, shape (C,)
    dbeta : ndarray, shape (C,)

    Raises
    ------
    ValueError
        If dy does not have y's shape.

    Notes
    -----
    D3; Wu and He (2018).

    Examples
    --------
    >>> x = np.arange(8.0).reshape(1, 4, 1, 2)
    >>> y, cache = groupnorm_forward(x, np.ones(4), np.zeros(4), groups=2)
    >>> dx, dgamma, dbeta = groupnorm_backward(x**2, cache)
    >>> dbeta
    array([ 1., 13., 41., 85.])
    """
    xhat, inv_std, gamma = cache
    dy = real(dy)
    require_shape("dy", dy, xhat.shape)
    in_groups = (*inv_std.shape[:2], -1)
    dxhat = (_along_channels(gamma, 4) * dy).reshape(in_groups)
    dx = _normalize_backward(dxhat, xhat.reshape(in_groups), inv_std, (2,)).reshape(dy.shape)
    return dx, _sum_of_products(dy, xhat, (0, 2, 3)), dy.sum(axis=(0, 2, 3))


def instancenorm_forward(x, gamma, beta, eps=1e-5):
    """Give every channel of every image mean 0 and variance 1: its contrast no longer matters.

    `groupnorm_forward` with one channel a group: mean and variance over the pixels alone.

    Parameters
    ----------
    x : array_like, shape (N, C, H, W)
        A batch of images or feature maps.
    gamma, beta : array_like, shape (C,)
        Scale and shift of each channel.
    eps : float, default 1e-5
        Added to the variance, inside the root; not negative.

    Returns
    -------
    y : ndarray, shape (N, C, H, W)
    cache : GroupNormCache
        To hand to `instancenorm_backward`.

    Raises
    ------
    ValueError
        If the shapes do not fit, x is empty or eps is negative.

    Notes
    -----
    D3 (the picture of the normalization methods); Ulyanov, Vedaldi and Lempitsky (2016).

    Examples
    --------
    >>> x = np.array([0.0, 2.0, 5.0, 25.0]).reshape(1, 2, 1, 2)
    >>> y, cache = instancenorm_forward(x, np.ones(2), np.zeros(2))
    >>> y.ravel().round(3)
    array([-1.,  1., -1.,  1.])
    """
    x = real(x)
    require_shape("x", x, (None, None, None, None))
    return groupnorm_forward(x, gamma, beta, groups=x.shape[1], eps=eps)


def instancenorm_backward(dy, cache):
    """Gradients of `instancenorm_forward`.

    Those of `groupnorm_backward`, with one channel a group.

    Parameters
    ----------
    dy : array_like, shape (N, C, H, W)
        dL/dy.
    cache : GroupNormCache
        From `instancenorm_forward`.

    Returns
    -------
    dx : ndarray, shape (N, C, H, W)
    dgamma : ndarray, shape (C,)
    dbeta : ndarray, shape (C,)

    Raises
    ------
    ValueError
        If dy does not have y's shape.

    Notes
    -----
    D3; Ulyanov, Vedaldi and Lempitsky (2016).

    Examples
    --------
    >>> x = np.array([0.0, 2.0, 5.0, 25.0]).reshape(1, 2, 1, 2)
    >>> y, cache = instancenorm_forward(x, np.ones(2), np.zeros(2))
    >>> dx, dgamma, dbeta = instancenorm_backward(x, cache)
    >>> dgamma.round(3)
    array([ 2., 20.])
    """
    return groupnorm_backward(dy, cache)


class RMSNormCache(NamedTuple):
    """What `rmsnorm_backward` needs of the forward pass."""

    xhat: np.ndarray  # (N, D): mean square 1 in each row
    inv_rms: np.ndarray  # (N, 1)
    gamma: np.ndarray  # (D,)


def rmsnorm_forward(x, gamma, eps=1e-6):
    """Layer norm without its mean and its shift: each sample is only brought to one length.

    ``y = gamma * x / sqrt(mean(x^2) + eps)``, the mean over each row.

    Parameters
    ----------
    x : array_like, shape (N, D)
        A batch of inputs.
    gamma : array_like, shape (D,)
        Scale of each feature.
    eps : float, default 1e-6
        Added to the mean square, inside the root; not negative.

    Returns
    -------
    y : ndarray, shape (N, D)
    cache : RMSNormCache
        To hand to `rmsnorm_backward`.

    Raises
    ------
    ValueError
        If the shapes do not fit or eps is negative.

    Notes
    -----
    Goes beyond the decks; Zhang and Sennrich (2019), whose formula has no eps. PyTorch's default
    is the rounding unit of the dtype.

    Examples
    --------
    >>> y, cache = rmsnorm_forward([[3.0, 4.0, 0.0, 0.0]], np.ones(4))
    >>> y.round(4)
    array([[1.2, 1.6, 0. , 0. ]])
    """
    x, gamma = real(x), real(gamma)
    require_shape("x", x, (None, None))
    require_shape("gamma", gamma, x.shape[1:])
    require(eps >= 0, f"eps must not be negative, not {eps!r}")
    mean_square = _sum_of_products(x, x, (1,))[:, None] / x.shape[1]
    inv_rms = 1 / np.sqrt(mean_square + eps)
    xhat = x * inv_rms
    return gamma * xhat, RMSNormCache(xhat, inv_rms, gamma)


def rmsnorm_backward(dy, cache):
    """Gradients of `rmsnorm_forward`: layer norm's without the mean's path.

    With ``dxhat = gamma * dy`` and the mean over the row,
    ``dx = (dxhat - xhat * mean(dxhat * xhat)) / sqrt(mean(x^2) + eps)``; dgamma is the sum of
    ``dy * xhat`` over the samples.

    Parameters
    ----------
    dy : array_like, shape (N, D)
        dL/dy.
    cache : RMSNormCache
        From `rmsnorm_forward`.

    Returns
    -------
    dx : ndarray, shape (N, D)
    dgamma : ndarray, shape (D,)

    Raises
    ------
    ValueError
        If dy does not have y's shape.

    Notes
    -----
    Goes beyond the decks; Zhang and Sennrich (2019). Scaling a row would (but for eps) change
    nothing in y, so dx has no part along x.

    Examples
    --------
    >>> y, cache = rmsnorm_forward([[3.0, 4.0]], np.ones(2), eps=0.0)
    >>> dx, dgamma = rmsnorm_backward([[1.0, 0.0]], cache)
    >>> bool(abs(dx @ [3.0, 4.0]) < 1e-12)
    True
    """
    xhat, inv_rms, gamma = cache
    dy = real(dy)
    require_shape("dy", dy, xhat.shape)
    dxhat = gamma * dy
    along_xhat = _sum_of_products(dxhat, xhat, (1,))[:, None] / xhat.shape[1]
    return inv_rms * (dxhat - xhat * along_xhat), _sum_of_products(dy, xhat, (0,))


def weight_norm(v, g):
    """Weights whose length and direction are learned apart.

    Column j, the incoming weights of unit j: ``w_j = g_j * v_j / ||v_j||``.

    Parameters
    ----------
    v : array_like, shape (D, M)
        The directions, one a column, of any length but 0.
    g : array_like, shape (M,)
        The lengths; a negative one turns its column round.

    Returns
    -------
    w : ndarray, shape (D, M)

    Raises
    ------
    ValueError
        If the shapes do not fit or a column of v is zero.

    Notes
    -----
    D3; Salimans and Kingma (2016). What is normalized is the weights, not the signal: no batch is
    needed.

    Examples
    --------
    >>> weight_norm([[3.0, 0.0], [4.0, 2.0]], [5.0, 1.0])
    array([[3., 0.],
           [4., 1.]])
    """
    v, g, norm = _directions(v, g)
    return v * (g / norm)


def weight_norm_backward(dw, v, g):
    """Gradients of `weight_norm` with respect to directions and lengths.

    Column by column: ``dg = dw.v / ||v||`` and ``dv = g / ||v|| * (dw - dg * v / ||v||)``.

    Parameters
    ----------
    dw : array_like, shape (D, M)
        dL/dw.
    v : array_like, shape (D, M)
        The directions that `weight_norm` was given.
    g : array_like, shape (M,)
        The lengths that it was given.

    Returns
    -------
    dv : ndarray, shape (D, M)
        Each column orthogonal to v's.
    dg : ndarray, shape (M,)

    Raises
    ------
    ValueError
        If the shapes do not fit or a column of v is zero.

    Notes
    -----
    D3; Salimans and Kingma (2016), equation 3. Steps along dv can only lengthen v, and the longer
    it is the less a step turns it: the learning rate of the direction tunes itself.

    Examples
    --------
    >>> dv, dg = weight_norm_backward([[1.0], [0.0]], [[3.0], [4.0]], [5.0])
    >>> dg
    array([0.6])
    >>> dv.round(4)
    array([[ 0.64],
           [-0.48]])
    """
    v, g, norm = _directions(v, g)
    dw = real(dw)
    require_shape("dw", dw, v.shape)
    dg = _sum_of_products(dw, v, (0,)) / norm
    return g / norm * (dw - v * (dg / norm)), dg


def _directions(v, g):
    """Take v and g as floats, with the length of each column of v."""
    v, g = real(v), real(g)
    require_shape("v", v, (None, None))
    require_shape("g", g, v.shape[1:])
    norm = np.sqrt(_sum_of_products(v, v, (0,)))
    require(np.all(norm > 0), "v must have no column that is zero")
    return v, g, norm


class BatchWhiteningCache(NamedTuple):
    """What `batch_whitening_backward` needs of the forward pass."""

    z: np.ndarray  # (N, D): the centred batch in its principal axes
    std: np.ndarray  # (D,): sqrt(variance + eps) along them
    axes: np.ndarray  # (D, D): the axes, one a column


def batch_whitening_forward(x, eps=1e-5):
    """Batch norm that also removes the correlations between features.

    With the batch's own mean and covariance ``S = U diag(v) U'``:
    ``y = (x - mean) @ (S + eps I)^(-1/2) = (x - mean) @ U diag(1 / sqrt(v + eps)) U'``.

    Parameters
    ----------
    x : array_like, shape (N, D)
        A batch of inputs.
    eps : float, default 1e-5
        Added to every variance, inside the root; positive if N <= D, as some variances are 0 then.

    Returns
    -------
    y : ndarray, shape (N, D)
    cache : BatchWhiteningCache
        To hand to `batch_whitening_backward`.

    Raises
    ------
    ValueError
        If x is not two-dimensional or is empty, or eps is negative.

    Notes
    -----
    D3's batch whitening: decorrelated batch norm, Huang et al. (2018), without its running
    averages, scale and shift. It whitens the ZCA way: in principal axes, features would swap
    places whenever two variances do.

    Examples
    --------
    >>> x = np.random.default_rng(0).normal(size=(50, 2)) @ [[3.0, 2.0], [0.0, 1.0]]
    >>> y, cache = batch_whitening_forward(x)
    >>> np.abs(np.cov(y, rowvar=False, ddof=0)).round(3)
    array([[1., 0.],
           [0., 1.]])
    """
    require(eps >= 0, f"eps must not be negative, not {eps!r}")
    centred, covariance = _centre(x)
    variances, axes = np.linalg.eigh(covariance)
    # Where the variance is 0, rounding may leave it below.
    std = np.sqrt(np.maximum(variances, 0) + eps)
    z = centred @ axes
    return (z / std) @ axes.T, BatchWhiteningCache(z, std, axes)


def batch_whitening_backward(dy, cache):
    """Gradient of `batch_whitening_forward`, through the inverse square root of the covariance.

    In the principal axes, ``z = (x - mean) @ U`` and ``dz = dy @ U``, with ``s = sqrt(v + eps)``:
    the covariance gets ``dS_ij = -(z'dz + dz'z)_ij / (2 s_i s_j (s_i + s_j))``, so that
    ``d(x - mean) = (dz / s + 2/N z @ dS) @ U'``; dx is that less its mean over the batch.

    Parameters
    ----------
    dy : array_like, shape (N, D)
        dL/dy.
    cache : BatchWhiteningCache
        From `batch_whitening_forward`.

    Returns
    -------
    dx : ndarray, shape (N, D)

    Raises
    ------
    ValueError
        If dy does not have y's shape.

    Notes
    -----
    D3; Huang et al. (2018). The derivative of a matrix function in the eigenbasis is its divided
    difference (Higham 2008, theorem 3.11), here of ``f(l) = l^(-1/2)``:
    ``(f(a) - f(b)) / (a - b) = -1 / (sqrt(a) sqrt(b) (sqrt(a) + sqrt(b)))``. The right-hand side
    needs no two eigenvalues to differ; a gradient through the eigenvectors divides by a - b.

    Examples
    --------
    All variances are equal here, and still:

    >>> x = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]])
    >>> y, cache = batch_whitening_forward(x)
    >>> dx = batch_whitening_backward(x, cache)
    >>> bool(np.abs(dx).max() < 1e-4)
    True
    """
    z, std, axes = cache
    dy = real(dy)
    require_shape("dy", dy, z.shape)
    dz = dy @ axes
    product = z.T @ dz
    d_covariance = -(product + product.T) / (2 * np.outer(std, std) * np.add.outer(std, std))
    d_centred = (dz / std + 2 / len(z) * (z @ d_covariance)) @ axes.T
    return d_centred - d_centred.mean(axis=0)


def iterative_whitening_forward(x, iterations=5, eps=1e-5):
    """Batch whitening without eigenvectors, and by the number of iterations as much as is wanted.

    ``S = cov + eps I``, ``S_n = S / tr S``, ``P_0 = I``, ``P_{k+1} = (3 P_k - P_k^3 S_n) / 2``,
    ``y = (x - mean) @ P_T / sqrt(tr S)``, which tends to `batch_whitening_forward`'s y.

    Parameters
    ----------
    x : array_like, shape (N, D)
        A batch of inputs.
    iterations : int, default 5
        T, not negative.
    eps : float, default 1e-5
        Added to every variance; not negative, and positive if the batch does not vary.

    Returns
    -------
    y : ndarray, shape (N, D)

    Raises
    ------
    ValueError
        If x is not two-dimensional or is empty, or iterations or eps is negative.

    Notes
    -----
    IterNorm, Huang et al. (2019), in D3's references. Dividing by the trace puts the eigenvalues
    into (0, 1], where the iteration converges. Directions of small variance take longest, so five
    steps leave them small: that is meant, as they are mostly noise.

    Examples
    --------
    >>> x = np.random.default_rng(0).normal(size=(50, 2)) @ [[3.0, 2.0], [0.0, 1.0]]
    >>> exact, cache = batch_whitening_forward(x)
    >>> [float(np.abs(iterative_whitening_forward(x, t) - exact).max().round(2)) for t in (1, 5, 9)]
    [1.41, 0.08, 0.0]
    """
    require(eps >= 0, f"eps must not be negative, not {eps!r}")
    centred, covariance = _centre(x)
    s = covariance + eps * np.eye(len(covariance), dtype=covariance.dtype)
    trace = np.trace(s)
    return centred @ inverse_square_root_iteration(s / trace, iterations) / np.sqrt(trace)


def _centre(x):
    """The batch less its mean, and its covariance (over N)."""
    x = real(x)
    require_shape("x", x, (None, None))
    require(x.size > 0, "x must not be empty")
    centred = x - x.mean(axis=0)
    return centred, centred.T @ centred / len(x)
