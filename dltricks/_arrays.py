"""What every function does with its arguments first: take them as floats, refuse what is wrong."""

import numpy as np


def real(x):
    """Take x as a floating array: float32 stays float32, integers and booleans become float64."""
    x = np.asarray(x)
    return x if x.dtype.kind == "f" else x.astype(np.float64)


def require(condition, message):
    """Raise ValueError with the message, which names the argument, unless the condition holds."""
    if not condition:
        raise ValueError(message)


def require_positive(**sizes):
    """Refuse sizes that are not positive whole numbers: ``require_positive(fan_in=fan_in)``."""
    for name, size in sizes.items():
        whole = isinstance(size, (int, np.integer)) and not isinstance(size, bool)
        require(whole and size > 0, f"{name} must be a positive integer, not {size!r}")


def require_shape(name, array, shape):
    """Refuse an array whose shape is not the expected one; None in the shape allows any length."""
    have = array.shape
    if len(have) != len(shape) or any(
        want is not None and size != want for size, want in zip(have, shape, strict=True)
    ):
        expected = ", ".join("any" if want is None else str(want) for want in shape)
        raise ValueError(f"{name} must have shape ({expected}), not {have}")


def class_labels(labels, num_classes, name="labels"):
    """Take labels as an index array of shape (N,); refuse what is not a class of num_classes."""
    labels = np.asarray(labels)
    require_shape(name, labels, (None,))
    require(
        labels.dtype.kind in "iu" and np.all((labels >= 0) & (labels < num_classes)),
        f"{name} must be integers from 0 to {num_classes - 1}",
    )
    return labels.astype(np.intp, copy=False)
