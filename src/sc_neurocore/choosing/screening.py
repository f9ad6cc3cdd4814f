"""The first look: which circuit of each level of cost decides most as the float network does, by successive halving."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ..evaluation.calibrated import CalibratedNetworks
from ..layers.options import CircuitOptions
from ..networks import Network
from ..networks.calibrating.lengths import shared_lengths
from ..networks.calibrating.samples import Judge
from .candidates import OBJECTIVES, Candidate, with_lengths

Floats = NDArray[np.float64]
FIRST, MOST = 64, 2000
"""Samples of the first round, which double from round to round, and samples at most."""
CALIBRATED = 64
"""Longest streams that are calibrated: what a calibration wins is lost in the noise of longer ones."""
FINALISTS = 2
"""Circuits of a level that are calibrated."""
Tell = Callable[[str, int, int], None]
"""Called as ``tell(label, circuits, samples)``: circuits that are left, samples of the round."""


@dataclass(frozen=True)
class Screened:
    """How near a circuit comes to the float network.

    Parameters
    ----------
    candidate
        The circuit.
    loss
        Mean difference of its marks from those of the float network, 0..1: see `Screen`.
    samples
        Samples that it was judged by.
    """

    candidate: Candidate
    loss: float
    samples: int


class Screen:
    """Judges circuits by samples without labels, and picks one of each level of cost.

    The mark of a sample says how surely a circuit decides as the float network does, see `Judge`: a number in 0..1, so
    that few samples tell more than a count of decisions would. The loss of a circuit is the mean of the differences
    between its marks and those of the float network itself.

    Parameters
    ----------
    network
        In floating point.
    x
        Samples ``(n, n_inputs)`` that circuits are judged by, in random order; none of them is one that they are
        calibrated on.
    calibrated
        Calibrates circuits; None: none is.
    fit
        What it calibrates on.
    digest
        Of these samples, as tasks name them.
    backend
        What computes.
    """

    def __init__(
        self,
        network: Network,
        x: Floats,
        calibrated: CalibratedNetworks | None,
        fit: Floats,
        digest: str,
        backend: str | None = None,
    ) -> None:
        self._network, self._x = network, x[:MOST]
        outputs = network.float_forward(self._x)
        self._judge = Judge(network, outputs)
        self._own = self._judge.marks(outputs, len(network.layers) - 1, {})
        self._calibrated, self._samples, self._digest, self._backend = calibrated, fit, digest, backend
        self.screened: dict[str, Screened] = {}
        """All circuits that were judged, by the ids of their tasks, as they were judged last."""

    def nominees(self, candidates: Sequence[Candidate], objective: str, per_layer: bool, tell: Tell) -> list[Screened]:
        """The best circuit of each level of cost, the costliest first.

        Parameters
        ----------
        candidates
            Circuits as they are mapped.
        objective
            Decides what costs about the same.
        per_layer
            Whether circuits with a length for each layer are tried between the levels.
        tell
            Called before every step.

        Notes
        -----
        Within a level: half of the circuits is left behind after a round, and the others go on with twice as many
        samples; the last `FINALISTS` are calibrated, if their streams have `CALIBRATED` cycles at most.

        References
        ----------
        Z. Karnin, T. Koren, O. Somekh, "Almost optimal exploration in multi-armed bandits", ICML 2013,
        https://proceedings.mlr.press/v28/karnin13.html. K. Jamieson, A. Talwalkar, "Non-stochastic best arm
        identification and hyperparameter optimization", AISTATS 2016, https://proceedings.mlr.press/v51/jamieson16.html.
        """
        finalists = self._halved(_by_level(candidates, objective), tell)
        left, best = sum(map(len, finalists.values())), dict[int, Screened]()
        for level, few in finalists.items():
            best[level] = self._best(few, left, tell)
            left -= len(few) - 1
        if per_layer and len(self._network.stream_nodes) > 1:
            between = self._between(best, tell)
            for level, more in _by_level(between, objective).items():
                found = self._best(more, left + len(more), tell)
                if level not in best or found.loss < best[level].loss:
                    best[level] = found
        return [best[level] for level in sorted(best, reverse=True)]

    def _halved(self, levels: dict[int, list[Candidate]], tell: Tell) -> dict[int, list[Candidate]]:
        """The last few circuits of each level, as mapped."""
        samples = min(FIRST, len(self._x))
        while True:
            left = sum(map(len, levels.values()))
            for level, candidates in levels.items():
                if len(candidates) > FINALISTS or samples == len(self._x):
                    for each in candidates:
                        tell(each.circuit, left, samples)
                        self._judged(each, self._network, samples)
                    ranked = sorted(candidates, key=lambda each: self.screened[each.task.id].loss)
                    levels[level] = ranked[: max(FINALISTS, len(ranked) // 2)]
            if samples == len(self._x):
                return {level: ranked[:FINALISTS] for level, ranked in levels.items()}
            samples = min(2 * samples, len(self._x))

    def _best(self, candidates: Sequence[Candidate], left: int, tell: Tell) -> Screened:
        """The best of a few circuits, as mapped or calibrated, by all samples; so many are left of all."""
        found = []
        for each in candidates:
            tell(each.circuit, left, len(self._x))
            found.append(self._judged(each, self._network, len(self._x)))
            if self._calibrated is not None and np.max(each.task.length) <= CALIBRATED:
                task = replace(each.task, calibration=self._digest)
                tell(f"calibrating {each.circuit}", left, len(self._samples))
                network = self._calibrated.network(task)
                found.append(self._judged(replace(each, task=task), network, len(self._x)))
        return min(found, key=lambda each: each.loss)

    def _judged(self, candidate: Candidate, network: Network, samples: int) -> Screened:
        known = self.screened.get(candidate.task.id)
        if known is None or known.samples < samples:
            circuit = network.circuit(**candidate.task.options(self._backend).keywords())
            outputs = np.asarray(circuit.forward(self._x[:samples]))
            marks = self._judge.marks(outputs, len(network.layers) - 1, {})
            loss = float(np.abs(marks - self._own[:samples]).mean())
            known = self.screened[candidate.task.id] = Screened(candidate, loss, samples)
        return known

    def _between(self, best: dict[int, Screened], tell: Tell) -> list[Candidate]:
        """Circuits between the levels, with a length for each layer: cycles are shared out where they count most."""
        uniform = sorted({each.candidate.cost.cycles: each for each in best.values()}.items())
        found: dict[str, Candidate] = {}
        layers = len(self._network.stream_nodes)
        for (fewer, cheap), (more, _) in pairwise(uniform):
            task = cheap.candidate.task
            budget = round(math.sqrt(fewer * more))
            if budget > layers * CALIBRATED or isinstance(task.length, tuple):
                continue
            tell(f"lengths of layers, {budget} cycles", len(uniform), len(self._samples))
            options = partial(_of_lengths, task.options())
            lengths = shared_lengths(self._network, self._samples, budget, options, 0)
            if len(set(lengths)) > 1:
                each = with_lengths(self._network, cheap.candidate, lengths)
                found[each.task.id] = each
        return list(found.values())


def front(nominees: Sequence[Screened], objective: str) -> list[Screened]:
    """Circuits than which no cheaper one is nearer to float, the costliest first: the Pareto front."""
    found: list[Screened] = []
    for each in sorted(nominees, key=lambda each: OBJECTIVES[objective](each.candidate.cost)):
        if not found or each.loss < found[-1].loss:
            found.append(each)
    return found[::-1]


def _of_lengths(options: CircuitOptions, lengths: tuple[int, ...]) -> CircuitOptions:
    return replace(options, length=lengths)


def _by_level(candidates: Sequence[Candidate], objective: str) -> dict[int, list[Candidate]]:
    levels: dict[int, list[Candidate]] = {}
    for each in candidates:
        levels.setdefault(each.level(objective), []).append(each)
    return levels
