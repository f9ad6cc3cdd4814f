"""A dendritic tree as a cable of compartments: its topology, diameters, and numbering of nodes."""

import math
from typing import Any, Literal, cast, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ... import checks
from ...backends import choose
from ...backends.types import Tree
from ..base import Floats

Ends = Literal["sealed", "open"]
SOMA = 0
"""Node of the soma."""
AT_SOMA = -1
"""In a topology: a branch that springs from the soma."""

_THINNEST, _THICKEST = 1e-6, 1e6

Places = NDArray[np.int64]


class DendriticTree:
    """The compartments of a soma and its branches, as nodes of a cable with capacities, leaks and axial conductances.

    ::

        soma --- 2k ---( )--- k ---( )--- k ---( )--- 2k ---+--- 2k ---( )--- ..
                                                            +--- 2k ---( )--- ..

        ( ): capacity s and leak s / tau to rest, s the size of the branch;  k = coupling * s

    A branch with children has one node more, for its branch point, which has no membrane.

    Parameters
    ----------
    n_branches, branch_length, tau, coupling, diameters, topology, ends, soma_size
        As for `RallDendrite`.

    Raises
    ------
    ValueError, TypeError
        If an argument is outside its range or of a wrong type, or `topology` has a loop.

    Attributes
    ----------
    cable
        The numbers of the cable equation, for the kernels.
    nodes
        Node of each compartment ``(n_branches, branch_length)``.
    sites
        Nodes at which inputs enter ``(n_branches + 1,)``: the tips of the branches, and the soma.
    """

    def __init__(
        self,
        n_branches: int,
        branch_length: int,
        tau: float,
        coupling: float,
        diameters: ArrayLike | None,
        topology: ArrayLike | None,
        ends: Ends,
        soma_size: float,
    ) -> None:
        self.n_branches = n = checks.count("n_branches", n_branches, 1)
        self.branch_length = checks.count("branch_length", branch_length, 1)
        self.tau = checks.positive("tau", tau)
        self.coupling = checks.real("coupling", coupling, 0, 1)
        self.topology = checked_topology(topology, n)
        if diameters is None:
            sizes, kernels = matched_sizes(self.topology), choose()
            self.diameters: Floats = kernels.exp(kernels.log(sizes) * (2 / 3))
        else:
            self.diameters = checks.array("diameters", diameters, _THINNEST, _THICKEST, shape=(n,))
            sizes = self.diameters * np.sqrt(self.diameters)
        self.diameters.flags.writeable = self.topology.flags.writeable = False  # the cable is made of them now
        self.ends = cast(Ends, checks.option("ends", ends, get_args(Ends)))
        self.soma_size = checks.real("soma_size", soma_size, 0, _THICKEST)
        self._wire(sizes)

    def _wire(self, sizes: Floats) -> None:
        """Nodes and cable of branches, given each branch's membrane area relative to a diameter of 1."""
        topology, last, coupling = self.topology, self.branch_length, self.coupling
        place = depths(topology)[:, None] * (last + 1) + np.arange(last + 1)
        exists = np.ones(place.shape, bool)
        exists[:, last] = forks = np.isin(np.arange(len(topology)), topology)
        # Numbered by distance from the soma, parents come first and the chains of a level interleave: fast.
        numbers = np.empty(place.shape, np.int64)
        numbers[exists] = 1 + np.argsort(np.argsort(place[exists], kind="stable"))

        membrane = np.repeat(sizes[:, None], last + 1, axis=1)
        membrane[:, last] = 0.0
        leak = membrane / self.tau
        axial = np.repeat(coupling * sizes[:, None], last + 1, axis=1)
        axial[:, [0, last]] *= 2  # half a compartment from its middle to its end
        if self.ends == "open":
            leak[~forks, last - 1] += 2 * coupling * sizes[~forks]
        before = np.empty(place.shape, np.int64)
        before[:, 1:] = numbers[:, :-1]
        before[:, 0] = np.where(topology == AT_SOMA, SOMA, numbers[topology, last])

        def by_node(soma: Any, others: NDArray[Any]) -> NDArray[Any]:
            values = np.full(1 + int(exists.sum()), soma, others.dtype)
            values[numbers[exists]] = others[exists]
            return values

        capacity = by_node(self.soma_size, membrane)
        leaks = by_node(self.soma_size / self.tau, leak)
        if coupling == 0:
            leaks[capacity == 0] = 1.0  # nothing else would define a voltage there
        self.cable = Tree(by_node(SOMA, before), capacity, leaks, by_node(0.0, axial))
        self.nodes: Places = numbers[:, :last].copy()
        self.sites: Places = np.append(self.nodes[:, -1], SOMA)

    @property
    def length_constant(self) -> float:
        """Compartments over which a steady voltage falls to 1 / e in an infinitely long branch."""
        return float(np.sqrt(self.coupling * self.tau))

    def at_rest(self, batch: tuple[int, ...] = ()) -> Floats:
        """Voltages ``(*batch, N)`` of all nodes at rest: zeros."""
        return np.zeros((*batch, len(self.cable.parent)))

    def voltages(self, branch_voltages: ArrayLike, soma_v: ArrayLike) -> Floats:
        """Voltages ``(..., N)`` of all nodes: of compartments ``(..., n_branches, branch_length)``, and the soma's.

        Branch points have no membrane, so theirs do not count. A ValueError says what does not fit.
        """
        branches, shape = checks.array("branch_voltages", branch_voltages), self.nodes.shape
        if branches.shape[-2:] != shape:
            raise ValueError(f"branch_voltages must have shape (..., {shape[0]}, {shape[1]}), got {branches.shape}")
        v = self.at_rest(branches.shape[:-2])
        v[..., SOMA] = checks.array("soma_v", soma_v, shape=branches.shape[:-2])
        v[..., self.nodes] = branches
        return v

    def run(
        self, v: Floats, dt: float, entering: tuple[Floats, Floats], probes: Places, backend: str | None
    ) -> tuple[Floats, Floats]:
        """Voltages ``(..., T, P)`` of the nodes `probes` after each of T steps, and of all nodes ``(..., N)`` at last.

        They start from `v` ``(..., N)``; currents and conductances ``(..., T, n_branches + 1)`` are `entering`.
        """
        batch, cable = v.shape[:-1], choose(backend).cable
        traces = np.empty((*entering[0].shape[:-1], len(probes)))
        last = np.empty_like(v)
        for row in np.ndindex(batch):
            currents, conductances = (each[row] for each in entering)
            traces[row], last[row] = cable(self.cable, dt, v[row], self.sites, currents, conductances, probes)
        return traces, last

    def run_from_rest(
        self, dt: float, hold: int, entering: tuple[Floats, Floats], probes: Places, backend: str | None
    ) -> Floats:
        """Voltages ``(..., P)`` of the nodes `probes` after T inputs of `hold` steps each, as for `run`, from rest."""
        batch = entering[0].shape[:-2]
        currents, conductances = (each.reshape(math.prod(batch), *each.shape[-2:]) for each in entering)
        out: Floats = choose(backend).cables(self.cable, dt, hold, self.sites, currents, conductances, probes)
        return out.reshape(*batch, len(probes))


def checked_topology(topology: ArrayLike | None, n: int) -> Places:
    """The branch from whose end each of n branches springs, `AT_SOMA` for the soma; None: all spring from the soma.

    Raises
    ------
    ValueError, TypeError
        If it is no array of n such integers, or has a loop.
    """
    if topology is None:
        return np.full(n, AT_SOMA)
    given = checks.array("topology", topology, AT_SOMA, n - 1, shape=(n,))
    if np.any(given % 1):
        raise ValueError(f"topology must be integers, got {given[given % 1 != 0][0]}")
    parents = given.astype(np.int64)
    depths(parents)
    return parents


def depths(topology: Places) -> Places:
    """Branches between each branch and the soma ``(n,)``, or an error if there is a loop."""
    depth, ancestor = np.zeros(len(topology), np.int64), topology.copy()
    while (above := ancestor != AT_SOMA).any():
        depth += above
        if depth.max() == len(topology):
            at = depth.argmax()
            raise ValueError(f"topology must lead every branch to the soma (-1), branch {at} is on a loop or above one")
        ancestor[above] = topology[ancestor[above]]
    return depth


def matched_sizes(topology: Places) -> Floats:
    """Sizes d ** 1.5 of branches that obey Rall's 3/2 power rule, with equal children and 1 next to the soma.

    >>> matched_sizes(np.array([-1, 0, 0]))
    array([1. , 0.5, 0.5])
    """
    n = len(topology)
    children = np.bincount(topology + 1, minlength=n + 1)[1:]
    size, ancestor = np.ones(n), topology.copy()
    while (above := ancestor != AT_SOMA).any():
        size[above] /= children[ancestor[above]]
        ancestor[above] = topology[ancestor[above]]
    return size
