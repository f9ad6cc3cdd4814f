"""Dendrites at rest, driven by streams for a window of time: numbers in, voltages out."""

import numpy as np

from ..bitstreams import Bitstream
from ..bitstreams.encodings import from_counts
from ..encoders import Generator, Ramp, Seed
from .base import Floats, Samples
from .encoded import EncodedLayer
from .options import CircuitOptions
from .rall_dendrite import RallDendrite

EXACT_STEPS = 1024
"""Steps of a window in floating point; a step is of second order."""


class DendriteLayer(EncodedLayer):
    """Streams drive `RallDendrite`s that were at rest, and the voltage of each soma is read at the end.

    ::

        x_i --encoder--> stream --> tip of branch i --..--> soma --> voltage after L cycles

    Parameters
    ----------
    dendrite
        With a step of one cycle.
    exact
        The same with `EXACT_STEPS` steps in the window, for the expectation.
    units
        Dendrites, all alike.
    input_scale
        Current, or conductance, of an input of 1.
    options, seed
        As for `EncodedLayer`.
    """

    def __init__(
        self,
        dendrite: RallDendrite,
        exact: RallDendrite,
        units: int,
        input_scale: float,
        options: CircuitOptions,
        seed: Seed,
    ) -> None:
        self.dendrite, self._precise, self._scale = dendrite, exact, input_scale
        super().__init__(units * dendrite.n_branches, options, seed)
        check_spread(self.generator)

    def _sample_bytes(self) -> int:
        return 32 * self.options.cycles * self.n_inputs

    def _decoded(self, streams: Bitstream, samples: Samples) -> Floats:
        values = self._scale * from_counts(streams.bits().astype(np.int64), 1, self.options.encoding)
        units = self.n_inputs // self.dendrite.n_branches
        trees = values.reshape(len(samples), units, self.dendrite.n_branches, self.options.cycles)
        return self.dendrite.response(np.swapaxes(trees, -1, -2))

    def _exact(self, x: Floats) -> Floats:
        return window_response(self._precise, self._scale * x)

    def __repr__(self) -> str:
        units = self.n_inputs // self.dendrite.n_branches
        return f"{type(self).__name__}({units} x {self.dendrite!r}, {self.options.describe_streams()})"


def window_response(dendrite: RallDendrite, x: Floats) -> Floats:
    """Voltages ``(B, m)`` of dendrites after `EXACT_STEPS` steps of constant inputs ``(B, m * n_branches)``."""
    units = x.shape[1] // dendrite.n_branches
    return dendrite.response(x.reshape(len(x), units, 1, dendrite.n_branches), hold=EXACT_STEPS)


def check_spread(generator: Generator) -> None:
    """An error for a generator whose ones come in one run: what is slow would see a pulse, not a mean."""
    if isinstance(generator, Ramp):
        raise ValueError(
            "generator must spread the ones of a stream over time, got a ramp, which sends them in one run"
        )
