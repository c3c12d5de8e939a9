"""The lectures' headline effects in miniature: each an experiment that says what it expects.

python -m benchmarks.experiments [M1 M6 ...] [--write] [--shift 100]
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")
