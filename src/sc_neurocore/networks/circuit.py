"""A network as a stochastic circuit: stream layers with a count and a new encoding between them."""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import checks
from ..bitstreams.encodings import Encoding, check_encoding
from ..encoders import Generator, Seed, seed_sequence
from ..gates.faults import Faults
from ..layers.old_base import Accumulate, SCLayer, combined_faults
from ..synapses import MemristorModel
from .activations import Floats
from .network import Network
from .parts import Build


class Circuit:
    """The stochastic circuit of a `Network`.

    ::

        x / scale -> streams -> gates -> counts * gain -> activation -> / ceiling -> streams -> ..

    A layer's weights and bias are divided by one number, the gain, so that the largest is 1, and
    the count is multiplied by it afterwards: the scaling is undone exactly. Between two layers the
    activation runs in the binary domain and its value, clipped to the layer's ceiling, is encoded
    anew, so that no correlation passes from layer to layer. Parts that compare rates (inhibition,
    winner-take-all, predictive coding) do so in unipolar streams, whatever the encoding.

    Parameters
    ----------
    network
        What to run.
    length
        Stream length L in clock cycles, of every layer.
    generator
        Name or `Generator`; the weights take its decorrelated partner.
    encoding
        ``"split"`` (default), ``"bipolar"``, or ``"unipolar"`` for networks without a negative number.
    accumulate
        ``"sum"`` (parallel counter), ``"mean"`` and ``"mux"`` (times the fan-in after the count),
        ``"saturate"`` and ``"or"`` (saturate at the gain); of `Dense` and `Conv2D` parts.
    bits
        Width of probabilities and weights; None lets the generator choose.
    seed
        Fixes Bernoulli streams, shifts and faults.
    bit_flip_rate
        Probability that a stream bit is inverted.
    faults
        All kinds of faults, see `Faults`; not with `bit_flip_rate`.
    device
        A `MemristorModel` that weights and biases are written into, a crossbar a layer; None: none.
    clip
        True: inputs outside the network's range are clipped to it. False: they are an error.

    Notes
    -----
    Error law: with Bernoulli streams the error of a sum of n products has variance of at most
    n gain**2 / (4 L) in each half; with Sobol streams it falls about as 1 / L. Other parts tell their own.
    """

    def __init__(
        self,
        network: Network,
        length: int,
        generator: str | Generator = "sobol",
        *,
        encoding: Encoding = "split",
        accumulate: Accumulate = "sum",
        bits: int | None = None,
        seed: Seed = 0,
        bit_flip_rate: float = 0.0,
        faults: Faults | None = None,
        device: MemristorModel | None = None,
        clip: bool = False,
    ) -> None:
        self.network = network
        self.clip = checks.flag("clip", clip)
        check_encoding(encoding)
        low, high = network.input_range
        if encoding == "unipolar" and low < 0:
            raise ValueError(f"encoding unipolar needs inputs of at least 0, got a network for [{low:g}, {high:g}]")
        faults = combined_faults(bit_flip_rate, faults)
        self.layers: list[SCLayer] = []
        self._gains: list[float] = []
        scale, signed = max(abs(low), abs(high)), low < 0
        seeds = seed_sequence(seed).spawn(len(network.layers))
        for k, (part, shape, child) in enumerate(zip(network.layers, network.shapes(), seeds, strict=False)):
            build = Build(
                length,
                generator,
                encoding,
                accumulate,
                bits,
                faults,
                device,
                child,
                place=k,
                scale=scale,
                signed=signed,
            )
            layer, gain = part.layer(shape, build)
            self.layers.append(layer)
            self._gains.append(gain)
            scale, signed = part.output_scale(scale), part.gives_signed(signed)

    @property
    def generator_descriptions(self) -> list[str]:
        """The generator of each layer, in words that rebuild it."""
        return [repr(layer.generator) for layer in self.layers]

    def __repr__(self) -> str:
        return f"Circuit({', '.join(map(repr, self.layers))})"

    def forward(self, x: ArrayLike) -> Floats:
        """Outputs ``(..., n_outputs)`` of samples ``(..., n_inputs)``, from counts of real streams.

        Raises
        ------
        ValueError
            If the width is wrong, a value is not finite, or it is outside the network's input range
            and `clip` is False.
        """
        return self._run(x, expected=False)

    def expected(self, x: ArrayLike) -> Floats:
        """The outputs for L -> infinity: the float network with the clipping of the circuit."""
        return self._run(x, expected=True)

    def predict(self, x: ArrayLike) -> NDArray[np.int64]:
        """Class indices ``(...)``: the arg-max of `forward`."""
        return np.asarray(np.argmax(self.forward(x), axis=-1))

    def reset(self) -> None:
        """Rewind the generators of every layer."""
        for layer in self.layers:
            layer.reset()

    def _run(self, x: ArrayLike, expected: bool) -> Floats:
        low, high = self.network.input_range
        if self.clip:
            values = np.clip(checks.array("x", x, last=self.network.n_inputs), low, high)
        else:
            values = checks.array("x", x, low, high, last=self.network.n_inputs)
        batch = values.shape[:-1]
        scale = max(abs(low), abs(high))
        shapes = self.network.shapes()
        for part, shape, layer, gain in zip(self.network.layers, shapes, self.layers, self._gains, strict=False):
            sample = shape if part.takes_images else (math.prod(shape),)
            encoded = _encoded(values, scale).reshape(*batch, *sample)
            values = part.decoded(gain * (layer.expected(encoded) if expected else layer.forward(encoded)))
            scale = part.output_scale(scale)
        return values.reshape(*batch, self.network.n_outputs)


def _encoded(values: Floats, scale: float) -> Floats:
    """Values in units of the calibrated range, clipped to it: what the comparator can write."""
    return np.clip(values / scale, -1.0, 1.0)
