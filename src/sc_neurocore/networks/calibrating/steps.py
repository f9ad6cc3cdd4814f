"""Steps of a calibration: what each proposes for a layer. The search keeps what scores best, or leaves all as it is."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import replace
from typing import ClassVar

import numpy as np

from ...backends import choose
from ...encoders import Bank, Searched
from ...encoders.line_search import best_pairs
from ..activations import Floats
from ..weighted_specs import Conv2D, Dense, WeightedSpec
from .node import Draft, Node, Reading, of_neurons, seven_digits
from .operands import Rows, exact_products, levels, numbers_of, product_counts, rows_of
from .samples import spread

Proposals = Iterator[tuple[Draft, str]]


class Step(ABC):
    """Base of steps.

    A step sees a layer, its predecessors' outputs and its samples, nothing else of the network.
    """

    name: ClassVar[str]

    @abstractmethod
    def proposals(self, node: Node, draft: Draft) -> Proposals:
        """Other drafts than the best one so far, each with a few words that say what is new; none if it has none."""


class Ceilings(Step):
    """What the input lines are divided by: what is above it is clipped, all others get more of the few levels.

    Tried are parts of the range of the layer, and quantiles of |inputs|; of a layer of weighted sums also a quantile
    of each feature, or of each channel of images. For hidden features that is the equalisation of layers: the scale
    of each goes into the weights behind it.

    References
    ----------
    M. Nagel, M. van Baalen, T. Blankevoort, M. Welling, "Data-free quantization through weight equalization and bias
    correction", ICCV 2019, https://arxiv.org/abs/1906.04721.
    """

    name = "ceilings"
    parts = (1.0, 0.9, 0.8, 0.7)
    quantiles = (0.85, 0.9, 0.93, 0.96, 0.98, 0.99)
    of_lines = (0.95, 0.99, 1.0)

    def proposals(self, node: Node, draft: Draft) -> Proposals:
        """Other ranges of the inputs."""
        magnitudes = np.abs(node.values.fit)
        scale = node.context.input_scale
        full = float(np.max(scale))
        if not isinstance(scale, float | int):  # a range for each line
            for part in self.parts:
                yield self._with(node, draft, seven_digits(part * scale)), f"{part:g} of the ranges"
        found = {part * full: f"{part:g} of the range" for part in self.parts}
        for quantile in self.quantiles:
            value = float(np.quantile(magnitudes, quantile))
            if 0.02 * full < value < 2 * full:
                found.setdefault(value, f"the {quantile:g} quantile")
        for value, text in found.items():
            yield self._with(node, draft, seven_digits(np.array(value))), text
        if draft.widths is None or not isinstance(node.spec, Dense | Conv2D):
            return
        axes = (0, 2, 3) if node.spec.takes_images else (0,)
        flat = magnitudes if node.spec.takes_images else magnitudes.reshape(-1, magnitudes.shape[-1])
        for quantile in self.of_lines:
            of_line = np.quantile(flat, quantile, axis=axes)
            ranges = np.maximum(of_line, 0.1 * float(draft.ranges.max()))
            ranges = ranges.reshape(-1, 1, 1) if node.spec.takes_images else ranges
            yield self._with(node, draft, seven_digits(ranges)), f"the {quantile:g} quantile of each line"

    def _with(self, node: Node, draft: Draft, ranges: Floats) -> Draft:
        """The draft with other ranges; widths grow or shrink with the weights behind them."""
        if draft.widths is None:
            return replace(draft, ranges=ranges)
        before, after = (largest(node.weights_in(each)) for each in (draft.ranges, ranges))
        return replace(draft, ranges=ranges, widths=draft.widths * after / before, weights=None)


class Ranges(Step):
    """A range for the weights of each neuron: a quantile of their magnitudes, or the power of two next to it.

    Larger weights are clipped. The sign, the factor and the bias of a neuron go where its counts are read.

    References
    ----------
    R. Krishnamoorthi, "Quantizing deep convolutional networks for efficient inference", 2018,
    https://arxiv.org/abs/1806.08342 (a range a channel).
    """

    name = "ranges"
    quantiles = (1.0, 0.98, 0.95, 0.9, 0.85, 0.8, 0.7)

    def proposals(self, node: Node, draft: Draft) -> Proposals:
        """Other widths of the weights."""
        if not node.linear:
            return
        for quantile in self.quantiles:
            yield ranged(node, draft, quantile), f"the {quantile:g} quantile"
        for quantile in (1.0, 0.95):
            near = ranged(node, draft, quantile)
            assert near.widths is not None
            unit = float(near.widths.max())
            text = f"powers of two next to the {quantile:g} quantile"
            yield replace(near, widths=unit * nearest_powers(near.widths / unit)), text
        if node.context.options.accumulate in ("saturate", "or"):  # no sum of products: small ones are nearly one
            for factor in (2.0, 4.0, 8.0):
                wide = ranged(node, draft, 1.0)
                assert wide.widths is not None
                yield replace(wide, widths=factor * wide.widths), f"{factor:g} times the largest"


class Sequences(Step):
    """Number sequences found for the operands that meet in the layer.

    Of ``"searched"``, a permutation by simulated annealing of swaps: the error of a sum is the sum of ``C[a, b]
    e[a, b]``, C the signed histogram of its pairs of thresholds and e the error of their product, so the mean square
    of a few thousand sums is that of ``C e``. Of the other kinds, the best of a few pairs.
    """

    name = "sequences"

    def proposals(self, node: Node, draft: Draft) -> Proposals:
        """Other generators."""
        if not counts_pairs(node):
            return
        draft = with_widths(node, draft)
        generator = node.generator
        if isinstance(generator, Searched):
            if (found := annealed(node, draft, 1)) is not None:
                yield replace(draft, generator=found), "a permutation for its own operands"
        elif isinstance(generator, Bank) and generator.length > 1:
            for pair in best_pairs(generator.name, generator.length, 6):
                yield replace(draft, generator=Bank(generator.name, generator.length, pair)), f"the pair {pair}"


class Groups(Step):
    """Input lines in groups with a permutation each, searched together: their errors cancel in a sum."""

    name = "groups"
    counts = (2, 4, 8)

    def proposals(self, node: Node, draft: Draft) -> Proposals:
        """Generators of 2 to 8 permutations."""
        if not counts_pairs(node) or not isinstance(node.generator, Searched):
            return
        draft = with_widths(node, draft)
        for count in self.counts:
            if (found := annealed(node, draft, count)) is not None:
                yield replace(draft, generator=found), f"{count} permutations"


class Thresholds(Step):
    """Thresholds of weights moved to a neighbouring level where the sums come nearer to what they should be.

    The mean square error of a neuron's sums through the real table of products falls, weight by weight; three times.

    References
    ----------
    M. Nagel, R. A. Amjad, M. van Baalen, C. Louizos, T. Blankevoort, "Up or down? Adaptive rounding for post-training
    quantization", ICML 2020, https://arxiv.org/abs/2004.10568.
    """

    name = "thresholds"
    sums = 4000
    passes = 3
    longest = 64
    """Levels up to which steps between them matter."""

    def proposals(self, node: Node, draft: Draft) -> Proposals:
        """Fitted weights."""
        if not (counts_pairs(node) or (node.exact and node.linear)):
            return
        options = node.context.using(draft.generator).options
        generator, encoding = options.make_generator(), options.encoding
        modulus = generator.modulus
        if modulus > self.longest:
            return
        draft = with_widths(node, draft)
        products = (
            exact_products(modulus, options.cycles, encoding)
            if node.exact
            else product_counts(generator, options.cycles, encoding)
        )
        n_groups = 1 if node.exact else len(generator.groups)
        offset = modulus if encoding == "split" else 0
        rows = node_rows(node, draft, self.sums)
        codes = levels(rows.inputs, encoding, modulus) + offset + (rows.lines % n_groups) * len(products)
        wanted = node.rounded(draft)
        start = levels(wanted, encoding, modulus) + offset
        exact = wanted * modulus + offset if encoding != "bipolar" else (wanted + 1) / 2 * modulus
        assert draft.widths is not None
        shape = wanted.shape
        per_group = len(wanted) // codes.shape[1]
        found = start.reshape(len(start), -1).copy()
        fit = choose(options.backend).fit_levels
        for k in range(codes.shape[1]):
            some = slice(k * per_group, (k + 1) * per_group)
            targets = np.ascontiguousarray((rows.targets[:, some] / draft.widths[some] * options.cycles).T)
            own = np.ascontiguousarray(codes[:, k].T)
            real = exact.reshape(len(exact), -1)[some]
            found[some] = fit(own, np.round(targets, 6), found[some], products, real, self.passes)
        fitted = numbers_of(found - offset, encoding, modulus).reshape(shape)
        if not np.array_equal(found, start.reshape(found.shape)):
            moved = int((found != start.reshape(found.shape)).sum())
            yield replace(draft, weights=fitted), f"{moved} of {found.size} thresholds moved"


class Offsets(Step):
    """How counts are read: the bias alone, or corrected by the mean error of the neuron, or by its best line.

    The line is that of least squares from the counts of the fitting samples to what the sums should be: a gain and an
    offset a neuron.

    References
    ----------
    M. Nagel et al. 2019, https://arxiv.org/abs/1906.04721 (bias correction).
    """

    name = "offsets"

    def proposals(self, node: Node, draft: Draft) -> Proposals:
        """Other readings."""
        readings: tuple[Reading, ...] = ("plain", "mean", "line") if node.linear else ("plain", "mean")
        texts = {"plain": "the bias alone", "mean": "mean errors taken off", "line": "a line for each neuron"}
        for reading in readings:
            if reading != draft.reading:
                yield replace(draft, reading=reading), texts[reading]


STEPS: tuple[Step, ...] = (Ceilings(), Ranges(), Sequences(), Groups(), Thresholds(), Offsets())
"""The steps of a calibration."""

SUMS = 1024
"""Sums whose errors a search of permutations minimises, at most."""
_ENTRIES = 1 << 24
_SWAPS = 1500
"""Swaps for each cycle of a group, but `_MOST_SWAPS` at most."""
_MOST_SWAPS = 20_000


def counts_pairs(node: Node) -> bool:
    """Whether the layer's sums are of the counts of products of one pair of sequences, which a table tells."""
    options = node.context.options
    shared = node.generator.modulus <= 512 and options.share in (None, "one") and options.generator != "bernoulli"
    return (
        node.linear and shared and options.accumulate in ("sum", "mean") and options.device is None and not node.exact
    )


def with_widths(node: Node, draft: Draft) -> Draft:
    """The draft with a range for the layer's weights, and the bias added where counts are read."""
    if draft.widths is not None:
        return draft
    most = float(np.abs(node.weights_in(draft.ranges)).max()) or 1.0
    return replace(draft, widths=np.full(len(node.targets[0]), most), reading=node.reading)


def ranged(node: Node, draft: Draft, quantile: float) -> Draft:
    """The draft with a range for the weights of each neuron, a quantile of their magnitudes; of weighted sums only."""
    if not node.linear:
        return draft
    rows = np.abs(node.weights_in(draft.ranges)).reshape(len(node.targets[0]), -1)
    widths = np.maximum(np.quantile(rows, quantile, axis=1), 0.05 * largest(rows))
    reading = draft.reading if draft.widths is not None else node.reading
    return replace(draft, widths=seven_digits(widths), weights=None, reading=reading)


def nearest_powers(numbers: Floats) -> Floats:
    """The power of two next to each positive number, by ratio."""
    mantissas, exponents = np.frexp(numbers)
    return np.asarray(np.ldexp(1.0, exponents - (mantissas * mantissas < 0.5)))


def largest(weights: Floats) -> Floats:
    """Largest |weight| of each neuron ``(M,)``; 1 where all are 0."""
    most = np.abs(weights).reshape(len(weights), -1).max(1)
    return np.where(most > 0, most, 1.0)


def node_rows(node: Node, draft: Draft, count: int) -> Rows:
    """Operands and targets of `count` sums of the fitting samples."""
    assert isinstance(node.spec, WeightedSpec)
    low = -1.0 if node.context.signed else 0.0
    fit = node.values.fit
    encoded = np.clip(fit / draft.ranges, low, 1.0)
    bias = of_neurons(node.spec.bias, node.targets.ndim - 1)
    return rows_of(node.spec, node.shape, encoded, node.targets - bias, count)


def annealed(node: Node, draft: Draft, n_groups: int) -> Searched | None:
    """Permutations found for the layer's operands; None where a search of these lengths takes too much memory."""
    length = node.context.options.cycles
    generator = node.generator
    if not isinstance(generator, Searched) or length < 2 or generator.modulus != length:
        return None
    sums = min(SUMS, _ENTRIES // (n_groups * (length + 1) ** 2))
    if sums < 4 * length:
        return None
    encoding = node.context.options.encoding
    rows = node_rows(node, draft, min(64, max(4, sums // 8)))
    inputs = levels(rows.inputs, encoding, length)
    own = levels(node.rounded(draft) if draft.weights is None else draft.weights, encoding, length)
    per_group = len(own) // inputs.shape[1]
    neurons = spread(per_group, max(1, sums // len(inputs)))
    # Of a convolution in groups, those of the first: its neurons see other channels than the others.
    weights = own.reshape(len(own), -1)[:per_group][list(neurons)]
    seen = np.ascontiguousarray(inputs[:, 0])
    assert draft.widths is not None
    importance = draft.widths[:per_group][list(neurons)] ** 2
    lines = np.ascontiguousarray(rows.lines[:, 0] % n_groups)
    kernels = choose(node.context.options.backend)
    pairs = kernels.pair_counts(seen, lines, weights, n_groups, length)
    exact = weights @ seen.T
    start = [generator.permutation.astype(np.int64)]
    rng = np.random.Generator(np.random.PCG64(length))
    start += [rng.permutation(length) for _ in range(1, n_groups)]
    steps = n_groups * min(_SWAPS * length, _MOST_SWAPS)
    found = kernels.anneal(pairs, exact, importance / importance.mean(), np.stack(start), steps, 1)
    return Searched(found[0] if n_groups == 1 else found)
