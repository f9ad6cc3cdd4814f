"""When a point has run enough samples: a number of them, an interval that is narrow enough, or a decided question."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from .. import checks

Reason = Literal["all", "samples", "width", "above", "below", "unfinished"]
"""Why a point has ended: all samples are run, as many as wanted, the interval is narrow, or a threshold is decided; or
that it has not."""


@dataclass(frozen=True)
class StopWhen:
    """A point of a sweep stops as soon as one of these holds; it is asked behind every block of samples.

    Parameters
    ----------
    samples
        So many samples are run; None: all of them.
    width
        The accuracy on *all* held-out samples is known to within an interval of this width, in (0, 1), see
        `sequence_interval`. None: not asked.
    threshold
        It is decided whether the accuracy on all held-out samples is at least this, in (0, 1]. None: not asked.
    error
        Probability of a wrong answer, in (0, 0.5]: that the interval misses the accuracy at any time, and so that the
        threshold is decided wrongly.

    Raises
    ------
    ValueError, TypeError
        If an argument is outside its range, or nothing is asked.

    Notes
    -----
    The samples run so far are a random part of all, drawn without replacement. Whether k of all n samples are right is
    tested at once for every k, by a martingale that may be looked at after every sample: see `sequence_interval`. All
    numbers are compared as integers, so that every machine stops at the same sample.

    Examples
    --------
    >>> rule = StopWhen(threshold=0.9, error=0.01)
    >>> rule.reason(correct=195, run=200, total=1000), rule.reason(correct=180, run=200, total=1000)
    ('above', None)
    """

    samples: int | None = None
    width: float | None = None
    threshold: float | None = None
    error: float = 0.01

    def __post_init__(self) -> None:
        if self.samples is not None:
            object.__setattr__(self, "samples", checks.whole("samples", self.samples, 1))
        for name in ("width", "threshold"):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, _share(name, getattr(self, name), 1.0))
        object.__setattr__(self, "error", _share("error", self.error, 0.5))
        if self.samples is self.width is self.threshold is None:
            raise ValueError("a rule must have samples, width or threshold, got none of them")

    def reason(self, correct: int, run: int, total: int) -> Reason | None:
        """Why a point stops behind `run` of `total` samples, of which `correct` are right; None: it goes on."""
        if run == total:
            return "all"
        if self.threshold is not None:
            wanted = _least(self.threshold, total)
            if not _possible(wanted - 1, correct, run, total, self.error) and wanted - 1 < _likeliest(
                correct, run, total
            ):
                return "above"
            if not _possible(wanted, correct, run, total, self.error) and wanted > _likeliest(correct, run, total):
                return "below"
        if self.width is not None:
            low, high = sequence_interval(correct, run, total, self.error)
            if high - low <= self.width:
                return "width"
        return "samples" if self.samples is not None and run >= self.samples else None

    def ends(self, size: int, total: int) -> list[int]:
        """Where the blocks of a point of `total` samples end: every `size`, and where it has as many as wanted."""
        last = total if self.samples is None else min(self.samples, total)
        return [*range(size, last, size), last]


def sequence_interval(correct: int, run: int, total: int, error: float = 0.05) -> tuple[float, float]:
    """Interval of the accuracy on all samples from a random part of them, which may be asked at any time.

    Parameters
    ----------
    correct
        Right answers among the samples that are run, 0..run.
    run
        Samples that are run, 1..total.
    total
        All samples.
    error
        Probability, in (0, 0.5], that one of all the intervals from the first sample to the last misses the accuracy.

    Returns
    -------
    low, high
        Ends of the interval; both are ``correct / total`` when all samples are run.

    Raises
    ------
    ValueError, TypeError
        If an argument is outside its range.

    Notes
    -----
    Where k of all N samples are right, the ratio of the prior to the posterior probability of k, with s of t samples
    found right and every k of 0..N as likely before,

    ::

        R = C(N + 1, t + 1) / ((N + 1) C(k, s) C(N - k, t - s))

    is a martingale that starts at 1, so that it ever reaches 1 / error with a probability of at most `error`. The
    interval holds all k whose R is below. C are binomial coefficients, whole numbers, which are compared
    as such where their logarithms are close.

    References
    ----------
    I. Waudby-Smith, A. Ramdas, "Confidence sequences for sampling without replacement", NeurIPS 33, 2020,
    https://doi.org/10.48550/arXiv.2006.04347. J. Ville, "Etude critique de la notion de collectif", 1939.

    Examples
    --------
    >>> sequence_interval(95, 100, 540, 0.01)
    (0.8333333333333334, 0.9907407407407407)
    >>> sequence_interval(513, 540, 540, 0.01)
    (0.95, 0.95)
    """
    total = checks.whole("total", total, 1)
    run = checks.whole("run", run, 1, total)
    correct = checks.whole("correct", correct, 0, run)
    error = _share("error", error, 0.5)
    middle = _likeliest(correct, run, total)
    low = _first(lambda k: _possible(k, correct, run, total, error), correct, middle)
    high = _first(lambda k: not _possible(k, correct, run, total, error), middle, total - (run - correct) + 1) - 1
    return low / total, high / total


def _least(threshold: float, total: int) -> int:
    """The least number of right answers of `total` whose share, as a number in floating point, is the threshold."""
    return next(k for k in range(max(math.ceil(threshold * total) - 2, 0), total + 1) if k / total >= threshold)


def _share(name: str, value: float, high: float) -> float:
    found = checks.real(name, value, 0.0, high)
    if found == 0:
        raise ValueError(f"{name} must be above 0, got {value}")
    return found


def _possible(right: int, correct: int, run: int, total: int, error: float) -> bool:
    """Whether the martingale of `right` right answers among all is below 1 / error."""
    wrong = run - correct
    if not correct <= right <= total - wrong:
        return False
    all_ways, ways = (total + 1, run + 1), ((right, correct), (total - right, wrong))
    log_ratio = _log_ways(*all_ways) - math.log(total + 1) - sum(_log_ways(*pair) for pair in ways)
    if abs(log_ratio + math.log(error)) > _CLOSE:
        return log_ratio < -math.log(error)
    level = Fraction(error)
    left = math.comb(*all_ways) * level.numerator
    return left < (total + 1) * math.prod(math.comb(*pair) for pair in ways) * level.denominator


_CLOSE = 1e-3
"""Logarithms of up to 10**8 that differ by less may be equal but for rounding: then whole numbers are compared."""


def _log_ways(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def _likeliest(correct: int, run: int, total: int) -> int:
    """The number of right answers among all that is likeliest; on both sides of it, possible ones are next to it."""
    return min(max(correct * (total + 1) // run, correct), total - (run - correct))


def _first(holds: Callable[[int], bool], low: int, high: int) -> int:
    """The first number of low..high from which on something holds, `high` if it does not hold below."""
    while low < high:
        middle = (low + high) // 2
        if holds(middle):
            high = middle
        else:
            low = middle + 1
    return low
