"""Thread settings are the one piece of state of the backends: every test leaves them as it found them."""

from collections.abc import Callable, Iterator

import pytest

from sc_neurocore.backends import threads


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
