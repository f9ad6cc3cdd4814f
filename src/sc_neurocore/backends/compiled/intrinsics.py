"""What Numba does not expose: the population count, and digits of random numbers in vectors as wide as the host's."""

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from ..splitmix import MULTIPLIER_1, MULTIPLIER_2, SHIFT_1, SHIFT_2, SHIFT_3
from ..types import SHARED_DIGITS
from .jit import LANES

_WORD = ir.IntType(64)
_LANES = ir.VectorType(_WORD, LANES)
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


@intrinsic
def shared_digits(typingctx: Any, sources: Any, jump: Any, undecided: Any, place: Any, results: Any) -> Any:
    """Compare the shared digits of the 64 numbers of each lane with those of its threshold.

    Parameters
    ----------
    sources
        Of the streams, LANES times each: seed and gamma of SplitMix64, the threshold with its first digit highest, and
        a word of ones where the threshold is 1.
    jump
        Outputs before the first digit.
    undecided
        Cycles whose bits are asked for, LANES words from `place` on.
    results
        Written, LANES times each: the cycles that are still undecided, and those whose number is below the threshold.

    Returns
    -------
    uint64
        Bit k is set where lane k has cycles that only the digits after the shared ones decide.

    Notes
    -----
    It is written in vectors, since LLVM's own choice for loops is half the width of the widest that a host has.
    """

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        def at(argument: int, first: Any) -> Any:
            data = context.make_array(signature.args[argument])(context, builder, args[argument]).data
            return builder.bitcast(builder.gep(data, [first]), _LANES.as_pointer())

        def load(argument: int, first: Any) -> Any:
            value = builder.load(at(argument, first))
            value.align = 8
            return value

        seed, gamma, threshold, certain = (load(0, _WORD(field * LANES)) for field in range(4))
        left = load(2, args[3])
        lone = builder.insert_element(ir.Constant(_LANES, ir.Undefined), args[1], ir.IntType(32)(0))
        every = builder.shuffle_vector(lone, lone, ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES))
        z, below = builder.add(seed, builder.mul(every, gamma)), builder.and_(left, certain)
        end, ways = builder.append_basic_block("end"), []
        for digit in range(SHARED_DIGITS):
            z = builder.add(z, gamma)
            ones, zeros = builder.ashr(threshold, _each(63)), builder.not_(_mixed(builder, z))
            below = builder.or_(below, builder.and_(left, builder.and_(zeros, ones)))
            left, threshold = builder.and_(left, builder.xor(zeros, ones)), builder.shl(threshold, _each(1))
            if digit in _LOOKS:
                lanes = _open(builder, left, threshold)
                ways.append((builder.block, left, below, lanes))
                if digit == SHARED_DIGITS - 1:
                    builder.branch(end)
                else:
                    more = builder.append_basic_block("more")
                    builder.cbranch(builder.icmp_unsigned("!=", lanes, lanes.type(0)), more, end)
                    builder.position_at_end(more)
        builder.position_at_end(end)
        left, below, lanes = (builder.phi(values[0].type) for values in zip(*(way[1:] for way in ways), strict=True))
        for block, *values in ways:
            for phi, value in zip((left, below, lanes), values, strict=True):
                phi.add_incoming(value, block)
        for field, value in enumerate((left, below)):
            builder.store(value, at(4, _WORD(field * LANES))).align = 8
        return builder.zext(lanes, _WORD)

    return types.uint64(sources, types.uint64, undecided, types.uint64, results), codegen


def _open(builder: Any, left: Any, threshold: Any) -> Any:
    """A bit for each lane with undecided cycles and digits of the threshold that are not 0."""
    some = (builder.icmp_unsigned("!=", words, _each(0)) for words in (left, threshold))
    return builder.bitcast(builder.and_(*some), ir.IntType(LANES))
