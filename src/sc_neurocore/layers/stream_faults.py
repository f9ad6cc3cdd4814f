"""Faults of the streams of one circuit: its seed decides which lines are stuck and which bits flip."""

from typing import Self

import numpy as np
from numpy.typing import NDArray

from ..backends.packing import tail_mask, words_for
from ..backends.types import Wiring, Words
from ..encoders.seeds import Seeds
from ..gates.connections import WiredConnections
from ..gates.faults import Faults, OperandSide, flip_masks, flipped, frozen_at_cycle, stuck
from ..gates.operands import Operands, ones
from .base import Samples
from .options import CircuitOptions


class StreamFaults:
    """Applies a fault model to the streams of one circuit.

    Parameters
    ----------
    faults
        The fault model.
    seeds
        Fix where.
    length
        Clock cycles L.
    backend
        Backend that runs the kernels.
    """

    def __init__(self, faults: Faults, seeds: Seeds, length: int, backend: str | None) -> None:
        self.faults, self.length, self.backend = faults, length, backend
        self._seeds = seeds

    @classmethod
    def of(cls, options: CircuitOptions, seeds: Seeds) -> Self | None:
        """The faults of a circuit with these options; None where there are none."""
        return None if options.faults is None else cls(options.faults, seeds, options.cycles, options.backend)

    def on_lines(
        self, words: Words, samples: Samples, side: OperandSide, generator_of_line: NDArray[np.int64]
    ) -> Words:
        """Streams ``(S, rails, lines, W)`` of inputs or weights with their faults."""
        faults, length = self.faults, self.length
        if faults.dead_generator == side:
            rng = self._seeds.generator("dead generator")
            cycle, dead = int(rng.integers(length)), rng.integers(generator_of_line.max() + 1)
            words = frozen_at_cycle(words, cycle, generator_of_line == dead, length)
        words = stuck(words, faults.stuck_lines, self._seeds.of("stuck lines").spawn(2)[side == "weights"], length)
        if side == "inputs":
            return flipped(words, faults.input_flips, self._seeds.key("input flips"), samples, length, self.backend)
        return flipped(words, faults.weight_flips, self._seeds.key("weight flips"), samples, length, self.backend)

    def on_products(self, operands: Operands, windows: Samples) -> Operands:
        """Operands whose products are those of `operands` with flipped bits; `windows` ``(G, B)`` number the samples.

        Products stand in the place of inputs, and constant ones in that of weights.
        """
        rails, weight_rails = operands.rails
        groups, _, n, n_words = operands.inputs.shape
        inputs = operands.inputs.reshape(groups, operands.n_samples, rails, n, n_words)
        weights = operands.weights.reshape(groups, weight_rails, -1, n_words)
        indptr, lines, numbers = operands.connections.one_rail(
            operands.first, operands.first + operands.n_neurons
        ).spelled_out()
        products = np.empty((groups, operands.n_samples, rails * weight_rails, lines.size, n_words), np.uint64)
        key = self._seeds.key("product flips")
        for place, (i, j) in enumerate(np.ndindex(rails, weight_rails)):
            left, right = inputs[:, :, i, lines], weights[:, None, j, numbers]
            out = np.bitwise_and(left, right, out=products[:, :, place])
            if operands.xnor:
                out |= ~(left | right)
                out[..., -1] &= tail_mask(self.length)
            streams = (windows[..., None] * 4 + place) * weights.shape[2] + numbers
            out ^= flip_masks(key, self.faults.product_flips, streams, self.length, self.backend)
        wires = Wiring(indptr, np.arange(lines.size), np.zeros(lines.size, np.int64))
        return operands._replace(
            inputs=products.reshape(groups, -1, lines.size, n_words),
            weights=ones(self.length, (groups, 1)),
            connections=WiredConnections(wires, 1),
            xnor=False,
            dense=False,
            first=0,
        )

    def product_bytes(self, fan_in: int, rails: int) -> int:
        """Bytes of `on_products` for a neuron of a sample: products of all pairs of rails, operands, masks, numbers."""
        return fan_in * (8 * words_for(self.length) * (rails**2 + 5) + 32)
