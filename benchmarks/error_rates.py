"""How often a check errs: right answers rejected, known mistakes accepted.

    python benchmarks/error_rates.py [chapter] [--checks 1000] [--right 250] [--write]

Each check draws its cases from a seed of its own. `--write` puts the table into
docs/error_rates.md. The checks of random functions are a set of tests whose limits are known, so a
bound for a right answer follows without simulation; the simulation shows that nothing was
forgotten in that bound, and counts how often each known mistake gets through.
"""

import argparse
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from tqdm import tqdm

from autograder.checking.check import first_finding
from autograder.checking.outcome import Subject
from autograder.exercises import load

TABLE = Path(__file__).resolve().parents[1] / "docs" / "error_rates.md"


def rejections(chapter, name, kind, index, checks):
    """Count in how many of the checks an answer is found wrong."""
    exercise = load(chapter)[name]
    answer = exercise.variants[index] if kind == "right" else exercise.mistakes[index].function
    secrets = (f"{kind} {index} {number}".encode() for number in range(checks))
    return sum(first_finding(exercise, Subject(answer), secret) is not None for secret in secrets)


def simulate(chapter, checks, right):
    """Give (exercise, kind, answer's name, checks, rejected) for each registered answer."""
    jobs = [
        (exercise.name, kind, index, answer)
        for exercise in load(chapter).values()
        for kind, answers in (
            ("right", [f.__name__ for f in exercise.variants]),
            ("mistake", [m.name for m in exercise.mistakes]),
        )
        for index, answer in enumerate(answers)
    ]
    number = {"right": right, "mistake": checks}
    with ProcessPoolExecutor() as pool:
        futures = [
            pool.submit(rejections, chapter, name, kind, index, number[kind])
            for name, kind, index, _ in jobs
        ]
        for (name, kind, _, answer), future in zip(
            jobs, tqdm(futures, unit=" answers"), strict=True
        ):
            yield name, kind, answer, number[kind], future.result()


def table(rows):
    """Write the figures as a Markdown table."""
    lines = [
        "| exercise | answer | is | checks | rejected | accepted |",
        "| --- | --- | --- | ---: | ---: | ---: |",
    ]
    for name, kind, answer, checks, rejected in rows:
        word = "right" if kind == "right" else "a mistake"
        lines.append(
            f"| {name} | {answer} | {word} | {checks} | {rejected} | {checks - rejected} |"
        )
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("chapter", nargs="?", default="01_initialization")
    parser.add_argument("--checks", type=int, default=1000, help="checks for each mistake")
    parser.add_argument("--right", type=int, default=250, help="checks for each right answer")
    parser.add_argument("--write", action="store_true", help=f"put the table into {TABLE.name}")
    options = parser.parse_args()
    rows = list(simulate(options.chapter, options.checks, options.right))
    print(table(rows))
    if options.write:
        text = TABLE.read_text()
        head, _, _ = text.partition("<!-- simulated -->")
        TABLE.write_text(f"{head}<!-- simulated -->\n\n{table(rows)}\n")
    wrong = [row for row in rows if row[4] != (0 if row[1] == "right" else row[3])]
    print(f"{len(rows)} answers, {len(wrong)} judged wrongly at least once")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
