"""Samples of a calibration: a part to fit numbers to, and a held part that all choices are made on."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...backends import choose
from ..activations import Floats
from ..decisions import threshold
from ..definition import NetworkDefinition, in_batches
from ..graph import INPUT

FIT, HELD = 3000, 6000
"""Samples of the two parts at most."""
FIRST = 600
"""So many of each part at most are looked at first: what is clearly worse is left there."""
WORK = 6e8
"""Products of all held samples at most, in all layers: larger networks are judged by fewer samples."""
FIRST_WORK = WORK / 9
"""The same of the samples that are looked at first."""
FEWEST = 100
"""Samples at least, whatever the network's size: of the held ones, and of those that are looked at first."""
SOFT = 0.05
"""Width of the border between two decisions, in units of the median margin."""
VALUES = 1 << 24
"""Numbers at most of all held samples behind a layer."""


class Parts(NamedTuple):
    """Samples to fit to, and held ones to choose by: ``(N, ...)`` each."""

    fit: Floats
    held: Floats


class Samples:
    """Samples on their way through a network, layer by layer: outputs that later layers take are held.

    Parameters
    ----------
    network
        The network.
    parts
        Its inputs ``(N, *shape)``.
    """

    def __init__(self, network: NetworkDefinition, parts: Parts) -> None:
        self._network, self.parts = network, parts
        self._held: tuple[dict[int, Floats], ...] = tuple({INPUT: part} for part in parts)
        self.place = 0
        """Number of the layer that they enter next."""

    def enter(self, place: int) -> None:
        """Go on in floating point until they are the inputs of layer number `place`, joined."""
        while True:
            wire = self._network.wires[self.place]
            if wire.joins:
                self.parts = Parts(*map(wire.inputs, self._held))
            if self.place == place:
                return
            self.leave(self.through())

    def through(self) -> Parts:
        """Their outputs, in floating point, of the layer that they have entered."""
        layer = self._network.layers[self.place]
        shape = self._network.wires[self.place].shape
        return Parts(*(in_batches(layer, part.reshape(len(part), *shape)) for part in self.parts))

    def leave(self, outputs: Parts) -> None:
        """Go on behind the layer that they have entered, which gives these outputs."""
        if self._network.wires[self.place].kept:
            for held, part in zip(self._held, outputs, strict=True):
                held[self.place] = part
        self.parts = outputs
        self.place += 1

    @property
    def held(self) -> dict[int, Floats]:
        """Outputs of earlier layers for the held samples, by number."""
        return self._held[1]


def split(network: NetworkDefinition, x: Floats, seed: int) -> Parts:
    """Two parts of the samples `x` ``(N, n_inputs)``, drawn by `seed`: as many as the network's size allows."""
    shapes = network.shapes()
    held = int(min(HELD, WORK // products(network), VALUES // max(map(math.prod, shapes))))
    held = max(1, min(max(held, FEWEST), 2 * len(x) // 3))
    fit = max(1, min(FIT, held // 2, len(x) - held))
    drawn = np.random.Generator(np.random.PCG64(seed)).permutation(len(x))[: fit + held]
    values = x[drawn].reshape(-1, *shapes[0])
    return Parts(values[:fit], values[fit:] if len(drawn) > fit else values)


def products(network: NetworkDefinition) -> int:
    """Products of one sample in all layers, at least 1."""
    shapes = zip(network.layers, network.input_shapes(), strict=True)
    return max(1, sum(layer.cost(shape, 1).gates for layer, shape in shapes))


class Judge:
    """Compares outputs with those of the float network: marks of the held samples, the higher the better.

    The mark of a sample says how surely a classifier decides as the float network does: the logistic function of the
    margin by which the float network's class wins, in units of `SOFT` times the median of such margins above 0 in
    floating point. It is nearly 1 where the decision is the same, nearly 0 where it is not, and one half at the border,
    so that few samples tell more than a count of decisions would. Of labels it is the smallest of their margins that
    counts, as one that differs makes another answer. A regressor's mark is minus the square error, in units of the
    variance of the outputs.

    Parameters
    ----------
    network
        In floating point.
    outputs
        Its outputs for the held samples ``(N, n_outputs)``.
    """

    def __init__(self, network: NetworkDefinition, outputs: Floats) -> None:
        self._network, self._outputs = network, outputs
        self.first = max(FEWEST, min(FIRST, int(FIRST_WORK // products(network))))
        """So many samples of each part tell what is clearly worse."""
        self._classes = None if network.kind == "regressor" else network.classes_of(outputs)
        self._unit = float(outputs.var()) or 1.0
        if self._classes is not None:
            margins = self._margins(outputs, self._classes)
            self._unit = SOFT * float(np.median(margins[margins > 0])) if margins.any() else 1.0

    def marks(self, values: Floats, node: int, held: Mapping[int, Floats]) -> Floats:
        """Marks ``(n,)`` of the first n held samples.

        Their `values` ``(n, ...)`` are outputs of layer number `node`; behind it all is in floating point. `held` are
        outputs of layers before it that are taken again, by number.
        """
        part = slice(len(values))
        values = values.reshape(-1, *self._network.shapes()[node + 1])
        others = {place: outputs[part] for place, outputs in held.items()}
        values = self._network.outputs_of(values, node + 1, others | {node: values})
        if self._classes is None:
            return np.asarray(-((values - self._outputs[part]) ** 2).mean(1) / self._unit)
        margins = self._margins(values, self._classes[part]) / self._unit
        return 0.5 + 0.5 * choose().tanh(0.5 * margins)

    def _margins(self, outputs: Floats, classes: NDArray[np.integer[Any]]) -> Floats:
        """By how much the outputs ``(n, n_outputs)`` favour classes ``(n,)``, or labels ``(n, n_outputs)``."""
        if self._network.kind == "multilabel" or outputs.shape[1] == 1:
            above = outputs - threshold(self._network.layers, self._network.wires)
            return np.asarray((above * np.where(classes.reshape(outputs.shape) == 1, 1.0, -1.0)).min(1))
        others, places = outputs.copy(), (np.arange(len(outputs)), classes)
        others[places] = -np.inf
        return np.asarray(outputs[places] - others.max(1))


def worse(marks: Floats, best: Floats) -> bool:
    """Whether marks of some samples are worse than others of the same samples by three standard errors."""
    difference = marks - best[: len(marks)]
    return bool(difference.mean() < -3 * difference.std() / math.sqrt(len(marks)))


def spread(count: int, most: int) -> Sequence[int]:
    """At most `most` of the places 0 .. count-1, evenly spaced."""
    return range(0, count, max(1, -(-count // most)))
