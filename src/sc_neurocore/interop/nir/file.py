"""NIR files: what is in an HDF5 file, read by another process, since a damaged one may end or block its reader."""

import json
import math
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from ...files import open_regular, reason, unpacked_limit

MAGIC = b"\x89HDF\r\n\x1a\n"
"""First bytes of an HDF5 file."""
MEMORY = 2**31
"""Bytes of address space that the reader may take beside what the arrays may have, twice."""
SECONDS, SPEED = 5, 2**22
"""Processor time that it may take in seconds, and bytes a second that it must read beside."""
WAIT = 10
"""Times the processor time that is waited for it."""


def need_nir() -> None:
    """Raise an ImportError that says what to install unless the libraries of NIR are there."""
    for name in ("nir", "h5py"):
        if find_spec(name) is None:
            raise ImportError(f'NIR needs {name}: pip install "sc-neurocore-layers[nir]"')


def read_tree(path: Path) -> dict[str, Any]:
    """What is in the graph of a NIR file: nested dicts of arrays of real numbers, texts, lists of texts, and None.

    The HDF5 library can crash, block or take any memory on damaged files, so that it runs in a process of its own
    whose time and memory are bounded (on systems without such bounds only the time).

    Raises
    ------
    OSError
        If the file cannot be opened.
    ValueError
        If it is no HDF5 file, is damaged, or holds something that no NIR file needs; it starts with the path.
    """
    with open_regular(path) as stream:
        content = stream.read()
    if not content.startswith(MAGIC):
        raise ValueError(f"{path} must be an HDF5 file of a NIR graph, its first bytes are {content[:8]!r}")
    need_nir()
    try:
        return _tree(_answer(content))
    except Exception as error:  # an answer of a process whose memory a damaged file may have overwritten
        raise ValueError(f"{path} must be an HDF5 file of a NIR graph, it is not readable: {reason(error)}") from error


def _answer(content: bytes) -> bytes:
    """What the other process writes."""
    limit = unpacked_limit(len(content))
    seconds = SECONDS + len(content) // SPEED
    command = [sys.executable, "-P", str(Path(__file__).with_name("child.py"))]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        "HDF5_PLUGIN_PRELOAD": "::",  # a file must not make the library load filters
        **dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1"),
    }
    try:
        done = subprocess.run(
            [*command, str(limit), str(MEMORY + 2 * limit), str(seconds)],
            input=content,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            timeout=WAIT * seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise ValueError(f"the HDF5 library takes more than {WAIT * seconds} s") from None
    if done.returncode:
        raise ValueError(f"the HDF5 library fails on it, or takes more than {seconds} s (status {done.returncode})")
    return done.stdout


def _tree(answer: bytes) -> dict[str, Any]:
    """The nested dicts in an answer."""
    start = 8 + int.from_bytes(answer[:8], "little")
    told = json.loads(answer[8:start])
    if "error" in told:
        raise ValueError(told["error"])
    arrays = []
    for kind, shape in told["arrays"]:
        dtype = np.dtype(kind)
        if dtype.kind not in "biuf":
            raise ValueError(f"arrays must be real numbers, got {dtype}")
        end = start + math.prod(shape) * dtype.itemsize
        arrays.append(np.frombuffer(answer[start:end], dtype).reshape(shape))
        start = end

    def value(item: Any) -> Any:
        if not isinstance(item, dict):
            return item
        if set(item) == {"array"} and isinstance(item["array"], int):
            return arrays[item["array"]]
        if set(item) == {"texts", "shape"} and isinstance(item["texts"], list):
            return np.array(item["texts"], object).reshape(item["shape"]).tolist()
        return {name: value(each) for name, each in item.items()}

    tree: dict[str, Any] = value(told["tree"])
    return tree
