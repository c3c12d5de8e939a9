"""Chapter 01: where to start."""

from autograder.exercises.initialization.gains_and_biases import activation_gain, output_bias
from autograder.exercises.initialization.he import he_normal, he_uniform
from autograder.exercises.initialization.orthogonal_matrices import orthogonal
from autograder.exercises.initialization.signals import activation_statistics, lsuv
from autograder.exercises.initialization.simple import fan_in_uniform, small_normal
from autograder.exercises.initialization.xavier import xavier_normal, xavier_uniform

#: In the order of the chapter.
EXERCISES = (
    small_normal,
    fan_in_uniform,
    xavier_normal,
    xavier_uniform,
    he_normal,
    he_uniform,
    orthogonal,
    activation_gain,
    output_bias,
    activation_statistics,
    lsuv,
)
