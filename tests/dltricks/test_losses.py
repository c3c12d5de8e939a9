import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import assert_gradient, frozen
from scipy.special import expit, log_softmax, softmax, xlogy
from sklearn import metrics

from dltricks.losses import (
    binary_cross_entropy,
    hinge_loss,
    label_smoothing,
    mean_squared_error,
    softmax_cross_entropy,
)

quick = settings(max_examples=60, deadline=None, derandomize=True)


def scores_case(n, k, seed=0, scale=3.0):
    rng = np.random.default_rng(seed)
    return *frozen(scale * rng.normal(size=(n, k)), rng.integers(k, size=n)), rng


# softmax_cross_entropy


@pytest.mark.parametrize(("n", "k"), [(1, 1), (1, 3), (7, 2), (6, 10)])
def test_softmax_cross_entropy_agrees_with_scipy(n, k):
    logits, labels, rng = scores_case(n, k)
    loss, dlogits = softmax_cross_entropy(logits, labels)
    truth = np.eye(k)[labels]
    np.testing.assert_allclose(loss, -(truth * log_softmax(logits, axis=1)).sum() / n, rtol=1e-12)
    np.testing.assert_allclose(dlogits, (softmax(logits, axis=1) - truth) / n, rtol=1e-12)
    assert_gradient(lambda z: softmax_cross_entropy(z, labels)[0], logits, dlogits, rng)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_softmax_cross_entropy_survives_huge_logits(dtype):
    # the last row would underflow to log(0) if the batch had one maximum for all its rows
    logits = frozen(np.array([[1e4, -1e4], [1e4, -1e4], [0, 0], [-1e4, -1e4]], dtype))
    with np.errstate(all="raise"):
        loss, dlogits = softmax_cross_entropy(logits, np.array([0, 1, 1, 0]))
    np.testing.assert_allclose(loss, (0 + 2e4 + 2 * np.log(2)) / 4, rtol=1e-6)
    np.testing.assert_allclose(4 * dlogits, [[0, 0], [1, -1], [0.5, -0.5], [-0.5, 0.5]])
    assert loss.dtype == dlogits.dtype == dtype


@given(st.lists(st.floats(-50, 50), min_size=2, max_size=6), st.floats(-1e3, 1e3))
@quick
def test_softmax_cross_entropy_ignores_a_shift_of_all_logits(row, shift):
    logits = np.array([row])
    loss, dlogits = softmax_cross_entropy(logits, [0])
    shifted_loss, shifted = softmax_cross_entropy(logits + shift, [0])
    np.testing.assert_allclose(shifted_loss, loss, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(shifted, dlogits, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(dlogits.sum(), 0, atol=1e-15)


def test_softmax_cross_entropy_is_a_mean_of_loss_and_gradient_alike():
    logits, labels, _ = scores_case(4, 3)
    loss, dlogits = softmax_cross_entropy(logits, labels)
    doubled = softmax_cross_entropy(np.tile(logits, (2, 1)), np.tile(labels, 2))
    np.testing.assert_allclose(doubled[0], loss)
    np.testing.assert_allclose(doubled[1], np.tile(dlogits, (2, 1)) / 2)


@pytest.mark.parametrize("kind", [np.uint8, np.int8, np.int32, np.uint64, list])
def test_labels_of_any_integer_kind_are_indices(kind):
    logits, labels, _ = scores_case(5, 4)
    given_labels = labels.tolist() if kind is list else labels.astype(kind)
    for loss in (softmax_cross_entropy, hinge_loss):
        np.testing.assert_array_equal(loss(logits, given_labels)[1], loss(logits, labels)[1])
    np.testing.assert_array_equal(label_smoothing(given_labels, 4), label_smoothing(labels, 4))


@pytest.mark.parametrize("loss", [softmax_cross_entropy, hinge_loss])
@pytest.mark.parametrize(
    ("shape", "labels", "named"),
    [
        ((3,), [0, 1, 0], "logits|scores"),
        ((2, 3, 1), [0, 1], "logits|scores"),
        ((2, 3), [0], "labels"),
        ((2, 3), [0, 1, 2], "labels"),
        ((2, 3), [[0], [1]], "labels"),
        ((2, 3), [0, 3], "labels"),
        ((2, 3), [0, -1], "labels"),
        ((2, 3), [0.0, 1.0], "labels"),
        ((2, 3), [True, False], "labels"),
    ],
)
def test_classification_losses_refuse(loss, shape, labels, named):
    with pytest.raises(ValueError, match=f"^({named}) must"):
        loss(np.ones(shape), np.array(labels))


def test_integer_scores_are_float64():
    ints = np.array([[3, 1, 0]], np.int8)
    for loss in (softmax_cross_entropy, hinge_loss):
        value, gradient = loss(ints, [1])
        expected, expected_gradient = loss(ints.astype(float), [1])
        assert value == expected
        np.testing.assert_array_equal(gradient, expected_gradient)
        assert gradient.dtype == np.float64


# mean_squared_error


@pytest.mark.parametrize("shape", [(1,), (5,), (1, 1), (4, 3), (2, 3, 4)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_mean_squared_error_divides_by_samples(shape, dtype):
    rng = np.random.default_rng(1)
    pred, target = frozen(*(rng.normal(size=shape).astype(dtype) for _ in range(2)))
    loss, dpred = mean_squared_error(pred, target)
    rows, columns = pred.reshape(len(pred), -1), target.reshape(len(pred), -1)
    outputs = metrics.mean_squared_error(columns, rows, multioutput="raw_values")
    np.testing.assert_allclose(loss, outputs.sum(), rtol=1e-6 if dtype == np.float32 else 1e-12)
    assert loss.dtype == dpred.dtype == dtype
    if dtype == np.float64:
        assert_gradient(lambda p: mean_squared_error(p, target)[0], pred, dpred, rng)


def test_mean_squared_error_takes_integers_as_float64():
    loss, dpred = mean_squared_error(np.array([[0, 200]], np.uint8), np.array([[1, 0]], np.uint8))
    assert loss == 40001
    np.testing.assert_array_equal(dpred, [[-2.0, 400.0]])


@pytest.mark.parametrize(
    ("pred", "target", "named"),
    [((4,), (4, 1), "target"), ((4, 2), (2,), "target"), ((), (), "pred")],
)
def test_mean_squared_error_does_not_broadcast(pred, target, named):
    with pytest.raises(ValueError, match=f"^{named} must"):
        mean_squared_error(np.ones(pred), np.ones(target))


# binary_cross_entropy


@pytest.mark.parametrize("n", [1, 9])
def test_binary_cross_entropy_is_the_formula(n):
    rng = np.random.default_rng(2)
    logits, targets = frozen(3 * rng.normal(size=n), rng.random(n))
    loss, dlogits = binary_cross_entropy(logits, targets)
    p = expit(logits)
    np.testing.assert_allclose(
        loss, -(xlogy(targets, p) + xlogy(1 - targets, 1 - p)).mean(), rtol=1e-12
    )
    np.testing.assert_allclose(dlogits, (p - targets) / n, rtol=1e-12)
    assert_gradient(lambda z: binary_cross_entropy(z, targets)[0], logits, dlogits, rng)


def test_binary_cross_entropy_agrees_with_scikit_learn_on_hard_labels():
    rng = np.random.default_rng(3)
    logits, labels = 4 * rng.normal(size=50), rng.integers(2, size=50)
    np.testing.assert_allclose(
        binary_cross_entropy(logits, labels)[0], metrics.log_loss(labels, expit(logits)), rtol=1e-12
    )


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_binary_cross_entropy_survives_huge_logits(dtype):
    logits = frozen(np.array([1e4, 1e4, -1e4, -1e4, 1e4], dtype))
    with np.errstate(all="raise"):
        loss, dlogits = binary_cross_entropy(logits, np.array([1, 0, 1, 0, 0.5], dtype))
    np.testing.assert_allclose(loss, 2.5e4 / 5, rtol=1e-6)
    np.testing.assert_allclose(dlogits, np.array([0, 1, -1, 0, 0.5]) / 5)
    assert loss.dtype == dlogits.dtype == dtype


@pytest.mark.parametrize("z", [20.0, 40.0, 700.0])
def test_binary_cross_entropy_keeps_the_digits_of_a_tiny_loss(z):
    np.testing.assert_allclose(binary_cross_entropy([z], [1])[0], np.log1p(np.exp(-z)), rtol=1e-14)
    np.testing.assert_allclose(binary_cross_entropy([-z], [0])[0], np.log1p(np.exp(-z)), rtol=1e-14)


@given(st.floats(-1e4, 1e4), st.floats(0, 1))
@quick
def test_binary_cross_entropy_is_softmax_of_two_classes(z, t):
    two = np.array([[0.0, z]])
    as_yes, as_no = softmax_cross_entropy(two, [1])[0], softmax_cross_entropy(two, [0])[0]
    loss, _ = binary_cross_entropy([z], [t])
    np.testing.assert_allclose(loss, t * as_yes + (1 - t) * as_no, rtol=1e-9, atol=1e-12)


def test_binary_cross_entropy_with_integer_targets_keeps_float32():
    loss, dlogits = binary_cross_entropy(np.ones(2, np.float32), np.array([0, 1]))
    assert loss.dtype == dlogits.dtype == np.float32


@pytest.mark.parametrize(
    ("logits", "targets", "named"),
    [
        (np.ones((3, 1)), np.ones((3, 1)), "logits"),
        (np.ones(3), np.ones((3, 1)), "targets"),
        (np.ones(3), np.ones(2), "targets"),
        (np.ones(2), [0.5, 1.1], "targets"),
        (np.ones(2), [-1, 1], "targets"),
    ],
)
def test_binary_cross_entropy_refuses(logits, targets, named):
    with pytest.raises(ValueError, match=f"^{named} must"):
        binary_cross_entropy(logits, targets)


# hinge_loss


@pytest.mark.parametrize(("n", "k"), [(1, 1), (1, 4), (8, 2), (7, 5)])
@pytest.mark.parametrize("margin", [1.0, 0.0, 2.5])
def test_hinge_loss_is_the_sum_over_wrong_classes(n, k, margin):
    scores, labels, rng = scores_case(n, k, seed=4)
    loss, dscores = hinge_loss(scores, labels, margin)
    expected = sum(
        max(0.0, scores[i, j] - scores[i, labels[i]] + margin)
        for i in range(n)
        for j in range(k)
        if j != labels[i]
    )
    np.testing.assert_allclose(loss, expected / n, rtol=1e-12)
    assert_gradient(lambda s: hinge_loss(s, labels, margin)[0], scores, dscores, rng)


def test_hinge_loss_of_two_classes_agrees_with_scikit_learn():
    scores, labels, _ = scores_case(40, 2, seed=5, scale=1.0)
    np.testing.assert_allclose(
        hinge_loss(scores, labels)[0], metrics.hinge_loss(labels, scores[:, 1] - scores[:, 0])
    )


def test_hinge_loss_at_the_kink_has_no_gradient():
    loss, dscores = hinge_loss(frozen([[2.0, 1.0, 1.0]]), [0])
    assert loss == 0
    np.testing.assert_array_equal(dscores, np.zeros((1, 3)))


def test_hinge_loss_gradient_counts_the_violations():
    _, dscores = hinge_loss([[0.0, 0.5, 9.0, -5.0], [9.0, 0.0, 0.0, 0.0]], [0, 0])
    np.testing.assert_array_equal(2 * dscores, [[-2, 1, 1, 0], [0, 0, 0, 0]])


def test_hinge_loss_keeps_float32():
    loss, dscores = hinge_loss(np.array([[0.1, 0.2]], np.float32), [0], margin=0.3)
    assert loss.dtype == dscores.dtype == np.float32


# label_smoothing


@given(st.integers(1, 8), st.floats(0, 1), st.data())
@quick
def test_label_smoothing_mixes_the_label_with_the_uniform(k, eps, data):
    labels = np.array(data.draw(st.lists(st.integers(0, k - 1), min_size=1, max_size=5)))
    targets = label_smoothing(labels, k, eps)
    assert targets.shape == (len(labels), k)
    np.testing.assert_allclose(targets.sum(axis=1), 1)
    np.testing.assert_allclose(targets, (1 - eps) * np.eye(k)[labels] + eps / k, atol=1e-15)


def test_label_smoothing_spreads_over_all_classes():
    np.testing.assert_allclose(label_smoothing([2], 4, eps=0.4), [[0.1, 0.1, 0.7, 0.1]])
    np.testing.assert_allclose(label_smoothing([1], 2), [[0.05, 0.95]])
    np.testing.assert_array_equal(label_smoothing([1, 0], 2, eps=0), [[0.0, 1.0], [1.0, 0.0]])


@pytest.mark.parametrize(
    ("labels", "k", "eps", "named"),
    [
        ([0, 3], 3, 0.1, "labels"),
        ([-1], 3, 0.1, "labels"),
        ([[0]], 3, 0.1, "labels"),
        ([0.5], 3, 0.1, "labels"),
        ([0], 0, 0.1, "num_classes"),
        ([0], 2.0, 0.1, "num_classes"),
        ([0], 2, -0.1, "eps"),
        ([0], 2, 1.1, "eps"),
    ],
)
def test_label_smoothing_refuses(labels, k, eps, named):
    with pytest.raises(ValueError, match=f"^{named} must"):
        label_smoothing(np.array(labels), k, eps)
