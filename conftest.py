"""What every test runs under: set before NumPy is imported, and inherited by notebook kernels."""

import atexit
import os
import secrets
import tempfile
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("TQDM_DISABLE", "1")

if "AUTOGRADER_SECRET_FILE" not in os.environ:
    # Never the course's own: a test must not depend on it, nor make one in the working tree.
    folder = tempfile.TemporaryDirectory(prefix="autograder-test-")
    atexit.register(folder.cleanup)
    path = Path(folder.name, "course_secret")
    path.write_text(secrets.token_hex(32) + "\n")
    os.environ["AUTOGRADER_SECRET_FILE"] = str(path)

# A chapter's text is no module: its doctests would run the chapter.
collect_ignore_glob = ["solutions/*/*.py"]
