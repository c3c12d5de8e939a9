"""The gain of an activation and the bias of the output layer."""

import numpy as np

from autograder.checking.exercise import Exercise
from autograder.checking.probes import Case, Raises, Values
from dltricks import initializers


def _gain_cases(draw):
    yield from (Case(f'"{name}"', (name,)) for name in ("relu", "tanh", "linear", "leaky_relu"))
    for slope in (0.2, 1.0, 0.0, round(draw.uniform(0.05, 3.0), 3)):
        yield Case(f'"leaky_relu", slope={slope}', ("leaky_relu", slope))
    yield from (Case(f'"{name}", slope=0.5', (name, 0.5)) for name in ("relu", "tanh", "linear"))


activation_gain = Exercise(
    initializers.activation_gain,
    points=1,
    probes=(
        Values(_gain_cases, "all four activations, and leaky ReLU at several slopes"),
        Raises(
            lambda draw: [Case(f'the unknown name "{n}"', (n,)) for n in ("swish", "RELU", "")],
            "ValueError for another name",
        ),
    ),
)


@activation_gain.variant
def gain_with_ifs(name, slope=0.01):
    if name == "linear":
        return 1.0
    if name == "tanh":
        return 5.0 / 3.0
    if name == "relu":
        return np.sqrt(2.0)
    if name == "leaky_relu":
        return np.sqrt(2.0 / (1 + slope**2))
    raise ValueError(f"unknown activation {name}")


@activation_gain.variant
def gain_by_slopes(name, slope=0.01):
    if name == "tanh":
        return 5 / 3
    slopes = {"linear": 1.0, "relu": 0.0, "leaky_relu": slope}
    if name not in slopes:
        raise ValueError("no such activation")
    return (2 / (1 + slopes[name] ** 2)) ** 0.5


@activation_gain.variant
def gain_with_match(name, slope=0.01):
    match name:
        case "linear":
            return 1
        case "tanh":
            return 5 / 3
        case "relu":
            return 2**0.5
        case "leaky_relu":
            return np.float64(np.sqrt(2) / np.sqrt(1 + slope * slope))
        case _:
            raise ValueError(name)


@activation_gain.mistake(
    "The gain of leaky ReLU does not fit: mind the order of operations. `2 / 1 + slope**2` is "
    "2 + slope^2; the sum needs parentheses."
)
def gain_precedence(name, slope=0.01):
    gains = {
        "linear": 1.0,
        "tanh": 5 / 3,
        "relu": np.sqrt(2),
        "leaky_relu": np.sqrt(2 / 1 + slope**2),
    }
    if name not in gains:
        raise ValueError(name)
    return gains[name]


@activation_gain.mistake(
    "The gain is the square root: Var(w) = g^2 / fan_in, so ReLU's g is sqrt(2), not 2."
)
def gain_without_root(name, slope=0.01):
    gains = {"linear": 1.0, "tanh": 5 / 3, "relu": 2.0, "leaky_relu": 2 / (1 + slope**2)}
    if name not in gains:
        raise ValueError(name)
    return gains[name]


@activation_gain.mistake(
    "The slope of leaky ReLU counts squared, since it scales a variance: sqrt(2 / (1 + slope^2))."
)
def slope_not_squared(name, slope=0.01):
    gains = {
        "linear": 1.0,
        "tanh": 5 / 3,
        "relu": np.sqrt(2),
        "leaky_relu": np.sqrt(2 / (1 + slope)),
    }
    if name not in gains:
        raise ValueError(name)
    return gains[name]


@activation_gain.mistake(
    "The argument `slope` has no effect on leaky ReLU's gain: 0.01 is its default, not a constant."
)
def slope_ignored(name, slope=0.01):
    gains = {
        "linear": 1.0,
        "tanh": 5 / 3,
        "relu": np.sqrt(2),
        "leaky_relu": np.sqrt(2 / (1 + 0.01**2)),
    }
    if name not in gains:
        raise ValueError(name)
    return gains[name]


@activation_gain.mistake("Leaky ReLU's gain is that of ReLU: the part below 0 counts, too.")
def leaky_as_relu(name, slope=0.01):
    gains = {"linear": 1.0, "tanh": 5 / 3, "relu": np.sqrt(2), "leaky_relu": np.sqrt(2)}
    if name not in gains:
        raise ValueError(name)
    return gains[name]


@activation_gain.mistake("The gain of tanh is 5/3 here, as in PyTorch: tanh shrinks what it gets.")
def tanh_as_linear(name, slope=0.01):
    gains = {
        "linear": 1.0,
        "tanh": 1.0,
        "relu": np.sqrt(2),
        "leaky_relu": np.sqrt(2 / (1 + slope**2)),
    }
    if name not in gains:
        raise ValueError(name)
    return gains[name]


@activation_gain.mistake(
    "The gain of tanh is ReLU's sqrt(2): tanh loses no half of its input. Its gain is 5/3."
)
def tanh_as_relu(name, slope=0.01):
    gains = {
        "linear": 1.0,
        "tanh": np.sqrt(2),
        "relu": np.sqrt(2),
        "leaky_relu": np.sqrt(2 / (1 + slope**2)),
    }
    if name not in gains:
        raise ValueError(name)
    return gains[name]


@activation_gain.mistake("An unknown name must raise ValueError: here it gets a gain of 1.")
def unknown_gets_one(name, slope=0.01):
    gains = {
        "tanh": 5 / 3,
        "relu": np.sqrt(2),
        "leaky_relu": np.sqrt(2 / (1 + slope**2)),
    }
    return gains.get(name, 1.0)


@activation_gain.mistake(
    "An unknown name must raise ValueError: here the function ends without a `return`."
)
def unknown_gets_none(name, slope=0.01):
    gains = {
        "linear": 1.0,
        "tanh": 5 / 3,
        "relu": np.sqrt(2),
        "leaky_relu": np.sqrt(2 / (1 + slope**2)),
    }
    return gains.get(name)


@activation_gain.mistake(
    "An unknown name raises KeyError, the dictionary's own error: catch it or test before, and "
    "raise ValueError with a message that helps."
)
def unknown_raises_key_error(name, slope=0.01):
    return {
        "linear": 1.0,
        "tanh": 5 / 3,
        "relu": np.sqrt(2),
        "leaky_relu": np.sqrt(2 / (1 + slope**2)),
    }[name]


def _bias_cases(draw):
    yield Case("labels [0, 0, 0, 1], 2 classes", (np.array([0, 0, 0, 1]), 2))
    yield Case("labels [2, 2, 0] of 4 classes", (np.array([2, 2, 0]), 4))
    yield Case("smoothing=0 with every class there", (np.array([1, 0, 1, 2, 1]), 3, 0.0))
    yield Case("labels as int32", (np.array([0, 1, 1, 3], dtype=np.int32), 5, 0.5))
    k = int(draw.integers(5, 12))
    labels = draw.choice(k, size=200, p=draw.dirichlet(np.ones(k)))
    yield Case(f"200 labels of {k} classes", (labels, k))
    yield Case(f"200 labels of {k} classes, smoothing=2.5", (labels, k, 2.5))


output_bias = Exercise(
    initializers.output_bias,
    points=2,
    probes=(
        Values(
            _bias_cases,
            "the logarithms of the smoothed frequencies, with classes that are absent, and several "
            "smoothings",
            silent=True,
        ),
    ),
)


@output_bias.variant
def bias_by_counting(labels, num_classes, smoothing=1.0):
    counts = np.array([np.sum(labels == k) for k in range(num_classes)])
    n = len(labels)
    return np.log((counts + smoothing) / (n + smoothing * num_classes))


@output_bias.variant
def bias_one_hot(labels, num_classes, smoothing=1.0):
    one_hot = np.eye(num_classes)[np.asarray(labels)]
    p = one_hot.sum(axis=0) + smoothing
    return np.log(p) - np.log(p.sum())


@output_bias.variant
def bias_loop(labels, num_classes, smoothing=1.0):
    counts = [float(smoothing)] * num_classes
    for label in labels:
        counts[label] += 1
    return np.log(np.array(counts) / sum(counts))


@output_bias.mistake(
    "These are logarithms of counts: divide by the total first, so that the exponentials sum to 1."
)
def counts_not_normalized(labels, num_classes, smoothing=1.0):
    return np.log(np.bincount(labels, minlength=num_classes) + smoothing)


@output_bias.mistake(
    "The counts are smoothed but divided by N: the smoothing adds s for each of the K classes, "
    "so the total is N + s K."
)
def total_not_smoothed(labels, num_classes, smoothing=1.0):
    return np.log((np.bincount(labels, minlength=num_classes) + smoothing) / len(labels))


@output_bias.mistake(
    "The total grows by s once; it must grow by s for each of the K classes: N + s K."
)
def total_smoothed_once(labels, num_classes, smoothing=1.0):
    counts = np.bincount(labels, minlength=num_classes)
    return np.log((counts + smoothing) / (len(labels) + smoothing))


@output_bias.mistake(
    "A class that is absent gets log(0): smoothing is missing. Add s to every count."
)
def no_smoothing(labels, num_classes, smoothing=1.0):
    return np.log(np.bincount(labels, minlength=num_classes) / len(labels))


@output_bias.mistake(
    "The smoothing is fixed at 1: `smoothing` is an argument, with 1 as its default."
)
def smoothing_fixed(labels, num_classes, smoothing=1.0):
    counts = np.bincount(labels, minlength=num_classes) + 1
    return np.log(counts / counts.sum())


@output_bias.mistake(
    "These are the frequencies themselves. The bias is a logit: softmax takes its exponential, "
    "so take the logarithm."
)
def frequencies_not_logs(labels, num_classes, smoothing=1.0):
    counts = np.bincount(labels, minlength=num_classes) + smoothing
    return counts / counts.sum()


@output_bias.mistake(
    "log(p / (1 - p)) is the bias for a sigmoid. The softmax of several classes needs log(p)."
)
def sigmoid_logit(labels, num_classes, smoothing=1.0):
    counts = np.bincount(labels, minlength=num_classes) + smoothing
    p = counts / counts.sum()
    return np.log(p / (1 - p))


@output_bias.mistake("The sign is turned: frequent classes must get the larger bias.")
def sign_turned(labels, num_classes, smoothing=1.0):
    counts = np.bincount(labels, minlength=num_classes) + smoothing
    return -np.log(counts / counts.sum())


@output_bias.mistake(
    "Classes missing from the end of the labels get no entry: `np.bincount(labels, "
    "minlength=num_classes)` gives one for every class."
)
def missing_classes_dropped(labels, num_classes, smoothing=1.0):
    counts = np.bincount(labels) + smoothing
    return np.log(counts / (len(labels) + smoothing * num_classes))


@output_bias.mistake("The logarithm has base 10 (or 2): softmax's exponential is the natural one.")
def log_base_ten(labels, num_classes, smoothing=1.0):
    counts = np.bincount(labels, minlength=num_classes) + smoothing
    return np.log10(counts / counts.sum())
