import numpy as np
import pytest
import scipy.optimize
from oracles import assert_gradient, frozen

from dltricks.optimizers import OPTIMIZERS, momentum, nesterov, sgd
from dltricks.surfaces import SURFACES, beale, noisy_quadratic, path, rosenbrock, saddle, valley

ALL = [build() for build in SURFACES.values()]
ALL += [valley(7.0), noisy_quadratic(np.random.default_rng(0), std=0.0)]


@pytest.mark.parametrize("surface", ALL, ids=lambda surface: surface.name)
def test_gradient_is_that_of_the_function(surface):
    rng = np.random.default_rng(1)
    for _ in range(5):
        point = rng.uniform(-1.5, 1.5, 2)
        gradient = surface.gradient(frozen(point))
        assert_gradient(surface.function, point, gradient, rng, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("surface", ALL, ids=lambda surface: surface.name)
def test_minimum_is_one(surface):
    np.testing.assert_allclose(surface.gradient(surface.minimum), 0, atol=1e-12)
    near = surface.minimum + np.random.default_rng(2).uniform(-0.3, 0.3, size=(500, 2))
    assert np.all(surface.function(near) > surface.function(surface.minimum))
    found = scipy.optimize.minimize(surface.function, surface.start, jac=surface.gradient)
    np.testing.assert_allclose(found.x, surface.minimum, atol=1e-3)


@pytest.mark.parametrize("surface", ALL, ids=lambda surface: surface.name)
def test_start_and_minimum_lie_in_the_picture(surface):
    for x, y in (surface.start, surface.minimum):
        assert surface.xlim[0] < x < surface.xlim[1]
        assert surface.ylim[0] < y < surface.ylim[1]


@pytest.mark.parametrize("surface", ALL, ids=lambda surface: surface.name)
@pytest.mark.parametrize("shape", [(2,), (1, 2), (5, 2), (3, 4, 2)])
def test_points_of_any_shape(surface, shape):
    points = frozen(np.random.default_rng(3).normal(size=shape))
    values, gradients = surface.function(points), surface.gradient(points)
    assert np.shape(values) == shape[:-1]
    assert gradients.shape == shape
    flat = points.reshape(-1, 2)
    np.testing.assert_array_equal(np.ravel(values), [surface.function(p) for p in flat])
    np.testing.assert_array_equal(
        gradients.reshape(-1, 2), np.stack([surface.gradient(p) for p in flat])
    )
    single = points.astype(np.float32)
    assert surface.function(single).dtype == surface.gradient(single).dtype == np.float32


@pytest.mark.parametrize("surface", ALL, ids=lambda surface: surface.name)
def test_points_without_two_coordinates_are_refused(surface):
    for points in (np.zeros(3), np.zeros((2, 1)), 1.0):
        with pytest.raises(ValueError, match="points"):
            surface.function(points)
        with pytest.raises(ValueError, match="points"):
            surface.gradient(points)


def test_values_known_from_elsewhere():
    points = np.random.default_rng(4).normal(size=(6, 2))
    np.testing.assert_allclose(rosenbrock().function(points), scipy.optimize.rosen(points.T))
    np.testing.assert_allclose(
        rosenbrock().gradient(points), np.stack([scipy.optimize.rosen_der(p) for p in points])
    )
    assert beale().function([3.0, 0.5]) == 0
    assert beale().function([0.0, 0.0]) == 1.5**2 + 2.25**2 + 2.625**2
    assert saddle().function([0.0, -1.0]) == -0.25


def test_the_saddle_is_one_and_the_valley_is_as_long_as_asked():
    def hessian(surface, point):
        return scipy.optimize.approx_fprime(np.array(point, float), surface.gradient, 1e-7)

    low, high = np.linalg.eigvalsh(hessian(saddle(), (0, 0)))
    np.testing.assert_allclose((low, high), (-1, 1), atol=1e-6)
    low, high = np.linalg.eigvalsh(hessian(valley(123.0), (0, 0)))
    np.testing.assert_allclose(high / low, 123.0, rtol=1e-5)


def test_noise_is_fresh_gaussian_and_without_bias():
    surface = noisy_quadratic(np.random.default_rng(5), std=0.5, condition=4.0)
    points = frozen(np.tile([1.0, -2.0], (20_000, 1)))
    noise = surface.gradient(points) - [1.0, -8.0]
    np.testing.assert_allclose(noise.mean(axis=0), 0, atol=5 * 0.5 / np.sqrt(20_000))
    np.testing.assert_allclose(np.cov(noise.T), 0.25 * np.eye(2), atol=0.015)
    assert np.all(surface.gradient([1.0, 1.0]) != surface.gradient([1.0, 1.0]))
    assert surface.function([1.0, -2.0]) == surface.function([1.0, -2.0]) == 8.5


def test_sgd_hovers_with_the_variance_that_theory_gives():
    surface = noisy_quadratic(np.random.default_rng(6), std=2.0, condition=5.0)
    settled = path(sgd, surface, 40_000, lr=0.1)[200:]
    h = np.array([1.0, 5.0])
    np.testing.assert_allclose(settled.var(axis=0), 0.1 * 4 / (h * (2 - 0.1 * h)), rtol=0.15)


# Paths


def test_path_starts_at_the_start_and_follows_the_rule():
    surface = valley(4.0)
    points = path(sgd, surface, 6, lr=0.2)
    assert points.shape == (7, 2)
    k = np.arange(7)[:, None]
    np.testing.assert_allclose(points, surface.start * np.array([0.8, 0.2]) ** k, atol=1e-15)


@pytest.mark.parametrize("step", [*OPTIMIZERS.values(), nesterov])
def test_every_optimizer_walks(step):
    surface = rosenbrock()
    points = path(step, surface, 5, lr=1e-3)
    assert points.shape == (6, 2)
    np.testing.assert_array_equal(points[0], surface.start)
    w, state = surface.start, None
    for point in points[1:]:
        slope = surface.gradient if step is nesterov else surface.gradient(w)
        w, state = step(w, slope, state, lr=1e-3)
        np.testing.assert_array_equal(point, w)


def test_path_hands_the_function_to_any_rule_that_looks_ahead():
    def mine(w, grad_fn, state=None, *, lr):
        return w - lr * grad_fn(w), None

    np.testing.assert_array_equal(path(mine, valley(), 3, lr=0.01), path(sgd, valley(), 3, lr=0.01))


def test_options_may_follow_a_schedule():
    points = path(momentum, valley(1.0), 3, lr=lambda k: (0.5, 0.25, 0.0)[k], rho=0.0)
    np.testing.assert_allclose(points[:, 0], [-8.0, -4.0, -3.0, -3.0])


def test_zero_steps_and_another_start():
    surface = saddle()._replace(start=np.array([0.5, 0.5]))
    np.testing.assert_array_equal(path(sgd, surface, 0), [[0.5, 0.5]])


def test_a_path_may_diverge():
    points = path(sgd, rosenbrock(), 30, lr=1.0)
    assert points.shape == (31, 2)
    assert not np.all(np.isfinite(points))


def test_path_leaves_the_surface_as_it_was():
    surface = beale()
    start = surface.start.copy()
    points = path(sgd, surface, 3, lr=0.001)
    points += 1.0
    np.testing.assert_array_equal(surface.start, start)


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda: path(sgd, valley(), -1), "steps"),
        (lambda: path(sgd, valley()._replace(start=np.zeros(3)), 1), "start"),
        (lambda: valley(0.5), "condition"),
        (lambda: noisy_quadratic(np.random.default_rng(0), condition=0.5), "condition"),
        (lambda: noisy_quadratic(np.random.default_rng(0), std=-1.0), "std"),
    ],
)
def test_refuses(call, name):
    with pytest.raises(ValueError, match=name):
        call()


def test_registry_builds_surfaces():
    assert set(SURFACES) == {"rosenbrock", "beale", "valley", "saddle"}
    assert all(build.__name__ == name for name, build in SURFACES.items())
