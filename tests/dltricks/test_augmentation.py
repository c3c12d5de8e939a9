import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from oracles import frozen
from scipy import ndimage, stats

from dltricks import augmentation as aug

MANY = 20_000
SURE = 1e-6  # what a p-value may fall to: seeds are fixed, so a pass stays a pass


def rng(seed=0):
    return np.random.default_rng(seed)


def photos(n=3, channels=3, height=7, width=5, seed=0, dtype=np.float64):
    """Random images in [0, 1] that must not be written to."""
    return frozen(rng(seed).random((n, channels, height, width)).astype(dtype))


def assert_uniform(counts):
    assert stats.chisquare(np.ravel(counts)).pvalue > SURE


def assert_fair_coins(coins, p):
    """Each true with probability p, and no coin knows of the one before it."""
    assert stats.binomtest(int(np.sum(coins)), len(coins), p).pvalue > SURE
    assert abs(np.corrcoef(coins[:-1], coins[1:])[0, 1]) < 5 / math.sqrt(len(coins))


# What holds for every function

CALLS = {
    "random_flip": lambda x: aug.random_flip(x, rng()),
    "translate": lambda x: aug.translate(x, 1, -2, fill=0.25),
    "warp": lambda x: aug.warp(x, aug.affine_matrix(0.4, 1.2, 0.3), fill=0.1),
    "random_crop": lambda x: aug.random_crop(x, 4, rng(), padding=1),
    "adjust_brightness": lambda x: aug.adjust_brightness(x, 1.3),
    "adjust_contrast": lambda x: aug.adjust_contrast(x, 1.7),
    "adjust_saturation": lambda x: aug.adjust_saturation(x, 0.4),
    "gaussian_blur": lambda x: aug.gaussian_blur(x, 0.8),
    "add_noise": lambda x: aug.add_noise(x, 0.1, rng()),
    "cutout": lambda x: aug.cutout(x, 3, rng(), fill=0.5),
    "paste_on_background": lambda x: aug.paste_on_background(x, x[:, :1], x[:, ::-1]),
    "mixup": lambda x: aug.mixup(x, np.eye(len(x)), 0.3, np.arange(len(x))[::-1])[0],
    "cutmix": lambda x: aug.cutmix(x, np.eye(len(x)), (1, 2, 3, 2), np.arange(len(x))[::-1])[0],
    "elastic_deform": lambda x: aug.elastic_deform(x, rng(), alpha=5.0, sigma=2.0),
    "pca_lighting": lambda x: aug.pca_lighting(x, rng(), std=0.5),
}


@pytest.mark.parametrize("name", CALLS)
def test_width_of_floats_is_kept(name):
    x = photos()
    double, single = CALLS[name](x), CALLS[name](frozen(x.astype(np.float32)))
    assert double.dtype == np.float64
    assert single.dtype == np.float32
    assert_allclose(single, double, atol=1e-5)


@pytest.mark.parametrize("name", CALLS)
def test_integers_become_float64(name):
    x = rng(1).integers(0, 2, (2, 3, 7, 5))
    result = CALLS[name](frozen(x.astype(np.uint8)))
    assert result.dtype == np.float64
    assert_allclose(result, CALLS[name](x.astype(np.float64)), atol=1e-12)


@pytest.mark.parametrize("name", CALLS)
def test_result_is_new_and_stays_in_range(name):
    x = photos(seed=2)
    result = CALLS[name](x)
    assert not np.shares_memory(result, x)
    assert result.flags.writeable
    assert result.min() >= 0
    assert result.max() <= 1 + 1e-12
    assert not np.array_equal(result, x)


@pytest.mark.parametrize("name", CALLS)
def test_batch_of_one(name):
    x = photos(n=1)
    result = CALLS[name](x)
    assert result.shape[:2] == (1, 3)
    assert np.isfinite(result).all()


@pytest.mark.parametrize("name", ["translate", "warp", "adjust_brightness", "adjust_contrast"])
def test_no_image_sees_another(name):
    x = photos(n=4)
    one_by_one = np.concatenate([CALLS[name](x[i : i + 1]) for i in range(4)])
    assert_allclose(CALLS[name](x), one_by_one, rtol=1e-13)


@pytest.mark.parametrize("name", sorted(CALLS.keys() - {"mixup", "paste_on_background"}))
def test_images_need_four_axes(name):
    with pytest.raises(ValueError, match="images must have shape"):
        CALLS[name](np.zeros((3, 7, 5)))


DEFAULTS = {
    "random_flip": (lambda f, x, **given: f(x, rng(), **given), {"p": 0.5}),
    "translate": (lambda f, x, **given: f(x, 1, 2, **given), {"fill": 0.0}),
    "warp": (lambda f, x, **given: f(x, [[2, 1], [0, 0.5]], **given), {"fill": 0.0}),
    "random_crop": (lambda f, x, **given: f(x, 4, rng(), **given), {"padding": 0}),
    "cutout": (lambda f, x, **given: f(x, 3, rng(), **given), {"fill": 0.0}),
    "elastic_deform": (
        lambda f, x, **given: f(x, rng(), **given),
        {"alpha": 34.0, "sigma": 4.0, "fill": 0.0},
    ),
    "pca_lighting": (lambda f, x, **given: f(x, rng(), **given), {"std": 0.1}),
}


@pytest.mark.parametrize("name", DEFAULTS)
def test_defaults(name):
    call, defaults = DEFAULTS[name]
    x, function = photos(), getattr(aug, name)
    assert_array_equal(call(function, x), call(function, x, **defaults))


# Flips and shifts


def test_random_flip_mirrors_left_right():
    x = photos()
    assert_array_equal(aug.random_flip(x, rng(), p=1.0), x[:, :, :, ::-1])
    assert_array_equal(aug.random_flip(x, rng(), p=0), x)


@pytest.mark.parametrize("p", [0.5, 0.1])
def test_random_flip_tosses_a_coin_an_image(p):
    x = frozen(np.broadcast_to([0.0, 1.0], (MANY, 2, 1, 2)))
    flipped = aug.random_flip(x, rng(3), p)
    coins = flipped[:, 0, 0, 0] == 1
    assert_array_equal(flipped[coins], x[coins][..., ::-1])
    assert_array_equal(flipped[~coins], x[~coins])
    assert_fair_coins(coins, p)


@pytest.mark.parametrize("p", [-0.01, 1.01])
def test_random_flip_names_p(p):
    with pytest.raises(ValueError, match=r"^p "):
        aug.random_flip(photos(), rng(), p)


@pytest.mark.parametrize("fill", [0.0, 0.7])
@pytest.mark.parametrize("down", [-9, -7, -6, -1, 0, 2, 7, 8])
@pytest.mark.parametrize("right", [-11, -5, -2, 0, 1, 4, 5, 6])
def test_translate_against_scipy(down, right, fill):
    x = photos()
    expected = ndimage.shift(x, (0, 0, down, right), order=0, mode="constant", cval=fill)
    assert_array_equal(aug.translate(x, down, right, fill), expected)


def test_translate_by_hand():
    x = np.arange(6.0).reshape(1, 1, 2, 3)
    expected = [[9.0, 9.0, 9.0], [1.0, 2.0, 9.0]]
    assert_array_equal(aug.translate(x, 1, -1, fill=9.0)[0, 0], expected)


@given(st.integers(-8, 8), st.integers(-6, 6))
def test_translate_there_and_back_keeps_what_stayed_in_the_frame(down, right):
    x = photos()
    stayed = aug.translate(aug.translate(np.ones_like(x), down, right), -down, -right)
    back = aug.translate(aug.translate(x, down, right), -down, -right)
    assert_array_equal(back, stayed * x)
    assert stayed[0, 0].sum() == max(7 - abs(down), 0) * max(5 - abs(right), 0)


# Warps


def test_affine_matrix_by_hand():
    assert_array_equal(aug.affine_matrix(), np.eye(2))
    assert_allclose(aug.affine_matrix(angle=math.pi / 6), [[0.75**0.5, -0.5], [0.5, 0.75**0.5]])
    assert_array_equal(aug.affine_matrix(scale=3), 3 * np.eye(2))
    assert_array_equal(aug.affine_matrix(shear=0.5), [[1, 0], [0.5, 1]])
    # Sheared first: a turn of a quarter takes (row, column) to (-column, row).
    assert_allclose(aug.affine_matrix(math.pi / 2, 2.0, 3.0), [[-6, -2], [2, 0]], atol=1e-15)


@given(st.floats(-7, 7), st.floats(0.1, 5), st.floats(-2, 2))
def test_affine_matrix_parts(angle, scale, shear):
    matrix = aug.affine_matrix(angle, scale, shear)
    assert_allclose(np.linalg.det(matrix), scale**2)
    unsheared = matrix @ [[1, 0], [-shear, 1]] / scale
    assert_allclose(unsheared @ unsheared.T, np.eye(2), atol=1e-12)
    assert_allclose(aug.affine_matrix(-angle) @ unsheared, np.eye(2), atol=1e-12)


MATRICES = {
    "turned": aug.affine_matrix(angle=0.5),
    "enlarged": aug.affine_matrix(scale=1.7),
    "shrunk": aug.affine_matrix(scale=0.4),
    "sheared": aug.affine_matrix(shear=-0.6),
    "all": aug.affine_matrix(-2.5, 0.8, 0.7),
    "any": np.array([[0.3, -1.1], [0.9, 0.6]]),
}


@pytest.mark.parametrize("fill", [0.0, 0.6])
@pytest.mark.parametrize(("height", "width"), [(7, 5), (6, 6), (1, 4)])
@pytest.mark.parametrize("name", MATRICES)
def test_warp_against_scipy(name, height, width, fill):
    matrix = frozen(MATRICES[name])
    x = photos(n=2, height=height, width=width)
    # SciPy does not blend the border into fill: in a margin of fill, the border is all fill.
    margin = 2
    framed = np.pad(x, [(0, 0), (0, 0), (margin, margin), (margin, margin)], constant_values=fill)
    back = np.linalg.inv(matrix)
    center = np.array([(height - 1) / 2, (width - 1) / 2]) + margin
    expected = [
        [
            ndimage.affine_transform(
                plane, back, center - back @ center, order=1, mode="constant", cval=fill
            )[margin:-margin, margin:-margin]
            for plane in image
        ]
        for image in framed
    ]
    assert_allclose(aug.warp(x, matrix, fill), expected, atol=1e-12)


@pytest.mark.parametrize("turns", [-1, 0, 1, 2, 3])
def test_warp_by_quarter_turns_is_rot90(turns):
    x = photos(height=6, width=6)
    expected = np.rot90(x, turns, axes=(2, 3))
    assert_allclose(aug.warp(x, aug.affine_matrix(turns * math.pi / 2)), expected, atol=1e-14)


@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (1, -1), (-1, 1), (-1, -1)])
def test_warp_by_mirrors_is_exact(rows, columns):
    x = photos()
    matrix = [[rows, 0], [0, columns]]
    assert_array_equal(aug.warp(x, matrix, fill=9.0), x[:, :, ::rows, ::columns])


def test_warp_of_a_ramp_is_the_ramp_at_the_source():
    row, column = np.indices((9, 11)) - np.array([4, 5]).reshape(2, 1, 1)
    ramp = 2.0 * row - 3.0 * column
    matrix = aug.affine_matrix(0.3, 1.5, 0.2)  # enlarges: the middle comes from inside
    (a, b), (c, d) = np.linalg.inv(matrix)
    expected = 2 * (a * row + b * column) - 3 * (c * row + d * column)
    warped = aug.warp(ramp[None, None], matrix)[0, 0]
    assert_allclose(warped[2:-2, 2:-2], expected[2:-2, 2:-2], atol=1e-12)


def test_warp_blends_the_border_into_fill():
    # Enlarged by 4/3, 4 ones lie at -1.125, -0.375, 0.375, 1.125: all inside. Shrunk to 3/4 the
    # outermost pixels come from half a pixel beyond the border: half image, half fill.
    ones = np.ones((1, 1, 1, 4))
    warped = aug.warp(ones, [[1, 0], [0, 0.75]], fill=0.2)
    assert_allclose(warped.ravel(), [0.6, 1, 1, 0.6])
    assert_allclose(aug.warp(ones, [[1, 0], [0, 4 / 3]], fill=0.2), ones)
    assert_allclose(aug.warp(ones, [[1, 0], [0, 1e-3]], fill=0.2).ravel(), 0.2)


@pytest.mark.parametrize("matrix", [np.eye(3), [1.0, 2.0], [[1, 2], [2, 4]], np.zeros((2, 2))])
def test_warp_names_the_matrix(matrix):
    with pytest.raises(ValueError, match=r"^matrix"):
        aug.warp(photos(), matrix)


# Crops and holes


def windows(x, size):
    """All windows of one image, by (top, left)."""
    height, width = x.shape[1] - size + 1, x.shape[2] - size + 1
    return {
        (top, left): x[:, top : top + size, left : left + size]
        for top in range(height)
        for left in range(width)
    }


@pytest.mark.parametrize(
    ("size", "padding", "places"), [(3, 0, (2, 3)), (4, 1, (3, 4)), (3, 2, (6, 7)), (8, 2, (1, 2))]
)
def test_random_crop_takes_every_window_equally_often(size, padding, places):
    image = np.arange(1.0, 41).reshape(2, 4, 5)  # no two alike, none 0 as the margin is
    x = frozen(np.broadcast_to(image, (MANY, 2, 4, 5)))
    crops = aug.random_crop(x, size, rng(4), padding)
    assert crops.shape == (MANY, 2, size, size)
    padded = np.pad(image, [(0, 0), (padding, padding), (padding, padding)])
    counts = np.zeros(places)
    for place, window in windows(padded, size).items():
        counts[place] = np.sum(np.all(crops == window, axis=(1, 2, 3)))
    assert counts.sum() == MANY
    if counts.size > 1:
        assert_uniform(counts)


def test_random_crop_of_the_whole_is_the_image():
    x = photos(height=6, width=6)
    assert_array_equal(aug.random_crop(x, 6, rng()), x)


def test_random_crop_places_each_image_by_itself():
    x = frozen(np.broadcast_to(np.arange(100.0).reshape(10, 10), (MANY, 1, 10, 10)))
    corner = aug.random_crop(x, 5, rng(5))[:, 0, 0, 0]
    top, left = corner // 10, corner % 10
    for a, b in [(top, left), (top[1:], top[:-1]), (left[1:], left[:-1])]:
        assert abs(np.corrcoef(a, b)[0, 1]) < 5 / math.sqrt(MANY)


@pytest.mark.parametrize(
    ("size", "padding", "named"),
    [
        (0, 0, "size"),
        (-1, 0, "size"),
        (2.5, 0, "size"),
        (6, 0, "size"),
        (8, 1, "size"),
        (3, -1, "padding"),
    ],
)
def test_random_crop_names_a_bad_argument(size, padding, named):
    with pytest.raises(ValueError, match=f"^{named}"):
        aug.random_crop(photos(), size, rng(), padding)


@pytest.mark.parametrize(("size", "places"), [(1, (4, 5)), (3, (2, 3)), (4, (1, 2))])
def test_cutout_covers_every_place_equally_often(size, places):
    x = frozen(np.broadcast_to(np.arange(1.0, 41).reshape(2, 4, 5), (MANY, 2, 4, 5)))
    covered = aug.cutout(x, size, rng(6), fill=-3.0)
    hole = covered != x
    assert np.all(covered[hole] == -3)
    assert_array_equal(hole[:, 0], hole[:, 1])
    counts = np.zeros(places)
    for place in np.ndindex(places):
        square = np.zeros((4, 5), bool)
        square[place[0] : place[0] + size, place[1] : place[1] + size] = True
        counts[place] = np.sum(np.all(hole[:, 0] == square, axis=(1, 2)))
    assert counts.sum() == MANY
    assert_uniform(counts)


def test_cutout_of_the_whole():
    assert np.all(aug.cutout(photos(height=6, width=6), 6, rng(), fill=0.3) == 0.3)


@pytest.mark.parametrize("size", [0, -2, 1.0, 6])
def test_cutout_names_size(size):
    with pytest.raises(ValueError, match=r"^size"):
        aug.cutout(photos(), size, rng())


# Light and colour


def test_adjust_brightness():
    x = photos()
    assert_array_equal(aug.adjust_brightness(x, 1), x)
    assert_array_equal(aug.adjust_brightness(x, 0), np.zeros_like(x))
    assert_allclose(aug.adjust_brightness(x, 0.4) / 0.4, x)
    bright = aug.adjust_brightness(x, 3.0)
    assert_allclose(bright[x < 1 / 3], 3 * x[x < 1 / 3])
    assert np.all(bright[x > 0.34] == 1)


def test_adjust_contrast_keeps_each_images_mean_and_scales_its_spread():
    x = frozen(0.4 + 0.2 * photos(n=5))
    for factor in (0.0, 0.5, 1.9):
        y = aug.adjust_contrast(x, factor)
        assert_allclose(y.mean(axis=(1, 2, 3)), x.mean(axis=(1, 2, 3)))
        assert_allclose(y.std(axis=(1, 2, 3)), factor * x.std(axis=(1, 2, 3)), atol=1e-12)
        assert_allclose(np.diff(y, axis=1), factor * np.diff(x, axis=1), atol=1e-12)
    assert_allclose(aug.adjust_contrast(x, 1.0), x)


def test_adjust_contrast_clips():
    y = aug.adjust_contrast([[[[0.1, 0.9]]], [[[0.2, 0.4]]]], 10.0)
    assert_allclose(y.ravel(), [0, 1, 0, 1])


def test_adjust_saturation():
    x = frozen(0.3 + 0.4 * photos())
    grays = aug.adjust_saturation(x, 0.0)
    luma = np.einsum("c,nchw->nhw", [0.299, 0.587, 0.114], x)
    for channel in range(3):
        assert_allclose(grays[:, channel], luma)
    y = aug.adjust_saturation(x, 1.5)  # nothing is clipped: the luma stays
    assert_allclose(np.einsum("c,nchw->nhw", [0.299, 0.587, 0.114], y), luma)
    assert_allclose(y - y[:, :1], 1.5 * (x - x[:, :1]), atol=1e-12)
    assert_allclose(aug.adjust_saturation(x, 1), x)
    assert_allclose(aug.adjust_saturation(grays, 5.0), grays)
    strong = aug.adjust_saturation(np.reshape([1.0, 0.5, 0.0], (1, 3, 1, 1)), 9.0)
    assert_allclose(strong.ravel(), [1, 0, 0])  # green lies below the luma 0.5925


@pytest.mark.parametrize("channels", [1, 2, 4])
def test_adjust_saturation_wants_three_channels(channels):
    with pytest.raises(ValueError, match="images must have shape"):
        aug.adjust_saturation(photos(channels=channels), 1.0)


@pytest.mark.parametrize("sigma", [0.2, 0.5, 1, 1.4, 2.0, 5.0])
@pytest.mark.parametrize(("height", "width"), [(7, 5), (1, 12), (20, 2)])
def test_gaussian_blur_against_scipy(sigma, height, width):
    x = expected = photos(height=height, width=width)
    for axis in (2, 3):
        expected = ndimage.gaussian_filter1d(
            expected, sigma, axis, mode="nearest", radius=math.ceil(3 * sigma)
        )
    assert_allclose(aug.gaussian_blur(x, sigma), expected, atol=1e-13)


def test_gaussian_blur_of_a_point_is_the_normalized_gaussian():
    point = np.zeros((1, 1, 9, 9))
    point[0, 0, 4, 4] = 1
    kernel = np.exp(-(np.arange(-3, 4) ** 2) / 2)
    kernel /= kernel.sum()
    assert_allclose(aug.gaussian_blur(point, 1.0)[0, 0, 1:-1, 1:-1], np.outer(kernel, kernel))


def test_gaussian_blur_leaves_a_plain_image_alone():
    assert_allclose(aug.gaussian_blur(np.full((1, 2, 6, 8), 0.37), 1.3), 0.37)


@pytest.mark.parametrize("sigma", [0, -1.0])
def test_gaussian_blur_names_sigma(sigma):
    with pytest.raises(ValueError, match=r"^sigma"):
        aug.gaussian_blur(photos(), sigma)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_add_noise_is_gaussian_and_independent(dtype):
    x = frozen(np.full((20, 3, 30, 30), 0.5, dtype))
    noise = (aug.add_noise(x, 0.05, rng(7)) - x) / 0.05
    assert stats.kstest(noise.ravel(), "norm").pvalue > SURE
    for axis in range(4):
        a, b = np.delete(noise, 0, axis).ravel(), np.delete(noise, -1, axis).ravel()
        assert abs(np.corrcoef(a, b)[0, 1]) < 5 / math.sqrt(a.size)


def test_add_noise_stays_within_range():
    noisy = aug.add_noise(photos(), 10.0, rng())
    assert noisy.min() == 0
    assert noisy.max() == 1
    assert_array_equal(aug.add_noise(photos(), 0, rng()), photos())


def test_add_noise_names_std():
    with pytest.raises(ValueError, match=r"^std"):
        aug.add_noise(photos(), -0.1, rng())


# Mixtures


def test_paste_on_background():
    front, back = photos(seed=1), photos(seed=2)
    mask = np.zeros((3, 1, 7, 5))
    mask[0], mask[1, 0, 2, 3] = 1, 0.25
    result = aug.paste_on_background(front, frozen(mask), back)
    assert_array_equal(result[0], front[0])
    assert_array_equal(result[2], back[2])
    assert_allclose(result[1, :, 2, 3], 0.25 * front[1, :, 2, 3] + 0.75 * back[1, :, 2, 3])
    assert_array_equal(result[1, :, 1], back[1, :, 1])


def test_paste_takes_a_boolean_mask_without_widening():
    front, back = photos(seed=1, dtype=np.float32), photos(seed=2, dtype=np.float32)
    mask = rng().random((3, 1, 7, 5)) < 0.5
    result = aug.paste_on_background(front, mask, back)
    assert result.dtype == np.float32
    assert_array_equal(result, np.where(mask, front, back))


@pytest.mark.parametrize(
    ("named", "change"),
    [
        ("foreground", {"foreground": np.zeros((3, 7, 5))}),
        ("background", {"background": np.zeros((3, 3, 7, 6))}),
        ("mask", {"mask": np.zeros((3, 3, 7, 5))}),
        ("mask", {"mask": np.zeros((3, 7, 5))}),
        ("mask", {"mask": np.full((3, 1, 7, 5), 1.1)}),
        ("mask", {"mask": np.full((3, 1, 7, 5), -0.1)}),
    ],
)
def test_paste_names_a_bad_argument(named, change):
    good = {"foreground": photos(), "mask": np.zeros((3, 1, 7, 5)), "background": photos()}
    with pytest.raises(ValueError, match=f"^{named}"):
        aug.paste_on_background(**(good | change))


@pytest.mark.parametrize("lam", [0.0, 0.3, 1, [0.0, 0.9, 0.25, 1.0]])
@pytest.mark.parametrize("shape", [(4,), (4, 6), (4, 3, 2, 5)])
def test_mixup_sample_by_sample(lam, shape):
    x, y = frozen(rng(1).random(shape), rng(2).dirichlet(np.ones(3), 4))
    permutation = frozen([2, 0, 3, 1])
    mixed, labels = aug.mixup(x, y, lam, permutation)
    for i, (share, j) in enumerate(zip(np.broadcast_to(lam, 4), permutation, strict=True)):
        assert_allclose(mixed[i], share * x[i] + (1 - share) * x[j])
        assert_allclose(labels[i], share * y[i] + (1 - share) * y[j])
    assert_allclose(labels.sum(axis=1), 1)


def test_mixup_keeps_float32_with_a_lam_a_sample():
    x, y = rng(1).random((4, 6)).astype(np.float32), np.eye(4, dtype=np.float32)
    mixed, labels = aug.mixup(x, y, rng(2).beta(1, 1, 4), [1, 0, 3, 2])
    assert mixed.dtype == labels.dtype == np.float32


BAD_PARTNERS = [
    ("y", {"y": np.eye(3)}),
    ("y", {"y": np.array([0, 1, 2, 3])}),
    ("permutation", {"permutation": [0, 1, 2]}),
    ("permutation", {"permutation": [0, 1, 2, 4]}),
    ("permutation", {"permutation": [0, 1, 1, 3]}),
]


@pytest.mark.parametrize(
    ("named", "change"),
    [
        ("lam", {"lam": -0.1}),
        ("lam", {"lam": 1.1}),
        ("lam", {"lam": [0.5, 0.5]}),
        ("lam", {"lam": [0.5, 0.5, 0.5, 2.0]}),
        *BAD_PARTNERS,
    ],
)
def test_mixup_names_a_bad_argument(named, change):
    good = {"x": np.zeros((4, 2)), "y": np.eye(4), "lam": 0.5, "permutation": [1, 2, 3, 0]}
    with pytest.raises(ValueError, match=f"^{named}"):
        aug.mixup(**(good | change))


@pytest.mark.parametrize(
    "box", [(1, 2, 3, 2), (0, 0, 7, 5), (6, 4, 1, 1), (4, 0, 3, 5), (2, 2, 0, 3), (2, 2, 3, 0)]
)
def test_cutmix_pixel_by_pixel(box):
    x, y = photos(n=4), frozen(rng(3).dirichlet(np.ones(3), 4))
    permutation = frozen([2, 0, 3, 1])
    mixed, labels = aug.cutmix(x, y, box, permutation)
    top, left, height, width = box
    taken = 0
    for i, j in np.ndindex(7, 5):
        inside = top <= i < top + height and left <= j < left + width
        taken += inside
        assert_array_equal(
            mixed[:, :, i, j], x[permutation][:, :, i, j] if inside else x[..., i, j]
        )
    assert_allclose(labels, y + taken / 35 * (y[permutation] - y))


@pytest.mark.parametrize(
    ("named", "change"),
    [
        ("box", {"box": (-1, 0, 2, 2)}),
        ("box", {"box": (0, 4, 2, 2)}),
        ("box", {"box": (6, 0, 2, 2)}),
        ("box", {"box": (3, 0, -1, 2)}),
        *BAD_PARTNERS,
    ],
)
def test_cutmix_names_a_bad_argument(named, change):
    good = {"images": photos(n=4), "y": np.eye(4), "box": (0, 0, 2, 2), "permutation": [1, 2, 3, 0]}
    with pytest.raises(ValueError, match=f"^{named}"):
        aug.cutmix(**(good | change))


# Reference only: elastic deformation and lighting


def test_elastic_deform_against_scipy():
    x, alpha, sigma, fill, margin = photos(n=2, height=12, width=9), 6.0, 1.5, 0.3, 2
    draws = rng(8).uniform(-1, 1, (2, 2, 12, 9))
    framed = np.pad(x, [(0, 0), (0, 0), (margin, margin), (margin, margin)], constant_values=fill)
    expected = np.empty_like(x)
    for i in range(2):
        field = [
            alpha * ndimage.gaussian_filter(d, sigma, mode="nearest", radius=5) for d in draws[i]
        ]
        sources = np.indices((12, 9)) + field + margin
        for c in range(3):
            expected[i, c] = ndimage.map_coordinates(framed[i, c], sources, order=1, cval=fill)
    assert_allclose(aug.elastic_deform(x, rng(8), alpha, sigma, fill), expected, atol=1e-12)


def test_elastic_deform_moves_smoothly_and_as_far_as_documented():
    rows = np.broadcast_to(np.arange(64.0)[:, None], (64, 64))
    ramps = np.stack([rows, rows.T])[None].repeat(30, axis=0)  # bilinear: a ramp tells its source
    alpha, sigma = 12.0, 3.0
    moved = (aug.elastic_deform(ramps, rng(9), alpha, sigma) - ramps)[:, :, 12:-12, 12:-12]
    assert abs(moved.mean()) < 0.03
    assert_allclose(moved.std(axis=(0, 2, 3)), 0.163 * alpha / sigma, rtol=0.05)
    neighbours = np.corrcoef(moved[..., 1:].ravel(), moved[..., :-1].ravel())[0, 1]
    assert_allclose(neighbours, math.exp(-1 / (4 * sigma**2)), atol=0.01)
    down, right = moved[:, 0].ravel(), moved[:, 1].ravel()
    assert abs(np.corrcoef(down, right)[0, 1]) < 0.1
    assert abs(np.corrcoef(down[: down.size // 2], down[down.size // 2 :])[0, 1]) < 0.1


def test_elastic_deform_of_nothing():
    x = photos()
    assert_array_equal(aug.elastic_deform(x, rng(), alpha=0), x)
    plain = np.full((1, 1, 6, 6), 0.4)
    assert_allclose(aug.elastic_deform(plain, rng(), 50.0, 1.0, fill=0.4), plain)
    assert np.any(aug.elastic_deform(plain, rng(), 50.0, 1.0) == 0)
    with pytest.raises(ValueError, match=r"^sigma"):
        aug.elastic_deform(x, rng(), sigma=0.0)


def test_pca_lighting_covariance():
    # The change is V diag(l) a with a ~ N(0, std^2 I): its covariance is std^2 times Sigma squared.
    factor = rng(10).normal(size=(3, 3))
    covariance = frozen(factor @ factor.T / 10)
    x = frozen(np.full((MANY, 3, 1, 2), 0.5))
    change = aug.pca_lighting(x, rng(11), std=0.1, covariance=covariance) - x
    assert np.ptp(change, axis=(2, 3)).max() == 0  # the same at every pixel
    assert np.abs(change).max() < 0.5  # nothing was clipped
    change = change[:, :, 0, 0]
    expected = 0.01 * covariance @ covariance
    assert_allclose(np.cov(change.T), expected, atol=0.05 * np.abs(expected).max())
    whitened = np.linalg.solve(covariance, change.T).ravel() / 0.1
    assert stats.kstest(whitened, "norm").pvalue > SURE


@pytest.mark.parametrize("channels", [1, 3])
def test_pca_lighting_measures_the_colours_itself(channels):
    x = frozen(0.4 + 0.2 * photos(n=4, channels=channels))
    colors = np.concatenate([image.reshape(channels, -1) for image in x], axis=1)
    covariance = np.atleast_2d(np.cov(colors, ddof=0))
    expected = aug.pca_lighting(x, rng(12), 5.0, covariance)
    assert_allclose(aug.pca_lighting(x, rng(12), 5.0), expected)
    assert not np.allclose(expected, x)
    assert_array_equal(aug.pca_lighting(x, rng(), std=0), x)


@pytest.mark.parametrize(
    ("named", "bad"), [("std", {"std": -1.0}), ("covariance", {"covariance": np.eye(2)})]
)
def test_pca_lighting_names_a_bad_argument(named, bad):
    with pytest.raises(ValueError, match=f"^{named}"):
        aug.pca_lighting(photos(), rng(), **bad)
