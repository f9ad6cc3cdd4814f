"""No call takes memory without bound: every layer and accumulation under a limit that blocks make possible.

By default with blocks of 512 KiB, which makes small sizes enough; with ``--drills 10`` also sizes of users, with the
blocks of the package.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from memory_cases import CASES, FULL

from sc_neurocore import chunks

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="RLIMIT_DATA counts all data memory on Linux only")
SMALL_BLOCK = 1 << 19
GLIBC = {"MALLOC_MMAP_THRESHOLD_": "65536", "MALLOC_TRIM_THRESHOLD_": "65536", "MALLOC_ARENA_MAX": "1"}
"""What is freed goes back to the system at once: an earlier case leaves no room for a later one."""
TWINS = [
    "convolution or split sobol forward",
    "stability",
    "attention forward",
    "attention, keys that heads share",
    "dendrite on streams",
    "rewards",
    "programming",
    "raster",
    "fixed point, one image",
]
"""Cases that must fail without blocks."""


def results(block, *names):
    """Outcomes of cases that one process tries, in the order of their names."""
    command = [sys.executable, str(Path(__file__).with_name("memory_cases.py")), str(block), *names]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | GLIBC, timeout=600)
    found = list(map(json.loads, done.stdout.splitlines()))
    assert [name for name, _ in found] == [name for name in names if name in CASES | FULL], done.stderr[-2000:]
    return [(name, result["error"], result["limit"]) for name, result in found]


@pytest.fixture(scope="module")
def outcomes():
    """Of all cases, and of some without blocks: one process, which loads the compiled kernels once."""
    return results(SMALL_BLOCK, *CASES, "--one-piece", *TWINS)


@pytest.mark.slow
def test_every_layer_and_accumulation_under_a_limit(outcomes):
    assert len(CASES) > 110
    assert [outcome for outcome in outcomes[: len(CASES)] if outcome[1]] == []


def test_a_limit_is_felt(outcomes):
    """With blocks that are larger than the limit, memory does not suffice: the cases above are large enough."""
    assert [name for name, error, _ in outcomes[len(CASES) :] if error] == TWINS


def test_sizes_of_users(drills):
    if drills < 10:
        pytest.skip("takes a minute and 6 GB: --drills 10")
    assert [outcome for outcome in results(chunks.CHUNK_BYTES, *FULL) if outcome[1]] == []
