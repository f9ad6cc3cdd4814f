"""A sweep as a TOML file.

::

    model = "mine.safetensors"       # or a table [models] of names and files; left out: the one for the data
    data = "mine.npz"                # or dataset = "digits", or a table [data] of names and files
    random = 100                     # so many points of the grid; left out: all
    block = 256

    [axes]
    length = [16, 64, [16, 64]]
    generator = ["sobol", "lfsr"]

    [[points]]                       # in place of axes: a list
    length = 16

    [stop]
    threshold = 0.95
    error = 0.01
"""

import os
import tomllib
from dataclasses import dataclass, field, fields
from typing import Any

from .. import checks
from ..files import checked_path, open_regular
from .points import Points, grid, listed, sample
from .stopping import StopWhen


@dataclass(frozen=True)
class SweepFile:
    """What a file says of a sweep, checked but for the files that it names.

    Parameters
    ----------
    axes
        Values by axis, of a grid or a random part of it.
    points
        A list of points in place of axes.
    random
        Number of random points; None: all of the grid.
    random_seed
        Decides which; None: 0.
    models, data
        Files by name.
    dataset
        Name of a bundled data set.
    calibration
        File of samples to calibrate on.
    block
        Samples of a block; None: the default.
    backend
        What computes.
    stop
        Options of `StopWhen`.
    """

    axes: dict[str, Any] = field(default_factory=dict)
    points: list[dict[str, Any]] = field(default_factory=list)
    random: int | None = None
    random_seed: int | None = None
    models: dict[str, str] = field(default_factory=dict)
    data: dict[str, str] = field(default_factory=dict)
    dataset: str | None = None
    calibration: str | None = None
    block: int | None = None
    backend: str | None = None
    stop: dict[str, Any] = field(default_factory=dict)

    def made_points(self) -> Points:
        """The points: of the list, of the grid, or a random part of that."""
        if self.random is None and self.random_seed is not None:
            raise ValueError(f"random_seed must come with random, a number of points, got {self.random_seed}")
        if self.points:
            if self.axes or self.random is not None:
                raise ValueError("points must not be given with axes or random, they are a list already")
            return listed(self.points)
        if self.random is not None:
            return sample(self.random, random_seed=self.random_seed or 0, **self.axes)
        return grid(**self.axes)

    def rule(self) -> StopWhen | None:
        """When points stop; None: when all samples are run."""
        known = [each.name for each in fields(StopWhen)]
        for name in self.stop:
            checks.option("a key of stop", name, known)
        return StopWhen(**self.stop) if self.stop else None


_KINDS: dict[str, Any] = {
    "axes": dict, "points": list, "random": int, "random_seed": int, "models": dict, "model": str, "data": (str, dict),
    "dataset": str, "calibration": str, "block": int, "backend": str, "stop": dict,
}  # fmt: skip


def read_toml(path: str | os.PathLike[str]) -> SweepFile:
    """Read the file of a sweep.

    Raises
    ------
    OSError
        If it is not there or cannot be opened.
    ValueError
        If it is no TOML file, or has keys that a sweep has not.
    """
    file = checked_path("path", path)
    with open_regular(file) as opened:
        content = opened.read()
    try:
        values = tomllib.loads(content.decode())
    except RecursionError:
        raise ValueError(f"{file} must be a TOML file that is not nested as deeply as this one is") from None
    except ValueError as error:
        raise ValueError(f"{file} must be a TOML file: {error}") from error
    for name, value in values.items():
        checks.option(f"a key of {file}", name, tuple(_KINDS))
        if not isinstance(value, _KINDS[name]) or isinstance(value, bool):
            raise ValueError(f"{name} in {file} must be another kind of value, got {checks.shown(value)}")
    if "model" in values:
        if "models" in values:
            raise ValueError(f"{file} must not have both model and models")
        values["models"] = {"model": values.pop("model")}
    if "data" in values and "dataset" in values:
        raise ValueError(f"{file} must not have both data and dataset")
    if isinstance(values.get("data"), str):
        values["data"] = {"data": values["data"]}
    for kind in ("models", "data"):
        for name, value in values.get(kind, {}).items():
            checks.instance(f"{kind}.{name} in {file}", value, str)
    for point in values.get("points", []):
        checks.instance(f"a point in {file}", point, dict)
    return SweepFile(**values)
