"""Quick estimates of random circuits: sums of products drawn from a normal law, where streams take minutes."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import checks
from ..chunks import in_chunks
from ..encoders.seeds import Seed, Seeds
from ..layers.options import CircuitOptions
from ..networks import Circuit, Conv2D, Dense
from ..networks.circuit import Stage

Floats = NDArray[np.float64]
GENERATOR = "bernoulli"
_EXACT: dict[str, tuple[Any, ...]] = {
    "accumulate": ("sum", "mean"),
    "share": (None, "independent"),
    "weight_share": (None, "independent"),
    "faults": (None,),
    "device": (None,),
}
"""Values of the options of a circuit for which the law holds."""


def check_estimate(generators: Sequence[str], options: Mapping[str, Any]) -> None:
    """Raise a ValueError unless circuits are ones that can be estimated.

    Parameters
    ----------
    generators
        Names; only ``"bernoulli"`` has random bits.
    options
        Other keywords of `CircuitOptions`.
    """
    for name in generators:
        if name != GENERATOR:
            raise ValueError(
                f"generators must be {GENERATOR!r} with estimate=True (--estimate), whose law is that of independent "
                f"random bits, got {name!r}"
            )
    given = CircuitOptions(length=1, generator=GENERATOR, **options)
    for name, values in _EXACT.items():
        if (value := getattr(given, name)) not in values:
            rule = " or ".join(map(repr, values))
            raise ValueError(f"{name} must be {rule} with estimate=True (--estimate), got {checks.shown(value)}")


class EstimatedCircuit:
    """A circuit of Bernoulli streams whose weighted sums are drawn from a normal law in place of streams.

    Layers that are no weighted sums, such as pooling, run on their own streams.

    Parameters
    ----------
    circuit
        The circuit.
    """

    def __init__(self, circuit: Circuit) -> None:
        self._circuit = circuit
        self.generator_descriptions = circuit.generator_descriptions
        """The generator of each layer as text."""
        self._restart()

    def forward(self, x: ArrayLike) -> Floats:
        """Outputs ``(..., n_outputs)`` of samples ``(..., n_inputs)``; errors as of `Circuit.forward`."""
        return self._circuit.through(x, self._calls)

    def predict(self, x: ArrayLike) -> NDArray[np.integer[Any]]:
        """Class indices ``(...)``, or labels ``(..., n_labels)``, of the outputs of `forward`."""
        return np.asarray(self._circuit.network.classes_of(self.forward(x)))

    def reset(self) -> None:
        """Start anew: the next `forward` draws what the first one has drawn."""
        self._circuit.reset()
        self._restart()

    def _restart(self) -> None:
        stages = self._circuit.stages
        seeds = Seeds(self._circuit.options.seed, EstimatedCircuit).of("layers").spawn(len(stages))
        self._calls = [
            DrawnSums(stage, seed) if isinstance(stage.spec, Dense | Conv2D) else stage.layer.forward
            for stage, seed in zip(stages, seeds, strict=True)
        ]


class DrawnSums:
    """Sums of a dense layer or a convolution of Bernoulli streams, drawn by their mean and covariance.

    Called with encoded inputs ``(..., *sample)``, it gives what `forward` of the layer gives: numbers with the same
    mean, and the same covariance between neurons, windows and samples, but not multiples of 1 / L.

    Parameters
    ----------
    stage
        The layer in its circuit, with independent lines that are summed up or averaged.
    seed
        Fixes the draws.

    Notes
    -----
    In a cycle, a stream of the number x has the value X: 0 or 1 in unipolar encoding, 0 or the sign of x in split
    encoding, -1 or 1 in bipolar encoding. Its mean is x, its mean square s is the magnitude of x (bipolar: 1), its
    variance v is s - x**2. The product with a weight's W is, with the deviations dX and dW,

    ::

        X W = x w + w dX + x dW + dX dW

    four parts that are not correlated. Over L independent cycles variances are divided by L:

    - dX is drawn for each input line: all neurons and windows that tap it see the same one;
    - dW is drawn for each weight, one for all windows, with stored streams also one for all samples;
    - the sum of dX dW is drawn for each sum, of variance ``sum v(x) v(w) / L``: pairs of an input and a weight meet
      in one sum only.

    So the sums k and l of a dense layer have the covariance ``sum_i w_ki w_li v(x_i) / L``, and the variance of one is
    ``sum_i (s(x_i) s(w_i) - x_i**2 w_i**2) / L``. The weights' part of a dense layer with fresh streams is added to the
    last one. Means are those of the thresholds of the comparators.
    """

    def __init__(self, stage: Stage, seed: Seed) -> None:
        spec, layer = stage.spec, stage.layer
        assert isinstance(spec, Dense | Conv2D)
        values: Any = layer
        options: CircuitOptions = values.options
        self._options, self._cycles, self._sample = options, options.cycles, stage.sample
        self._terms = spec.terms(options.accumulate, values.bias is not None)
        weights = options.rounded(values.kernels if isinstance(spec, Conv2D) else values.weights)
        weights_error, bias, bias_error = self._variance(weights), np.zeros(len(weights)), np.zeros(len(weights))
        if values.bias is not None:  # a weight of the constant 1, whose stream has no error
            bias = options.rounded(values.bias)
            bias_error = self._variance(bias)
        self._geometry = spec.geometry if isinstance(spec, Conv2D) else None
        plain: Any = replace(spec, padding=0) if isinstance(spec, Conv2D) else spec
        plain = replace(plain, activation="identity")
        self._mean: Dense | Conv2D = replace(plain, weights=weights, bias=bias)
        self._stored = options.weight_streams == "stored"
        self._joined = isinstance(spec, Dense) and not self._stored
        """Whether no two sums share a weight's stream, so that its error is drawn with the rest."""
        self._rest = replace(plain, weights=weights_error, bias=bias_error if self._joined else np.zeros(len(bias)))
        self._deviations = np.sqrt(weights_error / self._cycles), np.sqrt(bias_error / self._cycles)
        seeds = Seeds(seed, DrawnSums)
        # One for each kind of draws, which go from sample to sample: batches may be cut anywhere.
        self._inputs, self._weights, self._sums = map(seeds.generator, ("inputs", "weights", "values"))
        numbers = 5 * math.prod(stage.sample) + 3 * math.prod(spec.output_shape(stage.sample))
        numbers += 0 if self._joined else 3 * weights.size
        self._item_bytes = 4 * 8 * numbers  # pieces of a quarter of the usual size: they stay in the cache
        self._stored_errors = self._weight_errors(1) if self._stored else None

    def __call__(self, x: Floats) -> Floats:
        out = in_chunks(self._drawn, self._item_bytes, x.reshape(-1, *self._sample))
        return out.reshape(*x.shape[: x.ndim - len(self._sample)], *out.shape[1:])

    def _drawn(self, x: Floats) -> Floats:
        lines = self._options.rounded(self._padded(x))
        variance = self._variance(lines)
        sums = self._mean.forward(lines + self._noise(self._inputs, variance))
        rest = self._rest.forward(self._squares(lines) if self._joined else variance)
        sums += self._noise(self._sums, rest)
        if self._stored_errors is not None:
            sums += self._stored_errors.forward(lines)
        elif not self._joined and x.size:  # a group of channels for each sample: its kernels have errors of their own
            joined = lines.reshape(1, -1, *lines.shape[2:])
            sums += self._weight_errors(len(lines)).forward(joined).reshape(sums.shape)
        sums /= self._terms
        return sums

    def _noise(self, rng: np.random.Generator, variance: Floats) -> Floats:
        """A normal number for each variance of a cycle's values, also where that is 0: draws depend on places only."""
        deviations = np.sqrt(variance / self._cycles)
        deviations *= rng.standard_normal(variance.shape)
        return deviations

    def _weight_errors(self, samples: int) -> Dense | Conv2D:
        """The layer with errors of its weights and its bias for weights: those of each sample behind each other."""
        of_weights, of_bias = self._deviations
        drawn = self._weights.standard_normal((samples, of_weights.size + of_bias.size))
        weights, bias = np.split(drawn, [of_weights.size], axis=1)
        errors: dict[str, Any] = {
            "weights": (weights.reshape(samples, *of_weights.shape) * of_weights).reshape(-1, *of_weights.shape[1:]),
            "bias": (bias * of_bias).reshape(-1),
        }
        if isinstance(self._mean, Conv2D):
            errors["groups"] = samples * self._mean.groups
        return replace(self._mean, **errors)

    def _padded(self, x: Floats) -> Floats:
        """Inputs with the padding of images, whose zeros are streams like the others."""
        if self._geometry is None:
            return x
        size = self._geometry.padded_size(x.shape[2:])
        return self._geometry.pixels(x).reshape(*x.shape[:2], *size)

    def _squares(self, values: Floats) -> Floats:
        """Mean squares of the values of bits."""
        return np.ones_like(values) if self._options.encoding == "bipolar" else np.abs(values)

    def _variance(self, values: Floats) -> Floats:
        """Variances of the values of bits."""
        return self._squares(values) - values * values
