"""Options of the whole suite: how long drills are; a machine with a GPU, whose kernels the host runs."""

import sys
from collections.abc import Iterator
from importlib.util import find_spec

import cupy_on_host
import pytest

from sc_neurocore.backends import choose, cuda

collect_ignore = [] if find_spec("jax") else ["interop/sharded_program.py"]
"""Programs that tests run: without their library nothing runs them."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--drills", type=int, default=1, metavar="N", help="repeat the drills of tests/drills N times")


@pytest.fixture
def drills(request: pytest.FixtureRequest) -> int:
    """How many times as much as by default a drill does."""
    return int(request.config.getoption("--drills"))


@pytest.fixture
def frequent_switches() -> Iterator[None]:
    """Threads take turns every microsecond, not every 5 ms: calls that share something meet in its middle."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


@pytest.fixture
def gpu_on_host() -> Iterator[cupy_on_host.Traffic]:
    """A GPU is there as far as anybody knows, and the host runs its kernels; what crosses between them."""
    if not cupy_on_host.possible():
        pytest.skip("needs g++ on Linux")
    known = cuda.available, cuda.module, choose
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "cupy", cupy_on_host)
        for function in known:
            function.cache_clear()
        cupy_on_host.traffic.clear()
        yield cupy_on_host.traffic
    for function in known:
        function.cache_clear()


@pytest.fixture
def gpu(request: pytest.FixtureRequest) -> None:
    """The backend "cupy" is there, on a GPU or else on the host."""
    if not cuda.available():
        request.getfixturevalue("gpu_on_host")


@pytest.fixture
def gpu_calls(gpu_on_host: cupy_on_host.Traffic) -> list[str]:
    """As `gpu_on_host`; the names of the kernels that ran."""
    return gpu_on_host.launched
