"""Spiking neurons."""

import math
from typing import Any

import numpy as np
from numba import int64, uint64
from numpy.typing import NDArray

from ..membrane import FixedMembrane, Membrane
from ..normal import LN_2, PER_CALL, RADIANS, ROOT_HALF, cosine, log_near_one, sine
from ..packing import Bits, Words, words_for
from ..reference import Counts, Floats
from ..threads import over_rows
from .jit import L1, L2, L3, LANES, inline, jit, philox_lanes

_log_near_one, _sine, _cosine = inline(log_near_one), inline(sine), inline(cosine)
_ONE = int(np.float64(1.0).view(np.int64))
_ABOVE_ROOT_HALF = _ONE - int(np.float64(ROOT_HALF).view(np.int64))
_MANTISSA = (1 << 52) - 1
_GROUP = 2 * LANES
"""Neurons side by side: more than a step's chain of operations keeps busy with fewer."""


@inline
def _normal_lanes(words, noise, first, stride):  # type: ignore[no-untyped-def]
    """`normal.box_muller` of the two pairs of words of each lane, into four rows of `noise`, `stride` apart."""
    for pair in range(2):
        from_, to = uint64(2 * pair * LANES), uint64(first + 2 * pair * stride)
        for lane in range(uint64(LANES)):
            a, b = int64(words[from_ + lane]), int64(words[from_ + L1 + lane])
            # The exponent, and the fraction between sqrt(1/2) and sqrt(2), from the bits of 2 a + 1.
            bits = np.float64(2 * a + 1).view(np.int64) + _ABOVE_ROOT_HALF
            exponent = np.float64((bits >> 52) - (1023 + 33))
            fraction = np.int64((bits & _MANTISSA) + (_ONE - _ABOVE_ROOT_HALF)).view(np.float64)
            radius = math.sqrt(-2.0 * (exponent * LN_2 + _log_near_one(fraction)))
            radius = -radius if b >> 31 else radius
            r = (np.float64(b & 0x3FFFFFFF) - (2.0**29 - 0.5)) * RADIANS
            s, c = _sine(r), _cosine(r)
            mirrored = (b >> 30) & 1 == 1
            noise[to + lane] = radius * (s if mirrored else c)
            noise[to + uint64(stride) + lane] = radius * (c if mirrored else s)


@inline
def _call_lanes(key, rows, number, philox, noise, first, stride):  # type: ignore[no-untyped-def]
    """Normals of Philox call `number` for the rows from `rows` on, into four rows of `noise`, `stride` apart."""
    for lane in range(uint64(LANES)):
        philox[lane] = uint64(rows) + lane
        philox[L1 + lane] = uint64(0)
        philox[L2 + lane] = number & uint64(0xFFFFFFFF)
        philox[L3 + lane] = number >> uint64(32)
    philox_lanes(key, philox)
    _normal_lanes(philox, noise, first, stride)


@jit
def _standard_normals(key, out, first_call, skip, start, stop):  # type: ignore[no-untyped-def]
    """Rows start to stop, the second axis of `out` ``(T, rows)``; its first step is `skip` normals into the call."""
    philox, noise = np.empty(4 * LANES, np.uint64), np.empty(PER_CALL * LANES)
    steps = out.shape[0]
    for first in range(start, stop, LANES):
        count = min(LANES, stop - first)
        for call in range((skip + steps + PER_CALL - 1) // PER_CALL):
            _call_lanes(key, first, uint64(first_call + call), philox, noise, 0, LANES)
            for k in range(PER_CALL):
                t = call * PER_CALL + k - skip
                if 0 <= t < steps:
                    for lane in range(count):
                        out[t, first + lane] = noise[k * LANES + lane]


def standard_normals(key: int, rows: int, start: int, stop: int) -> Floats:
    """As `normal.standard_normals`; the memory is in the order of the steps."""
    out = np.empty((stop - start, rows))
    arguments = np.uint64(key), out, start // PER_CALL, start % PER_CALL
    over_rows(lambda a, b: _standard_normals(*arguments, a, b), rows, 6 * out.size, LANES)
    return out.T


@jit
def _lif(key, values, drives, step, membrane, v, wait, words, trace, start, stop):  # type: ignore[no-untyped-def]
    v_rest, v_reset, v_threshold, tau, dt, resistance, noise_scale, refractory, soft = membrane
    (sources, steps), rows = values.shape, v.size
    philox, word = np.empty(4 * LANES, np.uint64), np.empty(_GROUP, np.uint64)
    # LLVM makes vectors of the whole step because few arrays could overlap, waits are floats as voltages
    # are, and a resting neuron just has no threshold. Lanes: v, then waits; pushed: drives, then noise.
    lanes, pushed = np.zeros(2 * _GROUP), np.zeros(128 * _GROUP)
    noise = pushed[64 * _GROUP :]
    rest_of_spike, never = float(refractory), np.inf
    for first in range(start, stop, _GROUP):
        count = min(_GROUP, stop - first)
        for lane in range(count):
            lanes[lane], lanes[_GROUP + lane] = v[first + lane], wait[first + lane]
        for w in range(words.shape[1]):
            at = step // 64 * 64 + 64 * w  # step of bit 0
            t0, t1 = max(step - at, 0), min(step + steps - at, 64)
            if noise_scale != 0.0:
                for call in range(t0 // PER_CALL, (t1 + PER_CALL - 1) // PER_CALL):
                    number = uint64(at // PER_CALL + call)
                    for part in range(0, count, LANES):
                        _call_lanes(key, first + part, number, philox, noise, call * PER_CALL * _GROUP + part, _GROUP)
            if sources == 1:
                for t in range(t0, t1):
                    value = values[0, at - step + t]
                    drive = drives[int64(value)] if drives.size else resistance * value * dt
                    for lane in range(uint64(_GROUP)):
                        pushed[uint64(t * _GROUP) + lane] = drive
            else:
                for lane in range(_GROUP):
                    row = values[min(first + lane, rows - 1) * sources // rows]
                    for t in range(t0, t1):
                        value = row[at - step + t]
                        pushed[t * _GROUP + lane] = drives[int64(value)] if drives.size else resistance * value * dt
            word[:] = uint64(0)
            for t in range(t0, t1):
                bit = uint64(1) << uint64(t)
                for lane in range(uint64(_GROUP)):
                    x, left = lanes[lane], lanes[uint64(_GROUP) + lane]
                    change = -(x - v_rest) * dt / tau + pushed[uint64(t * _GROUP) + lane]
                    if noise_scale != 0.0:
                        change += noise_scale * pushed[uint64((64 + t) * _GROUP) + lane]
                    raised = x + change
                    spikes = raised >= (v_threshold if left == 0.0 else never)
                    kept = raised if left == 0.0 else v_rest
                    after = raised - v_threshold if soft else v_reset
                    lanes[lane] = after if spikes else kept
                    less = left - 1.0
                    lanes[uint64(_GROUP) + lane] = rest_of_spike if spikes else (less if less > 0.0 else 0.0)
                    word[lane] |= bit if spikes else uint64(0)
                if trace.shape[1] > 0:
                    for lane in range(count):
                        trace[first + lane, at - step + t] = lanes[lane]
            for lane in range(count):
                words[first + lane, w] = word[lane]
        for lane in range(count):
            v[first + lane], wait[first + lane] = lanes[lane], int64(lanes[_GROUP + lane])


def lif(
    key: int, values: NDArray[Any], levels: Floats, step: int, membrane: Membrane, v: Floats, wait: Counts, trace: bool
) -> tuple[Words, Floats, Counts, Floats]:
    rows, steps = len(v), values.shape[1]
    words = np.empty((rows, words_for(step % 64 + steps)), np.uint64)
    voltages = np.empty((rows, steps if trace else 0))
    v, wait = v.copy(), wait.copy()
    drives = membrane.resistance * levels * membrane.dt
    arguments = np.uint64(key), values, drives, step, tuple(membrane), v, wait, words, voltages
    over_rows(lambda a, b: _lif(*arguments, a, b), rows, rows * steps * (8 if membrane.noise else 2), _GROUP)
    return words, v, wait, voltages


@jit
def _lif_fixed(drive, membrane, v, wait, spikes, saturated, start, stop):  # type: ignore[no-untyped-def]
    v_rest, v_reset, v_threshold, leak, gain, fraction, largest, refractory, soft = membrane
    half = int64(1) << int64(fraction - 1)
    for j in range(start, stop):
        row = drive[0 if drive.shape[0] == 1 else j]
        x, rest = v[j], wait[j]
        for t in range(row.size):
            lost = ((x - v_rest) * leak + half) >> fraction
            exact = x - lost + ((row[t] * gain + half) >> fraction)
            raised = min(max(exact, -largest - 1), largest)
            fires = rest == 0 and raised >= v_threshold
            saturated[j] += rest == 0 and raised != exact
            if rest > 0:
                x = v_rest
            elif not fires:
                x = raised
            else:
                x = raised - v_threshold if soft else v_reset
            rest = refractory if fires else max(rest - 1, 0)
            spikes[j, t] = fires
        v[j], wait[j] = x, rest


def lif_fixed(drive: Counts, membrane: FixedMembrane, v: Counts, wait: Counts) -> tuple[Bits, Counts, Counts, Counts]:
    spikes, saturated = np.empty((len(v), drive.shape[1]), np.uint8), np.zeros_like(v)
    v, wait = v.copy(), wait.copy()
    run = lambda a, b: _lif_fixed(drive, tuple(membrane), v, wait, spikes, saturated, a, b)  # noqa: E731
    over_rows(run, len(v), 4 * spikes.size)
    return spikes, v, wait, saturated
