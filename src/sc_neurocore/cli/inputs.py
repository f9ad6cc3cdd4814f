"""Networks and data that commands take: files, folders, and what comes with the program."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Group, Parameter

from .common import list_option, parse_ints

if TYPE_CHECKING:
    from ..datasets import Dataset
    from ..datasets.samples import Samples
    from ..networks import Network

WHAT = Group("What to run", sort_key=1)
DatasetName = Literal["digits", "mnist5k", "fashion", "mnist"]
InputShape = Annotated[tuple[int, ...] | None, list_option(parse_ints, WHAT, "N,N,.."), Parameter(show_default=False)]
DtMs = Annotated[float | None, Parameter(group=WHAT, show_default=False)]


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


def load_data(path: Path | None, name: str | None) -> "Dataset":
    """Data of a file or a folder, or bundled data of a name; digits by default."""
    from .. import checks, datasets

    if path is not None:
        return datasets.load_data(path)
    loaders = {
        "digits": datasets.load_digits,
        "mnist5k": datasets.load_mnist5k,
        "fashion": datasets.load_fashion,
        "mnist": datasets.load_mnist,
    }
    return loaders[checks.option("dataset", "digits" if name is None else name, tuple(loaders))]()


def load_model(path: Path | None, data: "Dataset", samples: "Samples | None" = None, **options: Any) -> "Network":
    """A network of a file, or the one for bundled data that comes with the program.

    Parameters
    ----------
    data, samples
        Of formats that have no ranges, ONNX and NIR, these are those of `samples`, or else of the training part of
        `data`.
    options
        What the reader of the file needs, such as ``input_shape``; None: not given.
    """
    given = {name: value for name, value in options.items() if value is not None}
    if given and path is None:
        raise ValueError(f"--{next(iter(given)).replace('_', '-')} must come with --model FILE, which needs it")
    if path is None:
        from ..evaluation import default_model

        return default_model(data, _notice)
    from ..interop import load_network

    if lacks_ranges(path):
        training = data.x_train if samples is None else samples
        given |= {"calibration": training} if len(training) else {}
    return load_network(path, **given)


def lacks_ranges(path: Path) -> bool:
    """Whether a file is of a format that says no ranges: these are then those of samples."""
    from ..interop import format_of

    return format_of(path) in ("onnx", "NIR")


def load_calibration(path: Path | None) -> "Samples | None":
    """The samples of a file to calibrate on, or None."""
    if path is None:
        return None
    from ..datasets.npz import load_samples

    return load_samples(path)


def _notice(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)
