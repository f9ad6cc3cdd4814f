"""Streams at the gates of a learning layer: encoded rates or given spikes, and weights that change."""

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ... import checks
from ...backends import plasticity
from ...backends.packing import WORD_BITS, pack, words_for
from ...backends.types import Words
from ...bitstreams import Bitstream
from ...chunks import in_chunks
from ...encoders import Bernoulli, Encoder, Generator, make_generator
from ...encoders.seeds import Seeds
from ..base import Floats
from ..streams import Streams


class LearningStreams:
    """Encoder of a learning layer's inputs, and the random numbers of its weight streams.

    Parameters
    ----------
    n_inputs
        Number of inputs.
    length
        Cycles L of a sample.
    generator, bits
        As for `Encoder`: of Bernoulli a source for every input and synapse, of the others one that all inputs share
        and one for all synapses.
    seeds
        Of the layer.
    backend
        Backend that runs the kernels.
    """

    def __init__(
        self,
        n_inputs: int,
        length: int,
        generator: str | Generator,
        bits: int | None,
        seeds: Seeds,
        backend: str | None,
    ) -> None:
        source = make_generator(generator, length, bits, n_inputs)
        self.encoder = Encoder(n_inputs, length, source, seed=seeds.of("inputs"), backend=backend)
        self.weight_key = seeds.key("weights")
        """Philox key of the Bernoulli random words of the weights."""
        self.midpoints: Floats = np.empty(0)
        """Midpoints of the steps of the weights' sequence ``(L,)``; empty for Bernoulli."""
        if not isinstance(source, Bernoulli):
            self.midpoints = Encoder(n_inputs, length, source, partner=1).levels()[0].copy()

    def read(self, x: ArrayLike, spikes: bool | None) -> tuple[NDArray[Any], bool, tuple[int, ...]]:
        """Inputs as numbers, whether they are spikes ``(..., L, n_inputs)``, and the axes of their samples.

        They are what `spikes` says; if it is None, spikes where the shape is that of the spikes of one sample.
        """
        given = checks.unmasked("input_values", x)
        one_sample = given.shape == (self.encoder.length, self.encoder.n)
        spiking = one_sample if spikes is None else checks.flag("spikes", spikes)
        if spiking:
            return given, True, given.shape[:-2]
        return checks.array("input_values", given, last=self.encoder.n), False, given.shape[:-1]

    def words(self, x: NDArray[Any], spikes: bool, first: int) -> Words:
        """Input streams ``(S, n_inputs, W)`` of samples number `first`, `first` + 1, ..

        x is ``(..., n_inputs)``, or of spikes ``(..., L, n_inputs)``; S is the size of the leading axes.

        Raises
        ------
        ValueError
            If the shape is wrong, or a value is outside its range.
        """
        length, n = self.encoder.length, self.encoder.n
        if not spikes:
            rates = checks.array("input_values", x, 0.0, 1.0)
            rows = rates.reshape(math.prod(rates.shape[:-1]), n)
            return self.encoder.words(rows, np.arange(first, first + len(rows)))
        if x.shape[-2:] != (length, n):
            raise ValueError(f"input_values must have shape (..., {length}, {n}), got {x.shape}")
        bits = checks.spikes("input_values", x, x.shape).reshape(math.prod(x.shape[:-2]), length, n)
        return in_chunks(lambda rows: pack(rows.swapaxes(1, 2)), 3 * length * n, bits)

    def rewards(self, reward: ArrayLike | None, batch: tuple[int, ...], rule: str) -> Floats:
        """Reward of every cycle ``(S, L)``, or ``(S, 0)`` where the rule does not read it.

        Given for all samples, for each of `batch`, or for each cycle: a view.
        """
        if rule != "reward":
            if reward is not None:
                raise ValueError(f'reward must be None with rule={rule!r}, use rule="reward"')
            return np.empty((math.prod(batch), 0))
        length = self.encoder.length
        amounts = checks.array("reward", 0.0 if reward is None else reward, -checks.LARGEST, checks.LARGEST)
        if amounts.ndim and amounts.shape not in (batch, (*batch, length)):
            raise ValueError(f"reward must have shape {batch} or {(*batch, length)}, got {amounts.shape}")
        if amounts.ndim:
            amounts = amounts.reshape(math.prod(batch), 1 if amounts.shape == batch else length)
        return np.broadcast_to(amounts, (math.prod(batch), length))

    def weight_streams(self, shares: Floats, sample: int) -> Bitstream:
        """Streams ``(M, n_inputs)`` of weights that stay constant, given as positions in [0, 1] in their range."""
        length = self.encoder.length
        if self.midpoints.size:
            flat = shares.reshape(-1)
            words = in_chunks(lambda rows: pack(self.midpoints <= rows[:, None]), 2 * length, flat)
            return Bitstream(words.reshape(*shares.shape, -1), length)
        words = np.zeros((*shares.shape, words_for(length)), np.uint64)
        for cycle in range(length):
            drawn = plasticity.synapse_words(self.weight_key, len(shares), shares.shape[1], sample * length + cycle)
            ones = plasticity.midpoints(drawn, self.encoder.generator.bits) <= shares
            words[..., cycle // WORD_BITS] |= ones.astype(np.uint64) << np.uint64(cycle % WORD_BITS)
        return Bitstream(words, length)

    def of_sample(self, x: ArrayLike, spikes: bool | None, shares: Floats, sample: int) -> Streams:
        """Input and weight streams of one sample, see `read` and `weight_streams`."""
        inputs, spiking, batch = self.read(x, spikes)
        if batch:
            raise ValueError(f"input_values must be one sample, got axes {batch} of samples that meet new weights each")
        words = self.words(inputs, spiking, sample)[0]
        return Streams(Bitstream(words, self.encoder.length), self.weight_streams(shares, sample))

    def mean_products(self, rates: Floats, shares: Floats) -> Floats:
        """Mean over the inputs of rate times weight ``(..., M)``, both rounded to the comparators' thresholds."""
        return np.asarray(self.encoder.quantised(rates) @ self.encoder.quantised(shares).T / self.encoder.n)
