"""How to walk downhill: rules that turn a gradient into the next weights.

An optimizer is ``step(w, grad, state=None, *, lr, ...) -> (w_next, state_next)`` on one array of
one axis or more. The first state is None, every later one is what the step before returned. lr may
differ from call to call, and neither w nor the state that a step reads is changed by it.
"""

from typing import NamedTuple

import numpy as np

from dltricks._arrays import real, require, require_positive, require_shape

# In what follows `w + -lr * v` is `w - lr * v`: NumPy adds into a temporary's memory, but does not
# subtract it there, and for a large array fresh memory costs more than the arithmetic.


def _weights_and_gradient(w, grad):
    w, grad = real(w), real(grad)
    require_shape("grad", grad, w.shape)
    return w, grad


def _require_decay(**rates):
    for name, rate in rates.items():
        require(0 <= rate < 1, f"{name} must be in [0, 1), not {rate!r}")


def minibatches(n, batch_size, rng):
    """Cut one epoch into batches that are a fresh random sample each, every example used once.

    A uniformly random permutation of ``0 ... n - 1``, cut into runs of batch_size.

    Parameters
    ----------
    n : int
        Number of training examples, positive.
    batch_size : int
        Examples in a batch, positive; the last batch is shorter where n is no multiple of it.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    batches : list of ndarray of int
        Index arrays: use ``x[batch]`` and ``y[batch]`` with the same one, or labels part company
        with their examples.

    Raises
    ------
    ValueError
        If a size is not positive.

    Notes
    -----
    D1: a batch of n estimates the gradient with an error of ``sigma / sqrt(n)``, provided that it
    is a random sample. Drawing without replacement, epoch by epoch, is what everyone does; the
    theory of SGD mostly assumes draws with replacement.

    Examples
    --------
    >>> batches = minibatches(5, 2, np.random.default_rng(0))
    >>> [len(batch) for batch in batches]
    [2, 2, 1]
    >>> np.sort(np.concatenate(batches))
    array([0, 1, 2, 3, 4])
    """
    require_positive(n=n, batch_size=batch_size)
    order = rng.permutation(n)
    return [order[start : start + batch_size] for start in range(0, n, batch_size)]


def sgd(w, grad, state=None, *, lr=0.01):
    """Walk straight down the slope: the step that all the others improve on.

    ``w <- w - lr * grad``.

    Parameters
    ----------
    w : array_like
        The weights, of any shape.
    grad : array_like, shape of w
        The gradient of the loss at w; stochastic if it comes from a mini-batch.
    state : None
        There is nothing to remember.
    lr : float, default 0.01
        The learning rate.

    Returns
    -------
    w_next : ndarray, shape of w
    state_next : None

    Raises
    ------
    ValueError
        If grad has not the shape of w.

    Notes
    -----
    D4; Robbins and Monro (1951). On a quadratic of condition number k the best fixed rate shrinks
    the error by ``(k - 1) / (k + 1)`` a step, which is slow in a long valley.

    Examples
    --------
    >>> sgd(np.array([1.0, 2.0]), np.array([10.0, -10.0]), lr=0.1)
    (array([0., 3.]), None)
    """
    w, grad = _weights_and_gradient(w, grad)
    return w + -lr * grad, None


class VelocityState(NamedTuple):
    """What `momentum`, `classical_momentum` and `nesterov` carry from step to step."""

    v: np.ndarray  # shape of w: past gradients, or past steps, added up with fading weights


def momentum(w, grad, state=None, *, lr=0.01, rho=0.9):
    """Roll downhill: keep what past gradients agree on and cancel what they dispute.

    ``v <- rho v + grad``, then ``w <- w - lr v``; v starts at 0.

    Parameters
    ----------
    w : array_like
        The weights, of any shape.
    grad : array_like, shape of w
        The gradient of the loss at w.
    state : VelocityState, optional
        What the previous step returned; None at the first.
    lr : float, default 0.01
        The learning rate, applied to the velocity: a change of lr takes hold at once.
    rho : float, default 0.9
        How much of the velocity survives a step, in [0, 1); 0 is `sgd`.

    Returns
    -------
    w_next : ndarray, shape of w
    state_next : VelocityState

    Raises
    ------
    ValueError
        If grad has not the shape of w, or rho is outside [0, 1).

    Notes
    -----
    D4; Polyak (1964). It is PyTorch's form (dampening 0). `classical_momentum` puts lr into the
    velocity: the paths part as soon as lr changes. Others average, ``v <- rho v + (1 - rho) grad``,
    and need an lr that is ``1 / (1 - rho)`` times larger.

    Examples
    --------
    >>> w, state = momentum(np.array([1.0]), np.array([1.0]), lr=0.5, rho=0.5)
    >>> momentum(w, np.array([1.0]), state, lr=0.5, rho=0.5)
    (array([-0.25]), VelocityState(v=array([1.5])))
    """
    w, grad = _weights_and_gradient(w, grad)
    _require_decay(rho=rho)
    v = 0.0 if state is None else state.v
    v = rho * v + grad
    return w + -lr * v, VelocityState(v)


def classical_momentum(w, grad, state=None, *, lr=0.01, alpha=0.9):
    """Roll downhill with a velocity in units of w: each step repeats part of the step before.

    ``v <- alpha v - lr grad``, then ``w <- w + v``; v starts at 0.

    Parameters
    ----------
    w : array_like
        The weights, of any shape.
    grad : array_like, shape of w
        The gradient of the loss at w.
    state : VelocityState, optional
        What the previous step returned; None at the first.
    lr : float, default 0.01
        The learning rate, applied to the new gradient alone: past steps keep the rate they had.
    alpha : float, default 0.9
        How much of the last step is repeated, in [0, 1); 0 is `sgd`.

    Returns
    -------
    w_next : ndarray, shape of w
    state_next : VelocityState

    Raises
    ------
    ValueError
        If grad has not the shape of w, or alpha is outside [0, 1).

    Notes
    -----
    D1, where it is Algorithm 8.2 of Goodfellow, Bengio and Courville (2016); Sutskever et al.
    (2013). While lr is constant it walks the path of `momentum`, with ``-lr`` times its velocity.
    After a drop of lr it coasts on at the old speed for about ``1 / (1 - alpha)`` steps.

    Examples
    --------
    >>> w, state = classical_momentum(np.array([1.0]), np.array([1.0]), lr=0.5, alpha=0.5)
    >>> classical_momentum(w, np.array([1.0]), state, lr=0.0, alpha=0.5)
    (array([0.25]), VelocityState(v=array([-0.25])))
    """
    w, grad = _weights_and_gradient(w, grad)
    _require_decay(alpha=alpha)
    v = 0.0 if state is None else state.v
    v = alpha * v - lr * grad
    return w + v, VelocityState(v)


def nesterov(w, grad_fn, state=None, *, lr=0.01, rho=0.9):
    """Momentum that looks ahead: take the gradient where the velocity is about to lead.

    ``v <- rho v - lr grad_fn(w + rho v)``, then ``w <- w + v``; v starts at 0.

    Parameters
    ----------
    w : array_like
        The weights, of any shape.
    grad_fn : callable
        Maps weights to the gradient of the loss there, an array of the same shape.
    state : VelocityState, optional
        What the previous step returned; None at the first.
    lr : float, default 0.01
        The learning rate, applied to the new gradient alone.
    rho : float, default 0.9
        How much of the last step is repeated, in [0, 1); 0 is `sgd`.

    Returns
    -------
    w_next : ndarray, shape of w
    state_next : VelocityState

    Raises
    ------
    ValueError
        If the gradient has not the shape of w, or rho is outside [0, 1).

    Notes
    -----
    D4; Nesterov (1983), in the form of Sutskever et al. (2013). PyTorch's ``nesterov=True`` follows
    the point that looks ahead, ``w + rho v``, so that it needs the gradient at one point only.

    Examples
    --------
    >>> w, state = nesterov(np.array([1.0]), lambda w: w, lr=0.5, rho=0.5)
    >>> nesterov(w, lambda w: w, state, lr=0.5, rho=0.5)
    (array([0.125]), VelocityState(v=array([-0.375])))
    """
    w = real(w)
    _require_decay(rho=rho)
    v = 0.0 if state is None else state.v
    grad = real(grad_fn(w + rho * v))
    require_shape("grad_fn(w)", grad, w.shape)
    v = rho * v - lr * grad
    return w + v, VelocityState(v)


class SquaresState(NamedTuple):
    """What `adagrad` and `rmsprop` carry from step to step."""

    c: np.ndarray  # shape of w: sum, or moving average, of the squared gradients


def adagrad(w, grad, state=None, *, lr=0.01, eps=1e-8):
    """Give every weight a rate of its own, the smaller the more gradient it has seen.

    ``c <- c + grad^2``, then ``w <- w - lr grad / (sqrt(c) + eps)``; c starts at 0.

    Parameters
    ----------
    w : array_like
        The weights, of any shape.
    grad : array_like, shape of w
        The gradient of the loss at w.
    state : SquaresState, optional
        What the previous step returned; None at the first.
    lr : float, default 0.01
        The learning rate: the size of the first step, whatever the size of the gradient.
    eps : float, default 1e-8
        Keeps the division finite where every gradient was 0; added after the root.

    Returns
    -------
    w_next : ndarray, shape of w
    state_next : SquaresState

    Raises
    ------
    ValueError
        If grad has not the shape of w.

    Notes
    -----
    D4, whose slide leaves the root out: without it, gradients twice as large give steps half as
    long. Duchi, Hazan and Singer (2011). PyTorch adds eps after the root too; Keras adds it inside
    and starts c at 0.1. As c only grows, the steps fade like ``1 / sqrt(t)``.

    Examples
    --------
    >>> w, state = adagrad(np.zeros(2), np.array([3.0, 300.0]), lr=0.1)
    >>> w
    array([-0.1, -0.1])
    >>> adagrad(w, np.array([4.0, 400.0]), state, lr=0.1)[0]
    array([-0.18, -0.18])
    """
    w, grad = _weights_and_gradient(w, grad)
    c = 0.0 if state is None else state.c
    c = c + grad**2
    return w + -lr * grad / (np.sqrt(c) + eps), SquaresState(c)


def rmsprop(w, grad, state=None, *, lr=0.01, beta=0.99, eps=1e-8):
    """Adagrad that forgets: divide by the root mean square of the recent gradients.

    ``c <- beta c + (1 - beta) grad^2``, then ``w <- w - lr grad / (sqrt(c) + eps)``; c starts at 0.

    Parameters
    ----------
    w : array_like
        The weights, of any shape.
    grad : array_like, shape of w
        The gradient of the loss at w.
    state : SquaresState, optional
        What the previous step returned; None at the first.
    lr : float, default 0.01
        The learning rate.
    beta : float, default 0.99
        Weight of the old average, in [0, 1); memory is about ``1 / (1 - beta)`` steps.
    eps : float, default 1e-8
        Keeps the division finite where every gradient was 0; added after the root.

    Returns
    -------
    w_next : ndarray, shape of w
    state_next : SquaresState

    Raises
    ------
    ValueError
        If grad has not the shape of w, or beta is outside [0, 1).

    Notes
    -----
    D4 (without the root); Tieleman and Hinton (2012), with beta = 0.9. Defaults and the place of
    eps are PyTorch's; Keras adds eps inside the root. c starts too small, so the first step is
    ``lr / sqrt(1 - beta)`` long: ten times lr here. `adam` corrects that.

    Examples
    --------
    >>> w, state = rmsprop(np.zeros(2), np.array([3.0, 300.0]), lr=0.1)
    >>> w.round(6)
    array([-1., -1.])
    """
    w, grad = _weights_and_gradient(w, grad)
    _require_decay(beta=beta)
    c = 0.0 if state is None else state.c
    c = beta * c + (1 - beta) * grad**2
    return w + -lr * grad / (np.sqrt(c) + eps), SquaresState(c)


class AdadeltaState(NamedTuple):
    """What `adadelta` carries from step to step."""

    s: np.ndarray  # shape of w: moving average of the squared gradients
    u: np.ndarray  # shape of w: moving average of the squared updates


def adadelta(w, grad, state=None, *, lr=1.0, rho=0.9, eps=1e-6):
    """RMSProp with a step in the units of w: scale by the size of the recent updates.

    ``s <- rho s + (1 - rho) grad^2``, ``d = sqrt(u + eps) / sqrt(s + eps) * grad``,
    ``u <- rho u + (1 - rho) d^2``, then ``w <- w - lr d``; s and u start at 0.

    Parameters
    ----------
    w : array_like
        The weights, of any shape.
    grad : array_like, shape of w
        The gradient of the loss at w.
    state : AdadeltaState, optional
        What the previous step returned; None at the first.
    lr : float, default 1.0
        A factor on every update, 1 in the paper; the averages do not see it.
    rho : float, default 0.9
        Weight of the old averages, in [0, 1).
    eps : float, default 1e-6
        Added inside both roots; it also sets the size of the first steps, as u starts at 0.

    Returns
    -------
    w_next : ndarray, shape of w
    state_next : AdadeltaState

    Raises
    ------
    ValueError
        If grad has not the shape of w, or rho is outside [0, 1).

    Notes
    -----
    D4 names it; Zeiler (2012), Algorithm 1, whose rho is 0.95. Defaults are PyTorch's. The update d
    is formed with the u of the steps before it: its own square enters only afterwards.

    Examples
    --------
    >>> w, state = adadelta(np.zeros(1), np.array([5.0]), rho=0.75)
    >>> w.round(6)
    array([-0.002])
    """
    w, grad = _weights_and_gradient(w, grad)
    _require_decay(rho=rho)
    s, u = (0.0, 0.0) if state is None else state
    s = rho * s + (1 - rho) * grad**2
    d = np.sqrt((u + eps) / (s + eps)) * grad
    u = rho * u + (1 - rho) * d**2
    return w + -lr * d, AdadeltaState(s, u)


class AdamState(NamedTuple):
    """What `adam` and `adamw` carry from step to step."""

    m: np.ndarray  # shape of w: moving average of the gradients
    c: np.ndarray  # shape of w: moving average of the squared gradients
    t: int  # steps taken


def adam(w, grad, state=None, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, bias_correction=True):
    """Momentum and RMSProp together, with averages that are right from the first step on.

    ``m <- beta1 m + (1 - beta1) grad``, ``c <- beta2 c + (1 - beta2) grad^2``, both from 0;
    ``m^ = m / (1 - beta1^t)``, ``c^ = c / (1 - beta2^t)``, t = 1 at the first step; then
    ``w <- w - lr m^ / (sqrt(c^) + eps)``.

    Parameters
    ----------
    w : array_like
        The weights, of any shape.
    grad : array_like, shape of w
        The gradient of the loss at w.
    state : AdamState, optional
        What the previous step returned; None at the first.
    lr : float, default 1e-3
        The learning rate: no entry of w moves much more than this in a step.
    beta1 : float, default 0.9
        Weight of the old average of gradients, in [0, 1).
    beta2 : float, default 0.999
        Weight of the old average of squares, in [0, 1).
    eps : float, default 1e-8
        Keeps the division finite where every gradient was 0; added after the root.
    bias_correction : bool, default True
        Whether the averages are divided by the weight they have gathered; False leaves the hats
        off.

    Returns
    -------
    w_next : ndarray, shape of w
    state_next : AdamState

    Raises
    ------
    ValueError
        If grad has not the shape of w, or a beta is outside [0, 1).

    Notes
    -----
    Kingma and Ba (2015), Algorithm 1; D4 prints it without the correction ("not quite Adam") and
    without the root. Without the correction the first step is ``(1 - beta1) / sqrt(1 - beta2)``
    times lr: 3.2 at the defaults. PyTorch has the same eps; Keras takes the paper's faster form,
    which adds eps to the root of the uncorrected c ("epsilon hat").

    Examples
    --------
    >>> w, state = adam(np.zeros(2), np.array([1e-3, -1e3]), lr=0.1)
    >>> w.round(4)
    array([-0.1,  0.1])
    >>> state.t
    1
    """
    w, grad = _weights_and_gradient(w, grad)
    _require_decay(beta1=beta1, beta2=beta2)
    m, c, t = (0.0, 0.0, 0) if state is None else state
    t = t + 1
    m = beta1 * m + (1 - beta1) * grad
    c = beta2 * c + (1 - beta2) * grad**2
    # The weight that each average has gathered in t steps: dividing by it is the correction.
    weight1, weight2 = (1 - beta1**t, 1 - beta2**t) if bias_correction else (1.0, 1.0)
    return w + -lr / weight1 * m / (np.sqrt(c / weight2) + eps), AdamState(m, c, t)


def adamw(w, grad, state=None, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.01):
    """Adam with weight decay that its averages do not see, so that every weight shrinks alike.

    ``w <- w - lr * weight_decay * w``, then the step of `adam`, its moments from grad alone.

    Parameters
    ----------
    w : array_like
        The weights, of any shape.
    grad : array_like, shape of w
        The gradient of the loss at w, without any penalty.
    state : AdamState, optional
        What the previous step returned; None at the first.
    lr : float, default 1e-3
        The learning rate.
    beta1 : float, default 0.9
        Weight of the old average of gradients, in [0, 1).
    beta2 : float, default 0.999
        Weight of the old average of squares, in [0, 1).
    eps : float, default 1e-8
        Keeps the division finite where every gradient was 0; added after the root.
    weight_decay : float, default 0.01
        The share ``lr * weight_decay`` of every weight is lost in a step.

    Returns
    -------
    w_next : ndarray, shape of w
    state_next : AdamState

    Raises
    ------
    ValueError
        If grad has not the shape of w, or a beta is outside [0, 1).

    Notes
    -----
    Loshchilov and Hutter (2019); goes beyond the decks. A penalty's gradient added to grad would
    be divided by ``sqrt(c^)`` with the rest: weights with large gradients would hardly decay.
    As in PyTorch the decay is multiplied by lr; the paper keeps the two apart.

    Examples
    --------
    >>> w, state = adamw(np.array([1.0, 10.0]), np.zeros(2), lr=0.1, weight_decay=0.5)
    >>> w
    array([0.95, 9.5 ])
    """
    w, grad = _weights_and_gradient(w, grad)
    decayed = (1 - lr * weight_decay) * w
    return adam(decayed, grad, state, lr=lr, beta1=beta1, beta2=beta2, eps=eps)


class LionState(NamedTuple):
    """What `lion` carries from step to step."""

    m: np.ndarray  # shape of w: moving average of the gradients


def lion(w, grad, state=None, *, lr=1e-4, beta1=0.9, beta2=0.99, weight_decay=0.0):
    """Step by the same amount in every coordinate: only the sign of the momentum counts.

    ``w <- w - lr (sign(beta1 m + (1 - beta1) grad) + weight_decay w)``, then
    ``m <- beta2 m + (1 - beta2) grad``; m starts at 0.

    Parameters
    ----------
    w : array_like
        The weights, of any shape.
    grad : array_like, shape of w
        The gradient of the loss at w.
    state : LionState, optional
        What the previous step returned; None at the first.
    lr : float, default 1e-4
        The learning rate: how far every entry moves, three to ten times smaller than `adam`'s.
    beta1 : float, default 0.9
        Weight of the average in the direction of this step, in [0, 1).
    beta2 : float, default 0.99
        Weight of the average in its own update, in [0, 1).
    weight_decay : float, default 0.0
        The share ``lr * weight_decay`` of every weight is lost in a step, as in `adamw`.

    Returns
    -------
    w_next : ndarray, shape of w
    state_next : LionState

    Raises
    ------
    ValueError
        If grad has not the shape of w, or a beta is outside [0, 1).

    Notes
    -----
    Chen et al. (2023), found by a search over programs; goes beyond the decks. It needs one array
    of memory where Adam needs two.

    Examples
    --------
    >>> w, state = lion(np.zeros(3), np.array([5.0, -0.001, 0.0]), lr=0.1)
    >>> w
    array([-0.1,  0.1,  0. ])
    """
    w, grad = _weights_and_gradient(w, grad)
    _require_decay(beta1=beta1, beta2=beta2)
    m = 0.0 if state is None else state.m
    direction = np.sign(beta1 * m + (1 - beta1) * grad)
    m = beta2 * m + (1 - beta2) * grad
    return (1 - lr * weight_decay) * w - lr * direction, LionState(m)


def newton_schulz(x, iterations=10):
    """The orthogonal matrix nearest to x, by matrix products alone.

    ``X <- X / ||X||_F``, then, over and over, ``X <- 1.5 X - 0.5 X X^T X``: every singular value
    s goes to ``1.5 s - 0.5 s^3``, and so to 1, while the singular vectors stay. The limit is
    ``U V^T`` for ``x = U S V^T``.

    Parameters
    ----------
    x : array_like, shape (M, N)
        Any matrix; a singular value of 0 stays 0.
    iterations : int, default 10
        How often; a small singular value grows by half each time, so that one of 1 % of the
        Frobenius norm needs about 15.

    Returns
    -------
    q : ndarray, shape (M, N)

    Raises
    ------
    ValueError
        If x is not a matrix, or iterations is negative.

    Notes
    -----
    Higham (2008), chapter 8. It is the iteration of IterNorm (Huang et al., 2019), whose
    ``P_k`` is what has multiplied x so far: for centred ``x: (N, D)`` and eps = 0,
    `iterative_whitening_forward` is ``sqrt(N)`` times this. `muon` is its other use here.

    Examples
    --------
    >>> newton_schulz([[3.0, 0.0], [0.0, -2.0]]).round(6) + 0.0
    array([[ 1.,  0.],
           [ 0., -1.]])
    """
    x = real(x)
    require_shape("x", x, (None, None))
    require(iterations >= 0, f"iterations must not be negative, not {iterations!r}")
    norm = np.linalg.norm(x)
    if norm > 0:
        x = x / norm
    for _ in range(iterations):
        cube = x @ (x.T @ x) if x.shape[0] > x.shape[1] else (x @ x.T) @ x
        x = 1.5 * x - 0.5 * cube
    return x


def muon(w, grad, state=None, *, lr=0.02, rho=0.95, iterations=10):
    """Momentum whose step is made orthogonal: a matrix moves equally far in every direction.

    ``v <- rho v + grad``, then ``w <- w - lr newton_schulz(grad + rho v)``; v starts at 0.

    Parameters
    ----------
    w : array_like
        The weights. Of a convolution's (C_out, C_in, H, W) the last three axes count as one; with
        a vector, a matrix of one column, the step is the direction of the momentum with length lr.
    grad : array_like, shape of w
        The gradient of the loss at w.
    state : VelocityState, optional
        What the previous step returned; None at the first.
    lr : float, default 0.02
        The learning rate: the size of the step in the spectral norm.
    rho : float, default 0.95
        How much of the velocity survives a step, in [0, 1).
    iterations : int, default 10
        Of `newton_schulz`.

    Returns
    -------
    w_next : ndarray, shape of w
    state_next : VelocityState

    Raises
    ------
    ValueError
        If grad has not the shape of w, or rho is outside [0, 1).

    Notes
    -----
    Jordan et al. (2024); goes beyond the decks. Theirs runs five rounds of a polynomial of degree 5
    that is steeper at 0 and stops near 1, not at it; multiplies the step by
    ``sqrt(max(1, fan_out / fan_in))``; and leaves vectors and the first and last layer to AdamW.

    Examples
    --------
    >>> w, state = muon(np.zeros((2, 2)), np.array([[3.0, 0.0], [0.0, 2.0]]), lr=0.1)
    >>> w.round(6)
    array([[-0.1,  0. ],
           [ 0. , -0.1]])
    """
    w, grad = _weights_and_gradient(w, grad)
    _require_decay(rho=rho)
    v = 0.0 if state is None else state.v
    v = rho * v + grad
    ahead = grad + rho * v
    direction = newton_schulz(ahead.reshape(len(w), -1), iterations).reshape(w.shape)
    return w + -lr * direction, VelocityState(v)


OPTIMIZERS = {
    "sgd": sgd,
    "momentum": momentum,
    "classical_momentum": classical_momentum,
    "adagrad": adagrad,
    "rmsprop": rmsprop,
    "adadelta": adadelta,
    "adam": adam,
    "adamw": adamw,
    "lion": lion,
    "muon": muon,
}
