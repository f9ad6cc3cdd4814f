"""Fabrication defects of an array of memristors: stuck cells and errors of programming."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import checks
from ..chunks import chunks
from ..encoders.seeds import Seed, Seeds
from ..read_only import frozen
from .crossbar import Floats


@dataclass(frozen=True, eq=False)
class Defects:
    """Defects of an array of memristors, cell by cell: drawn once, then the same for every programming.

    Parameters
    ----------
    stuck_low_mask, stuck_high_mask
        bool ``(devices, *shape)``: cells that stay at `g_min` and at `g_max`, no cell at both.
        `devices` is 1, or 2 for differential pairs (positive, negative device).
    spread
        ``(devices, *shape)``: a standard normal number for each cell, its programming error in
        units of the standard deviation.
    drift_spread
        The same for its drift exponent; None: 0 for all.

    Raises
    ------
    ValueError, TypeError
        If shapes differ, a cell is stuck twice, or a mask is not of bools.
    """

    stuck_low_mask: NDArray[np.bool_]
    stuck_high_mask: NDArray[np.bool_]
    spread: Floats
    drift_spread: Floats = None  # type: ignore[assignment]  # an array once the object is made

    def __post_init__(self) -> None:
        spread = self._held("spread", self.spread)
        if spread.ndim == 0 or len(spread) not in (1, 2):
            raise ValueError(f"spread must have shape (1, ...) or (2, ...), got {spread.shape}")
        for name in ("stuck_low_mask", "stuck_high_mask"):
            mask = checks.unmasked(name, getattr(self, name), "bools").copy()
            if mask.dtype != np.bool_:
                raise TypeError(f"{name} must be an array of bools, got {mask.dtype}")
            if mask.shape != spread.shape:
                raise ValueError(f"{name} must have shape {spread.shape} as spread has, got {mask.shape}")
            mask.flags.writeable = False
            object.__setattr__(self, name, mask)
        drift = np.zeros(spread.shape) if self.drift_spread is None else self.drift_spread
        self._held("drift_spread", drift, spread.shape)
        twice = int((self.stuck_low_mask & self.stuck_high_mask).sum())
        if twice:
            raise ValueError(f"stuck_low_mask and stuck_high_mask must not meet, got {twice} cells in both")

    def _held(self, name: str, value: ArrayLike, shape: tuple[int | None, ...] | None = None) -> Floats:
        """Check an array and keep a read-only copy, of an array that is read-only itself that one."""
        held = checks.array(name, value, shape=shape)
        if held.flags.writeable or not held.flags.owndata:
            held = held.copy()
            held.flags.writeable = False
        object.__setattr__(self, name, held)
        return held

    @property
    def pairs(self) -> bool:
        """Whether a weight is a differential pair."""
        return len(self.spread) == 2

    @property
    def stuck_mask(self) -> NDArray[np.bool_]:
        """Cells that are stuck, ``(devices, *shape)``."""
        mask: NDArray[np.bool_] = frozen(self.stuck_low_mask | self.stuck_high_mask)
        return mask

    def stuck(self, conductances: Floats, low: float, high: float) -> Floats:
        """Conductances ``(devices, *shape)`` with those of stuck cells replaced by `low` and `high`."""
        return np.where(self.stuck_low_mask, low, np.where(self.stuck_high_mask, high, conductances))

    @property
    def n_stuck(self) -> int:
        """Number of stuck cells."""
        return int(self.stuck_mask.sum())


def draw_defects(
    shape: tuple[int, ...],
    stuck_low_rate: float,
    stuck_high_rate: float,
    seed: Seed = None,
    *,
    pairs: bool = False,
    exact: bool = False,
) -> Defects:
    """Defects of an array of weights of that shape, drawn at random.

    Parameters
    ----------
    shape
        Shape of the weights.
    stuck_low_rate, stuck_high_rate
        Probabilities that a cell is stuck low and high; together at most 1.
    seed
        Fixes the draw. With one seed the cells that are stuck at a small rate are among those
        that are stuck at a larger one, and the spread is the same.
    pairs
        Two devices a weight.
    exact
        Exactly ``round(rate * cells)`` cells are stuck, and ``round(stuck_low_rate * cells)`` of
        them low, instead of each by chance; rate is that of both together.

    Raises
    ------
    ValueError, TypeError
        If an argument is outside its range or of a wrong type.

    Examples
    --------
    >>> draw_defects((2, 3), 0.0, 1.0, seed=1).n_stuck
    6
    """
    if not isinstance(shape, tuple):
        raise TypeError(f"shape must be a tuple of integers, got {shape!r}")
    sizes = tuple(checks.count("shape", size, 0) for size in shape)
    stuck_low_rate = checks.real("stuck_low_rate", stuck_low_rate, 0.0, 1.0)
    stuck_high_rate = checks.real("stuck_high_rate", stuck_high_rate, 0.0, 1.0)
    if stuck_low_rate + stuck_high_rate > 1:
        raise ValueError(
            f"stuck_low_rate + stuck_high_rate must be at most 1, got {checks.plain(stuck_low_rate + stuck_high_rate)}"
        )
    cells = (2 if checks.flag("pairs", pairs) else 1, *sizes)
    rng = Seeds(seed, Defects, sizes).generator("device")
    chance = rng.random(cells)
    if checks.flag("exact", exact):
        stuck_low = round(stuck_low_rate * chance.size)
        stuck_high = round((stuck_low_rate + stuck_high_rate) * chance.size) - stuck_low
        rank = chance.ravel().argsort().argsort().reshape(cells)
        low_mask, high_mask = rank < stuck_low, rank >= chance.size - stuck_high
    else:
        low_mask, high_mask = chance < stuck_low_rate, chance >= 1 - stuck_high_rate
    del chance
    normals = rng.standard_normal(cells), rng.standard_normal(cells)
    for numbers in normals:
        numbers.flags.writeable = False  # so that they are not copied
    return Defects(low_mask, high_mask & ~low_mask, *normals)


def by_cells(
    run: Callable[[Floats, Defects], Floats], weights: ArrayLike, defects: Defects, *, alone: bool = True
) -> Floats:
    """Results ``(*shape)`` of `run` for weights ``(*shape)`` and their defects, computed for some of them at a time.

    Where `alone` is False, the result for a weight depends on others, and all are computed at once.
    """
    w = checks.array("weights", weights, -1.0 if checked_defects(defects).pairs else 0.0, 1.0)
    pieces = list(chunks(w.size, 160 * len(defects.spread)))
    if not alone or len(pieces) < 2 or defects.spread.shape[1:] != w.shape:  # `run` says what fits
        return run(w, defects)
    out, flat = np.empty(w.size), w.reshape(-1)
    for piece in pieces:
        out[piece] = run(flat[piece], _some(defects, piece))
    return out.reshape(w.shape)


def without_defects(shape: tuple[int, ...], *, pairs: bool = False) -> Defects:
    """Defects of an array of weights of that shape whose cells all work and err by nothing.

    >>> without_defects((2, 3), pairs=True).spread.shape
    (2, 2, 3)
    """
    cells = (2 if pairs else 1, *shape)
    return Defects(np.zeros(cells, np.bool_), np.zeros(cells, np.bool_), np.zeros(cells))


def checked_defects(defects: object) -> Defects:
    """`defects`, or an error if they are no `Defects`."""
    if not isinstance(defects, Defects):
        raise TypeError(f"defects must be Defects, got {type(defects).__name__}")
    return defects


def _some(defects: Defects, cells: slice) -> Defects:
    """The defects ``(devices, n)`` of some of the weights, in C order."""
    names = ("stuck_low_mask", "stuck_high_mask", "spread", "drift_spread")
    flat = (getattr(defects, name).reshape(len(defects.spread), -1) for name in names)
    return Defects(*(array[:, cells] for array in flat))
