"""The test on held-out samples: circuits in turn, from the costliest on, until one is not shown to be near enough."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ..evaluation import paired_interval
from ..evaluation.blocks import BlockRow, BlockTask, joined, sample_order
from ..evaluation.classification import Classification
from .candidates import Candidate

FIRST_BLOCK = 64
"""Samples of the first block; the samples that are run double from block to block."""
Verdict = Literal["within", "not shown", "not tested"]
"""Shown to be within the margin; tested and not shown; behind the first one that was not shown."""


@dataclass(frozen=True)
class Tested:
    """A circuit on the held-out samples.

    Parameters
    ----------
    candidate
        The circuit.
    verdict
        What was found.
    images
        Samples that were run.
    total
        Samples of the test.
    worse, better
        Samples that only the circuit gets wrong, and only the float network.
    high
        Upper end of the one-sided interval of its error rate minus that of the float network, a share, by the samples
        that were run.
    row
        Counts of the samples that were run.
    """

    candidate: Candidate
    verdict: Verdict
    images: int
    total: int
    worse: int
    better: int
    high: float
    row: BlockRow = field(compare=False, repr=False)

    @property
    def below_float(self) -> float:
        """Share of the samples that were run by which its accuracy is below that of the float network."""
        return (self.worse - self.better) / self.images


def upper_end(worse: float, better: float, total: int, confidence: float) -> float:
    """Upper end of the one-sided interval of the difference of two error rates over the same samples.

    Parameters
    ----------
    worse, better
        Samples that only the first gets wrong, and only the second.
    total
        Number of samples.
    confidence
        Probability that such intervals hold the true difference, in [0.5, 1).

    Notes
    -----
    The upper end of Tango's two-sided interval of confidence ``2 confidence - 1``: see `paired_interval`.

    Examples
    --------
    >>> round(upper_end(3, 0, 540, 0.95), 5)
    0.01382
    """
    return paired_interval(worse, better, total, 2 * confidence - 1)[1]


def samples_needed(worse: float, better: float, total: int, within: float, confidence: float) -> int | None:
    """Samples with which a circuit with the same rates would be shown to be within the margin; None: with none.

    >>> [samples_needed(worse, better, 540, 0.01, 0.95) for worse, better in ((0, 0), (4, 1), (9, 0))]
    [268, 1731, None]
    """
    if (worse - better) / total >= within:
        return None
    low, high = 1, total
    while upper_end(worse * high / total, better * high / total, high, confidence) >= within:
        low, high = high, 2 * high
        if high > 10**9:
            return None
    while low < high:
        middle = (low + high) // 2
        if upper_end(worse * middle / total, better * middle / total, middle, confidence) < within:
            high = middle
        else:
            low = middle + 1
    return high


class Trial:
    """Runs circuits on the samples of the test, in blocks, as far as the outcome is open.

    Parameters
    ----------
    subject
        The held-out samples, and what the float network makes of them.
    start
        The test takes the samples from this place of `sample_order` on.
    within
        Margin, a share.
    confidence
        Of the one-sided interval.
    """

    def __init__(self, subject: Classification, start: int, within: float, confidence: float) -> None:
        self.start, self.total = start, len(subject.true_classes)
        self._within, self._confidence = within, confidence
        wrong = subject.float_classes != subject.true_classes
        self._float_wrong: NDArray[np.bool_] = wrong[sample_order(self.total)]

    def blocks(self, candidate: Candidate) -> list[BlockTask]:
        """The blocks of a circuit that the test may run."""
        ends = [self.start]
        size = FIRST_BLOCK
        while ends[-1] < self.total:
            ends.append(min(self.start + size, self.total))
            size *= 2
        return [BlockTask.of_task(candidate.task, start, stop, self.total) for start, stop in pairwise(ends)]

    def run(self, candidate: Candidate, open_: bool, measure: Callable[[BlockTask], BlockRow]) -> Tested:
        """Test a circuit.

        Parameters
        ----------
        candidate
            The circuit.
        open_
            Whether all circuits before it were shown to be within the margin.
        measure
            Runs a block.

        Notes
        -----
        The test is stopped as soon as the circuit would fail even if it got all samples right that are left: this
        changes no decision (curtailed sampling).
        """
        rows: list[BlockRow] = []
        n = self.total - self.start
        for block in self.blocks(candidate):
            rows.append(measure(block))
            row = joined(rows)
            worse, better = _only(row)
            left = int(self._float_wrong[row.task.stop :].sum())
            least = upper_end(worse, min(better + left, n - worse), n, self._confidence)
            if least >= self._within:
                break
        passed = row.task.stop == self.total and least < self._within
        verdict: Verdict = "not tested" if not open_ else "within" if passed else "not shown"
        high = upper_end(worse, better, row.images, self._confidence)
        return Tested(candidate, verdict, row.images, n, worse, better, high, row)


def _only(row: BlockRow) -> tuple[int, int]:
    """Samples that only the circuit got wrong, and only the float network."""
    assert row.wrong is not None
    assert row.float_wrong is not None
    wrong, float_wrong = row.wrong.mask(), row.float_wrong.mask()
    return int((wrong & ~float_wrong).sum()), int((float_wrong & ~wrong).sum())


def in_sequence(
    trial: Trial,
    nominees: Sequence[Candidate],
    measure: Callable[[BlockTask], BlockRow],
    ended: Callable[[Tested], None] = lambda found: None,
) -> list[Tested]:
    """Test circuits in a fixed sequence, each at the full level, and claim nothing behind the first that fails.

    Parameters
    ----------
    trial
        Runs a circuit.
    nominees
        Circuits in an order that the samples of the test had no part in.
    measure
        Runs a block.
    ended
        Called after every circuit.

    Notes
    -----
    The probability that any circuit is said to be within the margin that is not is at most 1 - confidence, however
    many circuits there are: for a false claim, the first circuit in the sequence that is not within the margin must
    pass its test. No correction for the number of circuits is needed.

    References
    ----------
    W. Maurer, L. A. Hothorn, W. Lehmacher, "Multiple comparisons in drug clinical trials and preclinical assays:
    a-priori ordered hypotheses", Biometrie in der chemisch-pharmazeutischen Industrie 6, 1995. J. C. Hsu, R. L. Berger,
    "Stepwise confidence intervals without multiplicity adjustment for dose-response and toxicity studies", JASA
    94(446), 1999, https://doi.org/10.1080/01621459.1999.10474141. B. Laufer-Goldshtein et al.,
    "Efficiently controlling multiple risks with Pareto testing", ICLR 2023, https://arxiv.org/abs/2210.07913.
    """
    found: list[Tested] = []
    for candidate in nominees:
        so_far = all(each.verdict == "within" for each in found)
        found.append(trial.run(candidate, so_far, measure))
        ended(found[-1])
    return found


def never_enough(total: int, within: float, confidence: float) -> int | None:
    """Samples that are needed to show anything, if `total` are too few even for a circuit that never differs."""
    needed = samples_needed(0, 0, total, within, confidence) if within > 0 else math.inf
    return None if needed is None or needed <= total else int(min(needed, 10**9))
