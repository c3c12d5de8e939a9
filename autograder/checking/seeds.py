"""Where the cases of a check are drawn from: a public seed, and the course's secret one.

The code of the checks can be public, and yet the hidden cases cannot be memorized, because they
follow from a secret that stays with the instructor.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from pathlib import Path

import numpy as np

VARIABLE = "AUTOGRADER_SECRET_FILE"
FILE_NAME = "course_secret"
PUBLIC = b"dltricks: the cases that everybody may see"
_LENGTH = 64  # hexadecimal digits


class SecretError(Exception):
    """The course's secret cannot be used; the message names the file and the remedy."""


def generator(*names: str, secret: bytes = PUBLIC) -> np.random.Generator:
    """Make the generator that belongs to these names, the same in every process."""
    digest = hmac.new(secret, "/".join(names).encode(), hashlib.sha256).digest()
    return np.random.default_rng(int.from_bytes(digest, "big"))


def secret_path() -> Path | None:
    """Find the file that the environment names or, without one, the nearest one above."""
    if named := os.environ.get(VARIABLE):
        return Path(named)
    here = Path.cwd()
    return next((p for d in (here, *here.parents) if (p := d / FILE_NAME).is_file()), None)


def read_secret(path: Path) -> bytes:
    """Read a secret and refuse one that is not of the form `create_secret` writes."""
    try:
        text = path.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SecretError(
            f"{path}: the course's secret cannot be read ({error.__class__.__name__}); restore the "
            f"file from your backup, or set {VARIABLE} to where it is."
        ) from None
    if len(text) != _LENGTH or any(c not in "0123456789abcdef" for c in text):
        raise SecretError(
            f"{path}: this is not a course's secret ({_LENGTH} hexadecimal digits); restore the "
            "file from your backup, or move it away to have a new one made (grades then change)."
        )
    return bytes.fromhex(text)


def create_secret(path: Path) -> bytes:
    """Make a new secret, readable by its owner alone; an existing one is kept and read."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return read_secret(path)
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_hex(_LENGTH // 2) + "\n")
    return read_secret(path)


def fingerprint(secret: bytes) -> str:
    """Eight digits that tell two secrets apart and give neither away."""
    return hashlib.sha256(b"fingerprint" + secret).hexdigest()[:8]
