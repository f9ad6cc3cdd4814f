"""Spiking neurons on a matrix of weight streams, in JAX: batches, accelerators, gradients."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import checks
from ..bitstreams import Encoding, value_range
from ..encoders import Generator, Seed, seed_sequence
from ..neurons import LIFParameters
from ..read_only import attribute
from ..sources.bitstream_current import current_of
from .base import Floats, SCLayer
from .jax_spiking.lif import lif_run, lif_step
from .jax_spiking.neurons import JaxNeurons
from .jax_spiking.products import JaxProducts
from .streams import Streams
from .turns import in_turn
from .weight_share import WeightShare

if TYPE_CHECKING:
    from jax.sharding import Mesh

__all__ = ["JaxSCDenseLayer", "LIFParameters", "lif_run", "lif_step"]


class JaxSCDenseLayer(SCLayer):
    """Spiking neurons that JAX runs, driven by currents, or by counts of products of streams.

    ::

        x_i --encoder--> stream --+-----+    +-------+                    +-----+
                                  | AND |--->| count |===> run_inputs ==> |     |
        w_ji --encoder-> stream --+-----+    +-------+                    | LIF |---> spikes
        I_j ===================================================> run ===> |     |
                                                                          +-----+

    Each neuron does ``v += -(v - v_rest) * dt / tau_mem + R * I_t * dt + N(0, noise_std * sqrt(dt))``. The
    input is *not* scaled by (1 - a), the leak a = 1 - dt / tau_mem. The reset is *in the same step* as the
    spike: with v >= v_threshold a neuron spikes and ends the step at v_reset; then it is refractory_period
    steps at rest.

    In `run_inputs`, a step of the neurons is a whole stream of `bitstream_length` cycles: the current is
    ``y_min + (y_max - y_min) * count / (L n_inputs)``. (In `SCDenseLayer` a step is one cycle.)

    Parameters
    ----------
    n_neurons, n_inputs
        Shape of the layer.
    bitstream_length
        Stream length L in clock cycles, of `run_inputs`.
    dt_ms
        Duration of a step in ms, above 0 and at most tau_mem.
    neuron_params
        Some of v_rest (0), v_reset (0; None: a spike takes v_threshold away), v_threshold (1), tau_mem (20 ms),
        noise_std (0.02), resistance (1), refractory_period (0 steps).
    seed
        Fixes weights, streams and noise; None draws fresh entropy.
    weights
        ``(n_neurons, n_inputs)`` in the encoding's range; None: drawn uniformly.
    y_min, y_max
        Currents of the smallest and of the largest mean of products, y_min <= y_max. Bipolar and split products
        of -1 give y_min, of +1 y_max.
    generator, encoding, bits, weight_streams, weight_share
        As for `VectorizedSCLayer`.
    dtype
        ``"float64"``: the spike trains of `SCDenseLayer`, bit for bit. ``"float32"``: half the memory, less time;
        voltages are rounded to 24 bits, so a spike can come a step earlier or later.
    mesh
        A `jax.sharding.Mesh` that splits the work over devices: axes named ``"batch"``, ``"neurons"``, or both.
        None: JAX's default device. The bits are the same.

    Raises
    ------
    ImportError
        Without JAX: the class is there, an object of it is not.
    ValueError, TypeError
        If an argument is outside its range or of a wrong type, or neuron_params has an unknown key.

    Notes
    -----
    Axes before the documented ones are batch axes: every sample has neurons, noise and streams of its own. The
    first call after construction or `reset` says which batch axes the state has, and the next calls go on from
    there; other batch axes are an error until the next `reset`.

    A step starts where the last one ended, so threads that call one layer take turns.
    One clock counts the steps. The noise of a neuron and the streams of a sample depend on (seed, its place, the
    step) only, so two runs of 50 steps are one of 100.

    No global flag of JAX is read or changed: 64-bit numbers live in a context of their own. A new number of
    steps is compiled once, which takes about .2 s. Noise comes as one block, with the numbers of `LIFNeurons`; input
    and weight streams are made by the compiled encoders on the host.

    Error law: with independent Bernoulli streams the current of a step, unipolar or bipolar, has variance
    ``(y_max - y_min)**2 * sum_i p_i (1 - p_i) / (n_inputs**2 L)``, p_i the probability of a 1 after gate i.

    Examples
    --------
    >>> layer = JaxSCDenseLayer(2, 1, neuron_params={"noise_std": 0.0}, generator="sobol", weights=[[1.0], [0.7]])
    >>> layer.step([0.6, 1.2])
    array([0, 1], dtype=uint8)
    >>> layer.reset()
    >>> layer.run_inputs([[0.9]] * 1000).sum(0, dtype=int)
    array([62, 32])
    """

    def __init__(
        self,
        n_neurons: int,
        n_inputs: int,
        bitstream_length: int = 1024,
        dt_ms: float = 1.0,
        neuron_params: Mapping[str, Any] | LIFParameters | None = None,
        seed: Seed = None,
        *,
        weights: ArrayLike | None = None,
        y_min: float = 0.0,
        y_max: float = 0.1,
        generator: str | Generator = "bernoulli",
        encoding: Encoding = "unipolar",
        bits: int | None = None,
        weight_streams: Literal["fresh", "stored"] = "fresh",
        weight_share: WeightShare | None = None,
        dtype: Literal["float64", "float32"] = "float64",
        mesh: "Mesh | None" = None,
    ) -> None:
        from ..backends import xla

        self._n_inputs = checks.whole("n_inputs", n_inputs, 1)
        root = seed_sequence(seed)
        super().__init__(root, (checks.whole("n_neurons", n_neurons, 1), self._n_inputs))
        self._bitstream_length = checks.whole("bitstream_length", bitstream_length, 1)
        self._devices = xla.Devices(mesh)
        parameters = LIFParameters.of(neuron_params, "neuron_params")
        self._neurons = JaxNeurons(n_neurons, parameters, dt_ms, dtype, self._devices)
        self._y_min = checks.real("y_min", y_min, -self._neurons.largest, self._neurons.largest)
        self._y_max = checks.real("y_max", y_max, self._y_min, self._neurons.largest)
        self._products = JaxProducts(
            self._devices, self._n_inputs, self.n_neurons, self._bitstream_length, weights,
            generator=generator, encoding=encoding, bits=bits, weight_streams=weight_streams, weight_share=weight_share,
            seed=root,
        )  # fmt: skip

    n_inputs: int = attribute("_n_inputs", "Number of inputs.")
    n_neurons: int = attribute("_neurons.n_neurons", "Number of neurons.")
    bitstream_length: int = attribute("_bitstream_length", "Stream length L in clock cycles.")
    devices: Any = attribute("_devices", "Where the layer runs.")
    y_min: float = attribute("_y_min", "Current of the smallest mean.")
    y_max: float = attribute("_y_max", "Current of the largest mean.")
    parameters: LIFParameters = attribute("_neurons.parameters", "`LIFParameters` of all neurons.")
    dt_ms: float = attribute("_neurons.dt_ms", "Duration of a step in ms.")
    dtype: np.dtype[Any] = attribute("_neurons.dtype", "Type of voltages and currents.")
    v: NDArray[Any] = attribute("_neurons.v", "Voltages ``(..., n_neurons)``; edit them, the next step starts there.")
    refractory_left: NDArray[np.int64] = attribute("_neurons.refractory_left", "Steps left to rest; edit them.")

    @property
    def weights(self) -> Floats:
        """Weights ``(n_neurons, n_inputs)``; assign or edit them, the next `run_inputs` sees it."""
        return self._products.weights

    @weights.setter
    def weights(self, values: ArrayLike) -> None:
        self._products.weights = values

    def _check_batch(self, batch: tuple[int, ...]) -> None:
        """An error unless the batch axes of a call are those of the state."""
        if self.samples and batch != self._neurons.batch:
            raise ValueError(
                f"batch axes must be {self._neurons.batch} as in the calls since the last reset(), got {batch}"
            )

    @in_turn
    def step(self, I_t: ArrayLike) -> NDArray[np.uint8]:
        """Spikes ``(..., n_neurons)``, uint8, of one step under currents of that shape."""
        drive = self._neurons.currents("I_t", I_t)
        return self.run(drive[..., None, :])[..., 0, :]

    @in_turn
    def run(self, currents: ArrayLike) -> NDArray[np.uint8]:
        """Spikes ``(..., T, n_neurons)``, uint8, of T steps under currents of that shape.

        Raises
        ------
        ValueError
            If the shape is wrong, or a current is not finite or above 1e100 (float32: 1e12) in size.
        """
        drive = self._neurons.currents("currents", currents)
        self._check_batch(_batch_axes("currents", drive, self.n_neurons))
        spikes = self._neurons.run(drive, self._seeds.key("membrane noise"), self.samples)
        self.samples += drive.shape[-2]
        return spikes

    __call__ = run

    @in_turn
    def run_inputs(self, inputs: ArrayLike) -> NDArray[np.uint8]:
        """Spikes ``(..., T, n_neurons)``, uint8, of T steps under inputs ``(..., T, n_inputs)``.

        Raises
        ------
        ValueError
            If the shape is wrong, or a value is not finite or outside the encoding's range.
        """
        return self.run(self.currents(inputs))

    def currents(self, inputs: ArrayLike) -> Floats:
        """Currents ``(..., T, n_neurons)`` that `run_inputs` would make of inputs ``(..., T, n_inputs)`` now.

        They are decoded from counts of streams. Nothing advances: the next call uses the same streams.
        """
        return self._as_currents(self._products.means(self._of_batch(inputs), self.samples))

    def streams(self, inputs: ArrayLike) -> Streams:
        """Streams that the next ``run_inputs(inputs)`` uses; nothing advances.

        Inputs are ``(..., T, n_inputs)``; weights ``(n_neurons, n_inputs)``, behind the axes ``(..., T)`` where every
        step of every sample gets its own.
        """
        return self._products.streams_of_steps(self._of_batch(inputs), self.samples)

    def expected(self, inputs: ArrayLike) -> Floats:
        """Limit of `currents` as the stream length grows; spikes have no closed form."""
        return self._as_currents(self._products.expected(self._checked(inputs)))

    def _checked(self, inputs: ArrayLike) -> Floats:
        x = checks.array("inputs", inputs, *value_range(self._products.encoding), last=self._n_inputs)
        _batch_axes("inputs", x, self._n_inputs)
        return x

    def _of_batch(self, inputs: ArrayLike) -> Floats:
        """Inputs, checked, whose batch axes are those of the state."""
        x = self._checked(inputs)
        self._check_batch(x.shape[:-2])
        return x

    def _as_currents(self, means: Floats) -> Floats:
        share = means if self._products.encoding == "unipolar" else (means + 1) / 2
        return current_of(share, self._y_min, self._y_max)

    def _rest(self) -> None:
        """Neurons at rest, without batch axes."""
        self._neurons.rest(())

    def _forget(self) -> None:
        self._products.reset(weights=True)

    def _values(self) -> dict[str, Any]:
        """Weights, voltages and refractory times."""
        return {"weights": self.weights.copy(), **self._neurons.values()}

    def _load_values(self, state: dict[str, Any]) -> None:
        neurons = self._neurons.checked(state)
        own = {name: state[name] for name in (*self._seeds.state(), "weights")}
        self._products.load_state_dict(self._products.state_dict() | own)
        self._neurons.load(neurons)

    def _reseed(self) -> None:
        """Nothing to build: streams are seeded with the weights, and the noise at every run."""

    def __repr__(self) -> str:
        from ..backends import xla

        products = self._products
        return (
            f"JaxSCDenseLayer({self._n_inputs} -> {self.n_neurons}, bitstream_length={self._bitstream_length}, "
            f"{products.generator!r}, encoding={products.encoding!r}, dt_ms={self.dt_ms:g}, steps={self.samples}, "
            f"dtype={self.dtype.name!r}, backend={xla.name!r}, devices={repr(self._devices)!r})"
        )


def _batch_axes(name: str, values: Floats, last: int) -> tuple[int, ...]:
    """The batch axes of values ``(..., T, last)``."""
    if values.ndim < 2:
        raise ValueError(f"{name} must have shape (..., T, {last}), got {values.shape}")
    return values.shape[:-2]
