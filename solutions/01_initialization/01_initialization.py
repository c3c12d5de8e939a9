# %% [markdown]
# # 01 · Where to start
#
# **The question.** You stack 30 layers, press run, and the loss does not move. Nothing is wrong with the code. What is wrong?
#
# **What for.** After this chapter you can look at three numbers of an untrained network and say whether it will train, and you can draw weights so that it does: for tanh, for ReLU, for a depth of 30, and for an activation that no table lists.
#
# **How long.** About two and a half hours: 11 functions, 20 points, most of them two or three lines long.
#
# **What you should know.** Chapter 00 (an affine layer `x @ w + b`, ReLU, softmax cross entropy, backpropagation), the mean and the variance of a sum of independent numbers, and NumPy.
#
# The chapter follows the initialization parts of the five lectures, which are called D0 to D4 here. Run the cells from the top; the whole notebook takes about 20 seconds.
#
# > **How this notebook works**
# >
# > - An *exercise* cell holds a signature and a docstring. Replace its last lines by your code, run it, then run the *check* below it. The check tells what was tested, or what is wrong: the type first, then the shape, then the value; and it knows the common mistakes by name.
# > - Before an experiment you write down a *prediction*. Leave it at `None` if you like: everything runs. But a guess that turns out wrong is what you will remember.
# > - An *experiment* uses your functions as soon as their checks pass, and the course's until then. Its figure says whose.
# > - Random functions draw from their argument `rng`, in any order you like. They are judged by their distribution, never number by number.
#
# The first cell loads the digits and defines four small helpers that the experiments share.

# %% setup
import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # small matrices; and the sums repeat exactly

from functools import partial
from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
from ipywidgets import FloatLogSlider, interact
from tqdm import tqdm

from autograder import check, yours
from dltricks import plots
from dltricks.activations import ACTIVATIONS, relu
from dltricks.datasets import load_digits
from dltricks.network import MLP
from dltricks.training import accuracy, evaluate, loss_and_gradients, train

plt.ion()  # figures appear by themselves

digits = load_digits(standardize=True)  # 8 x 8 pixels, each with mean 0 and variance 1
x_train, y_train, x_test, y_test = digits.x_train, digits.y_train, digits.x_test, digits.y_test


def draw(rule, widths, seed=0):
    """Draw the weights of a network: one matrix between each two neighbouring widths."""
    rng = np.random.default_rng(seed)
    return [rule(n, m, rng) for n, m in pairwise(widths)]


def train_each(starts, widths, seeds=(0, 1, 2), activation="relu", **options):
    """Train a network from each start and seed; give all histories, and test accuracies in %."""
    histories = {name: [] for name in starts}
    accuracies = {name: [] for name in starts}
    runs = [(name, seed) for name in starts for seed in seeds]
    for name, seed in tqdm(runs, desc="training", leave=False, delay=2):
        rng = np.random.default_rng(seed)
        net = MLP(widths, rng, activation=activation, initializer=starts[name])
        rng = np.random.default_rng(100 + seed)
        histories[name].append(train(net, x_train, y_train, rng, progress=False, **options))
        accuracies[name].append(100 * accuracy(net, x_test, y_test))
    return histories, accuracies


def yours_all(*functions):
    """Choose, for several functions at once, yours where it is right; and say whose they are."""
    chosen, whose = zip(
        *(yours(function.__name__, function) for function in functions), strict=True
    )
    return chosen, whose[0] if len(set(whose)) == 1 else "partly yours"


def compare(prediction, measured):
    """Say what was predicted, beside what was measured."""
    said = "no prediction made" if prediction is None else f"you predicted {prediction}"
    print(f"{said}; measured: {measured}")


# %% [markdown]
# ## 1 · It fails
#
# The data are 1,797 real handwritten digits, 8 × 8 pixels, ten classes. The network has 30 hidden ReLU layers of 64 units. Its weights are "small random numbers" with standard deviation 0.01, which is what D4 suggests first and what D2 says is fine for small networks.
#
# A classifier that knows nothing gives every one of the $K = 10$ classes the same probability. What is its cross-entropy loss, in nats?

# %% prediction start_loss
my_start_loss = None  # a number: the loss of the untrained network

# %% experiment it_fails
net = MLP([64] + [64] * 30 + [10], np.random.default_rng(0), initializer="small_normal")
start, gradients = loss_and_gradients(net, x_train, y_train)
signal = [h.std() for h in net.activations(x_train)]
options = {"steps": 150, "optimizer": "momentum", "lr": 0.003, "options": {"rho": 0.9}}
history = train(net, x_train, y_train, np.random.default_rng(1), **options)

print(f"loss before training      {start:.4f}")
print(f"loss after 150 steps      {np.mean(history.losses[-20:]):.2f}")
print(f"accuracy on test digits   {100 * accuracy(net, x_test, y_test):.0f} %")
for layer in (1, 2, 3, 10, 20, 30):
    norm = np.linalg.norm(gradients[f"w{layer}"])
    print(f"layer {layer:2}: std of h {signal[layer - 1]:.0e}, norm of the gradient {norm:.0e}")
compare(my_start_loss, f"{start:.4f}")

with plots.style():
    fig, (left, right) = plt.subplots(1, 2)
    left.plot(history.steps, history.losses, color=plots.BLUE, label="this network")
    left.axhline(np.log(10), color=plots.VERMILION, linestyle="--", label="log 10: knows nothing")
    left.set(xlabel="step", ylabel="training loss (nats)")
    plots.prediction_marker(left, my_start_loss)
    left.set_ylim(bottom=0)
    left.legend(loc="lower left")
    plots.signal_by_depth({"small normal, std 0.01": signal}, ylabel="std of activations", ax=right)

# %% [markdown]
# **What to see.** Left: the loss starts at $\log 10 = 2.303$ and stays there. Right: each layer's activations are about 18 times smaller than those of the layer before, a straight line on a logarithmic axis, down to $10^{-38}$.
#
# So the last layer is told nothing about the image. And the gradients are as small *everywhere*, not only in the first layers: the gradient of a weight matrix is (its input)ᵀ times (the gradient of its output). Near the end the inputs have vanished. Near the start the gradient has. The product is about the same.
#
# Three numbers tell this story before a single step is made, and you should print them for every new network:
#
# 1. **the loss at the start**, against $-\log(1/K)$. Much larger: the logits are too large. Equal to it in all digits, as here: look at the second number;
# 2. **the size of the activations**, by layer: does it stay, fade, or grow?
# 3. **the size of the gradients**, by layer.

# %% [markdown]
# ## 2 · An instrument
#
# First build the instrument for the second number. For a network without biases,
#
# $$ h_0 = x, \qquad h_l = f(h_{l-1}\, W_l), \qquad x: (N, D),\quad W_l: (\text{width before}, \text{width after}), $$
#
# record the mean and the variance over *all* entries of each $h_l$, so over samples and units together.
#
# An example to do by hand: $x = (1, 2)$, $W_1 = \begin{pmatrix} 1 & -1 \\ 1 & 0 \end{pmatrix}$, $f$ = ReLU. Then $x W_1 = (3, -1)$, $h_1 = (3, 0)$, its mean is 1.5 and its variance 2.25.

# %% [markdown]
# ### Exercise `activation_statistics`
#
# ●●○ · 10 minutes · 2 points
#
# <details><summary>Hint 1</summary>
#
# One loop over the weights. One variable holds the activations of the layer you have reached.
#
# </details>
# <details><summary>Hint 2</summary>
#
# The next layer gets the activations, not the pre-activations `h @ w`. The input itself is not recorded.
#
# </details>
# <details><summary>Hint 3</summary>
#
# In the loop: `h = activation(h @ w)`, then append the pair `(h.mean(), h.var())`.
#
# </details>


# %% exercise activation_statistics
def activation_statistics(x, weights, activation):
    """Mean and variance of the activations after each layer of a bias-free network.

    h_l = activation(h_{l-1} @ w_l), h_0 = x

    x: (N, D); weights: a list, each (width before, width after); activation: elementwise
    Returns a list of pairs (mean, variance), one a layer, over all entries of h_l;
    the variance divides by the number of entries.
    """
    ### BEGIN SOLUTION
    h = x
    statistics = []
    for w in weights:
        h = activation(h @ w)
        statistics.append((h.mean(), h.var()))
    return statistics
    ### END SOLUTION


# %% check activation_statistics
check("activation_statistics", activation_statistics)

# %% [markdown]
# ## 3 · Zero, and other symmetric starts
#
# If small is bad, is zero worse? D4 calls it the pitfall, D1 says that the start must break symmetry. Here is why.
#
# Take a hidden layer $u = hW$, $a = f(u)$, with $W: (n, m)$, followed by $aV$ with $V: (m, k)$. Backpropagation gives column $j$ of $W$ (the weights *into* unit $j$) the gradient
#
# $$ \frac{\partial L}{\partial W_{:j}} = h^\top \delta_{:j}, \qquad \delta_{:j} = f'(u_{:j}) \odot \Big( \frac{\partial L}{\partial (aV)}\, V_{j:}^{\top} \Big), \qquad h: (N, n),\quad \delta: (N, m). $$
#
# Suppose that two units have the same weights in and the same weights out: $W_{:i} = W_{:j}$ and $V_{i:} = V_{j:}$. Then $u_{:i} = u_{:j}$, so $\delta_{:i} = \delta_{:j}$, so both get the same gradient, in and out. After any number of steps they are still equal. Start *all* weights at one constant, and a layer of 32 units is for ever one unit, copied 32 times. All columns of the gradient are equal then: it has rank 1.
#
# With the constant 0 there is less still. The activations are 0, so no gradient reaches the weights after them; the weights out are 0, so no gradient comes back. Only the last bias learns.
#
# The next experiment trains a 64–32–32–10 network with ReLU for 300 steps from three starts: all weights 0, all weights 0.1, and random ones. How many *different* columns will the first weight matrix (64 × 32) have at the end, if all started at 0.1?

# %% prediction different_columns
my_different_columns = None  # a whole number from 1 to 32


# %% experiment symmetry
def numerical_rank(matrix):
    sizes = np.linalg.svd(matrix, compute_uv=False)
    return int(np.sum(sizes > 1e-8 * sizes[0]))


starts = {
    "all 0": lambda n, m, rng: np.zeros((n, m)),
    "all 0.1": lambda n, m, rng: np.full((n, m), 0.1),
    "random (He)": "he_normal",
}
columns, matrices = {}, {}
print("after 300 steps   different columns of w1   rank of the gradient of w2   test accuracy")
for name, rule in starts.items():
    net = MLP([64, 32, 32, 10], np.random.default_rng(0), initializer=rule)
    train(net, x_train, y_train, np.random.default_rng(1), steps=300, lr=0.1)
    _, gradients = loss_and_gradients(net, x_train, y_train)
    matrices[name] = net.parameters["w1"]
    columns[name] = len(np.unique(matrices[name].round(8), axis=1).T)
    share = 100 * accuracy(net, x_test, y_test)
    rank = numerical_rank(gradients["w2"])
    print(f"{name:17} {columns[name]:15} of 32 {rank:28} {share:13.0f} %")
compare(my_different_columns, columns["all 0.1"])

with plots.style():
    fig, axes = plt.subplots(1, 3, figsize=(8, 4.2), sharey=True)
    for ax, (name, w) in zip(axes, matrices.items(), strict=True):
        image = ax.imshow(
            w, cmap="PuOr", vmin=-0.5, vmax=0.5, aspect="auto", interpolation="nearest"
        )
        ax.set(title=f"start: {name}", xlabel="unit")
        ax.grid(visible=False)
    axes[0].set_ylabel("input pixel")
    fig.colorbar(image, ax=axes, label="weight after 300 steps")

# %% [markdown]
# **What to see.** The first weight matrix after training, one column a unit. From 0 nothing has moved. From 0.1 there are stripes: the pixels got different weights, but every unit the same ones, so 32 units do the work of one and the accuracy stays near 20 %. Only the random start has 32 different units.
#
# Biases need no random start. Once the weights differ the units differ, so biases usually start at 0; section 9 has the one exception that matters.
#
# So: random, around 0. The simplest such rule is a fixed, small standard deviation. In D2 it reads $\mathcal N(0, 0.01)$. **Mind the second argument**: most books mean the variance by it. D2 means the standard deviation, as NumPy's `rng.normal(mean, std)` and PyTorch's `normal_(mean, std)` do. In this course $\mathcal N(\mu, \sigma^2)$ has the variance in second place.

# %% [markdown]
# ### Exercise `small_normal`
#
# ●○○ · 5 minutes · 1 point
#
# <details><summary>Hint 1</summary>
#
# `rng` is a `numpy.random.Generator`. Look up its method `normal`: what do its arguments `loc`, `scale` and `size` mean?
#
# </details>
# <details><summary>Hint 2</summary>
#
# `scale` is the standard deviation. `size` is the shape, `(fan_in, fan_out)`.
#
# </details>


# %% exercise small_normal
def small_normal(fan_in, fan_out, rng, std=0.01):
    """Small Gaussian weights of a fixed size.

    w_ij ~ N(0, std^2), independent; rng: numpy.random.Generator
    Returns w: (fan_in, fan_out)
    """
    ### BEGIN SOLUTION
    return rng.normal(0.0, std, (fan_in, fan_out))
    ### END SOLUTION


# %% check small_normal
check("small_normal", small_normal)

# %% [markdown]
# ## 4 · Too small, too large
#
# If 0.01 is too small, take more. Move the slider: ten tanh layers of 100 units, weights from `small_normal(n, m, rng, std)`. A tanh unit counts as saturated where $|h| > 0.97$; its slope $1 - h^2$ is below 0.06 there.

# %% experiment scale_slider
small, whose = yours("small_normal", small_normal)


def tanh_network(std):
    rule = partial(small, std=std)
    widths = [64] + [100] * 10 + [10]
    return MLP(widths, np.random.default_rng(0), activation="tanh", initializer=rule)


def show_layers(std):
    name = f"std {std:.3g}"
    layers = {name: tanh_network(std).activations(x_train)}
    plots.activation_histograms(layers, columns=5, bound=0.97, limits=(-1, 1))


slider = FloatLogSlider(value=0.1, base=10, min=-2, max=0.5, step=0.1, description="weight std")
widget = interact(show_layers, std=slider)

# %% [markdown]
# Three positions of the slider, for the page:

# %% experiment too_small_too_large
stds = (0.01, 0.1, 1.0)
networks = {std: tanh_network(std) for std in stds}
layers = {std: networks[std].activations(x_train) for std in stds}
with plots.style():
    named = {f"std {std}": layers[std] for std in stds}
    axes = plots.activation_histograms(named, columns=5, bound=0.97, limits=(-1, 1))
    axes[0, 0].figure.suptitle(f"ten tanh layers, small_normal: {whose}")

print("weight std   std of h, layers 1, 5, 10      saturated   gradient of w1, w10    loss")
for std in stds:
    a, b, c = (layers[std][i].std() for i in (0, 4, 9))
    saturated = 100 * np.mean(np.abs(layers[std][9]) > 0.97)
    loss, gradients = loss_and_gradients(networks[std], x_train, y_train)
    first, last = (np.linalg.norm(gradients[name]) for name in ("w1", "w10"))
    signal = f"{a:9.2g} {b:9.2g} {c:9.2g} {saturated:10.0f} %"
    print(f"{std:<10} {signal} {first:12.0e} {last:8.0e} {loss:9.2f}")

# %% [markdown]
# **What to see.** With 0.01 all units say nearly 0 from the second layer on. With 1 most say −1 or 1 (more than 80 % are saturated), the network is sure of itself before it has seen a label, and its loss starts six times as high as $\log 10$. With 0.1 the histograms narrow slowly, and hardly a unit saturates.
#
# The gradient has a surprise. Saturated units pass hardly any of it, so one expects it to vanish. It explodes: from layer 10 back to layer 1 it grows more than a thousandfold. The few units that are not saturated are enough, because each step back also multiplies by the weights, and those are large. (Chapter 02 is about such products.)
#
# So for 100 units 0.1 is about right. It is not 0.1 by chance: $0.1 = 1/\sqrt{100}$.

# %% [markdown]
# ## 5 · The variance argument, forward
#
# How large should a weight be? D0, D2 and D4 all answer by following a variance through one layer. Take one unit of a layer, before its activation, for one sample:
#
# $$ u_j = \sum_{i=1}^{n} h_i\, w_{ij}, \qquad h: (1, n),\quad w: (n, m),\quad u: (1, m). $$
#
# Three assumptions. The first two hold at the start of training, because we draw the weights; the third holds for standardized inputs and is looked at again in section 7.
#
# 1. the weights are independent of each other, with mean 0 and the same variance $\operatorname{Var}(w)$;
# 2. the weights are independent of the inputs $h_i$;
# 3. for now, the inputs have mean 0 and the same variance $\operatorname{Var}(h)$.
#
# **Step 1, one product.** For independent $w$ and $h$ (D4 writes out all three terms)
#
# $$ \operatorname{Var}(w h) = \underbrace{\mathbb E[w]^2}_{0} \operatorname{Var}(h) + \mathbb E[h]^2 \operatorname{Var}(w) + \operatorname{Var}(w)\operatorname{Var}(h) = \operatorname{Var}(w)\, \mathbb E[h^2]. $$
#
# Remember the right-hand side: it is the *second moment* $\mathbb E[h^2] = \operatorname{Var}(h) + \mathbb E[h]^2$ that goes through. By assumption 3 it is the variance, for now.
#
# **Step 2, the sum.** The products $h_i w_{ij}$ for different $i$ are uncorrelated: $\mathbb E[w_{ij} w_{kj} h_i h_k] = \mathbb E[w_{ij}]\,\mathbb E[w_{kj}]\,\mathbb E[h_i h_k] = 0$. Variances of uncorrelated numbers add:
#
# $$ \operatorname{Var}(u_j) = n \operatorname{Var}(w)\, \operatorname{Var}(h). $$
#
# **Step 3, many layers.** With activations that do nothing (a *linear* network), layer after layer multiplies the variance by $n \operatorname{Var}(w)$. After $L$ layers of width $n$
#
# $$ \operatorname{Var}(h_L) = \big(n \operatorname{Var}(w)\big)^L \operatorname{Var}(h_0). $$
#
# A number to the power of the depth: below 1 it vanishes, above 1 it explodes. What stays is
#
# $$ n \operatorname{Var}(w) = 1, \qquad \operatorname{Var}(w) = \frac{1}{n}, \qquad n = \text{fan-in, the number of inputs of a unit}. $$
#
# **Mind the letters.** D0 calls the inputs of a layer $n$ and the outputs $m$, as we do. D1 has $m$ inputs and $n$ outputs. D2 writes $n_{t-1}$ and $n_t$. In code it is `fan_in` and `fan_out`, and in this course `w.shape == (fan_in, fan_out)`.
#
# The older rule on D1's slide knows about the fan-in: $w_{ij} \sim U\big(-\tfrac{1}{\sqrt n}, \tfrac{1}{\sqrt n}\big)$. The variance of $U(-a, a)$ is
#
# $$ \int_{-a}^{a} \frac{t^2}{2a}\, dt = \frac{a^2}{3}. $$

# %% [markdown]
# ### Exercise `fan_in_uniform`
#
# ●○○ · 5 minutes · 1 point
#
# <details><summary>Hint 1</summary>
#
# `rng.uniform(low, high, size)`. Both ends are needed, or all weights come out positive.
#
# </details>
# <details><summary>Hint 2</summary>
#
# Compute the bound first: `a = 1 / np.sqrt(fan_in)`. Then draw from $-a$ to $a$.
#
# </details>


# %% exercise fan_in_uniform
def fan_in_uniform(fan_in, fan_out, rng):
    """Uniform weights that shrink with the number of inputs.

    w_ij ~ U(-1/sqrt(fan_in), 1/sqrt(fan_in)), independent; rng: numpy.random.Generator
    Returns w: (fan_in, fan_out)
    """
    ### BEGIN SOLUTION
    a = 1 / np.sqrt(fan_in)
    return rng.uniform(-a, a, (fan_in, fan_out))
    ### END SOLUTION


# %% check fan_in_uniform
check("fan_in_uniform", fan_in_uniform)

# %% [markdown]
# Now test the formula against a network. It is linear, 30 layers deep and 64 units wide; the input is random with variance 1. Work out with the formula: if the weights have standard deviation 0.01, what *standard deviation* do the activations have at layer 30? (A power of ten is enough.)

# %% prediction linear_std
my_std_at_layer_30 = None  # a number such as 1e-5

# %% experiment forward_variance
(statistics, small, fan_in), whose = yours_all(activation_statistics, small_normal, fan_in_uniform)
widths = [64] * 31
x = np.random.default_rng(1).normal(size=(500, 64))
rules = {  # rule, and the factor 64 Var(w) by which a layer multiplies the variance
    "std 0.01": (small, 64 * 0.01**2),
    "U(±1/√n)": (fan_in, 1 / 3),
    "std 1/√n": (partial(small, std=1 / 8), 1.0),
}
measured = {
    name: [np.sqrt(variance) for _, variance in statistics(x, draw(rule, widths), lambda u: u)]
    for name, (rule, _) in rules.items()
}
print("factor a layer for the variance     formula    measured (geometric mean over 30 layers)")
for name, (_, factor) in rules.items():
    print(f"{name:34} {factor:8.4f} {measured[name][-1] ** (2 / 30):11.4f}")
compare(my_std_at_layer_30, f"{measured['std 0.01'][-1]:.0e}")

with plots.style():
    ax = plots.signal_by_depth(
        measured,
        ylabel="std of activations",
        title=f"30 linear layers of 64 units, functions: {whose}",
    )
    depth = np.arange(1, 31)
    for _, factor in rules.values():
        ax.plot(
            depth, factor ** (depth / 2), color=plots.BLACK, linewidth=1, linestyle=":", zorder=3
        )
    plots.prediction_marker(ax, my_std_at_layer_30)

# %% [markdown]
# **What to see.** The dotted lines are the formula, the markers the network: they agree over 33 powers of ten. D1's rule keeps only a third of the variance in each layer: $1/\sqrt n$ is its *bound*, and a uniform number's variance is a third of its squared bound. After 30 layers the signal is about $10^{7}$ times smaller. Only $\operatorname{Var}(w) = 1/n$ keeps it.

# %% [markdown]
# ## 6 · And backward: Xavier
#
# Going backward, a layer does the same with the transposed matrix. With $g = \partial L / \partial u: (1, m)$ the gradient that arrives,
#
# $$ \frac{\partial L}{\partial h_i} = \sum_{j=1}^{m} g_j\, w_{ij}, \qquad\text{so}\qquad \operatorname{Var}\Big(\frac{\partial L}{\partial h_i}\Big) = m \operatorname{Var}(w)\, \operatorname{Var}(g). $$
#
# The sum runs over the *outputs* now. To keep the gradient's size we need $m \operatorname{Var}(w) = 1$; to keep the signal's, $n \operatorname{Var}(w) = 1$. Both hold only where $n = m$. Glorot and Bengio (2010) compromise: let the *mean* of the two factors be 1 (D0, D2),
#
# $$ \frac{n \operatorname{Var}(w) + m \operatorname{Var}(w)}{2} = 1 \qquad\Longrightarrow\qquad \operatorname{Var}(w) = \frac{2}{n + m}. $$
#
# The rule goes by the first author's given name, Xavier, or by the family name, Glorot. As a Gaussian it is $\mathcal N\big(0, \tfrac{2}{n+m}\big)$, and as a uniform distribution, from $a^2/3 = 2/(n+m)$,
#
# $$ U\Big(-\sqrt{\tfrac{6}{n+m}},\; \sqrt{\tfrac{6}{n+m}}\Big). $$
#
# **Two traps on the slides**, worth knowing, since you will meet both elsewhere. D2 prints the Gaussian as $\mathcal N\big(0, \sqrt{2/(n+m)}\big)$: there the second argument is the standard deviation. Read it as a variance and your weights are far too large. D1 prints the uniform bound as $6/\sqrt{n+m}$, with the 6 outside the root: that bound is $\sqrt 6 \approx 2.4$ times too wide and the variance 6 times too large. You will see below what that does.

# %% [markdown]
# ### Exercise `xavier_normal`
#
# ●○○ · 5 minutes · 2 points
#
# <details><summary>Hint 1</summary>
#
# The formula gives the variance. What does `rng.normal` want?
#
# </details>
# <details><summary>Hint 2</summary>
#
# The standard deviation is $\sqrt{2 / (n + m)}$; mind the parentheses round `fan_in + fan_out`.
#
# </details>


# %% exercise xavier_normal
def xavier_normal(fan_in, fan_out, rng):
    """Gaussian weights between what the signal and what the gradient needs.

    w_ij ~ N(0, 2 / (fan_in + fan_out)), independent; the second figure is the variance
    rng: numpy.random.Generator
    Returns w: (fan_in, fan_out)
    """
    ### BEGIN SOLUTION
    std = np.sqrt(2 / (fan_in + fan_out))
    return rng.normal(0.0, std, (fan_in, fan_out))
    ### END SOLUTION


# %% check xavier_normal
check("xavier_normal", xavier_normal)

# %% [markdown]
# ### Exercise `xavier_uniform`
#
# ●○○ · 5 minutes · 2 points
#
# <details><summary>Hint 1</summary>
#
# Same variance as `xavier_normal`, another shape of distribution. A uniform number on $(-a, a)$ has variance $a^2/3$.
#
# </details>
# <details><summary>Hint 2</summary>
#
# `a = np.sqrt(6 / (fan_in + fan_out))`, and draw from $-a$ to $a$.
#
# </details>


# %% exercise xavier_uniform
def xavier_uniform(fan_in, fan_out, rng):
    """Uniform weights with the variance of xavier_normal.

    w_ij ~ U(-a, a), a = sqrt(6 / (fan_in + fan_out)), independent; rng: numpy.random.Generator
    Returns w: (fan_in, fan_out)
    """
    ### BEGIN SOLUTION
    a = np.sqrt(6 / (fan_in + fan_out))
    return rng.uniform(-a, a, (fan_in, fan_out))
    ### END SOLUTION


# %% check xavier_uniform
check("xavier_uniform", xavier_uniform)

# %% [markdown]
# The compromise shows where the widths change. Take a linear network that halves its width five times: 512, 256, 128, 64, 32, 16. Send a random signal forward and a random gradient backward. With $\operatorname{Var}(w) = 1/n$ a layer keeps the signal's variance and halves the gradient's. By which factor does a layer multiply the *signal's* variance under Xavier's rule, where $m = n/2$?

# %% prediction halving_factor
my_forward_factor = None  # a number

# %% experiment both_directions
xavier, whose = yours("xavier_normal", xavier_normal)
widths = [512, 256, 128, 64, 32, 16]
rules = {
    "1/n (fan-in)": lambda n, m, rng: rng.normal(0, np.sqrt(1 / n), (n, m)),
    "2/(n+m) (Xavier)": xavier,
    "1/m (fan-out)": lambda n, m, rng: rng.normal(0, np.sqrt(1 / m), (n, m)),
}


def variances(signal, weights):
    result = [signal.var()]
    for w in weights:
        signal = signal @ w
        result.append(signal.var())
    return np.array(result) / result[0]


forward, backward = {}, {}
print("factor a layer for the variance:   forward   backward")
for name, rule in rules.items():
    rng = np.random.default_rng(2)
    nets = [draw(rule, widths, seed) for seed in range(10)]
    forward[name] = [variances(rng.normal(size=(200, 512)), net) for net in nets]
    backward[name] = [
        variances(rng.normal(size=(200, 16)), [w.T for w in net[::-1]])[::-1] for net in nets
    ]
    up = np.median(forward[name], axis=0)[-1] ** (1 / 5)
    down = np.median(backward[name], axis=0)[0] ** (1 / 5)
    print(f"{name:32} {up:9.2f} {down:10.2f}")
    if name.startswith("2/"):
        compare(my_forward_factor, f"{up:.2f}")

with plots.style():
    fig, (left, right) = plt.subplots(1, 2)
    plots.signal_by_depth(forward, ylabel="variance of the signal", first=0, ax=left)
    plots.signal_by_depth(backward, ylabel="variance of the gradient", first=0, ax=right)
    for ax in (left, right):
        ax.set_xticks(range(6), widths)
        ax.set(xlabel="width of the layer", ylim=(0.01, 100))
    fig.suptitle(f"forward and backward through narrowing linear layers; xavier_normal: {whose}")

# %% [markdown]
# **What to see.** Left, read from left to right: the signal's variance. Right, read from right to left: the gradient's. The fan-in rule keeps the left one, the fan-out rule the right one, and each is off by a factor $2^5 = 32$ in the other direction. Xavier's rule multiplies by $2n/(n+m) = 4/3$ forward and by $2m/(n+m) = 2/3$ backward: neither is kept, both stay within a factor of 8. (The bands are the range over ten draws of the weights.)
#
# Now the real test. Six tanh layers of 100 units, trained on the digits by plain gradient descent with learning rate 0.05. Near 0, tanh is the identity, so the argument of section 5 holds as long as the signal is small. Four rules:
#
# - `small`: $\mathcal N(0, 0.01^2)$,
# - `fan_in`: $U(\pm 1/\sqrt n)$, D1's first rule,
# - `xavier`: $U(\pm\sqrt{6/(n+m)})$,
# - `slip`: $U(\pm 6/\sqrt{n+m})$, D1's second rule as printed.
#
# Rank them by the accuracy on test digits that they reach after 150 steps.

# %% prediction tanh_ranking
my_ranking = None  # best first, such as ["small", "fan_in", "xavier", "slip"]


# %% experiment tanh_network
(small, fan_in, xavier), whose = yours_all(small_normal, fan_in_uniform, xavier_uniform)


def slip(n, m, rng):
    a = 6 / np.sqrt(n + m)
    return rng.uniform(-a, a, (n, m))


rules = {"small": small, "fan_in": fan_in, "xavier": xavier, "slip": slip}
widths = [64] + [100] * 6 + [10]
before = {}
print("before training:   std of h, layers 1 to 6          saturated   |grad w1|   loss")
for name, rule in rules.items():
    net = MLP(widths, np.random.default_rng(0), activation="tanh", initializer=rule)
    before[name] = net.activations(x_train)
    loss, gradients = loss_and_gradients(net, x_train, y_train)
    stds = [h.std() for h in before[name]]
    stds = " ".join(f"{std:7.2f}" if std > 0.01 else f"{std:7.0e}" for std in stds)
    saturated = 100 * np.mean([np.abs(h) > 0.97 for h in before[name]])
    norm = np.linalg.norm(gradients["w1"])
    print(f"{name:10} {stds} {saturated:6.0f} % {norm:12.1g} {loss:8.2f}")
with plots.style():
    axes = plots.activation_histograms(before, columns=6, bound=0.97, limits=(-1, 1))
    axes[0, 0].figure.suptitle(f"before training; rules: {whose}")

# %% experiment tanh_training
histories, accuracies = train_each(rules, widths, activation="tanh", steps=150, lr=0.05)
print("after 150 steps:   training loss    test accuracy (three seeds)")
for name in rules:
    loss = np.median([np.mean(history.losses[-20:]) for history in histories[name]])
    shares = ", ".join(f"{share:.0f} %" for share in accuracies[name])
    print(f"{name:18} {loss:10.2f} {shares:>24}")
compare(my_ranking, sorted(rules, key=lambda name: -np.median(accuracies[name])))

with plots.style():
    fig, (left, right) = plt.subplots(1, 2)
    plots.training_curves(histories, ax=left)
    plots.bars(accuracies, ylabel="test accuracy (%)", unit=" %", digits=2, ax=right)
    fig.suptitle(f"six tanh layers, three seeds; rules: {whose}")

# %% [markdown]
# **What to see.** Before training: `small` has vanished, `fan_in` shrinks by $\sqrt 3$ a layer, `xavier` shrinks slowly (tanh itself takes a little each time), and `slip` keeps its size only because tanh cuts it off: more than a quarter of its units are saturated, and its loss starts at about twice $\log 10$.
#
# After training: `xavier` is best on test digits. The slip is instructive. It does train, and its training loss is the lowest of the four; but it has learned the training digits by heart, and gets one test digit in five wrong. The training curve alone would not have shown the error. The three numbers before training did.

# %% [markdown]
# ## 7 · ReLU takes half: He
#
# Where did the argument use that the activation does little? In assumption 3: inputs with mean 0. ReLU's outputs are never negative, so their mean is not 0, and D0 says that this is where Xavier's rule ends. Repeat step 1 without the assumption. What goes through a layer is the second moment:
#
# $$ \operatorname{Var}(u_l) = n \operatorname{Var}(w)\; \mathbb E\big[h_{l-1}^2\big], \qquad h_{l-1} = \max(0, u_{l-1}). $$
#
# The weights are symmetric about 0, so $u_{l-1}$ is too. Half of its probability lies below 0, where ReLU gives 0; the other half goes through. For the second moment,
#
# $$ \mathbb E\big[\max(0, u)^2\big] = \int_0^\infty u^2 p(u)\, du = \frac12 \int_{-\infty}^{\infty} u^2 p(u)\, du = \frac12 \operatorname{Var}(u). $$
#
# ReLU takes exactly half. Put together,
#
# $$ \operatorname{Var}(u_l) = \frac{n \operatorname{Var}(w)}{2}\, \operatorname{Var}(u_{l-1}) \qquad\Longrightarrow\qquad \operatorname{Var}(w) = \frac{2}{n}. $$
#
# This is the rule of He et al. (2015), also called Kaiming's. The 2 looks harmless. Over 30 layers it is the difference between 1 and $2^{30} \approx 10^9$.
#
# **And backward?** The gradient passes where the unit is on, again half the time, so backward the rule would be $2/m$. He et al. show that either will do: with $2/n$ the gradient's factor over all layers telescopes to (last width) / (first width), one number that does not grow with depth. You have seen it: it was the 32 in the experiment above.

# %% [markdown]
# ### Exercise `he_normal`
#
# ●○○ · 5 minutes · 2 points
#
# <details><summary>Hint 1</summary>
#
# Only one of the two fans matters. A unit of `x @ w` sums over how many inputs?
#
# </details>
# <details><summary>Hint 2</summary>
#
# The standard deviation is the root of the variance: `np.sqrt(2 / fan_in)`.
#
# </details>


# %% exercise he_normal
def he_normal(fan_in, fan_out, rng):
    """Gaussian weights that keep the signal's size through ReLU layers.

    w_ij ~ N(0, 2 / fan_in), independent; the second figure is the variance
    rng: numpy.random.Generator
    Returns w: (fan_in, fan_out)
    """
    ### BEGIN SOLUTION
    std = np.sqrt(2 / fan_in)
    return rng.normal(0.0, std, (fan_in, fan_out))
    ### END SOLUTION


# %% check he_normal
check("he_normal", he_normal)

# %% [markdown]
# ### Exercise `he_uniform`
#
# ●○○ · 3 minutes · 1 point
#
# <details><summary>Hint 1</summary>
#
# From $a^2/3 = 2/n$ follows the bound $a$.
#
# </details>
# <details><summary>Hint 2</summary>
#
# `a = np.sqrt(6 / fan_in)`, and both ends.
#
# </details>


# %% exercise he_uniform
def he_uniform(fan_in, fan_out, rng):
    """Uniform weights with the variance of he_normal.

    w_ij ~ U(-a, a), a = sqrt(6 / fan_in), independent; rng: numpy.random.Generator
    Returns w: (fan_in, fan_out)
    """
    ### BEGIN SOLUTION
    a = np.sqrt(6 / fan_in)
    return rng.uniform(-a, a, (fan_in, fan_out))
    ### END SOLUTION


# %% check he_uniform
check("he_uniform", he_uniform)

# %% [markdown]
# Back to the network that failed: 30 ReLU layers of 64 units. Xavier's rule gives it $\operatorname{Var}(w) = 2/(64 + 64) = 1/64$, half of He's $2/64$. So each layer loses half of the second moment. If He's network has activations of size about 1 at layer 30, how large are Xavier's? (Think in variances, answer with a standard deviation.)

# %% prediction xavier_relu
my_xavier_std = None  # a number such as 1e-3

# %% experiment thirty_layers
(xavier, he), whose = yours_all(xavier_normal, he_normal)
rules = {"Xavier": xavier, "He": he}
widths = [64] + [64] * 30 + [10]
signal, gradient = {name: [] for name in rules}, {name: [] for name in rules}
for name, rule in rules.items():
    for seed in range(3):
        net = MLP(widths, np.random.default_rng(seed), initializer=rule)
        signal[name].append([h.std() for h in net.activations(x_train)])
        _, grads = loss_and_gradients(net, x_train, y_train)
        gradient[name].append([np.linalg.norm(grads[f"w{layer}"]) for layer in range(1, 31)])
print("before training (median of three seeds):   Xavier        He")
for layer in (1, 10, 20, 30):
    stds = [np.median(signal[name], axis=0)[layer - 1] for name in rules]
    print(f"std of activations, layer {layer:2} {stds[0]:20.1e} {stds[1]:9.2f}")
norms = [np.median(gradient[name], axis=0)[0] for name in rules]
print(f"gradient norm, first layer   {norms[0]:20.1e} {norms[1]:9.2f}")
compare(my_xavier_std, f"{np.median(signal['Xavier'], axis=0)[-1]:.1e}")

with plots.style():
    fig, (left, right) = plt.subplots(1, 2)
    plots.signal_by_depth(signal, ylabel="std of activations", ax=left)
    plots.gradient_norms_by_layer(gradient, ax=right)
    plots.prediction_marker(left, my_xavier_std)
    fig.suptitle(f"30 ReLU layers before training, three seeds; rules: {whose}")

# %% experiment thirty_layers_training
options = {"steps": 250, "optimizer": "momentum", "lr": 0.003, "options": {"rho": 0.9}}
histories, accuracies = train_each(rules, widths, **options)
for name in rules:
    loss = np.median([np.mean(history.losses[-20:]) for history in histories[name]])
    shares = ", ".join(f"{share:.0f} %" for share in accuracies[name])
    print(f"{name:7} training loss {loss:.2f}, test accuracy {shares}")

with plots.style():
    ax = plots.training_curves(
        histories, log=False, title=f"30 ReLU layers, three seeds; rules: {whose}"
    )
    ax.set_ylim(bottom=0)

# %% [markdown]
# **What to see.** Before training: Xavier's signal is a straight line down to about $2^{-15} \approx 3 \cdot 10^{-5}$, as the formula says; its gradient is as small in all layers. He's wanders about 1 and stays. Training: at this learning rate Xavier's network has not moved after 250 steps, in none of the three runs; He's is on its way in all three. He et al. report the same of a 30-layer network on ImageNet.
#
# He's line is not flat, and different from seed to seed. The argument keeps the *expected* square. One draw of 30 random matrices scatters about that, the more the deeper and narrower the network is (Hanin and Rolnick, 2018). Section 10 has a remedy.

# %% [markdown]
# ### Gains: one number for each activation
#
# Both rules have one form, $\operatorname{Var}(w) = g^2 / n$, with a *gain* $g$ that makes up for what the activation takes.
#
# - Linear: nothing is taken, $g = 1$.
# - ReLU: half of the second moment, $g = \sqrt 2$.
# - Leaky ReLU with slope $a$ below 0: the negative half goes through too, scaled by $a$, so $\mathbb E[h^2] = \tfrac{1 + a^2}{2} \operatorname{Var}(u)$ and $g = \sqrt{2 / (1 + a^2)}$. At $a = 0$ this is ReLU, at $a = 1$ linear.
# - tanh: it takes more from a large signal than from a small one, so no single number is exact. $5/3$ is a rule of thumb, also PyTorch's. With it the size settles at about 0.65 in a deep network and stays there (section 12).

# %% [markdown]
# ### Exercise `activation_gain`
#
# ●○○ · 5 minutes · 1 point
#
# <details><summary>Hint 1</summary>
#
# An `if` for each name, or a dictionary. Decide what happens to a name that you do not know.
#
# </details>
# <details><summary>Hint 2</summary>
#
# A dictionary's own error is `KeyError`. Test `if name not in gains:` first, then `raise ValueError(...)`.
#
# </details>


# %% exercise activation_gain
def activation_gain(name, slope=0.01):
    """Factor g that keeps the signal's size when Var(w) = g^2 / fan_in.

    "linear": 1, "tanh": 5/3, "relu": sqrt(2), "leaky_relu": sqrt(2 / (1 + slope^2))
    slope: of a leaky ReLU below 0; the others ignore it
    Returns a float; raises ValueError for another name.
    """
    ### BEGIN SOLUTION
    gains = {
        "linear": 1.0,
        "tanh": 5 / 3,
        "relu": np.sqrt(2),
        "leaky_relu": np.sqrt(2 / (1 + slope**2)),
    }
    if name not in gains:
        raise ValueError(f"unknown activation {name!r}; known are {', '.join(gains)}")
    return gains[name]
    ### END SOLUTION


# %% check activation_gain
check("activation_gain", activation_gain)

# %% [markdown]
# ## 8 · Orthogonal matrices
#
# The variance argument is about averages over directions. A matrix with independent entries treats directions unequally: it stretches some and squeezes others. Its *singular values* say by how much. For an $n \times n$ Gaussian matrix with variance $1/n$ they spread from nearly 0 to nearly 2, while the mean of their squares is 1. In one layer that is harmless. In a product of $D$ of them the stretched get stretched again.
#
# D3's recap names the remedy, orthogonal initialization (Saxe, McClelland and Ganguli, 2014). If $W: (n, n)$ and $W^\top W = I$, then no vector changes its length, forward or backward; and of many such matrices neither:
#
# $$ \lVert x W \rVert^2 = x W W^\top x^\top = \lVert x \rVert^2, \qquad (W_1 \cdots W_D)^\top (W_1 \cdots W_D) = W_D^\top \cdots W_1^\top W_1 \cdots W_D = I. $$
#
# A product of orthogonal matrices is orthogonal. All its singular values are 1, at any depth, forward and backward.
#
# **How to draw one.** Take a Gaussian matrix $A$ and orthogonalize its columns: $A = QR$ with $Q^\top Q = I$ and $R$ upper triangular. A Gaussian matrix has no preferred direction, so neither should $Q$ (one says that it is *Haar-distributed*). But the factorization is not unique: change the sign of a column of $Q$ and of the same row of $R$, and the product is the same. LAPACK picks the signs in its own way, and this spoils the distribution. Mezzadri (2007) puts it right: multiply each column of $Q$ by the sign of $R$'s diagonal entry.
#
# A matrix that is wider than tall (fan-out larger than fan-in) cannot have orthonormal columns, but it can have orthonormal rows.
#
# Does the sign matter? Look at the first entry of $Q$ as LAPACK gives it.

# %% experiment qr_signs
rng = np.random.default_rng(0)
negative = 0
for _ in range(1000):
    q, r = np.linalg.qr(rng.normal(size=(4, 4)))
    negative += int(q[0, 0] < 0)
print(f"Q's first entry is negative in {negative} of 1000 draws")

# %% [markdown]
# In a matrix without preferred directions that would be about 500 of 1000.

# %% [markdown]
# ### Exercise `orthogonal`
#
# ●●● · 20 minutes · 3 points
#
# <details><summary>Hint 1</summary>
#
# `q, r = np.linalg.qr(a)` for a Gaussian `a` with at least as many rows as columns. What shape does `q` have?
#
# </details>
# <details><summary>Hint 2</summary>
#
# For a wide matrix, make the tall one with the two fans swapped and return its transpose.
#
# </details>
# <details><summary>Hint 3</summary>
#
# The signs: `q * np.sign(np.diag(r))` multiplies column `j` by the sign of `r[j, j]`. The gain multiplies the whole matrix, once.
#
# </details>


# %% exercise orthogonal
def orthogonal(fan_in, fan_out, rng, gain=1.0):
    """Weights that rotate: gain times a random matrix with orthonormal columns (or rows).

    w.T @ w = gain^2 I if fan_in >= fan_out, else w @ w.T = gain^2 I; every such matrix is
    equally likely (Haar); rng: numpy.random.Generator
    Returns w: (fan_in, fan_out)
    """
    ### BEGIN SOLUTION
    tall = (max(fan_in, fan_out), min(fan_in, fan_out))
    q, r = np.linalg.qr(rng.normal(size=tall))
    q = gain * q * np.sign(np.diag(r))
    return q if fan_in >= fan_out else q.T
    ### END SOLUTION


# %% check orthogonal
check("orthogonal", orthogonal)

# %% [markdown]
# Multiply $D$ matrices of 64 × 64 and look at the 64 singular values of the product, for Gaussian matrices with variance $1/n$ and for orthogonal ones. For the Gaussian product the *mean square* of the singular values stays about 1 in expectation. Where will the *median* be at $D = 30$?

# %% prediction median_singular_value
my_median_at_30 = None  # a number such as 0.1

# %% experiment product_of_matrices
rotation, whose = yours("orthogonal", orthogonal)
rng = np.random.default_rng(0)
rules = {
    "Gaussian": lambda n, m, rng: rng.normal(0, np.sqrt(1 / n), (n, m)),
    "orthogonal": rotation,
}
depths = (1, 2, 5, 10, 20, 30, 40, 50)
values = {name: [] for name in rules}
for name, rule in rules.items():
    product = np.eye(64)
    for depth in range(1, 51):
        product = product @ rule(64, 64, rng)
        if depth in depths:
            values[name].append(np.linalg.svd(product, compute_uv=False))
print("singular      Gaussian:                               orthogonal:")
print("values        largest   median   largest^2 / sum      largest   smallest")
for depth, g, o in zip(depths, values["Gaussian"], values["orthogonal"], strict=True):
    share = 100 * g[0] ** 2 / np.sum(g**2)
    gaussian = f"{g[0]:14.1f} {np.median(g):8.0e} {share:13.0f} %"
    print(f"D = {depth:3} {gaussian} {o[0]:16.3f} {o[-1]:10.3f}")
compare(my_median_at_30, f"{np.median(values['Gaussian'][depths.index(30)]):.0e}")

with plots.style():
    fig, ax = plt.subplots()
    looks = {"Gaussian": (plots.BLUE, "o"), "orthogonal": (plots.VERMILION, "s")}
    for name, (color, marker) in looks.items():
        table = np.maximum(values[name], 1e-14)  # what is less is rounding
        look = {"color": color, "marker": marker}
        ax.fill_between(depths, table[:, 15], table[:, 48], color=color, alpha=0.2)
        ax.plot(depths, table[:, 0], **look, label=f"{name}: largest")
        ax.plot(depths, np.median(table, axis=1), **look, linestyle="--", label=f"{name}: median")
    ax.set(
        xlabel="number of matrices D",
        ylabel="singular value",
        yscale="log",
        title=f"singular values of a product of D matrices, 64 x 64; orthogonal: {whose}",
    )
    plots.prediction_marker(ax, my_median_at_30)
    ax.legend(loc="lower left")

# %% [markdown]
# **What to see.** The orthogonal product keeps all 64 singular values at 1 (the two lines with squares lie on each other). The Gaussian product's largest grows slowly, while its median falls by a steady factor a layer (the band is the middle half, cut at $10^{-14}$, where rounding begins). From $D = 20$ on a single direction carries more than half of the squared length: most of what is left of any two images lies on the same line. The variance is fine. The network has still forgotten most of what it saw. *A variance is one number; it cannot see this.*
#
# For ReLU, use the gain: `orthogonal(n, m, rng, gain=np.sqrt(2))`. But the mask of ReLU is not orthogonal. How much of the exactness is left?

# %% experiment orthogonal_relu
(he, rotation), whose = yours_all(he_normal, orthogonal)
print(f"30 ReLU layers of 64 units, root mean square of h_30 in 40 draws; rules: {whose}")
for name, rule in {"He": he, "orthogonal": partial(rotation, gain=np.sqrt(2))}.items():
    sizes = []
    for seed in range(40):
        h = x_train[:200]
        for w in draw(rule, [64] * 31, seed):
            h = relu(h @ w)
        sizes.append(np.sqrt(np.mean(h**2)))
    low, middle, high = np.percentile(sizes, [10, 50, 90])
    print(f"{name:11} median {middle:.1f}, from {low:.1f} to {high:.1f} in 80 % of the draws")

# %% [markdown]
# Nothing is left, by this measure: behind a ReLU the orthogonal network scatters as much as He's. Orthogonal matrices shine where the activations are (nearly) linear: in linear networks, in tanh near 0, in recurrent networks, which multiply by one and the same matrix again and again.

# %% [markdown]
# ## 9 · Biases
#
# Hidden biases start at 0. D1 mentions 0.1 for ReLU units, so that they are on at first; with He's weights and standardized inputs half of them are on anyway, and section 12 has a measurement.
#
# The exception is the **output bias**. Suppose that a class is rare. An untrained network with small logits gives all classes the same probability, and the first steps of training are spent on learning the class frequencies. We know them already. D1 says: match the marginal distribution of the output. If the logits are the bias alone, the loss is least where softmax$(b)$ is the vector of frequencies: its gradient there is
#
# $$ \frac{\partial L}{\partial b_k} = \operatorname{softmax}(b)_k - \frac{c_k}{N} = 0 \quad\Longrightarrow\quad b_k = \log \frac{c_k}{N} + \text{const}, \qquad c_k = \text{count of class } k,\quad N = \text{number of labels}. $$
#
# A class that does not occur would get $\log 0$. So add $s$ to every count (Laplace's smoothing); the $K$ counts then sum to $N + sK$:
#
# $$ b_k = \log \frac{c_k + s}{N + sK}, \qquad b: (K,). $$
#
# By hand: labels $(0, 0, 0, 1)$, $K = 2$, $s = 0$: $b = (\log \tfrac34, \log \tfrac14)$.

# %% [markdown]
# ### Exercise `output_bias`
#
# ●●○ · 10 minutes · 2 points
#
# <details><summary>Hint 1</summary>
#
# Count first. `np.bincount` counts; does its result have an entry for each class, also for those missing at the end?
#
# </details>
# <details><summary>Hint 2</summary>
#
# `np.bincount(labels, minlength=num_classes)`; add the smoothing to every count, then divide by the new total.
#
# </details>


# %% exercise output_bias
def output_bias(labels, num_classes, smoothing=1.0):
    """Output bias with which an untrained network predicts the frequencies of the classes.

    b_k = log((count_k + s) / (N + s K)), s = smoothing, so softmax(b) is the smoothed marginal
    labels: (N,), whole numbers from 0 to K - 1
    Returns b: (num_classes,)
    """
    ### BEGIN SOLUTION
    counts = np.bincount(labels, minlength=num_classes) + smoothing
    return np.log(counts / counts.sum())
    ### END SOLUTION


# %% check output_bias
check("output_bias", output_bias)

# %% [markdown]
# The experiment makes the digits imbalanced: it keeps all zeros and one in twenty of the others. The network is 64–100–10 with He's weights in the hidden layer and small ones (0.01) in the last, so that the logits are nearly the bias alone. With $b = 0$ the loss starts at about $\log 10 = 2.30$. About 73 % of the labels are 0 and each other class has about 3 %. Where does it start with `output_bias`?

# %% prediction loss_with_bias
my_loss_with_bias = None  # a number, in nats

# %% experiment imbalanced_digits
bias, whose = yours("output_bias", output_bias)
rng = np.random.default_rng(0)
kept = (y_train == 0) | (rng.random(len(y_train)) < 0.05)
x_few, y_few = x_train[kept], y_train[kept]
shares = np.bincount(y_few, minlength=10) / len(y_few)
starts = {"b = 0": np.zeros(10), "output_bias": bias(y_few, 10)}
losses, histories = {}, {name: [] for name in starts}
for name, b in starts.items():
    for seed in range(5):
        rng = np.random.default_rng(seed)
        net = MLP([64, 100, 10], rng)
        net.parameters["w2"] = rng.normal(0, 0.01, (100, 10))
        net.parameters["b2"] = np.array(b)
        losses[name] = evaluate(net, x_few, y_few)[0]
        histories[name].append(train(net, x_few, y_few, rng, steps=40, lr=0.05, batch_size=20))
print(f"{len(y_few)} digits, counts by class: {np.bincount(y_few, minlength=10)}")
print(f"entropy of the class frequencies  {-np.sum(shares * np.log(shares)):.2f} nats")
for name in starts:
    print(f"loss at the start, {name:13}  {losses[name]:.2f} nats")
for step in (1, 5, 10, 40):
    first, second = (np.median([h.losses[step - 1] for h in histories[name]]) for name in starts)
    print(f"batch {step:2}, median of 5 seeds      b = 0: {first:.1f}, output_bias: {second:.1f}")
compare(my_loss_with_bias, f"{losses['output_bias']:.2f}")

with plots.style():
    ax = plots.training_curves(
        histories, smooth=1, log=False, title=f"imbalanced digits, five seeds; output_bias: {whose}"
    )
    plots.prediction_marker(ax, my_loss_with_bias)
    ax.set_ylim(bottom=0)

# %% [markdown]
# **What to see.** With `output_bias` the loss over all 137 digits starts at the entropy of the class frequencies, 1.16: no prediction that ignores the image can do better. With $b = 0$ it starts at about 2.3. From the third step on the curves lie together (the bands are the range over five seeds, a batch has 20 digits). So the bias buys a few steps, not a better network. It is worth its one line where those first steps are many, or would be so large that they upset the rest: one positive in ten thousand, or a regression whose targets have mean 1000.
#
# It needs small logits. With large last-layer weights, the loss at the start is dominated by the weights, whatever the bias.

# %% [markdown]
# ## 10 · LSUV: measure instead of derive
#
# Each rule so far came from a derivation with assumptions. What for an activation that is in no table? Mishkin and Matas (2016) measure: *layer-sequential unit variance*. This goes beyond the lectures. Take a batch of real inputs and go through the layers in order. For layer $l$
#
# 1. compute the pre-activations $u_l = h_{l-1} W_l$, $u_l: (N, m)$, and their variance over all entries;
# 2. if it is not within `tol` of 1, replace $W_l$ by $W_l / \sqrt{\operatorname{Var}(u_l)}$ and go back to 1, at most `max_iter` times;
# 3. then $h_l = f(u_l)$ is the input of the next layer.
#
# The variance scales with the square of the weights, so one division is enough but for rounding; the paper's loop is there for layers where that does not hold exactly. The start is best orthogonal. The order matters: a layer's input has to be final before the layer can be measured.

# %% [markdown]
# ### Exercise `lsuv`
#
# ●●● · 20 minutes · 3 points
#
# <details><summary>Hint 1</summary>
#
# Two loops: over the layers, and inside over at most `max_iter` rescalings. Carry the activations `h` along, as in `activation_statistics`.
#
# </details>
# <details><summary>Hint 2</summary>
#
# Measure `(h @ w).var()`, *before* the activation. Stop if it is within `tol` of 1. Otherwise divide by its root.
#
# </details>
# <details><summary>Hint 3</summary>
#
# `w /= std` writes into the caller's array; `w = w / std` makes a new one. After the inner loop, append `w` to the result and go on with `h = activation(h @ w)`.
#
# </details>


# %% exercise lsuv
def lsuv(x, weights, activation, tol=0.01, max_iter=10):
    """Rescale each layer's weights until its pre-activations have unit variance on real data.

    Layer by layer: while the variance of u = h_{l-1} @ w_l (over all entries) is not within tol
    of 1, max_iter times at most, w_l is divided by u's standard deviation; h_l = activation(u)
    x: (N, D); weights: a list, each (width before, width after), stays as it is
    Returns a new list of weights
    """
    ### BEGIN SOLUTION
    h = x
    scaled = []
    for w in weights:
        for _ in range(max_iter):
            variance = (h @ w).var()
            if abs(variance - 1) <= tol:
                break
            w = w / np.sqrt(variance)
        scaled.append(w)
        h = activation(h @ w)
    return scaled
    ### END SOLUTION


# %% check lsuv
check("lsuv", lsuv)

# %% experiment lsuv_repairs
functions, whose = yours_all(lsuv, small_normal, fan_in_uniform, orthogonal)
rescale, small, fan_in, rotation = functions
widths = [64] * 31


def pre_activation_stds(weights, activation):
    h, stds = x_train, []
    for w in weights:
        stds.append((h @ w).std())
        h = activation(h @ w)
    return stds


starts = {"small normal": small, "U(±1/√n)": fan_in, "orthogonal": rotation}
before, after = {}, {}
print("std of pre-activations at layer 30   as drawn    after lsuv on 200 digits")
for name, rule in starts.items():
    weights = draw(rule, widths)
    before[name] = pre_activation_stds(weights, relu)
    after[name] = pre_activation_stds(rescale(x_train[:200], weights, relu), relu)
    print(f"{name:34} {before[name][-1]:10.0e} {after[name][-1]:10.2f}")

with plots.style():
    fig, (left, right) = plt.subplots(1, 2, sharey=True)
    plots.signal_by_depth(before, ylabel="std of pre-activations", title="as drawn", ax=left)
    plots.signal_by_depth(after, ylabel="", title="after lsuv", ax=right)
    left.set_ylim(1e-12, 1e2)
    fig.suptitle(f"30 ReLU layers; functions: {whose}")

# %% [markdown]
# **What to see.** Three starts of which none suits ReLU, left. After `lsuv` on the first 200 digits, right, all three have a standard deviation close to 1 in every layer, measured on all 1000. No formula for ReLU was used.

# %% [markdown]
# ## 11 · It works: all rules on the digits
#
# Now all of it together: a network of 12 ReLU layers of 64 units, three seeds, 120 steps of momentum with learning rate 0.01 for everyone. Six starts: `small` (0.01), `fan_in` ($U(\pm 1/\sqrt n)$), `Xavier`, `He`, `orthogonal` with ReLU's gain, and `LSUV` of an orthogonal start. How many of the six reach 80 % on test digits (in the median of the three seeds)?

# %% prediction how_many
my_count = None  # a whole number from 0 to 6

# %% experiment all_rules
(small, fan_in, xavier, he, rotation, gain, rescale), whose = yours_all(
    small_normal, fan_in_uniform, xavier_normal, he_normal, orthogonal, activation_gain, lsuv
)
widths = [64] + [64] * 12 + [10]


def rescaled(seed):
    return rescale(x_train[:200], draw(rotation, widths, seed), relu)


rules = {
    "small": small,
    "fan_in": fan_in,
    "Xavier": xavier,
    "He": he,
    "orthogonal": partial(rotation, gain=gain("relu")),
}
options = {"steps": 120, "optimizer": "momentum", "lr": 0.01, "options": {"rho": 0.9}}
histories, accuracies = train_each(rules, widths, **options)
histories["LSUV"], accuracies["LSUV"] = [], []
for seed in range(3):
    history, share = train_each({"LSUV": rescaled(seed)}, widths, seeds=[seed], **options)
    histories["LSUV"] += history["LSUV"]
    accuracies["LSUV"] += share["LSUV"]

print("after 120 steps   training loss   test accuracy (three seeds)")
for name in histories:
    loss = np.median([np.mean(history.losses[-10:]) for history in histories[name]])
    shares = ", ".join(f"{share:.0f} %" for share in accuracies[name])
    print(f"{name:16} {loss:10.1f} {shares:>24}")
compare(my_count, sum(np.median(shares) >= 80 for shares in accuracies.values()))

with plots.style():
    fig, (left, right) = plt.subplots(1, 2, figsize=(8, 4))
    plots.training_curves(histories, log=False, ax=left)
    left.set_ylim(bottom=0)
    left.legend(loc="upper right", ncols=2)
    plots.bars(accuracies, ylabel="test accuracy (%)", digits=2, ax=right)
    right.tick_params(axis="x", labelrotation=30)
    fig.suptitle(f"12 ReLU layers, three seeds; rules: {whose}")

# %% [markdown]
# **What to see.** `small` and `fan_in` never leave $\log 10$. Xavier's network starts late: at depth 12 its signal is down by $2^{-6}$, which is bad but not hopeless. He, orthogonal and LSUV all train. LSUV is ahead in all three seeds, by a few percent; so short a run on one architecture does not say that it is better in general.

# %% [markdown]
# ## 12 · Where it stops working
#
# Six limits, five of them with a measurement.
#
# **(a) Normalization makes it matter less.** A layer followed by batch normalization (Ioffe and Szegedy, 2015; chapter 04) does not care about the scale of its weights, since it divides by the standard deviation that results. Six ReLU layers of 100 units, He's weights times a factor, 100 steps.

# %% experiment normalization_forgives
he, whose = yours("he_normal", he_normal)
factors = (0.001, 0.01, 0.1, 1, 10)
shares = {None: [], "batch": []}


def scaled_he(n, m, rng, factor):
    return factor * he(n, m, rng)


runs = [(kind, factor) for kind in shares for factor in factors]
for kind, factor in tqdm(runs, desc="training", leave=False, delay=2):
    rule = partial(scaled_he, factor=factor)
    widths, rng = [64] + [100] * 6 + [10], np.random.default_rng(0)
    net = MLP(widths, rng, initializer=rule, normalization=kind)
    rng = np.random.default_rng(1)
    history = train(net, x_train, y_train, rng, steps=100, lr=0.1, progress=False)
    share = np.nan if history.diverged else 100 * accuracy(net, x_test, y_test)
    shares[kind].append(share)
print("test accuracy, weights times   " + "".join(f"{factor:>9}" for factor in factors))
for kind, name in ((None, "plain"), ("batch", "with batch norm")):
    words = ["diverged" if np.isnan(share) else f"{share:.0f} %" for share in shares[kind]]
    print(f"{name:31}" + "".join(f"{word:>9}" for word in words))

with plots.style():
    fig, ax = plt.subplots(figsize=(8, 3))
    ax.plot(factors, shares[None], "o-", color=plots.BLUE, label="plain")
    ax.plot(factors, shares["batch"], "s--", color=plots.VERMILION, label="with batch norm")
    ax.set(
        xlabel="factor on He's weights",
        ylabel="test accuracy (%)",
        xscale="log",
        ylim=(0, 103),
        title=f"six ReLU layers; he_normal: {whose}",
    )
    for factor, share in zip(factors, shares[None], strict=True):
        if np.isnan(share):
            ax.annotate(
                "plain diverged", (factor, 0), (0, 4), textcoords="offset points", ha="right"
            )
    ax.legend(loc="center right")

# %% [markdown]
# **What to see.** The plain network trains at one of the five scales, the right one; at ten times He's weights it diverges. With batch norm it learns at all five, and best in the middle: much is forgiven, not everything, since one learning rate does not suit weights of every size. (One seed here; the differences are large.)
#
# **(b) Narrow and deep.** He's rule keeps the expected square over all draws. In a very narrow ReLU network, sooner or later *all* units of a layer are off for all images, and from there on everything is 0 (Lu et al., 2019). How often, at depth 30?
#
# **(c) tanh drifts.** Xavier's rule is right for a linear network. tanh takes a little in every layer, and a little adds up over 50.
#
# **(d) Biases of 0.1.** D1 suggests 0.1 for ReLU units so that they are not stuck at 0. What does it do in 30 layers of He?

# %% experiment limits
(statistics, xavier, he, gain), whose = yours_all(
    activation_statistics, xavier_normal, he_normal, activation_gain
)

print("(b) 30 ReLU layers, He: networks of 100 whose output is 0 for all of 100 digits")
for width in (2, 3, 4, 8, 16):
    nets = [draw(he, [64] + [width] * 30, seed) for seed in range(100)]
    dead = sum(statistics(x_train[:100], net, relu)[-1][0] == 0 for net in nets)
    print(f"    width {width:2}: {dead:3}")

print("(c) 50 tanh layers of 100 units: std of activations at layer 1, 10, 50")
rules = {
    "Xavier": xavier,
    "gain 5/3": lambda n, m, rng: rng.normal(0, gain("tanh") / np.sqrt(n), (n, m)),
}
for name, rule in rules.items():
    pairs = statistics(x_train, draw(rule, [64] + [100] * 50), np.tanh)
    first, tenth, last = (np.sqrt(pairs[layer - 1][1]) for layer in (1, 10, 50))
    print(f"    {name:9}{first:7.2f}{tenth:7.2f}{last:7.2f}")

print("(d) 30 ReLU layers, He, five seeds: units of layer 30 that are off for all 1000 digits")
for start in (0.0, 0.1):
    nets = [
        MLP([64] + [64] * 30 + [10], np.random.default_rng(seed), initializer=he, bias=start)
        for seed in range(5)
    ]
    last = [net.activations(x_train)[-1] for net in nets]
    dead = 100 * np.mean([np.mean(h.max(axis=0) == 0) for h in last])
    print(f"    bias {start}: {dead:3.0f} %, std of h {np.mean([h.std() for h in last]):.1f}")

# %% [markdown]
# **What to see.** (b) At width 2 every one of the hundred networks is dead at birth, at width 4 most are, from width 16 on none. (c) Xavier's tanh network ends five times smaller than it began; with the gain 5/3 it settles at 0.64. (d) In this network about a third of the units of the last layer are off for every image, and a bias of 0.1 does not help: it adds up over the layers instead, and makes the signal three times larger. That is one reason why 0 is the usual choice today.
#
# **(e) LSUV sets a variance, and only that.** Take twenty layers of tanh, of ReLU and of sigmoid after `lsuv`. The variance of a pre-activation has two parts: how a unit differs from image to image (that is the information), and how units differ from each other whatever the image.

# %% experiment variance_without_information
(rescale, rotation), whose = yours_all(lsuv, orthogonal)
widths = [64] * 21
informative, stds = {}, {}
for name in ("tanh", "relu", "sigmoid"):
    activation = ACTIVATIONS[name].function
    h, informative[name], stds[name] = x_train, [], []
    for w in rescale(x_train[:200], draw(rotation, widths), activation):
        u = h @ w
        stds[name].append(u.std())
        informative[name].append(100 * u.var(axis=0).mean() / u.var())
        h = activation(u)
print(
    "after lsuv   std of u, layer 20   share of its variance from image to image, layers 1, 5, 20"
)
for name, part in informative.items():
    print(f"{name:12} {stds[name][19]:13.2f} {part[0]:25.0f} % {part[4]:5.1f} % {part[19]:5.1f} %")

with plots.style():
    fig, (left, right) = plt.subplots(1, 2)
    plots.signal_by_depth(stds, ylabel="std of pre-activations", log=False, ax=left)
    plots.signal_by_depth(
        informative, ylabel="variance from image to image (%)", log=False, ax=right
    )
    left.set_ylim(0, 1.5)
    fig.suptitle(f"after lsuv; functions: {whose}")

# %% [markdown]
# **What to see.** Left: by the measure of `lsuv` all three networks are perfect. Right: in the sigmoid network the differences between images have nearly gone by layer 3; what varies is a constant pattern over units. sigmoid's outputs have mean 1/2, and the mean swamps the rest; ReLU has a milder form of the same illness. Batch norm takes each unit's own mean off, so that all the variance that it sets is from image to image (chapter 04). And a layer whose units are all off cannot be rescaled at all: its variance is 0, and `w / 0` is not a remedy.
#
# **(f) After the first step** nothing holds the network in this state. Initialization is where you start (D0: it helps at the beginning). The rest of the course is about the way.

# %% [markdown]
# ## 13 · In the wild
#
# **PyTorch's default is not He's rule.** `nn.Linear` calls `kaiming_uniform_(weight, a=math.sqrt(5))`. The bound there is $g\sqrt{3/n}$ with the leaky gain $g = \sqrt{2/(1 + 5)} = \sqrt{1/3}$, so it is $1/\sqrt n$: D1's first rule, `fan_in_uniform`, for weights and biases alike. Try it: `activation_gain("leaky_relu", slope=5**0.5) * np.sqrt(3 / 64)` is $1/8$. A deep plain ReLU network with PyTorch's defaults is the `fan_in` line of section 11. It goes unnoticed because most networks normalize.
#
# ```python
# layer = torch.nn.Linear(n, m)                                          # weight: (m, n), transposed
# torch.nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")       # our he_normal
# torch.nn.init.xavier_uniform_(layer.weight, gain=5 / 3)                # tanh
# torch.nn.init.orthogonal_(layer.weight, gain=2**0.5)
# torch.nn.init.zeros_(layer.bias)
# ```
#
# **Conventions that differ.**
#
# | | here | elsewhere |
# |---|---|---|
# | weight | `(fan_in, fan_out)`, `x @ w` | PyTorch `(fan_out, fan_in)`, `x @ w.T`; its functions swap the fans for you |
# | normal | a full Gaussian | Keras's and JAX's rules of this kind draw *truncated* normals, cut at two standard deviations. That leaves 77 % of the variance, so they divide the std by 0.8796 to make up for it; hand-written ones may forget |
# | default | you choose | PyTorch $U(\pm 1/\sqrt n)$; Keras Xavier's uniform; Flax and Haiku $1/n$, truncated normal |
# | convolution | | fan-in is (channels in) × (kernel area), fan-out is (channels out) × (kernel area) |
#
# **What people use today.** Mostly He's or Xavier's rule, or a normal with 0.02, plus normalization and residual connections. Three ideas go further. A residual block computes $h + f(h)$: signal and gradient have a way round the weights (chapter 02). Fixup (Zhang et al., 2019) scales the blocks' start down with depth and trains very deep residual networks of this kind without any normalization. μP (Yang et al., 2022) chooses the start *and* the learning rate of each layer by its width so that the best settings of a small model carry over to a large one. And Hanin and Rolnick (2018) prove how much the size scatters from one draw to the next: it grows with the sum of 1/width over the layers, which is why He's line wandered and why (b) happens.
#
# **Papers.** Glorot and Bengio (2010), PMLR 9, pp. 249–256 · He et al. (2015), [arXiv:1502.01852](https://arxiv.org/abs/1502.01852) · Saxe, McClelland and Ganguli (2014), [arXiv:1312.6120](https://arxiv.org/abs/1312.6120) · Mezzadri (2007), [arXiv:math-ph/0609050](https://arxiv.org/abs/math-ph/0609050) · Mishkin and Matas (2016), [arXiv:1511.06422](https://arxiv.org/abs/1511.06422) · Ioffe and Szegedy (2015), [arXiv:1502.03167](https://arxiv.org/abs/1502.03167) · Hanin and Rolnick (2018), [arXiv:1803.01719](https://arxiv.org/abs/1803.01719) · Lu et al. (2019), [arXiv:1903.06733](https://arxiv.org/abs/1903.06733) · Zhang et al. (2019), [arXiv:1901.09321](https://arxiv.org/abs/1901.09321) · Yang et al. (2022), [arXiv:2203.03466](https://arxiv.org/abs/2203.03466)

# %% [markdown]
# ## 14 · Bug hunt
#
# A colleague's `lsuv` was tested on a linear network, came out fine, and went into use. It has **two** errors. Find both with tests of your own in the cell below, before you look. (Not graded.)
#
# Things to test: Do the pre-activations have variance 1 in every layer? For `np.tanh` and for ReLU? Are the matrices that you pass in the same afterwards? When you believe that you know, let the course's check speak: `check("lsuv", their_lsuv)`. It stops at the first thing that it finds, so repair that one and check again.


# %% experiment bug_hunt
def their_lsuv(x, weights, activation, tol=0.01, max_iter=10):
    h = x
    scaled = []
    for w in weights:
        for _ in range(max_iter):
            std = (h @ w).std()
            if abs(std**2 - 1) <= tol:
                break
            w /= std
        scaled.append(w)
        h = h @ w
    return scaled


weights = draw(lambda n, m, rng: rng.normal(0, 0.1, (n, m)), [64, 64, 64, 64])
h, variances_found = x_train, []
for w in their_lsuv(x_train, weights, lambda u: u):
    h = h @ w
    variances_found.append(round(float(h.var()), 2))
print("their test, a linear network: variances", variances_found)

# %% scratch
# your tests of their_lsuv

# %% [markdown]
# <details><summary>The two errors, when you have looked</summary>
#
# 1. `w /= std` works in place: it changes the caller's matrices. A test: copy the weights first, compare afterwards. It matters when the same start is used for two networks, as in any comparison.
# 2. `h = h @ w` goes on without the activation, so from the second layer on the wrong signal is measured. On a linear network that is no error, so the colleague's test could not see it. With ReLU the second layer's pre-activations come out with a variance clearly below 1.
#
# </details>

# %% [markdown]
# ## Remember
#
# 1. Before training, print three numbers: the loss against $\log K$, the activations' size by layer, the gradients' size by layer.
# 2. Weights must be random, to break symmetry; biases need not be. The output bias may know the class frequencies.
# 3. A layer multiplies the variance by $n \operatorname{Var}(w)$ forward and by $m \operatorname{Var}(w)$ backward; the depth is the exponent.
# 4. tanh: Xavier, $2/(n+m)$. ReLU takes half: He, $2/n$. Otherwise measure: LSUV. Mind variance against standard deviation against bound.
# 5. One number by layer cannot show everything: independent matrices favour few directions, orthogonal ones none. Normalization forgives most of it.

# %% [markdown]
# ## Questions
#
# Answer in a few sentences. A person reads these; they carry no points, and they are the kind of question that an exam asks.

# %% [markdown]
# **Question 1.** A colleague shows you a 50-layer network of plain tanh layers. Its loss has been 2.30 on ten classes since the first step. Which numbers do you ask for, in which order, and which results would point to (a) weights that are too small, (b) weights that are too large, (c) a cause that is not initialization?

# %% question stuck_network 0 [markdown]
# ### BEGIN SOLUTION
# First the loss at the very first step, then the standard deviation of the activations by layer, then the gradient norms by layer.
#
# (a) Too small: the loss equals log 10 in all digits, the activations' std falls by a constant factor a layer, and the gradient norms are tiny in all layers. (b) Too large: the loss at the start is well above log 10, most tanh units are saturated (|h| > 0.97) with a std near 1, and the gradients grow towards the first layers. A loss of exactly 2.30 from the first step speaks against it. (c) Another cause: activations and gradients of healthy, even size; then look at the learning rate (update-to-weight ratio), at labels shuffled against the images, at a data pipeline that feeds constants, or at an optimizer that was never given the parameters. Symmetric weights also give log 10: compare the columns of a weight matrix.
# ### END SOLUTION

# %% [markdown]
# **Question 2.** In a residual network each block computes $h_{l+1} = h_l + f_l(h_l)$, and $f_l$ ends in a layer with He's rule, so that $f_l(h)$ has about the second moment of $h$ and is uncorrelated with it. How does the second moment of $h_l$ grow with $l$? Name two remedies.

# %% question residual_growth 0 [markdown]
# ### BEGIN SOLUTION
# The two parts are uncorrelated, so their second moments add: E[h_{l+1}^2] = E[h_l^2] + E[f_l(h_l)^2] = 2 E[h_l^2]. It doubles in every block: 2^L after L blocks, so it explodes, although each f_l is initialized "right".
#
# Remedies: scale each branch down with depth (for example by 1/sqrt(L), so that the total factor is (1 + 1/L)^L, below e), start the last layer of each branch at zero (Fixup, zero gamma), or normalize the input of every branch, which makes the growth linear in l instead of exponential.
# ### END SOLUTION
