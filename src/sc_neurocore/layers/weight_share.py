"""How the comparators of a layer's weights share random sources.

===================  ================================  ======================================================
`weight_share`       with Bernoulli                    with a deterministic generator
===================  ================================  ======================================================
``"independent"``    a source for every weight         not allowed: no generator has a line for every weight
``"neurons"``        a source for every input line,    line 2 i + 1 of the generator for input i, as far as it
                     which feeds all neurons           has lines, whatever sequence the inputs take
``"one"``            one source for the layer          one sequence for the layer, the generator's partner 1;
                                                       shifted or rotated from line to line if `share` says so
===================  ================================  ======================================================

None is ``"independent"`` with Bernoulli and ``"one"`` with deterministic generators, unless `share` says otherwise:
``"one"`` with Bernoulli is one source for the weights too, ``"independent"`` with a deterministic generator is one line
for the weights of an input. In a convolution an input is a position in the window, and its neurons are the filters; the
bias is one more input. Bernoulli weights that a device gives new noise in every cycle are ``"independent"``, as their
noise is.

Law of sums of Bernoulli products, unipolar AND, of inputs x_i with sources of their own, weights w_ji and length L: sum
j has the mean sum_i q_ji, q_ji = x_i w_ji, whatever is shared. The covariance of two sums that meet the same inputs is

===================  =======================================================
``"independent"``    ``sum_i x_i (1 - x_i) w_ai w_bi / L``
``"neurons"``        ``sum_i x_i (min(w_ai, w_bi) - x_i w_ai w_bi) / L``
===================  =======================================================

The first is that of a shared input stream; in the second, the number that both weights are compared with is shared too,
so that neurons err in the same direction. The variance of a sum is ``sum_i q_ji (1 - q_ji) / L`` in both, as within a
neuron all products are independent. With ``"one"`` they are not, and
``sum_(i != k) x_i x_k (min(w_ji, w_jk) - w_ji w_jk) / L`` comes on top.
"""

from typing import Literal, get_args

from .. import checks
from ..encoders import Bernoulli, Generator, Share

WeightShare = Literal["independent", "neurons", "one"]


def weight_share_in_force(
    wanted: WeightShare | None, share: Share | None, generator: str | Generator, noisy: bool
) -> WeightShare:
    """How weights share random sources: as `wanted`, or the default where that is None.

    Parameters
    ----------
    wanted
        The option `weight_share`.
    share
        How input lines share generators.
    generator
        Of the circuit.
    noisy
        Whether the weights are in a device that is read anew every cycle.

    Raises
    ------
    ValueError, TypeError
        If `wanted` is no such option, or not one for this generator or device.

    Examples
    --------
    >>> weight_share_in_force(None, None, "bernoulli", False), weight_share_in_force(None, None, "sobol", False)
    ('independent', 'one')
    """
    random = isinstance(generator, Bernoulli) or str(generator) == "bernoulli"
    if wanted is not None:
        checks.option("weight_share", wanted, get_args(WeightShare))
    if wanted == "independent" and not random:
        raise ValueError(
            "weight_share must be 'neurons' or 'one' without a Bernoulli generator, which alone has a source for every "
            f"weight, got 'independent' with {generator!r}"
        )
    if random and noisy:
        if wanted in ("neurons", "one"):
            raise ValueError(
                "weight_share must be 'independent' with a Bernoulli generator and a device that is read anew every "
                f"cycle, whose noise is, got {wanted!r}"
            )
        return "independent"
    if wanted is not None:
        return wanted
    if random:
        return "one" if share == "one" else "independent"
    return "neurons" if share == "independent" else "one"
