"""Operands of the multiplier gates of neurons, and the signs of their products."""

import math
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from .. import chunks
from ..backends import choose
from ..backends.packing import tail_mask, words_for
from ..backends.types import Counts, Wiring, Words
from ..bitstreams import Bitstream
from .connections import Connections, WiredConnections

T = TypeVar("T", bound=np.generic)


class Operands(NamedTuple):
    """Input and weight streams at the multiplier gates of groups of neurons.

    Group g has B samples (or windows of samples), each with n input streams, and weight streams of its own. A
    split number has two *rails*, others have one; every rail of the inputs is multiplied by every rail of the weights.
    """

    inputs: Words
    """``(G, B * input rails, n, W)``."""
    weights: Words
    """``(G, weight rails * synapses, W)``."""
    connections: Connections
    """Synapses of the neurons."""
    n_samples: int
    """B."""
    n_neurons: int
    """M."""
    rails: tuple[int, int]
    """Rails of inputs and of weights; of product streams, those of their operands."""
    bipolar: bool
    """Whether a product of 0 stands for -1."""
    xnor: bool
    """Whether the gates are XNOR instead of AND: bipolar operands, unless they are products already."""
    dense: bool
    """Whether each neuron takes all n inputs, in order."""
    first: int = 0
    """The first of the M neurons, among those of the connections."""

    @property
    def wiring(self) -> Wiring:
        """Synapses of the M neurons, once for each weight rail: ``weight rails * M`` neurons."""
        return self.connections.wiring(self.first, self.first + self.n_neurons)

    @property
    def fan_in(self) -> NDArray[np.int64]:
        """Synapses of each neuron ``(M,)``."""
        return self.connections.fan_in[self.first : self.first + self.n_neurons]

    @property
    def signs(self) -> Counts:
        """Signs of the products, of each row of a sample's inputs with each of a neuron's weights: 1, or -1."""
        i, j = np.indices(self.rails)
        return np.where(i == j, 1, -1).reshape(-1, self.connections.rails)

    def part(self, groups: slice, samples: slice, neurons: slice) -> "Operands":
        """Operands of some of the groups, samples and neurons."""
        rails = self.inputs.shape[1] // max(1, self.n_samples)
        return self._replace(
            inputs=np.ascontiguousarray(self.inputs[groups, samples.start * rails : samples.stop * rails]),
            weights=self.weights[groups],
            n_samples=samples.stop - samples.start,
            n_neurons=neurons.stop - neurons.start,
            dense=False,  # weights of others are among the weights
            first=self.first + neurons.start,
        )

    def by_rails(self, results: NDArray[T]) -> NDArray[T]:
        """Results of a kernel ``(G, B * rails, rails * M, ...)`` as ``(G, B, rails, rails, M, ...)``.

        The axes of rails are those of inputs, then of weights; both have length 1 for encodings that are not split.
        """
        return results.reshape(len(results), self.n_samples, *self.rails, self.n_neurons, *results.shape[3:])

    def signed(self, results: NDArray[Any]) -> NDArray[Any]:
        """Positive less negative results ``(G, B, M, ...)`` of a kernel that counts."""
        return difference(self.by_rails(results)) if self.rails != (1, 1) else results


def ones(length: int, shape: tuple[int, ...] = ()) -> Words:
    """Streams ``(*shape, W)`` that are one in every cycle.

    Bits past cycle `length` of the last word are zero.
    """
    words = np.full((*shape, words_for(length)), 2**64 - 1, np.uint64)
    words[..., -1] = tail_mask(length)
    return words


def summed(streams: Bitstream) -> Operands:
    """Operands that sum streams ``(..., n)``: inputs of one neuron whose weights are streams of ones.

    Samples are the leading axes of `streams`, flattened: one group of B samples.
    """
    n, n_words = streams.shape[-1], streams.words.shape[-1]
    words, bipolar = streams.words, streams.encoding == "bipolar"
    words = np.moveaxis(words, 0, -3) if streams.encoding == "split" else words[..., None, :, :]
    rails, batch = words.shape[-3], math.prod(words.shape[:-3])
    return Operands(
        np.ascontiguousarray(words).reshape(1, batch * rails, n, n_words),
        ones(streams.length, (1, 1)),
        WiredConnections(Wiring(np.array([0, n]), np.arange(n), np.zeros(n, np.int64)), 1),
        batch,
        1,
        (rails, 1),
        bipolar=bipolar,
        xnor=bipolar,
        dense=False,
    )


Block = tuple[slice, slice, slice]
"""Some of the groups, samples and neurons of operands."""


def in_blocks(
    run: Callable[[Operands, Block], NDArray[T]], operands: Operands, result_bytes: int, sample_bytes: int = 0
) -> NDArray[T]:
    """Results ``(G, B, M, ...)`` of ``run(operands, block)``, computed in blocks that fit into memory and joined.

    Parameters
    ----------
    run
        Maps operands of some groups, samples and neurons, and where these are, to results ``(g, b, m, ...)``.
    operands
        Of all of them.
    result_bytes, sample_bytes
        Memory that `run` takes for a result, and for a sample beside those of its neurons.
    """
    groups, samples, neurons = len(operands.inputs), operands.n_samples, operands.n_neurons
    wires = operands.connections.neuron_bytes
    every = (slice(0, groups), slice(0, samples), slice(0, neurons))
    if max(groups * samples * (neurons * result_bytes + sample_bytes), neurons * wires) <= chunks.CHUNK_BYTES:
        return run(operands, every)
    out: NDArray[T] | None = None
    for m in chunks.chunks(neurons, max(result_bytes, wires)):
        of_sample = (m.stop - m.start) * result_bytes + sample_bytes
        for b in chunks.chunks(samples, of_sample):
            for g in chunks.chunks(groups, (b.stop - b.start) * of_sample):
                made = run(operands.part(g, b, m), (g, b, m))
                if out is None:
                    out = np.empty((groups, samples, neurons, *made.shape[3:]), made.dtype)
                out[g, b, m] = made
    return np.empty((groups, samples, neurons)) if out is None else out  # type: ignore[return-value]


def difference(results: NDArray[Any]) -> NDArray[Any]:
    """Positive less negative products ``(G, B, M, ...)`` of numbers ``(G, B, rails, rails, M, ...)``.

    The product of two positive or of two negative rails counts as positive, of unequal rails as negative.
    """
    total: NDArray[Any] = results[:, :, 0, 0]
    for i, j in np.ndindex(results.shape[2:4]):
        if i or j:
            total = total + results[:, :, i, j] if i == j else total - results[:, :, i, j]
    return total


def united(streams: Words) -> Words:
    """Positive and negative rail ``(2, G, B, M, W)`` of products ``(G, B, rails, rails, M, W)`` joined by OR.

    The product of two positive or of two negative rails is on the positive rail, of unequal rails on the negative one.
    """
    rails = np.zeros((2, *streams.shape[:2], *streams.shape[4:]), np.uint64)
    for i, j in np.ndindex(streams.shape[2:4]):
        rails[int(i != j)] |= streams[:, :, i, j]
    return rails


def cycle_sums(operands: Operands, length: int, backend: str | None = None) -> NDArray[np.int32]:
    """Sum of a neuron's products in every cycle, int32 ``(G, B, M, L)``.

    A product is 0 or 1; of signed operands it is -1, 0 or 1.

    Parameters
    ----------
    length
        Clock cycles L.
    backend
        Backend that runs the kernel; None: the default.
    """
    x, w = operands[:2]
    sums = operands.signed(choose(backend).cycle_counts(x, w, operands.wiring, length, operands.xnor))
    if operands.bipolar:
        return 2 * sums - operands.fan_in[:, None].astype(np.int32)
    return np.asarray(sums)
