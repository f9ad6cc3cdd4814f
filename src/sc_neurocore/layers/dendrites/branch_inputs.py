"""Inputs of the branches of a dendrite: currents or conductances, as numbers or as streams."""

import math
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import ArrayLike

from ... import checks
from ...backends.packing import WORD_BITS, words_for
from ...backends.types import Words
from ...bitstreams import Bitstream
from ...bitstreams.encodings import from_counts
from ...chunks import chunks, in_chunks
from ..base import Floats


class BranchInputs:
    """Inputs of branches, as the currents and the conductances that enter a dendrite in each step.

    Parameters
    ----------
    n_branches
        Number of branches.
    reversal
        None: inputs are currents. A number, or one for each branch: inputs are conductances, at least 0, that pull
        the voltage towards it.

    Raises
    ------
    ValueError, TypeError
        If `reversal` is none of these.
    """

    def __init__(self, n_branches: int, reversal: ArrayLike | None) -> None:
        self.n_branches = n_branches
        self.reversal: Floats | None = None
        """``(n_branches,)``, or None for currents."""
        if reversal is not None:
            given = checks.array("reversal", reversal)
            if given.shape not in ((), (n_branches,)):
                raise ValueError(f"reversal must be a number or have shape ({n_branches},), got {given.shape}")
            self.reversal = np.broadcast_to(given, n_branches).copy()
            self.reversal.flags.writeable = False
        self.lowest = -np.inf if reversal is None else 0.0
        """The smallest input."""

    def checked(self, inputs: ArrayLike | Bitstream) -> Floats | Bitstream:
        """Inputs ``(..., n_branches)`` as numbers; streams as they are, if they are of that shape."""
        if not isinstance(inputs, Bitstream):
            return checks.array("branch_inputs", inputs, self.lowest, last=self.n_branches)
        if inputs.shape[-1:] != (self.n_branches,):
            raise ValueError(f"branch_inputs must be streams of shape (..., {self.n_branches}), got {inputs.shape}")
        return inputs

    def steps(self, inputs: ArrayLike | Bitstream) -> Floats | Bitstream:
        """Inputs ``(..., T, n_branches)`` of T steps, or streams ``(..., n_branches)`` of T cycles, `checked`."""
        found = self.checked(inputs)
        if not isinstance(found, Bitstream) and found.ndim < 2:
            raise ValueError(f"branch_inputs must have shape (..., any, {self.n_branches}), got {found.shape}")
        return found

    def pieces(self, inputs: Floats | Bitstream, shape: tuple[int, ...]) -> Iterator[tuple[slice, Floats]]:
        """Some of the steps at a time of `steps`, whose `shape` is ``(..., T)``: where they are, and their inputs."""
        step_bytes = 48 * math.prod(shape[:-1]) * (self.n_branches + 1)
        for words in chunks(words_for(shape[-1]), WORD_BITS * step_bytes):
            part = slice(WORD_BITS * words.start, min(WORD_BITS * words.stop, shape[-1]))
            if isinstance(inputs, Bitstream):
                cycles = Bitstream(inputs.words[..., words], part.stop - part.start, inputs.encoding)
                yield part, checks.array("branch_inputs", numbers_of(cycles), self.lowest)
            else:
                yield part, inputs[..., part, :]

    def entering(self, inputs: Floats, soma: Floats) -> tuple[Floats, Floats]:
        """Currents and conductances ``(..., T, n_branches + 1)`` at the branches' inputs and, last, the soma.

        Of inputs ``(..., T, n_branches)``, and currents of the soma ``(..., T)``. Where there are no conductances they
        are ``(..., 0, n_branches + 1)``.
        """
        steps = inputs.shape[:-1]
        currents = np.empty((*steps, self.n_branches + 1))
        currents[..., -1] = soma
        if self.reversal is None:
            currents[..., :-1] = inputs
            return currents, np.empty((*steps[:-1], 0, self.n_branches + 1))
        conductances = np.zeros_like(currents)
        conductances[..., :-1] = inputs
        np.multiply(inputs, self.reversal, out=currents[..., :-1])
        return currents, conductances


def steps_shape(inputs: Floats | Bitstream) -> tuple[int, ...]:
    """Shape ``(..., T)`` of inputs ``(..., T, n_branches)``, or of streams ``(..., n_branches)`` of T cycles."""
    return (*inputs.shape[:-1], inputs.length) if isinstance(inputs, Bitstream) else inputs.shape[:-1]


def soma_currents(soma_current: ArrayLike, steps: tuple[int, ...]) -> Floats:
    """Currents into the soma ``(..., T)``, given as a number, or one for each step, ``(T,)`` or ``(..., T)``."""
    soma = checks.array("soma_current", soma_current, -checks.LARGEST, checks.LARGEST)
    if soma.shape not in ((), steps[-1:], steps):
        rule = " or ".join(map(str, dict.fromkeys((steps[-1:], steps))))
        raise ValueError(f"soma_current must be a number or have shape {rule}, got {soma.shape}")
    return np.broadcast_to(soma, steps)


def numbers_of(streams: Bitstream) -> Floats:
    """Inputs ``(..., L, n_branches)`` of streams ``(..., n_branches)``.

    A 1 of a stream is an input of 1, a 0 none (bipolar: -1; split: the negative rail counts -1).
    """
    return np.swapaxes(from_counts(streams.bits().astype(np.int64), 1, streams.encoding), -1, -2)


def over_trees(run: Callable[[Floats], Floats], inputs: Floats | Bitstream) -> Floats:
    """Results ``(...)`` of `run` for `inputs`, see `BranchInputs.steps`: of some of the dendrites at a time.

    `run` maps inputs ``(S, T, n_branches)`` of S dendrites to results ``(S,)``.
    """
    batch, steps = steps_shape(inputs)[:-1], steps_shape(inputs)[-1]
    if not isinstance(inputs, Bitstream):
        flat = inputs.reshape(math.prod(batch), *inputs.shape[-2:])
        return in_chunks(run, 48 * steps * (flat.shape[-1] + 1), flat).reshape(batch)
    encoding = inputs.encoding
    words = inputs.words if encoding == "split" else inputs.words[None]
    rows = np.moveaxis(words.reshape(len(words), math.prod(batch), *words.shape[-2:]), 0, 1)

    def results(rows: Words) -> Floats:
        rails = np.ascontiguousarray(np.moveaxis(rows, 1, 0) if encoding == "split" else rows[:, 0])
        return run(numbers_of(Bitstream(rails, steps, encoding)))

    return in_chunks(results, 48 * steps * (rows.shape[-2] + 1), rows).reshape(batch)
