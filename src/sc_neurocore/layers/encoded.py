"""Layers without weights: numbers are encoded as streams, a circuit takes the streams, and its outputs are decoded."""

import math
from abc import abstractmethod
from collections.abc import Callable
from operator import attrgetter
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike

from .. import checks
from ..backends.packing import words_for
from ..bitstreams import Bitstream, value_range
from ..encoders import Generator, Seed, Share
from ..encoders.seeds import Seeds
from .base import Floats, Samples, SCLayer
from .input_lines import InputLines
from .options import CircuitOptions
from .stream_faults import StreamFaults
from .streams import Streams
from .weighted.attributes import circuit_option


class EncodedLayer(SCLayer):
    """A layer that encodes its inputs, lets a circuit take the streams, and decodes what comes out.

    Subclasses define `_decoded`, `_exact` and, where they need more memory than input streams do, `_sample_bytes`.

    Parameters
    ----------
    n_inputs
        Number of inputs of a sample.
    options
        Options of the circuit; faults act on the input streams.
    seed
        Fixes Bernoulli streams, select numbers and faults.
    share
        How inputs share generators, see `Encoder`; None: as `options` say.
    units
        The shape of the layer but for its inputs, see `SCLayer`.
    """

    def __init__(
        self,
        n_inputs: int,
        options: CircuitOptions,
        seed: Seed,
        share: Share | None = None,
        units: tuple[int, ...] = (),
    ) -> None:
        super().__init__(seed, (*units, n_inputs))
        self._n_inputs, self._options, self._share = n_inputs, options, share
        self._reseed()

    n_inputs = property(attrgetter("_n_inputs"))
    options = property(attrgetter("_options"), doc="`CircuitOptions` of the layer.")
    length = circuit_option("length")
    encoding = circuit_option("encoding")
    faults = circuit_option("faults")
    backend = circuit_option("backend")

    def _reseed(self) -> None:
        self._faults = StreamFaults.of(self.options, self._seeds)
        self._inputs = InputLines(self.n_inputs, self.options, self._seeds, self._faults, self._share)

    @property
    def generator(self) -> Generator:
        """Number generator of the input streams."""
        return self._inputs.encoder.generator

    @property
    def share(self) -> Share:
        """The sharing policy in force, see `Encoder`."""
        return self._inputs.encoder.share

    def _checked(self, input_values: ArrayLike) -> Floats:
        return checks.array("input_values", input_values, *value_range(self.options.encoding), last=self.n_inputs)

    def forward(self, input_values: ArrayLike, *, samples: ArrayLike | None = None) -> Floats:
        """Outputs ``(..., n_outputs)`` of inputs ``(..., n_inputs)``, decoded from counts of real streams.

        `samples` are numbers ``(...)``, which decide the random bits of each; none are reserved. None: the next ones.

        Raises
        ------
        ValueError
            If the shape is wrong, or a value is not finite or outside the encoding's range.
        """
        return self._over_samples(self._run, self._checked(input_values), 1, self._sample_bytes(), samples)

    __call__ = forward

    def _run(self, x: Floats, samples: Samples) -> Floats:
        return self._decoded(self._inputs.streams(x, samples, x.shape), samples)

    def expected(self, input_values: ArrayLike) -> Floats:
        """Limit of `forward` as the stream length grows.

        Raises
        ------
        ValueError
            As `forward`, and if there is no closed form, as with faults.
        """
        x = self._checked(input_values)
        self.options.check_no_faults(type(self).__name__)
        out = self._exact(self.options.rounded(x.reshape(-1, self.n_inputs)))
        return out.reshape(*x.shape[:-1], *out.shape[1:])

    def streams(self, input_values: ArrayLike) -> Streams:
        """The input streams ``(..., n_inputs)`` that the next `forward` uses; the generators do not advance.

        Returns
        -------
        Streams
            ``inputs`` of value shape ``(..., n_inputs)``, faults included; ``weights`` is None.

        Raises
        ------
        ValueError
            As `forward`.
        """
        x = self._checked(input_values)
        flat = x.reshape(-1, self.n_inputs)
        return Streams(self._inputs.streams(flat, self.samples + np.arange(len(flat)), x.shape), None)

    def _sample_bytes(self) -> int:
        """Bytes of memory that a sample takes."""
        return 32 * words_for(self._options.cycles) * self._n_inputs

    @abstractmethod
    def _decoded(self, streams: Bitstream, samples: Samples) -> Floats:
        """Outputs ``(S, n_outputs)`` of the circuit, decoded to numbers, for input streams ``(S, n_inputs)``."""

    @abstractmethod
    def _exact(self, x: Floats) -> Floats:
        """Outputs ``(S, n_outputs)`` for infinitely long streams of numbers ``(S, n_inputs)``."""


class Primitive(Protocol):
    """Interface of a circuit primitive: outputs for input streams, and for numbers in floating point."""

    @property
    def apply_bitstream(self) -> Callable[..., Bitstream | Floats]:
        """Output streams or numbers for input streams; an `SCLayer` also takes sample numbers ``samples=``."""

    def apply(self, rates: ArrayLike) -> Floats:
        """Output numbers for input numbers, the limit of infinitely long streams."""


class PrimitiveLayer(EncodedLayer):
    """A circuit primitive, such as `WinnerTakeAll`, behind an encoder; its output is decoded.

    Parameters
    ----------
    primitive
        The circuit, for samples of `shape`; one with random numbers is seeded by this layer.
    shape
        Of a sample as the primitive takes it; its last axis is that of the primitive.

    options, seed
        As for `EncodedLayer`.
    """

    def __init__(self, primitive: Primitive, shape: tuple[int, ...], options: CircuitOptions, seed: Seed) -> None:
        self._primitive, self._shape = primitive, shape
        super().__init__(math.prod(shape), options, seed, units=shape[:-1])

    primitive = property(attrgetter("_primitive"), doc="The circuit behind the encoder.")

    def _reseed(self) -> None:
        super()._reseed()
        if isinstance(self.primitive, SCLayer):  # its comparators are no part of the encoder: they have own numbers
            self.primitive.load_state_dict({"samples": 0, **Seeds(self._seeds.of("select"), type(self)).state()})

    def _decoded(self, streams: Bitstream, samples: Samples) -> Floats:
        numbers = {}
        if isinstance(self.primitive, SCLayer):
            planes = np.arange(math.prod(self._shape[:-1])).reshape(self._shape[:-1])
            numbers["samples"] = np.add.outer(planes.size * samples, planes)
        rails = streams.words.shape[:1] if streams.encoding == "split" else ()
        words = streams.words.reshape(*rails, len(samples), *self._shape, streams.words.shape[-1])
        made = self.primitive.apply_bitstream(Bitstream(words, streams.length, streams.encoding), **numbers)
        values = made.value(self.options.backend) if isinstance(made, Bitstream) else made
        return values.reshape(len(samples), math.prod(values.shape[1:]))

    def _exact(self, x: Floats) -> Floats:
        values = self._primitive.apply(x.reshape(-1, *self._shape))
        return values.reshape(len(x), math.prod(values.shape[1:]))

    def __repr__(self) -> str:
        planes = "" if len(self._shape) == 1 else f"{math.prod(self._shape[:-1])} x "
        return f"{type(self).__name__}({planes}{self.primitive!r}, {self.options.describe_streams()})"
