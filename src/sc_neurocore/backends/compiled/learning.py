"""Neurons whose synapses learn: encoding, products, membranes, traces and gates in one loop over the cycles."""

import numpy as np
from numba import int64, uint64

from ..addresses import SYNAPSES
from ..normal import PER_CALL
from ..threads import over_rows
from ..types import Bits, Floats, LearningModel, LearningState, Words
from .intrinsics import philox_lanes
from .jit import LANES, counter, inline, jit, put
from .neurons import fire_and_reset, integrate, normal_call, where

_CLOSED = 2.0**-33
"""A gate of a smaller probability never opens: a random number is at least this."""
_GATE_BITS = np.int64(32)
_TWO_52 = 2.0**52
_TWO_52_BITS = int(np.float64(_TWO_52).view(np.int64))


@jit
def _draw(key, row, call, bits, philox, out, place):  # type: ignore[no-untyped-def]
    """`plasticity.midpoints` of the words of one neuron's synapses for the cycles of Philox call `call`.

    They are rows of `out` ``(neurons * 4, width)``, from `place` on.
    """
    flat, width = out.reshape(out.size).view(np.uint64), out.shape[1]
    shift, scale = uint64(32 - bits), 2.0**-bits
    for i in range(0, width, LANES):
        for lane in range(uint64(LANES)):
            put(philox, lane, counter(SYNAPSES, (uint64(i) + lane, uint64(row), uint64(call))))
        philox_lanes(key, philox)
        for k in range(uint64(4 * LANES)):
            # An integer below 2**52 as a float, from its bits: there is no vector instruction for it.
            whole = np.int64(int64(philox[k] >> shift) | _TWO_52_BITS).view(np.float64)
            philox[k] = np.float64((whole - _TWO_52 + 0.5) * scale).view(np.uint64)
        for word in range(4):
            from_, to = uint64(word * LANES), uint64((place + word) * width + i)
            for lane in range(uint64(LANES)):
                flat[to + lane] = philox[from_ + lane]


@inline
def _capped(value):  # type: ignore[no-untyped-def]
    return 1.0 if value > 1.0 else (0.0 if value < 0.0 else value)


@inline
def _unpack_cycles(words, first, length, pre, pre_count):  # type: ignore[no-untyped-def]
    """Bits of up to 64 cycles from `first` on, a row for each cycle and a column for each input, and their sums."""
    for t in range(64):
        pre_count[t] = 0
    for i in range(words.shape[0]):
        word = words[i, first // 64]
        for t in range(min(64, length - first)):
            bit = int64((word >> uint64(t)) & uint64(1))
            pre[t, i] = bit
            pre_count[t] += bit


@jit
def _draw_some(key, row, call, bits, philox, inputs, count, out, place):  # type: ignore[no-untyped-def]
    """As `_draw`, of the synapses from so many `inputs` (and LANES more); what is at the others stays."""
    flat, width = out.reshape(out.size).view(np.uint64), out.shape[1]
    shift, scale = uint64(32 - bits), 2.0**-bits
    for i in range(0, count, LANES):
        some = inputs[i : i + LANES]
        for lane in range(uint64(LANES)):
            put(philox, lane, counter(SYNAPSES, (some[lane], uint64(row), uint64(call))))
        philox_lanes(key, philox)
        for k in range(uint64(4 * LANES)):
            whole = np.int64(int64(philox[k] >> shift) | _TWO_52_BITS).view(np.float64)
            philox[k] = np.float64((whole - _TWO_52 + 0.5) * scale).view(np.uint64)
        for word in range(uint64(4)):
            from_, to = word * uint64(LANES), (uint64(place) + word) * uint64(width)
            for lane in range(uint64(LANES)):
                flat[to + some[lane]] = philox[from_ + lane]


@jit
def _active(words, first, cycles, traces, up, inputs):  # type: ignore[no-untyped-def]
    """Count of the inputs that are 1 in one of up to 64 cycles from `first` on; they are the first of `inputs`.

    So are those whose trace times `up` may open a gate. The last one is repeated after them, to fill the lanes.
    """
    count, w, shift = 0, first // 64, uint64(first % 64)
    mask = ~uint64(0) >> uint64(64 - cycles)
    for i in range(words.shape[0]):
        word = words[i, w] >> shift
        if shift and w + 1 < words.shape[1]:
            word |= words[i, w + 1] << (uint64(64) - shift)
        inputs[count] = uint64(i)
        count += ((word & mask) != 0) | (up * traces[i] >= _CLOSED)
    if count:
        inputs[count : count + LANES] = inputs[count - 1]
    return count


@jit
def _update_weights(row, ups, downs, draws, step, soft, deterministic):  # type: ignore[no-untyped-def]
    """`plasticity.updated_weights` of the synapses of one neuron, in place."""
    for i in range(row.size):
        p, up, down = row[i], ups[i], downs[i]
        if soft:
            up, down = up * (1.0 - p), down * p
        if deterministic:
            change = up - down
        else:
            change = (1.0 if 1.0 - draws[i] <= up else 0.0) - (1.0 if draws[i] <= down else 0.0)
        row[i] = _capped(p + step * change)


@inline
def _mark_winners(above, winners, wins):  # type: ignore[no-untyped-def]
    """Mark the largest, of equals the first ones. `selection.largest` is for more of them, and slow to compile."""
    for j in range(above.size):
        wins[j] = False
    for _ in range(winners):
        best = -1
        for j in range(above.size):
            if not wins[j] and (best < 0 or above[j] > above[best]):
                best = j
        wins[best] = True


@jit
def _learn(model, words, midpoints, reward, first, learning, state, out, start, stop):  # type: ignore[no-untyped-def]
    """`learn` of the neurons start to stop.

    `state` changes in place, but for the traces of the inputs, which all threads read.
    """
    keys, length, bits, levels, membrane, rule, competition, pause = model
    p, theta, v, refractory_left, x_in, y, e = state
    spikes, x_out = out
    v_rest, v_reset, v_threshold, tau, dt, resistance, noise_scale, refractory, soft_reset = membrane
    up, down, step, keep_pre, keep_post, keep_e, coincidence, modulated, soft, deterministic = rule
    adaptation, keep_threshold, winners, inhibition = competition
    pause_v, pause_pre, pause_post, pause_e, pause_threshold, pause_steps = pause
    noise_key, weight_key, gate_key = keys
    samples, rows, width = words.shape[0], stop - start, p.shape[1]
    groups = (rows + LANES - 1) // LANES
    philox, normals = np.empty(4 * LANES, np.uint64), np.zeros(groups * PER_CALL * LANES)
    fresh = midpoints.size == 0
    weight_draws = np.empty((4 * rows if fresh else 0, width))
    gate_draws = np.full((0 if deterministic else 4 * rows, width), 0.5)  # the gates of no probability stay closed
    drawn, whole = np.zeros(rows, np.int64), np.zeros(rows, np.int64)
    pre, pre_count = np.zeros((64, width), np.int64), np.zeros(64, np.int64)
    x, seen, gain, closed = x_in.copy(), np.empty(width), np.empty(width), np.zeros(width)
    drives, downs = np.empty(width), np.empty(width)
    active, reached = np.empty(width + LANES, np.uint64), np.empty(width + LANES, np.uint64)
    risen, fired = np.empty(rows), np.zeros(rows, np.bool_)
    above, wins = np.empty(rows), np.ones(rows, np.bool_)
    for s in range(samples):
        for i in range(width):
            x[i] *= pause_pre
        for j in range(start, stop):
            v[j] = v_rest + (v[j] - v_rest) * pause_v
            refractory_left[j] = max(refractory_left[j] - pause_steps, 0)
            y[j] *= pause_post
            if learning:
                theta[j] *= pause_threshold
            if modulated:
                for i in range(width):
                    e[j, i] *= pause_e
        for t in range(length):
            cycle = (first + s) * length + t
            call, phase = cycle // 4, cycle % 4
            if t % 64 == 0:
                _unpack_cycles(words[s], t, length, pre, pre_count)
            if t == 0 or phase == 0:
                if noise_scale != 0.0:
                    for group in range(groups):
                        place = group * PER_CALL * LANES
                        normal_call(noise_key, start + group * LANES, uint64(call), philox, normals, place)
                # A word that meets no input is not drawn; where few are left out, that is more work than all.
                busy = _active(words[s], t, 4 - phase, x, 0.0, active)
                reach = _active(words[s], t, 4 - phase, x, up, reached) if learning else 0
                many = 4 * busy > 3 * width
                if t == 0:  # a call may have served the last cycles of another sample, with other inputs
                    drawn[:], whole[:] = 0, 0
                if fresh:
                    for j in range(rows):
                        if many:
                            _draw(weight_key, start + j, call, bits, philox, weight_draws, 4 * j)
                        else:
                            _draw_some(weight_key, start + j, call, bits, philox, active, busy, weight_draws, 4 * j)
            now = pre[t % 64]
            for i in range(width):
                x[i] *= keep_pre
                seen[i] = np.float64(now[i])

            any_fired = False
            for j in range(start, stop):
                y[j] *= keep_post
                if learning:
                    theta[j] *= keep_threshold
                count, row = int64(0), p[j]
                if fresh:
                    draws = weight_draws[4 * (j - start) + phase]
                    for i in range(width):
                        count += now[i] & int64(draws[i] <= row[i])
                else:
                    number = midpoints[t]
                    for i in range(width):
                        count += now[i] & int64(number <= row[i])
                k = j - start
                drive = resistance * levels[count] * dt
                normal = normals[(k // LANES * PER_CALL + phase) * LANES + k % LANES]
                risen[k] = integrate(v[j], drive, noise_scale * normal, v_rest, dt, tau)
                fired[k] = (refractory_left[j] <= 0) & (risen[k] >= v_threshold + theta[j])
                any_fired |= fired[k]
            competes = winners > 0 and any_fired
            if competes:
                for j in range(rows):
                    above[j] = (v_rest if refractory_left[j] > 0 else risen[j]) - (v_threshold + theta[j])
                _mark_winners(above, winners, wins)
                for j in range(rows):
                    fired[j] &= wins[j]
            for j in range(start, stop):
                k = j - start
                v[j], refractory_left[j] = fire_and_reset(
                    where, risen[k], refractory_left[j], fired[k], v_threshold + theta[j],
                    v_rest, v_reset, refractory, soft_reset,
                )  # fmt: skip
                if competes and not wins[k]:
                    v[j] = v_rest
                    refractory_left[j] = max(refractory_left[j], inhibition)
                spikes[s, j, t] = fired[k]

            if learning:
                if any_fired:
                    for i in range(width):
                        g = up * (seen[i] if coincidence else x[i])
                        gain[i] = 1.0 if g > 1.0 else g
                amount = reward[s, t] if modulated else 0.0
                for j in range(start, stop):
                    k = j - start
                    post = fired[k]
                    b = (0.0 if post else down) if coincidence else down * y[j]
                    b = 1.0 if b > 1.0 else b
                    lost = pre_count[t % 64] > 0 and (b > 0.0 if deterministic else b >= _CLOSED)
                    if not (post or lost or modulated):
                        continue
                    ups = gain if post else closed
                    for i in range(width):
                        downs[i] = b * seen[i]
                    if modulated:
                        trace = e[j]
                        for i in range(width):
                            trace[i] = trace[i] * keep_e + (ups[i] - downs[i])
                            drives[i], downs[i] = _capped(amount * trace[i]), _capped(-amount * trace[i])
                        if amount == 0.0:
                            continue
                        ups = drives
                    # Without a spike only gates of inputs that are 1 in these cycles may open.
                    if not deterministic and whole[k] != call + 1 and (post or modulated or many):
                        if modulated or 4 * reach > 3 * width:
                            _draw(gate_key, j, call, _GATE_BITS, philox, gate_draws, 4 * k)
                        else:
                            _draw_some(gate_key, j, call, _GATE_BITS, philox, reached, reach, gate_draws, 4 * k)
                        whole[k] = drawn[k] = call + 1
                    elif not deterministic and drawn[k] != call + 1:
                        _draw_some(gate_key, j, call, _GATE_BITS, philox, active, busy, gate_draws, 4 * k)
                        drawn[k] = call + 1
                    draws = closed if deterministic else gate_draws[4 * k + phase]  # the first is not read
                    _update_weights(p[j], ups, downs, draws, step, soft, deterministic)
            for i in range(width):
                x[i] += seen[i]
            for j in range(start, stop):
                if fired[j - start]:
                    y[j] += 1.0
                    if learning:
                        theta[j] += adaptation
    if start == 0:
        for i in range(width):
            x_out[i] = x[i]


def _padded(array: Floats, width: int) -> Floats:
    out = np.zeros((*array.shape[:-1], width))
    out[..., : array.shape[-1]] = array
    return out


def learn(
    model: LearningModel,
    words: Words,
    midpoints: Floats,
    reward: Floats,
    first: int,
    learning: bool,
    state: LearningState,
) -> tuple[Bits, LearningState]:
    keys, length, bits, levels, membrane, rule, competition, pause = model
    (rows, n), samples = state.p.shape, len(words)
    width = -(-n // LANES) * LANES
    p, x = _padded(state.p, width), _padded(state.pre, width)
    e = _padded(state.eligibility, width) if rule.modulated else np.zeros((0, 0))
    theta, v, left, y = state.threshold.copy(), state.v.copy(), state.refractory_left.copy(), state.post.copy()
    spikes, after = np.empty((samples, rows, length), np.uint8), np.empty(width)
    rules = tuple(membrane), tuple(rule), tuple(competition), tuple(pause)
    plain = tuple(np.uint64(key) for key in keys), length, bits, levels, *rules
    args = plain, words, midpoints, reward, first, learning, (p, theta, v, left, x, y, e), (spikes, after)
    if competition.winners:  # the neurons meet in every cycle
        _learn(*args, 0, rows)
    else:
        over_rows(_learn, args, rows, spikes.size * width, LANES)
    modulated = e[:, :n].copy() if rule.modulated else state.eligibility
    return spikes, LearningState(p[:, :n].copy(), theta, v, left, after[:n].copy(), y, modulated)
