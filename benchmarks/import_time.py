"""How long `import dltricks` takes, in fresh processes, and how much of it is NumPy.

    python benchmarks/import_time.py [--processes 7]

The first process is not counted: it may compile modules, and reads files for the first time.
"""

import argparse
import pkgutil
import statistics
import subprocess
import sys

import dltricks

GOAL = 0.3
CODE = """
import time
start = time.perf_counter()
import numpy
middle = time.perf_counter()
import {modules}
print(middle - start, time.perf_counter() - middle)
"""


def measure(modules, processes):
    """Median seconds: (NumPy alone, the modules after it)."""
    command = [sys.executable, "-c", CODE.format(modules=", ".join(modules))]
    runs = [
        [float(t) for t in subprocess.run(command, capture_output=True, check=True).stdout.split()]
        for _ in range(processes + 1)
    ][1:]
    return [statistics.median(times) for times in zip(*runs, strict=True)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--processes", type=int, default=7)
    options = parser.parse_args()
    numeric = [
        f"dltricks.{m.name}"
        for m in pkgutil.iter_modules(dltricks.__path__)
        if m.name not in ("plots", "training")
    ]
    rows = {
        "dltricks": ["dltricks"],
        "all modules but plots and training": numeric,
        "all modules": [*numeric, "dltricks.plots", "dltricks.training"],
    }
    print("| import | seconds | of which NumPy |")
    print("| --- | ---: | ---: |")
    for name, modules in rows.items():
        base, rest = measure(modules, options.processes)
        print(f"| {name} | {base + rest:.3f} | {base / (base + rest):.0%} |")
    print(f"\nThe goal is below {GOAL} s.")


if __name__ == "__main__":
    main()
