"""A course with one small chapter, for tests of building and releasing."""

import shutil
from pathlib import Path

from autograder.course import Course

CHAPTER = "01_initialization"
CONFIG = Path(__file__).resolve().parents[2] / "nbgrader_config.py"

HEAD = """\
# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

"""

SETUP = """\
# %% [markdown]
# # A small chapter
#
# The gain is $\\sqrt{2}$.

# %% setup
import base64
import time

import numpy as np
from IPython.display import Image, display
from ipywidgets import interact

from autograder import check

"""

EXERCISES = '''\
# %% exercise activation_gain
def activation_gain(name, slope=0.01):
    """Factor on the standard deviation that an activation asks for."""
    ### BEGIN SOLUTION
    gains_by_name = {"linear": 1.0, "tanh": 5 / 3, "relu": 2**0.5}
    if name == "leaky_relu":
        return (2 / (1 + slope**2)) ** 0.5
    if name not in gains_by_name:
        raise ValueError(f"no such activation: {name!r}")
    return gains_by_name[name]
    ### END SOLUTION


# %% check activation_gain
check("activation_gain", activation_gain)

# %% exercise output_bias
def output_bias(labels, num_classes, smoothing=1.0):
    """Bias with which a network starts at the classes' frequencies."""
    ### BEGIN SOLUTION
    smoothed = np.bincount(labels, minlength=num_classes) + smoothing
    return np.log(smoothed / smoothed.sum())
    ### END SOLUTION


# %% check output_bias
check("output_bias", output_bias)

'''

REST = """\
# %% prediction pieces
my_number_of_pieces = None  # your prediction

# %% experiment pieces
print("first piece")
time.sleep(0.4)  # the kernel flushes its streams in between
print("second piece")
pixel = "R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"
display(Image(base64.b64decode(pixel), format="gif"))
print("after the picture")

# %% scratch
_ = interact(lambda scale: print(f"scale {scale:.1f}"), scale=(0.5, 2.0, 0.5))

# %% scratch
1 + 1

# %% scratch
1 + 1

# %% [markdown] question why 0
# Why is the gain of ReLU not one?
#
# ### BEGIN SOLUTION
# Because it sets half of its inputs to nothing.
# ### END SOLUTION
"""

TEXT = HEAD + SETUP + EXERCISES + REST


def make_course(root, text=TEXT):
    """Write a course of one chapter that is not built yet."""
    folder = root / "solutions" / CHAPTER
    folder.mkdir(parents=True)
    (folder / f"{CHAPTER}.py").write_text(text)
    shutil.copy(CONFIG, root)
    return Course(root)
