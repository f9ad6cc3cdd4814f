"""``python -m benchmarks.commands``: what a person waits for at the prompt: import, help, evaluations."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter

from . import report
from .rows import Row

IMPORT = "from time import perf_counter as now; start = now(); import sc_neurocore; print(now() - start)"
COMMAND = "from sc_neurocore.cli import main; main()"


def import_seconds(rounds: int) -> float:
    """``import sc_neurocore`` in a fresh interpreter, the fastest of `rounds`."""
    runs = (
        subprocess.run([sys.executable, "-c", IMPORT], capture_output=True, text=True, check=True)
        for _ in range(rounds)
    )
    return min(float(run.stdout) for run in runs)


def help_seconds(rounds: int) -> float:
    """``sc-neurocore --help`` with the start of the interpreter, the fastest of `rounds`."""
    return min(_seconds(["--help"], None, Path.cwd()) for _ in range(rounds))


def evaluate_seconds() -> tuple[float, float]:
    """``sc-neurocore evaluate`` from cold caches (kernels and network), then warm."""
    with tempfile.TemporaryDirectory() as folder:
        cold = Path(folder)
        caches = {
            "NUMBA_CACHE_DIR": str(cold / "kernels"),
            "SC_NEUROCORE_CACHE": str(cold / "network"),
            "MPLCONFIGDIR": str(cold / "fonts"),
        }
        first = _seconds(["evaluate", "--out", str(cold / "first")], caches, cold)
        return first, _seconds(["evaluate", "--out", str(cold / "second")], caches, cold)


def device_seconds() -> float:
    """``sc-neurocore evaluate`` of five chips with read noise, the network made."""
    with tempfile.TemporaryDirectory() as folder:
        options = ["--device", "taox", "--repeats", "5", "--out", str(Path(folder) / "report")]
        return _seconds(["evaluate", *options], None, Path(folder))


def rows(rounds: int) -> Iterator[Row]:
    """Seconds: there is nothing to stand beside."""
    cold, warm = evaluate_seconds()
    for case, seconds, goal in (
        ("import sc_neurocore", import_seconds(rounds), "<= .1"),
        ("sc-neurocore --help", help_seconds(rounds), "<= .5"),
        ("sc-neurocore evaluate, cold caches", cold, "<= 60"),
        ("sc-neurocore evaluate, warm", warm, "<= 15"),
        ("sc-neurocore evaluate --device taox --repeats 5", device_seconds(), "<= 45"),
    ):
        yield Row("cases", case, "s", seconds, goal)


def _seconds(arguments: list[str], environment: dict[str, str] | None, folder: Path) -> float:
    start = perf_counter()
    subprocess.run(
        [sys.executable, "-c", COMMAND, *arguments],
        env={**os.environ, **(environment or {})},
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=True,
    )
    return perf_counter() - start


if __name__ == "__main__":
    report.show(rows(5))
