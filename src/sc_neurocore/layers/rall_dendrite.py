"""A passive dendritic tree: what currents or conductances on its branches do at the soma."""

import math
from typing import Any, Literal, cast, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import checks
from ..backends import compiled
from ..backends.reference import Tree
from ..bitstreams import Bitstream
from ..bitstreams.encodings import from_counts
from .base import Floats

Ends = Literal["sealed", "open"]
_SOMA, _NO_BRANCH = 0, -1
_THINNEST, _THICKEST = 1e-6, 1e6


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
        Time step in ms, above 0; inputs are constant within a step.
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
    W. Rall, "Electrophysiology of a dendritic neuron model", Biophysical Journal 2(2), 1962,
    https://doi.org/10.1016/S0006-3495(62)86953-7.
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

    _v: Floats

    def __init__(
        self,
        n_branches: int = 4,
        branch_length: int = 3,
        tau: float = 10.0,
        coupling: float = 0.5,
        dt: float = 1.0,
        *,
        diameters: ArrayLike | None = None,
        topology: ArrayLike | None = None,
        ends: Ends = "sealed",
        soma_size: float = 1.0,
        reversal: ArrayLike | None = None,
    ) -> None:
        self.n_branches = n = checks.whole("n_branches", n_branches, 1)
        self.branch_length = checks.whole("branch_length", branch_length, 1)
        self.tau = checks.positive("tau", tau)
        self.coupling = checks.real("coupling", coupling, 0, 1)
        self.dt = checks.positive("dt", dt)
        self.topology = _checked_topology(topology, n)
        depth, size = _lineage(self.topology)
        if diameters is not None:
            size = checks.array("diameters", diameters, _THINNEST, _THICKEST, shape=(n,)) ** 1.5
        self.diameters = size ** (2 / 3)
        """``(n_branches,)``, given or derived."""
        self.ends = cast(Ends, checks.option("ends", ends, get_args(Ends)))
        self.soma_size = checks.real("soma_size", soma_size, 0, _THICKEST)
        self.reversal = None if reversal is None else _per_branch("reversal", reversal, n)
        self._lowest = -np.inf if reversal is None else 0.0
        self._tree, self._nodes = self._wired(depth, size)
        self._sites = np.append(self._nodes[:, -1], _SOMA)
        self.reset()

    def _wired(self, depth: NDArray[np.int64], size: Floats) -> tuple[Tree, NDArray[np.int64]]:
        """The tree for the kernel, and the node of each compartment.

        A branch with children has one node more, for its branch point, which has no membrane.
        """
        last = self.branch_length
        place = depth[:, None] * (last + 1) + np.arange(last + 1)
        exists = np.ones(place.shape, bool)
        exists[:, last] = forks = np.isin(np.arange(self.n_branches), self.topology)
        # Numbered by distance from the soma, parents come first and the chains of a level interleave: fast.
        numbers = np.empty(place.shape, np.int64)
        numbers[exists] = 1 + np.argsort(np.argsort(place[exists], kind="stable"))

        membrane = np.repeat(size[:, None], last + 1, axis=1)
        membrane[:, last] = 0.0
        leak = membrane / self.tau
        axial = np.repeat(self.coupling * size[:, None], last + 1, axis=1)
        axial[:, [0, last]] *= 2  # half a compartment from its middle to its end
        if self.ends == "open":
            leak[~forks, last - 1] += 2 * self.coupling * size[~forks]
        before = np.empty(place.shape, np.int64)
        before[:, 1:] = numbers[:, :-1]
        before[:, 0] = np.where(self.topology == _NO_BRANCH, _SOMA, numbers[self.topology, last])

        def by_node(soma: Any, others: NDArray[Any]) -> NDArray[Any]:
            values = np.full(1 + int(exists.sum()), soma, others.dtype)
            values[numbers[exists]] = others[exists]
            return values

        capacity = by_node(self.soma_size, membrane)
        leaks = by_node(self.soma_size / self.tau, leak)
        if self.coupling == 0:
            leaks[capacity == 0] = 1.0  # nothing else would define a voltage there
        return Tree(by_node(_SOMA, before), capacity, leaks, by_node(0.0, axial)), numbers[:, :last].copy()

    # ------------------------------------------------------------ what it does

    def step(self, branch_inputs: ArrayLike | Bitstream, *, soma_current: float = 0.0) -> float:
        """One time step, or one for every cycle of given streams.

        Parameters
        ----------
        branch_inputs
            Currents or conductances ``(n_branches,)``, or a `Bitstream` of this shape whose cycles are steps:
            a 1 is an input of 1, a 0 none (bipolar: -1; split: the negative part counts -1).
        soma_current
            Current into the soma.

        Returns
        -------
        float
            Voltage of the soma after the last step.

        Raises
        ------
        ValueError, TypeError
            If the inputs have the wrong shape, are not finite, or are conductances below 0.
        """
        inputs = branch_inputs
        if not isinstance(inputs, Bitstream):
            inputs = checks.array("branch_inputs", inputs, self._lowest, shape=(self.n_branches,))[None]
        return float(self._advance(inputs, soma_current, _AT_SOMA)[-1, 0])

    def run(self, branch_inputs: ArrayLike | Bitstream, *, soma_current: ArrayLike = 0.0) -> Floats:
        """Voltage of the soma ``(T,)`` after each of T steps.

        Parameters
        ----------
        branch_inputs
            ``(T, n_branches)``, numbers or bits, or a `Bitstream` of shape ``(n_branches,)`` and length T.
        soma_current
            Current into the soma: a number, or one for each step ``(T,)``.

        Raises
        ------
        ValueError, TypeError
            As for `step`.
        """
        return self._advance(branch_inputs, soma_current, _AT_SOMA)[:, 0]

    def record(self, branch_inputs: ArrayLike | Bitstream, *, soma_current: ArrayLike = 0.0) -> Floats:
        """As `run`, but the voltages ``(T, n_branches, branch_length)`` of all compartments."""
        return self._advance(branch_inputs, soma_current, self._nodes.ravel()).reshape(-1, *self._nodes.shape)

    def expected(self, branch_inputs: ArrayLike, *, soma_current: float = 0.0) -> Floats:
        """Voltage ``(...)`` at which the soma settles if inputs ``(..., n_branches)`` last.

        For currents it is also what the mean of `run` tends to for streams of these values.
        """
        inputs = checks.array("branch_inputs", branch_inputs, self._lowest, last=self.n_branches)
        source, conductance = self._drive(inputs.reshape(-1, self.n_branches), soma_current)
        at_once = self._tree._replace(capacity=np.zeros_like(self._v))  # without capacity a step settles
        out, _ = compiled.cable(at_once, self.dt, self._v, self._sites, source, conductance, _AT_SOMA)
        return out.reshape(inputs.shape[:-1])

    def response(self, branch_inputs: ArrayLike | Bitstream, *, hold: int = 1) -> Floats:
        """Voltage ``(...)`` of a soma that was at rest, after the last step; this dendrite stays as it is.

        Parameters
        ----------
        branch_inputs
            ``(..., T, n_branches)``, numbers or bits, or a `Bitstream` of shape ``(..., n_branches)`` and
            length T.
        hold
            Steps that each of the T inputs lasts.

        Raises
        ------
        ValueError, TypeError
            As for `step`.
        """
        hold = checks.whole("hold", hold, 1)
        numbers = self._numbers(branch_inputs)
        numbers = checks.array("branch_inputs", numbers, self._lowest, last=self.n_branches)
        if numbers.ndim < 2:
            raise ValueError(f"branch_inputs must have shape (..., any, {self.n_branches}), got {numbers.shape}")
        batch, steps = numbers.shape[:-2], numbers.shape[-2]
        rows = math.prod(batch)
        source, conductance = self._drive(numbers.reshape(rows * steps, self.n_branches), 0.0)
        sites = self.n_branches + 1
        source = source.reshape(rows, steps, sites)
        conductance = conductance.reshape(rows, 0 if self.reversal is None else steps, sites)
        out = compiled.cables(self._tree, self.dt, hold, self._sites, source, conductance, _AT_SOMA)
        return out.reshape(batch)

    def _numbers(self, inputs: ArrayLike | Bitstream) -> ArrayLike:
        """Inputs ``(..., T, n_branches)``; a stream's cycles are steps."""
        if not isinstance(inputs, Bitstream):
            return inputs
        return np.swapaxes(from_counts(inputs.bits().astype(np.int64), 1, inputs.encoding), -1, -2)

    def _advance(self, inputs: ArrayLike | Bitstream, soma_current: ArrayLike, probes: NDArray[np.int64]) -> Floats:
        if isinstance(inputs, Bitstream) and inputs.shape != (self.n_branches,):
            raise ValueError(f"branch_inputs must be streams of shape ({self.n_branches},), got {inputs.shape}")
        numbers = checks.array("branch_inputs", self._numbers(inputs), self._lowest, shape=(None, self.n_branches))
        source, conductance = self._drive(numbers, soma_current)
        out, self._v = compiled.cable(self._tree, self.dt, self._v, self._sites, source, conductance, probes)
        return out

    def _drive(self, inputs: Floats, soma_current: ArrayLike) -> tuple[Floats, Floats]:
        """Currents and conductances at the branches' inputs and the soma, ``(T, n_branches + 1)`` each."""
        soma = checks.array("soma_current", soma_current)
        if soma.shape not in ((), (len(inputs),)):
            raise ValueError(f"soma_current must be a number or have shape ({len(inputs)},), got {soma.shape}")
        source = np.empty((len(inputs), self.n_branches + 1))
        source[:, -1] = soma
        if self.reversal is None:
            source[:, :-1] = inputs
            return source, np.empty((0, self.n_branches + 1))
        conductance = np.zeros_like(source)
        conductance[:, :-1] = inputs
        source[:, :-1] = inputs * self.reversal
        return source, conductance

    # ------------------------------------------------------------ state

    @property
    def branch_voltages(self) -> Floats:
        """A copy ``(n_branches, branch_length)``, the compartments next to the soma first."""
        return self._v[self._nodes]

    @property
    def soma_v(self) -> float:
        """Voltage of the soma."""
        return float(self._v[_SOMA])

    @property
    def length_constant(self) -> float:
        """Compartments over which a steady voltage falls to 1 / e in an endless branch."""
        return float(np.sqrt(self.coupling * self.tau))

    def reset(self) -> None:
        """All voltages back to rest, 0."""
        self._v = np.zeros(len(self._tree.parent))

    def state_dict(self) -> dict[str, Any]:
        """What `load_state_dict` needs to go on from here."""
        return {"branch_voltages": self.branch_voltages, "soma_v": self.soma_v}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over a `state_dict` of a tree of the same shape; nothing changes if it does not fit."""
        missing = sorted(self.state_dict().keys() - state.keys())
        unknown = sorted(state.keys() - self.state_dict().keys())
        if missing or unknown:
            raise ValueError(f"state must have the keys of state_dict(); missing {missing}, unknown {unknown}")
        branches = checks.array("branch_voltages", state["branch_voltages"], shape=self._nodes.shape)
        soma = checks.array("soma_v", state["soma_v"], shape=())
        self._v[self._nodes], self._v[_SOMA] = branches, soma

    def __repr__(self) -> str:
        inputs = "currents" if self.reversal is None else "conductances"
        return (
            f"{type(self).__name__}({self.n_branches} x {self.branch_length} compartments, tau={self.tau:g}, "
            f"coupling={self.coupling:g}, dt={self.dt:g}, ends={self.ends!r}, inputs={inputs!r}, backend='numba')"
        )


_AT_SOMA = np.array([_SOMA])


def _per_branch(name: str, value: ArrayLike, n: int) -> Floats:
    numbers = checks.array(name, value)
    if numbers.shape not in ((), (n,)):
        raise ValueError(f"{name} must be a number or have shape ({n},), got {numbers.shape}")
    return np.broadcast_to(numbers, n).copy()


def _checked_topology(topology: ArrayLike | None, n: int) -> NDArray[np.int64]:
    if topology is None:
        return np.full(n, _NO_BRANCH)
    numbers = checks.array("topology", topology, _NO_BRANCH, n - 1, shape=(n,))
    if np.any(numbers % 1):
        raise ValueError(f"topology must be integers, got {numbers[numbers % 1 != 0][0]}")
    return numbers.astype(np.int64)


def _lineage(topology: NDArray[np.int64]) -> tuple[NDArray[np.int64], Floats]:
    """Branches between each branch and the soma, and d ** 1.5 by the power rule with equal children."""
    n = len(topology)
    children = np.bincount(topology + 1, minlength=n + 1)[1:]
    depth, size, ancestor = np.zeros(n, np.int64), np.ones(n), topology.copy()
    while (above := ancestor != _NO_BRANCH).any():
        depth += above
        if depth.max() == n:
            at = depth.argmax()
            raise ValueError(f"topology must lead every branch to the soma (-1), branch {at} is on a loop or above one")
        size[above] /= children[ancestor[above]]
        ancestor[above] = topology[ancestor[above]]
    return depth, size
