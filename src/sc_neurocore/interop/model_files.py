"""Networks from model files; the suffix tells the format."""

import os
import zipfile
from pathlib import Path

import numpy as np

from ..networks import Network


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
        If the suffix is another, or the file is not readable or holds something else.
    FileNotFoundError
        If there is no such file.
    """
    file = Path(path)
    if file.suffix == ".safetensors":
        return Network.load(file)
    if file.suffix != ".npz":
        raise ValueError(f"a model file must end in .safetensors or .npz, got {file.name}")
    try:
        with file.open("rb") as raw, np.load(raw, allow_pickle=False) as opened:
            arrays = {name: opened[name] for name in opened.files}
    except FileNotFoundError:
        raise
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, AttributeError) as error:
        raise ValueError(f"{file} must be an npz file of plain arrays, it is not readable as one: {error}") from error
    return Network.from_named_arrays(arrays, file)
