import copy

import numpy as np
import pytest
from oracles import assert_gradient, frozen
from scipy.special import log_softmax

from dltricks.activations import ACTIVATIONS
from dltricks.initializers import orthogonal
from dltricks.losses import softmax_cross_entropy
from dltricks.network import INITIALIZERS, MLP, NORMALIZATIONS, ConvNet, Normalization
from dltricks.normalization import batchnorm_backward, batchnorm_forward

LABELS = np.array([0, 1, 2, 0, 1, 2, 2])


def generator(seed=0):
    return np.random.default_rng(seed)


def smooth_inputs(shape, seed=1):
    return generator(seed).normal(size=shape)


def assert_network_gradients(net, x, y, seed=None, rtol=1e-6):
    """Compare all parameters' gradients, and the input's, with differences of the whole network."""

    def loss_of(net, x):
        rng = None if seed is None else generator(seed)
        return softmax_cross_entropy(net.forward(x, True, rng)[0], y)[0]

    rng = None if seed is None else generator(seed)
    logits, cache = net.forward(x, True, rng)
    dlogits = softmax_cross_entropy(logits, y)[1]
    gradients = net.backward(dlogits, cache)
    assert list(gradients) == list(net.parameters)
    for name, gradient in gradients.items():

        def f(value, name=name):
            other = net.copy()
            other.parameters[name] = value
            return loss_of(other, x)

        assert_gradient(f, net.parameters[name], gradient, generator(2), rtol=rtol, directions=2)
    dx = net.input_gradient(dlogits, cache)
    assert_gradient(lambda value: loss_of(net, value), x, dx, generator(3), rtol=rtol, directions=3)


def perturbed(net, seed=9):
    """Move gamma, beta and biases off their starts, where errors in them would not show."""
    rng = generator(seed)
    for name, value in net.parameters.items():
        if not name.startswith("w"):
            net.parameters[name] = value + 0.3 * rng.normal(size=value.shape)
    return net


@pytest.mark.parametrize("position", ["before", "after"])
@pytest.mark.parametrize("residual", [False, True])
@pytest.mark.parametrize("normalization", [None, *NORMALIZATIONS])
def test_mlp_gradients_with_every_normalization(normalization, residual, position):
    options = {"normalization": normalization, "residual": residual, "norm_position": position}
    # more inputs than units and more samples than both: no covariance is singular
    net = perturbed(MLP([6, 4, 4, 3], generator(), activation="tanh", **options))
    rtol = 1e-4 if normalization == "whitening" else 1e-6
    x, y = smooth_inputs((14, 6)), np.resize(LABELS, 14)
    assert_network_gradients(net, x, y, rtol=rtol)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_mlp_gradients_with_every_activation(activation):
    net = perturbed(MLP([4, 6, 6, 3], generator(), activation=activation, bias=0.1))
    assert_network_gradients(net, smooth_inputs((7, 4)), LABELS)


@pytest.mark.parametrize("normalization", [None, "batch"])
def test_mlp_gradients_with_dropout_of_inputs_and_units(normalization):
    net = MLP(
        [6, 8, 8, 3], generator(), dropout=0.4, input_dropout=0.2, residual=True,
        activation="softplus", normalization=normalization,
    )  # fmt: skip
    assert_network_gradients(net, smooth_inputs((7, 6)), LABELS, seed=5)


def test_mlp_is_the_formula_written_out():
    rng = generator()
    w1, w2 = rng.normal(size=(4, 5)), rng.normal(size=(5, 3))
    net = MLP([4, 5, 3], rng, initializer=[w1, w2], bias=0.25, activation="tanh")
    x = smooth_inputs((7, 4))
    np.testing.assert_allclose(net.forward(x)[0], np.tanh(x @ w1 + 0.25) @ w2, rtol=1e-13)
    np.testing.assert_array_equal(net.parameters["b2"], np.zeros(3))


def test_a_linear_classifier_has_the_closed_form_gradient():
    net = MLP([4, 3], generator())
    x = smooth_inputs((7, 4))
    logits, cache = net.forward(x)
    gradients = net.backward(softmax_cross_entropy(logits, LABELS)[1], cache)
    residual = (np.exp(log_softmax(logits, axis=1)) - np.eye(3)[LABELS]) / 7
    np.testing.assert_allclose(gradients["w1"], x.T @ residual, rtol=1e-12)
    np.testing.assert_allclose(gradients["b1"], residual.sum(axis=0), rtol=1e-12, atol=1e-15)


def test_residual_layers_with_zero_weights_pass_their_input():
    weights = [np.eye(4), np.zeros((4, 4)), np.zeros((4, 4)), np.eye(4)]
    x = np.abs(smooth_inputs((7, 4)))
    for residual in (True, False):
        net = MLP([4] * 5, generator(), initializer=weights, residual=residual)
        expected = 2 * x if residual else np.zeros_like(x)  # the first adds relu(x) = x
        np.testing.assert_allclose(net.forward(x)[0], expected, atol=1e-15)


def test_residual_skips_only_where_widths_agree():
    net = MLP([4, 5, 5, 3], generator(), residual=True)
    layers = net.forward(smooth_inputs((2, 4)))[1].layers
    assert [layer.skips for layer in layers] == [False, True]


@pytest.mark.parametrize("position", ["before", "after"])
def test_batch_norm_in_the_mlp_standardizes_and_keeps_running_averages(position):
    net = MLP([4, 5, 3], generator(), normalization="batch", norm_position=position)
    x = smooth_inputs((50, 4))
    before = net.running
    cache = net.forward(x, training=True)[1]
    (layer,) = cache.layers
    normalized = layer.pre_activation if position == "before" else layer.activation
    np.testing.assert_allclose(normalized.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(normalized.std(axis=0), 1, rtol=1e-3)
    raw = x @ net.parameters["w1"]
    raw = raw if position == "before" else np.maximum(raw, 0)
    np.testing.assert_allclose(net.running["mean1"], 0.1 * raw.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(net.running["var1"], 0.9 + 0.1 * raw.var(axis=0), rtol=1e-12)
    np.testing.assert_array_equal(before["mean1"], np.zeros(5))  # replaced, not written to
    after = net.running
    net.forward(x)
    assert net.running is after


def test_whitening_uses_running_figures_when_not_training():
    rng = generator()
    net = MLP([6, 4, 2], rng, activation="linear", normalization="whitening")
    x = rng.normal(size=(500, 6)) @ rng.normal(size=(6, 6)) + 1.0
    for _ in range(200):
        (layer,) = net.forward(x, training=True)[1].layers
    np.testing.assert_allclose(net.pre_activations(x)[0], layer.pre_activation, atol=1e-3)
    one_by_one = np.concatenate([net.forward(row[None])[0] for row in x[:5]])
    np.testing.assert_allclose(one_by_one, net.forward(x[:5])[0], rtol=1e-9)


def test_whitening_decorrelates_while_training():
    net = MLP([6, 4, 2], generator(), activation="linear", normalization="whitening")
    x = smooth_inputs((60, 6)) @ smooth_inputs((6, 6), seed=3)
    (y,) = net.pre_activations(x, training=True)
    np.testing.assert_allclose(np.cov(y.T, bias=True), np.eye(4), atol=1e-3)


def test_your_own_normalization_fits_in():
    own = Normalization(batchnorm_forward, batchnorm_backward, running=("mean", "var"))
    x = smooth_inputs((7, 4))
    nets = [MLP([4, 5, 3], generator(), normalization=norm) for norm in (own, "batch")]
    first, second = (net.forward(x, training=True)[0] for net in nets)
    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(nets[0].running["var1"], nets[1].running["var1"])


def test_your_own_activation_initializer_and_dropout_fit_in():
    drops = []

    def forward(x, drop, rng, training=True):
        drops.append(drop)
        return 2 * x, None

    net = MLP(
        [4, 5, 3],
        generator(),
        activation=(np.sin, np.cos),
        initializer=lambda fan_in, fan_out, rng: np.full((fan_in, fan_out), 0.1),
        dropout=0.3,
        dropout_layer=(forward, lambda dy, cache: 2 * dy),
    )
    x = smooth_inputs((7, 4))
    hidden = np.sin(x @ np.full((4, 5), 0.1))
    np.testing.assert_allclose(net.activations(x)[0], hidden, rtol=1e-12)
    logits = net.forward(x, True, generator())[0]
    np.testing.assert_allclose(logits, 2 * hidden @ np.full((5, 3), 0.1), rtol=1e-12)
    assert drops == [0.3]


@pytest.mark.parametrize("name", INITIALIZERS)
def test_initializers_by_name(name):
    net = MLP([30, 20, 10], generator(), initializer=name)
    rng = generator()
    for layer, (fan_in, fan_out) in enumerate([(30, 20), (20, 10)], start=1):
        expected = INITIALIZERS[name](fan_in, fan_out, rng)
        np.testing.assert_array_equal(net.parameters[f"w{layer}"], expected)


def test_dropout_only_acts_in_training_and_keeps_the_mean():
    net = MLP([50, 400, 3], generator(), dropout=0.5)
    x = smooth_inputs((20, 50))
    rng = generator(1)
    np.testing.assert_array_equal(net.forward(x)[0], net.forward(x, False, rng)[0])
    mean = np.mean([net.forward(x, True, rng)[0] for _ in range(400)], axis=0)
    np.testing.assert_allclose(mean, net.forward(x)[0], atol=0.25)
    hidden = net.forward(x, True, rng)[1].layers[0]
    assert hidden.activation.shape == (20, 400)


def test_activations_by_depth():
    net = MLP([4, 6, 5, 3], generator(), activation="tanh", normalization="batch", dropout=0.5)
    x = smooth_inputs((9, 4))
    running = copy.deepcopy(net.running)
    for training in (False, True):
        u, a = net.pre_activations(x, training), net.activations(x, training)
        assert [h.shape for h in a] == [(9, 6), (9, 5)]
        for before, after in zip(u, a, strict=True):
            np.testing.assert_allclose(after, np.tanh(before), rtol=1e-14)
    np.testing.assert_allclose(u[0].std(axis=0), 1, rtol=1e-3)
    assert all(np.array_equal(net.running[name], running[name]) for name in running)
    assert net.dropout == 0.5


def test_predict_and_one_sample():
    net = MLP([3, 3], generator(), initializer=[np.eye(3)])
    assert net.predict([[0, 5, 1]]).tolist() == [1]
    assert net.predict(np.eye(3)).tolist() == [0, 1, 2]


def test_a_copy_is_independent():
    net = MLP([4, 5, 3], generator(), normalization="batch")
    other = net.copy()
    other.parameters["w1"][:] = 0
    other.forward(smooth_inputs((7, 4)), training=True)
    assert np.all(net.parameters["w1"] != 0)
    np.testing.assert_array_equal(net.running["mean1"], np.zeros(5))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("normalization", [None, *NORMALIZATIONS])
def test_nothing_is_changed_and_float_width_is_kept(dtype, normalization):
    net = MLP([4, 5, 3], generator(), normalization=normalization, residual=True, dropout=0.2)
    net.parameters = {name: frozen(w.astype(dtype)) for name, w in net.parameters.items()}
    net.running = {name: frozen(w.astype(dtype)) for name, w in net.running.items()}
    x = frozen(smooth_inputs((7, 4)).astype(dtype))
    logits, cache = net.forward(x, True, generator())
    assert logits.dtype == dtype
    gradients = net.backward(frozen(logits), cache)
    assert {gradient.dtype for gradient in gradients.values()} == {np.dtype(dtype)}
    assert {average.dtype for average in net.running.values()} <= {np.dtype(dtype)}


def test_a_cache_can_be_used_twice():
    net = MLP([4, 5, 3], generator(), normalization="batch")
    logits, cache = net.forward(smooth_inputs((7, 4)), training=True)
    first, second = net.backward(logits, cache), net.backward(logits, cache)
    assert all(np.array_equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize(
    ("message", "options"),
    [
        ("sizes", {"sizes": [4]}),
        ("sizes", {"sizes": [4, 0, 3]}),
        ("activation", {"activation": "swish"}),
        ("initializer", {"initializer": "magic"}),
        ("initializer", {"initializer": [np.eye(4)]}),
        ("initializer", {"initializer": [np.eye(4), np.eye(4)]}),
        ("normalization", {"normalization": "group"}),
        ("norm_position", {"norm_position": "beside"}),
        ("dropout", {"dropout": 1.0}),
        ("input_dropout", {"input_dropout": -0.1}),
    ],
)
def test_mlp_refuses(message, options):
    options = {"sizes": [4, 5, 3]} | options
    with pytest.raises(ValueError, match=message):
        MLP(options.pop("sizes"), generator(), **options)


def test_forward_refuses():
    net = MLP([4, 5, 3], generator(), dropout=0.5)
    with pytest.raises(ValueError, match="x must have shape"):
        net.forward(np.zeros((2, 5)))
    with pytest.raises(ValueError, match="rng"):
        net.forward(np.zeros((2, 4)), training=True)
    conv = ConvNet((1, 4, 4), [2], 3, generator(), dropout=0.5)
    with pytest.raises(ValueError, match="x must have shape"):
        conv.forward(np.zeros((2, 1, 4, 5)))
    with pytest.raises(ValueError, match="rng"):
        conv.forward(np.zeros((2, 1, 4, 4)), training=True)


@pytest.mark.parametrize("pooling", ["max", "average"])
@pytest.mark.parametrize("normalization", [None, "batch", "layer", "group"])
def test_conv_net_gradients(normalization, pooling):
    net = ConvNet(
        (2, 5, 4), [4, 4], 3, generator(),
        activation="tanh", normalization=normalization, pooling=pooling, dropout=0.2,
    )  # fmt: skip
    assert_network_gradients(perturbed(net), smooth_inputs((7, 2, 5, 4)), LABELS, seed=4)


def test_conv_net_draws_each_pattern_with_its_own_fan_in():
    net = ConvNet((3, 8, 8), [4], 10, generator(), initializer=orthogonal)
    w = net.parameters["w1"].reshape(4, 27)
    np.testing.assert_allclose(w @ w.T, np.eye(4), atol=1e-12)
    assert net.parameters["w2"].shape == (4 * 4 * 4, 10)


def test_conv_net_does_not_see_where_a_pattern_is():
    net = ConvNet((1, 16, 16), [3], 2, generator())
    image = np.zeros((1, 1, 16, 16))
    image[0, 0, 4:8, 4:8] = smooth_inputs((4, 4))
    (here,) = net.activations(image)
    (there,) = net.activations(np.roll(image, (4, 2), axis=(2, 3)))
    np.testing.assert_allclose(there, np.roll(here, (4, 2), axis=(2, 3)), atol=1e-12)


def test_conv_net_looks_into_its_layers():
    net = ConvNet((1, 8, 8), [2, 4], 3, generator(), normalization="batch")
    x = smooth_inputs((5, 1, 8, 8))
    u = net.pre_activations(x, training=True)
    assert [h.shape for h in u] == [(5, 2, 8, 8), (5, 4, 4, 4)]
    np.testing.assert_allclose(u[0].mean(axis=(0, 2, 3)), 0, atol=1e-12)
    assert net.predict(x[:1]).shape == (1,)


@pytest.mark.parametrize(
    ("message", "options"),
    [
        ("channels", {"channels": []}),
        ("channels", {"channels": [0]}),
        ("num_classes", {"num_classes": 0}),
        ("shape", {"channels": [2, 2, 2, 2]}),
        ("pooling", {"pooling": "median"}),
        ("normalization", {"normalization": "rms"}),
        ("dropout", {"dropout": 1.5}),
    ],
)
def test_conv_net_refuses(message, options):
    options = {"channels": [4], "num_classes": 3} | options
    channels, num_classes = options.pop("channels"), options.pop("num_classes")
    with pytest.raises(ValueError, match=message):
        ConvNet((1, 8, 8), channels, num_classes, generator(), **options)
