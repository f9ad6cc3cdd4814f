"""One call at a time for what has a state that moves on: each call begins where another has ended."""

import functools
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Concatenate, ParamSpec, Protocol, TypeVar

_P = ParamSpec("_P")
_R = TypeVar("_R")


class Turns:
    """A lock that the thread which holds it may take again; a copy, or what is unpickled, is a lock of its own."""

    def __init__(self) -> None:
        self._lock = threading.RLock()

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lock.release()

    def __reduce__(self) -> tuple[type["Turns"], tuple[()]]:
        return Turns, ()


class _TakesTurns(Protocol):
    _turns: Turns


_S = TypeVar("_S", bound=_TakesTurns)


def in_turn(method: Callable[Concatenate[_S, _P], _R]) -> Callable[Concatenate[_S, _P], _R]:
    """Decorate methods of one object that threads may call: a call waits until no other one of them runs."""

    @functools.wraps(method)
    def one_at_a_time(self: _S, /, *arguments: _P.args, **options: _P.kwargs) -> _R:
        with self._turns:
            return method(self, *arguments, **options)

    return one_at_a_time
