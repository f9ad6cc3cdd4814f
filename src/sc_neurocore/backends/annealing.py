"""Constants of simulated annealing that all backends share."""

GOLDEN = 0x9E3779B97F4A7C15
"""Step of the states of SplitMix64 from one random number to the next."""
HOT, COLD = 0.3, 1e-4
"""Temperatures at the start and at the end, in units of the cost."""


def temperature(step: int, steps: int) -> float:
    """Temperature at a step, in units of the cost: it falls with the fourth power of the steps that are left."""
    left = 1.0 - step / steps
    left = left * left
    return HOT * left * left + COLD
