"""What a person waits for at the prompt: import, help, the default evaluation."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

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
