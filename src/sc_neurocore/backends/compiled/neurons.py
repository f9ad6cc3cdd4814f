"""Spiking neurons."""

import math

import numpy as np
from numba import int64, uint64

from .. import membrane as formulas
from ..addresses import NORMALS
from ..normal import LN_2, PER_CALL, RADIANS, ROOT_HALF, cosine, log_near_one, sine
from ..packing import words_for
from ..threads import over_rows
from ..types import Bits, Counts, FixedMembrane, Floats, Membrane, Numeric, Words
from .intrinsics import philox_lanes
from .jit import L1, LANES, counter, inline, jit, put

_log_near_one, _sine, _cosine = inline(log_near_one), inline(sine), inline(cosine)
integrate, fire_and_reset = inline(formulas.integrate), inline(formulas.fire_and_reset)
_integrate_fixed = inline(formulas.integrate_fixed)
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
        put(philox, lane, counter(NORMALS, (uint64(first) + lane, number)))
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
    args = np.uint64(key), out, start // PER_CALL, start % PER_CALL
    over_rows(_standard_normals, args, rows, 6 * out.size, LANES)
    return out.T


@inline
def where(condition, left, right):  # type: ignore[no-untyped-def]
    """`np.where` of one number."""
    return left if condition else right


@jit
def lif_lanes(steps, drive, noise, membrane, state, word, voltage):  # type: ignore[no-untyped-def]
    """LANES neurons from the first to the one after the last of `steps`, of 64: rows of `drive`, `noise` and `voltage`.

    The spikes are the bits of `word`; voltages and refractory steps `state` change.
    """
    v_rest, v_reset, v_threshold, tau, dt, _, noise_scale, refractory, soft = membrane
    v, left = state
    for lane in range(LANES):
        word[lane] = uint64(0)
    for t in range(steps[0], steps[1]):
        for lane in range(uint64(LANES)):
            place = uint64(t * LANES) + lane
            risen = integrate(v[lane], drive[place], noise_scale * noise[place], v_rest, dt, tau)
            fires = (left[lane] <= 0) & (risen >= v_threshold)
            v[lane], left[lane] = fire_and_reset(
                where, risen, left[lane], fires, v_threshold, v_rest, v_reset, refractory, soft
            )
            voltage[place] = v[lane]
            word[lane] |= uint64(fires) << uint64(t)


@jit
def _lif(key, values, levels, step, membrane, state, words, trace, start, stop):  # type: ignore[no-untyped-def]
    v, refractory_left = state
    dt, resistance, noise_scale = membrane[4], membrane[5], membrane[6]
    (sources, steps), rows = values.shape, v.size
    philox, noise = np.empty(4 * LANES, np.uint64), np.zeros(64 * LANES)
    drive, voltage = np.empty(64 * LANES), np.empty(64 * LANES)
    v_lane, left_lane, word = np.zeros(LANES), np.zeros(LANES, np.int64), np.empty(LANES, np.uint64)
    drives = resistance * levels * dt
    for first in range(start, stop, LANES):
        count = min(LANES, stop - first)
        for lane in range(count):
            v_lane[lane], left_lane[lane] = v[first + lane], refractory_left[first + lane]
        for w in range(words.shape[1]):
            at = step // 64 * 64 + 64 * w  # step of bit 0
            t0, t1 = max(step - at, 0), min(step + steps - at, 64)
            if noise_scale != 0.0:
                for call in range(t0 // PER_CALL, (t1 + PER_CALL - 1) // PER_CALL):
                    number = uint64(at // PER_CALL + call)
                    normal_call(key, first, number, philox, noise, call * PER_CALL * LANES)
            for lane in range(LANES):
                row = values[min(first + lane, rows - 1) * sources // rows, at - step + t0 : at - step + t1]
                if levels.size:
                    for t in range(row.size):
                        drive[(t0 + t) * LANES + lane] = drives[int64(row[t])]
                else:
                    for t in range(row.size):
                        drive[(t0 + t) * LANES + lane] = resistance * row[t] * dt
            lif_lanes((t0, t1), drive, noise, membrane, (v_lane, left_lane), word, voltage)
            for lane in range(count):
                words[first + lane, w] = word[lane]
                if trace.shape[1] > 0:
                    for t in range(t0, t1):
                        trace[first + lane, at - step + t] = voltage[t * LANES + lane]
        for lane in range(count):
            v[first + lane], refractory_left[first + lane] = v_lane[lane], left_lane[lane]


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
    state = v.copy(), refractory_left.copy()
    args = np.uint64(key), values, levels, step, tuple(membrane), state, words, voltages
    over_rows(_lif, args, rows, rows * steps * (8 if membrane.noise else 2), LANES)
    return words, *state, voltages


@jit
def _lif_fixed(drive, membrane, v, refractory_left, spikes, saturated, start, stop):  # type: ignore[no-untyped-def]
    v_rest, v_reset, v_threshold, leak, gain, fraction, largest, refractory, soft = membrane
    for j in range(start, stop):
        row = drive[0 if drive.shape[0] == 1 else j]
        x, left = v[j], refractory_left[j]
        for t in range(row.size):
            exact = _integrate_fixed(x, row[t], v_rest, leak, gain, fraction)
            risen = min(max(exact, -largest - 1), largest)
            fires = left <= 0 and risen >= v_threshold
            saturated[j] += left <= 0 and risen != exact
            x, left = fire_and_reset(where, risen, left, fires, v_threshold, v_rest, v_reset, refractory, soft)
            spikes[j, t] = fires
        v[j], refractory_left[j] = x, left


def lif_fixed(
    drive: Counts, membrane: FixedMembrane, v: Counts, refractory_left: Counts
) -> tuple[Bits, Counts, Counts, Counts]:
    spikes, saturated = np.empty((len(v), drive.shape[1]), np.uint8), np.zeros_like(v)
    v, refractory_left = v.copy(), refractory_left.copy()
    args = drive, tuple(membrane), v, refractory_left, spikes, saturated
    over_rows(_lif_fixed, args, len(v), 4 * spikes.size)
    return spikes, v, refractory_left, saturated
