"""The program `sc-neurocore`: its commands, its help, its exit status."""

import sys
import traceback
from collections.abc import Sequence

from cyclopts import App
from cyclopts.exceptions import CycloptsError

from .common import Interrupted
from .evaluate import evaluate
from .info import info
from .reservoir import reservoir

HELP = """
Neural networks whose numbers are streams of bits, simulated bit for bit.

**Stochastic computing** writes a number in [0, 1] as a stream of bits: the number is the share of
ones. An AND gate then multiplies two streams, and a counter adds. So a multiplier is *one gate*, and
a flipped bit costs next to nothing; the price is time: a stream of L bits knows its number to about
1 / sqrt(L) if its bits are random (Bernoulli), to about 1 / L if they are spread evenly (Sobol).

The question is always: *how long must the streams be?*

    generator --> compare with weight --> bits \\
                                                AND --> counter --> number
    generator --> compare with input  --> bits /

**Try it**

    sc-neurocore evaluate                                  a digits network, at six lengths
    sc-neurocore evaluate --generators lfsr sobol halton   other sources of bits
    sc-neurocore evaluate --bit-flip-rate 0.01             what faults do to it
    sc-neurocore evaluate --model mine.safetensors --data mine.npz --out mine
    sc-neurocore reservoir                                 a reservoir of streams that learns a series
    sc-neurocore info                                      what is installed here
"""

_BAD_INPUT = (ValueError, TypeError, OSError, ImportError, MemoryError)


def _version() -> str:
    from importlib import metadata

    return f"sc-neurocore {metadata.version('sc-neurocore-layers')}"


app = App(
    name="sc-neurocore",
    help=HELP,
    help_format="markdown",
    version=_version,
    version_flags=["--version"],
    suppress_keyboard_interrupt=False,
    exit_on_error=False,
    print_error=False,
    result_action="return_value",
)
app.command(evaluate)
app.command(reservoir)
app.command(info)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the program, and leave it by SystemExit.

    Parameters
    ----------
    arguments
        Words after the name of the program; None: those of this process.

    Raises
    ------
    SystemExit
        0: done. 2: bad input, reported in one line on stderr that starts with ``error:``; ``--debug``
        adds the traceback. 130: interrupted by Ctrl-C.

    Examples
    --------
    >>> main(["--version"])
    Traceback (most recent call last):
    SystemExit: 0
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        app(words)
    except CycloptsError as error:
        _fail(error, "--debug" in words)
    except Interrupted as stop:
        print(stop, file=sys.stderr)
        raise SystemExit(130) from None
    except KeyboardInterrupt:
        print("interrupted; run the same command again", file=sys.stderr)
        raise SystemExit(130) from None
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        sys.stderr.close()
        raise SystemExit(0) from None
    except _BAD_INPUT as error:
        _fail(error, "--debug" in words)
    raise SystemExit(0)


def _fail(error: Exception, debug: bool) -> None:
    if debug:
        traceback.print_exception(error)
    print(f"error: {_one_line(error)}", file=sys.stderr)
    raise SystemExit(2) from None


def _one_line(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror and error.filename:
        return f"{error.filename}: {error.strerror}"
    if isinstance(error, MemoryError):
        return f"not enough memory: {error}" if str(error) else "not enough memory"
    return " ".join(str(error).split()) or type(error).__name__
