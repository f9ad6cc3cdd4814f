"""Spiking neurons driven by bitstreams: the current of a cycle is a count of products."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import checks
from ..backends import choose
from ..backends.packing import WORD_BITS, words_for
from ..bitstreams import Bitstream, Encoding
from ..chunks import chunks
from ..encoders import Generator, Seed, Share
from ..neurons import LIFNeurons, LIFParameters
from ..recorders import MembraneRecorder, SpikeRecorder, Summary
from ..sources import BitstreamCurrentSource
from .base import Floats, SCLayer
from .streams import Streams

LEAST_STEPS = 1024
"""Streams and counts are made for at least as many steps at a time: a multiple of 64."""


class SCDenseLayer(SCLayer):
    """Spiking neurons driven by streams: products of inputs and weights are counted, and the count is the current.

    ::

        x_i --encoder--> stream ---+-----+    +-------+  I_t   +-----+
                                   | AND |--->| count |===+===>| LIF |---> spikes, one bit a cycle
        w_ji --encoder--> stream --+-----+    +-------+   ..   +-----+

    In cycle t the current is ``I_t = y_min + (y_max - y_min) * mean_i(product_i[t])``, and each neuron does
    ``v += -(v - v_rest) * dt / tau_mem + R * I_t * dt + N(0, noise_std * sqrt(dt))``. The input is *not*
    scaled by (1 - a), the leak a = 1 - dt / tau_mem. The reset is *in the same step* as the spike: with
    v >= v_threshold a neuron spikes and ends the step at v_reset; then it is refractory_period steps at rest.

    A step starts where the last one ended, so the layer is sequential: calls from several threads must take turns.
    Its sample number, `samples`, is the number of the next step.

    Parameters
    ----------
    n_neurons
        Number of neurons.
    x_inputs
        Inputs ``(n_inputs,)`` in [x_min, x_max], the same at every step. Axes before the last are batch axes: each
        sample has neurons, streams and noise of its own.
    weight_values
        ``(n_inputs,)``: one current drives all neurons, or ``(n_neurons, n_inputs)``; in [w_min, w_max].
    x_min, x_max, w_min, w_max
        Ends of the affine maps to the encoding's range, x_min < x_max and w_min < w_max.
    length
        Stream length L in clock cycles: it sets the default width of the generators. A run may be longer, the
        streams run on.
    y_min, y_max
        Currents of the smallest and of the largest mean, y_min <= y_max.
    dt_ms
        Duration of a cycle in ms, above 0 and at most tau_mem.
    neuron_params
        Some of v_rest (0), v_reset (0; None: a spike takes v_threshold away), v_threshold (1), tau_mem (20 ms),
        noise_std (0.02), resistance (1), refractory_period (0 steps).
    base_seed
        Fixes streams and noise; 0 is a seed like any other, None draws fresh entropy.
    generator
        A name, see `make_generator`, or a `Generator`.
    encoding
        ``"unipolar"``: the maps go to [0, 1], gates are AND. ``"bipolar"``: to [-1, 1], XNOR.
        ``"split"``: to [-1, 1], signs and magnitudes. Products of -1 give y_min, of +1 y_max.
    share
        How inputs share generators, see `Encoder`, and how the synapses of a neuron do. With ``"one"``, the
        default of deterministic generators, the inputs are 1 in the same cycles: the current has the right
        mean but comes in bursts, and neurons near their threshold fire more often.
    bits
        Width of a threshold; None: what the generator needs, see `make_generator`.
    record_membrane
        Keep the voltages of every step in `membrane` (8 bytes a neuron and step).

    Attributes
    ----------
    source
        `BitstreamCurrentSource`, whose `currents` gives those of any cycles.
    neurons
        `LIFNeurons`: the voltages `v` of all, ``neurons[j]`` the state of one.
    recorders
        `SpikeRecorder`: rates, intervals and raster of all, ``recorders[j]`` of one.
    membrane
        `MembraneRecorder`, or None.

    Raises
    ------
    ValueError, TypeError
        If an argument is outside its range or of a wrong type, or neuron_params has an unknown key.

    Notes
    -----
    Error law: of T cycles with independent Bernoulli streams, unipolar or bipolar, the mean current has
    variance ``(y_max - y_min)**2 * sum_i p_i (1 - p_i) / (n_inputs**2 T)``. Noise-free neurons under a constant
    current spike every ``ceil(ln(1 - v_threshold / (R I tau_mem)) / ln(1 - dt / tau_mem))`` steps from rest.

    Spike trains depend on the arguments only: neither on how steps are split into runs nor on threads.

    Examples
    --------
    >>> from sc_neurocore.layers.sc_dense_layer import SCDenseLayer
    >>> layer = SCDenseLayer(n_neurons=4, x_inputs=[0.5, 0.3], weight_values=[0.8, 0.6],
    ...                      x_min=0.0, x_max=1.0, w_min=0.0, w_max=1.0, length=256)
    >>> layer.run(T=100)
    >>> layer.get_spike_trains().shape == (4, 100)
    True
    >>> layer = SCDenseLayer(2, [0.9], [[1.0], [0.7]], 0, 1, 0, 1, generator="sobol", base_seed=0)
    >>> layer.run(1000)
    >>> layer.summary()["stats"][1]
    {'neuron': 1, 'total_spikes': 34, 'firing_rate_hz': 34.0}
    """

    def __init__(
        self,
        n_neurons: int,
        x_inputs: ArrayLike,
        weight_values: ArrayLike,
        x_min: float,
        x_max: float,
        w_min: float,
        w_max: float,
        length: int = 2048,
        y_min: float = 0.0,
        y_max: float = 0.1,
        dt_ms: float = 1.0,
        neuron_params: Mapping[str, Any] | None = None,
        base_seed: Seed = None,
        *,
        generator: str | Generator = "bernoulli",
        encoding: Encoding = "unipolar",
        share: Share | None = None,
        bits: int | None = None,
        record_membrane: bool = False,
    ) -> None:
        self.n_neurons = checks.whole("n_neurons", n_neurons, 1)
        n_inputs = checks.array("weight_values", weight_values).shape[-1:]
        super().__init__(base_seed, (self.n_neurons, *n_inputs))
        maps = {"x_min": x_min, "x_max": x_max, "w_min": w_min, "w_max": w_max, "y_min": y_min, "y_max": y_max}
        self._options: dict[str, Any] = {
            "length": length,
            "generator": generator,
            "encoding": encoding,
            "share": share,
            "bits": bits,
            **maps,
        }
        self._given = x_inputs, weight_values
        self.source = self._make_source()
        shape = (*self.source.batch, self.n_neurons)
        self.neurons = LIFNeurons(
            math.prod(shape), LIFParameters.of(neuron_params, "neuron_params"), dt_ms, self._seeds.of("membrane noise")
        )
        self.recorders = SpikeRecorder(shape, self.neurons.dt_ms)
        keep = checks.flag("record_membrane", record_membrane)
        self.membrane = MembraneRecorder(shape, self.neurons.dt_ms) if keep else None

    def _make_source(self) -> BitstreamCurrentSource:
        source = BitstreamCurrentSource(*self._given, seed=self._seeds.of("inputs"), **self._options)
        if source.weight_values.ndim == 2 and len(source.weight_values) != self.n_neurons:
            n = source.n_inputs
            raise ValueError(
                f"weight_values must have shape ({n},) or ({self.n_neurons}, {n}), got {source.weight_values.shape}"
            )
        return source

    def run(self, T: int) -> None:
        """Advance by T steps; generators, noise and neurons continue from their present state."""
        steps = checks.count("T", T, 0)
        if not steps:
            return
        first, stop = self.samples // WORD_BITS, self.samples + steps
        streams = math.prod(self.source.batch) * self.source.weight_values.size
        voltages = 0 if self.membrane is None else len(self.neurons)
        step_bytes = 4 * math.prod(self.source.shape) + streams // 4 + 8 * voltages
        for words in chunks(words_for(stop) - first, WORD_BITS * step_bytes, LEAST_STEPS // WORD_BITS):
            self._advance(min(WORD_BITS * (first + words.stop), stop))

    def _advance(self, stop: int) -> None:
        """The steps up to number `stop`."""
        counts = self.source.counts(self.samples, stop)
        spikes, voltages = self.neurons.advance(counts, self.source.levels, trace=self.membrane is not None)
        self.recorders.record_words(spikes, stop - self.samples)
        if self.membrane is not None:
            self.membrane.record(voltages.reshape(*self.membrane.shape, -1))
        self.samples = stop

    def streams(self, T: int) -> Streams:
        """Streams of T cycles that the next ``run(T)`` uses; nothing advances.

        Inputs are ``(..., n_inputs)``; weights ``(n_neurons, n_inputs)``, or ``(1, n_inputs)`` where one current
        drives all neurons, behind the batch axes where each sample has weight streams of its own (Bernoulli).
        """
        stop, skipped = self.samples + checks.count("T", T, 1), self.samples % WORD_BITS
        inputs, weights = self.source.streams(self.samples - skipped, stop)
        own = self.source.batch if len(weights.shape) == 3 else ()
        return Streams(
            _later_cycles(inputs, skipped, (*self.source.batch, self.source.n_inputs)),
            _later_cycles(weights, skipped, (*own, *weights.shape[-2:])),
        )

    def get_spike_trains(self) -> NDArray[np.uint8]:
        """Spikes of all steps since construction or `reset`, ``(..., n_neurons, T)`` of 0 and 1."""
        return self.recorders.trains()

    def summary(self) -> Summary:
        """``{"n_neurons", "stats": [{"neuron", "total_spikes", "firing_rate_hz"}], "avg_firing_rate_hz"}``.

        A dict that `rich.print` shows as a table; with batch axes, each row names its sample too.
        """
        return self.recorders.summary()

    def expected(self) -> Floats:
        """Mean currents ``(..., n_neurons)`` of infinitely many steps; firing rates have no closed form."""
        return np.broadcast_to(self.source.expected(), self.recorders.shape).copy()

    def reset(self) -> None:
        """Restore the state of construction: the neurons at rest, generators and noise rewound, nothing recorded."""
        super().reset()
        self.neurons.reset()
        self.recorders.reset()
        if self.membrane is not None:
            self.membrane.reset()

    def _values(self) -> dict[str, Any]:
        """Inputs, weights, neurons, and recorded spikes."""
        state = {
            "x_inputs": self.source.x_inputs.copy(),
            "weight_values": self.source.weight_values.copy(),
            "v": self.neurons.v.copy(),
            "refractory_left": self.neurons.refractory_left.copy(),
            "spikes": self.recorders.words.copy(),
        }
        if self.membrane is not None:
            state["voltages"] = self.membrane.voltages().copy()
        return state

    def _load_values(self, state: dict[str, Any]) -> None:
        source, rows, steps = self.source, len(self.neurons), state["samples"]
        x = checks.array("x_inputs", state["x_inputs"], source.x_min, source.x_max, shape=source.x_inputs.shape)
        shape = source.weight_values.shape
        weights = checks.array("weight_values", state["weight_values"], source.w_min, source.w_max, shape=shape)
        v = checks.array("v", state["v"], shape=(rows,))
        left = checks.array("refractory_left", state["refractory_left"], 0, shape=(rows,)).astype(np.int64)
        if self.membrane is not None:
            voltages = checks.array("voltages", state["voltages"], shape=(*self.membrane.shape, steps))
        self.recorders.load(state["spikes"], steps)
        self._given = x, weights
        self.neurons.v[:], self.neurons.refractory_left[:], self.neurons.steps = v, left, steps
        if self.membrane is not None:
            self.membrane.reset()
            self.membrane.record(voltages)

    def _reseed(self) -> None:
        self.source = self._make_source()
        self.neurons.reseed(self._seeds.of("membrane noise"))

    def __repr__(self) -> str:
        source = self.source
        return (
            f"SCDenseLayer({source.n_inputs} -> {self.n_neurons}, length={source.length}, {source.generator!r}, "
            f"encoding={source.encoding!r}, dt_ms={self.neurons.dt_ms:g}, steps={self.samples}, "
            f"backend={choose().name!r})"
        )


def _later_cycles(streams: Bitstream, start: int, shape: tuple[int, ...]) -> Bitstream:
    """Streams from cycle `start` on, of another shape."""
    bits = streams.bits()[..., start:]
    rails = bits.shape[:1] if streams.encoding == "split" else ()
    return Bitstream.from_bits(bits.reshape(*rails, *shape, -1), streams.encoding)
