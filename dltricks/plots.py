"""The course's figures: each function draws data it is given, and returns its Axes.

Nothing is shown, saved or changed globally: in a notebook the figure appears by itself, and what is
drawn can be changed through the Axes. Colours are those of Okabe and Ito (2008), which colour-blind
readers tell apart; lines differ in style and marker too. This is the one module that needs
matplotlib.
"""

import contextlib
import functools
import math

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.collections import PolyCollection

from dltricks._arrays import require

BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY, BLACK, GREY = COLORS = (
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#CC79A7",
    "#E69F00",
    "#56B4E9",
    "#000000",
    "#7F7F7F",
)
LINES = ("-", "--", "-.", ":")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
STYLE = {
    "figure.figsize": (8, 3.5),
    "figure.dpi": 100,
    "figure.constrained_layout.use": True,
    "figure.max_open_warning": 0,  # a loop over experiments may draw many
    "font.size": 10,
    "axes.titlesize": 11,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#E0E0E0",
    "grid.linewidth": 0.6,
    "legend.fontsize": 9,
    "legend.framealpha": 0.9,
    "legend.edgecolor": "none",
    "lines.linewidth": 1.8,
    "lines.markersize": 4.5,
    "image.cmap": "gray_r",
}


@contextlib.contextmanager
def style():
    """Draw your own figures in the course's style: ``with style(): fig, ax = plt.subplots()``.

    Returns
    -------
    context : context manager
        Inside it matplotlib's settings are `STYLE`'s; behind it they are what they were.

    Examples
    --------
    >>> with style():
    ...     plt.rcParams["font.size"]
    10.0
    """
    # Not `rc_context`, which would also put back what a backend sets when it first wakes inside.
    before = {key: mpl.rcParams[key] for key in STYLE}
    mpl.rcParams.update(STYLE)
    try:
        yield
    finally:
        mpl.rcParams.update(before)


def _styled(function):
    @functools.wraps(function)
    def styled(*args, **keywords):
        with style():
            return function(*args, **keywords)

    return styled


@_styled
def activation_histograms(activations, *, columns=6, bins=60, limits=None, bound=None, axes=None):
    """What the units of each layer say: a row of histograms for each network, input side first.

    Parameters
    ----------
    activations : dict of str to list of ndarray, or list of ndarray
        For each network the activations of its layers, as ``net.activations(x)`` gives them.
    columns : int, default 6
        How many layers to show at most; of a deeper network evenly spaced ones.
    bins : int, default 60
        Bars in each histogram.
    limits : (float, float), optional
        Range of the horizontal axis; by default the middle 99.8 % of all values together. Values
        beyond are counted in the outermost bars.
    bound : float, optional
        Count a unit as saturated where abs(activation) exceeds this, and print the share.
    axes : array of Axes, shape (networks, layers shown), optional
        Where to draw; by default in a new figure.

    Returns
    -------
    axes : ndarray of Axes, shape (networks, layers shown)

    Raises
    ------
    ValueError
        If there is nothing to draw, the networks differ in depth, or axes has another shape.

    Notes
    -----
    D0 shows such figures; Glorot and Bengio (2010) made them known. Heights are shares of all
    values, each histogram drawn to its own height: compare widths. Where more than 1 % of values
    are exactly 0, as behind a ReLU, their share is printed and their bar left out.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> layers = [rng.normal(0, std, (100, 20)) for std in (1, 0.5, 0.1)]
    >>> axes = activation_histograms({"shrinking": layers})
    >>> axes.shape, axes[0, 2].get_title()
    ((1, 3), 'layer 3')
    """
    if not isinstance(activations, dict):
        activations = {"": activations}
    depths = {len(layers) for layers in activations.values()}
    require(len(depths) == 1 and 0 not in depths, "activations must be of networks equally deep")
    (depth,) = depths
    shown = np.unique(np.linspace(0, depth - 1, min(columns, depth)).round().astype(int))
    shape = len(activations), len(shown)
    if axes is None:
        size = (8, 0.7 + 1.35 * shape[0])
        _, axes = plt.subplots(*shape, sharex=True, squeeze=False, figsize=size)
    axes = np.asarray(axes)
    require(axes.shape == shape, f"axes must have shape {shape}, not {axes.shape}")
    if limits is None:
        limits = _middle([layers[i] for layers in activations.values() for i in shown])
    ticks = _few_ticks(*limits)
    for row, (name, layers) in enumerate(activations.items()):
        for ax, layer in zip(axes[row], shown, strict=True):
            values = np.asarray(layers[layer], dtype=float).ravel()
            values = values[np.isfinite(values)]
            zeros = np.mean(values == 0) if values.size else 0.0
            bent = values[values != 0] if zeros > 0.01 else values
            counts, edges = np.histogram(np.clip(bent, *limits), bins, limits)
            counts = counts / max(1, values.size)
            ax.stairs(counts, edges, fill=True, color=_look(row)["color"])
            ax.set(yticks=[], xlim=limits, ylim=(0, 1.7 * counts.max() or 1.0))
            ax.set_xticks(ticks, [_label(tick) for tick in ticks])
            ax.grid(visible=False)
            ax.spines["left"].set_visible(False)
            note = f"std {_short(values.std())}" if values.size else "not finite"
            if zeros > 0.01:
                note += f"\n{100 * zeros:.0f} % zero"
            if bound is not None and values.size:
                note += f"\n{100 * np.mean(np.abs(values) > bound):.0f} % saturated"
            ax.text(0.98, 0.97, note, ha="right", va="top", fontsize=9, transform=ax.transAxes)
            if row == 0:
                ax.set_title(f"layer {layer + 1}")
            if row == len(axes) - 1:
                ax.set_xlabel("activation")
        if name:
            axes[row, 0].set_ylabel(name)
    return axes


@_styled
def signal_by_depth(
    values, *, ylabel="standard deviation of activations", log=True, first=1, title=None, ax=None
):
    """How a signal grows or fades from layer to layer, one line for each network.

    Parameters
    ----------
    values : dict of str to array_like, shape (L,) or (runs, L)
        For each network one figure a layer; of several runs, the median and the range are drawn.
    ylabel : str
        What the figure is, with its unit.
    log : bool, default True
        Logarithmic scale; values that are not positive are left out, with a mark at the bottom.
    first : int, default 1
        Number of the first layer.
    title : str, optional
        Above the plot.
    ax : Axes, optional
        Where to draw; by default in a new figure.

    Returns
    -------
    ax : Axes

    Raises
    ------
    ValueError
        If values is empty.

    Examples
    --------
    >>> ax = signal_by_depth({"He": [1.0, 1.0, 0.9], "0.01": [0.1, 0.01, 0.001]})
    >>> ax.get_xlabel(), ax.get_yscale()
    ('layer', 'log')
    """
    require(len(values) > 0, "values must not be empty")
    ax = _axes(ax)
    if log:
        ax.set_yscale("log")
    for number, (name, runs) in enumerate(values.items()):
        runs = np.atleast_2d(np.asarray(runs, dtype=float))
        layers = np.arange(first, first + runs.shape[1])
        vanished = ~np.any(runs > 0, axis=0) & log
        if log:
            runs = np.where(runs > 0, runs, np.nan)
        look = _look(number)
        if vanished.any():  # arrows on the floor of the plot
            ax.plot(
                layers[vanished],
                np.full(vanished.sum(), 0.02),
                linestyle="none",
                marker=11,
                color=look["color"],
                transform=ax.get_xaxis_transform(),
            )
        _line_with_band(ax, layers, runs, label=name, **look)
    ax.xaxis.get_major_locator().set_params(integer=True)
    ax.set(xlabel="layer", ylabel=ylabel, title=title or "")
    _legend(ax)
    return ax


@_styled
def gradient_norms_by_layer(gradients, *, title=None, ax=None):
    """How much of the gradient reaches each layer's weights, one line for each network.

    Parameters
    ----------
    gradients : dict of str to (dict of str to ndarray) or array_like
        For each network its gradients as ``net.backward`` returns them (the norms of "w1", "w2",
        ... are drawn), or one norm a layer, or (runs, L) norms.
    title : str, optional
        Above the plot.
    ax : Axes, optional
        Where to draw; by default in a new figure.

    Returns
    -------
    ax : Axes

    Raises
    ------
    ValueError
        If gradients is empty.

    Examples
    --------
    >>> ax = gradient_norms_by_layer({"a net": {"w1": np.ones((2, 2)), "b1": np.zeros(2)}})
    >>> float(ax.lines[0].get_ydata()[0])
    2.0
    """
    norms = {
        name: [np.linalg.norm(g) for key, g in grads.items() if key.startswith("w")]
        if isinstance(grads, dict)
        else grads
        for name, grads in gradients.items()
    }
    ylabel = "norm of the weights' gradient"
    return signal_by_depth(norms, ylabel=ylabel, title=title, ax=ax)


@_styled
def saturation_by_depth(activations, *, bound=0.97, title=None, ax=None):
    """The share of saturated units in each layer, one line for each network.

    Parameters
    ----------
    activations : dict of str to list of ndarray
        For each network the activations of its layers.
    bound : float, default 0.97
        A tanh unit is saturated where abs(activation) exceeds this: its slope there is below 0.06.
    title : str, optional
        Above the plot.
    ax : Axes, optional
        Where to draw; by default in a new figure.

    Returns
    -------
    ax : Axes

    Raises
    ------
    ValueError
        If activations is empty.

    Examples
    --------
    >>> ax = saturation_by_depth({"a net": [np.array([0.1, 0.99]), np.array([0.99, -0.99])]})
    >>> ax.lines[0].get_ydata()
    array([ 50., 100.])
    """
    shares = {
        name: [100 * np.mean(np.abs(layer) > bound) for layer in layers]
        for name, layers in activations.items()
    }
    ax = signal_by_depth(shares, ylabel="saturated units (%)", log=False, title=title, ax=ax)
    ax.set_ylim(-3, 103)
    return ax


CURVES = {  # what: (attribute of the history, label, factor, offset)
    "loss": ("losses", "training loss (nats)", 1.0, 0.0),
    "validation loss": ("validation_losses", "validation loss (nats)", 1.0, 0.0),
    "accuracy": ("validation_accuracies", "validation accuracy (%)", 100.0, 0.0),
    "error": ("validation_accuracies", "validation error (%)", -100.0, 100.0),
    "gradient norm": ("gradient_norms", "norm of the gradient", 1.0, 0.0),
    "lr": ("lrs", "learning rate", 1.0, 0.0),
}


@_styled
def training_curves(
    histories, what="loss", *, smooth=None, band="range", log=None, title=None, ax=None
):
    """How training went: one line for each method, with a band over its runs.

    Parameters
    ----------
    histories : dict of str to History or list of History
        For each method one run, or several from different seeds: then the line is their median.
    what : {"loss", "validation loss", "accuracy", "error", "gradient norm", "lr"}
        What to draw against the steps.
    smooth : int, optional
        Draw the mean over this many steps up to each; by default 1/40 of the run for "loss" and
        "gradient norm", and 1 for the rest.
    band : {"range", "quartiles"}, default "range"
        The band over runs: all of them, or the middle half.
    log : bool, optional
        Logarithmic scale; by default for losses and gradient norms.
    title : str, optional
        Above the plot.
    ax : Axes, optional
        Where to draw; by default in a new figure.

    Returns
    -------
    ax : Axes
        A cross marks where a run diverged; it is drawn no higher than ten times the others.

    Raises
    ------
    ValueError
        If histories is empty or has no such values, or an option is unknown.

    Examples
    --------
    >>> from dltricks.training import History
    >>> ax = training_curves({"a run": History(losses=[2.0, 1.0, 0.5])}, smooth=1)
    >>> ax.get_xlabel(), ax.get_ylabel()
    ('step', 'training loss (nats)')
    """
    require(len(histories) > 0, "histories must not be empty")
    require(what in CURVES, f"what must be one of {', '.join(CURVES)}, not {what!r}")
    attribute, ylabel, factor, offset = CURVES[what]
    each_step = attribute in ("losses", "lrs", "gradient_norms")
    ax = _axes(ax)
    if log or (log is None and what in ("loss", "validation loss", "gradient norm")):
        ax.set_yscale("log")
    runs_of = {
        name: list(runs) if isinstance(runs, (list, tuple)) else [runs]
        for name, runs in histories.items()
    }
    series_of = {
        name: [offset + factor * np.array(getattr(run, attribute), float) for run in runs]
        for name, runs in runs_of.items()
    }
    for name, series in series_of.items():
        require(all(len(values) for values in series), f"{name} has no {what} in its history")
    ceiling = _ceiling(runs_of, series_of)
    for number, (name, runs) in enumerate(runs_of.items()):
        series = series_of[name]
        longest = runs[int(np.argmax([len(values) for values in series]))]
        steps = np.array(longest.steps if each_step else longest.evaluated_at)
        window = smooth or (len(steps) // 40 if what in ("loss", "gradient norm") else 1)
        table = np.full((len(runs), len(steps)), np.nan)
        for row, values in zip(table, series, strict=True):
            row[: len(values)] = _running_mean(np.minimum(values, ceiling), max(1, window))
        look = _look(number)
        if len(steps) > 60:
            look["marker"] = None
        _line_with_band(ax, steps, table, label=name, band=band, **look)
        for run, row in zip(runs, table, strict=True):
            known = np.flatnonzero(np.isfinite(row))
            if run.diverged and known.size:
                end = steps[known[-1]], row[known[-1]]
                ax.plot(*end, "X", color=look["color"], markersize=9, zorder=4, clip_on=False)
    ax.set(xlabel="step", ylabel=ylabel, title=title or "")
    _legend(ax)
    return ax


@_styled
def bars(values, *, ylabel="", unit="", digits=3, title=None, ax=None):
    """Compare methods by one figure each: a bar for the mean over runs, and a dot for each run.

    Parameters
    ----------
    values : dict of str to float or sequence of float
        For each method its figure, or one figure for each run (seed).
    ylabel : str, default ""
        What the figure is, with its unit.
    unit : str, default ""
        Written behind the number over each bar, such as " %".
    digits : int, default 3
        Significant digits of that number.
    title : str, optional
        Above the plot.
    ax : Axes, optional
        Where to draw; by default in a new figure.

    Returns
    -------
    ax : Axes
        Infinite or undefined figures are written as "never", with no bar.

    Raises
    ------
    ValueError
        If values is empty.

    Examples
    --------
    >>> ax = bars({"plain": [4.6, 5.0], "dropout": [3.7, 3.5]}, ylabel="test error (%)")
    >>> [text.get_text() for text in ax.texts]
    ['4.8', '3.6']
    """
    require(len(values) > 0, "values must not be empty")
    ax = _axes(ax)
    tops = []
    for place, runs in enumerate(values.values()):
        runs = np.atleast_1d(np.asarray(runs, dtype=float))
        finite = runs[np.isfinite(runs)]
        mean = finite.mean() if finite.size == runs.size else np.nan
        top = max(0.0, *finite) if finite.size else 0.0
        tops.append(top)
        if np.isfinite(mean):
            ax.bar(place, mean, width=0.62, color=_look(place)["color"], alpha=0.75)
        if runs.size > 1:
            spread = np.linspace(-0.16, 0.16, runs.size)[np.isfinite(runs)]
            dots = {"facecolor": "white", "edgecolor": BLACK, "linewidth": 0.9, "zorder": 3}
            ax.scatter(place + spread, finite, s=20, **dots)
        text = f"{mean:.{digits}g}{unit}" if np.isfinite(mean) else "never"
        ax.annotate(text, (place, top), (0, 5), textcoords="offset points", ha="center")
    ax.set_xticks(range(len(values)), _wrapped(values))
    ax.set_xlim(-0.6, len(values) - 0.4)
    if max(tops) > 0:
        ax.set_ylim(top=1.15 * max(tops))
    ax.grid(visible=False, axis="x")
    ax.set(ylabel=ylabel, title=title or "")
    return ax


@_styled
def prediction_marker(ax, value, label="your prediction", axis="y"):
    """Mark on a plot what was predicted before the experiment ran.

    Parameters
    ----------
    ax : Axes
        The plot.
    value : float or None
        The prediction; None, or something that isn't a finite number, draws nothing.
    label : str, default "your prediction"
        What to call it.
    axis : {"x", "y"}, default "y"
        Whether the value belongs on the horizontal or the vertical axis.

    Returns
    -------
    ax : Axes
        Its range grows where the prediction would lie outside.

    Raises
    ------
    ValueError
        If axis is unknown.

    Examples
    --------
    >>> ax = bars({"dropout": 3.6})
    >>> ax = prediction_marker(ax, 4.0)
    >>> ax.texts[-1].get_text()
    'your prediction: 4'
    """
    require(axis in ("x", "y"), f"axis must be 'x' or 'y', not {axis!r}")
    try:
        value = float(value)
    except (TypeError, ValueError):
        return ax
    scale = ax.get_xscale() if axis == "x" else ax.get_yscale()
    if not math.isfinite(value) or (scale == "log" and value <= 0):
        return ax
    text = f"{label}: {_short(value)}"
    line = {"color": BLACK, "linestyle": (0, (5, 2)), "linewidth": 1.4, "zorder": 5}
    box = {"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 1.5}
    words = {"fontsize": 9, "bbox": box, "zorder": 6, "textcoords": "offset points"}
    _make_room(ax, axis, value)
    if axis == "y":
        ax.axhline(value, **line)
        where = {"xycoords": ax.get_yaxis_transform(), "ha": "left", "va": "bottom"}
        ax.annotate(text, (0.0, value), (4, 3), **where, **words)
    else:
        ax.axvline(value, **line)
        where = {"xycoords": ax.get_xaxis_transform(), "ha": "left", "va": "top", "rotation": 90}
        ax.annotate(text, (value, 1.0), (4, -4), **where, **words)
    return ax


@_styled
def images_grid(images, *, labels=None, columns=10, limits=(0.0, 1.0), title=None):
    """Look at the data: images side by side, with their labels.

    Parameters
    ----------
    images : array_like, shape (N, C, H, W), (N, H, W) or (N, H * W)
        Grey (C = 1) or colour (C = 3) images; rows of pixels must be of square images.
    labels : sequence, optional
        Written above each image.
    columns : int, default 10
        Images side by side.
    limits : (float, float), default (0.0, 1.0)
        What is white and what is black of a grey image, in this order: ink is dark.
    title : str, optional
        Above all.

    Returns
    -------
    axes : ndarray of Axes, shape (rows, columns)

    Raises
    ------
    ValueError
        If images has another shape, or there are none.

    Examples
    --------
    >>> axes = images_grid(np.zeros((5, 64)), labels=range(5), columns=4)
    >>> axes.shape, axes[1, 0].get_title()
    ((2, 4), '4')
    """
    pictures = _pictures(images)
    columns = min(columns, len(pictures))
    rows = math.ceil(len(pictures) / columns)
    side = min(1.1, 8 / columns)
    height = rows * (side + (0.22 if labels is not None else 0.05)) + (0.3 if title else 0.0)
    figure, axes = plt.subplots(rows, columns, squeeze=False, figsize=(side * columns, height))
    for ax in axes.flat:
        ax.set_axis_off()
    for number, (ax, picture) in enumerate(zip(axes.flat, pictures, strict=False)):
        ax.imshow(picture, vmin=limits[0], vmax=limits[1], interpolation="nearest")
        if labels is not None:
            ax.set_title(str(labels[number]), fontsize=9, pad=2)
    if title:
        figure.suptitle(title)
    return axes


@_styled
def before_and_after(before, after, *, names=("before", "after"), limits=(0.0, 1.0), title=None):
    """Look at what an augmentation does: each image above its changed self.

    Parameters
    ----------
    before, after : array_like, shape (N, C, H, W), (N, H, W) or (N, H * W)
        As many images as fit side by side, up to twelve or so.
    names : (str, str), default ("before", "after")
        What to write beside the two rows.
    limits : (float, float), default (0.0, 1.0)
        What is white and what is black of a grey image.
    title : str, optional
        Above all.

    Returns
    -------
    axes : ndarray of Axes, shape (2, N)

    Raises
    ------
    ValueError
        If the images have another shape, or are not equally many.

    Examples
    --------
    >>> images = np.zeros((3, 1, 8, 8))
    >>> axes = before_and_after(images, 1 - images, names=("digits", "negatives"))
    >>> axes.shape, axes[1, 0].get_ylabel()
    ((2, 3), 'negatives')
    """
    pairs = _pictures(before), _pictures(after)
    count = len(pairs[0])
    require(count == len(pairs[1]), f"before and after must be equally many: {count} first")
    side = min(1.2, 7.6 / count)
    size = (side * count + 0.4, 2 * side + 0.2 + (0.3 if title else 0.0))
    figure, axes = plt.subplots(2, count, squeeze=False, figsize=size)
    for row, (pictures, name) in enumerate(zip(pairs, names, strict=True)):
        for ax, picture in zip(axes[row], pictures, strict=True):
            ax.imshow(picture, vmin=limits[0], vmax=limits[1], interpolation="nearest")
            ax.set(xticks=[], yticks=[])
            ax.grid(visible=False)
            ax.spines[:].set(visible=True, color=GREY, linewidth=0.5)
        axes[row, 0].set_ylabel(name)
    if title:
        figure.suptitle(title)
    return axes


@_styled
def optimizer_paths(paths, surface, *, levels=25, title=None, ax=None):
    """Where optimizers walk: their paths over the contours of a surface.

    Parameters
    ----------
    paths : dict of str to array_like, shape (steps + 1, 2)
        For each optimizer the points it visits, the start first.
    surface : dltricks.surfaces.Surface
        What they walk on.
    levels : int, default 25
        Number of contours, spaced so that the floor of a valley gets its share.
    title : str, optional
        Above the plot; by default the surface's name.
    ax : Axes, optional
        Where to draw; by default in a new figure.

    Returns
    -------
    ax : Axes
        Showing the surface's own range: a path that leaves it is cut off.

    Raises
    ------
    ValueError
        If a path has another shape.

    Examples
    --------
    >>> from dltricks.surfaces import valley
    >>> ax = optimizer_paths({"straight": [[5.0, 1.0], [0.0, 0.0]]}, valley())
    >>> ax.get_legend().get_texts()[0].get_text()
    'straight'
    """
    ax = _axes(ax)
    x, y = np.meshgrid(np.linspace(*surface.xlim, 201), np.linspace(*surface.ylim, 201))
    heights = surface.function(np.stack([x, y], axis=-1))
    quantiles = np.unique(np.quantile(heights, np.linspace(0, 1, levels) ** 2))
    ax.contour(x, y, heights, quantiles, colors="#B0B0B0", linewidths=0.7, linestyles="-")
    for number, (name, path) in enumerate(paths.items()):
        path = np.asarray(path, dtype=float)
        require(path.ndim == 2 and path.shape[1] == 2, f"{name}'s path must have shape (steps, 2)")
        look = _look(number)
        dense = len(path) > 60
        every = max(1, len(path) // 25)
        size = 3 if dense else 4
        ax.plot(*path.T, label=name, markevery=every, **look | {"markersize": size})
        ax.plot(*path[-1], look["marker"], color=look["color"], markersize=8, zorder=4)
    if paths:
        start = np.asarray(next(iter(paths.values())), dtype=float)[0]
        ax.plot(*start, "o", color=BLACK, markersize=8, markerfacecolor="white", zorder=5)
    ax.plot(*surface.minimum, "*", color=BLACK, markersize=13, zorder=5)
    ax.set(xlim=surface.xlim, ylim=surface.ylim, xlabel="$x$", ylabel="$y$")
    ax.grid(visible=False)
    ax.set_title(surface.name if title is None else title)
    if paths:
        ax.legend()
    return ax


@_styled
def whitening_scatter(clouds, *, axes=None):
    """What centring, scaling and whitening do to a cloud of points, with its principal axes.

    Parameters
    ----------
    clouds : dict of str to array_like, shape (N, 2)
        The stages, such as raw, standardized and whitened data, in order.
    axes : array of Axes, optional
        Where to draw, as many as clouds; by default in a new figure.

    Returns
    -------
    axes : ndarray of Axes, shape (clouds,)
        Each over its condition number: the largest over the smallest eigenvalue of its covariance.

    Raises
    ------
    ValueError
        If a cloud has another shape, or axes are not as many.

    Notes
    -----
    D3. The arrows are two standard deviations long.

    Examples
    --------
    >>> x = np.array([[2.0, 0.0], [-2.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
    >>> axes = whitening_scatter({"raw": x, "stretched": x * [1.0, 2.0]})
    >>> [ax.get_xlabel() for ax in axes]
    ['condition number 4', 'condition number 1']
    """
    if axes is None:
        size = (min(8, 2.9 * len(clouds)), 3.2)
        axes = plt.subplots(1, len(clouds), squeeze=False, figsize=size)[1][0]
    axes = np.atleast_1d(axes)
    require(len(axes) == len(clouds), f"axes must be {len(clouds)}, not {len(axes)}")
    for ax, (name, cloud) in zip(axes, clouds.items(), strict=True):
        cloud = np.asarray(cloud, dtype=float)
        require(cloud.ndim == 2 and cloud.shape[1] == 2, f"{name} must have shape (N, 2)")
        mean = cloud.mean(axis=0)
        variances, directions = np.linalg.eigh(np.cov(cloud.T, bias=True))
        ax.scatter(*cloud.T, s=9, color=BLUE, alpha=0.35, linewidth=0)
        ax.axhline(0, color=GREY, linewidth=0.7)
        ax.axvline(0, color=GREY, linewidth=0.7)
        for variance, direction in zip(variances, directions.T, strict=True):
            arrow = {"arrowstyle": "-|>", "color": VERMILION, "linewidth": 2, "shrinkA": 0}
            arrow |= {"shrinkB": 0, "mutation_scale": 9}
            upwards = -1.0 if direction[1] < 0 else 1.0  # an axis has no sign: choose one
            tip = mean + 2 * np.sqrt(max(variance, 0.0)) * upwards * direction
            ax.annotate("", tip, mean, arrowprops=arrow)
        radius = 1.1 * np.abs(cloud).max() or 1.0
        ax.set(xlim=(-radius, radius), ylim=(-radius, radius), aspect="equal", title=name)
        condition = variances[1] / variances[0] if variances[0] > 0 else math.inf
        ax.set_xlabel(f"condition number {_short(condition)}")
    return axes


NORMALIZED = {  # over which part of (sample, channel) one mean and variance are taken
    "batch norm": lambda n, c: c == 0,
    "layer norm": lambda n, c: n == 0,
    "instance norm": lambda n, c: n == 0 and c == 0,
    "group norm": lambda n, c: n == 0 and c < 3,
}


@_styled
def normalization_axes(names=tuple(NORMALIZED), *, axes=None):
    """Which entries of a batch of images share one mean and variance, for each normalization.

    The batch is a block: samples go to the right, channels to the back, pixels (height and width as
    one axis) upwards. The coloured part is one set of entries normalized together.

    Parameters
    ----------
    names : sequence of {"batch norm", "layer norm", "instance norm", "group norm"}
        Which to draw.
    axes : array of Axes, optional
        Where to draw, as many as names; by default in a new figure.

    Returns
    -------
    axes : ndarray of Axes, shape (names,)

    Raises
    ------
    ValueError
        If a name is unknown, or axes are not as many.

    Notes
    -----
    D3; after figure 2 of Wu and He (2018).

    Examples
    --------
    >>> axes = normalization_axes(["batch norm", "layer norm"])
    >>> [ax.get_title() for ax in axes]
    ['batch norm', 'layer norm']
    """
    names = list(names)
    for name in names:
        known = ", ".join(NORMALIZED)
        require(name in NORMALIZED, f"names must be among {known}, not {name!r}")
    if axes is None:
        axes = plt.subplots(1, len(names), squeeze=False, figsize=(2 * len(names), 2.4))[1][0]
    axes = np.atleast_1d(axes)
    require(len(axes) == len(names), f"axes must be {len(names)}, not {len(axes)}")
    for ax, name in zip(axes, names, strict=True):
        _draw_block(ax, NORMALIZED[name])
        ax.set_title(name)
    return axes


def _draw_block(ax, inside, samples=6, channels=6, pixels=6):
    """Draw the faces one sees of a block of cells from the front, above and the right."""
    right, back, up = np.array([1.0, -0.18]), np.array([0.62, 0.5]), np.array([0.0, 1.0])

    faces, colors = [], []

    def face(corner, a, b, n, c):
        faces.append([corner, corner + a, corner + a + b, corner + b])
        colors.append(SKY if inside(n, c) else "white")

    for n in range(samples):
        for p in range(pixels):
            face(n * right + p * up, right, up, n, 0)
        for c in range(channels):
            face(n * right + c * back + pixels * up, right, back, n, c)
    for c in range(channels):
        for p in range(pixels):
            face(samples * right + c * back + p * up, back, up, samples - 1, c)
    look = {"facecolors": colors, "edgecolors": "#404040", "linewidths": 0.7}
    ax.add_collection(PolyCollection(faces, **look))
    for text, place, shift in (
        ("N", samples / 2 * right, (-3, -11)),
        ("C", samples * right + channels / 2 * back, (9, -8)),
        ("H, W", pixels / 2 * up, (-12, 0)),
    ):
        spin = 90 if text == "H, W" else 0
        style = {"ha": "center", "va": "center", "rotation": spin}
        ax.annotate(text, place, shift, textcoords="offset points", **style)
    ax.set_aspect("equal")
    ax.autoscale_view()
    ax.set_axis_off()


def _axes(ax):
    return plt.subplots()[1] if ax is None else ax


def _look(number):
    """Colour, line style and marker of the series with this number."""
    return {
        "color": COLORS[number % len(COLORS)],
        "linestyle": LINES[number % len(LINES)],
        "marker": MARKERS[number % len(MARKERS)],
    }


def _line_with_band(ax, x, table, band="range", **look):
    """Draw the median over the rows of a table, and how far they spread; nan is no value."""
    require(band in ("range", "quartiles"), f"band must be 'range' or 'quartiles', not {band!r}")
    known = np.isfinite(table).any(axis=0)
    x, table = np.asarray(x)[known], table[:, known]
    ax.plot(x, np.nanmedian(table, axis=0) if x.size else [], **look)
    if len(table) > 1 and x.size:
        low, high = (0, 100) if band == "range" else (25, 75)
        edges = np.nanpercentile(table, [low, high], axis=0)
        ax.fill_between(x, *edges, color=look["color"], alpha=0.18, linewidth=0)


def _make_room(ax, axis, value):
    """Widen an axis so that the value lies well inside it."""
    get, set_ = (ax.get_xlim, ax.set_xlim) if axis == "x" else (ax.get_ylim, ax.set_ylim)
    scale = ax.xaxis.get_transform() if axis == "x" else ax.yaxis.get_transform()
    low, high = scale.transform(sorted(get()))
    place = float(scale.transform(value))
    if not low <= place <= high:
        margin = 0.15 * (max(high, place) - min(low, place))
        ends = (min(low, place - margin), max(high, place + margin))
        set_(*scale.inverted().transform(ends))


def _ceiling(runs_of, series_of):
    """How high a diverging run is drawn: without one as high as it gets."""
    if not any(run.diverged for runs in runs_of.values() for run in runs):
        return math.inf
    fair = [0.0]
    for name, runs in runs_of.items():
        for run, values in zip(runs, series_of[name], strict=True):
            values = values[:1] if run.diverged else values
            fair.extend(values[np.isfinite(values)])
    return 10 * max(fair) or math.inf


def _running_mean(values, window):
    """Mean of the last `window` values at each place, of fewer at the beginning; nan stays nan."""
    total = np.cumsum(np.concatenate([[0.0], values]))
    ends = np.arange(1, len(values) + 1)
    starts = np.maximum(0, ends - window)
    return (total[ends] - total[starts]) / (ends - starts)


def _middle(arrays):
    values = np.concatenate([np.asarray(a, dtype=float).ravel() for a in arrays])
    values = values[np.isfinite(values)]
    if not values.size:
        return -1.0, 1.0
    low, high = np.quantile(values, [0.001, 0.999])
    return (low, high) if low < high else (low - 0.5, high + 0.5)


def _few_ticks(low, high):
    """Zero and a round number to each side, as far as they lie in the range."""
    largest = 0.75 * max(abs(low), abs(high))
    power = 10.0 ** math.floor(math.log10(largest))
    round_number = power * max(step for step in (1, 2, 5) if step * power <= largest)
    ticks = [tick for tick in (-round_number, 0.0, round_number) if low <= tick <= high]
    return ticks if len(_label(round_number)) <= 4 else ticks[-2:]


def _label(tick):
    return f"{tick:g}".replace("e-0", "e-").replace("-", "\N{MINUS SIGN}")


def _pictures(images):
    """A list of what imshow takes: (H, W) for grey, (H, W, 3) for colour."""
    images = np.asarray(images, dtype=float)
    if images.ndim == 2:
        side = math.isqrt(images.shape[1])
        require(side**2 == images.shape[1], "images of one row each must be square")
        images = images.reshape(-1, side, side)
    if images.ndim == 4:
        require(images.shape[1] in (1, 3), f"images must have 1 or 3 channels, not {images.shape}")
        grey = images.shape[1] == 1
        images = images[:, 0] if grey else np.clip(images.transpose(0, 2, 3, 1), 0, 1)
    require(images.ndim in (3, 4) and len(images) > 0, "images must be one or more images")
    return list(images)


def _short(value):
    """A number as a person would write it: 0.67, 12, 2.9e-05."""
    return f"{value:.3g}" if abs(value) >= 1 else f"{value:.2g}"


def _wrapped(names):
    """Break long names over two lines at the space nearest to their middle."""
    broken = []
    for name in map(str, names):
        spaces = [i for i, letter in enumerate(name) if letter == " "]
        if len(name) > 12 and spaces and "\n" not in name:
            cut = min(spaces, key=lambda i: abs(i - len(name) / 2))
            name = name[:cut] + "\n" + name[cut + 1 :]
        broken.append(name)
    return broken


def _legend(ax):
    labels = ax.get_legend_handles_labels()[1]
    if len(labels) > 1 or (labels and labels[0]):
        ax.legend()
