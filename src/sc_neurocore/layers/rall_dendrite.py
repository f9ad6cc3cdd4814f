"""A passive dendritic tree: the soma's voltage under currents or conductances on its branches."""

from operator import attrgetter
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .. import checks
from ..backends import checked_backend, choose
from ..bitstreams import Bitstream
from .base import Floats
from .dendrites.branch_inputs import BranchInputs, over_trees, soma_currents, steps_shape
from .dendrites.tree import SOMA, DendriticTree, Ends, Places
from .describing import described, in_notebook
from .turns import Turns, in_turn

_AT_SOMA = np.array([SOMA])
_NOWHERE = np.empty(0, np.int64)


class RallDendrite:
    """A soma and branches of RC compartments; each branch is driven at its outermost compartment.

    ::

        branch 0, 3 compartments                  branch 1, a child of 0
                                              +--- 2k ---( )--- k ---( )--- k ---( )<-- input 1
        soma --- 2k ---( )--- k ---( )--- k ---( )--- 2k ---+
          |                                ^                +--- 2k ---( )--- ..   branch 2
          +--- 2k ---( )--- ..          input 0

        ( ): capacity s and leak s / tau to rest, s = d ** 1.5;  k = coupling * s

    Parameters
    ----------
    n_branches
        Number of branches.
    branch_length
        Compartments of each branch.
    tau
        Membrane time constant in ms, above 0.
    coupling
        Axial rate constant in [0, 1], 1/ms: how fast neighbours even out. The length constant is
        ``sqrt(coupling * tau)`` compartments, in every branch and for every `dt`.
    dt
        Time step in ms, above 0; inputs are constant within a step. It may be set.
    diameters
        ``(n_branches,)`` in [1e-6, 1e6]. A compartment is always the same fraction of its own branch's length
        constant, which grows as d ** 0.5, so that membrane and axial conductance grow as d ** 1.5. None: 1 at
        the soma, and at every branch point equal children that obey Rall's 3/2 power rule,
        ``d_parent ** 1.5 == sum(d_child ** 1.5)``.
    topology
        ``(n_branches,)`` integers: the branch from whose end each branch springs, -1 for the soma. None: all
        spring from the soma.
    ends
        ``"sealed"``: no current leaves through a tip. ``"open"``: a tip is held at rest (a killed end).
    soma_size
        Membrane of the soma in compartments of diameter 1, at least 0.
    reversal
        None: branch inputs are currents. A number, or one for each branch: branch inputs are conductances
        g >= 0 in 1/ms, which pull the voltage towards it with a current g (reversal - v), and saturate.
    backend
        Backend that runs the kernels, see `sc_neurocore.backends.choose`.

    Raises
    ------
    ValueError, TypeError
        If an argument is outside its range or of a wrong type, or `topology` has a loop.

    Notes
    -----
    Voltages count from rest. A current of 1 raises a compartment of diameter 1 by 1 a ms, as long as nothing
    flows off. To drive a place inside a branch, make the branch of two: a lone child of the same diameter
    continues its parent as if there was no branch point.

    Each step is TR-BDF2 solved by Hines' elimination, exact for the compartments in O(compartments): stable for
    every dt, of second order in dt. What is too fast for the step does not ring: it may change its sign from step
    to step, but keeps at most (sqrt(2) - 1) / 2 = .21 of itself (a conductance above 2.4 s / dt may pass
    its reversal by so much). Attenuation is of second order in the compartments' length. Charge is conserved:
    the sum of all s v changes by the inputs and the leak only.

    References
    ----------
    W. Rall, "Theory of physiological properties of dendrites", Annals of the New York Academy of Sciences 96(4),
    1962, https://doi.org/10.1111/j.1749-6632.1962.tb54120.x (the 3/2 power rule); "Electrophysiology of a dendritic
    neuron model", Biophysical Journal 2(2), 1962, https://doi.org/10.1016/S0006-3495(62)86953-7.
    M. Hines, "Efficient computation of branched nerve equations", International Journal of Bio-Medical
    Computing 15(1), 1984, https://doi.org/10.1016/0020-7101(84)90008-4.
    M. E. Hosea, L. F. Shampine, "Analysis and implementation of TR-BDF2", Applied Numerical Mathematics 20,
    1996, https://doi.org/10.1016/0168-9274(95)00115-8.

    Examples
    --------
    >>> dendrite = RallDendrite(n_branches=3, topology=[-1, 0, 0])
    >>> dendrite.diameters.round(3)
    array([1.  , 0.63, 0.63])
    >>> pulse = np.zeros((6, 3))
    >>> pulse[0, 1] = 1.0
    >>> (1000 * dendrite.run(pulse)).round(1)
    array([0. , 0.2, 1. , 2.8, 5.6, 8.9])
    >>> dendrite.branch_voltages.shape
    (3, 3)
    """

    def __init__(
        self, n_branches: int = 4, branch_length: int = 3, tau: float = 10.0, coupling: float = 0.5, dt: float = 1.0, *,
        diameters: ArrayLike | None = None, topology: ArrayLike | None = None, ends: Ends = "sealed",
        soma_size: float = 1.0, reversal: ArrayLike | None = None, backend: str | None = None,
    ) -> None:  # fmt: skip
        self._tree = DendriticTree(n_branches, branch_length, tau, coupling, diameters, topology, ends, soma_size)
        self.dt = dt
        self._inputs = BranchInputs(self.n_branches, reversal)
        self._backend, self._turns = checked_backend(backend), Turns()
        self.reset()

    _v: Floats
    n_branches = property(attrgetter("_tree.n_branches"))
    branch_length = property(attrgetter("_tree.branch_length"))
    tau = property(attrgetter("_tree.tau"))
    coupling = property(attrgetter("_tree.coupling"))
    topology = property(attrgetter("_tree.topology"))
    ends = property(attrgetter("_tree.ends"))
    soma_size = property(attrgetter("_tree.soma_size"))
    diameters = property(attrgetter("_tree.diameters"), doc="``(n_branches,)``, given or derived.")
    length_constant = property(attrgetter("_tree.length_constant"), doc="See `DendriticTree.length_constant`.")
    reversal = property(attrgetter("_inputs.reversal"), doc="``(n_branches,)`` of conductances; None for currents.")

    def _set_dt(self, dt: float) -> None:
        self._dt = checks.positive("dt", dt)

    dt = property(attrgetter("_dt"), _set_dt, doc="Time step in ms; may be set.")

    def step(self, branch_inputs: ArrayLike | Bitstream, *, soma_current: float = 0.0) -> float | Floats:
        """One time step, or one for every cycle of given streams.

        Every sample of a batch has voltages of its own; from there on, inputs have these batch axes until `reset`.

        Parameters
        ----------
        branch_inputs
            Currents or conductances ``(..., n_branches)``, or a `Bitstream` of this shape whose cycles are steps:
            a 1 is an input of 1, a 0 none (bipolar: -1; split: the negative rail counts -1).
        soma_current
            Current into the soma.

        Returns
        -------
        float or ndarray
            Voltage of the soma after the last step, ``(...)`` of a batch.

        Raises
        ------
        ValueError, TypeError
            If the inputs have the wrong shape, are not finite, or are conductances below 0.
        """
        inputs = self._inputs.checked(branch_inputs)
        self._advance(inputs if isinstance(inputs, Bitstream) else inputs[..., None, :], soma_current, _NOWHERE)
        return self.soma_v

    __call__ = step

    def run(self, branch_inputs: ArrayLike | Bitstream, *, soma_current: ArrayLike = 0.0) -> Floats:
        """Voltage of the soma ``(..., T)`` after each of T steps; batch axes and errors are as for `step`.

        Parameters
        ----------
        branch_inputs
            ``(..., T, n_branches)``, numbers or bits, or a `Bitstream` of shape ``(..., n_branches)`` and length T.
        soma_current
            Current into the soma: a number, or one for each step, ``(T,)`` or ``(..., T)``.
        """
        return self._advance(self._inputs.steps(branch_inputs), soma_current)[..., 0]

    def record(self, branch_inputs: ArrayLike | Bitstream, *, soma_current: ArrayLike = 0.0) -> Floats:
        """Voltages ``(..., T, n_branches, branch_length)`` of all compartments after each of T steps, see `run`."""
        nodes = self._tree.nodes
        traces = self._advance(self._inputs.steps(branch_inputs), soma_current, nodes.ravel())
        return traces.reshape(*traces.shape[:-1], *nodes.shape)

    def expected(self, branch_inputs: ArrayLike, *, soma_current: float = 0.0) -> Floats:
        """Voltage ``(...)`` at which the soma settles if inputs ``(..., n_branches)`` last.

        For currents it is also what the mean of `run` tends to for streams of these values.
        """
        inputs = checks.array("branch_inputs", branch_inputs, self._inputs.lowest, last=self.n_branches)
        flat = inputs.reshape(-1, self.n_branches)
        entering = self._inputs.entering(flat, soma_currents(soma_current, flat.shape[:1]))
        at_once = self._tree.cable._replace(capacity=(rest := self._tree.at_rest()))  # without it a step settles
        settled = choose(self._backend).cable(at_once, self.dt, rest, self._tree.sites, *entering, _AT_SOMA)[0]
        return np.asarray(settled).reshape(inputs.shape[:-1])

    def response(self, branch_inputs: ArrayLike | Bitstream, *, hold: int = 1) -> Floats:
        """Voltage ``(...)`` of a soma that was at rest, after the last step; this dendrite stays as it is.

        So a batch of windows of streams may be read at once, and from several threads; see `DendriteLayer`. Errors
        are those of `step`.

        Parameters
        ----------
        branch_inputs
            ``(..., T, n_branches)``, numbers or bits, or a `Bitstream` of shape ``(..., n_branches)`` and
            length T, whose cycles are steps as in `step`.
        hold
            Steps that each of the T inputs lasts.
        """
        hold, inputs = checks.count("hold", hold, 1), self._inputs.steps(branch_inputs)

        def voltages(rows: Floats) -> Floats:
            numbers = checks.array("branch_inputs", rows, self._inputs.lowest)
            entering = self._inputs.entering(numbers, np.zeros(rows.shape[:-1]))
            return self._tree.run_from_rest(self.dt, hold, entering, _AT_SOMA, self._backend)[..., 0]

        return over_trees(voltages, inputs)

    @in_turn
    def _advance(self, inputs: Floats | Bitstream, soma_current: ArrayLike, probes: Places = _AT_SOMA) -> Floats:
        """Voltages ``(..., T, P)`` of the nodes `probes` under `inputs`, see `BranchInputs.steps`."""
        shape, held = steps_shape(inputs), self._v.shape[:-1]
        if held not in ((), shape[:-1]):
            rule = f"branch_inputs must have the batch axes {held} of the voltages until reset()"
            raise ValueError(f"{rule}, got {shape[:-1]}")
        soma = soma_currents(soma_current, shape)
        v, out = np.broadcast_to(self._v, (*shape[:-1], self._v.shape[-1])), np.empty((*shape, len(probes)))
        for part, piece in self._inputs.pieces(inputs, shape):
            entering = self._inputs.entering(piece, soma[..., part])
            out[..., part, :], v = self._tree.run(v, self.dt, entering, probes, self._backend)
        self._v = v if shape[-1] else v.copy()
        return out

    @property
    def branch_voltages(self) -> Floats:
        """A copy ``(..., n_branches, branch_length)``, the compartments next to the soma first."""
        return self._v[..., self._tree.nodes]

    @property
    def soma_v(self) -> float | Floats:
        """Voltage of the soma, ``(...)`` of a batch: a copy."""
        return _number(self._v[..., SOMA])

    @in_turn
    def reset(self, *, weights: bool = False) -> None:
        """All voltages back to rest, 0, and batch axes forgotten; there are no weights to forget."""
        checks.flag("weights", weights)
        self._v = self._tree.at_rest()

    def state_dict(self) -> dict[str, Any]:
        """The complete state, for `load_state_dict`."""
        return {"branch_voltages": self.branch_voltages, "soma_v": self.soma_v}

    @in_turn
    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore a `state_dict` of a tree of the same shape; nothing changes if it does not fit."""
        checks.state_keys(state, self.state_dict().keys())
        self._v = self._tree.voltages(state["branch_voltages"], state["soma_v"])

    describe = described
    _repr_html_ = in_notebook

    def __repr__(self) -> str:
        inputs = "currents" if self.reversal is None else "conductances"
        return (
            f"{type(self).__name__}({self.n_branches} x {self.branch_length} compartments, tau={self.tau:g}, "
            f"coupling={self.coupling:g}, dt={self.dt:g}, ends={self.ends!r}, inputs={inputs!r}, "
            f"backend={choose(self._backend).name!r})"
        )


def _number(values: Floats) -> float | Floats:
    """A copy of voltages, one without axes as a float."""
    return values.copy() if values.ndim else float(values)
