"""Interface of the kernels that make streams, and of those that multiply and count them; a part of `kernels`."""

from typing import Protocol

from .types import (
    Counts,
    CycleCounts,
    Draws,
    Floats,
    FreshWeights,
    Indices,
    Rows,
    SharedWeights,
    Thresholds,
    Wiring,
    Words,
)


class StreamKernels(Protocol):
    """Streams and the numbers that make them."""

    def compare(self, sequences: Draws, thresholds: Thresholds) -> Words:
        """Comparators: streams ``(R, n, W)``; bit t of stream (r, i) is ``sequences[i, t] < thresholds[r, i]``.

        `sequences` is ``(n, L)``, or ``(1, L)`` for one sequence shared by all.
        """

    def compare_noisy(
        self,
        key: int,
        streams: Thresholds,
        levels: Floats,
        rows: Indices,
        means: Floats,
        sigmas: Floats,
        rails: int,
    ) -> Words:
        """Comparators of K numbers that are read with new noise in every cycle: streams ``(S, rails, K, W)``.

        Number k has the mean ``means[k]``, the standard deviation ``sigmas[k]`` and the levels ``levels[rows[k]]``
        ``(L,)`` above 0. A bit of rail 0 is 1 where what is read is above the level, one of rail 1 where its negative
        is. The noise of number k in sample s is that of stream ``streams[s] + k``, by the law in `reference`.
        """

    def gather(self, table: Words, rows: Thresholds) -> Words:
        """Rows of a table of streams ``(T, W)``: ``(..., W)`` for row numbers ``(...)``."""

    def encode_rows(
        self, numbers: Floats, table: Words, first: Indices, modulus: int, encoding: int, length: int
    ) -> Words:
        """Comparators whose streams are in a table ``(T, W)``: rows of streams ``(S, rails, K)`` of ``(S, n)`` numbers.

        Stream t of the table, from ``first[i]`` on for line i (``(n,)``, or empty for 0), is that of threshold t of 0
        to `modulus`; numbers are in the range of the encoding, one of `types`. Of the two rails of split numbers the
        negative one is left out where no number is negative. The n streams of `length` cycles of a row
        are joined as by `join_rows`.
        """

    def outside(self, numbers: Floats, low: float, high: float) -> int:
        """How many of some numbers ``(N,)`` are not in [low, high]; NaN is not."""

    def join_rows(self, words: Words, length: int) -> Words:
        """Streams ``(R, n, W)`` side by side, ``(R, K)``: bit to bit up to 64 cycles, longer ones begin with a word."""

    def bernoulli(
        self, key: int, streams: Thresholds, thresholds: Thresholds, bits: int, length: int, first_word: int = 0
    ) -> Words:
        """Random streams ``(R, W)``: every bit of row r is 1 with probability ``thresholds[r] / 2**bits``.

        Row r is the stream numbered ``streams[r]`` under the key; bit i of a stream depends on (key, number, i)
        only, for the law see `reference`. The first bit of a row is that of word `first_word`; `bits` is at most 32.
        """

    def select_numbers(self, key: int, samples: Indices, length: int) -> Draws:
        """Random words ``(B, L)`` that drive multiplexers, for sample numbers ``(B,)``.

        A word depends on (key, sample, cycle) only.
        """

    def lfsr(self, state: int, taps: int, bits: int, insert_zero: bool, length: int) -> Draws:
        """Linear-feedback shift register: states ``(length,)`` of the Fibonacci form, the first one `state`.

        Bit k of `taps` marks stage k + 1. The parity of the tapped bits enters at bit 0, everything
        moves up; with `insert_zero` it is inverted while all bits but the highest are zero.
        """


class CountingKernels(Protocol):
    """Products of streams, and their sums over the inputs of a neuron."""

    def popcount(self, words: Words) -> Counts:
        """Ones in each stream: ``(..., W)`` to ``(...)``."""

    def and_counts(self, x: Words, w: Words) -> Counts:
        """Ones of all products of a neuron: ``(G, B, n, W)`` and ``(G, M, n, W)`` to ``(G, B, M)``.

        The product of an input stream and a weight stream is ``x AND w``.
        """

    def table_counts(self, x: Words, table: Words, rows: Rows, inverted: int) -> Counts:
        """As `and_counts`, with weight streams that are rows of a table ``(T, W)``: ``(B, n, W)`` to ``(B, M)``.

        Weight ``(j, i)`` has the stream ``table[rows[j, i]]``. From row `inverted` on the table holds inverted streams
        (0: there are none): the ones of the inputs that meet them are taken off, which leaves minus the ones of the
        products with the streams themselves. No sum may reach 2**31.
        """

    def wired_counts(self, x: Words, w: Words, wiring: Wiring) -> Counts:
        """As `and_counts`, over the synapses of a wiring: ``(G, B, S, W)``, ``(G, N, W)`` to ``(G, B, M)``."""

    def fresh_counts(
        self, x: Words, indptr: Indices, inputs: Indices, weights: FreshWeights, length: int, xnor: bool
    ) -> Counts:
        """Ones of all products of a neuron, AND or XNOR, less those of weights with negative codes: ``(G, B, M)``.

        `x` is ``(G, B, n, W)``. Neuron j has the weights ``indptr[j]:indptr[j+1]``; weight k meets line ``inputs[k]``,
        or without `inputs` the weights of each neuron meet all lines in order. Weight streams are those of `bernoulli`.
        """

    def shared_counts(
        self, x: Words, indptr: Indices, neurons: Indices, weights: SharedWeights, length: int, xnor: bool
    ) -> Counts:
        """As `fresh_counts`, with weights that share the random numbers of their line: ``(G, B, M)``.

        Line i has the weights ``indptr[i]:indptr[i+1]``; weight k feeds neuron ``neurons[k]``, or without `neurons` the
        weights of each line feed all neurons in order.
        """

    def window_counts(self, x: Words, w: Words, windows: Indices, length: int) -> Counts:
        """As `and_counts`, for convolutions: inputs are windows of shared lines: ``(G, B, K, P, M)``.

        `x` is ``(G, B, N, W)``, `w` ``(G, K, M, n, W)``, streams of `length` cycles: line ``windows[k, p, i]`` of N
        is input i of window p, which meets the M neurons of part k.
        """

    def cycle_counts(self, x: Words, w: Words, wiring: Wiring, length: int, xnor: bool) -> CycleCounts:
        """Parallel counters: how many products of a neuron are 1 in each cycle ``(G, B, M, L)``; AND or XNOR gates."""

    def saturate(
        self,
        x: Words,
        w: Words,
        wiring: Wiring,
        length: int,
        xnor: bool,
        signs: Counts,
        bipolar: bool,
        two_level: bool,
    ) -> Counts:
        """Saturating adders on the products of each neuron: net outputs ``(G, B, M)``.

        A sample has R rows of inputs, ``(G, B * R, n, W)``, and a neuron Q rows of weights, each with the same inputs:
        the wiring has ``Q * M`` neurons, those of the first row first. A product of row i and row j counts
        ``signs[i, j]``, 1 or -1. With `bipolar`, a product of 0 counts -1.

        An accumulator takes the products of every cycle and gives one unit back when it can. Output
        of a cycle: 1 if the accumulator is at least 1, else 0 (with products that count -1: -1 if it is at most -1);
        `two_level`: +1 if it is at least 0, else -1. The output is subtracted from the accumulator.
        """

    def or_streams(self, x: Words, w: Words, wiring: Wiring, length: int, xnor: bool) -> Words:
        """OR gates over the products of each neuron: streams ``(G, B, M, W)``."""

    def mux_streams(self, x: Words, w: Words, wiring: Wiring, select: Draws, length: int, xnor: bool) -> Words:
        """Multiplexers, which take one product a cycle: streams ``(G, B, M, W)`` from `select` ``(G, B, L)``.

        A neuron with f synapses takes number ``floor(select / 2**32 * f)``; without synapses it gives 0.
        """

    def fill_times(self, words: Words, length: int, target: int) -> Counts:
        """Cycles, counted from 1, until each stream ``(..., W)`` has had `target` ones: ``(...)``.

        Every cycle after the end of the stream counts as a one.
        """

    def largest(self, values: Floats, k: int) -> Indices:
        """Indices ``(R, k)``, ascending, of the k largest of each row ``(R, n)``; of equals the first ones."""
