"""No call takes memory without bound: every layer and accumulation under a limit that blocks make possible.

By default with blocks of 1 MiB, which makes small sizes enough; with ``--drills 10`` also sizes of users, with the
blocks of the package.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import memory_cases
import pytest

from sc_neurocore import chunks

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="RLIMIT_DATA counts all data memory on Linux only")
SMALL_BLOCK = 1 << 20
GLIBC = {"MALLOC_MMAP_THRESHOLD_": "65536", "MALLOC_TRIM_THRESHOLD_": "65536", "MALLOC_ARENA_MAX": "1"}
"""What is freed goes back to the system at once: an earlier case leaves no room for a later one."""


def failures(block, names):
    """Cases that went over their limit, tried in one process."""
    command = [sys.executable, str(Path(__file__).with_name("memory_cases.py")), str(block), *names]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | GLIBC, timeout=600)
    results = dict(map(json.loads, done.stdout.splitlines()))
    assert list(results) == list(names), done.stderr[-2000:]
    return {name: (result["error"], result["limit"]) for name, result in results.items() if result["error"]}


def test_every_layer_and_accumulation_under_a_limit():
    assert len(memory_cases.CASES) > 70
    assert failures(SMALL_BLOCK, list(memory_cases.CASES)) == {}


def test_a_limit_is_felt():
    """With blocks that are larger than the limit, memory does not suffice: the cases above are large enough."""
    names = [
        "dense saturate split sobol forward",
        "convolution or split sobol forward",
        "stability",
        "attention forward",
    ]
    command = [
        sys.executable,
        str(Path(__file__).with_name("memory_cases.py")),
        str(SMALL_BLOCK),
        "--one-piece",
        *names,
    ]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | GLIBC, timeout=600)
    results = dict(map(json.loads, done.stdout.splitlines()))
    assert [name for name in names if results[name]["error"]] == names


def test_sizes_of_users(drills):
    if drills < 10:
        pytest.skip("takes a minute and 6 GB: --drills 10")
    assert failures(chunks.CHUNK_BYTES, list(memory_cases.FULL)) == {}
