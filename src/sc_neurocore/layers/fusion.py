"""Several sensors, one estimate: a multiplexer that gives each modality its share of the cycles."""

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from .. import checks
from ..backends.packing import words_for
from ..bitstreams import Bitstream, value_range
from ..bitstreams.encodings import Encoding, to_probability
from ..encoders import GENERATORS, Bernoulli, Encoder, Generator, Seed, Share, make_generator
from ..gates import weighted_mux
from .old_base import Floats, Samples, SCLayer

_CHUNK_BYTES = 1 << 25
"""Streams made at a time: samples are taken in chunks of about this size."""


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
        ``"unipolar"``: features in [0, 1]. ``"bipolar"``: [-1, 1]. ``"split"``: [-1, 1] as positive
        and negative part: two MUXes with one select.
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
    >>> exact.norm_weights
    {'a': 0.75, 'b': 0.25}
    >>> exact.forward({"a": [0.5, 1.0], "b": [1.0, 0.0]}), exact.expected({"a": [0.5, 1.0], "b": [1.0, 0.0]})
    (array([0.625, 0.75 ]), array([0.625, 0.75 ]))
    """

    _sample_axes = 2

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
    ) -> None:
        super().__init__(length, generator, encoding, bits, seed)
        dims = _by_name("input_dims", input_dims)
        self.input_dims = {name: checks.whole(f"input_dims[{name!r}]", dim, 1) for name, dim in dims.items()}
        weights = self._declared("fusion_weights", fusion_weights)
        self._names = tuple(weights)
        self._weights = self._checked_weights(list(weights.values()))
        self.share_select = checks.option("share_select", share_select, ("layer", "feature"))
        self.missing = checks.option("missing", missing, ("error", "renormalise"))
        if select_generator is not None and not isinstance(select_generator, Generator):
            checks.option("select_generator", select_generator, GENERATORS)
        source = generator if select_generator is None else select_generator
        # Role 1 is the partner of role 0; a source that was named is taken as it is.
        self._select_role = 1 if select_generator is None else 0
        self._select_source = make_generator(source, self.length, None if isinstance(source, Generator) else bits)
        self._weights_quantised = bits is not None or isinstance(source, Generator)
        self._share = share
        self._reseed()
        if select_generator is not None:
            self._check_sources()

    # ------------------------------------------------------------ modalities

    @property
    def norm_weights(self) -> dict[str, float]:
        """Weights by name; their sum is 1."""
        return dict(zip(self._names, (self._weights / self._weights.sum()).tolist(), strict=True))

    @property
    def _wired(self) -> list[str]:
        """Modalities with an input at the MUX: those of positive weight."""
        return [name for name, weight in zip(self._names, self._weights, strict=True) if weight > 0]

    @property
    def n_features(self) -> int:
        """Features of a sample, and MUXes of the layer."""
        return self.input_dims[self._wired[0]]

    def _declared(self, argument: str, value: Any) -> dict[str, Any]:
        """`value` as a dict whose names are all in `input_dims`."""
        named = _by_name(argument, value)
        for name in named:
            if name not in self.input_dims:
                raise ValueError(f"{argument} must name modalities of input_dims, got {name!r}")
        return named

    def _checked_weights(self, values: ArrayLike) -> Floats:
        weights = checks.array("fusion_weights", values, 0.0, shape=(len(self._names),)).copy()
        total = sum(weights.tolist())
        if not 0 < total < np.inf:
            raise ValueError(f"fusion_weights must have a positive finite sum, got {total:g}")
        dims = {name: self.input_dims[name] for name, weight in zip(self._names, weights, strict=True) if weight > 0}
        if len(set(dims.values())) > 1:
            raise ValueError(f"input_dims of weighted modalities must be equal, got {dims}")
        return weights

    # ------------------------------------------------------------ streams

    def _reseed(self) -> None:
        lines = self.n_features * len(self._wired)
        selects = self.n_features if self.share_select == "feature" else 1
        self._encoder = Encoder(
            lines, self.length, self.generator, self.encoding, share=self._share, seed=self._seed("inputs")
        )
        self._select_encoder = Encoder(
            selects,
            self.length,
            self._select_source,
            share="independent",
            partner=self._select_role,
            seed=self._seed("select"),
        )

    @property
    def share(self) -> Share:
        """The sharing policy of the features in force."""
        return self._encoder.share

    def _check_sources(self) -> None:
        """An error if a select number would be the number that a feature is compared with."""
        if isinstance(self.generator, Bernoulli) or isinstance(self._select_source, Bernoulli):
            return
        bits = min(self.generator.bits, self._select_source.bits)
        cycles = max(self.length, 64)  # short sequences of different sources begin alike

        def numbers(source: Generator, count: int) -> set[bytes]:
            partners = (source.decorrelated(2 * i) for i in range(count))
            return {(each.sequence(cycles) >> np.uint32(each.bits - bits)).tobytes() for each in partners}

        features = numbers(self.generator, self._encoder.n if self.share == "independent" else 1)
        if features & numbers(self._select_source, self._select_encoder.n):
            raise ValueError(
                "select_generator must be a different source from that of the features, "
                f"got {self._select_source!r} with {self.generator!r}"
            )

    def _streams(self, x: Floats, samples: Samples) -> Bitstream:
        """Streams of features ``(B, n_features, wired)``."""
        lines = x.reshape(len(x), -1)
        if self.encoding == "split":
            words = np.moveaxis(self._encoder.rails(lines, samples), -3, 0)
        else:
            words = self._encoder.words(to_probability(lines, self.encoding), samples)
        return Bitstream(words.reshape(*words.shape[:-2], *x.shape[1:], -1), self.length, self.encoding)

    def _selects(self, cumulative: Floats, samples: Samples) -> Bitstream:
        """Streams ``(B or 1, n_features or 1, wired)`` of cumulative weights, nested along the last axis."""
        if not isinstance(self._select_source, Bernoulli):
            samples = samples[:1]  # every sample meets the same numbers
        shape = (len(samples), cumulative.size)
        words = self._select_encoder.words(
            np.broadcast_to(cumulative[:, None], (*shape, self._select_encoder.n)),
            np.broadcast_to(samples[:, None], shape),
        )
        return Bitstream(words.swapaxes(1, 2), self.length)

    # ------------------------------------------------------------ forward

    def forward(self, inputs: Mapping[str, ArrayLike]) -> Floats:  # type: ignore[override]
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
        return super().forward(inputs)  # type: ignore[arg-type]

    __call__ = forward  # type: ignore[assignment]

    def expected(self, inputs: Mapping[str, ArrayLike]) -> Floats:  # type: ignore[override]
        """What `forward` converges to as the length grows: sum w v."""
        return super().expected(inputs)  # type: ignore[arg-type]

    def _checked(self, x: Any) -> Floats:
        """Features ``(..., n_features, wired)``; those of a missing modality are NaN."""
        bounds = value_range(self.encoding)
        arrays = {
            name: checks.array(f"inputs[{name!r}]", value, *bounds, last=self.input_dims[name])
            for name, value in self._declared("inputs", x).items()
        }
        wired = self._wired
        absent = [name for name in wired if name not in arrays]
        if absent and (self.missing == "error" or absent == wired):
            needed = "every" if self.missing == "error" else "a"
            raise ValueError(f"inputs must have {needed} weighted modality, got none for {', '.join(absent)}")
        batches = {name: array.shape[:-1] for name, array in arrays.items()}
        if len(set(batches.values())) > 1:
            raise ValueError(f"inputs must have equal batch axes, got {batches}")
        nothing = np.full((*next(iter(batches.values())), self.n_features), np.nan)
        return np.stack([arrays.get(name, nothing) for name in wired], axis=-1)

    def _cumulative(self, x: Floats) -> Floats:
        """Running sums of the weights ``(wired,)`` of what is in the input; the last is 1."""
        sums = np.cumsum(self._weights[self._weights > 0] * ~np.isnan(x).any((0, 1)))
        return np.asarray(sums / sums[-1])

    def _forward(self, x: Floats, samples: Samples) -> Floats:
        cumulative, x = self._cumulative(x), np.nan_to_num(x)
        out = np.empty(x.shape[:2])
        halves = 2 if self.encoding == "split" else 1
        step = max(1, _CHUNK_BYTES // (8 * words_for(self.length) * halves * self._encoder.n))
        for start in range(0, len(x), step):
            part = slice(start, start + step)
            select = self._selects(cumulative, samples[part])
            out[part] = weighted_mux(self._streams(x[part], samples[part]), select).value()
        return out

    def _expected(self, x: Floats) -> Floats:
        cumulative, values = self._cumulative(x), np.nan_to_num(x)
        if self._weights_quantised:
            cumulative = _as_compared(self._select_encoder, cumulative)
        return np.asarray(self._quantised(values) @ np.diff(cumulative, prepend=0.0))

    # ------------------------------------------------------------ state

    def state_dict(self) -> dict[str, Any]:
        """Weights, in the order of `fusion_weights`, and where the generators stand."""
        return {**super().state_dict(), "fusion_weights": self._weights.copy()}

    def _load_values(self, state: dict[str, Any]) -> None:
        self._weights = self._checked_weights(state["fusion_weights"])

    def __repr__(self) -> str:
        mix = " + ".join(f"{weight:.3g} {name}" for name, weight in self.norm_weights.items())
        return (
            f"{type(self).__name__}({mix} -> {self.n_features}, length={self.length}, {self.generator!r}, "
            f"encoding={self.encoding!r}, select={self._select_source.decorrelated(self._select_role)!r} "
            f"per {self.share_select}, missing={self.missing!r}, backend='numba')"
        )


def _by_name(argument: str, value: Any) -> dict[str, Any]:
    """`value` as a dict that has at least one name."""
    if not isinstance(value, Mapping):
        raise TypeError(f"{argument} must be a mapping from names of modalities, got {type(value).__name__}")
    for name in value:
        if not isinstance(name, str):
            raise TypeError(f"{argument} must have names of modalities as keys, got {name!r}")
    if not value:
        raise ValueError(f"{argument} must name at least one modality, got none")
    return dict(value)


def _as_compared(encoder: Encoder, probabilities: Floats) -> Floats:
    """Probabilities that the encoder's comparators hold: multiples of ``2**-bits``."""
    return np.asarray(encoder.thresholds(probabilities) / 2.0**encoder.generator.bits)
