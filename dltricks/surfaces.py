"""Landscapes in two dimensions on which one can watch an optimizer walk.

`rosenbrock`, `beale`, `valley`, `saddle` and `noisy_quadratic` each build a `Surface`; `path` walks
on one with any optimizer of `dltricks.optimizers`, or one written to the same convention.
"""

import inspect
from typing import NamedTuple

import numpy as np

from dltricks._arrays import real, require, require_shape


class Surface(NamedTuple):
    """A function of two variables and what is needed to draw it and to walk on it."""

    name: str  # for a title
    function: object  # callable: points (..., 2) to values (...)
    gradient: object  # callable: points (..., 2) to gradients (..., 2)
    start: np.ndarray  # (2,): where paths usually begin
    minimum: np.ndarray  # (2,): a lowest point
    xlim: tuple  # (low, high): the part worth drawing
    ylim: tuple  # (low, high)


def _surface(name, function, gradient, start, minimum, xlim, ylim):
    """Build a Surface from a function and its partial derivatives, all of two arguments x, y."""

    def coordinates(points):
        points = real(points)
        require(points.shape[-1:] == (2,), f"points must have shape (..., 2), not {points.shape}")
        return points[..., 0], points[..., 1]

    return Surface(
        name,
        lambda points: function(*coordinates(points)),
        lambda points: np.stack(gradient(*coordinates(points)), axis=-1),
        np.array(start, dtype=float),
        np.array(minimum, dtype=float),
        xlim,
        ylim,
    )


def rosenbrock():
    """A curved valley with a flat floor: easy to enter, slow to follow.

    ``f(x, y) = (1 - x)^2 + 100 (y - x^2)^2``; 0 at (1, 1).

    Returns
    -------
    surface : Surface
        Starts at (-1.2, 1), as is the custom.

    Notes
    -----
    Rosenbrock (1960).

    Examples
    --------
    >>> surface = rosenbrock()
    >>> float(surface.function(surface.minimum)), surface.gradient([0.0, 0.0])
    (0.0, array([-2.,  0.]))
    """
    return _surface(
        "Rosenbrock",
        lambda x, y: (1 - x) ** 2 + 100 * (y - x**2) ** 2,
        lambda x, y: (-2 * (1 - x) - 400 * x * (y - x**2), 200 * (y - x**2)),
        start=(-1.2, 1.0),
        minimum=(1.0, 1.0),
        xlim=(-2.0, 2.0),
        ylim=(-1.0, 3.0),
    )


def beale():
    """Plateaus between steep walls: gradients that differ by a factor of many thousands.

    ``f(x, y) = (1.5 - x + x y)^2 + (2.25 - x + x y^2)^2 + (2.625 - x + x y^3)^2``; 0 at (3, 0.5).

    Returns
    -------
    surface : Surface
        Starts at (1, 1), as is the custom.

    Notes
    -----
    Beale (1958).

    Examples
    --------
    >>> surface = beale()
    >>> float(surface.function(surface.minimum)), surface.gradient([1.0, 1.0])
    (0.0, array([ 0.  , 27.75]))
    """

    def residuals(x, y):
        return 1.5 - x + x * y, 2.25 - x + x * y**2, 2.625 - x + x * y**3

    def gradient(x, y):
        r1, r2, r3 = residuals(x, y)
        in_x = 2 * (r1 * (y - 1) + r2 * (y**2 - 1) + r3 * (y**3 - 1))
        in_y = 2 * x * (r1 + 2 * r2 * y + 3 * r3 * y**2)
        return in_x, in_y

    return _surface(
        "Beale",
        lambda x, y: sum(r**2 for r in residuals(x, y)),
        gradient,
        start=(1.0, 1.0),
        minimum=(3.0, 0.5),
        xlim=(-4.5, 4.5),
        ylim=(-4.5, 4.5),
    )


def valley(condition=50.0):
    """A long straight valley: the quadratic on which gradient descent swings from wall to wall.

    ``f(x, y) = (x^2 + condition * y^2) / 2``; 0 at the origin.

    Parameters
    ----------
    condition : float, default 50.0
        The condition number of the Hessian, at least 1.

    Returns
    -------
    surface : Surface
        Gradient descent is stable below ``lr = 2 / condition``.

    Raises
    ------
    ValueError
        If condition is less than 1.

    Notes
    -----
    D1's figure 8.5 is of this kind, and D3's of unscaled features. The best fixed rates are
    ``2 / (1 + condition)`` for `dltricks.optimizers.sgd` and, with
    ``rho = ((sqrt(condition) - 1) / (sqrt(condition) + 1))^2``, ``(1 + sqrt(rho))^2 / condition``
    for `dltricks.optimizers.momentum` (Polyak, 1964).

    Examples
    --------
    >>> valley(condition=10.0).gradient([[1.0, 1.0], [0.0, 2.0]])
    array([[ 1., 10.],
           [ 0., 20.]])
    """
    require(condition >= 1, f"condition must be at least 1, not {condition!r}")
    return _surface(
        "Long valley",
        lambda x, y: (x**2 + condition * y**2) / 2,
        lambda x, y: (x, condition * y),
        start=(-8.0, 1.0),
        minimum=(0.0, 0.0),
        xlim=(-9.0, 3.0),
        ylim=(-2.0, 2.0),
    )


def saddle():
    """A pass between two hollows: the gradient all but vanishes where there is nothing to find.

    ``f(x, y) = x^2 / 2 - y^2 / 2 + y^4 / 4``; the saddle is at the origin, the minima, -1/4, at
    (0, 1) and (0, -1).

    Returns
    -------
    surface : Surface
        Starts almost on the ridge y = 0: gradient descent goes to the saddle and lingers there.

    Notes
    -----
    Dauphin et al. (2014): in many dimensions, points of zero gradient are mostly of this kind.

    Examples
    --------
    >>> surface = saddle()
    >>> float(surface.function(surface.minimum)), surface.gradient([1.0, 0.0])
    (-0.25, array([1., 0.]))
    """
    return _surface(
        "Saddle",
        lambda x, y: x**2 / 2 - y**2 / 2 + y**4 / 4,
        lambda x, y: (x, y**3 - y),
        start=(1.5, 0.001),
        minimum=(0.0, 1.0),
        xlim=(-2.0, 2.0),
        ylim=(-1.6, 1.6),
    )


def noisy_quadratic(rng, std=1.0, condition=10.0):
    """A quadratic seen through mini-batches: every gradient comes with fresh noise.

    ``f(x, y) = (x^2 + condition * y^2) / 2``, exact; gradient
    ``(x, condition * y) + e``, ``e_i ~ N(0, std^2)`` independent, drawn anew at every call.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness, kept and used by the surface's gradient.
    std : float, default 1.0
        Standard deviation of the noise on each component, not negative.
    condition : float, default 10.0
        The condition number of the Hessian, at least 1.

    Returns
    -------
    surface : Surface

    Raises
    ------
    ValueError
        If std is negative or condition is less than 1.

    Notes
    -----
    D4: the average over a mini-batch is a noisy gradient. At a constant rate `sgd` comes to hover
    about the minimum with variance ``lr std^2 / (h (2 - lr h))`` along an axis of curvature h;
    averaging or a falling rate is what brings it to rest (Zhang et al., 2019).

    Examples
    --------
    >>> surface = noisy_quadratic(np.random.default_rng(0))
    >>> float(np.std(surface.gradient(np.zeros((1000, 2)))).round(1))
    1.0
    """
    require(std >= 0, f"std must not be negative, not {std!r}")
    exact = valley(condition)

    def gradient(points):
        slope = exact.gradient(points)
        return (slope + rng.normal(0.0, std, slope.shape)).astype(slope.dtype, copy=False)

    return exact._replace(name="Noisy quadratic", gradient=gradient)


SURFACES = {"rosenbrock": rosenbrock, "beale": beale, "valley": valley, "saddle": saddle}


def path(step, surface, steps, **options):
    """Every point that an optimizer visits on a surface.

    ``w_{k+1}, state_{k+1} = step(w_k, gradient(w_k), state_k, **options)``, ``w_0 = start``.

    Parameters
    ----------
    step : callable
        An optimizer by the convention of `dltricks.optimizers`; one whose second parameter is
        called grad_fn, as `dltricks.optimizers.nesterov`'s, is given the gradient as a function.
    surface : Surface
        Where to walk; ``surface._replace(start=...)`` begins elsewhere.
    steps : int
        How many, not negative.
    **options : float or callable
        The optimizer's settings, such as lr. A callable is called with the number of steps taken
        so far, so that a rate can follow a schedule.

    Returns
    -------
    points : ndarray, shape (steps + 1, 2)
        The start and the point after each step. A path that diverges runs off to inf and NaN,
        without a warning.

    Raises
    ------
    ValueError
        If steps is negative or the start has not shape (2,).

    Examples
    --------
    >>> from dltricks.optimizers import sgd
    >>> path(sgd, valley(condition=2.0), 2, lr=0.5)
    array([[-8.,  1.],
           [-4.,  0.],
           [-2.,  0.]])
    """
    require(steps >= 0, f"steps must not be negative, not {steps!r}")
    w, state = real(surface.start), None
    require_shape("start", w, (2,))
    looks_ahead = "grad_fn" in inspect.signature(step).parameters
    points = [w]
    with np.errstate(over="ignore", invalid="ignore"):
        for k in range(steps):
            settings = {name: o(k) if callable(o) else o for name, o in options.items()}
            grad = surface.gradient if looks_ahead else surface.gradient(w)
            w, state = step(w, grad, state, **settings)
            points.append(w)
    return np.stack(points)
