"""Input lines of a circuit: a comparator for every number, and the faults of the streams."""

from ..backends.types import Words
from ..bitstreams import Bitstream
from ..encoders import Encoder, Share
from ..encoders.seeds import Seeds
from ..encoders.stream_table import side_by_side
from .base import Floats, Samples
from .options import CircuitOptions
from .stream_faults import StreamFaults
from .streams import as_bitstream


class InputLines:
    """Input lines of a circuit: they encode the numbers of a sample as streams, with faults.

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
        """Streams ``(S, rails, n, W)`` of numbers ``(S, n)``; a rail of zeros is left out without faults."""
        if self.faults is None:
            return self.encoder.rails(x, samples, trim=True)
        words = self.encoder.rails(x, samples)
        return self.faults.on_lines(words, samples, "inputs", self.encoder.generator_of_line)

    def rows(self, x: Floats, samples: Samples) -> Words:
        """As `words`, those of a sample `side_by_side`: ``(S, rails, K)``."""
        encoder = self.encoder
        if encoder.table is None or self.faults is not None:
            return side_by_side(self.words(x, samples), encoder.length, encoder.backend)
        return encoder.table.rows(x, encoder.encoding)

    def streams(self, x: Floats, samples: Samples, shape: tuple[int, ...]) -> Bitstream:
        """Bitstream of `shape` that encodes numbers ``(S, n)``, with faults."""
        return as_bitstream(self.words(x, samples), shape, self.encoder.length, self.encoder.encoding)
