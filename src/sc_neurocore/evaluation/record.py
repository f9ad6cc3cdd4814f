"""Record of runs, as JSON: versions, machine, options and seeds, all that is needed to repeat them."""

import json
import platform
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from ..backends.threads import thread_count
from ..encoders.seeds import STREAM_VERSION
from ..files import atomic_write, json_object, open_regular
from .old_files import renewed_options
from .writers import Writer, of_all_writers

FORMAT = 5
"""The format that is written; earlier ones had other columns, see `old_files`, and said nothing of calibration."""
LIBRARIES = ("numpy", "scipy", "numba", "llvmlite", "scikit-learn", "safetensors")


def package_version() -> str:
    """Version of this package, as installed.

    Examples
    --------
    >>> package_version().count(".") >= 1
    True
    """
    return metadata.version("sc-neurocore-layers")


def library_versions(names: tuple[str, ...] = LIBRARIES) -> dict[str, str | None]:
    """Versions of installed libraries by name; None for one that is not there.

    Examples
    --------
    >>> sorted(library_versions(("numpy",)))
    ['numpy']
    """
    found: dict[str, str | None] = {}
    for name in names:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = None
    return found


def environment() -> dict[str, Any]:
    """Versions, machine and command line of this process."""
    return {
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "command_line": [Path(sys.argv[0]).name, *sys.argv[1:]],
        "version": package_version(),
        "stream_version": STREAM_VERSION,
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
        "platform": platform.platform(),
        "machine": platform.machine(),
        "threads": thread_count(),
        "libraries": library_versions(),
    }


class Record:
    """The runs that wrote into one folder, in a JSON file beside their rows.

    Several processes may write at once: each has a file of its own, see `Writer`, and reading merges them all.

    Parameters
    ----------
    path
        The file; it need not exist.
    new_ids
        The ids of today of tasks that had other ones in earlier versions.

    Raises
    ------
    ValueError
        If the file is there and is not such a record.
    """

    def __init__(self, path: Path, new_ids: Mapping[str, str] | None = None) -> None:
        self.path = path
        self._new_ids = new_ids or {}
        self.runs = [run for each in of_all_writers(path) for run in self._read(each)]

    def knows(self, tasks: list[str]) -> bool:
        """Whether an earlier run recorded exactly these tasks."""
        return any(run.get("tasks") == tasks for run in self.runs)

    def add(self, run: dict[str, Any], writer: Writer) -> Callable[[], None]:
        """Write a run behind those of a writer's file; the call that is returned writes it anew, as it is then."""
        path = writer.own(self.path)
        before = self._read(path)

        def write() -> None:
            with atomic_write(path) as temporary:
                text = json.dumps({"format": FORMAT, "runs": [*before, run]}, indent=2, ensure_ascii=False)
                temporary.write_text(text + "\n", "utf-8")

        write()
        return write

    def _read(self, path: Path) -> list[dict[str, Any]]:
        try:
            with open_regular(path) as file:
                text = file.read()
        except FileNotFoundError:
            return []
        try:
            content = json_object(text)
            known = content["format"] in range(1, FORMAT + 1)
            runs = [_renewed(dict(run), self._new_ids) for run in content["runs"]]
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"{path} must be a record of evaluations, it cannot be read as one") from error
        if not known:
            raise ValueError(f"{path} must be a record of format 1 to {FORMAT}, got {content['format']!r:.50}")
        return runs


def _renewed(run: dict[str, Any], new_ids: Mapping[str, str]) -> dict[str, Any]:
    """A run of an older record in today's format; tasks without a row keep their old ids."""
    ids: dict[str, Any] = {
        name: [new_ids.get(task, task) for task in run[name]] for name in ("tasks", "computed") if name in run
    }
    options: dict[str, Any] = {"options": renewed_options(run["options"])} if "options" in run else {}
    return {"stream_version": 1, **run, **options, **ids}
