"""Xavier's rule, normal and uniform."""

import math

import numpy as np

from autograder.checking.exercise import Exercise
from autograder.checking.laws import Normal, Uniform
from autograder.checking.probes import IidEntries
from autograder.exercises.initialization.entries import described
from dltricks import initializers

xavier_normal = Exercise(
    initializers.xavier_normal,
    points=2,
    probes=(
        IidEntries(
            lambda n, m: Normal(math.sqrt(2 / (n + m))),
            described("normal entries with mean 0 and variance 2 / (fan_in + fan_out)"),
        ),
    ),
)


@xavier_normal.variant
def xavier_scaled(fan_in, fan_out, rng):
    return rng.standard_normal((fan_in, fan_out)) * np.sqrt(2 / (fan_in + fan_out))


@xavier_normal.variant
def xavier_divided(fan_in, fan_out, rng):
    return rng.normal(size=(fan_in, fan_out)) / np.sqrt((fan_in + fan_out) / 2)


@xavier_normal.variant
def xavier_by_columns(fan_in, fan_out, rng):
    std = (2.0 / (fan_in + fan_out)) ** 0.5
    return np.stack([rng.normal(0.0, std, fan_in) for _ in range(fan_out)], axis=1)


@xavier_normal.mistake(
    "The variance 2/(fan_in + fan_out) was used as the standard deviation. NumPy's `scale` is "
    "the standard deviation: take the square root."
)
def variance_used_as_std(fan_in, fan_out, rng):
    return rng.normal(0, 2 / (fan_in + fan_out), (fan_in, fan_out))


@xavier_normal.mistake(
    "The variance is 1/(fan_in + fan_out), half of what is right. The compromise is the mean "
    "of the two fans: 1 over (fan_in + fan_out)/2, so 2/(fan_in + fan_out)."
)
def two_forgotten(fan_in, fan_out, rng):
    return rng.normal(0, np.sqrt(1 / (fan_in + fan_out)), (fan_in, fan_out))


@xavier_normal.mistake(
    "The variance is 1/fan_in: that keeps the signal forward, but not the gradient backward. "
    "Xavier's compromise is 2/(fan_in + fan_out)."
)
def only_fan_in(fan_in, fan_out, rng):
    return rng.normal(0, np.sqrt(1 / fan_in), (fan_in, fan_out))


@xavier_normal.mistake(
    "The variance is 1/fan_out: that keeps the gradient backward, but not the signal forward. "
    "Xavier's compromise is 2/(fan_in + fan_out)."
)
def only_fan_out(fan_in, fan_out, rng):
    return rng.normal(0, np.sqrt(1 / fan_out), (fan_in, fan_out))


@xavier_normal.mistake("The variance is 2/fan_in: that is He's rule, for ReLU, not Xavier's.")
def he_for_xavier(fan_in, fan_out, rng):
    return rng.normal(0, np.sqrt(2 / fan_in), (fan_in, fan_out))


@xavier_normal.mistake(
    "The standard deviation is sqrt(6/(fan_in + fan_out)): that is the bound of the uniform "
    "kind. The 6 is there because a uniform variance is a third of the squared bound; here it "
    "is a 2."
)
def bound_used_as_std(fan_in, fan_out, rng):
    return rng.normal(0, np.sqrt(6 / (fan_in + fan_out)), (fan_in, fan_out))


@xavier_normal.mistake("The entries are uniform; this exercise asks for normal ones.")
def uniform_for_normal(fan_in, fan_out, rng):
    a = np.sqrt(6 / (fan_in + fan_out))
    return rng.uniform(-a, a, (fan_in, fan_out))


@xavier_normal.mistake(
    "All entries are positive: `rng.random` is uniform on [0, 1). Draw with `rng.normal` or "
    "`rng.standard_normal`."
)
def rand_for_randn(fan_in, fan_out, rng):
    return rng.random((fan_in, fan_out)) * np.sqrt(2 / (fan_in + fan_out))


@xavier_normal.mistake("The root was taken twice: the standard deviation is sqrt(2/(n + m)), once.")
def root_taken_twice(fan_in, fan_out, rng):
    return rng.normal(0, np.sqrt(np.sqrt(2 / (fan_in + fan_out))), (fan_in, fan_out))


@xavier_normal.mistake(
    "The variance is 2 (fan_in + fan_out): divide by the sum of the fans, do not multiply."
)
def multiplied_by_fans(fan_in, fan_out, rng):
    return rng.normal(0, np.sqrt(2 * (fan_in + fan_out)), (fan_in, fan_out))


@xavier_normal.mistake(
    "Only one fan is divided: mind the parentheses, 2 / (fan_in + fan_out), not 2 / fan_in + "
    "fan_out."
)
def parentheses_missing(fan_in, fan_out, rng):
    return rng.normal(0, np.sqrt(2 / fan_in + fan_out), (fan_in, fan_out))


@xavier_normal.mistake("All weights are 0: `//` divides whole numbers and rounds down. Use `/`.")
def integer_division(fan_in, fan_out, rng):
    return rng.normal(0, np.sqrt(2 // (fan_in + fan_out)), (fan_in, fan_out))


@xavier_normal.mistake(
    "The tails are cut off at two standard deviations, and only 77 % of the variance is left. "
    "A normal distribution has no such limit."
)
def truncated_at_two_std(fan_in, fan_out, rng):
    z = rng.normal(size=(fan_in, fan_out))
    while np.any(np.abs(z) > 2):
        z = np.where(np.abs(z) > 2, rng.normal(size=z.shape), z)
    return z * np.sqrt(2 / (fan_in + fan_out))


@xavier_normal.mistake(
    "All rows are equal: one row of random numbers was drawn and repeated. Draw (fan_in, "
    "fan_out) numbers."
)
def one_row_repeated(fan_in, fan_out, rng):
    return np.ones((fan_in, 1)) * rng.normal(0, np.sqrt(2 / (fan_in + fan_out)), (1, fan_out))


@xavier_normal.mistake(
    "Two different generators gave the same numbers: a seed is set inside the function. Then "
    "all layers of a network start with the same weights. Draw from the argument `rng`."
)
def seeded_inside(fan_in, fan_out, rng):
    rng = np.random.default_rng(0)
    return rng.normal(0, np.sqrt(2 / (fan_in + fan_out)), (fan_in, fan_out))


@xavier_normal.mistake(
    "The numbers do not come from the argument `rng`, so no run can be repeated: use "
    "`rng.normal`, not `np.random.normal` or a generator of your own."
)
def other_randomness(fan_in, fan_out, rng):
    return np.random.normal(0, np.sqrt(2 / (fan_in + fan_out)), (fan_in, fan_out))  # noqa: NPY002


xavier_uniform = Exercise(
    initializers.xavier_uniform,
    points=2,
    probes=(
        IidEntries(
            lambda n, m: Uniform(math.sqrt(6 / (n + m))),
            described("uniform entries between ±sqrt(6 / (fan_in + fan_out))"),
        ),
    ),
)


@xavier_uniform.variant
def xavier_uniform_from_random(fan_in, fan_out, rng):
    a = np.sqrt(6) / np.sqrt(fan_in + fan_out)
    return 2 * a * rng.random((fan_in, fan_out)) - a


@xavier_uniform.variant
def xavier_uniform_from_variance(fan_in, fan_out, rng):
    variance = 2 / (fan_in + fan_out)
    return np.sqrt(3 * variance) * rng.uniform(-1, 1, (fan_in, fan_out))


@xavier_uniform.variant
def xavier_uniform_by_rows(fan_in, fan_out, rng):
    a = (6 / (fan_in + fan_out)) ** 0.5
    w = np.empty((fan_in, fan_out))
    for i in range(fan_in):
        w[i] = rng.uniform(low=-a, high=a, size=fan_out)
    return w


@xavier_uniform.mistake(
    "The bound is 6/sqrt(fan_in + fan_out), as D1 prints it; the 6 belongs under the root. "
    "This bound is 2.4 times too wide."
)
def six_outside_the_root(fan_in, fan_out, rng):
    a = 6 / np.sqrt(fan_in + fan_out)
    return rng.uniform(-a, a, (fan_in, fan_out))


@xavier_uniform.mistake(
    "The bound is sqrt(2/(fan_in + fan_out)): that is the standard deviation. The variance of "
    "U(-a, a) is a^2/3, so the bound is sqrt(3) times wider."
)
def std_used_as_bound(fan_in, fan_out, rng):
    a = np.sqrt(2 / (fan_in + fan_out))
    return rng.uniform(-a, a, (fan_in, fan_out))


@xavier_uniform.mistake("The bound is 6/(fan_in + fan_out): the square root is missing.")
def uniform_without_root(fan_in, fan_out, rng):
    a = 6 / (fan_in + fan_out)
    return rng.uniform(-a, a, (fan_in, fan_out))


@xavier_uniform.mistake("The bound uses fan_in alone: sqrt(6/fan_in) is He's rule.")
def he_uniform_for_xavier(fan_in, fan_out, rng):
    a = np.sqrt(6 / fan_in)
    return rng.uniform(-a, a, (fan_in, fan_out))


@xavier_uniform.mistake("The bound uses fan_out alone; Xavier's uses the sum of both fans.")
def fan_out_uniform(fan_in, fan_out, rng):
    a = np.sqrt(6 / fan_out)
    return rng.uniform(-a, a, (fan_in, fan_out))


@xavier_uniform.mistake(
    "All entries are positive. `rng.uniform(a)` means [a, 1) and `rng.uniform(0, a)` half the "
    "interval: write `rng.uniform(-a, a, ...)`."
)
def one_sided(fan_in, fan_out, rng):
    return rng.uniform(0, np.sqrt(6 / (fan_in + fan_out)), (fan_in, fan_out))


@xavier_uniform.mistake("The entries are normal; this exercise asks for uniform ones.")
def normal_for_uniform(fan_in, fan_out, rng):
    return rng.normal(0, np.sqrt(2 / (fan_in + fan_out)), (fan_in, fan_out))


@xavier_uniform.mistake(
    "The entries are normal, and the bound was used as their standard deviation. Asked for is "
    "a uniform distribution: `rng.uniform(-a, a, ...)`."
)
def bound_as_normal_std(fan_in, fan_out, rng):
    return rng.normal(0, np.sqrt(6 / (fan_in + fan_out)), (fan_in, fan_out))


@xavier_uniform.mistake(
    "The bound is sqrt(3/(fan_in + fan_out)): the variance is then half of Xavier's 2/(fan_in "
    "+ fan_out). From a^2/3 = 2/(fan_in + fan_out) follows a 6."
)
def three_for_six(fan_in, fan_out, rng):
    a = np.sqrt(3 / (fan_in + fan_out))
    return rng.uniform(-a, a, (fan_in, fan_out))


@xavier_uniform.mistake(
    "The whole interval is sqrt(6/(fan_in + fan_out)) wide; that is its half-width."
)
def half_as_wide(fan_in, fan_out, rng):
    return (rng.random((fan_in, fan_out)) - 0.5) * np.sqrt(6 / (fan_in + fan_out))
