"""The backends that are there, as fixtures; and thread settings, which every test leaves as it found them."""

from collections.abc import Callable, Iterator

import pytest

from sc_neurocore.backends import Kernels, available, choose, runs_on, threads
from sc_neurocore.backends.kernels import kernel_names


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "kernels(*names): the kernels that a test with the fixture `backend` is about")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """`backend` is each backend present, but the reference, with code of its own for a kernel of the test."""
    if "backend" in metafunc.fixturenames:
        marker = metafunc.definition.get_closest_marker("kernels")
        about = marker.args if marker else kernel_names()
        assert set(about) <= set(kernel_names())
        names = [name for name in available() if name != "reference" and owns_any(name, about)]
        metafunc.parametrize("backend", names, indirect=True)


def owns_any(name: str, kernels: tuple[str, ...]) -> bool:
    return any(runs_on(choose(name), kernel) == name for kernel in kernels)


@pytest.fixture
def backend(request: pytest.FixtureRequest) -> Kernels:
    return choose(request.param)


@pytest.fixture(params=available())
def every_backend(request: pytest.FixtureRequest) -> Kernels:
    """Each backend present, the reference among them."""
    return choose(request.param)


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
