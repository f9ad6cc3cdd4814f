"""Stochastic-computing neural layers, simulated bit for bit.

A number becomes a probability, the probability a bitstream; gates combine streams, a count turns
them back into numbers. Names load when they are first used (SPEC 1).
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
