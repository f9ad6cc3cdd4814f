"""Vectors of eight words: every operator on random words, with the instructions of this host and without them."""

import os
import subprocess
import sys
import textwrap

import numba
import numpy as np
import pytest

from sc_neurocore.backends.compiled.lanes import (
    LANES,
    all_lanes,
    any_one,
    gate,
    load,
    majority,
    ones,
    parity,
    store,
    turn,
)


@numba.njit
def every_function(words, shift, out):
    a, b, c = load(words, 1), load(words, 9), load(words, 17)
    store(out, 0, parity(a, b, c))
    store(out, 8, majority(a, b, c))
    store(out, 16, gate(a, b, c))
    store(out, 24, a & b)
    store(out, 32, a | b)
    store(out, 40, a ^ b)
    store(out, 48, a << all_lanes(shift))
    store(out, 56, a >> all_lanes(shift))
    store(out, 64, a + b)
    store(out, 72, ones(a))
    return any_one(a), any_one(a ^ a)


def test_every_function():
    words, out = np.random.default_rng(5).integers(0, 2**64, 25, np.uint64), np.zeros((10, LANES), np.uint64)
    assert every_function(words, np.uint64(13), out.reshape(-1)) == (True, False)
    a, b, c = words[1:].reshape(3, LANES)
    thirteen = np.uint64(13)
    wanted = [
        a ^ b ^ c, (a & b) | (a & c) | (b & c), (a & b & ~c) | (~(a ^ b) & c),
        a & b, a | b, a ^ b, a << thirteen, a >> thirteen,
        a + b, np.bitwise_count(a),
    ]  # fmt: skip
    np.testing.assert_array_equal(out, wanted)


@numba.njit
def turned(words, places, out):
    turn(words, places, out, 3, 10)


def test_rows_turn_into_columns():
    rng = np.random.default_rng(6)
    words, out = rng.integers(0, 2**64, 40, np.uint64), np.zeros(3 + 80, np.uint64)
    places = rng.integers(0, 33, LANES)  # rows overlap
    turned(words, places, out)
    columns = out[3:].reshape(LANES, 10)
    np.testing.assert_array_equal(columns[:, :LANES], words[places + np.arange(LANES)[:, None]])
    assert not out[:3].any()
    assert not columns[:, LANES:].any()


def test_on_a_host_without_vector_instructions():
    if os.environ.get("NUMBA_CPU_NAME") == "generic":
        pytest.skip("this is that host")
    environment = {**os.environ, "NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": ""}
    program = """
        from tests.backends.test_lanes import test_every_function, test_rows_turn_into_columns
        test_every_function()
        test_rows_turn_into_columns()
        print("equal")
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, check=True, env=environment,
        cwd=os.path.dirname(__file__) + "/../..",
    )  # fmt: skip
    assert done.stdout == "equal\n"
