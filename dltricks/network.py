"""Networks to experiment on: layers of the reference, chained by hand, forward and backward.

`MLP` is a stack of affine layers and `ConvNet` a stack of convolutions, each with any activation,
initializer and normalization of the course, or your own. Their weights lie open in a dict, so
that an experiment can look at them and change them; `dltricks.training` trains them.
"""

import copy
import functools
import itertools
from typing import Any, NamedTuple

import numpy as np

from dltricks import initializers
from dltricks._arrays import real, require, require_positive, require_shape
from dltricks.activations import ACTIVATIONS, Activation
from dltricks.convolution import conv_backward, conv_forward, pool_backward, pool_forward
from dltricks.dropout import dropout_backward, dropout_forward
from dltricks.layers import affine_backward, affine_forward
from dltricks.normalization import (
    batch_whitening_backward,
    batch_whitening_forward,
    batchnorm_backward,
    batchnorm_forward,
    groupnorm_backward,
    groupnorm_forward,
    layernorm_backward,
    layernorm_forward,
    rmsnorm_backward,
    rmsnorm_forward,
    spatial_batchnorm_backward,
    spatial_batchnorm_forward,
)

INITIALIZERS = {
    "small_normal": initializers.small_normal,
    "fan_in_uniform": initializers.fan_in_uniform,
    "xavier_normal": initializers.xavier_normal,
    "xavier_uniform": initializers.xavier_uniform,
    "he_normal": initializers.he_normal,
    "he_uniform": initializers.he_uniform,
    "orthogonal": initializers.orthogonal,
}


class Normalization(NamedTuple):
    """A normalization layer as a network takes it: your own pair of functions fits in too.

    ``forward(x, *parameters)`` returns ``(y, cache)``; if there are running figures it is
    ``forward(x, *parameters, *running, training)`` and returns ``(y, cache, *running)``.
    ``backward(dy, cache)`` returns ``(dx, *gradients of the parameters)``.
    """

    forward: Any
    backward: Any
    parameters: tuple = ("gamma", "beta")  # what is learned, in the order of the arguments
    running: tuple = ()  # what is averaged while training: "mean" with "var" or "covariance"


def _whitening_forward(x, mean, covariance, training, momentum=0.1, eps=1e-5):
    if not training:
        values, vectors = np.linalg.eigh(covariance)
        matrix = (vectors / np.sqrt(values + eps)) @ vectors.T
        return (x - mean) @ matrix, None, mean, covariance
    y, cache = batch_whitening_forward(x, eps)
    batch_mean = x.mean(axis=0)
    centred = x - batch_mean
    mean = (1 - momentum) * mean + momentum * batch_mean
    covariance = (1 - momentum) * covariance + momentum * (centred.T @ centred / len(x))
    return y, cache, mean, covariance


def _whitening_backward(dy, cache):
    return (batch_whitening_backward(dy, cache),)


# Of rows (N, D), and of images (N, C, H, W). Layer norm over an image is group norm of one group.
NORMALIZATIONS = {
    "batch": Normalization(batchnorm_forward, batchnorm_backward, running=("mean", "var")),
    "layer": Normalization(layernorm_forward, layernorm_backward),
    "rms": Normalization(rmsnorm_forward, rmsnorm_backward, ("gamma",)),
    "whitening": Normalization(
        _whitening_forward, _whitening_backward, (), running=("mean", "covariance")
    ),
}
SPATIAL_NORMALIZATIONS = {
    "batch": Normalization(
        spatial_batchnorm_forward, spatial_batchnorm_backward, running=("mean", "var")
    ),
    "layer": Normalization(functools.partial(groupnorm_forward, groups=1), groupnorm_backward),
    "group": Normalization(functools.partial(groupnorm_forward, groups=4), groupnorm_backward),
}
STARTS = {
    "gamma": np.ones,
    "beta": np.zeros,
    "mean": np.zeros,
    "var": np.ones,
    "covariance": np.eye,
}


class Network:
    """What networks have in common: parameters by name, a normalization, predictions, copies.

    Attributes
    ----------
    parameters : dict of str to ndarray
        Everything that is learned, first layer first: "w1", "b1", "gamma1", "beta1", "w2", ...
    running : dict of str to ndarray
        The normalization's running averages: "mean1", "var1", ...
    """

    def __init__(self, activation, normalization, registry):
        self.activation = _lookup("activation", activation, ACTIVATIONS)
        if not isinstance(self.activation, Activation):
            self.activation = Activation(*self.activation)
        if normalization is not None:
            normalization = _lookup("normalization", normalization, registry)
        self.normalization = normalization
        self.parameters = {}
        self.running = {}

    def predict(self, x):
        """The most likely class of each sample: int labels (N,) for x of N samples."""
        return self.forward(x)[0].argmax(axis=1)

    def copy(self):
        """A network of its own with the same parameters and running averages."""
        return copy.deepcopy(self)

    def backward(self, dlogits, cache):
        """Gradients of a loss with respect to all parameters.

        Parameters
        ----------
        dlogits : ndarray, shape (N, K)
            The loss's gradient with respect to the logits.
        cache : MLPCache or ConvNetCache
            What ``forward`` returned; with batch norm or whitening, in training.

        Returns
        -------
        gradients : dict of str to ndarray
            Named, ordered and shaped as `parameters`.
        """
        return self._backward(dlogits, cache)[0]

    def input_gradient(self, dlogits, cache):
        """Gradient of a loss with respect to the input; arguments as those of ``backward``.

        Returns
        -------
        dx : ndarray, the shape of x
        """
        return self._backward(dlogits, cache)[1]

    def activations(self, x, training=False):
        """The hidden layers' activations, first layer first, (N, width) or (N, C, H, W) each.

        With ``training`` a normalization layer uses the statistics of x itself, not its running
        averages; these stay as they are, and nothing is dropped.
        """
        return [layer.activation for layer in self._look(x, training)]

    def pre_activations(self, x, training=False):
        """What the activation functions are given, first layer first; see `activations`."""
        return [layer.pre_activation for layer in self._look(x, training)]

    def _look(self, x, training):
        other = copy.copy(self)
        other.dropout = other.input_dropout = 0.0
        return other.forward(x, training)[1].layers

    def _weights(self, layer):
        return self.parameters[f"w{layer}"], self.parameters[f"b{layer}"]

    def _start_normalization(self, layer, width):
        for name in self.normalization.parameters if self.normalization else ():
            self.parameters[f"{name}{layer}"] = STARTS[name](width)
        for name in self.normalization.running if self.normalization else ():
            self.running[f"{name}{layer}"] = STARTS[name](width)

    def _normalize(self, x, layer, training):
        norm = self.normalization
        parameters = [self.parameters[f"{name}{layer}"] for name in norm.parameters]
        if not norm.running:
            return norm.forward(x, *parameters)
        names = [f"{name}{layer}" for name in norm.running]
        averages = [self.running[name] for name in names]
        y, cache, *averages = norm.forward(x, *parameters, *averages, training)
        if training:
            self.running = {**self.running, **dict(zip(names, averages, strict=True))}
        return y, cache

    def _normalize_backward(self, dy, cache, layer, gradients):
        dx, *grads = self.normalization.backward(dy, cache)
        for name, grad in zip(self.normalization.parameters, grads, strict=True):
            gradients[f"{name}{layer}"] = grad
        return dx


class LayerCache(NamedTuple):
    """What `MLP.forward` keeps of one hidden layer."""

    affine: Any
    normalization: Any  # None without
    pre_activation: np.ndarray  # (N, width), what the activation function was given
    activation: np.ndarray  # (N, width), what came out, before dropout and the skip connection
    dropout: Any  # None without
    skips: bool  # whether the layer's input was added to its output


class MLPCache(NamedTuple):
    """What `MLP.forward` keeps for the way back."""

    dropout: Any  # of the input; None without
    layers: list  # a LayerCache for each hidden layer, first layer first
    output: Any  # the last affine layer's


class MLP(Network):
    """A multilayer perceptron with the tricks of the course as options.

    Each hidden layer computes ``activation(x @ w + b)``; the last layer ends in logits. With all
    options on: ``h + dropout(activation(normalize(h @ w + b)))``.

    Parameters
    ----------
    sizes : sequence of int
        Widths from input to output, at least two: ``[64, 100, 10]`` has one hidden layer.
    rng : numpy.random.Generator
        Source of randomness for the weights.
    activation : str or (function, gradient), default "relu"
        A name in `dltricks.activations.ACTIVATIONS`, or two elementwise functions of the
        pre-activation.
    initializer : str, callable or list of ndarray, default "he_normal"
        A name in `INITIALIZERS`, a function ``(fan_in, fan_out, rng) -> w``, or the weight
        matrices themselves (copied).
    bias : float, default 0.0
        Where the hidden layers' biases start; the output's start at 0.
    normalization : str or Normalization, optional
        "batch", "layer", "rms", "whitening" (decorrelated batch norm), or a `Normalization`.
    norm_position : {"before", "after"}, default "before"
        Normalize what goes into the activation function, or what comes out of it.
    dropout, input_dropout : float, default 0.0
        Probability with which a hidden activation, or an input, is dropped in training.
    dropout_layer : (forward, backward)
        The functions that do it, by default the reference's.
    residual : bool, default False
        Add a hidden layer's input to its output where both have the same width.

    Raises
    ------
    ValueError
        If a size is not positive, a name is unknown, a probability is outside [0, 1), or a given
        weight matrix does not fit.

    Notes
    -----
    D0-D3. "Before" is where Ioffe and Szegedy (2015) put batch norm; its layer keeps a bias, which
    their beta makes superfluous. He et al. (2016) add the skip connection over two layers and not
    one. A network is the one thing in `dltricks` that changes: training it replaces the arrays in
    `parameters` and `running` by new ones, but never writes into an array.

    Examples
    --------
    >>> net = MLP([64, 100, 10], np.random.default_rng(0), normalization="layer")
    >>> list(net.parameters)
    ['w1', 'b1', 'gamma1', 'beta1', 'w2', 'b2']
    >>> net.predict(np.zeros((3, 64))).shape
    (3,)
    """

    def __init__(
        self,
        sizes,
        rng,
        *,
        activation="relu",
        initializer="he_normal",
        bias=0.0,
        normalization=None,
        norm_position="before",
        dropout=0.0,
        input_dropout=0.0,
        dropout_layer=(dropout_forward, dropout_backward),
        residual=False,
    ):
        super().__init__(activation, normalization, NORMALIZATIONS)
        sizes = list(sizes)
        require(len(sizes) >= 2, f"sizes must name at least two widths, not {sizes}")
        for width in sizes:
            require_positive(sizes=width)
        _require_option("norm_position", norm_position, ("before", "after"))
        for name, drop in {"dropout": dropout, "input_dropout": input_dropout}.items():
            require(0 <= drop < 1, f"{name} must be in [0, 1), not {drop!r}")
        self.norm_position = norm_position
        self.dropout, self.input_dropout = dropout, input_dropout
        self.dropout_forward, self.dropout_backward = dropout_layer
        self.residual = residual
        self.depth = len(sizes) - 1
        weights = _draw_weights(sizes, rng, initializer)
        for layer, w in enumerate(weights, start=1):
            hidden = layer < self.depth
            self.parameters[f"w{layer}"] = w
            self.parameters[f"b{layer}"] = np.full(w.shape[1], bias if hidden else 0.0)
            if hidden:
                self._start_normalization(layer, w.shape[1])

    def forward(self, x, training=False, rng=None):
        """Compute the logits of a batch.

        Parameters
        ----------
        x : array_like, shape (N, sizes[0])
            A batch of inputs.
        training : bool, default False
            Whether to drop units, and to normalize by the batch's own statistics, which then also
            move the running averages.
        rng : numpy.random.Generator, optional
            Source of randomness, needed for dropout in training.

        Returns
        -------
        logits : ndarray, shape (N, sizes[-1])
        cache : MLPCache
            For ``backward``, and to look into.

        Raises
        ------
        ValueError
            If x does not fit the first layer, or dropout has no rng.
        """
        x = real(x)
        require_shape("x", x, (None, len(self.parameters["w1"])))
        drops = training and (self.dropout > 0 or self.input_dropout > 0)
        require(rng is not None or not drops, "rng is needed to drop units in training")
        h, input_dropout = self._drop(x, self.input_dropout, training, rng)
        layers = []
        for layer in range(1, self.depth):
            u, affine = affine_forward(h, *self._weights(layer))
            norm = None
            if self.normalization and self.norm_position == "before":
                u, norm = self._normalize(u, layer, training)
            a = self.activation.function(u)
            if self.normalization and self.norm_position == "after":
                a, norm = self._normalize(a, layer, training)
            y, dropped = self._drop(a, self.dropout, training, rng)
            skips = self.residual and y.shape == h.shape
            h = h + y if skips else y
            layers.append(LayerCache(affine, norm, u, a, dropped, skips))
        logits, output = affine_forward(h, *self._weights(self.depth))
        return logits, MLPCache(input_dropout, layers, output)

    def _drop(self, x, drop, training, rng):
        return self.dropout_forward(x, drop, rng, training) if training and drop else (x, None)

    def _backward(self, dlogits, cache):
        grads = {}
        dh, dw, db = affine_backward(dlogits, cache.output)
        grads[f"w{self.depth}"], grads[f"b{self.depth}"] = dw, db
        for layer in reversed(range(1, self.depth)):
            kept = cache.layers[layer - 1]
            da = dh if kept.dropout is None else self.dropout_backward(dh, kept.dropout)
            if self.normalization and self.norm_position == "after":
                da = self._normalize_backward(da, kept.normalization, layer, grads)
            du = da * self.activation.gradient(kept.pre_activation)
            if self.normalization and self.norm_position == "before":
                du = self._normalize_backward(du, kept.normalization, layer, grads)
            dx, grads[f"w{layer}"], grads[f"b{layer}"] = affine_backward(du, kept.affine)
            dh = dh + dx if kept.skips else dx
        dx = dh if cache.dropout is None else self.dropout_backward(dh, cache.dropout)
        return {name: grads[name] for name in self.parameters}, dx


class ConvLayerCache(NamedTuple):
    """What `ConvNet.forward` keeps of one block."""

    conv: Any
    normalization: Any  # None without
    pre_activation: np.ndarray  # (N, C, H, W), what the activation function was given
    activation: np.ndarray  # (N, C, H, W), what came out, before pooling
    pool: Any


class ConvNetCache(NamedTuple):
    """What `ConvNet.forward` keeps for the way back."""

    layers: list  # a ConvLayerCache for each block, first block first
    shape: tuple  # (N, C, H, W), of what is flattened for the last layer
    dropout: Any  # None without
    output: Any  # the last affine layer's


class ConvNet(Network):
    """A small convolutional network: blocks that look for patterns, then one affine layer.

    Each block computes ``pool(activation(normalize(conv(x))))``, a 3 x 3 convolution that keeps the
    image's size and 2 x 2 pooling that halves it; what the last one leaves is flattened.

    Parameters
    ----------
    shape : (int, int, int)
        Of one image, (C, H, W).
    channels : sequence of int
        Patterns that each block looks for, at least one block.
    num_classes : int
        Number of logits.
    rng : numpy.random.Generator
        Source of randomness for the weights.
    activation : str or (function, gradient), default "relu"
        As for `MLP`.
    initializer : str or callable, default "he_normal"
        A name in `INITIALIZERS` or ``(fan_in, fan_out, rng) -> w``. The fan-in of a convolution is
        the size of the patch that it looks at, C * 9.
    normalization : str or Normalization, optional
        "batch", "layer", "group" (of four groups), or a `Normalization` of images; before the
        activation.
    pooling : {"max", "average"}, default "max"
        How a block shrinks its image.
    dropout : float, default 0.0
        Probability with which an input of the last layer is dropped in training.

    Raises
    ------
    ValueError
        If a size is not positive, a name is unknown, dropout is outside [0, 1), or the image is too
        small for so many blocks.

    Notes
    -----
    D0 and D4; LeCun et al. (1998). An epoch of 1,000 images of 8 x 8 takes about half a second.

    Examples
    --------
    >>> net = ConvNet((1, 8, 8), [8, 16], 10, np.random.default_rng(0), normalization="batch")
    >>> {name: w.shape for name, w in net.parameters.items() if name.startswith("w")}
    {'w1': (8, 1, 3, 3), 'w2': (16, 8, 3, 3), 'w3': (64, 10)}
    """

    def __init__(
        self,
        shape,
        channels,
        num_classes,
        rng,
        *,
        activation="relu",
        initializer="he_normal",
        normalization=None,
        pooling="max",
        dropout=0.0,
    ):
        super().__init__(activation, normalization, SPATIAL_NORMALIZATIONS)
        image_channels, height, width = shape
        widths = [image_channels, *channels]
        require(len(widths) >= 2, "channels must name at least one block")
        for size in (*shape, *widths):
            require_positive(**{"shape and channels": size})
        require_positive(num_classes=num_classes)
        _require_option("pooling", pooling, ("max", "average"))
        require(0 <= dropout < 1, f"dropout must be in [0, 1), not {dropout!r}")
        self.pooling, self.dropout = pooling, dropout
        self.shape, self.depth = tuple(shape), len(widths)
        shrink = 2 ** (self.depth - 1)
        pixels = (height // shrink) * (width // shrink)
        require(pixels > 0, f"shape must be at least {shrink} x {shrink} for so many blocks")
        draw = _lookup("initializer", initializer, INITIALIZERS)
        for layer, (c_in, c_out) in enumerate(itertools.pairwise(widths), start=1):
            w = real(draw(c_in * 9, c_out, rng))
            self.parameters[f"w{layer}"] = w.T.reshape(c_out, c_in, 3, 3)
            self.parameters[f"b{layer}"] = np.zeros(c_out)
            self._start_normalization(layer, c_out)
        self.parameters[f"w{self.depth}"] = real(draw(widths[-1] * pixels, num_classes, rng))
        self.parameters[f"b{self.depth}"] = np.zeros(num_classes)

    def forward(self, x, training=False, rng=None):
        """Compute the logits of a batch.

        Parameters
        ----------
        x : array_like, shape (N, C, H, W)
            A batch of images.
        training : bool, default False
            As for `MLP.forward`.
        rng : numpy.random.Generator, optional
            Source of randomness, needed for dropout in training.

        Returns
        -------
        logits : ndarray, shape (N, num_classes)
        cache : ConvNetCache
            For ``backward``, and to look into.

        Raises
        ------
        ValueError
            If x does not fit, or dropout has no rng.
        """
        h = real(x)
        require_shape("x", h, (None, *self.shape))
        drops = training and self.dropout > 0
        require(rng is not None or not drops, "rng is needed to drop units in training")
        layers = []
        for layer in range(1, self.depth):
            u, conv = conv_forward(h, *self._weights(layer), padding=1)
            norm = None
            if self.normalization:
                u, norm = self._normalize(u, layer, training)
            a = self.activation.function(u)
            h, pool = pool_forward(a, kind=self.pooling)
            layers.append(ConvLayerCache(conv, norm, u, a, pool))
        flat, dropped = h.reshape(len(h), -1), None
        if drops:
            flat, dropped = dropout_forward(flat, self.dropout, rng)
        logits, output = affine_forward(flat, *self._weights(self.depth))
        return logits, ConvNetCache(layers, h.shape, dropped, output)

    def _backward(self, dlogits, cache):
        grads = {}
        dh, dw, db = affine_backward(dlogits, cache.output)
        grads[f"w{self.depth}"], grads[f"b{self.depth}"] = dw, db
        if cache.dropout is not None:
            dh = dropout_backward(dh, cache.dropout)
        dh = dh.reshape(cache.shape)
        for layer in reversed(range(1, self.depth)):
            kept = cache.layers[layer - 1]
            du = pool_backward(dh, kept.pool) * self.activation.gradient(kept.pre_activation)
            if self.normalization:
                du = self._normalize_backward(du, kept.normalization, layer, grads)
            dh, grads[f"w{layer}"], grads[f"b{layer}"] = conv_backward(du, kept.conv)
        return {name: grads[name] for name in self.parameters}, dh


def _lookup(argument, value, registry):
    if isinstance(value, str):
        _require_option(argument, value, registry)
        return registry[value]
    return value


def _require_option(argument, value, options):
    require(value in options, f"{argument} must be one of {', '.join(options)}, not {value!r}")


def _draw_weights(sizes, rng, initializer):
    shapes = list(itertools.pairwise(sizes))
    if isinstance(initializer, (list, tuple)):
        weights = [np.array(real(w)) for w in initializer]
        require(len(weights) == len(shapes), f"initializer must be {len(shapes)} weight matrices")
    else:
        draw = _lookup("initializer", initializer, INITIALIZERS)
        weights = [real(draw(fan_in, fan_out, rng)) for fan_in, fan_out in shapes]
    for w, shape in zip(weights, shapes, strict=True):
        require_shape("a weight matrix of initializer", w, shape)
    return weights
