"""Options of the whole suite: how long drills are; a machine with a GPU, for tests of which kernels a layer takes."""

import functools
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from sc_neurocore.backends import choose, cuda


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
def gpu_calls() -> Iterator[list[str]]:
    """A GPU is there as far as `choose` knows, and the CPU does its products; the names of the kernels that ran."""
    calls: list[str] = []

    def counted(name: str) -> Callable[..., Any]:
        @functools.wraps(getattr(cuda, name))  # it is still a kernel of `cuda` to who asks where it is defined
        def kernel(*arguments: Any) -> Any:
            calls.append(name)
            return getattr(choose("numba"), name)(*arguments)

        return kernel

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cuda, "available", lambda: True)
        for name in ("and_counts", "wired_counts"):
            patch.setattr(cuda, name, counted(name))
        choose.cache_clear()
        yield calls
    choose.cache_clear()
