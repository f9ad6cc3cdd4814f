"""Base of all layers: one seed for all random numbers, generators that run on, a state that can be saved."""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import checks
from ..chunks import in_chunks
from ..encoders import Seed
from ..encoders.sample_counter import SampleCounter
from ..encoders.seeds import Seeds, check_stream_version
from .describing import described, in_notebook
from .turns import Turns, in_turn

Floats = NDArray[np.float64]
Samples = NDArray[np.int64]


def one_seed(base_seed: Seed, seed: Seed) -> Seed:
    """The one that is given of a layer's `base_seed` and `seed`, two names of one argument; both are an error.

    Raises
    ------
    ValueError
        If both are given.
    """
    if base_seed is not None and seed is not None:
        raise ValueError(f"seed must not be given beside base_seed, another name of it, got {checks.shown(seed)}")
    return base_seed if seed is None else seed


class SCLayer(ABC):
    """A layer of stochastic circuits: one seed fixes all its random numbers, and its generators run on.

    Samples are numbered, and a number decides which random bits a sample gets. A call reserves its numbers when
    it starts and leaves nothing else on the layer, so several threads may call one layer at a time: each sample
    gets the bits of its number, whichever thread takes it.

    Subclasses define `_values`, `_load_values` and `_reseed`; with a state `_rest`, with weights `_forget`.

    Parameters
    ----------
    seed
        Fixes all random numbers, together with class and shape: see `Seeds`.
    shape
        Numbers that define the layer's size: its units, then the inputs of a unit.
    """

    def __init__(self, seed: Seed, shape: tuple[int, ...]) -> None:
        self._seeds = Seeds(seed, type(self), shape)
        self._counter = SampleCounter()
        self._turns = Turns()

    @property
    def samples(self) -> int:
        """Number of samples since construction or `reset`: the position of the generators; setting it moves them."""
        return self._counter.next

    @samples.setter
    def samples(self, number: int) -> None:
        self._counter.next = checks.count("samples", number, 0)

    def _over_samples(
        self,
        run: Callable[[Floats, Samples], Floats],
        x: Floats,
        axes: int,
        sample_bytes: int,
        numbers: ArrayLike | None = None,
    ) -> Floats:
        """Results of ``run(x, samples)`` for inputs ``(..., *sample)`` whose samples have `axes` axes.

        `run` sees one batch axis, in pieces that fit into memory where a sample takes `sample_bytes`. Samples get the
        next numbers, or `numbers` of the shape of the batch, which reserve none.
        """
        batch = x.shape[: x.ndim - axes]
        flat = x.reshape(math.prod(batch), *x.shape[x.ndim - axes :])
        if numbers is not None:
            numbers = checks.integers("samples", numbers, 0, checks.LARGEST_COUNT, batch).reshape(-1)
        if not len(flat):  # of an empty batch, one sample tells the shape of the outputs
            one = run(np.zeros((1, *flat.shape[1:])), np.zeros(1, np.int64))
            return np.empty((*batch, *one.shape[1:]))
        if numbers is None:
            first = self._counter.reserve(len(flat))
            numbers = np.arange(first, first + len(flat))
        out = in_chunks(run, sample_bytes, flat, numbers)
        return out.reshape(*batch, *out.shape[1:])

    describe = described
    _repr_html_ = in_notebook

    # ------------------------------------------------------------ state

    @in_turn
    def reset(self, *, weights: bool = False) -> None:
        """Rewind generators and state: the next sample meets the streams of the first one, and neurons at rest.

        Parameters
        ----------
        weights
            False: weights, and whatever else was learnt or edited, stay. True: they too are those of construction.
        """
        forget = checks.flag("weights", weights)
        self._counter.next = 0
        self._rest()
        if forget:
            self._forget()

    def _rest(self) -> None:  # noqa: B027 - most layers have no state beside the position of their generators
        """Put the subclass's state at rest, for `reset`."""

    def _forget(self) -> None:  # noqa: B027 - nothing to forget is a good answer
        """Go back to the weights of construction, for `reset`."""

    def state_dict(self) -> dict[str, Any]:
        """The complete state, for `load_state_dict`: arrays and integers."""
        return {"samples": self.samples, **self._seeds.state(), **self._values()}

    @in_turn
    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore a `state_dict` of a layer of the same class and shape; nothing changes if it does not fit."""
        checks.instance("state", state, Mapping)
        if "entropy" in state:  # of any version
            check_stream_version(state)
        checks.state_keys(state, self.state_dict().keys())
        samples = checks.count("samples", state["samples"], 0)
        seeds = self._seeds.restored(state)
        self._load_values({**state, "samples": samples})
        self._counter.next, self._seeds = samples, seeds
        self._reseed()

    def _values(self) -> dict[str, Any]:
        """Entries of a state dict for this class, beside seed and sample number."""
        return {}

    def _load_values(self, state: dict[str, Any]) -> None:  # noqa: B027 - nothing to load is a good answer
        """Check and restore the subclass's entries of a state dict."""

    @abstractmethod
    def _reseed(self) -> None:
        """Build everything that depends on the seed anew."""
