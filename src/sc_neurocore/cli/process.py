"""What a process has beside its work: Ctrl-C, and readers of its output that leave."""

import _thread
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from typing import Any, Self

AGAIN = "interrupted; run the same command again"


class Interrupted(KeyboardInterrupt):
    """Ctrl-C during an evaluation; the message says what was kept."""


class Interrupts:
    """Ctrl-C: the first one raises KeyboardInterrupt, one more ends the process, whose files are whole at any time."""

    def __init__(self, until_the_end: bool) -> None:
        self.count = 0
        self._said = False
        self._until_the_end = until_the_end
        self._taken = False
        self._hook = sys.unraisablehook

    def __enter__(self) -> Self:
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # else ignored, such as under nohup
            with suppress(ValueError):  # not in the main thread
                signal.signal(signal.SIGINT, self._stop)
                sys.unraisablehook, self._hook = self._again, sys.unraisablehook
                self._taken = True
        return self

    def __exit__(self, *error: object) -> None:
        if self._taken:  # what comes behind is the end of the interpreter, which is not to be disturbed
            signal.signal(signal.SIGINT, signal.SIG_IGN if self._until_the_end else signal.default_int_handler)
            sys.unraisablehook = self._hook

    def _stop(self, number: int, frame: object) -> None:
        self.count += 1
        if self.count == 1:
            raise KeyboardInterrupt
        with suppress(OSError):
            shown = b"\x1b[?25h" if os.isatty(2) else b""  # a progress bar hides the cursor
            os.write(2, shown + (b"" if self._said else AGAIN.encode() + b"\n"))
        os._exit(130)

    def _again(self, lost: "sys.UnraisableHookArgs") -> None:
        """Repeat a Ctrl-C that came in a callback, whose errors Python drops."""
        if not isinstance(lost.exc_value, KeyboardInterrupt):
            self._hook(lost)
            return
        self.count = 0
        threading.Timer(0.01, _interrupt_main).start()

    def say(self, sentence: str) -> int:
        """Print a sentence, and give the exit status."""
        print(sentence, file=sys.stderr, flush=True)
        self._said = True
        exec("")  # else CPython may kill itself at the end, because of a KeyboardInterrupt in an `exec` of an import
        return 130


def _interrupt_main() -> None:
    if hasattr(signal, "pthread_kill"):  # ends a call that sleeps, too
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
    else:
        _thread.interrupt_main()


def open_output(stream: Any) -> Any:
    """A context with the stream, or with one that takes nothing where the program was started without."""
    return open(os.devnull, "w") if stream is None else nullcontext(stream)


class Output:
    """Standard output or error whose reader may leave: the rest is dropped.

    Another error of it is one of the program if it `must` be written.
    """

    def __init__(self, stream: Any, must: bool) -> None:
        self._stream = stream
        self._must = must

    def write(self, text: str) -> int:
        """Write text, or drop it."""
        with self._patience():
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Write what was kept back, or drop it."""
        with self._patience():
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    @contextmanager
    def _patience(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            with suppress(OSError), open(os.devnull, "w") as nothing:
                os.dup2(nothing.fileno(), self._stream.fileno())
            if self._must and not isinstance(error, BrokenPipeError):
                raise OSError(f"the output cannot be written: {error.strerror}") from error
