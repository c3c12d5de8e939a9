import inspect
import itertools
import math

import matplotlib as mpl
import numpy as np
import pytest

mpl.use("Agg")

import matplotlib.pyplot as plt

from dltricks import plots
from dltricks.surfaces import rosenbrock, valley
from dltricks.training import History

BATCH = np.random.default_rng(0).normal(size=(40, 10))
LAYERS = [BATCH * scale for scale in (1.0, 0.5, 0.1)]


@pytest.fixture(autouse=True)
def _closed_figures():
    yield
    plt.close("all")


def drawn(axes):
    """Render the figure, which is when matplotlib notices what does not work."""
    figure = np.atleast_1d(axes).flat[0].figure
    figure.canvas.draw()
    return figure


def legend_texts(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def texts_overlap(figure):
    """Pairs of texts in a figure whose boxes overlap by more than a pixel or two."""
    texts = list(figure.texts)
    for ax in figure.axes:
        texts += [ax.title, *ax.texts]
        if ax.get_legend() is not None:
            texts += ax.get_legend().get_texts()
        if ax.axison:
            for axis in (ax.xaxis, ax.yaxis):
                texts += [axis.label, *(tick.label1 for tick in axis._update_ticks())]
    renderer = figure.canvas.get_renderer()
    boxes = [
        (text.get_text(), text.get_window_extent(renderer).padded(-2))
        for text in texts
        if text.get_visible() and text.get_text().strip()
    ]
    return [(a, b) for (a, one), (b, two) in itertools.combinations(boxes, 2) if one.overlaps(two)]


def a_history(scale=1.0, n=200, diverged=False):
    steps = np.arange(1, n + 1)
    losses = list(scale * 2.3 / steps)
    return History(
        losses=[*losses[:-1], math.nan] if diverged else losses,
        lrs=[0.1] * n,
        gradient_norms=list(scale / np.sqrt(steps)),
        evaluated_at=list(range(20, n + 1, 20)),
        validation_losses=[2.0 / k for k in range(1, n // 20 + 1)],
        validation_accuracies=[1 - 0.5 / k for k in range(1, n // 20 + 1)],
        diverged=diverged,
    )


# Each function with arguments that show all it does.
EXAMPLES = {
    "activation_histograms": lambda: plots.activation_histograms(
        {"wide": LAYERS, "narrow": [0.1 * h for h in LAYERS]}, bound=0.97
    ),
    "signal_by_depth": lambda: plots.signal_by_depth({"a": [1, 0.1, 0], "b": np.ones((3, 3))}),
    "gradient_norms_by_layer": lambda: plots.gradient_norms_by_layer({"a": [3.0, 2.0, 1.0]}),
    "saturation_by_depth": lambda: plots.saturation_by_depth({"a": LAYERS}),
    "training_curves": lambda: plots.training_curves({"a": [a_history(), a_history(2.0)]}),
    "bars": lambda: plots.bars({"plain": [4.6, 5.0], "with dropout .5": [3.7, 3.5]}),
    "prediction_marker": lambda: plots.prediction_marker(plots.bars({"a": 1.0}), 0.5),
    "images_grid": lambda: plots.images_grid(np.zeros((12, 64)), labels=range(12), title="digits"),
    "before_and_after": lambda: plots.before_and_after(*np.zeros((2, 5, 1, 8, 8)), title="moved"),
    "optimizer_paths": lambda: plots.optimizer_paths({"a": [[-1.2, 1.0], [0, 0]]}, rosenbrock()),
    "whitening_scatter": lambda: plots.whitening_scatter({"a": BATCH[:, :2], "b": BATCH[:, 2:4]}),
    "normalization_axes": plots.normalization_axes,
}


def test_every_public_function_is_tried():
    public = {
        name
        for name, value in vars(plots).items()
        if inspect.isfunction(value) and not name.startswith("_")
        and value.__module__ == "dltricks.plots"
    }  # fmt: skip
    assert public == {*EXAMPLES, "style"}


@pytest.mark.parametrize("name", EXAMPLES)
def test_what_every_figure_promises(name):
    settings = dict(plt.rcParams)
    axes = EXAMPLES[name]()
    assert dict(plt.rcParams) == settings
    assert all(isinstance(ax, mpl.axes.Axes) for ax in np.atleast_1d(axes).flat)
    figure = drawn(axes)
    assert figure.get_size_inches()[0] <= 8
    sizes = [text.get_fontsize() for text in figure.findobj(mpl.text.Text) if text.get_text()]
    assert min(sizes) >= 9
    assert texts_overlap(figure) == []


@pytest.mark.parametrize(
    "name", [name for name in EXAMPLES if name not in ("images_grid", "before_and_after")]
)
def test_figures_can_be_drawn_where_one_wants(name):
    function = getattr(plots, name)
    parameters = inspect.signature(function).parameters
    assert "ax" in parameters or "axes" in parameters
    if name == "normalization_axes":
        _, axes = plt.subplots(1, 2)
        assert all(function(["batch norm", "layer norm"], axes=axes) == axes)
    elif name == "whitening_scatter":
        _, axes = plt.subplots(1, 1)
        assert function({"a": BATCH[:, :2]}, axes=axes) == [axes]
    elif name == "activation_histograms":
        _, axes = plt.subplots(1, 3, squeeze=False)
        assert (function(LAYERS, axes=axes) == axes).all()
    elif name != "prediction_marker":
        _, ax = plt.subplots()
        data = {"training_curves": a_history(), "saturation_by_depth": LAYERS, "bars": 1.0}
        argument = {"one": data.get(name, [3.0, 2.0])}
        if name == "optimizer_paths":
            assert function({}, valley(), ax=ax) is ax
        else:
            assert function(argument, ax=ax, title="a title") is ax
            assert ax.get_title() == "a title"
    assert len(plt.get_fignums()) <= 1


def test_neighbouring_series_differ_in_more_than_colour():
    looks = [plots._look(number) for number in range(8)]
    assert len({look["color"] for look in looks}) == 8
    assert len({look["marker"] for look in looks}) == 8
    assert all(a["linestyle"] != b["linestyle"] for a, b in itertools.pairwise(looks))


def test_style_is_for_the_block_only():
    before = plt.rcParams["axes.grid"]
    with plots.style():
        assert plt.rcParams["axes.grid"] is True
    assert plt.rcParams["axes.grid"] == before


def test_signal_by_depth():
    ax = plots.signal_by_depth({"a": [[1, 0.1], [3, 0.3], [2, 0.2]], "b": [1, 1]}, ylabel="std")
    assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_yscale()) == ("layer", "std", "log")
    assert legend_texts(ax) == ["a", "b"]
    np.testing.assert_allclose(ax.lines[0].get_ydata(), [2, 0.2])
    np.testing.assert_array_equal(ax.lines[0].get_xdata(), [1, 2])
    (band,) = ax.collections
    np.testing.assert_allclose(band.get_datalim(ax.transData).intervaly, [0.1, 3])
    assert plots.signal_by_depth({"a": [1, 0]}, log=False).get_yscale() == "linear"


def test_a_vanished_signal_is_marked_at_the_bottom():
    ax = plots.signal_by_depth({"a": [1.0, 0.1, 0.0]})
    floor, line = ax.lines
    np.testing.assert_array_equal(floor.get_xdata(), [3])
    np.testing.assert_array_equal(line.get_xdata(), [1, 2])
    drawn(ax)


def test_gradient_norms_are_of_weights_only():
    gradients = {
        "w1": np.full((2, 2), 3.0),
        "b1": np.ones(2),
        "gamma1": np.ones(2),
        "w2": np.eye(4),
    }
    ax = plots.gradient_norms_by_layer({"a net": gradients})
    np.testing.assert_allclose(ax.lines[0].get_ydata(), [6, 2])


def test_activation_histograms():
    axes = plots.activation_histograms({"a": [LAYERS[0]] * 20}, columns=4, bound=1.0, bins=7)
    assert axes.shape == (1, 4)
    assert [ax.get_title() for ax in axes[0]] == ["layer 1", "layer 7", "layer 14", "layer 20"]
    share = 100 * np.mean(np.abs(BATCH) > 1.0)
    assert axes[0, 0].texts[0].get_text() == f"std {BATCH.std():.2g}\n{share:.0f} % saturated"
    (patch,) = axes[0, 0].patches
    np.testing.assert_allclose(patch.get_data().values.sum(), 1.0)
    assert axes[0, 0].get_ylabel() == "a"


def test_activation_histograms_tell_the_share_of_dead_and_small_values():
    axes = plots.activation_histograms([np.maximum(BATCH, 0), 1e-6 * BATCH])
    share = 100 * np.mean(BATCH <= 0)
    assert axes[0, 0].texts[0].get_text().endswith(f"\n{share:.0f} % zero")
    heights = axes[0, 0].patches[0].get_data().values
    np.testing.assert_allclose(heights.sum(), 1 - share / 100)
    axes = plots.activation_histograms([1e-6 * BATCH] * 6)
    assert texts_overlap(drawn(axes)) == []


def test_activation_histograms_of_odd_values():
    odd = [np.zeros(5), np.full(5, np.nan), np.array([1.0, np.inf])]
    axes = plots.activation_histograms(odd)
    assert axes[0, 1].texts[0].get_text() == "not finite"
    drawn(axes)
    drawn(plots.activation_histograms([np.full(3, np.nan)]))


def test_training_curves():
    runs = {"one": a_history(), "three": [a_history(scale) for scale in (2, 4, 8)]}
    ax = plots.training_curves(runs, smooth=1)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("step", "training loss (nats)")
    assert ax.get_yscale() == "log"
    assert legend_texts(ax) == ["one", "three"]
    one, three = ax.lines
    np.testing.assert_allclose(three.get_ydata(), 4 * one.get_ydata())
    np.testing.assert_allclose(one.get_ydata(), a_history().losses)
    assert len(ax.collections) == 1  # a band, of the three alone


def test_training_curves_are_smoothed_backwards():
    ax = plots.training_curves({"a": History(losses=[4.0, 2.0, 0.0, 6.0])}, smooth=2, log=False)
    np.testing.assert_allclose(ax.lines[0].get_ydata(), [4, 3, 1, 3])


@pytest.mark.parametrize("what", plots.CURVES)
def test_training_curves_of_everything_in_a_history(what):
    ax = plots.training_curves({"a": a_history()}, what, band="quartiles")
    x, y = ax.lines[0].get_data()
    assert len(x) == len(y) > 0
    assert ax.get_ylabel() == plots.CURVES[what][1]
    if what == "error":
        np.testing.assert_allclose(y[:2], [50, 25])
        np.testing.assert_array_equal(x[:2], [20, 40])


def test_a_diverged_run_ends_in_a_cross_and_does_not_dwarf_the_others():
    wild = History(losses=[3.0, 1e80, 1e200, math.inf, math.nan], diverged=True)
    ax = plots.training_curves({"good": a_history(), "wild": [a_history(), wild]}, smooth=1)
    cross = [line for line in ax.lines if line.get_marker() == "X" and len(line.get_xdata()) == 1]
    assert len(cross) == 1
    assert cross[0].get_xdata()[0] == 4
    assert max(line.get_ydata().max() for line in ax.lines) <= 10 * 3.0
    drawn(ax)


def test_bars():
    ax = plots.bars({"plain": [4.0, 6.0], "never": [1.0, np.inf], "one": 3.0}, unit=" %", digits=2)
    assert [text.get_text() for text in ax.texts] == ["5 %", "never", "3 %"]
    assert [bar.get_height() for bar in ax.patches] == [5.0, 3.0]
    dots = [collection.get_offsets()[:, 1].tolist() for collection in ax.collections]
    assert dots == [[4.0, 6.0], [1.0]]
    labels = [label.get_text() for label in ax.get_xticklabels()]
    assert labels == ["plain", "never", "one"]
    drawn(plots.bars({"nothing": np.nan}))


def test_prediction_marker():
    ax = plots.bars({"a": 3.0})
    before = len(ax.lines)
    for nothing in (None, math.nan, math.inf, "a lot", [1, 2]):
        assert plots.prediction_marker(ax, nothing) is ax
        assert len(ax.lines) == before
    plots.prediction_marker(ax, 12, label="you said")
    assert ax.texts[-1].get_text() == "you said: 12"
    assert ax.get_ylim()[1] > 12
    plots.prediction_marker(ax, 0.5, axis="x")
    np.testing.assert_array_equal(ax.lines[-1].get_xdata(), [0.5, 0.5])
    drawn(ax)


def test_prediction_marker_leaves_out_what_a_logarithm_cannot_show():
    ax = plots.signal_by_depth({"a": [1.0, 2.0]})
    before = len(ax.lines)
    plots.prediction_marker(ax, -1.0)
    assert len(ax.lines) == before
    plots.prediction_marker(ax, 1e-3)
    assert len(ax.lines) == before + 1
    assert ax.get_ylim()[0] < 1e-3


@pytest.mark.parametrize("shape", [(7, 64), (7, 5, 6), (7, 1, 5, 6), (7, 3, 5, 6)])
def test_images_grid_takes_images_of_every_layout(shape):
    images = np.random.default_rng(0).uniform(size=shape)
    axes = plots.images_grid(images, columns=3)
    assert axes.shape == (3, 3)
    shown = [len(ax.images) for ax in axes.flat]
    assert shown == [1] * 7 + [0, 0]
    picture = axes[0, 1].images[0].get_array()
    if shape == (7, 3, 5, 6):
        np.testing.assert_array_equal(picture, images[1].transpose(1, 2, 0))
    else:
        np.testing.assert_array_equal(picture, images[1].reshape(picture.shape))


def test_before_and_after():
    before, after = np.zeros((4, 64)), np.ones((4, 64))
    axes = plots.before_and_after(before, after, names=("plain", "inked"))
    assert [ax.get_ylabel() for ax in axes[:, 0]] == ["plain", "inked"]
    assert axes[0, 0].images[0].get_array().max() == 0
    assert axes[1, 3].images[0].get_array().min() == 1


def test_optimizer_paths():
    surface = valley()
    path = np.array([[-8.0, 1.0], [-4.0, 0.5], [1e300, np.inf]])
    ax = plots.optimizer_paths({"wild": path, "still": [[-8.0, 1.0]]}, surface)
    np.testing.assert_array_equal(ax.lines[0].get_xydata(), path)
    assert ax.get_xlim() == surface.xlim
    assert ax.get_ylim() == surface.ylim
    assert ax.get_title() == surface.name
    assert legend_texts(ax) == ["wild", "still"]
    drawn(ax)


def test_whitening_scatter_draws_the_principal_axes():
    rng = np.random.default_rng(0)
    cloud = rng.normal(size=(500, 2)) @ np.diag([3.0, 1.0]) + 5.0
    (ax,) = plots.whitening_scatter({"raw": cloud})
    tips = np.array([text.xy for text in ax.texts]) - cloud.mean(axis=0)
    lengths = np.sort(np.linalg.norm(tips, axis=1))
    variances = np.linalg.eigvalsh(np.cov(cloud.T, bias=True))
    np.testing.assert_allclose(lengths, 2 * np.sqrt(variances), rtol=1e-6)
    assert ax.get_xlabel() == f"condition number {variances[1] / variances[0]:.3g}"
    np.testing.assert_array_equal(ax.collections[0].get_offsets(), cloud)


def test_normalization_axes_colour_what_is_normalized_together():
    # faces of the block in colour: front 6 x 6, top 6 x 6, right 6 x 6
    counts = {"batch norm": 36 + 6 + 6, "layer norm": 6 + 6, "instance norm": 6 + 1}
    counts["group norm"] = 6 + 3
    axes = plots.normalization_axes(list(counts))
    sky = mpl.colors.to_rgba(plots.SKY)
    for ax, name in zip(axes, counts, strict=True):
        assert ax.get_title() == name
        (block,) = ax.collections
        assert len(block.get_paths()) == 3 * 36
        assert np.sum(np.all(block.get_facecolor() == sky, axis=1)) == counts[name]


@pytest.mark.parametrize(
    ("message", "call"),
    [
        ("values", lambda: plots.signal_by_depth({})),
        ("values", lambda: plots.bars({})),
        ("values", lambda: plots.gradient_norms_by_layer({})),
        ("activations", lambda: plots.activation_histograms({})),
        ("activations", lambda: plots.activation_histograms({"a": LAYERS, "b": LAYERS[:2]})),
        ("axes", lambda: plots.activation_histograms(LAYERS, axes=np.zeros((1, 2)))),
        ("histories", lambda: plots.training_curves({})),
        ("what", lambda: plots.training_curves({"a": a_history()}, "losses")),
        ("band", lambda: plots.training_curves({"a": a_history()}, band="std")),
        ("gradient norm", lambda: plots.training_curves({"a": History([1.0])}, "gradient norm")),
        ("axis", lambda: plots.prediction_marker(plots.bars({"a": 1}), 1, axis="z")),
        ("square", lambda: plots.images_grid(np.zeros((2, 63)))),
        ("channels", lambda: plots.images_grid(np.zeros((2, 2, 4, 4)))),
        ("images", lambda: plots.images_grid(np.zeros(64))),
        ("images", lambda: plots.images_grid(np.zeros((0, 64)))),
        ("equally many", lambda: plots.before_and_after(np.zeros((2, 64)), np.zeros((3, 64)))),
        ("path", lambda: plots.optimizer_paths({"a": [1, 2]}, valley())),
        ("raw", lambda: plots.whitening_scatter({"raw": np.zeros((4, 3))})),
        ("axes", lambda: plots.whitening_scatter({"raw": BATCH[:, :2]}, axes=[1, 2])),
        ("names", lambda: plots.normalization_axes(["weight norm"])),
        ("axes", lambda: plots.normalization_axes(["batch norm"], axes=[1, 2])),
    ],
)
def test_refuses(message, call):
    with pytest.raises(ValueError, match=message):
        call()
