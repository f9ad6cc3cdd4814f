"""Inputs of the branches of a dendrite: currents or conductances, as numbers or as streams."""

import numpy as np
from numpy.typing import ArrayLike

from ... import checks
from ...bitstreams import Bitstream
from ...bitstreams.encodings import from_counts
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

    def checked(self, inputs: ArrayLike | Bitstream) -> Floats:
        """Inputs ``(..., n_branches)`` as numbers; the cycles of streams become the axis before the last.

        A 1 of a stream is an input of 1, a 0 none (bipolar: -1; split: the negative rail counts -1).
        """
        if isinstance(inputs, Bitstream):
            if inputs.shape[-1:] != (self.n_branches,):
                raise ValueError(f"branch_inputs must be streams of shape (..., {self.n_branches}), got {inputs.shape}")
            inputs = np.swapaxes(from_counts(inputs.bits().astype(np.int64), 1, inputs.encoding), -1, -2)
        return checks.array("branch_inputs", inputs, self.lowest, last=self.n_branches)

    def steps(self, inputs: ArrayLike | Bitstream) -> Floats:
        """Inputs ``(..., T, n_branches)`` of T steps, `checked`."""
        numbers = self.checked(inputs)
        if numbers.ndim < 2:
            raise ValueError(f"branch_inputs must have shape (..., any, {self.n_branches}), got {numbers.shape}")
        return numbers

    def entering(self, inputs: Floats, soma_current: ArrayLike) -> tuple[Floats, Floats]:
        """Currents and conductances ``(..., T, n_branches + 1)`` at the branches' inputs and, last, the soma.

        Of inputs ``(..., T, n_branches)``, and a current of the soma: a number, or one for each step, ``(T,)`` or
        ``(..., T)``. Where there are no conductances they are ``(..., 0, n_branches + 1)``.
        """
        soma, steps = checks.array("soma_current", soma_current, -checks.LARGEST, checks.LARGEST), inputs.shape[:-1]
        if soma.shape not in ((), steps[-1:], steps):
            rule = " or ".join(map(str, dict.fromkeys((steps[-1:], steps))))
            raise ValueError(f"soma_current must be a number or have shape {rule}, got {soma.shape}")
        currents = np.empty((*steps, self.n_branches + 1))
        currents[..., -1] = soma
        if self.reversal is None:
            currents[..., :-1] = inputs
            return currents, np.empty((*steps[:-1], 0, self.n_branches + 1))
        conductances = np.zeros_like(currents)
        conductances[..., :-1] = inputs
        currents[..., :-1] = inputs * self.reversal
        return currents, conductances
