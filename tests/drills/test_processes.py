"""Six processes fill an empty cache of compiled kernels together: each computes the same, and what is left is whole."""

import os
import subprocess
import sys

import pytest

PROCESSES = 6
PROGRAM = """
import numpy as np
from sc_neurocore.backends.compiled.jit import jit

@jit
def total(x):
    found = x[0] - x[0]
    for value in x:
        found = found + value
    return found

for kind in (np.int64, np.float64, np.uint32, np.float32):  # each is compiled for itself, into a file of its own
    print(kind.__name__, total(np.full(3, 1.5).astype(kind)), end="; ")
"""


@pytest.mark.slow
def test_an_empty_cache(tmp_path, drills):
    (tmp_path / "mine.py").write_text(PROGRAM)
    want = "int64 3; float64 4.5; uint32 3; float32 4.5; "
    for turn in range(drills):
        environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / f"cache-{turn}")}

        def start(environment=environment):
            words = [sys.executable, str(tmp_path / "mine.py")]
            return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)

        def end(process):
            out, errors = process.communicate(timeout=300)
            assert (process.returncode, out, errors) == (0, want, "")

        for process in [start() for _ in range(PROCESSES)]:
            end(process)
        end(start())  # one that reads what they left
