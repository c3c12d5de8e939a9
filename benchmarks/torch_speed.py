"""How quick the reference is, beside PyTorch in eager mode on one thread.

    python benchmarks/torch_speed.py [name ...] [--rounds 60] [--write]

Each row is a function's time divided by that of PyTorch for the same work, both in float64, the
dtype of the course, and once more in float32. The two are measured by turns, and the best of all
rounds counts, which other work on the machine disturbs least. PyTorch's forward passes record what
their backward passes need, as ours return a cache. Names choose the rows that contain them;
`--write` puts the tables into docs/benchmarks.md.
"""

import argparse
import os
import time
from collections import defaultdict
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch
import torch.nn.functional as F

from dltricks import (
    activations,
    augmentation,
    convolution,
    dropout,
    gradients,
    layers,
    losses,
    normalization,
    optimizers,
    regularizers,
    training,
    whitening,
)
from dltricks.datasets import load_digits
from dltricks.network import MLP

TABLE = Path(__file__).resolve().parents[1] / "docs" / "benchmarks.md"
LIMIT = 3.0
SIZES = [(n, d) for d in (100, 512) for n in (64, 256)]
IMAGES = (16, 3, 32, 32)


def tensor(a):
    made = torch.tensor(a)
    return made.requires_grad_() if made.is_floating_point() else made


def grad(y, inputs, dy=None):
    return torch.autograd.grad(y, inputs, dy, retain_graph=True)


def forward_and_backward(name, forward, backward, theirs, inputs):
    """The two rows of a pair."""
    ts = [tensor(a) for a in inputs]
    y, cache = forward(*inputs)[:2]
    dy = np.random.default_rng(1).normal(size=y.shape).astype(y.dtype)
    out, dout = theirs(*ts), torch.tensor(dy)
    yield f"{name} forward", lambda: forward(*inputs), lambda: theirs(*ts)
    yield f"{name} backward", lambda: backward(dy, cache), lambda: grad(out, ts, dout)


def losses_with_gradients(n, d, draw):
    """Loss and gradient together, as our functions return them."""
    labels = np.arange(n) % d
    cases = {
        "softmax_cross_entropy": (draw(n, d), labels, F.cross_entropy),
        "mean_squared_error": (draw(n, d), draw(n, d), lambda p, t: F.mse_loss(p, t) * d),
        "binary_cross_entropy": (
            draw(n * d),
            (draw(n * d) > 0).astype(draw(1).dtype),
            F.binary_cross_entropy_with_logits,
        ),
        "hinge_loss": (draw(n, d), labels, lambda s, y: F.multi_margin_loss(s, y) * d),
    }
    for name, (pred, target, theirs) in cases.items():
        ours, p, t = getattr(losses, name), tensor(pred), torch.tensor(target)
        yield (
            name,
            lambda f=ours, a=pred, b=target: f(a, b),
            lambda f=theirs, p=p, t=t: grad(f(p, t), (p,)),
        )


def dense(n, d, draw):
    """What is done to a batch of n samples of width d."""
    x, w, b = draw(n, d), draw(d, d) / d**0.5, draw(d)
    gamma, beta, mean, var = draw(d), draw(d), draw(d), draw(d) ** 2 + 0.5
    norm, a = normalization, activations
    rng = np.random.default_rng(2)
    averages = torch.tensor(mean), torch.tensor(var)

    def eager_whitening(x):
        centred = x - x.mean(0)
        values, axes = torch.linalg.eigh(centred.T @ centred / n)
        return centred @ (axes / (values + 1e-5).sqrt() @ axes.T)

    def eager_iternorm(x):
        centred = x - x.mean(0)
        s = centred.T @ centred / n + 1e-5 * torch.eye(d, dtype=x.dtype)
        trace = s.trace()
        p = torch.eye(d, dtype=x.dtype)
        for _ in range(5):
            p = (3 * p - p @ p @ p @ s / trace) / 2
        return centred @ p / trace.sqrt()

    for name, forward, backward, theirs, inputs in (
        (
            "affine",
            layers.affine_forward,
            layers.affine_backward,
            lambda x, w, b: F.linear(x, w.T, b),
            (x, w, b),
        ),
        ("relu", layers.relu_forward, layers.relu_backward, F.relu, (x,)),
        (
            "residual",
            gradients.residual_forward,
            gradients.residual_backward,
            lambda x, w: x + F.relu(x @ w),
            (x, w),
        ),
        (
            "dropout",
            lambda x: dropout.dropout_forward(x, 0.5, rng),
            dropout.dropout_backward,
            lambda x: F.dropout(x, 0.5),
            (x,),
        ),
        (
            "batchnorm",
            lambda *args: norm.batchnorm_forward(*args, mean, var, True),
            norm.batchnorm_backward,
            lambda x, g, b: F.batch_norm(x, *averages, g, b, True),
            (x, gamma, beta),
        ),
        (
            "layernorm",
            norm.layernorm_forward,
            norm.layernorm_backward,
            lambda x, g, b: F.layer_norm(x, (d,), g, b),
            (x, gamma, beta),
        ),
        (
            "rmsnorm",
            norm.rmsnorm_forward,
            norm.rmsnorm_backward,
            lambda x, g: F.rms_norm(x, (d,), g, 1e-6),
            (x, gamma),
        ),
        (
            "maxout",
            lambda x: (a.maxout(x, d // 4), x),
            lambda dy, x: a.maxout_backward(dy, x, d // 4),
            lambda x: x.reshape(n, -1, 4).max(2).values,
            (x,),
        ),
        (
            "batch_whitening",
            norm.batch_whitening_forward,
            norm.batch_whitening_backward,
            eager_whitening,
            (x,),
        ),
    ):
        yield from forward_and_backward(name, forward, backward, theirs, inputs)

    t = tensor(x)
    fixed = [torch.tensor(v) for v in (mean, var, gamma, beta)]
    yield (
        "batchnorm at test time",
        lambda: norm.batchnorm_forward(x, gamma, beta, mean, var, False),
        lambda: F.batch_norm(t.detach(), *fixed),
    )
    yield (
        "iterative_whitening",
        lambda: norm.iterative_whitening_forward(x),
        (lambda: eager_iternorm(t)),
    )
    for name, function, theirs in (
        ("sigmoid", a.sigmoid, torch.sigmoid),
        ("tanh", a.tanh, torch.tanh),
        ("softplus", a.softplus, F.softplus),
        ("leaky_relu", a.leaky_relu, F.leaky_relu),
        ("hard_tanh", a.hard_tanh, F.hardtanh),
        ("rbf", a.rbf, lambda x: torch.exp(-(x**2))),
    ):
        yield name, lambda f=function: f(x), lambda f=theirs: f(t)
        derivative = getattr(a, f"{name}_grad", None)
        if derivative:
            y, ones = theirs(t), torch.ones_like(t)
            yield (
                f"{name}_grad",
                lambda f=derivative: f(x),
                lambda y=y, ones=ones: grad(y, (t,), ones),
            )
    yield from losses_with_gradients(n, d, draw)
    yield from whitening_rows(n, d, x)


def whitening_rows(n, d, x):
    """The whitening of a whole data set, here of n samples."""
    t = torch.tensor(x)

    def eager_pca(x):
        mean = x.mean(0)
        _, s, vt = torch.linalg.svd(x - mean, full_matrices=False)
        return mean, vt.T, s**2 / n

    def eager_zca(x):
        mean = x.mean(0)
        centred = x - mean
        values, axes = torch.linalg.eigh(centred.T @ centred / n)
        return mean, axes / (values.clamp(min=0) + 1e-5).sqrt() @ axes.T

    def eager_standardize(x):
        mean, std = x.mean(0), x.std(0, unbiased=False)
        return (x - mean) / torch.where(std == 0, 1, std)

    yield (
        "standardize_fit and standardize",
        lambda: whitening.standardize(x, *whitening.standardize_fit(x)),
        lambda: eager_standardize(t),
    )
    yield "pca", lambda: whitening.pca(x), lambda: eager_pca(t)
    yield "whitening_matrix", lambda: whitening.whitening_matrix(x), lambda: eager_zca(t)


def weights(d, draw):
    """What is done to a d x d matrix of weights: a step, a penalty, a projection."""
    w, g = draw(d, d), draw(d, d)
    settings = {
        "sgd": lambda p: torch.optim.SGD(p, 0.01),
        "momentum": lambda p: torch.optim.SGD(p, 0.01, momentum=0.9),
        "adagrad": lambda p: torch.optim.Adagrad(p, 0.01),
        "rmsprop": lambda p: torch.optim.RMSprop(p, 0.01),
        "adadelta": lambda p: torch.optim.Adadelta(p, 1.0),
        "adam": lambda p: torch.optim.Adam(p, 1e-3),
        "adamw": lambda p: torch.optim.AdamW(p, 1e-3),
    }
    for name, make in settings.items():
        step, t = getattr(optimizers, name), tensor(w)
        t.grad = torch.tensor(g)
        state = step(w, g)[1]
        yield name, lambda step=step, state=state: step(w, g, state), make([t]).step

    yield from forward_and_backward(
        "weight_norm",
        lambda v, g: (normalization.weight_norm(v, g), (v, g)),
        lambda dw, cache: normalization.weight_norm_backward(dw, *cache),
        lambda v, g: torch._weight_norm(v, g[None], 1),
        (w, draw(d)),
    )
    t = torch.tensor(w)
    t.grad = torch.tensor(g)

    cases = {
        "clip_by_value": (
            lambda: gradients.clip_by_value([g], 1.0),
            lambda: torch.nn.utils.clip_grad_value_([t], 1.0),
        ),
        "clip_by_global_norm": (
            lambda: gradients.clip_by_global_norm([g], 1.0),
            lambda: torch.nn.utils.clip_grad_norm_([t], 1.0),
        ),
        "soft_threshold": (
            lambda: regularizers.soft_threshold(w, 0.1),
            lambda: F.softshrink(t, 0.1),
        ),
        "max_norm": (lambda: regularizers.max_norm(w, 1.0), lambda: torch.renorm(t, 2, 1, 1.0)),
    }
    for name, (ours, theirs) in cases.items():
        yield name, ours, theirs


def images(draw):
    """What is done to a batch of colour images."""
    n, c, h, w = IMAGES
    x = draw(*IMAGES) / 10 + 0.5
    gamma, beta, mean, var = draw(c), draw(c), draw(c), draw(c) ** 2 + 0.5
    norm, conv, aug = normalization, convolution, augmentation
    averages = torch.tensor(mean), torch.tensor(var)
    kernel, bias = draw(8, c, 3, 3), draw(8)
    for name, forward, backward, theirs, inputs in (
        (
            "spatial_batchnorm",
            lambda *args: norm.spatial_batchnorm_forward(*args, mean, var, True),
            norm.spatial_batchnorm_backward,
            lambda x, g, b: F.batch_norm(x, *averages, g, b, True),
            (x, gamma, beta),
        ),
        (
            "groupnorm",
            lambda *args: norm.groupnorm_forward(*args, 1),
            norm.groupnorm_backward,
            lambda x, g, b: F.group_norm(x, 1, g, b),
            (x, gamma, beta),
        ),
        (
            "instancenorm",
            norm.instancenorm_forward,
            norm.instancenorm_backward,
            lambda x, g, b: F.instance_norm(x, None, None, g, b),
            (x, gamma, beta),
        ),
        (
            "conv",
            lambda *args: conv.conv_forward(*args, padding=1),
            conv.conv_backward,
            lambda *args: F.conv2d(*args, padding=1),
            (x, kernel, bias),
        ),
        ("pool", conv.pool_forward, conv.pool_backward, lambda x: F.max_pool2d(x, 2), (x,)),
    ):
        yield from forward_and_backward(name, forward, backward, theirs, inputs)

    t, rng = torch.tensor(x), np.random.default_rng(3)
    fixed = [torch.tensor(v) for v in (mean, var, gamma, beta)]
    matrix = aug.affine_matrix(0.3, 1.1, 0.1)
    order, y = rng.permutation(n), np.eye(10, dtype=x.dtype)[np.arange(n) % 10]
    partner, labels = torch.tensor(order), torch.tensor(y)
    mask = (draw(n, 1, h, w) > 0).astype(x.dtype)
    mask_t = torch.tensor(mask)

    def eager_warp():
        (a, b), (c, d) = torch.linalg.inv(torch.tensor(matrix)).to(t.dtype)
        zero = torch.zeros((), dtype=t.dtype)
        theta = torch.stack([d, c, zero, b, a, zero]).reshape(1, 2, 3).expand(n, 2, 3)
        return F.grid_sample(
            t, F.affine_grid(theta, IMAGES, align_corners=True), align_corners=True
        )

    def eager_blur():
        offsets = torch.arange(-3, 4, dtype=t.dtype)
        kernel = torch.exp(-(offsets**2) / 2).reshape(1, 1, 7, 1).expand(c, 1, 7, 1) / 2.5063
        padded = F.pad(t, (3, 3, 3, 3), mode="replicate")
        return F.conv2d(F.conv2d(padded, kernel, groups=c), kernel.mT, groups=c)

    def eager_flip():
        return torch.where(torch.rand(n, 1, 1, 1) < 0.5, t.flip(3), t)

    def eager_crop():
        padded = F.pad(t, (4, 4, 4, 4))
        places = torch.randint(9, (n, 2)).tolist()
        return torch.stack(
            [x[:, i : i + h, j : j + w] for x, (i, j) in zip(padded, places, strict=True)]
        )

    def eager_cutout():
        covered = t.clone()
        for x, (i, j) in zip(covered, torch.randint(25, (n, 2)).tolist(), strict=True):
            x[:, i : i + 8, j : j + 8] = 0
        return covered

    def eager_cutmix():
        mixed = t.clone()
        mixed[:, :, 4:20, 8:24] = t[partner][:, :, 4:20, 8:24]
        return mixed, 0.75 * labels + 0.25 * labels[partner]

    def eager_translate():
        moved = torch.zeros_like(t)
        moved[:, :, 2:, :-3] = t[:, :, :-2, 3:]
        return moved

    def eager_contrast():
        mean = t.mean((1, 2, 3), keepdim=True)
        return ((t - mean) * 1.3 + mean).clamp(0, 1)

    def eager_saturation():
        gray = 0.299 * t[:, :1] + 0.587 * t[:, 1:2] + 0.114 * t[:, 2:]
        return ((t - gray) * 1.3 + gray).clamp(0, 1)

    cases = {
        "spatial_batchnorm at test time": (
            lambda: norm.spatial_batchnorm_forward(x, gamma, beta, mean, var, False),
            lambda: F.batch_norm(t, *fixed),
        ),
        "random_flip": (lambda: aug.random_flip(x, rng), eager_flip),
        "translate": (lambda: aug.translate(x, 2, -3), eager_translate),
        "warp": (lambda: aug.warp(x, matrix), eager_warp),
        "random_crop": (lambda: aug.random_crop(x, h, rng, padding=4), eager_crop),
        "adjust_brightness": (
            lambda: aug.adjust_brightness(x, 1.3),
            lambda: (t * 1.3).clamp(0, 1),
        ),
        "adjust_contrast": (lambda: aug.adjust_contrast(x, 1.3), eager_contrast),
        "adjust_saturation": (lambda: aug.adjust_saturation(x, 1.3), eager_saturation),
        "gaussian_blur": (lambda: aug.gaussian_blur(x, 1.0), eager_blur),
        "add_noise": (
            lambda: aug.add_noise(x, 0.1, rng),
            lambda: (t + 0.1 * torch.randn_like(t)).clamp(0, 1),
        ),
        "cutout": (lambda: aug.cutout(x, 8, rng), eager_cutout),
        "paste_on_background": (
            lambda: aug.paste_on_background(x, mask, x),
            lambda: mask_t * t + (1 - mask_t) * t,
        ),
        "mixup": (
            lambda: aug.mixup(x, y, 0.3, order),
            lambda: (0.3 * t + 0.7 * t[partner], 0.3 * labels + 0.7 * labels[partner]),
        ),
        "cutmix": (lambda: aug.cutmix(x, y, (4, 8, 16, 16), order), eager_cutmix),
    }
    for name, (ours, theirs) in cases.items():
        yield name, ours, theirs


def epoch(draw):
    """One epoch of a network on the digits: batches of 50, momentum, batch norm in one of them."""
    digits, dtype = load_digits(standardize=True), draw(1).dtype
    x, y = digits.x_train.astype(dtype), digits.y_train
    inputs, labels = torch.tensor(x), torch.tensor(y)
    for name, norm in (("MLP 64-100-100-10", None), ("the same with batch norm", "batch")):
        net = MLP([64, 100, 100, 10], np.random.default_rng(0), normalization=norm)
        net.parameters = {k: w.astype(dtype) for k, w in net.parameters.items()}
        net.running = {k: w.astype(dtype) for k, w in net.running.items()}
        between = [torch.nn.BatchNorm1d(100)] if norm else []
        twin = torch.nn.Sequential(
            torch.nn.Linear(64, 100),
            *between,
            torch.nn.ReLU(),
            torch.nn.Linear(100, 100),
            *(torch.nn.BatchNorm1d(100) for _ in between),
            torch.nn.ReLU(),
            torch.nn.Linear(100, 10),
        ).to(inputs.dtype)
        walker = torch.optim.SGD(twin.parameters(), 0.01, momentum=0.9)

        def ours(net=net):
            training.train(
                net,
                x,
                y,
                np.random.default_rng(0),
                epochs=1,
                optimizer="momentum",
                lr=0.01,
                progress=False,
            )

        def theirs(twin=twin, walker=walker):
            for batch in torch.randperm(len(inputs)).split(50):
                walker.zero_grad()
                loss = F.cross_entropy(twin(inputs[batch]), labels[batch])
                loss.backward()
                walker.step()
                loss.item()

        yield name, ours, theirs


def everything(dtype):
    """All rows: (table, column, name, ours, theirs)."""

    def draw(*shape):
        return rng.normal(size=shape).astype(dtype)

    rng = np.random.default_rng(0)
    sources = [("a batch", f"{n} x {d}", lambda n=n, d=d: dense(n, d, draw)) for n, d in SIZES]
    sources += [("weights", f"{d} x {d}", lambda d=d: weights(d, draw)) for d in (100, 512)]
    sources += [("images", "16 x 3 x 32 x 32", lambda: images(draw))]
    sources += [("one epoch on the digits", "1000 images", lambda: epoch(draw))]
    for table, column, rows in sources:
        for name, ours, theirs in rows():
            yield table, column, name, ours, theirs


def ratio(ours, theirs, rounds):
    """Our best time over theirs, measured by turns, each turn a few calls long."""
    best = {}
    for function in (ours, theirs):
        function()
        start = time.perf_counter()
        function()
        best[function] = time.perf_counter() - start
    calls = {f: max(1, min(100, int(1e-3 / best[f]))) for f in (ours, theirs)}
    # Long calls are repeated less often: an eigenvalue problem of width 512 takes most of a second.
    rounds = max(5, min(rounds, int(1.0 / (best[ours] + best[theirs]))))
    for _ in range(rounds):
        for function in (ours, theirs):
            start = time.perf_counter()
            for _ in range(calls[function]):
                function()
            passed = (time.perf_counter() - start) / calls[function]
            best[function] = min(best[function], passed)
    return best[ours] / best[theirs]


def measure(names, rounds):
    """{table: {name: {column: ratio}}}; the last column is the geometric mean in float32."""
    tables = defaultdict(lambda: defaultdict(dict))
    single = defaultdict(list)
    for dtype in (np.float64, np.float32):
        for table, column, name, ours, theirs in everything(dtype):
            if names and not any(part in name for part in names):
                continue
            found = ratio(ours, theirs, rounds)
            if dtype is np.float64:
                tables[table][name][column] = found
            else:
                single[table, name].append(found)
    for (table, name), found in single.items():
        tables[table][name]["float32"] = mean(found)
    return tables


def mean(ratios):
    """Geometric mean."""
    return float(np.exp(np.mean(np.log(ratios))))


def report(tables):
    """Write the ratios as Markdown tables, and what they come to."""
    lines, double = [], []
    for table, rows in tables.items():
        columns = list(next(iter(rows.values())))
        lines += [
            "",
            f"| {table} | {' | '.join(columns)} |",
            "| --- |" + " ---: |" * len(columns),
        ]
        for name, ratios in rows.items():
            shown = (f"{r:.2f}" if r <= LIMIT else f"**{r:.2f}**" for r in ratios.values())
            lines.append(f"| {name} | {' | '.join(shown)} |")
            double += [r for column, r in ratios.items() if column != "float32"]
    single = [rows[name]["float32"] for rows in tables.values() for name in rows]
    above = sum(r > LIMIT for r in double)
    lines = [
        f"Geometric mean of all {len(double)} ratios in float64: **{mean(double):.2f}**; in "
        f"float32 {mean(single):.2f}. Above {LIMIT:.0f} (in bold): {above} of {len(double)}.",
        *lines,
    ]
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "names", nargs="*", help="measure the rows whose names contain one of these"
    )
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--write", action="store_true", help=f"put the tables into {TABLE.name}")
    options = parser.parse_args()
    torch.set_num_threads(1)
    text = report(measure(options.names, options.rounds))
    print(text)
    if options.write:
        head, _, rest = TABLE.read_text().partition("<!-- torch -->")
        _, _, tail = rest.partition("<!-- /torch -->")
        TABLE.write_text(f"{head}<!-- torch -->\n\n{text}\n\n<!-- /torch -->{tail}")


if __name__ == "__main__":
    main()
