"""Number generators by name."""

from .. import checks
from .bank import NAMES, Bank
from .generator import MAX_BITS, Generator
from .generators import Bernoulli
from .searched import LONGEST, Searched
from .width import OfWidth

GENERATORS = ("bernoulli", "searched", *NAMES)
"""Names of generators."""
_LEAST_BERNOULLI_BITS = 16


def make_generator(generator: str | Generator, length: int, bits: int | None = None, fan_in: int = 1) -> Generator:
    """The generator of that name for streams of `length` cycles.

    Parameters
    ----------
    generator
        ``"bernoulli"``; ``"searched"``: a counter and a permutation, up to 256 cycles, and lattices above; a name of a
        `Bank`: ``"sobol"``, ``"lattice"``, ``"lfsr"``, ``"halton"``, ``"vdc"``, ``"ramp"``; or a `Generator`, which is
        returned as it is and may not come with `bits`.
    length
        Clock cycles L.
    bits
        Width of a threshold, 1..32: the precision of the numbers that are encoded. None: that of the sequence, for a
        full period ``ceil(log2(L))``; for ``"bernoulli"`` the least of 16 .. 32 with
        ``fan_in * 2**-(bits + 1) <= .1 / L``: the rounding of all thresholds of a sum adds up to a tenth of a count.
    fan_in
        Products of a sum that the streams are for.

    Examples
    --------
    >>> make_generator("sobol", 256)
    Bank('sobol', 256)
    >>> make_generator("searched", 100, bits=4)
    OfWidth(Searched.of_length(100), bits=4)
    >>> make_generator("bernoulli", 256), make_generator("bernoulli", 1024, fan_in=784)
    (Bernoulli(bits=16), Bernoulli(bits=22))
    """
    length = checks.count("length", length, 1)
    if isinstance(generator, Generator):
        if bits is not None and checks.whole("bits", bits, 1, MAX_BITS) != generator.bits:
            raise ValueError(f"bits must be None with a generator object of {generator.bits} bits, got {bits}")
        return generator
    if not isinstance(generator, str):
        raise TypeError(f"generator must be a name or a Generator, got {checks.shown(generator)}")
    name = checks.option("generator", generator, GENERATORS)
    fan_in = checks.count("fan_in", fan_in, 1)
    if bits is not None:
        bits = checks.whole("bits", bits, 1, MAX_BITS)
    if name == "bernoulli":
        return Bernoulli(_bernoulli_bits(fan_in, length) if bits is None else bits)
    source = _sequences(name, length)
    return source if bits is None or source.modulus == 1 << bits else OfWidth(source, bits)


def _bernoulli_bits(fan_in: int, length: int) -> int:
    fine = (10 * fan_in * length - 1).bit_length() - 1
    return min(max(_LEAST_BERNOULLI_BITS, fine), MAX_BITS)


def _sequences(name: str, length: int) -> Generator:
    """The sequences of that name."""
    return Searched.of_length(length) if name == "searched" and 1 < length <= LONGEST else Bank(name, length)
