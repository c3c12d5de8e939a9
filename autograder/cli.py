"""The command ``autograder``."""

from __future__ import annotations

import argparse
import difflib
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autograder.checking.seeds import SecretError
from autograder.course import Course, CourseError

# What a command needs is imported inside of it: `autograder --help` answers at once.
if TYPE_CHECKING:
    from rich.console import Console

    from autograder.grading.grade import Watcher
    from autograder.grading.result import Result

_OVERVIEW = """\
The autograder of the dltricks course: what an instructor does, from a chapter's text to grades.

  a chapter   build      notebooks from text            release   hand a chapter out
  a class     grade      what was handed in             feedback  a page for each student
              report     scores, mistakes, who to look  export    grades for other programs
  to try      simulate   a class that does not exist    demo      the whole way, in ./demo
  in trouble  doctor     what is installed, what is missing
"""
_EXAMPLE = """\
example:
  autograder release 01_initialization
  autograder grade 01_initialization
  autograder report 01_initialization --open
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; give the exit code: 0 done, 1 something is not right, 2 it could not be."""
    parser = _parser()
    args = parser.parse_args(arguments)
    if not hasattr(args, "run"):
        parser.print_help()
        return 0
    try:
        return int(args.run(args))
    except KeyboardInterrupt:
        _complain("interrupted; what was done is kept, and the same command goes on from there.")
        return 130
    except Exception as error:
        if args.debug:
            raise
        _complain(_explained(error, args))
        return 2


def _complain(sentence: str) -> None:
    print(f"autograder: {sentence}", file=sys.stderr)


def _explained(error: Exception, args: argparse.Namespace) -> str:
    """Say in a sentence what went wrong, which file it is about, and what to do."""
    if isinstance(error, (CourseError, SecretError)):
        return str(error)
    if isinstance(error, ModuleNotFoundError):
        return f"{error.name} is not installed; run: pip install 'dltricks[instructor]'."
    if isinstance(error, OSError):
        what = error.strerror or type(error).__name__
        return f"{error.filename}: {what.lower()}; make it accessible and repeat the command."
    if "sqlalchemy" in sys.modules:
        from sqlalchemy.exc import DatabaseError

        from autograder.grading.gradebook import explained

        cause: BaseException | None = error
        while cause is not None:
            if isinstance(cause, DatabaseError):
                return str(explained(_course(args), cause))
            cause = cause.__cause__ or cause.__context__
    kind = type(error).__name__
    return f"{kind}: {error} (not expected; --debug shows where, please report it)."


def _parser() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "--course",
        type=Path,
        metavar="DIR",
        default=argparse.SUPPRESS,
        help="the course's folder; else the nearest one with an nbgrader_config.py",
    )
    common.add_argument(
        "--debug",
        action="store_true",
        default=argparse.SUPPRESS,
        help="show where an error comes from",
    )
    parser = argparse.ArgumentParser(
        prog="autograder",
        description=_OVERVIEW,
        epilog=_EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=[common],
    )
    parser.set_defaults(course=None, debug=False)
    version = metadata.version("dltricks")
    parser.add_argument("--version", action="version", version=f"%(prog)s {version}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")

    def command(
        name: str, run: Callable[[argparse.Namespace], int], text: str, example: str
    ) -> argparse.ArgumentParser:
        made = commands.add_parser(
            name,
            help=text,
            description=text[0].upper() + text[1:] + ".",
            epilog=f"example:\n  autograder {example}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
            parents=[common],
        )
        made.set_defaults(run=run)
        return made

    def assignment(made: argparse.ArgumentParser, default: str = "") -> None:
        made.add_argument(
            "assignment",
            help="the chapter, such as 01_initialization",
            nargs="?" if default else None,
            default=default,
        )

    def students(made: argparse.ArgumentParser) -> None:
        made.add_argument(
            "--student",
            action="append",
            default=[],
            metavar="ID",
            help="only this student; may be given several times",
        )

    made = command(
        "build", _build, "build notebooks from a chapter's text", "build 01_initialization"
    )
    made.add_argument("chapter", nargs="*", help="which chapters; all if none is named")
    made.add_argument(
        "--check", action="store_true", help="write nothing; tell what differs from the text"
    )

    made = command(
        "release",
        _release,
        "release a chapter, so that it can be handed out and graded",
        "release 01_initialization",
    )
    assignment(made)
    made.add_argument(
        "--force", action="store_true", help="write over a released notebook that was edited"
    )

    made = command(
        "simulate",
        _simulate,
        "hand in notebooks for a class that does not exist",
        "simulate 01_initialization --students 30 --seed 0",
    )
    assignment(made)
    made.add_argument("--students", type=int, default=30, metavar="N", help="how many (30)")
    made.add_argument("--seed", type=int, default=0, help="another seed, another class (0)")
    made.add_argument(
        "--force", action="store_true", help="replace a class that was simulated before"
    )

    made = command(
        "grade", _grade, "grade what was handed in", "grade 01_initialization --student s001"
    )
    assignment(made)
    students(made)
    made.add_argument(
        "--workers", type=int, default=0, metavar="N", help="processes; else one a processor"
    )
    made.add_argument(
        "--regrade", action="store_true", help="grade again what has not changed, too"
    )
    made.add_argument(
        "--accept-new-secret",
        action="store_true",
        help="grade with another secret than before; needs --regrade",
    )

    made = command(
        "feedback", _feedback, "write a page of feedback for each student",
        "feedback 01_initialization",
    )  # fmt: skip
    assignment(made)
    students(made)

    made = command(
        "report", _report, "show how a class did, and write it as a page",
        "report 01_initialization --open",
    )  # fmt: skip
    assignment(made)
    made.add_argument("--open", action="store_true", help="open the page in a browser")

    made = command(
        "export", _export, "write grades for other programs",
        "export 01_initialization --to csv --output grades.csv",
    )  # fmt: skip
    assignment(made)
    made.add_argument("--to", choices=("csv",), default="csv", help="the form (csv)")
    made.add_argument("--output", type=Path, metavar="FILE", help="where to; else to the terminal")

    command("doctor", _doctor, "tell what is installed and what is missing", "doctor")

    made = command(
        "demo",
        _demo,
        "go the whole way with a simulated class, in a folder of its own",
        "demo --students 30",
    )
    assignment(made, default="01_initialization")
    made.add_argument("--students", type=int, default=30, metavar="N", help="how many (30)")
    made.add_argument("--seed", type=int, default=0, help="another seed, another class (0)")
    made.add_argument("--workers", type=int, default=0, metavar="N", help="processes")
    made.add_argument(
        "--folder", type=Path, default=Path("demo"), help="made anew each time (./demo)"
    )
    return parser


def _course(args: argparse.Namespace) -> Course:
    if args.course is not None and not args.course.is_dir():
        raise CourseError(f"{args.course}: there is no such folder; --course names the course's.")
    return Course.find(args.course)


def _asked(args: argparse.Namespace) -> tuple[Course, str]:
    """Give the course and the assignment, if there is such a one."""
    course = _course(args)
    known, asked = course.assignments(), args.assignment.rstrip("/")
    if asked not in known:
        close = difflib.get_close_matches(asked, known, n=1, cutoff=0.4)
        did_you_mean = f"; did you mean {close[0]}?" if close else ""
        raise CourseError(
            f"{course.source(asked)}: there is no such assignment (this course has: "
            f"{', '.join(known) or 'none'}){did_you_mean or '.'}"
        )
    return course, asked


def _console() -> Console:
    from rich.console import Console

    return Console(highlight=False)


def _build(args: argparse.Namespace) -> int:
    from autograder.building import build_chapters, check_chapters

    console, course = _console(), _course(args)
    with console.status("building") as status:
        # A cell's text is no markup.
        tell = lambda line: status.update(line.replace("[", r"\["))  # noqa: E731
        if not args.check:
            build_chapters(course, args.chapter, tell)
            drifts: Sequence[str] = ()
        else:
            drifts = check_chapters(course, args.chapter, tell)
    if not args.check:
        console.print(f"Built {', '.join(args.chapter or course.assignments())}.", markup=False)
        return 0
    for line in drifts:
        console.print(line, markup=False, soft_wrap=True)
    if not drifts:
        console.print("The notebooks are what the text says.")
    return 1 if drifts else 0


def _release(args: argparse.Namespace) -> int:
    from autograder.building import release
    from autograder.grading import gradebook, secret

    course, assignment = _asked(args)
    gradebook.require_writable(course)
    secret.require(course)
    path = release(course, assignment, args.force)
    print(f"Released: {path}")
    return 0


def _simulate(args: argparse.Namespace) -> int:
    from autograder.simulate import key_file, simulate

    course, assignment = _asked(args)
    with _progress("handing in", args.students) as wrote:
        simulate(
            course,
            assignment,
            args.students,
            args.seed,
            force=args.force,
            wrote=lambda student: wrote(student),
        )
    place = course.submission("<student>", assignment)
    print(f"{args.students} simulated students handed in: {place}")
    print(f"What each should get: {key_file(course, assignment).with_suffix('.csv')}")
    return 0


def _grade(args: argparse.Namespace) -> int:
    from autograder.grading.grade import grade_class
    from autograder.reports import terminal

    course, assignment = _asked(args)
    if args.accept_new_secret and (not args.regrade or args.student):
        raise CourseError(
            "--accept-new-secret: all must be graded with the same secret; give it with --regrade "
            "and without --student."
        )
    console = _console()
    with _watching(console) as watcher:
        results = grade_class(
            course,
            assignment,
            students=args.student,
            workers=args.workers,
            regrade=args.regrade,
            accept_new_secret=args.accept_new_secret,
            watcher=watcher,
        )
    console.print(terminal.graded(results))
    return _failures(results, course)


def _failures(results: Sequence[Result], course: Course) -> int:
    from autograder.grading.result import Verdict

    failed = sum(result.verdict is Verdict.GRADER_ERROR for result in results)
    if failed:
        _complain(
            f"{course.state / 'logs'}: the grader itself failed on {failed} of {len(results)} "
            "submissions, which have no grade; the logs tell why, and the same command tries again."
        )
    return 1 if failed else 0


def _feedback(args: argparse.Namespace) -> int:
    from autograder.reports import feedback

    course, assignment = _asked(args)
    pages = _with_feedback(course, assignment, args.student, feedback.write)
    print(f"Feedback for {len(pages)}: {course.feedback('<student>', assignment)}")
    return 0


def _with_feedback(
    course: Course, assignment: str, students: Sequence[str], write: Callable[..., list[Path]]
) -> list[Path]:
    with _progress("feedback") as wrote:
        return write(course, assignment, students, wrote)


def _report(args: argparse.Namespace) -> int:
    course, assignment = _asked(args)
    path = _reported(course, assignment)
    if args.open:
        import webbrowser

        webbrowser.open(path.as_uri())
    return 0


def _reported(course: Course, assignment: str) -> Path:
    from autograder.reports import page, terminal
    from autograder.reports.summary import summarize

    console, summary = _console(), summarize(course, assignment)
    path = page.write(course, summary)
    terminal.show(summary, console)
    console.print(f"\nThe page: {path}", soft_wrap=True)
    return path


def _export(args: argparse.Namespace) -> int:
    from autograder.files import write_whole
    from autograder.reports.export import to_csv

    course, assignment = _asked(args)
    text = to_csv(course, assignment)
    if args.output is None:
        sys.stdout.write(text)
    else:
        write_whole(args.output, text)
        print(f"Written: {args.output}")
    return 0


def _doctor(args: argparse.Namespace) -> int:
    from rich.table import Table
    from rich.text import Text

    from autograder import doctor

    course, why_none = None, ""
    try:
        course = _course(args)
    except CourseError as error:
        why_none = str(error)
    findings = doctor.examine(course, why_none)
    styles = {
        doctor.State.GOOD: ("✓", "green"),
        doctor.State.NOTE: ("•", "yellow"),
        doctor.State.MISSING: ("✗", "red"),
    }
    table = Table(box=None, show_header=False, padding=(0, 1))
    for finding in findings:
        told = Text(finding.found)
        if finding.remedy:
            told.append(f"; {finding.remedy}", style=styles[finding.state][1])
        table.add_row(Text(*styles[finding.state]), finding.thing, told)
    console = _console()
    console.print(table)
    missing = sum(finding.state is doctor.State.MISSING for finding in findings)
    if missing:
        console.print(Text(f"\n{missing} missing.", style="red"))
    return 1 if missing else 0


def _demo(args: argparse.Namespace) -> int:
    from autograder import demo
    from autograder.building import release
    from autograder.grading.grade import grade_class
    from autograder.reports import feedback
    from autograder.simulate import simulate

    if args.students < 1:
        raise CourseError(f"--students must be at least 1, not {args.students}.")
    original, assignment = _asked(args)
    console = _console()
    course = demo.make(original, args.folder, assignment)
    console.print(f"A course for the demo: {course.root}", soft_wrap=True)
    with console.status("releasing"):
        release(course, assignment)
    console.print("Released; a class is handing in, and is graded.")
    with _progress("handing in", args.students) as wrote:
        key = simulate(course, assignment, args.students, args.seed, wrote=lambda s: wrote(s))
    with _watching(console) as watcher:
        results = grade_class(course, assignment, workers=args.workers, watcher=watcher)
    _with_feedback(course, assignment, (), feedback.write)
    page = _reported(course, assignment)
    found = demo.compare(course, key, results)
    for line in found.differences:
        console.print(line, markup=False, style="red")
    console.print(
        f"\n{found.equal} of {found.students} scores equal the key; {found.named} of "
        f"{found.mistakes} mistakes were named.",
        style="bold green" if not found.differences else "bold red",
    )
    console.print(f"Feedback: {course.feedback('s001', assignment)}", soft_wrap=True)
    console.print(f"Report:   {page.as_uri()}", soft_wrap=True)
    return 1 if found.differences else 0


@contextmanager
def _progress(what: str, total: int | None = None) -> Iterator[Callable[..., None]]:
    """Show a bar; give what is called at each step, with the total where it is only known then."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    console = _console()
    hidden = not console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=hidden) as progress:
        bar = progress.add_task(what, total=total)

        def step(student: str, total: int | None = total) -> None:
            progress.update(bar, total=total, advance=1)

        yield step


@contextmanager
def _watching(console: Console) -> Iterator[Watcher]:
    """Show how a grading goes: a bar, verdicts so far, and a line for each who needs a person."""
    from collections import Counter

    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        ProgressColumn,
        Task,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.text import Text

    from autograder.grading.grade import Watcher
    from autograder.reports.terminal import plain

    class Rate(ProgressColumn):
        """Submissions a minute."""

        def render(self, task: Task) -> Text:
            return Text(f"{60 * task.speed:.0f}/min" if task.speed else "", style="cyan")

    columns = (
        TextColumn("grading"), BarColumn(), MofNCompleteColumn(), Rate(), TimeRemainingColumn(),
        TextColumn("{task.fields[counts]}"),
    )  # fmt: skip
    hidden = not console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=hidden) as progress:
        bar: list[Any] = []
        counts: Counter[str] = Counter()
        total = 0

        class Shown(Watcher):
            def say(self, message: str) -> None:
                progress.console.print(message, markup=False)

            def start(self, todo: int, unchanged: int) -> None:
                nonlocal total
                total = todo
                if unchanged:
                    self.say(f"{unchanged} have not changed since they were graded.")
                if todo:
                    bar.append(progress.add_task("", total=todo, counts=""))

            def result(self, result: Result) -> None:
                counts[result.verdict.words] += 1
                told = ", ".join(f"{n} {words}" for words, n in counts.most_common())
                progress.update(bar[0], advance=1, counts=told)
                if hidden and counts.total() % 10 == 0:
                    self.say(f"{counts.total()} of {total}: {told}")
                if result.needs_person:
                    self.say(f"{plain(result.student)}: {plain('; '.join(result.needs_person))}")

        yield Shown()


if __name__ == "__main__":
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    sys.exit(main())
