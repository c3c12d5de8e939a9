"""What is held against PyTorch, and how its conventions are turned into ours.

Arguments reach `theirs` as tensors that ask for gradients. PyTorch is imported when it is first
used: with the golden arrays at hand, nothing here needs it.
"""

import importlib
import math
from collections import defaultdict
from pathlib import Path

import numpy as np
from comparison import Registry

from dltricks import (
    activations,
    augmentation,
    convolution,
    dropout,
    gradcheck,
    gradients,
    initializers,
    layers,
    losses,
    network,
    normalization,
    optimizers,
    regularizers,
    schedules,
    training,
    whitening,
)


class Late:
    """A module that is imported when it is first used."""

    def __init__(self, name):
        self.name = name

    def __getattr__(self, attribute):
        return getattr(importlib.import_module(self.name), attribute)


torch = Late("torch")
F = Late("torch.nn.functional")
CASES = Registry()
case = CASES.add
GOLDEN = Path(__file__).parent / "golden" / "torch.npz"


def golden():
    """{comparison: (inputs, {function: what PyTorch answered})}, as tools/make_golden.py stored."""
    cases = defaultdict(lambda: ({}, defaultdict(list)))
    with np.load(GOLDEN, allow_pickle=False) as file:
        for key in file.files:
            case, kind, name, *_ = key.split("/")
            a = file[key]
            a.flags.writeable = False
            if kind == "in":
                cases[case][0][name] = a
            else:
                cases[case][1][name].append(a)
    return dict(cases)


def tensors(inputs):
    """Each array as a tensor of its own that asks for gradients."""
    made = {name: torch.tensor(a) for name, a in inputs.items()}
    return {name: t.requires_grad_() if t.is_floating_point() else t for name, t in made.items()}


def arrays(results):
    """{function: tensors} as {function: arrays}."""
    return {
        function: [_array(r) for r in result]
        if isinstance(result, (list, tuple))
        else _array(result)
        for function, result in results.items()
    }


def _array(result):
    return result.detach().numpy() if hasattr(result, "detach") else np.asarray(result)


def grad(y, inputs, dy=None):
    return torch.autograd.grad(y, inputs, dy, retain_graph=True)


def normal(rng, *shape):
    return rng.normal(size=shape)


# ------------------------------------------------------------------------------ layers and losses


@case("PyTorch `F.linear` and autograd")
class affine:
    def draw(rng):
        x, w, b = normal(rng, 5, 3), normal(rng, 3, 4), normal(rng, 4)
        return {"x": x, "w": w, "b": b, "dy": normal(rng, 5, 4)}

    def ours(x, w, b, dy):
        y, cache = layers.affine_forward(x, w, b)
        return {
            layers.affine_forward: y,
            layers.affine_backward: layers.affine_backward(dy, cache),
        }

    def theirs(x, w, b, dy):
        y = F.linear(x, w.T, b)
        return {layers.affine_forward: y, layers.affine_backward: grad(y, (x, w, b), dy)}


@case("PyTorch `F.relu` and autograd")
class relu:
    def draw(rng):
        x = normal(rng, 5, 4)
        x[1, 2] = x[3, 0] = 0.0
        return {"x": x, "dy": normal(rng, 5, 4)}

    def ours(x, dy):
        y, cache = layers.relu_forward(x)
        return {layers.relu_forward: y, layers.relu_backward: layers.relu_backward(dy, cache)}

    def theirs(x, dy):
        y = F.relu(x)
        return {layers.relu_forward: y, layers.relu_backward: grad(y, (x,), dy)}


@case("PyTorch `F.cross_entropy` and autograd")
class cross_entropy:
    def draw(rng):
        logits = 4 * normal(rng, 6, 5)
        logits[2] *= 1000
        return {"logits": logits, "labels": rng.integers(5, size=6)}

    def ours(logits, labels):
        return {losses.softmax_cross_entropy: losses.softmax_cross_entropy(logits, labels)}

    def theirs(logits, labels):
        loss = F.cross_entropy(logits, labels)
        return {losses.softmax_cross_entropy: (loss, *grad(loss, (logits,)))}


@case("PyTorch `F.cross_entropy` with probabilities and autograd")
class soft_cross_entropy:
    def draw(rng):
        return {"logits": 4 * normal(rng, 6, 5), "targets": rng.dirichlet(np.ones(5), 6)}

    def ours(logits, targets):
        return {training.cross_entropy: training.cross_entropy(logits, targets)}

    def theirs(logits, targets):
        loss = F.cross_entropy(logits, targets)
        return {training.cross_entropy: (loss, *grad(loss, (logits,)))}


@case("PyTorch `F.mse_loss`, times K (it also divides by the K columns)")
class squared_error:
    def draw(rng):
        return {"pred": normal(rng, 6, 3), "target": normal(rng, 6, 3)}

    def ours(pred, target):
        return {losses.mean_squared_error: losses.mean_squared_error(pred, target)}

    def theirs(pred, target):
        loss = F.mse_loss(pred, target) * pred.shape[1]
        return {losses.mean_squared_error: (loss, *grad(loss, (pred,)))}


@case("PyTorch `F.binary_cross_entropy_with_logits` and autograd")
class binary:
    def draw(rng):
        logits = 4 * normal(rng, 9)
        logits[:2] *= 1000
        return {"logits": logits, "targets": np.r_[0.0, 1.0, rng.random(7)]}

    def ours(logits, targets):
        return {losses.binary_cross_entropy: losses.binary_cross_entropy(logits, targets)}

    def theirs(logits, targets):
        loss = F.binary_cross_entropy_with_logits(logits, targets)
        return {losses.binary_cross_entropy: (loss, *grad(loss, (logits,)))}


@case("PyTorch `F.multi_margin_loss`, times K (it divides by the K classes)")
class hinge:
    def draw(rng):
        return {"scores": normal(rng, 7, 4), "labels": rng.integers(4, size=7)}

    def ours(scores, labels):
        return {losses.hinge_loss: losses.hinge_loss(scores, labels, margin=0.7)}

    def theirs(scores, labels):
        loss = F.multi_margin_loss(scores, labels, p=1, margin=0.7) * scores.shape[1]
        return {losses.hinge_loss: (loss, *grad(loss, (scores,)))}


@case("PyTorch `F.cross_entropy(label_smoothing=...)`: the target that its gradient implies")
class smoothing:
    def draw(rng):
        return {"labels": rng.integers(5, size=8)}

    def ours(labels):
        return {losses.label_smoothing: losses.label_smoothing(labels, 5, eps=0.3)}

    def theirs(labels):
        logits = torch.linspace(-1, 1, 40, dtype=torch.float64).reshape(8, 5).requires_grad_()
        loss = F.cross_entropy(logits, labels, label_smoothing=0.3, reduction="sum")
        return {losses.label_smoothing: F.softmax(logits, 1) - grad(loss, (logits,))[0]}


# ------------------------------------------------------------------------------------ activations


def elementwise(
    name, oracle, function, derivative, theirs_of, kink=0.0, tolerance=1e-14, **options
):
    """An activation over a wide range, and its derivative, which autograd knows."""

    def draw(rng):
        x = np.concatenate([3 * normal(rng, 20), 200 * normal(rng, 5)])
        return {"x": np.where(np.abs(np.abs(x) - kink) < 0.01, 0.5, x)}

    def ours(x):
        values = {function: function(x, **options)}
        return values | ({derivative: derivative(x, **options)} if derivative else {})

    def theirs(x):
        y = theirs_of(x)
        values = {function: y}
        return values | ({derivative: grad(y.sum(), (x,))} if derivative else {})

    made = type(name, (), {"draw": draw, "ours": ours, "theirs": theirs})
    case(f"PyTorch {oracle}" + (" and autograd" if derivative else ""), tolerance)(made)


_a = activations
elementwise("sigmoid", "`sigmoid`", _a.sigmoid, _a.sigmoid_grad, lambda x: torch.sigmoid(x))
elementwise("tanh", "`tanh`", _a.tanh, _a.tanh_grad, lambda x: torch.tanh(x), tolerance=1e-13)
elementwise("rectifier", "`F.relu`", _a.relu, _a.relu_grad, lambda x: F.relu(x))
elementwise("identity", "identity", _a.linear, _a.linear_grad, lambda x: x * 1)
elementwise(
    # Beyond its threshold PyTorch rounds log(1 + e^x) to x: 20, its default, would leave 2e-9.
    "softplus",
    "`F.softplus(threshold=40)`",
    _a.softplus,
    None,
    lambda x: F.softplus(x, 1, 40),
)
elementwise(
    "leaky_relu",
    "`F.leaky_relu`",
    _a.leaky_relu,
    _a.leaky_relu_grad,
    lambda x: F.leaky_relu(x, 0.3),
    slope=0.3,
)
elementwise(
    "hard_tanh", "`F.hardtanh`", _a.hard_tanh, _a.hard_tanh_grad, lambda x: F.hardtanh(x), kink=1.0
)
elementwise(
    "rbf",
    "formula",
    _a.rbf,
    _a.rbf_grad,
    lambda x: torch.exp(-(((0.5 - x) / 1.7) ** 2)),
    center=0.5,
    width=1.7,
)


@case("PyTorch `max(dim)` and autograd")
class maxout:
    def draw(rng):
        x = normal(rng, 5, 12)
        x[0, :4] = 1.0
        return {"x": x, "dy": normal(rng, 5, 3)}

    def ours(x, dy):
        return {_a.maxout: _a.maxout(x, 3), _a.maxout_backward: _a.maxout_backward(dy, x, 3)}

    def theirs(x, dy):
        y = x.reshape(5, 3, 4).max(dim=2).values
        return {_a.maxout: y, _a.maxout_backward: grad(y, (x,), dy)}


# ----------------------------------------------------------------------------------- initializers


@case("PyTorch `nn.init.calculate_gain`")
class gains:
    def draw(rng):
        return {"slope": rng.uniform(0.05, 2, 3)}

    def ours(slope):
        gain = initializers.activation_gain
        fixed = [gain(name) for name in ("linear", "tanh", "relu", "leaky_relu")]
        return {gain: fixed + [gain("leaky_relu", s) for s in slope.tolist()]}

    def theirs(slope):
        gain = torch.nn.init.calculate_gain
        fixed = [gain(name) for name in ("linear", "tanh", "relu", "leaky_relu")]
        sloped = [gain("leaky_relu", s) for s in slope.tolist()]
        return {initializers.activation_gain: fixed + sloped}


def spread(fan_in, fan_out, gain, both):
    """PyTorch's standard deviation for our shape; it keeps weights transposed."""
    weight = torch.empty(fan_in, fan_out).T
    fans = torch.nn.init._calculate_fan_in_and_fan_out(weight)
    return gain / math.sqrt(sum(fans) / 2 if both else fans[0])


@case("PyTorch `nn.init`: its bound or deviation for the transposed weight, times the same draws")
class figures:
    shape = (30, 7)

    def draw(rng):
        return {"seed": rng.integers(1000, size=1)}

    def ours(seed):
        names = ["fan_in_uniform", "xavier_normal", "xavier_uniform", "he_normal", "he_uniform"]
        rules = [getattr(initializers, name) for name in names]
        return {rule: rule(30, 7, np.random.default_rng(seed)) for rule in rules}

    def theirs(seed):
        standard = torch.tensor(np.random.default_rng(seed.numpy()).normal(size=(30, 7)))
        uniform = torch.tensor(np.random.default_rng(seed.numpy()).uniform(-1, 1, (30, 7)))
        uniform = uniform * math.sqrt(3)  # of deviation 1
        relu = torch.nn.init.calculate_gain("relu")
        # nn.Linear's own start: kaiming_uniform_ with a = sqrt(5).
        linear = torch.nn.init.calculate_gain("leaky_relu", math.sqrt(5))
        return {
            initializers.fan_in_uniform: spread(30, 7, linear, both=False) * uniform,
            initializers.xavier_normal: spread(30, 7, 1.0, both=True) * standard,
            initializers.xavier_uniform: spread(30, 7, 1.0, both=True) * uniform,
            initializers.he_normal: spread(30, 7, relu, both=False) * standard,
            initializers.he_uniform: spread(30, 7, relu, both=False) * uniform,
        }


@case("PyTorch `linalg.qr` with signs, as in `nn.init.orthogonal_`, of the same draws")
class orthogonal:
    def draw(rng):
        return {"seed": rng.integers(1000, size=1)}

    def ours(seed):
        return {
            initializers.orthogonal: [
                initializers.orthogonal(*shape, np.random.default_rng(seed), gain=1.5)
                for shape in ((7, 4), (4, 7))
            ]
        }

    def theirs(seed):
        q, r = torch.linalg.qr(
            torch.tensor(np.random.default_rng(seed.numpy()).normal(size=(7, 4)))
        )
        q = 1.5 * q * r.diag().sign()
        return {initializers.orthogonal: [q, q.T]}


@case("PyTorch `F.log_softmax` of the logarithms of smoothed counts")
class bias:
    def draw(rng):
        return {"labels": rng.integers(4, size=20)}

    def ours(labels):
        return {initializers.output_bias: initializers.output_bias(labels, 6, smoothing=0.5)}

    def theirs(labels):
        counts = F.one_hot(labels, 6).sum(0).double() + 0.5
        return {initializers.output_bias: F.log_softmax(counts.log(), 0)}


@case("PyTorch: the layers run in a loop", single=1e-4)
class statistics:
    def draw(rng):
        return {"x": normal(rng, 20, 6), "w1": normal(rng, 6, 5), "w2": normal(rng, 5, 4)}

    def ours(x, w1, w2):
        seen = initializers.activation_statistics(x, [w1, w2], np.tanh)
        return {
            initializers.activation_statistics: np.array(seen),
            initializers.lsuv: initializers.lsuv(x, [w1, w2], np.tanh, tol=1e-9),
        }

    def theirs(x, w1, w2):
        first = torch.tanh(x @ w1)
        second = torch.tanh(first @ w2)
        seen = [(h.mean(), h.var(unbiased=False)) for h in (first, second)]
        v1 = w1 / (x @ w1).std(unbiased=False)
        v2 = w2 / (torch.tanh(x @ v1) @ w2).std(unbiased=False)
        return {
            initializers.activation_statistics: np.array([[m.item(), v.item()] for m, v in seen]),
            initializers.lsuv: [v1, v2],
        }


# -------------------------------------------------------------------------------------- gradients


@case("PyTorch autograd")
class chain:
    def draw(rng):
        return {"w": 2 * normal(rng, 6), "b": normal(rng, 6)}

    def ours(w, b):
        return {gradients.chain_bias_gradients: gradients.chain_bias_gradients(0.7, w, b, -1.3)}

    def theirs(w, b):
        a = torch.tensor(0.7, dtype=torch.float64)
        for wj, bj in zip(w, b, strict=True):
            a = torch.sigmoid(wj * a + bj)
        return {gradients.chain_bias_gradients: grad(-1.3 * a, (b,))}


@case("PyTorch `autograd.functional.jacobian`")
class jacobians:
    def draw(rng):
        return {"x": normal(rng, 4), "w1": normal(rng, 4, 6), "w2": normal(rng, 6, 3)}

    def ours(x, w1, w2):
        u1 = x @ w1
        u2 = np.tanh(u1) @ w2
        return {
            gradients.layer_jacobian: gradients.layer_jacobian(w1, u1, _a.tanh_grad),
            gradients.jacobian_product: gradients.jacobian_product(
                [w1, w2], [u1, u2], _a.tanh_grad
            ),
        }

    def theirs(x, w1, w2):
        jacobian = torch.autograd.functional.jacobian

        def layer(h):
            return torch.tanh(h @ w1)

        return {
            gradients.layer_jacobian: jacobian(layer, x),
            gradients.jacobian_product: jacobian(lambda h: torch.tanh(layer(h) @ w2), x),
        }


@case("PyTorch autograd")
class gradient_norms:
    def draw(rng):
        weights = {f"w{i}": normal(rng, 5, 5) for i in (1, 2, 3)}
        return {"x": normal(rng, 8, 5), "dy": normal(rng, 8, 5), **weights}

    def ours(x, dy, **weights):
        norms = gradients.layer_gradient_norms(x, list(weights.values()), np.tanh, _a.tanh_grad, dy)
        return {gradients.layer_gradient_norms: np.array(norms)}

    def theirs(x, dy, **weights):
        h = x
        for w in weights.values():
            h = torch.tanh(h @ w)
        norms = [g.norm().item() for g in grad(h, tuple(weights.values()), dy)]
        return {gradients.layer_gradient_norms: np.array(norms)}


def clipped(clip, limit, *grads):
    """What PyTorch makes of copies of the gradients, and what it returns."""
    holders = [torch.zeros_like(g) for g in grads]
    for holder, g in zip(holders, grads, strict=True):
        holder.grad = g.detach().clone()
    norm = clip(holders, limit)
    return [holder.grad for holder in holders], norm


def two_gradients(rng):
    return {"a": 3 * normal(rng, 4, 3), "b": normal(rng, 5)}


@case("PyTorch `nn.utils.clip_grad_value_`")
class clipped_values:
    draw = two_gradients

    def ours(a, b):
        return {gradients.clip_by_value: gradients.clip_by_value([a, b], 0.8)}

    def theirs(a, b):
        kept, _ = clipped(torch.nn.utils.clip_grad_value_, 0.8, a, b)
        return {gradients.clip_by_value: kept}


@case("PyTorch `nn.utils.clip_grad_norm_`, without the 1e-6 that it adds to the norm")
class clipped_norm:
    draw = two_gradients

    def ours(a, b):
        shorter, norm = gradients.clip_by_global_norm([a, b], 2.5)
        kept, _ = gradients.clip_by_global_norm([a, b], 1000.0)
        return {gradients.clip_by_global_norm: [*shorter, norm, *kept]}

    def theirs(a, b):
        shorter, norm = clipped(torch.nn.utils.clip_grad_norm_, 2.5, a, b)
        shorter = [g * (norm + 1e-6) / norm for g in shorter]
        kept, _ = clipped(torch.nn.utils.clip_grad_norm_, 1000.0, a, b)
        return {gradients.clip_by_global_norm: [*shorter, norm, *kept]}


@case("PyTorch `half()`", single=1e-6)
class fates:
    def draw(rng):
        values = np.exp(rng.uniform(-30, 20, 200)) * rng.choice([-1, 1], 200)
        return {"values": np.r_[values, 0.0, 0.0]}

    def ours(values):
        return {gradients.half_precision_fates: gradients.half_precision_fates(values)}

    def theirs(values):
        half, some = values.half(), values != 0
        shares = (half == 0)[some].double().mean(), half.isinf()[some].double().mean()
        return {gradients.half_precision_fates: shares}


@case("PyTorch autograd")
class residual:
    def draw(rng):
        return {"x": normal(rng, 5, 4), "w": normal(rng, 4, 4), "dy": normal(rng, 5, 4)}

    def ours(x, w, dy):
        y, cache = gradients.residual_forward(x, w)
        return {
            gradients.residual_forward: y,
            gradients.residual_backward: gradients.residual_backward(dy, cache),
        }

    def theirs(x, w, dy):
        y = x + F.relu(x @ w)
        return {gradients.residual_forward: y, gradients.residual_backward: grad(y, (x, w), dy)}


@case("PyTorch autograd", tolerance=1e-8, single=None)
class numerical:
    def draw(rng):
        return {"x": normal(rng, 3, 2)}

    def ours(x):
        slope = gradcheck.numerical_gradient(lambda v: np.sum(np.sin(v) * np.exp(v)), x)
        return {gradcheck.numerical_gradient: slope}

    def theirs(x):
        return {gradcheck.numerical_gradient: grad((torch.sin(x) * torch.exp(x)).sum(), (x,))}


# ------------------------------------------------------------------------------------- whitening


@case("PyTorch `autograd.functional.hessian`")
class hessians:
    def draw(rng):
        return {"x": normal(rng, 9, 4), "w": normal(rng, 4), "y": normal(rng, 9)}

    def ours(x, w, y):
        return {
            whitening.least_squares_hessian: whitening.least_squares_hessian(x),
            whitening.logistic_hessian: whitening.logistic_hessian(x, w),
        }

    def theirs(x, w, y):
        hessian = torch.autograd.functional.hessian
        return {
            whitening.least_squares_hessian: hessian(lambda v: ((y - x @ v) ** 2).mean(), w),
            whitening.logistic_hessian: hessian(lambda v: F.softplus(x @ v).mean(), w),
        }


@case("PyTorch `linalg.cond`", single=1e-4)
class condition:
    def draw(rng):
        a = normal(rng, 6, 4)
        return {"h": a.T @ a}

    def ours(h):
        return {whitening.condition_number: whitening.condition_number(h)}

    def theirs(h):
        return {whitening.condition_number: torch.linalg.cond(h)}


# --------------------------------------------------------------------------------- normalization


def norm_inputs(rng, *shape):
    c = shape[1]
    return {
        "x": 3 * normal(rng, *shape) + 2,
        "gamma": normal(rng, c),
        "beta": normal(rng, c),
        "dy": normal(rng, *shape),
    }


def batch_inputs(rng, *shape):
    c = shape[1]
    running = {"running_mean": normal(rng, c), "running_var": rng.uniform(0.5, 2, c)}
    return norm_inputs(rng, *shape) | running


_n = normalization
UNBIASED = "its running variance, over n - 1, taken to ours, over n"


def batchnorm(forward, backward):
    """Training, its backward pass, and test time, of the one function or the other."""

    def ours(x, gamma, beta, dy, running_mean, running_var):
        y, cache, mean, var = forward(
            x, gamma, beta, running_mean, running_var, True, momentum=0.3, eps=1e-3
        )
        z, *_ = forward(x, gamma, beta, running_mean, running_var, False, eps=1e-3)
        return {forward: [y, mean, var, z], backward: backward(dy, cache)}

    def theirs(x, gamma, beta, dy, running_mean, running_var):
        running_mean, running_var = running_mean.detach(), running_var.detach()
        mean, var = running_mean.clone(), running_var.clone()
        y = F.batch_norm(x, mean, var, gamma, beta, True, 0.3, 1e-3)
        n = x.numel() // len(gamma)
        var = 0.7 * running_var + (var - 0.7 * running_var) * (n - 1) / n
        z = F.batch_norm(x, running_mean, running_var, gamma, beta, False, eps=1e-3)
        return {forward: [y, mean, var, z], backward: grad(y, (x, gamma, beta), dy)}

    return {"ours": ours, "theirs": theirs}


for _name, _shape, _pair in (
    ("batchnorm", (7, 4), (_n.batchnorm_forward, _n.batchnorm_backward)),
    (
        "spatial_batchnorm",
        (3, 4, 2, 5),
        (_n.spatial_batchnorm_forward, _n.spatial_batchnorm_backward),
    ),
):
    _draw = {"draw": lambda rng, shape=_shape: batch_inputs(rng, *shape)}
    case(f"PyTorch `F.batch_norm` ({UNBIASED}) and autograd", single=1e-4)(
        type(_name, (), _draw | batchnorm(*_pair))
    )


@case("PyTorch `nn.utils.fuse_linear_bn_weights`")
class fold:
    def draw(rng):
        return {"w": normal(rng, 5, 4), "b": normal(rng, 4), **batch_inputs(rng, 3, 4)}

    def ours(w, b, x, gamma, beta, dy, running_mean, running_var):
        return {
            _n.fold_batchnorm: _n.fold_batchnorm(
                w, b, gamma, beta, running_mean, running_var, eps=1e-3
            )
        }

    def theirs(w, b, x, gamma, beta, dy, running_mean, running_var):
        fuse = torch.nn.utils.fuse_linear_bn_weights
        weight, bias = fuse(w.T, b, running_mean, running_var, 1e-3, gamma, beta)
        return {_n.fold_batchnorm: [weight.T, bias]}


@case("PyTorch `F.layer_norm` and autograd", single=1e-4)
class layernorm:
    def draw(rng):
        return norm_inputs(rng, 5, 7)

    def ours(x, gamma, beta, dy):
        y, cache = _n.layernorm_forward(x, gamma, beta, eps=1e-3)
        return {_n.layernorm_forward: y, _n.layernorm_backward: _n.layernorm_backward(dy, cache)}

    def theirs(x, gamma, beta, dy):
        y = F.layer_norm(x, (7,), gamma, beta, eps=1e-3)
        return {_n.layernorm_forward: y, _n.layernorm_backward: grad(y, (x, gamma, beta), dy)}


@case("PyTorch `F.group_norm` and autograd", single=1e-4)
class groupnorm:
    def draw(rng):
        return norm_inputs(rng, 3, 6, 2, 4)

    def ours(x, gamma, beta, dy):
        y, cache = _n.groupnorm_forward(x, gamma, beta, 3, eps=1e-3)
        return {_n.groupnorm_forward: y, _n.groupnorm_backward: _n.groupnorm_backward(dy, cache)}

    def theirs(x, gamma, beta, dy):
        y = F.group_norm(x, 3, gamma, beta, eps=1e-3)
        return {_n.groupnorm_forward: y, _n.groupnorm_backward: grad(y, (x, gamma, beta), dy)}


@case("PyTorch `F.instance_norm` and autograd", single=1e-4)
class instancenorm:
    def draw(rng):
        return norm_inputs(rng, 3, 4, 3, 4)

    def ours(x, gamma, beta, dy):
        y, cache = _n.instancenorm_forward(x, gamma, beta, eps=1e-3)
        backward = _n.instancenorm_backward
        return {_n.instancenorm_forward: y, backward: backward(dy, cache)}

    def theirs(x, gamma, beta, dy):
        y = F.instance_norm(x, None, None, gamma, beta, eps=1e-3)
        return {
            _n.instancenorm_forward: y,
            _n.instancenorm_backward: grad(y, (x, gamma, beta), dy),
        }


@case("PyTorch `F.rms_norm` and autograd")
class rmsnorm:
    def draw(rng):
        return norm_inputs(rng, 5, 7)

    def ours(x, gamma, beta, dy):
        y, cache = _n.rmsnorm_forward(x, gamma, eps=1e-3)
        return {_n.rmsnorm_forward: y, _n.rmsnorm_backward: _n.rmsnorm_backward(dy, cache)}

    def theirs(x, gamma, beta, dy):
        y = F.rms_norm(x, (7,), gamma, eps=1e-3)
        return {_n.rmsnorm_forward: y, _n.rmsnorm_backward: grad(y, (x, gamma), dy)}


@case("PyTorch weight norm with dim=1, the columns, and autograd")
class weight_norm:
    def draw(rng):
        return {"v": normal(rng, 5, 3), "g": normal(rng, 3), "dw": normal(rng, 5, 3)}

    def ours(v, g, dw):
        return {
            _n.weight_norm: _n.weight_norm(v, g),
            _n.weight_norm_backward: _n.weight_norm_backward(dw, v, g),
        }

    def theirs(v, g, dw):
        w = torch._weight_norm(v, g[None], 1)
        return {_n.weight_norm: w, _n.weight_norm_backward: grad(w, (v, g), dw)}


def centred_covariance(x, eps):
    centred = x - x.mean(0)
    return centred, centred.T @ centred / len(x) + eps * torch.eye(x.shape[1], dtype=x.dtype)


def whiten(x, dy):
    y, cache = _n.batch_whitening_forward(x, eps=0.01)
    return {
        _n.batch_whitening_forward: y,
        _n.batch_whitening_backward: _n.batch_whitening_backward(dy, cache),
    }


@case("PyTorch autograd through `linalg.eigh`", tolerance=1e-10, single=1e-3)
class whitening_distinct:
    ours = whiten

    def draw(rng):
        return {"x": normal(rng, 12, 4) * [1, 2, 4, 8] + 1, "dy": normal(rng, 12, 4)}

    def theirs(x, dy):
        centred, covariance = centred_covariance(x, 0.01)
        values, axes = torch.linalg.eigh(covariance)
        y = centred @ (axes / values.sqrt() @ axes.T)
        return {_n.batch_whitening_forward: y, _n.batch_whitening_backward: grad(y, (x,), dy)}


@case(
    "PyTorch autograd through Newton's iteration, where all variances are equal",
    tolerance=1e-10,
    single=1e-3,
)
class whitening_equal:
    ours = whiten

    def draw(rng):
        signs = np.array([[1, 1, 1, 1], [1, -1, 1, -1], [1, 1, -1, -1], [1, -1, -1, 1]])
        return {"x": 2.0 * np.vstack([signs, -signs]), "dy": normal(rng, 8, 4)}

    def theirs(x, dy):
        centred, covariance = centred_covariance(x, 0.01)
        identity, scale = torch.eye(4, dtype=x.dtype), torch.trace(covariance)
        root, inverse = covariance / scale, identity
        for _ in range(20):
            factor = (3 * identity - inverse @ root) / 2
            root, inverse = root @ factor, factor @ inverse
        y = centred @ inverse / scale.sqrt()
        return {_n.batch_whitening_forward: y, _n.batch_whitening_backward: grad(y, (x,), dy)}


@case("PyTorch: the recursion as written", tolerance=1e-11, single=1e-3)
class iternorm:
    def draw(rng):
        return {"x": normal(rng, 12, 4) * [1, 2, 3, 4] + 1}

    def ours(x):
        y = _n.iterative_whitening_forward(x, iterations=4, eps=0.01)
        return {_n.iterative_whitening_forward: y}

    def theirs(x):
        centred, s = centred_covariance(x, 0.01)
        p = torch.eye(4, dtype=x.dtype)
        for _ in range(4):
            p = (3 * p - torch.linalg.matrix_power(p, 3) @ s / torch.trace(s)) / 2
        return {_n.iterative_whitening_forward: centred @ p / torch.trace(s).sqrt()}


# ------------------------------------------------------------------------------------- optimizers

STEPS = 6


def optimizer(name, oracle, step, theirs_of, options, constant=False):
    """Six steps with changing gradients and, but where PyTorch's rule differs, changing rates."""
    stateless = step is regularizers.weight_decay_step

    def draw(rng):
        rates = np.full(STEPS, 0.13) if constant else rng.uniform(0.01, 0.3, STEPS)
        return {"w": normal(rng, 3, 4), "grads": normal(rng, STEPS, 3, 4), "rates": rates}

    def ours(w, grads, rates):
        path, state = [], None
        for g, lr in zip(grads, rates, strict=True):
            lr = float(lr)
            if stateless:
                w = step(w, g, lr, **options)
            else:
                w, state = step(w, g, state, lr=lr, **options)
            path.append(w)
        return {step: np.stack(path)}

    def theirs(w, grads, rates):
        walker, path = theirs_of([w]), []
        for g, lr in zip(grads, rates, strict=True):
            walker.param_groups[0]["lr"] = lr.item()
            w.grad = g.detach().clone()
            walker.step()
            path.append(w.detach().clone())
        return {step: torch.stack(path)}

    made = type(name, (), {"draw": draw, "ours": ours, "theirs": theirs})
    case(f"PyTorch {oracle}", single=1e-4)(made)


_o = optimizers
optimizer("sgd", "`optim.SGD`", _o.sgd, lambda p: torch.optim.SGD(p), {})
optimizer(
    "momentum",
    "`optim.SGD(momentum=...)`",
    _o.momentum,
    lambda p: torch.optim.SGD(p, momentum=0.7),
    {"rho": 0.7},
)
optimizer(
    "classical_momentum",
    "`optim.SGD(momentum=...)` at a constant rate, where the two forms agree",
    _o.classical_momentum,
    lambda p: torch.optim.SGD(p, momentum=0.7),
    {"alpha": 0.7},
    constant=True,
)
optimizer(
    "weight_decay",
    "`optim.SGD(weight_decay=...)`",
    regularizers.weight_decay_step,
    lambda p: torch.optim.SGD(p, weight_decay=0.2),
    {"lam": 0.2},
)
optimizer(
    "adagrad",
    "`optim.Adagrad`",
    _o.adagrad,
    lambda p: torch.optim.Adagrad(p, eps=1e-3),
    {"eps": 1e-3},
)
optimizer(
    "rmsprop",
    "`optim.RMSprop`",
    _o.rmsprop,
    lambda p: torch.optim.RMSprop(p, alpha=0.8, eps=1e-3),
    {"beta": 0.8, "eps": 1e-3},
)
optimizer(
    "adadelta",
    "`optim.Adadelta`",
    _o.adadelta,
    lambda p: torch.optim.Adadelta(p, rho=0.8, eps=1e-3),
    {"rho": 0.8, "eps": 1e-3},
)
optimizer(
    "adam",
    "`optim.Adam`",
    _o.adam,
    lambda p: torch.optim.Adam(p, betas=(0.7, 0.8), eps=1e-3),
    {"beta1": 0.7, "beta2": 0.8, "eps": 1e-3},
)
optimizer(
    "adamw",
    "`optim.AdamW`",
    _o.adamw,
    lambda p: torch.optim.AdamW(p, betas=(0.7, 0.8), eps=1e-3, weight_decay=0.3),
    {"beta1": 0.7, "beta2": 0.8, "eps": 1e-3, "weight_decay": 0.3},
)


@case("PyTorch `optim.SGD(nesterov=True)`, whose parameters are our point ahead", single=1e-4)
class nesterov:
    """PyTorch asks for the gradient at its own parameters: these are our `w + rho v`."""

    def draw(rng):
        a = normal(rng, 4, 4)
        return {"w": normal(rng, 4), "h": a @ a.T, "c": normal(rng, 4)}

    def ours(w, h, c):
        ahead, state = [], None
        for _ in range(STEPS):
            w, state = _o.nesterov(w, lambda p: h @ p - c, state, lr=0.05, rho=0.7)
            ahead.append(w + 0.7 * state.v)
        return {_o.nesterov: np.stack(ahead)}

    def theirs(w, h, c):
        walker, path = torch.optim.SGD([w], lr=0.05, momentum=0.7, nesterov=True), []
        for _ in range(STEPS):
            w.grad = (h @ w - c).detach()
            walker.step()
            path.append(w.detach().clone())
        return {_o.nesterov: torch.stack(path)}


def rates(make, steps, lr=0.3):
    """The rates that a scheduler of PyTorch gives at steps 0, 1, 2, ..."""
    walker = torch.optim.SGD([torch.zeros(1)], lr=lr)
    scheduler, seen = make(walker), []
    for _ in range(steps):
        seen.append(scheduler.get_last_lr()[0])
        walker.step()
        scheduler.step()
    return np.array(seen)


@case("PyTorch `lr_scheduler`", single=None)
class schedulers:
    """LambdaLR, ExponentialLR, StepLR, and LinearLR followed by CosineAnnealingLR."""

    def draw(rng):
        return {"rate": rng.uniform(0.05, 0.2, 1)}

    def ours(rate):
        rate, s = float(rate[0]), schedules
        return {
            s.inverse_time_decay: np.array([s.inverse_time_decay(0.3, t, rate) for t in range(20)]),
            s.exponential_decay: np.array([s.exponential_decay(0.3, t, rate) for t in range(20)]),
            s.staircase_decay: np.array([s.staircase_decay(0.3, t, rate, 4) for t in range(20)]),
            s.warmup_cosine: np.array([s.warmup_cosine(0.3, t, 5, 18, rate) for t in range(19)]),
        }

    def theirs(rate):
        rate, lr = rate.item(), torch.optim.lr_scheduler
        up = rates(lambda w: lr.LinearLR(w, 1 / 5, 1.0, total_iters=4), 5)
        down = rates(lambda w: lr.CosineAnnealingLR(w, 13, eta_min=rate), 14)
        return {
            schedules.inverse_time_decay: rates(
                lambda w: lr.LambdaLR(w, lambda t: 1 / (1 + rate * t)), 20
            ),
            schedules.exponential_decay: rates(lambda w: lr.ExponentialLR(w, math.exp(-rate)), 20),
            schedules.staircase_decay: rates(lambda w: lr.StepLR(w, 4, rate), 20),
            schedules.warmup_cosine: np.concatenate([up, down]),
        }


# --------------------------------------------------------------------------------- regularization


def penalty(name, oracle, function, value_of, options):
    """A penalty's value, and its gradient by autograd."""

    def draw(rng):
        w = normal(rng, 4, 3)
        w[0, 0] = 0.0
        return {"w": w}

    def ours(w):
        return {function: function(w, **options)}

    def theirs(w):
        value = value_of(w)
        return {function: (value, *grad(value, (w,)))}

    made = type(name, (), {"draw": draw, "ours": ours, "theirs": theirs})
    case(f"PyTorch {oracle} and autograd")(made)


_r = regularizers
penalty("l2", "sum of squares", _r.l2_penalty, lambda w: 0.35 * (w**2).sum(), {"lam": 0.7})
penalty("l1", "sum of `abs`", _r.l1_penalty, lambda w: 0.7 * w.abs().sum(), {"lam": 0.7})
penalty(
    "elastic_net",
    "formula",
    _r.elastic_net_penalty,
    lambda w: 0.7 * (0.3 * (w**2).sum() + w.abs().sum()),
    {"beta": 0.3, "lam": 0.7},
)
penalty(
    "lp",
    "`linalg.vector_norm`",
    _r.lp_penalty,
    lambda w: 0.7 * torch.linalg.vector_norm(w, 2.6),
    {"p": 2.6, "lam": 0.7},
)


@case("PyTorch `F.softshrink`")
class thresholds:
    def draw(rng):
        return {"w": normal(rng, 4, 3), "grad_w": normal(rng, 4, 3)}

    def ours(w, grad_w):
        return {
            _r.soft_threshold: _r.soft_threshold(w, 0.4),
            _r.proximal_gradient_step: _r.proximal_gradient_step(w, grad_w, 0.3, 0.5),
        }

    def theirs(w, grad_w):
        return {
            _r.soft_threshold: F.softshrink(w, 0.4),
            _r.proximal_gradient_step: F.softshrink(w - 0.3 * grad_w, 0.15),
        }


@case("PyTorch `renorm`, which adds 1e-7 to the norm", tolerance=2e-7)
class renorm:
    def draw(rng):
        return {"w": normal(rng, 4, 6) * [0.1, 1, 2, 3, 4, 5]}

    def ours(w):
        return {_r.max_norm: _r.max_norm(w, 2.0), _r.project_l2_ball: _r.project_l2_ball(w, 2.0)}

    def theirs(w):
        whole = torch.renorm(w.reshape(1, -1), 2, 0, 2.0).reshape(w.shape)
        return {_r.max_norm: torch.renorm(w, 2, 1, 2.0), _r.project_l2_ball: whole}


@case("PyTorch `autograd.functional.jacobian`, sample by sample")
class jacobian_penalty:
    def draw(rng):
        return {"x": normal(rng, 5, 4), "w1": normal(rng, 4, 6), "w2": normal(rng, 6, 3)}

    def ours(x, w1, w2):
        return {_r.jacobian_penalty: _r.jacobian_penalty(x, [w1, w2], np.tanh, _a.tanh_grad)}

    def theirs(x, w1, w2):
        def jacobian(sample):
            return torch.autograd.functional.jacobian(lambda s: torch.tanh(s @ w1) @ w2, sample)

        return {_r.jacobian_penalty: sum((jacobian(s) ** 2).sum() for s in x) / len(x)}


class Chosen:
    """Stands in for a Generator whose uniform draws have been chosen."""

    def __init__(self, draws):
        self.draws = draws

    def random(self, shape):
        assert shape == self.draws.shape
        return self.draws


@case("PyTorch `F.dropout` and autograd, given its mask")
class dropped:
    def draw(rng):
        seed = rng.integers(1000)
        torch.manual_seed(int(seed))
        kept = F.dropout(torch.ones(6, 5, dtype=torch.float64), 0.3) != 0
        x, dy = normal(rng, 6, 5), normal(rng, 6, 5)
        return {"x": x, "dy": dy, "kept": kept.numpy(), "seed": np.array(seed)}

    def ours(x, dy, kept, seed):
        y, cache = dropout.dropout_forward(x, 0.3, Chosen(np.where(kept, 0.999, 0.0)))
        classic, _ = dropout.classic_dropout_forward(x, 0.7, Chosen(np.where(kept, 0.0, 0.999)))
        return {
            dropout.dropout_forward: y,
            dropout.dropout_backward: dropout.dropout_backward(dy, cache),
            dropout.classic_dropout_forward: classic,
        }

    def theirs(x, dy, kept, seed):
        torch.manual_seed(seed.item())
        y = F.dropout(x, 0.3)
        return {
            dropout.dropout_forward: y,
            dropout.dropout_backward: grad(y, (x,), dy),
            dropout.classic_dropout_forward: 0.7 * y,
        }


# ------------------------------------------------------------------------------------------ images


@case(
    "PyTorch `F.grid_sample(align_corners=True)`, fill as an offset", tolerance=1e-11, single=1e-3
)
class warped:
    def draw(rng):
        matrix = augmentation.affine_matrix(rng.uniform(-1, 1), rng.uniform(0.7, 1.4), 0.3)
        return {"images": rng.random((2, 3, 7, 9)), "matrix": matrix}

    def ours(images, matrix):
        return {augmentation.warp: augmentation.warp(images, matrix, fill=0.25)}

    def theirs(images, matrix):
        (a, b), (c, d) = torch.linalg.inv(matrix)
        ratio = 6 / 8  # of (H - 1) to (W - 1): PyTorch's coordinates are columns first, in [-1, 1]
        zero = torch.zeros((), dtype=a.dtype)
        theta = torch.stack([d, c * ratio, zero, b / ratio, a, zero]).reshape(1, 2, 3)
        grid = F.affine_grid(theta.expand(2, 2, 3), images.shape, align_corners=True)
        sampled = F.grid_sample(images - 0.25, grid, align_corners=True)
        return {augmentation.warp: sampled + 0.25}


@case("PyTorch `F.conv2d` with repeated edges")
class blurred:
    def draw(rng):
        return {"images": rng.random((2, 3, 8, 6))}

    def ours(images):
        return {augmentation.gaussian_blur: augmentation.gaussian_blur(images, 0.8)}

    def theirs(images):
        offsets = torch.arange(-3, 4, dtype=torch.float64)
        kernel = F.softmax(-(offsets**2) / (2 * 0.8**2), 0)
        padded = F.pad(images, (3, 3, 3, 3), mode="replicate").reshape(6, 1, 14, 12)
        smooth = F.conv2d(padded, torch.outer(kernel, kernel)[None, None])
        return {augmentation.gaussian_blur: smooth.reshape(images.shape)}


@case("PyTorch `F.conv2d` and autograd")
class conv:
    def draw(rng):
        x, w, b = normal(rng, 2, 3, 6, 5), normal(rng, 4, 3, 3, 2), normal(rng, 4)
        return {"x": x, "w": w, "b": b, "dy": normal(rng, 2, 4, 6, 6)}

    def ours(x, w, b, dy):
        y, cache = convolution.conv_forward(x, w, b, padding=1)
        return {
            convolution.conv_forward: y,
            convolution.conv_backward: convolution.conv_backward(dy, cache),
        }

    def theirs(x, w, b, dy):
        y = F.conv2d(x, w, b, padding=1)
        return {convolution.conv_forward: y, convolution.conv_backward: grad(y, (x, w, b), dy)}


@case("PyTorch `F.max_pool2d`, `F.avg_pool2d` and autograd")
class pool:
    def draw(rng):
        x = normal(rng, 2, 3, 7, 6)
        x[0, 0, :2, :2] = 3.0
        return {"x": x, "dy": normal(rng, 2, 3, 3, 3)}

    def ours(x, dy):
        pairs = [convolution.pool_forward(x, 2, kind) for kind in ("max", "average")]
        return {
            convolution.pool_forward: [y for y, _ in pairs],
            convolution.pool_backward: [convolution.pool_backward(dy, c) for _, c in pairs],
        }

    def theirs(x, dy):
        ys = [F.max_pool2d(x, 2), F.avg_pool2d(x, 2)]
        backward = [grad(y, (x,), dy)[0] for y in ys]
        return {convolution.pool_forward: ys, convolution.pool_backward: backward}


# ---------------------------------------------------------------------------------------- networks


@case("PyTorch autograd through the same network", tolerance=1e-11, single=1e-3)
class mlp:
    """Tanh, then batch norm (so that no bias has gradient 0), and a skip in the second layer."""

    def net():
        return network.MLP(
            [6, 8, 8, 4],
            np.random.default_rng(0),
            activation="tanh",
            normalization="batch",
            norm_position="after",
            residual=True,
        )

    def draw(rng):
        parameters = {
            name: w + 0.3 * normal(rng, *w.shape) for name, w in mlp.net().parameters.items()
        }
        return {"x": normal(rng, 10, 6), "labels": rng.integers(4, size=10), **parameters}

    def ours(x, labels, **parameters):
        net = mlp.net()
        net.parameters = parameters
        loss, grads = training.loss_and_gradients(net, x, labels)
        return {network.MLP: [loss, *grads.values()]}

    def theirs(x, labels, **p):
        h = x
        for layer in "12":
            a = torch.tanh(h @ p["w" + layer] + p["b" + layer])
            a = F.batch_norm(a, None, None, p["gamma" + layer], p["beta" + layer], True)
            h = a + h if layer == "2" else a
        loss = F.cross_entropy(h @ p["w3"] + p["b3"], labels)
        return {network.MLP: (loss, *grad(loss, tuple(p.values())))}


@case("PyTorch autograd through the same network", tolerance=1e-11, single=1e-3)
class convnet:
    def net():
        return network.ConvNet(
            (2, 8, 8), (8, 8), 3, np.random.default_rng(0), normalization="group"
        )

    def draw(rng):
        parameters = {
            name: w + 0.3 * normal(rng, *w.shape) for name, w in convnet.net().parameters.items()
        }
        return {"x": normal(rng, 5, 2, 8, 8), "labels": rng.integers(3, size=5), **parameters}

    def ours(x, labels, **parameters):
        net = convnet.net()
        net.parameters = parameters
        loss, grads = training.loss_and_gradients(net, x, labels)
        return {network.ConvNet: [loss, *grads.values()]}

    def theirs(x, labels, **p):
        h = x
        for layer in "12":
            u = F.conv2d(h, p["w" + layer], p["b" + layer], padding=1)
            u = F.group_norm(u, 4, p["gamma" + layer], p["beta" + layer])
            h = F.max_pool2d(F.relu(u), 2)
        loss = F.cross_entropy(h.flatten(1) @ p["w3"] + p["b3"], labels)
        return {network.ConvNet: (loss, *grad(loss, tuple(p.values())))}
