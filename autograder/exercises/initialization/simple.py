"""Rules of before Xavier: a fixed size, and one that knows the number of inputs."""

import math

import numpy as np

from autograder.checking.exercise import Exercise
from autograder.checking.laws import Normal, Uniform
from autograder.checking.probes import IidEntries
from autograder.exercises.initialization.entries import described
from dltricks import initializers

small_normal = Exercise(
    initializers.small_normal,
    points=1,
    probes=(
        IidEntries(
            lambda n, m, std=0.01: Normal(std),
            described("normal entries with mean 0 and standard deviation std"),
            options=({}, {"std": 0.3}),
        ),
    ),
)


@small_normal.variant
def small_scaled(fan_in, fan_out, rng, std=0.01):
    return std * rng.standard_normal((fan_in, fan_out))


@small_normal.variant
def small_transposed_draw(fan_in, fan_out, rng, std=0.01):
    return rng.normal(size=(fan_out, fan_in)).T * std


@small_normal.variant
def small_row_by_row(fan_in, fan_out, rng, std=0.01):
    return np.array([rng.normal(0, std, fan_out) for _ in range(fan_in)])


@small_normal.mistake(
    "The 0.01 was used as a variance: the entries have standard deviation 0.1. D2's N(0, 0.01) "
    "names the standard deviation; here it is the argument `std`."
)
def std_used_as_variance(fan_in, fan_out, rng, std=0.01):
    return rng.normal(0, np.sqrt(std), (fan_in, fan_out))


@small_normal.mistake(
    "The entries have standard deviation std squared. NumPy's `scale` is the standard "
    "deviation, not the variance: no squaring."
)
def std_squared(fan_in, fan_out, rng, std=0.01):
    return rng.normal(0, std**2, (fan_in, fan_out))


@small_normal.mistake(
    "All entries are positive: `rng.random` is uniform on [0, 1). Draw normal numbers around "
    "0: `rng.normal` or `rng.standard_normal`."
)
def random_for_normal(fan_in, fan_out, rng, std=0.01):
    return std * rng.random((fan_in, fan_out))


@small_normal.mistake(
    "The entries are uniform; asked for is a normal distribution: `rng.normal` or "
    "`rng.standard_normal`."
)
def small_uniform(fan_in, fan_out, rng, std=0.01):
    return rng.uniform(-std, std, (fan_in, fan_out))


@small_normal.mistake(
    "The argument `std` has no effect: 0.01 is its default value, not a constant of the function."
)
def std_ignored(fan_in, fan_out, rng, std=0.01):
    return rng.normal(0, 0.01, (fan_in, fan_out))


@small_normal.mistake(
    "The entries have mean std: `rng.normal`'s first argument is the mean, the second the "
    "standard deviation."
)
def std_given_as_mean(fan_in, fan_out, rng, std=0.01):
    return rng.normal(std, std, (fan_in, fan_out))


@small_normal.mistake("The standard deviation is 1: `std` was forgotten.")
def std_forgotten(fan_in, fan_out, rng, std=0.01):
    return rng.normal(size=(fan_in, fan_out))


@small_normal.mistake(
    "All weights are 0. Then all units of a layer compute the same, get the same gradient and "
    "stay equal for ever: the symmetry has to be broken by chance."
)
def all_zero(fan_in, fan_out, rng, std=0.01):
    return np.zeros((fan_in, fan_out))


fan_in_uniform = Exercise(
    initializers.fan_in_uniform,
    points=1,
    probes=(
        IidEntries(
            lambda n, m: Uniform(1 / math.sqrt(n)),
            described("uniform entries between ±1/sqrt(fan_in)"),
        ),
    ),
)


@fan_in_uniform.variant
def fan_in_from_random(fan_in, fan_out, rng):
    return (2 * rng.random((fan_in, fan_out)) - 1) / np.sqrt(fan_in)


@fan_in_uniform.variant
def fan_in_transposed(fan_in, fan_out, rng):
    return rng.uniform(-1, 1, size=(fan_out, fan_in)).T * fan_in**-0.5


@fan_in_uniform.variant
def fan_in_entry_by_entry(fan_in, fan_out, rng):
    a = 1 / np.sqrt(fan_in)
    return rng.uniform(-a, a, fan_in * fan_out).reshape(fan_in, fan_out)


@fan_in_uniform.mistake(
    "The bound uses fan_out. Here it is the number of inputs that counts: 1/sqrt(fan_in)."
)
def fan_in_swapped(fan_in, fan_out, rng):
    a = 1 / np.sqrt(fan_out)
    return rng.uniform(-a, a, (fan_in, fan_out))


@fan_in_uniform.mistake("The bound is 1/fan_in: the square root is missing.")
def fan_in_without_root(fan_in, fan_out, rng):
    return rng.uniform(-1 / fan_in, 1 / fan_in, (fan_in, fan_out))


@fan_in_uniform.mistake(
    "All entries are positive, between 0 and the bound. `rng.uniform` needs both ends: "
    "`rng.uniform(-a, a, ...)`."
)
def fan_in_one_sided(fan_in, fan_out, rng):
    return rng.uniform(0, 1 / np.sqrt(fan_in), (fan_in, fan_out))


@fan_in_uniform.mistake(
    "The standard deviation is 1/sqrt(fan_in), but that is the bound; the standard deviation "
    "of U(-a, a) is a/sqrt(3)."
)
def fan_in_bound_for_std(fan_in, fan_out, rng):
    a = np.sqrt(3 / fan_in)
    return rng.uniform(-a, a, (fan_in, fan_out))


@fan_in_uniform.mistake("The entries are normal; asked for is a uniform distribution.")
def fan_in_normal(fan_in, fan_out, rng):
    return rng.normal(0, 1 / np.sqrt(fan_in), (fan_in, fan_out))


@fan_in_uniform.mistake("The entries are normal; asked for is a uniform distribution.")
def fan_in_normal_same_variance(fan_in, fan_out, rng):
    return rng.normal(0, 1 / np.sqrt(3 * fan_in), (fan_in, fan_out))


@fan_in_uniform.mistake(
    "The entries lie between -1 and 1, whatever fan_in: divide by its square root."
)
def fan_in_forgotten(fan_in, fan_out, rng):
    return rng.uniform(-1, 1, (fan_in, fan_out))


@fan_in_uniform.mistake("The width of the interval is 1/sqrt(fan_in); that is its half-width.")
def fan_in_half_as_wide(fan_in, fan_out, rng):
    return (rng.random((fan_in, fan_out)) - 0.5) / np.sqrt(fan_in)
