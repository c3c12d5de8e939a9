"""The probes that exercises are made of: by value, by exception, by distribution."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autograder.checking import laws
from autograder.checking.compare import Tolerance, difference
from autograder.checking.exercise import Exercise, Finding, Probe
from autograder.checking.outcome import Outcome, Subject, as_array, duplicate, where


@dataclass(frozen=True)
class Case:
    """Arguments with which a function is tried, and what they stand for."""

    label: str
    args: tuple[Any, ...]
    options: Mapping[str, Any] = field(default_factory=dict)
    is_single: bool = False

    def single(self) -> Case:
        """Give the same case with all float64 arrays as float32."""
        options = {key: _single(value) for key, value in self.options.items()}
        return Case(self.label + ", float32", tuple(map(_single, self.args)), options, True)


def _single(value: Any) -> Any:
    if isinstance(value, np.ndarray) and value.dtype == np.float64:
        return value.astype(np.float32)
    if type(value) in (list, tuple):
        return type(value)(map(_single, value))
    return value


Cases = Callable[[np.random.Generator], Iterable[Case]]
Run = Callable[[Subject, Case], Outcome]


def direct(subject: Subject, case: Case) -> Outcome:
    """Call the function once with the case's arguments."""
    return subject.call(*map(duplicate, case.args), **case.options)


def misbehaviour(
    outcome: Outcome, subject: Subject, case: str, silent: bool = False
) -> Finding | None:
    """Look at how a call went, whatever it returned: refused, blank, failed, or changed things."""
    error = outcome.error
    if outcome.used_reference:
        return Finding(
            "refused",
            "it calls the course's own solution, which does not answer while a check runs",
            case,
            hint="Write the function yourself: the check compares it with that solution.",
        )
    if isinstance(error, NotImplementedError):
        return Finding("blank", "not started: the function still raises NotImplementedError", case)
    if error is not None:
        text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        return Finding("error", f"it raised {text}{where(error, subject.function)}", case)
    if outcome.changed is not None:
        return Finding(
            "side effect",
            f"it changed {outcome.changed}, which belongs to the caller",
            case,
            hint="Make a new array instead of changing the one that was given (no `+=`, `*=`, or "
            "assignment to entries of an argument).",
        )
    if silent and outcome.warnings:
        return Finding("warning", f"it gave a warning: {outcome.warnings[0]}", case)
    return None


@dataclass
class Values(Probe):
    """The function returns what the reference returns.

    cases : draws the cases.
    run : how a case is tried; one call by default, or a whole course of calls.
    silent : whether a warning (an overflow, say) makes the answer wrong.
    """

    cases: Cases
    tested: str
    run: Run = direct
    tolerance: Tolerance = field(default_factory=Tolerance)
    silent: bool = False

    def examine(
        self, subject: Subject, exercise: Exercise, draw: np.random.Generator
    ) -> Finding | None:
        """Find the first case on which the answer differs from the reference."""
        for case in self.cases(draw):
            outcome = self.run(subject, case)
            if finding := misbehaviour(outcome, subject, case.label, self.silent):
                return finding
            expected = self.run(Subject(exercise.reference), case).value
            if differs := difference(expected, outcome.value, self._tolerance(case)):
                return Finding(differs.kind, differs.message, case.label)
        return None

    def _tolerance(self, case: Case) -> Tolerance:
        return self.tolerance.for_single() if case.is_single else self.tolerance

    def alike(self, a: Subject, b: Subject, exercise: Exercise, draw: np.random.Generator) -> bool:
        """Compare the outcomes of two answers, errors and side effects among them."""
        return all(
            same_outcome(self.run(a, case), self.run(b, case), self._tolerance(case))
            for case in self.cases(draw)
        )


def same_outcome(a: Outcome, b: Outcome, tolerance: Tolerance) -> bool:
    """Tell whether two calls ended the same way."""
    if a.error is not None or b.error is not None:
        return type(a.error) is type(b.error)
    if (a.changed is None) != (b.changed is None):
        return False
    return difference(b.value, a.value, tolerance) is None


@dataclass
class Raises(Probe):
    """The function raises ValueError, whatever its text."""

    cases: Cases
    tested: str

    def examine(
        self, subject: Subject, exercise: Exercise, draw: np.random.Generator
    ) -> Finding | None:
        """Find the first case on which the answer does not raise ValueError."""
        for case in self.cases(draw):
            outcome = direct(subject, case)
            if isinstance(outcome.error, ValueError):
                continue
            if outcome.error is None:
                return Finding("raises", "it must raise ValueError here, and returns", case.label)
            if found := misbehaviour(outcome, subject, case.label):
                if found.kind == "error":
                    raised = type(outcome.error).__name__
                    message = f"it must raise ValueError here, not {raised}"
                    return Finding("raises", message, case.label)
                return found
        return None

    def alike(self, a: Subject, b: Subject, exercise: Exercise, draw: np.random.Generator) -> bool:
        """Compare the outcomes of two answers."""
        return all(
            same_outcome(direct(a, case), direct(b, case), Tolerance()) for case in self.cases(draw)
        )


#: What randomness can be wrong with, whatever the exercise.
SYMPTOMS = {
    "other_randomness": "Two generators in the same state gave different numbers. Draw only from "
    "the argument `rng` (`rng.normal(...)`), never from `np.random` or a generator of your own.",
    "seeded_inside": "Two different generators gave the same numbers. Is a seed set inside the "
    "function? Then every layer starts with the same weights. Draw from the argument `rng`.",
    "repeats_itself": "Called twice with one generator, it gave the same numbers twice, so all "
    "layers would start equal. Draw from `rng` itself, not from a copy.",
}


def randomness_finding(subject: Subject, args: Sequence[Any], label: str) -> Finding | None:
    """Check that all randomness comes from the argument rng, and that it is used up."""

    def value(*generators: np.random.Generator) -> list[np.ndarray]:
        return [as_array(subject.call(*args, rng).value) for rng in generators]

    def finding(symptom: str) -> Finding:
        message, _, hint = SYMPTOMS[symptom].partition(". ")
        return Finding("randomness", message, label, symptom, hint)

    first, again, other = value(*map(np.random.default_rng, (7, 7, 8)))
    if not np.array_equal(first, again):
        return finding("other_randomness")
    if np.array_equal(first, other):
        return finding("seeded_inside")
    rng = np.random.default_rng(9)
    once, twice = value(rng, rng)
    if np.array_equal(once, twice):
        return finding("repeats_itself")
    return None


def matrix_finding(
    outcome: Outcome, subject: Subject, shape: tuple[int, int], label: str
) -> Finding | None:
    """Check that a call gave a finite float64 matrix of the right shape."""
    finding = misbehaviour(outcome, subject, label)
    if finding is None and (differs := difference(np.zeros(shape), outcome.value, _ANY)):
        finding = Finding(differs.kind, differs.message, label)
    return finding


_ANY = Tolerance(floor=math.inf)  # compares all but the values, and refuses what is not finite

_LARGE = ((700, 300), (300, 700))
_SMALL = (5, 3)


@dataclass
class IidEntries(Probe):
    """A random matrix with independent entries of a given law.

    law : the law of the entries, from fan_in, fan_out and the options.
    options : further keyword arguments to try; the first ones on every shape.
    """

    law: Callable[..., laws.Law]
    tested: str
    options: Sequence[Mapping[str, Any]] = ({},)
    repeats: int = 60

    def _shapes(self, draw: np.random.Generator) -> list[tuple[str, int, int, Mapping[str, Any]]]:
        """The given wide and narrow layers first; a secret seed varies them."""
        stretch = draw.uniform(0.9, 1.1)
        plain = [
            (f"a {'narrowing' if n > m else 'widening'} layer", n, m, self.options[0])
            for n, m in ((round(n * stretch), round(m / stretch)) for n, m in _LARGE)
        ]
        n, m = plain[0][1:3]
        return plain + [(f"with {_options(o)}", n, m, o) for o in self.options[1:]]

    def examine(
        self, subject: Subject, exercise: Exercise, draw: np.random.Generator
    ) -> Finding | None:
        """Test shape, source of randomness, then the law of large and of small matrices."""
        n, m = _SMALL
        label = f"fan_in={n}, fan_out={m}"
        first = subject.call(n, m, np.random.default_rng(0), **self.options[0])
        finding = matrix_finding(first, subject, (n, m), label) or randomness_finding(
            subject, (n, m), label
        )
        if finding:
            return finding
        for name, n, m, options in self._shapes(draw):
            label = f"{name}, fan_in={n}, fan_out={m}"
            outcome = subject.call(n, m, draw, **options)
            if finding := matrix_finding(outcome, subject, (n, m), label):
                return finding
            sample, law = as_array(outcome.value), self.law(n, m, **options)
            tests = (laws.marginal_deviations, laws.dependence_deviations)
            for deviation in (d for test in tests for d in test(sample, law)):
                return Finding("law", deviation.message, label)
        return self._small_layers(subject, draw)

    def _small_layers(self, subject: Subject, draw: np.random.Generator) -> Finding | None:
        """Many small matrices: are they independent, and is none fitted to its law?"""
        n, m = _SMALL
        label = f"{self.repeats} layers, fan_in={n}, fan_out={m}"
        outcomes = [subject.call(n, m, draw, **self.options[0]) for _ in range(self.repeats)]
        for outcome in outcomes:
            if finding := matrix_finding(outcome, subject, (n, m), label):
                return finding
        flat = np.array([as_array(outcome.value).ravel() for outcome in outcomes])
        law = self.law(n, m, **self.options[0])
        for deviation in laws.dependence_deviations(flat, law):
            return Finding("law", deviation.message, label)
        if flat.mean(axis=1).std() < 0.3 * law.std / math.sqrt(n * m):
            return Finding("law", "the sample was shifted to have mean 0 exactly", label)
        if (flat**2).mean(axis=1).std() < 0.3 * law.std**2 * math.sqrt(
            (law.kurtosis - 1) / (n * m)
        ):
            return Finding("law", "the sample was scaled to have its variance exactly", label)
        return None

    def alike(self, a: Subject, b: Subject, exercise: Exercise, draw: np.random.Generator) -> bool:
        """Compare how two answers' entries are distributed."""
        seeds = draw.spawn(1)[0].bit_generator.random_raw(len(_LARGE) + len(self.options))
        for seed, (_, n, m, options) in zip(seeds, self._shapes(draw), strict=False):
            one, two = (s.call(n, m, np.random.default_rng(seed), **options) for s in (a, b))
            if one.error is not None or two.error is not None:
                if type(one.error) is not type(two.error):
                    return False
            elif not laws.alike_samples(one.value, two.value):
                return False
        return True


def _options(options: Mapping[str, Any]) -> str:
    return ", ".join(f"{key}={value!r}" for key, value in options.items())
