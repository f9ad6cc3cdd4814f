"""The circuits that a choice is made from: what they cost, and which of them are of one level of cost."""

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..evaluation.task import Task
from ..layers.options import CircuitOptions
from ..networks import Network
from ..networks.circuit import Circuit
from ..networks.cost import CircuitCost, circuit_cost

OBJECTIVES: dict[str, Callable[[CircuitCost], tuple[float, float]]] = {
    "cycles": lambda cost: (cost.cycles, cost.area),
    "area": lambda cost: (cost.area, cost.cycles),
    "area-time": lambda cost: (cost.area_time, cost.cycles),
}
"""What can be made small, and what decides between equals."""
UNITS = {"cycles": "cycles", "area": "area (µm²)", "area-time": "area x time (mm² cycles)"}
"""Names of the objectives with their units."""
LEVELS_PER_OCTAVE = 2


@dataclass(frozen=True)
class Candidate:
    """A circuit that may be chosen.

    Parameters
    ----------
    task
        Its run on the held-out samples.
    cost
        What it costs.
    """

    task: Task
    cost: CircuitCost

    @property
    def circuit(self) -> str:
        """The circuit in words."""
        return circuit_text(self.task)

    def level(self, objective: str) -> int:
        """Number of its level of cost: circuits of one level cost about the same, within a factor of 1.41.

        Examples
        --------
        >>> task = Task("0.1.0", "ab", "cd", "sobol", 64)
        >>> [Candidate(task, CircuitCost(cycles, 10, 10, 5e5)).level("cycles") for cycles in (128, 127, 96, 64)]
        [14, 13, 13, 12]
        """
        return math.floor(LEVELS_PER_OCTAVE * math.log2(max(OBJECTIVES[objective](self.cost)[0], 1e-9)) + 1e-9)


def circuit_text(task: Task) -> str:
    """The circuit of a task in a few words.

    >>> circuit_text(Task("0.1.0", "ab", "cd", "sobol", (16, 8), calibration="12"))
    'sobol, L = 16-8, calibrated'
    """
    plain = {"encoding": "split", "accumulate": "sum", "bits": None}
    other = [str(getattr(task, name)) for name in ("encoding", "accumulate") if getattr(task, name) != plain[name]]
    other += [] if task.bits is None else [f"{task.bits} bits"]
    return ", ".join([task.label, *other, *(["calibrated"] if task.calibration else [])])


@dataclass(frozen=True)
class Grid:
    """Options that are combined into circuits.

    Parameters
    ----------
    lengths, generators, encodings, accumulates, bits
        Values of the options of `CircuitOptions`.
    common
        Other options, the same for all circuits.
    names
        What tells tasks of the network and the data from others: version, network, data.
    """

    lengths: tuple[int, ...]
    generators: tuple[str, ...]
    encodings: tuple[str, ...]
    accumulates: tuple[str, ...]
    bits: tuple[int | None, ...]
    common: dict[str, Any]
    names: dict[str, str]

    def candidates(self, network: Network) -> tuple[list[Candidate], dict[str, str]]:
        """The circuits of all combinations, and why others cannot be built, by their options as text.

        Raises
        ------
        ValueError, TypeError
            If not one can be built.
        """
        found: list[Candidate] = []
        refused: dict[str, str] = {}
        error: Exception | None = None
        for values in self._combinations():
            try:
                found.append(self.candidate(network, **values))
            except (ValueError, TypeError) as reason:
                error = error or reason
                refused[", ".join(str(value) for value in values.values() if value is not None)] = str(reason)
        if not found and error is not None:
            raise error
        return found, refused

    def _combinations(self) -> Iterator[dict[str, Any]]:
        names = ("generator", "length", "encoding", "accumulate", "bits")
        every = (self.generators, self.lengths, self.encodings, self.accumulates, self.bits)
        for values in itertools.product(*every):
            yield dict(zip(names, values, strict=True))

    def candidate(self, network: Network, **options: Any) -> Candidate:
        """The circuit of a network as it is mapped, with these options; an error if it cannot be built."""
        built = CircuitOptions(**options, **self.common)
        Circuit(network, built)
        return Candidate(Task.of(built, 0, **self.names), circuit_cost(network, built))


def with_lengths(network: Network, candidate: Candidate, lengths: Sequence[int]) -> Candidate:
    """The circuit with other lengths of its layers, as it is mapped."""
    task = replace(candidate.task, length=tuple(lengths), calibration="")
    return Candidate(task, circuit_cost(network, task.options()))
