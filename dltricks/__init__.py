"""The tricks that make deep networks train, as short NumPy functions.

One topic a module: `initializers`, `activations`, `layers`, `losses`, `gradients`, `whitening`,
`normalization`, `optimizers`, `schedules`, `regularizers`, `dropout`, `augmentation`, ...
Experiments are built from `network`, `training`, `datasets`, `surfaces` and `plots`. Import the
module you need:

>>> from dltricks import initializers
>>> initializers.activation_gain("linear")
1.0
"""

__version__ = "0.1.0"
