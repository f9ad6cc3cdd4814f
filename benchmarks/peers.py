"""``python -m benchmarks.peers``: other software beside this library, in one run.

The package of the same import name and its compiled engine, from the package index, as black boxes in an environment of
their own; torch's float linear layer on the CPU and UnarySim's, in a process of this interpreter; NumPy's float32
product. What is not there is a row that says so.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import venv
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np

from sc_neurocore import VectorizedSCLayer

from . import peer_program, report
from .cases import Shape
from .measure import Case, interleave, repeated
from .rows import Row, faster

PROGRAM = Path(peer_program.__file__)
PACKAGES = ("sc-neurocore", "sc-neurocore-engine")
SHAPES = [Shape(784, 128, batch, length) for batch in (1, 32, 1024) for length in (256, 1024)]
GOALS = {(1, 256): ">= 1.5", (1, 1024): ">= 2", (32, 256): ">= 6", (32, 1024): ">= 6"}
"""Times that the engine should take, by batch and length."""
ROUNDS = 7
NAMES = {
    "numpy": "NumPy's float32 product",
    "torch": "torch's float32 layer",
    "package": "the other package",
    "engine": "its engine",
    "unarysim": "UnarySim's linear layer",
}
SLOW_BITS = 784 * 128 * 32 * 256
"""UnarySim's layer takes a call a clock cycle: it is timed up to this many product bits."""


class Peer:
    """A process that times its own calls on request; use it as a context.

    Parameters
    ----------
    python
        Interpreter of the environment.
    folders
        Where it looks for modules beside what is installed.
    isolated
        Whether it ignores the variables and the folder of this process.

    Raises
    ------
    RuntimeError, OSError
        If it does not start or does not answer.
    """

    def __init__(self, python: str | os.PathLike[str], *folders: str, isolated: bool = True) -> None:
        self._process = subprocess.Popen(
            [os.path.abspath(python), *(["-I"] if isolated else []), str(PROGRAM), *folders],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            cwd=tempfile.gettempdir(),
        )

    def __enter__(self) -> "Peer":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    def versions(self) -> dict[str, str]:
        """What is installed there, by name."""
        found: dict[str, str] = self._ask(do="versions")["versions"]
        return found

    def timed(self, *case: str | int) -> tuple[Callable[[int], int], int]:
        """`Case.timed` of what `peer_program.make` makes of `case`, and the images of a call."""
        images = self._ask(do="make", case=case)["images"]
        return (lambda calls: int(self._ask(do="time", case=case, calls=calls)["ns"])), images

    def _ask(self, **request: Any) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
        except OSError as error:
            raise RuntimeError(f"its process ended with status {self._process.wait()}") from error
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"its process ended with status {self._process.wait()}")
        reply: dict[str, Any] = json.loads(line)
        if "error" in reply:
            raise RuntimeError(reply["error"])
        return reply


def build(folder: Path) -> Path:
    """The interpreter of the other package's environment in `folder`, which is made if it is not there.

    Raises
    ------
    subprocess.CalledProcessError
        If pip fails, as it does where there is no package index.
    """
    home = folder / "other"
    python = home / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not (home / "complete").exists():
        venv.create(home, with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *PACKAGES, "jax"], check=True)
        (home / "complete").touch()
    return python


def open_peers(stack: ExitStack, folder: Path | None, unarysim: Path | None) -> dict[str, tuple[Peer | None, str]]:
    """Each peer's process and version, or None and why there is none."""
    found: dict[str, tuple[Peer | None, str]] = {}

    def look(kinds: dict[str, str], python: Callable[[], str | os.PathLike[str]], *folders: str) -> None:
        """`kinds`: what must be installed for each."""
        try:
            peer = stack.enter_context(Peer(python(), *folders))
            there = peer.versions()
        except (OSError, RuntimeError, subprocess.CalledProcessError) as error:
            found.update(dict.fromkeys(kinds, (None, f"not installed: {_short(error)}")))
            return
        for kind, needed in kinds.items():
            if needed in there:
                found[kind] = peer, f"{needed} {there[needed]}"
            else:
                found[kind] = None, f"not installed: pip install {needed}"

    if folder is None:
        found["package"] = found["engine"] = None, "not installed: --peers FOLDER makes its environment there"
    else:
        look(dict(zip(("package", "engine"), PACKAGES, strict=True)), lambda: build(folder))
    look({"torch": "torch"}, lambda: sys.executable)
    if unarysim is None:
        found["unarysim"] = None, "not installed: clone github.com/diwu1990/UnarySim, then --unarysim PATH"
    else:  # The package is the checkout itself, or a folder of that name in it.
        root = unarysim.absolute().parent if unarysim.name == "UnarySim" else unarysim.absolute()
        look({"unarysim": "torch"}, lambda: sys.executable, str(root))
    return found


def shape_rows(shape: Shape, rounds: int, peers: dict[str, tuple[Peer, str]]) -> Iterator[Row]:
    """A dense layer with Sobol streams beside every peer."""
    size = f"784 -> 128, batch {shape.batch}, L = {shape.length}"
    rng = np.random.default_rng(0)
    x, weights = rng.random((shape.batch, shape.n_inputs)), rng.random((shape.n_neurons, shape.n_inputs))
    layer = VectorizedSCLayer.from_weights(weights, shape.length, generator="sobol", use_gpu=False, seed=1).prepare()
    single, matrix = x.astype(np.float32), weights.T.astype(np.float32)
    cases = [
        Case("ours", repeated(lambda: layer.forward(x)), shape.batch, "image"),
        Case("numpy", repeated(lambda: single @ matrix), shape.batch, "image"),
    ]
    failed: list[Row] = []
    for kind, (peer, _) in peers.items():
        if kind == "unarysim" and shape.product_bits > SLOW_BITS:
            continue
        try:
            timed, images = peer.timed(kind, shape.n_inputs, shape.n_neurons, shape.length, shape.batch)
        except (RuntimeError, OSError) as error:
            failed.append(Row("peers", size, f"time of {NAMES[kind]} / ours", None, note=f"failed: {_short(error)}"))
        else:
            cases.append(Case(kind, timed, images, "image"))
    found = interleave(cases, rounds)
    for kind, case in found.items():
        if kind != "ours":
            goal = GOALS.get((shape.batch, shape.length), "") if kind == "engine" else ""
            note = peers[kind][1] if kind in peers else ""
            yield faster("peers", size, found["ours"], case, NAMES[kind], goal, note)
    yield from failed


def documented_rows(rounds: int, other: Peer, note: str) -> Iterator[Row]:
    """Each of the fourteen layers, made and called as its documented page does, beside the other package's."""
    with Peer(sys.executable, isolated=False) as ours:
        for name in peer_program.DOCUMENTED:
            try:
                cases = [
                    Case(who, peer.timed("documented", name)[0], 1, "call")
                    for who, peer in (("theirs", other), ("ours", ours))
                ]
                found = interleave(cases, rounds)
            except (RuntimeError, OSError) as error:
                what = f"time of {NAMES['package']} / ours"
                yield Row("peers", f"{name}, as documented", what, None, note=f"failed: {_short(error)}")
            else:
                case = f"{name}, as documented"
                yield faster("peers", case, found["ours"], found["theirs"], NAMES["package"], note=note)


def _short(error: Exception) -> str:
    """One line without a path of this machine."""
    return re.sub(r"(?<![\w.])/[^\s'\",:\]]+", "PATH", " ".join(str(error).split()))[:150]


def rows(rounds: int, folder: Path | None = None, unarysim: Path | None = None) -> Iterator[Row]:
    """Dense layers of `SHAPES`, then the fourteen layers; `folder` holds the environments."""
    with ExitStack() as stack:
        peers = open_peers(stack, folder, unarysim)
        there = {kind: (peer, note) for kind, (peer, note) in peers.items() if peer is not None}
        for kind, (_, note) in peers.items():
            if kind not in there:
                yield Row("peers", "784 -> 128", f"time of {NAMES[kind]} / ours", None, note=note)
        for shape in SHAPES:
            yield from shape_rows(shape, rounds, there)
        if "package" in there:
            yield from documented_rows(rounds, *there["package"])


def add_options(parser: argparse.ArgumentParser) -> None:
    """``--peers`` and ``--unarysim``."""
    parser.add_argument(
        "--peers",
        type=Path,
        metavar="FOLDER",
        help="make the environment of the other package and its engine in this folder, or use the one that is there",
    )
    parser.add_argument("--unarysim", type=Path, metavar="PATH", help="a checkout of UnarySim")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers", description=__doc__)
    add_options(parser)
    options = parser.parse_args()
    report.show(rows(ROUNDS, options.peers, options.unarysim))


if __name__ == "__main__":
    main()
