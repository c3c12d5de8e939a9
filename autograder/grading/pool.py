"""Workers: a few processes that grade one submission after the other, watched by the clock.

nbgrader's converters change the working directory and the environment, and load for seconds: so
each worker is a process of its own, which is used again. One that takes too long is ended with
everything that it started, and a new one takes its place.
"""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import asdict
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from autograder.grading.result import Result, Task

#: What starts a worker; the log's path is added.
COMMAND = (sys.executable, "-m", "autograder.grading.worker")
#: What a function is called with when a task has ended: the task, and its result or the problem.
Done = Callable[[Task, "Result | Failure"], None]


class Failure(Exception):
    """A task that gave no result. timed_out : whether the clock ended it."""

    def __init__(self, message: str, timed_out: bool = False):
        super().__init__(message)
        self.timed_out = timed_out


class Worker:
    """A worker's process, started when it is first needed."""

    def __init__(self, log: Path, environment: Mapping[str, str], command: Sequence[str] = COMMAND):
        self._command = command
        self._log = log
        self._environment = dict(environment)
        self._process: subprocess.Popen[str] | None = None

    def run(self, task: Task, seconds: float) -> Result:
        """Have a task done; `Failure` if it takes too long, or if the worker fails or dies."""
        process = self._started()
        late = threading.Event()

        def end() -> None:
            late.set()
            end_all(process.pid)

        clock = threading.Timer(seconds, end)
        clock.start()
        try:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(json.dumps(asdict(task)) + "\n")
            process.stdin.flush()
            line = process.stdout.readline()
        except BrokenPipeError:
            line = ""
        finally:
            clock.cancel()
        if line:
            answer = json.loads(line)
            if "result" in answer:
                return Result.from_json(answer["result"])
            raise Failure(answer["error"])
        self.stop()
        if late.is_set():
            raise Failure(f"it did not end within {seconds:g} s", timed_out=True)
        raise Failure(f"the worker's process died; {self._log} may tell why")

    def _started(self) -> subprocess.Popen[str]:
        if self._process is None:
            self._log.parent.mkdir(parents=True, exist_ok=True)
            self._process = subprocess.Popen(
                [*self._command, str(self._log)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env={**os.environ, **self._environment},
                text=True,
                start_new_session=True,  # Ctrl-C is for this process, which then ends the workers
            )
        return self._process

    def stop(self) -> None:
        """End the process and all that it started."""
        process, self._process = self._process, None
        if process is not None:
            end_all(process.pid)
            process.wait()
            for stream in (process.stdin, process.stdout):
                if stream is not None:
                    stream.close()


def end_all(pid: int) -> None:
    """End a process, its children, and theirs."""
    try:
        process = psutil.Process(pid)
        family = [*process.children(recursive=True), process]
    except psutil.NoSuchProcess:
        return
    for member in family:
        try:
            member.kill()
        except psutil.NoSuchProcess:
            continue


def run_all(
    tasks: Sequence[Task],
    *,
    workers: int,
    seconds: float,
    log: Path,
    environment: Mapping[str, str],
    done: Done,
    command: Sequence[str] = COMMAND,
) -> None:
    """Do all tasks, and call `done` in this thread as each ends."""
    idle: queue.SimpleQueue[Worker] = queue.SimpleQueue()
    crew = [
        Worker(log.with_name(f"{log.name}-{i}.log"), environment, command)
        for i in range(1, 1 + min(workers, len(tasks)))
    ]
    for worker in crew:
        idle.put(worker)

    def run(task: Task) -> Result:
        worker = idle.get()
        try:
            return worker.run(task, seconds)
        finally:
            idle.put(worker)

    with ThreadPoolExecutor(max_workers=max(1, len(crew))) as threads:
        waiting: dict[Future[Result], Task] = {threads.submit(run, task): task for task in tasks}
        try:
            while waiting:
                ended, _ = wait(waiting, timeout=0.5, return_when=FIRST_COMPLETED)
                for future in ended:
                    task = waiting.pop(future)
                    error = future.exception()
                    if error is not None and not isinstance(error, Failure):
                        raise error
                    done(task, error or future.result())
        finally:
            for future in waiting:
                future.cancel()
            for worker in crew:
                worker.stop()
