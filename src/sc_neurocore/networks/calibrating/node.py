"""A layer of a network with the samples that reach it: all that a step of a calibration sees."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple

import numpy as np

from ...encoders import Bernoulli, Generator
from ..activations import Floats
from ..circuit import Stage
from ..layer_spec import BuildContext, LayerSpec, Shape
from ..mapping import LayerMapping
from ..weighted_specs import Conv2D, Dense, WeightedSpec
from .samples import Judge, Parts, worse

DIGITS = 7
"""Numbers of a mapping have so many digits: matrix products of another machine differ in about the 15th."""

Reading = Literal["plain", "mean", "line"]
"""How counts are read: times the gain plus the bias, less a mean error, or by the line that fits a neuron's sums."""


@dataclass(frozen=True, eq=False)
class Draft:
    """Choices for a layer, from which its mapping follows."""

    ranges: Floats
    """Of the input lines, as in a `LayerMapping`."""
    widths: Floats | None
    """Weight of each neuron that its comparators get as 1, ``(M,)``; None: the plain mapping, a gain for the layer."""
    generator: str | Generator
    weights: Floats | None = None
    """Fitted numbers for the comparators of the weights; None: the nearest ones."""
    reading: Reading = "plain"


class Choice(NamedTuple):
    """A draft with its mapping, the marks that it got, and what tells it from others."""

    draft: Draft
    mapping: LayerMapping
    marks: Floats
    """Of the held samples, see `Judge`; of the first of them, where these are clearly worse than those of another."""
    text: str

    @property
    def score(self) -> float:
        """Mean of the marks, to nine digits: ties are ties on every machine."""
        return round(float(self.marks.mean()), 9)


class Node:
    """A layer of a network with the samples that reach it through the circuits of the layers before.

    Parameters
    ----------
    spec, shape, context
        The layer, the shape of its inputs, and the options of its circuit.
    values
        Inputs ``(N, ...)`` as they come from the circuits before.
    ideal
        Inputs of the float network for the same samples.
    judge
        Scores outputs.
    exact
        Whether products are those of fixed-point arithmetic in place of streams.
    lines
        Whether counts are read by a line for each neuron until a step says otherwise; else the bias alone is added.
    others
        Outputs of earlier layers for the held samples that are taken again behind the layer, by number.
    """

    def __init__(
        self,
        spec: LayerSpec,
        shape: Shape,
        context: BuildContext,
        values: Parts,
        ideal: Parts,
        judge: Judge,
        exact: bool,
        lines: bool,
        others: Mapping[int, Floats] | None = None,
    ) -> None:
        self.spec, self.shape, self.context, self.judge, self.exact = spec, shape, context, judge, exact
        self.values = Parts(*(part.reshape(len(part), *spec.sample(shape)) for part in values))
        self._others = dict(others or {})
        self.reading: Reading = "line" if lines else "plain"
        self.linear = isinstance(spec, Dense | Conv2D)
        """Whether it gives weighted sums, with an activation behind them."""
        self.targets = self._rows(sums_of(spec).forward(ideal.fit.reshape(-1, *shape)))
        """What the outputs should be before the activation; tokens ``(tokens, n)`` are samples of their own."""
        self._node = context.place if context.node is None else context.node
        options = context.options
        self.generator = options.make_generator()
        self._random = (
            self.linear
            and isinstance(self.generator, Bernoulli)
            and options.accumulate in ("sum", "mean")
            and options.device is None
            and options.share in (None, "independent")
            and options.weight_streams == "fresh"
        )

    def plain(self) -> Draft:
        """The draft of the plain mapping."""
        return Draft(np.array(self.context.input_scale), None, self.context.options.generator)

    def tried(self, draft: Draft, text: str, best: Choice | None = None) -> Choice:
        """A draft with its mapping and marks: of the first samples only, if they are clearly worse than the best."""
        plain = self._mapping(draft)
        stage, (fit, held), first = self._stage(plain), self.values, self.judge.first
        seen, judged = fit[:first], held[:first]
        raw = self._factored(stage, np.concatenate([seen, judged]), plain)
        of_fit, of_held = raw[: len(seen)], raw[len(seen) :]
        mapping, marks = self._read(plain, draft.reading, of_fit, of_held)
        if len(held) > first and (best is None or not worse(marks, best.marks)):
            more = self._factored(stage, np.concatenate([fit[first:], held[first:]]), plain)
            others = len(fit) - len(seen)
            of_fit, of_held = np.concatenate([of_fit, more[:others]]), np.concatenate([of_held, more[others:]])
            mapping, marks = self._read(plain, draft.reading, of_fit, of_held)
        return Choice(draft, mapping, marks, text)

    def _read(self, plain: LayerMapping, reading: Reading, fit: Floats, held: Floats) -> tuple[LayerMapping, Floats]:
        """The mapping with its gains and offsets, and marks, from outputs of fitting and of held samples."""
        mapping, slopes = plain, np.ones(())
        if reading != "plain":
            slopes, offsets = self._line(fit, reading)
            mapping = replace(plain, gains=seven_digits(plain.gains * slopes), offsets=seven_digits(offsets))
        sums = held * slopes
        sums += mapping.offsets
        return mapping, self.judge.marks(self.spec.decoded(sums), self._node, self._others)

    def outputs(self, mapping: LayerMapping) -> Parts:
        """Outputs of the layer's circuit, decoded."""
        stage = self._stage(mapping)
        outputs = (self._factored(stage, part, mapping) + mapping.offsets for part in self.values)
        return Parts(*map(self.spec.decoded, outputs))

    def plain_outputs(self) -> Parts:
        """Outputs of the plain mapping."""
        return self.outputs(self._mapping(self.plain()))

    def _stage(self, mapping: LayerMapping) -> Stage:
        return Stage.of(self.spec, self.shape, self.context, mapping, -1.0 if self.context.signed else 0.0)

    def weights_in(self, ranges: Floats) -> Floats:
        """Weights for inputs in units of `ranges`."""
        assert isinstance(self.spec, WeightedSpec)
        return self.spec.scaled_weights(ranges)

    def rounded(self, draft: Draft) -> Floats:
        """Numbers for the comparators of the weights: in units of the widths, cut to the range of the encoding."""
        assert draft.widths is not None
        weights = self.weights_in(draft.ranges)
        low = 0.0 if self.context.options.encoding == "unipolar" else -1.0
        return np.clip(weights / of_neurons(draft.widths, weights.ndim), low, 1.0)

    def _mapping(self, draft: Draft) -> LayerMapping:
        if draft.widths is None:
            scale = draft.ranges if draft.ranges.ndim else float(draft.ranges)
            context = replace(self.context, input_scale=scale).using(draft.generator)
            return self.spec.mapping(self.shape, context)
        assert isinstance(self.spec, WeightedSpec)
        axes = self.targets.ndim - 1
        terms = self.spec.terms(self.context.options.accumulate, biased=False)
        weights = self.rounded(draft) if draft.weights is None else draft.weights
        gains, offsets = (of_neurons(each, axes) for each in (draft.widths * terms, self.spec.bias))
        return LayerMapping(draft.ranges, gains, offsets, weights, None, draft.generator)

    def _factored(self, stage: Stage, values: Floats, mapping: LayerMapping) -> Floats:
        """Outputs for inputs ``(N, ...)``, gains included."""
        encoded = stage.encoded(values, (len(values),))
        if self._random:
            sums = self._drawn(encoded, mapping)
        else:
            sums = stage.layer.expected(encoded) if self.exact else stage.layer.forward(encoded)
        sums *= stage.gains
        return sums

    def _drawn(self, encoded: Floats, mapping: LayerMapping) -> Floats:
        """Sums of Bernoulli streams, drawn by their mean and variance, many times faster than the streams.

        The sum of n independent products with shares q of ones has the variance sum q (1 - q) / L, and is nearly
        normal. Of XNOR products v it is sum (1 - v**2) / L.
        """
        spec, options = self.spec, self.context.options
        assert isinstance(spec, Dense | Conv2D)
        assert mapping.weights is not None
        weights = mapping.weights
        bias = np.zeros(len(weights)) if mapping.bias is None else mapping.bias
        inputs = encoded.reshape(-1, *self.shape)

        def total(power: int, magnitudes: bool) -> Floats:
            of = np.abs if magnitudes else np.asarray
            layer: Any = replace(spec, weights=of(weights) ** power, bias=of(bias) ** power, activation="identity")
            return np.asarray(layer.forward(of(inputs) ** power))

        n, squares = spec.weights[0].size + (mapping.bias is not None), total(2, True)
        variance = (n - squares if options.encoding == "bipolar" else total(1, True) - squares) / options.cycles
        rng = np.random.Generator(np.random.PCG64(self.context.place))
        sums = total(1, False) + np.sqrt(np.maximum(variance, 0.0)) * rng.standard_normal(variance.shape)
        return sums / spec.terms(options.accumulate, biased=mapping.bias is not None)

    def _rows(self, outputs: Floats) -> Floats:
        """Outputs with those of tokens as samples."""
        tokens = self.spec.takes_tokens and len(self.shape) == 2
        return outputs.reshape(-1, outputs.shape[-1]) if tokens else outputs

    def _line(self, raw: Floats, reading: Reading) -> tuple[Floats, Floats]:
        """Slopes and offsets that bring sums nearest to their targets; of layers with weights, for each neuron."""
        weighted, raw = isinstance(self.spec, WeightedSpec), self._rows(raw)
        axes = (0, *range(2, raw.ndim)) if weighted else tuple(range(raw.ndim))
        targets = self.targets[: len(raw)]
        mean, aim = raw.mean(axes, keepdims=True)[0], targets.mean(axes, keepdims=True)[0]
        slopes = np.ones(())
        if reading == "line":
            apart = raw - mean
            products = ((targets - aim) * apart).mean(axes, keepdims=True)[0]
            squares = np.square(apart, out=apart).mean(axes, keepdims=True)[0]
            rising = (squares > 1e-12 * (1 + aim**2)) & (products > 0)
            slopes = np.where(rising, products / np.where(rising, squares, 1.0), 1.0)
        offsets = aim - slopes * mean
        return slopes, offsets if weighted else offsets.reshape(())


def sums_of(spec: LayerSpec) -> LayerSpec:
    """The layer without its activation, if it is one of weighted sums."""
    return replace(spec, activation="identity") if isinstance(spec, Dense | Conv2D) else spec


def of_neurons(numbers: Floats, axes: int) -> Floats:
    """Numbers ``(M,)`` with further axes of 1, so that they fit arrays ``(M, ..)`` of so many axes."""
    return numbers.reshape(-1, *(1,) * (axes - 1))


def seven_digits(values: Floats) -> Floats:
    """Numbers rounded to `DIGITS` digits, as decimal text has them: a logarithm could miss a power of 10."""
    values = np.asarray(values, np.float64)
    return np.array([float(f"{value:.{DIGITS - 1}e}") for value in values.flat]).reshape(values.shape)
