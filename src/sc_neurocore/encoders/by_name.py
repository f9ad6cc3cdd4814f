"""Number generators by name."""

from collections.abc import Callable

from .. import checks
from .generator import MAX_BITS, Generator
from .generators import Bernoulli, Halton, Ramp, Sobol, VanDerCorput
from .lfsr import LFSR
from .searched import Searched

_BY_NAME: dict[str, Callable[[int], Generator]] = {
    "bernoulli": Bernoulli,
    "lfsr": LFSR,
    "sobol": Sobol,
    "halton": lambda bits: Halton(bits, 2),
    "vdc": VanDerCorput,
    "ramp": Ramp,
}
GENERATORS = (*_BY_NAME, "searched")
"""Names of generators."""


def make_generator(generator: str | Generator, length: int, bits: int | None = None, fan_in: int = 1) -> Generator:
    """The generator of that name for streams of `length` cycles.

    `bits` defaults to ``ceil(log2(length))`` (at least 1; an LFSR at least 3), so that a stream of a power of two is
    one full period. For ``"bernoulli"`` it is the least of 16 .. 32 with ``fan_in * 2**-(bits + 1) <= .1 / length``:
    the rounding of `fan_in` thresholds to `bits` bits adds up to a tenth of one count at most. A generator object is
    returned as it is, and may not come with `bits`. ``"searched"`` is there for
    lengths of 2 to 256, each with a permutation, and so a width, of its own.

    >>> make_generator("sobol", 256)
    Sobol(bits=8, dimension=1)
    >>> make_generator("bernoulli", 256), make_generator("bernoulli", 1024, fan_in=784)
    (Bernoulli(bits=16), Bernoulli(bits=22))
    """
    length = checks.whole("length", length, 1)
    if isinstance(generator, Generator):
        if bits is not None and bits != generator.bits:
            raise ValueError(f"bits must be None with a generator object of {generator.bits} bits, got {bits}")
        return generator
    if not isinstance(generator, str):
        raise TypeError(f"generator must be a name or a Generator, got {generator!r}")
    name = checks.option("generator", generator, GENERATORS)
    if name == "searched":
        found = Searched.of_length(length)
        if bits not in (None, found.bits):
            raise ValueError(f"bits must be None or {found.bits} for {found!r}, got {bits}")
        return found
    low = 3 if name == "lfsr" else 1
    if bits is None:
        fine = (10 * checks.whole("fan_in", fan_in, 1) * length - 1).bit_length() - 1
        bits = min(max(16, fine), MAX_BITS) if name == "bernoulli" else max(low, (length - 1).bit_length())
    return _BY_NAME[name](checks.whole("bits", bits, low, MAX_BITS))
