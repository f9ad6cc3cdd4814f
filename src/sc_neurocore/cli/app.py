"""The program `sc-neurocore`: its commands and its help."""

from cyclopts import App
from cyclopts.exceptions import CycloptsError

from .choose import choose
from .evaluate import evaluate
from .info import info
from .merge import merge
from .reservoir import reservoir
from .sweep import sweep

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
    sc-neurocore evaluate --model mine.safetensors --data mine.npz --out mine    or --data FOLDER of pictures
    sc-neurocore choose --within 1                         the cheapest circuit within one point of float
    sc-neurocore sweep --generator sobol,lfsr --length 16,64,256    many circuits, on all cores or many machines
    sc-neurocore reservoir                                 a reservoir of streams that learns a series
    sc-neurocore info                                      what is installed here
"""


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
app.command(choose)
app.command(sweep)
app.command(merge)
app.command(reservoir)
app.command(info)


def run(words: list[str]) -> None:
    """Run the command that words ask for; words that it does not take are a ValueError."""
    try:
        app(words)
    except CycloptsError as error:
        raise ValueError(str(error)) from error
