"""Wrong arguments of every public call: an error that names one, never a crash, never NaN out of numbers."""

import subprocess
import sys
from pathlib import Path

import good_calls
import pytest

CALLS = 1500
HERE = Path(__file__).parent


def test_no_public_call_is_forgotten():
    assert sorted(set(good_calls.public_calls()) - set(good_calls.CALLS)) == []


def test_bad_calls(drills, tmp_path):
    log = tmp_path / "calls.txt"
    command = [sys.executable, str(HERE / "bad_calls.py"), str(CALLS * drills), str(drills), str(log)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = log.read_text().splitlines() if log.exists() else [""]
    assert len(lines) == CALLS * drills, f"exit {ran.returncode} in {lines[-1]}\n{ran.stderr[-2000:]}"
    assert ran.stdout == ""


@pytest.mark.parametrize("text", ["import os; os.abort()", "import ctypes; ctypes.string_at(0)"])
def test_a_crash_is_noticed(text):
    assert subprocess.run([sys.executable, "-c", text], capture_output=True, check=False).returncode < 0
