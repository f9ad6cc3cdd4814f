"""Banks of dendrites that run on a window of streams, from rest to the voltages of their somata at its end."""

from operator import attrgetter
from typing import Any

from numpy.typing import ArrayLike

from ... import checks
from ...bitstreams import Bitstream
from ...gates.arguments import check_stream
from ..base import Floats
from ..rall_dendrite import RallDendrite
from .branch_inputs import over_trees

EXACT_STEPS = 1024
"""Steps of a window in floating point; a step is of second order."""


class DendriteBank:
    """Equal dendrites, at rest when a window of inputs begins; the voltage of each soma is read at its end.

    ::

        x_i stream --> tip of branch i --..--> soma --> voltage after L cycles

    Parameters
    ----------
    n_dendrites
        Number of `RallDendrite`s; the inputs of the first one come first.
    duration
        Of the window in ms, above 0: of L cycles, each is a step of ``duration / L``.
    scale
        Current, or conductance, of an input of 1, above 0.
    dendrite
        Keywords of `RallDendrite`, all but `dt`.

    Raises
    ------
    ValueError, TypeError
        If an argument is outside its range or of a wrong type.

    Examples
    --------
    >>> bank = DendriteBank(2, duration=50.0, n_branches=2, soma_size=10.0)
    >>> bank.apply([0.5, 0.5, 1.0, 0.0]).round(3)
    array([0.354, 0.354])
    >>> streams = Bitstream.from_bits([[0, 1] * 32, [1, 0] * 32, [1] * 64, [0] * 64])
    >>> bank.apply_bitstream(streams).round(3)
    array([0.354, 0.354])
    """

    def __init__(self, n_dendrites: int, duration: float, scale: float = 1.0, **dendrite: Any) -> None:
        self._n_dendrites = checks.whole("n_dendrites", n_dendrites, 1)
        self._duration = checks.positive("duration", duration)
        self._scale = checks.positive("scale", scale)
        self._options = dendrite
        self._exact = self.dendrite(EXACT_STEPS)
        self._last = 0, self._exact

    n_dendrites = property(attrgetter("_n_dendrites"))
    duration = property(attrgetter("_duration"))
    scale = property(attrgetter("_scale"))

    @property
    def n_inputs(self) -> int:
        """Branches of all dendrites."""
        return int(self.n_dendrites * self._exact.n_branches)

    def dendrite(self, steps: int) -> RallDendrite:
        """One dendrite of the bank, with `steps` time steps in the window."""
        return RallDendrite(**self._options, dt=self.duration / steps)

    def apply(self, x: ArrayLike) -> Floats:
        """Voltages ``(..., n_dendrites)`` for constant inputs ``(..., n_inputs)``: the limit of `apply_bitstream`.

        Raises
        ------
        ValueError, TypeError
            If the shape is wrong, or a value is not finite, or a conductance below 0.
        """
        numbers = checks.array("x", x, last=self.n_inputs)
        constant = (self.scale * numbers).reshape(*numbers.shape[:-1], self.n_dendrites, 1, self._exact.n_branches)
        return self._exact.response(constant, hold=EXACT_STEPS)

    def apply_bitstream(self, streams: Bitstream) -> Floats:
        """Voltages ``(..., n_dendrites)`` after the last cycle of streams ``(..., n_inputs)``.

        A 1 is an input of `scale`, a 0 none (bipolar: -scale; the negative rail of split streams counts -scale).

        Raises
        ------
        TypeError
            If `streams` is not a Bitstream.
        ValueError
            If the shape is wrong, or a conductance is below 0.
        """
        check_stream("streams", streams)
        if streams.shape[-1:] != (self.n_inputs,):
            raise ValueError(f"streams must have shape (..., {self.n_inputs}), got {streams.shape}")
        length, encoding = streams.length, streams.encoding
        steps, dendrite = self._last  # read and written at once: another thread may have streams of another length
        if steps != length:
            dendrite = self.dendrite(length)
            self._last = length, dendrite
        rails = (2,) if encoding == "split" else ()
        trees = (*rails, *streams.shape[:-1], self.n_dendrites, dendrite.n_branches, streams.words.shape[-1])

        of_trees = Bitstream(streams.words.reshape(trees), length, encoding)
        return over_trees(lambda inputs: dendrite.response(self.scale * inputs), of_trees)

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}({self.n_dendrites} x {self._exact!r}, duration={self.duration:g}, "
            f"scale={self.scale:g})"
        )
