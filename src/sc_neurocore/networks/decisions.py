"""What the outputs of a network say of a sample: its class, or which labels it has."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from .activations import Floats
from .graph import INPUT, Wire
from .layer_spec import LayerSpec
from .wiring_specs import WIRES


def decided(kind: str, n_outputs: int, layers: Sequence[LayerSpec], wires: Sequence[Wire]) -> Callable[[Floats], Any]:
    """The rule of `NetworkDefinition.classes_of` for a kind of network; a ValueError for a regressor.

    Examples
    --------
    >>> from sc_neurocore import Network
    >>> network = Network.from_arrays([np.eye(2)], output_activation="logistic")
    >>> decided("multilabel", 2, network.layers, network.wires)(np.array([[0.4, 0.6], [0.7, 0.9]]))
    array([[0, 1],
           [1, 1]], dtype=uint8)
    """
    if kind == "multilabel":
        return partial(_present, threshold(layers, wires))
    if kind != "classifier":
        raise ValueError(
            f"kind must be classifier for classes, or multilabel for labels, got {kind}, whose outputs are numbers: "
            "those of float_forward, or of the forward of a circuit"
        )
    return partial(np.argmax, axis=-1) if n_outputs > 1 else partial(_second, threshold(layers, wires))


def threshold(layers: Sequence[LayerSpec], wires: Sequence[Wire], place: int = -1) -> float:
    """The value above which an output of the layer at `place` says yes: that of a sum of 0, see `LayerSpec.decision`.

    Layers that are wires have that of the layers behind which they stand.

    Raises
    ------
    ValueError
        If these differ, as those of a logistic layer and a sum without a function do.
    """
    layer = layers[place]
    if not isinstance(layer, WIRES):
        return layer.decision
    found = {0.0 if source == INPUT else threshold(layers, wires, source) for source in wires[place].sources}
    if len(found) > 1:
        raise ValueError(
            f"layers must end with outputs that say yes above one value, got {', '.join(map(str, sorted(found)))}"
        )
    return found.pop()


def _second(least: float, outputs: Floats) -> Any:
    return (outputs[..., 0] > least).astype(np.int64)


def _present(least: float, outputs: Floats) -> Any:
    return (outputs > least).astype(np.uint8)
