"""What Numba does not expose: the population count, and random numbers in vectors as wide as the host's.

The vectors are written out, since LLVM's own choice for loops is half the width of the widest that a host has. A
narrower host takes several for one.
"""

from typing import Any

from llvmlite import ir
from numba import types
from numba.core.cgutils import get_or_insert_function
from numba.extending import intrinsic

from ..philox import MULTIPLIER_0 as PHILOX_0
from ..philox import MULTIPLIER_1 as PHILOX_1
from ..philox import ROUNDS, WEYL_0, WEYL_1
from ..splitmix import ALTERNATING, FEW, MULTIPLIER_1, MULTIPLIER_2, SHIFT_1, SHIFT_2, SHIFT_3
from ..types import SHARED_DIGITS, WORD_STEP
from .jit import LANES

_WORD = ir.IntType(64)
_START = _WORD(0)
_LANES = ir.VectorType(_WORD, LANES)
SOURCES = 8 * LANES
"""Sources of streams that are made at a time: rounds of Philox wait for each other, so several vectors take turns."""
_LOOKS = (5, 7, SHARED_DIGITS - 1)
"""Digits after which it is seen whether all cycles of all lanes are decided."""


@intrinsic
def popcount64(typingctx: Any, word: Any) -> Any:
    """Ones in a 64-bit word. LLVM turns a loop of it into the widest popcount the host has."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        ctpop = builder.module.declare_intrinsic("llvm.ctpop", [ir.IntType(64)])
        return builder.call(ctpop, [args[0]])

    return types.uint64(types.uint64), codegen


def _each(value: int) -> ir.Constant:
    return ir.Constant(_LANES, [value] * LANES)


def _mixed(builder: Any, z: Any) -> Any:
    """The finaliser of SplitMix64."""
    for shift, multiplier in ((SHIFT_1, MULTIPLIER_1), (SHIFT_2, MULTIPLIER_2)):
        z = builder.mul(builder.xor(z, builder.lshr(z, _each(shift))), _each(multiplier))
    return builder.xor(z, builder.lshr(z, _each(SHIFT_3)))


class _Arrays:
    """The flat arrays of words among the arguments of an intrinsic, read and written LANES words at a time."""

    def __init__(self, context: Any, builder: Any, signature: Any, args: Any) -> None:
        self.context, self.builder, self.signature, self.args = context, builder, signature, args

    def _place(self, argument: int, first: Any) -> Any:
        array = self.context.make_array(self.signature.args[argument])(self.context, self.builder, self.args[argument])
        return self.builder.bitcast(self.builder.gep(array.data, [first]), _LANES.as_pointer())

    def load(self, argument: int, first: Any) -> Any:
        value = self.builder.load(self._place(argument, first))
        value.align = 8
        return value

    def store(self, value: Any, argument: int, first: Any) -> None:
        self.builder.store(value, self._place(argument, first)).align = 8

    def fields(self, argument: int, count: int, size: int = LANES, first: Any = _START) -> list[Any]:
        """Words `first` .. of the first fields of an array, each of `size` words."""
        return [self.load(argument, self.builder.add(first, _WORD(number * size))) for number in range(count)]

    def put_fields(self, values: tuple[Any, ...], argument: int, size: int = LANES, first: Any = _START) -> None:
        for number, value in enumerate(values):
            self.store(value, argument, self.builder.add(first, _WORD(number * size)))


def _in_every_lane(builder: Any, word: Any) -> Any:
    half = ir.IntType(32)
    lone = builder.insert_element(ir.Constant(_LANES, ir.Undefined), word, half(0))
    return builder.shuffle_vector(lone, lone, ir.Constant(ir.VectorType(half, LANES), [0] * LANES))


def _philox(b: Any, key: Any, counter: Any) -> Any:
    """Ten rounds on four counter words of 32 bits. Only the lower halves count until the last round."""
    low, half = _each(0xFFFFFFFF), _each(32)
    keys = _in_every_lane(b, key), _in_every_lane(b, b.lshr(key, _WORD(32)))
    c0, c1, c2, c3 = counter
    for k in range(ROUNDS):
        key_0, key_1 = (b.add(word, _each(k * weyl)) for word, weyl in zip(keys, (WEYL_0, WEYL_1), strict=True))
        # The masks of factors tell LLVM that one 32-bit multiplication will do.
        product_0, product_1 = b.mul(_each(PHILOX_0), b.and_(c0, low)), b.mul(_each(PHILOX_1), b.and_(c2, low))
        c0, c1 = b.xor(b.lshr(product_1, half), b.xor(c1, key_0)), product_1
        c2, c3 = b.xor(b.lshr(product_0, half), b.xor(c3, key_1)), product_0
    return tuple(b.and_(word, low) for word in (c0, c1, c2, c3))


@intrinsic
def philox_lanes(typingctx: Any, key: Any, lanes: Any) -> Any:
    """Ten rounds of Philox on the four counter words of each lane, see `jit.put`, in place; every word is 32 bits."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        arrays = _Arrays(context, builder, signature, args)
        arrays.put_fields(_philox(builder, args[0], arrays.fields(1, 4)), 1)
        return context.get_dummy_value()

    return types.none(types.uint64, lanes), codegen


@intrinsic
def put_generators(typingctx: Any, key: Any, sources: Any, first: Any) -> Any:
    """Seed and gamma of SplitMix64 of LANES streams, where the seeds of `sources` are the numbers of streams so far.

    The counter is that of use ``"bernoulli"`` in `addresses`, the gamma that of `splitmix.gamma_of`.
    """

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        arrays, b = _Arrays(context, builder, signature, args), builder
        (number,), low, half = arrays.fields(1, 1, SOURCES, args[2]), _each(0xFFFFFFFF), _each(32)
        place = b.and_(number, low), b.lshr(number, half), _each(0), _each(0)
        four = _philox(b, args[0], place)
        seed, gamma = (b.or_(lower, b.shl(upper, half)) for lower, upper in (four[:2], four[2:]))
        odd = b.or_(gamma, _each(1))
        ctpop = get_or_insert_function(b.module, ir.FunctionType(_LANES, [_LANES]), f"llvm.ctpop.v{LANES}i64")
        changes = b.call(ctpop, [b.xor(odd, b.lshr(odd, _each(1)))])
        few = b.icmp_unsigned("<", changes, _each(FEW))
        arrays.put_fields((seed, b.select(few, b.xor(odd, _each(ALTERNATING)), odd)), 1, SOURCES, args[2])
        return context.get_dummy_value()

    return types.none(types.uint64, sources, types.uint64), codegen


def _shared_digits(words: int) -> Any:
    """The intrinsic `shared_digits` for that many words of each stream at a time."""

    def shared_digits(
        typingctx: Any, sources: Any, first: Any, jump: Any, undecided: Any, place: Any, across: Any, results: Any
    ) -> Any:
        """Compare the shared digits of the numbers of LANES streams with those of their thresholds, for a few words.

        Parameters
        ----------
        sources
            Of the streams, SOURCES times each: seed and gamma of SplitMix64, the threshold with its first digit
            highest, and a word of ones where the threshold is 1.
        first
            The first of LANES sources.
        jump
            Outputs before the first digit of the first word.
        undecided
            Cycles whose bits are asked for: LANES words from `place` on, of the next word `across` words further on.
        results
            Written, LANES times each: for each word the cycles that are still undecided, then for each word those whose
            number is below the threshold.

        Returns
        -------
        uint64
            Bit ``word * LANES + k`` is set where the word of lane k has cycles that only the digits after the shared
            ones decide.
        """

        def codegen(context: Any, b: Any, signature: Any, args: Any) -> Any:
            arrays = _Arrays(context, b, signature, args)
            seed, gamma, threshold, certain = arrays.fields(0, 4, SOURCES, args[1])
            left = [arrays.load(3, b.add(args[4], b.mul(args[5], _WORD(word)))) for word in range(words)]
            below, step = [b.and_(each, certain) for each in left], b.mul(gamma, _each(WORD_STEP))
            z = [b.add(seed, b.mul(_in_every_lane(b, args[2]), gamma))]
            while len(z) < words:
                z.append(b.add(z[-1], step))
            end, ways = b.append_basic_block("end"), []
            for digit in range(SHARED_DIGITS):
                ones, threshold = b.ashr(threshold, _each(63)), b.shl(threshold, _each(1))
                for word in range(words):
                    z[word] = b.add(z[word], gamma)
                    zeros = b.not_(_mixed(b, z[word]))
                    below[word] = b.or_(below[word], b.and_(left[word], b.and_(zeros, ones)))
                    left[word] = b.and_(left[word], b.xor(zeros, ones))
                if digit in _LOOKS:
                    some = b.icmp_unsigned("!=", threshold, _each(0))
                    lanes = _WORD(0)
                    for word in range(words):
                        still = b.bitcast(b.and_(some, b.icmp_unsigned("!=", left[word], _each(0))), ir.IntType(LANES))
                        lanes = b.or_(lanes, b.shl(b.zext(still, _WORD), _WORD(word * LANES)))
                    ways.append((b.block, [*left, *below, lanes]))
                    if digit == SHARED_DIGITS - 1:
                        b.branch(end)
                    else:
                        more = b.append_basic_block("more")
                        b.cbranch(b.icmp_unsigned("!=", lanes, _WORD(0)), more, end)
                        b.position_at_end(more)
            b.position_at_end(end)
            found = [b.phi(value.type) for value in ways[0][1]]
            for block, values in ways:
                for phi, value in zip(found, values, strict=True):
                    phi.add_incoming(value, block)
            arrays.put_fields(tuple(found[:-1]), 6)
            return found[-1]

        word = types.uint64
        return word(sources, word, word, undecided, word, word, results), codegen

    return intrinsic(shared_digits)


FEW_WORDS = 4
"""Words of each stream that are made at a time: what they share is done once."""
shared_digits, shared_digits_of_few = _shared_digits(1), _shared_digits(FEW_WORDS)
