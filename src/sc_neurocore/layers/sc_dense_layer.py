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
from ..bitstreams.bitstream import check_words
from ..chunks import chunks
from ..encoders import Generator, Seed, Share
from ..neurons import LIFNeurons, LIFParameters
from ..read_only import attribute
from ..recorders import MembraneRecorder, SpikeRecorder, Summary
from ..sources import BitstreamCurrentSource
from .base import Floats, SCLayer, one_seed
from .streams import Streams
from .turns import in_turn

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

    Inputs and weights of `source` may be assigned and edited: the next step sees it.

    A step starts where the last one ended: threads that call one layer take turns, a run at a time.
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
    base_seed, seed
        Two names of one argument: fixes streams and noise; 0 is a seed like any other, None draws fresh entropy.
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
        seed: Seed = None,
        generator: str | Generator = "bernoulli",
        encoding: Encoding = "unipolar",
        share: Share | None = None,
        bits: int | None = None,
        record_membrane: bool = False,
    ) -> None:
        self._n_neurons = checks.whole("n_neurons", n_neurons, 1)
        n_inputs = checks.array("weight_values", weight_values).shape[-1:]
        super().__init__(one_seed(base_seed, seed), (self._n_neurons, *n_inputs))
        maps = {"x_min": x_min, "x_max": x_max, "w_min": w_min, "w_max": w_max, "y_min": y_min, "y_max": y_max}
        self._options: dict[str, Any] = {
            "length": length,
            "generator": generator,
            "encoding": encoding,
            "share": share,
            "bits": bits,
            **maps,
        }
        self._source = self._make_source(x_inputs, weight_values)
        self._first_weights = self._source.weight_values.copy()
        shape = (*self._source.batch, self._n_neurons)
        parameters = LIFParameters.of(neuron_params, "neuron_params")
        self._neurons = LIFNeurons(math.prod(shape), parameters, dt_ms, self._seeds.of("membrane noise"))
        self._recorders = SpikeRecorder(shape, self._neurons.dt_ms)
        keep = checks.flag("record_membrane", record_membrane)
        self._membrane = MembraneRecorder(shape, self._neurons.dt_ms) if keep else None

    n_neurons: int = attribute("_n_neurons", "Neurons of a sample.")
    source: BitstreamCurrentSource = attribute(
        "_source", "Gives the currents of any cycles; inputs and weights may be edited."
    )
    neurons: LIFNeurons = attribute("_neurons", "The neurons; their state may be edited.")
    recorders: SpikeRecorder = attribute("_recorders", "`SpikeRecorder`.")
    membrane: MembraneRecorder | None = attribute("_membrane", "`MembraneRecorder`, or None.")
    samples: int = attribute("_counter.next", "Number of the next step.")

    def _make_source(self, x_inputs: ArrayLike, weight_values: ArrayLike) -> BitstreamCurrentSource:
        source = BitstreamCurrentSource(x_inputs, weight_values, seed=self._seeds.of("inputs"), **self._options)
        if source.weight_values.ndim == 2 and len(source.weight_values) != self._n_neurons:
            n = source.n_inputs
            raise ValueError(
                f"weight_values must have shape ({n},) or ({self._n_neurons}, {n}), got {source.weight_values.shape}"
            )
        return source

    @in_turn
    def run(self, T: int) -> None:
        """Advance by T steps; generators, noise and neurons continue from their present state."""
        steps = checks.count("T", T, 0)
        if not steps:
            return
        first, stop = self.samples // WORD_BITS, self.samples + steps
        streams = math.prod(self._source.batch) * self._source.weight_values.size
        voltages = 0 if self._membrane is None else len(self._neurons)
        step_bytes = 4 * math.prod(self._source.shape) + streams // 4 + 8 * voltages
        for words in chunks(words_for(stop) - first, WORD_BITS * step_bytes, LEAST_STEPS // WORD_BITS):
            self._advance(min(WORD_BITS * (first + words.stop), stop))

    def _advance(self, stop: int) -> None:
        """The steps up to number `stop`."""
        counts = self._source.counts(self.samples, stop)
        levels = self._source.levels.copy()  # compiled code would be compiled again for a read-only array
        spikes, voltages = self._neurons.advance(counts, levels, trace=self._membrane is not None)
        self._recorders.record_words(spikes, stop - self.samples)
        if self._membrane is not None:
            self._membrane.record(voltages.reshape(*self._membrane.shape, -1))
        self._counter.next = stop

    def streams(self, T: int) -> Streams:
        """Streams of T cycles that the next ``run(T)`` uses; nothing advances.

        Inputs are ``(..., n_inputs)``; weights ``(n_neurons, n_inputs)``, or ``(1, n_inputs)`` where one current
        drives all neurons, behind the batch axes where each sample has weight streams of its own (Bernoulli).
        """
        stop, skipped = self.samples + checks.count("T", T, 1), self.samples % WORD_BITS
        inputs, weights = self._source.streams(self.samples - skipped, stop)
        own = self._source.batch if len(weights.shape) == 3 else ()
        return Streams(
            _later_cycles(inputs, skipped, (*self._source.batch, self._source.n_inputs)),
            _later_cycles(weights, skipped, (*own, *weights.shape[-2:])),
        )

    def get_spike_trains(self) -> NDArray[np.uint8]:
        """Spikes of all steps since construction or `reset`, ``(..., n_neurons, T)`` of 0 and 1."""
        return self._recorders.trains()

    def summary(self) -> Summary:
        """``{"n_neurons", "stats": [{"neuron", "total_spikes", "firing_rate_hz"}], "avg_firing_rate_hz"}``.

        A dict that `rich.print` shows as a table; with batch axes, each row names its sample too.
        """
        return self._recorders.summary()

    def expected(self) -> Floats:
        """Mean currents ``(..., n_neurons)`` of infinitely many steps; firing rates have no closed form."""
        return np.broadcast_to(self._source.expected(), self._recorders.shape).copy()

    def _rest(self) -> None:
        """Neurons at rest, noise rewound, nothing recorded."""
        self._neurons.reset()
        self._recorders.reset()
        if self._membrane is not None:
            self._membrane.reset()

    def _forget(self) -> None:
        self._source.weight_values = self._first_weights

    def _values(self) -> dict[str, Any]:
        """Inputs, weights, neurons, and recorded spikes."""
        state = {
            "x_inputs": self._source.x_inputs.copy(),
            "weight_values": self._source.weight_values.copy(),
            "v": self._neurons.v.copy(),
            "refractory_left": self._neurons.refractory_left.copy(),
            "spikes": self._recorders.words.copy(),
        }
        if self._membrane is not None:
            state["voltages"] = self._membrane.voltages().copy()
        return state

    def _load_values(self, state: dict[str, Any]) -> None:
        source, rows, steps = self._source, len(self._neurons), state["samples"]
        x = checks.array("x_inputs", state["x_inputs"], source.x_min, source.x_max, shape=source.x_inputs.shape)
        shape = source.weight_values.shape
        weights = checks.array("weight_values", state["weight_values"], source.w_min, source.w_max, shape=shape)
        v = checks.array("v", state["v"], shape=(rows,))
        left = checks.integers("refractory_left", state["refractory_left"], 0, checks.LARGEST_COUNT, shape=(rows,))
        if self._membrane is not None:
            voltages = checks.array("voltages", state["voltages"], shape=(*self._membrane.shape, steps))
        spikes = check_words("spikes", state["spikes"], steps, (rows, words_for(steps)))
        self._recorders.load(spikes, steps)
        source.x_inputs, source.weight_values = x, weights
        self._neurons.load(v, left, steps)
        if self._membrane is not None:
            self._membrane.reset()
            self._membrane.record(voltages)

    def _reseed(self) -> None:
        self._source = self._make_source(self._source.x_inputs, self._source.weight_values)
        self._neurons.reseed(self._seeds.of("membrane noise"))

    def __repr__(self) -> str:
        source = self._source
        return (
            f"SCDenseLayer({source.n_inputs} -> {self._n_neurons}, length={source.length}, {source.generator!r}, "
            f"encoding={source.encoding!r}, dt_ms={self._neurons.dt_ms:g}, steps={self.samples}, "
            f"backend={choose().name!r})"
        )


def _later_cycles(streams: Bitstream, start: int, shape: tuple[int, ...]) -> Bitstream:
    """Streams from cycle `start`, below 64, on, of another shape."""
    length = streams.length - start
    words = streams.words
    if start:
        words = words >> np.uint64(start)
        words[..., :-1] |= streams.words[..., 1:] << np.uint64(WORD_BITS - start)
        words = words[..., : words_for(length)]
    rails = words.shape[:1] if streams.encoding == "split" else ()
    return Bitstream(np.ascontiguousarray(words).reshape(*rails, *shape, -1), length, streams.encoding)
