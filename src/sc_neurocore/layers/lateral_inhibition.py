"""Lateral inhibition: each unit is inhibited by its neighbours."""

import math
from operator import attrgetter
from typing import Any, Literal, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import checks
from ..backends import checked_backend, choose
from ..bitstreams import Bitstream
from ..encoders import Encoder, Generator, Seed, make_generator
from ..gates import saturating_subtract
from .base import Floats, Samples, SCLayer
from .unipolar import check_unipolar

Boundary = Literal["wrap", "reflect", "zero"]

_EXTEND = {"wrap": "wrap", "reflect": "reflect", "zero": "constant"}
"""The boundaries in the words of `scipy.ndimage`."""

TAP_BITS = 12
"""Bits of a weight of the stream circuit, along one axis."""


class Neighbours:
    """Neighbours of each unit on a line or a sheet, weighted by a Gaussian.

    Parameters
    ----------
    sides
        Units along each axis.
    radius
        As for `LateralInhibition`: cut where it is too large.
    boundary
        What lies past the edge.
    """

    def __init__(self, sides: tuple[int, ...], radius: int, boundary: str) -> None:
        self.sides = sides
        self.radius = min(checks.whole("radius", radius, 1), min(sides) - 1)
        self.boundary = cast(Boundary, checks.option("boundary", boundary, _EXTEND))
        places = np.arange(-self.radius, self.radius + 1)
        self.taps: Floats = choose().exp(-2.0 * np.square(places / self.radius))
        """Weights along an axis ``(2 radius + 1,)``."""

    def sums(self, values: Floats, taps: Floats) -> tuple[Floats, float]:
        """Weighted sums of the neighbours of each unit, values ``(..., *sides)``, and the sum of the weights."""
        from scipy.ndimage import correlate1d  # slow to import

        mode = _EXTEND[self.boundary]
        beside = taps.copy()
        beside[self.radius] = 0.0
        sums: Floats = correlate1d(values, beside, -1, mode=mode)
        if len(self.sides) == 1:
            return sums, float(beside.sum())
        # A sheet: the unit's own row without the unit, and whole rows above and below.
        sums *= taps[self.radius]
        sums += correlate1d(correlate1d(values, taps, -1, mode=mode), beside, -2, mode=mode)
        return sums, float((taps[self.radius] + taps.sum()) * beside.sum())

    def integer_taps(self, length: int) -> Floats:
        """Weights as the circuit has them; integers, of which every sum over `length` cycles is exact."""
        taps = np.rint(self.taps * 2.0**TAP_BITS)
        limit = int(2.0**53 / taps.sum() ** len(self.sides))
        if length > limit:
            raise ValueError(f"streams must have a length of at most {limit} at radius {self.radius}, got {length}")
        return taps


class LateralInhibition(SCLayer):
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
        s, at least 0. The weights add up to 1, so equal neighbours of value v inhibit by s v. It may be set.
    radius
        r, at least 1: the neighbours are the units up to r places away, the unit itself excluded. Their weights are
        a Gaussian of standard deviation r / 2. What is too large for the layer is cut to n - 1, on a sheet to the
        shorter side less 1.
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
    backend
        Backend that runs the kernels, see `sc_neurocore.backends.choose`.

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
        backend: str | None = None,
    ) -> None:
        self._n_neurons = checks.whole("n_neurons", n_neurons, 2)
        self._shape = None if shape is None else _sheet(shape, self._n_neurons)
        sides = (self._n_neurons,) if self._shape is None else self._shape
        super().__init__(seed, sides)
        self.inhibition_strength = inhibition_strength
        self._neighbours = Neighbours(sides, radius, boundary)
        make_generator(generator, 1).check_one_sequence("lateral inhibition")  # an unknown one is found now
        self._generator = generator
        checked_backend(backend)
        self._backend = backend
        self._reseed()

    _encoder: Encoder | None
    n_neurons = property(attrgetter("_n_neurons"))
    shape = property(attrgetter("_shape"))
    radius = property(attrgetter("_neighbours.radius"))
    boundary = property(attrgetter("_neighbours.boundary"))
    generator = property(attrgetter("_generator"))

    @property
    def inhibition_strength(self) -> float:
        """Inhibition s of equal neighbours, in units of their value; may be set."""
        return self._strength

    @inhibition_strength.setter
    def inhibition_strength(self, strength: float) -> None:
        self._strength = checks.real("inhibition_strength", strength, 0.0, checks.LARGEST)

    def apply(self, rates: ArrayLike) -> Floats:
        """Limit of `apply_bitstream` as the stream length grows; a `Generator` object rounds to its thresholds.

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
        units = numbers.reshape(self._on_axes("rates", numbers.shape))
        sums, total = self._neighbours.sums(units, self._neighbours.taps)
        sums *= self.inhibition_strength / total
        sums = sums.reshape(numbers.shape)
        if isinstance(self.generator, Generator):
            numbers, sums = (np.floor(part * self.generator.modulus + 0.5) for part in (numbers, sums))
        np.subtract(numbers, sums, out=sums)
        if isinstance(self.generator, Generator):
            sums /= self.generator.modulus
        return np.maximum(sums, 0.0, out=sums)

    expected = __call__ = apply

    def apply_bitstream(self, streams: Bitstream, *, samples: ArrayLike | None = None) -> Bitstream:
        """The same by counters, comparators with one sequence, and an AND gate with an inverted input.

        Parameters
        ----------
        streams
            Unipolar streams ``(..., n_neurons)`` from any generator; of a sheet also ``(..., rows, columns)``.
        samples
            Sample numbers ``(...)`` of the vectors, integers of at least 0: they say which random bits a Bernoulli
            generator makes. None: the next ones of the layer's own counter.

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
            If the streams are not unipolar, of a wrong shape, or too long to be counted exactly; or if the
            sample numbers do not fit them.
        """
        check_unipolar(streams)
        on_axes, length = self._on_axes("streams", streams.shape), streams.length
        taps = self._neighbours.integer_taps(length)
        counts = streams.counts()
        sums, total = self._neighbours.sums(counts.reshape(on_axes).astype(np.float64), taps)
        fired = np.minimum(_rounded_quotient(sums, total, self.inhibition_strength), length)
        encoder, samples_of_rows = self._comparators(length), self._sample_numbers(samples, on_axes)
        rows = (ones.reshape(-1, self.n_neurons) / length for ones in (counts, fired))
        made = (encoder.words(row, samples_of_rows).reshape(streams.words.shape) for row in rows)
        unit, inhibition = (Bitstream(words, length) for words in made)
        return saturating_subtract(unit, inhibition)

    def _comparators(self, length: int) -> Encoder:
        """The encoder behind the counters; the last one is kept, and calls do not change it."""
        encoder = self._encoder
        if encoder is None or encoder.length != length:
            encoder = self._encoder = Encoder(
                self.n_neurons,
                length,
                self.generator,
                share="one",
                seed=self._seeds.of("inputs"),
                backend=self._backend,
            )
        return encoder

    def _sample_numbers(self, given: ArrayLike | None, on_axes: tuple[int, ...]) -> Samples:
        """Sample numbers ``(rows,)`` of all vectors."""
        batch = on_axes[: len(on_axes) - len(self._neighbours.sides)]
        if given is None:
            count = math.prod(batch)
            first = self._counter.reserve(count)
            return np.arange(first, first + count)
        return checks.integers("samples", given, 0, checks.LARGEST_COUNT, batch).reshape(-1)

    def _on_axes(self, name: str, shape: tuple[int, ...]) -> tuple[int, ...]:
        """`shape` with units on the axes on which they are neighbours.

        The sides of a sheet are two or more, so that its flat form is never mistaken for a row.
        """
        sides = self._neighbours.sides
        if shape[-1:] == (self.n_neurons,):
            return (*shape[:-1], *sides)
        if shape[-len(sides) :] == sides:
            return shape
        sheet = "" if self.shape is None else f" or (..., {self.shape[0]}, {self.shape[1]})"
        raise ValueError(f"{name} must have shape (..., {self.n_neurons}){sheet}, got {shape}")

    def _reseed(self) -> None:
        self._encoder = None

    def __repr__(self) -> str:
        sheet = "" if self.shape is None else f", shape={self.shape}"
        return (
            f"{type(self).__name__}({self.n_neurons}, inhibition_strength={self.inhibition_strength:g}, "
            f"radius={self.radius}, boundary={self.boundary!r}{sheet}, generator={self.generator!r}, "
            f"encoding='unipolar', backend={choose(self._backend).name!r})"
        )


def _rounded_quotient(sums: Floats, total: float, strength: float) -> NDArray[np.int64]:
    """Rounded quotient by an accumulator that starts half full and overflows once per total / strength."""
    theta = max(1, round(total / strength)) if strength * 2.0**62 > total else 2**62  # more than any sum
    return (sums.astype(np.int64) + theta // 2) // theta


def _sheet(shape: Any, n: int) -> tuple[int, int]:
    if not isinstance(shape, tuple | list) or len(shape) != 2:
        raise TypeError(f"shape must be a pair (rows, columns), got {checks.shown(shape)}")
    rows, columns = (checks.whole("shape", side, 2) for side in shape)
    if rows * columns != n:
        raise ValueError(f"shape must hold n_neurons = {n} units, got {rows} x {columns}")
    return rows, columns
