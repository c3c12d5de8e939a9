import gzip
import importlib.util
import struct
from pathlib import Path

import numpy as np
import pytest
import sklearn.datasets
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats

from dltricks import datasets
from dltricks.datasets import (
    correlated_gaussian,
    gaussian_blobs,
    load_digits,
    load_mnist,
    read_idx,
    spirals,
)

ROOT = Path(__file__).parents[2]


# The digits


def test_digits_are_scikit_learns_each_once():
    theirs = sklearn.datasets.load_digits()
    digits = load_digits()
    x = np.concatenate([digits.x_train, digits.x_val, digits.x_test])
    y = np.concatenate([digits.y_train, digits.y_val, digits.y_test])
    # No two of the 1,797 images are equal, so equal sets of rows mean: each digit in one part only.
    rows = np.column_stack([x * 16, y])
    expected = np.column_stack([theirs.data, theirs.target])
    assert len(np.unique(expected[:, :-1], axis=0)) == 1797
    assert_array_equal(rows[np.lexsort(rows.T)], expected[np.lexsort(expected.T)])


def test_digits_shapes_and_types():
    digits = load_digits()
    for x, y, n in zip(digits[0::2], digits[1::2], (1000, 397, 400), strict=True):
        assert x.shape == (n, 64)
        assert y.shape == (n,)
        assert x.dtype == np.float64
        assert y.dtype == np.int64
        assert x.min() == 0
        assert x.max() == 1


def test_digits_as_images_are_the_same_pixels():
    rows, images = load_digits(), load_digits(images=True)
    assert images.x_train.shape == (1000, 1, 8, 8)
    assert_array_equal(images.x_test.reshape(400, 64), rows.x_test)
    assert_array_equal(images.y_test, rows.y_test)


def test_every_class_has_its_share_of_every_part():
    digits = load_digits()
    labels = [digits.y_train, digits.y_val, digits.y_test]
    counts = np.array([np.bincount(y, minlength=10) for y in labels])
    shares = counts.sum(axis=1, keepdims=True) * counts.sum(axis=0) / counts.sum()
    assert np.abs(counts - shares).max() <= 2


def test_no_part_is_sorted_by_class():
    for y in load_digits()[1::2]:
        changes = np.mean(np.diff(y) != 0)
        assert 0.8 < changes < 1


def test_standardized_by_the_training_images_alone():
    raw, digits = load_digits(), load_digits(standardize=True)
    live = raw.x_train.std(axis=0) > 0
    assert not live.all()
    assert_allclose(digits.x_train.mean(axis=0), 0, atol=1e-12)
    assert_allclose(digits.x_train.std(axis=0), live, atol=1e-12)
    mean, std = raw.x_train.mean(axis=0), np.where(live, raw.x_train.std(axis=0), 1)
    assert_allclose(digits.x_test * std + mean, raw.x_test, atol=1e-12)
    assert_allclose(digits.x_val * std + mean, raw.x_val, atol=1e-12)


def test_digits_belong_to_the_caller():
    for first in (load_digits(), load_digits(standardize=True, images=True)):
        for array in first:
            array[:] = 7
    again = load_digits()
    assert again.x_train.max() == 1
    assert len(np.unique(again.y_train)) == 10


def test_the_split_is_the_stored_one():
    with np.load(Path(datasets.__file__).parent / "data" / "digits.npz") as file:
        assert set(file.files) == {"images", "labels", "train", "validation", "test"}
        assert file["images"].dtype == file["labels"].dtype == np.uint8
        # The first few, so that a new split cannot slip in and move every figure of the course.
        assert file["train"][:5].tolist() == [1732, 48, 820, 1637, 570]
        assert file["validation"][:5].tolist() == [44, 1380, 1352, 522, 1719]
        assert file["test"][:5].tolist() == [19, 545, 153, 1197, 1072]


def test_the_script_makes_the_file(tmp_path):
    script = ROOT / "tools" / "make_digits.py"
    if not script.exists():
        pytest.skip("tools/ is not part of an installed package")
    spec = importlib.util.spec_from_file_location("make_digits", script)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    with np.load(module.TARGET) as stored:
        made = module.make()
        assert set(made) == set(stored.files)
        for name, array in made.items():
            assert_array_equal(array, stored[name])
            assert array.dtype == stored[name].dtype


# IDX files and MNIST


def idx_bytes(array, code=0x08):
    return (
        struct.pack(f">BBBB{array.ndim}I", 0, 0, code, array.ndim, *array.shape) + array.tobytes()
    )


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(
    ("code", "dtype"),
    [(0x08, "u1"), (0x09, "i1"), (0x0B, ">i2"), (0x0C, ">i4"), (0x0D, ">f4"), (0x0E, ">f8")],
)
def test_read_idx(tmp_path, code, dtype, packed):
    array = np.arange(24).reshape(2, 3, 4).astype(dtype)
    content = idx_bytes(array, code)
    path = tmp_path / "file"
    path.write_bytes(gzip.compress(content) if packed else content)
    result = read_idx(str(path))
    assert_array_equal(result, array)
    assert result.dtype == np.dtype(dtype).newbyteorder("=")
    result[0, 0, 0] = 1  # the caller's own


@pytest.mark.parametrize("shape", [(), (0,), (3, 0)])
def test_read_idx_with_one_entry_or_none(tmp_path, shape):
    path = tmp_path / "file"
    path.write_bytes(idx_bytes(np.ones(shape, np.uint8)))
    assert_array_equal(read_idx(path), np.ones(shape))
    assert read_idx(path).shape == shape


GOOD = idx_bytes(np.arange(6, dtype=np.uint8).reshape(2, 3))


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"", "not an IDX file"),
        (b"<html>404</html>", "not an IDX file"),
        (b"\0\0\x07\x01" + GOOD[4:], "not an IDX file"),
        (GOOD[:9], "header"),
        (GOOD[:-1], "17 bytes where its header promises 18"),
        (GOOD + b"\0", "19 bytes where its header promises 18"),
        (gzip.compress(GOOD)[:-9], "damaged"),
        (gzip.compress(GOOD)[:10] + b"\xff" * 20, "damaged"),
    ],
    ids=["empty", "html", "type", "header", "short", "long", "gzip short", "gzip broken"],
)
def test_read_idx_names_a_bad_file_and_the_remedy(tmp_path, content, text):
    path = tmp_path / "broken-file"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=text) as error:
        read_idx(path)
    assert str(path) in str(error.value)
    assert "download it again" in str(error.value)
    assert "\n" not in str(error.value)


def test_read_idx_without_a_file(tmp_path):
    with pytest.raises(FileNotFoundError, match="absent"):
        read_idx(tmp_path / "absent")


def tiny_mnist(n_train=10_004, n_test=7):
    """MNIST's four arrays, by file name, with images of 3 x 2 pixels that tell their own index."""
    rng = np.random.default_rng(0)
    arrays = {}
    for part, n in (("train", n_train), ("t10k", n_test)):
        index = np.arange(n)
        images = np.zeros((n, 3, 2), np.uint8)
        images[:, 0, 0], images[:, 2, 1] = index // 256, index % 256
        arrays[f"{part}-images-idx3-ubyte"] = images
        arrays[f"{part}-labels-idx1-ubyte"] = rng.integers(0, 10, n).astype(np.uint8)
    return arrays


def write_mnist(folder, arrays, rename=lambda name: name):
    folder.mkdir(parents=True, exist_ok=True)
    for name, array in arrays.items():
        name = rename(name)
        content = idx_bytes(array)
        (folder / name).write_bytes(gzip.compress(content) if name.endswith(".gz") else content)


@pytest.mark.parametrize(
    "rename",
    [
        lambda name: name,
        lambda name: name + ".gz",
        lambda name: name.replace("-idx", ".idx"),
        lambda name: name.replace("-idx", ".idx") + ".gz",
    ],
    ids=["dash", "dash gz", "dot", "dot gz"],
)
def test_load_mnist(tmp_path, rename):
    arrays = tiny_mnist()
    write_mnist(tmp_path, arrays, rename)
    mnist = load_mnist(tmp_path)
    assert mnist.x_train.shape == (4, 6)
    assert mnist.x_val.shape == (10_000, 6)
    assert mnist.x_test.shape == (7, 6)
    x = np.concatenate([mnist.x_train, mnist.x_val])
    assert_array_equal(np.rint(x * 255), arrays["train-images-idx3-ubyte"].reshape(-1, 6))
    assert_array_equal(np.rint(mnist.x_test * 255), arrays["t10k-images-idx3-ubyte"].reshape(-1, 6))
    y = np.concatenate([mnist.y_train, mnist.y_val])
    assert_array_equal(y, arrays["train-labels-idx1-ubyte"])
    assert_array_equal(mnist.y_test, arrays["t10k-labels-idx1-ubyte"])
    assert x.dtype == np.float64
    assert y.dtype == np.int64
    assert mnist.x_val.max() == 1


def test_load_mnist_options(tmp_path):
    write_mnist(tmp_path, tiny_mnist())
    raw, mnist = load_mnist(tmp_path), load_mnist(tmp_path, standardize=True, images=True)
    assert mnist.x_test.shape == (7, 1, 3, 2)
    last = raw.x_train[:, 5]
    assert_allclose(mnist.x_val[:, 0, 2, 1], (raw.x_val[:, 5] - last.mean()) / last.std())
    assert_array_equal(mnist.x_val[:, 0, 0, 0], raw.x_val[:, 0])  # 0 in all four training images


def test_where_load_mnist_looks(tmp_path, monkeypatch):
    named, cache = tmp_path / "named", tmp_path / "cache"
    write_mnist(named, tiny_mnist(n_test=3))
    write_mnist(cache / "dltricks" / "mnist", tiny_mnist(n_test=4))
    write_mnist(tmp_path / "home" / ".cache" / "dltricks" / "mnist", tiny_mnist(n_test=5))
    monkeypatch.setattr(Path, "home", lambda: tmp_path / "home")
    monkeypatch.delenv("DLTRICKS_DATA", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert len(load_mnist().x_test) == 5
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    assert len(load_mnist().x_test) == 4
    monkeypatch.setenv("DLTRICKS_DATA", str(named))
    assert len(load_mnist().x_test) == 3
    assert len(load_mnist(cache / "dltricks" / "mnist").x_test) == 4


@pytest.mark.parametrize("name", tiny_mnist(10_001, 1))
def test_load_mnist_names_the_missing_file(tmp_path, name):
    write_mnist(tmp_path, tiny_mnist(10_001, 1))
    (tmp_path / name).unlink()
    (tmp_path / name).mkdir()  # as some archives unpack: a folder is not the file
    with pytest.raises(FileNotFoundError, match=name) as error:
        load_mnist(tmp_path)
    assert str(tmp_path) in str(error.value)
    assert "DLTRICKS_DATA" in str(error.value)


@pytest.mark.parametrize(
    ("name", "array", "text"),
    [
        ("train-images-idx3-ubyte", np.zeros(10_001, np.uint8), "train-images.* MNIST's images"),
        ("t10k-labels-idx1-ubyte", np.zeros((1, 3, 2), np.uint8), "t10k-labels.* MNIST's labels"),
        ("t10k-labels-idx1-ubyte", np.array([10], np.uint8), "t10k-labels.* MNIST's labels"),
        ("t10k-images-idx3-ubyte", np.zeros((0, 3, 2), np.uint8), "t10k-images.* MNIST's images"),
        ("t10k-images-idx3-ubyte", np.zeros((1, 2, 3), np.uint8), "belong together"),
        ("train-labels-idx1-ubyte", np.zeros(10_002, np.uint8), "belong together"),
    ],
)
def test_load_mnist_refuses_files_that_do_not_fit(tmp_path, name, array, text):
    write_mnist(tmp_path, tiny_mnist(10_001, 1) | {name: array})
    with pytest.raises(ValueError, match=text) as error:
        load_mnist(tmp_path)
    assert str(tmp_path) in str(error.value)


def test_load_mnist_needs_more_than_the_validation_images(tmp_path):
    write_mnist(tmp_path, tiny_mnist(10_000, 1))
    with pytest.raises(ValueError, match="too few"):
        load_mnist(tmp_path)
    write_mnist(tmp_path, tiny_mnist(10_001, 1))
    assert load_mnist(tmp_path).x_train.shape == (1, 6)


# The toys


@pytest.mark.parametrize("classes", [1, 2, 3])
@pytest.mark.parametrize("turns", [0.5, 2.0])
def test_spirals_lie_on_their_arms(classes, turns):
    x, y = spirals(100, np.random.default_rng(0), noise=0.0, classes=classes, turns=turns)
    points = x[:, 0] + 1j * x[:, 1]
    unwound = points * np.exp(-2j * np.pi * (turns * np.abs(points) + y / classes))
    assert_allclose(unwound.imag, 0, atol=1e-12)
    assert unwound.real.min() >= 0
    counts = np.bincount(y)
    assert len(counts) == classes
    assert np.ptp(counts) <= 1


def test_spirals_radius_and_noise():
    n = 50_000
    x, _ = spirals(n, np.random.default_rng(1), noise=0.0)
    assert stats.kstest(np.linalg.norm(x, axis=1), "uniform").pvalue > 1e-6
    noisy, _ = spirals(n, np.random.default_rng(1), noise=0.3)
    assert stats.kstest(((noisy - x) / 0.3).ravel(), "norm").pvalue > 1e-6


def test_gaussian_blobs():
    centers = np.array([[0.0, 5.0, -3.0], [2.0, 2.0, 2.0]])
    centers.flags.writeable = False
    x, y = gaussian_blobs(50_001, np.random.default_rng(2), centers, std=0.25)
    assert x.shape == (50_001, 3)
    assert np.bincount(y).tolist() == [25_001, 25_000]
    z = (x - centers[y]) / 0.25
    assert stats.kstest(z.ravel(), "norm").pvalue > 1e-6
    assert_allclose(np.cov(z.T), np.eye(3), atol=0.03)


@pytest.mark.parametrize("correlation", [-1.0, -0.6, 0.0, 0.9, 1])
def test_correlated_gaussian(correlation):
    scales, mean = np.array([2, 5]), np.array([10, -1])
    x = correlated_gaussian(100_000, np.random.default_rng(3), correlation, scales, mean)
    assert x.shape == (100_000, 2)
    z = (x - mean) / scales
    for column in z.T:
        assert stats.kstest(column, "norm").pvalue > 1e-6
    assert_allclose(np.cov(z.T), [[1, correlation], [correlation, 1]], atol=0.03)


def test_toys_defaults():
    def same(left, right):
        for a, b in zip(left, right, strict=True):
            assert_array_equal(a, b)

    same(
        spirals(9, np.random.default_rng(6)),
        spirals(9, np.random.default_rng(6), noise=0.05, classes=2, turns=1.0),
    )
    same(
        gaussian_blobs(9, np.random.default_rng(6)),
        gaussian_blobs(9, np.random.default_rng(6), centers=[[-1, 0], [1, 0]], std=0.5),
    )
    same(
        correlated_gaussian(9, np.random.default_rng(6)),
        correlated_gaussian(9, np.random.default_rng(6), 0.9, scales=[1, 1], mean=[0, 0]),
    )


def test_toys_without_spread():
    x, y = gaussian_blobs(5, np.random.default_rng(7), [[1.0, 2.0], [3.0, 4.0]], std=0)
    assert_array_equal(x, np.array([[1.0, 2.0], [3.0, 4.0]])[y])
    x = correlated_gaussian(5, np.random.default_rng(7), scales=(0, 0), mean=(3, 4))
    assert_array_equal(x, [[3, 4]] * 5)


@pytest.mark.parametrize("toy", [spirals, gaussian_blobs, correlated_gaussian])
def test_toys_draw_from_rng_alone(toy):
    def flat(seed, n=5):
        return np.hstack([np.ravel(a) for a in toy(n, np.random.default_rng(seed))])

    assert_array_equal(flat(4), flat(4))
    assert not np.array_equal(flat(4), flat(5))
    assert np.isfinite(flat(4, n=1)).all()


@pytest.mark.parametrize(
    ("toy", "bad"),
    [
        (spirals, {"n": 0}),
        (spirals, {"noise": -0.1}),
        (spirals, {"classes": 0}),
        (gaussian_blobs, {"n": 2.5}),
        (gaussian_blobs, {"std": -1.0}),
        (gaussian_blobs, {"centers": [1.0, 2.0]}),
        (gaussian_blobs, {"centers": np.empty((0, 2))}),
        (gaussian_blobs, {"centers": np.empty((2, 0))}),
        (correlated_gaussian, {"n": -1}),
        (correlated_gaussian, {"correlation": 1.01}),
        (correlated_gaussian, {"scales": [1.0, -1.0]}),
        (correlated_gaussian, {"scales": [1.0]}),
        (correlated_gaussian, {"mean": [1.0, 2.0, 3.0]}),
    ],
)
def test_toys_name_a_bad_argument(toy, bad):
    with pytest.raises(ValueError, match=f"^{next(iter(bad))}"):
        toy(rng=np.random.default_rng(0), **({"n": 4} | bad))
