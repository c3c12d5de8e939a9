"""What the experiments are run on: real digits, two-dimensional toys, and MNIST if it is there.

The digits come with the package (``data/README.md`` says from where). Nothing is ever downloaded.
"""

import functools
import gzip
import math
import os
import struct
import zlib
from pathlib import Path
from typing import NamedTuple

import numpy as np

from dltricks._arrays import real, require, require_positive, require_shape

MNIST_VALIDATION = 10_000  # the last of MNIST's training images
IDX_TYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}


class Digits(NamedTuple):
    """Images of handwritten digits and what they show, in three parts that share no image."""

    x_train: np.ndarray  # (n, D) or (n, 1, H, W), float64
    y_train: np.ndarray  # (n,), int64, from 0 to 9
    x_val: np.ndarray
    y_val: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray


def load_digits(*, standardize=False, images=False):
    """1,797 real handwritten digits of 8 x 8 pixels, split into 1000, 397 and 400.

    Small enough to train on in a second, hard enough that every trick of the course shows.

    Parameters
    ----------
    standardize : bool, default False
        Shift and scale every pixel by its mean and standard deviation over the *training* images;
        a pixel that never changes there is only shifted. Otherwise pixels are ink from 0 to 1.
    images : bool, default False
        Give images (n, 1, 8, 8) instead of rows (n, 64).

    Returns
    -------
    digits : Digits
        ``(x_train, y_train, x_val, y_val, x_test, y_test)``, x float64, y int64. The arrays are
        the caller's own. The split is always the same, and every class has its share of each part.

    Notes
    -----
    The test set of Alpaydin and Kaynak (1998), UCI Machine Learning Repository, DOI
    10.24432/C50P49, licence CC BY 4.0. The same people wrote all three parts.

    Examples
    --------
    >>> digits = load_digits()
    >>> [x.shape for x in (digits.x_train, digits.x_val, digits.x_test)]
    [(1000, 64), (397, 64), (400, 64)]
    >>> float(digits.x_train.min()), float(digits.x_train.max())
    (0.0, 1.0)
    """
    pixels, labels, parts = _stored_digits()
    xs = [pixels[part] / 16 for part in parts]
    return _arrange(xs, [labels[part] for part in parts], standardize, images)


def load_mnist(folder=None, *, standardize=False, images=False):
    """MNIST, 70,000 digits of 28 x 28 pixels, from the four files on your disk.

    The files are ``train-images-idx3-ubyte``, ``train-labels-idx1-ubyte``,
    ``t10k-images-idx3-ubyte`` and ``t10k-labels-idx1-ubyte``, as they are or with ``.gz``; a dot in
    place of the last-but-one dash (``train-images.idx3-ubyte``) is fine too.

    Parameters
    ----------
    folder : path, optional
        Where the files are. By default the folder that the environment variable DLTRICKS_DATA
        names, or if that is not set ``~/.cache/dltricks/mnist`` (under XDG_CACHE_HOME if set).
    standardize : bool, default False
        As in `load_digits`.
    images : bool, default False
        Give images (n, 1, 28, 28) instead of rows (n, 784).

    Returns
    -------
    digits : Digits
        50,000 training images, the last 10,000 of MNIST's training set for validation, and the
        10,000 test images; x float64 in [0, 1] (about 440 MB in all), y int64.

    Raises
    ------
    FileNotFoundError
        If one of the files is not there.
    ValueError
        If a file is damaged, or the files do not fit together.

    Notes
    -----
    LeCun, Bottou, Bengio and Haffner (1998). D1 reports results on it. Fashion-MNIST comes in the
    same files and can be read too.

    Examples
    --------
    >>> load_mnist("no/such/folder")  # doctest: +IGNORE_EXCEPTION_DETAIL
    Traceback (most recent call last):
    FileNotFoundError: no train-images-idx3-ubyte in no/such/folder: download MNIST's four files ...
    """
    folder = Path(folder) if folder is not None else _mnist_folder()
    paths = [
        _find_idx(folder, f"{part}-{kind}")
        for part in ("train", "t10k")
        for kind in ("images-idx3-ubyte", "labels-idx1-ubyte")
    ]
    x_train, y_train, x_test, y_test = arrays = [read_idx(path) for path in paths]
    for path, array, ndim in zip(paths, arrays, (3, 1, 3, 1), strict=True):
        what = "images" if ndim == 3 else "labels"
        good = array.dtype == np.uint8 and array.ndim == ndim and array.size > 0
        good = good and (ndim == 3 or array.max() <= 9)
        require(good, f"{path} does not hold MNIST's {what}: replace it by the right file")
    require(
        len(x_train) == len(y_train)
        and len(x_test) == len(y_test)
        and x_train.shape[1:] == x_test.shape[1:],
        f"the images and labels in {folder} do not belong together: replace all four files",
    )
    cut = len(x_train) - MNIST_VALIDATION
    require(cut > 0, f"{paths[0]} holds too few images: replace it by MNIST's 60,000")
    xs = [x / 255 for x in (x_train[:cut], x_train[cut:], x_test)]
    return _arrange(xs, [y_train[:cut], y_train[cut:], y_test], standardize, images)


def read_idx(path):
    """Read an array from a file in the IDX format, the one that MNIST is published in.

    Two zero bytes, one byte for the type, one for the number of axes, each axis's length as a
    big-endian 32-bit integer, and then the entries, the last axis fastest.

    Parameters
    ----------
    path : path
        The file, gzipped or not: its content tells.

    Returns
    -------
    array : ndarray
        In the machine's own byte order.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is not an IDX file, or is shorter or longer than its header says.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "three")
    ...     _ = path.write_bytes(bytes([0, 0, 0x08, 1]) + bytes([0, 0, 0, 3]) + bytes([7, 8, 9]))
    ...     read_idx(path)
    array([7, 8, 9], dtype=uint8)
    """
    content = Path(path).read_bytes()
    if content.startswith(b"\x1f\x8b"):
        try:
            content = gzip.decompress(content)
        except (EOFError, OSError, zlib.error) as error:
            raise ValueError(f"{path} is damaged or cut short: download it again") from error
    header = len(content) >= 4 and content[:2] == b"\0\0" and content[2] in IDX_TYPES
    require(header, f"{path} is not an IDX file: download it again")
    dtype, ndim = np.dtype(IDX_TYPES[content[2]]), content[3]
    start = 4 + 4 * ndim
    require(len(content) >= start, f"{path} is cut short within its header: download it again")
    shape = struct.unpack(f">{ndim}I", content[4:start])
    size = start + dtype.itemsize * math.prod(shape)
    require(
        len(content) == size,
        f"{path} has {len(content)} bytes where its header promises {size}: download it again",
    )
    array = np.frombuffer(content, dtype, offset=start).reshape(shape)
    return array.astype(dtype.newbyteorder("="))


def spirals(n, rng, noise=0.05, classes=2, turns=1.0):
    """Interleaved spiral arms, one a class: no line parts them, a small network does.

    A point of class k at radius r, uniform in [0, 1), lies at the angle
    ``2 pi (turns r + k / classes)``, plus N(0, noise^2) in both coordinates.

    Parameters
    ----------
    n : int
        Number of points.
    rng : numpy.random.Generator
        Source of randomness.
    noise : float, default 0.05
        Standard deviation of the noise, not negative.
    classes : int, default 2
        Number of arms.
    turns : float, default 1.0
        How often an arm winds round the centre: the more, the harder.

    Returns
    -------
    x : ndarray, shape (n, 2)
    y : ndarray of int64, shape (n,)
        The class, 0, 1, ... in turn: the classes' sizes differ by one at most.

    Raises
    ------
    ValueError
        If n or classes is not positive, or noise is negative.

    Examples
    --------
    >>> x, y = spirals(5, np.random.default_rng(0), classes=3)
    >>> x.shape, y
    ((5, 2), array([0, 1, 2, 0, 1]))
    """
    require_positive(n=n, classes=classes)
    require(noise >= 0, f"noise must not be negative, not {noise!r}")
    y = np.arange(n) % classes
    radius = rng.uniform(size=n)
    angle = 2 * np.pi * (turns * radius + y / classes)
    x = radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return x + rng.normal(0.0, noise, x.shape), y


def gaussian_blobs(n, rng, centers=((-1.0, 0.0), (1.0, 0.0)), std=0.5):
    """Round clouds of points, one a class, that a linear classifier can part as well as any.

    A point of class k is ``N(centers_k, std^2 I)``.

    Parameters
    ----------
    n : int
        Number of points.
    rng : numpy.random.Generator
        Source of randomness.
    centers : array_like, shape (K, D)
        The middle of each class.
    std : float, default 0.5
        Standard deviation of every coordinate, not negative.

    Returns
    -------
    x : ndarray, shape (n, D)
    y : ndarray of int64, shape (n,)
        The class, 0, 1, ... in turn: the classes' sizes differ by one at most.

    Raises
    ------
    ValueError
        If n is not positive, centers is not (K, D), or std is negative.

    Examples
    --------
    >>> x, y = gaussian_blobs(4, np.random.default_rng(0), centers=[[0, 10], [7, 7]], std=0.0)
    >>> x[:2], y
    (array([[ 0., 10.],
           [ 7.,  7.]]), array([0, 1, 0, 1]))
    """
    centers = real(centers)
    require_positive(n=n)
    require_shape("centers", centers, (None, None))
    require(centers.size > 0, "centers must not be empty")
    require(std >= 0, f"std must not be negative, not {std!r}")
    y = np.arange(n) % len(centers)
    return centers[y] + rng.normal(0.0, std, (n, centers.shape[1])), y


def correlated_gaussian(n, rng, correlation=0.9, scales=(1.0, 1.0), mean=(0.0, 0.0)):
    """One tilted cloud of points: what whitening makes round.

    Two Gaussian coordinates with the given means, standard deviations and correlation.

    Parameters
    ----------
    n : int
        Number of points.
    rng : numpy.random.Generator
        Source of randomness.
    correlation : float, default 0.9
        Between the two coordinates, in [-1, 1].
    scales : array_like, shape (2,)
        Standard deviation of each coordinate, not negative.
    mean : array_like, shape (2,)
        Mean of each coordinate.

    Returns
    -------
    x : ndarray, shape (n, 2)

    Raises
    ------
    ValueError
        If n is not positive, correlation is outside [-1, 1], scales or mean is not a pair, or a
        scale is negative.

    Notes
    -----
    With equal scales the covariance's eigenvalues are 1 +- correlation times the variance, so the
    condition number is ``(1 + correlation) / (1 - correlation)``: 19 by default.

    Examples
    --------
    >>> x = correlated_gaussian(10_000, np.random.default_rng(0))
    >>> float(np.corrcoef(x.T)[0, 1].round(2))
    0.9
    """
    scales, mean = real(scales), real(mean)
    require_positive(n=n)
    require(-1 <= correlation <= 1, f"correlation must be in [-1, 1], not {correlation!r}")
    require_shape("scales", scales, (2,))
    require_shape("mean", mean, (2,))
    require(np.all(scales >= 0), f"scales must not be negative, not {scales}")
    x = rng.normal(size=(n, 2))
    x[:, 1] = correlation * x[:, 0] + math.sqrt(1 - correlation**2) * x[:, 1]
    return mean + scales * x


@functools.cache
def _stored_digits():
    with np.load(Path(__file__).parent / "data" / "digits.npz", allow_pickle=False) as file:
        parts = [file[name] for name in ("train", "validation", "test")]
        return file["images"], file["labels"], parts


def _mnist_folder():
    if folder := os.environ.get("DLTRICKS_DATA"):
        return Path(folder).expanduser()
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "dltricks" / "mnist"


def _find_idx(folder, name):
    stem, kind, rest = name.rsplit("-", 2)
    for spelled in (name, f"{stem}.{kind}-{rest}"):
        for path in (folder / spelled, folder / f"{spelled}.gz"):
            if path.is_file():
                return path
    raise FileNotFoundError(
        f"no {name} (or {name}.gz) in {folder}: download MNIST's four files, put them there or "
        "into any folder, and name it as load_mnist's argument or in DLTRICKS_DATA"
    )


def _arrange(xs, ys, standardize, images):
    """Finish float images (n, H, W) that are the caller's to keep, and interleave the labels."""
    if standardize:
        mean, std = xs[0].mean(axis=0), xs[0].std(axis=0)
        std[np.ptp(xs[0], axis=0) == 0] = 1.0
        for x in xs:
            x -= mean
            x /= std
    xs = [x[:, None] if images else x.reshape(len(x), -1) for x in xs]
    ys = [y.astype(np.int64) for y in ys]
    return Digits(*(array for pair in zip(xs, ys, strict=True) for array in pair))
