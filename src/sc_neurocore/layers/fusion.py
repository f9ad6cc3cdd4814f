"""Sensor fusion: a multiplexer passes each modality in its share of the cycles, which gives a weighted mean."""

import math
from collections.abc import Mapping
from functools import partial
from operator import attrgetter
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from .. import checks
from ..backends.packing import words_for
from ..bitstreams import Bitstream, value_range
from ..bitstreams.encodings import Encoding
from ..encoders import GENERATORS, Bernoulli, Encoder, Generator, Seed, Share, make_generator
from ..encoders.seeds import Seeds
from ..encoders.width import at_width
from ..gates import weighted_mux
from .base import Floats, Samples, SCLayer
from .input_lines import InputLines
from .modalities import Modalities
from .options import CircuitOptions, layer_options
from .streams import Streams
from .weighted.attributes import circuit_option


class SelectSource:
    """Source of the select numbers of multiplexers.

    Parameters
    ----------
    generator, select_generator, bits, length
        As for `SCFusionLayer`.
    """

    def __init__(
        self, generator: str | Generator, select_generator: str | Generator | None, bits: int | None, length: int
    ) -> None:
        if select_generator is not None and not isinstance(select_generator, Generator):
            checks.option("select_generator", select_generator, GENERATORS)
        source = generator if select_generator is None else select_generator
        # Of the features' own generator the selects take partner 1; a source that was named is taken as it is.
        self.named, self.partner = select_generator is not None, int(select_generator is None)
        self.source = make_generator(source, length, None if isinstance(source, Generator) else bits)
        self.random = isinstance(self.source, Bernoulli)

    def __repr__(self) -> str:
        return repr(self.source.decorrelated(self.partner))


class FusionCircuit:
    """The encoders and multiplexers of a fusion layer for its present weights.

    Parameters
    ----------
    modalities
        With their weights.
    options, seeds
        Of the layer.
    source
        Of the select numbers.
    share_select
        As for `SCFusionLayer`.
    """

    def __init__(
        self, modalities: Modalities, options: CircuitOptions, seeds: Seeds, source: SelectSource, share_select: str
    ) -> None:
        self.modalities, self._options, self._source = modalities, options, source
        self.inputs = InputLines(modalities.n_features * len(modalities.wired), options, seeds, None)
        self.selects = Encoder(
            modalities.n_features if share_select == "feature" else 1,
            options.cycles,
            source.source,
            share="independent",
            partner=source.partner,
            seed=seeds.of("select"),
            backend=options.backend,
        )
        if source.named:
            _check_sources(self.inputs.encoder, self.selects)

    def features(self, x: Floats, samples: Samples, shape: tuple[int, ...]) -> Bitstream:
        """Streams of `shape` of features, NaN where a modality is missing."""
        return self.inputs.streams(np.nan_to_num(x).reshape(len(samples), self.inputs.encoder.n), samples, shape)

    def select_streams(self, cumulative: Floats, samples: Samples) -> Bitstream:
        """Streams ``(B or 1, n_features or 1, wired)`` of cumulative weights, nested along the last axis."""
        if not self._source.random:
            samples = samples[:1]  # every sample meets the same numbers
        shape = (len(samples), cumulative.size)
        words = self.selects.words(
            np.broadcast_to(cumulative[:, None], (*shape, self.selects.n)),
            np.broadcast_to(samples[:, None], shape),
        )
        return Bitstream(words.swapaxes(1, 2), self._options.cycles)

    def fused(self, cumulative: Floats, x: Floats, samples: Samples) -> Floats:
        """Outputs ``(B, n_features)`` of features ``(B, n_features, wired)``."""
        return weighted_mux(self.features(x, samples, x.shape), self.select_streams(cumulative, samples)).value(
            self._options.backend
        )

    def expected(self, x: Floats) -> Floats:
        """Sums ``(..., n_features)`` of features times weights, both rounded to the comparators' thresholds."""
        shares = np.diff(self.selects.quantised(self.modalities.cumulative(x)), prepend=0.0)
        return np.asarray(self._options.rounded(np.nan_to_num(x)) @ shares)


class SCFusionLayer(SCLayer):
    """Weighted mean of the modalities: every cycle, one of them is passed to the output.

    ::

        audio_f  --encoder--|\\
        visual_f --encoder--| |-- y_f = sum w v        one such MUX for every feature f
        ..                  |/
                             |
        weights --encoder-- select: audio while the select number is below w_audio, ..

    Parameters
    ----------
    input_dims
        Number of features of each modality, by name.
    fusion_weights
        Weight of each modality, at least 0; normalised to a sum of 1. A declared modality without a
        weight (or with 0) is accepted and not wired. All others have one number of features.
    length
        Stream length L in clock cycles.
    generator
        A name or a `Generator`, for the features.
    encoding
        ``"unipolar"``: features in [0, 1]. ``"bipolar"``: [-1, 1]. ``"split"``: [-1, 1] as a positive
        and a negative rail: two MUXes with one select.
    share_select
        ``"layer"``: one select source serves all features, whose errors then go together.
        ``"feature"``: a source for each, `decorrelated` partners of one another.
    missing
        What a weighted modality that is not in the input does. ``"error"``: it is an error.
        ``"renormalise"``: the others share its cycles in proportion to their weights.
    select_generator
        Source of the select numbers, other than that of the features; None: the decorrelated partner
        of `generator`, the one that makes the weight streams of other layers.
    share
        How the features of all modalities share generators, see `Encoder`. A MUX does not mind
        correlated inputs: sharing costs no accuracy, but makes the errors of features go together.
    bits
        Width of thresholds, of features and of weights; None lets the generators choose.
    seed
        Fixes the streams and the selects.
    backend
        Backend that runs the kernels, one of ``sc_neurocore.backends.available()``; None: the default.

    Attributes
    ----------
    fusion_weights
        Weights by name, a dict that may be edited, or assigned; its names are those of construction.
    norm_weights
        The same, normalised; read-only.

    Raises
    ------
    ValueError, TypeError
        If an argument is outside its range or of a wrong type.

    Notes
    -----
    Error law, with m = sum w v: Bernoulli streams and selects give a variance of m (1 - m) / L
    (unipolar), (1 - m**2) / L (bipolar) or (sum w abs(v) - m**2) / L (split). A low-discrepancy
    select gives each modality its w L cycles, rounded, and sum w v (1 - v) / L remains (unipolar);
    if the features are low-discrepancy streams too, the error falls about as 1 / L.

    References
    ----------
    B. R. Gaines, "Stochastic computing systems", Advances in Information Systems Science 2 (1969),
    https://doi.org/10.1007/978-1-4899-5841-9_2.

    Examples
    --------
    >>> import numpy as np
    >>> layer = SCFusionLayer({"audio": 4, "visual": 4}, {"audio": 0.7, "visual": 0.3})
    >>> fused = layer.forward({"audio": np.ones(4), "visual": np.zeros(4)})
    >>> fused.shape, bool(abs(fused.mean() - 0.7) < 0.1)
    ((4,), True)
    >>> exact = SCFusionLayer({"a": 2, "b": 2}, {"a": 3, "b": 1}, 64, generator="sobol")
    >>> dict(exact.norm_weights)
    {'a': 0.75, 'b': 0.25}
    >>> exact.forward({"a": [0.5, 1.0], "b": [1.0, 0.0]}), exact.expected({"a": [0.5, 1.0], "b": [1.0, 0.0]})
    (array([0.625, 0.75 ]), array([0.625, 0.75 ]))
    """

    def __init__(
        self,
        input_dims: Mapping[str, int],
        fusion_weights: Mapping[str, float],
        length: int = 1024,
        *,
        generator: str | Generator = "bernoulli",
        encoding: Encoding = "unipolar",
        share_select: Literal["layer", "feature"] = "layer",
        missing: Literal["error", "renormalise"] = "error",
        select_generator: str | Generator | None = None,
        share: Share | None = None,
        bits: int | None = None,
        seed: Seed = None,
        backend: str | None = None,
    ) -> None:
        self._options = layer_options(
            length, False, backend, generator=generator, encoding=encoding, share=share, bits=bits
        )
        modalities = Modalities(input_dims, fusion_weights)
        super().__init__(seed, (modalities.n_features, len(modalities.input_dims)))
        self._share_select = checks.option("share_select", share_select, ("layer", "feature"))
        self._missing = checks.option("missing", missing, ("error", "renormalise"))
        self._select_source = SelectSource(generator, select_generator, bits, self.length)
        self._first = modalities
        self._wire(modalities)

    options = property(attrgetter("_options"))
    length = circuit_option("length")
    encoding = circuit_option("encoding")
    backend = circuit_option("backend")
    share_select = property(attrgetter("_share_select"))
    missing = property(attrgetter("_missing"))
    generator = property(attrgetter("_circuit.inputs.encoder.generator"), doc="Number generator of the features.")
    share = property(attrgetter("_circuit.inputs.encoder.share"), doc="The sharing policy of the features in force.")
    fusion_weights = property(
        attrgetter("_fusion_weights"),
        lambda self, weights: self._wire(self._first.with_weights(weights)),
        doc="Weights by name, a dict; edits are seen by the next call.",
    )

    @property
    def input_dims(self) -> Mapping[str, int]:
        """Number of features of each modality, by name; read-only."""
        return MappingProxyType(self._first.input_dims)

    @property
    def norm_weights(self) -> Mapping[str, float]:
        """Weights by name, their sum is 1; read-only, edit `fusion_weights`."""
        return MappingProxyType(self._current().modalities.norm_weights)

    @property
    def n_features(self) -> int:
        """Number of features of a sample, one multiplexer each."""
        return self._current().modalities.n_features

    def _wire(self, modalities: Modalities) -> None:
        """Take these weights; the dict of the user becomes another one, unless it has them already."""
        source, choice = self._select_source, self._share_select
        self._circuit = FusionCircuit(modalities, self._options, self._seeds, source, choice)
        self._fusion_weights = dict(modalities.fusion_weights)

    def _current(self) -> FusionCircuit:
        """The circuit of the present weights, or an error if an edit made them wrong."""
        circuit = self._circuit
        if self._fusion_weights != circuit.modalities.fusion_weights:
            modalities = self._first.with_weights(self._fusion_weights)
            source, choice = self._select_source, self._share_select
            circuit = self._circuit = FusionCircuit(modalities, self._options, self._seeds, source, choice)
        return circuit

    def _reseed(self) -> None:
        self._wire(self._circuit.modalities)

    def _forget(self) -> None:
        self._wire(self._first)

    def streams(self, inputs: Mapping[str, ArrayLike]) -> Streams:
        """The streams that the next `forward` uses: features and selects ``(..., n_features, wired)``.

        Selects stand in the place of weights; their axes are 1 where features or samples share them.
        """
        circuit, x = self._stacked(inputs)
        samples = self.samples + np.arange(math.prod(x.shape[:-2]))
        selects = circuit.select_streams(circuit.modalities.cumulative(x), samples)
        return Streams(circuit.features(x, samples, x.shape), selects)

    def _stacked(self, inputs: Mapping[str, ArrayLike]) -> tuple[FusionCircuit, Floats]:
        """The circuit of the present weights, and its features ``(..., n_features, wired)``."""
        circuit = self._current()
        return circuit, circuit.modalities.stacked(inputs, value_range(self.encoding), self._missing)

    def forward(self, inputs: Mapping[str, ArrayLike]) -> Floats:
        """Fused features ``(..., n_features)``, decoded from counts of real streams.

        Parameters
        ----------
        inputs
            Features ``(..., n_features)`` of every weighted modality, by name; the leading (batch)
            axes of all are equal.

        Raises
        ------
        ValueError
            If a weighted modality is missing (unless ``missing="renormalise"``) or one is not
            declared, a shape is wrong, or a value not finite or outside the encoding's range.
        TypeError
            If `inputs` is not a mapping, or a value not an array of numbers.
        """
        circuit, x = self._stacked(inputs)
        run = partial(circuit.fused, circuit.modalities.cumulative(x))
        rails = 2 if self.encoding == "split" else 1
        return self._over_samples(run, x, 2, 8 * words_for(self.length) * rails * math.prod(x.shape[-2:]))

    __call__ = forward

    def expected(self, inputs: Mapping[str, ArrayLike]) -> Floats:
        """Limit of `forward` as the stream length grows: sum w v, both rounded to the comparators' thresholds."""
        circuit, x = self._stacked(inputs)
        return circuit.expected(x)

    def _values(self) -> dict[str, Any]:
        return {"fusion_weights": self._current().modalities.weights.copy()}

    def _load_values(self, state: dict[str, Any]) -> None:
        self._wire(self._first.with_weights(state["fusion_weights"]))

    def __repr__(self) -> str:
        mix = " + ".join(f"{weight:.3g} {name}" for name, weight in self.norm_weights.items())
        return (
            f"{type(self).__name__}({mix} -> {self.n_features}, length={self.length}, {self.generator!r}, "
            f"encoding={self.encoding!r}, select={self._select_source!r} "
            f"per {self.share_select}, missing={self.missing!r}, backend={self.backend!r})"
        )


def _check_sources(features: Encoder, selects: Encoder) -> None:
    """Raise an error if features and select inputs would use the same number sequence."""
    if isinstance(features.generator, Bernoulli) or isinstance(selects.generator, Bernoulli):
        return
    if features.generator.modulus == 1 or selects.generator.modulus == 1:  # one number: streams are constants
        return
    bits = min(features.generator.bits, selects.generator.bits)
    cycles = max(features.length, 64)  # short sequences of different sources begin alike

    def numbers(source: Generator, count: int) -> set[bytes]:
        partners = (each for i in range(count) for each in source.decorrelated(2 * i).groups)
        return {at_width(each.sequence(cycles), each.modulus, bits).tobytes() for each in partners}

    drawn = numbers(features.generator, features.n if features.share == "independent" else 1)
    if drawn & numbers(selects.generator, selects.n):
        raise ValueError(
            "select_generator must be a different source from that of the features, "
            f"got {selects.generator!r} with {features.generator!r}"
        )
