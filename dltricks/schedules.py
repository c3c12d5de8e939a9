"""How the learning rate changes with time: large to get far, small to settle.

A schedule maps the number of steps taken so far, 0 at the first, to that step's rate.
"""

import math

from dltricks._arrays import require, require_positive


def _require_step(step):
    require(step >= 0, f"step must not be negative, not {step!r}")


def inverse_time_decay(lr0, step, decay):
    """A rate that falls like 1/t: slowly enough to reach anywhere, fast enough to still noise.

    ``lr0 / (1 + decay * step)``.

    Parameters
    ----------
    lr0 : float
        The rate at step 0.
    step : int
        Steps taken so far, not negative.
    decay : float
        The rate has halved after ``1 / decay`` steps; not negative.

    Returns
    -------
    lr : float

    Raises
    ------
    ValueError
        If step or decay is negative.

    Notes
    -----
    D3's "1/t". Rates whose sum is infinite and whose squares have a finite sum, as these, make
    stochastic approximation converge (Robbins and Monro, 1951).

    Examples
    --------
    >>> [inverse_time_decay(1.0, step, decay=0.5) for step in (0, 2, 6)]
    [1.0, 0.5, 0.25]
    """
    _require_step(step)
    require(decay >= 0, f"decay must not be negative, not {decay!r}")
    return lr0 / (1 + decay * step)


def exponential_decay(lr0, step, rate):
    """A rate that loses the same share at every step.

    ``lr0 * exp(-rate * step)``.

    Parameters
    ----------
    lr0 : float
        The rate at step 0.
    step : int
        Steps taken so far, not negative.
    rate : float
        The share lost per step, while small; the learning rate halves in ``log(2) / rate`` steps.

    Returns
    -------
    lr : float

    Raises
    ------
    ValueError
        If step is negative.

    Notes
    -----
    D3. PyTorch's ``ExponentialLR`` takes the factor per step, ``gamma = exp(-rate)``. The sum of
    all the rates is finite: started too far away, training never arrives.

    Examples
    --------
    >>> round(exponential_decay(0.1, 2, rate=math.log(2)), 6)
    0.025
    """
    _require_step(step)
    return lr0 * math.exp(-rate * step)


def staircase_decay(lr0, step, factor, every):
    """A rate that stays, then drops: train until progress stops, cut the rate, repeat.

    ``lr0 * factor ** (step // every)``.

    Parameters
    ----------
    lr0 : float
        The rate of the first `every` steps.
    step : int
        Steps taken so far, not negative.
    factor : float
        What each drop multiplies the rate by, often 0.1 or 0.5.
    every : int
        Steps between drops, positive.

    Returns
    -------
    lr : float

    Raises
    ------
    ValueError
        If step is negative or every is not positive.

    Notes
    -----
    D3. PyTorch's ``StepLR``, which counts epochs.

    Examples
    --------
    >>> [staircase_decay(1.0, step, factor=0.5, every=3) for step in range(7)]
    [1.0, 1.0, 1.0, 0.5, 0.5, 0.5, 0.25]
    """
    _require_step(step)
    require_positive(every=every)
    return lr0 * factor ** (step // every)


def warmup_cosine(lr0, step, warmup, total, lr_min=0.0):
    """A rate that rises in a straight line while the averages fill, then glides down to rest.

    ``lr0 * (step + 1) / warmup`` while step < warmup; then
    ``lr_min + (lr0 - lr_min) * (1 + cos(pi * progress)) / 2``, where progress runs from 0 at
    step = warmup to 1 at step = total and stays there.

    Parameters
    ----------
    lr0 : float
        The highest rate, at the last step of the warm-up and the first of the cosine.
    step : int
        Steps taken so far, not negative.
    warmup : int
        Steps of warm-up, 0 for none, fewer than total.
    total : int
        Steps until the rate is lr_min, warm-up included; positive.
    lr_min : float, default 0.0
        The rate at the end.

    Returns
    -------
    lr : float

    Raises
    ------
    ValueError
        If step is negative, total is not positive, or warmup is not in [0, total).

    Notes
    -----
    Warm-up from Goyal et al. (2017), the cosine from Loshchilov and Hutter (2017), here without
    their restarts; goes beyond the decks. Some warm up from 0, which wastes the first step.

    Examples
    --------
    >>> [round(warmup_cosine(1.0, step, warmup=2, total=6), 4) for step in range(8)]
    [0.5, 1.0, 1.0, 0.8536, 0.5, 0.1464, 0.0, 0.0]
    """
    _require_step(step)
    require_positive(total=total)
    require(0 <= warmup < total, f"warmup must be in [0, total), not {warmup!r}")
    if step < warmup:
        return lr0 * (step + 1) / warmup
    progress = min(1.0, (step - warmup) / (total - warmup))
    return lr_min + (lr0 - lr_min) * (1 + math.cos(math.pi * progress)) / 2


SCHEDULES = {
    "inverse_time_decay": inverse_time_decay,
    "exponential_decay": exponential_decay,
    "staircase_decay": staircase_decay,
    "warmup_cosine": warmup_cosine,
}
