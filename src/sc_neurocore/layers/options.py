"""The options of a stochastic circuit, as one value."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Literal, Self, get_args

import numpy as np
from numpy.typing import NDArray

from .. import checks
from ..backends import checked_backend, choose
from ..bitstreams.encodings import Encoding, check_encoding
from ..encoders import Bernoulli, Generator, Seed, Share, make_generator
from ..encoders.encoder import SHARES, rounded
from ..gates.accumulators import ACCUMULATES, Accumulate
from ..gates.faults import Faults
from ..synapses import MemristorModel
from .weight_share import WeightShare, weight_share_in_force

WeightStreams = Literal["fresh", "stored"]


@dataclass(frozen=True)
class CircuitOptions:
    """Options of a stochastic circuit: stream length, number generator, encoding, accumulation, faults, device.

    Layers, networks, evaluations and the command line take these as keywords, and hand them on as one value.

    Parameters
    ----------
    length
        Stream length L in clock cycles, at least 1; of a network, also a sequence with one for each layer.
    generator
        A name or a `Generator`; the weights take its decorrelated partner.
    encoding
        ``"unipolar"``, ``"bipolar"`` or ``"split"``.
    accumulate
        How a neuron adds up products: ``"mean"``, ``"sum"``, ``"saturate"``, ``"or"`` or ``"mux"``.
    share
        How lines share generators, see `Encoder`; None: the default of the generator.
    bits
        Width of thresholds; None: what the generator needs, see `make_generator`.
    weight_streams
        Bernoulli only: ``"fresh"`` streams for every sample, or one set that is ``"stored"``. Not with a device that
        is read anew every cycle, whose streams cannot be stored.
    faults
        Faults of the circuit; None: none.
    device
        Crossbar that the weights are written into; None: none.
    seed
        Fixes all that is random.
    clip
        Whether inputs outside the range of a network are cut to it instead of refused.
    backend
        Backend that runs the kernels, one of ``sc_neurocore.backends.available()``; None: the default of this machine.
    weight_share
        How the comparators of weights share random sources: ``"independent"``, one for every weight (Bernoulli only);
        ``"neurons"``, one for every input line, which feeds all neurons; ``"one"`` for the layer. None: the default of
        the generator and of `share`. What that does to errors is said in `layers.weight_share`.

    Raises
    ------
    ValueError, TypeError
        If an option is outside its range or of a wrong type.

    Examples
    --------
    >>> options = CircuitOptions(length=(64, 256), generator="sobol")
    >>> options.of_layer(1, seed=0).length
    256
    """

    length: int | Sequence[int] = 256
    generator: str | Generator = "searched"
    encoding: Encoding = "split"
    accumulate: Accumulate = "sum"
    share: Share | None = None
    bits: int | None = None
    weight_streams: WeightStreams = "fresh"
    faults: Faults | None = None
    device: MemristorModel | None = None
    seed: Seed = 0
    clip: bool = False
    backend: str | None = None
    weight_share: WeightShare | None = None

    def __post_init__(self) -> None:
        several = isinstance(self.length, Sequence) or (isinstance(self.length, np.ndarray) and self.length.ndim > 0)
        lengths: Any = self.length if several else [self.length]
        if not len(lengths):
            raise ValueError("length must have a number for each layer, got none")
        whole = tuple(checks.whole("length", length, 1) for length in lengths)
        object.__setattr__(self, "length", whole if lengths is self.length else whole[0])
        check_encoding(self.encoding)
        checks.option("accumulate", self.accumulate, ACCUMULATES)
        if self.share is not None:
            checks.option("share", self.share, SHARES)
        checks.option("weight_streams", self.weight_streams, get_args(WeightStreams))
        if self.faults is not None and not isinstance(self.faults, Faults):
            raise TypeError(f"faults must be a Faults or None, got {type(self.faults).__name__}")
        if self.faults == Faults():
            object.__setattr__(self, "faults", None)
        if self.device is not None and not isinstance(self.device, MemristorModel):
            raise TypeError(f"device must be a MemristorModel or None, got {type(self.device).__name__}")
        if self.weight_streams == "stored":
            self._check_stored()
        _ = self.weights_share
        object.__setattr__(self, "clip", checks.flag("clip", self.clip))
        for length in whole:
            make_generator(self.generator, length, self.bits)
        object.__setattr__(self, "bits", None if self.bits is None else int(self.bits))
        checked_backend(self.backend)

    def _check_stored(self) -> None:
        """An error where stored weight streams would be the ones that there are anyway."""
        if self._noise_of_cycles:
            raise ValueError("weight_streams must be 'fresh' with a device that is read anew every cycle, got 'stored'")
        if not (isinstance(self.generator, Bernoulli) or str(self.generator) == "bernoulli"):
            raise ValueError(
                "weight_streams must be 'fresh' without a Bernoulli generator, whose weight streams change from sample "
                f"to sample, got 'stored' with {self.generator!r}"
            )

    @property
    def _noise_of_cycles(self) -> bool:
        """Whether a device is read anew every cycle."""
        return self.device is not None and bool(self.device.read_noise) and self.device.read_noise_per == "cycle"

    @property
    def lines_share(self) -> Share:
        """How input lines share generators: `share`, or the default of the generator where that is None."""
        return self.share or ("independent" if isinstance(self.make_generator(), Bernoulli) else "one")

    @property
    def weights_share(self) -> WeightShare:
        """How the comparators of weights share random sources: `weight_share`, or the default where that is None."""
        return weight_share_in_force(self.weight_share, self.share, self.generator, self._noise_of_cycles)

    def of_layer(self, place: int, seed: Seed) -> Self:
        """Options of layer number `place` of a network, counted from 0, with its own length and seed.

        Parameters
        ----------
        place
            Number of the layer; selects its length where `length` is a sequence.
        seed
            Seed of the layer.

        Returns
        -------
        CircuitOptions
            A copy whose length is one number.

        Raises
        ------
        IndexError
            If `length` is a sequence without a number for this layer.
        """
        length = self.length[place] if isinstance(self.length, Sequence) else self.length
        return replace(self, length=length, seed=seed)

    def for_fan_in(self, fan_in: int) -> Self:
        """Options whose thresholds are fine enough for sums of `fan_in` products, see `make_generator`.

        Parameters
        ----------
        fan_in
            Number of products of a sum, at least 1.

        Returns
        -------
        CircuitOptions
            A copy with `bits`; the same options if the width is given or does not depend on it.

        Examples
        --------
        >>> CircuitOptions(1024, "bernoulli").for_fan_in(784).bits
        22
        """
        if self.bits is not None or self.generator != "bernoulli":
            return self
        return replace(self, bits=make_generator(self.generator, self.cycles, None, fan_in).bits)

    def make_generator(self) -> Generator:
        """The number generator, built for the stream length of a layer.

        Raises
        ------
        ValueError
            If `length` is not a single number.
        """
        return make_generator(self.generator, self.cycles, self.bits)

    @property
    def cycles(self) -> int:
        """The stream length in clock cycles, if it is a single number; else a ValueError."""
        if not isinstance(self.length, int):
            raise ValueError(f"length must be one number for a layer, got {self.length}")
        return self.length

    def rounded(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Values rounded to the comparators' thresholds.

        Without a given width the thresholds become exact as the length grows, and so do the values.

        Parameters
        ----------
        values
            Numbers ``(...)`` in the encoding's range.

        Returns
        -------
        ndarray
            Numbers of the same shape; errors are at most half a step in probability, ``2**-(bits + 1)``.
        """
        return rounded(values, self.encoding, self.make_generator().modulus)

    @property
    def turns_in_vain(self) -> bool:
        """Whether ``share="rotate"`` gives a dense layer the counts of ``"one"``.

        Each input and its weights are turned by the same number of cycles, so the ones of a product come later, as
        many as before. Sums and means do not see it; bit flips, dead generators and noise of each cycle do.
        """
        faults = self.faults or Faults()
        by_cycle = faults.input_flips or faults.weight_flips or faults.product_flips or faults.dead_generator
        together = self.share == "rotate" and self.weight_share != "neurons"
        return together and self.accumulate in ("mean", "sum") and not by_cycle and not self._noise_of_cycles

    def check_no_faults(self, circuit: str) -> None:
        """Raise a ValueError if there are faults: for `circuit`, the expectation has no closed form with them.

        Parameters
        ----------
        circuit
            Name of the circuit in the error message.

        Raises
        ------
        ValueError
            If `faults` is not None.
        """
        if self.faults is not None:
            raise ValueError(f"expected has no closed form for {circuit} with faults, got {self.faults}")

    def describe(self) -> str:
        """The options as text, for the `repr` of a layer with weights."""
        return self._described(f", accumulate={self.accumulate!r}", self.faults, self.device)

    def describe_streams(self) -> str:
        """The options as text, for the `repr` of a layer without weights."""
        return self._described("", self.faults)

    def _described(self, accumulate: str, *more: object) -> str:
        given = "".join(f", {value!r}" for value in more if value is not None)
        streams = f"length={self.length}, {self.make_generator()!r}, encoding={self.encoding!r}"
        return f"{streams}{accumulate}{given}, backend={self.backend!r}"

    def keywords(self, *names: str) -> dict[str, Any]:
        """Options as a dict of keywords: all of them, or those in `names`."""
        return {name: getattr(self, name) for name in names or (field.name for field in fields(self))}


def layer_options(length: Any, use_gpu: bool, backend: str | None, **options: Any) -> CircuitOptions:
    """Options of one layer, with an available backend: the given one, else a GPU if `use_gpu` and there is one.

    Parameters
    ----------
    length
        Stream length L in clock cycles, at least 1.
    use_gpu
        Whether to use a GPU if there is one; a given `backend` wins.
    backend
        One of ``sc_neurocore.backends.available()``; None: chosen by `use_gpu`.
    options
        Other fields of `CircuitOptions`.

    Raises
    ------
    ValueError, TypeError
        If an option is outside its range or of a wrong type, or the backend is not available.
    """
    cycles = checks.whole("length", length, 1)
    return CircuitOptions(
        length=cycles, backend=choose(checked_backend(backend), checks.flag("use_gpu", use_gpu)).name, **options
    )
