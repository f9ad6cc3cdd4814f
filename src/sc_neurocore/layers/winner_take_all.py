"""Winner-take-all: the k largest units pass, the others are silent."""

from operator import attrgetter
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import checks
from ..backends import checked_backend, choose
from ..bitstreams import Bitstream
from .base import Floats
from .describing import described, in_notebook
from .unipolar import check_unipolar


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
        Winners, 1..n; may be set.
    target
        Ones that fill a counter of the stream circuit, 1..L. After its stream has ended, a counter
        counts every cycle, so that the race always ends. None: L, so that the streams are
        compared by all their ones. A smaller target ends the race earlier, after about target / x
        cycles, and errs more often. It may be set.
    backend
        Backend that runs the kernels, see `sc_neurocore.backends.choose`.

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

    def __init__(self, n_neurons: int, k: int = 1, *, target: int | None = None, backend: str | None = None) -> None:
        self._n_neurons = checks.whole("n_neurons", n_neurons, 1)
        self.k, self.target = k, target
        checked_backend(backend)
        self._backend = backend

    n_neurons = property(attrgetter("_n_neurons"))

    @property
    def k(self) -> int:
        """Number of winners; may be set."""
        return self._k

    @k.setter
    def k(self, k: int) -> None:
        self._k = checks.whole("k", k, 1, self._n_neurons)

    @property
    def target(self) -> int | None:
        """Ones that fill a counter, None: as many as a stream has cycles; may be set."""
        return self._target

    @target.setter
    def target(self, target: int | None) -> None:
        self._target = None if target is None else checks.whole("target", target, 1)

    def apply(self, rates: ArrayLike) -> Floats:
        """Limit of `apply_bitstream` as the stream length grows.

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

    expected = __call__ = apply

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
        """Indices ``(..., k)`` of the winners, the first counter that is full first. See `apply_bitstream`."""
        return self._ranked(self._earliness(streams))

    def reset(self, *, weights: bool = False) -> None:
        """Nothing to reset, and no weights to forget: every call starts from empty counters."""
        checks.flag("weights", weights)

    def state_dict(self) -> dict[str, Any]:
        """An empty dict: there is no state between two calls."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore a `state_dict`, which is empty."""
        checks.state_keys(state, ())

    def _earliness(self, streams: Bitstream) -> Floats:
        """Minus the cycle in which each counter is full."""
        check_unipolar(streams)
        if streams.shape[-1:] != (self.n_neurons,):
            raise ValueError(f"streams must have shape (..., {self.n_neurons}), got {streams.shape}")
        length, target = streams.length, self._target or streams.length
        if target > length:
            raise ValueError(f"streams must have a length of at least target = {target}, got {length}")
        return -choose(self._backend).fill_times(streams.words, length, target).astype(np.float64)

    def _chosen(self, numbers: Floats) -> NDArray[np.int64]:
        """Indices ``(..., k)`` of the k largest, ascending."""
        flat = np.ascontiguousarray(numbers).reshape(-1, self.n_neurons)
        found: NDArray[np.int64] = choose(self._backend).largest(flat, self._k)
        return found.reshape(*numbers.shape[:-1], found.shape[-1])

    def _ranked(self, numbers: Floats) -> NDArray[np.int64]:
        chosen = self._chosen(numbers)
        order = np.argsort(-np.take_along_axis(numbers, chosen, -1), axis=-1, kind="stable")
        return np.take_along_axis(chosen, order, -1)

    describe = described
    _repr_html_ = in_notebook

    def __repr__(self) -> str:
        target = "" if self.target is None else f", target={self.target}"
        backend = choose(self._backend).name
        return f"{type(self).__name__}({self.n_neurons}, k={self.k}{target}, encoding='unipolar', backend={backend!r})"
