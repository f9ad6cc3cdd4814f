"""Accumulators, which add up a neuron's products: parallel counter, saturating adder, OR tree, multiplexer tree.

=================  ======================================  ==========================================
accumulator        result for products v_1 .. v_n          hardware
=================  ======================================  ==========================================
`ParallelCounter`  sum v, or sum v / n                     parallel counter and accumulator
`SaturatingAdder`  sum v, held inside the range            parallel counter, one unit out a cycle
`OrTree`           1 - prod(1 - v) of independent streams  OR tree
`MuxTree`          sum v / n                               multiplexer with a random select
=================  ======================================  ==========================================

Each computes its outputs, its expectation and its memory. Layers use them on the products of inputs and
weights, the functions of `gates.accumulate` on streams as they are (weights of one).
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from ..backends import choose
from ..backends.packing import words_for
from ..backends.types import Counts, Words
from ..bitstreams.encodings import Encoding, from_counts, from_probability, to_probability, value_range
from ..chunks import chunks
from .faults import Faults
from .operands import Block, Operands, in_blocks, united
from .unions import independent_union, shared_union, union_of_shared_inputs, union_of_shared_weights

Accumulate = Literal["mean", "sum", "saturate", "or", "mux"]
ACCUMULATES: tuple[str, ...] = get_args(Accumulate)

Floats = NDArray[np.float64]
Samples = NDArray[np.int64]
Select = Callable[[Samples], NDArray[np.uint32]]
"""Select numbers ``(S, L)`` for sample numbers ``(S,)``."""


class Conditions(NamedTuple):
    """How streams are made, as far as the expectation of an accumulator depends on it."""

    share: str = "independent"
    """How lines share generators, see `Encoder`."""
    in_runs: bool = False
    """Whether the ones of a stream come in one run, as from a ramp."""
    faults: Faults | None = None
    groups: int = 1
    """Number sequences that input lines which share a generator are dealt to."""
    weights_apart: bool | None = None
    """Whether the weights of a neuron have sources of their own each; None: if the lines have, as `share` says."""


class Accumulator(ABC):
    """Base of accumulators: circuits that add up the products of each neuron.

    Parameters
    ----------
    length
        Clock cycles L.
    encoding
        Of the products.
    backend
        Backend that runs the kernels.
    """

    def __init__(self, length: int, encoding: Encoding, backend: str | None = None) -> None:
        self.length, self.encoding, self.backend = length, encoding, backend

    @abstractmethod
    def outputs(self, operands: Operands, samples: Samples) -> Floats:
        """Numbers ``(G, B, M)`` decoded from counts; `samples` ``(G, B)`` are the sample numbers.

        Parameters
        ----------
        operands
            Input and weight streams of G groups with B samples and M neurons each.
        samples
            They decide the select numbers of a multiplexer tree; the other accumulators ignore them.
        """

    @abstractmethod
    def expected(self, x: Floats, w: Any, conditions: Conditions) -> Floats:
        """Outputs ``(R, M)`` for infinitely long streams of inputs ``(R, n)`` and weights ``(M, n)``, dense or CSR.

        Raises
        ------
        ValueError
            If there is no closed form under these conditions.
        """

    def memory(self, n_neurons: int) -> int:
        """Bytes of memory for a sample, or for a window of an image, beside its input and weight streams.

        What is not counted at once is computed in blocks of fewer neurons where this is large.

        Parameters
        ----------
        n_neurons
            Neurons of the layer, or of a window.
        """
        return 24 * (4 if self.encoding == "split" else 1) * n_neurons

    def full_scale(self, weights: Floats) -> float | None:
        """Full scale of an analog-to-digital converter, from the sums of |weights| ``(M,)``; None: no converter."""
        return 1.0

    def _total(self, x: Floats, w: Any, conditions: Conditions) -> Floats:
        """Sums of products ``(R, M)``, shrunk towards the mid-range by flips of product bits."""
        flips = 0.0 if conditions.faults is None else conditions.faults.product_flips
        total = np.asarray((w @ x.T).T)
        if flips:
            total *= 1 - 2 * flips
            if self.encoding == "unipolar":
                total += flips * _fan_in(w)
        return total


class ParallelCounter(Accumulator):
    """All products of a cycle are counted, and the counts of all cycles added up: nothing is lost.

    Parameters
    ----------
    divisor
        What the sum is divided by: 1, or the fan-in for a mean.
    """

    def __init__(self, length: int, encoding: Encoding, backend: str | None = None, *, divisor: int = 1) -> None:
        super().__init__(length, encoding, backend)
        self.divisor = divisor

    def outputs(self, operands: Operands, samples: Samples | None = None) -> Floats:
        """Counts of ones over all products, as numbers ``(G, B, M)``."""
        return self.decoded(operands.signed(self._ones(operands)), operands.fan_in if operands.bipolar else 0)

    def decoded(self, counts: NDArray[np.int64], fan_in: NDArray[np.int64] | int) -> Floats:
        """Numbers for counts of product ones, positive less negative; `fan_in` synapses only matter for bipolar."""
        totals = 2 * counts - fan_in * self.length if self.encoding == "bipolar" else counts
        return totals / (self.length * self.divisor)

    def _ones(self, operands: Operands) -> Counts:
        """Counts of ones over the products of each neuron, ``(G, B * rails, rails * M)``."""
        kernels, (x, w) = choose(self.backend), operands[:2]
        if not operands.dense and operands.xnor:
            return in_blocks(self._wired_ones, operands, 24, 24 * x.shape[2])
        if not operands.dense:
            return kernels.wired_counts(x, w, operands.wiring)
        w = w.reshape(len(w), operands.rails[1] * operands.n_neurons, x.shape[2], w.shape[-1])
        counts = self._and_counts(x, w)
        if not operands.xnor:
            return counts
        # Ones of XNOR = L - |x| - |w| + 2 |x AND w|, where |w| is that of all weights of a neuron
        x_ones, w_ones = (kernels.popcount(words.reshape(*words.shape[:2], -1)) for words in (x, w))
        return np.asarray(2 * counts + operands.fan_in * self.length - x_ones[..., None] - w_ones[:, None])

    def _and_counts(self, x: Words, w: Words) -> Counts:
        return choose(self.backend).and_counts(x, w)

    def _wired_ones(self, operands: Operands, block: Block) -> Counts:
        """Counts of ones after the XNOR gates of neurons that have few inputs, ``(G, B, M)``."""
        kernels, (x, w), wiring = choose(self.backend), operands[:2], operands.wiring.spelled_out()
        indptr, inputs, weights = wiring
        x_ones, w_ones = kernels.popcount(x), kernels.popcount(w)[:, weights]
        joined = csr_array((np.ones_like(inputs), inputs, indptr), shape=(indptr.size - 1, x.shape[2]))
        single = (joined @ x_ones.reshape(-1, x.shape[2]).T).T.reshape(*x_ones.shape[:2], -1)
        running = np.cumsum(np.insert(w_ones, 0, 0, axis=1), axis=1)
        single = single + np.diff(running[:, indptr])[:, None]
        return np.asarray(2 * kernels.wired_counts(x, w, wiring) + np.diff(indptr) * self.length - single)

    def expected(self, x: Floats, w: Any, conditions: Conditions) -> Floats:
        """Sums of the products, divided by `divisor`."""
        total = self._total(x, w, conditions)
        total /= self.divisor
        return total

    def full_scale(self, weights: Floats) -> float:
        """Largest sum of |weights| of a neuron over `divisor`: its output for inputs of 1."""
        return max(float(weights.max()), 1e-9) / self.divisor


class SaturatingAdder(Accumulator):
    """A parallel counter feeds an accumulator that gives back at most one unit a cycle.

    Parameters
    ----------
    two_level
        Whether a unit leaves in every cycle, +1 or -1; the default for bipolar products, whose output is a
        bipolar stream. Otherwise a signed output may also be 0.
    """

    def __init__(
        self, length: int, encoding: Encoding, backend: str | None = None, *, two_level: bool | None = None
    ) -> None:
        super().__init__(length, encoding, backend)
        self.two_level = encoding == "bipolar" if two_level is None else two_level

    def outputs(self, operands: Operands, samples: Samples | None = None) -> Floats:
        """Units at the output, positive less negative, per cycle: numbers ``(G, B, M)``."""
        return in_blocks(lambda part, _: self._given_back(part), operands, self.memory(1))

    def _given_back(self, operands: Operands) -> Floats:
        units = choose(self.backend).saturate(
            *operands[:2], operands.wiring, self.length, operands.xnor, operands.signs, operands.bipolar, self.two_level
        )
        return np.asarray(units / self.length)

    def expected(self, x: Floats, w: Any, conditions: Conditions) -> Floats:
        """The sum clipped to the range of the encoding."""
        if conditions.in_runs and (self.encoding != "unipolar" or conditions.share in ("shift", "rotate")):
            # A ramp's ones come in one run: what arrives late is still in the adder at the end.
            raise ValueError("expected has no closed form for accumulate='saturate' with the runs of a ramp")
        return np.asarray(np.clip(self._total(x, w, conditions), *value_range(self.encoding)))

    def memory(self, n_neurons: int) -> int:
        """Bytes of the units at the output, and of the numbers that they are decoded to."""
        return 16 * n_neurons


class StreamAccumulator(Accumulator):
    """Base of accumulators whose output is a stream: OR tree and multiplexer tree."""

    @abstractmethod
    def _joined(self, operands: Operands, samples: Samples) -> Words:
        """Streams ``(G, B * rails, rails * M, W)``."""

    def _streams(self, operands: Operands, samples: Samples) -> Words:
        """Output streams ``(G, B, M, W)``; of split products with their rails ``(G, B, M, 2, W)``."""
        joined = operands.by_rails(self._joined(operands, samples))
        return np.moveaxis(united(joined), 0, 3) if self.encoding == "split" else joined[:, :, 0, 0]

    def streams(self, operands: Operands, samples: Samples) -> Words:
        """Output streams ``(G, B, M, W)``; of split products their rails ``(2, G, B, M, W)``."""

        def run(part: Operands, block: Block) -> Words:
            return self._streams(part, samples[block[:2]])

        words = in_blocks(run, operands, self.memory(1) - self.memory(0), self.memory(0))
        return np.ascontiguousarray(np.moveaxis(words, 3, 0)) if self.encoding == "split" else words

    def outputs(self, operands: Operands, samples: Samples) -> Floats:
        """Numbers ``(G, B, M)`` decoded from the counts of the output streams."""

        def run(part: Operands, block: Block) -> Floats:
            counts = choose(self.backend).popcount(self._streams(part, samples[block[:2]]))
            split = self.encoding == "split"
            return from_counts(np.moveaxis(counts, 3, 0) if split else counts, self.length, self.encoding)

        return in_blocks(run, operands, self.memory(1) - self.memory(0), self.memory(0))

    def memory(self, n_neurons: int) -> int:
        """Bytes of the output streams of at most four pairs of rails, and of the two that they are joined to."""
        return 48 * words_for(self.length) * n_neurons


class OrTree(StreamAccumulator):
    """A tree of OR gates: the output is one in each cycle in which any product is."""

    def _joined(self, operands: Operands, samples: Samples) -> Words:
        return choose(self.backend).or_streams(*operands[:2], operands.wiring, self.length, operands.xnor)

    def expected(self, x: Floats, w: Any, conditions: Conditions) -> Floats:
        """The probability that any product is one: of independent streams, or of inputs that share one sequence."""
        faults, share, apart = conditions.faults or Faults(), conditions.share, conditions.weights_apart
        if apart is None:
            apart = share == "independent"
        if faults.product_flips:
            raise ValueError("expected has no closed form for accumulate='or' with product flips")
        if (faults.input_flips or faults.weight_flips) and (
            share != "independent" or not apart or self.encoding == "split"
        ):
            raise ValueError(
                "expected has no closed form for accumulate='or' with bit flips and shared or split streams"
            )
        groups = f" of {conditions.groups} sequences" if conditions.groups > 1 else ""
        if share not in ("independent", "one") or groups:
            raise ValueError(f"expected has no closed form for accumulate='or' with share={share!r}{groups}")
        if share == "one":
            union = union_of_shared_inputs if apart else shared_union
        else:
            union = independent_union if apart else union_of_shared_weights
        if isinstance(w, np.ndarray):
            return self._union(union, x, w)
        out = np.empty((len(x), w.shape[0]))
        for j, (start, stop) in enumerate(zip(w.indptr[:-1], w.indptr[1:], strict=True)):
            out[:, j] = self._union(union, x[:, w.indices[start:stop]], w.data[None, start:stop])[:, 0]
        return out

    def _union(self, union: Callable[[Floats, Floats, bool], Floats], x: Floats, w: Floats) -> Floats:
        """Value ``(R, M)`` of the OR of products of inputs ``(R, n)`` and weights ``(M, n)``."""
        out, pair = np.empty((len(x), len(w))), 64 * (2 if self.encoding == "split" else 1) * x.shape[1]
        for neurons in chunks(len(w), pair):
            for rows in chunks(len(x), pair * (neurons.stop - neurons.start)):
                out[rows, neurons] = self._union_of_block(union, x[rows], w[neurons])
        return out

    def _union_of_block(self, union: Callable[[Floats, Floats, bool], Floats], x: Floats, w: Floats) -> Floats:
        if self.encoding == "split":
            x_rails = [np.maximum(x, 0), np.maximum(-x, 0)]
            w_rails = [np.maximum(w, 0), np.maximum(-w, 0)]
            both = np.concatenate(x_rails, axis=1)
            positive = union(both, np.concatenate(w_rails, axis=1), False)
            return positive - union(both, np.concatenate(w_rails[::-1], axis=1), False)
        p, q = to_probability(x, self.encoding), to_probability(w, self.encoding)
        return from_probability(union(p, q, self.encoding == "bipolar"), self.encoding)


class MuxTree(StreamAccumulator):
    """A multiplexer passes one product a cycle, the one that the select number names: the mean of the products.

    Parameters
    ----------
    select
        Select numbers for sample numbers, see `encoders.SelectSource`; all neurons of a sample share them.
    """

    def __init__(self, length: int, encoding: Encoding, select: Select, backend: str | None = None) -> None:
        super().__init__(length, encoding, backend)
        self._select = select

    def _joined(self, operands: Operands, samples: Samples) -> Words:
        distinct, place = np.unique(samples, return_inverse=True)
        numbers = self._select(distinct)[place.reshape(samples.shape)]
        rails = operands.inputs.shape[1] // max(1, operands.n_samples)  # those of a sample share its numbers
        numbers = np.repeat(numbers, rails, axis=1) if rails > 1 else numbers
        return choose(self.backend).mux_streams(*operands[:2], operands.wiring, numbers, self.length, operands.xnor)

    def expected(self, x: Floats, w: Any, conditions: Conditions) -> Floats:
        """The mean of the products of each neuron's synapses."""
        faults = conditions.faults or Faults()
        if self.encoding == "split" and (faults.product_flips or faults.input_flips or faults.weight_flips):
            raise ValueError("expected has no closed form for accumulate='mux' with split encoding and bit flips")
        total, fan_in = self._total(x, w, conditions), _fan_in(w)
        total /= np.maximum(fan_in, 1)
        total[:, fan_in == 0] = 0.0 if self.encoding != "bipolar" else -1.0
        return total

    def memory(self, n_neurons: int) -> int:
        """Bytes of the output streams, and of the select numbers of a sample's rails."""
        return super().memory(n_neurons) + 16 * self.length


def make_accumulator(
    name: Accumulate, length: int, encoding: Encoding, fan_in: int, select: Select | None, backend: str | None = None
) -> Accumulator:
    """The accumulator of that name; ``"mean"`` divides by `fan_in`, `select` drives a ``"mux"``.

    Parameters
    ----------
    name
        ``"mean"``, ``"sum"``, ``"saturate"``, ``"or"`` or ``"mux"``.
    length
        Clock cycles L.
    encoding
        Encoding of the products.
    fan_in
        Synapses of a neuron.
    select
        Select numbers ``(S, L)`` for sample numbers ``(S,)``, see `encoders.SelectSource`; None except for ``"mux"``.
    backend
        Backend that runs the kernels.

    Raises
    ------
    ValueError
        If `select` is None for ``"mux"``.
    """
    if name == "saturate":
        return SaturatingAdder(length, encoding, backend)
    if name == "or":
        return OrTree(length, encoding, backend)
    if name == "mux":
        if select is None:
            raise ValueError("select must be given for a mux, got None")
        return MuxTree(length, encoding, select, backend)
    return ParallelCounter(length, encoding, backend, divisor=fan_in if name == "mean" else 1)


def _fan_in(w: Any) -> NDArray[np.int64]:
    """Synapses of each neuron ``(M,)``."""
    return np.full(len(w), w.shape[1]) if isinstance(w, np.ndarray) else np.diff(w.indptr)
