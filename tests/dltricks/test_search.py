import math

import numpy as np
import pytest
import scipy.stats

from dltricks.search import grid_search, random_search, successive_halving


def test_grid_counts_like_an_odometer():
    space = {"a": [1, 2], "b": ["x"], "c": [True, False, None]}
    assert grid_search(space) == [
        {"a": 1, "b": "x", "c": True},
        {"a": 1, "b": "x", "c": False},
        {"a": 1, "b": "x", "c": None},
        {"a": 2, "b": "x", "c": True},
        {"a": 2, "b": "x", "c": False},
        {"a": 2, "b": "x", "c": None},
    ]
    assert all(list(config) == ["a", "b", "c"] for config in grid_search(space))
    assert space == {"a": [1, 2], "b": ["x"], "c": [True, False, None]}


def test_grid_at_its_edges():
    assert grid_search({"a": [], "b": [1]}) == []
    assert grid_search({"a": np.array([1, 2])}) == [{"a": 1}, {"a": 2}]
    assert grid_search({}) == [{}]


def test_random_search_is_uniform_on_its_scale():
    space = {"lr": (1e-4, 10.0, "log"), "width": (-3, 5, "linear")}
    configs = random_search(space, 3000, np.random.default_rng(0))
    assert len(configs) == 3000
    assert all(list(config) == ["lr", "width"] for config in configs)
    lr, width = (np.array([config[name] for config in configs]) for name in space)
    assert scipy.stats.kstest(np.log10(lr), scipy.stats.uniform(-4, 5).cdf).pvalue > 1e-6
    assert scipy.stats.kstest(width, scipy.stats.uniform(-3, 8).cdf).pvalue > 1e-6
    assert abs(scipy.stats.spearmanr(lr, width).statistic) < 0.1
    assert type(configs[0]["lr"]) is float


@pytest.mark.parametrize("scale", ["linear", "log"])
def test_random_search_stays_within_limits_that_meet(scale):
    for limit in (1e-4, 0.1, 3.0):
        (config,) = random_search({"a": (limit, limit, scale)}, 1, np.random.default_rng(0))
        assert config == {"a": limit}


def test_random_search_for_nothing():
    rng = np.random.default_rng(0)
    assert random_search({"a": (0, 1, "linear")}, 0, rng) == []
    assert random_search({}, 2, rng) == [{}, {}]


@pytest.mark.parametrize(
    ("limits", "n"),
    [
        ((0.0, 1.0, "log"), 1),
        ((-1.0, 1.0, "log"), 0),
        ((2.0, 1.0, "linear"), 1),
        ((0.0, math.inf, "linear"), 1),
        ((-math.inf, 0.0, "linear"), 1),
        ((0.0, math.nan, "linear"), 1),
        ((0.1, 1.0, "uniform"), 1),
    ],
)
def test_random_search_refuses_limits(limits, n):
    with pytest.raises(ValueError, match=r"space\['lr'\]"):
        random_search({"lr": limits}, n, np.random.default_rng(0))


def test_random_search_refuses_a_negative_number():
    with pytest.raises(ValueError, match="n must"):
        random_search({"lr": (0, 1, "linear")}, -1, np.random.default_rng(0))


@pytest.mark.parametrize(
    ("count", "eta", "rounds"),
    [
        (1, 3, [(1, 2)]),
        (2, 3, [(2, 2), (1, 6)]),
        (8, 3, [(8, 2), (2, 6), (1, 18)]),
        (9, 3, [(9, 2), (3, 6), (1, 18)]),
        (27, 3, [(27, 2), (9, 6), (3, 18), (1, 54)]),
        (10, 2, [(10, 2), (5, 4), (2, 8), (1, 16)]),
    ],
)
def test_halving_runs_these_rounds_and_keeps_the_best(count, eta, rounds):
    rng = np.random.default_rng(count)
    configs = [{"quality": q} for q in rng.permutation(count).tolist()]
    calls = []

    def evaluate(config, budget):
        calls.append((config["quality"], budget))
        return config["quality"] + 1 / budget

    best, score = successive_halving(configs, evaluate, 2, eta=eta)
    expected = [(quality, budget) for survivors, budget in rounds for quality in range(survivors)]
    assert sorted(calls, key=lambda call: (call[1], call[0])) == expected
    assert best == {"quality": 0}
    assert score == 1 / rounds[-1][1]


def test_halving_judges_each_round_anew():
    # The best after a short run is not the best after a longer one.
    scores = {("a", 1): 1, ("b", 1): 2, ("c", 1): 3, ("d", 1): 4}
    scores |= {("a", 2): 9, ("b", 2): 5, ("b", 4): 7}
    best = successive_halving(list("abcd"), lambda c, budget: scores[c, budget], 1, eta=2)
    assert best == ("b", 7)


def test_halving_by_a_third_is_the_default_and_budgets_may_be_fractions():
    budgets = []
    successive_halving([1, 2, 3, 4, 5], lambda c, b: budgets.append(b) or c, 0.5)
    assert budgets == [0.5] * 5 + [1.5]


def test_halving_keeps_the_first_of_equals_and_drops_what_diverged():
    assert successive_halving(("a", "b", "c"), lambda c, b: 1.0, 1)[0] == "a"
    scores = {"a": math.nan, "b": math.inf, "c": 7.0}
    assert successive_halving("abc", lambda c, b: scores[c], 1) == ("c", 7.0)


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        (([], None, 1), "configs"),
        (([1], None, 0), "min_budget"),
        (([1], None, -1.0), "min_budget"),
        (([1, 2], None, 1, 1), "eta"),
        (([1, 2], None, 1, 0), "eta"),
        (([1, 2], None, 1, 2.5), "eta"),
    ],
)
def test_halving_refuses(arguments, name):
    with pytest.raises(ValueError, match=name):
        successive_halving(*arguments)
