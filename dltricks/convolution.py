"""Layers for images: one small affine layer slid over all places, and pooling.

Images are ``(N, C, H, W)``. A convolution is the affine layer of `dltricks.layers` applied to
every patch of the image, with the same weights everywhere.
"""

import itertools
from typing import NamedTuple

import numpy as np

from dltricks._arrays import real, require, require_positive, require_shape


class ConvCache(NamedTuple):
    """What `conv_backward` needs of the forward pass."""

    patches: np.ndarray  # (N, C * KH * KW, OH * OW): column p is what output pixel p looks at
    w: np.ndarray  # (M, C, KH, KW)
    shape: tuple  # of x, (N, C, H, W)
    padding: int


def conv_forward(x, w, b, padding=0):
    """Look for the same few patterns at every place of an image.

    ``y[n, m, i, j] = b[m] + sum over c, k, l of w[m, c, k, l] * x[n, c, i + k, j + l]``, with a
    border of zeros round x. (To a mathematician that is a correlation: w isn't mirrored.)

    Parameters
    ----------
    x : array_like, shape (N, C, H, W)
        A batch of images.
    w : array_like, shape (M, C, KH, KW)
        One pattern ("kernel") for each of the M output channels.
    b : array_like, shape (M,)
        Biases.
    padding : int, default 0
        Width of the border of zeros round x; (KH - 1) / 2 keeps the size.

    Returns
    -------
    y : ndarray, shape (N, M, H + 2 * padding - KH + 1, W + 2 * padding - KW + 1)
    cache : ConvCache
        To hand to `conv_backward`.

    Raises
    ------
    ValueError
        If the shapes do not fit, the padding is negative, or the kernel is larger than the image.

    Notes
    -----
    D0 and D4; LeCun et al. (1998). All patches are copied into the columns of a matrix ("im2col"):
    that takes KH * KW times the image's memory and leaves the work to one fast matrix product. The
    stride is 1. Shapes are those of ``torch.nn.functional.conv2d``.

    Examples
    --------
    >>> x = np.arange(9.0).reshape(1, 1, 3, 3)
    >>> y, cache = conv_forward(x, np.ones((1, 1, 2, 2)), np.zeros(1))
    >>> y[0, 0]
    array([[ 8., 12.],
           [20., 24.]])
    """
    x, w, b = real(x), real(w), real(b)
    require_shape("x", x, (None, None, None, None))
    require_shape("w", w, (None, x.shape[1], None, None))
    require_shape("b", b, (len(w),))
    require(padding >= 0, f"padding must not be negative, not {padding!r}")
    n, c, height, width = x.shape
    m, _, kh, kw = w.shape
    oh, ow = height + 2 * padding - kh + 1, width + 2 * padding - kw + 1
    require(oh > 0 and ow > 0, f"w must not be larger than the padded image, not {kh} x {kw}")
    padded = np.zeros((n, c, height + 2 * padding, width + 2 * padding), x.dtype)
    padded[:, :, padding : padding + height, padding : padding + width] = x
    patches = np.empty((n, c, kh, kw, oh, ow), x.dtype)
    for i, j in itertools.product(range(kh), range(kw)):
        patches[:, :, i, j] = padded[:, :, i : i + oh, j : j + ow]
    patches = patches.reshape(n, c * kh * kw, oh * ow)
    y = w.reshape(m, -1) @ patches + b[:, None]
    return y.reshape(n, m, oh, ow), ConvCache(patches, w, x.shape, padding)


def conv_backward(dy, cache):
    """Gradients of `conv_forward` with respect to the images, the patterns and the biases.

    Of the affine layer on patches; each pixel then sums up what it is due from all the patches
    that it was part of.

    Parameters
    ----------
    dy : array_like, the shape of y
        dL/dy.
    cache : ConvCache
        From `conv_forward`.

    Returns
    -------
    dx : ndarray, shape (N, C, H, W)
    dw : ndarray, shape (M, C, KH, KW)
    db : ndarray, shape (M,)

    Raises
    ------
    ValueError
        If dy does not have y's shape.

    Notes
    -----
    Shared weights add up their gradients over all places: dw and db grow with the image's area.

    Examples
    --------
    >>> y, cache = conv_forward(np.ones((1, 1, 3, 3)), np.ones((1, 1, 2, 2)), np.zeros(1))
    >>> dx, dw, db = conv_backward(np.ones((1, 1, 2, 2)), cache)
    >>> dx[0, 0]
    array([[1., 2., 1.],
           [2., 4., 2.],
           [1., 2., 1.]])
    """
    patches, w, (n, c, height, width), padding = cache
    m, _, kh, kw = w.shape
    oh, ow = height + 2 * padding - kh + 1, width + 2 * padding - kw + 1
    dy = real(dy)
    require_shape("dy", dy, (n, m, oh, ow))
    rows = dy.reshape(n, m, oh * ow)
    dw = (rows @ patches.transpose(0, 2, 1)).sum(axis=0).reshape(w.shape)
    dpatches = (w.reshape(m, -1).T @ rows).reshape(n, c, kh, kw, oh, ow)
    dpadded = np.zeros((n, c, height + 2 * padding, width + 2 * padding), dpatches.dtype)
    for i, j in itertools.product(range(kh), range(kw)):
        dpadded[:, :, i : i + oh, j : j + ow] += dpatches[:, :, i, j]
    dx = dpadded[:, :, padding : padding + height, padding : padding + width]
    return dx, dw, rows.sum(axis=(0, 2))


class PoolCache(NamedTuple):
    """What `pool_backward` needs of the forward pass."""

    x: np.ndarray  # (N, C, H, W)
    y: np.ndarray  # (N, C, H // size, W // size)
    size: int
    kind: str


def pool_forward(x, size=2, kind="max"):
    """Shrink images: keep the strongest, or the average, answer of each small square.

    ``y[n, c, i, j]`` is the maximum or the mean over the pixels of block (i, j) in channel c.

    Parameters
    ----------
    x : array_like, shape (N, C, H, W)
        A batch of images.
    size : int, default 2
        Side of a block; blocks do not overlap. Rows and columns left over are ignored.
    kind : {"max", "average"}, default "max"
        What to keep of a block.

    Returns
    -------
    y : ndarray, shape (N, C, H // size, W // size)
    cache : PoolCache
        To hand to `pool_backward`.

    Raises
    ------
    ValueError
        If x is not four-dimensional, size is not positive or exceeds the image, or kind is unknown.

    Notes
    -----
    D0 and D4. With blocks, one of ``size^2`` neighbours is a strided view of the image: the
    maximum is taken between whole views, with no copy of the blocks.

    Examples
    --------
    >>> x = np.arange(16.0).reshape(1, 1, 4, 4)
    >>> pool_forward(x)[0][0, 0]
    array([[ 5.,  7.],
           [13., 15.]])
    >>> pool_forward(x, kind="average")[0][0, 0]
    array([[ 2.5,  4.5],
           [10.5, 12.5]])
    """
    x = real(x)
    require_shape("x", x, (None, None, None, None))
    require_positive(size=size)
    require(size <= min(x.shape[2:]), f"size must not exceed the image's, {x.shape[2:]}: {size}")
    require(kind in ("max", "average"), f"kind must be 'max' or 'average', not {kind!r}")
    first, *others = _neighbours(x, size)
    y = first.copy()
    for other in others:
        if kind == "max":
            np.maximum(y, other, out=y)
        else:
            y += other
    if kind == "average":
        y /= size**2
    return y, PoolCache(x, y, size, kind)


def pool_backward(dy, cache):
    """Gradient of `pool_forward`: all to the strongest pixel of a block, or equal shares.

    Parameters
    ----------
    dy : array_like, the shape of y
        dL/dy.
    cache : PoolCache
        From `pool_forward`.

    Returns
    -------
    dx : ndarray, shape (N, C, H, W)

    Raises
    ------
    ValueError
        If dy does not have y's shape.

    Notes
    -----
    In a tie the first pixel, row by row, takes all, as in PyTorch.

    Examples
    --------
    >>> y, cache = pool_forward([[[[1.0, 7.0], [7.0, 0.0]]]])
    >>> pool_backward([[[[5.0]]]], cache)[0, 0]
    array([[0., 5.],
           [0., 0.]])
    """
    x, y, size, kind = cache
    dy = real(dy)
    require_shape("dy", dy, y.shape)
    dx = np.zeros(x.shape, dy.dtype)
    parts = _neighbours(dx, size)
    if kind == "average":
        for part in parts:
            part[...] = dy / size**2
        return dx
    free = np.ones(y.shape, dtype=bool)  # blocks whose maximum has not been met yet
    for part, pixel in zip(parts, _neighbours(x, size), strict=True):
        winner = free & (pixel == y)
        np.multiply(dy, winner, out=part)
        free ^= winner
    return dx


def _neighbours(x, size):
    """The size^2 views that hold one pixel of each block, row by row."""
    height, width = (side - side % size for side in x.shape[2:])
    offsets = itertools.product(range(size), repeat=2)
    return [x[:, :, i:height:size, j:width:size] for i, j in offsets]
