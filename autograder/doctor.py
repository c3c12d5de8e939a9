"""What is installed and what is missing, each with its remedy."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from importlib import metadata
from pathlib import Path

from autograder.checking import seeds
from autograder.course import Course, CourseError

_DISTRIBUTION = "dltricks"
_NEEDED_EXTRA = "instructor"
_SPACE = 2**30


class State(StrEnum):
    """How a thing stands; only MISSING is an error."""

    GOOD = "good"
    NOTE = "note"
    MISSING = "missing"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    thing: str
    state: State
    found: str
    remedy: str = ""


def examine(course: Course | None, why_none: str = "") -> list[Finding]:
    """Look at all that grading needs: the same list on every machine."""
    findings = [_python(), *_packages(course), _kernel(), _alembic(), *_sandbox(), _processors()]
    if course is None:
        return [*findings, Finding("course", State.MISSING, "none", why_none)]
    findings += [(settings := _settings(course)), _secret(course), _space(course)]
    return findings if settings.state is State.MISSING else [*findings, _gradebook(course)]


def _python() -> Finding:
    # An older one would not have let itself be installed.
    return Finding("Python", State.GOOD, f"{sys.version.split()[0]}, {sys.executable}")


def _packages(course: Course | None) -> Iterator[Finding]:
    """Look at what an instructor needs, and compare with what was tested together."""
    from packaging.requirements import Requirement

    tested = _tested(course.root / "constraints.txt") if course else {}
    for line in sorted(metadata.requires(_DISTRIBUTION) or (), key=str.lower):
        requirement = Requirement(line)
        marker = requirement.marker
        if marker is not None and not marker.evaluate({"extra": _NEEDED_EXTRA}):
            continue
        if requirement.name == _DISTRIBUTION:
            continue
        name, wanted = requirement.name, str(requirement.specifier)
        try:
            found = metadata.version(name)
        except metadata.PackageNotFoundError:
            remedy = f"pip install '{_DISTRIBUTION}[{_NEEDED_EXTRA}]'"
            yield Finding(name, State.MISSING, "not installed", remedy)
            continue
        if not requirement.specifier.contains(found, prereleases=True):
            yield Finding(name, State.MISSING, found, f"pip install '{name}{wanted}'")
        elif tested.get(_normal(name), found) != found:
            known = tested[_normal(name)]
            yield Finding(name, State.NOTE, found, f"tested with {known} (constraints.txt)")
        else:
            yield Finding(name, State.GOOD, found)


def _tested(path: Path) -> dict[str, str]:
    """Read which versions were tested together."""
    if not path.is_file():
        return {}
    pairs = (line.split("==") for line in path.read_text().splitlines() if "==" in line)
    return {_normal(name): version.strip() for name, version in pairs}


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name.strip()).lower()


def _kernel() -> Finding:
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

    remedy = "python -m ipykernel install --sys-prefix"
    try:
        command = KernelSpecManager().get_kernel_spec("python3").argv[0]
    except NoSuchKernel:
        return Finding("kernel python3", State.MISSING, "none", remedy)
    path = shutil.which(command)
    if path is None:
        return Finding("kernel python3", State.MISSING, f"{command} is not there", remedy)
    here = os.path.realpath(path) == os.path.realpath(sys.executable)
    if os.path.isabs(command) and not here:
        return Finding("kernel python3", State.NOTE, f"runs {command}, not this Python", remedy)
    return Finding("kernel python3", State.GOOD, "this Python" if here else command)


def _alembic() -> Finding:
    beside = Path(sys.executable).parent
    path = shutil.which("alembic", path=os.pathsep.join([str(beside), os.environ.get("PATH", "")]))
    if path is None:
        remedy = "pip install alembic (nbgrader runs it to make a gradebook)"
        return Finding("alembic", State.MISSING, "not found", remedy)
    return Finding("alembic", State.GOOD, path)


def _sandbox() -> Iterator[Finding]:
    path = shutil.which("bwrap")
    later = "not used yet: for grading behind walls, later"
    yield Finding("bubblewrap", State.NOTE, path or "not found", later)
    yield Finding("user namespaces", State.NOTE, _namespaces(), later)


def _namespaces() -> str:
    unshare = shutil.which("unshare")
    if unshare is None:
        return "cannot be tried without unshare"
    tried = subprocess.run([unshare, "--user", "true"], capture_output=True, check=False)
    return "allowed" if tried.returncode == 0 else "refused by the system"


def _processors() -> Finding:
    return Finding("processors", State.GOOD, f"{os.cpu_count()}: as many submissions at once")


def _settings(course: Course) -> Finding:
    path = course.root / "nbgrader_config.py"
    try:
        executors = course.config.Autograde.get("autograde_preprocessors", [])
    except CourseError as error:
        return Finding("nbgrader_config.py", State.MISSING, "it cannot be read", str(error))
    if "autograder.grading.execute.GradeExecute" not in map(str, executors):
        remedy = "put autograder.grading.execute.GradeExecute into autograde_preprocessors"
        return Finding("nbgrader_config.py", State.NOTE, f"{path}: nbgrader's executor", remedy)
    return Finding("nbgrader_config.py", State.GOOD, str(path))


def _gradebook(course: Course) -> Finding:
    from autograder.grading import gradebook

    path = gradebook.file(course)
    try:
        gradebook.require_writable(course)
    except CourseError as error:
        return Finding("gradebook", State.MISSING, "it cannot be used", str(error))
    found = str(path or "on a server")
    if path is not None and not path.exists():
        found += " (made at the first release)"
    return Finding("gradebook", State.GOOD, found)


def _secret(course: Course) -> Finding:
    path = course.secret_file
    if not path.exists():
        return Finding("secret", State.GOOD, f"{path} (made at the first release)")
    try:
        seeds.read_secret(path)
    except seeds.SecretError as error:
        return Finding("secret", State.MISSING, "it cannot be used", str(error))
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        return Finding("secret", State.NOTE, "others can read it", f"chmod 600 {path}")
    return Finding("secret", State.GOOD, f"{path}, readable by its owner alone")


def _space(course: Course) -> Finding:
    free = shutil.disk_usage(course.root).free
    found = f"{free / 2**30:.1f} GB free"
    if free < _SPACE:
        return Finding("disk", State.MISSING, found, f"make room where {course.root} lies")
    return Finding("disk", State.GOOD, found)
