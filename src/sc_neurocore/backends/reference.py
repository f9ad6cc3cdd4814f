"""The definition of every kernel, in plain NumPy on unpacked bits.

Slow and short on purpose: the other backends are right when they return the same integers.
Shapes: G groups (each with weight streams of its own), B samples, n inputs, M neurons, L cycles,
W = ceil(L / 64) words.
"""

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
