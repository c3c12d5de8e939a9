"""Run the experiments, two at a time, and print what was claimed, expected and measured.

    python -m benchmarks.experiments [M1 M6 ...] [--write] [--shift 100]

`--write` puts the tables into docs/experiments.md. `--shift` adds to every seed: a second set of
seeds tells whether an expectation held by luck. Exits with 1 if one does not hold.
"""

import argparse
import multiprocessing
import sys
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

from tqdm import tqdm

from benchmarks.experiments import frame

PAGE = Path(__file__).resolve().parents[2] / "docs" / "experiments.md"
MARKER = "<!-- measured -->"
LONGEST_FIRST = ("M6", "M4", "M13", "M17", "M7", "M18", "M3", "M5", "M1", "M2", "M14", "M12", "M9")


def run_all(numbers, shift=0, workers=2):
    """Run experiments in processes of their own; reports in the order of the numbers."""
    order = [n for n in LONGEST_FIRST if n in numbers]
    order += [n for n in numbers if n not in order]
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=spawn) as pool:
        jobs = {pool.submit(frame.run_numbered, number, shift): number for number in order}
        done = tqdm(as_completed(jobs), "experiments", len(jobs), leave=False)
        reports = {jobs[job]: job.result() for job in done}
    return [reports[number] for number in numbers]


def summary(reports):
    """One line for each experiment, as a Markdown table."""
    lines = ["| | claim | expectations that hold | seconds |", "| --- | --- | ---: | ---: |"]
    for report in reports:
        judged = [row for row in report.result.rows if row.expected] if report.result else []
        count = f"{sum(row.holds for row in judged)} of {len(judged)}" if judged else "broke off"
        number, claim, _ = report.about
        lines.append(f"| {number} | {claim} | {count} | {report.seconds:.1f} |")
    return "\n".join(lines)


def section(report):
    """An experiment with all its figures, as Markdown."""
    number, claim, parts = report.about
    lines = [f"## {number}: {claim}", "", f"*{parts['Source']}* {parts['Recipe']}", ""]
    if report.result is None:
        return "\n".join([*lines, "It broke off:", "", "```", report.error.rstrip(), "```"])
    lines += ["| quantity | expected | measured | holds |", "| --- | --- | --- | --- |"]
    for row in report.result.rows:
        cells = (row.quantity, row.wanted, row.measured, row.verdict)
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    if report.result.remark:
        lines += ["", report.result.remark]
    if frame.CHANGED in parts:
        lines += ["", f"Changed after figures were seen: {parts[frame.CHANGED]}"]
    return "\n".join(lines)


def write(reports, page=PAGE):
    """Replace what stands below the marker of the page."""
    head, _, _ = page.read_text().partition(MARKER)
    sections = "\n\n".join(section(report) for report in reports)
    page.write_text(f"{head}{MARKER}\n\n{summary(reports)}\n\n{sections}\n")


def main(arguments=None):
    known = frame.modules()
    parser = argparse.ArgumentParser("experiments", description=__doc__.splitlines()[0])
    parser.add_argument("numbers", nargs="*", metavar="M1", help="which ones; all by default")
    parser.add_argument("--write", action="store_true", help=f"put the tables into {PAGE.name}")
    parser.add_argument("--shift", type=int, default=0, help="added to every seed")
    parser.add_argument("--workers", type=int, default=2, help="processes at a time")
    options = parser.parse_args(arguments)
    numbers = [number.upper() for number in options.numbers] or list(known)
    if unknown := [number for number in numbers if number not in known]:
        parser.error(f"no experiment {', '.join(unknown)}; there are {', '.join(known)}")
    if options.write and len(numbers) < len(known):
        parser.error("--write is for a run of all experiments")
    reports = run_all(numbers, options.shift, options.workers)
    print("\n\n".join(frame.text(report) for report in reports))
    print(f"\n{summary(reports)}")
    if options.write:
        write(reports)
    return int(not all(report.holds for report in reports))


if __name__ == "__main__":
    sys.exit(main())
