"""Interface of the kernels that a calibration searches with: permutations and thresholds for given operands."""

from typing import Protocol

from .types import Counts, CycleCounts, Floats, Indices


class CalibrationKernels(Protocol):
    """Search for number sequences and for thresholds, given the operands of a layer's products."""

    def pair_counts(
        self, inputs: Indices, groups: Indices, weights: Indices, n_groups: int, length: int
    ) -> CycleCounts:
        """How often thresholds meet in sums: cumulated counts, int32 ``(G, L + 1, L + 1, J * S)``.

        Sum ``j S + s`` adds the products of the thresholds `inputs` ``(S, n)`` and `weights` ``(J, n)``, both in
        -L .. L; the sign of a product counts it positive or negative. Entry ``[g, w, a]`` counts the products of
        the inputs in group g (`groups` ``(S, n)``) whose thresholds are at most w and a, apart from signs.
        """

    def anneal(
        self, pairs: CycleCounts, exact: Counts, importance: Floats, permutations: Indices, steps: int, seed: int
    ) -> Indices:
        """Permutations ``(G, L)`` with small errors of the sums that `pair_counts` describes.

        A weight meets a counter and an input the permutation of its group, so a product counts
        ``#{t < w: permutation[t] < a}``; `exact` ``(J, S)`` is L times what it should count. Simulated annealing by
        `steps` swaps, from `permutations`, minimises the mean square error of the sums, for each of J neurons its
        mean taken off, weighted by `importance` ``(J,)``.
        """

    def fit_levels(
        self, codes: Indices, targets: Floats, levels: Indices, products: Floats, wanted: Floats, passes: int
    ) -> Indices:
        """Levels ``(M, n)`` of weights that bring sums of products near to targets, but for a constant a neuron.

        A product of level v and input code c counts ``products[v, c]``; `codes` ``(n, N)`` are those of N samples,
        `targets` ``(M, N)``. One weight after the other moves to the level next to it that lowers the mean square
        error of its neuron most, if one does, within one level of `wanted` ``(M, n)``; at most `passes` times over
        all weights, from `levels`.
        """
