"""The backends that are there, as fixtures; and thread settings, which every test leaves as it found them."""

from collections.abc import Callable, Iterator

import cupy_on_host
import pytest

from sc_neurocore.backends import Kernels, available, choose, cuda, runs_on, threads
from sc_neurocore.backends.kernels import kernel_names


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "kernels(*names): the kernels that a test with the fixture `backend` is about")
    config.addinivalue_line("markers", "many_shapes: slow with JAX, which compiles each kernel for each shape")


ON_HOST = "cupy-on-host"
"""The backend "cupy" with its kernels compiled for the host, see `cupy_on_host`."""
PRESENT = (*available(), *([ON_HOST] if cupy_on_host.possible() and "numba" in available() else []))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """`backend` is each backend present, but the reference, with code of its own for a kernel of the test.

    With `kernel`, the name of a kernel, it is each pair of a backend and a kernel for which it has code of its own.
    """
    if "backend" not in metafunc.fixturenames:
        return
    marker = metafunc.definition.get_closest_marker("kernels")
    about = marker.args if marker else kernel_names()
    assert set(about) <= set(kernel_names())
    pairs = [(name, kernel) for name in PRESENT if name != "reference" for kernel in owned(name, about)]
    if "kernel" in metafunc.fixturenames:
        metafunc.parametrize(("backend", "kernel"), pairs, indirect=["backend"])
        return
    slow = {"jax"} if metafunc.definition.get_closest_marker("many_shapes") else set()
    names = dict.fromkeys(name for name, _ in pairs)
    backends = [pytest.param(name, marks=pytest.mark.slow) if name in slow else name for name in names]
    metafunc.parametrize("backend", backends, indirect=True)


def owned(name: str, kernels: tuple[str, ...]) -> list[str]:
    """Those of the kernels for which a backend has code of its own."""
    module = cuda if name == ON_HOST else choose(name)
    return [kernel for kernel in kernels if runs_on(module, kernel) == module.name]


@pytest.fixture
def backend(request: pytest.FixtureRequest) -> Kernels:
    return _chosen(request)


@pytest.fixture(params=PRESENT)
def every_backend(request: pytest.FixtureRequest) -> Kernels:
    """Each backend present, the reference among them."""
    return _chosen(request)


def _chosen(request: pytest.FixtureRequest) -> Kernels:
    if request.param != ON_HOST:
        return choose(request.param)
    request.getfixturevalue("gpu_on_host")
    return choose("cupy")


@pytest.fixture(autouse=True)
def _default_threads() -> Iterator[None]:
    yield
    threads.set_threads(None)


@pytest.fixture
def split_over(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """A function that makes every kernel, however small its work, use that many threads."""

    def use(count: int) -> None:
        monkeypatch.setattr(threads, "MIN_WORK", 0)
        threads.set_threads(count)

    return use
