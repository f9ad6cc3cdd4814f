"""The input side of a circuit: a comparator for every number, and the faults of the streams they make."""

import numpy as np

from ..backends.packing import Words
from ..bitstreams import Bitstream
from ..bitstreams.encodings import Encoding
from ..encoders import Encoder, Share
from ..encoders.seeds import Seeds
from .base import Floats, Samples
from .options import CircuitOptions
from .stream_faults import StreamFaults


class InputLines:
    """What turns the numbers of a sample into streams.

    Parameters
    ----------
    n
        Numbers of a sample.
    options, seeds
        Of the circuit.
    faults
        Of its streams, or None.
    share
        How the lines share generators; None: as `options` say.
    """

    def __init__(
        self, n: int, options: CircuitOptions, seeds: Seeds, faults: StreamFaults | None, share: Share | None = None
    ) -> None:
        self.faults = faults
        self.encoder = Encoder(
            n,
            options.cycles,
            options.make_generator(),
            options.encoding,
            share=share or options.share,
            seed=seeds.of("inputs"),
            backend=options.backend,
        )

    def words(self, x: Floats, samples: Samples) -> Words:
        """Streams ``(S, rails, n, W)`` of numbers ``(S, n)``; a rail without a one is left out, unless faults act."""
        if self.faults is None:
            return self.encoder.rails(x, samples, trim=True)
        words = self.encoder.rails(x, samples)
        return self.faults.on_lines(words, samples, "inputs", self.encoder.generator_of_line)

    def streams(self, x: Floats, samples: Samples, shape: tuple[int, ...]) -> Bitstream:
        """Streams of `shape` of numbers ``(S, n)``."""
        return as_bitstream(self.words(x, samples), shape, self.encoder.length, self.encoder.encoding)


def as_bitstream(words: Words, shape: tuple[int, ...], length: int, encoding: Encoding) -> Bitstream:
    """Streams ``(S, rails, n, W)`` as a Bitstream of `shape`; a rail that was left out is empty."""
    if encoding != "split":
        return Bitstream(words.reshape(*shape, words.shape[-1]), length, encoding)
    rails = np.zeros((2, len(words), *words.shape[2:]), np.uint64)
    rails[: words.shape[1]] = words.swapaxes(0, 1)
    return Bitstream(rails.reshape(2, *shape, words.shape[-1]), length, encoding)
