"""Networks from model files; the suffix tells the format."""

import os

from ..archives import read_npz
from ..files import checked_path
from ..networks import Network
from ..networks.files import dense_names


def load_network(path: str | os.PathLike[str]) -> Network:
    """The network in a ``.safetensors`` or ``.npz`` file.

    Parameters
    ----------
    path
        What `Network.save` wrote, or arrays ``weights_0`` ``(n_outputs, n_inputs)``, ``bias_0``,
        ``weights_1``, .. of a ReLU classifier with inputs in [0, 1]; an array ``calibration`` of
        training inputs ``(N, n_inputs)`` sets the ranges.

    Raises
    ------
    ValueError
        If the suffix is another, or the file is damaged, is a folder, a pipe or a device, or holds something else.
    OSError
        If there is no such file, or it cannot be opened.
    """
    file = checked_path("path", path)
    if file.suffix == ".safetensors":
        return Network.load(file)
    if file.suffix != ".npz":
        raise ValueError(f"a model file must end in .safetensors or .npz, got {file.name}")
    return Network.from_named_arrays(read_npz(file, dense_names), file)
