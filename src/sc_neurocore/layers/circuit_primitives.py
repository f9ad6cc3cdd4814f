"""Small circuits between layers: neighbours inhibit each other, and the largest win."""

from typing import Any, Literal, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import checks
from ..backends import compiled
from ..bitstreams import Bitstream
from ..encoders import Encoder, Generator, Seed, make_generator
from ..gates import saturating_subtract
from .old_base import Floats, Seeded

Boundary = Literal["wrap", "reflect", "zero"]

_EXTEND = {"wrap": "wrap", "reflect": "reflect", "zero": "constant"}
"""The boundaries in the words of `scipy.ndimage`."""

_TAP_BITS = 12
"""Bits of a weight of the stream circuit, along one axis."""


class LateralInhibition(Seeded):
    """Each unit is inhibited by the mean of its neighbours, weighted by a Gaussian.

    ::

        x[i-r] --+------------+    +-----------------------+    +---------+      +---+
          ..     | weighted   |==> | accumulator: fires at |--> | counter |==>   | > |--[NOT]--+-----+
        x[i+r] --+ sum        |    | theta, keeps the rest |    +---------+      +---+         | AND |-- y[i]
                 +------------+    +-----------------------+                       ^     +-----+-----+
                                                           shared sequence ========+     |
                                                                                   v     |
                                                                +---------+      +---+   |
        x[i] ---------------------------------------------------| counter |==>   | > |---+
                                                                +---------+      +---+

    In numbers, ``y = max(x - s m, 0)``, with s the strength and m the weighted mean of the neighbours.

    Parameters
    ----------
    n_neurons
        n, at least 2.
    inhibition_strength
        s, at least 0. The weights add up to 1, so equal neighbours of value v inhibit by s v.
    radius
        r: the neighbours are the units up to r places away, the unit itself excluded. Their weights are
        a Gaussian of standard deviation r / 2. At least 1 and less than n (less than rows and columns).
    boundary
        What lies past the edge: ``"wrap"``, the other end; ``"reflect"``, the mirror image
        (``c b a | a b c``; the field of inhibition keeps its total); ``"zero"``, nothing, so that
        units near the edge are inhibited less.
    shape
        ``(rows, columns)`` of units on a sheet, ``rows * columns == n_neurons``: the neighbours are those
        in the square of 2 r + 1 units a side. None: units on a line.
    generator
        Makes the sequence of the two comparators: a name or a `Generator`, as for `Encoder`.
    seed
        Fixes the sequence of a Bernoulli generator, which is fresh for every sample.

    Raises
    ------
    ValueError, TypeError
        If an argument is outside its range or of a wrong type.

    Notes
    -----
    Error law of the stream circuit: in the first L cycles the accumulator fires ``B = round(L s m)``
    times; in the next L the two comparators, which share their sequence (SCC = +1), make streams of
    the counts ``A = L x`` and B, and the AND gate subtracts exactly. With a full-period sequence
    (2**bits = L) the output has max(A - B, 0) ones, so it is within 1 / (2 L) of `apply` on the
    values of the streams; the weights, 12-bit integers, add less than s / 1000 for s up to 1. A
    Bernoulli sequence adds the binomial variance y (1 - y) / L.

    Cost: 2 r operations a unit on a line, 6 r + 1 on a sheet (the Gaussian is separable).

    References
    ----------
    H. K. Hartline, F. Ratliff, "Inhibitory interaction of receptor units in the eye of Limulus",
    J. Gen. Physiol. 40, 1957, https://doi.org/10.1085/jgp.40.3.357; for the gate, A. Alaghi,
    J. P. Hayes, ICCD 2013, https://doi.org/10.1109/ICCD.2013.6657023.

    Examples
    --------
    A step of light: the unit before the edge is darker than the dark, the one after it brighter than the bright.

    >>> inhibition = LateralInhibition(6, inhibition_strength=0.5, radius=1, boundary="reflect")
    >>> inhibition.apply([0.25, 0.25, 0.25, 0.75, 0.75, 0.75])
    array([0.125, 0.125, 0.   , 0.5  , 0.375, 0.375])
    >>> step = Encoder(6, 64, "vdc").encode([0.25, 0.25, 0.25, 0.75, 0.75, 0.75])
    >>> inhibition.apply_bitstream(step).value()
    array([0.125, 0.125, 0.   , 0.5  , 0.375, 0.375])
    """

    def __init__(
        self,
        n_neurons: int,
        inhibition_strength: float = 0.3,
        radius: int = 2,
        *,
        boundary: Boundary = "wrap",
        shape: tuple[int, int] | None = None,
        generator: str | Generator = "vdc",
        seed: Seed = None,
    ) -> None:
        super().__init__(seed)
        self.n_neurons = checks.whole("n_neurons", n_neurons, 2)
        self.inhibition_strength = checks.real("inhibition_strength", inhibition_strength, 0.0, np.inf)
        if np.isinf(self.inhibition_strength):
            raise ValueError("inhibition_strength must be finite, got inf")
        self.shape = None if shape is None else _sheet(shape, self.n_neurons)
        self.radius = checks.whole("radius", radius, 1, min(self._sides) - 1)
        self.boundary = cast(Boundary, checks.option("boundary", boundary, _EXTEND))
        make_generator(generator, 1)  # an unknown one is found now
        self.generator = generator
        places = np.arange(-self.radius, self.radius + 1)
        self._taps: Floats = np.exp(-2.0 * (places / self.radius) ** 2)
        self._encoder: Encoder | None = None

    @property
    def _sides(self) -> tuple[int, ...]:
        return (self.n_neurons,) if self.shape is None else self.shape

    def apply(self, rates: ArrayLike) -> Floats:
        """What `apply_bitstream` converges to as the streams grow.

        Parameters
        ----------
        rates
            Finite numbers ``(..., n_neurons)``; of a sheet also ``(..., rows, columns)``.

        Returns
        -------
        ndarray
            float64 of the same shape, at least 0.

        Raises
        ------
        ValueError, TypeError
            If the shape is wrong, or a value is not a finite number.
        """
        numbers = checks.array("rates", rates)
        sums, total = self._neighbours(numbers.reshape(self._on_axes("rates", numbers.shape)), self._taps)
        sums *= -self.inhibition_strength / total
        sums = sums.reshape(numbers.shape)
        sums += numbers
        return np.maximum(sums, 0.0, out=sums)

    def apply_bitstream(self, streams: Bitstream) -> Bitstream:
        """The same by counters, comparators with one sequence, and an AND gate with an inverted input.

        Parameters
        ----------
        streams
            Unipolar streams ``(..., n_neurons)`` from any generator; of a sheet also ``(..., rows, columns)``.

        Returns
        -------
        Bitstream
            Unipolar streams of the same shape and length, all made of one sequence (SCC = +1), which a
            second `LateralInhibition`, `maximum` or `distance` may use as they are.

        Raises
        ------
        TypeError
            If `streams` is not a Bitstream.
        ValueError
            If the streams are not unipolar, of a wrong shape, or too long to be counted exactly.
        """
        _check_unipolar(streams)
        on_axes, length = self._on_axes("streams", streams.shape), streams.length
        taps = self._integer_taps(length)
        counts = streams.counts()
        sums, total = self._neighbours(counts.reshape(on_axes).astype(np.float64), taps)
        fired = np.minimum(_rounded_quotient(sums, total, self.inhibition_strength), length)
        if self._encoder is None or self._encoder.length != length:
            self._encoder = Encoder(self.n_neurons, length, self.generator, share="one", seed=self._seed("inputs"))
        flat = counts.reshape(-1, self.n_neurons), fired.reshape(-1, self.n_neurons)
        samples = np.arange(self.samples, self.samples + len(flat[0]))
        unit, inhibition = (
            Bitstream(self._encoder.words(ones / length, samples).reshape(streams.words.shape), length) for ones in flat
        )
        self.samples += len(samples)
        return saturating_subtract(unit, inhibition)

    def _neighbours(self, values: Floats, taps: Floats) -> tuple[Floats, float]:
        """Weighted sums of the neighbours of each unit, and the sum of the weights."""
        from scipy.ndimage import correlate1d  # slow to import

        mode = _EXTEND[self.boundary]
        beside = taps.copy()
        beside[self.radius] = 0.0
        sums: Floats = correlate1d(values, beside, -1, mode=mode)
        if self.shape is None:
            return sums, float(beside.sum())
        # A sheet: the unit's own row without the unit, and whole rows above and below.
        sums *= taps[self.radius]
        sums += correlate1d(correlate1d(values, taps, -1, mode=mode), beside, -2, mode=mode)
        return sums, float((taps[self.radius] + taps.sum()) * beside.sum())

    def _integer_taps(self, length: int) -> Floats:
        """Weights as the circuit has them; integers, of which every sum over `length` cycles is exact."""
        taps = np.rint(self._taps * 2.0**_TAP_BITS)
        limit = int(2.0**53 / taps.sum() ** len(self._sides))
        if length > limit:
            raise ValueError(f"streams must have a length of at most {limit} at radius {self.radius}, got {length}")
        return taps

    def _on_axes(self, name: str, shape: tuple[int, ...]) -> tuple[int, ...]:
        """`shape` with units on the axes on which they are neighbours.

        The sides of a sheet are two or more, so that its flat form is never mistaken for a row.
        """
        if shape[-1:] == (self.n_neurons,):
            return (*shape[:-1], *self._sides)
        if shape[-len(self._sides) :] == self._sides:
            return shape
        sheet = "" if self.shape is None else f" or (..., {self.shape[0]}, {self.shape[1]})"
        raise ValueError(f"{name} must have shape (..., {self.n_neurons}){sheet}, got {shape}")

    def _load_values(self, state: dict[str, Any]) -> None:
        """There are no values."""

    def _reseed(self) -> None:
        self._encoder = None

    def __repr__(self) -> str:
        sheet = "" if self.shape is None else f", shape={self.shape}"
        return (
            f"{type(self).__name__}({self.n_neurons}, inhibition_strength={self.inhibition_strength:g}, "
            f"radius={self.radius}, boundary={self.boundary!r}{sheet}, generator={self.generator!r}, "
            f"encoding='unipolar', backend='numba')"
        )


class WinnerTakeAll:
    """The k largest units pass, the others are silent.

    ::

        x1 --+--[counter, full at target]--+-------------+
             |                             | first k to  |-- one line a unit
        ..   |                             | be full win |
             |                             +-------------+
             |                                    | line 1
             |                                +---+-+
             +--------------------------------| AND |-- x1, or nothing
                                              +-----+

    In numbers: the k largest values stay, the others become 0. Of equal values the first ones stay.

    Parameters
    ----------
    n_neurons
        n, at least 1.
    k
        Winners, 1..n.
    target
        Ones that fill a counter of the stream circuit, 1..L. After its stream has ended, a counter
        counts every cycle, so that the race always ends. None: L, so that the streams are
        compared by all their ones. A smaller target ends the race earlier, after about target / x
        cycles, and errs more often.

    Raises
    ------
    ValueError, TypeError
        If an argument is outside its range or of a wrong type.

    Notes
    -----
    Error law of the stream circuit: with ``target=None`` the winners are those of the counts, so that
    streams of a full-period generator are ranked as their probabilities are. Two independent
    Bernoulli streams of probabilities p > q have binomial counts A and B, and the right one wins with
    probability P(A > B) + P(A = B) / 2 if either may be the first of a tie: about
    ``Phi((p - q) sqrt(L / (p (1 - p) + q (1 - q))))``. See ``docs/primitives.md``.

    Cost: one pass over the n values, and a partition of those that may still win; nothing is sorted
    but the k indices of `winners`.

    References
    ----------
    W. Maass, "On the computational power of winner-take-all", Neural Computation 12, 2000,
    https://doi.org/10.1162/089976600300014827.

    Examples
    --------
    >>> wta = WinnerTakeAll(5, k=2)
    >>> wta.apply([0.1, 0.7, 0.3, 0.9, 0.7])
    array([0. , 0.7, 0. , 0.9, 0. ])
    >>> wta.winners([0.1, 0.7, 0.3, 0.9, 0.7])
    array([3, 1])
    >>> streams = Bitstream.from_bits([[1, 0, 0, 0], [0, 1, 1, 1], [0, 1, 0, 1]])
    >>> WinnerTakeAll(3).apply_bitstream(streams).value()
    array([0.  , 0.75, 0.  ])
    >>> WinnerTakeAll(3, target=1).apply_bitstream(streams).value()
    array([0.25, 0.  , 0.  ])
    """

    def __init__(self, n_neurons: int, k: int = 1, *, target: int | None = None) -> None:
        self.n_neurons = checks.whole("n_neurons", n_neurons, 1)
        self.k = checks.whole("k", k, 1, self.n_neurons)
        self.target = None if target is None else checks.whole("target", target, 1)

    def apply(self, rates: ArrayLike) -> Floats:
        """What `apply_bitstream` converges to as the streams grow.

        Parameters
        ----------
        rates
            Finite numbers ``(..., n_neurons)``.

        Returns
        -------
        ndarray
            float64 of the same shape: k values of each vector, zero elsewhere.

        Raises
        ------
        ValueError, TypeError
            If the shape is wrong, or a value is not a finite number.
        """
        numbers = checks.array("rates", rates, last=self.n_neurons)
        chosen = self._chosen(numbers)
        out = np.zeros_like(numbers)
        np.put_along_axis(out, chosen, np.take_along_axis(numbers, chosen, -1), -1)
        return out

    def winners(self, rates: ArrayLike) -> NDArray[np.int64]:
        """Indices ``(..., k)`` of the winners, the largest first; of equals the lower index first. See `apply`."""
        return self._ranked(checks.array("rates", rates, last=self.n_neurons))

    def apply_bitstream(self, streams: Bitstream) -> Bitstream:
        """The streams of the first k units whose counters are full; the others are held at 0.

        The lines of the winners stand when the race is over, so the streams pass in the next window.

        Parameters
        ----------
        streams
            Unipolar streams ``(..., n_neurons)``.

        Returns
        -------
        Bitstream
            Unipolar streams of the same shape: k of each vector as they were, zero elsewhere.

        Raises
        ------
        TypeError
            If `streams` is not a Bitstream.
        ValueError
            If the streams are not unipolar, of a wrong shape, or shorter than `target`.
        """
        chosen = self._chosen(self._earliness(streams))[..., None]
        words = np.zeros_like(streams.words)
        np.put_along_axis(words, chosen, np.take_along_axis(streams.words, chosen, -2), -2)
        return Bitstream(words, streams.length)

    def winners_bitstream(self, streams: Bitstream) -> NDArray[np.int64]:
        """Indices ``(..., k)`` of the winners of the race, the first one first. See `apply_bitstream`."""
        return self._ranked(self._earliness(streams))

    def reset(self) -> None:
        """Nothing: a race starts from empty counters."""

    def state_dict(self) -> dict[str, Any]:
        """Empty: there is no state between two races."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over a `state_dict`, which is empty."""
        if state:
            raise ValueError(f"state must have the keys of state_dict(); missing [], unknown {sorted(state)}")

    def _earliness(self, streams: Bitstream) -> Floats:
        """Minus the cycle in which each counter is full."""
        _check_unipolar(streams)
        if streams.shape[-1:] != (self.n_neurons,):
            raise ValueError(f"streams must have shape (..., {self.n_neurons}), got {streams.shape}")
        length = streams.length
        if self.target is not None and self.target > length:
            raise ValueError(f"streams must have a length of at least target = {self.target}, got {length}")
        return -compiled.fill_times(streams.words, length, self.target or length).astype(np.float64)

    def _chosen(self, numbers: Floats) -> NDArray[np.int64]:
        """Indices ``(..., k)`` of the k largest, ascending."""
        flat = np.ascontiguousarray(numbers).reshape(-1, self.n_neurons)
        return compiled.largest(flat, self.k).reshape(*numbers.shape[:-1], self.k)

    def _ranked(self, numbers: Floats) -> NDArray[np.int64]:
        chosen = self._chosen(numbers)
        order = np.argsort(-np.take_along_axis(numbers, chosen, -1), axis=-1, kind="stable")
        return np.take_along_axis(chosen, order, -1)

    def __repr__(self) -> str:
        target = "" if self.target is None else f", target={self.target}"
        return f"{type(self).__name__}({self.n_neurons}, k={self.k}{target}, encoding='unipolar', backend='numba')"


def _rounded_quotient(sums: Floats, total: float, strength: float) -> NDArray[np.int64]:
    """How often an accumulator fires that starts half full and gives back total / strength each time."""
    theta = max(1, round(total / strength)) if strength * 2.0**62 > total else 2**62  # more than any sum
    return (sums.astype(np.int64) + theta // 2) // theta


def _check_unipolar(streams: object) -> None:
    if not isinstance(streams, Bitstream):
        raise TypeError(f"streams must be a Bitstream, got {type(streams).__name__}")
    if streams.encoding != "unipolar":
        raise ValueError(f"streams must be unipolar, got {streams.encoding}")


def _sheet(shape: Any, n: int) -> tuple[int, int]:
    if not isinstance(shape, tuple | list) or len(shape) != 2:
        raise TypeError(f"shape must be a pair (rows, columns), got {shape!r}")
    rows, columns = (checks.whole("shape", side, 2) for side in shape)
    if rows * columns != n:
        raise ValueError(f"shape must hold n_neurons = {n} units, got {rows} x {columns}")
    return rows, columns
