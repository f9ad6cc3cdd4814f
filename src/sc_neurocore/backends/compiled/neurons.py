"""Spiking neurons."""

import math

import numpy as np
from numba import int64, uint64

from ..membrane import raised
from ..normal import LN_2, PER_CALL, RADIANS, ROOT_HALF, cosine, log_near_one, sine
from ..packing import words_for
from ..threads import over_rows
from ..types import Bits, Counts, FixedMembrane, Floats, Membrane, Numeric, Words
from .jit import L1, L2, L3, LANES, inline, jit, philox_lanes

_log_near_one, _sine, _cosine = inline(log_near_one), inline(sine), inline(cosine)
lif_raised = inline(raised)
_ONE = int(np.float64(1.0).view(np.int64))
_ABOVE_ROOT_HALF = _ONE - int(np.float64(ROOT_HALF).view(np.int64))
_MANTISSA = (1 << 52) - 1


@inline
def _normal_lanes(words, noise, first):  # type: ignore[no-untyped-def]
    """`normal.box_muller` of the two pairs of words of each lane, into four rows of `noise`."""
    for pair in range(2):
        from_, to = uint64(2 * pair * LANES), uint64(first + 2 * pair * LANES)
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
            noise[to + L1 + lane] = radius * (c if mirrored else s)


@inline
def normal_call(key, first, number, philox, noise, place):  # type: ignore[no-untyped-def]
    """Normals of LANES neurons from `first` on, in the PER_CALL steps of Philox call `number`: rows of `noise`."""
    for lane in range(uint64(LANES)):
        philox[lane] = uint64(first) + lane
        philox[L1 + lane] = uint64(0)
        philox[L2 + lane] = number & uint64(0xFFFFFFFF)
        philox[L3 + lane] = number >> uint64(32)
    philox_lanes(key, philox)
    _normal_lanes(philox, noise, place)


@jit
def _standard_normals(key, out, first_call, skip, start, stop):  # type: ignore[no-untyped-def]
    """Rows start to stop, the second axis of `out` ``(T, rows)``; its first step is `skip` normals into the call."""
    philox, noise = np.empty(4 * LANES, np.uint64), np.empty(PER_CALL * LANES)
    steps = out.shape[0]
    for first in range(start, stop, LANES):
        count = min(LANES, stop - first)
        for call in range((skip + steps + PER_CALL - 1) // PER_CALL):
            normal_call(key, first, uint64(first_call + call), philox, noise, 0)
            for k in range(PER_CALL):
                t = call * PER_CALL + k - skip
                if 0 <= t < steps:
                    for lane in range(count):
                        out[t, first + lane] = noise[k * LANES + lane]


def standard_normals(key: int, rows: int, start: int, stop: int) -> Floats:
    """As `reference.standard_normals`; the memory is in the order of the steps."""
    out = np.empty((stop - start, rows))
    arguments = np.uint64(key), out, start // PER_CALL, start % PER_CALL
    over_rows(lambda a, b: _standard_normals(*arguments, a, b), rows, 6 * out.size, LANES)
    return out.T


@inline
def lif_settled(up, resting, spikes, wait, threshold, v_rest, v_reset, refractory, soft):  # type: ignore[no-untyped-def]
    """`membrane.settled` of one neuron."""
    after = up - threshold if soft else v_reset
    v = v_rest if resting else (after if spikes else up)
    return v, refractory if spikes else max(wait - 1, 0)


@jit
def _lif(key, values, levels, step, membrane, v, wait, words, trace, start, stop):  # type: ignore[no-untyped-def]
    v_rest, v_reset, v_threshold, tau, dt, resistance, noise_scale, refractory, soft = membrane
    (sources, steps), rows = values.shape, v.size
    philox, noise = np.empty(4 * LANES, np.uint64), np.zeros(64 * LANES)
    drive, voltage = np.empty(64 * LANES), np.empty(64 * LANES)
    v_lane, wait_lane, word = np.zeros(LANES), np.zeros(LANES, np.int64), np.empty(LANES, np.uint64)
    for first in range(start, stop, LANES):
        count = min(LANES, stop - first)
        for lane in range(count):
            v_lane[lane], wait_lane[lane] = v[first + lane], wait[first + lane]
        for w in range(words.shape[1]):
            at = step // 64 * 64 + 64 * w  # step of bit 0
            t0, t1 = max(step - at, 0), min(step + steps - at, 64)
            if noise_scale != 0.0:
                for call in range(t0 // PER_CALL, (t1 + PER_CALL - 1) // PER_CALL):
                    number = uint64(at // PER_CALL + call)
                    normal_call(key, first, number, philox, noise, call * PER_CALL * LANES)
            for lane in range(LANES):
                row = values[min(first + lane, rows - 1) * sources // rows]
                for t in range(t0, t1):
                    value = row[at - step + t]
                    current = levels[int64(value)] if levels.size else value
                    drive[t * LANES + lane] = resistance * current * dt
                word[lane] = uint64(0)
            for t in range(t0, t1):
                for lane in range(uint64(LANES)):
                    place = uint64(t * LANES) + lane
                    up = lif_raised(v_lane[lane], drive[place], noise_scale * noise[place], v_rest, dt, tau)
                    resting = wait_lane[lane] > 0
                    spikes = (not resting) & (up >= v_threshold)
                    v_lane[lane], wait_lane[lane] = lif_settled(
                        up, resting, spikes, wait_lane[lane], v_threshold, v_rest, v_reset, refractory, soft
                    )
                    voltage[place] = v_lane[lane]
                    word[lane] |= uint64(spikes) << uint64(t)
            for lane in range(count):
                words[first + lane, w] = word[lane]
                if trace.shape[1] > 0:
                    for t in range(t0, t1):
                        trace[first + lane, at - step + t] = voltage[t * LANES + lane]
        for lane in range(count):
            v[first + lane], wait[first + lane] = v_lane[lane], wait_lane[lane]


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
    rows, steps = len(v), values.shape[1]
    words = np.empty((rows, words_for(step % 64 + steps)), np.uint64)
    voltages = np.empty((rows, steps if trace else 0))
    v, wait = v.copy(), refractory_left.copy()
    arguments = np.uint64(key), values, levels, step, tuple(membrane), v, wait, words, voltages
    over_rows(lambda a, b: _lif(*arguments, a, b), rows, rows * steps * (8 if membrane.noise else 2), LANES)
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


def lif_fixed(
    drive: Counts, membrane: FixedMembrane, v: Counts, refractory_left: Counts
) -> tuple[Bits, Counts, Counts, Counts]:
    spikes, saturated = np.empty((len(v), drive.shape[1]), np.uint8), np.zeros_like(v)
    v, wait = v.copy(), refractory_left.copy()
    run = lambda a, b: _lif_fixed(drive, tuple(membrane), v, wait, spikes, saturated, a, b)  # noqa: E731
    over_rows(run, len(v), 4 * spikes.size)
    return spikes, v, wait, saturated
