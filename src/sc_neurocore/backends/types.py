"""Types of the arguments and results of kernels: arrays, and named tuples of arrays and numbers.

Shapes use these letters: G groups (each has weight streams of its own), B samples, n inputs, M neurons,
L cycles (the length of a stream), W = ceil(L / 64) words that hold them, R rows of any kind.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Words = NDArray[np.uint64]
"""Packed streams: bit t of a stream is bit ``t % 64`` of word ``t // 64``; the bits past the end are zero."""
Bits = NDArray[np.uint8]
"""Streams with a byte of 0 or 1 for every bit."""
Counts = NDArray[np.int64]
"""Counts of ones, sums of such counts, and other integers."""
CycleCounts = NDArray[np.int32]
"""Sums of one cycle."""
Indices = NDArray[np.int64]
"""Places in other arrays."""
Rows = NDArray[np.int32]
"""Rows of a table."""
Floats = NDArray[np.float64]
Draws = NDArray[np.uint32]
"""32-bit random words, or the numbers of a number sequence that thresholds are compared with."""
Thresholds = NDArray[np.uint64]
"""A stream is 1 with probability ``threshold / 2**bits``; also numbers of streams."""
Numeric = NDArray[Any]
"""An array of any type of number."""

NUMBER_DIGITS = 32
"""Binary digits of the numbers that the thresholds of Bernoulli streams are compared with."""
SHARED_DIGITS = 10
"""The first of these digits: each comes for the 64 cycles of a word from one random word."""
WORD_STEP = 128
"""Numbers of random words that belong to one word of a Bernoulli stream: those of digits, and from half of it on those
of the cycles."""
GATE_BITS = 24
"""Binary digits of the probability with which a counter of `predictive` counts."""
UNIPOLAR, BIPOLAR, SPLIT = range(3)
"""Encodings, as the kernels of reservoirs know them."""


class Wiring(NamedTuple):
    """Connections in the CSR layout: synapses ``indptr[j]:indptr[j+1]`` feed neuron j.

    Synapse k joins input stream ``inputs[k]`` with weight stream ``weights[k]``. Dense neurons need no such lists:
    `inputs` is empty, every neuron takes all input streams in order, and the weight streams of neuron j follow each
    other from ``weights[j]`` on.
    """

    indptr: Indices
    """``(M + 1,)``."""
    inputs: Indices
    """``(synapses,)``; ``(0,)`` for dense neurons."""
    weights: Indices
    """``(synapses,)``; ``(M,)`` for dense neurons."""

    def spelled_out(self) -> "Wiring":
        """The same connections with a number for every synapse.

        >>> Wiring(np.array([0, 2, 4]), np.empty(0, np.int64), np.array([0, 2])).spelled_out()
        Wiring(indptr=array([0, 2, 4]), inputs=array([0, 1, 0, 1]), weights=array([0, 1, 2, 3]))
        """
        if self.inputs.size or not self.weights.size:
            return self
        places = np.arange(self.indptr[-1]) - np.repeat(self.indptr[:-1], np.diff(self.indptr))
        return Wiring(self.indptr, places, places + np.repeat(self.weights, np.diff(self.indptr)))


class FreshWeights(NamedTuple):
    """Bernoulli weight streams of samples ``(G,)`` that are made where they are used.

    Weight k of N has the threshold ``abs(codes[k])`` of `bits` bits, and counts negatively where its code is negative.
    In the sample numbered s its stream is number ``s * N + k`` under the key, or ``s * N`` if streams are not `apart`.
    """

    key: int
    samples: Indices
    apart: bool
    codes: Indices
    bits: int


class SharedWeights(NamedTuple):
    """As `FreshWeights`, with one stream of random numbers for each of n lines, which the weights of M neurons share.

    Weights are numbered line by line. In the sample numbered s, those of line i have the stream ``s * n + i``.
    """

    key: int
    samples: Indices
    n_neurons: int
    codes: Indices
    bits: int


# ------------------------------------------------------------ neurons


class Membrane(NamedTuple):
    """Parameters of a leaky integrate-and-fire neuron; times in ms."""

    v_rest: float
    v_reset: float
    v_threshold: float
    tau_mem: float
    dt: float
    resistance: float
    noise: float
    """Standard deviation of what a step adds."""
    refractory: int
    """Steps at rest after a spike."""
    soft: bool
    """A spike takes the threshold away, instead of setting `v_reset`."""


class FixedMembrane(NamedTuple):
    """Parameters of such a neuron in integers: numbers times ``2**fraction``, none above `largest`."""

    v_rest: int
    v_reset: int
    v_threshold: int
    leak: int
    """dt / tau_mem."""
    gain: int
    """R dt."""
    fraction: int
    largest: int
    refractory: int
    """Steps at rest after a spike."""
    soft: bool
    """A spike takes the threshold away, instead of setting `v_reset`."""


class Tree(NamedTuple):
    """A cable of N nodes, every parent before its children; node 0 is the root, its own parent.

    Node i has a membrane of so much `capacity` and `leak` to rest, and is joined to its parent by `axial`
    (``axial[0]`` is 0). A branch point may lack a membrane if something joins it to others.
    """

    parent: Indices
    """``(N,)``, as the others."""
    capacity: Floats
    leak: Floats
    axial: Floats


# ------------------------------------------------------------ learning


class Plasticity(NamedTuple):
    """Parameters of synapses that learn; a weight is kept as its position p in its range, in [0, 1]."""

    up: float
    """Probability that the up gate opens, for a trace of 1."""
    down: float
    """Probability that the down gate opens, for a trace of 1."""
    step: float
    """Share of the range by which an open gate moves a weight."""
    keep_pre: float
    """Factor by which the trace of an input decays in a cycle."""
    keep_post: float
    """Factor by which the trace of a neuron decays in a cycle."""
    keep_eligibility: float
    """Factor by which the eligibility of a synapse decays in a cycle."""
    coincidence: bool
    """Spikes of one cycle are paired, instead of spikes and traces."""
    modulated: bool
    """Gates move the eligibility, and reward times eligibility moves the weight."""
    soft: bool
    """Steps shrink towards the ends of the range."""
    deterministic: bool
    """A weight moves by the probability of its gate, without a random number."""


class Competition(NamedTuple):
    """Competition between the neurons of a layer: adaptive thresholds and k-winner-take-all."""

    adaptation: float
    """Amount that a spike adds to its neuron's threshold."""
    keep: float
    """Factor by which what was added to a threshold decays in a cycle."""
    winners: int
    """k of k-winner-take-all, 0 = off."""
    inhibition: int
    """Steps at rest of the neurons that lose."""


class Pause(NamedTuple):
    """The time between two samples: the factors by which the state decays, and its length in steps."""

    membrane: float
    pre: float
    post: float
    eligibility: float
    threshold: float
    steps: int


class LearningKeys(NamedTuple):
    """Philox keys of the random numbers of a learning layer."""

    noise: int
    """Key of the membrane noise."""
    weights: int
    """Key of the random words that weights are compared with."""
    gates: int
    """Key of the random words that open gates."""


class LearningModel(NamedTuple):
    """Constants of a learning layer: everything that does not change while it runs."""

    keys: LearningKeys
    length: int
    """Cycles of a sample, L."""
    bits: int
    """Bits to which the random words of the weights are read."""
    levels: Floats
    """Currents of the counts ``(n + 1,)``."""
    membrane: Membrane
    plasticity: Plasticity
    competition: Competition
    pause: Pause


class LearningState(NamedTuple):
    """State of n inputs, M neurons, and the synapses between them."""

    p: Floats
    """Weights ``(M, n)``, as shares of their range."""
    threshold: Floats
    """Amounts that spikes have added to the thresholds ``(M,)``."""
    v: Floats
    """Voltages ``(M,)``."""
    refractory_left: Counts
    """Steps that a neuron still has to rest ``(M,)``."""
    pre: Floats
    """Traces of the inputs ``(n,)``."""
    post: Floats
    """Traces of the neurons ``(M,)``."""
    eligibility: Floats
    """``(M, n)``, or ``(0, 0)`` where the rule is not modulated by reward."""


class PredictiveRule(NamedTuple):
    """Learning rule of the kernel `predictive`.

    The `k` neurons of the smallest score learn: the score is the surprise, or with `excess` the surprise less its
    running average over 2**memory samples. A gate is open with probability ``gate / 2**GATE_BITS``. A counter of
    `bits` bits, 0 .. 2**bits, moves by 2**step. With `gain` above 0, only every (running / gain)-th open cycle counts.
    """

    k: int
    gate: int
    step: int
    bits: int
    memory: int
    excess: bool
    gain: int


# ------------------------------------------------------------ reservoirs


class Synapses(NamedTuple):
    """Synapses of a reservoir, ordered by the line they leave: ``indptr[i]:indptr[i+1]`` leave line i.

    Lines are the inputs, the states, and a constant 1 if there is one more. Synapse k feeds neuron
    ``neurons[k]``; without `neurons`, each line feeds neurons 0, 1, .. in this order. Codes are thresholds
    of the weight streams, signed for split; for `reservoir_shared`, how many of the weight sequence's
    numbers are below them (their rank), for split plus or minus that, and L more. With `neurons`, the
    synapses of a line are in the order of rising ranks there.
    """

    indptr: Indices
    neurons: Indices
    codes: Numeric


class Coding(NamedTuple):
    """Coding of the number on a line as the threshold of a stream: encoding, width, rounding, digital shift.

    A threshold is rounded to the nearest, ties up, or with `stochastic` up with a probability that is the
    fraction: where word ``i % 4`` of Philox call ``i // 4`` for line i is below ``fraction * 2**32``. With
    `shifted`, the numbers of a step are XORed with the highest `bits` bits of word 0 of Philox call 0. For the
    counters of both, see use ``"reservoir"`` in `addresses`.
    """

    kind: int
    """`UNIPOLAR`, `BIPOLAR` or `SPLIT`."""
    bits: int
    stochastic: bool
    rounding_key: int
    shifted: bool
    shift_key: int


class Activation(NamedTuple):
    """Table of an activation function: `levels` for the counts `lowest`, lowest + 1, ..; constant beyond its ends.

    The state becomes ``(1 - leak) * state + leak * level``.
    """

    levels: Floats
    lowest: int
    leak: float


class RandomStreams(NamedTuple):
    """Sources of a reservoir's Bernoulli streams, of `length` bits.

    Not `apart`: all lines share a source, and so do all weights. At step t of sample b the lines have the streams
    ``s * lines + i`` with ``s = b << 32 | t``, and the weights, if they are not stored, ``s * synapses + k``.
    """

    input_key: int
    weight_key: int
    apart: bool
    length: int
