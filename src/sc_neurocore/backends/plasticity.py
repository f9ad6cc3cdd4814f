"""The step of synapses that learn from the times of spikes, and the numbers that describe it."""

import numpy as np
from numpy.typing import NDArray

from .philox import philox4x32
from .types import Competition as Competition
from .types import Floats as Floats
from .types import Pause as Pause
from .types import Plasticity as Plasticity


def synapse_numbers(key: int, rows: int, columns: int, cycle: int) -> NDArray[np.uint32]:
    """Random words ``(rows, columns)``: that of synapse (j, i) depends on (key, i, j, cycle) only."""
    counters = np.empty((rows, columns, 4), np.uint64)
    counters[..., 0], counters[..., 1] = np.arange(columns), np.arange(rows)[:, None]
    counters[..., 2], counters[..., 3] = cycle // 4 & 0xFFFFFFFF, cycle // 4 >> 32
    return philox4x32(counters, [key & 0xFFFFFFFF, key >> 32])[..., cycle % 4]


def middles(numbers: NDArray[np.uint32], bits: int) -> Floats:
    """Middles of the steps of the first `bits` bits of random words: in (0, 1)."""
    return np.asarray(((numbers >> np.uint32(32 - bits)) + 0.5) * 2.0**-bits)


def pair_gates(x: Floats, y: Floats, pre: Floats, post: Floats, up: float, down: float) -> tuple[Floats, Floats]:
    """Probabilities ``(M, n)`` of up and down gates of pair STDP.

    The traces x ``(n,)`` meet the spikes post ``(M,)``, the traces y ``(M,)`` the spikes pre ``(n,)``.
    """
    return post[:, None] * np.minimum(up * x, 1.0), np.minimum(down * y, 1.0)[:, None] * pre


def coincidence_gates(pre: Floats, post: Floats, up: float, down: float) -> tuple[Floats, Floats]:
    """Probabilities ``(M, n)`` of up gates (pre and post) and of down gates (pre and not post)."""
    return post[:, None] * np.minimum(up * pre, 1.0), (min(down, 1.0) * (1.0 - post))[:, None] * pre


def rewarded(
    eligibility: Floats, gates: tuple[Floats, Floats], reward: float, keep: float
) -> tuple[Floats, tuple[Floats, Floats]]:
    """The new eligibility ``(M, n)``, and the gates that reward times eligibility opens."""
    eligibility = eligibility * keep + (gates[0] - gates[1])
    drive = reward * eligibility
    return eligibility, (np.clip(drive, 0.0, 1.0), np.clip(-drive, 0.0, 1.0))


def moved(p: Floats, gates: tuple[Floats, Floats], numbers: NDArray[np.uint32] | None, rule: Plasticity) -> Floats:
    """Weights after a cycle. The up gate opens at the high end of a random number, the down gate at the low end."""
    up, down = gates
    if rule.soft:
        up, down = up * (1.0 - p), down * p
    if numbers is None:
        change = up - down
    else:
        draw = middles(numbers, 32)
        change = (1.0 - draw <= up).astype(np.float64) - (draw <= down)
    return np.clip(p + rule.step * change, 0.0, 1.0)
