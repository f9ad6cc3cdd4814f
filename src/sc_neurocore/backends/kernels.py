"""Interface of a backend: the kernels that every backend has, with their types and shapes.

A backend is a module with these functions and a `name`. `reference` defines what each returns; the others
return the same integers. Shapes use the letters of `types`.
"""

from typing import Protocol

from .calibration_kernels import CalibrationKernels
from .stream_kernels import CountingKernels, StreamKernels
from .types import (
    Activation,
    Bits,
    Coding,
    Counts,
    CycleCounts,
    Draws,
    FixedMembrane,
    Floats,
    Indices,
    LearningModel,
    LearningState,
    Membrane,
    Numeric,
    PredictiveRule,
    RandomStreams,
    Synapses,
    Tree,
    Wiring,
    Words,
)


class SequentialKernels(Protocol):
    """Circuits with memory, on streams."""

    def moore(self, words: Words, length: int, n_states: int, start: int, output: Bits) -> Words:
        """Finite state machine: an up/down counter on each stream ``(R, W)``, read through a table: ``(R, W)``.

        The counter saturates. The state is in 0 .. n_states - 1 and moves up on a 1, down on a 0. The output of a
        cycle is ``output[2 * state + bit]`` with the state before the move; 2 stands for a bit that alternates 0, 1,
        0, 1 with the cycle (the value one half).
        """

    def divide(self, a: Words, b: Words, length: int) -> Words:
        """Quotients of correlated streams a and b, ``(R, W)`` each: the bit of a where b is 1, else the last such bit.

        Before the first 1 of b the output is 0.
        """

    def square_root(self, words: Words, length: int, first: Draws, second: Draws, bits: int, start: int) -> Words:
        """Square roots of streams ``(R, W)``, by a counter in 0 .. 2**bits.

        It counts the stream up and its own squared output down. The outputs of a cycle are ``first < counter`` and
        ``second < counter``, before the move; the counter moves by the input bit minus the AND of both, within its
        bounds. Returns the first output ``(R, W)``. The sequences are ``(R, L)``, or ``(1, L)`` for one shared by all
        rows.
        """

    def shuffle_buffer(self, words: Words, length: int, depth: int, draws: Draws) -> Words:
        """Streams ``(R, W)`` in another order: each bit takes a random slot, and the bit it replaces is the output.

        Slot of cycle t: ``floor(draws / 2**32 * depth)``; `draws` is ``(R, L)``, or ``(1, L)`` for all
        rows. The slots hold 0, 1, 0, 1, .. at first.
        """


class NeuronKernels(Protocol):
    """Neurons, the cables of dendrites, and synapses that learn."""

    def standard_normals(self, key: int, rows: int, start: int, stop: int) -> Floats:
        """Standard normal numbers ``(rows, stop - start)``: the one of row r and step t depends on (key, r, t) only."""

    def lif(
        self,
        key: int,
        values: Numeric,
        levels: Floats,
        step: int,
        membrane: Membrane,
        v: Floats,
        refractory_left: Counts,
        trace: bool,
    ) -> tuple[Words, Floats, Counts, Floats]:
        """Leaky integrate-and-fire neurons ``(R,)`` from step number `step` on, with the noise of `standard_normals`.

        `values` ``(C, T)`` are places in `levels`, a table of currents; without levels, they are the
        currents. Row r takes row ``r * C // R``. Returns the spikes, bit t of the words ``(R, W)`` those
        of step ``step // 64 * 64 + t``; the new `v` and `refractory_left`, the steps that each neuron still
        has to rest; and v after every step ``(R, T)``, or ``(R, 0)`` without `trace`.
        """

    def spike_streams(
        self,
        x: Words,
        w: Words,
        wiring: Wiring,
        length: int,
        xnor: bool,
        signs: Counts,
        bipolar: bool,
        levels: Floats,
        lowest: int,
        membrane: Membrane,
    ) -> Words:
        """Leaky integrate-and-fire neurons from rest under the sums of their products: spikes ``(G, B, M, W)``.

        Gates, signs and `bipolar` are as for `saturate`. A cycle in which the sum is s has the current
        ``levels[s - lowest]``; the membrane has no noise.
        """

    def lif_fixed(
        self, drive: Counts, membrane: FixedMembrane, v: Counts, refractory_left: Counts
    ) -> tuple[Bits, Counts, Counts, Counts]:
        """As `lif`, in integers and without noise: currents ``(1 or R, T)`` to spikes ``(R, T)``, the new state.

        The state is v and `refractory_left`. A product is rounded to the nearest, ties up. The sum
        saturates; the last result ``(R,)`` counts how often.
        """

    def learn(
        self,
        model: LearningModel,
        words: Words,
        midpoints: Floats,
        reward: Floats,
        first: int,
        learning: bool,
        state: LearningState,
    ) -> tuple[Bits, LearningState]:
        """Neurons whose synapses learn: input streams ``(B, n, W)`` to spikes ``(B, M, L)`` and the new state.

        Samples come one after another. They are numbers `first`, `first` + 1, ..; cycle t of sample s is step
        ``s * L + t`` of the noise and of the random words. A weight's bit is 1 while a number in (0, 1) is at most p,
        the midpoint of the step of a random word: `midpoints` ``(L,)`` are those of all synapses; without them, each
        synapse has random words of its own, read to ``model.bits`` bits. `reward` ``(B, L)`` is read where the rule is
        modulated.

        A cycle: traces and thresholds decay, neurons integrate, and spike where they reach the threshold; then the
        gates move the weights; then the spikes are added to the traces and to the thresholds. With `winners`, a cycle
        in which neurons reach the threshold has as many winners, those that are highest above their own threshold (of
        equals the first ones): winners that reached it spike, and all others go to rest, for at least `inhibition`
        steps more.
        """

    def predictive(
        self,
        key: int,
        first: int,
        sequences: Draws,
        x: Counts,
        rule: PredictiveRule,
        learn: bool,
        trace: bool,
        weights: Counts,
        running: Counts,
        credit: Counts,
    ) -> tuple[Counts, CycleCounts, Counts, Counts, Counts]:
        """Predictive coding: streams of inputs and of predictions are XORed, and the predictions follow.

        Both are made of one sequence; a prediction is an up/down counter. Sample t, number ``first + t``, has the
        thresholds ``x[t]`` ``(n,)`` and the sequence ``sequences[t]``, or ``sequences[0]`` if there is only one.
        Neuron j has the counters ``weights[j]`` ``(n,)``; ``running[j]`` is 2**memory times the running average of its
        surprise, ``credit[j]`` what `gain` has saved up.

        Returns the surprises ``(T, M)``, ones after the XOR gates; with `trace` the ones of the predictions
        ``(T, M, n)``, else ``(0, M, n)``; and the new weights, running sums and credits.
        """

    def cable(
        self, tree: Tree, dt: float, v: Floats, sites: Indices, source: Floats, conductance: Floats, probes: Indices
    ) -> tuple[Floats, Floats]:
        """A cable, as of a dendrite: voltages ``(T, P)`` of the nodes `probes` after each step, and the last ``(N,)``.

        T steps start from `v` ``(N,)``: C v' = source - (K + conductance) v, where K holds leak and axial terms;
        `source` is ``(T, S)`` and enters at the nodes `sites`, and so does `conductance`, ``(T, S)``, or ``(0, S)`` if
        there is none. Both are constant within a step. The step is TR-BDF2 (Bank et al. 1985,
        https://doi.org/10.1109/TCAD.1985.1270142) with both stages written as a backward Euler step of
        a = (1 - 1 / sqrt 2) dt, from v and from (1 + sqrt 2) y - sqrt(2) v.
        """

    def cables(
        self, tree: Tree, dt: float, hold: int, sites: Indices, source: Floats, conductance: Floats, probes: Indices
    ) -> Floats:
        """R cables that start at rest: the last voltages ``(R, P)`` of the nodes `probes`, see `cable`.

        Row t of a cable's `source` ``(R, T, S)`` and `conductance` ``(R, T, S)``, or ``(R, 0, S)``, lasts for
        `hold` steps.
        """

    def eliminate(self, a: Floats, b: Floats) -> Floats:
        """The solution X ``(n, m)`` of ``A X = B``, by elimination without pivots, in an order of its own.

        `a` is ``(n, n)``, symmetric and positive definite but for factors of its rows or columns, so that no
        pivot is 0 and no digits are lost. X has the same digits on every machine; LAPACK's has not.
        """


class ElementaryKernels(Protocol):
    """Functions of each number of an array ``(...)``, with the same digits on every machine; see `elementary`."""

    def exp(self, x: Floats) -> Floats:
        """e**x, to 1.25 units of the last place; 0 below -746, infinite above 709.8."""

    def log(self, x: Floats) -> Floats:
        """Natural logarithm of x, to 1 unit of the last place; -inf of 0, NaN of a negative number."""

    def log1p(self, x: Floats) -> Floats:
        """Natural logarithm of 1 + x, to 1 unit of the last place."""

    def tanh(self, x: Floats) -> Floats:
        """Hyperbolic tangent of x, to 3 units of the last place; odd, 0 at 0, and 1 from 19.1 on."""


class SeriesKernels(Protocol):
    """Reservoirs, and the time series that they learn."""

    def reservoir_shared(
        self,
        inputs: Floats,
        state: Floats,
        step: int,
        synapses: Synapses,
        sequences: Draws,
        coding: Coding,
        activation: Activation,
    ) -> Floats:
        """A reservoir whose streams share sequences: states ``(B, T, n)`` under inputs ``(B, T, n_inputs)``.

        The states start from `state` ``(B, n)``, at step number `step`. Every line is compared with a row of
        `sequences` ``(lines, L)`` or ``(1, L)``, the sequence of the lines in the order of *rising numbers of the
        weights' sequence*: a weight stream is then a one for each of the first cycles, as many as it has ones. A
        product counts the ones of AND gates; of XNOR gates, ones minus zeros.
        """

    def reservoir_random(
        self,
        inputs: Floats,
        state: Floats,
        step: int,
        synapses: Synapses,
        streams: RandomStreams,
        stored: Words,
        coding: Coding,
        activation: Activation,
    ) -> Floats:
        """A reservoir of Bernoulli streams, else as `reservoir_shared`.

        `stored` holds the words of the weight streams, line after line ``(W, synapses of the line)``; without it
        every step has new ones.
        """

    def reservoir_floats(
        self,
        drive: Floats,
        state: Floats,
        matrix: Numeric,
        kind: int,
        scale: float,
        squash: bool,
        leak: float,
    ) -> Floats:
        """A reservoir in floating point: states ``(B, T, n)`` under drives ``(B, T, n)``.

        A step is ``x = (1 - leak) x + leak f(drive[:, t] + matrix @ x)``; `matrix` is an array or a SciPy matrix in
        CSR form ``(n, n)``. f is tanh with `squash`, else it clips to the range of the encoding `kind`. With a `scale`
        above 0, the matrix meets the states rounded to probabilities of 1 / scale.
        """

    def narma(self, u: Floats, order: int, alpha: float, beta: float, gamma: float, delta: float) -> Floats:
        """The series NARMA under inputs `u` ``(T,)``: its values ``(T,)``.

        ``y[t + 1] = alpha y[t] + beta y[t] sum_{i < order} y[t - i] + gamma u[t - order + 1] u[t] + delta``. The first
        `order` values are 0.
        """

    def mackey_glass(self, steps: int, lag: int, h: float, x0: float) -> Floats:
        """The series of Mackey and Glass, after 0, 1, .. `steps` steps of h ``(steps + 1,)``.

        ``x' = .2 p / (1 + p**10) - .1 x`` with p = x(t - lag h). Runge and Kutta's method of order four; the past
        between two steps is a cubic with the slopes at its ends. Before the start x is `x0`, with slope 0.
        """


class Kernels(
    StreamKernels,
    CountingKernels,
    SequentialKernels,
    NeuronKernels,
    ElementaryKernels,
    SeriesKernels,
    CalibrationKernels,
    Protocol,
):
    """A backend: every kernel, and the name under which `choose` finds it."""

    name: str


def kernel_names() -> tuple[str, ...]:
    """Names of all kernels, in the order of the alphabet.

    >>> kernel_names()[:3]
    ('and_counts', 'anneal', 'bernoulli')
    """
    members = (member for base in Kernels.__mro__ for member in vars(base).items())
    return tuple(sorted(name for name, value in members if callable(value) and not name.startswith("_")))
