"""NIR: a network from a graph of the Neuromorphic Intermediate Representation, or from its file."""

import os
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ... import checks
from ...files import checked_path, reason
from ...networks import Network
from ...networks.definition import Kind
from ...networks.graph import INPUT
from ...networks.input_range import Ends
from ...networks.layer_spec import Shape
from ...networks.simplify import simplified
from .file import need_nir, read_tree
from .graph import Graph, graph_of, same, tree_of
from .notes import KEPT, duration_of, network_of, note_of
from .walk import Walk
from .writing import tree_of_network

DURATION = 100.0
"""Of a window in ms, by default: as `SpikingDense` has it."""


def from_nir(
    path_or_graph: Any,
    calibration: ArrayLike | None = None,
    *,
    dt_ms: float | None = None,
    duration: float | None = None,
    ceiling_quantile: float = 0.99,
    input_range: Ends | None = None,
    kind: Kind | None = None,
    classes: Sequence[str] | None = None,
) -> Network:
    """A network from a graph of the Neuromorphic Intermediate Representation (NIR), in which spikes are firing rates.

    ====================================  ================================================================
    of NIR                                layer
    ====================================  ================================================================
    Affine, Linear                        `Dense`
    Conv1d, Conv2d                        `Conv2D`; a series is an image of one column
    LIF, IF                               `SpikingDense`, with the Affine or Linear before it in one layer
    LI, CubaLI before the Output          the voltage at which they settle, ``r I + v_leak``
    Threshold of what does not fire       `Scale` and `Quantize`
    Scale                                 `Scale`, or folded into the weights next to it
    AvgPool2d, SumPool2d                  `Pool2D` and `Scale`; zeros around an image count
    Flatten, Delay of 0, graphs in graphs  nothing, or wires
    several edges into a node             `Add`, or one layer of all inputs
    ====================================  ================================================================

    A graph is a set of equations in time; a network maps numbers to numbers. Inputs are currents that are constant in
    a window of `duration`, neurons start at rest, and what a `SpikingDense` gives is how often a neuron fires in a
    window, in Hz. Nothing else is changed: what would be lost is refused.

    - **LIF**, ``tau dv/dt = (v_leak - v) + r I`` with tau in seconds, is ``du/dt = -u / tau + (r / tau) I`` of
      ``u = v - v_leak`` and a tau in ms: weights are multiplied by ``r / (1000 tau)``, the threshold is
      ``v_threshold - v_leak``, and must be above 0. A spike resets to rest, so that `v_reset` must be `v_leak`. There
      is no refractory time. Neurons of several time constants, up to 16 of a node, become several layers; those of
      several thresholds become one, with voltages in units of these.
    - **IF** has a time constant of 1e20 ms, whose leak is below the last digit; it starts at `v_reset`.
    - What takes spikes takes their mean: `dt_ms` says how long a spike of value 1 lasts, the time step of the
      simulator that the graph was trained in. A rate of 1 Hz is then a mean of ``dt_ms / 1000``. Spikes that only
      the Output takes come in Hz.

    Shapes are checked, those that nodes declare too. The numbers are not compared with another simulator: there is
    none in the `nir` package.

    Parameters
    ----------
    path_or_graph
        A file (HDF5), read in a process of its own, or a ``nir.NIRGraph``.
    calibration
        Training inputs ``(N, n_inputs)``, to set the ranges.
    dt_ms
        How long a spike lasts, in ms, above 0. None: as `to_nir` wrote it, else not needed, or an error.
    duration
        Of a window, in ms, above 0. None: as `to_nir` wrote it, else 100.
    ceiling_quantile
        As for ``Network.from_layers``.
    input_range, kind, classes
        As for ``Network.from_layers``. None: as `to_nir` wrote them, else (0, 1) or that of `calibration`,
        ``"classifier"``, and none.

    Returns
    -------
    The network. Of a graph that `to_nir` wrote, and that nobody has changed, the one that it was made of, with the same
    digest. Metadata of others are not looked at.

    Raises
    ------
    OSError
        If the file cannot be opened.
    ImportError
        If nir or h5py are not there.
    TypeError
        If `path_or_graph` is neither a path nor a ``nir.NIRGraph``.
    ValueError
        If nodes have no layer, all of which are named with what would replace them: CubaLIF, I, Threshold of spikes,
        delays, and LIF that a layer cannot say; if there is a cycle, whose nodes are named; if there is not one Input
        and one Output, with all nodes between them; if shapes do not fit; if the file is damaged.

    References
    ----------
    J. E. Pedersen et al., "Neuromorphic intermediate representation: A unified instruction set for interoperable
    brain-inspired computing", Nature Communications 15, 8122 (2024), https://doi.org/10.1038/s41467-024-52259-9.
    """
    keywords = {"calibration": calibration, "input_range": input_range, "kind": kind, "classes": classes}
    ceiling_quantile = checks.real("ceiling_quantile", ceiling_quantile, np.finfo(float).tiny, 1.0)
    times = (dt_ms, duration)
    dt_ms, duration = (
        None if each is None else checks.positive(name, each)
        for name, each in zip(("dt_ms", "duration"), times, strict=True)
    )
    if isinstance(path_or_graph, str | os.PathLike):
        path = checked_path("path_or_graph", path_or_graph)
        tree = read_tree(path)
        try:
            with np.errstate(all="ignore"):  # what is no number then is refused
                return _network(graph_of(tree), dt_ms, duration, ceiling_quantile, keywords)
        except (LookupError, TypeError, ValueError, ArithmeticError, AttributeError, RecursionError) as error:
            raise ValueError(f"{path}: {reason(error)}") from error
    need_nir()
    import nir

    if not isinstance(path_or_graph, nir.NIRGraph):
        raise TypeError(f"path_or_graph must be a path or a nir.NIRGraph, got {checks.shown(path_or_graph)}")
    with np.errstate(all="ignore"):
        return _network(graph_of(tree_of(path_or_graph)), dt_ms, duration, ceiling_quantile, keywords)


def _network(
    graph: Graph, dt_ms: float | None, duration: float | None, quantile: float, keywords: dict[str, Any]
) -> Network:
    """The network of a graph; what is not given as a keyword is as the graph's note says."""
    note = note_of(graph)
    given = {name: value for name, value in keywords.items() if value is not None}
    if note is None:
        walk = Walk(graph, DURATION if duration is None else duration, dt_ms)
        return _built(simplified(walk.layers(), walk.input_shape), walk.input_shape, quantile, given)
    written = network_of(graph, note)
    times = duration is not None or dt_ms not in (None, note["dt_ms"])
    if written is not None and not times and same(graph, graph_of(tree_of_network(written, note["dt_ms"]))):
        if written.digest() == note["network"]["digest"] and not {"calibration", "input_range"} & set(given):
            return replace(written, **given)
        layers, shape = _layers(written), written.shapes()[0]
    else:  # another graph now
        walk = Walk(graph, duration or duration_of(note) or DURATION, dt_ms or note["dt_ms"])
        layers, shape = simplified(walk.layers(), walk.input_shape), walk.input_shape
    kept = {name: note["network"][name] for name in KEPT if name != "input_range" or "calibration" not in given}
    return _built(layers, shape, quantile, {**kept, **given})


def _built(layers: Any, shape: Shape, quantile: float, keywords: dict[str, Any]) -> Network:
    return Network.from_layers(layers, input_shape=shape, ceiling_quantile=quantile, **keywords)


def _layers(network: Network) -> Any:
    """The layers of a network as `Network.from_layers` takes them."""
    if network.sources is None:
        return list(network.layers)
    called = network.names or tuple(map(str, range(len(network.layers))))
    sources = [["input" if place == INPUT else called[place] for place in taken] for taken in network.sources]
    return {name: (layer, *taken) for name, layer, taken in zip(called, network.layers, sources, strict=True)}
