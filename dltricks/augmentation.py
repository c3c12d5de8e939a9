"""More data from the data there is: changes to an image that leave its label as it is.

Images are ``(N, C, H, W)``, floats in [0, 1]. Only the training images are augmented, and a change
is a trick only where it keeps the meaning: a mirrored cat is a cat, a mirrored 2 is no digit.
"""

import math

import numpy as np

from dltricks._arrays import real, require, require_positive, require_shape


def random_flip(images, rng, p=0.5):
    """Mirror each image left-right or leave it, by a coin of its own.

    Parameters
    ----------
    images : array_like, shape (N, C, H, W)
        A batch of images.
    rng : numpy.random.Generator
        Source of randomness.
    p : float, default 0.5
        Probability of mirroring, in [0, 1].

    Returns
    -------
    flipped : ndarray, shape (N, C, H, W)

    Raises
    ------
    ValueError
        If images do not have four axes or p is outside [0, 1].

    Notes
    -----
    D0, D1. One coin for the whole batch would be right on average, and a poorer augmentation.

    Examples
    --------
    >>> random_flip([[[[1.0, 2.0]]]], np.random.default_rng(0), p=1.0)
    array([[[[2., 1.]]]])
    """
    images = _batch(images)
    require(0 <= p <= 1, f"p must be in [0, 1], not {p!r}")
    flip = rng.random(len(images)) < p
    flipped = images.copy()
    flipped[flip] = images[flip, :, :, ::-1]
    return flipped


def translate(images, down, right, fill=0.0):
    """Shift images by whole pixels; what leaves the frame is lost, what is uncovered is filled.

    ``out[i, j] = images[i - down, j - right]``, or fill where there is no such pixel.

    Parameters
    ----------
    images : array_like, shape (N, C, H, W)
        A batch of images.
    down, right : int
        Shift in pixels; negative is up and left. A shift past the edge leaves nothing but fill.
    fill : float, default 0.0
        Value of the uncovered pixels.

    Returns
    -------
    shifted : ndarray, shape (N, C, H, W)

    Raises
    ------
    ValueError
        If images do not have four axes.

    Notes
    -----
    D0, D3. ``np.roll`` is not a translation: it brings back on one side what left on the other.

    Examples
    --------
    >>> translate([[[[1.0, 2.0, 3.0]]]], down=0, right=1)
    array([[[[0., 1., 2.]]]])
    """
    images = _batch(images)
    height, width = images.shape[2:]
    down, right = max(-height, min(down, height)), max(-width, min(right, width))
    shifted = np.full_like(images, fill)
    shifted[:, :, max(down, 0) : height + min(down, 0), max(right, 0) : width + min(right, 0)] = (
        images[:, :, max(-down, 0) : height - max(down, 0), max(-right, 0) : width - max(right, 0)]
    )
    return shifted


def affine_matrix(angle=0.0, scale=1.0, shear=0.0):
    """Matrix that shears, rotates and scales offsets (row, column) from an image's centre.

    ``rotation @ shearing * scale`` with ``rotation = [[cos a, -sin a], [sin a, cos a]]`` and
    ``shearing = [[1, 0], [shear, 1]]``.

    Parameters
    ----------
    angle : float, default 0.0
        In radians; positive turns counter-clockwise as one sees the image, rows going down.
    scale : float, default 1.0
        Above 1 enlarges.
    shear : float, default 0.0
        How many columns a pixel moves to the right, before it is rotated, for each row that it
        lies below the centre.

    Returns
    -------
    matrix : ndarray, shape (2, 2)

    Notes
    -----
    D0, D3 (rotate, scale, shear). The order is row, column: in libraries that count (x, y) the
    same rotation matrix turns clockwise. It says where pixels go; `warp` inverts it to look up
    where they come from.

    Examples
    --------
    >>> affine_matrix(angle=np.pi / 2, scale=2.0).round(6) + 0.0
    array([[ 0., -2.],
           [ 2.,  0.]])
    """
    cos, sin = math.cos(angle), math.sin(angle)
    rotation = np.array([[cos, -sin], [sin, cos]])
    shearing = np.array([[1.0, 0.0], [shear, 1.0]])
    return rotation @ shearing * scale


def warp(images, matrix, fill=0.0):
    """Move images by a matrix about their centre: rotate, scale, shear, mirror.

    With ``c = ((H-1)/2, (W-1)/2)`` output pixel p takes the input's value, bilinearly, at
    ``c + inverse(matrix) @ (p - c)``; pixels outside the image count as fill.

    Parameters
    ----------
    images : array_like, shape (N, C, H, W)
        A batch of images.
    matrix : array_like, shape (2, 2)
        Acts on (row, column) offsets from the centre, for example `affine_matrix`'s.
    fill : float, default 0.0
        Value outside the image; the border blends into it over one pixel.

    Returns
    -------
    warped : ndarray, shape (N, C, H, W)

    Raises
    ------
    ValueError
        If images do not have four axes, or matrix is not 2 x 2 or cannot be inverted.

    Notes
    -----
    D0, D3. Asking for each output pixel where it comes from leaves no holes; sending each input
    pixel to where it goes does. As ``torch.nn.functional.grid_sample`` with zero padding and
    ``align_corners=True``.

    Examples
    --------
    >>> image = np.arange(4.0).reshape(1, 1, 2, 2)
    >>> warp(image, affine_matrix(angle=np.pi / 2)).round(6)
    array([[[[1., 3.],
             [0., 2.]]]])
    """
    images, matrix = _batch(images), real(matrix).astype(np.float64, copy=False)
    require_shape("matrix", matrix, (2, 2))
    require(np.linalg.matrix_rank(matrix) == 2, "matrix must have an inverse")
    height, width = images.shape[2:]
    row, column = (height - 1) / 2, (width - 1) / 2
    down, right = np.arange(height)[:, None] - row, np.arange(width) - column
    (a, b), (c, d) = np.linalg.inv(matrix)
    return _sample(images, row + a * down + b * right, column + c * down + d * right, fill)


def random_crop(images, size, rng, padding=0):
    """Cut a window out of each image, at a place of its own, after adding a black margin.

    Every window that lies wholly in the padded image is equally likely.

    Parameters
    ----------
    images : array_like, shape (N, C, H, W)
        A batch of images.
    size : int
        Height and width of the window, at most those of the padded image.
    rng : numpy.random.Generator
        Source of randomness.
    padding : int, default 0
        Width of the zero margin on all four sides, not negative.

    Returns
    -------
    crops : ndarray, shape (N, C, size, size)

    Raises
    ------
    ValueError
        If images do not have four axes, size is not positive or too large, or padding is negative.

    Notes
    -----
    Krizhevsky, Sutskever and Hinton (2012) crop 224 of 256 pixels; He et al. (2016) pad 32 pixels
    by 4 and crop 32, which shifts by up to 4 either way.

    Examples
    --------
    >>> crops = random_crop(np.ones((5, 3, 32, 32)), 28, np.random.default_rng(0))
    >>> crops.shape
    (5, 3, 28, 28)
    """
    images = _batch(images)
    require(padding >= 0, f"padding must not be negative, not {padding!r}")
    padded = np.pad(images, [(0, 0), (0, 0), (padding, padding), (padding, padding)])
    tops, lefts = _places(padded, size, rng)
    windows = zip(padded, tops, lefts, strict=True)
    return np.stack(
        [image[:, top : top + size, left : left + size] for image, top, left in windows]
    )


def adjust_brightness(images, factor):
    """Make images brighter or darker, as more or less light would.

    ``clip(factor * x, 0, 1)``.

    Parameters
    ----------
    images : array_like, shape (N, C, H, W)
        A batch of images, values in [0, 1].
    factor : float
        Above 1 brightens, below 1 darkens.

    Returns
    -------
    adjusted : ndarray, shape (N, C, H, W)

    Raises
    ------
    ValueError
        If images do not have four axes.

    Notes
    -----
    D0 (illumination). The factor is the same for the batch; draw it anew for each.

    Examples
    --------
    >>> adjust_brightness([[[[0.2, 0.8]]]], 2.0)
    array([[[[0.4, 1. ]]]])
    """
    return _clip(_batch(images) * factor)


def adjust_contrast(images, factor):
    """Spread an image's values about their mean, or draw them together.

    ``clip((x - m) * factor + m, 0, 1)``, m each image's own mean over all channels and pixels.

    Parameters
    ----------
    images : array_like, shape (N, C, H, W)
        A batch of images, values in [0, 1].
    factor : float
        Above 1 raises the contrast, below 1 lowers it, 0 gives a plain grey.

    Returns
    -------
    adjusted : ndarray, shape (N, C, H, W)

    Raises
    ------
    ValueError
        If images do not have four axes.

    Notes
    -----
    D0 (illumination). torchvision takes the mean of the grey image instead of all channels.

    Examples
    --------
    >>> adjust_contrast([[[[0.25, 0.75]]]], 0.5)
    array([[[[0.375, 0.625]]]])
    """
    images = _batch(images)
    mean = images.mean(axis=(1, 2, 3), keepdims=True)
    return _clip((images - mean) * factor + mean)


def adjust_saturation(images, factor):
    """Make colours stronger or paler; a grey pixel stays as it is.

    ``clip((x - g) * factor + g, 0, 1)``, ``g = 0.299 R + 0.587 G + 0.114 B`` pixel by pixel.

    Parameters
    ----------
    images : array_like, shape (N, 3, H, W)
        A batch of colour images, values in [0, 1], channels red, green, blue.
    factor : float
        Above 1 strengthens, below 1 pales, 0 takes all colour away.

    Returns
    -------
    adjusted : ndarray, shape (N, 3, H, W)

    Raises
    ------
    ValueError
        If images do not have four axes or three channels.

    Notes
    -----
    D0 (color). The weights are those of the luma of ITU-R BT.601: the eye sees green brightest.

    Examples
    --------
    >>> red = np.reshape([1.0, 0.0, 0.0], (1, 3, 1, 1))
    >>> adjust_saturation(red, 0.0).ravel()
    array([0.299, 0.299, 0.299])
    """
    images = _batch(images)
    require_shape("images", images, (None, 3, None, None))
    red, green, blue = images[:, 0:1], images[:, 1:2], images[:, 2:3]
    gray = 0.299 * red + 0.587 * green + 0.114 * blue
    return _clip((images - gray) * factor + gray)


def gaussian_blur(images, sigma):
    """Blur images as a lens out of focus does.

    Along rows and then along columns ``y_i = sum_k g_k x_{i+k}``, k from -r to r, with
    ``r = ceil(3 sigma)``, ``g_k`` proportional to ``exp(-k^2 / (2 sigma^2))`` and of sum 1; beyond
    the edge the edge pixel is repeated.

    Parameters
    ----------
    images : array_like, shape (N, C, H, W)
        A batch of images.
    sigma : float
        Standard deviation of the Gaussian in pixels, positive.

    Returns
    -------
    blurred : ndarray, shape (N, C, H, W)

    Raises
    ------
    ValueError
        If images do not have four axes or sigma is not positive.

    Notes
    -----
    D3 (blurring). A Gaussian in two dimensions is the product of two in one: 2 (2r + 1) products a
    pixel do for (2r + 1)^2. Being linear, each of the two is a matrix, here applied as such.

    Examples
    --------
    >>> point = np.zeros((1, 1, 5, 5))
    >>> point[0, 0, 2, 2] = 1.0
    >>> gaussian_blur(point, 0.5)[0, 0, 2].round(3)
    array([0.   , 0.084, 0.619, 0.084, 0.   ])
    """
    images = _batch(images)
    require(sigma > 0, f"sigma must be positive, not {sigma!r}")
    rows, columns = (_blur_matrix(n, sigma).astype(images.dtype) for n in images.shape[2:])
    return rows @ images @ columns.T


def add_noise(images, std, rng):
    """Add Gaussian noise to every value, and stay within [0, 1].

    ``clip(x + e, 0, 1)``, ``e ~ N(0, std^2)``, independent for every image, channel and pixel.

    Parameters
    ----------
    images : array_like, shape (N, C, H, W)
        A batch of images, values in [0, 1].
    std : float
        Standard deviation of the noise, not negative.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    noisy : ndarray, shape (N, C, H, W)

    Raises
    ------
    ValueError
        If images do not have four axes or std is negative.

    Notes
    -----
    D1, D3 (noise). `dltricks.dropout.input_noise` is the same without the clip.

    Examples
    --------
    >>> noisy = add_noise(np.full((1, 1, 100, 100), 0.5), 0.1, np.random.default_rng(0))
    >>> float(noisy.std().round(2))
    0.1
    """
    images = _batch(images)
    require(std >= 0, f"std must not be negative, not {std!r}")
    noise = rng.normal(0.0, std, images.shape).astype(images.dtype, copy=False)
    return _clip(images + noise)


def cutout(images, size, rng, fill=0.0):
    """Cover a square of each image, at a place of its own: no single part may decide.

    Every place at which the square lies wholly in the image is equally likely.

    Parameters
    ----------
    images : array_like, shape (N, C, H, W)
        A batch of images.
    size : int
        Side of the square, at most the height and the width.
    rng : numpy.random.Generator
        Source of randomness.
    fill : float, default 0.0
        Value of the covered pixels in all channels.

    Returns
    -------
    covered : ndarray, shape (N, C, H, W)

    Raises
    ------
    ValueError
        If images do not have four axes, or size is not positive or larger than the image.

    Notes
    -----
    D3 (occlusion); DeVries and Taylor (2017), who place the square's *centre* uniformly, so that
    it may hang over the edge. Here it is always whole.

    Examples
    --------
    >>> covered = cutout(np.ones((2, 3, 8, 8)), 4, np.random.default_rng(0))
    >>> (covered == 0).sum(axis=(2, 3))
    array([[16, 16, 16],
           [16, 16, 16]])
    """
    images = _batch(images)
    tops, lefts = _places(images, size, rng)
    covered = images.copy()
    for image, top, left in zip(covered, tops, lefts, strict=True):
        image[:, top : top + size, left : left + size] = fill
    return covered


def paste_on_background(foreground, mask, background):
    """Put a cut-out object before another background.

    ``mask * foreground + (1 - mask) * background``, one mask for all channels.

    Parameters
    ----------
    foreground : array_like, shape (N, C, H, W)
        Images with the objects.
    mask : array_like, shape (N, 1, H, W)
        1 where the object is, 0 where it is not, between at a soft edge.
    background : array_like, shape (N, C, H, W)
        Images to put behind.

    Returns
    -------
    composed : ndarray, shape (N, C, H, W)

    Raises
    ------
    ValueError
        If a shape does not fit or the mask leaves [0, 1].

    Notes
    -----
    D3 (background).

    Examples
    --------
    >>> paste_on_background([[[[0.9, 0.9, 0.9]]]], [[[[1.0, 0.5, 0.0]]]], [[[[0.1, 0.1, 0.1]]]])
    array([[[[0.9, 0.5, 0.1]]]])
    """
    foreground = _batch(foreground, "foreground")
    background = _batch(background, "background")
    mask = np.asarray(mask, dtype=foreground.dtype)
    n, _, height, width = foreground.shape
    require_shape("background", background, foreground.shape)
    require_shape("mask", mask, (n, 1, height, width))
    require(np.all((mask >= 0) & (mask <= 1)), "mask must be in [0, 1]")
    return mask * foreground + (1 - mask) * background


def mixup(x, y, lam, permutation):
    """Blend every sample, and its label, with another one of the batch.

    ``(lam x + (1 - lam) x[permutation], lam y + (1 - lam) y[permutation])``.

    Parameters
    ----------
    x : array_like, shape (N, ...)
        A batch of samples: features, images or whatever can be added.
    y : array_like, shape (N, K)
        Their labels, one-hot or soft.
    lam : float or array_like, shape (N,)
        Weight of the sample itself, in [0, 1]: one for the batch, or one a sample.
    permutation : array_like of int, shape (N,)
        Which sample each one is blended with, every sample once.

    Returns
    -------
    x : ndarray, shape (N, ...)
    y : ndarray, shape (N, K)

    Raises
    ------
    ValueError
        If x and y differ in N, lam is outside [0, 1] or of another shape, or permutation does not
        hold 0, ..., N - 1.

    Notes
    -----
    Zhang, Cissé, Dauphin and Lopez-Paz (2018); lam is drawn from Beta(alpha, alpha). Goes beyond
    the decks. Their code draws one lam for the whole batch; one a sample is as easy. In this
    project's experiment M13 both protect from wrong labels equally well.

    Examples
    --------
    >>> x, y = mixup([[0.0], [4.0]], [[1, 0], [0, 1]], 0.75, [1, 0])
    >>> x.ravel(), y
    (array([1., 3.]), array([[0.75, 0.25],
           [0.25, 0.75]]))
    """
    x, y = real(x), real(y)
    permutation = _partners(x, y, permutation)
    lam = np.asarray(lam, dtype=np.float64)
    require(lam.shape in ((), (len(x),)), f"lam must be a number or one a sample, not {lam.shape}")
    require(np.all((lam >= 0) & (lam <= 1)), "lam must be in [0, 1]")
    return _blend(x, lam, permutation), _blend(y, lam, permutation)


def cutmix(images, y, box, permutation):
    """Paste a box of another image of the batch into each, and share the label by area.

    With ``lam = 1 - height * width / (H W)``, the area that is left: ``y' = lam y + (1 - lam)
    y[permutation]``.

    Parameters
    ----------
    images : array_like, shape (N, C, H, W)
        A batch of images.
    y : array_like, shape (N, K)
        Their labels, one-hot or soft.
    box : tuple of int
        ``(top, left, height, width)``, inside the image, the same for the batch.
    permutation : array_like of int, shape (N,)
        From which image each one's box comes, every image once.

    Returns
    -------
    images : ndarray, shape (N, C, H, W)
    y : ndarray, shape (N, K)

    Raises
    ------
    ValueError
        If images do not have four axes, y differs in N, the box leaves the image, or permutation
        does not hold 0, ..., N - 1.

    Notes
    -----
    Yun et al. (2019); they clip a box that hangs over the edge and count the clipped area. Goes
    beyond the decks.

    Examples
    --------
    >>> images = np.stack([np.zeros((1, 2, 2)), np.ones((1, 2, 2))])
    >>> mixed, y = cutmix(images, np.eye(2), (0, 0, 1, 1), [1, 0])
    >>> mixed[0, 0], y[0]
    (array([[1., 0.],
           [0., 0.]]), array([0.75, 0.25]))
    """
    images, y = _batch(images), real(y)
    permutation = _partners(images, y, permutation)
    top, left, height, width = box
    rows, columns = images.shape[2:]
    inside = 0 <= top <= top + height <= rows and 0 <= left <= left + width <= columns
    require(inside, f"box must lie inside the {rows} x {columns} image, not {box!r}")
    area = np.s_[:, :, top : top + height, left : left + width]
    mixed = images.copy()
    mixed[area] = images[area][permutation]
    lam = np.float64(1 - height * width / (rows * columns))
    return mixed, _blend(y, lam, permutation)


def elastic_deform(images, rng, alpha=34.0, sigma=4.0, fill=0.0):
    """Bend each image as if drawn on rubber, by a smooth random field of its own.

    Output pixel p takes the input's value, bilinearly, at ``p + d(p)``: both components of d are
    i.i.d. U(-1, 1), blurred by a Gaussian of width sigma, times alpha. All channels move together.

    Parameters
    ----------
    images : array_like, shape (N, C, H, W)
        A batch of images.
    rng : numpy.random.Generator
        Source of randomness.
    alpha : float, default 34.0
        Strength. Away from the edge a component's standard deviation is about ``0.163 alpha /
        sigma`` pixels.
    sigma : float, default 4.0
        Width in pixels over which neighbours move together, positive.
    fill : float, default 0.0
        Value outside the image.

    Returns
    -------
    deformed : ndarray, shape (N, C, H, W)

    Raises
    ------
    ValueError
        If images do not have four axes or sigma is not positive.

    Notes
    -----
    D0 ("deform"); Simard, Steinkraus and Platt (2003), whose figures for MNIST are the defaults.
    For 8 x 8 digits alpha near 6 and sigma near 2 are enough. A tiny sigma gives random jitter, a
    huge one a translation.

    Examples
    --------
    >>> image = np.ones((1, 1, 8, 8))
    >>> bool(np.all(elastic_deform(image, np.random.default_rng(0), alpha=0.0) == image))
    True
    """
    images = _batch(images)
    n, _, height, width = images.shape
    fields = alpha * gaussian_blur(rng.uniform(-1, 1, (n, 2, height, width)), sigma)
    rows, columns = np.arange(height)[:, None] + fields[:, 0], np.arange(width) + fields[:, 1]
    return _sample(images, rows, columns, fill)


def pca_lighting(images, rng, std=0.1, covariance=None):
    """Change each image's illumination along the directions in which colours vary most.

    ``clip(x + sum_k a_k l_k v_k, 0, 1)``, the same for every pixel of an image: l_k and v_k are the
    eigenvalues and eigenvectors of the colours' covariance, ``a_k ~ N(0, std^2)`` one an image.

    Parameters
    ----------
    images : array_like, shape (N, C, H, W)
        A batch of images, values in [0, 1].
    rng : numpy.random.Generator
        Source of randomness.
    std : float, default 0.1
        Standard deviation of the multiples, not negative.
    covariance : array_like, shape (C, C), optional
        Of the pixels' colours over the whole training set. By default that of these images.

    Returns
    -------
    lit : ndarray, shape (N, C, H, W)

    Raises
    ------
    ValueError
        If images do not have four axes, std is negative, or covariance does not fit.

    Notes
    -----
    D0 ("color and illumination change"); Krizhevsky, Sutskever and Hinton (2012), section 4.1, on
    pixels from 0 to 255. An eigenvalue is a variance: on pixels from 0 to 1 the same std changes
    an image 255 times less, so take it larger. Goes beyond the decks.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> gray = np.full((2, 3, 4, 4), 0.5)  # colours that do not vary are left alone
    >>> bool(np.all(pca_lighting(gray, rng, std=10.0) == gray))
    True
    """
    images = _batch(images)
    n, channels = images.shape[:2]
    require(std >= 0, f"std must not be negative, not {std!r}")
    if covariance is None:
        colors = np.moveaxis(images, 1, 0).reshape(channels, -1)
        covariance = np.cov(colors, bias=True).reshape(channels, channels)
    covariance = real(covariance)
    require_shape("covariance", covariance, (channels, channels))
    variances, axes = np.linalg.eigh(covariance)
    change = rng.normal(0.0, std, (n, channels)) * variances @ axes.T
    return _clip(images + change[:, :, None, None].astype(images.dtype))


def _batch(images, name="images"):
    images = real(images)
    require_shape(name, images, (None, None, None, None))
    return images


def _clip(images):
    """Bring a result of our own into [0, 1], in place."""
    return np.clip(images, 0, 1, out=images)


def _places(images, size, rng):
    """Top-left corners, one an image, of squares that lie wholly inside: ``tops, lefts``."""
    height, width = images.shape[2:]
    require_positive(size=size)
    require(size <= min(height, width), f"size {size} is larger than the {height} x {width} image")
    n = len(images)
    # The upper bound is exclusive: without the 1 the last place is never taken.
    return rng.integers(height - size + 1, size=n), rng.integers(width - size + 1, size=n)


def _sample(images, rows, columns, fill):
    """Values of images at points between pixels, bilinearly; outside the image there is only fill.

    The points' rows and columns are (H, W), or (N, H, W) where every image has its own. One pixel
    of fill round the image is all that can be seen of the outside: points beyond move onto it.
    """
    n, channels, height, width = images.shape
    rows, columns = np.clip(rows + 1, 0, height + 1), np.clip(columns + 1, 0, width + 1)
    top, left = np.minimum(rows.astype(int), height), np.minimum(columns.astype(int), width)
    down, right = rows - top, columns - left
    first = top * (width + 2) + left
    corners = [first, first + 1, first + width + 2, first + width + 3]
    weights = [(1 - down) * (1 - right), (1 - down) * right, down * (1 - right), down * right]
    corners = np.broadcast_to(np.stack(corners, axis=-3), (n, 4, height, width))
    weights = np.stack(weights, axis=-3).astype(images.dtype, copy=False)
    weights = np.broadcast_to(weights, corners.shape)
    # Image by image, so that the four values of every pixel fit into the processor's cache.
    framed = np.full((channels, height + 2, width + 2), fill, images.dtype)
    sampled = np.empty_like(images)
    for i in range(n):
        framed[:, 1:-1, 1:-1] = images[i]
        values = framed.reshape(channels, -1).take(corners[i], axis=1)
        np.einsum("khw,ckhw->chw", weights[i], values, out=sampled[i])
    return sampled


def _blur_matrix(n, sigma):
    """Matrix that blurs n values in a row, the first and the last repeated beyond the ends."""
    radius = math.ceil(3 * sigma)
    offsets = np.arange(-radius, radius + 1)
    kernel = np.exp(-((offsets / sigma) ** 2) / 2)
    at = np.arange(n)[:, None]
    matrix = np.zeros((n, n))
    np.add.at(matrix, (at, np.clip(at + offsets, 0, n - 1)), kernel / kernel.sum())
    return matrix


def _partners(x, y, permutation):
    """Check that y has a row for every sample and that permutation names every sample once."""
    permutation = np.asarray(permutation)
    require(y.ndim == 2 and y.shape[:1] == x.shape[:1], f"y must have shape (N, K), not {y.shape}")
    require(
        np.array_equal(np.sort(permutation, axis=None), np.arange(len(x))),
        f"permutation must hold 0, ..., {len(x) - 1}, each once",
    )
    return permutation


def _blend(a, lam, permutation):
    """``lam a + (1 - lam) a[permutation]`` with a number lam or one a sample."""
    lam = lam.astype(a.dtype).reshape(lam.shape + (1,) * (a.ndim - lam.ndim))
    return lam * a + (1 - lam) * a[permutation]
