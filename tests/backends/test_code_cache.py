"""Compiled kernels where there is no place to keep them, or what was kept is broken: the run goes on, in one line."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import sc_neurocore

SOURCES = Path(sc_neurocore.__file__).parent
LINE = "no cache folder can be written: kernels are compiled anew (NUMBA_CACHE_DIR may name a folder for them)"
PROGRAM = """
import numpy as np
from sc_neurocore.backends import choose
print(choose().popcount(np.arange(6, dtype=np.uint64).reshape(2, 3)))
"""
SAME = "[2 5]\n"
INFO = "from sc_neurocore.cli import main; main(['info'])"
NOWHERE = {"HOME": os.devnull, "XDG_CACHE_HOME": "", "SC_NEUROCORE_CACHE": "", "NUMBA_CACHE_DIR": f"{os.devnull}/x"}


def run(program, **options):
    """Output and error lines of a Python program in a process of its own, which must end well."""
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **options.pop("env", {})}
    environment = {name: value for name, value in environment.items() if value is not None}
    words = [sys.executable, *(["-c", program] if isinstance(program, str) else program)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=300, env=environment, **options)
    assert done.returncode == 0, done.stderr
    return done.stdout, done.stderr.splitlines()


@pytest.fixture
def read_only(tmp_path):
    """The environment of a process whose sources and home cannot be written, even by root."""
    copied = tmp_path / "read-only" / "sc_neurocore"
    shutil.copytree(SOURCES, copied, ignore=shutil.ignore_patterns("__pycache__"))
    for folder in [copied, *(path for path in copied.rglob("*") if path.is_dir())]:
        (folder / "__pycache__").touch()  # a file where the folder would be
    return {**NOWHERE, "PYTHONPATH": str(copied.parent)}


def test_nothing_can_be_written(read_only, tmp_path):
    assert run(PROGRAM, env=read_only, cwd=tmp_path) == (SAME, [LINE])
    out, errors = run(INFO, env=read_only, cwd=tmp_path)
    assert "numba" in out
    assert errors == [LINE]
    assert [path.name for path in tmp_path.iterdir()] == ["read-only"]


def test_there_is_no_home(read_only, tmp_path):
    nameless = """
import pwd
def unknown(number):
    raise KeyError(number)
pwd.getpwuid = unknown
"""
    environment = {**read_only, "HOME": None, "NUMBA_CACHE_DIR": ""}
    assert run(nameless + PROGRAM, env=environment, cwd=tmp_path) == (SAME, [LINE])
    assert "none: there is no home folder" in run(nameless + INFO, env=environment, cwd=tmp_path)[0]
    assert [path.name for path in tmp_path.iterdir()] == ["read-only"]  # nothing named ~


def test_the_cache_folder_takes_the_kernels(read_only, tmp_path):
    environment = {**read_only, "SC_NEUROCORE_CACHE": str(tmp_path / "own")}
    assert run(PROGRAM, env=environment) == (SAME, [])
    assert list((tmp_path / "own" / "kernels").rglob("*.nbc"))


@pytest.mark.parametrize("share", [0, 0.5, 0.99])
def test_files_are_cut_off(share, tmp_path):
    environment = {"NUMBA_CACHE_DIR": str(tmp_path)}
    assert run(PROGRAM, env=environment) == (SAME, [])
    sizes = {path: path.stat().st_size for path in tmp_path.rglob("*.nb?")}
    assert {path.suffix for path in sizes} == {".nbi", ".nbc"}
    for path, size in sizes.items():
        os.truncate(path, int(share * size))
    assert run(PROGRAM, env=environment) == (SAME, [])
    for path in sizes:  # what was broken is whole again
        assert path.stat().st_size > 0.99 * sizes[path]


def test_the_disk_is_full(tmp_path):
    full = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))"
    out, errors = run(full + PROGRAM, env={"NUMBA_CACHE_DIR": str(tmp_path)})
    assert out == SAME
    assert len(errors) == 1
    assert errors[0].startswith("compiled kernels are not kept: ")
    assert not list(tmp_path.rglob("*.tmp*"))


def test_a_file_of_other_types_is_not_run(tmp_path):
    """Two processes that fill an empty cache may give the same file to two kernels."""
    (tmp_path / "mine.py").write_text("""
from sc_neurocore.backends.compiled.jit import jit
@jit
def double(x):
    return 2 * x
print(double(3), double(1.5))
""")
    environment = {"NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    assert run([str(tmp_path / "mine.py")], env=environment)[0] == "6 3.0\n"
    one, two = sorted((tmp_path / "cache").rglob("*double*.nbc"))
    first, second = one.read_bytes(), two.read_bytes()
    one.write_bytes(second)
    two.write_bytes(first)
    assert run([str(tmp_path / "mine.py")], env=environment)[0] == "6 3.0\n"


def test_another_module_of_the_backends_compiles_kernels_anew(tmp_path):
    copied, cache = tmp_path / "sc_neurocore", tmp_path / "cache"
    shutil.copytree(SOURCES, copied, ignore=shutil.ignore_patterns("__pycache__"))
    environment = {"NUMBA_CACHE_DIR": str(cache), "PYTHONPATH": str(tmp_path)}

    def kept():
        assert run(PROGRAM, env=environment)[0] == SAME
        (index,) = cache.rglob("*_popcount-*.nbi")
        return index.stat().st_mtime_ns

    first = kept()
    assert kept() == first
    with (copied / "backends" / "compiled" / "intrinsics.py").open("a") as source:
        source.write("# not the file of the kernel\n")
    assert kept() > first


def test_the_compiler_is_switched_off(tmp_path):
    environment = {"NUMBA_DISABLE_JIT": "1"}
    assert run(PROGRAM, env=environment) == (SAME, [])
    assert "reference" in run(INFO, env=environment)[0]
