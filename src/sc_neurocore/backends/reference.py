"""The definition of every kernel, in plain NumPy on unpacked bits.

Slow and short on purpose: the other backends are right when they return the same integers.
Shapes: G groups (each with weight streams of its own), B samples, n inputs, M neurons, L cycles,
W = ceil(L / 64) words.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .membrane import FixedMembrane, Membrane, lif_step, raised, settled
from .normal import standard_normals
from .packing import Bits, Words, pack, unpack
from .philox import philox4x32
from .plasticity import (
    Competition,
    Pause,
    Plasticity,
    coincidence_gates,
    middles,
    moved,
    pair_gates,
    rewarded,
    synapse_numbers,
)

BLOCK_WORDS = 64
"""A lane of the Bernoulli generator is seeded anew from Philox after this many words."""

Counts = NDArray[np.int64]
_MASK = (1 << 64) - 1


class Wiring(NamedTuple):
    """Which streams meet: synapses ``indptr[j]:indptr[j+1]`` feed neuron j (the CSR layout).

    Synapse k joins input stream ``inputs[k]`` with weight stream ``weights[k]``.
    """

    indptr: NDArray[np.int64]
    inputs: NDArray[np.int64]
    weights: NDArray[np.int64]


Floats = NDArray[np.float64]


def compare(sequences: NDArray[np.uint32], thresholds: NDArray[np.uint64]) -> Words:
    """Streams ``(R, n, W)``: bit t of stream (r, i) is ``sequences[i, t] < thresholds[r, i]``.

    `sequences` is ``(n, L)``, or ``(1, L)`` for one sequence shared by all.
    """
    return pack(sequences[None, :, :] < thresholds[:, :, None])


def gather(table: Words, rows: NDArray[np.uint64]) -> Words:
    """Rows of a table of streams ``(T, W)``: ``(..., W)`` for row numbers ``(...)``."""
    return table[rows.astype(np.intp)]


def _rotate(word: int, by: int) -> int:
    return ((word << by) | (word >> (64 - by))) & _MASK


def bernoulli(
    key: int,
    streams: NDArray[np.uint64],
    thresholds: NDArray[np.uint64],
    bits: int,
    length: int,
    first_block: int = 0,
) -> Words:
    """Random streams ``(R, W)``: every bit of row r is 1 with probability ``thresholds[r] / 2**bits``.

    Block b of 64 words of the stream numbered s is made by xoshiro256++ (Blackman & Vigna 2021,
    https://doi.org/10.1145/3460772) whose 256-bit state is Philox(key, counter (s, b, 0 and 1)).
    A word takes `bits` draws u, one for each binary digit of the threshold from the lowest:
    ``r = digit ? r | u : r & u`` leaves 64 independent bits of the wanted probability. The first bit
    of a row is that of block `first_block`.
    """
    n_words = -(-length // 64)
    words = np.zeros((len(streams), n_words), np.uint64)
    state = [0, 0, 0, 0]
    for row, (stream, threshold) in enumerate(zip(streams.tolist(), thresholds.tolist(), strict=True)):
        for w in range(n_words):
            if w % BLOCK_WORDS == 0:
                block = first_block + w // BLOCK_WORDS
                counters = [[stream & 0xFFFFFFFF, stream >> 32, block, half] for half in (0, 1)]
                halves = philox4x32(counters, [key & 0xFFFFFFFF, key >> 32]).reshape(4, 2).tolist()
                state = [low | high << 32 for low, high in halves]
            r = 0
            for digit in range(bits):
                s0, s1, s2, s3 = state
                u = (_rotate((s0 + s3) & _MASK, 23) + s0) & _MASK
                shifted = (s1 << 17) & _MASK
                s2, s3 = s2 ^ s0, s3 ^ s1
                s1, s0 = s1 ^ s2, s0 ^ s3
                state = [s0, s1, s2 ^ shifted, _rotate(s3, 45)]
                r = r | u if threshold >> digit & 1 else r & u
            words[row, w] = _MASK if threshold >> bits else r
    return pack(unpack(words, length))


def popcount(words: Words) -> Counts:
    """Ones in each stream: ``(..., W)`` to ``(...)``."""
    return np.asarray(unpack(words, 64 * words.shape[-1]).sum(-1, dtype=np.int64))


def and_counts(x: Words, w: Words) -> Counts:
    """Ones of ``x AND w`` over all inputs: ``(G, B, n, W)`` and ``(G, M, n, W)`` to ``(G, B, M)``."""
    x_bits, w_bits = (unpack(words, 64 * words.shape[-1]).astype(np.int64) for words in (x, w))
    return np.asarray(np.einsum("gbnt,gmnt->gbm", x_bits, w_bits))


def window_counts(x: Words, w: Words, windows: NDArray[np.int64]) -> Counts:
    """As `and_counts`, with inputs that are windows of shared lines: ``(G, B, K, P, M)``.

    `x` is ``(G, B, N, W)``, `w` ``(G, K, M, n, W)``: line ``windows[k, p, i]`` of N is input i of
    window p, which meets the M neurons of part k.
    """
    x_bits, w_bits = (unpack(words, 64 * words.shape[-1]).astype(np.int64) for words in (x, w))
    return np.asarray(np.einsum("gbkpnt,gkmnt->gbkpm", x_bits[:, :, windows], w_bits))


def _synapse_bits(x: Words, w: Words, wiring: Wiring, length: int, xnor: bool) -> Bits:
    left, right = unpack(x, length)[:, :, wiring.inputs], unpack(w, length)[:, None, wiring.weights]
    return left ^ right ^ np.uint8(1) if xnor else left & right


def wired_counts(x: Words, w: Words, wiring: Wiring) -> Counts:
    """As `and_counts`, over the synapses of a wiring: ``(G, B, S, W)``, ``(G, N, W)`` to ``(G, B, M)``."""
    per_synapse = popcount(x[:, :, wiring.inputs] & w[:, None, wiring.weights])
    return _per_neuron(per_synapse, wiring)


def _per_neuron(values: NDArray[np.int64], wiring: Wiring) -> Counts:
    """Sums ``(G, B, M)`` over each neuron's synapses, the third axis of `values`."""
    running = np.cumsum(values, axis=2)
    running = np.insert(running, 0, 0, axis=2)
    return running[:, :, wiring.indptr[1:]] - running[:, :, wiring.indptr[:-1]]


def cycle_counts(x: Words, w: Words, wiring: Wiring, length: int, xnor: bool) -> NDArray[np.int32]:
    """Products that are 1 in each cycle: ``(G, B, M, L)``; AND gates, or XNOR gates."""
    bits = _synapse_bits(x, w, wiring, length, xnor).astype(np.int64)
    return _per_neuron(bits, wiring).astype(np.int32)


def or_streams(x: Words, w: Words, wiring: Wiring, length: int, xnor: bool) -> Words:
    """OR of each neuron's products: streams ``(G, B, M, W)``."""
    return pack(cycle_counts(x, w, wiring, length, xnor) > 0)


def mux_streams(x: Words, w: Words, wiring: Wiring, select: NDArray[np.uint32], length: int, xnor: bool) -> Words:
    """One product a cycle: streams ``(G, B, M, W)`` from `select` ``(G, B, L)``.

    A neuron with f synapses takes number ``floor(select / 2**32 * f)``; without synapses it gives 0.
    """
    bits = _synapse_bits(x, w, wiring, length, xnor)
    out = np.zeros((*bits.shape[:2], len(wiring.indptr) - 1, length), np.uint8)
    for j, (start, stop) in enumerate(zip(wiring.indptr[:-1], wiring.indptr[1:], strict=True)):
        if stop > start:
            chosen = start + (select.astype(np.uint64) * np.uint64(stop - start) >> np.uint64(32)).astype(np.int64)
            out[:, :, j] = np.take_along_axis(bits, chosen[:, :, None, :], axis=2)[:, :, 0]
    return pack(out)


def saturate(steps: NDArray[np.int32], signed: bool, two_level: bool) -> Counts:
    """Net output of a saturating adder: ``(..., L)`` increments to ``(...)``.

    An accumulator takes the increment of every cycle and gives one unit back when it can. Output
    of a cycle: 1 if the accumulator is at least 1, else 0 (`signed`: -1 if it is at most -1);
    `two_level`: +1 if it is at least 0, else -1. The output is subtracted from the accumulator.
    """
    accumulator = np.zeros(steps.shape[:-1], np.int64)
    total = np.zeros(steps.shape[:-1], np.int64)
    for t in range(steps.shape[-1]):
        accumulator += steps[..., t]
        if two_level:
            out = np.where(accumulator >= 0, 1, -1)
        else:
            out = np.where(accumulator >= 1, 1, np.where(signed & (accumulator <= -1), -1, 0))
        accumulator -= out
        total += out
    return total


def moore(words: Words, length: int, n_states: int, start: int, output: NDArray[np.uint8]) -> Words:
    """A saturating up/down counter on each stream ``(R, W)``, read through a table: ``(R, W)``.

    The state is in 0 .. n_states - 1 and moves up on a 1, down on a 0. The output of a cycle is
    ``output[2 * state + bit]`` with the state before the move; 2 stands for a bit that alternates
    0, 1, 0, 1 with the cycle (the value one half).
    """
    bits = unpack(words, length)
    state = np.full(len(bits), start)
    out = np.empty_like(bits)
    for t in range(length):
        symbol = output[2 * state + bits[:, t]]
        out[:, t] = np.where(symbol == 2, t % 2, symbol)
        state = np.clip(state + 2 * bits[:, t].astype(np.int64) - 1, 0, n_states - 1)
    return pack(out)


def lfsr(state: int, taps: int, bits: int, insert_zero: bool, length: int) -> NDArray[np.uint32]:
    """States ``(length,)`` of a Fibonacci shift register, the first one `state`.

    Bit k of `taps` marks stage k + 1. The parity of the tapped bits enters at bit 0, everything
    moves up; with `insert_zero` it is inverted while all bits but the highest are zero.
    """
    out = np.empty(length, np.uint32)
    for t in range(length):
        out[t] = state
        entering = (state & taps).bit_count() & 1
        if insert_zero and state & ((1 << (bits - 1)) - 1) == 0:
            entering ^= 1
        state = (state << 1 | entering) & ((1 << bits) - 1)
    return out


def divide(a: Words, b: Words, length: int) -> Words:
    """Quotient bits of streams a and b, ``(R, W)`` each: the bit of a where b is 1, else the last such bit.

    Before the first 1 of b the output is 0.
    """
    a_bits, b_bits = unpack(a, length), unpack(b, length)
    held = np.zeros(len(a_bits), np.uint8)
    out = np.empty_like(a_bits)
    for t in range(length):
        held = np.where(b_bits[:, t] == 1, a_bits[:, t], held)
        out[:, t] = held
    return pack(out)


def square_root(
    words: Words, length: int, first: NDArray[np.uint32], second: NDArray[np.uint32], bits: int, start: int
) -> Words:
    """A counter in 0 .. 2**bits that counts each stream ``(R, W)`` up and its own squared output down.

    The outputs of a cycle are ``first < counter`` and ``second < counter``, before the move; the
    counter moves by the input bit minus the AND of both, within its bounds. Returns the first
    output ``(R, W)``. The sequences are ``(R, L)``, or ``(1, L)`` for one shared by all rows.
    """
    x = unpack(words, length).astype(np.int64)
    counter = np.full(len(x), start, np.int64)
    out = np.empty(x.shape, np.uint8)
    for t in range(length):
        root, twin = first[:, t] < counter, second[:, t] < counter
        out[:, t] = root
        counter = np.clip(counter + x[:, t] - (root & twin), 0, 2**bits)
    return pack(out)


def shuffle_buffer(words: Words, length: int, depth: int, draws: NDArray[np.uint32]) -> Words:
    """Each bit of a stream ``(R, W)`` takes a random slot; the bit it replaces is the output ``(R, W)``.

    Slot of cycle t: ``floor(draws / 2**32 * depth)``; `draws` is ``(R, L)``, or ``(1, L)`` for all
    rows. The slots hold 0, 1, 0, 1, .. at first.
    """
    bits = unpack(words, length)
    slots = np.tile(np.arange(depth) % 2, (len(bits), 1)).astype(np.uint8)
    chosen = np.broadcast_to((draws.astype(np.uint64) * np.uint64(depth) >> np.uint64(32)).astype(np.intp), bits.shape)
    rows = np.arange(len(bits))
    out = np.empty_like(bits)
    for t in range(length):
        out[:, t] = slots[rows, chosen[:, t]]
        slots[rows, chosen[:, t]] = bits[:, t]
    return pack(out)


def lif(
    key: int, values: NDArray[Any], levels: Floats, step: int, membrane: Membrane, v: Floats, wait: Counts, trace: bool
) -> tuple[Words, Floats, Counts, Floats]:
    """Neurons ``(R,)`` from step number `step` on, with the noise of `normal.standard_normals`.

    `values` ``(C, T)`` are places in `levels`, a table of currents; without levels, they are the
    currents. Row r takes row ``r * C // R``. Returns the spikes, bit t of the words ``(R, W)`` those
    of step ``step // 64 * 64 + t``; the new v and wait; and v after every step ``(R, T)``, or
    ``(R, 0)`` without `trace`.
    """
    rows, (sources, steps) = len(v), values.shape
    currents = (levels[values] if levels.size else values)[np.arange(rows) * sources // rows]
    noise = standard_normals(key, rows, step, step + steps) if membrane.noise else np.zeros((rows, steps))
    spikes, voltages = np.zeros((rows, step % 64 + steps), np.uint8), np.empty((rows, steps))
    for t in range(steps):
        v, wait, spikes[:, step % 64 + t] = lif_step(v, wait, currents[:, t], membrane, noise[:, t])
        voltages[:, t] = v
    return pack(spikes), v, wait, voltages if trace else voltages[:, :0]


def lif_fixed(drive: Counts, membrane: FixedMembrane, v: Counts, wait: Counts) -> tuple[Bits, Counts, Counts, Counts]:
    """As `lif`, in integers and without noise: currents ``(1 or R, T)`` to spikes ``(R, T)``, v, wait, saturations.

    A product is rounded to the nearest, halves up. The sum saturates; the last result ``(R,)``
    counts how often.
    """
    m, half = membrane, 1 << (membrane.fraction - 1)
    spikes, saturated = np.zeros((len(v), drive.shape[1]), np.uint8), np.zeros_like(v)
    for t in range(drive.shape[1]):
        lost = ((v - m.v_rest) * m.leak + half) >> m.fraction
        exact = v - lost + ((drive[:, t] * m.gain + half) >> m.fraction)
        raised = np.clip(exact, -m.largest - 1, m.largest)
        resting = wait > 0
        saturated += ~resting & (raised != exact)
        fires = ~resting & (raised >= m.v_threshold)
        after = raised - m.v_threshold if m.soft else np.full_like(v, m.v_reset)
        v = np.where(resting, m.v_rest, np.where(fires, after, raised))
        wait = np.where(fires, m.refractory, np.maximum(wait - 1, 0))
        spikes[:, t] = fires
    return spikes, v, wait, saturated


class LearningKeys(NamedTuple):
    """Keys of what is random in a learning layer."""

    noise: int
    weights: int
    gates: int


class LearningState(NamedTuple):
    """State of n inputs, M neurons, and the synapses between them; `eligibility` is ``(0, 0)`` without reward."""

    p: Floats
    """Weights ``(M, n)``, as shares of their range."""
    threshold: Floats
    """What spikes have added to the thresholds ``(M,)``."""
    v: Floats
    wait: Counts
    pre: Floats
    """Traces of the inputs ``(n,)``, of the neurons ``(M,)``."""
    post: Floats
    eligibility: Floats


def learn(
    keys: LearningKeys,
    words: Words,
    numbers: Floats,
    bits: int,
    levels: Floats,
    reward: Floats,
    first: int,
    length: int,
    learning: bool,
    membrane: Membrane,
    rule: Plasticity,
    competition: Competition,
    pause: Pause,
    state: LearningState,
) -> tuple[Bits, LearningState]:
    """Samples one after another: input streams ``(S, n, W)`` to spikes ``(S, M, L)`` and the new state.

    The samples are numbers `first`, `first` + 1, ..; cycle t of sample s is step ``s * L + t`` of the noise and of
    the random numbers. A weight's bit is 1 while the middle of its number's step is at most p: `numbers` ``(L,)``
    are such middles for all synapses; without them, each synapse has random words of its own, read to `bits` bits.
    `levels` ``(n + 1,)`` are the currents of the counts, `reward` ``(S, L)`` is read where the rule is modulated.

    A cycle: traces and thresholds decay, neurons are raised, who reached the threshold spikes; then the gates move
    the weights; then the spikes are added to the traces and to the thresholds. With `winners`, a cycle in which
    neurons reach the threshold spares those that are highest above their own (of equals the first ones): of them
    spikes who reached it, and all others go to rest, for at least `inhibition` steps more.
    """
    p, theta, v, wait, x, y, e = state
    (samples, n), rows = words.shape[:2], len(v)
    inputs = unpack(words, length).astype(np.float64)
    spikes = np.empty((samples, rows, length), np.uint8)
    for s, t in np.ndindex(samples, length):
        cycle, pre = (first + s) * length + t, inputs[s, :, t]
        if t == 0:
            v = membrane.v_rest + (v - membrane.v_rest) * pause.membrane
            wait = np.maximum(wait - pause.steps, 0)
            x, y, e = x * pause.pre, y * pause.post, e * pause.eligibility
            theta = theta * pause.threshold if learning else theta
        x, y = x * rule.keep_pre, y * rule.keep_post
        theta = theta * competition.keep if learning else theta
        drawn = numbers[t] if numbers.size else middles(synapse_numbers(keys.weights, rows, n, cycle), bits)
        current = levels[((drawn <= p) * pre).sum(1).astype(np.int64)]
        noise = standard_normals(keys.noise, rows, cycle, cycle + 1)[:, 0] if membrane.noise else np.zeros(rows)
        drive = membrane.resistance * current * membrane.dt
        up = raised(v, drive, membrane.noise * noise, membrane.v_rest, membrane.dt, membrane.tau_mem)
        threshold = membrane.v_threshold + theta
        fired, spared = (wait <= 0) & (up >= threshold), np.ones(rows, bool)
        if competition.winners and fired.any():
            above = np.where(wait > 0, membrane.v_rest, up) - threshold
            spared[:] = False
            spared[largest(above[None], competition.winners)] = True
            fired &= spared
        v, wait = settled(up, wait, fired, threshold, membrane)
        v = np.where(spared, v, membrane.v_rest)
        wait = np.where(spared, wait, np.maximum(wait, competition.inhibition))
        spikes[s, :, t] = fired
        post = fired.astype(np.float64)
        if learning:
            if rule.coincidence:
                gates = coincidence_gates(pre, post, rule.up, rule.down)
            else:
                gates = pair_gates(x, y, pre, post, rule.up, rule.down)
            if rule.modulated:
                e, gates = rewarded(e, gates, float(reward[s, t]), rule.keep_eligibility)
            p = moved(p, gates, None if rule.deterministic else synapse_numbers(keys.gates, rows, n, cycle), rule)
            theta = theta + competition.adaptation * post
        x, y = x + pre, y + post
    return spikes, LearningState(p, theta, v, wait, x, y, e)


class Tree(NamedTuple):
    """A cable of N nodes, every parent before its children; node 0 is the root, its own parent.

    Node i has a membrane of so much `capacity` and `leak` to rest, and is joined to its parent by `axial`
    (``axial[0]`` is 0). A branch point may lack a membrane if something joins it to others.
    """

    parent: NDArray[np.int64]
    capacity: NDArray[np.float64]
    leak: NDArray[np.float64]
    axial: NDArray[np.float64]


def cable(
    tree: Tree,
    dt: float,
    v: NDArray[np.float64],
    sites: NDArray[np.int64],
    source: NDArray[np.float64],
    conductance: NDArray[np.float64],
    probes: NDArray[np.int64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Voltages ``(T, P)`` of the nodes `probes` after each of T steps from `v` ``(N,)``, and the last ``(N,)``.

    C v' = source - (K + conductance) v, where K holds leak and axial terms; `source` is ``(T, S)`` and enters
    at the nodes `sites`, and so does `conductance`, ``(T, S)``, or ``(0, S)`` if there is none. Both are constant
    within a step. The step is TR-BDF2 (Bank et al. 1985, https://doi.org/10.1109/TCAD.1985.1270142) with both
    stages written as a backward Euler step of a = (1 - 1 / sqrt 2) dt, from v and from (1 + sqrt 2) y - sqrt(2) v.
    """
    n, a, root = len(v), (1 - np.sqrt(0.5)) * dt, np.sqrt(2)
    joined = np.zeros((n, n))
    for node, (parent, axial) in enumerate(zip(tree.parent, tree.axial, strict=True)):
        joined[[node, parent], [node, parent]] += axial
        joined[[node, parent], [parent, node]] -= axial
    out = np.empty((len(source), len(probes)))
    for t in range(len(source)):
        entering, leak = np.zeros(n), tree.leak.copy()
        entering[sites] = source[t]
        if len(conductance):
            leak[sites] += conductance[t]
        matrix = np.diag(tree.capacity + a * leak) + a * joined
        y = np.linalg.solve(matrix, tree.capacity * v + a * entering)
        v = np.linalg.solve(matrix, tree.capacity * ((1 + root) * y - root * v) + a * entering)
        out[t] = v[probes]
    return out, v


def cables(
    tree: Tree,
    dt: float,
    hold: int,
    sites: NDArray[np.int64],
    source: NDArray[np.float64],
    conductance: NDArray[np.float64],
    probes: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Voltages ``(R, P)`` of the nodes `probes` of R cables that were at rest, see `cable`.

    Row t of a cable's `source` ``(R, T, S)`` and `conductance` ``(R, T, S)``, or ``(R, 0, S)``, lasts for
    `hold` steps.
    """
    rest, out = np.zeros(len(tree.parent)), np.zeros((len(source), len(probes)))
    for row, (entering, pulling) in enumerate(zip(source, conductance, strict=True)):
        each = np.repeat(entering, hold, axis=0), np.repeat(pulling, hold, axis=0)
        out[row] = cable(tree, dt, rest, sites, *each, probes)[1][probes]
    return out


def fill_times(words: Words, length: int, target: int) -> Counts:
    """Cycles, counted from 1, until each stream ``(..., W)`` has had `target` ones: ``(...)``.

    Every cycle after the end of the stream counts as a one.
    """
    bits = unpack(words, length)
    after = np.ones((*bits.shape[:-1], target), np.uint8)
    ones = np.cumsum(np.concatenate([bits, after], axis=-1), axis=-1, dtype=np.int64)
    return np.asarray((ones >= target).argmax(-1) + 1)


def largest(values: NDArray[np.float64], k: int) -> NDArray[np.int64]:
    """Indices ``(R, k)``, ascending, of the k largest of each row ``(R, n)``; of equals the first ones."""
    return np.sort(np.argsort(-values, axis=-1, kind="stable")[:, :k], axis=-1)


GATE_BITS = 24
"""Binary digits of the probability with which a counter of `predictive` counts."""


class Plasticity(NamedTuple):
    """How the weights of `predictive` learn.

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


def predictive(
    key: int,
    first: int,
    sequences: NDArray[np.uint32],
    x: Counts,
    rule: Plasticity,
    learn: bool,
    trace: bool,
    weights: Counts,
    running: Counts,
    credit: Counts,
) -> tuple[Counts, NDArray[np.int32], Counts, Counts, Counts]:
    """Streams of inputs and of predictions, made of one sequence, XORed; counters follow the differences.

    Sample t, number ``first + t``, has the thresholds ``x[t]`` ``(n,)`` and the sequence ``sequences[t]``, or
    ``sequences[0]`` if there is only one. Neuron j has the counters ``weights[j]`` ``(n,)``; ``running[j]`` is
    2**memory times the running average of its surprise, ``credit[j]`` what `gain` has saved up.

    Returns the surprises ``(T, M)``, ones after the XOR gates; with `trace` the ones of the predictions
    ``(T, M, n)``, else ``(0, M, n)``; and the new weights, running sums and credits.
    """
    length, neurons = sequences.shape[1], len(weights)
    surprises = np.empty((len(x), neurons), np.int64)
    predictions = np.empty((len(x) if trace else 0, *weights.shape), np.int32)
    weights, running, credit = weights.copy(), running.copy(), credit.copy()
    for t in range(len(x)):
        sequence = sequences[t % len(sequences)]
        x_bits, w_bits = sequence < x[t][:, None], sequence < weights[..., None]
        errors = x_bits ^ w_bits
        surprise = surprises[t] = errors.sum((1, 2), dtype=np.int64)
        if trace:
            predictions[t] = w_bits.sum(-1)
        if not learn:
            continue
        running = running + surprise - (running >> rule.memory)
        score = (surprise << rule.memory) - running if rule.excess else surprise
        winners = np.sort(np.argsort(score, kind="stable")[: rule.k])
        streams = ((first + t) * neurons + winners).astype(np.uint64)
        gates = unpack(bernoulli(key, streams, np.full(len(winners), rule.gate, np.uint64), GATE_BITS, length), length)
        if rule.gain:
            gates, credit[winners] = _thinned(gates, rule.gain, running[winners], credit[winners])
        counted = errors[winners] & (gates[:, None] == 1)
        moves = np.where(counted, np.where(x_bits, 1, -1), 0).sum(-1)  # up where the input is 1, down where it is 0
        weights[winners] = np.clip(weights[winners] + (moves << rule.step), 0, 1 << rule.bits)
    return surprises, predictions, weights, running, credit


def _thinned(gates: Bits, gain: int, running: Counts, credit: Counts) -> tuple[Bits, Counts]:
    """Open cycles ``(R, L)`` that pass: each adds `gain` to the credit, and one that can be paid `running` passes."""
    passed = np.zeros_like(gates)
    for t in range(gates.shape[1]):
        credit = credit + np.where(gates[:, t] == 1, gain, 0)
        passes = (gates[:, t] == 1) & (credit >= running)
        credit = np.where(passes, np.minimum(credit - running, gain), credit)
        passed[:, t] = passes
    return passed, credit


UNIPOLAR, BIPOLAR, SPLIT = range(3)
"""Encodings, as reservoirs know them."""


class Synapses(NamedTuple):
    """Synapses of a reservoir by their line: ``indptr[i]:indptr[i+1]`` leave line i.

    Lines are the inputs, the states, and a constant 1 if there is one more. Synapse k feeds neuron
    ``neurons[k]``; without `neurons`, each line feeds neurons 0, 1, .. in this order. Codes are thresholds
    of the weight streams, signed for split; for `reservoir_shared`, how many of the weight sequence's
    numbers are below them (their rank), for split plus or minus that, and L more. With `neurons`, the
    synapses of a line are in the order of rising ranks there.
    """

    indptr: NDArray[np.int64]
    neurons: NDArray[np.int64]
    codes: NDArray[Any]


class Coding(NamedTuple):
    """How a line becomes a stream: encoding, width of a threshold, rounding, digital shift.

    A threshold is rounded to the nearest, halves up, or with `stochastic` up with a probability that is the
    fraction: where word ``i % 4`` of Philox (i // 4, step, step >> 32, sample) for line i is below
    ``fraction * 2**32``. With `shifted`, the numbers of a step are XORed with the highest `bits` bits of
    word 0 of Philox (0, step, step >> 32, sample).
    """

    kind: int
    bits: int
    stochastic: bool
    rounding_key: int
    shifted: bool
    shift_key: int


class Activation(NamedTuple):
    """A memory of outputs: `levels` for the counts `lowest`, lowest + 1, ..; beyond its ends, that of the end.

    The state becomes ``(1 - leak) * state + leak * level``.
    """

    levels: Floats
    lowest: int
    leak: float


class RandomStreams(NamedTuple):
    """Bernoulli streams of lines and weights, L = `length`; not `apart`: all lines (all weights) share a source.

    At step t of sample b the lines have the streams ``s * lines + i`` with ``s = b << 32 | t``, and the weights,
    if they are not stored, ``s * synapses + k``.
    """

    input_key: int
    weight_key: int
    apart: bool
    length: int


def reservoir_shared(
    inputs: Floats,
    state: Floats,
    step: int,
    synapses: Synapses,
    numbers: NDArray[np.uint32],
    coding: Coding,
    activation: Activation,
) -> Floats:
    """States ``(B, T, n)`` of reservoirs at `state` ``(B, n)``, under inputs ``(B, T, n_inputs)`` from step `step` on.

    Every line is compared with a row of `numbers` ``(lines, L)`` or ``(1, L)``, the sequence of the lines in
    the order of *rising numbers of the weights' sequence*: a weight stream is then a one for each of the first
    cycles, as many as it has ones. A product counts the ones of AND gates; of XNOR gates, ones minus zeros.
    """
    length = numbers.shape[1]
    cycle = np.arange(length)

    def totals(sample: int, at: int, thresholds: NDArray[np.uint64], signs: Counts) -> Counts:
        word = _philox_words(coding.shift_key, sample, at, 1)[0] >> np.uint32(32 - coding.bits) if coding.shifted else 0
        x = (numbers ^ np.uint32(word)) < thresholds[:, None]
        codes = synapses.codes.astype(np.int64) - (length if coding.kind == SPLIT else 0)
        w = cycle < np.abs(codes)[:, None]
        return _reservoir_totals(x, w, np.sign(codes), signs, synapses, coding.kind, state.shape[1])

    return _reservoir(inputs, state, step, len(synapses.indptr) - 1, coding, activation, totals)


def reservoir_random(
    inputs: Floats,
    state: Floats,
    step: int,
    synapses: Synapses,
    streams: RandomStreams,
    stored: Words,
    coding: Coding,
    activation: Activation,
) -> Floats:
    """As `reservoir_shared`, with Bernoulli streams.

    `stored` holds the words of the weight streams, line after line ``(W, synapses of the line)``; without it
    every step has new ones.
    """
    lines, n_synapses, length = len(synapses.indptr) - 1, synapses.codes.size, streams.length
    n_words = -(-length // 64)
    memory = np.empty((n_synapses, n_words), np.uint64)
    if stored.size:
        for first, last in zip(synapses.indptr[:-1], synapses.indptr[1:], strict=True):
            memory[first:last] = stored[n_words * first : n_words * last].reshape(n_words, -1).T

    def totals(sample: int, at: int, thresholds: NDArray[np.uint64], signs: Counts) -> Counts:
        base = sample << 32 | at
        numbers = [(base * lines + i * streams.apart) & _MASK for i in range(lines)]
        x = bernoulli(streams.input_key, np.array(numbers, np.uint64), thresholds, coding.bits, length)
        w = memory
        if not stored.size:
            numbers = [(base * n_synapses + k * streams.apart) & _MASK for k in range(n_synapses)]
            levels = np.abs(synapses.codes).astype(np.uint64)
            w = bernoulli(streams.weight_key, np.array(numbers, np.uint64), levels, coding.bits, length)
        weight_signs = np.where(synapses.codes < 0, -1, 1)
        bits = unpack(x, length), unpack(w, length)
        return _reservoir_totals(*bits, weight_signs, signs, synapses, coding.kind, state.shape[1])

    return _reservoir(inputs, state, step, lines, coding, activation, totals)


def reservoir_floats(
    drive: Floats, state: Floats, matrix: Any, kind: int, scale: float, squash: bool, leak: float
) -> Floats:
    """States ``(B, T, n)`` in floating point: ``x = (1 - leak) x + leak f(drive[:, t] + matrix @ x)``.

    f is tanh with `squash`, else it clips to the range of the encoding. With a `scale` above 0, the matrix
    meets the states rounded to probabilities of 1 / scale.
    """
    out, x, low = np.empty_like(drive), state, 0.0 if kind == UNIPOLAR else -1.0
    for t in range(drive.shape[1]):
        met = x
        if scale and kind == BIPOLAR:
            met = 2 * (np.floor((x + 1) / 2 * scale + 0.5) / scale) - 1
        elif scale:
            met = np.copysign(np.floor(np.abs(x) * scale + 0.5) / scale, x)
        pre = drive[:, t] + (matrix @ met.T).T
        x = (1 - leak) * x + leak * (np.tanh(pre) if squash else np.clip(pre, low, 1))
        out[:, t] = x
    return out


def _philox_words(key: int, sample: int, step: int, calls: int) -> NDArray[np.uint32]:
    counters = [[call, step & 0xFFFFFFFF, step >> 32, sample] for call in range(calls)]
    return philox4x32(counters, [key & 0xFFFFFFFF, key >> 32]).reshape(-1)


def _reservoir_totals(
    x: NDArray[Any],
    w: NDArray[Any],
    weight_signs: Counts,
    signs: Counts,
    synapses: Synapses,
    kind: int,
    n: int,
) -> Counts:
    """Sums over the synapses of each neuron, from bits ``(lines, L)`` and ``(synapses, L)``."""
    lines = np.repeat(np.arange(len(synapses.indptr) - 1), np.diff(synapses.indptr))
    neurons = synapses.neurons if synapses.neurons.size else np.arange(len(lines)) % n
    met = x[lines].astype(bool), w.astype(bool)
    if kind == BIPOLAR:
        products = 2 * (met[0] == met[1]).sum(1) - x.shape[1]
    else:
        products = (met[0] & met[1]).sum(1)
        if kind == SPLIT:
            products = products * weight_signs * signs[lines]
    out = np.zeros(n, np.int64)
    np.add.at(out, neurons, products)
    return out


def _reservoir(
    inputs: Floats,
    state: Floats,
    step: int,
    lines: int,
    coding: Coding,
    activation: Activation,
    totals: Callable[[int, int, NDArray[np.uint64], Counts], Counts],
) -> Floats:
    """Encode, count, activate: a step after the other."""
    levels, lowest, leak = activation
    out = np.empty((*inputs.shape[:2], state.shape[1]))
    for b, x in enumerate(state):
        for t, u in enumerate(inputs[b]):
            values = np.concatenate([u, x, np.ones(lines - u.size - x.size)])
            exact = (values + 1) / 2 if coding.kind == BIPOLAR else np.abs(values)
            exact = exact * 2.0**coding.bits
            thresholds = np.floor(exact + 0.5)
            if coding.stochastic:
                draws = _philox_words(coding.rounding_key, b, step + t, -(-lines // 4))[:lines]
                thresholds = np.floor(exact) + (draws < (exact - np.floor(exact)) * 2.0**32)
            signs = np.where((coding.kind == SPLIT) & (values < 0), -1, 1)
            found = totals(b, step + t, thresholds.astype(np.uint64), signs)
            x = (1 - leak) * x + leak * levels[np.clip(found - lowest, 0, levels.size - 1)]
            out[b, t] = x
    return out


def narma(u: Floats, order: int, alpha: float, beta: float, gamma: float, delta: float) -> Floats:
    """``y[t + 1] = alpha y[t] + beta y[t] sum_{i < order} y[t - i] + gamma u[t - order + 1] u[t] + delta``.

    The first `order` values are 0.
    """
    y = [0.0] * u.size
    for t in range(order - 1, u.size - 1):
        total = 0.0
        for i in range(order):
            total += y[t - i]
        y[t + 1] = alpha * y[t] + beta * y[t] * total + gamma * float(u[t - order + 1]) * float(u[t]) + delta
    return np.array(y)


def mackey_glass(steps: int, lag: int, h: float, x0: float) -> Floats:
    """``x' = .2 p / (1 + p**10) - .1 x`` with p = x(t - lag h), after 0, 1, .. `steps` steps of h ``(steps + 1,)``.

    Runge and Kutta's method of order four; the past between two steps is a cubic with the slopes at its ends.
    Before the start x is `x0`, with slope 0.
    """

    def slope(now: float, past: float) -> float:
        square = past * past
        fourth = square * square
        return 0.2 * past / (1.0 + fourth * fourth * square) - 0.1 * now

    x, f = [x0] * (lag + 1), [0.0] * lag + [slope(x0, x0)]
    for k in range(lag, lag + steps):
        now, early, late = x[k], x[k - lag], x[k - lag + 1]
        after = f[k - lag + 1] if k != 2 * lag - 1 else 0.0
        middle = (early + late) / 2 + h / 8 * (f[k - lag] - after)
        a = f[k]
        b = slope(now + h / 2 * a, middle)
        c = slope(now + h / 2 * b, middle)
        d = slope(now + h * c, late)
        x.append(now + h / 6 * (a + 2 * b + 2 * c + d))
        f.append(slope(x[k + 1], late))
    return np.array(x[lag:])
