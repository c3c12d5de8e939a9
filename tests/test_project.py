"""The project's own files agree with each other."""

import ast
import importlib
import inspect
import pkgutil
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from numpydoc.docscrape import FunctionDoc

import dltricks

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def _name(requirement):
    return re.match(r"[\w-]+", requirement).group().lower()


def test_environment_yml_equals_pyproject():
    lines = (ROOT / "environment.yml").read_text().splitlines()
    listed = {m.group(1) for line in lines if (m := re.match(r"  - ([\w-]+[<>=!~,.\d]*)$", line))}
    wanted = {
        f"python{PROJECT['requires-python']}",
        *PROJECT["dependencies"],
        *PROJECT["optional-dependencies"]["instructor"],
        "pip",
    }
    assert listed - {"conda-forge"} == wanted


def test_every_requirement_has_a_tested_version():
    pinned = {
        _name(line)
        for line in (ROOT / "constraints.txt").read_text().splitlines()
        if re.fullmatch(r"[\w.-]+==[\w.+!-]+", line)
    }
    extras = PROJECT["optional-dependencies"].values()
    needed = {_name(r) for group in (PROJECT["dependencies"], *extras) for r in group}
    assert needed - {"dltricks"} <= pinned


def test_constraints_carry_names_and_versions_alone():
    for line in (ROOT / "constraints.txt").read_text().splitlines():
        assert re.fullmatch(r"[\w.-]+==[\w.+!-]+", line), line


def test_make_help_lists_targets_that_exist():
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z-]+):", makefile, flags=re.M))
    promised = set(re.findall(r'echo "make (\w+) ', makefile))
    assert promised
    assert promised <= targets


@pytest.mark.parametrize("name", ["demo", "test", "lab", "build", "bench"])
def test_the_makefile_has_the_targets_that_the_readme_uses(name):
    assert re.search(rf"^{name}:", (ROOT / "Makefile").read_text(), flags=re.M)


# ------------------------------------------------------------------------------- the docstrings

MODULES = [
    importlib.import_module(f"dltricks.{m.name}")
    for m in pkgutil.iter_modules(dltricks.__path__)
    if not m.name.startswith("_")
]
FUNCTIONS = [
    pytest.param(function, id=f"{module.__name__}.{name}")
    for module in MODULES
    for name, function in vars(module).items()
    if inspect.isfunction(function)
    and function.__module__ == module.__name__
    and not name.startswith("_")
]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_docstrings_describe_the_signature(function):
    doc = FunctionDoc(function)
    described = [name.strip().lstrip("*") for p in doc["Parameters"] for name in p.name.split(",")]
    assert described == list(inspect.signature(function).parameters)
    assert doc["Summary"]
    assert doc["Returns"] or doc["Yields"]
    assert doc["Examples"], "an example that runs"


def test_importing_the_reference_imports_no_plotting():
    code = "import sys, dltricks.initializers; print('matplotlib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_the_reference_knows_nothing_of_the_grader():
    for path in (ROOT / "dltricks").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not any(n.split(".")[0] == "autograder" for n in names), path
