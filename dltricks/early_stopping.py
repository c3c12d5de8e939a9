"""Stop before the network learns its examples by heart, and hand back the best it has been."""

import math

from dltricks._arrays import require, require_positive


def early_stopping(theta, train_steps, validation_error, n, patience, max_steps=None):
    """Train while the validation error falls, and return the parameters of its lowest point.

    Every n steps the error is measured. A strictly lower one than ever before is remembered with
    its parameters; after `patience` others in a row, training stops.

    Parameters
    ----------
    theta : object
        The initial parameters, in any form; not evaluated before the first n steps.
    train_steps : callable
        ``train_steps(theta, n)`` returns the parameters after n more steps and leaves its
        argument alone: what is remembered must stay what it was.
    validation_error : callable
        ``validation_error(theta)``, a float.
    n : int
        Steps between evaluations, positive.
    patience : int
        How many evaluations in a row may bring nothing better, positive.
    max_steps : int, optional
        Training ends before n more steps would pass this number; None for no such limit.

    Returns
    -------
    best_theta : object
        What train_steps returned at the best evaluation; theta if nothing was better than inf.
    best_step : int
        How many steps of training that took; 0 if nothing was better than inf.
    best_error : float
        The error there; inf if nothing was better.

    Raises
    ------
    ValueError
        If n or patience is not positive, or max_steps is negative.

    Notes
    -----
    D1, Algorithm 7.1 of Goodfellow, Bengio and Courville (2016), with the limit max_steps added;
    D0, D2, D3. A NaN is not lower than anything: a run that has diverged stops here. The lowest
    error found is an optimistic estimate of the test error, since it was chosen.

    Examples
    --------
    >>> errors = {10: 0.5, 20: 0.3, 30: 0.4, 40: 0.3, 50: 0.1}
    >>> early_stopping(0, lambda theta, n: theta + n, errors.get, n=10, patience=2)
    (20, 20, 0.3)
    """
    require_positive(n=n, patience=patience)
    require(max_steps is None or max_steps >= 0, f"max_steps must not be negative: {max_steps!r}")
    best_theta, best_step, best_error = theta, 0, math.inf
    step = failures = 0
    while failures < patience and (max_steps is None or step + n <= max_steps):
        theta = train_steps(theta, n)
        step += n
        error = float(validation_error(theta))
        if error < best_error:
            best_theta, best_step, best_error = theta, step, error
            failures = 0
        else:
            failures += 1
    return best_theta, best_step, best_error
