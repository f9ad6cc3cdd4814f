"""The graph of a network, written to a file."""

import os

from .. import checks
from ..networks import Circuit, Network
from ..networks.drawing import inches, paint, pictured
from .style import picture


def save_network(path: str | os.PathLike[str], network: Network | Circuit) -> None:
    """Write the picture of `Network.plot`, or of `Circuit.plot`, to a file: PNG, SVG or PDF, by the suffix.

    Parameters
    ----------
    path
        The file; it is replaced only when the new one is complete.
    network
        What is drawn; a circuit, such as ``network.circuit(64)``, with its streams, gates and cycles.

    Raises
    ------
    OSError
        If the file cannot be written.
    ValueError
        If the suffix is none that Matplotlib can write.
    TypeError
        If `network` is neither a network nor a circuit.
    """
    if isinstance(network, Circuit):
        scene = pictured(network.network, network.options)
    else:
        checks.instance("network", network, Network)
        scene = pictured(network, None)
    with picture(path, inches(scene), 110) as figure:
        paint(figure.add_axes((0, 0, 1, 1)), scene)
