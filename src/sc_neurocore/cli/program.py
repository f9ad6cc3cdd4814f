"""The program `sc-neurocore`: its errors and its exit status.

All else is imported when this is ready for a Ctrl-C: the imports of a command take up to a second.
"""

import sys
from collections.abc import Sequence
from contextlib import ExitStack, redirect_stderr, redirect_stdout

from .process import AGAIN, Interrupts, Output, open_output

_BAD_INPUT = (ValueError, TypeError, OSError, ImportError, MemoryError)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the program, and leave it by SystemExit.

    Parameters
    ----------
    arguments
        Words after the name of the program; None: those of this process, which ends with the program.

    Raises
    ------
    SystemExit
        0: done, also if the reader of the output, such as ``head``, has left: all files are written. 2: bad input,
        reported in one line on stderr that starts with ``error:``; ``--debug`` adds the traceback. 130: interrupted
        by Ctrl-C, in one line on stderr; another Ctrl-C meanwhile ends the process at once.

    Examples
    --------
    >>> main(["--version"])
    Traceback (most recent call last):
    SystemExit: 0
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    with ExitStack() as opened:
        interrupts = opened.enter_context(Interrupts(until_the_end=arguments is None))
        streams = [opened.enter_context(open_output(stream)) for stream in (sys.stdout, sys.stderr)]
        out = opened.enter_context(redirect_stdout(Output(streams[0], must=True)))
        opened.enter_context(redirect_stderr(Output(streams[1], must=False)))
        try:
            from .app import run

            run(words)
            out.flush()
        except KeyboardInterrupt as stop:
            raise SystemExit(interrupts.say(str(stop) or AGAIN)) from None
        except Exception as error:
            if interrupts.count:  # a library has made another error of it
                raise SystemExit(interrupts.say(AGAIN)) from None
            if not isinstance(error, _BAD_INPUT):
                raise
            _fail(error, "--debug" in words)
        raise SystemExit(0)


def _fail(error: Exception, debug: bool) -> None:
    if debug:
        import traceback

        traceback.print_exception(error)
    print(f"error: {_one_line(error)}", file=sys.stderr, flush=True)
    raise SystemExit(2) from None


def _one_line(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror and error.filename:
        return f"{error.filename}: {error.strerror}"
    if isinstance(error, MemoryError):
        return f"not enough memory: {error}" if str(error) else "not enough memory"
    return " ".join(str(error).split()) or type(error).__name__
