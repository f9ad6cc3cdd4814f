"""Number generators by name."""

from .. import checks
from .bank import NAMES, Bank
from .generator import MAX_BITS, Generator
from .generators import Bernoulli
from .searched import LONGEST, Searched
from .width import OfWidth

GENERATORS = ("bernoulli", "searched", *NAMES)
"""Names of generators."""
_BERNOULLI_BITS = 16


def make_generator(generator: str | Generator, length: int, bits: int | None = None) -> Generator:
    """The generator of that name for streams of `length` cycles.

    Parameters
    ----------
    generator
        ``"bernoulli"``; ``"searched"``: a counter and a permutation, up to 256 cycles, and the best `Bank` known
        above; a name of a `Bank`: ``"sobol"``, ``"lattice"``, ``"lfsr"``, ``"halton"``, ``"vdc"``, ``"ramp"``; or a
        `Generator`, which is returned as it is and may not come with `bits`.
    length
        Clock cycles L.
    bits
        Width of a threshold, 1..32: the precision of the numbers that are encoded. None: 16 for ``"bernoulli"``, and
        that of the numbers, ``ceil(log2(L))``, for the others.

    Examples
    --------
    >>> make_generator("sobol", 256)
    Bank('sobol', 256)
    >>> make_generator("searched", 100, bits=4)
    OfWidth(Searched.of_length(100), bits=4)
    """
    length = checks.whole("length", length, 1)
    if isinstance(generator, Generator):
        if bits is not None and bits != generator.bits:
            raise ValueError(f"bits must be None with a generator object of {generator.bits} bits, got {bits}")
        return generator
    if not isinstance(generator, str):
        raise TypeError(f"generator must be a name or a Generator, got {generator!r}")
    name = checks.option("generator", generator, GENERATORS)
    if bits is not None:
        bits = checks.whole("bits", bits, 1, MAX_BITS)
    if name == "bernoulli":
        return Bernoulli(_BERNOULLI_BITS if bits is None else bits)
    source = _sequences(name, length)
    return source if bits is None or source.modulus == 1 << bits else OfWidth(source, bits)


def _sequences(name: str, length: int) -> Generator:
    """The sequences of that name."""
    if name != "searched":
        return Bank(name, length)
    if length <= LONGEST:
        return Searched.of_length(length)
    return min((Bank(each, length) for each in ("lattice", "sobol")), key=lambda bank: bank.dot_rmse)
