"""NIR: a graph of the Neuromorphic Intermediate Representation from a network, and its file."""

import os
from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np

from ... import checks
from ...files import atomic_write, checked_path
from ...networks import Add, Concat, Conv2D, Dense, Flatten, GlobalPool, Network, Pool2D, Reshape, Scale, SpikingDense
from ...networks.activations import Activation, Floats
from ...networks.graph import INPUT
from ...networks.layer_spec import Shape
from ..operators import UnsupportedError
from .file import need_nir
from .graph import GRAPH
from .neurons import INTEGRATING
from .notes import activation_note, network_note

Tree = dict[str, Any]
Activations = Literal["refuse", "metadata"]
LARGEST_DIAGONAL = 2048
"""Most features of a scale with offsets, which NIR has as a matrix."""


def to_nir(
    network: Network,
    path: str | os.PathLike[str] | None = None,
    *,
    dt_ms: float | None = None,
    activations: Activations = "refuse",
) -> Any:
    """A ``nir.NIRGraph`` of a network, and its file if a path is given: what NIR has equations for.

    ============================================  ======================================================
    layer                                         of NIR
    ============================================  ======================================================
    `Dense`, `Conv2D` with activation "identity"  Affine (Linear for further sources), Conv2d
    `SpikingDense` without refractory time        Affine, then LIF, or IF for a `tau` of 1e20 ms
    `Scale`                                       Scale; with offsets Conv2d of 1 x 1, or a diagonal Affine
    `Pool2D` and `GlobalPool` of averages          AvgPool2d
    `Add`                                         several edges into a Scale of 1
    `Flatten`, `Reshape` to a vector              Flatten
    ============================================  ======================================================

    A `SpikingDense` is ``tau dv/dt = -v + r I`` with tau in seconds and ``r`` its tau in ms, as its currents are in
    thresholds a ms. Its rates in Hz are spikes in NIR. Layers that take them get them by a Scale of
    ``1000 / dt_ms`` spikes a second; those of the last layer go out as they are.

    What NIR has no words for (ranges, `kind`, `classes`, names) is in the metadata of the graph, as the header of a
    file that `Network.save` writes, and `from_nir` makes the same network of it again. Other readers do not look at
    it: clipping at ceilings is not in what they compute.

    Parameters
    ----------
    network
        Without a calibration (see `Network.ideal`), which is of one circuit.
    path
        A file (HDF5) to write, whole or not at all; None for none.
    dt_ms
        How long a spike of value 1 lasts, in ms, above 0: the time step of the simulator that will run the graph. It
        must be given where layers take firing rates.
    activations
        NIR has no ReLU, tanh or logistic function. ``"refuse"``: layers with one are refused. ``"metadata"``: they
        are named in the metadata of their node, which other readers take for the identity, so that they compute
        something else; `from_nir` reads them back.

    Raises
    ------
    ImportError
        If nir or h5py are not there.
    OSError
        If the file cannot be written; an existing file is then unchanged.
    TypeError
        If `network` is no `Network`.
    ValueError
        If layers cannot be said in NIR, all of which are named with what would replace them; if the network has a
        calibration.
    """
    checks.instance("network", network, Network)
    file = None if path is None else checked_path("path", path)
    checks.option("activations", activations, ("refuse", "metadata"))
    tree = tree_of_network(network, None if dt_ms is None else checks.positive("dt_ms", dt_ms), activations)
    need_nir()
    import nir

    graph = nir.dict2NIRNode({**tree, "type_check": _typed(tree)})
    if file is not None:
        with atomic_write(file) as temporary:
            nir.write(temporary, graph)
    return graph


def _typed(tree: Tree) -> bool:
    """Whether nir's own check of shapes holds: not for convolutions of groups, or of kernels that are not square."""
    kernels = [node for node in tree["nodes"].values() if node["type"] == "Conv2d"]
    return all(node["groups"] == 1 and node["weight"].shape[2] == node["weight"].shape[3] for node in kernels)


def tree_of_network(network: Network, dt_ms: float | None, activations: Activations = "metadata") -> Tree:
    """The graph of a network as nested dicts, see `to_nir`."""
    if network.calibration is not None:
        raise ValueError("network must have no calibration, which is of one circuit (network.ideal has none), got one")
    writer = _Writer(network, dt_ms, activations)
    if writer.refused:
        raise ValueError(f"network must have layers that NIR has (see to_nir), got {'; '.join(writer.refused)}")
    return {
        "type": GRAPH,
        "nodes": writer.nodes,
        "edges": writer.edges,
        "metadata": network_note(network, writer.weighted, dt_ms),
    }


class _Writer:
    """The nodes of a network, layer after layer."""

    def __init__(self, network: Network, dt_ms: float | None, activations: Activations) -> None:
        self.nodes: dict[str, Tree] = {}
        self.edges: list[tuple[str, str]] = []
        self.refused: list[str] = []
        self.weighted: dict[int, list[str]] = {}
        """Nodes with the weights of the layer at a place."""
        self._dt_ms, self._activations = dt_ms, activations
        shapes = network.shapes()
        self._shapes = dict(zip(range(INPUT, len(shapes)), shapes, strict=False))
        self._given = {INPUT: self.put("input", "Input", (), shape=np.array(shapes[0]))}
        self._rates: dict[int, str] = {}
        self._spiking = {place for place, layer in enumerate(network.layers) if isinstance(layer, SpikingDense)}
        for wire in network.wires:
            layer = network.layers[wire.place]
            name = _plain(
                network.names[wire.place] if network.names else f"{type(layer).__name__.lower()}_{wire.place}"
            )
            try:
                self._given[wire.place] = self._layer(layer, name, wire.place, wire.sources)
            except UnsupportedError as error:
                self.refused.append(f"{network.called(wire.place)}: {type(layer).__name__} ({error})")
                self._given[wire.place] = self._given[INPUT]
        last = len(network.layers) - 1
        self.put("output", "Output", (self._given[last],), shape=np.array(shapes[-1]))

    def put(self, wanted: str, kind: str, sources: Sequence[str], **parameters: Any) -> str:
        """The name of a new node that takes others."""
        name, count = wanted, 1
        while name in self.nodes:
            count += 1
            name = f"{wanted}_{count}"
        self.nodes[name] = {"type": kind, "metadata": {}, **parameters}
        self.edges += [(source, name) for source in sources]
        return name

    def _taken(self, place: int) -> str:
        """The node that gives the outputs of a layer, rates in Hz where it fires."""
        if place not in self._spiking:
            return self._given[place]
        if self._dt_ms is None:
            raise UnsupportedError("dt_ms, how long a spike of value 1 lasts, must be given: it takes firing rates")
        if place not in self._rates:
            spikes = self._given[place]
            steps = np.full(self._shapes[place], 1000.0 / self._dt_ms)
            self._rates[place] = self.put(f"{spikes}.rate", "Scale", (spikes,), scale=steps)
        return self._rates[place]

    def _layer(self, layer: Any, name: str, place: int, sources: tuple[int, ...]) -> str:
        write = _WRITERS.get(type(layer))
        if write is None:
            hint = "Pool2D of averages would" if isinstance(layer, Pool2D) else "NIR has nothing like it"
            raise UnsupportedError(hint)
        activation: Activation = getattr(layer, "activation", "identity")
        if isinstance(layer, SpikingDense):
            activation = "identity"
        if activation != "identity" and self._activations == "refuse":
            raise UnsupportedError(f"'identity', SpikingDense, or activations='metadata' would, got {activation!r}")
        if len(sources) > 1 and not isinstance(layer, Dense | SpikingDense | Add):
            raise UnsupportedError("one source, or Dense with the weights of all sources, would")
        found = write(self, layer, name, place, sources)
        if activation != "identity":
            self.nodes[found]["metadata"] = activation_note(activation)
        return found

    # ------------------------------------------------------------ layers

    def _vector(self, place: int, name: str) -> str:
        """The node that gives the outputs of a layer as a vector."""
        taken, shape = self._taken(place), self._shapes[place]
        return taken if len(shape) == 1 else self._flat(f"{name}.flat", taken, shape)

    def _flat(self, name: str, taken: str, shape: Shape) -> str:
        return self.put(name, "Flatten", (taken,), start_dim=0, end_dim=-1, input_type=np.array(shape))

    def _sums(self, layer: Any, name: str, place: int, sources: tuple[int, ...]) -> list[str]:
        """Nodes whose sum is that of the products of a layer, one for each source."""
        if any(len(self._shapes[source]) == 2 for source in sources):
            raise UnsupportedError("vectors or images in place of tokens would")
        ends = np.cumsum([np.prod(self._shapes[source]) for source in sources])
        vectors = [self._vector(source, name) for source in sources]
        parts: list[str] = []
        for source, vector, weights in zip(sources, vectors, np.split(layer.weights, ends[:-1], 1), strict=True):
            if not parts:
                parts.append(self.put(name, "Affine", (vector,), weight=weights, bias=layer.bias))
            else:
                parts.append(self.put(f"{name}.{source}", "Linear", (vector,), weight=weights))
        self.weighted[place] = parts
        return parts

    def dense(self, layer: Any, name: str, place: int, sources: tuple[int, ...]) -> str:
        """An Affine; further sources have a Linear each, and a Scale of 1 takes the sum."""
        if len(sources) == 1:
            return self._sums(layer, name, place, sources)[0]
        parts = self._sums(layer, f"{name}.sum", place, sources)
        return self.put(name, "Scale", parts, scale=np.ones(len(layer.weights)))

    def spiking(self, layer: Any, name: str, place: int, sources: tuple[int, ...]) -> str:
        """An Affine, and LIF or IF."""
        if layer.refractory:
            raise UnsupportedError(f"refractory 0 would, got {layer.refractory:g}")
        parts = self._sums(layer, f"{name}.sum", place, sources)
        n = len(layer.weights)
        each = {"v_threshold": np.full(n, float(layer.threshold)), "v_reset": np.zeros(n)}
        if layer.tau == INTEGRATING:
            return self.put(name, "IF", parts, r=np.full(n, 1000.0), **each)
        tau = float(layer.tau)
        return self.put(name, "LIF", parts, tau=np.full(n, tau / 1000.0), r=np.full(n, tau), v_leak=np.zeros(n), **each)

    def convolution(self, layer: Conv2D, name: str, place: int, sources: tuple[int, ...]) -> str:
        """A Conv2d."""
        geometry, (source,) = layer.geometry, sources
        size = self._shapes[source][1:]
        found = self._conv(
            name, self._taken(source), size, layer.weights, layer.bias,
            geometry.stride, geometry.padding, geometry.dilation, layer.groups,
        )  # fmt: skip
        self.weighted[place] = [found]
        return found

    def _conv(
        self, name: str, taken: str, size: Shape, weights: Floats, bias: Floats, stride: Any, padding: Any,
        dilation: Any, groups: int,
    ) -> str:  # fmt: skip
        return self.put(
            name, "Conv2d", (taken,), input_shape=size, weight=weights, bias=bias, stride=stride, padding=padding,
            dilation=dilation, groups=groups,
        )  # fmt: skip

    def scale(self, layer: Scale, name: str, place: int, sources: tuple[int, ...]) -> str:
        """A Scale; with offsets a convolution of 1 x 1, or a diagonal matrix."""
        (source,) = sources
        taken, shape = self._taken(source), self._shapes[source]
        if not layer.offsets.any():
            factors = layer.factors[:, None, None] if len(shape) == 3 else layer.factors
            return self.put(name, "Scale", (taken,), scale=np.broadcast_to(factors, shape).copy())
        n = len(layer.factors)
        if len(shape) == 3:
            kernels = layer.factors.reshape(n, 1, 1, 1)
            return self._conv(name, taken, shape[1:], kernels, layer.offsets, (1, 1), (0, 0), (1, 1), n)
        if len(shape) == 2 or n > LARGEST_DIAGONAL:
            raise UnsupportedError(
                f"offsets of 0, images, or a vector of at most {LARGEST_DIAGONAL} would, got {shape}"
            )
        return self.put(name, "Affine", (taken,), weight=np.diag(layer.factors), bias=layer.offsets)

    def add(self, layer: Add, name: str, place: int, sources: tuple[int, ...]) -> str:
        """A Scale of 1 that several edges lead to."""
        if len(sources) != layer.terms or len(set(sources)) < len(sources):
            raise UnsupportedError("terms that are different sources would")
        return self.put(name, "Scale", [self._taken(each) for each in sources], scale=np.ones(self._shapes[place]))

    def pool(self, layer: Pool2D, name: str, place: int, sources: tuple[int, ...]) -> str:
        """An AvgPool2d."""
        if layer.kind == "max":
            raise UnsupportedError("averages would")
        window, stride = layer.window
        return self._average(name, self._taken(sources[0]), window, stride)

    def _average(self, name: str, taken: str, window: Shape, stride: Shape) -> str:
        numbers = {"kernel_size": np.array(window), "stride": np.array(stride), "padding": np.zeros(2, np.int64)}
        return self.put(name, "AvgPool2d", (taken,), **numbers)

    def whole_pool(self, layer: GlobalPool, name: str, place: int, sources: tuple[int, ...]) -> str:
        """An AvgPool2d of one window, and a Flatten."""
        shape = self._shapes[sources[0]]
        if layer.kind == "max" or len(shape) != 3:
            raise UnsupportedError("averages of images would")
        mean = self._average(f"{name}.mean", self._taken(sources[0]), shape[1:], shape[1:])
        return self._flat(name, mean, (shape[0], 1, 1))

    def flat(self, layer: Any, name: str, place: int, sources: tuple[int, ...]) -> str:
        """A Flatten."""
        (source,) = sources
        if len(self._shapes[place]) > 1:
            raise UnsupportedError("a shape (n,) would")
        return self._flat(name, self._taken(source), self._shapes[source])

    def passed(self, layer: Concat, name: str, place: int, sources: tuple[int, ...]) -> str:
        """Nothing: one source."""
        (source,) = sources
        if source in self._spiking:
            self._spiking.add(place)
        return self._given[source]


_WRITERS: dict[type[Any], Callable[[_Writer, Any, str, int, tuple[int, ...]], str]] = {
    Dense: _Writer.dense,
    SpikingDense: _Writer.spiking,
    Conv2D: _Writer.convolution,
    Scale: _Writer.scale,
    Add: _Writer.add,
    Pool2D: _Writer.pool,
    GlobalPool: _Writer.whole_pool,
    Flatten: _Writer.flat,
    Reshape: _Writer.flat,
    Concat: _Writer.passed,
}


def _plain(name: str) -> str:
    """A name of a layer as HDF5 can have it: no path, and no signs that are not printed."""
    plain = "".join(sign if sign.isprintable() and sign != "/" else "." for sign in name)
    return plain if plain.strip(".") else f"layer{plain}"
