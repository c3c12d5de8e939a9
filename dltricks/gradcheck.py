"""How to know that a gradient is right: differentiate by hand and by small steps, and compare."""

import numpy as np

from dltricks._arrays import require, require_shape


def numerical_gradient(f, x, h=1e-5):
    """Gradient by trial: step each entry up and down and see what the function does.

    ``df/dx_i ~ (f(x + h e_i) - f(x - h e_i)) / 2h``, central differences in float64.

    Parameters
    ----------
    f : callable
        Takes a float64 array shaped as x, returns a number. It must use its argument: what it sees
        is a copy of x, one entry of which has been moved, and it may keep or change none of it.
    x : array_like, any shape
        Where to differentiate; integers and float32 are taken as float64.
    h : float, default 1e-5
        The step, positive and large enough to change the largest entry of x.

    Returns
    -------
    gradient : ndarray of float64, the shape of x

    Raises
    ------
    ValueError
        If h is not positive, or so small that an entry of x plus h is x again.

    Notes
    -----
    D0 and D4 derive gradients that this can check. The error of a central difference shrinks like
    h^2, of a one-sided one like h; but the rounding of f grows like 1/h, so that about 1e-5 is best
    for numbers near 1. Divided is by the step that was really taken, which at x = 1e6 is not 2h.
    Differences across a kink (ReLU at 0) are of no use.

    Examples
    --------
    >>> numerical_gradient(lambda x: np.sum(x**3), [1, 2]).round(6)
    array([ 3., 12.])
    """
    x = np.array(x, dtype=np.float64)
    gradient = np.zeros_like(x)
    for i in np.ndindex(x.shape):
        here = x[i]
        above, below = here + h, here - h
        require(above > here > below, f"h must be positive and not lost beside {here}, not {h!r}")
        x[i] = above
        rise = f(x)
        x[i] = below
        rise = rise - f(x)
        x[i] = here
        gradient[i] = rise / (above - below)
    return gradient


def relative_error(a, b, floor=1e-8):
    """How far two gradients are apart, whatever their scale.

    The largest ``|a - b| / max(floor, |a| + |b|)`` of all entries.

    Parameters
    ----------
    a, b : array_like, both of one shape
        What is compared; the order does not matter.
    floor : float, default 1e-8
        Entries smaller than this count by their absolute difference; positive.

    Returns
    -------
    error : float
        From 0 (equal) to 1 (an entry of other sign, or 0 on one side).

    Raises
    ------
    ValueError
        If the shapes differ or floor is not positive.

    Notes
    -----
    Against central differences in float64, 1e-7 and less speaks for a right gradient, 1e-2 for a
    wrong one. The largest, not the mean: one wrong entry in a thousand is still a wrong gradient.
    The floor keeps 0/0 out where both are 0.

    Examples
    --------
    >>> relative_error([1.0, 0.0], [3.0, 0.0])
    0.5
    """
    a, b = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    require_shape("b", b, a.shape)
    require(floor > 0, f"floor must be positive, not {floor!r}")
    return float(np.max(np.abs(a - b) / np.maximum(floor, np.abs(a) + np.abs(b))))
