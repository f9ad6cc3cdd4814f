"""Spiking neurons and their noise."""

import numpy as np

from ..addresses import NORMALS, random_words
from ..membrane import fire_and_reset, integrate_fixed, lif_step
from ..normal import PER_CALL, box_muller
from ..packing import pack
from ..types import Bits, Counts, FixedMembrane, Floats, Membrane, Numeric, Wiring, Words
from .cycles import signed_sums


def standard_normals(key: int, rows: int, start: int, stop: int) -> Floats:
    """Normals ``(rows, stop - start)``: the one of row r and step t depends on (key, r, t) only.

    >>> np.array_equal(standard_normals(7, 3, 0, 10)[1:2, 6:], standard_normals(7, 2, 6, 10)[1:])
    True
    """
    first = start // PER_CALL
    calls = np.arange(first, -(-stop // PER_CALL), dtype=np.uint64)
    words = random_words(key, NORMALS, np.arange(rows)[:, None], calls)
    pairs = (*box_muller(words[..., 0], words[..., 1]), *box_muller(words[..., 2], words[..., 3]))
    normals = np.stack(pairs, axis=-1).reshape(rows, calls.size * PER_CALL)
    return normals[:, start - first * PER_CALL : stop - first * PER_CALL]


def lif(
    key: int,
    values: Numeric,
    levels: Floats,
    step: int,
    membrane: Membrane,
    v: Floats,
    refractory_left: Counts,
    trace: bool,
) -> tuple[Words, Floats, Counts, Floats]:
    rows, (sources, steps) = len(v), values.shape
    currents = (levels[values] if levels.size else values)[np.arange(rows) * sources // rows]
    noise = standard_normals(key, rows, step, step + steps) if membrane.noise else np.zeros((rows, steps))
    spikes, voltages = np.zeros((rows, step % 64 + steps), np.uint8), np.empty((rows, steps))
    for t in range(steps):
        v, refractory_left, spikes[:, step % 64 + t] = lif_step(
            v, refractory_left, currents[:, t], membrane, noise[:, t]
        )
        voltages[:, t] = v
    return pack(spikes), v, refractory_left, voltages if trace else voltages[:, :0]


def spike_streams(
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
    sums = signed_sums(x, w, wiring, length, xnor, signs, bipolar)
    rows = sums.size // length
    v, rested = np.full(rows, membrane.v_rest), np.zeros(rows, np.int64)
    words, *_ = lif(0, sums.reshape(rows, length) - lowest, levels, 0, membrane, v, rested, False)
    return words.reshape(*sums.shape[:-1], words.shape[-1])


def lif_fixed(
    drive: Counts, membrane: FixedMembrane, v: Counts, refractory_left: Counts
) -> tuple[Bits, Counts, Counts, Counts]:
    m = membrane
    spikes, saturated = np.zeros((len(v), drive.shape[1]), np.uint8), np.zeros_like(v)
    for t in range(drive.shape[1]):
        exact = integrate_fixed(v, drive[:, t], m.v_rest, m.leak, m.gain, m.fraction)
        risen, resting = np.clip(exact, -m.largest - 1, m.largest), refractory_left > 0
        saturated += ~resting & (risen != exact)
        spikes[:, t] = fires = ~resting & (risen >= m.v_threshold)
        v, refractory_left = fire_and_reset(
            np.where, risen, refractory_left, fires, m.v_threshold, m.v_rest, m.v_reset, m.refractory, m.soft
        )
    return spikes, v, refractory_left, saturated
