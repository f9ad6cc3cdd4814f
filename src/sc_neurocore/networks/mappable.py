"""How a network becomes a stochastic circuit."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..bitstreams.encodings import Encoding
from ..encoders import Generator
from ..layers.options import CircuitOptions
from .circuit import Circuit
from .definition import NetworkDefinition
from .describe import describe


@dataclass(frozen=True, eq=False, repr=False)
class Mappable(NetworkDefinition):
    """A network that becomes a stochastic circuit: any, or the one that it is calibrated for."""

    def circuit(
        self, length: int | Sequence[int] | None = None, generator: str | Generator | None = None, **options: Any
    ) -> Circuit:
        """Build this network as a stochastic circuit with streams of `length` cycles.

        A calibrated network becomes the circuit that it is calibrated for, and needs no argument.

        Parameters
        ----------
        length
            Clock cycles, of every layer or one number a layer.
        generator
            Number generator of the input streams; weights take its decorrelated partner. None: ``"searched"``.
        options
            Other fields of `CircuitOptions`.

        Raises
        ------
        ValueError, TypeError
            If an option is wrong, the network cannot be built with it, or it is calibrated for another one: `ideal`
            takes any.
        """
        return Circuit(self, self._options(length, generator, options))

    def _options(
        self, length: int | Sequence[int] | None, generator: str | Generator | None, options: dict[str, Any]
    ) -> CircuitOptions:
        """Options of a circuit: those that are given, others as the network is calibrated for, or by default."""
        named = {"length": length, "generator": generator}
        given: dict[str, Any] = {name: value for name, value in named.items() if value is not None} | options
        if self.calibration is not None:
            return CircuitOptions(**self.calibration.options.keywords() | given)
        if length is None:
            raise TypeError("length must be an integer of at least 1, got None, in a network that is not calibrated")
        return CircuitOptions(**given)

    def describe(
        self,
        length: int | Sequence[int] | None = None,
        encoding: Encoding | None = None,
        generator: str | Generator | None = None,
    ) -> str:
        """The circuit's cost as a table: streams, gates, cycles, memory of the packed streams.

        Of a calibrated network it is the circuit that it is calibrated for; below the table stands, for each layer,
        what its circuit has that the plain one has not.

        Parameters
        ----------
        length
            Stream length in clock cycles; None: 256, or as calibrated.
        encoding
            Encoding of the circuit; split streams count twice. None: ``"split"``, or as calibrated.
        generator
            Makes the numbers of all streams; the last line says what it is as a circuit. None: ``"searched"``, or as
            calibrated.

        Raises
        ------
        ValueError, TypeError
            As `circuit`.
        """
        if self.calibration is None and length is None:
            length = 256
        return describe(self, self._options(length, generator, {} if encoding is None else {"encoding": encoding}))
