"""Recorder of spikes: trains are packed like bitstreams."""

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import checks
from ..backends import choose
from ..backends.packing import WORD_BITS, pack, tail_mask, unpack, words_for
from ..backends.types import Words
from ..bitstreams.bitstream import check_words
from ..chunks import chunks
from ..read_only import attribute, frozen
from .shape import checked_shape

if TYPE_CHECKING:
    from rich.table import Table

_ROWS_SHOWN = 20


class Summary(dict[str, Any]):
    """Spike counts and firing rates of a run: a dict that `rich.print` shows as a table.

    ``{"n_neurons", "stats": [{"neuron", "total_spikes", "firing_rate_hz"}, ..], "avg_firing_rate_hz"}``. With batch
    axes, each row of `stats` names its sample too.
    """

    def __rich__(self) -> "Table":
        from rich import box
        from rich.table import Table

        rows: list[dict[str, Any]] = self["stats"]
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_footer=True)
        batch = bool(rows) and "sample" in rows[0]
        if batch:
            table.add_column("sample", justify="right")
        table.add_column("neuron", "mean", justify="right")
        table.add_column("spikes", f"{np.mean([row['total_spikes'] for row in rows]):.1f}", justify="right")
        table.add_column("rate (Hz)", f"{self['avg_firing_rate_hz']:.2f}", justify="right")
        for row in rows[:_ROWS_SHOWN]:
            cells = (str(row["neuron"]), str(row["total_spikes"]), f"{row['firing_rate_hz']:.2f}")
            table.add_row(*((str(row["sample"]),) if batch else ()), *cells)
        if len(rows) > _ROWS_SHOWN:
            table.caption = f"and {len(rows) - _ROWS_SHOWN} more"
        return table


class SpikeRecorder:
    """Records the spikes of neurons, one bit per neuron and time step.

    Parameters
    ----------
    shape
        Neurons: their number, or a shape ``(..., n)`` with batch axes. ``recorder[j]`` is a recorder of
        neuron j (or sample j), with what is recorded so far.
    dt_ms
        Time step in ms, above 0.

    Examples
    --------
    >>> recorder = SpikeRecorder(2)
    >>> recorder.record([[1, 0, 0, 1], [0, 0, 1, 0]])
    >>> recorder.total_spikes(), recorder.rates_hz()
    (array([2, 1]), array([500., 250.]))
    >>> recorder[0].intervals_ms()
    array([3.])
    >>> recorder.raster()
    (array([0., 3., 2.]), array([0, 0, 1]))
    """

    def __init__(self, shape: int | tuple[int, ...], dt_ms: float = 1.0) -> None:
        self._shape = checked_shape(shape)
        self._dt_ms = checks.positive("dt_ms", dt_ms)
        self.reset()

    shape: tuple[int, ...] = attribute("_shape", "Shape ``(..., n)`` of the neurons.")
    dt_ms: float = attribute("_dt_ms", "Duration of a step in ms.")
    steps: int = attribute("_steps", "Steps recorded.")

    def reset(self) -> None:
        """Delete all that is recorded."""
        self._steps = 0
        self._words: Words = np.zeros((math.prod(self._shape), 0), np.uint64)

    def record(self, spikes: ArrayLike) -> None:
        """Append spikes of 0 and 1, ``(*shape, T)``."""
        bits = checks.spikes("spikes", spikes, (*self._shape, None))
        rows = bits.reshape(len(self._words), bits.shape[-1])
        for part in chunks(bits.shape[-1], 16 * len(rows), WORD_BITS):
            before = np.pad(rows[:, part], ((0, 0), (self._steps % WORD_BITS, 0)))
            self.record_words(pack(before), part.stop - part.start)

    def record_words(self, words: Words, steps: int) -> None:
        """Append packed spikes ``(rows, W)`` of `steps` steps; bit 0 is that of step ``self._steps // 64 * 64``.

        Raises
        ------
        ValueError, TypeError
            If the words have another shape or type, or a one outside the `steps` steps.
        """
        first, before = self._steps // 64, self._steps % 64
        bits = before + checks.count("steps", steps, 0)
        check_words("words", words, bits, (len(self._words), words_for(bits)))
        if before and np.any(words[:, :1] & tail_mask(before)):
            raise ValueError(
                f"words must be zero in the first {before} bits, whose steps are recorded, got a one there"
            )
        used, needed = words_for(self._steps), first + words.shape[1]
        if needed > self._words.shape[1]:
            grown = np.zeros((len(self._words), max(needed, 2 * used)), np.uint64)
            grown[:, :used] = self._words[:, :used]
            self._words = grown
        self._words[:, first:needed] |= words
        self._steps += steps

    def load(self, words: Words, steps: int) -> None:
        """Replace what is recorded by packed trains of `steps` steps, in the format of `words`."""
        steps = checks.count("steps", steps, 0)
        self._words = check_words("words", words, steps, (len(self._words), words_for(steps))).copy()
        self._steps = steps

    @property
    def words(self) -> Words:
        """Packed trains ``(rows, ceil(steps / 64))``, bit t that of step t; read-only."""
        words: Words = frozen(self._used())
        return words

    def _used(self) -> Words:
        return self._words[:, : words_for(self._steps)]

    def trains(self) -> NDArray[np.uint8]:
        """Spike trains ``(*shape, steps)`` of 0 and 1."""
        return unpack(self._used(), self._steps).reshape(*self._shape, self._steps)

    def total_spikes(self) -> Any:
        """Number of spikes of each neuron, int64 of `shape`."""
        return choose().popcount(self._used()).reshape(self._shape)[()]

    def rates_hz(self) -> Any:
        """Firing rate of each neuron in Hz, float64 of `shape`; 0 before the first step."""
        return self.total_spikes() * 1000.0 / (max(self._steps, 1) * self._dt_ms)

    def raster(self) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Times in ms (the starts of steps) and neurons (rows) of all spikes, row by row."""
        total = int(choose().popcount(self._used()).sum())
        times, neurons, done = np.empty(total), np.empty(total, np.int64), 0
        for rows, steps in self._places():
            part = slice(done, done + len(rows))
            times[part], neurons[part], done = steps * self._dt_ms, rows, part.stop
        return times, neurons

    def intervals_ms(self) -> NDArray[np.float64]:
        """Times between successive spikes of a neuron, those of all neurons row by row."""
        spikes = choose().popcount(self._used())
        out, done = np.empty(int(np.maximum(spikes - 1, 0).sum())), 0
        before = np.full((2, 1), -1)
        for places in self._places():
            rows, steps = joined = np.concatenate([before, places], axis=1)
            intervals = np.diff(steps)[np.diff(rows) == 0]
            part = slice(done, done + len(intervals))
            out[part], done, before = intervals * self._dt_ms, part.stop, joined[:, -1:]
        return out

    def _places(self) -> Iterator[NDArray[np.int64]]:
        """Neurons (rows) and steps ``(2, n)`` of all spikes, row by row: of some rows, or steps of one, at a time."""
        used = self._used()
        for rows in chunks(len(used), 64 * WORD_BITS * used.shape[1]):
            row_bytes = 64 * WORD_BITS * (rows.stop - rows.start)
            for words in chunks(used.shape[1], row_bytes):
                ones = np.nonzero(unpack(used[rows, words], WORD_BITS * (words.stop - words.start)))
                yield np.stack([ones[0] + rows.start, ones[1] + WORD_BITS * words.start])

    def summary(self) -> Summary:
        """Spikes and rates of each neuron, and the mean rate."""
        spikes, rates = np.ravel(self.total_spikes()), np.ravel(self.rates_hz())
        neurons = self._shape[-1] if self._shape else 1
        stats = [
            {"neuron": row % neurons, "total_spikes": int(spikes[row]), "firing_rate_hz": float(rates[row])}
            for row in range(len(spikes))
        ]
        if len(self._shape) > 1:
            stats = [{"sample": row // neurons, **entry} for row, entry in enumerate(stats)]
        return Summary(n_neurons=neurons, stats=stats, avg_firing_rate_hz=float(rates.mean()))

    def __len__(self) -> int:
        return self._shape[0]

    def __getitem__(self, j: int) -> "SpikeRecorder":
        place = range(len(self))[j]
        part = SpikeRecorder(self._shape[1:], self._dt_ms)
        rows = math.prod(self._shape[1:])
        part.load(self._used()[place * rows : (place + 1) * rows], self._steps)
        return part

    def __iter__(self) -> Iterator["SpikeRecorder"]:
        return (self[j] for j in range(len(self)))

    def __repr__(self) -> str:
        return f"SpikeRecorder(shape={self._shape}, {self._steps} steps of {self._dt_ms:g} ms)"
