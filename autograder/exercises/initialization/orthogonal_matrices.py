"""Orthogonal matrices."""

import numpy as np

from autograder.checking.exercise import Exercise
from autograder.exercises.initialization.orthogonality import OrthogonalMatrix
from dltricks import initializers

orthogonal = Exercise(
    initializers.orthogonal,
    points=3,
    probes=(
        OrthogonalMatrix(
            "tall, square and wide matrices, with and without gain: w.T @ w or w @ w.T is gain^2 "
            "I; every direction and both orientations equally likely; drawn from rng alone"
        ),
    ),
)


@orthogonal.variant
def orthogonal_with_signs(fan_in, fan_out, rng, gain=1.0):
    a = rng.standard_normal((fan_in, fan_out))
    if fan_in < fan_out:
        a = a.T
    q, r = np.linalg.qr(a)
    q = q * np.sign(np.diag(r))
    return gain * (q.T if fan_in < fan_out else q)


@orthogonal.variant
def orthogonal_by_svd(fan_in, fan_out, rng, gain=1.0):
    u, _, vt = np.linalg.svd(rng.normal(size=(fan_in, fan_out)), full_matrices=False)
    return gain * u @ vt


@orthogonal.variant
def orthogonal_by_gram_schmidt(fan_in, fan_out, rng, gain=1.0):
    n, m = max(fan_in, fan_out), min(fan_in, fan_out)
    columns = []
    for _ in range(m):
        v = rng.normal(size=n)
        for _ in range(2):
            for c in columns:
                v = v - (v @ c) * c
        columns.append(v / np.linalg.norm(v))
    q = np.array(columns).T * gain
    return q if fan_in >= fan_out else q.T


@orthogonal.mistake(
    "The columns are orthogonal, but not every such matrix is equally likely: QR fixes the "
    "signs of R's diagonal in its own way. Multiply each column of Q by the sign of R's "
    "diagonal entry."
)
def signs_not_fixed(fan_in, fan_out, rng, gain=1.0):
    q, _ = np.linalg.qr(rng.normal(size=(max(fan_in, fan_out), min(fan_in, fan_out))))
    return gain * (q if fan_in >= fan_out else q.T)


@orthogonal.mistake(
    "The matrix is scaled by the square root of gain: `w.T @ w` must be gain squared times I."
)
def gain_under_root(fan_in, fan_out, rng, gain=1.0):
    q, r = np.linalg.qr(rng.normal(size=(max(fan_in, fan_out), min(fan_in, fan_out))))
    q = np.sqrt(gain) * q * np.sign(np.diag(r))
    return q if fan_in >= fan_out else q.T


@orthogonal.mistake(
    "The matrix is scaled by gain squared: `w` is multiplied by gain, then `w.T @ w` is gain^2 I."
)
def gain_squared(fan_in, fan_out, rng, gain=1.0):
    q, r = np.linalg.qr(rng.normal(size=(max(fan_in, fan_out), min(fan_in, fan_out))))
    q = gain**2 * q * np.sign(np.diag(r))
    return q if fan_in >= fan_out else q.T


@orthogonal.mistake("The argument `gain` has no effect: multiply the matrix by it.")
def gain_ignored(fan_in, fan_out, rng, gain=1.0):
    q, r = np.linalg.qr(rng.normal(size=(max(fan_in, fan_out), min(fan_in, fan_out))))
    q = q * np.sign(np.diag(r))
    return q if fan_in >= fan_out else q.T


@orthogonal.mistake(
    "A wide matrix comes out with the wrong shape: QR of a wide matrix gives a square Q. Take "
    "the QR of the tall transpose, and transpose back."
)
def wide_not_handled(fan_in, fan_out, rng, gain=1.0):
    q, r = np.linalg.qr(rng.normal(size=(fan_in, fan_out)))
    return gain * q * np.sign(np.diag(r))


@orthogonal.mistake(
    "A wide matrix comes out tall: after the QR of the tall matrix, transpose back to (fan_in, "
    "fan_out)."
)
def wide_not_transposed_back(fan_in, fan_out, rng, gain=1.0):
    q, r = np.linalg.qr(rng.normal(size=(max(fan_in, fan_out), min(fan_in, fan_out))))
    return gain * q * np.sign(np.diag(r))


@orthogonal.mistake(
    "These are plain normal numbers with variance 1/fan_in: their columns are orthogonal on "
    "average only. Make them exactly orthogonal, with `np.linalg.qr`."
)
def merely_normal(fan_in, fan_out, rng, gain=1.0):
    return gain * rng.normal(0, 1 / np.sqrt(fan_in), (fan_in, fan_out))


@orthogonal.mistake(
    "The columns have length 1 but are not perpendicular: dividing by their norms is not "
    "enough. Use `np.linalg.qr`."
)
def merely_normalized(fan_in, fan_out, rng, gain=1.0):
    w = rng.normal(size=(fan_in, fan_out))
    return gain * w / np.linalg.norm(w, axis=0)


@orthogonal.mistake(
    "This is the identity (or a part of it), always the same: orthogonal, but not random. "
    "Units of a layer need random directions."
)
def identity(fan_in, fan_out, rng, gain=1.0):
    return gain * np.eye(fan_in, fan_out)


@orthogonal.mistake(
    "R was returned (or used) for Q: it is triangular. The first result of `np.linalg.qr` is "
    "the orthogonal one."
)
def r_for_q(fan_in, fan_out, rng, gain=1.0):
    _, r = np.linalg.qr(rng.normal(size=(fan_in, fan_out)))
    return gain * r


@orthogonal.mistake(
    "The numbers are uniform on [0, 1) before QR: the first column then always points into the "
    "same quarter. Start from normal numbers, which know no direction."
)
def from_uniform(fan_in, fan_out, rng, gain=1.0):
    q, r = np.linalg.qr(rng.random((max(fan_in, fan_out), min(fan_in, fan_out))))
    q = gain * q * np.sign(np.diag(r))
    return q if fan_in >= fan_out else q.T
