import math
import threading

import numpy as np
import pytest
from oracles import assert_gradient, frozen
from scipy.special import log_softmax

from dltricks.activations import ACTIVATIONS
from dltricks.augmentation import mixup
from dltricks.datasets import gaussian_blobs, load_digits
from dltricks.losses import label_smoothing, mean_squared_error, softmax_cross_entropy
from dltricks.network import MLP, ConvNet
from dltricks.optimizers import OPTIMIZERS, momentum
from dltricks.regularizers import l2_penalty, max_norm
from dltricks.training import (
    History,
    accuracy,
    cross_entropy,
    error_rate,
    evaluate,
    loss_and_gradients,
    train,
    train_classifier,
)


def generator(seed=0):
    return np.random.default_rng(seed)


def blobs(n=60, seed=7):
    return gaussian_blobs(n, generator(seed), centers=[(0, 2), (2, -1), (-2, -1)], std=0.6)


def small_net(seed=0, **options):
    return MLP([2, 8, 3], generator(seed), **options)


def full_batch(net, **options):
    """One step on all the data: what it should be can be written down."""
    x, y = blobs()
    options = {"steps": 1, "batch_size": len(x), "lr": 0.1} | options
    return train(net, x, y, generator(), **options)


def start_and_gradients(**options):
    net = small_net(**options)
    return net, loss_and_gradients(net.copy(), *blobs())[1]


# --- the loss -----------------------------------------------------------------------------------


def test_cross_entropy_of_labels_is_that_of_one_hot_targets():
    logits, labels = generator().normal(size=(6, 4)), np.array([0, 1, 2, 3, 3, 0])
    loss, dlogits = cross_entropy(logits, np.eye(4)[labels])
    expected, dexpected = softmax_cross_entropy(logits, labels)
    np.testing.assert_allclose(loss, expected, rtol=1e-13)
    np.testing.assert_allclose(dlogits, dexpected, rtol=1e-12, atol=1e-16)
    assert cross_entropy(logits, labels)[0] == expected


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_cross_entropy_of_soft_targets(dtype):
    rng = generator()
    logits = frozen(rng.normal(size=(5, 3)).astype(dtype))
    targets = frozen(rng.dirichlet(np.ones(3), 5).astype(dtype))
    loss, dlogits = cross_entropy(logits, targets)
    expected = -np.sum(targets * log_softmax(logits.astype(float), axis=1)) / 5
    np.testing.assert_allclose(loss, expected, rtol=1e-5 if dtype == np.float32 else 1e-12)
    assert dlogits.dtype == dtype
    if dtype == np.float64:
        assert_gradient(lambda z: cross_entropy(z, targets)[0], logits, dlogits, rng)


def test_cross_entropy_of_soft_targets_at_extremes():
    with np.errstate(all="raise"):
        loss, dlogits = cross_entropy(np.array([[1e4, -1e4]]), np.array([[0.5, 0.5]]))
    assert loss == pytest.approx(1e4)
    np.testing.assert_allclose(dlogits, [[0.5, -0.5]])


def test_cross_entropy_refuses_targets_of_another_shape():
    with pytest.raises(ValueError, match="targets"):
        cross_entropy(np.zeros((3, 2)), np.zeros((3, 4)))


# --- one step, written down ---------------------------------------------------------------------


def test_a_step_of_gradient_descent():
    net, gradients = start_and_gradients()
    before = dict(net.parameters)
    history = full_batch(net)
    for name, w in before.items():
        expected = w - 0.1 * gradients[name]
        np.testing.assert_allclose(net.parameters[name], expected, rtol=1e-9, atol=1e-12)
    start = small_net()
    assert history.losses == [pytest.approx(evaluate(start, *blobs())[0])]
    assert (history.lrs, history.steps, history.diverged) == ([0.1], [1], False)


def test_penalty_and_decay_concern_weights_only():
    net, gradients = start_and_gradients(bias=0.5)
    for options, shrunk in (
        ({"penalty": lambda w: l2_penalty(w, 0.3)}, 1 - 0.1 * 0.3),
        ({"weight_decay": 0.3}, 1 - 0.1 * 0.3),
    ):
        trained = net.copy()
        full_batch(trained, **options)
        for name, w in net.parameters.items():
            factor = shrunk if name.startswith("w") else 1.0
            expected = factor * w - 0.1 * gradients[name]
            np.testing.assert_allclose(trained.parameters[name], expected, rtol=1e-9, atol=1e-12)


def test_clipping_by_norm_value_and_function():
    net, gradients = start_and_gradients()
    norm = math.sqrt(sum(np.sum(g**2) for g in gradients.values()))
    for clip, clipped in (
        (("norm", 0.01), lambda g: g * 0.01 / norm),
        (("value", 0.01), lambda g: np.clip(g, -0.01, 0.01)),
        (lambda grads: [np.sign(g) for g in grads], np.sign),
    ):
        trained = net.copy()
        history = full_batch(trained, clip=clip, gradient_norms=True)
        assert history.gradient_norms == [pytest.approx(norm)]
        moved = net.parameters["w1"] - trained.parameters["w1"]
        np.testing.assert_allclose(moved, 0.1 * clipped(gradients["w1"]), rtol=1e-8, atol=1e-12)


def test_nesterov_takes_all_gradients_at_the_point_ahead():
    x, y = blobs()
    net = small_net()
    train(net, x, y, generator(), steps=3, batch_size=60, optimizer="nesterov", lr=0.1,
          options={"rho": 0.8})  # fmt: skip
    other, velocity = small_net(), {}
    for _ in range(3):
        here = other.parameters
        other.parameters = {
            name: w + 0.8 * velocity.get(name, np.zeros_like(w)) for name, w in here.items()
        }
        grads = loss_and_gradients(other, x, y)[1]
        velocity = {name: 0.8 * velocity.get(name, 0.0) - 0.1 * g for name, g in grads.items()}
        other.parameters = {name: w + velocity[name] for name, w in here.items()}
    for name, w in other.parameters.items():
        np.testing.assert_allclose(net.parameters[name], w, rtol=1e-9, atol=1e-12)


# --- the loop -----------------------------------------------------------------------------------


@pytest.mark.parametrize("optimizer", [*OPTIMIZERS, "nesterov"])
def test_every_optimizer_learns(optimizer):
    x, y = blobs(150)
    net = small_net()
    lr = {"sgd": 0.3, "adagrad": 0.1, "adadelta": 1.0, "lion": 0.01}.get(optimizer, 0.02)
    history = train(net, x, y, generator(), epochs=15, optimizer=optimizer, lr=lr)
    assert np.mean(history.losses[-5:]) < 0.5 * history.losses[0]
    assert accuracy(net, x, y) > 0.9


def test_an_optimizer_may_be_your_own_and_have_options():
    x, y = blobs()
    nets = [small_net(), small_net(), small_net()]
    seen = []

    def own(w, grad, state=None, *, lr, rho=0.9):
        seen.append(rho)
        return momentum(w, grad, state, lr=lr, rho=rho)

    for net, optimizer, rho in zip(
        nets, [own, "momentum", "momentum"], [0.5, 0.5, 0.9], strict=True
    ):
        train(net, x, y, generator(), steps=4, optimizer=optimizer, options={"rho": rho})
    weights = [net.parameters["w1"] for net in nets]
    np.testing.assert_array_equal(weights[0], weights[1])
    assert not np.allclose(weights[1], weights[2])
    assert set(seen) == {0.5}


def test_the_seed_determines_everything():
    x, y = blobs()

    def run(seed):
        net = small_net(dropout=0.3, normalization="batch")
        augment = lambda x, y, rng: (x + rng.normal(0, 0.1, x.shape), y)  # noqa: E731
        history = train(net, x, y, generator(seed), epochs=3, batch_size=7, augment=augment)
        return history.losses, net.parameters["w1"]

    first, again, other = run(1), run(1), run(2)
    assert first[0] == again[0]
    np.testing.assert_array_equal(first[1], again[1])
    assert first[0] != other[0]


def test_epochs_visit_every_sample_once():
    x = np.arange(10.0)[:, None]
    seen = []

    def augment(x, y, rng):
        np.testing.assert_array_equal(x[:, 0], y)
        seen.append(y)
        return x, y % 2

    history = train(
        MLP([1, 2], generator()), x, np.arange(10), generator(),
        epochs=2, batch_size=4, lr=1e-3, augment=augment,
    )  # fmt: skip
    assert [len(batch) for batch in seen] == [4, 4, 2] * 2
    for epoch in (seen[:3], seen[3:]):
        assert sorted(np.concatenate(epoch)) == list(range(10))
    assert len(history.losses) == 6


def test_schedules_count_steps_from_zero():
    history = train(small_net(), *blobs(), generator(), steps=4, lr=lambda step: 0.1 / (1 + step))
    np.testing.assert_allclose(history.lrs, [0.1, 0.05, 0.1 / 3, 0.025])


def test_constraint_holds_after_every_step():
    longest = []
    train(
        small_net(),
        *blobs(),
        generator(),
        epochs=3,
        lr=1.0,
        constraint=lambda w: max_norm(w, 0.5),
        callback=lambda step, net, history: longest.append(
            max(np.linalg.norm(net.parameters[name], axis=0).max() for name in ("w1", "w2"))
        ),
    )
    assert max(longest) <= 0.5 + 1e-12
    assert max(longest) == pytest.approx(0.5)


def test_soft_targets_and_mixup():
    x, y = blobs(150)

    def mixed(x, y, rng):
        return mixup(x, y, rng.beta(1, 1, len(x)), rng.permutation(len(x)))

    net = small_net()
    targets = label_smoothing(y, 3)
    train(net, x, targets, generator(), epochs=20, augment=mixed, validation=(x, y))
    assert accuracy(net, x, y) > 0.9


def test_regression():
    x = generator().uniform(-1, 1, (200, 1))
    y = x**2
    net = MLP([1, 20, 1], generator(), activation="softplus")
    history = train(
        net, x, y, generator(), epochs=50, optimizer="adam", lr=0.01,
        loss=mean_squared_error, validation=(x, y), patience=30,
    )  # fmt: skip
    assert history.losses[-1] < 0.02 < history.losses[0]
    assert all(math.isnan(share) for share in history.validation_accuracies)
    assert history.best_step == history.evaluated_at[int(np.argmin(history.validation_losses))]


def test_nothing_given_is_written_to():
    x, y = blobs()
    net = small_net(normalization="batch", bias=0.2)
    parameters = net.parameters = {name: frozen(w) for name, w in net.parameters.items()}
    running = net.running = {name: frozen(w) for name, w in net.running.items()}
    kept = dict(parameters)
    options = {"penalty": lambda w: l2_penalty(w, 0.1), "weight_decay": 0.1}
    options |= {"constraint": lambda w: max_norm(w, 1.0), "clip": ("value", 0.1)}
    train(net, frozen(x), frozen(y), generator(), steps=3, **options)
    assert all(parameters[name] is kept[name] for name in kept)
    assert not np.array_equal(net.parameters["w1"], parameters["w1"])
    assert not np.array_equal(net.running["mean1"], running["mean1"])


def test_float32_stays_float32():
    x, y = blobs()
    net = small_net(normalization="batch")
    net.parameters = {name: w.astype(np.float32) for name, w in net.parameters.items()}
    net.running = {name: w.astype(np.float32) for name, w in net.running.items()}
    options = {"optimizer": "adam", "weight_decay": 0.1, "clip": ("norm", 1.0)}
    options["lr"] = lambda step: np.float64(0.01)
    train(net, x.astype(np.float32), y, generator(), steps=3, **options)
    assert {w.dtype for w in net.parameters.values()} == {np.dtype(np.float32)}


def test_a_convolutional_net_learns():
    digits = load_digits(images=True)
    net = ConvNet((1, 8, 8), [6], 10, generator(), normalization="batch")
    train(net, digits.x_train[:400], digits.y_train[:400], generator(), steps=60, lr=0.2)
    assert accuracy(net, digits.x_val, digits.y_val) > 0.85


@pytest.mark.parametrize("activation", ["relu", "tanh", "sigmoid"])
def test_the_digits_are_learned(activation):
    assert activation in ACTIVATIONS
    digits = load_digits(standardize=True)
    net = MLP([64, 50, 10], generator(), activation=activation, initializer="xavier_normal")
    rate = 0.1 if activation != "sigmoid" else 1.0
    history = train(net, digits.x_train, digits.y_train, generator(), epochs=8, lr=rate)
    assert np.mean(history.losses[-20:]) < 0.3
    assert accuracy(net, digits.x_val, digits.y_val) > 0.9


# --- divergence ---------------------------------------------------------------------------------


@pytest.mark.parametrize("normalization", [None, "whitening"])
def test_a_diverging_run_stops_and_says_so(normalization):
    x, y = blobs()
    net = MLP([2, 8, 8, 3], generator(), activation="linear", normalization=normalization)

    def loss(pred, y):
        return mean_squared_error(pred, np.eye(3)[y])

    with np.errstate(all="raise"):
        history = train(net, x, y, generator(), steps=500, lr=100.0, loss=loss)
        net.parameters = {name: np.full_like(w, np.nan) for name, w in net.parameters.items()}
        net.running = {name: np.full_like(w, np.nan) for name, w in net.running.items()}
        assert math.isnan(evaluate(net, x, y)[0])
        assert accuracy(net, x, y) <= 0.5
    assert history.diverged
    assert len(history.losses) < 500
    assert not math.isfinite(history.losses[-1])
    assert len(history.lrs) == len(history.losses)


def test_divergence_in_the_last_step_is_seen():
    history = full_batch(small_net(), lr=math.inf)
    assert history.diverged
    assert math.isfinite(history.losses[0])


# --- validation, early stopping, callbacks ------------------------------------------------------


def test_evaluations_come_every_so_often_and_at_the_end():
    x, y = blobs()
    options = {"batch_size": 10, "validation": (x, y)}
    history = train(small_net(), x, y, generator(), steps=14, evaluate_every=5, **options)
    assert history.evaluated_at == [5, 10, 14]
    assert len(history.validation_losses) == len(history.validation_accuracies) == 3
    history = train(small_net(), x, y, generator(), epochs=2, **options)
    assert history.evaluated_at == [6, 12]


def test_early_stopping_restores_the_best():
    x, y = blobs(60)
    x_val, y_val = blobs(300, seed=8)
    net = small_net(normalization="batch")
    snapshots = {}

    def remember(step, net, history):
        snapshots[step] = net.copy()

    # a rate that ruins the network after 20 steps
    history = train(
        net, x, y, generator(), steps=200, batch_size=20, evaluate_every=5, patience=4,
        lr=lambda step: 0.1 if step < 20 else 50.0, validation=(x_val, y_val), callback=remember,
    )  # fmt: skip
    shares = history.validation_accuracies
    best = int(np.argmax(shares))
    assert history.best_step == history.evaluated_at[best] <= 20
    assert len(shares) == best + 1 + 4
    assert accuracy(net, x_val, y_val) == shares[best] > shares[-1]
    for name, w in snapshots[history.best_step].parameters.items():
        np.testing.assert_array_equal(net.parameters[name], w)
    for name, w in snapshots[history.best_step].running.items():
        np.testing.assert_array_equal(net.running[name], w)


def test_standing_still_is_not_getting_better():
    x, y = blobs()
    options = {"lr": 0.0, "validation": (x, y), "evaluate_every": 2, "patience": 3}
    history = train(small_net(), x, y, generator(), steps=100, **options)
    assert history.evaluated_at == [2, 4, 6, 8]
    assert history.best_step == 2


def test_without_patience_the_last_parameters_stay():
    x, y = blobs()
    net = small_net()
    ruin = {"lr": lambda step: 0.1 if step < 5 else 100.0, "evaluate_every": 5}
    history = train(net, x, y, generator(), steps=10, validation=(x, y), **ruin)
    assert history.best_step == 5
    assert accuracy(net, x, y) == history.validation_accuracies[-1]


def test_a_callback_can_stop():
    calls = []

    def callback(step, net, history):
        calls.append((step, len(history.losses)))
        return step == 3

    history = train(small_net(), *blobs(), generator(), steps=50, callback=callback)
    assert calls == [(1, 1), (2, 2), (3, 3)]
    assert len(history.losses) == 3


def test_evaluate_accuracy_and_error_rate():
    net = MLP([2, 2], generator(), initializer=[np.eye(2)])
    x, y = np.array([[3.0, 0.0], [0.0, 3.0], [3.0, 0.0], [0.0, 3.0]]), np.array([0, 1, 1, 1])
    good, bad = -math.log(1 / (1 + math.exp(-3))), 3 - math.log(1 / (1 + math.exp(-3)))
    loss, share = evaluate(net, x, y)
    assert loss == pytest.approx((3 * good + bad) / 4)
    assert share == accuracy(net, x, y) == 0.75
    assert error_rate(net, x, y) == 0.25
    assert math.isnan(evaluate(net, x, np.eye(2)[y])[1])


def test_large_data_are_evaluated_in_parts_with_the_same_result():
    x, y = blobs(2500)
    net = small_net()
    loss, share = evaluate(net, x, y)
    logits = net.forward(x)[0]
    assert loss == pytest.approx(softmax_cross_entropy(logits, y)[0], rel=1e-12)
    assert share == np.mean(logits.argmax(axis=1) == y)


# --- everything together ------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1])
def test_train_classifier_on_digits(seed):
    digits = load_digits()
    arrays = frozen(digits.x_train, digits.y_train, digits.x_val, digits.y_val)
    classify = train_classifier(*arrays, generator(seed))
    labels = classify(digits.x_test)
    assert np.mean(labels == digits.y_test) >= 0.975
    assert classify(digits.x_test[:1]).tolist() == labels[:1].tolist()


@pytest.mark.parametrize("width", [2, 64])
def test_train_classifier_on_any_features(width, monkeypatch):
    monkeypatch.setattr("dltricks.training.CLASSIFIER_STEPS", 60)
    rng = generator()
    centers = rng.uniform(0.2, 0.8, (3, width))
    x, y = gaussian_blobs(180, rng, centers=centers, std=0.03)
    first = train_classifier(x[:90], y[:90], x[90:120], y[90:120], generator(1))
    assert np.mean(first(x[120:]) == y[120:]) > 0.95
    assert first(x[120:121]).shape == (1,)
    assert first(x[120:]).dtype.kind == "i"
    again = train_classifier(x[:90], y[:90], x[90:120], y[90:120], generator(1))
    np.testing.assert_array_equal(first(x), again(x))


def test_train_classifier_refuses():
    x, y = np.zeros((4, 3)), np.array([0, 1, 0, 1])
    with pytest.raises(ValueError, match="x_train"):
        train_classifier(x[0], y, x, y, generator())
    with pytest.raises(ValueError, match="x_val"):
        train_classifier(x, y, x[:, :2], y, generator())
    with pytest.raises(ValueError, match="x and y"):
        train_classifier(x, y[:3], x, y, generator())
    with pytest.raises(ValueError, match="labels"):
        train_classifier(x, -y, x, y, generator())


# --- around -------------------------------------------------------------------------------------


def test_short_runs_print_nothing_and_start_no_thread(capfd):
    threads = threading.active_count()
    train(small_net(), *blobs(), generator(), steps=3)
    train(small_net(), *blobs(), generator(), steps=3, progress=False)
    assert capfd.readouterr() == ("", "")
    assert threading.active_count() == threads


def test_a_fresh_history_is_empty_and_its_own():
    history = History()
    history.losses.append(1.0)
    assert History().losses == []
    assert (history.steps, history.best_step) == ([1], None)


@pytest.mark.parametrize(
    ("message", "options"),
    [
        ("steps or epochs", {}),
        ("steps or epochs", {"steps": 1, "epochs": 1}),
        ("steps", {"steps": 0}),
        ("epochs", {"epochs": -1}),
        ("batch_size", {"steps": 1, "batch_size": 0}),
        ("evaluate_every", {"steps": 1, "evaluate_every": 0}),
        ("patience", {"steps": 1, "patience": 2}),
        ("patience", {"steps": 1, "patience": 0, "validation": blobs()}),
        ("optimizer", {"steps": 1, "optimizer": "sdg"}),
        ("clip", {"steps": 1, "clip": ("size", 1.0)}),
    ],
)
def test_train_refuses(message, options):
    with pytest.raises(ValueError, match=message):
        train(small_net(), *blobs(), generator(), **options)


@pytest.mark.parametrize("function", [accuracy, error_rate, evaluate])
def test_inputs_and_labels_must_be_equally_many(function):
    with pytest.raises(ValueError, match="x and y"):
        function(small_net(), np.zeros((3, 2)), np.zeros(2, int))
    with pytest.raises(ValueError, match="x and y"):
        function(small_net(), np.zeros((0, 2)), np.zeros(0, int))
    with pytest.raises(ValueError, match="x and y"):
        train(small_net(), np.zeros((3, 2)), np.zeros(2, int), generator(), steps=1)
