"""What several tests hold the reference against: numerical derivatives and guarded inputs."""

import numpy as np


def frozen(*arrays):
    """Copies that cannot be written to, so that a function which changes its argument fails."""
    copies = [np.array(a) for a in arrays]
    for copy in copies:
        copy.flags.writeable = False
    return copies[0] if len(copies) == 1 else copies


def directional_derivative(f, x, direction, h=1e-6):
    """Central difference of the scalar function f at x along a direction, in float64."""
    return (f(x + h * direction) - f(x - h * direction)) / (2 * h)


def assert_gradient(f, x, gradient, rng, rtol=1e-6, atol=1e-8, directions=5, h=1e-6):
    """Compare a gradient of the scalar function f with central differences in random directions."""
    assert np.shape(gradient) == np.shape(x)
    for _ in range(directions):
        d = rng.normal(size=np.shape(x))
        d /= np.linalg.norm(d)
        np.testing.assert_allclose(
            np.sum(gradient * d), directional_derivative(f, x, d, h), rtol=rtol, atol=atol
        )
