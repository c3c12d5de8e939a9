"""Choosing what training cannot learn: learning rates, widths, strengths of penalties."""

import itertools
import math

import numpy as np

from dltricks._arrays import require


def grid_search(space):
    """Every combination of the values listed, the way an odometer counts.

    The Cartesian product of the lists; the last name varies fastest.

    Parameters
    ----------
    space : dict of str to sequence
        The values to try for each name.

    Returns
    -------
    configs : list of dict
        One value for each name.

    Notes
    -----
    D3. The number of runs is the product of the lengths, and if only one name matters, all but a
    few of them repeat each other (Bergstra and Bengio, 2012).

    Examples
    --------
    >>> grid_search({"lr": [0.1, 0.01], "width": [8, 16]})[:3]
    [{'lr': 0.1, 'width': 8}, {'lr': 0.1, 'width': 16}, {'lr': 0.01, 'width': 8}]
    """
    return [dict(zip(space, values, strict=True)) for values in itertools.product(*space.values())]


def random_search(space, n, rng):
    """Configurations drawn at random: every run tries a new value of everything that matters.

    ``value ~ U(low, high)``, or ``log value ~ U(log low, log high)``, independently.

    Parameters
    ----------
    space : dict of str to (float, float, {"linear", "log"})
        For each name the lowest and the highest value, both finite, and the scale to draw on;
        "log" for what is compared by ratios, as learning rates are.
    n : int
        How many, not negative.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    configs : list of dict
        n dicts, one float for each name.

    Raises
    ------
    ValueError
        If n is negative, a scale is unknown, low is not finite or above high, or low is not
        positive on a log scale.

    Notes
    -----
    D3; Bergstra and Bengio (2012). With 60 runs, one falls among the best 5 % of all
    configurations with probability ``1 - 0.95^60``, 95 %, in any number of dimensions.

    Examples
    --------
    >>> (config,) = random_search({"lr": (1e-4, 1.0, "log")}, 1, np.random.default_rng(0))
    >>> 1e-4 <= config["lr"] <= 1.0
    True
    """
    require(n >= 0, f"n must not be negative, not {n!r}")
    for name, (low, high, scale) in space.items():
        require(scale in ("linear", "log"), f"space[{name!r}]: unknown scale {scale!r}")
        require(
            -math.inf < low <= high < math.inf, f"space[{name!r}]: no range {low!r} to {high!r}"
        )
        require(scale == "linear" or low > 0, f"space[{name!r}]: log scale needs low > 0")

    def draw(low, high, scale):
        if scale == "linear":
            return rng.uniform(low, high)
        value = math.exp(rng.uniform(math.log(low), math.log(high)))
        return min(max(value, low), high)  # rounding may have left the range

    return [{name: draw(*limits) for name, limits in space.items()} for _ in range(n)]


def successive_halving(configs, evaluate, min_budget, eta=3):
    """Give many configurations a short run, and longer ones only to those that do well.

    All start with min_budget; the best ``max(1, len // eta)`` go on with eta times the budget;
    repeat until a round has evaluated a single configuration.

    Parameters
    ----------
    configs : sequence
        The configurations, at least one.
    evaluate : callable
        ``evaluate(config, budget)`` returns a score, lower is better; called once for each
        configuration and round.
    min_budget : int or float
        Budget of the first round, positive: steps, epochs, examples.
    eta : int, default 3
        At least 2: one in eta survives a round.

    Returns
    -------
    best_config : object
        The one of the last round.
    best_score : float
        Its score in the last round.

    Raises
    ------
    ValueError
        If there are no configs, min_budget is not positive, or eta is not an integer of at least 2.

    Notes
    -----
    Jamieson and Talwalkar (2016); Hyperband (Li et al., 2018) runs it with several first budgets.
    Goes beyond the decks. Each round costs about the same. Of equal scores the earlier
    configuration goes on; a NaN, a run that diverged, is worse than any number.

    Examples
    --------
    >>> successive_halving([0.1, 0.5, 0.9], lambda lr, budget: abs(lr - 0.4) / budget, 1)
    (0.5, 0.033333333333333326)
    """
    survivors, budget = list(configs), min_budget
    require(len(survivors) > 0, "configs must not be empty")
    require(min_budget > 0, f"min_budget must be positive, not {min_budget!r}")
    whole = isinstance(eta, (int, np.integer))
    require(whole and eta >= 2, f"eta must be an integer of at least 2, not {eta!r}")
    while True:
        scores = [evaluate(config, budget) for config in survivors]
        if len(survivors) == 1:
            return survivors[0], scores[0]
        ranking = np.argsort(scores, kind="stable")  # which puts NaN last
        survivors = [survivors[i] for i in ranking[: max(1, len(survivors) // eta)]]
        budget *= eta
