"""Competition between the neurons of a learning layer: winner-take-all inhibition and adaptive thresholds."""

from dataclasses import dataclass

import numpy as np

from ... import checks
from ...backends import choose
from ...backends.types import Competition


@dataclass(frozen=True)
class NeuronCompetition:
    """Competition between the neurons of a layer, which keeps them from all learning the same.

    Parameters
    ----------
    n_neurons
        M.
    wta
        k: winner-take-all inhibition. In a cycle in which neurons reach their thresholds, the k neurons highest above
        their own (of equals the first ones) win; of them spikes who reached it. All others are set to v_rest and
        kept there for `inhibition` steps. So at most k neurons spike in a cycle, and with k = 1 the first to spike
        stops all others. None: no inhibition.
    inhibition
        Steps at rest of the neurons that lose; 0: they start again in the next cycle. Needs wta.
    homeostasis
        Added to a neuron's threshold by each of its spikes while it learns, at least 0.
    tau_homeostasis
        Time constant in ms with which that decays while the layer learns; None: 1e7. Needs homeostasis.

    Raises
    ------
    ValueError, TypeError
        If an argument is outside its range or of a wrong type.

    References
    ----------
    P. U. Diehl, M. Cook, "Unsupervised learning of digit recognition using spike-timing-dependent plasticity", Front.
    Comput. Neurosci. 9, 2015, https://doi.org/10.3389/fncom.2015.00099.

    Examples
    --------
    >>> NeuronCompetition(10, wta=1, inhibition=5).rule(dt_ms=1.0).winners
    1
    """

    n_neurons: int
    wta: int | None = None
    inhibition: int = 0
    homeostasis: float = 0.0
    tau_homeostasis: float | None = None

    def __post_init__(self) -> None:
        if self.wta is not None:
            object.__setattr__(self, "wta", checks.whole("wta", self.wta, 1, self.n_neurons))
        object.__setattr__(self, "inhibition", checks.whole("inhibition", self.inhibition, 0))
        if self.inhibition and self.wta is None:
            raise ValueError(f"inhibition must be 0 without wta, got {self.inhibition}")
        object.__setattr__(self, "homeostasis", checks.real("homeostasis", self.homeostasis, 0.0, checks.LARGEST))
        if self.tau_homeostasis is not None:
            object.__setattr__(self, "tau_homeostasis", checks.positive("tau_homeostasis", self.tau_homeostasis))
            if not self.homeostasis:
                shown = checks.shown(self.tau_homeostasis)
                raise ValueError(f"tau_homeostasis must be None without homeostasis, got {shown}")

    def kept(self, time_ms: float) -> float:
        """Fraction of what is added to thresholds that is left after `time_ms` ms."""
        tau = 1e7 if self.tau_homeostasis is None else self.tau_homeostasis
        return float(choose().exp(np.array(-time_ms / tau)))

    def rule(self, dt_ms: float) -> Competition:
        """Parameters for the kernels, for a cycle of `dt_ms` ms."""
        return Competition(float(self.homeostasis), self.kept(dt_ms), int(self.wta or 0), int(self.inhibition))
