"""How a network becomes a stochastic circuit."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, Self, get_args

from numpy.typing import ArrayLike

from .. import checks
from ..bitstreams.encodings import Encoding
from ..encoders import Generator
from ..layers.options import CircuitOptions
from ..layers.weight_share import WeightShare
from .calibrating import STEPS, calibrated, least_lengths, plain_mappings, shared_lengths
from .calibrating.search import Progress
from .calibration import Calibration, Products
from .circuit import Circuit
from .definition import NetworkDefinition
from .describe import checked_width, described
from .drawing import page, pictured, plotted
from .fixed_point import FixedPoint

if TYPE_CHECKING:
    from matplotlib.axes import Axes


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

    def calibrate(
        self,
        x: ArrayLike,
        *,
        length: int | Sequence[int] | Literal["auto"] = 8,
        cycles: int | None = None,
        generator: str = "searched",
        without: Collection[str] = (),
        products: Products = "streams",
        seed: int = 0,
        clip: bool = False,
        progress: Progress | None = None,
        **options: Any,
    ) -> Self:
        """This network with the mapping that suits one circuit best: for short streams, and without training.

        Ceilings, ranges of the weights, number sequences, thresholds and offsets are chosen layer by layer, on samples
        without labels, by how often the circuit decides as the float network does. Only what is put into comparators,
        which sequences it meets and how counts are read changes; see ``docs/calibration.md``.

        Parameters
        ----------
        x
            Samples ``(N, n_inputs)``, N at least 2, such as those of the training; up to 9,000 of them are drawn.
        length
            Clock cycles, of every layer or one number a layer. ``"auto"``: `cycles` are shared out among the layers.
        cycles
            With ``length="auto"``: the sum of the lengths of all layers, at least the fewest cycles that each can
            have: 1, or, of spiking neurons, as many as membrane time constants are in a window.
        generator
            Name of the number generator.
        without
            Names of steps that are left out: ``"ceilings"``, ``"ranges"``, ``"sequences"``, ``"groups"``,
            ``"thresholds"``, ``"offsets"``.
        products
            ``"streams"``: for a circuit. ``"exact"``: for `FixedPoint` of `length` levels.
        seed
            Decides which samples are drawn, at least 0.
        clip
            Whether samples outside the input range are cut to it instead of refused.
        progress
            Called as ``progress(done, total, label)`` before every step.
        options
            Other fields of `CircuitOptions`. The search runs without faults, and with a mean cell of a device.

        Returns
        -------
        Network
            A network that becomes just this circuit; `ideal` is the one without. On the held samples it is not worse
            than the plain mapping.

        Raises
        ------
        ValueError, TypeError
            If an argument is outside its range or of a wrong type, or the network cannot be built with the options.

        Examples
        --------
        >>> import numpy as np
        >>> from sc_neurocore import Network
        >>> network = Network.from_arrays([[[0.9, -0.7, 0.2], [-0.4, 0.8, 0.1]]])
        >>> samples = np.random.default_rng(0).random((200, 3))
        >>> calibrated = network.calibrate(samples, length=4)
        >>> same = [(each.predict(samples) == network.float_predict(samples)).mean()
        ...         for each in (network.circuit(4), calibrated.circuit())]
        >>> bool(same[1] > same[0])
        True
        """
        if self.calibration is not None:
            raise ValueError(
                "network must not be calibrated already; network.ideal.calibrate(..) starts from its weights"
            )
        clip = checks.flag("clip", clip)
        samples = self.input_check(clip)(checks.array("x", x, shape=(None, self.n_inputs)))
        if len(samples) < 2:
            raise ValueError(f"x must have at least 2 samples, got {len(samples)}")
        if not isinstance(generator, str):
            raise TypeError(f"generator must be a name, got {checks.shown(generator)}")
        names = [step.name for step in STEPS]
        left_out = {checks.option("without", name, names) for name in checks.entries("without", without)}
        checks.option("products", products, get_args(Products))
        seed = checks.whole("seed", seed, 0)
        if isinstance(length, str):
            checks.option("length", length, ("auto",))
            least = least_lengths(self)
            budget = checks.whole("cycles", cycles, sum(least))
            of_lengths = partial(CircuitOptions, generator=generator, **options)
            Circuit(self, of_lengths(length=least or 1))  # errors come before the search
            length = shared_lengths(self, samples, budget, of_lengths, seed)
        elif cycles is not None:
            raise ValueError(f"cycles must be None without length='auto', got {checks.shown(cycles)}")
        circuit_options = CircuitOptions(length, generator, **options)
        Circuit(self, circuit_options)
        if products == "exact":
            FixedPoint(self, levels=circuit_options.length)
        Calibration(circuit_options, plain_mappings(self, circuit_options), products=products)
        found = calibrated(
            self, samples, circuit_options, without=left_out, products=products, seed=seed, progress=progress
        )
        return replace(self, calibration=found)

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
        weight_share: WeightShare | None = None,
        *,
        width: int | None = None,
    ) -> str:
        """The network as a table, with its cost as a circuit: streams, gates, cycles, memory of the packed streams.

        Gates are the two-input multipliers, the inputs of multiplexers or OR gates in a pooling layer, and the gates of
        a layer that compares; KiB is the memory of the packed streams of one sample. Of a network that is no chain of
        dense layers there stand also the kind of each layer, the layers that it takes, and the range in which its
        inputs are encoded; layers without streams have no cost.
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
        weight_share
            How weights share the sources of numbers, which are counted below the table, see `CircuitOptions`. None: the
            default of the generator, or as calibrated.
        width
            Columns of the terminal, at least 40: names, sources, shapes and the lines under the table are folded where
            they make it wider, and where that is not enough costs stand in a table of their own. None: lists of sources
            of more than 40 letters are folded.

        Raises
        ------
        ValueError, TypeError
            As `circuit`.
        """
        columns = checked_width(width)
        named = {"encoding": encoding, "weight_share": weight_share}
        given = {name: value for name, value in named.items() if value is not None}
        return described(self, self._options(self._length(length), generator, given)).text(columns)

    def _length(self, length: int | Sequence[int] | None) -> int | Sequence[int] | None:
        """The length of a circuit that is described: 256 where neither it nor a calibration is given."""
        return 256 if self.calibration is None and length is None else length

    def plot(
        self,
        ax: "Axes | None" = None,
        *,
        length: int | Sequence[int] | None = None,
        generator: str | Generator | None = None,
        **options: Any,
    ) -> "Axes":
        """Draw the graph of the network with Matplotlib, from the input on top down to the output.

        A box is a layer: its name, kind and activation, the shape of its outputs, and the range in which its inputs are
        encoded. Layers with streams and layers without have different colours. A line goes from a layer to those that
        take its outputs, whose shape stands beside it.

        Parameters
        ----------
        ax
            Axes to draw on, in their size; None: those of a new figure of Matplotlib's pyplot, so large that text has 9
            points.
        length, generator, options
            As `circuit`: with any of them, and if the network is calibrated, boxes also have the streams, gates, cycles
            and memory that `describe` tells of the circuit.

        Returns
        -------
        matplotlib.axes.Axes
            What was drawn on; ``network.plot().figure.savefig("network.png")`` writes it to a file, and so does
            `sc_neurocore.plots.save_network`.

        Raises
        ------
        ValueError, TypeError
            As `circuit`.
        """
        given = length is not None or generator is not None or options
        return plotted(pictured(self, self._options(length, generator, options) if given else None), ax)

    def _repr_html_(self) -> str:
        """The graph and the table of `describe`, for a notebook."""
        return page(self, None, self._options(self._length(None), None, {}))
