"""Which network and which data a command is about."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..datasets import Dataset
    from ..datasets.samples import Samples
    from ..networks import Network


def check_inputs(
    model: Path | None, data: Path | None, dataset: str | None, calibration: Path | None, calibrate: str
) -> None:
    """Raise a ValueError for options that do not go together."""
    if data is not None and dataset is not None:
        raise ValueError("--data and --dataset must not be given together")
    if calibration is not None and calibrate == "none":
        raise ValueError("--calibration must not be given with --calibrate none")
    if data is not None and model is None:
        raise ValueError("--data must come with --model FILE, the network that it is for")


def load_held_out(path: Path | None, name: str | None) -> "Dataset":
    """The data of a file or folder, or those with a name; by default digits."""
    from .. import datasets

    if path is not None:
        return datasets.load_data(path)
    loaders = {"mnist5k": datasets.load_mnist5k, "fashion": datasets.load_fashion, "mnist": datasets.load_mnist}
    return loaders.get(name or "digits", datasets.load_digits)()


def load_model(path: Path | None, data: "Dataset") -> "Network":
    """The network of a file, or the one for the data that comes with the program."""
    if path is None:
        from ..evaluation import default_model

        return default_model(data, _notice)
    from ..interop import load_network

    return load_network(path)


def load_calibration(path: Path | None) -> "Samples | None":
    """The samples of a file, or None."""
    if path is None:
        return None
    from ..datasets.npz import load_samples

    return load_samples(path)


def _notice(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)
