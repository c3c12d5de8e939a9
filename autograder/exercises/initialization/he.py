"""He's rule, normal and uniform."""

import math

import numpy as np

from autograder.checking.exercise import Exercise
from autograder.checking.laws import Normal, Uniform
from autograder.checking.probes import IidEntries
from autograder.exercises.initialization.entries import described
from dltricks import initializers

he_normal = Exercise(
    initializers.he_normal,
    points=2,
    probes=(
        IidEntries(
            lambda n, m: Normal(math.sqrt(2 / n)),
            described("normal entries with mean 0 and variance 2 / fan_in"),
        ),
    ),
)


@he_normal.variant
def he_scaled(fan_in, fan_out, rng):
    return np.sqrt(2.0 / fan_in) * rng.standard_normal((fan_in, fan_out))


@he_normal.variant
def he_flat_draw(fan_in, fan_out, rng):
    return rng.normal(0, (2 / fan_in) ** 0.5, fan_in * fan_out).reshape((fan_in, fan_out))


@he_normal.variant
def he_divided(fan_in, fan_out, rng):
    return rng.normal(size=(fan_in, fan_out)) / np.sqrt(fan_in / 2)


@he_normal.mistake(
    "The variance 2/fan_in was used as the standard deviation. NumPy's `scale` is the standard "
    "deviation: take the square root."
)
def he_variance_used_as_std(fan_in, fan_out, rng):
    return rng.normal(0, 2 / fan_in, (fan_in, fan_out))


@he_normal.mistake(
    "The variance is 2/fan_out. For `x @ w` each output sums over fan_in inputs: He's forward "
    "rule divides by fan_in, the first of the two."
)
def he_fans_swapped(fan_in, fan_out, rng):
    return rng.normal(0, np.sqrt(2 / fan_out), (fan_in, fan_out))


@he_normal.mistake("The variance is 1/fan_in: the 2 that makes up for ReLU's lost half is missing.")
def he_two_forgotten(fan_in, fan_out, rng):
    return rng.normal(0, np.sqrt(1 / fan_in), (fan_in, fan_out))


@he_normal.mistake("The variance is 2/(fan_in + fan_out): that is Xavier's rule, not He's.")
def xavier_for_he(fan_in, fan_out, rng):
    return rng.normal(0, np.sqrt(2 / (fan_in + fan_out)), (fan_in, fan_out))


@he_normal.mistake("The standard deviation is 2/sqrt(fan_in): the 2 belongs under the root, too.")
def he_two_outside_the_root(fan_in, fan_out, rng):
    return rng.normal(0, 2 / np.sqrt(fan_in), (fan_in, fan_out))


@he_normal.mistake(
    "The standard deviation is sqrt(6/fan_in): that is the bound of the uniform kind. Here it "
    "is a 2."
)
def he_bound_used_as_std(fan_in, fan_out, rng):
    return rng.normal(0, np.sqrt(6 / fan_in), (fan_in, fan_out))


@he_normal.mistake("The entries are uniform; this exercise asks for normal ones.")
def he_uniform_for_normal(fan_in, fan_out, rng):
    a = np.sqrt(6 / fan_in)
    return rng.uniform(-a, a, (fan_in, fan_out))


@he_normal.mistake(
    "All entries are positive: `rng.random` is uniform on [0, 1). Draw with `rng.normal` or "
    "`rng.standard_normal`."
)
def he_rand_for_randn(fan_in, fan_out, rng):
    return rng.random((fan_in, fan_out)) * np.sqrt(2 / fan_in)


@he_normal.mistake("The root was taken twice: the standard deviation is sqrt(2/fan_in), once.")
def he_root_taken_twice(fan_in, fan_out, rng):
    return rng.normal(0, (2 / fan_in) ** 0.25, (fan_in, fan_out))


@he_normal.mistake("The variance is 1/(2 fan_in): multiply by the 2, do not divide by it.")
def he_two_below(fan_in, fan_out, rng):
    return rng.normal(0, np.sqrt(1 / (2 * fan_in)), (fan_in, fan_out))


@he_normal.mistake(
    "The tails are cut off at two standard deviations, and only 77 % of the variance is left "
    "(some libraries do so and rescale). A normal distribution has no such limit."
)
def he_truncated(fan_in, fan_out, rng):
    z = rng.normal(size=(fan_in, fan_out))
    while np.any(np.abs(z) > 2):
        z = np.where(np.abs(z) > 2, rng.normal(size=z.shape), z)
    return z * np.sqrt(2 / fan_in)


he_uniform = Exercise(
    initializers.he_uniform,
    points=1,
    probes=(
        IidEntries(
            lambda n, m: Uniform(math.sqrt(6 / n)),
            described("uniform entries between ±sqrt(6 / fan_in)"),
        ),
    ),
)


@he_uniform.variant
def he_uniform_from_random(fan_in, fan_out, rng):
    return (rng.random((fan_in, fan_out)) - 0.5) * 2 * np.sqrt(6 / fan_in)


@he_uniform.variant
def he_uniform_from_variance(fan_in, fan_out, rng):
    std = np.sqrt(2 / fan_in)
    return rng.uniform(-1, 1, (fan_in, fan_out)) * std * np.sqrt(3)


@he_uniform.variant
def he_uniform_transposed(fan_in, fan_out, rng):
    a = (6 / fan_in) ** 0.5
    return rng.uniform(-a, a, (fan_out, fan_in)).T


@he_uniform.mistake("The bound is sqrt(6/fan_out): He's forward rule divides by fan_in.")
def he_uniform_fans_swapped(fan_in, fan_out, rng):
    a = np.sqrt(6 / fan_out)
    return rng.uniform(-a, a, (fan_in, fan_out))


@he_uniform.mistake(
    "The bound is sqrt(2/fan_in): that is the standard deviation. The variance of U(-a, a) is "
    "a^2/3, so the bound is sqrt(3) times wider."
)
def he_std_used_as_bound(fan_in, fan_out, rng):
    a = np.sqrt(2 / fan_in)
    return rng.uniform(-a, a, (fan_in, fan_out))


@he_uniform.mistake("The bound is 6/sqrt(fan_in): the 6 belongs under the root.")
def he_six_outside_the_root(fan_in, fan_out, rng):
    a = 6 / np.sqrt(fan_in)
    return rng.uniform(-a, a, (fan_in, fan_out))


@he_uniform.mistake("The bound is 6/fan_in: the square root is missing.")
def he_uniform_without_root(fan_in, fan_out, rng):
    return rng.uniform(-6 / fan_in, 6 / fan_in, (fan_in, fan_out))


@he_uniform.mistake("The bound is sqrt(6/(fan_in + fan_out)): that is Xavier's rule, not He's.")
def xavier_uniform_for_he(fan_in, fan_out, rng):
    a = np.sqrt(6 / (fan_in + fan_out))
    return rng.uniform(-a, a, (fan_in, fan_out))


@he_uniform.mistake(
    "The bound is sqrt(3/fan_in): the variance is then 1/fan_in. The 2 that makes up for ReLU "
    "is missing: from a^2/3 = 2/fan_in follows a 6."
)
def he_three_for_six(fan_in, fan_out, rng):
    a = np.sqrt(3 / fan_in)
    return rng.uniform(-a, a, (fan_in, fan_out))


@he_uniform.mistake("All entries are positive: write `rng.uniform(-a, a, ...)`.")
def he_one_sided(fan_in, fan_out, rng):
    return rng.uniform(0, np.sqrt(6 / fan_in), (fan_in, fan_out))


@he_uniform.mistake("The entries are normal; this exercise asks for uniform ones.")
def he_normal_for_uniform(fan_in, fan_out, rng):
    return rng.normal(0, np.sqrt(2 / fan_in), (fan_in, fan_out))


@he_uniform.mistake("The whole interval is sqrt(6/fan_in) wide; that is its half-width.")
def he_half_as_wide(fan_in, fan_out, rng):
    return (rng.random((fan_in, fan_out)) - 0.5) * np.sqrt(6 / fan_in)
