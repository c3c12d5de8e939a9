"""One class, one secret: the hidden cases must not change between two gradings."""

from __future__ import annotations

import json

from autograder.checking import seeds
from autograder.course import Course, CourseError
from autograder.files import write_whole

_REMEDY = (
    "restore the file from your backup, or grade everybody anew with `autograder grade ... "
    "--regrade --accept-new-secret`"
)


def require(course: Course, accept_new: bool = False) -> str:
    """Give the fingerprint of the course's secret; make the secret if there has never been one.

    Nothing is changed where this refuses: for a secret that is not the one that was graded with,
    or that is gone, unless the new one is accepted, and for a file that holds no secret at all.
    """
    path, known = course.secret_file, _known(course)
    if known and not accept_new and not path.exists():
        raise CourseError(f"{path}: the secret that this class was graded with is gone; {_REMEDY}.")
    found = seeds.fingerprint(seeds.create_secret(path))
    if known and found != known and not accept_new:
        raise CourseError(
            f"{path}: wrong secret, this class was graded with another one ({known}, not {found}); "
            f"{_REMEDY}."
        )
    if found != known:
        write_whole(course.state / "secret.json", json.dumps({"fingerprint": found}) + "\n")
    return found


def _known(course: Course) -> str:
    """Read which secret was graded with; empty if none was."""
    path = course.state / "secret.json"
    try:
        return str(json.loads(path.read_text())["fingerprint"])
    except FileNotFoundError:
        return ""
    except (ValueError, KeyError, TypeError):
        raise CourseError(
            f"{path}: it does not say which secret was used; delete it if course_secret is the "
            "right one."
        ) from None
