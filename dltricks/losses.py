"""What training minimizes: each loss comes with its gradient with respect to the predictions.

All are means over the N samples of a batch, so that the step size need not follow the batch size.
"""

import numpy as np

from dltricks._arrays import class_labels, real, require, require_positive, require_shape
from dltricks.activations import sigmoid


@np.errstate(under="ignore")  # the probability of a hopeless class may round to 0
def softmax_cross_entropy(logits, labels):
    """Loss of a classifier: how surprised its softmax probabilities are by the true classes.

    ``loss = -1/N * sum_n log p_n[label_n]`` with ``p_n = softmax(logits_n)``;
    ``dlogits = (p - one_hot) / N``.

    Parameters
    ----------
    logits : array_like, shape (N, K)
        Scores of the K classes before the softmax, of any size.
    labels : array_like of int, shape (N,)
        Class of each sample, in [0, K).

    Returns
    -------
    loss : float
        In nats.
    dlogits : ndarray, shape (N, K)

    Raises
    ------
    ValueError
        If the shapes do not fit or a label is out of range.

    Notes
    -----
    D1 pairs softmax outputs with this loss: the gradient then does not fade where the softmax
    saturates. Each row's maximum is taken off first, which leaves the softmax as it is and keeps
    exp from overflowing; the logarithm is taken before the division, so that no log(0) arises.

    Examples
    --------
    >>> loss, dlogits = softmax_cross_entropy([[0.0, 0.0]], [1])
    >>> dlogits
    array([[ 0.5, -0.5]])
    """
    logits = real(logits)
    require_shape("logits", logits, (None, None))
    n, num_classes = logits.shape
    labels = class_labels(labels, num_classes)
    require_shape("labels", labels, (n,))
    true = np.arange(n), labels
    shifted = logits - logits.max(axis=1, keepdims=True)
    odds = np.exp(shifted)
    total = odds.sum(axis=1, keepdims=True)
    loss = (np.log(total[:, 0]) - shifted[true]).mean()
    dlogits = odds / total
    dlogits[true] -= 1
    return loss, dlogits / n


def mean_squared_error(pred, target):
    """Loss of a regression: the squared distance to the target, averaged over the samples.

    ``loss = 1/N * sum_n ||pred_n - target_n||^2``, ``dpred = 2/N * (pred - target)``.

    Parameters
    ----------
    pred : array_like, shape (N, ...)
        Predictions, one sample a row.
    target : array_like, the shape of pred
        What they should be.

    Returns
    -------
    loss : float
    dpred : ndarray, the shape of pred

    Raises
    ------
    ValueError
        If the shapes differ or there is no axis of samples.

    Notes
    -----
    D3's convention. Others divide by the number of entries N * K (``torch.nn.MSELoss``) or halve
    the sum so that the gradient loses its 2.

    Examples
    --------
    >>> loss, dpred = mean_squared_error([[1.0, 2.0], [0.0, 0.0]], [[0.0, 0.0], [0.0, 0.0]])
    >>> float(loss)
    2.5
    """
    pred = real(pred)
    target = np.asarray(target, dtype=pred.dtype)
    require(pred.ndim > 0, "pred must have an axis of samples")
    require_shape("target", target, pred.shape)
    n = len(pred)
    error = pred - target
    return np.sum(error**2) / n, 2 / n * error


@np.errstate(under="ignore")  # so may the loss of a confident, right answer
def binary_cross_entropy(logits, targets):
    """Loss of a yes-no classifier: how surprised its sigmoid probability is by the answer.

    The mean of ``-[t log p + (1 - t) log(1 - p)]`` with ``p = sigmoid(logit)``;
    ``dlogits = (p - t) / N``.

    Parameters
    ----------
    logits : array_like, shape (N,)
        Log-odds of "yes", of any size.
    targets : array_like, shape (N,)
        Probability of "yes" in [0, 1]; 0 or 1 for a plain label.

    Returns
    -------
    loss : float
        In nats.
    dlogits : ndarray, shape (N,)

    Raises
    ------
    ValueError
        If the shapes differ or a target is outside [0, 1].

    Notes
    -----
    D1 gives it in terms of p, which overflows or takes log(0). With z the logit it is
    ``max(z, 0) - t z + log(1 + exp(-|z|))``: the same function, in which nothing can.

    Examples
    --------
    >>> loss, dlogits = binary_cross_entropy([0.0, 1e4], [1, 1])
    >>> dlogits
    array([-0.25,  0.  ])
    """
    logits = real(logits)
    targets = np.asarray(targets, dtype=logits.dtype)
    require_shape("logits", logits, (None,))
    require_shape("targets", targets, logits.shape)
    require(np.all((targets >= 0) & (targets <= 1)), "targets must be probabilities in [0, 1]")
    losses = np.maximum(logits, 0) - targets * logits + np.log1p(np.exp(-np.abs(logits)))
    return losses.mean(), (sigmoid(logits) - targets) / len(logits)


def hinge_loss(scores, labels, margin=1.0):
    """Loss of a classifier that asks the true class to win by a margin, and then no more.

    ``loss = 1/N * sum_n sum_{j != y_n} max(0, s_nj - s_ny + margin)``.

    Parameters
    ----------
    scores : array_like, shape (N, K)
        Scores of the K classes.
    labels : array_like of int, shape (N,)
        Class of each sample, in [0, K).
    margin : float, default 1.0
        By how much the true class's score should lead.

    Returns
    -------
    loss : float
    dscores : ndarray, shape (N, K)
        1/N for every class that violates the margin, and minus their number over N for the true
        class; the subgradient at the kink is 0.

    Raises
    ------
    ValueError
        If the shapes do not fit or a label is out of range.

    Notes
    -----
    D4; the multiclass support vector machine of Weston and Watkins (1999). Crammer and Singer
    (2001) take the worst class alone in place of the sum; ``torch.nn.MultiMarginLoss`` divides by
    K as well.

    Examples
    --------
    >>> loss, dscores = hinge_loss([[3.0, 2.5, 0.0]], [0])
    >>> float(loss)
    0.5
    >>> dscores
    array([[-1.,  1.,  0.]])
    """
    scores = real(scores)
    require_shape("scores", scores, (None, None))
    n, num_classes = scores.shape
    labels = class_labels(labels, num_classes)
    require_shape("labels", labels, (n,))
    true = np.arange(n), labels
    excess = np.maximum(scores - scores[true][:, None] + margin, 0)
    excess[true] = 0
    dscores = (excess > 0).astype(scores.dtype)
    dscores[true] = -dscores.sum(axis=1)
    return excess.sum() / n, dscores / n


def label_smoothing(labels, num_classes, eps=0.1):
    """Soft targets that keep a classifier from growing ever surer of its labels.

    ``(1 - eps) * one_hot + eps / K``.

    Parameters
    ----------
    labels : array_like of int, shape (N,)
        Class of each sample, in [0, K).
    num_classes : int
        K, the number of classes.
    eps : float, default 0.1
        Share of the probability that is spread evenly over all K classes, in [0, 1].

    Returns
    -------
    targets : ndarray, shape (N, num_classes)
        Each row sums to 1.

    Raises
    ------
    ValueError
        If num_classes is not positive, a label is out of range, or eps is outside [0, 1].

    Notes
    -----
    Szegedy et al. (2016). Goes beyond the decks. The true class keeps a share of eps as well;
    some spread it over the other classes only, eps / (K - 1) each.

    Examples
    --------
    >>> label_smoothing([1], 2, eps=0.2)
    array([[0.1, 0.9]])
    """
    require_positive(num_classes=num_classes)
    require(0 <= eps <= 1, f"eps must be in [0, 1], not {eps!r}")
    labels = class_labels(labels, num_classes)
    targets = np.full((len(labels), num_classes), eps / num_classes)
    targets[np.arange(len(labels)), labels] += 1 - eps
    return targets
