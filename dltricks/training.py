"""The training loop: mini-batches, an optimizer, and whichever tricks an experiment asks for.

`train` runs it and returns a `History` of what happened; `accuracy` judges the result.
"""

import functools
import inspect
import itertools
import math
from dataclasses import dataclass, field

import numpy as np
from tqdm import tqdm

from dltricks._arrays import class_labels, real, require, require_positive, require_shape
from dltricks.augmentation import affine_matrix, translate, warp
from dltricks.dropout import input_noise
from dltricks.ensembles import ensemble_average
from dltricks.gradients import clip_by_global_norm, clip_by_value
from dltricks.losses import softmax_cross_entropy
from dltricks.network import MLP
from dltricks.optimizers import OPTIMIZERS, minibatches, nesterov
from dltricks.schedules import warmup_cosine

EVALUATION_BATCH = 1000  # samples predicted at once: an image's patches need 9 times its memory
CLASSIFIER_STEPS = 1500  # of each network of train_classifier, at most; on few data 60 epochs
DISTORTED_COPIES = 20  # of every training image of train_classifier


@dataclass
class History:
    """What happened in a training run, as lists with one entry a step or an evaluation."""

    losses: list = field(default_factory=list)  # of each batch before its step, without penalty
    lrs: list = field(default_factory=list)  # learning rate of each step
    gradient_norms: list = field(default_factory=list)  # of all parameters, before clipping
    evaluated_at: list = field(default_factory=list)  # number of steps taken before the evaluation
    validation_losses: list = field(default_factory=list)
    validation_accuracies: list = field(default_factory=list)  # nan where targets aren't labels
    best_step: int | None = None  # of the first evaluation with the lowest error
    diverged: bool = False  # stopped because something was infinite or not a number

    @property
    def steps(self):
        """The steps' numbers, from 1: what `losses` is plotted against."""
        return list(range(1, len(self.losses) + 1))


class _Bar(tqdm):
    monitor_interval = 0  # no thread beside: the bar is updated at every step anyway


@np.errstate(under="ignore")  # the probability of a hopeless class may round to 0
def cross_entropy(logits, targets):
    """Softmax cross entropy of labels, or of soft targets as mixup and label smoothing make them.

    ``loss = -1/N sum_n sum_k t_nk log softmax(logits_n)_k``.

    Parameters
    ----------
    logits : ndarray, shape (N, K)
    targets : ndarray, shape (N,) of int or (N, K)
        Each sample's class, or its distribution over the classes.

    Returns
    -------
    loss : float
    dlogits : ndarray, shape (N, K)

    Raises
    ------
    ValueError
        If the shapes do not fit.

    Examples
    --------
    >>> logits = np.array([[0.0, 0.0]])
    >>> loss, dlogits = cross_entropy(logits, np.array([[0.75, 0.25]]))
    >>> round(float(loss), 4), dlogits
    (0.6931, array([[-0.25,  0.25]]))
    """
    if np.ndim(targets) == 1:
        return softmax_cross_entropy(logits, targets)
    require_shape("targets", np.asarray(targets), np.shape(logits))
    shifted = logits - logits.max(axis=1, keepdims=True)
    odds = np.exp(shifted)
    total = odds.sum(axis=1, keepdims=True)
    loss = np.sum(targets * (np.log(total) - shifted)) / len(logits)
    return loss, (odds / total * targets.sum(axis=1, keepdims=True) - targets) / len(logits)


def loss_and_gradients(net, x, y, loss=cross_entropy, rng=None):
    """One forward and one backward pass in training mode, without a step.

    Parameters
    ----------
    net : Network
        Only its running averages change.
    x : ndarray, shape (N, ...)
        A batch of inputs.
    y : ndarray
        Its labels or targets, as `loss` takes them.
    loss : callable, default `cross_entropy`
        ``(logits, y) -> (loss, dlogits)``.
    rng : numpy.random.Generator, optional
        Source of randomness, needed for dropout.

    Returns
    -------
    value : float
        The loss.
    gradients : dict of str to ndarray
        Named and shaped as ``net.parameters``.

    Examples
    --------
    >>> from dltricks.network import MLP
    >>> net = MLP([4, 3], np.random.default_rng(0), initializer=[np.zeros((4, 3))])
    >>> value, gradients = loss_and_gradients(net, np.ones((2, 4)), np.array([0, 2]))
    >>> round(value, 4) == round(math.log(3), 4), gradients["b1"].round(3)
    (True, array([-0.167,  0.333, -0.167]))
    """
    logits, cache = net.forward(x, True, rng)
    value, dlogits = loss(logits, y)
    return float(value), net.backward(dlogits, cache)


def train(
    net,
    x,
    y,
    rng,
    *,
    steps=None,
    epochs=None,
    batch_size=50,
    optimizer="sgd",
    lr=0.1,
    options=None,
    loss=cross_entropy,
    clip=None,
    penalty=None,
    weight_decay=0.0,
    constraint=None,
    augment=None,
    validation=None,
    evaluate_every=None,
    patience=None,
    gradient_norms=False,
    callback=None,
    progress=True,
):
    """Train a network with mini-batches, and with the tricks that are switched on.

    A step: draw a batch, augment it, forward, backward, add the penalty's gradient, clip, let the
    optimizer move each parameter, apply the constraint.

    Parameters
    ----------
    net : Network
        Is trained: its parameters and running averages are replaced.
    x : ndarray, shape (N, ...)
        Training inputs.
    y : ndarray, shape (N,) of int or (N, K)
        Labels, or what else `loss` takes as a target.
    rng : numpy.random.Generator
        Source of all randomness: the order of samples, dropout, augmentation. The same network,
        data, options and state of rng give the same result.
    steps, epochs : int
        How long: either a number of steps, or of passes through the data.
    batch_size : int, default 50
        Samples a step; an epoch's last batch may be smaller.
    optimizer : str or callable, default "sgd"
        "nesterov" or a name in `dltricks.optimizers.OPTIMIZERS`, or a function
        ``step(w, grad, state, lr=..., **options) -> (w, state)``; if its second argument is called
        ``grad_fn``, it is given a function of w, as `nesterov` is.
    lr : float or callable, default 0.1
        Learning rate, or a schedule ``step -> lr``, steps counted from 0.
    options : dict, optional
        More keywords of the optimizer, such as ``{"rho": 0.9}``.
    loss : callable, default `cross_entropy`
        ``(logits, targets) -> (loss, dlogits)``.
    clip : ("norm", float), ("value", float) or callable, optional
        How to clip gradients; a function takes and returns a list of arrays.
    penalty : callable, optional
        ``w -> (value, grad)``, added to the gradient of every weight (not of biases, gamma, beta).
    weight_decay : float, default 0.0
        Every weight loses this share times lr at each step, apart from the gradient (decoupled).
    constraint : callable, optional
        ``w -> w``, applied to every weight after each step, for example a `max_norm`.
    augment : callable, optional
        ``(x, y, rng) -> (x, y)``, applied to every batch.
    validation : (ndarray, ndarray), optional
        Inputs and labels to judge the network on while training.
    evaluate_every : int, optional
        Steps from one evaluation to the next, by default an epoch; the last step is one too.
    patience : int, optional
        Stop after so many evaluations in a row that are not strictly better than the best (by
        error, or by loss where targets are not labels); the best parameters are then restored,
        also when the steps ran out first.
    gradient_norms : bool, default False
        Record the norm of all gradients together at each step.
    callback : callable, optional
        ``(step, net, history)``, called after every step, counted from 1; if it returns True,
        training stops.
    progress : bool, default True
        Show a bar if training takes longer than two seconds, and the environment variable
        TQDM_DISABLE is not set.

    Returns
    -------
    history : History

    Raises
    ------
    ValueError
        If not exactly one of steps and epochs is given, x and y differ in length, a size is not
        positive, a name is unknown, or patience has no validation.

    Notes
    -----
    A run whose loss is no longer finite stops and says so in ``history.diverged``; it gives no
    warning. Early stopping is D1's Algorithm 7.1.

    Examples
    --------
    >>> from dltricks.network import MLP
    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=(200, 2))
    >>> y = (x[:, 0] > 0).astype(int)
    >>> net = MLP([2, 8, 2], rng)
    >>> history = train(net, x, y, rng, epochs=10, optimizer="adam", lr=0.03)
    >>> len(history.losses), accuracy(net, x, y) > 0.95
    (40, True)
    """
    x, y = np.asarray(x), np.asarray(y)
    require(len(x) == len(y) > 0, f"x and y must be equally many, not {len(x)} and {len(y)}")
    require((steps is None) != (epochs is None), "either steps or epochs must be given")
    require_positive(batch_size=batch_size)
    require_positive(**({"epochs": epochs} if steps is None else {"steps": steps}))
    if patience is not None:
        require_positive(patience=patience)
        require(validation is not None, "patience needs validation data")
    epoch = math.ceil(len(x) / batch_size)
    steps = epochs * epoch if steps is None else steps
    every = epoch if evaluate_every is None else evaluate_every
    require_positive(evaluate_every=every)
    schedule = lr if callable(lr) else lambda step: lr
    clip = _clipper(clip)
    move = _Mover(optimizer, options or {})
    net.parameters = dict(net.parameters)
    weights = [name for name in net.parameters if name.startswith("w")]
    history, best = History(), _Best()
    batches = itertools.islice(_batches(len(x), batch_size, rng), steps)
    shown = {} if progress else {"disable": True}  # if not told, tqdm asks the environment
    bar = _Bar(batches, "training", steps, leave=False, delay=2, unit=" steps", **shown)
    with np.errstate(all="ignore"), bar:
        for step, batch in enumerate(bar, start=1):
            batch_x, batch_y = x[batch], y[batch]
            if augment is not None:
                batch_x, batch_y = augment(batch_x, batch_y, rng)
            rate = float(schedule(step - 1))
            parameters = net.parameters
            net.parameters = move.look_ahead(parameters, rate)
            value, grads = _loss_and_gradients(net, batch_x, batch_y, loss, rng)
            for name in weights if penalty is not None else ():
                grads[name] = grads[name] + penalty(net.parameters[name])[1]
            net.parameters = parameters
            history.losses.append(value)
            history.lrs.append(rate)
            if not math.isfinite(value):
                history.diverged = True
                break
            if gradient_norms:
                history.gradient_norms.append(math.sqrt(sum(np.vdot(g, g) for g in grads.values())))
            if clip is not None:
                grads = dict(zip(grads, clip(list(grads.values())), strict=True))
            for name in weights if weight_decay else ():
                parameters[name] = (1 - rate * weight_decay) * parameters[name]
            net.parameters = move(parameters, grads, rate)
            for name in weights if constraint is not None else ():
                net.parameters[name] = constraint(net.parameters[name])
            if validation is not None and (step % every == 0 or step == steps):
                best.judge(step, net, *validation, loss, history)
                if patience is not None and best.misses >= patience:
                    break
            if callback is not None and callback(step, net, history):
                break
        history.diverged |= not all(np.isfinite(w).all() for w in net.parameters.values())
    if patience is not None and best.parameters is not None:
        net.parameters, net.running = best.parameters, best.running
    return history


@np.errstate(all="ignore")
def evaluate(net, x, y, loss=cross_entropy):
    """Loss and accuracy of a network as it is used, not trained: by running averages, no dropout.

    Parameters
    ----------
    net : Network
    x : ndarray, shape (N, ...)
        Inputs.
    y : ndarray
        Labels or targets, as `loss` takes them.
    loss : callable, default `cross_entropy`
        ``(logits, y) -> (loss, dlogits)``, a mean over samples.

    Returns
    -------
    value : float
        The loss.
    accuracy : float
        Share of samples whose likeliest class is y, from 0 to 1; nan if y holds no integer labels.

    Raises
    ------
    ValueError
        If x and y differ in length or are empty.

    Notes
    -----
    A fresh classifier should have a loss near log K for K equally frequent classes. If it has
    not, its initialization is at fault. A network that has diverged gets nan, without a warning.

    Examples
    --------
    >>> from dltricks.network import MLP
    >>> net = MLP([4, 2], np.random.default_rng(0), initializer=[np.zeros((4, 2))])
    >>> value, share = evaluate(net, np.ones((3, 4)), np.array([0, 0, 1]))
    >>> round(value, 4), round(share, 4)
    (0.6931, 0.6667)
    """
    x, y = np.asarray(x), np.asarray(y)
    require(len(x) == len(y) > 0, f"x and y must be equally many, not {len(x)} and {len(y)}")
    logits = _logits(net, x)
    labels = y.ndim == 1 and y.dtype.kind in "iu"
    hits = float(np.mean(logits.argmax(axis=1) == y)) if labels else math.nan
    return float(loss(logits, y)[0]), hits


def accuracy(net, x, y):
    """Share of samples that a network puts into the right class, from 0 to 1.

    Parameters
    ----------
    net : Network
    x : ndarray, shape (N, ...)
        Inputs.
    y : ndarray of int, shape (N,)
        Labels.

    Returns
    -------
    share : float

    Raises
    ------
    ValueError
        If x and y differ in length or are empty.

    Examples
    --------
    >>> from dltricks.network import MLP
    >>> net = MLP([2, 2], np.random.default_rng(0), initializer=[np.eye(2)])
    >>> accuracy(net, np.array([[3.0, 1.0], [0.0, 2.0]]), np.array([0, 0]))
    0.5
    """
    x, y = np.asarray(x), np.asarray(y)
    require(len(x) == len(y) > 0, f"x and y must be equally many, not {len(x)} and {len(y)}")
    require_shape("y", y, (None,))
    return float(np.mean(_logits(net, x).argmax(axis=1) == y))


def error_rate(net, x, y):
    """Share of samples that a network puts into a wrong class; arguments as those of `accuracy`.

    Parameters
    ----------
    net : Network
    x : ndarray, shape (N, ...)
        Inputs.
    y : ndarray of int, shape (N,)
        Labels.

    Returns
    -------
    share : float

    Raises
    ------
    ValueError
        If x and y differ in length or are empty.

    Examples
    --------
    >>> from dltricks.network import MLP
    >>> net = MLP([2, 2], np.random.default_rng(0), initializer=[np.eye(2)])
    >>> error_rate(net, np.array([[3.0, 1.0]]), np.array([0]))
    0.0
    """
    return 1.0 - accuracy(net, x, y)


def train_classifier(x_train, y_train, x_val, y_val, rng):
    """Everything together: a classifier of small images, or of other features, in seconds.

    Two networks ``MLP([D, 128, 128, K])`` with batch norm, dropout and He's initialization, trained
    by Adam with warm-up and a cosine schedule on noisy inputs; images of 8 x 8 pixels also turned,
    scaled and sheared a little. The class is that of the networks' average probability.

    Parameters
    ----------
    x_train : array_like, shape (N, D)
        Features in [0, 1].
    y_train : array_like of int, shape (N,)
        Labels 0, 1, ...
    x_val : array_like, shape (M, D)
        More of the same. The settings were chosen on such data and stand now, so these are
        trained on too.
    y_val : array_like of int, shape (M,)
        Their labels.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    classify : callable
        From features (n, D) to integer labels (n,).

    Raises
    ------
    ValueError
        If the shapes do not fit or a label is negative.

    Notes
    -----
    The lectures' advice in thirty lines. On the digits of `dltricks.datasets.load_digits` the test
    accuracy is near 98.5 %, without distorted copies near 98 %. Moving images by whole pixels,
    which helps where they are large, hurts here: 8 x 8 digits fill their frame.

    Examples
    --------
    >>> from dltricks.datasets import gaussian_blobs
    >>> rng = np.random.default_rng(0)
    >>> x, y = gaussian_blobs(80, rng, centers=[(0.3, 0.3), (0.7, 0.7)], std=0.05)
    >>> classify = train_classifier(x[:60], y[:60], x[60:], y[60:], rng)
    >>> classify([[0.2, 0.4]])
    array([0])
    """
    x_train, x_val = real(x_train), real(x_val)
    require_shape("x_train", x_train, (None, None))
    require_shape("x_val", x_val, (None, x_train.shape[1]))
    x, y = np.concatenate([x_train, x_val]), np.concatenate([y_train, y_val])
    require(len(x) == len(y), f"x and y must be equally many, not {len(x)} and {len(y)}")
    num_classes = int(y.max()) + 1
    y = class_labels(y, num_classes)
    if x.shape[1] == 64:
        y = np.tile(y, 1 + DISTORTED_COPIES)
        x = np.concatenate([x] + [_distorted(x, rng) for _ in range(DISTORTED_COPIES)])
    steps = min(CLASSIFIER_STEPS, 60 * math.ceil(len(x) / 64))

    def noisy(x, y, rng):
        return input_noise(x, 0.1, rng), y

    def schedule(step):
        return warmup_cosine(3e-3, step, steps // 10, steps)

    plan = {"steps": steps, "batch_size": 64, "optimizer": "adam", "lr": schedule}
    networks = []
    for _ in range(2):
        sizes = [x.shape[1], 128, 128, num_classes]
        network = MLP(sizes, rng, normalization="batch", dropout=0.2)
        train(network, x, y, rng, augment=noisy, progress=False, **plan)
        networks.append(network)

    def classify(x):
        probabilities = [_softmax(network.forward(x)[0]) for network in networks]
        return ensemble_average(probabilities).argmax(axis=1)

    return classify


def _distorted(x, rng):
    """Rows of 8 x 8 pixels turned, scaled, sheared and moved by less than a pixel, all alike."""
    turn, scale, shear = rng.uniform([-0.3, 0.9, -0.25], [0.3, 1.1, 0.25])
    images = warp(x.reshape(-1, 1, 8, 8), affine_matrix(turn, scale, shear))
    down, right = rng.uniform(-0.4, 0.4, 2)
    for part, (rows, columns) in ((down, (1, 0)), (right, (0, 1))):
        sign = 1 if part > 0 else -1
        images = images + abs(part) * (translate(images, sign * rows, sign * columns) - images)
    return images.reshape(len(x), -1)


def _softmax(logits):
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    return odds / odds.sum(axis=1, keepdims=True)


class _Mover:
    """Moves every parameter by an optimizer's step, and keeps the optimizer's states."""

    def __init__(self, optimizer, options):
        if isinstance(optimizer, str):
            known = OPTIMIZERS | {"nesterov": nesterov}
            names = ", ".join(known)
            require(optimizer in known, f"optimizer must be one of {names}, not {optimizer!r}")
            optimizer = known[optimizer]
        self.step = functools.partial(optimizer, **options)
        self.looks_ahead = "grad_fn" in inspect.signature(optimizer).parameters
        self.state = {}

    def __call__(self, parameters, grads, lr):
        moved = {}
        for name, w in parameters.items():
            grad = grads[name]
            if self.looks_ahead:
                grad = functools.partial(_constant, grad)
            moved[name], self.state[name] = self.step(w, grad, self.state.get(name), lr=lr)
        return moved

    def look_ahead(self, parameters, lr):
        """Where the optimizer wants the gradient: here, but Nesterov's some way on.

        It is told a gradient of 0, to learn the point at which it asks, and its step is forgotten:
        all parameters' points must be known before the first gradient is.
        """
        if not self.looks_ahead:
            return parameters
        points = {}
        for name, w in parameters.items():

            def grad_fn(point, name=name):
                points[name] = point
                return np.zeros_like(point)

            self.step(w, grad_fn, self.state.get(name), lr=lr)
        return points


class _Best:
    """The best evaluation so far, and how many have followed it in vain."""

    def __init__(self):
        self.error, self.misses, self.parameters, self.running = math.inf, 0, None, None

    def judge(self, step, net, x, y, loss, history):
        value, share = evaluate(net, x, y, loss)
        history.evaluated_at.append(step)
        history.validation_losses.append(value)
        history.validation_accuracies.append(share)
        error = value if math.isnan(share) else 1 - share
        if error < self.error:
            self.error, self.misses, history.best_step = error, 0, step
            self.parameters, self.running = dict(net.parameters), dict(net.running)
        else:
            self.misses += 1


def _constant(value, point):
    return value


def _loss_and_gradients(net, x, y, loss, rng):
    """As the public one; a decomposition that gives up on infinite numbers is a loss of nan."""
    try:
        return loss_and_gradients(net, x, y, loss, rng)
    except np.linalg.LinAlgError:
        return math.nan, {name: np.zeros_like(w) for name, w in net.parameters.items()}


def _batches(n, batch_size, rng):
    while True:
        yield from minibatches(n, batch_size, rng)


def _clipper(clip):
    if clip is None or callable(clip):
        return clip
    kind, threshold = clip
    require(kind in ("norm", "value"), f"clip must be by 'norm' or 'value', not {kind!r}")
    if kind == "value":
        return lambda grads: clip_by_value(grads, threshold)
    return lambda grads: clip_by_global_norm(grads, threshold)[0]


@np.errstate(all="ignore")
def _logits(net, x):
    starts = range(0, len(x), EVALUATION_BATCH)
    try:
        return np.concatenate([net.forward(x[i : i + EVALUATION_BATCH])[0] for i in starts])
    except np.linalg.LinAlgError:
        return np.full((len(x), len(net.parameters[f"b{net.depth}"])), np.nan)
