"""Many models in place of one: their errors differ, so together they are wrong less often."""

import numpy as np

from dltricks._arrays import real, require, require_positive, require_shape


def ensemble_average(probabilities):
    """Let the models agree on probabilities: their mean.

    ``p(class | x) = 1/K * sum over models of p_k(class | x)``.

    Parameters
    ----------
    probabilities : array_like, shape (K, N, C)
        For each of K models and N samples, the probabilities of C classes.

    Returns
    -------
    average : ndarray, shape (N, C)

    Raises
    ------
    ValueError
        If probabilities has not three axes.

    Notes
    -----
    D0. The mean of the probabilities, not of the logits: the latter is the normalized geometric
    mean, in which one very sure model can veto a class.

    Examples
    --------
    >>> ensemble_average([[[1.0, 0.0]], [[0.5, 0.5]]])
    array([[0.75, 0.25]])
    """
    probabilities = real(probabilities)
    require_shape("probabilities", probabilities, (None, None, None))
    return probabilities.mean(axis=0)


def majority_vote(predictions, num_classes):
    """Let the models vote: the label that most of them give.

    ``argmax over labels of #{k : prediction_k = label}``, for each sample.

    Parameters
    ----------
    predictions : array_like of int, shape (K, N)
        For each of K models, the labels of N samples, in [0, num_classes).
    num_classes : int
        How many labels there are, positive.

    Returns
    -------
    labels : ndarray of int, shape (N,)
        The smallest label wins a tie.

    Raises
    ------
    ValueError
        If predictions has not two axes, num_classes is not positive, or a label is out of range.

    Notes
    -----
    D0; bagging's rule for classifiers (Breiman, 1996). It throws away how sure each model was: see
    `ensemble_average`.

    Examples
    --------
    >>> majority_vote([[0, 2], [1, 2], [1, 0]], num_classes=3)
    array([1, 2])
    """
    predictions = np.asarray(predictions)
    require_positive(num_classes=num_classes)
    require_shape("predictions", predictions, (None, None))
    require(
        predictions.dtype.kind in "iu" and np.all((predictions >= 0) & (predictions < num_classes)),
        f"predictions must be integers from 0 to {num_classes - 1}",
    )
    votes = (predictions == np.arange(num_classes)[:, None, None]).sum(axis=1)  # (C, N)
    return votes.argmax(axis=0)


def bootstrap_indices(n, rng):
    """Draw a training set anew from itself, so that each model of an ensemble sees another one.

    n independent uniform draws from ``0 ... n - 1``, with replacement.

    Parameters
    ----------
    n : int
        Number of training examples, positive.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    indices : ndarray of int, shape (n,)

    Raises
    ------
    ValueError
        If n is not positive.

    Notes
    -----
    Breiman (1996), "bagging"; D3 takes it as one reason why dropout works. An example is left out
    with probability ``(1 - 1/n)^n``, about 37 %.

    Examples
    --------
    >>> indices = bootstrap_indices(100_000, np.random.default_rng(0))
    >>> round(len(set(indices.tolist())) / 100_000, 2)
    0.63
    """
    require_positive(n=n)
    return rng.integers(n, size=n)
