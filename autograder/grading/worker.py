"""A worker's process: reads tasks, a line of JSON each, and answers with results.

``python -m autograder.grading.worker LOG`` is started by `autograder.grading.pool`. What nbgrader
and the kernels write to their standard streams goes to the log.
"""

from __future__ import annotations

import json
import os
import sys
import traceback

#: Address space of a worker's kernels, in bytes: what a submission may take.
MEMORY_LIMIT = 4 * 2**30


def main() -> None:
    """Answer tasks until there are no more."""
    log_file = sys.argv[1]
    answers = os.fdopen(os.dup(1), "w")
    log = os.open(log_file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(log, 1)
    os.dup2(log, 2)
    _limit_memory()
    from autograder.grading.autograde import grade
    from autograder.grading.result import Task

    for line in sys.stdin:
        task = Task(**json.loads(line))
        print(f"--- {task.student} {task.assignment}", file=sys.stderr, flush=True)
        try:
            answer = {"result": grade(task).to_json()}
        except Exception as error:
            traceback.print_exc()
            answer = {"error": f"{type(error).__name__}: {error}"}
        sys.stderr.flush()
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


def _limit_memory() -> None:
    try:
        import resource
    except ImportError:  # not a Unix
        return
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    limit = MEMORY_LIMIT if hard == resource.RLIM_INFINITY else min(MEMORY_LIMIT, hard)
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


if __name__ == "__main__":
    main()
