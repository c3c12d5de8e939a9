"""Make ``docs/oracles.md``: what each function is held against, and how far off it was.

Run it from anywhere, with the development packages installed: ``python
tools/make_oracle_table.py``. The comparisons are those of the tests, on the same inputs.
"""

import itertools
import sys
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "docs" / "oracles.md"
sys.path.insert(0, str(ROOT / "tests" / "dltricks"))

from oracle_cases import measured, public_functions  # noqa: E402

INTRODUCTION = """# What each function is held against

Every public function of the reference, what else gives the same numbers, and the largest deviation
seen between the two: the largest difference, as a share of the largest entry, all in float64. A row
that promises only what chance allows (a standard deviation over many draws) says so.

PyTorch's numbers come from the golden arrays in `tests/dltricks/golden`; where PyTorch is installed
the tests ask it again, on fresh inputs. The comparisons are `tests/dltricks/torch_cases.py` and
`tests/dltricks/oracle_cases.py`, with the tolerance of each. Further laws, shapes, dtypes and bad
input are in the tests of each module. Made by `python tools/make_oracle_table.py`; a test compares
it with a fresh run.
"""


def table():
    """Write all rows, in the order of the modules and their functions, each module a table."""
    modules = defaultdict(dict)
    for function in public_functions():
        modules[function.partition(".")[0]][function] = []
    for (function, oracle), (deviation, _) in measured().items():
        rows = modules[function.partition(".")[0]].setdefault(function, [])
        rows.append(f"| `{function}` | {oracle} | {deviation:.1e} |")
    lines = [INTRODUCTION.rstrip()]
    for module, functions in modules.items():
        lines += [f"\n## {module}\n", "| function | held against | deviation |"]
        lines += ["| --- | --- | ---: |", *itertools.chain(*functions.values())]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    TARGET.write_text(table())
    print(f"{TARGET}: {len(public_functions())} functions")
