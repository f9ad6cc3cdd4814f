"""Learning rule of predictive coding: which neurons learn, at which rate, and the integers of the circuit."""

import math
from dataclasses import dataclass
from typing import Literal

from ... import checks
from ...backends.types import GATE_BITS, PredictiveRule

Compete = Literal["surprise", "excess"]
COMPETES = ("surprise", "excess")
EXACT = 1 << 53
"""Running sums up to here are exact as float64, in which they are compared."""


@dataclass(frozen=True)
class PredictiveLearning:
    """Learning of neurons that predict their inputs: rate, competition and precision.

    Parameters
    ----------
    n_inputs, n_neurons, length
        Of the layer; a sample takes a window of L = `length` cycles.
    bits
        Width of the up/down counters.
    lr
        Learning rate in [0, 1], as a probability of 24 bits.
    k
        The k neurons with the smallest score learn, of equals the first ones; 1..n_neurons. None: all learn.
    compete
        The score: ``"excess"``, the surprise less its running average, or ``"surprise"``. With ``"excess"`` a
        neuron wins what it predicts better than it mostly does. With ``"surprise"`` one neuron that is nearer to
        all inputs than the others wins them all, and no other learns.
    memory
        The running surprise averages over about 2**memory samples, 0..20: ``A += S - (A >> memory)``. It starts at
        1, the largest surprise there is, so that at first the two scores rank alike.
    gain
        None, or the surprise in (0, 1] at and below which a neuron learns at the full rate; above it, its rate is
        ``lr gain / running_surprise``, in proportion to its precision. An accumulator adds `gain` at each open
        cycle of the gate; a cycle counts when the running surprise can be taken out of it.

    Raises
    ------
    ValueError, TypeError
        If an argument is outside its range or of a wrong type.

    Notes
    -----
    A counter moves by ``2**step`` in C cycles of error, each with probability ``q = lr 2**bits / (L 2**step)``; step is
    the smallest one with q <= 1 (0 for 2**bits = L, where q = lr).
    So E[dw] = lr C / L with the sign of x - w, and the variance is ``C q (1 - q) 4**(step - bits)``. A constant input
    is approached as ``(1 - lr)**t``. The synapses of a neuron share its gate: their moves have the covariance
    ``+-(cycles with both errors) q (1 - q) 4**(step - bits)``; different neurons are independent.
    With lr = 2**-m and bits = log2(L) + m, q is 1: learning without noise.

    References
    ----------
    Precision: K. Friston, "A theory of cortical responses", Phil. Trans. R. Soc. B 360, 2005,
    https://doi.org/10.1098/rstb.2005.1622. Competition: D. E. Rumelhart, D. Zipser, Cogn. Sci. 9, 1985,
    https://doi.org/10.1207/s15516709cog0901_5; that no neuron should win all: D. DeSieno, ICNN 1988,
    https://doi.org/10.1109/ICNN.1988.23839.

    Examples
    --------
    >>> rule = PredictiveLearning(64, 10, 256, bits=8, lr=0.25).rule
    >>> rule.gate / 2**24, rule.step
    (0.25, 0)
    """

    n_inputs: int
    n_neurons: int
    length: int
    bits: int
    lr: float
    k: int | None = None
    compete: Compete = "excess"
    memory: int = 6
    gain: float | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "lr", checks.real("lr", self.lr, 0.0, 1.0))
        if self.k is not None:
            object.__setattr__(self, "k", checks.whole("k", self.k, 1, self.n_neurons))
        checks.option("compete", self.compete, COMPETES)
        object.__setattr__(self, "memory", checks.whole("memory", self.memory, 0, 20))
        if self.largest > EXACT:
            size = f"{self.n_inputs} * {self.length} * 2**{self.memory}"
            raise ValueError(f"n_inputs * length * 2**memory must be at most 2**53, got {size}")
        if self.gain is not None:
            object.__setattr__(self, "gain", checks.real("gain", self.gain, 0.0, 1.0))
            if self.gain == 0:
                raise ValueError("gain must be above 0, got 0")
        if self.lr and not self.rule.gate:
            lowest = 2.0 ** -(GATE_BITS + 1) * self.length / 2.0**self.bits
            raise ValueError(
                f"lr must be 0 or above {lowest:.3g}, where a gate of {GATE_BITS} bits opens, got {self.lr}"
            )

    @property
    def largest(self) -> int:
        """The running sum of a neuron that is always wrong: a running surprise of 1."""
        return self.n_inputs * self.length << self.memory

    @property
    def rule(self) -> PredictiveRule:
        """Parameters for the kernels."""
        rate = self.lr * 2.0**self.bits / self.length
        fraction, exponent = math.frexp(rate)
        step = max(0, exponent - (fraction == 0.5))  # the binary logarithm rounded up, exactly
        gate = round(rate / 2.0**step * 2**GATE_BITS)
        # In units of the running sum; an accumulator that adds nothing would never let a cycle pass.
        gain = 0 if self.gain is None else max(1, round(self.gain * self.n_inputs * self.length * 2**self.memory))
        k = self.k or self.n_neurons
        return PredictiveRule(k, gate, step, self.bits, self.memory, self.compete == "excess", gain)

    def parts(self) -> dict[str, int]:
        """Components of the circuit and their number; none is a multiplier or a divider."""
        neurons, synapses = self.n_neurons, self.n_neurons * self.n_inputs
        parts = {
            "sequence generator": 1,
            "comparator": synapses + self.n_inputs,
            "XOR gate": synapses,
            "AND gate": synapses,
            "up/down counter": synapses,
            "register": synapses,
            "parallel counter": neurons,
            "random gate": neurons,
            "running average (shift, add, subtract)": neurons,
        }
        if self.gain is not None:
            parts["accumulator (add, compare, subtract)"] = neurons
        if self.k is not None:
            parts["selector of the k smallest"] = 1
            if self.compete == "excess":
                parts["subtractor"] = neurons
        return parts
